// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/dot.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::state::detail {

// Hashes for the tables inside one store: their high bits count. They never leave it, and a table's probes are bounded whatever they say.

/// One step: a multiplication by 2^64 over the golden ratio, which spreads numbers that follow each other more evenly than chance would.
[[nodiscard]] constexpr std::uint64_t scatter(std::uint64_t h) noexcept { return h * 0x9e3779b97f4a7c15; }
[[nodiscard]] constexpr std::uint64_t hash(const dot& d) noexcept { return scatter(d.n + (std::uint64_t{d.who} << 40)); }

/// Up to eight characters as a number, one like another: no two texts of one length give the same.
[[nodiscard]] constexpr std::uint64_t key_word(const char* at, std::size_t size) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    if (!std::is_constant_evaluated()) {
      if (size >= 8) {
        std::uint64_t word = 0;
        __builtin_memcpy(&word, at, 8);
        return word;
      }
      if (size >= 4) {  // the two loads overlap
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        __builtin_memcpy(&first, at, 4);
        __builtin_memcpy(&last, at + size - 4, 4);
        return std::uint64_t{last} << 8 * (size - 4) | first;
      }
#if !defined(__OPTIMIZE_SIZE__)
      if (size > 0) {  // three loads, some of them the same: no branch has to be guessed
        const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<std::uint8_t>(at[i])} << 8 * i; };
        return byte(0) | byte(size / 2) | byte(size - 1);
      }
#endif
    }
  }
  std::uint64_t word = 0;
  for (std::size_t i = size < 8 ? size : 8; i > 0; --i) {
    word = word << 8 | static_cast<std::uint8_t>(at[i - 1]);
  }
  return word;
}
/// Whether one of eight characters is '/': a byte of the difference is zero.
[[nodiscard]] constexpr bool has_slash(std::uint64_t word) noexcept {
  word ^= 0x2f2f2f2f2f2f2f2f;
  return ((word - 0x0101010101010101) & ~word & 0x8080808080808080) != 0;
}
[[nodiscard]] constexpr std::uint64_t hash(const key_ref& key) noexcept {
  std::uint64_t h = key.path + (std::uint64_t{key.args.size()} << 32);
  for (std::size_t i = 0; i < key.args.size(); i += 8) {
    h = scatter(h ^ h >> 32 ^ key_word(key.args.data() + i, key.args.size() - i));
  }
  return key.args.empty() ? scatter(h) : h;
}

[[nodiscard]] constexpr bool equal(const key_ref& a, const key_ref& b) noexcept {
  if (a.path != b.path || a.args.size() != b.args.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.args.size(); i += 8) {
    if (key_word(a.args.data() + i, a.args.size() - i) != key_word(b.args.data() + i, b.args.size() - i)) {
      return false;
    }
  }
  return true;
}

}  // namespace skerry::inline v0::state::detail
