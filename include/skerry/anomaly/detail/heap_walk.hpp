// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/lower.hpp>
#include <skerry/anomaly/detail/tree_growth.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/core/array_of.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace skerry::inline v0::anomaly::detail {

/// What a heap keeps of a threshold, and how a code is compared with it. One-byte codes keep the least code that goes right, because
/// "not below" leaves its answer in the carry flag, and a carry is added to 2k in the same instruction.
template <forest_code Code>
[[nodiscard]] constexpr Code heap_threshold(Code t) noexcept {
  return sizeof(Code) == 1 ? static_cast<Code>(t + 1) : t;
}

/// The child of node k to go to.
template <forest_code Code>
[[nodiscard]] inline std::uint32_t heap_child(std::uint32_t k, Code x, Code t) noexcept {
#if defined(__thumb2__)
  if constexpr (sizeof(Code) == 1) {  // GCC 12 makes three instructions of the sum of two comparisons and a carry
    asm("cmp %[x], %[t]\n\tadc %[k], %[k], %[k]" : [k] "+r"(k) : [x] "r"(std::uint32_t{x}), [t] "r"(std::uint32_t{t}) : "cc");
    return k;
  } else {
    return 2 * k + (static_cast<std::uint32_t>(std::int32_t{t} - std::int32_t{x}) >> 31U);
  }
#else
  return 2 * k + static_cast<std::uint32_t>(sizeof(Code) == 1 ? x >= t : x > t);
#endif
}

/// The kernel that is always there: one load of a column, one of a threshold and one of a code for every step.
struct heap_plain {};

// The first six levels of a tree have 63 nodes, whose columns and thresholds stand in a row. An instruction that picks bytes (words) of
// a vector by number takes the codes of all their columns from the row at once; so all 63 comparisons are made without a step that waits
// for the one before, and the way down is picked from 64 bits. (Two-byte codes take so many more instructions for it that nothing is won.)

#if defined(__AVX2__)
/// One-byte codes of up to 32 columns.
struct heap_avx2 {
  [[nodiscard]] static constexpr bool knows(std::size_t columns) noexcept { return columns <= 32; }
  struct row {
    __m256i low, high;  ///< columns 0 to 15 and 16 to 31, each twice
    bool wide;
  };
  [[nodiscard]] static row load_row(const std::uint8_t* x, std::size_t columns) noexcept {
    alignas(32) std::uint8_t all[32] = {};
    __builtin_memcpy(all, x, columns);
    const auto* halves = reinterpret_cast<const __m128i*>(all);
    return {_mm256_broadcastsi128_si256(_mm_load_si128(halves)), _mm256_broadcastsi128_si256(_mm_load_si128(halves + 1)), columns > 16};
  }
  /// Bit k: node k goes right.
  [[nodiscard]] static std::uint64_t decisions(const row& codes, const std::uint8_t* feature, const std::uint8_t* t) noexcept {
    return half(codes, feature, t) | (std::uint64_t{half(codes, feature + 32, t + 32)} << 32U);
  }

 private:
  [[nodiscard]] static std::uint32_t half(const row& codes, const std::uint8_t* feature, const std::uint8_t* t) noexcept {
    const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(feature));
    __m256i x = _mm256_shuffle_epi8(codes.low, at);
    if (codes.wide) {
      x = _mm256_blendv_epi8(x, _mm256_shuffle_epi8(codes.high, at), _mm256_slli_epi16(at, 3));
    }
    const __m256i least = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(t));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(x, least), x)));
  }
};
#endif

#if defined(__AVX2__)
using heap_native = heap_avx2;
#else
using heap_native = heap_plain;
#endif

/// Levels of a heap that lie in blocks. Where there is no cache there are none.
inline constexpr std::uint32_t block_levels = walks_one_by_one ? 0 : 2;

/// The last two levels of a heap below one node: all that a walk needs of them lies side by side, mostly in one line of the cache.
template <typename Feature, forest_code Code, typename Leaf, std::uint32_t Levels = block_levels>
struct heap_block {
  Code threshold[3];
  Feature feature[3];
  Leaf leaf[4];

  [[nodiscard]] std::uint32_t leaf_of(const Code* x) const noexcept {
    const std::uint32_t k = heap_child<Code>(0, x[feature[0]], threshold[0]);
    return leaf[heap_child<Code>(k, x[feature[k + 1U]], threshold[k + 1U])];
  }
  template <typename Split>
  void place(std::uint32_t k, std::uint32_t level, const Split& s) noexcept {
    const std::uint32_t at = level == 0 ? 0 : 1U + (k & 1U);
    feature[at] = static_cast<Feature>(s.feature);
    threshold[at] = heap_threshold<Code>(s.threshold);
  }
};
template <typename Feature, forest_code Code, typename Leaf>
struct heap_block<Feature, Code, Leaf, 0> {
  Leaf leaf[1];

