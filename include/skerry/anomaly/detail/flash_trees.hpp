// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

/// What the column of a split and its left count share: the column in the high bits, the count in as many as are left. A count that
/// does not fit is all ones there, and stands in a place of its own behind the split.
template <std::size_t Features>
using flash_word = std::conditional_t<(Features <= 32), std::uint8_t, std::conditional_t<(Features <= 4096), std::uint16_t, std::uint32_t>>;

/// Bits of a word that are left for a count.
template <typename Word>
[[nodiscard]] constexpr std::uint32_t flash_count_bits(std::size_t columns) noexcept {
  const auto all = static_cast<std::uint32_t>(std::numeric_limits<Word>::digits) - static_cast<std::uint32_t>(std::bit_width(columns - 1U));
  return all < 16 ? all : 16;
}

/// The most places that long counts take in one tree of this depth: a node whose left subtree holds that many places is so high up.
[[nodiscard]] constexpr std::size_t flash_long_counts(std::uint32_t depth, std::uint32_t count_bits) noexcept {
  return depth > count_bits ? (std::size_t{1} << (depth - count_bits)) - 1U : 0;
}

/// Shows a tree in pre-order to a visitor: `split(s)`, which answers a number for that split, and `leaf()`; and, once the left or the
/// right subtree of a split has been shown, `left_done(number)` and `right_done(number)`. False for a tree deeper than a forest grows.
template <typename Split, typename Visitor>
constexpr bool visit_tree(const Split* splits, std::uint32_t count, Visitor& visitor) noexcept {
  struct above {
    std::uint32_t rest, at;
    bool on_right;
  };
  array_of<above, greatest_depth + 1> path{};
  std::size_t depth = 0;
  std::uint32_t open = count;
  for (;;) {
    if (open != 0) {
      if (depth == greatest_depth) {
        return false;
      }
      const std::uint32_t left = splits->left;
      path[depth++] = {open - 1U - left, visitor.split(*splits), false};
      open = left;
      ++splits;
      continue;
    }
    visitor.leaf();
    while (depth != 0 && path[depth - 1].on_right) {
      visitor.right_done(path[--depth].at);
    }
    if (depth == 0) {
      return true;
    }
    above& parent = path[depth - 1];
    visitor.left_done(parent.at);
    parent.on_right = true;
    open = parent.rest;
  }
}

/// Counts the places that a tree takes.
struct flash_counter {
  std::uint32_t long_count;  ///< the first that does not fit a word
  std::uint32_t places = 0;

  template <typename Split>
  constexpr std::uint32_t split(const Split&) noexcept {
    return places++;
  }
  constexpr void leaf() noexcept {}
  constexpr void left_done(std::uint32_t at) noexcept { places += static_cast<std::uint32_t>(places - at - 1U >= long_count); }
  constexpr void right_done(std::uint32_t) noexcept {}
};

/// Writes the places and leaves of a tree.
template <typename Word, forest_code Code, typename Leaf, typename From>
struct flash_writer {
  Word* word;
  Code* threshold;
  Leaf* leaf_to;
  const From* leaf_from;
  std::uint32_t count_bits;
  std::uint32_t places = 0;

  [[nodiscard]] constexpr std::uint32_t long_count() const noexcept { return (1U << count_bits) - 1U; }
  template <typename Split>
  constexpr std::uint32_t split(const Split& s) noexcept {
    word[places] = static_cast<Word>(static_cast<std::uint32_t>(s.feature) << count_bits);
    threshold[places] = s.threshold;
    return places++;
  }
  constexpr void leaf() noexcept { *leaf_to++ = static_cast<Leaf>(*leaf_from++); }
  constexpr void left_done(std::uint32_t at) noexcept {
    const std::uint32_t left = places - at - 1U;
    if (left < long_count()) {
      word[at] = static_cast<Word>(word[at] | left);
      return;
    }
    word[at] = static_cast<Word>(word[at] | long_count());
    for (std::uint32_t i = places; i > at + 1U; --i) {  // only now is the count known to be long
      word[i] = word[i - 1U];
      threshold[i] = threshold[i - 1U];
    }
    word[at + 1U] = static_cast<Word>(left >> 8U);
    threshold[at + 1U] = static_cast<Code>(left & 0xffU);
    ++places;
  }
  /// Leaves are counted like places, so a long count has one that is never reached.
  constexpr void right_done(std::uint32_t at) noexcept {
    if ((word[at] & long_count()) == long_count()) {
      *leaf_to++ = Leaf{};
    }
  }
};

