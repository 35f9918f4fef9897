// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// Whether `extrema` remembers where the least and the greatest value stood.
enum class positions : std::uint8_t { forgotten, kept };

namespace detail {

/// Values that a double holds exactly, because an image holds doubles.
template <typename T>
concept extremal_value = std::same_as<T, float> || std::same_as<T, double> ||(std::integral<T>&& std::numeric_limits<T>::digits <= 53);

struct no_positions {
  friend constexpr bool operator==(no_positions, no_positions) noexcept = default;
};
struct both_positions {
  ticks least = 0;
  ticks greatest = 0;
  friend constexpr bool operator==(const both_positions&, const both_positions&) noexcept = default;
};

}  // namespace detail

/// Least and greatest value of a stream; with `positions::kept` also where they stood.
///
/// Input   any value but NaN (`errc::not_finite`, counted); infinities are values here. -0 is taken as +0, so that the bytes of
///         a join do not depend on its order. A position is any number that means the same to all who join: a tick, a row.
/// Cost    O(1) per value; 2 * sizeof(T) + 8 bytes, 16 more with positions; no heap
/// Merge   join: idempotent, commutative, associative, exactly; of equal values the smallest position stays
/// Errors  queries: `empty`; `range` of infinities or beyond T: `out_of_range`;
///         `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (positions, or numbers that T cannot hold)
template <class T = double, positions P = positions::forgotten>
class extrema {
  static_assert(detail::extremal_value<T>, "extrema<T>: T is float, double, or an integer of at most 53 bits: an image holds doubles");
  static constexpr bool placed = P == positions::kept;
  using places = std::conditional_t<placed, detail::both_positions, detail::no_positions>;

 public:
  using value_type = T;
  using algebra = joins;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr std::size_t encoded_size = placed ? 35 : 19;

