// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// A trained forest as complete heaps, for the smallest latency of one row.
///
/// Each tree is a complete binary heap of `Depth` levels; where a path ends early a split that every code passes on the left
/// leads on to the leaf. So a walk is a fixed number of steps k = 2k + (code > threshold) without a branch to guess, and
/// ten trees are walked at once to hide what a load costs.
///
/// Input   codes, none missing
/// Cost    Trees · 2^Depth · (node + leaf) bytes: 3 + 1 for two-byte codes, 2 + 1 for one-byte codes up to 255 columns; 102 KB and 77 KB
///         for 100 trees of 256 rows. Make it where it stays (static, or a result on the heap): it is too large for most stacks
/// Bound   equal to the forest's `depth_sum_codes`
/// Errors  `width`; `not_finite`: a missing code
template <std::size_t Features, std::size_t Trees, std::size_t Depth, forest_code Code, typename Leaf>
class walk_heap {
  static_assert(Depth >= 1 && Depth <= 16, "walk_heap: between 1 and 16 levels; deeper trees are mostly padding, score them as they are");

 public:
  using code_type = Code;
  static constexpr std::size_t features = Features, tree_capacity = Trees;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    return forest.codes().columns() == Features && forest.trees() <= Trees && forest.depth_limit() <= Depth &&
           detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit walk_heap(const Forest& forest) noexcept
      : trees_{static_cast<std::uint32_t>(forest.trees())}, levels_{static_cast<std::uint32_t>(forest.depth_limit())} {
    SKERRY_ASSERT(holds(forest));
    threshold_.fill(std::numeric_limits<Code>::max());
    for (std::size_t t = 0; t < trees_; ++t) {
      place(t, forest.splits_of(t), forest.leaves_of(t));
    }
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (!detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    std::uint32_t* const sums = out.data();
    const std::size_t together = rows.rows - rows.rows % lanes;
    for (std::size_t i = 0; i < together; i += lanes) {
      walk_rows(rows, i, sums + i, std::make_index_sequence<lanes>{});
    }
    for (std::size_t i = together; i < rows.rows; ++i) {
      sums[i] = sum_of(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] static constexpr std::size_t bytes() noexcept { return sizeof(walk_heap); }

 private:
  static constexpr std::size_t width = std::size_t{1} << Depth;  // place 0 of each heap stays empty: the root is 1
  static constexpr std::size_t lanes = 10;

  // Columns and thresholds apart, because what does not fit the nearest cache is what a walk waits for.
  using feature_type = std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>;

  // One tree per index, written out by the fold, so that -O2 keeps every k in a register too.
  template <std::size_t... Lane>
  [[nodiscard]] std::uint32_t walk(const feature_type* feature, const Code* thresholds, const Leaf* leaves, const Code* x,
                                   std::index_sequence<Lane...>) const noexcept {
    std::uint32_t k[sizeof...(Lane)] = {(static_cast<void>(Lane), 1U)...};
    for (std::uint32_t level = 0; level < levels_; ++level) {
      ((k[Lane] = 2 * k[Lane] + static_cast<std::uint32_t>(x[feature[Lane * width + k[Lane]]] > thresholds[Lane * width + k[Lane]])), ...);
    }
    const std::uint32_t first = 1U << levels_;
    return (std::uint32_t{leaves[Lane * width + (k[Lane] - first)]} + ...);
  }
  // On its own, because inside somebody's loop there are not registers enough, and a walk then takes twice as long.
  [[nodiscard, gnu::noinline]] std::uint32_t sum_of(const Code* x) const noexcept {
    std::uint32_t sum = 0;
    std::size_t together = 0;
    if constexpr (Trees >= lanes) {  // said to the compiler: GCC 12 at -O3 otherwise warns of trees that a small forest has no room for
      for (; together + lanes <= trees_; together += lanes) {
        sum += walk(feature_.data() + together * width, threshold_.data() + together * width, leaves_.data() + together * width, x,
                    std::make_index_sequence<lanes>{});
      }
    }
    for (std::size_t t = together; t < trees_; ++t) {
      sum += walk(feature_.data() + t * width, threshold_.data() + t * width, leaves_.data() + t * width, x, std::make_index_sequence<1>{});
    }
    return sum;
  }

  /// Ten rows through one tree after the other.
  template <std::size_t... Lane>
  void walk_rows(row_view<Code> rows, std::size_t at, std::uint32_t* out, std::index_sequence<Lane...>) const noexcept {
    std::uint32_t sum[sizeof...(Lane)] = {(static_cast<void>(Lane), 0U)...};
    const Code* x = rows.row(at);
    const std::uint32_t first = 1U << levels_;
    for (std::size_t t = 0; t < trees_; ++t) {
      const feature_type* feature = feature_.data() + t * width;
      const Code* thresholds = threshold_.data() + t * width;
      const Leaf* leaves = leaves_.data() + t * width;
      std::uint32_t k[sizeof...(Lane)] = {(static_cast<void>(Lane), 1U)...};
      for (std::uint32_t level = 0; level < levels_; ++level) {
        ((k[Lane] = 2 * k[Lane] + static_cast<std::uint32_t>(x[Lane * rows.stride + feature[k[Lane]]] > thresholds[k[Lane]])), ...);
      }
      ((sum[Lane] += leaves[k[Lane] - first]), ...);
    }
    ((out[Lane] = sum[Lane]), ...);
  }

  template <typename Split, typename From>
  void place(std::size_t tree, std::span<const Split> splits, std::span<const From> leaves) noexcept {
    struct waiting {
      std::uint32_t k, level, splits;
    };
    std::array<waiting, Depth + 1> todo;
    std::size_t size = 0;
    std::size_t split = 0;
    std::size_t leaf = 0;
    todo[size++] = {1, 0, static_cast<std::uint32_t>(splits.size())};
    while (size != 0) {
      const waiting node = todo[--size];
      if (node.splits == 0) {
        const std::uint32_t below = (node.k << (levels_ - node.level)) - (1U << levels_);
        leaves_[tree * width + below] = static_cast<Leaf>(leaves[leaf++]);
        continue;
      }
      const Split& from = splits[split++];
      feature_[tree * width + node.k] = static_cast<feature_type>(from.feature);
      threshold_[tree * width + node.k] = from.threshold;
      todo[size++] = {2 * node.k + 1, node.level + 1, node.splits - 1U - from.left};
      todo[size++] = {2 * node.k, node.level + 1, from.left};
    }
  }

  std::uint32_t trees_, levels_;
  std::array<Code, Trees * width> threshold_{};
  std::array<feature_type, Trees * width> feature_{};
  std::array<Leaf, Trees * width> leaves_{};
};

/// The heaps that hold any forest of this type grown to its usual depth, ceil(log2 sample).
template <typename Forest>
using walk_heap_for = walk_heap<Forest::features, Forest::tree_capacity, detail::depth_limit_of(Forest::sample_capacity),
                                typename Forest::code_type, typename Forest::leaf_type>;

}  // namespace skerry::inline v0::anomaly
