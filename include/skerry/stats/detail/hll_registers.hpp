// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats::detail {

/// How an image stores its registers.
enum class hll_packing : std::uint8_t { nibbles = 0, six_bits = 1, bytes = 2 };

/// The sum of 2^-v over registers, in integers: exact, so the order of changes leaves no trace.
struct hll_sum {
  std::uint64_t low = 0;   ///< of registers below 32, in units of 2^-31
  std::uint64_t high = 0;  ///< of the others, in units of 2^-63

  constexpr void add(unsigned v) noexcept { (v < 32 ? low : high) += weight(v); }
  constexpr void remove(unsigned v) noexcept { (v < 32 ? low : high) -= weight(v); }
  [[nodiscard]] constexpr double low_sum() const noexcept { return static_cast<double>(low) * 0x1p-31; }
  [[nodiscard]] constexpr double high_sum() const noexcept { return static_cast<double>(high) * 0x1p-63; }
  [[nodiscard]] constexpr double all() const noexcept { return low_sum() + high_sum(); }

  [[nodiscard]] static constexpr std::uint64_t weight(unsigned v) noexcept { return std::uint64_t{1} << ((v < 32 ? 31 : 63) - v); }
};

/// Distinct keys by the registers alone, `counts[v]` of which hold v.
///
/// Source  Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6, for registers up to 63
[[nodiscard]] constexpr double hll_estimate(const std::uint32_t (&counts)[64], double registers) noexcept {
  constexpr auto sigma = [](double x) {
    if (x == 1) {
      return math::inf_v<double>;
    }
    double power = 1;
    double sum = x;
    for (double before = -1; sum != before;) {
      x *= x;
      before = sum;
      sum += x * power;
      power += power;
    }
    return sum;
  };
  constexpr auto tau = [](double x) {
    if (x == 0 || x == 1) {
      return 0.0;
    }
    double power = 1;
    double sum = 1 - x;
    for (double before = -1; sum != before;) {
      x = math::sqrt(x);
      before = sum;
      power /= 2;
      sum -= (1 - x) * (1 - x) * power;
    }
    return sum / 3;
  };
  double z = registers * tau(1 - counts[63] / registers);
  for (unsigned v = 62; v >= 1; --v) {
    z = (z + counts[v]) / 2;
  }
  z += registers * sigma(counts[0] / registers);
  return registers / (2 * math::ln2) * registers / z;
}

/// Unpacks the registers of an image of 2^lg_k, that stand where the reader is; then the reader stands behind them and what belongs to
/// them. Errors: `truncated`, `corrupt`.
constexpr errc read_hll_registers(byte_reader& in, std::span<std::uint8_t> out, hll_packing packing, unsigned least,
                                  std::uint32_t aux_count, unsigned aux_lg, bool compact) noexcept {
  const std::size_t k = out.size();
  const auto get = [](std::span<const std::byte> bytes, std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  if (packing != hll_packing::nibbles) {
    const bool packed = packing == hll_packing::six_bits;
    const auto bytes = in.bytes(packed ? k / 4 * 3 + 1 : k);
    if (bytes.empty()) {
      return in.error();
    }
    if (aux_count != 0 || least != 0) {
      return errc::corrupt;
    }
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t bit = 6 * i;
      const unsigned v = packed ? ((get(bytes, bit / 8) | get(bytes, bit / 8 + 1) << 8) >> (bit % 8)) & 63 : get(bytes, i);
      if (v > 63) {
        return errc::corrupt;
      }
      out[i] = static_cast<std::uint8_t>(v);
    }
    return errc::ok;
  }
  constexpr unsigned elsewhere = 15;
  const auto nibbles = in.bytes(k / 2);
  if (nibbles.empty()) {
    return in.error();
  }
  if (least > 63) {
    return errc::corrupt;
  }
  std::uint32_t missing = 0;
  for (std::size_t i = 0; i < k; ++i) {
    const unsigned v = get(nibbles, i / 2) >> (4 * (i % 2)) & 15;
    missing += v == elsewhere ? 1U : 0U;
    if (v != elsewhere && v + least > 63) {
      return errc::corrupt;
    }
    out[i] = static_cast<std::uint8_t>(v == elsewhere ? 255 : v + least);
  }
  if (missing != aux_count || aux_lg > 26) {
    return errc::corrupt;
  }
  // A table of exceptions that is written with its free slots is there even when none was needed, with the size that it would begin with.
  constexpr std::uint8_t first_lg[] = {2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  const unsigned lg = aux_count != 0 ? aux_lg : first_lg[std::bit_width(k) - 5];
  const std::size_t slots = compact ? aux_count : std::size_t{1} << lg;
  if (in.remaining().size() / 4 < slots) {
    return errc::truncated;
  }
  for (std::size_t i = 0; i < slots; ++i) {
    const std::uint32_t coupon = in.u32();
    if (coupon == 0 && !compact) {
      continue;
    }
    std::uint8_t& v = out[coupon & (k - 1)];
    if (v != 255 || coupon >> 26 < least + elsewhere) {
      return errc::corrupt;
    }
    v = static_cast<std::uint8_t>(coupon >> 26);
    --missing;
  }
  return missing == 0 ? errc::ok : errc::corrupt;
}

}  // namespace skerry::inline v0::stats::detail
