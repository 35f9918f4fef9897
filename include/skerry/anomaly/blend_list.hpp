// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_avx2.hpp>
#include <skerry/anomaly/detail/blend_avx512.hpp>
#include <skerry/anomaly/detail/blend_neon.hpp>
#include <skerry/anomaly/detail/blend_plain.hpp>
#include <skerry/anomaly/detail/blend_sse.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::anomaly {

namespace detail {

#if defined(__AVX512BW__)
using blend_native = blend_avx512;
#elif defined(__AVX2__)
using blend_native = blend_avx2;
#elif defined(__SSE2__)
using blend_native = blend_sse;
#elif defined(__ARM_NEON)
using blend_native = blend_neon;
#else
using blend_native = blend_plain;
#endif

/// The explicit kernels know leaves of one byte.
template <typename Leaf>
using blend_kernel_for = std::conditional_t<sizeof(Leaf) == 1, blend_native, blend_plain>;

}  // namespace detail

/// A trained forest as one list of splits for blocks of rows.
///
/// Splits stand children first. A block of rows is transposed, then *every* split is evaluated for all of them as
/// select(code > threshold, right, left) on bytes, where left and right are leaves or what the splits before have found. So there is
/// no branch on data and nothing is gathered, and the loop runs in vectors: AVX-512BW, AVX2, SSE2 / SSE4.1 or NEON, whichever
/// the program is compiled for, or plain C++. `Kernel` is part of the type, so that parts of a program that are compiled for
/// different processors do not take each other's code; choosing one at run time is the application's.
///
/// Input   codes, none missing; or numbers, when the forest learnt their ranges
/// Cost    6 bytes a split (5 with one-byte codes; more beyond 255 columns or samples of 512). Every split is visited whatever the row:
/// blocks
///         only; a single row is better walked (`walk_heap`). Stack: 256 rows (128 with SSE, NEON, plain C++) ·
///         (Features + Depth + 2) bytes, with two-byte codes twice the Features; at most 64 KB + 256 · Depth. Rows too wide for
///         that are taken one by one
/// Bound   equal to the forest's `depth_sum_codes`, with every kernel
/// Errors  `width`; `not_finite`: a missing code, NaN or infinity; `insufficient`: numbers, but the forest knew codes only
template <std::size_t Features, std::size_t Trees, std::size_t Nodes, std::size_t Depth, forest_code Code, typename Leaf,
          typename Kernel = detail::blend_kernel_for<Leaf>>
class blend_list {
  static_assert(Depth >= 1 && Depth <= 31, "blend_list: between 1 and 31 levels");
  static_assert(std::is_same_v<Kernel, detail::blend_plain> || sizeof(Leaf) == 1, "blend_list: this kernel knows leaves of one byte");