  [[nodiscard]] std::uint32_t leaf_of(const Code*) const noexcept { return leaf[0]; }
  template <typename Split>
  void place(std::uint32_t, std::uint32_t, const Split&) noexcept {}
};

/// Heaps wherever they lie, one tree after the other: the `tops` upper levels as complete heaps of 2^tops places (place 0 is nobody's,
/// the root is 1), then a block for each way on.
template <typename Kernel, typename Feature, forest_code Code, typename Leaf>
struct heap_trees {
  using block = heap_block<Feature, Code, Leaf>;
  const Feature* feature;
  const Code* threshold;
  const block* blocks;
  std::uint32_t trees, tops;

  /// Trees, or rows, that are walked together, so that what a load costs hides behind the others.
  static constexpr std::size_t lanes = 10;

  /// The sum of the leaf codes of one row. There are at most `Most` trees; `Tops` is `tops` if that is a constant, or -1.
  template <std::size_t Most, int Tops>
  [[nodiscard]] std::uint32_t sum_of(const Code* x, std::size_t columns) const noexcept {
    if constexpr (walks_one_by_one && Tops >= 0) {
      return sum_one_by_one(x, std::make_index_sequence<static_cast<std::size_t>(Tops)>{});
    }
    if constexpr (sizeof(Feature) == 1 && sizeof(Code) == 1 && !std::is_same_v<Kernel, heap_plain> && (Tops < 0 || Tops >= 4)) {
      if (tops >= 4 && Kernel::knows(columns)) {
        return sum_with_tops<Most, Tops>(x, Kernel::load_row(x, columns));
      }
    }
    std::uint32_t sum = 0;
    std::size_t at = 0;
    if constexpr (Most >= lanes) {  // said to the compiler: GCC 12 at -O3 otherwise warns of trees that a small forest has no room for
      for (; at + lanes <= trees; at += lanes) {
        sum += walk<Tops>(at, x, std::make_index_sequence<lanes>{});
      }
    }
    for (; at < trees; ++at) {
      sum += walk<Tops>(at, x, std::make_index_sequence<1>{});
    }
    return sum;
  }

  /// Ten rows, `stride` codes apart, through one tree after the other.
  void sums_of_ten(const Code* x, std::size_t stride, std::uint32_t* out) const noexcept {
    walk_rows(x, stride, out, std::make_index_sequence<lanes>{});
  }

 private:
  static constexpr std::uint32_t compared_at_once = 6;  // levels

  template <int Tops>
  [[nodiscard]] std::uint32_t levels_above() const noexcept {
    return Tops < 0 ? tops : static_cast<std::uint32_t>(Tops);
  }

  // One tree per index, written out by the fold, so that -O2 keeps every k in a register too.
  template <int Tops, std::size_t... Lane>
  [[nodiscard, gnu::always_inline]] std::uint32_t walk(std::size_t at, const Code* x, std::index_sequence<Lane...>) const noexcept {
    std::uint32_t k[sizeof...(Lane)] = {(static_cast<void>(Lane), 1U)...};
    return down<Tops>(at, x, k, 0, std::index_sequence<Lane...>{});
  }
  template <int Tops, std::size_t... Lane>
  [[nodiscard, gnu::always_inline]] std::uint32_t down(std::size_t at, const Code* x, std::uint32_t (&k)[sizeof...(Lane)],
                                                       std::uint32_t level, std::index_sequence<Lane...>) const noexcept {
    const std::uint32_t upper = levels_above<Tops>();
    const std::size_t width = std::size_t{1} << upper;
    const Feature* const features = feature + at * width;
    const Code* const thresholds = threshold + at * width;
    const block* const below = blocks + at * width - width;
    for (; level < upper; ++level) {
      ((k[Lane] = heap_child<Code>(k[Lane], x[features[Lane * width + k[Lane]]], thresholds[Lane * width + k[Lane]])), ...);
    }
    return (below[Lane * width + k[Lane]].leaf_of(x) + ...);
  }

