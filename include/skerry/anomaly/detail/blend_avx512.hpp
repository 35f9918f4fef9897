// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_vectors.hpp>

#if defined(__AVX512BW__)
#include <immintrin.h>

namespace skerry::inline v0::anomaly::detail {

struct lanes_avx512 {
  using bytes = __m512i;
  static constexpr std::size_t width = 64, registers = 8;
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return row;
  }
  /// Sums are widened within the four quarters of a vector: the even eights of 64 rows come before the odd ones.
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept {
    return (row & ~std::size_t{56}) | ((row & 8U) << 2U) | ((row & 48U) >> 1U);
  }
  [[nodiscard]] static bytes fill(std::uint8_t c) noexcept { return _mm512_set1_epi8(static_cast<char>(c)); }
  [[nodiscard]] static bytes threshold(std::int8_t t) noexcept { return _mm512_set1_epi8(t); }
  [[nodiscard]] static bytes threshold(std::int16_t t) noexcept { return _mm512_set1_epi16(t); }
  template <typename T>
  [[nodiscard]] static bytes load(const T* p) noexcept {
    return _mm512_load_si512(p);
  }
  template <typename T>
  static void store(T* p, bytes v) noexcept {
    _mm512_store_si512(p, v);
  }
  [[nodiscard]] static __mmask64 greater(const std::int8_t* x, bytes t) noexcept { return _mm512_cmpgt_epi8_mask(load(x), t); }
  [[nodiscard]] static __mmask64 greater(const std::int16_t* x, bytes t) noexcept {
    return _mm512_kunpackd(_mm512_cmpgt_epi16_mask(load(x + 32), t), _mm512_cmpgt_epi16_mask(load(x), t));
  }
  [[nodiscard]] static bytes select(__mmask64 mask, bytes yes, bytes no) noexcept { return _mm512_mask_blend_epi8(mask, no, yes); }
  static void add(std::uint16_t* sums, bytes v) noexcept {
    store(sums, _mm512_add_epi16(load(sums), _mm512_unpacklo_epi8(v, _mm512_setzero_si512())));
    store(sums + 32, _mm512_add_epi16(load(sums + 32), _mm512_unpackhi_epi8(v, _mm512_setzero_si512())));
  }
};
using blend_avx512 = blend_vectors<lanes_avx512>;

}  // namespace skerry::inline v0::anomaly::detail
#endif
