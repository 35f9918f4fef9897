// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/blend_vectors.hpp>

#if defined(__ARM_NEON)
#include <arm_neon.h>

namespace skerry::inline v0::anomaly::detail {

struct lanes_neon {
  using bytes = uint8x16_t;
  static constexpr std::size_t width = 16, registers = 8;
  template <typename Code>
  [[nodiscard]] static constexpr std::size_t column_position(std::size_t row) noexcept {
    return row;
  }
  [[nodiscard]] static constexpr std::size_t sum_position(std::size_t row) noexcept { return row; }
  [[nodiscard]] static bytes fill(std::uint8_t c) noexcept { return vdupq_n_u8(c); }
  [[nodiscard]] static int8x16_t threshold(std::int8_t t) noexcept { return vdupq_n_s8(t); }
  [[nodiscard]] static int16x8_t threshold(std::int16_t t) noexcept { return vdupq_n_s16(t); }
  [[nodiscard]] static bytes load(const std::uint8_t* p) noexcept { return vld1q_u8(p); }
  static void store(std::uint8_t* p, bytes v) noexcept { vst1q_u8(p, v); }
  [[nodiscard]] static bytes greater(const std::int8_t* x, int8x16_t t) noexcept { return vcgtq_s8(vld1q_s8(x), t); }
  [[nodiscard]] static bytes greater(const std::int16_t* x, int16x8_t t) noexcept {
    return vcombine_u8(vmovn_u16(vcgtq_s16(vld1q_s16(x), t)), vmovn_u16(vcgtq_s16(vld1q_s16(x + 8), t)));
  }
  [[nodiscard]] static bytes select(bytes mask, bytes yes, bytes no) noexcept { return vbslq_u8(mask, yes, no); }
  static void add(std::uint16_t* sums, bytes v) noexcept {
    vst1q_u16(sums, vaddw_u8(vld1q_u16(sums), vget_low_u8(v)));
    vst1q_u16(sums + 8, vaddw_u8(vld1q_u16(sums + 8), vget_high_u8(v)));
  }
};
using blend_neon = blend_vectors<lanes_neon>;

}  // namespace skerry::inline v0::anomaly::detail
#endif
