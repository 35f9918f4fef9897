// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/kll_image.hpp>
#include <skerry/stats/detail/kll_sampler.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// Which values a rank counts.
enum class criterion : std::uint8_t {
  inclusive,  ///< those up to and including the item
  exclusive,  ///< those below the item
};

/// Error of one rank that holds with 99 % confidence: |true rank - answer| <= eps.
///
/// Source  fit of the Apache DataSketches project for k from 8 to 65535
[[nodiscard]] constexpr double kll_rank_error(std::uint16_t k) noexcept {
  return 2.296 * math::exp(-0.9723 * math::log(static_cast<double>(k)));
}
/// Error that holds for all ranks at once, with 99 % confidence.
[[nodiscard]] constexpr double kll_cdf_error(std::uint16_t k) noexcept {
  return 2.446 * math::exp(-0.9433 * math::log(static_cast<double>(k)));
}
/// The smallest k with `kll_rank_error(k) <= eps`, from 8 on.
///
/// Errors  `out_of_range` when no k is enough; `invalid` for an eps that is not above zero
[[nodiscard]] constexpr result<std::uint16_t> kll_k_for(double eps) noexcept {
  if (!(eps > 0)) {
    return errc::invalid;
  }
  std::uint32_t low = 8;
  std::uint32_t high = 65536;
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if (kll_rank_error(static_cast<std::uint16_t>(middle)) <= eps) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == 65536) {
    return errc::out_of_range;
  }
  return static_cast<std::uint16_t>(low);
}

/// Quantiles of an endless stream from a few hundred retained items, mergeable.
///
/// Input   float, double or int64; infinities are values; NaN is refused (`errc::not_finite`) and counted; -0 counts as +0
/// Units   items in those of the input; ranks are fractions in [0, 1]
/// Cost    a few ns per value, in blocks and one by one; a query O(k); float: 3.2 kB at K = 200, 1.2 kB at K = 64; no heap.
///         Sorting takes up to 8 kB of stack (double, int64: 17), below K = 128 3 kB (6). Buffer: more room for values that wait
///         for their sort, as far as an image can hold them.
/// Bound   `rank_error()`, with 99 % confidence: 1.33 % at K = 200. Count, min and max are exact, and so is everything while no
///         more than K values were observed.
///         From 3 K^2 values on (K = 200: 131 072) a sampler stands before the levels: of every group one value goes in, by lot.
/// Merge   commutative and associative within the bound, by the generators of both sides; not idempotent
/// Errors  `full` at 2^48 values; queries: `empty`, `invalid` for a rank outside [0, 1]; `decode`: `truncated`, `corrupt`,
///         `unsupported` (version), `mismatch` (another k), `full` (more than 48 levels)
/// Source  Karnin, Lang, Liberty, "Optimal quantile approximation in streams", 2016; coins in pairs: Ivkin, Liberty, Lang, Karnin,
///         Braverman, "Streaming quantiles algorithms with small space and update time", 2019; image: Apache DataSketches, family 15
template <class T, std::uint16_t K = 200, std::size_t Buffer = 0>
class kll : private detail::kll_sampler<T, K, Buffer> {
  static_assert(std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t>,
                "kll<T>: T is float, double or std::int64_t; widen other integers");
  static_assert(K >= 8, "kll<T, K>: the image has no k below 8");

  using base = detail::kll_sampler<T, K, Buffer>;

 public:
  using value_type = T;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::randomised;
  static constexpr std::uint16_t k = K;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size = 20 + 4 * 48 + sizeof(T) * (2 + detail::kll_shape<K, Buffer>{}.slots);

  explicit constexpr kll(std::uint64_t seed) noexcept : base{seed} {}

