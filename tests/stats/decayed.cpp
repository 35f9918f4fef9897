// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/decayed.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <utility>
#include <vector>

using skerry::errc;
using skerry::ticks;
using skerry::stats::decayed;
using skerry::stats::moments;
using stats_test::source;

namespace {

static_assert(skerry::commutative_monoid<decayed<moments<>>>);

struct reference {
  long double weight = 0, mean = 0, variance = 0;
};
reference reference_of(const std::vector<std::pair<ticks, double>>& events, ticks now, double half_life) {
  reference r;
  for (const auto& [t, x] : events) {
    const long double w = std::exp2(-static_cast<long double>(now - t) / half_life);
    r.weight += w;
    r.mean += w * x;
  }
  r.mean /= r.weight;
  for (const auto& [t, x] : events) {
    r.variance += std::exp2(-static_cast<long double>(now - t) / half_life) * (x - r.mean) * (x - r.mean);
  }
  r.variance /= r.weight;
  return r;
}
bool close(double got, long double expected, double tolerance) {
  return std::fabs(got - static_cast<double>(expected)) <= tolerance * std::max(1.0, static_cast<double>(std::fabs(expected)));
}

}  // namespace

TEST_CASE("weights halve each half-life, whatever the order of the values", "[stats][decayed]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    decayed<moments<>> d{100};
    std::vector<std::pair<ticks, double>> events;
    ticks latest = -100000;
    for (int i = 0; i < 300; ++i) {
      const ticks t = static_cast<ticks>(3 * i) - static_cast<ticks>(random.below(200));
      events.emplace_back(t, 10 + random.normal());
      latest = std::max(latest, t);
      REQUIRE(d.observe(t, events.back().second));
    }
    CHECK(d.last().value() == latest);
    const reference r = reference_of(events, latest + 50, 100);
    CHECK(close(d.weight(latest + 50), r.weight, 1e-11));
    CHECK(close(d.mean().value(), r.mean, 1e-11));
    CHECK(close(d.variance_population().value(), r.variance, 1e-10));
    CHECK(d.count() == 300);
  }
}

TEST_CASE("any split merges into what one stream says", "[stats][decayed]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    decayed<moments<>> parts[4] = {decayed<moments<>>{70}, decayed<moments<>>{70}, decayed<moments<>>{70}, decayed<moments<>>{70}};
    std::vector<std::pair<ticks, double>> events;
    for (int i = 0; i < 200; ++i) {
      events.emplace_back(static_cast<ticks>(random.below(1000)), random.normal());
      REQUIRE(parts[random.below(4)].observe(events.back().first, events.back().second));
    }
    auto all = parts[random.below(4)].empty();
    for (const auto& p : parts) {
      REQUIRE(all.merge(p));
    }
    const reference r = reference_of(events, 1000, 70);
    CHECK(close(all.weight(1000), r.weight, 1e-11));
    CHECK(close(all.mean().value(), r.mean, 1e-11));
    CHECK(close(all.variance_population().value(), r.variance, 1e-10));
    const auto before = all.summary();
    REQUIRE(all.merge(all.empty()));
    CHECK(all.summary() == before);
    CHECK(all.merge(decayed<moments<>>{71}).error() == errc::mismatch);
  }
}

TEST_CASE("a steady rate shows as the rate", "[stats][decayed]") {
  decayed<moments<double, 2>> d{1000};
  for (ticks t = 0; t < 20000; t += 4) {
    REQUIRE(d.observe(t, 1.0));
  }
  CHECK(std::fabs(d.rate(20000) - 0.25) < 0.001);
  CHECK(std::fabs(d.rate(21000) - 0.125) < 0.001);
}

TEST_CASE("nothing refused changes what has decayed", "[stats][decayed]") {
  decayed<moments<>> d{10};
  CHECK(d.mean().error() == errc::empty);
  CHECK(d.last().error() == errc::empty);
  REQUIRE(d.observe(0, 1.0));
  REQUIRE(d.observe(5, 3.0));
  const auto before = d.summary();
  CHECK(d.observe(500, std::nan("")).error() == errc::not_finite);
  CHECK(d.summary() == before);
  CHECK(d.last().value() == 5);
  CHECK(d.refused() == 1);
  // After a thousand half-lives nothing is left but the newest.
  REQUIRE(d.observe(20000, 7.0));
  CHECK(d.mean().value() == 7.0);
  REQUIRE(d.observe(0, 100.0));
  CHECK(d.mean().value() == 7.0);
  CHECK(decayed<moments<>>::create(0).error() == errc::invalid);
}

TEST_CASE("NaN is refused even where its weight would be nothing", "[stats][decayed]") {
  decayed<moments<>> d{1};
  REQUIRE(d.observe(1000000, 1.0));
  CHECK(d.observe(0, std::nan("")).error() == errc::not_finite);
  CHECK(d.refused() == 1);
}
