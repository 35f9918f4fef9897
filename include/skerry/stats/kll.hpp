// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/kll_shape.hpp>
#include <skerry/stats/detail/sort_keys.hpp>

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
///         Blocks take 8 kB of stack (double: 16), below K = 128 a third of it. Buffer: more room for values that wait for
///         their sort, as far as an image can hold them.
/// Bound   `rank_error()`, with 99 % confidence: 1.33 % at K = 200. Count, min and max are exact, and so is everything while no
///         more than K values were observed.
/// Merge   commutative and associative within the bound, by the generators of both sides; not idempotent
/// Errors  `full` at 2^48 values; queries: `empty`, `invalid` for a rank outside [0, 1]; `decode`: `truncated`, `corrupt`,
///         `unsupported` (version), `mismatch` (another k), `full` (more than 48 levels)
/// Source  Karnin, Lang, Liberty, "Optimal quantile approximation in streams", 2016; coins in pairs: Ivkin, Liberty, Lang, Karnin,
///         Braverman, "Streaming quantiles algorithms with small space and update time", 2019; image: Apache DataSketches, family 15
template <class T, std::uint16_t K = 200, std::size_t Buffer = 0>
class kll {
  static_assert(std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t>,
                "kll<T>: T is float, double or std::int64_t; widen other integers");
  static_assert(K >= 8, "kll<T, K>: the image has no k below 8");

 public:
  using value_type = T;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::randomised;
  static constexpr std::uint16_t k = K;
  /// Enough for any image of this type.
  static constexpr std::size_t max_encoded_size = 20 + 4 * 48 + sizeof(T) * (2 + detail::kll_shape<K, Buffer>{}.slots);

  explicit constexpr kll(std::uint64_t seed) noexcept : random_{seed} {
    for (auto& b : bound_) {
      b = static_cast<index>(shape.slots);
    }
  }

