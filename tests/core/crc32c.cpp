// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace {

using skerry::crc32c;
using skerry::crc32c_table;

std::vector<std::byte> random_bytes(skerry::pcg32& g, std::size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes) {
    b = static_cast<std::byte>(g());
  }
  return bytes;
}

template <std::size_t N, typename F>
constexpr std::array<std::byte, N> filled(F f) {
  std::array<std::byte, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) {
    bytes[i] = static_cast<std::byte>(f(i));
  }
  return bytes;
}

TEST_CASE("the examples of RFC 3720 come out, in constant expressions too") {
  constexpr auto zeros = filled<32>([](std::size_t) { return 0; });
  constexpr auto ones = filled<32>([](std::size_t) { return 0xff; });
  constexpr auto up = filled<32>([](std::size_t i) { return i; });
  constexpr auto down = filled<32>([](std::size_t i) { return 31 - i; });
  static_assert(crc32c(zeros) == 0x8a9136aa && crc32c(ones) == 0x62a8ab43 && crc32c(up) == 0x46dd794e && crc32c(down) == 0x113fdb5c);
  CHECK(crc32c(zeros) == 0x8a9136aa);
  CHECK(crc32c(ones) == 0x62a8ab43);
  CHECK(crc32c(up) == 0x46dd794e);
  CHECK(crc32c(down) == 0x113fdb5c);
  constexpr std::string_view digits = "123456789";
  CHECK(crc32c_table(std::as_bytes(std::span{digits.data(), digits.size()})) == 0xe3069283);
  CHECK(crc32c({}) == 0);
  CHECK(crc32c({}, 0x12345678) == 0x12345678);
}

TEST_CASE("a text in pieces has the CRC of the whole, wherever it is cut and wherever it lies") {
  skerry::pcg32 g{5};
  const auto bytes = random_bytes(g, 100);
  for (std::size_t from = 0; from < 9; ++from) {
    const std::span<const std::byte> all = std::span{bytes}.subspan(from);
    const std::uint32_t whole = crc32c_table(all);
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
      REQUIRE(crc32c(all.subspan(cut), crc32c(all.first(cut))) == whole);
      REQUIRE(crc32c_table(all.subspan(cut), crc32c_table(all.first(cut))) == whole);
    }
  }
}

TEST_CASE("one, four and eight tables give the CRC of one bit at a time for every length, alignment and start") {
  skerry::pcg32 g{8};
  for (std::size_t n = 0; n < 70; ++n) {
    const auto bytes = random_bytes(g, n + 8);
    const std::uint32_t start = g();
    for (std::size_t from = 0; from < 8; ++from) {
      const auto part = std::span{bytes}.subspan(from, n);
      std::uint32_t state = ~start;
      for (const std::byte b : part) {
        state ^= std::to_integer<std::uint32_t>(b);
        for (int bit = 0; bit < 8; ++bit) {
          state = (state >> 1) ^ (0x82f63b78U & (0U - (state & 1U)));
        }
      }
      REQUIRE(skerry::detail::crc32c_sliced<1>(part, start) == ~state);
      REQUIRE(skerry::detail::crc32c_sliced<4>(part, start) == ~state);
      REQUIRE(skerry::detail::crc32c_sliced<8>(part, start) == ~state);
    }
  }
}

TEST_CASE("the instruction and the table give the same CRC for every length, alignment and start") {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("sse4.2")) {
    SKIP("this processor has no SSE4.2");
  }
  skerry::pcg32 g{6};
  for (std::size_t n = 0; n < 300; ++n) {
    const auto bytes = random_bytes(g, n + 8);
    const std::uint32_t start = g();
    for (std::size_t from = 0; from < 8; ++from) {
      const auto part = std::span{bytes}.subspan(from, n);
      REQUIRE(skerry::detail::crc32c_sse42(part, start) == crc32c_table(part, start));
      REQUIRE(crc32c(part, start) == crc32c_table(part, start));
    }
  }
#elif defined(__ARM_FEATURE_CRC32)
  skerry::pcg32 g{6};
  for (std::size_t n = 0; n < 300; ++n) {
    const auto bytes = random_bytes(g, n);
    const std::uint32_t start = g();
    REQUIRE(crc32c(bytes, start) == crc32c_table(bytes, start));
  }
#else
  SKIP("this processor has no CRC instruction that skerry uses");
#endif
}

TEST_CASE("every flipped bit and every burst of up to 32 bits changes the CRC") {
  skerry::pcg32 g{7};
  auto bytes = random_bytes(g, 64);
  const std::uint32_t good = crc32c(bytes);
  for (std::size_t bit = 0; bit < 64 * 8 - 32; ++bit) {
    for (const std::uint32_t burst : {1U, 0x80000001U, 3U, g() | 1U}) {
      auto damaged = bytes;
      for (std::size_t i = 0; i < 32; ++i) {
        if ((burst >> i & 1U) != 0) {
          damaged[(bit + i) / 8] ^= static_cast<std::byte>(1U << ((bit + i) % 8));
        }
      }
      REQUIRE(crc32c(damaged) != good);
    }
  }
  static_assert(noexcept(crc32c(std::span<const std::byte>{})));
}

}  // namespace
