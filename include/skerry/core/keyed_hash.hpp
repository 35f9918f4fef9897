// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0 {

namespace detail {

/// The next eight (or the last `n`) bytes as a little-endian number, from any address.
[[nodiscard]] constexpr std::uint64_t load_le(const std::byte* at, std::size_t n) noexcept {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < n; ++i) {
    v |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
  }
  return v;
}
/// Eight at once: written out, because compilers fold this into one load and the loop above not always.
[[nodiscard]] constexpr std::uint64_t load_le64(const std::byte* at) noexcept {
  const auto byte = [at](int i) { return std::to_integer<std::uint64_t>(at[i]); };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24 | byte(4) << 32 | byte(5) << 40 | byte(6) << 48 | byte(7) << 56;
}

/// SipHash-c-d: `Compress` rounds for each eight bytes, `Finish` at the end.
template <int Compress, int Finish>
class siphash {
 public:
  constexpr siphash(std::uint64_t k0, std::uint64_t k1) noexcept
      : v0_{k0 ^ 0x736f6d6570736575}, v1_{k1 ^ 0x646f72616e646f6d}, v2_{k0 ^ 0x6c7967656e657261}, v3_{k1 ^ 0x7465646279746573} {}

  constexpr void word(std::uint64_t m) noexcept {
    v3_ ^= m;
    for (int i = 0; i < Compress; ++i) {
      round();
    }
    v0_ ^= m;
  }
  /// `tail`: the bytes after the last whole word, and the length modulo 256 in the top byte.
  [[nodiscard]] constexpr std::uint64_t finish(std::uint64_t tail) noexcept {
    word(tail);
    v2_ ^= 0xff;
    for (int i = 0; i < Finish; ++i) {
      round();
    }
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }
  [[nodiscard]] constexpr std::uint64_t all(std::span<const std::byte> bytes) noexcept {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
      word(load_le64(at));
    }
#if !defined(__OPTIMIZE_SIZE__)
    if (bytes.size() >= 8) {  // the last eight bytes, without those that have been
      return finish((left > 0 ? load_le64(at + left - 8) >> (64 - 8 * left) : 0) | static_cast<std::uint64_t>(bytes.size()) << 56);
    }
#endif
    return finish(load_le(at, left) | static_cast<std::uint64_t>(bytes.size()) << 56);
  }

 private:
  constexpr void round() noexcept {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }
  std::uint64_t v0_, v1_, v2_, v3_;
};

/// The second half of SipHash's key, from the one word that `hash64` takes.
inline constexpr std::uint64_t hash64_second_key = 0x9e3779b97f4a7c15;

}  // namespace detail

/// Keyed hash of bytes for tables and digests: without knowing `key`, nobody can aim for collisions.
///
/// Cost    additions, rotations and xor only; 1 round of SipHash for eight bytes and 4 at the end
/// Bound   as good as random for 64 bits: two of n different inputs agree with probability about n^2 / 2^65
/// Source  Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012: SipHash-1-3 with the key words `key` and
///         `key` ^ 0x9e3779b97f4a7c15; the effective key is 64 bits, so it protects tables, not secrets
[[nodiscard]] constexpr std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t key = 0) noexcept {
  return detail::siphash<1, 3>{key, key ^ detail::hash64_second_key}.all(bytes);
}
/// The hash of a number: that of its eight little-endian bytes.
[[nodiscard]] constexpr std::uint64_t hash64(std::uint64_t value, std::uint64_t key = 0) noexcept {
  detail::siphash<1, 3> state{key, key ^ detail::hash64_second_key};
  state.word(value);
  return state.finish(std::uint64_t{8} << 56);
}

}  // namespace skerry::inline v0
