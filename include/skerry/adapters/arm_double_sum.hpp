// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>

namespace skerry::inline v0::adapters {

/// Whether libgcc's sum of these two, as bits, may be wrong in its last digit: signs differ, and exponents by 33.
[[nodiscard]] constexpr bool is_ill_summed(std::uint64_t a, std::uint64_t b) noexcept {
  const auto ea = static_cast<std::uint32_t>(a >> 52) & 0x7ffU;
  const auto eb = static_cast<std::uint32_t>(b >> 52) & 0x7ffU;
  return ((a ^ b) >> 63) != 0 && (ea - eb == 33U || eb - ea == 33U);
}

/// The sum of two doubles, as bits, whose signs differ and whose exponents differ by 33, rounded to nearest, ties to even.
///
/// libgcc adds doubles of an Arm without a unit for them (Cortex-M0 to M4, M33) in 64 bits and keeps what it shifts out in a third word. At
/// a distance of 33 that word holds one bit of the smaller number, and all below it as "something"; where the difference then has to move
/// up by one place, the bit that decides on rounding has become part of that something. One sum in some hundred thousand of random
/// ones, but a second of a range: 1.0 + y for every y in (-2^-32, -2^-33).
///
/// Input   `is_ill_summed(a, b)`
[[nodiscard]] constexpr std::uint64_t sum_33_apart(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
  constexpr int spare = 10;  // places below the last one of the larger number
  const bool swapped = (a & ~(std::uint64_t{1} << 63)) < (b & ~(std::uint64_t{1} << 63));
  const std::uint64_t large = swapped ? b : a;
  const std::uint64_t small = swapped ? a : b;
  std::uint64_t exponent = large >> 52 & 0x7ffU;
  if (exponent == 0x7ffU) {
    return large | ((large & fraction) != 0 ? std::uint64_t{1} << 51 : 0);  // infinite, or no number
  }
  // A number below the normal ones has no digit before the point, and the exponent of the least normal one.
  const bool normal = (small >> 52 & 0x7ffU) != 0;
  const std::uint64_t less = (small & fraction) | (normal ? fraction + 1 : 0);
  const int shift = (normal ? 33 : 32) - spare;
  const std::uint64_t cut = less & ((std::uint64_t{1} << shift) - 1);
  std::uint64_t rest = (((large & fraction) | (fraction + 1)) << spare) - (less >> shift) - (cut != 0 ? 1U : 0U);
  rest |= cut != 0 ? 1U : 0U;
  int places = spare;
  if ((rest >> (52 + spare)) == 0) {  // one place down at most: the other is 2^32 times less
    --places;
    --exponent;
  }
  const std::uint64_t unit = std::uint64_t{1} << places;
  const std::uint64_t below = rest & (unit - 1);
  std::uint64_t digits = rest >> places;
  digits += below > unit / 2 || (below == unit / 2 && (digits & 1) != 0) ? 1U : 0U;
  // Digits that have grown to 2^53 carry into the exponent by themselves.
  return (large & (std::uint64_t{1} << 63)) + ((exponent - 1) << 52) + digits;
}

}  // namespace skerry::inline v0::adapters

// To be included by one source file of a firmware that is linked with
//
//   -Wl,--wrap=__aeabi_dadd -Wl,--wrap=__aeabi_dsub
//
// so that sums go through here first: eight instructions more for each. Elsewhere this header does nothing.
#if defined(__arm__) && !defined(__clang__) && (!defined(__ARM_FP) || (__ARM_FP & 8) == 0)
extern "C" {
// The helpers of the Arm run-time ABI take numbers in general registers, whatever the rest of the program does.
__attribute__((pcs("aapcs"))) double __real___aeabi_dadd(double a, double b);
__attribute__((pcs("aapcs"), used)) double __wrap___aeabi_dadd(double a, double b) {
  const auto x = std::bit_cast<std::uint64_t>(a);
  const auto y = std::bit_cast<std::uint64_t>(b);
  return skerry::adapters::is_ill_summed(x, y) ? std::bit_cast<double>(skerry::adapters::sum_33_apart(x, y)) : __real___aeabi_dadd(a, b);
}
__attribute__((pcs("aapcs"), used)) double __wrap___aeabi_dsub(double a, double b) { return __wrap___aeabi_dadd(a, -b); }
}
#endif
