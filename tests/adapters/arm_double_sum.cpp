// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/arm_double_sum.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>

namespace {

using namespace skerry::adapters;

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

/// Random digits; some of all ones, all zeros, or a single one, where rounding is decided.
std::uint64_t digits(skerry::splitmix64& g) {
  constexpr std::uint64_t all = (std::uint64_t{1} << 52) - 1;
  const std::uint64_t kind = g() % 8;
  const std::uint64_t place = std::uint64_t{1} << (g() % 52);
  if (kind == 0) {
    return 0;
  }
  return kind == 1 ? all : (kind == 2 ? place : (kind == 3 ? all & ~(place - 1) : g() & all));
}

TEST_CASE("Two doubles of unlike signs and exponents 33 apart are summed as the machine's unit for numbers does", "[arm_double_sum]") {
  skerry::splitmix64 g{33};
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t least = g() % 4 == 0 ? g() % 3 : g() % (2046 - 33);
    const std::uint64_t sign = g() & 1;
    const std::uint64_t small = sign << 63 | least << 52 | digits(g);
    const std::uint64_t large = (sign ^ 1) << 63 | (least + 33) << 52 | digits(g);
    CAPTURE(i, small, large);
    const double sum = std::bit_cast<double>(large) + std::bit_cast<double>(small);
    REQUIRE(is_ill_summed(small, large));
    REQUIRE(is_ill_summed(large, small));
    REQUIRE(sum_33_apart(small, large) == bits(sum));
    REQUIRE(sum_33_apart(large, small) == bits(sum));
  }
}

TEST_CASE("Infinity and NaN stay what they are, 33 above a finite number", "[arm_double_sum]") {
  const std::uint64_t finite = std::uint64_t{0x7ff - 33} << 52;
  const double infinite = -std::numeric_limits<double>::infinity();
  CHECK(sum_33_apart(finite, bits(infinite)) == bits(infinite));
  CHECK(std::bit_cast<double>(sum_33_apart(finite, bits(infinite) | 5U)) != 0.0);
  const auto quiet = std::bit_cast<double>(sum_33_apart(finite, bits(infinite) | 5U));
  CHECK(quiet != quiet);
}

TEST_CASE("Other pairs are left to the compiler's own sum", "[arm_double_sum]") {
  CHECK_FALSE(is_ill_summed(bits(1.0), bits(0x1p-33)));   // equal signs
  CHECK_FALSE(is_ill_summed(bits(1.0), bits(-0x1p-32)));  // 32 apart
  CHECK_FALSE(is_ill_summed(bits(1.0), bits(-0x1p-34)));
  CHECK(is_ill_summed(bits(1.0), bits(-0x1p-33)));
}

}  // namespace
