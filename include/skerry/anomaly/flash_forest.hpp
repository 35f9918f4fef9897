// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/flash_trees.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// A trained forest that lies in constant memory: arrays without pointers, wherever they are (flash, a mapped file, an object).
///
/// Every tree in pre-order: the left child of a split is the next one, the right child follows after the `left` splits of the left
/// subtree; leaves from left to right. `splits` counts those of each tree.
///
/// Input   codes, none missing
/// Cost    five pointers; a walk of Trees · depth comparisons per row, four trees at once
/// Bound   equal to the `depth_sum_codes` of the forest it was made from
/// Errors  `corrupt` from `create`: the arrays are no forest of that many columns; `width`; `not_finite`: a missing code
template <forest_code Code, typename Leaf = std::uint8_t, typename Feature = std::uint8_t, typename Count = std::uint8_t>
class flash_forest_view {
 public:
  using code_type = Code;

  /// Looks at every split once, so that no walk can leave the arrays afterwards.
  [[nodiscard]] static constexpr result<flash_forest_view> create(std::size_t columns, std::span<const Feature> feature,
                                                                  std::span<const Code> thresholds, std::span<const Count> left,
                                                                  std::span<const Leaf> leaves,
                                                                  std::span<const std::uint16_t> splits) noexcept {
    const std::size_t all = feature.size();
    if (thresholds.size() != all || left.size() != all || splits.size() > 65535 || leaves.size() != all + splits.size()) {
      return errc::corrupt;
    }
    const flash_forest_view made{
        columns, {feature.data(), thresholds.data(), left.data(), leaves.data(), splits.data(), static_cast<std::uint32_t>(splits.size())}};
    if (!made.trees_.valid(columns, all)) {
      return errc::corrupt;
    }
    return made;
  }

  [[nodiscard]] constexpr result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!detail::none_missing<Code>(row.data(), columns_)) {
      return errc::not_finite;
    }
    return trees_.depth_sum(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] constexpr status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (!rows.holds(columns_) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::none_missing<Code>(rows.row(i), columns_)) {
        return errc::not_finite;
      }
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = trees_.depth_sum(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] constexpr std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] constexpr std::size_t trees() const noexcept { return trees_.trees; }

 private:
  template <std::size_t, std::size_t, std::size_t, forest_code, typename, typename>
  friend class flash_forest;
  using trees_type = detail::flash_trees<Feature, Count, Code, Leaf>;
  constexpr flash_forest_view(std::size_t columns, const trees_type& trees) noexcept : columns_{columns}, trees_{trees} {}

  std::size_t columns_;
  trees_type trees_;
};

/// The same forest as one object of the size of its arrays: the shape for firmware, as a `constexpr` object or lowered on the spot.
///
/// Input   codes, none missing
/// Cost    sizeof <= Nodes · (2 + sizeof(Code) + sizeof(Leaf)) + Trees · (2 + sizeof(Leaf)) + 16 up to 255 columns and samples of 256; the
/// `bytes()`
///         in use are those with the splits and trees that there are. No heap, trivially copyable
/// Bound   equal to the forest's `depth_sum_codes`
/// Errors  `not_finite`: a missing code; `width`
template <std::size_t Features, std::size_t Trees, std::size_t Nodes, forest_code Code, typename Leaf = std::uint8_t,
          typename Count = std::uint8_t>
class flash_forest {
  static_assert(Features > 0 && Features <= 65535 && Trees > 0 && Trees <= 65535 && Nodes > 0, "flash_forest: columns, trees and splits");

 public:
  using code_type = Code;
  using leaf_type = Leaf;
  using count_type = Count;
  using feature_type = std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>;
  using view_type = flash_forest_view<Code, Leaf, feature_type, Count>;
  static constexpr std::size_t features = Features, tree_capacity = Trees, node_capacity = Nodes;

  /// From constants, all places used. `valid()` belongs into a static_assert beside it.
  constexpr flash_forest(const std::array<feature_type, Nodes>& feature, const std::array<Code, Nodes>& thresholds,
                         const std::array<Count, Nodes>& left, const std::array<Leaf, Nodes + Trees>& leaves,
                         const std::array<std::uint16_t, Trees>& splits) noexcept
      : splits_used_{static_cast<std::uint32_t>(Nodes)},
        trees_{static_cast<std::uint16_t>(Trees)},
        splits_{splits},
        threshold_{thresholds},
        leaves_{leaves},
        left_{left},
        feature_{feature} {}

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    if (forest.codes().columns() != Features || forest.trees() > Trees || forest.splits() > Nodes ||
        forest.sample() > std::size_t{static_cast<Count>(-1)} + 1U) {
      return false;
    }
    return detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit flash_forest(const Forest& forest) noexcept
      : splits_used_{static_cast<std::uint32_t>(forest.splits())}, trees_{static_cast<std::uint16_t>(forest.trees())} {
    SKERRY_ASSERT(holds(forest));
    std::size_t split = 0;
    std::size_t leaf = 0;
    for (std::size_t t = 0; t < trees_; ++t) {
      const auto splits = forest.splits_of(t);
      splits_[t] = static_cast<std::uint16_t>(splits.size());
      for (const auto& s : splits) {
        feature_[split] = static_cast<feature_type>(s.feature);
        threshold_[split] = s.threshold;
        left_[split] = static_cast<Count>(s.left);
        ++split;
      }
      for (const auto l : forest.leaves_of(t)) {
        leaves_[leaf++] = static_cast<Leaf>(l);
      }
    }
  }

  /// True when the arrays form a forest of these columns. One made by `lower` does; check one that was written by hand or by a tool.
  [[nodiscard]] constexpr bool valid() const noexcept {
    return splits_used_ <= Nodes && trees_ <= Trees && view().trees_.valid(Features, splits_used_);
  }

  [[nodiscard]] constexpr result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    return view().depth_sum_codes(row);
  }
  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] constexpr status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    return view().depth_sums_codes(rows, out);
  }

  [[nodiscard]] constexpr std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] constexpr std::size_t splits() const noexcept { return splits_used_; }
  /// Bytes of the model in use: what an object with exactly these Nodes and Trees takes. This object takes sizeof.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept {
    return sizeof(splits_used_) + sizeof(trees_) + splits_used_ * (sizeof(feature_type) + sizeof(Code) + sizeof(Count) + sizeof(Leaf)) +
           trees_ * (sizeof(Leaf) + sizeof(std::uint16_t));
  }

 private:
  [[nodiscard]] constexpr view_type view() const noexcept {
    return view_type{Features, {feature_.data(), threshold_.data(), left_.data(), leaves_.data(), splits_.data(), trees_}};
  }

  std::uint32_t splits_used_;
  std::uint16_t trees_;
  std::array<std::uint16_t, Trees> splits_{};
  std::array<Code, Nodes> threshold_{};
  std::array<Leaf, Nodes + Trees> leaves_{};
  std::array<Count, Nodes> left_{};
  std::array<feature_type, Nodes> feature_{};
};

/// The arrays that hold any forest of this type.
template <typename Forest>
using flash_forest_for = flash_forest<Forest::features, Forest::tree_capacity, Forest::node_capacity, typename Forest::code_type,
                                      typename Forest::leaf_type, decltype(Forest::split_type::left)>;

}  // namespace skerry::inline v0::anomaly
