// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/math.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::testing::detail {

struct sine_cell {
  float value, slope;
};

/// One turn in 1024 cells, each with the slope to the next: half the work of math::sin_turn, at 8 kB instead of 2.
inline constexpr array_of<sine_cell, 1024> sine_cells = [] {
  array_of<sine_cell, 1024> table{};
  for (std::size_t i = 0; i < 1024; ++i) {
    const double here = math::sin(math::pi / 512 * static_cast<double>(i));
    const double next = math::sin(math::pi / 512 * static_cast<double>(i + 1));
    table[i] = {static_cast<float>(here), static_cast<float>((next - here) / 4194304.0)};
  }
  return table;
}();

/// Sine of `phase` / 2^32 turns, by linear interpolation: error <= 5e-6.
[[nodiscard]] constexpr float fast_sine(std::uint32_t phase) noexcept {
  const sine_cell cell = sine_cells[phase >> 22];
  const float along = static_cast<float>(static_cast<std::int32_t>(phase & 0x3fffff));
  return cell.value + cell.slope * along;
}

}  // namespace skerry::inline v0::testing::detail
