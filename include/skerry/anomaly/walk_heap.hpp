// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/heap_array.hpp>
#include <skerry/anomaly/detail/heap_walk.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// A trained forest as complete heaps, for the smallest latency of one row.
///
/// Each tree is a complete binary heap of `Depth` levels; where a path ends early, every place below leads to the same leaf. So a
/// walk is a fixed number of steps k = 2k + (code > threshold) without a branch to guess, and several trees are walked at once to
/// hide what a load costs. The last two levels below a node lie side by side with their leaves. Where the processor picks bytes of a
/// vector by number (AVX2, up to 32 columns) six levels of one-byte codes are compared at once. `Kernel` is
/// part of the type, so that parts of a program that are compiled for different processors do not take each other's code.
///
/// Input   codes; missing ones if the forest was trained with them
/// Cost    Trees · 2^Depth · (node + leaf) bytes: 3 + 1 for two-byte codes (and a gap), 2 + 1 for one-byte codes up to 255 columns; 109 KB
///         and 77 KB for 100 trees of 256 rows. Make it where it stays (static, or a result on the heap): it is too large for most stacks
/// Bound   equal to the forest's `depth_sum_codes`, with every kernel
/// Errors  `width`; `not_finite`: a missing code
template <std::size_t Features, std::size_t Trees, std::size_t Depth, forest_code Code, typename Leaf,
          typename Kernel = detail::heap_native>
class walk_heap {
  static_assert(Depth >= 1 && Depth <= 16, "walk_heap: between 1 and 16 levels; deeper trees are mostly padding, score them as they are");

 public:
  using code_type = Code;
  static constexpr std::size_t features = Features, tree_capacity = Trees;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    return detail::code_columns(forest) == Features && forest.trees() <= Trees && forest.depth_limit() <= Depth &&
           detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit walk_heap(const Forest& forest) noexcept
      : trees_{static_cast<std::uint16_t>(forest.trees())}, missing_too_{detail::takes_missing(forest)} {
    SKERRY_ASSERT(holds(forest));
    for (std::size_t t = 0; t < trees_; ++t) {
      detail::place_in_heap(forest.splits_of(t), forest.leaves_of(t), tops, feature_.data() + t * width, threshold_.data() + t * width,
                            blocks_.data() + t * width);
    }
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (const status fit = detail::rows_fit(rows, Features, out.size(), missing_too_); !fit) {
      return fit;
    }
    // Said by a remainder: from i + 10 <= rows GCC 12 at -O3 concludes on numbers of rows that no address reaches, and warns of them.
    const std::size_t together = detail::walks_one_by_one ? 0 : rows.rows - rows.rows % trees_type::lanes;
    for (std::size_t i = 0; i < together; i += trees_type::lanes) {
      view().sums_of_ten(rows.row(i), rows.stride, out.data() + i);
    }
    for (std::size_t i = together; i < rows.rows; ++i) {
      out[i] = sum_of(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] static constexpr std::size_t bytes() noexcept { return sizeof(walk_heap); }

 private:
  static constexpr std::uint32_t tops = detail::heap_tops(Depth);
  static constexpr std::size_t width = std::size_t{1} << tops;
  static constexpr std::size_t spare = tops < 6 ? 64 - width : 0;  // kernels look at 64 places, whatever they need of them

  // Columns and thresholds apart, because what does not fit the nearest cache is what a walk waits for.
  using feature_type = std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>;
  using trees_type = detail::heap_trees<Kernel, feature_type, Code, Leaf>;

  [[nodiscard]] trees_type view() const noexcept { return {feature_.data(), threshold_.data(), blocks_.data(), trees_, tops}; }
  // On its own, because inside somebody's loop there are not registers enough, and a walk then takes twice as long.
  [[nodiscard, gnu::noinline]] std::uint32_t sum_of(const Code* x) const noexcept {
    return view().template sum_of<Trees, static_cast<int>(tops)>(x, Features);
  }

  alignas(sizeof(void*) < 8 ? 4 : 64) std::array<Code, Trees * width + spare> threshold_{};
  std::array<feature_type, Trees * width + spare> feature_{};
  array_of<typename trees_type::block, Trees * width> blocks_{};
  std::uint16_t trees_;
  bool missing_too_;
};

/// The same for a forest whose width and size come from data.
///
/// Cost    Trees · 2^depth · (node + leaf) bytes: two for each leaf, one for a column up to 255 of them, then two
template <forest_code Code, typename Allocator = std::allocator<std::byte>, typename Kernel = detail::heap_native>
class dynamic_walk_heap {
 public:
  using code_type = Code;
  using allocator_type = Allocator;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    return forest.depth_limit() <= 16;
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit dynamic_walk_heap(const Forest& forest)
      : columns_{detail::code_columns(forest)},
        trees_{static_cast<std::uint32_t>(forest.trees())},
        tops_{detail::heap_tops(forest.depth_limit())},
        missing_too_{detail::takes_missing(forest)},
        narrow_{columns_ <= 255 ? room() : 0, tops_, forest.get_allocator()},
        wide_{columns_ <= 255 ? 0 : room(), tops_, forest.get_allocator()} {
    for (std::size_t t = 0; t < trees_; ++t) {
      if (columns_ <= 255) {
        narrow_.place(t, tops_, forest.splits_of(t), forest.leaves_of(t));
      } else {
        wide_.place(t, tops_, forest.splits_of(t), forest.leaves_of(t));
      }
    }
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), columns_)) {
      return errc::not_finite;
    }
    return sum_of(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (const status fit = detail::rows_fit(rows, columns_, out.size(), missing_too_); !fit) {
      return fit;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      out[i] = sum_of(rows.row(i));
    }
    return {};
  }

  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  /// The object and its blocks.
  [[nodiscard]] std::size_t bytes() const noexcept { return sizeof(*this) + narrow_.bytes() + wide_.bytes(); }

