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
/// Every tree in pre-order: the left child of a split stands in the next place, the right child behind the left subtree, whose places
/// are counted. A word holds column · 2^b + count, b being what `Columns - 1` leaves of it (at most 16). A count of 2^b - 1 or more
/// is written as 2^b - 1, and the place behind the split holds it: its high byte as word, its low byte as threshold. Leaves from
/// left to right; a split with such a count has one more, zero, behind those of its subtrees. `places` counts those of each tree.
///
/// Input   codes, none missing
/// Cost    five pointers; a walk of Trees · depth comparisons per row, four trees at once on processors of 64 bits
/// Bound   equal to the `depth_sum_codes` of the forest it was made from
/// Errors  `corrupt` from `create`: the arrays are no forest of that many columns; `width`; `not_finite`: a missing code
template <typename Word, forest_code Code, typename Leaf = std::uint8_t>
class flash_forest_view {
 public:
  using code_type = Code;

  /// Looks at every place once, so that no walk can leave the arrays afterwards.
  [[nodiscard]] static constexpr result<flash_forest_view> create(std::size_t columns, std::span<const Word> words,
                                                                  std::span<const Code> thresholds, std::span<const Leaf> leaves,
                                                                  std::span<const std::uint16_t> places) noexcept {
    const std::size_t all = words.size();
    if (columns == 0 || columns > 65535 || thresholds.size() != all || places.size() > 65535 || leaves.size() != all + places.size()) {
      return errc::corrupt;
    }
    const flash_forest_view made{columns,
                                 {words.data(), thresholds.data(), leaves.data(), places.data(), static_cast<std::uint32_t>(places.size()),
                                  detail::flash_count_bits<Word>(columns)}};
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
  template <std::size_t, std::size_t, std::size_t, forest_code, typename>
  friend class flash_forest;
  template <forest_code, typename>
  friend class dynamic_flash_forest;
  using trees_type = detail::flash_trees<Word, Code, Leaf>;
  constexpr flash_forest_view(std::size_t columns, const trees_type& trees) noexcept : columns_{columns}, trees_{trees} {}

  std::size_t columns_;
  trees_type trees_;
};

/// The same forest as one object of the size of its arrays: the shape for firmware, as a `constexpr` object or lowered on the spot.
///
/// Nodes is the number of places: one for each split, and one for each left count that no longer fits the word of its split (with up
/// to 16 columns, 15 or more).
///
/// Input   codes, none missing
/// Cost    sizeof <= Nodes · (1 + sizeof(Code) + sizeof(Leaf)) + Trees · (2 + sizeof(Leaf)) + 16 up to 32 columns, one more a place up to
///         4096; the `bytes()` in use are those with the places and trees that there are. No heap, trivially copyable
/// Bound   equal to the forest's `depth_sum_codes`
/// Errors  `not_finite`: a missing code; `width`
template <std::size_t Features, std::size_t Trees, std::size_t Nodes, forest_code Code, typename Leaf = std::uint8_t>
class flash_forest {
  static_assert(Features > 0 && Features <= 65535 && Trees > 0 && Trees <= 65535 && Nodes > 0, "flash_forest: columns, trees and places");

 public:
  using code_type = Code;
  using leaf_type = Leaf;
  using word_type = detail::flash_word<Features>;
  using view_type = flash_forest_view<word_type, Code, Leaf>;
  static constexpr std::size_t features = Features, tree_capacity = Trees, node_capacity = Nodes;

  /// From constants, all places used. `valid()` belongs into a static_assert beside it.
  constexpr flash_forest(const std::array<word_type, Nodes>& words, const std::array<Code, Nodes>& thresholds,
                         const std::array<Leaf, Nodes + Trees>& leaves, const std::array<std::uint16_t, Trees>& places) noexcept
      : places_used_{static_cast<std::uint32_t>(Nodes)},
        trees_{static_cast<std::uint16_t>(Trees)},
        places_{places},
        threshold_{thresholds},
        leaves_{leaves},
        word_{words} {}

