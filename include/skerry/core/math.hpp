// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/sqrt.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

// Elementary functions from + - x / and IEEE square roots only, so that every machine stores the same bits: libm differs between
// newlib, glibc and musl. The errors below were measured against a wider reference (tests/core/math.cpp holds them).
namespace skerry::inline v0::math {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double ln2 = 0.693147180559945309417;

template <real T>
inline constexpr T inf_v = static_cast<T>(__builtin_huge_val());

template <real T>
[[nodiscard]] constexpr bool isnan(T x) noexcept {
  return x != x;
}

template <real T>
[[nodiscard]] constexpr bool signbit(T x) noexcept {
  using bits = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;
  return (std::bit_cast<bits>(x) >> (8 * sizeof(bits) - 1)) != 0;
}

template <real T>
[[nodiscard]] constexpr T fabs(T x) noexcept {
  using bits = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;
  return std::bit_cast<T>(static_cast<bits>(std::bit_cast<bits>(x) & (~bits{0} >> 1)));
}

namespace detail {

inline constexpr double ln2_high = 0x1.62e42feep-1;       // ln 2 cut to 32 bits: k times it is exact for |k| < 2^20
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;  // the rest

inline constexpr double ln2_rest = 0x1.abc9e3b39803fp-56;  // ln 2 less the double next to it

/// x = m * 2^e with m in [sqrt(1/2), sqrt(2)), for finite x > 0.
struct mantissa_exponent {
  double m;
  int e;
};
[[nodiscard]] constexpr mantissa_exponent split(double x) noexcept {
  int e = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    e = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // Adding the distance from the mantissa of sqrt(1/2) to 2 carries into the exponent exactly when m would reach sqrt(2).
  const std::uint64_t shifted = bits + (0x3ff0000000000000ULL - 0x3fe6a09e667f3bcdULL);
  e += static_cast<int>(shifted >> 52) - 1023;
  return {std::bit_cast<double>((shifted & 0x000fffffffffffffULL) + 0x3fe6a09e667f3bcdULL), e};
}

/// ln(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)), by the series of 2 atanh(f / (2 + f)).
[[nodiscard]] constexpr double log1p_rest(double f, double scale_low) noexcept {
  const double s = f / (2.0 + f);
  const double z = s * s;
  double r = 2.0 / 23;
  r = r * z + 2.0 / 21;
  r = r * z + 2.0 / 19;
  r = r * z + 2.0 / 17;
  r = r * z + 2.0 / 15;
  r = r * z + 2.0 / 13;
  r = r * z + 2.0 / 11;
  r = r * z + 2.0 / 9;
  r = r * z + 2.0 / 7;
  r = r * z + 2.0 / 5;
  r = r * z + 2.0 / 3;
  r *= z;
  // 2s = f - s f and s f = f^2/2 - s f^2/2: so the large terms stay exact and only the small ones round.
  const double half = 0.5 * f * f;
  return (s * (half + r) + scale_low) - half;
}

}  // namespace detail

/// Natural logarithm; -inf at zero, NaN below.
///
/// Bound   double: 1 ulp; float: 0.51 ulp (through double)
/// Source  series of 2 atanh(s), s = (x - 1) / (x + 1): Abramowitz and Stegun, 4.1.27
[[nodiscard]] constexpr double log(double x) noexcept {
  if (!(x > 0)) {
    return x == 0 ? -inf_v<double> : nan_v<double>;
  }
  if (x == inf_v<double>) {
    return x;
  }
  const auto [m, e] = detail::split(x);
  const double f = m - 1.0;
  const double k = e;
  return k * detail::ln2_high + (f + detail::log1p_rest(f, k * detail::ln2_low));
}
[[nodiscard]] constexpr float log(float x) noexcept { return static_cast<float>(log(static_cast<double>(x))); }

/// Logarithm to base 2; exact for powers of two; -inf at zero, NaN below.
///
/// Bound   double: 1 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double log2(double x) noexcept {
  if (!(x > 0)) {
    return x == 0 ? -inf_v<double> : nan_v<double>;
  }
  if (x == inf_v<double>) {
    return x;
  }
  constexpr double inverse_high = 0x1.715476p0;  // 1 / ln 2 cut to 25 bits
  constexpr double inverse_low = 0x1.4ae0bf85ddf44p-26;
  const auto [m, e] = detail::split(x);
  const double f = m - 1.0;
  const double rest = detail::log1p_rest(f, 0.0);
  // The upper half of the bits of ln m, so that its product with `inverse_high` is exact.
  const double high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(f + rest) & 0xffffffff00000000ULL);
  const double low = (f - high) + rest;
  const double exact = high * inverse_high;
  const double sum = e + exact;
  const double lost = (e - sum) + exact;
  return sum + (lost + (low * inverse_high + (high + low) * inverse_low));
}
[[nodiscard]] constexpr float log2(float x) noexcept { return static_cast<float>(log2(static_cast<double>(x))); }