  /// One value more.
  constexpr status observe(T x) noexcept {
    if (!(x == x)) {
      return refuse(1, errc::not_finite);
    }
    if (n_ >= max_count - 1) {
      return refuse(1, errc::full);
    }
    push(canonical(x));
    return {};
  }

  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const T> xs) noexcept {
    std::size_t accepted = 0;
    while (!xs.empty()) {
      std::size_t here = xs.size() < block ? xs.size() : block;
      if (base::lg_group() != 0) {
        here = base::whole_samples(xs.size());
        if (here != 0 && observe_samples(xs.first(here))) {
          accepted += here;
          xs = xs.subspan(here);
          continue;
        }
        here = xs.size() < block ? xs.size() : block;
      } else if (here == block && worth_a_block() && observe_block(xs.data())) {
        accepted += block;
        xs = xs.subspan(here);
        continue;
      }
      for (const T x : xs.first(here)) {
        accepted += observe(x) ? 1U : 0U;
      }
      xs = xs.subspan(here);
    }
    return accepted;
  }

  /// One value that counts `weight` times, as if it had been observed so often.
  ///
  /// Errors  `invalid` for a weight of zero; `not_finite`; `full`
  constexpr status observe(T x, std::uint64_t weight) noexcept {
    if (!(x == x)) {
      return refuse(1, errc::not_finite);
    }
    if (weight == 0) {
      return refuse(1, errc::invalid);
    }
    if (weight >= max_count - n_) {
      return refuse(1, errc::full);
    }
    x = canonical(x);
    base::add(x, weight);
    least_ = x < least_ ? x : least_;
    greatest_ = x > greatest_ ? x : greatest_;
    n_ += weight;
    base::follow(n_);
    return {};
  }

  /// The values of another stream too. A merge beyond 2^48 values changes nothing and counts one refusal.
  constexpr void merge(const kll& other) noexcept {
    if (n_ == 0 && other.n_ != 0) {
      const std::uint32_t refused = refused_;
      const splitmix64 random = mixed(other.random_);
      *this = other;
      random_ = random;
      (void)refuse(refused, errc::ok);
    } else if (&other == this) {
      const kll copy = other;
      take(copy);
    } else {
      take(other);
    }
  }
  template <std::uint16_t K2, std::size_t B2>
  constexpr void merge(const kll<T, K2, B2>& other) noexcept {
    take(other);
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return n_; }
  [[nodiscard]] constexpr result<T> min() const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    return least_;
  }
  [[nodiscard]] constexpr result<T> max() const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    return greatest_;
  }

  /// The item at a rank; inclusive: the smallest item with at least ceil(rank n) values up to it. Ranks 0 and 1 are min and max.
  [[nodiscard]] constexpr result<T> quantile(double rank, criterion c = criterion::inclusive) const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    if (!(rank >= 0 && rank <= 1)) {
      return errc::invalid;
    }
    if (rank == 0) {
      return least_;
    }
    const double position = rank * static_cast<double>(n_);
    auto want = static_cast<std::uint64_t>(position);
    if (c == criterion::exclusive || static_cast<double>(want) < position) {
      ++want;  // the first item above floor(rank n), or ceil(rank n)
    }
    if (rank == 1 || want > n_) {
      return greatest_;
    }
    return base::at(want, least_, greatest_);
  }
  /// The share of values up to x, or below it.
  ///
  /// Errors  `empty`; `not_finite` for NaN
  [[nodiscard]] constexpr result<double> rank(T x, criterion c = criterion::inclusive) const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    if (!(x == x)) {
      return errc::not_finite;
    }
    return static_cast<double>(base::weight_up_to(x, c == criterion::inclusive)) / static_cast<double>(n_);
  }
  /// The ranks of ascending split points; where `out` has room for one number more, that is 1.
  ///
  /// Errors  `empty`; `width` when `out` is shorter than `splits` or longer by more than one; `invalid` unless splits ascend
  constexpr status cdf(std::span<const T> splits, std::span<double> out, criterion c = criterion::inclusive) const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    if (out.size() < splits.size() || out.size() > splits.size() + 1) {
      return errc::width;
    }
    for (std::size_t i = 0; i < splits.size(); ++i) {
      if (!(splits[i] == splits[i]) || (i > 0 && !(splits[i - 1] < splits[i]))) {
        return errc::invalid;
      }
    }
    for (std::size_t i = 0; i < splits.size(); ++i) {
      out[i] = static_cast<double>(base::weight_up_to(splits[i], c == criterion::inclusive)) / static_cast<double>(n_);
    }
    if (out.size() > splits.size()) {
      out[splits.size()] = 1;
    }
    return {};
  }

  /// By the smallest k that was ever merged in.
  [[nodiscard]] constexpr double rank_error() const noexcept { return kll_rank_error(min_k_); }
  [[nodiscard]] constexpr double cdf_error() const noexcept { return kll_cdf_error(min_k_); }
  [[nodiscard]] constexpr std::uint16_t min_k() const noexcept { return min_k_; }
  /// Items held.
  [[nodiscard]] constexpr std::size_t retained() const noexcept {
    return base::retained() + static_cast<std::size_t>(std::popcount(base::pending()));
  }
  /// Calls `f(item, weight)` for every item held; the weights add up to `count()`.
  template <typename F>
  constexpr void for_each(F&& f) const {
    base::for_each_item(f);
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// A sketch without values that goes on from this one's generator.
  [[nodiscard]] constexpr kll empty() const noexcept { return kll{random_.state()}; }
  constexpr void clear() noexcept { *this = empty(); }

  /// An Apache DataSketches KLL image, of the reader's type for float, double or long.
  constexpr status encode(byte_writer& out) const noexcept {
    if (base::lg_group() != 0) {
      kll whole = *this;  // the lowest level in order, and the group that is not complete as items of its own
      whole.settle();
      return whole.encode(out);
    }
    const bool many = n_ > 1;
    out.u8(many ? 5 : 2);
    out.u8(n_ == 1 ? 2 : 1);
    out.u8(image::family);
    out.u8(n_ == 0 ? image::flag_empty : (many ? (sorted_ ? image::flag_sorted : 0) : image::flag_single));
    out.u16(K);
    out.u8(8);
    out.u8(0);
    if (many) {
      unsigned tall = levels_;
      while (tall < max_levels && shape.image[tall] < retained()) {
        ++tall;
      }
      const std::uint32_t capacity = shape.image[tall];
      out.u64(n_);
      out.u16(min_k_);
      out.u8(static_cast<std::uint8_t>(tall));
      out.u8(0);
      for (unsigned h = 0; h < tall; ++h) {
        out.u32(capacity - (shape.slots - bound_[h < levels_ ? h : levels_]));
      }
      image::write(out, least_);
      image::write(out, greatest_);
    }
    if (std::endian::native == std::endian::little && !std::is_constant_evaluated()) {
      if (const auto to = out.reserve(retained() * sizeof(T)); !to.empty()) {
        __builtin_memcpy(to.data(), items_ + bound_[0], to.size());
      }
      return out.error();
    }
    for (std::size_t i = bound_[0]; i < shape.slots; ++i) {
      image::write(out, items_[i]);
    }
    return out.error();
  }

  /// Reads an image of this k. One that holds more items than fit here (a tall one of a small k) is compacted as a merge would be.
  [[nodiscard]] static constexpr result<kll> decode(byte_reader& in, std::uint64_t seed) noexcept {
    const auto read = image::read(in, K, max_count, shape.image);
    if (!read) {
      return read.error();
    }
    const image& checked = read.value();
    kll out{seed};
    if (checked.min_k == 0) {  // the short form, of at most one value
      checked.for_each_item(0, [&out](T x) { out.push(x); });
    } else {
      out.take_image(checked);
    }
    return out;
  }

 private:
  template <class, std::uint16_t, std::size_t>
  friend class kll;
  using base::block;
  using base::bound_;
  using base::canonical;
  using base::items_;
  using base::levels_;
  using base::max_levels;
  using base::random_;
  using base::settle;
  using base::shape;
  using base::size_of;
  using base::sorted_;
  using base::take_level;
  using typename base::index;

  static constexpr std::uint64_t max_count = std::uint64_t{1} << 48;
  using image = detail::kll_image<T, max_levels>;
  using limits = std::numeric_limits<T>;

  constexpr status refuse(std::uint32_t values, errc why) noexcept {
    refused_ = refused_ + values < refused_ ? 0xffffffff : refused_ + values;
    return why;
  }

  [[nodiscard]] constexpr splitmix64 mixed(const splitmix64& other) const noexcept {
    return splitmix64{splitmix64{random_.state() ^ std::rotl(other.state(), 32)}()};
  }

  constexpr void push(T x) noexcept {
    least_ = x < least_ ? x : least_;
    greatest_ = x > greatest_ ? x : greatest_;
    ++n_;
    base::offer(x);
    if (n_ >= base::next_group_at()) {
      base::follow(n_);
    }
  }
  [[nodiscard]] constexpr bool worth_a_block() const noexcept { return base::retained() + block > shape.full[levels_]; }

  /// False when it holds a NaN or there is no room; then nothing changed.
  constexpr bool observe_block(const T* xs) noexcept {
    typename base::key nans = 0;  // as wide as a value, so that the loop becomes one of vectors
    for (std::size_t i = 0; i < block; ++i) {
      nans += xs[i] == xs[i] ? 0U : 1U;
    }
    if (nans != 0 || n_ + block >= max_count) {
      return false;
    }
    const unsigned j = base::make_room_for_block();
    const auto found = base::place_block(xs, j);
    least_ = found.least < least_ ? found.least : least_;
    greatest_ = found.greatest > greatest_ ? found.greatest : greatest_;
    n_ += block;
    base::follow(n_);
    return true;
  }
  /// As many values as make whole samples: false when there is a NaN among them; then nothing changed.
  constexpr bool observe_samples(std::span<const T> xs) noexcept {
    constexpr std::size_t width = 8;
    T least[width];
    T greatest[width];
    for (std::size_t l = 0; l < width; ++l) {
      least[l] = least_;
      greatest[l] = greatest_;
    }
    typename base::key nans = 0;
    const auto lane = [&](std::size_t l, T x) {
      nans += x == x ? 0U : 1U;
      x = canonical(x);
      least[l] = x < least[l] ? x : least[l];
      greatest[l] = x > greatest[l] ? x : greatest[l];
    };
    const std::size_t even = xs.size() - xs.size() % width;
    for (std::size_t i = 0; i < even; i += width) {
      for (std::size_t l = 0; l < width; ++l) {
        lane(l, xs[i + l]);
      }
    }
    for (std::size_t i = even; i < xs.size(); ++i) {
      lane(0, xs[i]);
    }
    if (nans != 0 || n_ + xs.size() >= max_count) {
      return false;
    }
    for (std::size_t l = 0; l < width; ++l) {
      least_ = least[l] < least_ ? least[l] : least_;
      greatest_ = greatest[l] > greatest_ ? greatest[l] : greatest_;
    }
    n_ += xs.size();
    base::offer_all(xs);
    base::follow(n_);
    return true;
  }

  template <std::uint16_t K2, std::size_t B2>
  constexpr void take(const kll<T, K2, B2>& other) noexcept {
    (void)refuse(other.refused_, errc::ok);
    if (other.n_ == 0) {
      return;
    }
    if (other.n_ >= max_count - n_) {
      (void)refuse(1, errc::full);
      return;
    }
    const bool sorted = n_ == 0 ? other.sorted_ : sorted_ && other.size_of(0) == 0 && base::lg_group() == 0;
    random_ = mixed(other.random_);
    least_ = other.least_ < least_ ? other.least_ : least_;
    greatest_ = other.greatest_ > greatest_ ? other.greatest_ : greatest_;
    min_k_ = other.min_k_ < min_k_ ? other.min_k_ : min_k_;
    n_ += other.n_;
    base::take(static_cast<const detail::kll_sampler<T, K2, B2>&>(other));
    base::follow(n_);
    sorted_ = sorted;
  }

  constexpr void take_image(const image& checked) noexcept {
    n_ = checked.n;
    min_k_ = checked.min_k;
    sorted_ = checked.sorted;
    least_ = checked.least;
    greatest_ = checked.greatest;
    levels_ = static_cast<std::uint8_t>(checked.levels);
    const std::uint32_t held = checked.offset[checked.levels] - checked.offset[0];
    if (held <= shape.slots) {
      for (unsigned h = 0; h <= checked.levels; ++h) {
        bound_[h] = static_cast<index>(shape.slots - (checked.offset[checked.levels] - checked.offset[h]));
      }
      std::size_t at = bound_[0];
      for (unsigned h = 0; h < checked.levels; ++h) {
        checked.for_each_item(h, [&](T x) { items_[at++] = x; });
      }
      return;
    }
    // From the top level down, as a merge takes them.
    constexpr std::uint32_t part = K / 4 < 64 ? K / 4 : 64;
    for (unsigned h = checked.levels; h-- > 0;) {
      T run[part] = {};
      std::uint32_t here = 0;
      checked.for_each_item(h, [&](T x) {
        run[here++] = x;
        if (here == part) {
          take_level(h, run, here);
          here = 0;
        }
      });
      if (here != 0) {
        take_level(h, run, here);
      }
    }
  }

  std::uint64_t n_ = 0;
  T least_ = limits::has_infinity ? limits::infinity() : limits::max();
  T greatest_ = limits::has_infinity ? -limits::infinity() : limits::lowest();
  std::uint32_t refused_ = 0;
  std::uint16_t min_k_ = K;
};

}  // namespace skerry::inline v0::stats
