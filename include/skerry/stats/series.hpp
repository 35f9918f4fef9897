// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/convert.hpp>
#include <skerry/stats/detail/empty_like.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::stats {

namespace detail {

struct merges_nothing {};

/// What a compound of these parts may claim: it joins only if all join, and merges if each can be combined somehow.
template <class... S>
using algebra_of =
    std::conditional_t<(join_semilattice<S> && ...), joins, std::conditional_t<(mergeable<S> && ...), merges, merges_nothing>>;

template <class S>
[[nodiscard]] consteval merge_kind merging_of() {
  if constexpr (requires { S::merging; }) {
    return S::merging;
  } else {
    return join_semilattice<S> ? merge_kind::exact : merge_kind::rounded;
  }
}
/// Exact if all are; else what the first that is not says.
template <class... S>
[[nodiscard]] consteval merge_kind merging_of_all() {
  merge_kind kind = merge_kind::exact;
  ((kind = kind == merge_kind::exact ? merging_of<S>() : kind), ...);
  return kind;
}

template <std::size_t I, class S>
struct series_part {
  S value;
};
template <class Indices, class... S>
struct series_parts;
template <std::size_t... I, class... S>
struct series_parts<std::index_sequence<I...>, S...> : series_part<I, S>... {};

template <std::size_t I, class S>
[[nodiscard]] constexpr S& part_at(series_part<I, S>& p) noexcept {
  return p.value;
}
template <std::size_t I, class S>
[[nodiscard]] constexpr const S& part_at(const series_part<I, S>& p) noexcept {
  return p.value;
}
template <class S, std::size_t I>
[[nodiscard]] constexpr S& part_of(series_part<I, S>& p) noexcept {
  return p.value;
}
template <class S, std::size_t I>
[[nodiscard]] constexpr const S& part_of(const series_part<I, S>& p) noexcept {
  return p.value;
}

template <class S>
[[nodiscard]] constexpr result<S> decode_part(byte_reader& in, std::uint64_t seed) noexcept {
  byte_reader own = in.sub_reader(in.count(1));
  if (own.error() != errc::ok) {
    in.fail(own.error());
    return own.error();
  }
  result<S> read = [&]() -> result<S> {
    if constexpr (decodable_value<S>) {
      return S::decode(own);
    } else {
      return S::decode(own, seed);
    }
  }();
  if (read) {
    if (const status end = own.finish(); !end) {
      read = end.error();
    }
  }
  if (!read) {
    in.fail(read.error());
  }
  return read;
}

}  // namespace detail

/// Several summaries of one stream: every value goes to each, and what holds for all of them holds for the series.
///
/// Input   as its parts. Each takes or refuses a value by itself: infinity is one for extrema and none for moments. The answer is that of
///         the first part that refused; NaN is refused by all. A part of integers refuses what it cannot hold (`out_of_range`).
/// Cost    sum of the parts; `encode` twice that of the parts, because a length stands before each
/// Merge   part by part, by the verb of each. A series joins only if all parts do: one part that merges counts twice what comes twice.
/// Errors  `mismatch` when a part cannot be combined with its like: then nothing changed; `decode`: of the parts, and `mismatch` for
///         another number of them
template <class... S>
class series {
  static_assert(sizeof...(S) >= 1 && sizeof...(S) <= 255, "series<S...>: one to 255 parts");
  using indices = std::index_sequence_for<S...>;
  using parts = detail::series_parts<indices, S...>;
  static constexpr bool all_join = (join_semilattice<S> && ...);
  static constexpr bool all_combine = (mergeable<S> && ...);

 public:
  using value_type = std::common_type_t<typename S::value_type...>;
  using algebra = detail::algebra_of<S...>;
  static constexpr merge_kind merging = detail::merging_of_all<S...>();
  static constexpr std::size_t size = sizeof...(S);

  constexpr series() noexcept requires(std::default_initializable<S>&&...) : parts_{} {}
  /// For parts with parameters or seeds: as they are.
  explicit constexpr series(const S&... prototypes) noexcept requires(sizeof...(S) >= 1) : series{indices{}, prototypes...} {}

