// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/ewma.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/weights.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

using skerry::errc;
using skerry::stats::ewma;
using skerry::stats::moments;
using skerry::stats::smoothed;
using stats_test::source;
namespace weights = skerry::stats::weights;

namespace {

struct constant_float {
  float operator()(std::uint64_t) const { return 1; }
};
static_assert(skerry::stats::weight_policy<weights::bounded<weights::harmonic>>);
static_assert(!skerry::stats::weight_policy<constant_float> && !skerry::stats::weight_policy<double>);
static_assert(sizeof(smoothed<>) == 32 && !skerry::mergeable<smoothed<>>);

}  // namespace

TEST_CASE("with equal weights the smoothed mean is the mean", "[stats][weights]") {
  source random{1};
  smoothed<> s;
  moments<> m;
  for (int i = 0; i < 1000; ++i) {
    const double x = 5 + random.normal();
    REQUIRE(s.observe(x));
    REQUIRE(m.observe(x));
    CHECK(std::fabs(s.mean().value() - m.mean().value()) <= 1e-13);
    CHECK(std::fabs(s.variance().value() - m.variance_population().value()) <= 1e-12);
  }
}

TEST_CASE("with a constant weight it is an ewma", "[stats][weights]") {
  source random{2};
  smoothed<weights::exponential> s{weights::exponential{0.05}};
  auto e = ewma<>::with_alpha(0.05).value();
  for (int i = 0; i < 1000; ++i) {
    const double x = random.normal();
    REQUIRE(s.observe(x));
    REQUIRE(e.observe(x));
    CHECK(std::fabs(s.mean().value() - e.mean().value()) <= 1e-13);
    CHECK(std::fabs(s.variance().value() - e.variance().value()) <= 1e-12);
  }
}

TEST_CASE("after its half-life half of the first value is left", "[stats][weights]") {
  smoothed<weights::half_life> s{weights::half_life{20}};
  REQUIRE(s.observe(1.0));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(s.observe(0.0));
  }
  CHECK(std::fabs(s.mean().value() - 0.5) < 1e-14);
}

TEST_CASE("policies begin with one, fall and stay within their bounds", "[stats][weights]") {
  const weights::learning_rate rate{0.6};
  const weights::harmonic harmonic{10};
  const weights::bounded<weights::equal> bounded{weights::equal{}, 0.02};
  CHECK(rate(1) == 1);
  CHECK(harmonic(1) == 1);
  CHECK(bounded(1) == 1);
  for (std::uint64_t n = 2; n < 3000; n += 7) {
    CHECK(std::fabs(rate(n) - std::pow(static_cast<double>(n), -0.6)) <= 1e-14);
    CHECK(harmonic(n) == 10 / (10 + static_cast<double>(n - 1)));
    CHECK(bounded(n) == std::max(0.02, 1 / static_cast<double>(n)));
    CHECK(rate(n) < rate(n - 1));
  }
}

TEST_CASE("a smoothed mean refuses what it cannot hold", "[stats][weights]") {
  smoothed<> s;
  CHECK(s.mean().error() == errc::empty);
  CHECK(s.observe(INFINITY).error() == errc::not_finite);
  REQUIRE(s.observe(1.0));
  CHECK(s.observe(1e300).error() == errc::out_of_range);
  CHECK(s.mean().value() == 1.0);
  CHECK(s.stddev().value() == 0.0);
  CHECK(s.refused() == 2);
  const double more[] = {3.0, std::nan(""), 5.0};
  CHECK(s.observe(more) == 2);
  CHECK(s.mean().value() == 3.0);
}
