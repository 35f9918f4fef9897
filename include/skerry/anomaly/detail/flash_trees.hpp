// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tree_growth.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

/// Trees in pre-order, each field in an array of its own, wherever those lie.
template <typename Feature, typename Count, forest_code Code, typename Leaf>
struct flash_trees {
  const Feature* feature;
  const Code* threshold;
  const Count* left;            ///< splits in the left subtree
  const Leaf* leaf;             ///< a tree has one more than splits
  const std::uint16_t* splits;  ///< of each tree
  std::uint32_t trees;

  /// The sum of the leaf codes of one row.
  [[nodiscard]] constexpr std::uint32_t depth_sum(const Code* x) const noexcept {
    constexpr std::uint32_t lanes = 4;
    std::uint32_t sum = 0;
    std::uint32_t first = 0;  // split of the next tree; its first leaf is first + tree
    std::uint32_t tree = 0;
    for (; tree + lanes <= trees; tree += lanes) {
      sum += walk<lanes>(tree, first, x);
    }
    for (; tree < trees; ++tree) {
      sum += walk<1>(tree, first, x);
    }
    return sum;
  }

  /// True when the counts form trees no deeper than a forest grows, every column is below `columns`, and all splits are used.
  [[nodiscard]] constexpr bool valid(std::size_t columns, std::size_t all_splits) const noexcept {
    std::size_t at = 0;
    for (std::uint32_t tree = 0; tree < trees; ++tree) {
      std::array<std::uint32_t, greatest_depth + 1> waiting{};  // splits of the right children to come
      std::size_t depth = 0;
      std::uint32_t count = splits[tree];
      if (count > all_splits - at) {
        return false;
      }
      for (;;) {
        if (count != 0) {
          if (depth == greatest_depth || feature[at] >= columns || left[at] >= count) {
            return false;
          }
          waiting[depth++] = count - 1U - left[at];
          count = left[at];
          ++at;
          continue;
        }
        // A count that was taken is marked, so that the way up can tell left from right.
        while (depth != 0 && waiting[depth - 1] == taken) {
          --depth;
        }
        if (depth == 0) {
          break;
        }
        count = waiting[depth - 1];
        waiting[depth - 1] = taken;
      }
    }
    return trees != 0 && at == all_splits;
  }

 private:
  static constexpr std::uint32_t taken = 0xffffffffU;

  /// Some trees walked together, so that the loads of one hide behind the others. One that has come to its leaf stands still.
  template <std::uint32_t Lanes>
  [[nodiscard]] constexpr std::uint32_t walk(std::uint32_t tree, std::uint32_t& first, const Code* x) const noexcept {
    std::array<std::uint32_t, Lanes> at{};
    std::array<std::uint32_t, Lanes> leaf_at{};
    std::array<std::uint32_t, Lanes> below{};
    std::uint32_t open = 0;
    for (std::uint32_t lane = 0; lane < Lanes; ++lane) {
      at[lane] = first;
      leaf_at[lane] = first + tree + lane;
      below[lane] = splits[tree + lane];
      first += below[lane];
      open |= below[lane];
    }
    while (open != 0) {
      open = 0;
      for (std::uint32_t lane = 0; lane < Lanes; ++lane) {
        const std::uint32_t live = 0U - static_cast<std::uint32_t>(below[lane] != 0);
        const std::uint32_t s = at[lane] & live;  // any split that can be read
        const std::uint32_t on_left = left[s];
        const std::uint32_t right = live & (0U - static_cast<std::uint32_t>(x[feature[s]] > threshold[s]));
        const std::uint32_t rest = below[lane] - 1U - on_left;
        below[lane] = (on_left ^ ((on_left ^ rest) & right)) & live;
        leaf_at[lane] += (on_left + 1U) & right;
        at[lane] += (on_left & right) - live;
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
