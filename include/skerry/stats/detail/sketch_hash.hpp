// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::stats::detail {

/// The seed that all who write Apache DataSketches images agree on.
inline constexpr std::uint64_t sketch_seed = 9001;

/// `murmur3_x64_128` of the eight little-endian bytes of a word: what is left of it for that length.
[[nodiscard]] constexpr hash128 sketch_hash(std::uint64_t word, std::uint64_t seed = sketch_seed) noexcept {
  constexpr auto avalanche = [](std::uint64_t h) {
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
    return h ^ (h >> 33);
  };
  std::uint64_t h1 = seed ^ (std::rotl(word * 0x87c37b91114253d5, 31) * 0x4cf5ad432745937f) ^ 8;
  std::uint64_t h2 = seed ^ 8;
  h1 += h2;
  h2 += h1;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h1 += h2;
  return {h1, h1 + h2};
}
[[nodiscard]] inline hash128 sketch_hash(std::string_view text, std::uint64_t seed = sketch_seed) noexcept {
  return murmur3_x64_128(std::as_bytes(std::span{text.data(), text.size()}), seed);
}

/// The bits that a double is hashed by: one zero, one NaN.
[[nodiscard]] constexpr std::uint64_t sketch_bits(double x) noexcept {
  if (x != x) {
    return 0x7ff8000000000000;
  }
  return x == 0 ? 0 : std::bit_cast<std::uint64_t>(x);
}

}  // namespace skerry::inline v0::stats::detail