template <typename Split>
[[nodiscard]] constexpr std::size_t flash_places(std::span<const Split> splits, std::uint32_t count_bits) noexcept {
  flash_counter counter{(1U << count_bits) - 1U};
  (void)visit_tree(splits.data(), static_cast<std::uint32_t>(splits.size()), counter);
  return counter.places;
}

/// Writes one tree, and answers the places that it took.
template <typename Split, typename From, typename Word, forest_code Code, typename Leaf>
constexpr std::uint16_t write_flash_tree(std::span<const Split> splits, std::span<const From> leaves, Word* words, Code* thresholds,
                                         Leaf* to, std::uint32_t count_bits) noexcept {
  flash_writer<Word, Code, Leaf, From> writer{words, thresholds, to, leaves.data(), count_bits};
  (void)visit_tree(splits.data(), static_cast<std::uint32_t>(splits.size()), writer);
  return static_cast<std::uint16_t>(writer.places);
}

/// Trees in pre-order, each field in an array of its own, wherever those lie.
template <typename Word, forest_code Code, typename Leaf>
struct flash_trees {
  const Word* word;
  const Code* threshold;
  const Leaf* leaf;             ///< a tree has one more than places
  const std::uint16_t* places;  ///< of each tree
  std::uint32_t trees;
  std::uint32_t count_bits;

  /// The sum of the leaf codes of one row. `Bits` is `count_bits` where that is a constant, or 0.
  template <std::uint32_t Bits>
  [[nodiscard]] constexpr std::uint32_t depth_sum(const Code* x) const noexcept {
    if constexpr (walks_one_by_one) {
      return sum_one_by_one<Bits>(x);
    }
    constexpr std::uint32_t lanes = 4;
    std::uint32_t sum = 0;
    std::uint32_t tree = 0;
    std::uint32_t first = 0;  // place of the next tree; its first leaf is first + tree
    for (; tree + lanes <= trees; tree += lanes) {
      sum += walk<lanes>(tree, first, x);
    }
    for (; tree < trees; ++tree) {
      sum += walk<1>(tree, first, x);
    }
    return sum;
  }

  /// True when the counts form trees no deeper than a forest grows, every column is below `columns`, all places are used, and what is
  /// not used is zero, so that one forest has one layout.
  [[nodiscard]] constexpr bool valid(std::size_t columns, std::size_t all_places) const noexcept {
    if (columns == 0 || static_cast<std::uint32_t>(std::bit_width(columns - 1U)) > std::numeric_limits<Word>::digits ||
        count_bits != flash_count_bits<Word>(columns)) {
      return false;
    }
    const std::uint32_t mask = (1U << count_bits) - 1U;
    std::size_t at = 0;
    std::size_t leaf_at = 0;
    for (std::uint32_t tree = 0; tree < trees; ++tree) {
      struct above {
        std::uint32_t rest;
        bool on_right, is_long;
      };
      array_of<above, greatest_depth + 1> path{};
      std::size_t depth = 0;
      std::uint32_t open = places[tree];
      if (open > all_places - at) {
        return false;
      }
      for (;;) {
        if (open != 0) {
          if (depth == greatest_depth || static_cast<std::uint32_t>(word[at]) >> count_bits >= columns) {
            return false;
          }
          std::uint32_t left = static_cast<std::uint32_t>(word[at]) & mask;
          std::uint32_t own = 1;
          if (left == mask) {
            if (open < 2 || word[at + 1] > 255U || threshold[at + 1] < 0 || threshold[at + 1] > 255) {
              return false;
            }
            left = long_count(at);
            own = 2;
          }
          if (left + own > open || (own == 2 && left < mask)) {
            return false;
          }
          path[depth++] = {open - own - left, false, own == 2};
          open = left;
          at += own;
          continue;
        }
        ++leaf_at;
        while (depth != 0 && path[depth - 1].on_right) {
          if (path[--depth].is_long && leaf[leaf_at++] != 0) {
            return false;
          }
        }
        if (depth == 0) {
          break;
        }
        path[depth - 1].on_right = true;
        open = path[depth - 1].rest;
      }
    }
    return trees != 0 && at == all_places;
  }

