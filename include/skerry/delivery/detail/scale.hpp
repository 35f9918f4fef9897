// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

namespace skerry::inline v0::delivery {

/// A factor as two integers: 8/5, 3/2. No float decides when a device retries.
struct ratio {
  std::uint32_t num = 1;
  std::uint32_t den = 1;
};

namespace detail {

#if defined(__SOFTFP__) || defined(__riscv_float_abi_soft) || (defined(__ARM_FP) && !(__ARM_FP & 8))
inline constexpr bool hardware_double = false;
#else
inline constexpr bool hardware_double = true;
#endif

/// Counts the units of a wait: in 32 bits where a distance of Time has no more, which is half the code on a machine that has no more.
template <instant Time>
using wait_count = std::conditional_t<count_of<Time>(duration_from_count<Time>(std::numeric_limits<std::int64_t>::max())) <=
                                          std::numeric_limits<std::int32_t>::max(),
                                      std::uint32_t, std::uint64_t>;

/// w * u / 2^32 without a 128-bit product, which 32-bit targets do not have.
[[nodiscard]] constexpr std::uint64_t scale_u32(std::uint64_t w, std::uint32_t u) noexcept {
  return (w >> 32) * u + (((w & 0xffff'ffffU) * u) >> 32);
}
[[nodiscard]] constexpr std::uint32_t scale_u32(std::uint32_t w, std::uint32_t u) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{w} * u >> 32);
}

/// w * r, cut, and at most `most`.
[[nodiscard]] constexpr std::uint64_t scale_ratio(std::uint64_t w, ratio r, std::uint64_t most) noexcept {
  const std::uint64_t whole = w / r.den;
  if (r.num != 0 && whole > most / r.num) {
    return most;
  }
  const std::uint64_t scaled = whole * r.num + (w % r.den) * r.num / r.den;
  return scaled < most ? scaled : most;
}

}  // namespace detail
}  // namespace skerry::inline v0::delivery
