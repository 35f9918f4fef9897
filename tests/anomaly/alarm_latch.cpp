// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/alarm_latch.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <deque>
#include <limits>
#include <random>
#include <type_traits>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

alarm_latch make(latch_config config) { return alarm_latch::create(config).value(); }

// The rule as one would write it without thinking of memory.
struct plain_latch {
  latch_config config;
  std::deque<bool> window{};
  bool alarmed = false;
  int calm = 0;
  std::uint32_t alarms = 0;
  void observe(float s) {
    if (s != s) {
      return;
    }
    if (alarmed) {
      calm = s < config.leave ? calm + 1 : 0;
      if (calm >= config.m) {
        alarmed = false;
        window.clear();
      }
      return;
    }
    window.push_back(s >= config.enter);
    if (window.size() > config.n) {
      window.pop_front();
    }
    int hot = 0;
    for (const bool h : window) {
      hot += h ? 1 : 0;
    }
    if (hot >= config.k) {
      alarmed = true;
      calm = 0;
      ++alarms;
    }
  }
};

static_assert(std::is_trivially_copyable_v<alarm_latch>);
static_assert(sizeof(alarm_latch) == 56);
static_assert(noexcept(std::declval<alarm_latch&>().observe(0)));

}  // namespace

TEST_CASE("for every k of n up to 255 the latch is the plain rule over random scores") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 g{seed};
    const unsigned widest = seed % 3 == 0 ? 255 : 9;
    latch_config config;
    config.n = static_cast<std::uint8_t>(1 + g() % widest);
    config.k = static_cast<std::uint8_t>(1 + g() % config.n);
    config.m = static_cast<std::uint8_t>(1 + g() % widest);
    config.enter = 1;
    config.leave = static_cast<float>(g() % 3) / 2;
    auto latch = make(config);
    plain_latch plain{config};
    const auto hot_share = 1 + g() % 9;
    for (int row = 0; row < 2000; ++row) {
      const auto r = g() % 40;
      const float s = r == 0   ? std::numeric_limits<float>::quiet_NaN()
                      : r == 1 ? std::numeric_limits<float>::infinity()
                               : static_cast<float>(g() % 10 < hot_share ? 4 : g() % 4) / 4;
      const bool before = plain.alarmed;
      plain.observe(s);
      const alarm_edge edge = latch.observe(s);
      REQUIRE(latch.alarmed() == plain.alarmed);
      REQUIRE(latch.alarms() == plain.alarms);
      REQUIRE((edge == alarm_edge::raised) == (!before && plain.alarmed));
      REQUIRE((edge == alarm_edge::cleared) == (before && !plain.alarmed));
    }
  }
}

TEST_CASE("a missing score leaves every byte of the latch as it was") {
  auto latch = make({.k = 2, .n = 3, .enter = 1, .leave = 0.5F, .m = 2});
  for (const float s : {1.0F, 0.0F, 2.0F, 0.7F}) {
    alarm_latch before = latch;
    REQUIRE(latch.observe(std::numeric_limits<float>::quiet_NaN()) == alarm_edge::none);
    REQUIRE(std::memcmp(&before, &latch, sizeof latch) == 0);
    (void)latch.observe(s);
  }
}

TEST_CASE("scores between leave and enter neither raise nor clear") {
  auto latch = make({.k = 1, .n = 1, .enter = 1, .leave = 0.5F, .m = 1});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(latch.observe(0.75F) == alarm_edge::none);
  }
  REQUIRE(latch.observe(1) == alarm_edge::raised);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(latch.observe(0.75F) == alarm_edge::none);
  }
  REQUIRE(latch.observe(0.25F) == alarm_edge::cleared);
}

TEST_CASE("a latch that could never raise, never clear or not compare is not made") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const latch_config good{.k = 3, .n = 5, .enter = 1, .leave = 1, .m = 5};
  REQUIRE(alarm_latch::create(good));
  auto with = [&](auto change) {
    latch_config c = good;
    change(c);
    return alarm_latch::create(c).error();
  };
  REQUIRE(with([](latch_config& c) { c.k = 0; }) == errc::invalid);
  REQUIRE(with([](latch_config& c) { c.k = 6; }) == errc::invalid);
  REQUIRE(with([](latch_config& c) { c.n = 0; }) == errc::invalid);
  REQUIRE(with([](latch_config& c) { c.m = 0; }) == errc::invalid);
  REQUIRE(with([](latch_config& c) { c.leave = 1.5F; }) == errc::invalid);
  REQUIRE(with([&](latch_config& c) { c.leave = nan; }) == errc::invalid);
  REQUIRE(with([&](latch_config& c) { c.enter = nan; }) == errc::invalid);
}

TEST_CASE("new levels that contradict each other are refused and the old ones stay") {
  auto latch = make({.k = 1, .n = 1, .enter = 1, .leave = 0.5F, .m = 1});
  REQUIRE(latch.set_levels(1, 2).error() == errc::invalid);
  REQUIRE(latch.config().enter == 1);
  REQUIRE(latch.set_levels(3, 2));
  REQUIRE(latch.observe(2) == alarm_edge::none);
  REQUIRE(latch.observe(3) == alarm_edge::raised);
}
