// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#if defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace skerry::inline v0 {

namespace detail {

#if !defined(SKERRY_CRC32C_TABLES)
#if defined(__arm__) || defined(__thumb__) || (defined(__riscv_xlen) && __riscv_xlen == 32) || defined(__AVR__)
#define SKERRY_CRC32C_TABLES 1
#else
#define SKERRY_CRC32C_TABLES 8
#endif
#endif
static_assert(SKERRY_CRC32C_TABLES == 1 || SKERRY_CRC32C_TABLES == 4 || SKERRY_CRC32C_TABLES == 8,
              "SKERRY_CRC32C_TABLES: 1, 4 or 8 tables of 1 kB each");

// 0: tables, even where the processor has an instruction for it; the same in every translation unit.
#if !defined(SKERRY_CRC32C_INSTRUCTIONS)
#define SKERRY_CRC32C_INSTRUCTIONS 1
#endif

/// Remainders of one byte with k bytes of zeros behind it, for each k: the polynomial 0x1EDC6F41 with its bits in reverse order.
template <std::size_t Tables>
inline constexpr array_of<std::array<std::uint32_t, 256>, Tables> crc32c_remainders = [] {
  array_of<std::array<std::uint32_t, 256>, Tables> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78U : 0U);
    }
    table[0][i] = remainder;
  }
  for (std::size_t k = 1; k < Tables; ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = table[k - 1][i];
      table[k][i] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
  return table;
}();

/// Four bytes as a little-endian number, wherever they lie; compilers make one load of it.
[[nodiscard]] constexpr std::uint32_t crc32c_word(const std::byte* at) noexcept {
  return std::to_integer<std::uint32_t>(at[0]) | std::to_integer<std::uint32_t>(at[1]) << 8 | std::to_integer<std::uint32_t>(at[2]) << 16 |
         std::to_integer<std::uint32_t>(at[3]) << 24;
}

/// As many bytes at a time as there are tables: the look-ups of one step do not wait for each other.
template <std::size_t Tables>
[[nodiscard]] constexpr std::uint32_t crc32c_sliced(std::span<const std::byte> bytes, std::uint32_t start) noexcept {
  const auto& table = crc32c_remainders<Tables>;
  std::uint32_t state = ~start;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  if constexpr (Tables == 8) {
    for (; left >= 8; left -= 8, at += 8) {
      const std::uint32_t a = state ^ crc32c_word(at);
      const std::uint32_t b = crc32c_word(at + 4);
      state = table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^ table[5][a >> 16 & 0xff] ^ table[4][a >> 24] ^ table[3][b & 0xff] ^
              table[2][b >> 8 & 0xff] ^ table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
    }
  } else if constexpr (Tables == 4) {
    for (; left >= 4; left -= 4, at += 4) {
      const std::uint32_t a = state ^ crc32c_word(at);
      state = table[3][a & 0xff] ^ table[2][a >> 8 & 0xff] ^ table[1][a >> 16 & 0xff] ^ table[0][a >> 24];
    }
  }
  for (; left > 0; --left, ++at) {
    state = (state >> 8) ^ table[0][(state ^ std::to_integer<std::uint32_t>(*at)) & 0xff];
  }
  return ~state;
}

#if defined(__x86_64__)
/// The SSE4.2 form. It is always compiled, so that a build for any x86-64 can use it; called only where the processor has SSE4.2.
[[gnu::target("sse4.2")]] [[nodiscard]] inline std::uint32_t crc32c_sse42(std::span<const std::byte> bytes, std::uint32_t start) noexcept {
  std::uint64_t state = ~start;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    unsigned long long word = 0;
    __builtin_memcpy(&word, at, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  auto narrow = static_cast<std::uint32_t>(state);
  if ((left & 4) != 0) {
    unsigned int word = 0;
    __builtin_memcpy(&word, at, 4);
    narrow = __builtin_ia32_crc32si(narrow, word);
    at += 4;
  }
  if ((left & 2) != 0) {
    unsigned short word = 0;
    __builtin_memcpy(&word, at, 2);
    narrow = __builtin_ia32_crc32hi(narrow, word);
    at += 2;
  }
  if ((left & 1) != 0) {
    narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  }
  return ~narrow;
}
#endif

#if defined(__ARM_FEATURE_CRC32)
[[nodiscard]] inline std::uint32_t crc32c_armv8(std::span<const std::byte> bytes, std::uint32_t start) noexcept {
  std::uint32_t state = ~start;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
#if !defined(__ARM_BIG_ENDIAN)  // there, words would arrive with their bytes reversed
  for (; left >= 4; left -= 4, at += 4) {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, at, 4);
    state = __crc32cw(state, word);
  }
#endif
  for (; left > 0; --left, ++at) {
    state = __crc32cb(state, static_cast<std::uint8_t>(*at));
  }
  return ~state;
}
#endif

}  // namespace detail

/// CRC-32C through tables: the reference for the other forms, and what machines without a CRC instruction use.
///
/// Eight tables of 1 kB, eight bytes a step; on 32-bit microcontrollers one table, byte by byte, because flash is dearer there.
/// SKERRY_CRC32C_TABLES (1, 4 or 8) decides otherwise; it must be the same in every translation unit.
[[nodiscard]] constexpr std::uint32_t crc32c_table(std::span<const std::byte> bytes, std::uint32_t start = 0) noexcept {
  return detail::crc32c_sliced<SKERRY_CRC32C_TABLES>(bytes, start);
}

/// CRC-32C (Castagnoli) of `bytes`, following on from `start`: `crc32c(b, crc32c(a))` is the CRC of a and b in a row.
///
/// Cost    with SSE4.2 (asked for at run time, if the compiler may not assume it) or the ARMv8 CRC instructions (if the compiler may
///         assume them) 4 or 8 bytes per instruction, else, or where SKERRY_CRC32C_INSTRUCTIONS is 0, tables: see `crc32c_table`
/// Bound   every burst of errors up to 32 bits long is found; no defence against intent
/// Source  RFC 3720, section 12.1 and appendix B.4; several bytes a step: M. E. Kounavis, F. L. Berry, A Systematic Approach to Building
///         High Performance, Software-based, CRC Generators, ISCC 2005
[[nodiscard]] constexpr std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t start = 0) noexcept {
#if !SKERRY_CRC32C_INSTRUCTIONS
  // tables only
#elif defined(__x86_64__) && defined(__SSE4_2__)
  if (!std::is_constant_evaluated()) {
    return detail::crc32c_sse42(bytes, start);
  }
#elif defined(__x86_64__) && __STDC_HOSTED__
  if (!std::is_constant_evaluated() && __builtin_cpu_supports("sse4.2")) {
    return detail::crc32c_sse42(bytes, start);
  }
#elif defined(__ARM_FEATURE_CRC32)
  if (!std::is_constant_evaluated()) {
    return detail::crc32c_armv8(bytes, start);
  }
#endif
  return crc32c_table(bytes, start);
}

}  // namespace skerry::inline v0
