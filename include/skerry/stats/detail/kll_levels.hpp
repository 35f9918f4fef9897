// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/stats/detail/kll_shape.hpp>
#include <skerry/stats/detail/sort_keys.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace skerry::inline v0::stats::detail {

/// The items of a KLL sketch by level, an item of level h standing for 2^h values: adding, making room, asking. It knows no count, no
/// bounds and no image, and takes no NaN.
template <typename T, std::uint16_t K, std::size_t Buffer>
class kll_levels {
 public:
  static constexpr kll_shape<K, Buffer> shape{};
  static constexpr unsigned max_levels = shape.max_levels;
  static constexpr std::size_t block = K >= 128 ? 512 : 128;
  using index = std::conditional_t<(shape.slots < 65536), std::uint16_t, std::uint32_t>;
  using order = ordered<T>;
  using key = typename order::key;

  explicit constexpr kll_levels(std::uint64_t seed) noexcept : random_{seed} {
    for (auto& b : bound_) {
      b = static_cast<index>(shape.slots);
    }
  }

  [[nodiscard]] static constexpr T canonical(T x) noexcept { return x + T{0}; }  // -0 to +0
  [[nodiscard]] constexpr std::size_t retained() const noexcept { return shape.slots - bound_[0]; }
  [[nodiscard]] constexpr std::uint32_t size_of(unsigned h) const noexcept { return static_cast<std::uint32_t>(bound_[h + 1] - bound_[h]); }

  /// One item more for level 0.
  constexpr void place(T x) noexcept {
    if (retained() >= shape.full[levels_]) {
      compress(shape.emptied[levels_]);
    }
    --bound_[0];
    items_[bound_[0]] = x;
    sorted_ = false;
  }

  struct ends {
    T least;
    T greatest;
  };
  /// Room for a block; answers the level that it goes to.
  constexpr unsigned make_room_for_block() noexcept {
    const unsigned j = level_for(block);
    grow_to(j + 1);
    make_room(static_cast<std::uint32_t>(block >> j));
    return j;
  }
  /// A whole block at once, for level j; answers its least and greatest item. Not inlined: its stack is not to stand on that of making
  /// room.
  [[gnu::noinline]] constexpr ends place_block(const T* xs, unsigned j) noexcept {
    key keys[block];
    key spare[block];
    for (std::size_t i = 0; i < block; ++i) {
      keys[i] = order::key_of(canonical(xs[i]));
    }
    const key* const in_order = sort_keys(keys, spare, block);
    raise(in_order, block, j);
    return {order::value_of(in_order[0]), order::value_of(in_order[block - 1])};
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

  /// The lowest level is gone.
  constexpr void forget_lowest_coin() noexcept {
    coins_ >>= 1;
    second_ >>= 1;
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
    raise(sort_keys(keys, spare, taken), taken, j);
  }
  /// Level 0 in order, by Shell's method: it is short, and there is no need for more memory.
  constexpr void sort_lowest() noexcept {
    T* const run = items_ + bound_[0];
    const std::size_t size = size_of(0);
    for (const std::size_t gap : {1093U, 364U, 121U, 40U, 13U, 4U, 1U}) {
      for (std::size_t i = gap; i < size; ++i) {
        const T x = run[i];
        std::size_t at = i;
        for (; at >= gap && x < run[at - gap]; at -= gap) {
          run[at] = run[at - gap];
        }
        run[at] = x;
      }
    }
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
      const T x = *a;
      const T y = *b;
      const std::size_t from_b = y < x ? 1 : 0;  // no branch: which run is next cannot be foreseen
      *out++ = y < x ? y : x;
      b += from_b;
      a += 1 - from_b;
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

  [[nodiscard]] constexpr std::uint64_t weight_through(T x, bool through) const noexcept {
    std::uint64_t weight = below(x, through);
    for (unsigned h = 1; h < levels_; ++h) {
      const std::size_t at = through ? first_above(x, bound_[h], bound_[h + 1]) : first_not_below(x, bound_[h], bound_[h + 1]);
      weight += static_cast<std::uint64_t>(at - bound_[h]) << h;
    }
    return weight;
  }
  /// Of level 0, which is not sorted.
  [[nodiscard]] constexpr std::size_t below(T x, bool through) const noexcept {
    std::size_t count = 0;
    if (through) {
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
  [[nodiscard]] constexpr T select(std::uint64_t want, T least, T greatest) const noexcept {
    index low[max_levels] = {};
    index high[max_levels] = {};
    index at[max_levels] = {};
    for (unsigned h = 1; h < levels_; ++h) {
      low[h] = bound_[h];
      high[h] = bound_[h + 1];
    }
    T best = greatest;
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
      if (weight + below(pivot, true) >= want) {
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
    if (below(best, false) < still) {
      return best;
    }
    key from = order::key_of(least);
    key to = order::key_of(best);
    while (from < to) {
      const key middle = from + (to - from) / 2;
      if (below(order::value_of(middle), true) >= still) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    return canonical(order::value_of(from));
  }

  splitmix64 random_;
  std::uint64_t coins_ = 0;   // by level: what was tossed last
  std::uint64_t second_ = 0;  // by level: the next toss is the second of two
  std::uint8_t levels_ = 1;
  bool sorted_ = false;
  index bound_[max_levels + 1] = {};  // level h is items_[bound_[h]] to items_[bound_[h + 1]]; what is free lies before level 0
  T items_[shape.slots] = {};
};

}  // namespace skerry::inline v0::stats::detail
