// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/cusum.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>

using skerry::errc;
using skerry::stats::basic_cusum;
using skerry::stats::cusum;
using skerry::stats::cusum_config;
using skerry::stats::drift_event;
using stats_test::image_of;
using stats_test::source;

namespace {

static_assert(sizeof(basic_cusum<float>) == 32 && sizeof(cusum) == 56);
static_assert(std::is_trivially_copyable_v<cusum> && std::is_default_constructible_v<cusum>);
static_assert(skerry::encodable<cusum> && skerry::decodable_value<cusum>);
static_assert(!skerry::mergeable<cusum>);

cusum made(const cusum_config& c) { return cusum::create(c).value(); }

/// Values to an event, on average over many runs.
double mean_run(cusum detector, double shift, int runs, std::uint64_t seed) {
  source random{seed};
  std::uint64_t values = 0;
  for (int run = 0; run < runs; ++run) {
    do {
      ++values;
    } while (detector.observe(shift + random.normal()).value() == drift_event::none);
  }
  return static_cast<double>(values) / runs;
}

}  // namespace

TEST_CASE("CUSUM runs 465 values to a false event and finds a shift of one sigma in 10.4", "[stats][drift]") {
  const double quiet = mean_run(cusum{}, 0, 10000, 1);
  CAPTURE(quiet);
  CHECK(std::fabs(quiet / 465 - 1) < 0.03);
  for (const double shift : {1.0, -1.0}) {
    const double found = mean_run(cusum{}, shift, 10000, 2);
    CAPTURE(shift, found);
    CHECK(std::fabs(found / 10.4 - 1) < 0.03);
  }
  // Lucas and Crosier: with a head start of h/2 a process that is off from the start takes 6.35, a quiet one hardly less than before.
  cusum_config fast;
  fast.head_start = true;
  const double found = mean_run(made(fast), 1, 10000, 3);
  CAPTURE(found);
  CHECK(std::fabs(found / 6.35 - 1) < 0.03);
  const double quiet_fast = mean_run(made(fast), 0, 4000, 4);
  CAPTURE(quiet_fast);
  CHECK(std::fabs(quiet_fast / 430 - 1) < 0.06);
}

TEST_CASE("CUSUM judges in standard deviations, so scale and offset change nothing", "[stats][drift]") {
  source random{5};
  cusum plain = made({0.5, 6, 0, 1, 0, false});
  cusum scaled = made({0.5, 6, 1024, 8, 0, false});  // powers of two: the same bits
  int events = 0;
  for (int i = 0; i < 4000; ++i) {
    const double x = random.normal() + (i > 2000 ? 1 : 0);
    const auto event = plain.observe(x).value();
    events += event != drift_event::none ? 1 : 0;
    // Rounded on the way there, so that both see the same value.
    const double y = 1024 + 8 * x;
    cusum check = made({0.5, 6, 0, 1, 0, false});
    (void)check.observe((y - 1024) / 8);
    const auto other = scaled.observe(y).value();
    if (event != other) {
      CHECK(std::fabs(plain.level() - scaled.level()) < 1e-9);
    }
  }
  CHECK(events > 50);
}

TEST_CASE("learned settings are the mean and sample deviation of the first values, learned anew after an event", "[stats][drift]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto learn = static_cast<std::uint16_t>(2 + random.below(60));
    cusum detector = made({0.5, 8, 0, 1, learn, seed % 2 == 0});
    for (int round = 0; round < 2; ++round) {
      const auto xs = random.values(learn, 100.0 * (round + 1), 3);
      long double sum = 0;
      for (const double x : xs) {
        CHECK(detector.learning());
        CHECK(detector.mean().error() == errc::insufficient);
        CHECK(detector.sd().error() == errc::insufficient);
        CHECK(detector.level() == 0);
        REQUIRE(detector.observe(x).value() == drift_event::none);
        sum += static_cast<long double>(x);
      }
      REQUIRE_FALSE(detector.learning());
      const long double mean = sum / learn;
      long double squares = 0;
      for (const double x : xs) {
        squares += (static_cast<long double>(x) - mean) * (static_cast<long double>(x) - mean);
      }
      CHECK(std::fabs(detector.mean().value() - static_cast<double>(mean)) < 1e-11);
      CHECK(std::fabs(detector.sd().value() - std::sqrt(static_cast<double>(squares / (learn - 1)))) < 1e-11);
      CHECK(detector.level() == (seed % 2 == 0 ? 0.5 : 0.0));
      REQUIRE(detector.observe(1e6).value() == drift_event::rise);
    }
  }
}

