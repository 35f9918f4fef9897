// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/flash_trees.hpp>
#include <skerry/anomaly/detail/heap_array.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/array_of.hpp>
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
/// Input   codes; missing ones if the forest was trained with them (`takes_missing`)
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
                                                                  std::span<const std::uint16_t> places,
                                                                  bool takes_missing = false) noexcept {
    const std::size_t all = words.size();
    if (columns == 0 || columns > 65535 || thresholds.size() != all || places.size() > 65535 || leaves.size() != all + places.size()) {
      return errc::corrupt;
    }
    const flash_forest_view made{columns,
                                 {words.data(), thresholds.data(), leaves.data(), places.data(), static_cast<std::uint32_t>(places.size()),
                                  detail::flash_count_bits<Word>(columns)},
                                 takes_missing};
    if (!made.trees_.valid(columns, all)) {
      return errc::corrupt;
    }
    return made;
  }

  [[nodiscard]] constexpr result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), columns_)) {
      return errc::not_finite;
    }
    return trees_.template depth_sum<0>(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] constexpr status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (const status fit = detail::rows_fit(rows, columns_, out.size(), missing_too_); !fit) {
      return fit;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = trees_.template depth_sum<0>(rows.row(i));
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
  constexpr flash_forest_view(std::size_t columns, const trees_type& trees, bool missing_too) noexcept
      : columns_{columns}, trees_{trees}, missing_too_{missing_too} {}

  std::size_t columns_;
  trees_type trees_;
  bool missing_too_;
};

/// The same forest as one object of the size of its arrays: the shape for firmware, as a `constexpr` object or lowered on the spot.
///
/// Nodes is the number of places: one for each split, and one for each left count that no longer fits the word of its split (with up
/// to 16 columns, 15 or more).
///
/// Input   codes; missing ones if the forest was trained with them (`takes_missing`)
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
                         const std::array<Leaf, Nodes + Trees>& leaves, const std::array<std::uint16_t, Trees>& places,
                         bool takes_missing = false) noexcept
      : places_used_{static_cast<std::uint32_t>(Nodes)},
        trees_{static_cast<std::uint16_t>(Trees)},
        missing_too_{takes_missing},
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
    if (detail::code_columns(forest) != Features || forest.trees() > Trees) {
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
  explicit flash_forest(const Forest& forest) noexcept
      : places_used_{0}, trees_{static_cast<std::uint16_t>(forest.trees())}, missing_too_{detail::takes_missing(forest)} {
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
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return view().trees_.template depth_sum<count_bits>(row.data());
  }
  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] constexpr status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    return view().depth_sums_codes(rows, out);
  }

  [[nodiscard]] constexpr std::size_t trees() const noexcept { return trees_; }
  /// Bytes of the model in use: what an object with exactly these Nodes and Trees takes. This object takes sizeof.
  [[nodiscard]] constexpr std::size_t bytes() const noexcept {
    return sizeof(places_used_) + sizeof(trees_) + sizeof(missing_too_) + places_used_ * (sizeof(word_type) + sizeof(Code) + sizeof(Leaf)) +
           trees_ * (sizeof(Leaf) + sizeof(std::uint16_t));
  }

  /// The arrays in use: what the constructor from constants takes.
  [[nodiscard]] constexpr std::span<const word_type> words() const noexcept { return {word_.data(), places_used_}; }
  [[nodiscard]] constexpr std::span<const Code> thresholds() const noexcept { return {threshold_.data(), places_used_}; }
  [[nodiscard]] constexpr std::span<const Leaf> leaves() const noexcept { return {leaves_.data(), places_used_ + std::size_t{trees_}}; }
  [[nodiscard]] constexpr std::span<const std::uint16_t> places() const noexcept { return {places_.data(), trees_}; }

  [[nodiscard]] constexpr bool takes_missing() const noexcept { return missing_too_; }
  /// The same without the sizes in its type.
  [[nodiscard]] constexpr view_type view() const noexcept {
    return view_type{Features, {word_.data(), threshold_.data(), leaves_.data(), places_.data(), trees_, count_bits}, missing_too_};
  }

 private:
  static constexpr std::uint32_t count_bits = detail::flash_count_bits<word_type>(Features), long_count = (1U << count_bits) - 1U;

  std::uint32_t places_used_;
  std::uint16_t trees_;
  bool missing_too_;
  std::array<std::uint16_t, Trees> places_{};
  std::array<Code, Nodes> threshold_{};
  std::array<Leaf, Nodes + Trees> leaves_{};
  array_of<word_type, Nodes> word_{};
};