  constexpr status observe(value_type x) noexcept {
    errc first = errc::ok;
    each([&]<class P>(P& part) {
      const errc taken = observe_part(part, x).error();
      first = first == errc::ok ? taken : first;
    });
    return first;
  }
  /// Many values; returns how many were accepted by the part that accepted fewest.
  constexpr std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t least = xs.size();
    each([&]<class P>(P& part) {
      std::size_t accepted = 0;
      if constexpr (std::same_as<typename P::value_type, value_type> && requires { part.observe(xs); }) {
        accepted = part.observe(xs);
      } else {
        for (const value_type x : xs) {
          accepted += observe_part(part, x) ? 1U : 0U;
        }
      }
      least = accepted < least ? accepted : least;
    });
    return least;
  }

  constexpr status merge(const series& other) noexcept requires(all_combine) { return combine_parts(other); }
  constexpr status join(const series& other) noexcept requires(all_join) { return combine_parts(other); }

  /// The part of this type; if there are two, by number.
  template <class P>
  [[nodiscard]] constexpr const P& get() const noexcept {
    return detail::part_of<P>(parts_);
  }
  template <class P>
  [[nodiscard]] constexpr P& get() noexcept {
    return detail::part_of<P>(parts_);
  }
  template <std::size_t I>
  [[nodiscard]] constexpr const auto& get() const noexcept {
    return detail::part_at<I>(parts_);
  }
  template <std::size_t I>
  [[nodiscard]] constexpr auto& get() noexcept {
    return detail::part_at<I>(parts_);
  }

  /// An empty one with the same parameters.
  [[nodiscard]] constexpr series empty() const noexcept { return empty(indices{}); }
  constexpr void clear() noexcept { *this = empty(); }

  /// The frame `u8 7, u8 version 1, u8 parts`, then of each part its length as a varint and its image.
  constexpr status encode(byte_writer& out) const noexcept requires(encodable<S>&&...) {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u8(static_cast<std::uint8_t>(size));
    each([&](const auto& part) {
      if (out.error() != errc::ok) {
        return;
      }
      byte_writer measured = out;  // writes where the part comes to stand, a varint further on
      if (const status fits = part.encode(measured); !fits) {
        out.fail(fits.error());
        return;
      }
      out.varint(measured.written().size() - out.written().size());
      (void)part.encode(out);
    });
    return out.error();
  }
  /// Parts that need a seed to be read get `seed`.
  [[nodiscard]] static constexpr result<series> decode(byte_reader& in, std::uint64_t seed = 0) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto count = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || count == 0) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (count != size) {
      return errc::mismatch;
    }
    return decode_parts(in, seed, indices{});
  }

  friend constexpr bool operator==(const series& a, const series& b) noexcept requires(std::equality_comparable<S>&&...) {
    return a.equal_to(b, indices{});
  }

 private:
  static constexpr std::uint8_t frame_type = 7;
  static constexpr std::uint8_t frame_version = 1;

  template <std::size_t... I>
  constexpr series(std::index_sequence<I...>, const S&... values) noexcept : parts_{detail::series_part<I, S>{values}...} {}

  template <class P>
  static constexpr status observe_part(P& part, value_type x) noexcept {
    typename P::value_type own{};
    const errc bad = detail::convert(x, own);
    return bad == errc::ok ? part.observe(own) : status{bad};
  }

  template <class F>
  constexpr void each(F&& f) {
    each_of(f, indices{});
  }
  template <class F>
  constexpr void each(F&& f) const {
    each_of(f, indices{});
  }
  template <class F, std::size_t... I>
  constexpr void each_of(F& f, std::index_sequence<I...>) {
    (f(detail::part_at<I>(parts_)), ...);
  }
  template <class F, std::size_t... I>
  constexpr void each_of(F& f, std::index_sequence<I...>) const {
    (f(detail::part_at<I>(parts_)), ...);
  }

  constexpr status combine_parts(const series& other) noexcept {
    const series before = *this;
    const status done = combine_each(other, indices{});
    if (!done) {
      *this = before;
    }
    return done;
  }
  template <std::size_t... I>
  constexpr status combine_each(const series& other, std::index_sequence<I...>) noexcept {
    errc bad = errc::ok;
    ((bad = bad == errc::ok ? combine(detail::part_at<I>(parts_), detail::part_at<I>(other.parts_)).error() : bad), ...);
    return bad;
  }
  template <std::size_t... I>
  [[nodiscard]] constexpr series empty(std::index_sequence<I...>) const noexcept {
    return series{detail::empty_like(detail::part_at<I>(parts_))...};
  }
  template <std::size_t... I>
  [[nodiscard]] constexpr bool equal_to(const series& b, std::index_sequence<I...>) const noexcept {
    return ((detail::part_at<I>(parts_) == detail::part_at<I>(b.parts_)) && ...);
  }
  template <std::size_t... I>
  [[nodiscard]] static constexpr result<series> decode_parts(byte_reader& in, std::uint64_t seed, std::index_sequence<I...>) noexcept {
    // In braces, so that the parts are read in their order.
    const detail::series_parts<indices, result<S>...> read{detail::series_part<I, result<S>>{detail::decode_part<S>(in, seed)}...};
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    return series{detail::part_at<I>(read).value()...};
  }

  parts parts_;
};