TEST_CASE("a constant stretch teaches no deviation, so learning goes on until there is one", "[stats][drift]") {
  cusum detector = made({0.5, 5, 0, 1, 10, false});
  for (int i = 0; i < 70000; ++i) {
    REQUIRE(detector.observe(4.25).value() == drift_event::none);
  }
  CHECK(detector.learning());
  REQUIRE(detector.observe(4.5));
  CHECK_FALSE(detector.learning());
  CHECK(detector.sd().value() > 0);
}

TEST_CASE("CUSUM refuses what is not finite and what it cannot learn from, and changes no byte", "[stats][drift]") {
  cusum detector;
  REQUIRE(detector.observe(2.0));
  const auto before = image_of(detector);
  for (const double x : {std::nan(""), static_cast<double>(INFINITY), -static_cast<double>(INFINITY)}) {
    CHECK(detector.observe(x).error() == errc::not_finite);
  }
  CHECK(image_of(detector) == before);
  CHECK(detector.refused() == 3);
  constexpr double most = std::numeric_limits<double>::max();
  CHECK(detector.observe(most).value() == drift_event::rise);
  CHECK(detector.observe(-most).value() == drift_event::fall);
  CHECK(detector.level() == 0);
  cusum learns = made({0.5, 5, 0, 1, 5, false});
  REQUIRE(learns.observe(1.0));
  const auto taught = image_of(learns);
  CHECK(learns.observe(most).error() == errc::out_of_range);
  CHECK(image_of(learns) == taught);
  learns.clear();
  CHECK(learns == made({0.5, 5, 0, 1, 5, false}));
  CHECK(learns.refused() == 0);
}

TEST_CASE("settings outside their range make no CUSUM", "[stats][drift]") {
  const double nan = std::nan("");
  for (const cusum_config& c :
       {cusum_config{-0.1, 5, 0, 1, 0, false}, cusum_config{0.5, 0, 0, 1, 0, false}, cusum_config{0.5, 5, 0, 0, 0, false},
        cusum_config{0.5, 5, 0, -1, 0, false}, cusum_config{0.5, 5, nan, 1, 0, false}, cusum_config{0.5, nan, 0, 1, 0, false},
        cusum_config{nan, 5, 0, 1, 0, false}, cusum_config{0.5, 5, 0, 1, 1, false}, cusum_config{0.5, 5, 0, 1, 65535, false}}) {
    CHECK(cusum::create(c).error() == errc::invalid);
  }
  CHECK(cusum::create({0.5, 5, nan, nan, 2, true}));  // learned: what is given does not matter
}

TEST_CASE("the image of a CUSUM goes on where it stopped, and hostile ones are refused or are themselves", "[stats][drift]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    source random{seed};
    cusum detector = made({0.5, 5, 0, 1, static_cast<std::uint16_t>(seed == 1 ? 0 : 20), seed == 3});
    for (int i = 0; i < 40; ++i) {
      REQUIRE(detector.observe(random.normal()));
      if (i % 13 == 0) {
        stats_test::attack<cusum>(image_of(detector), random, accepted);
      }
      auto read = skerry::decode_all<cusum>(image_of(detector));
      REQUIRE(read);
      REQUIRE(read.value() == detector);
    }
    CHECK(image_of(detector).size() == cusum::encoded_size);
    basic_cusum<float> small;
    REQUIRE(small.observe(0.3F));
    stats_test::attack<basic_cusum<float>>(image_of(small), random, accepted);
  }
  CHECK(accepted > 0);
}