  constexpr status observe(T x) noexcept requires(!placed) {
    if (is_nan(x)) {
      ++refused_;
      return errc::not_finite;
    }
    take(x, {});
    return {};
  }
  /// One value and where it stands.
  constexpr status observe(T x, ticks at) noexcept requires(placed) {
    if (is_nan(x)) {
      ++refused_;
      return errc::not_finite;
    }
    take(x, {at, at});
    return {};
  }

  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const T> xs) noexcept requires(!placed) {
    constexpr std::size_t width = 8;
    T least[width];
    T greatest[width];
    for (std::size_t l = 0; l < width; ++l) {
      least[l] = nothing_least;
      greatest[l] = nothing_greatest;
    }
    std::size_t bad = 0;
    const auto lane = [&](std::size_t l, T x) {
      bad += is_nan(x) ? 1U : 0U;  // and the two comparisons below are false
      least[l] = x < least[l] ? x : least[l];
      greatest[l] = x > greatest[l] ? x : greatest[l];
    };
    std::size_t i = 0;
    const std::size_t whole = xs.size() - xs.size() % width;
    for (; i < whole; i += width) {
      for (std::size_t l = 0; l < width; ++l) {
        lane(l, xs[i + l]);
      }
    }
    for (; i < xs.size(); ++i) {
      lane(0, xs[i]);
    }
    refused_ += bad;
    if (bad != xs.size()) {
      for (std::size_t l = 0; l < width; ++l) {
        take(least[l], greatest[l], {});
      }
    }
    return xs.size() - bad;
  }
  /// Many values that stand at `first`, `first + 1`, ...
  constexpr std::size_t observe(std::span<const T> xs, ticks first) noexcept requires(placed) {
    std::size_t accepted = 0;
    for (const T x : xs) {
      accepted += observe(x, first) ? 1U : 0U;
      ++first;
    }
    return accepted;
  }

  /// What another one knows too.
  constexpr void join(const extrema& other) noexcept { take(other.least_, other.greatest_, other.places_); }

  [[nodiscard]] constexpr bool empty() const noexcept { return least_ > greatest_; }

  [[nodiscard]] constexpr result<T> min() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    return least_;
  }
  [[nodiscard]] constexpr result<T> max() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    return greatest_;
  }
  /// max - min.
  [[nodiscard]] constexpr result<T> range() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    if constexpr (std::integral<T>) {
      const auto wide = static_cast<std::int64_t>(greatest_) - static_cast<std::int64_t>(least_);
      if (wide > static_cast<std::int64_t>(std::numeric_limits<T>::max())) {
        return errc::out_of_range;
      }
      return static_cast<T>(wide);
    } else {
      const T wide = greatest_ - least_;
      if (!__builtin_isfinite(wide)) {
        return errc::out_of_range;
      }
      return wide;
    }
  }
  [[nodiscard]] constexpr result<ticks> argmin() const noexcept requires(placed) {
    if (empty()) {
      return errc::empty;
    }
    return places_.least;
  }
  [[nodiscard]] constexpr result<ticks> argmax() const noexcept requires(placed) {
    if (empty()) {
      return errc::empty;
    }
    return places_.greatest;
  }

  /// NaNs refused by this object. No knowledge: not joined, not in the image.
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  constexpr void clear() noexcept { *this = extrema{}; }

  /// The frame `u8 3, u8 version 1, u8 state, f64 min, f64 max`: state 0 empty (both zero), 1 values, 2 values and then
  /// `i64 argmin, i64 argmax`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u8(empty() ? 0 : with_values);
    out.f64(empty() ? 0 : static_cast<double>(least_));
    out.f64(empty() ? 0 : static_cast<double>(greatest_));
    if constexpr (placed) {
      if (!empty()) {
        out.i64(places_.least);
        out.i64(places_.greatest);
      }
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<extrema> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto state = in.u8();
    const std::uint64_t bits[2] = {in.u64(), in.u64()};
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || state > 2) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (state != 0 && state != with_values) {
      return errc::mismatch;
    }
    extrema out;
    if constexpr (placed) {
      if (state != 0) {
        out.places_.least = in.i64();
        out.places_.greatest = in.i64();
      }
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (state == 0) {
      return bits[0] == 0 && bits[1] == 0 ? result<extrema>{out} : result<extrema>{errc::corrupt};
    }
    const double low = std::bit_cast<double>(bits[0]);
    const double high = std::bit_cast<double>(bits[1]);
    constexpr std::uint64_t negative_zero = std::uint64_t{1} << 63;
    if (!(low <= high) || bits[0] == negative_zero || bits[1] == negative_zero) {
      return errc::corrupt;
    }
    if (!holds(low) || !holds(high)) {
      return errc::mismatch;
    }
    out.least_ = static_cast<T>(low);
    out.greatest_ = static_cast<T>(high);
    return out;
  }

  /// Equal knowledge; what was refused does not matter.
  friend constexpr bool operator==(const extrema& a, const extrema& b) noexcept {
    return a.least_ == b.least_ && a.greatest_ == b.greatest_ && a.places_ == b.places_;
  }

 private:
  static constexpr std::uint8_t frame_type = 3;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr std::uint8_t with_values = placed ? 2 : 1;
  using limits = std::numeric_limits<T>;
  // Empty is the only state in which the least is greater than the greatest.
  static constexpr T nothing_least = limits::has_infinity ? limits::infinity() : limits::max();
  static constexpr T nothing_greatest = limits::has_infinity ? -limits::infinity() : limits::lowest();

  [[nodiscard]] static constexpr bool is_nan(T x) noexcept { return !(x == x); }

  [[nodiscard]] static constexpr bool holds(double x) noexcept {
    if constexpr (std::same_as<T, double>) {
      return true;
    } else {
      if constexpr (std::floating_point<T>) {
        if (!__builtin_isfinite(x)) {
          return true;
        }
      }
      return x >= static_cast<double>(limits::lowest()) && x <= static_cast<double>(limits::max()) &&
             static_cast<double>(static_cast<T>(x)) == x;
    }
  }

  constexpr void take(T x, places at) noexcept { take(x, x, at); }
  constexpr void take(T low, T high, places at) noexcept {
    if constexpr (std::floating_point<T>) {
      low += T{0};
      high += T{0};
    }
    if constexpr (placed) {
      if (low > high) {
        return;  // an empty one has no positions
      }
      const bool first = empty();
      if (first || low < least_ || (low == least_ && at.least < places_.least)) {
        places_.least = at.least;
      }
      if (first || high > greatest_ || (high == greatest_ && at.greatest < places_.greatest)) {
        places_.greatest = at.greatest;
      }
    }
    least_ = low < least_ ? low : least_;
    greatest_ = high > greatest_ ? high : greatest_;
  }

  T least_ = nothing_least;
  T greatest_ = nothing_greatest;
  std::uint64_t refused_ = 0;
  [[no_unique_address]] places places_{};
};

}  // namespace skerry::inline v0::stats
