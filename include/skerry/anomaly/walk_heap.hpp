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

namespace skerry::inline v0::anomaly {

/// A trained forest as complete heaps, for the smallest latency of one row.
///
/// Each tree is a complete binary heap of `Depth` levels; where a path ends early a split that every code passes on the left
/// leads on to the leaf. So a walk is a fixed number of steps k = 2k + (code > threshold) without a branch to guess, and
/// eight trees are walked at once to hide what a load costs.
///
/// Input   codes, none missing
/// Cost    Trees · 2^Depth · (node + leaf) bytes: 4 + 1 for two-byte codes, 2 + 1 for one-byte codes up to 255 columns; 128 KB and 77 KB
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
    for (auto& split : splits_) {
      split.threshold = std::numeric_limits<Code>::max();
    }
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
      walk_rows(rows, i, sums + i);
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
  static constexpr std::size_t lanes = 8;

  struct heap_split {
    std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t> feature;
    Code threshold;
  };

  template <std::size_t Lanes>
  [[nodiscard]] std::uint32_t walk(const heap_split* splits, const Leaf* leaves, const Code* x) const noexcept {
    std::array<std::uint32_t, Lanes> k;
    k.fill(1);
    for (std::uint32_t level = 0; level < levels_; ++level) {
      for (std::size_t lane = 0; lane < Lanes; ++lane) {
        const heap_split split = splits[lane * width + k[lane]];
        k[lane] = 2 * k[lane] + static_cast<std::uint32_t>(x[split.feature] > split.threshold);
      }
    }
    std::uint32_t sum = 0;
    const std::uint32_t first = 1U << levels_;
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      sum += leaves[lane * width + (k[lane] - first)];
    }
    return sum;
  }

  [[nodiscard]] std::uint32_t sum_of(const Code* x) const noexcept {
    std::uint32_t sum = 0;
    std::size_t together = 0;
    if constexpr (Trees >= lanes) {  // said to the compiler: GCC 12 at -O3 otherwise warns of trees that a small forest has no room for
      for (; together + lanes <= trees_; together += lanes) {
        sum += walk<lanes>(splits_.data() + together * width, leaves_.data() + together * width, x);
      }
    }
    for (std::size_t t = together; t < trees_; ++t) {
      sum += walk<1>(splits_.data() + t * width, leaves_.data() + t * width, x);
    }
    return sum;
  }

  /// Eight rows through one tree after the other.
  void walk_rows(row_view<Code> rows, std::size_t at, std::uint32_t* out) const noexcept {
    std::array<std::uint32_t, lanes> sum{};
    const Code* x = rows.row(at);
    for (std::size_t t = 0; t < trees_; ++t) {
      const heap_split* splits = splits_.data() + t * width;
      const Leaf* leaves = leaves_.data() + t * width;
      std::array<std::uint32_t, lanes> k;
      k.fill(1);
      for (std::uint32_t level = 0; level < levels_; ++level) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const heap_split split = splits[k[lane]];
          k[lane] = 2 * k[lane] + static_cast<std::uint32_t>(x[lane * rows.stride + split.feature] > split.threshold);
        }
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sum[lane] += leaves[k[lane] - (1U << levels_)];
      }
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      out[lane] = sum[lane];
    }
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
      heap_split& to = splits_[tree * width + node.k];
      to.feature = static_cast<decltype(to.feature)>(from.feature);
      to.threshold = from.threshold;
      todo[size++] = {2 * node.k + 1, node.level + 1, node.splits - 1U - from.left};
      todo[size++] = {2 * node.k, node.level + 1, from.left};
    }
  }

  std::uint32_t trees_, levels_;
  std::array<heap_split, Trees * width> splits_{};
  std::array<Leaf, Trees * width> leaves_{};
};

/// The heaps that hold any forest of this type grown to its usual depth, ceil(log2 sample).
template <typename Forest>
using walk_heap_for = walk_heap<Forest::features, Forest::tree_capacity, detail::depth_limit_of(Forest::sample_capacity),
                                typename Forest::code_type, typename Forest::leaf_type>;

}  // namespace skerry::inline v0::anomaly
