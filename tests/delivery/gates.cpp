// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Figures in virtual time have no noise: these are the bars of the benchmarks, on smaller runs where those take long.
#include "delivery/herd.hpp"
#include "delivery/scenarios.hpp"

#include <catch2/catch_test_macros.hpp>

namespace {
using namespace skerry_test;

TEST_CASE("a fleet that boots together and spreads by 1.1 of what the server can take needs one attempt each") {
  fleet_params params;
  params.spread_s = 27.5;
  const double ideal_s = 24.65;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const fleet_result got = run_fleet(params, ns_backoff_config{}, seed);
    CHECK(got.attempts_per_device <= 1.05);
    CHECK(got.t99_s <= 1.15 * ideal_s);
  }
}

TEST_CASE("a fleet without a spread is through in 1.8 of the ideal time, with six attempts each") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const fleet_result got = run_fleet(fleet_params{}, ns_backoff_config{}, seed);
    CHECK(got.attempts_per_device <= 6);
    CHECK(got.t99_s <= 1.8 * 24.65);
  }
}

TEST_CASE("full jitter takes a third of the calls of no wait and a fifth of the time of plain exponential waits") {
  const auto [calls, time] = contention_ratios(20);
  CHECK(calls <= 0.35);
  CHECK(time <= 0.2);
}

TEST_CASE("each message has one effect, whatever the link loses, repeats and reorders") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    const effect_once_result got = effect_once(5000, seed, 8);
    CHECK(got.messages == 5000);
    CHECK(got.effects == 5000);
    CHECK(got.queued == 0);
    CHECK(got.sums);
    // The link did what it was to do.
    CHECK(got.repeats * 20 > got.messages);
    CHECK(got.retries * 20 > got.messages);
  }
}

TEST_CASE("a year of ten thousand outages keeps its quota, and asks for two polls an event at most") {
  const year_result got = year_of_flaps(10'000, 600, 3, 1);
  CHECK(got.items > 52'000);
  CHECK(got.most_queued <= 3);
  CHECK(got.evicted > 0);
  CHECK(got.polls <= 2 * got.events);
  CHECK(got.sums);
  CHECK(got.items == got.delivered + got.evicted + got.queued);
  CHECK(got.queued <= 1);  // the last one may be under way
  CHECK(got.effects >= got.delivered);
}
}  // namespace