 public:
  using code_type = Code;
  using split_type = detail::blend_split<std::conditional_t<(Features <= 255), std::uint8_t, std::uint16_t>, Code, Leaf>;
  static constexpr std::size_t features = Features, tree_capacity = Trees, node_capacity = Nodes;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest& forest) noexcept {
    return forest.codes().columns() == Features && forest.trees() <= Trees && forest.splits() <= Nodes && forest.depth_limit() <= Depth &&
           detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit blend_list(const Forest& forest) noexcept
      : splits_used_{static_cast<std::uint32_t>(forest.splits())}, trees_{static_cast<std::uint32_t>(forest.trees())} {
    SKERRY_ASSERT(holds(forest));
    learned_ = forest.codes().learned();
    for (std::size_t j = 0; learned_ && j < Features; ++j) {
      lo_[j] = forest.codes().lo(j);
      inv_step_[j] = forest.codes().inv_step(j);
    }
    std::size_t used = 0;
    for (std::size_t t = 0; t < trees_; ++t) {
      const auto splits = forest.splits_of(t);
      const auto leaves = forest.leaves_of(t);
      if (splits.empty()) {
        bare_ += leaves[0];
      } else {
        place(splits.data(), leaves.data(), static_cast<std::uint32_t>(splits.size()), used);
      }
      used += splits.size();
      chunk_end_[t / detail::blend_chunk] = static_cast<std::uint32_t>(used);
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
    score(rows.rows, out.data(), [&rows](std::size_t i, std::array<Code, Features>&) { return rows.row(i); });
    return {};
  }

  /// The same on numbers.
  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept {
    if (!learned_) {
      return errc::insufficient;
    }
    if (!rows.holds(Features) || out.size() != rows.rows) {
      return errc::width;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), Features)) {
        return errc::not_finite;
      }
    }
    score(rows.rows, out.data(), [&rows, this](std::size_t i, std::array<Code, Features>& codes) {
      const float* x = rows.row(i);
      for (std::size_t j = 0; j < Features; ++j) {
        codes[j] = detail::quantize<Code>(x[j], lo_[j], inv_step_[j]);
      }
      return static_cast<const Code*>(codes.data());
    });
    return {};
  }

  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] std::size_t splits() const noexcept { return splits_used_; }
  /// Bytes of the model in use: splits, ranges and a few words. The object itself takes sizeof.
  [[nodiscard]] std::size_t bytes() const noexcept { return sizeof(blend_list) - (Nodes - splits_used_) * sizeof(split_type); }

 private:
  using compared_type = typename split_type::compared_type;

  // As many vectors as there are registers for, while the codes of a block stay below 64 KB.
  [[nodiscard]] static constexpr std::size_t vectors() noexcept {
    std::size_t n = Kernel::registers;
    while (n > 0 && n * Kernel::width * Features * sizeof(Code) > 65536) {
      n /= 2;
    }
    return n;
  }

  [[nodiscard]] std::uint32_t sum_of(const Code* x) const noexcept {
    return bare_ + detail::blend_row<Depth>(splits_.data(), splits_.data() + splits_used_, x);
  }

  /// `codes_of(i, buffer)` answers the codes of row i, made in `buffer` if they are nowhere yet.
  template <typename CodesOf>
  void score(std::size_t rows, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    std::size_t at = 0;
    if constexpr (vectors() != 0) {
      constexpr std::size_t large = vectors() * Kernel::width;
      while (rows - at > large / 4) {
        const std::size_t n = rows - at < large ? rows - at : large;
        block<vectors()>(at, n, out + at, codes_of);
        at += n;
      }
      while (rows - at > 4) {
        const std::size_t n = rows - at < Kernel::width ? rows - at : Kernel::width;
        block<1>(at, n, out + at, codes_of);
        at += n;
      }
    }
    for (; at < rows; ++at) {
      std::array<Code, Features> buffer;
      out[at] = sum_of(codes_of(at, buffer));
    }
  }

  /// Rows at, at + 1, … at + n - 1; the places of a block that is not full hold its last row.
  template <std::size_t Vectors, typename CodesOf>
  void block(std::size_t at, std::size_t n, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    constexpr std::size_t width = Vectors * Kernel::width;
    alignas(64) std::array<compared_type, Features * width> columns;
    alignas(64) std::array<Leaf, Depth * width> aside;
    alignas(64) std::array<detail::blend_sum<Leaf>, width> sums;
    for (std::size_t i = 0; i < width; ++i) {
      std::array<Code, Features> buffer;
      const Code* x = codes_of(at + (i < n ? i : n - 1), buffer);
      compared_type* to = columns.data() + Kernel::template column_position<Code>(i);
      for (std::size_t j = 0; j < Features; ++j) {
        to[j * width] = detail::to_signed(x[j]);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = bare_;
    }
    const split_type* from = splits_.data();
    for (std::size_t c = 0; c * detail::blend_chunk < trees_; ++c) {
      const split_type* end = splits_.data() + chunk_end_[c];
      sums.fill(0);
      Kernel::template run<Vectors>(from, end, columns.data(), aside.data(), sums.data());
      for (std::size_t i = 0; i < n; ++i) {
        out[i] += sums[Kernel::sum_position(i)];
      }
      from = end;
    }
  }

  /// One tree with splits, from pre-order to post-order: the same walk from the last split to the first, right children first, writes
  /// the list backwards.
  template <typename Split, typename From>
  void place(const Split* splits, const From* leaves, std::uint32_t count, std::size_t used) noexcept {
    struct waiting {
      std::uint32_t split, splits, leaf;
    };
    std::array<waiting, Depth + 1> todo;
    std::size_t size = 0;
    todo[size++] = {0, count, 0};
    std::size_t to = used + count;
    while (size != 0) {
      const waiting node = todo[--size];
      const Split& from = splits[node.split];
      const std::uint32_t left = from.left;
      const std::uint32_t right = node.splits - 1U - left;
      const std::uint32_t right_leaf = node.leaf + left + 1U;
      split_type& made = splits_[--to];
      made.threshold = detail::to_signed(from.threshold);
      made.feature = static_cast<decltype(made.feature)>(from.feature);
      made.left = static_cast<Leaf>(left == 0 ? leaves[node.leaf] : From{});
      made.right = static_cast<Leaf>(right == 0 ? leaves[right_leaf] : From{});
      made.kind = static_cast<std::uint8_t>((left != 0 ? detail::blend_kind::left : 0) | (right != 0 ? detail::blend_kind::right : 0) |
                                            (to == used ? detail::blend_kind::first : 0));
      if (left != 0) {
        todo[size++] = {node.split + 1U, left, node.leaf};
      }
      if (right != 0) {
        todo[size++] = {node.split + 1U + left, right, right_leaf};
      }
    }
  }

  std::uint32_t splits_used_, trees_, bare_ = 0;
  bool learned_ = false;
  std::array<std::uint32_t, (Trees + detail::blend_chunk - 1) / detail::blend_chunk> chunk_end_{};
  std::array<float, Features> lo_{}, inv_step_{};
  std::array<split_type, Nodes> splits_{};
};

/// The list that holds any forest of this type grown to its usual depth, ceil(log2 sample).
template <typename Forest>
using blend_list_for = blend_list<Forest::features, Forest::tree_capacity, Forest::node_capacity,
                                  detail::depth_limit_of(Forest::sample_capacity), typename Forest::code_type, typename Forest::leaf_type>;

}  // namespace skerry::inline v0::anomaly