 private:
  template <typename Feature>
  struct arrays {
    using trees_type = detail::heap_trees<Kernel, Feature, Code, std::uint16_t>;
    detail::heap_array<Code, Allocator> threshold;
    detail::heap_array<Feature, Allocator> feature;
    detail::heap_array<typename trees_type::block, Allocator> blocks;

    arrays(std::size_t room, std::uint32_t tops, const Allocator& allocator)
        : threshold{room + (room != 0 && tops < 6 ? 64U : 0U), allocator},  // kernels look at 64 places, whatever they need of them
          feature{room + (room != 0 && tops < 6 ? 64U : 0U), allocator},
          blocks{room, allocator} {}
    template <typename Split, typename Leaf>
    void place(std::size_t tree, std::uint32_t tops, std::span<const Split> splits, std::span<const Leaf> leaves) noexcept {
      const std::size_t at = tree << tops;
      detail::place_in_heap(splits, leaves, tops, feature.data() + at, threshold.data() + at, blocks.data() + at);
    }
    [[nodiscard]] std::uint32_t sum_of(const Code* x, std::size_t columns, std::uint32_t trees, std::uint32_t tops) const noexcept {
      return trees_type{feature.data(), threshold.data(), blocks.data(), trees, tops}.template sum_of<65535, -1>(x, columns);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return threshold.bytes() + feature.bytes() + blocks.bytes(); }
  };

  [[nodiscard]] std::size_t room() const noexcept { return std::size_t{trees_} << tops_; }
  [[nodiscard, gnu::noinline]] std::uint32_t sum_of(const Code* x) const noexcept {
    return columns_ <= 255 ? narrow_.sum_of(x, columns_, trees_, tops_) : wide_.sum_of(x, columns_, trees_, tops_);
  }

  std::size_t columns_;
  std::uint32_t trees_, tops_;
  bool missing_too_;
  arrays<std::uint8_t> narrow_;  ///< up to 255 columns
  arrays<std::uint16_t> wide_;
};

namespace detail {

template <typename Forest, std::size_t Columns>
struct walk_heap_of {
  using type = walk_heap<Columns, Forest::tree_capacity, depth_limit_of(Forest::sample_capacity), typename Forest::code_type,
                         typename Forest::leaf_type>;
};
template <typename Code, typename Allocator, std::size_t Columns>
struct walk_heap_of<dynamic_isolation_forest<Code, Allocator>, Columns> {
  using type = dynamic_walk_heap<Code, Allocator>;
};

}  // namespace detail

/// The heaps that hold any forest of this type grown to its usual depth, ceil(log2 sample). `Columns` is how many codes its splits look
/// at: more than `Features` where the forest derives columns. A dynamic forest brings its width along.
template <typename Forest, std::size_t Columns = detail::features_of<Forest>::value>
using walk_heap_for = typename detail::walk_heap_of<Forest, Columns>::type;

}  // namespace skerry::inline v0::anomaly
