// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/ks.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// Population stability index of the counts of two histograms with the same bins: the sum of (q - p) ln(q / p) over the bins, p and q
/// being the shares. Half a value is added to every bin, so that an empty one is no infinity.
///
/// By convention values below 0.1 are called stable and above 0.25 changed. They take no account of the counts: of two samples of one
/// distribution the index is about (bins - 1) (1/n + 1/m), so a hundred values in ten bins pass 0.1 by chance.
///
/// Cost    one logarithm per bin
/// Errors  `width` unless both have the same number of bins, at least two; `empty` when either counts nothing
template <typename Count>
requires std::is_unsigned_v<Count>
[[nodiscard]] constexpr result<double> psi(std::span<const Count> expected, std::span<const Count> actual) noexcept {
  if (expected.size() != actual.size() || expected.size() < 2) {
    return errc::width;
  }
  double of_expected = 0;
  double of_actual = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    of_expected += static_cast<double>(expected[i]);
    of_actual += static_cast<double>(actual[i]);
  }
  if (!(of_expected > 0) || !(of_actual > 0)) {
    return errc::empty;
  }
  const double added = 0.5 * static_cast<double>(expected.size());
  double sum = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double p = (static_cast<double>(expected[i]) + 0.5) / (of_expected + added);
    const double q = (static_cast<double>(actual[i]) + 0.5) / (of_actual + added);
    sum += (q - p) * math::log(q / p);
  }
  return sum;
}

/// The same of what two sketches have seen, in `Bins` bins that hold equal shares of `expected`.
///
/// A value that fills more than one bin alone leaves its neighbours empty on both sides; they add next to nothing.
/// Errors  `empty` when either is
template <std::size_t Bins = 10, ranked_sketch S>
[[nodiscard]] constexpr result<double> psi(const S& expected, const S& actual) noexcept {
  static_assert(Bins >= 2, "psi<Bins>: at least two bins");
  if (expected.count() == 0 || actual.count() == 0) {
    return errc::empty;
  }
  const auto n = static_cast<double>(expected.count());
  const auto m = static_cast<double>(actual.count());
  const double added = 0.5 * static_cast<double>(Bins);
  double sum = 0;
  double p_before = 0;
  double q_before = 0;
  for (std::size_t i = 1; i <= Bins; ++i) {
    double p_through = 1;
    double q_through = 1;
    if (i < Bins) {
      const auto edge = expected.quantile(static_cast<double>(i) / static_cast<double>(Bins)).value();
      p_through = expected.rank(edge).value();
      q_through = actual.rank(edge).value();
    }
    const double p = (n * (p_through - p_before) + 0.5) / (n + added);
    const double q = (m * (q_through - q_before) + 0.5) / (m + added);
    sum += (q - p) * math::log(q / p);
    p_before = p_through;
    q_before = q_through;
  }
  return sum;
}

}  // namespace skerry::inline v0::stats
