// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly {

namespace detail {

inline constexpr std::size_t path_length_table_size = 257;

/// 2 H(n) - 2 for small n. Neumaier's compensated sum: each entry is right to the last bit or next to it.
inline constexpr std::array<double, path_length_table_size> path_length_table = [] {
  std::array<double, path_length_table_size> table{};
  double sum = 0.0;
  double lost = 0.0;
  for (std::size_t k = 2; k < path_length_table_size; ++k) {
    const double term = 2.0 / static_cast<double>(k);
    const double next = sum + term;
    lost += sum >= term ? (sum - next) + term : (term - next) + sum;
    sum = next;
    table[k] = sum + lost;
  }
  return table;
}();

inline constexpr double euler_gamma = 0.57721566490153286060651209008240243;

}  // namespace detail

/// c(n): mean depth of an unsuccessful search in a random binary tree of n rows, 2 H(n) - 2 with the true harmonic number.
///
/// Cost    a look-up up to n = 256 (2 KB of constants); beyond, one logarithm
/// Bound   relative error <= 1e-14; rises strictly from n = 1
/// Source  Liu, Ting, Zhou: Isolation Forest, ICDM 2008, equation 1, without its approximation of H(n - 1)
/// The asymptotic series of H(n) after the term in n^-4 is wrong by less than 1 / (252 n^6), 4e-17 at n = 257.
[[nodiscard]] inline double average_path_length(std::uint64_t n) noexcept {
  if (n < detail::path_length_table_size) {
    return detail::path_length_table[static_cast<std::size_t>(n)];
  }
  const auto x = static_cast<double>(n);
  const double inverse = 1.0 / x;
  const double square = inverse * inverse;
  const double tail = inverse * (0.5 - inverse * (1.0 / 12.0 - square * (1.0 / 120.0)));
  return 2.0 * ((math::log(x) + (detail::euler_gamma - 1.0)) + tail);
}

/// c(n) as scikit-learn computes it: H(n - 1) replaced by ln(n - 1) + γ, so it differs in the third digit (c(256) = 10.2448, not 10.2487).
[[nodiscard]] inline double sklearn_average_path_length(std::uint64_t n) noexcept {
  if (n <= 1) {
    return 0.0;
  }
  if (n == 2) {
    return 1.0;
  }
  const auto x = static_cast<double>(n);
  return 2.0 * (math::log(x - 1.0) + detail::euler_gamma) - 2.0 * (x - 1.0) / x;
}

}  // namespace skerry::inline v0::anomaly
