// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/detail/value_codec.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace codec = skerry::state::detail;

namespace {

std::vector<std::byte> written(double value) {
  std::array<std::byte, 16> bytes{};
  skerry::byte_writer out{bytes};
  codec::encode_double(out, value);
  return {out.written().begin(), out.written().end()};
}

/// What the form is: the least scale at which a whole number of magnitude below 2^53, divided again, gives the same bits; else raw.
std::vector<std::byte> by_definition(double value) {
  std::array<std::byte, 16> bytes{};
  skerry::byte_writer out{bytes};
  double power = 1;
  for (std::uint64_t scale = 0; scale <= 6; ++scale, power *= 10) {
    const double scaled = value * power;
    if (!(std::fabs(scaled) < 0x1p53)) {
      break;
    }
    const auto mantissa = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if (std::bit_cast<std::uint64_t>(static_cast<double>(mantissa) / power) == std::bit_cast<std::uint64_t>(value)) {
      out.varint(skerry::zigzag(mantissa) << 3 | scale);
      return {out.written().begin(), out.written().end()};
    }
  }
  out.u8(7);
  out.f64(value);
  return {out.written().begin(), out.written().end()};
}

void check(double value) {
  CAPTURE(value, std::bit_cast<std::uint64_t>(value));
  const auto bytes = written(value);
  REQUIRE(bytes == by_definition(value));
  REQUIRE(codec::is_canonical<double, 16>(bytes));
  skerry::byte_reader in{bytes};
  REQUIRE(std::bit_cast<std::uint64_t>(codec::decode_double(in)) == std::bit_cast<std::uint64_t>(value));
  REQUIRE(in.finish());
}

}  // namespace

TEST_CASE("a double is written with the least scale that gives its bits back, whatever its size", "[state][value]") {
  skerry::pcg32 random{5};
  for (const double value : {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             0.1,
                             0.3,
                             1e-6,
                             1e-7,
                             5e-324,
                             1e15,
                             1e16,
                             0x1p50,
                             0x1p53,
                             -0x1p53,
                             1e300,
                             1125899906.842624,
                             std::numeric_limits<double>::infinity(),
                             9007199254740991.0,
                             900719925474099.1,
                             1125899906842.625}) {
    check(value);
    check(-value);
  }
  for (int i = 0; i < 20'000; ++i) {
    const auto mantissa = static_cast<std::int64_t>(skerry::next_u64(random) >> (10 + skerry::uniform_below(random, 54)));
    const double scale = codec::decimal_scale[skerry::uniform_below(random, 7)];
    const double value = static_cast<double>(skerry::uniform_below(random, 2) == 0 ? mantissa : -mantissa) / scale;
    check(value);
    check(std::nextafter(value, 1e300));
  }
}

TEST_CASE("another form of a decimal double is not canonical", "[state][value]") {
  skerry::pcg32 random{6};
  for (int i = 0; i < 5'000; ++i) {
    std::array<std::byte, 16> bytes{};
    skerry::byte_writer out{bytes};
    const auto mantissa = static_cast<std::int64_t>(skerry::next_u64(random) >> (8 + skerry::uniform_below(random, 56)));
    const std::uint64_t scale = skerry::uniform_below(random, 7);
    out.varint(skerry::zigzag(mantissa) << 3 | scale);
    skerry::byte_reader in{out.written()};
    const double value = codec::decode_double(in);
    const auto again = written(value);
    const bool same = std::equal(again.begin(), again.end(), out.written().begin(), out.written().end());
    CAPTURE(mantissa, scale);
    REQUIRE(codec::is_canonical<double, 16>(out.written()) == same);
  }
}

TEST_CASE("any few bytes are canonical if and only if they are what their value is written as", "[state][value]") {
  skerry::pcg32 random{7};
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::byte, 10> bytes{};
    const std::size_t size = skerry::uniform_below(random, 10);
    for (std::size_t b = 0; b < size; ++b) {
      bytes[b] =
          static_cast<std::byte>(skerry::uniform_below(random, 4) == 0 ? 0x80 * skerry::uniform_below(random, 2)
                                                                       : skerry::uniform_below(random, 128) + (b + 1 < size ? 128 : 0));
    }
    const std::span<const std::byte> payload = std::span{bytes}.first(size);
    const auto value = codec::read_value<double>(payload);
    const auto again = value && value.value() == value.value() ? written(value.value()) : written(0);
    const bool same = value && std::equal(again.begin(), again.end(), payload.begin(), payload.end());
    CAPTURE(i, size);
    REQUIRE(codec::is_canonical<double, 16>(payload) == same);
  }
}
