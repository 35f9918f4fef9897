// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

/// Which bucket of a base-2 exponential histogram a double belongs to, exactly: bucket i of a scale holds (b^i, b^(i+1)] with
/// b = 2^(2^-scale). No logarithm decides: a boundary is compared as an integer of 52 bits.
namespace skerry::inline v0::stats::detail {

inline constexpr int exp_least_scale = -10;
inline constexpr int exp_greatest_scale = 20;
inline constexpr int exp_table_scale = 6;
inline constexpr std::uint64_t double_mantissa = (std::uint64_t{1} << 52) - 1;
inline constexpr std::uint64_t double_infinity = std::uint64_t{0x7ff} << 52;

/// 2^(1/2), 2^(1/4), ... and products of them, as fixed-point numbers in [1, 2) of 96 bits, the most significant first.
struct exp_power {
  std::uint32_t limb[3];

  [[nodiscard]] constexpr exp_power times(const exp_power& b) const noexcept {
    std::uint32_t product[6] = {};  // the least significant first
    for (unsigned i = 0; i < 3; ++i) {
      std::uint64_t carry = 0;
      for (unsigned j = 0; j < 3; ++j) {
        carry += std::uint64_t{limb[2 - i]} * b.limb[2 - j] + product[i + j];
        product[i + j] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
      }
      product[i + 3] = static_cast<std::uint32_t>(carry);
    }
    exp_power out{};
    for (unsigned i = 0; i < 3; ++i) {
      out.limb[i] = product[5 - i] << 1 | product[4 - i] >> 31;
    }
    return out;
  }
  /// The mantissa of the greatest double that is not above it.
  [[nodiscard]] constexpr std::uint64_t mantissa() const noexcept {
    return (std::uint64_t{limb[0]} << 21 | limb[1] >> 11) & double_mantissa;
  }
};
inline constexpr exp_power exp_root[20] = {
    {{0xb504f333, 0xf9de6484, 0x597d89b3}}, {{0x9837f051, 0x8db8a96f, 0x46ad2318}}, {{0x8b95c1e3, 0xea8bd6e6, 0xfbe46287}},
    {{0x85aac367, 0xcc487b14, 0xc5c95b8c}}, {{0x82cd8698, 0xac2ba1d7, 0x3e2a475b}}, {{0x8164d1f3, 0xbc030773, 0x7be56528}},
    {{0x80b1ed4f, 0xd999ab6c, 0x2533571a}}, {{0x8058d7d2, 0xd5e5f6b0, 0x94d589f6}}, {{0x802c6436, 0xd0e04f50, 0xff8ce94a}},
    {{0x8016302f, 0x17467628, 0x3690dfe4}}, {{0x800b179c, 0x82028fd0, 0x945e54e3}}, {{0x80058baf, 0x7fee3b5d, 0x1c718b39}},
    {{0x8002c5d0, 0x0fdcfcb6, 0xb6566a59}}, {{0x800162e6, 0x1bed4a48, 0xe84c2e1a}}, {{0x8000b172, 0x92f702a3, 0xaa22bead}},
    {{0x800058b9, 0x2abbae02, 0x030c5fa5}}, {{0x80002c5c, 0x8dade4d7, 0x1776c0f5}}, {{0x8000162e, 0x44eaf636, 0x526be456}},
    {{0x80000b17, 0x21fa7c18, 0x8307016c}}, {{0x8000058b, 0x90de7e4c, 0xecfc4875}}};

/// floor(2^52 (2^(k / 2^20) - 1)) for 0 <= k < 2^20: the greatest mantissa that is not above the boundary.
///
/// Bound   exact for every k: the product keeps 96 bits, and no boundary is nearer than 2^-25 to a whole number (all 2^20 were
///         computed with 230 bits and compared)
[[nodiscard]] constexpr std::uint64_t exp_boundary(std::uint32_t k) noexcept {
  exp_power p{{0x80000000, 0, 0}};
  for (unsigned bit = 0; bit < 20; ++bit) {
    if ((k >> (19 - bit) & 1U) != 0) {
      p = p.times(exp_root[bit]);
    }
  }
  return p.mantissa();
}

/// The greatest k whose boundary is below a mantissa that is not zero: the same products in the same order, chosen bit by bit.
[[nodiscard]] constexpr std::uint32_t exp_search(std::uint64_t mantissa) noexcept {
  exp_power p{{0x80000000, 0, 0}};
  std::uint32_t k = 0;
  for (const exp_power& root : exp_root) {
    const exp_power next = p.times(root);
    k <<= 1;
    if (mantissa > next.mantissa()) {
      p = next;
      k |= 1;
    }
  }
  return k;
}

/// The boundaries at scale 6.
struct exp_boundaries {
  std::uint64_t at[65];
};
inline constexpr exp_boundaries exp_boundary_6 = [] {
  exp_boundaries t{};
  for (std::uint32_t k = 0; k < 64; ++k) {
    t.at[k] = exp_boundary(k << 14);
  }
  t.at[64] = double_mantissa + 1;
  return t;
}();

/// For each of 128 equal pieces of [1, 2) where its values lie among the boundaries of scale 6. A piece holds at most one. Its word is
/// made so that word + mantissa carries into bit 52 exactly when the mantissa is above it; the bits from there on count the
/// boundaries below the piece.
struct exp_pieces {
  std::uint64_t word[128];
};
inline constexpr exp_pieces exp_piece = [] {
  exp_pieces t{};
  std::size_t below = 0;
  for (std::uint64_t c = 0; c < 128; ++c) {
    for (; exp_boundary_6.at[below] < c << 45;) {
      ++below;
    }
    t.word[c] = (std::uint64_t{below} << 52) + (double_mantissa - exp_boundary_6.at[below]);
  }
  return t;
}();

/// The index at scale 6 of a normal positive double.
[[nodiscard]] constexpr std::int32_t exp_index_6(std::uint64_t bits) noexcept {
  // With the exponent in the sum: 64 e + below = 63 e + (e + below).
  const std::uint64_t word = exp_piece.word[bits >> 45 & 127];
  return static_cast<std::int32_t>((bits + word) >> 52) + static_cast<std::int32_t>(bits >> 52) * 63 - 1023 * 64 - 1;
}

/// The greatest k whose boundary is below a mantissa that is not zero. `below` is k at scale 6.
///
/// Cost    a division and a polynomial, and once in half a million values twenty long products
[[nodiscard]] constexpr std::uint32_t exp_search_near(std::uint64_t mantissa, std::int32_t below) noexcept {
  // 2^20 log2(1 + f) of the distance from the boundary of scale 6, good to 2^-30.
  const std::uint64_t boundary = exp_boundary_6.at[below];
  const double f = static_cast<double>(mantissa - boundary) / static_cast<double>(double_mantissa + 1 + boundary);
  double p = 1.0 / 7;
  p = p * f - 1.0 / 6;
  p = p * f + 1.0 / 5;
  p = p * f - 1.0 / 4;
  p = p * f + 1.0 / 3;
  p = p * f - 1.0 / 2;
  p = p * f + 1.0;
  const double fine = p * f * (0x1p20 * 1.44269504088896340736);
  const auto step = static_cast<std::int32_t>(fine);
  const double rest = fine - step;
  const bool sure = rest > 0x1p-20 && rest < 1 - 0x1p-20;
  return sure ? static_cast<std::uint32_t>((below << 14) + step) : exp_search(mantissa);
}

/// The index at any scale of a positive double that is finite and not zero, given as its bits.
///
/// Cost    up to scale 6 one table word; above it see `exp_search_near`, or twenty long products on a 32-bit machine,
///         where the code that saves them would be half of the histogram's
[[nodiscard]] constexpr std::int32_t exp_index(std::uint64_t bits, int scale) noexcept {
  std::uint64_t mantissa = bits & double_mantissa;
  auto exponent = static_cast<std::int32_t>(bits >> 52);
  if (exponent == 0) {  // subnormal: not rounded up, but given its leading one
    const int shift = std::countl_zero(mantissa) - 11;
    mantissa = mantissa << shift & double_mantissa;
    exponent = 1 - shift;
  }
  exponent -= 1023;
  const std::int32_t below = static_cast<std::int32_t>((mantissa + exp_piece.word[mantissa >> 45]) >> 52) - 1;
  if (scale <= exp_table_scale) {
    return (exponent * 64 + below) >> (exp_table_scale - scale);
  }
  if (mantissa == 0) {
    return (exponent << scale) - 1;
  }
  constexpr bool small = sizeof(void*) <= 4;
  const std::uint32_t k = small ? exp_search(mantissa) : exp_search_near(mantissa, below);
  return (exponent << scale) + static_cast<std::int32_t>(k >> (exp_greatest_scale - scale));
}

}  // namespace skerry::inline v0::stats::detail
