// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

/// log2(x) in 1/512, x >= 1. Squarings of a fixed-point mantissa, so that it has the same bits everywhere; error below 1/512.
[[nodiscard]] constexpr std::int32_t log2_fixed(std::uint32_t x) noexcept {
  const auto whole = static_cast<std::uint32_t>(std::bit_width(x)) - 1U;
  std::uint64_t mantissa = std::uint64_t{x} << (31U - whole);
  std::uint32_t bits = whole;
  for (int i = 0; i < 10; ++i) {
    mantissa = (mantissa * mantissa) >> 31U;
    const auto over = static_cast<std::uint32_t>(mantissa >> 32U);
    mantissa >>= over;
    bits = 2U * bits + over;
  }
  return static_cast<std::int32_t>((bits + 1U) >> 1U);
}

/// The volume of a node as log2 of its share of the root's, in 1/512. It is never more than the root's, and below 2^-63 it makes no
/// difference to any density.
inline constexpr std::int32_t least_volume = -32256;

[[nodiscard]] constexpr std::int32_t part_of_volume(std::int32_t volume, std::uint32_t cells, std::uint32_t of_cells) noexcept {
  const std::int32_t part = volume + log2_fixed(cells) - log2_fixed(of_cells);
  return part > least_volume ? part : least_volume;
}

/// log2(share of rows / share of volume) in eighths, 128 for 0, kept within a byte.
[[nodiscard]] constexpr std::uint8_t density_code(std::uint32_t rows, std::uint32_t of_rows, std::int32_t volume) noexcept {
  const std::int32_t eighths = ((log2_fixed(rows) - log2_fixed(of_rows) - volume + 32) >> 6) + 128;
  return static_cast<std::uint8_t>(eighths < 0 ? 0 : eighths > 255 ? 255 : eighths);
}

}  // namespace skerry::inline v0::anomaly::detail