  template <int Tops, typename Row, std::size_t... Lane>
  [[nodiscard, gnu::always_inline]] std::uint32_t walk_with_tops(std::size_t at, const Code* x, const Row& row,
                                                                 std::index_sequence<Lane...>) const noexcept {
    const std::uint32_t upper = levels_above<Tops>();
    const std::size_t width = std::size_t{1} << upper;
    const std::uint64_t right[] = {Kernel::decisions(row, feature + (at + Lane) * width, threshold + (at + Lane) * width)...};
    std::uint32_t k[sizeof...(Lane)] = {(2U + (static_cast<std::uint32_t>(right[Lane] >> 1U) & 1U))...};
    const std::uint32_t known = upper < compared_at_once ? upper : compared_at_once;
    for (std::uint32_t level = 1; level < known; ++level) {
      ((k[Lane] = 2 * k[Lane] + (static_cast<std::uint32_t>(right[Lane] >> k[Lane]) & 1U)), ...);
    }
    return down<Tops>(at, x, k, known, std::index_sequence<Lane...>{});
  }
  template <std::size_t Most, int Tops, typename Row>
  [[nodiscard]] std::uint32_t sum_with_tops(const Code* x, const Row& row) const noexcept {
    constexpr std::size_t together = 5;
    std::uint32_t sum = 0;
    std::size_t at = 0;
    if constexpr (Most >= together) {
      for (; at + together <= trees; at += together) {
        sum += walk_with_tops<Tops>(at, x, row, std::make_index_sequence<together>{});
      }
    }
    for (; at < trees; ++at) {
      sum += walk_with_tops<Tops>(at, x, row, std::make_index_sequence<1>{});
    }
    return sum;
  }

  template <std::size_t... Level>
  [[nodiscard]] std::uint32_t sum_one_by_one(const Code* x, std::index_sequence<Level...>) const noexcept {
    constexpr std::size_t width = std::size_t{1} << sizeof...(Level);
    const Feature* features = feature;
    const Code* thresholds = threshold;
    const block* below = blocks - width;
    std::uint32_t sum = 0;
    for (const Feature* const end = feature + trees * width; features != end;) {
      std::uint32_t k = 1;
      ((static_cast<void>(Level), k = heap_child<Code>(k, x[features[k]], thresholds[k])), ...);
      sum += below[k].leaf_of(x);
      features += width;
      thresholds += width;
      below += width;
    }
    return sum;
  }

  template <std::size_t... Lane>
  void walk_rows(const Code* x, std::size_t stride, std::uint32_t* out, std::index_sequence<Lane...>) const noexcept {
    std::uint32_t sum[sizeof...(Lane)] = {(static_cast<void>(Lane), 0U)...};
    const std::size_t width = std::size_t{1} << tops;
    for (std::size_t t = 0; t < trees; ++t) {
      const Feature* const features = feature + t * width;
      const Code* const thresholds = threshold + t * width;
      const block* const below = blocks + t * width - width;
      std::uint32_t k[sizeof...(Lane)] = {(static_cast<void>(Lane), 1U)...};
      for (std::uint32_t level = 0; level < tops; ++level) {
        ((k[Lane] = heap_child<Code>(k[Lane], x[Lane * stride + features[k[Lane]]], thresholds[k[Lane]])), ...);
      }
      ((sum[Lane] += below[k[Lane]].leaf_of(x + Lane * stride)), ...);
    }
    ((out[Lane] = sum[Lane]), ...);
  }
};

/// Levels above the blocks of a heap of so many levels.
[[nodiscard]] constexpr std::uint32_t heap_tops(std::size_t levels) noexcept {
  return levels <= block_levels ? 0U : static_cast<std::uint32_t>(levels - block_levels);
}

/// Puts one tree in pre-order into a heap. Where a path ends early all leaves below are the same, so it does not matter which way a row
/// goes from there.
template <typename Feature, forest_code Code, typename Leaf, typename Split, typename From>
void place_in_heap(std::span<const Split> splits, std::span<const From> from_leaves, std::uint32_t tops, Feature* feature, Code* threshold,
                   heap_block<Feature, Code, Leaf>* blocks) noexcept {
  struct waiting {
    std::uint32_t k, level, splits;
  };
  array_of<waiting, greatest_depth + 2> todo;
  std::size_t size = 0;
  const Split* split = splits.data();
  const From* next_leaf = from_leaves.data();
  todo[size++] = {1, 0, static_cast<std::uint32_t>(splits.size())};
  while (size != 0) {
    const waiting node = todo[--size];
    if (node.splits == 0) {
      const std::uint32_t below = tops + block_levels - node.level;
      const std::uint32_t first = (node.k << below) - (1U << (tops + block_levels));
      for (std::uint32_t i = first; i < first + (1U << below); ++i) {
        blocks[i >> block_levels].leaf[i & ((1U << block_levels) - 1U)] = static_cast<Leaf>(*next_leaf);
      }
      ++next_leaf;
      continue;
    }
    const Split& s = *split++;
    if (node.level < tops) {
      feature[node.k] = static_cast<Feature>(s.feature);
      threshold[node.k] = heap_threshold<Code>(s.threshold);
    } else {
      const std::uint32_t down = node.level - tops;
      blocks[(node.k >> down) - (1U << tops)].place(node.k, down, s);
    }
    todo[size++] = {2 * node.k + 1, node.level + 1, node.splits - 1U - s.left};
    todo[size++] = {2 * node.k, node.level + 1, s.left};
  }
}

}  // namespace skerry::inline v0::anomaly::detail