 private:
  /// The count that stands behind the split at `at`.
  [[nodiscard]] constexpr std::uint32_t long_count(std::size_t at) const noexcept {
    return (static_cast<std::uint32_t>(word[at + 1]) << 8U) | (static_cast<std::uint32_t>(threshold[at + 1]) & 0xffU);
  }

  /// One tree after the other. Long counts are only asked for where the rest of a tree is large enough to have one. On its own, because
  /// there are just registers enough for it.
  template <std::uint32_t Bits>
  [[nodiscard, gnu::noinline]] constexpr std::uint32_t sum_one_by_one(const Code* x) const noexcept {
    const std::uint32_t bits = Bits != 0 ? Bits : count_bits;
    const std::uint32_t mask = (1U << bits) - 1U;
    const Word* const words = word;
    const Code* const thresholds = threshold;
    const Leaf* first_leaf = leaf;
    const std::uint16_t* of_tree = places;
    std::uint32_t sum = 0;
    std::uint32_t next = 0;
    for (std::uint32_t open = trees; open != 0; --open) {
      std::uint32_t at = next;
      const Leaf* leaves = first_leaf++;  // the leaf that comes next is leaves[at]
      next += *of_tree++;
      std::uint32_t end = next;
      while (end - at > mask + 1U) {
        const std::uint32_t w = words[at];
        const Code code = x[w >> bits];
        const Code most = thresholds[at];
        std::uint32_t left = w & mask;
        ++at;
        if (left == mask) {
          left = (static_cast<std::uint32_t>(words[at]) << 8U) | (static_cast<std::uint32_t>(thresholds[at]) & 0xffU);
          ++at;
          --leaves;
        }
        if (code > most) {
          at += left;
        } else {
          stay_branch();
          --leaves;  // a place that was passed without a leaf
          end = at + left;
        }
      }
      while (at != end) {
        const std::uint32_t w = words[at];
        const std::uint32_t left = w & mask;
        const Code code = x[w >> bits];
        const Code most = thresholds[at];
        ++at;
        if (code > most) {
          at += left;
          continue;
        }
        stay_branch();
        --leaves;
        if (left == 0) {
          break;
        }
        end = at + left;
      }
      sum += leaves[at];
    }
    return sum;
  }
  /// Some trees walked together, so that the loads of one hide behind the others. One that has come to its leaf stands still.
  template <std::uint32_t Lanes>
  [[nodiscard]] constexpr std::uint32_t walk(std::uint32_t tree, std::uint32_t& first, const Code* x) const noexcept {
    const std::uint32_t bits = count_bits;
    const std::uint32_t mask = (1U << bits) - 1U;
    std::array<std::uint32_t, Lanes> at{};
    std::array<std::uint32_t, Lanes> leaf_at{};
    std::array<std::uint32_t, Lanes> below{};
    std::uint32_t open = 0;
    for (std::uint32_t lane = 0; lane < Lanes; ++lane) {
      at[lane] = first;
      leaf_at[lane] = first + tree + lane;
      below[lane] = places[tree + lane];
      first += below[lane];
      open |= below[lane];
    }
    while (open != 0) {
      open = 0;
      for (std::uint32_t lane = 0; lane < Lanes; ++lane) {
        const std::uint32_t live = 0U - static_cast<std::uint32_t>(below[lane] != 0);
        const std::uint32_t s = at[lane] & live;  // any place that can be read
        const std::uint32_t w = word[s];
        const auto is_long = static_cast<std::uint32_t>((w & mask) == mask);
        const std::uint32_t left = is_long != 0 ? long_count(s) : w & mask;
        const std::uint32_t right = live & (0U - static_cast<std::uint32_t>(x[w >> bits] > threshold[s]));
        const std::uint32_t rest = below[lane] - 1U - is_long - left;
        below[lane] = (left ^ ((left ^ rest) & right)) & live;
        leaf_at[lane] += (left + 1U) & right;
        at[lane] += ((left & right) + 1U + is_long) & live;
        open |= below[lane];
      }
    }
    std::uint32_t sum = 0;
    for (std::uint32_t lane = 0; lane < Lanes; ++lane) {
      sum += leaf[leaf_at[lane]];
    }
    return sum;
  }
};

}  // namespace skerry::inline v0::anomaly::detail
