// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

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

/// Remainders of one byte: the polynomial 0x1EDC6F41 with its bits in reverse order.
inline constexpr std::array<std::uint32_t, 256> crc32c_remainders = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78U : 0U);
    }
    table[i] = remainder;
  }
  return table;
}();

#if defined(__x86_64__)
/// The SSE4.2 form. It is always compiled, so that a build for any x86-64 can test it; called only where SSE4.2 is a given.
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
  for (; left > 0; --left, ++at) {
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

/// CRC-32C byte by byte through a table of 1 kB: the reference for the other forms, and what machines without a CRC instruction use.
[[nodiscard]] constexpr std::uint32_t crc32c_table(std::span<const std::byte> bytes, std::uint32_t start = 0) noexcept {
  std::uint32_t state = ~start;
  for (const std::byte b : bytes) {
    state = (state >> 8) ^ detail::crc32c_remainders[(state ^ std::to_integer<std::uint32_t>(b)) & 0xff];
  }
  return ~state;
}

/// CRC-32C (Castagnoli) of `bytes`, following on from `start`: `crc32c(b, crc32c(a))` is the CRC of a and b in a row.
///
/// Cost    with SSE4.2 or the ARMv8 CRC instructions (if the compiler may assume them) 4 or 8 bytes per instruction, else a table of 1 kB
/// Bound   every burst of errors up to 32 bits long is found; no defence against intent
/// Source  RFC 3720, section 12.1 and appendix B.4
[[nodiscard]] constexpr std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t start = 0) noexcept {
#if defined(__x86_64__) && defined(__SSE4_2__)
  if (!std::is_constant_evaluated()) {
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
