// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>

#include <cstdint>
#include <limits>

// Quantiles of the upper tail for the limits of statistics, from skerry::math alone: same bits everywhere. All take the share alpha
// above the quantile, in [1e-12, 0.5]: asked for 1 - alpha, the digits of a small alpha would be gone.
namespace skerry::inline v0::anomaly::detail {

/// Gamma(b + 1/2) / Gamma(b) for b > 0.
///
/// Bound   relative 2e-14
/// Source  asymptotic series of the ratio; below 64 carried up by Gamma(b + 1) = b Gamma(b)
[[nodiscard]] inline double gamma_half_step(double b) noexcept {
  double factor = 1;
  while (b < 64) {
    factor *= b / (b + 0.5);
    b += 1;
  }
  // With x = 1 / (8 b): 1 - x + x^2/2 + 5 x^3/2 - 21 x^4/8 - 399 x^5/8 + 869 x^6/16 + ...; the next term is below 1e-15 here.
  const double x = 1 / (8 * b);
  double series = 869.0 / 16;
  series = series * x - 399.0 / 8;
  series = series * x - 21.0 / 8;
  series = series * x + 2.5;
  series = series * x + 0.5;
  series = series * x - 1;
  return factor * math::sqrt(b) * (1 + series * x);
}

/// 1 / B(d1 / 2, d2 / 2), the inverse of the beta function, for d1 <= 64.
[[nodiscard]] inline double inverse_beta(std::uint32_t d1, std::uint32_t d2) noexcept {
  double a = d1 % 2 == 0 ? 1.0 : 0.5;
  const double b = d2 / 2.0;
  double value = a == 1.0 ? b : gamma_half_step(b) / math::sqrt(math::pi);
  while (a < d1 / 2.0) {
    value *= (a + b) / a;
    a += 1;
  }
  return value;
}

/// P(F > f) for Fisher's F with d1 and d2 degrees of freedom, f not far below the median: the fraction loses digits there.
///
/// Source  Abramowitz and Stegun, 26.5.2 and the continued fraction 26.5.8, evaluated by Lentz's method
[[nodiscard]] inline double f_tail(double f, std::uint32_t d1, std::uint32_t d2) noexcept {
  const double p = d2 / 2.0;
  const double q = d1 / 2.0;
  const double whole = d2 + d1 * f;
  const double x = d2 / whole;
  const double rest = d1 * f / whole;
  const double log_x = x < 0.5 ? math::log(x) : math::log1p(-rest);
  const double log_rest = rest < 0.5 ? math::log(rest) : math::log1p(-x);
  const double front = math::exp(p * log_x + q * log_rest) * inverse_beta(d1, d2) / p;
  constexpr double floor = 1e-300;
  const auto away_from_zero = [](double v) { return math::fabs(v) < floor ? floor : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (p + q) * x / (p + 1));
  double fraction = d;
  for (int i = 1; i < 20'000; ++i) {
    const double m = i;
    const double even = m * (q - m) * x / ((p + 2 * m - 1) * (p + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(p + m) * (p + q + m) * x / ((p + 2 * m) * (p + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    const double step = d * c;
    fraction *= step;
    if (math::fabs(step - 1) < 4 * std::numeric_limits<double>::epsilon()) {
      break;
    }
  }
  return front * fraction;
}

/// What Fisher's F with d1 and d2 degrees of freedom exceeds with probability alpha.
///
/// Input   d1 in [1, 64], d2 >= 1
/// Cost    some sixty evaluations of the tail, each O(sqrt(d1 + d2)) at worst
/// Bound   relative 1e-12 to d2 = 10^4, 1e-9 to 10^6, 1e-7 to 10^9, beside finite sums in 60 digits; tests/anomaly/t2_q.cpp holds some
[[nodiscard]] inline double f_quantile(double alpha, std::uint32_t d1, std::uint32_t d2) noexcept {
  double low = 0.25;  // below every median
  double high = 1;
  while (f_tail(high, d1, d2) > alpha) {
    low = high;
    high *= 2;
  }
  for (int i = 0; i < 54; ++i) {
    const double middle = low + (high - low) / 2;
    (f_tail(middle, d1, d2) > alpha ? low : high) = middle;
  }
  return high;
}

/// P(Z > z) for the standard normal distribution, 0 <= z <= 8.
///
/// Source  Abramowitz and Stegun, 26.2.11 (series) below 2.5, 26.2.14 (continued fraction) above
[[nodiscard]] inline double normal_tail(double z) noexcept {
  constexpr double inverse_root = 0.398942280401432678;  // 1 / sqrt(2 pi)
  const double density = inverse_root * math::exp(-0.5 * z * z);
  if (z < 2.5) {
    double term = z;
    double sum = z;
    double odd = 3;
    while (term > 1e-18) {
      term *= z * z / odd;
      sum += term;
      odd += 2;
    }
    return 0.5 - density * sum;
  }
  double fraction = z;
  for (int k = 120; k > 0; --k) {
    fraction = z + k / fraction;
  }
  return density / fraction;
}

/// What a standard normal value exceeds with probability alpha.
///
/// Bound   absolute 1e-13, beside published tables; tests/anomaly/t2_q.cpp holds some
[[nodiscard]] inline double normal_quantile(double alpha) noexcept {
  double low = 0;
  double high = 8;
  for (int i = 0; i < 56; ++i) {
    const double middle = low + (high - low) / 2;
    (normal_tail(middle) > alpha ? low : high) = middle;
  }
  return high;
}

/// ln Gamma(x) for x > 0.
///
/// Source  Stirling's series; below 12 carried up by Gamma(x + 1) = x Gamma(x)
[[nodiscard]] inline double log_gamma(double x) noexcept {
  double product = 1;
  while (x < 12) {
    product *= x;
    x += 1;
  }
  const double r = 1 / (x * x);
  const double series = (((r / 1188 - 1.0 / 1680) * r + 1.0 / 1260) * r - 1.0 / 360) * r + 1.0 / 12;
  constexpr double half_log_two_pi = 0.918938533204672742;
  return (x - 0.5) * math::log(x) - x + half_log_two_pi + series / x - math::log(product);
}

/// P(X > x) for a chi-square variable with nu degrees of freedom, whole or not, x > 0.
///
/// Source  Abramowitz and Stegun, 6.5.29 (series) below the mean, 6.5.31 (continued fraction) above
[[nodiscard]] inline double chi_square_tail(double x, double nu) noexcept {
  const double a = nu / 2;
  const double t = x / 2;
  const double front = math::exp(a * math::log(t) - t - log_gamma(a));
  if (t < a + 1) {
    double term = 1 / a;
    double sum = term;
    double next = a + 1;
    while (term > sum * 1e-17) {
      term *= t / next;
      sum += term;
      next += 1;
    }
    return 1 - front * sum;
  }
  double b = t + 1 - a;
  double c = 1e300;
  double d = 1 / b;
  double fraction = d;
  for (int i = 1; i < 1000; ++i) {
    const double top = -i * (i - a);
    b += 2;
    d = 1 / (top * d + b);
    c = b + top / c;
    fraction *= d * c;
    if (math::fabs(d * c - 1) < 4 * std::numeric_limits<double>::epsilon()) {
      break;
    }
  }
  return front * fraction;
}

/// What a chi-square variable with nu degrees of freedom exceeds with probability alpha.
///
/// Input   nu in [1, 64]
/// Bound   relative 1e-12; tests/anomaly/t2_q.cpp holds some
[[nodiscard]] inline double chi_square_quantile(double alpha, double nu) noexcept {
  double low = 0.25;  // below the median for one degree of freedom, the least
  double high = 1;
  while (chi_square_tail(high, nu) > alpha) {
    low = high;
    high *= 2;
  }
  for (int i = 0; i < 54; ++i) {
    const double middle = low + (high - low) / 2;
    (chi_square_tail(middle, nu) > alpha ? low : high) = middle;
  }
  return high;
}

}  // namespace skerry::inline v0::anomaly::detail
