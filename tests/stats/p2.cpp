// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/p2.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

using skerry::errc;
using skerry::stats::p2;
using stats_test::source;

static_assert(sizeof(p2<>) == 112 && sizeof(p2<float>) == 64);
static_assert(!skerry::mergeable<p2<>>);

TEST_CASE("below five values the quantile is exact", "[stats][p2]") {
  for (const double p : {0.05, 0.5, 0.75, 0.99}) {
    for (std::size_t n = 1; n < 5; ++n) {
      source random{n};
      auto xs = random.values(n);
      p2<> s{p};
      CHECK(s.observe(xs) == n);
      std::sort(xs.begin(), xs.end());
      CHECK(s.quantile().value() == xs[static_cast<std::size_t>(std::ceil(p * static_cast<double>(n))) - 1]);
      CHECK(s.max().value() == xs.back());
    }
  }
}

// The first half is a law. The second is a rate: of 10 000 streams 43 end farther off (the worst median by 0.12, the worst p90 by 0.40).
// At that rate more than 6 of 200 would be a matter of 1 in 30 000.
TEST_CASE("the estimate stays between the extremes and, but for few streams, near the quantile of noise", "[stats][p2]") {
  int far = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    source random{seed};
    p2<> median{0.5};
    p2<float> p90{0.9F};
    bool between = true;
    for (int i = 0; i < 2000; ++i) {
      const double x = random.normal();
      (void)median.observe(x);
      (void)p90.observe(static_cast<float>(x));
      const double q = median.quantile().value();
      between = between && q >= median.min().value() && q <= median.max().value();
    }
    REQUIRE(between);
    far += std::fabs(median.quantile().value()) < 0.1 && std::fabs(p90.quantile().value() - 1.2816F) < 0.12F ? 0 : 1;
  }
  CHECK(far <= 6);
}

TEST_CASE("no values that fit a double make the markers lose their order or answer NaN", "[stats][p2]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    p2<> s{0.3};
    for (int i = 0; i < 300; ++i) {
      const double huge = std::numeric_limits<double>::max() * (random.uniform() * 2 - 1);
      REQUIRE(s.observe(random.below(3) == 0 ? huge : std::floor(3 * random.normal())));
      const double q = s.quantile().value();
      REQUIRE((q >= s.min().value() && q <= s.max().value()));
    }
  }
}

TEST_CASE("a marker refuses what is no number", "[stats][p2]") {
  p2<> s{0.5};
  CHECK(s.quantile().error() == errc::empty);
  CHECK(s.observe(std::nan("")).error() == errc::not_finite);
  CHECK(s.observe(INFINITY).error() == errc::not_finite);
  CHECK(s.count() == 0);
  CHECK(s.refused() == 2);
  CHECK(p2<>::create(0).error() == errc::invalid);
  CHECK(p2<>::create(std::nan("")).error() == errc::invalid);
}

TEST_CASE("float markers still move after 2^24 values", "[stats][p2]") {
  // Positions that were counted in floats stood still there, and the estimate with them.
  p2<float> s{0.5F};
  std::uint32_t state = 1;
  for (int i = 0; i < (1 << 24) + 1000; ++i) {
    state = state * 1664525 + 1013904223;
    (void)s.observe(static_cast<float>(state >> 8) * 0x1p-24F);
  }
  REQUIRE(std::fabs(s.quantile().value() - 0.5F) < 0.01F);
  for (int i = 0; i < 1 << 22; ++i) {
    (void)s.observe(2.0F);
  }
  CHECK(s.quantile().value() > 0.55F);  // 0.625 of the first values are half of all
}
