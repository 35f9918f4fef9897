// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_vectors.hpp>

#if defined(__SSE2__)
#if defined(__SSE4_1__)
#include <smmintrin.h>
#else
#include <emmintrin.h>
#endif

namespace skerry::inline v0::anomaly::detail {

/// SSE2, which every x86-64 has; SSE4.1 selects in one instruction instead of three.
struct lanes_sse {
  using bytes = __m128i;
  static constexpr std::size_t width = 16, registers = 8;
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return row;
  }
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept { return row; }
  [[nodiscard]] static bytes fill(std::uint8_t c) noexcept { return _mm_set1_epi8(static_cast<char>(c)); }
  [[nodiscard]] static bytes threshold(std::int8_t t) noexcept { return _mm_set1_epi8(t); }
  [[nodiscard]] static bytes threshold(std::int16_t t) noexcept { return _mm_set1_epi16(t); }
  template <typename T>
  [[nodiscard]] static bytes load(const T* p) noexcept {
    return _mm_load_si128(reinterpret_cast<const bytes*>(p));
  }
  template <typename T>
  static void store(T* p, bytes v) noexcept {
    _mm_store_si128(reinterpret_cast<bytes*>(p), v);
  }
  [[nodiscard]] static bytes greater(const std::int8_t* x, bytes t) noexcept { return _mm_cmpgt_epi8(load(x), t); }
  [[nodiscard]] static bytes greater(const std::int16_t* x, bytes t) noexcept {
    return _mm_packs_epi16(_mm_cmpgt_epi16(load(x), t), _mm_cmpgt_epi16(load(x + 8), t));
  }
  [[nodiscard]] static bytes select(bytes mask, bytes yes, bytes no) noexcept {
#if defined(__SSE4_1__)
    return _mm_blendv_epi8(no, yes, mask);
#else
    return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
#endif
  }
  static void add(std::uint16_t* sums, bytes v) noexcept {
    store(sums, _mm_add_epi16(load(sums), _mm_unpacklo_epi8(v, _mm_setzero_si128())));
    store(sums + 8, _mm_add_epi16(load(sums + 8), _mm_unpackhi_epi8(v, _mm_setzero_si128())));
  }
};
using blend_sse = blend_vectors<lanes_sse>;

}  // namespace skerry::inline v0::anomaly::detail
#endif
