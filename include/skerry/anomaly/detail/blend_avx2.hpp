// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_vectors.hpp>

#if defined(__AVX2__)
#include <immintrin.h>

namespace skerry::inline v0::anomaly::detail {

struct lanes_avx2 {
  using bytes = __m256i;
  static constexpr std::size_t width = 32, registers = 8;
  /// Codes of two bytes are packed within the two halves of a vector, and sums widened likewise: the second and third eight of 32
  /// rows are exchanged in both places.
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return sizeof(Code) == 2 ? sum_position(row) : row;
  }
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept {
    return (row & ~std::size_t{24}) | ((row & 8U) << 1U) | ((row & 16U) >> 1U);
  }
  [[nodiscard]] static bytes fill(std::uint8_t c) noexcept { return _mm256_set1_epi8(static_cast<char>(c)); }
  [[nodiscard]] static bytes threshold(std::int8_t t) noexcept { return _mm256_set1_epi8(t); }
  [[nodiscard]] static bytes threshold(std::int16_t t) noexcept { return _mm256_set1_epi16(t); }
  template <typename T>
  [[nodiscard]] static bytes load(const T* p) noexcept {
    return _mm256_load_si256(reinterpret_cast<const bytes*>(p));
  }
  template <typename T>
  static void store(T* p, bytes v) noexcept {
    _mm256_store_si256(reinterpret_cast<bytes*>(p), v);
  }
  [[nodiscard]] static bytes greater(const std::int8_t* x, bytes t) noexcept { return _mm256_cmpgt_epi8(load(x), t); }
  [[nodiscard]] static bytes greater(const std::int16_t* x, bytes t) noexcept {
    return _mm256_packs_epi16(_mm256_cmpgt_epi16(load(x), t), _mm256_cmpgt_epi16(load(x + 16), t));
  }
  [[nodiscard]] static bytes select(bytes mask, bytes yes, bytes no) noexcept { return _mm256_blendv_epi8(no, yes, mask); }
  static void add(std::uint16_t* sums, bytes v) noexcept {
    store(sums, _mm256_add_epi16(load(sums), _mm256_unpacklo_epi8(v, _mm256_setzero_si256())));
    store(sums + 16, _mm256_add_epi16(load(sums + 16), _mm256_unpackhi_epi8(v, _mm256_setzero_si256())));
  }
};
using blend_avx2 = blend_vectors<lanes_avx2>;

}  // namespace skerry::inline v0::anomaly::detail
#endif