  /// The word of a split: its column, and how many places its left subtree takes, if they fit.
  [[nodiscard]] static constexpr word_type word(std::size_t column, std::uint32_t left) noexcept {
    SKERRY_ASSERT(column < Features);
    return static_cast<word_type>((static_cast<std::uint32_t>(column) << count_bits) | (left < long_count ? left : long_count));
  }

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    if (forest.codes().columns() != Features || forest.trees() > Trees) {
      return false;
    }
    std::size_t all = 0;
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      const std::size_t places = detail::flash_places(forest.splits_of(t), count_bits);
      if (places > 65535) {
        return false;
      }
      all += places;
    }
    return all <= Nodes && detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit flash_forest(const Forest& forest) noexcept : places_used_{0}, trees_{static_cast<std::uint16_t>(forest.trees())} {
    SKERRY_ASSERT(holds(forest));
    for (std::size_t t = 0; t < trees_; ++t) {
      places_[t] = detail::write_flash_tree(forest.splits_of(t), forest.leaves_of(t), word_.data() + places_used_,
                                            threshold_.data() + places_used_, leaves_.data() + places_used_ + t, count_bits);
      places_used_ += places_[t];
    }
  }

  /// True when the arrays form a forest of these columns. One made by `lower` does; check one that was written by hand or by a tool.
  [[nodiscard]] constexpr bool valid() const noexcept {
    return places_used_ <= Nodes && trees_ <= Trees && view().trees_.valid(Features, places_used_);
  }

  [[nodiscard]] constexpr result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    return view().depth_sum_codes(row);
  }
  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] constexpr status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    return view().depth_sums_codes(rows, out);
  }

  [[nodiscard]] constexpr std::size_t trees() const noexcept { return trees_; }
  /// Bytes of the model in use: what an object with exactly these Nodes and Trees takes. This object takes sizeof.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept {
    return sizeof(places_used_) + sizeof(trees_) + places_used_ * (sizeof(word_type) + sizeof(Code) + sizeof(Leaf)) +
           trees_ * (sizeof(Leaf) + sizeof(std::uint16_t));
  }

  /// The arrays in use: what the constructor from constants takes.
  [[nodiscard]] constexpr std::span<const word_type> words() const noexcept { return {word_.data(), places_used_}; }
  [[nodiscard]] constexpr std::span<const Code> thresholds() const noexcept { return {threshold_.data(), places_used_}; }
  [[nodiscard]] constexpr std::span<const Leaf> leaves() const noexcept { return {leaves_.data(), places_used_ + std::size_t{trees_}}; }
  [[nodiscard]] constexpr std::span<const std::uint16_t> places() const noexcept { return {places_.data(), trees_}; }

 private:
  static constexpr std::uint32_t count_bits = detail::flash_count_bits<word_type>(Features), long_count = (1U << count_bits) - 1U;

  [[nodiscard]] constexpr view_type view() const noexcept {
    return view_type{Features, {word_.data(), threshold_.data(), leaves_.data(), places_.data(), trees_, count_bits}};
  }

  std::uint32_t places_used_;
  std::uint16_t trees_;
  std::array<std::uint16_t, Trees> places_{};
  std::array<Code, Nodes> threshold_{};
  std::array<Leaf, Nodes + Trees> leaves_{};
  std::array<word_type, Nodes> word_{};
};

namespace detail {

template <typename Forest>
struct flash_forest_of {
  static constexpr std::uint32_t count_bits = flash_count_bits<flash_word<Forest::features>>(Forest::features);
  using type =
      flash_forest<Forest::features, Forest::tree_capacity,
                   Forest::node_capacity + Forest::tree_capacity * flash_long_counts(depth_limit_of(Forest::sample_capacity), count_bits),
                   typename Forest::code_type, typename Forest::leaf_type>;
};

}  // namespace detail

/// The arrays that hold any forest of this type grown to its usual depth, ceil(log2 sample).
template <typename Forest>
using flash_forest_for = typename detail::flash_forest_of<Forest>::type;

}  // namespace skerry::inline v0::anomaly
