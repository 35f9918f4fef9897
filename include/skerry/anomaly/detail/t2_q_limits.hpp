// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/tail_quantiles.hpp>
#include <skerry/core/math.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// What T² over K axes of a further usual row exceeds with probability alpha.
[[nodiscard]] inline double limit_of_t2(std::uint64_t rows, std::size_t components, double alpha) noexcept {
  const double n = static_cast<double>(rows);
  const double k = static_cast<double>(components);
  // From a billion rows on F no longer moves.
  const std::uint64_t freedom = std::min<std::uint64_t>(rows - components, 1'000'000'000);
  return k * ((n - 1) / n) * ((n + 1) / (n - k)) *
         f_quantile(alpha, static_cast<std::uint32_t>(components), static_cast<std::uint32_t>(freedom));
}

/// What Q exceeds with probability alpha, from the variances along the axes that are left out, falling.
[[nodiscard]] inline double limit_of_q(std::span<const double> variance, double alpha) noexcept {
  // Relative to the greatest, so that powers of small variances do not vanish.
  const double unit = variance.empty() ? 0.0 : variance[0];
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  for (const double of : variance) {
    const double v = unit > 0 ? of / unit : 0.0;
    sum += v;
    squares += v * v;
    cubes += v * v * v;
  }
  if (!(sum > 0)) {
    return 0;
  }
  const double h = 1 - 2 * sum * cubes / (3 * squares * squares);
  if (h > 1e-3) {
    const double z = normal_quantile(alpha);
    const double base = 1 + squares * h * (h - 1) / (sum * sum) + z * h * math::sqrt(2 * squares) / sum;
    return unit * sum * math::exp(math::log(base) / h);
  }
  // One residual variance above many small ones: no power makes such a sum normal, and the formula answers limits half as high again, or
  // none. A chi-square variable with the same first three moments stays within a tenth of simulated limits down to alpha 1e-4.
  const double freedom = squares * squares * squares / (cubes * cubes);
  const double x = chi_square_quantile(alpha, freedom);
  return unit * (sum + (x - freedom) * math::sqrt(squares / freedom));
}

}  // namespace skerry::inline v0::anomaly::detail
