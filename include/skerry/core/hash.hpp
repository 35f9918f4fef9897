// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/keyed_hash.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0 {

/// The two halves of a 128-bit hash.
struct hash128 {
  std::uint64_t h1 = 0;
  std::uint64_t h2 = 0;
  friend constexpr bool operator==(const hash128&, const hash128&) noexcept = default;
};

/// MurmurHash3 for x64, 128 bits: the hash inside the images of Apache DataSketches (seed 9001).
///
/// Not keyed against intent: for that, `hash64`. Sketches hash a double by its bits, after -0.0 -> 0.0 and every NaN -> 0x7ff8000000000000.
///
/// Cost    two 64-bit multiplications per eight bytes
/// Source  A. Appleby, MurmurHash3, public domain; the seed of both halves is the same 64-bit word
[[nodiscard]] constexpr hash128 murmur3_x64_128(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  constexpr std::uint64_t c1 = 0x87c37b91114253d5;
  constexpr std::uint64_t c2 = 0x4cf5ad432745937f;
  const auto scramble1 = [](std::uint64_t k) { return std::rotl(k * c1, 31) * c2; };
  const auto scramble2 = [](std::uint64_t k) { return std::rotl(k * c2, 33) * c1; };
  const auto avalanche = [](std::uint64_t h) {
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
    return h ^ (h >> 33);
  };
  std::uint64_t h1 = seed;
  std::uint64_t h2 = seed;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 16; left -= 16, at += 16) {
    h1 ^= scramble1(detail::load_le64(at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= scramble2(detail::load_le64(at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (left > 8) {
    h2 ^= scramble2(detail::load_le(at + 8, left - 8));
  }
  if (left > 0) {
    h1 ^= scramble1(detail::load_le(at, left < 8 ? left : 8));
  }
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

}  // namespace skerry::inline v0
