// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// What the simulators need of analysis, from + - x and division only, so that the bits are the same everywhere.
namespace skerry::inline v0::testing::detail {

/// Sine of a double by its series; for tables and set-up, |x| <= 7.
[[nodiscard]] constexpr double series_sin(double x) noexcept {
  double term = x;
  double sum = x;
  for (int n = 1; n < 20; ++n) {
    term *= -x * x / ((2 * n) * (2 * n + 1));
    sum += term;
  }
  return sum;
}
inline constexpr double two_pi = 6.283185307179586;
[[nodiscard]] constexpr double series_cos(double x) noexcept {
  return series_sin(x < two_pi / 4 * 3 ? two_pi / 4 - x : two_pi / 4 * 5 - x);
}

/// e^-x for 0 <= x <= 1: the share of a first-order state that is left.
[[nodiscard]] constexpr double exp_minus(double x) noexcept {
  double term = 1;
  double sum = 1;
  for (int n = 1; n < 22; ++n) {
    term *= -x / n;
    sum += term;
  }
  return sum;
}

struct sine_cell {
  float value, slope;
};

/// One period in 1024 cells, each with the slope to the next.
inline constexpr std::array<sine_cell, 1024> sine_table = [] {
  std::array<sine_cell, 1024> table{};
  for (std::size_t i = 0; i < 1024; ++i) {
    const double here = series_sin(two_pi / 1024 * static_cast<double>(i));
    const double next = series_sin(two_pi / 1024 * static_cast<double>(i + 1));
    table[i] = {static_cast<float>(here), static_cast<float>((next - here) / 4194304.0)};
  }
  return table;
}();

/// Sine of `phase` / 2^32 turns, by linear interpolation: error <= 5e-6.
[[nodiscard]] constexpr float table_sin(std::uint32_t phase) noexcept {
  const sine_cell cell = sine_table[phase >> 22];
  const float along = static_cast<float>(static_cast<std::int32_t>(phase & 0x3fffff));
  return cell.value + cell.slope * along;
}

}  // namespace skerry::inline v0::testing::detail