/// The same for a forest whose width and size come from data.
///
/// Cost    bytes() of `flash_forest`, leaves of two bytes; words of one byte up to 32 columns, two up to 4096, then four
template <forest_code Code, typename Allocator = std::allocator<std::byte>>
class dynamic_flash_forest {
 public:
  using code_type = Code;
  using allocator_type = Allocator;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      if (detail::flash_places(forest.splits_of(t), count_bits_for(detail::code_columns(forest))) > 65535) {
        return false;
      }
    }
    return true;
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit dynamic_flash_forest(const Forest& forest)
      : columns_{detail::code_columns(forest)},
        trees_{static_cast<std::uint32_t>(forest.trees())},
        missing_too_{detail::takes_missing(forest)},
        room_{room_for(forest)},
        word_{room_ * word_bytes(columns_), forest.get_allocator()},
        threshold_{room_, forest.get_allocator()},
        leaves_{room_ + trees_, forest.get_allocator()},
        places_{trees_, forest.get_allocator()} {
    as_words(*this, [&forest, this](auto* words) {
      std::size_t used = 0;
      for (std::size_t t = 0; t < trees_; ++t) {
        places_.data()[t] = detail::write_flash_tree(forest.splits_of(t), forest.leaves_of(t), words + used, threshold_.data() + used,
                                                     leaves_.data() + used + t, count_bits_for(columns_));
        used += places_.data()[t];
      }
    });
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    return as_words(*this, [row, this](const auto* words) { return this->view(words).depth_sum_codes(row); });
  }
  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    return as_words(*this, [&rows, out, this](const auto* words) { return this->view(words).depth_sums_codes(rows, out); });
  }

  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  /// The object and its blocks.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return sizeof(*this) + word_.bytes() + threshold_.bytes() + leaves_.bytes() + places_.bytes();
  }

 private:
  [[nodiscard]] static std::size_t word_bytes(std::size_t columns) noexcept { return columns <= 32 ? 1 : columns <= 4096 ? 2 : 4; }
  [[nodiscard]] static std::uint32_t count_bits_for(std::size_t columns) noexcept {
    return columns <= 32     ? detail::flash_count_bits<std::uint8_t>(columns)
           : columns <= 4096 ? detail::flash_count_bits<std::uint16_t>(columns)
                             : detail::flash_count_bits<std::uint32_t>(columns);
  }
  template <typename Forest>
  [[nodiscard]] static std::size_t room_for(const Forest& forest) noexcept {
    std::size_t room = 0;
    for (std::size_t t = 0; t < forest.trees(); ++t) {
      room += detail::flash_places(forest.splits_of(t), count_bits_for(detail::code_columns(forest)));
    }
    return room;
  }
  /// Calls `f` with the words, whichever width they have.
  template <typename Self, typename F>
  static auto as_words(Self& self, const F& f) noexcept {
    const auto as = [&self](auto none) {
      using word = std::conditional_t<std::is_const_v<Self>, const decltype(none), decltype(none)>;
      return reinterpret_cast<word*>(self.word_.data());
    };
    switch (word_bytes(self.columns_)) {
      case 1: return f(as(std::uint8_t{}));
      case 2: return f(as(std::uint16_t{}));
      default: return f(as(std::uint32_t{}));
    }
  }
  template <typename Word>
  [[nodiscard]] flash_forest_view<Word, Code, std::uint16_t> view(const Word* words) const noexcept {
    return {columns_, {words, threshold_.data(), leaves_.data(), places_.data(), trees_, count_bits_for(columns_)}, missing_too_};
  }

  std::size_t columns_;
  std::uint32_t trees_;
  bool missing_too_;
  std::size_t room_;
  detail::heap_array<std::uint8_t, Allocator> word_;
  detail::heap_array<Code, Allocator> threshold_;
  detail::heap_array<std::uint16_t, Allocator> leaves_;
  detail::heap_array<std::uint16_t, Allocator> places_;
};

namespace detail {

template <typename Forest, std::size_t Columns>
struct flash_forest_of {
  static constexpr std::uint32_t count_bits = flash_count_bits<flash_word<Columns>>(Columns);
  using type =
      flash_forest<Columns, Forest::tree_capacity,
                   Forest::node_capacity + Forest::tree_capacity * flash_long_counts(depth_limit_of(Forest::sample_capacity), count_bits),
                   typename Forest::code_type, typename Forest::leaf_type>;
};
template <typename Code, typename Allocator, std::size_t Columns>
struct flash_forest_of<dynamic_isolation_forest<Code, Allocator>, Columns> {
  using type = dynamic_flash_forest<Code, Allocator>;
};

}  // namespace detail

/// The arrays that hold any forest of this type grown to its usual depth, ceil(log2 sample). `Columns` is how many codes its splits look
/// at: more than `Features` where the forest derives columns. A dynamic forest brings its width along.
template <typename Forest, std::size_t Columns = detail::features_of<Forest>::value>
using flash_forest_for = typename detail::flash_forest_of<Forest, Columns>::type;

}  // namespace skerry::inline v0::anomaly
