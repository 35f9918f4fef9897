// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/dies.hpp"

namespace {

using skerry::pcg32;
using skerry::philox;
using skerry::splitmix64;

using block = std::array<std::uint32_t, 4>;

TEST_CASE("philox gives the blocks that its authors published") {
  // Random123, file kat_vectors, lines "philox4x32 10".
  static_assert(philox{0}.block({0, 0, 0, 0}) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox{~std::uint64_t{0}}.block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}) ==
        block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox{0x299f31d0a4093822}.block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}) ==
        block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the sequential generators give the sequences of their references") {
  // pcg_basic's demo: seed 42, stream 54.
  pcg32 p{42, 54};
  for (const std::uint32_t expected : {0xa15c02b7U, 0x7b47f409U, 0xba1d3330U, 0x83d2f293U, 0xbfa4784bU, 0xcbed606eU}) {
    CHECK(p() == expected);
  }
  // The sequence from 1234567 that implementations of SplitMix64 are checked with.
  splitmix64 s{1234567};
  for (const std::uint64_t expected : {6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U}) {
    CHECK(s() == expected);
  }
  splitmix64 again{s.state()};
  CHECK(again() == s());
}

/// Pearson's statistic of counts that should be equal.
double chi_square(const std::vector<std::uint32_t>& counts, double draws) {
  const double expected = draws / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::uint32_t c : counts) {
    sum += (c - expected) * (c - expected) / expected;
  }
  return sum;
}

TEST_CASE("draws below n are even for any n, of either width of source") {
  for (const std::uint32_t n : {2U, 3U, 10U, 100U, 1000U}) {
    CAPTURE(n);
    std::vector<std::uint32_t> narrow(n);
    std::vector<std::uint32_t> wide(n);
    pcg32 p{n};
    splitmix64 s{n};
    constexpr int draws = 200000;
    for (int i = 0; i < draws; ++i) {
      ++narrow.at(skerry::uniform_below(p, n));
      ++wide.at(skerry::uniform_below(s, n));
    }
    // Mean n - 1, standard deviation sqrt(2 (n - 1)): five of these are beyond the 1e-5 quantile for these n.
    const double limit = n - 1 + 5 * std::sqrt(2.0 * (n - 1)) + 10;
    CHECK(chi_square(narrow, draws) < limit);
    CHECK(chi_square(wide, draws) < limit);
  }
}

TEST_CASE("just below 3/4 of the range, where plain multiply-shift doubles every third value, no third is favoured") {
  constexpr std::uint32_t n = 0xc0000000U;
  std::vector<std::uint32_t> by_remainder(3);
  pcg32 p{11};
  for (int i = 0; i < 300000; ++i) {
    ++by_remainder[skerry::uniform_below(p, n) % 3];
  }
  CHECK(chi_square(by_remainder, 300000) < 30);
}

/// A source that counts its draws and replays given words.
struct scripted {
  std::vector<std::uint32_t> words;
  std::size_t used = 0;
  std::uint32_t operator()() { return words.at(used++); }
};

TEST_CASE("a draw is rejected exactly below the threshold, and most draws cost one word") {
  // n = 3: 2^32 mod 3 = 1, so only a low product of 0 is refused.
  scripted g{{0, 0, 0x55555556, 7}};
  CHECK(skerry::uniform_below(g, 3) == 1);
  CHECK(g.used == 3);
  scripted one{{0}};
  CHECK(skerry::uniform_below(one, 1) == 0);
  CHECK(one.used == 1);
  CHECK(skerry_test::panics([] {
    pcg32 p{1};
    (void)skerry::uniform_below(p, 0);
  }));
}

TEST_CASE("uniform01 uses 53 bits, the low word first, and never reaches one") {
  scripted most{{0xffffffff, 0xffffffff}};
  CHECK(skerry::uniform01(most) == 1.0 - 0x1p-53);
  scripted least{{0x7ff, 0}};
  CHECK(skerry::uniform01(least) == 0);
  scripted half{{0, 0x80000000}};
  CHECK(skerry::uniform01(half) == 0.5);
  scripted order{{1, 2}};
  CHECK(skerry::next_u64(order) == 0x200000001);
  splitmix64 s{3};
  splitmix64 t{3};
  CHECK(skerry::next_u32(s) == static_cast<std::uint32_t>(t() >> 32));
}

TEST_CASE("normal variates follow the normal distribution, by Kolmogorov's distance and by their moments") {
  splitmix64 g{12};
  constexpr int n = 200000;
  std::vector<double> x(n);
  double sum = 0;
  double squares = 0;
  double fourths = 0;
  for (double& v : x) {
    v = skerry::normal(g);
    sum += v;
    squares += v * v;
    fourths += v * v * v * v;
  }
  CHECK(std::fabs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::fabs(squares / n - 1) < 5 * std::sqrt(2.0 / n));
  CHECK(std::fabs(fourths / n - 3) < 5 * std::sqrt(96.0 / n));
  std::sort(x.begin(), x.end());
  double distance = 0;
  for (int i = 0; i < n; ++i) {
    const double cdf = 0.5 * std::erfc(-x[static_cast<std::size_t>(i)] / std::sqrt(2.0));
    distance = std::max({distance, std::fabs(cdf - (i + 1.0) / n), std::fabs(cdf - static_cast<double>(i) / n)});
  }
  CHECK(distance < 2.2 / std::sqrt(n));  // beyond the 1e-4 quantile
}

TEST_CASE("the normal inversion is the inverse of the distribution function out to eight deviations") {
  for (double q = -0.4999; q < 0.4999; q += 0.00037) {
    const double x = skerry::detail::normal_quantile(q);
    REQUIRE(std::fabs(0.5 * std::erf(x / std::sqrt(2.0)) - q) <= 1e-15);
  }
  for (double tail = 0x1p-53; tail < 0.1; tail *= 1.7) {
    const double exact = 0.5 - (0.5 - tail);  // what is left of the tail beside one half
    const double x = skerry::detail::normal_quantile(0.5 - tail);
    CAPTURE(tail, x);
    REQUIRE(std::fabs(0.5 * std::erfc(x / std::sqrt(2.0)) / exact - 1) <= 1e-13);
    REQUIRE(skerry::detail::normal_quantile(tail - 0.5) == -x);
  }
  scripted ends{{0, 0, 0xffffffff, 0xffffffff}};
  const double lowest = skerry::normal(ends);
  CHECK(lowest == -skerry::normal(ends));
  CHECK(std::fabs(lowest) < 8.3);
}

struct wrong_width {
  std::uint16_t operator()() { return 0; }
};
struct reference_to_state {
  std::uint32_t& operator()();
};

TEST_CASE("only generators of 32 or 64 bits are random sources") {
  static_assert(skerry::random_source<pcg32> && skerry::random_source<splitmix64> && skerry::random_source<scripted>);
  static_assert(!skerry::random_source<wrong_width> && !skerry::random_source<reference_to_state> && !skerry::random_source<philox>);
  static_assert(!skerry::random_source<const pcg32>);
  static_assert(std::is_trivially_copyable_v<pcg32> && sizeof(pcg32) == 16 && sizeof(philox) == 8 && sizeof(splitmix64) == 8);
  pcg32 p{1};
  scripted s{{1}};
  static_assert(noexcept(skerry::uniform_below(p, 2)) && !noexcept(skerry::uniform_below(s, 2)));
  static_assert(noexcept(skerry::normal(p))&& noexcept(philox{1}.block({})));
  pcg32 other{1, 1};
  CHECK(p() != other());
}

}  // namespace
