// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_avx2.hpp>
#include <skerry/anomaly/detail/blend_avx512.hpp>
#include <skerry/anomaly/detail/blend_neon.hpp>
#include <skerry/anomaly/detail/blend_plain.hpp>
#include <skerry/anomaly/detail/blend_run.hpp>
#include <skerry/anomaly/detail/blend_sse.hpp>
#include <skerry/anomaly/detail/heap_array.hpp>
#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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
/// Input   codes, missing ones if the forest was trained with them; or numbers, when the forest learnt their ranges and derives no columns
/// Cost    6 bytes a split (5 with one-byte codes; more beyond 255 columns or samples of 512). Every split is visited whatever the row, so
///         for blocks only; a single row is better walked (`walk_heap`). Stack: 512 rows with AVX-512, 256 with AVX2, else 128, times
///         Features codes + Depth + 2 bytes; at most 64 KB + 512 · (Depth + 2). Rows too wide for that are taken one by one
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
    return detail::code_columns(forest) == Features && forest.trees() <= Trees && forest.splits() <= Nodes &&
           forest.depth_limit() <= Depth && detail::leaves_fit<Leaf>(forest);
  }

  /// Called by `lower`, which has asked `holds`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit blend_list(const Forest& forest) noexcept
      : splits_used_{static_cast<std::uint32_t>(forest.splits())},
        trees_{static_cast<std::uint32_t>(forest.trees())},
        learned_{detail::ranges_are_enough(forest)},
        missing_too_{detail::takes_missing(forest)} {
    SKERRY_ASSERT(holds(forest));
    for (std::size_t j = 0; learned_ && j < Features; ++j) {
      lo_[j] = forest.codes().lo(j);
      inv_step_[j] = forest.codes().inv_step(j);
    }
    bare_ = detail::place_forest(forest, splits_.data(), chunk_end_.data());
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code, Features> row) const noexcept {
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), Features)) {
      return errc::not_finite;
    }
    return run().template sum_of<Depth>(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (const status fit = detail::rows_fit(rows, Features, out.size(), missing_too_); !fit) {
      return fit;
    }
    score(rows.rows, out.data(), [&rows](std::size_t i) { return rows.row(i); });
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
    std::array<Code, Features> codes;
    score(rows.rows, out.data(), [&rows, &codes, this](std::size_t i) {
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
  using run_type = detail::blend_run<Kernel, split_type, Code>;

  [[nodiscard]] run_type run() const noexcept { return {splits_.data(), chunk_end_.data(), trees_, Features, bare_}; }
  template <typename CodesOf>
  void score(std::size_t rows, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    run().template score<run_type::vectors_for(Features), Features, Depth>(rows, out, codes_of);
  }

  std::uint32_t splits_used_, trees_, bare_ = 0;
  bool learned_, missing_too_;
  std::array<std::uint32_t, (Trees + detail::blend_chunk - 1) / detail::blend_chunk> chunk_end_{};
  std::array<float, Features> lo_{}, inv_step_{};
  array_of<split_type, Nodes> splits_{};
};

/// The same for a forest whose width and size come from data.
///
/// Cost    8 bytes a split (6 with one-byte codes); stack: 64 KB for codes, and 31 leaves for each row of a block. Rows too wide for that
///         are taken one by one
template <forest_code Code, typename Allocator = std::allocator<std::byte>, typename Kernel = detail::blend_native>
class dynamic_blend_list {
  // Leaves of two bytes, where a forest is so deep that it needs them, run in the kernel that is always there.
  using narrow_type = detail::blend_split<std::uint16_t, Code, std::uint8_t>;
  using wide_type = detail::blend_split<std::uint16_t, Code, std::uint16_t>;

 public:
  using code_type = Code;
  using allocator_type = Allocator;

  template <typename Forest>
  [[nodiscard]] static bool holds(const Forest&) noexcept {
    return true;
  }

  /// Called by `lower`.
  template <typename Forest>
  requires std::is_same_v<typename Forest::code_type, Code>
  explicit dynamic_blend_list(const Forest& forest)
      : columns_{detail::code_columns(forest)},
        splits_used_{forest.splits()},
        trees_{forest.trees()},
        learned_{detail::ranges_are_enough(forest)},
        missing_too_{detail::takes_missing(forest)},
        bytes_fit_{detail::leaves_fit<std::uint8_t>(forest)},
        chunk_end_{(trees_ + detail::blend_chunk - 1) / detail::blend_chunk, forest.get_allocator()},
        ranges_{learned_ ? 2 * columns_ : 0, forest.get_allocator()},
        narrow_{bytes_fit_ ? splits_used_ : 0, forest.get_allocator()},
        wide_{bytes_fit_ ? 0 : splits_used_, forest.get_allocator()} {
    for (std::size_t j = 0; learned_ && j < columns_; ++j) {
      ranges_.data()[j] = forest.codes().lo(j);
      ranges_.data()[columns_ + j] = forest.codes().inv_step(j);
    }
    bare_ = bytes_fit_ ? detail::place_forest(forest, narrow_.data(), chunk_end_.data())
                       : detail::place_forest(forest, wide_.data(), chunk_end_.data());
  }

  [[nodiscard]] result<std::uint32_t> depth_sum_codes(std::span<const Code> row) const noexcept {
    if (row.size() != columns_) {
      return errc::width;
    }
    if (!missing_too_ && !detail::none_missing<Code>(row.data(), columns_)) {
      return errc::not_finite;
    }
    return bytes_fit_ ? narrow().template sum_of<levels>(row.data()) : wide().template sum_of<levels>(row.data());
  }

  /// Depth sums of many rows; a refusal leaves `out` as it was.
  [[nodiscard]] status depth_sums_codes(row_view<Code> rows, std::span<std::uint32_t> out) const noexcept {
    if (const status fit = detail::rows_fit(rows, columns_, out.size(), missing_too_); !fit) {
      return fit;
    }
    score(rows.rows, out.data(), [&rows](std::size_t i) { return rows.row(i); });
    return {};
  }

  /// The same on numbers; `unsupported` beyond 4096 columns, which the stack has no room for.
  [[nodiscard]] status depth_sums(row_view<float> rows, std::span<std::uint32_t> out) const noexcept {
    if (!learned_) {
      return errc::insufficient;
    }
    if (!rows.holds(columns_) || out.size() != rows.rows) {
      return errc::width;
    }
    if (columns_ > 4096) {
      return errc::unsupported;
    }
    for (std::size_t i = 0; i < rows.rows; ++i) {
      if (!detail::all_finite(rows.row(i), columns_)) {
        return errc::not_finite;
      }
    }
    std::array<Code, 4096> codes;
    score(rows.rows, out.data(), [&rows, &codes, this](std::size_t i) {
      const float* x = rows.row(i);
      for (std::size_t j = 0; j < columns_; ++j) {
        codes[j] = detail::quantize<Code>(x[j], ranges_.data()[j], ranges_.data()[columns_ + j]);
      }
      return static_cast<const Code*>(codes.data());
    });
    return {};
  }

  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] std::size_t trees() const noexcept { return trees_; }
  [[nodiscard]] std::size_t splits() const noexcept { return splits_used_; }
  /// The object and its blocks.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return sizeof(*this) + chunk_end_.bytes() + ranges_.bytes() + narrow_.bytes() + wide_.bytes();
  }

 private:
  static constexpr std::size_t levels = detail::greatest_depth;
  using narrow_run = detail::blend_run<Kernel, narrow_type, Code>;
  using wide_run = detail::blend_run<detail::blend_plain, wide_type, Code>;

  [[nodiscard]] narrow_run narrow() const noexcept { return {narrow_.data(), chunk_end_.data(), trees_, columns_, bare_}; }
  [[nodiscard]] wide_run wide() const noexcept { return {wide_.data(), chunk_end_.data(), trees_, columns_, bare_}; }

  /// Room on the stack is that of whole registers and as many columns as 64 KB hold.
  template <typename Run, typename CodesOf>
  void score_in(const Run& run, std::size_t rows, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    constexpr std::size_t most = Run::vectors_for(1), room = 65536 / (most * Run::kernel_width * sizeof(Code));
    if (columns_ <= room) {
      run.template score<most, room, levels>(rows, out, codes_of);
    } else if (columns_ <= most * room) {
      run.template score<1, most * room, levels>(rows, out, codes_of);
    } else {
      run.template score<0, 1, levels>(rows, out, codes_of);
    }
  }
  template <typename CodesOf>
  void score(std::size_t rows, std::uint32_t* out, const CodesOf& codes_of) const noexcept {
    if (bytes_fit_) {
      score_in(narrow(), rows, out, codes_of);
    } else {
      score_in(wide(), rows, out, codes_of);
    }
  }

  std::size_t columns_, splits_used_, trees_;
  std::uint32_t bare_ = 0;
  bool learned_, missing_too_, bytes_fit_;
  detail::heap_array<std::uint32_t, Allocator> chunk_end_;
  detail::heap_array<float, Allocator> ranges_;
  detail::heap_array<narrow_type, Allocator> narrow_;
  detail::heap_array<wide_type, Allocator> wide_;
};

namespace detail {

template <typename Forest, std::size_t Columns>
struct blend_list_of {
  using type = blend_list<Columns, Forest::tree_capacity, Forest::node_capacity, depth_limit_of(Forest::sample_capacity),
                          typename Forest::code_type, typename Forest::leaf_type>;
};
template <typename Code, typename Allocator, std::size_t Columns>
struct blend_list_of<dynamic_isolation_forest<Code, Allocator>, Columns> {
  using type = dynamic_blend_list<Code, Allocator>;
};

}  // namespace detail

/// The list that holds any forest of this type grown to its usual depth, ceil(log2 sample). `Columns` is how many codes its splits look
/// at: more than `Features` where the forest derives columns. A dynamic forest brings its width along.
template <typename Forest, std::size_t Columns = detail::features_of<Forest>::value>
using blend_list_for = typename detail::blend_list_of<Forest, Columns>::type;

}  // namespace skerry::inline v0::anomaly
