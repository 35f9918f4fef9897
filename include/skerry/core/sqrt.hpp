// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::math {

/// float or double; long double differs between machines.
template <typename T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

/// The one NaN that the functions here return: the sign and payload that hardware makes up differ between machines.
template <real T>
inline constexpr T nan_v = static_cast<T>(__builtin_nan(""));
/// Neither NaN nor infinite.
template <real T>
[[nodiscard]] constexpr bool isfinite(T x) noexcept {
  return x - x == T{0};
}

namespace detail {

/// Square root of x >= 0 from integers alone: for constant expressions, where clang has no built-in.
template <real T>
[[nodiscard]] constexpr T sqrt_by_digits(T x) noexcept {
  if (x == T{0} || !isfinite(x)) {
    return x;
  }
  // x = n * 2^e with n of 53 or 54 bits and e even. Two bits of n give one of the root; one more than T keeps, and the rest, decide the
  // rounding.
  const double wide = static_cast<double>(x) < 0x1p-1022 ? static_cast<double>(x) * 0x1p54 : static_cast<double>(x);
  const auto bits = std::bit_cast<std::uint64_t>(wide);
  int e = static_cast<int>(bits >> 52) - 1075 - (static_cast<double>(x) < 0x1p-1022 ? 54 : 0);
  std::uint64_t n = (bits & 0x000fffffffffffffULL) | 0x0010000000000000ULL;
  if (e % 2 != 0) {
    n <<= 1;
    --e;
  }
  constexpr int digits = std::same_as<T, float> ? 24 : 53;
  // The root of n has 27 bits: n is continued by zeros (or cut, for float) until there is one bit more than `digits`.
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

}  // namespace detail

/// Square root, correctly rounded; NaN below zero.
template <real T>
[[nodiscard]] constexpr T sqrt(T x) noexcept {
  if (!(x >= T{0})) {
    return nan_v<T>;
  }
  if (std::is_constant_evaluated()) {
    return detail::sqrt_by_digits(x);
  }
  if constexpr (std::same_as<T, float>) {
    return __builtin_sqrtf(x);
  } else {
    return __builtin_sqrt(x);
  }
}

}  // namespace skerry::inline v0::math
