// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

// Elementary functions from + - x / and IEEE square roots only, so that every machine stores the same bits: libm differs between
// newlib, glibc and musl. The errors below were measured against a wider reference (tests/core/math.cpp holds them).
namespace skerry::inline v0::math {

/// float or double; long double differs between machines.
template <typename T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double ln2 = 0.693147180559945309417;

/// The one NaN that the functions here return: the sign and payload that hardware makes up differ between machines.
template <real T>
inline constexpr T nan_v = std::numeric_limits<T>::quiet_NaN();
template <real T>
inline constexpr T inf_v = std::numeric_limits<T>::infinity();

template <real T>
[[nodiscard]] constexpr bool isnan(T x) noexcept {
  return x != x;
}

/// Neither NaN nor infinite.
template <real T>
[[nodiscard]] constexpr bool isfinite(T x) noexcept {
  return x - x == T{0};
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

/// Square root, correctly rounded; NaN below zero.
template <real T>
[[nodiscard]] constexpr T sqrt(T x) noexcept {
  if (!(x >= T{0})) {
    return nan_v<T>;
  }
  if (!std::is_constant_evaluated()) {
    if constexpr (std::same_as<T, float>) {
      return __builtin_sqrtf(x);
    } else {
      return __builtin_sqrt(x);
    }
  }
  if (x == T{0} || !isfinite(x)) {
    return x;
  }
  // Digit by digit in integers: x = n * 2^(2q) with n of 54 or 55 bits beyond the precision, so that the remainder decides the rounding.
  const double wide = static_cast<double>(x) < 0x1p-1022 ? static_cast<double>(x) * 0x1p54 : static_cast<double>(x);
  const auto bits = std::bit_cast<std::uint64_t>(wide);
  int e = static_cast<int>(bits >> 52) - 1075 - (static_cast<double>(x) < 0x1p-1022 ? 54 : 0);
  std::uint64_t n = (bits & 0x000fffffffffffffULL) | 0x0010000000000000ULL;
  if (e % 2 != 0) {
    n <<= 1;
    --e;
  }
  constexpr int digits = std::numeric_limits<T>::digits;
  // The root of n * 4^k has (53 or 54)/2 + k bits; one more than `digits` is wanted, plus a sticky bit.
  constexpr int k = digits + 1 - 27;
  std::uint64_t root = 0;
  std::uint64_t rest = 0;
  for (int i = 26 + k; i >= 0; --i) {
    const int low = 2 * (i - k);  // the two bits of n that come down next, zeros below n
    const std::uint64_t next = low >= 0 ? (n >> low) & 3 : 0;
    rest = (rest << 2) | next;
    const std::uint64_t trial = (root << 2) | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  bool more = rest != 0;
  if constexpr (k < 0) {
    more = more || (n & ((std::uint64_t{1} << (-2 * k)) - 1)) != 0;
  }
  const bool up = (root & 1) != 0 && (more || (root & 2) != 0);
  const std::uint64_t rounded = (root >> 1) + (up ? 1 : 0);
  double value = static_cast<double>(rounded);
  int scale = e / 2 - k + 1;
  for (; scale > 0; --scale) {
    value *= 2;
  }
  for (; scale < 0; ++scale) {
    value /= 2;
  }
  return static_cast<T>(value);
}

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

}  // namespace skerry::inline v0::math