  /// One value more.
  constexpr status observe(T x) noexcept {
    if (!(x == x)) {
      return refuse(1, errc::not_finite);
    }
    if (n_ >= max_count - 1) {
      return refuse(1, errc::full);
    }
    push(canonical(x));
    ++n_;
    return {};
  }

  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const T> xs) noexcept {
    std::size_t accepted = 0;
    while (!xs.empty()) {
      const std::size_t here = xs.size() < block ? xs.size() : block;
      if (here == block && retained() + block > shape.full[levels_] && observe_block(xs.data())) {
        accepted += block;
      } else {
        for (const T x : xs.first(here)) {
          accepted += observe(x) ? 1U : 0U;
        }
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
    grow_to(static_cast<unsigned>(std::bit_width(weight)));
    make_room(static_cast<std::uint32_t>(std::popcount(weight)));
    for (unsigned h = 0; weight >> h != 0; ++h) {
      if ((weight >> h & 1) != 0) {
        insert(h, &x, 1);
      }
    }
    least_ = x < least_ ? x : least_;
    greatest_ = x > greatest_ ? x : greatest_;
    n_ += weight;
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
    return select(want);
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
    return static_cast<double>(weight_through(x, c)) / static_cast<double>(n_);
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
      out[i] = static_cast<double>(weight_through(splits[i], c)) / static_cast<double>(n_);
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
  [[nodiscard]] constexpr std::size_t retained() const noexcept { return shape.slots - bound_[0]; }
  /// Calls `f(item, weight)` for every item held; the weights add up to `count()`.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (unsigned h = 0; h < levels_; ++h) {
      for (std::size_t i = bound_[h]; i < bound_[h + 1]; ++i) {
        f(items_[i], std::uint64_t{1} << h);
      }
    }
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// A sketch without values that goes on from this one's generator.
  [[nodiscard]] constexpr kll empty() const noexcept { return kll{random_.state()}; }
  constexpr void clear() noexcept { *this = empty(); }

  /// An Apache DataSketches KLL image, of the reader's type for float, double or long.
  constexpr status encode(byte_writer& out) const noexcept {
    const bool many = n_ > 1;
    out.u8(many ? 5 : 2);
    out.u8(n_ == 1 ? 2 : 1);
    out.u8(family);
    out.u8(n_ == 0 ? flag_empty : (many ? (sorted_ ? flag_sorted : 0) : flag_single));
    out.u16(K);
    out.u8(8);
    out.u8(0);
    if (many) {
      unsigned levels = levels_;
      while (detail::kll_image_capacity(K, levels) < retained()) {
        ++levels;
      }
      const std::uint32_t capacity = detail::kll_image_capacity(K, levels);
      out.u64(n_);
      out.u16(min_k_);
      out.u8(static_cast<std::uint8_t>(levels));
      out.u8(0);
      for (unsigned h = 0; h < levels; ++h) {
        out.u32(capacity - (shape.slots - bound_[h < levels_ ? h : levels_]));
      }
      write(out, least_);
      write(out, greatest_);
    }
    if (std::endian::native == std::endian::little && !std::is_constant_evaluated()) {
      if (const auto to = out.reserve(retained() * sizeof(T)); !to.empty()) {
        __builtin_memcpy(to.data(), items_ + bound_[0], to.size());
      }
      return out.error();
    }
    for (std::size_t i = bound_[0]; i < shape.slots; ++i) {
      write(out, items_[i]);
    }
    return out.error();
  }

  /// Reads an image of this k. One that holds more items than fit here (a tall one of a small k) is compacted as a merge would be.
  [[nodiscard]] static constexpr result<kll> decode(byte_reader& in, std::uint64_t seed) noexcept {
    const auto preamble = in.u8();
    const auto version = in.u8();
    const auto type = in.u8();
    const auto flags = in.u8();
    const auto image_k = in.u16();
    const auto m = in.u8();
    const auto unused = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != family || m != 8 || image_k < 8 || unused != 0) {
      return errc::corrupt;
    }
    if (version != 1 && version != 2) {
      return errc::unsupported;
    }
    const bool short_form = flags == flag_empty || flags == flag_single;
    if (preamble != (short_form ? 2 : 5) || version != (flags == flag_single ? 2 : 1) ||
        (!short_form && flags != 0 && flags != flag_sorted)) {
      return errc::corrupt;
    }
    if (image_k != K) {
      return errc::mismatch;
    }
    kll out{seed};
    if (short_form) {
      T x{};
      if (flags == flag_single) {
        x = read(in);
      }
      if (const status end = in.finish(); !end) {
        return end.error();
      }
      if (!(x == x)) {
        return errc::corrupt;
      }
      if (flags == flag_single) {
        out.push(x);
        out.n_ = 1;
      }
      return out;
    }
    out.sorted_ = flags == flag_sorted;
    if (const errc bad = out.read_levels(in); bad != errc::ok) {
      return bad;
    }
    return out;
  }

 private:
  template <class, std::uint16_t, std::size_t>
  friend class kll;

  static constexpr detail::kll_shape<K, Buffer> shape{};
  static constexpr unsigned max_levels = shape.max_levels;
  static constexpr std::uint64_t max_count = std::uint64_t{1} << 48;
  static constexpr std::size_t block = K >= 128 ? 512 : 128;
  static constexpr std::uint8_t family = 15;
  static constexpr std::uint8_t flag_empty = 1;
  static constexpr std::uint8_t flag_sorted = 2;
  static constexpr std::uint8_t flag_single = 4;
  using index = std::conditional_t<(shape.slots < 65536), std::uint16_t, std::uint32_t>;
  using order = detail::ordered<T>;
  using key = typename order::key;
  using limits = std::numeric_limits<T>;

  [[nodiscard]] static constexpr T canonical(T x) noexcept { return x + T{0}; }  // -0 to +0
  [[nodiscard]] constexpr std::uint32_t size_of(unsigned h) const noexcept { return static_cast<std::uint32_t>(bound_[h + 1] - bound_[h]); }

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
    if (retained() >= shape.full[levels_]) {
      compress(shape.emptied[levels_]);
    }
    --bound_[0];
    items_[bound_[0]] = x;
    sorted_ = false;
  }

  constexpr void grow_to(unsigned levels) noexcept { levels_ = levels > levels_ ? static_cast<std::uint8_t>(levels) : levels_; }

  /// Room for `more` items, more than which never come at once.
  constexpr void make_room(std::uint32_t more) noexcept {
    const std::uint32_t full = shape.full[levels_];
    if (retained() + more > full) {
      compress(full > more ? full - more : 0);
    }
  }

  /// As far as it goes: more items than levels leave two at some level.
  constexpr void compress(std::uint32_t target) noexcept {
    while (retained() > target && retained() > levels_) {
      compact(next_to_compact());
    }
  }
  [[nodiscard]] constexpr unsigned next_to_compact() const noexcept {
    unsigned two = max_levels;
    for (unsigned h = 0; h < levels_; ++h) {
      const std::uint32_t size = size_of(h);
      if (size >= 2 && size >= shape.level[levels_ - 1U - h]) {
        return h;
      }
      two = size >= 2 && two == max_levels ? h : two;
    }
    return two;
  }

  /// Coins for some levels. Every second one of a level shows the other side: the errors of two compactions then cancel in part.
  [[nodiscard]] constexpr std::uint64_t toss(std::uint64_t levels) noexcept {
    const std::uint64_t coins = ((second_ & ~coins_) | (~second_ & random_())) & levels;
    coins_ = (coins_ & ~levels) | coins;
    second_ ^= levels;
    return coins;
  }

  /// Every second item of a level goes up with twice the weight, beginning with the first or the second by the toss of a coin.
  constexpr void compact(unsigned h) noexcept {
    if (h == 0) {
      compact_lowest();
      return;
    }
    const std::size_t taken = size_of(h) & ~1U;
    const std::size_t half = taken / 2;
    const std::size_t from = bound_[h + 1] - taken;
    T* const run = items_ + from;
    const std::size_t odd = toss(std::uint64_t{1} << h) != 0 ? 1 : 0;
    for (std::size_t i = 0; i < half; ++i) {
      run[i] = run[2 * i + odd];
    }
    grow_to(h + 2);
    merge_runs(run, half, run + taken, size_of(h + 1), run + half);
    // What lay below moves up to close the gap.
    for (std::size_t i = from; i-- > bound_[0];) {
      items_[i + half] = items_[i];
    }
    for (unsigned below = 0; below <= h; ++below) {
      bound_[below] = static_cast<index>(bound_[below] + half);
    }
    bound_[h + 1] = static_cast<index>(from + half);
  }
  /// Level 0 is not sorted, so any part of it may go: what is sorted at once is bounded.
  constexpr void compact_lowest() noexcept {
    const std::size_t size = size_of(0);
    std::size_t taken = size < block ? size : block;
    const unsigned j = level_for(taken);
    taken = taken >> j << j;
    key keys[block];
    key spare[block];
    for (std::size_t i = 0; i < taken; ++i) {
      keys[i] = order::key_of(items_[bound_[1] - taken + i]);
    }
    for (std::size_t i = bound_[1] - taken; i-- > bound_[0];) {
      items_[i + taken] = items_[i];
    }
    bound_[0] = static_cast<index>(bound_[0] + taken);
    raise(detail::sort_keys(keys, spare, taken), taken, j);
  }
  /// The lowest level that has room for every 2^j-th of so many items, from 1 on.
  [[nodiscard]] constexpr unsigned level_for(std::size_t taken) const noexcept {
    unsigned j = 1;
    while (taken >> j > 2U * shape.level[j < levels_ ? levels_ - 1U - j : 0]) {
      ++j;
    }
    return j;
  }
  /// Every 2^j-th of sorted values goes to level j: what j compactions would leave, one on top of the other. There is room.
  constexpr void raise(const key* in_order, std::size_t taken, unsigned j) noexcept {
    const auto m = static_cast<std::uint32_t>(taken >> j);
    const std::uint64_t first = toss((std::uint64_t{1} << j) - 1);
    T run[block / 2];
    for (std::uint32_t i = 0; i < m; ++i) {
      run[i] = order::value_of(in_order[(std::size_t{i} << j) + first]);
    }
    grow_to(j + 1);
    insert_sorted(j, run, m);
  }

  /// Two sorted runs into `out`, which may end where `b` does.
  static constexpr void merge_runs(const T* a, std::size_t na, const T* b, std::size_t nb, T* out) noexcept {
    const T* const a_end = a + na;
    const T* const b_end = b + nb;
    while (a != a_end && b != b_end) {
      const bool from_b = *b < *a;  // no branch: which run is next cannot be foreseen
      *out++ = from_b ? *b : *a;
      b += from_b ? 1 : 0;
      a += from_b ? 0 : 1;
    }
    while (a != a_end) {
      *out++ = *a++;
    }
    // If `b` is left, it is in its place already, or `out` is elsewhere and the caller has no `b`.
  }

  /// Adds items to a level; there is room for them.
  constexpr void insert(unsigned h, const T* run, std::uint32_t m) noexcept {
    if (h != 0) {
      insert_sorted(h, run, m);
      return;
    }
    bound_[0] = static_cast<index>(bound_[0] - m);
    for (std::uint32_t i = 0; i < m; ++i) {
      items_[bound_[0] + i] = run[i];
    }
    sorted_ = false;
  }
  constexpr void insert_sorted(unsigned h, const T* run, std::uint32_t m) noexcept {
    const std::size_t at = bound_[h];
    for (std::size_t i = bound_[0]; i < at; ++i) {
      items_[i - m] = items_[i];
    }
    for (unsigned below = 0; below <= h; ++below) {
      bound_[below] = static_cast<index>(bound_[below] - m);
    }
    merge_runs(run, m, items_ + at, bound_[h + 1] - at, items_ + (at - m));
  }

  /// A whole block at once, or false: then it holds a NaN or there is no room, and nothing changed.
  constexpr bool observe_block(const T* xs) noexcept {
    bool nan = false;
    for (std::size_t i = 0; i < block; ++i) {
      nan = static_cast<bool>(nan | !(xs[i] == xs[i]));
    }
    if (nan || n_ + block >= max_count) {
      return false;
    }
    const unsigned j = level_for(block);
    grow_to(j + 1);
    make_room(static_cast<std::uint32_t>(block >> j));
    key keys[block];
    key spare[block];
    for (std::size_t i = 0; i < block; ++i) {
      keys[i] = order::key_of(canonical(xs[i]));
    }
    const key* const in_order = detail::sort_keys(keys, spare, block);
    raise(in_order, block, j);
    const T low = order::value_of(in_order[0]);
    const T high = order::value_of(in_order[block - 1]);
    least_ = low < least_ ? low : least_;
    greatest_ = high > greatest_ ? high : greatest_;
    n_ += block;
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
    const bool sorted = n_ == 0 ? other.sorted_ : sorted_ && other.size_of(0) == 0;
    random_ = mixed(other.random_);
    least_ = other.least_ < least_ ? other.least_ : least_;
    greatest_ = other.greatest_ > greatest_ ? other.greatest_ : greatest_;
    min_k_ = other.min_k_ < min_k_ ? other.min_k_ : min_k_;
    n_ += other.n_;
    grow_to(other.levels_);
    for (unsigned h = other.levels_; h-- > 0;) {
      take_level(h, other.items_ + other.bound_[h], other.size_of(h));
    }
    sorted_ = sorted;
  }
  /// In parts, so that a merge needs no memory beside the two sketches.
  constexpr void take_level(unsigned h, const T* run, std::uint32_t m) noexcept {
    constexpr std::uint32_t part = K / 4;
    while (m != 0) {
      const bool all = retained() + m <= shape.full[levels_];
      const std::uint32_t here = all || m < part ? m : part;
      make_room(here);
      insert(h, run, here);
      run += here;
      m -= here;
    }
  }

  [[nodiscard]] constexpr std::uint64_t weight_through(T x, criterion c) const noexcept {
    std::uint64_t weight = below(x, c);
    for (unsigned h = 1; h < levels_; ++h) {
      const std::size_t at =
          c == criterion::inclusive ? first_above(x, bound_[h], bound_[h + 1]) : first_not_below(x, bound_[h], bound_[h + 1]);
      weight += static_cast<std::uint64_t>(at - bound_[h]) << h;
    }
    return weight;
  }
  /// Of level 0, which is not sorted.
  [[nodiscard]] constexpr std::size_t below(T x, criterion c) const noexcept {
    std::size_t count = 0;
    if (c == criterion::inclusive) {
      for (std::size_t i = bound_[0]; i < bound_[1]; ++i) {
        count += items_[i] <= x ? 1U : 0U;
      }
    } else {
      for (std::size_t i = bound_[0]; i < bound_[1]; ++i) {
        count += items_[i] < x ? 1U : 0U;
      }
    }
    return count;
  }
  [[nodiscard]] constexpr std::size_t first_above(T x, std::size_t from, std::size_t to) const noexcept {
    while (from < to) {
      const std::size_t middle = from + (to - from) / 2;
      if (x < items_[middle]) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return from;
  }
  [[nodiscard]] constexpr std::size_t first_not_below(T x, std::size_t from, std::size_t to) const noexcept {
    while (from < to) {
      const std::size_t middle = from + (to - from) / 2;
      if (items_[middle] < x) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  /// The smallest item with `want` values up to it, 1 <= want <= n: no copy, no sort. The middle of the longest range still open
  /// decides for all levels at once.
  [[nodiscard]] constexpr T select(std::uint64_t want) const noexcept {
    index low[max_levels] = {};
    index high[max_levels] = {};
    index at[max_levels] = {};
    for (unsigned h = 1; h < levels_; ++h) {
      low[h] = bound_[h];
      high[h] = bound_[h + 1];
    }
    T best = greatest_;
    std::uint64_t passed = 0;  // values in the sorted levels that are below every range
    for (;;) {
      unsigned longest = 0;
      for (unsigned h = 1; h < levels_; ++h) {
        longest = high[h] - low[h] > high[longest] - low[longest] ? h : longest;
      }
      if (high[longest] == low[longest]) {
        break;
      }
      const T pivot = items_[low[longest] + (high[longest] - low[longest]) / 2];
      std::uint64_t weight = passed;
      for (unsigned h = 1; h < levels_; ++h) {
        at[h] = static_cast<index>(first_above(pivot, low[h], high[h]));
        weight += static_cast<std::uint64_t>(at[h] - low[h]) << h;
      }
      if (weight + below(pivot, criterion::inclusive) >= want) {
        best = pivot;
        for (unsigned h = 1; h < levels_; ++h) {
          high[h] = static_cast<index>(first_not_below(pivot, low[h], at[h]));
        }
      } else {
        passed = weight;
        for (unsigned h = 1; h < levels_; ++h) {
          low[h] = at[h];
        }
      }
    }
    // Now only items of level 0 can come before `best`: the one of this rank there, found by halving the range of keys.
    const std::uint64_t still = want - passed;
    if (below(best, criterion::exclusive) < still) {
      return best;
    }
    key from = order::key_of(least_);
    key to = order::key_of(best);
    while (from < to) {
      const key middle = from + (to - from) / 2;
      if (below(order::value_of(middle), criterion::inclusive) >= still) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return canonical(order::value_of(from));
  }

  static constexpr void write(byte_writer& out, T x) noexcept {
    if constexpr (sizeof(T) == 4) {
      out.u32(std::bit_cast<std::uint32_t>(x));
    } else {
      out.u64(std::bit_cast<std::uint64_t>(x));
    }
  }
  [[nodiscard]] static constexpr T read(byte_reader& in) noexcept {
    if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(in.u32());
    } else {
      return std::bit_cast<T>(in.u64());
    }
  }

  constexpr errc read_levels(byte_reader& in) noexcept {
    n_ = in.u64();
    min_k_ = in.u16();
    const unsigned levels = in.u8();
    const auto unused = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (levels < 1 || levels > 61 || min_k_ < 8 || min_k_ > K || unused != 0 || n_ == 0) {
      return errc::corrupt;
    }
    if (levels > max_levels || n_ >= max_count) {
      return errc::full;
    }
    const std::uint32_t capacity = detail::kll_image_capacity(K, levels);
    std::uint32_t offset[max_levels + 1] = {};
    for (unsigned h = 0; h < levels; ++h) {
      offset[h] = in.u32();
    }
    offset[levels] = capacity;
    for (unsigned h = 0; h < levels; ++h) {
      if (offset[h] > offset[h + 1]) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
    }
    const std::uint32_t held = capacity - offset[0];
    least_ = read(in);
    greatest_ = read(in);
    if (in.error() != errc::ok || in.remaining().size() / sizeof(T) < held) {
      return errc::truncated;
    }
    if (in.remaining().size() != held * sizeof(T) || !(least_ <= greatest_)) {
      return errc::corrupt;
    }
    byte_reader once = in;
    std::uint64_t weights = 0;
    for (unsigned h = 0; h < levels; ++h) {
      T before = least_;
      for (std::uint32_t i = offset[h]; i < offset[h + 1]; ++i) {
        const T x = read(once);
        if (!(least_ <= x && x <= greatest_) || ((h > 0 || sorted_) && x < before)) {
          return errc::corrupt;
        }
        before = x;
      }
      weights += static_cast<std::uint64_t>(offset[h + 1] - offset[h]) << h;
    }
    if (weights != n_) {
      return errc::corrupt;
    }
    levels_ = static_cast<std::uint8_t>(levels);
    if (held <= shape.slots) {
      for (unsigned h = 0; h <= levels; ++h) {
        bound_[h] = static_cast<index>(shape.slots - (capacity - offset[h]));
      }
      for (std::size_t i = bound_[0]; i < shape.slots; ++i) {
        items_[i] = read(in);
      }
    } else {
      take_image(in.bytes(held * sizeof(T)), offset, levels);
    }
    return errc::ok;
  }
  /// From the top level down, as a merge takes them.
  constexpr void take_image(std::span<const std::byte> items, const std::uint32_t* offset, unsigned levels) noexcept {
    constexpr std::uint32_t part = K / 4 < 64 ? K / 4 : 64;
    for (unsigned h = levels; h-- > 0;) {
      byte_reader level{items.subspan((offset[h] - offset[0]) * sizeof(T), (offset[h + 1] - offset[h]) * sizeof(T))};
      for (std::uint32_t left = offset[h + 1] - offset[h]; left != 0;) {
        const std::uint32_t here = left < part ? left : part;
        T run[part] = {};
        for (std::uint32_t i = 0; i < here; ++i) {
          run[i] = read(level);
        }
        take_level(h, run, here);
        left -= here;
      }
    }
  }

  std::uint64_t n_ = 0;
  splitmix64 random_;
  std::uint64_t coins_ = 0;   // by level: what was tossed last
  std::uint64_t second_ = 0;  // by level: the next toss is the second of two
  T least_ = limits::has_infinity ? limits::infinity() : limits::max();
  T greatest_ = limits::has_infinity ? -limits::infinity() : limits::lowest();
  std::uint32_t refused_ = 0;
  std::uint16_t min_k_ = K;
  std::uint8_t levels_ = 1;
  bool sorted_ = false;
  index bound_[max_levels + 1] = {};  // level h is items_[bound_[h]] to items_[bound_[h + 1]]; what is free lies before level 0
  T items_[shape.slots] = {};
};

}  // namespace skerry::inline v0::stats