/// A summary of f(x): a logarithm, a difference from a set point, another unit. Merges as S does; F is the same for both sides by type.
///
/// Errors  as S
template <class F, class S>
class transformed {
 public:
  using value_type = typename S::value_type;
  using algebra = detail::algebra_of<S>;
  static constexpr merge_kind merging = detail::merging_of<S>();

  constexpr transformed() noexcept requires(std::default_initializable<F>&& std::default_initializable<S>) : f_{}, summary_{} {}
  constexpr transformed(const F& f, const S& prototype) noexcept : f_{f}, summary_{prototype} {}

  constexpr status observe(value_type x) noexcept {
    value_type y{};
    const errc bad = detail::convert(f_(x), y);
    return bad == errc::ok ? summary_.observe(y) : status{bad};
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t accepted = 0;
    for (const value_type x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }
  constexpr status merge(const transformed& other) noexcept requires commutative_monoid<S> { return combine(summary_, other.summary_); }
  constexpr status join(const transformed& other) noexcept requires join_semilattice<S> { return combine(summary_, other.summary_); }
  [[nodiscard]] constexpr const S& summary() const noexcept { return summary_; }
  constexpr void clear() noexcept { summary_ = detail::empty_like(summary_); }
  constexpr status encode(byte_writer& out) const noexcept requires encodable<S> { return summary_.encode(out); }

 private:
  [[no_unique_address]] F f_;
  S summary_;
};

/// A summary of the values for which p(x) holds. The others are no part of it and no error.
///
/// Errors  as S
template <class P, class S>
class filtered {
 public:
  using value_type = typename S::value_type;
  using algebra = detail::algebra_of<S>;
  static constexpr merge_kind merging = detail::merging_of<S>();

  constexpr filtered() noexcept requires(std::default_initializable<P>&& std::default_initializable<S>) : p_{}, summary_{} {}
  constexpr filtered(const P& p, const S& prototype) noexcept : p_{p}, summary_{prototype} {}

  constexpr status observe(value_type x) noexcept { return p_(x) ? summary_.observe(x) : status{}; }
  /// Many values; returns how many were accepted or passed over.
  constexpr std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t accepted = 0;
    for (const value_type x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }
  constexpr status merge(const filtered& other) noexcept requires commutative_monoid<S> { return combine(summary_, other.summary_); }
  constexpr status join(const filtered& other) noexcept requires join_semilattice<S> { return combine(summary_, other.summary_); }
  [[nodiscard]] constexpr const S& summary() const noexcept { return summary_; }
  constexpr void clear() noexcept { summary_ = detail::empty_like(summary_); }
  constexpr status encode(byte_writer& out) const noexcept requires encodable<S> { return summary_.encode(out); }

 private:
  [[no_unique_address]] P p_;
  S summary_;
};

}  // namespace skerry::inline v0::stats