/// ln(1 + x), also where 1 + x would round the digits of x away; -inf at -1, NaN below.
///
/// Bound   double: 1.5 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double log1p(double x) noexcept {
  if (!(x > -1)) {
    return x == -1 ? -inf_v<double> : nan_v<double>;
  }
  if (x == inf_v<double> || fabs(x) < 0x1p-54) {
    return x;
  }
  if (x > -0.29 && x < 0.41) {
    return x + detail::log1p_rest(x, 0.0);
  }
  const double u = 1.0 + x;
  const double lost = x < 1 ? x - (u - 1.0) : 1.0 - (u - x);
  const auto [m, e] = detail::split(u);
  const double f = m - 1.0;
  const double k = e;
  return k * detail::ln2_high + (f + detail::log1p_rest(f, k * detail::ln2_low + lost / u));
}
[[nodiscard]] constexpr float log1p(float x) noexcept { return static_cast<float>(log1p(static_cast<double>(x))); }

namespace detail {

/// v * 2^k, rounded once, for v in [1/4, 4] and a result that may overflow or be subnormal.
[[nodiscard]] constexpr double scale(double v, int k) noexcept {
  const auto power = [](int n) { return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52); };
  if (k > 1020) {
    return v * power(1020) * power(k - 1020);
  }
  if (k < -1000) {
    return v * power(k + 100) * power(-100);
  }
  return v * power(k);
}

/// exp(r + c) - 1 for |r| <= 0.35 and tiny c, by its Taylor series.
[[nodiscard]] constexpr double expm1_near_zero(double r, double c) noexcept {
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  return r + (r * r * p + c);
}

/// x = k ln 2 + r + c with |r| <= 0.35, for |x| < 2000.
struct exp_argument {
  int k;
  double r, c;
};
[[nodiscard]] constexpr exp_argument reduce_exp(double x) noexcept {
  const int k = static_cast<int>(x * 1.44269504088896340736 + (x < 0 ? -0.5 : 0.5));
  const double high = x - k * ln2_high;
  const double low = k * ln2_low;
  const double r = high - low;
  return {k, r, (high - r) - low};
}

}  // namespace detail

/// e^x; infinite above 709.78, 0 below -745.13.
///
/// Bound   double: 1 ulp (of the smallest normal, where the result is subnormal: 1 of its last place); float: 0.51 ulp (through double)
[[nodiscard]] constexpr double exp(double x) noexcept {
  if (isnan(x)) {
    return nan_v<double>;
  }
  if (x > 710) {
    return inf_v<double>;
  }
  if (x < -746) {
    return 0.0;
  }
  const auto [k, r, c] = detail::reduce_exp(x);
  return detail::scale(1.0 + detail::expm1_near_zero(r, c), k);
}
[[nodiscard]] constexpr float exp(float x) noexcept { return static_cast<float>(exp(static_cast<double>(x))); }

/// 2^x; exact for whole x.
///
/// Bound   double: 1 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double exp2(double x) noexcept {
  if (isnan(x)) {
    return nan_v<double>;
  }
  if (x >= 1024) {
    return inf_v<double>;
  }
  if (x < -1076) {
    return 0.0;
  }
  const int k = static_cast<int>(x + (x < 0 ? -0.5 : 0.5));
  return detail::scale(1.0 + detail::expm1_near_zero((x - k) * ln2, (x - k) * detail::ln2_rest), k);
}
[[nodiscard]] constexpr float exp2(float x) noexcept { return static_cast<float>(exp2(static_cast<double>(x))); }

/// e^x - 1, also where e^x would round the digits of x away.
///
/// Bound   double: 2 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double expm1(double x) noexcept {
  if (isnan(x)) {
    return nan_v<double>;
  }
  if (fabs(x) < 0x1p-54) {
    return x;
  }
  if (x > 40) {
    return exp(x) - 1.0;
  }
  if (x < -40) {
    return -1.0;
  }
  const auto [k, r, c] = detail::reduce_exp(x);
  const double y = detail::expm1_near_zero(r, c);
  if (k == 0) {
    return y;
  }
  const double power = detail::scale(1.0, k);
  return k < 0 || k > 52 ? power * y + (power - 1.0) : (power - 1.0) + power * y;
}
[[nodiscard]] constexpr float expm1(float x) noexcept { return static_cast<float>(expm1(static_cast<double>(x))); }

/// Hyperbolic tangent.
///
/// Bound   double: 3 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double tanh(double x) noexcept {
  if (isnan(x)) {
    return nan_v<double>;
  }
  const double a = fabs(x);
  if (a < 0x1p-28) {
    return x;
  }
  double t = 1.0;
  if (a < 22) {
    const double e = expm1(2.0 * a);
    t = a < 1 ? e / (e + 2.0) : 1.0 - 2.0 / (e + 2.0);
  }
  return signbit(x) ? -t : t;
}
[[nodiscard]] constexpr float tanh(float x) noexcept { return static_cast<float>(tanh(static_cast<double>(x))); }

