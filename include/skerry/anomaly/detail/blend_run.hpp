// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_plain.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// Where a list stands: splits tree after tree, and where each `blend_chunk` trees end.
template <typename Kernel, typename Split, forest_code Code>
struct blend_run {
  using leaf_type = typename Split::leaf_type;
  using compared_type = typename Split::compared_type;
  static constexpr std::size_t kernel_width = Kernel::width;
  const Split* splits;
  const std::uint32_t* chunk_end;
  std::size_t trees, columns;
  std::uint32_t bare;  ///< leaf codes of the trees without a split

  /// As many vectors as there are registers for, while the codes of a block stay below 64 KB.
  [[nodiscard]] static constexpr std::size_t vectors_for(std::size_t columns) noexcept {
    std::size_t n = Kernel::registers;
    while (n > 0 && n * Kernel::width * columns * sizeof(Code) > 65536) {
      n /= 2;
    }
    return n;
  }

  /// Scores `rows` rows. `codes_of(i)` answers the codes of row i, good until the next call. Room: Columns · Vectors · width codes and
  /// Levels · Vectors · width leaves.
  template <std::size_t Vectors, std::size_t Columns, std::size_t Levels, typename CodesOf>
  void score(std::size_t rows, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    std::size_t at = 0;
    if constexpr (Vectors != 0) {
      constexpr std::size_t large = Vectors * Kernel::width;
      while (rows - at > large / 4) {
        const std::size_t n = rows - at < large ? rows - at : large;
        block<Vectors, Columns, Levels>(at, n, out + at, codes_of);
        at += n;
      }
      while (rows - at > 4) {
        const std::size_t n = rows - at < Kernel::width ? rows - at : Kernel::width;
        block<1, Columns, Levels>(at, n, out + at, codes_of);
        at += n;
      }
    }
    for (; at < rows; ++at) {
      out[at] = sum_of<Levels>(codes_of(at));
    }
  }

  template <std::size_t Levels>
  [[nodiscard]] std::uint32_t sum_of(const Code* x) const noexcept {
    return bare + blend_row<Levels>(splits, splits + end_of_splits(), x);
  }

 private:
  [[nodiscard]] std::size_t end_of_splits() const noexcept { return trees == 0 ? 0 : chunk_end[(trees - 1) / blend_chunk]; }

  /// Rows at, at + 1, … at + n - 1; the places of a block that is not full hold its last row.
  template <std::size_t Vectors, std::size_t Columns, std::size_t Levels, typename CodesOf>
  void block(std::size_t at, std::size_t n, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    constexpr std::size_t width = Vectors * Kernel::width;
    alignas(64) std::array<compared_type, Columns * width> codes;
    alignas(64) std::array<leaf_type, Levels * width> aside;
    alignas(64) array_of<blend_sum<leaf_type>, width> sums;
    for (std::size_t i = 0; i < width; ++i) {
      const Code* x = codes_of(at + (i < n ? i : n - 1));
      compared_type* to = codes.data() + Kernel::template column_position<Code>(i);
      for (std::size_t j = 0; j < columns; ++j) {
        to[j * width] = to_signed(x[j]);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = bare;
    }
    const Split* from = splits;
    for (std::size_t c = 0; c * blend_chunk < trees; ++c) {
      const Split* end = splits + chunk_end[c];
      sums.fill(0);
      Kernel::template run<Vectors>(from, end, codes.data(), aside.data(), sums.data());
      for (std::size_t i = 0; i < n; ++i) {
        out[i] += sums[Kernel::sum_position(i)];
      }
      from = end;
    }
  }
};

/// One tree with splits, from pre-order to post-order: the same walk from the last split to the first, right children first, writes
/// the list backwards.
template <typename Made, typename Split, typename From>
void place_in_list(std::span<const Split> splits, std::span<const From> leaves, Made* list) noexcept {
  using leaf_type = typename Made::leaf_type;
  struct waiting {
    std::uint32_t split, splits, leaf;
  };
  array_of<waiting, greatest_depth + 1> todo;
  std::size_t size = 0;
  auto to = static_cast<std::uint32_t>(splits.size());
  todo[size++] = {0, to, 0};
  while (size != 0) {
    const waiting node = todo[--size];
    const Split& from = splits[node.split];
    const std::uint32_t left = from.left;
    const std::uint32_t right = node.splits - 1U - left;
    const std::uint32_t right_leaf = node.leaf + left + 1U;
    Made& made = list[--to];
    made.threshold = to_signed(from.threshold);
    made.feature = static_cast<decltype(made.feature)>(from.feature);
    made.left = static_cast<leaf_type>(left == 0 ? leaves[node.leaf] : From{});
    made.right = static_cast<leaf_type>(right == 0 ? leaves[right_leaf] : From{});
    made.kind = static_cast<std::uint8_t>((left != 0 ? blend_kind::left : 0) | (right != 0 ? blend_kind::right : 0) |
                                          (to == 0 ? blend_kind::first : 0));
    if (left != 0) {
      todo[size++] = {node.split + 1U, left, node.leaf};
    }
    if (right != 0) {
      todo[size++] = {node.split + 1U + left, right, right_leaf};
    }
  }
}

/// All trees of a forest, one after the other. Answers what the trees without a split add to every sum.
template <typename Made, typename Forest>
[[nodiscard]] std::uint32_t place_forest(const Forest& forest, Made* list, std::uint32_t* chunk_end) noexcept {
  std::size_t used = 0;
  std::uint32_t bare = 0;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    const auto splits = forest.splits_of(t);
    if (splits.empty()) {
      bare += forest.leaves_of(t)[0];
    } else {
      place_in_list(splits, forest.leaves_of(t), list + used);
    }
    used += splits.size();
    chunk_end[t / blend_chunk] = static_cast<std::uint32_t>(used);
  }
  return bare;
}

/// True where codes of numbers can be made from the ranges alone: no derived columns.
template <typename Forest>
[[nodiscard]] bool ranges_are_enough(const Forest& forest) noexcept {
  return forest.codes().learned() && code_columns(forest) == forest.codes().columns() && !takes_missing(forest);
}

}  // namespace skerry::inline v0::anomaly::detail
