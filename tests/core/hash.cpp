// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/hash.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

namespace {

using skerry::hash64;
using skerry::murmur3_x64_128;

constexpr std::array<std::byte, 72> counting = [] {
  std::array<std::byte, 72> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(i);
  }
  return bytes;
}();

TEST_CASE("the hash under hash64 is SipHash: with 2 and 4 rounds it gives the authors' example") {
  // Aumasson and Bernstein, appendix A: key 00..0f, message 00..0e.
  using siphash24 = skerry::detail::siphash<2, 4>;
  CHECK(siphash24{0x0706050403020100, 0x0f0e0d0c0b0a0908}.all(std::span{counting}.first(15)) == 0xa129ca6149be45e5);
  static_assert(siphash24{0x0706050403020100, 0x0f0e0d0c0b0a0908}.all(std::span{counting}.first(15)) == 0xa129ca6149be45e5);
}

TEST_CASE("the bytes behind the last whole word are read alike, however many there are") {
  for (std::size_t size = 0; size <= counting.size(); ++size) {
    skerry::detail::siphash<1, 3> words{7, 9};
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
      words.word(skerry::detail::load_le(counting.data() + at, 8));
    }
    const std::uint64_t tail = skerry::detail::load_le(counting.data() + at, size - at) | std::uint64_t{size} << 56;
    REQUIRE(skerry::detail::siphash<1, 3>{7, 9}.all(std::span{counting}.first(size)) == words.finish(tail));
  }
}

TEST_CASE("the hash of a number is that of its little-endian bytes") {
  skerry::splitmix64 g{1};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t v = g();
    const std::uint64_t key = g();
    std::array<std::byte, 8> bytes{};
    for (unsigned b = 0; b < 8; ++b) {
      bytes[b] = static_cast<std::byte>(v >> (8 * b));
    }
    REQUIRE(hash64(v, key) == hash64(bytes, key));
  }
}

TEST_CASE("hashes of prefixes differ, wherever the bytes lie, and depend on the key") {
  std::set<std::uint64_t> seen;
  for (std::size_t n = 0; n <= 64; ++n) {
    const std::uint64_t h = hash64(std::span{counting}.first(n), 5);
    seen.insert(h);
    seen.insert(hash64(std::span{counting}.first(n), 6));
    for (std::size_t shift = 1; shift < 8; ++shift) {
      std::vector<std::byte> moved(shift + n);
      for (std::size_t i = 0; i < n; ++i) {
        moved[shift + i] = counting[i];
      }
      REQUIRE(hash64(std::span{moved}.subspan(shift), 5) == h);
    }
  }
  CHECK(seen.size() == 130);
}

TEST_CASE("flipping any bit of the input or the key flips half of the hash") {
  skerry::splitmix64 g{2};
  for (unsigned bit = 0; bit < 128; ++bit) {
    double flipped = 0;
    for (int i = 0; i < 400; ++i) {
      const std::uint64_t v = g();
      const std::uint64_t key = g();
      const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
      flipped += std::popcount(hash64(v, key) ^ (bit < 64 ? hash64(v ^ mask, key) : hash64(v, key ^ mask)));
    }
    CAPTURE(bit);
    REQUIRE(std::fabs(flipped / 400 - 32) < 5 * 4 / std::sqrt(400.0));  // five deviations of the mean of 400 binomials
  }
}

TEST_CASE("murmur3 gives known pairs, in constant expressions too") {
  // The public test of DataSketches: the 64-bit integer 1 under seed 9001.
  constexpr std::array<std::byte, 8> one = {std::byte{1}};
  static_assert(murmur3_x64_128(one, 9001) == skerry::hash128{811507182322053675U, 16783237272830240613U});
  CHECK(murmur3_x64_128(one, 9001) == skerry::hash128{811507182322053675U, 16783237272830240613U});
  CHECK(murmur3_x64_128({}, 0) == skerry::hash128{0, 0});
}

TEST_CASE("murmur3 separates all tails and counts the length") {
  std::set<std::uint64_t> seen;
  const std::array<std::byte, 40> zeros{};
  for (std::size_t n = 1; n <= 40; ++n) {
    seen.insert(murmur3_x64_128(std::span{counting}.first(n), 9001).h1);
    seen.insert(murmur3_x64_128(std::span{counting}.first(n), 9001).h2);
    seen.insert(murmur3_x64_128(std::span{zeros}.first(n), 9001).h1);
  }
  CHECK(seen.size() == 119);  // {0} and one zero byte are the same text
  static_assert(noexcept(murmur3_x64_128(std::span<const std::byte>{}, 0))&& noexcept(hash64(1)));
}

}  // namespace