/// The greatest whole number that is not above x.
template <real T>
[[nodiscard]] constexpr T floor(T x) noexcept {
  constexpr T whole = static_cast<T>(std::same_as<T, float> ? 0x1p23 : 0x1p52);  // from here on all values are whole
  if (isnan(x)) {
    return nan_v<T>;
  }
  if (!(fabs(x) < whole) || x == T{0}) {
    return x;
  }
  const T cut = static_cast<T>(static_cast<std::int64_t>(x));
  if (cut == T{0} && x > T{0}) {
    return T{0};
  }
  return cut > x ? cut - T{1} : cut;
}

namespace detail {

/// x = quarter * pi/2 + r + c with |r| <= 0.79 and tiny c, for |x| <= 2^20.
struct circle_argument {
  unsigned quarter;
  double r, c;
};
[[nodiscard]] constexpr circle_argument reduce_circle(double x) noexcept {
  // pi/2 in pieces of 33 bits (the last: 53), so that k times a piece is exact.
  constexpr double p1 = 0x1.921fb544p+0;
  constexpr double p2 = 0x1.0b4611a6p-34;
  constexpr double p3 = 0x1.3198a2ep-69;
  constexpr double p4 = 0x1.b839a252049c1p-104;
  const int k = static_cast<int>(x * 0.636619772367581343 + (x < 0 ? -0.5 : 0.5));
  struct pair {
    double value, error;
  };
  const auto subtract = [](double a, double b) -> pair {  // a - b exactly, as a sum
    const double d = a - b;
    const double v = d - a;
    return {d, (a - (d - v)) - (b + v)};
  };
  const pair first = subtract(x - k * p1, k * p2);
  const pair second = subtract(first.value, k * p3);
  const double rest = (first.error + second.error) - k * p4;
  const double r = second.value + rest;
  return {static_cast<unsigned>(k) & 3U, r, (second.value - r) + rest};
}

[[nodiscard]] constexpr double sin_near_zero(double r, double c) noexcept {
  const double z = r * r;
  double p = 1.0 / 355687428096000.0;
  p = p * z - 1.0 / 1307674368000.0;
  p = p * z + 1.0 / 6227020800.0;
  p = p * z - 1.0 / 39916800.0;
  p = p * z + 1.0 / 362880.0;
  p = p * z - 1.0 / 5040.0;
  p = p * z + 1.0 / 120.0;
  p = p * z - 1.0 / 6.0;
  return r + (r * z * p + c * (1.0 - 0.5 * z));
}

[[nodiscard]] constexpr double cos_near_zero(double r, double c) noexcept {
  const double z = r * r;
  double p = -1.0 / 6402373705728000.0;
  p = p * z + 1.0 / 20922789888000.0;
  p = p * z - 1.0 / 87178291200.0;
  p = p * z + 1.0 / 479001600.0;
  p = p * z - 1.0 / 3628800.0;
  p = p * z + 1.0 / 40320.0;
  p = p * z - 1.0 / 720.0;
  p = p * z + 1.0 / 24.0;
  const double half = 0.5 * z;
  const double near = 1.0 - half;
  return near + (((1.0 - near) - half) + (z * z * p - r * c));
}

[[nodiscard]] constexpr double circle(double x, unsigned ahead) noexcept {
  const circle_argument a = reduce_circle(x);
  const unsigned quarter = (a.quarter + ahead) & 3U;
  const double v = (quarter & 1U) != 0 ? cos_near_zero(a.r, a.c) : sin_near_zero(a.r, a.c);
  return (quarter & 2U) != 0 ? -v : v;
}

}  // namespace detail

/// Sine of x radians, for |x| <= 2^20; NaN beyond, where an angle should have been reduced, or counted in turns (sine_table.hpp).
///
/// Bound   double: 1 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double sin(double x) noexcept {
  if (!(fabs(x) <= 0x1p20)) {
    return nan_v<double>;
  }
  return fabs(x) < 0x1p-28 ? x : detail::circle(x, 0);
}
[[nodiscard]] constexpr float sin(float x) noexcept { return static_cast<float>(sin(static_cast<double>(x))); }

/// Cosine of x radians, for |x| <= 2^20; NaN beyond.
///
/// Bound   double: 1 ulp; float: 0.51 ulp (through double)
[[nodiscard]] constexpr double cos(double x) noexcept {
  if (!(fabs(x) <= 0x1p20)) {
    return nan_v<double>;
  }
  return detail::circle(x, 1);
}
[[nodiscard]] constexpr float cos(float x) noexcept { return static_cast<float>(cos(static_cast<double>(x))); }

}  // namespace skerry::inline v0::math
