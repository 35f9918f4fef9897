// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

// Four uniform numbers: mean 0, standard deviation 0.58 * 2 = 1.15.
struct noise {
  splitmix64 g;
  explicit noise(std::uint64_t seed) : g{seed} {}
  float operator()() {
    const std::uint64_t r = g();
    const auto sum = (r & 0xFFFFU) + ((r >> 16U) & 0xFFFFU) + ((r >> 32U) & 0xFFFFU) + ((r >> 48U) & 0xFFFFU);
    return (static_cast<float>(sum) - 131070.0F) / 32768.0F;
  }
};

shift_chart taught(std::uint64_t seed, const shift_config& config = {}, int rows = 1000) {
  auto c = shift_chart::create(config).value();
  noise n{seed};
  for (int i = 0; i < rows; ++i) {
    c.learn(n());
  }
  return c;
}

static_assert(std::is_trivially_copyable_v<shift_chart>);
static_assert(sizeof(shift_chart) <= 496);

}  // namespace

TEST_CASE("a shift of one standard deviation that single rows do not show is found within forty rows") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    auto c = taught(seed);
    noise n{seed + 1000};
    int rows = 0;
    while (!c.alarmed() && rows < 200) {
      (void)c.observe(n() + 1.7F);
      ++rows;
    }
    REQUIRE(rows <= 40);
    REQUIRE(c.shift() > 0);
    REQUIRE(c.strength() >= 1);
  }
}

TEST_CASE("an alarm is raised at the k-th high row, neither before nor after") {
  for (const std::uint8_t k : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{5}}) {
    CAPTURE(static_cast<int>(k));
    auto c = taught(3, {.k = k, .n = 5});
    REQUIRE(c.ready());
    int rows = 1;
    while (c.observe(10000.0F) != alarm_edge::raised) {
      REQUIRE(++rows <= 10);
    }
    CHECK(rows == k);
  }
}

TEST_CASE("on unchanged rows a chart keeps within twice its budget, from the first rows on") {
  const double per_row = 1.0 / 2000;
  int alarms = 0;
  constexpr int rows = 20000;
  constexpr int charts = 20;
  for (std::uint64_t seed = 1; seed <= charts; ++seed) {
    auto c = taught(seed, {.alarms_per_row = per_row}, 250);
    noise n{seed + 77};
    for (int i = 0; i < rows; ++i) {
      alarms += c.observe(n()) == alarm_edge::raised ? 1 : 0;
    }
  }
  CAPTURE(alarms);
  REQUIRE(alarms <= 2 * charts * static_cast<int>(rows * per_row));
}

TEST_CASE("a horizon costs further alarms on unchanged rows as the logarithm of the time, not more") {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto c = taught(seed, {.alarms_per_row = 1e-9, .horizon = 5}, 400);
    noise n{seed + 7};
    for (int i = 0; i < 10000; ++i) {
      alarms += c.observe(n()) == alarm_edge::raised ? 1 : 0;
    }
  }
  CAPTURE(alarms);
  REQUIRE(alarms <= 2 * 40 * 3.3 / 5);  // ln(10400 / 400) = 3.3, one in five, and twice that
}

TEST_CASE("slow drift is followed, and a step that stays is not, however long it stays") {
  auto c = taught(3, {}, 3000);
  noise n{4};
  for (int i = 0; i < 30000; ++i) {  // as far as twenty standard deviations in all
    (void)c.observe(n() + static_cast<float>(i) * 0.0007F);
    REQUIRE_FALSE(c.alarmed());
  }
  const double place = c.centre();
  for (int i = 0; i < 10000; ++i) {
    (void)c.observe(n() + 21 + 8);
    REQUIRE((c.alarmed() || i < 8));
  }
  REQUIRE(c.centre() - place < 2);
}

TEST_CASE("an alarm ends when the column is back, also when it is back at a slightly other place") {
  auto c = taught(9);
  noise n{10};
  for (int i = 0; i < 50; ++i) {
    (void)c.observe(n() + 30);
  }
  REQUIRE(c.alarmed());
  int rows = 0;
  while (c.alarmed() && rows < 500) {
    (void)c.observe(n() + 1.5F);
    ++rows;
  }
  REQUIRE(rows < 120);
  for (int i = 0; i < 300; ++i) {
    (void)c.observe(n() + 1.5F);
  }
  REQUIRE_FALSE(c.alarmed());
  REQUIRE(c.centre() > 1);
}

TEST_CASE("alarms that end by themselves raise the level when they outnumber the budget, unless they are confirmed or far out") {
  const auto strike = [](shift_chart& c, noise& n, float height) {
    bool raised = false;
    for (int i = 0; i < 60; ++i) {
      raised = c.observe(n() + height) == alarm_edge::raised || raised;
    }
    return raised;
  };
  const auto rest = [](shift_chart& c, noise& n) {
    for (int i = 0; i < 400; ++i) {
      (void)c.observe(n());
    }
    REQUIRE_FALSE(c.alarmed());
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    auto c = taught(seed);
    auto confirmed = c;
    noise n{seed + 5};
    noise m{seed + 5};
    REQUIRE(strike(c, n, 4));
    rest(c, n);
    REQUIRE_FALSE(strike(c, n, 2));
    REQUIRE(strike(c, n, 40));
    REQUIRE(strike(confirmed, m, 4));
    confirmed.confirm();
    rest(confirmed, m);
    REQUIRE(strike(confirmed, m, 2));
  }
}

TEST_CASE("a column that never moved is shifted by a thousandth of its value") {
  auto c = shift_chart::create({}).value();
  for (int i = 0; i < 600; ++i) {
    (void)c.observe(100);
    REQUIRE_FALSE(c.alarmed());
  }
  for (int i = 0; i < 60; ++i) {
    (void)c.observe(100.2F);
  }
  REQUIRE(c.alarmed());
}

TEST_CASE("accepting ends the alarm where the column is now") {
  auto c = taught(2);
  noise n{3};
  for (int i = 0; i < 30; ++i) {
    (void)c.observe(n() + 12);
  }
  REQUIRE(c.alarmed());
  const double moved = c.accept();
  REQUIRE(moved > 10);
  REQUIRE(moved < 14);
  for (int i = 0; i < 1000; ++i) {
    (void)c.observe(n() + 12);
    REQUIRE_FALSE(c.alarmed());
  }
}

TEST_CASE("greatest floats do not break a chart") {
  auto c = taught(1);
  constexpr float most = std::numeric_limits<float>::max();
  for (int i = 0; i < 50; ++i) {
    (void)c.observe(i % 2 == 0 ? most : -most);
  }
  for (int i = 0; i < 5000; ++i) {
    (void)c.observe(most);
  }
  REQUIRE(c.sound());
  REQUIRE(c.strength() - c.strength() == 0);
}

TEST_CASE("a chart that could not work is not made") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE(shift_chart::create({.memory = 0}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.memory = 20, .follow = 19}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.block = 0}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.alarms_per_row = 0}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.alarms_per_row = nan}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.horizon = -1}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.k = 6}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.n = 33}).error() == errc::invalid);
  REQUIRE(shift_chart::create({.m = 0}).error() == errc::invalid);
}

TEST_CASE("the level that past alarms ask for is the one that only the budget's number of them exceeded") {
  episode_peaks<4> p;
  REQUIRE(p.least_level(0.001, 100) == 0);
  p.observe(3, 100);
  p.observe(7, 200);
  p.observe(5, 300);
  REQUIRE(p.least_level(0.001, 900) == 7);   // 0.9 alarms allowed: none
  REQUIRE(p.least_level(0.001, 1000) == 5);  // one
  REQUIRE(p.least_level(0.001, 2500) == 3);
  REQUIRE(p.least_level(0.001, 3000) == 0);  // three: the budget is kept
  p.observe(1, 400);
  p.observe(2, 500);  // the first one is gone, and so are the rows before its end
  REQUIRE(p.least_level(0.001, 1099) == 7);
  REQUIRE(p.least_level(0.001, 1100) == 5);
}

TEST_CASE("a column that a fault shook to both sides is at home after the repair, if its place from before was held") {
  // The short mean crosses the place on its way from one side to the other, slowly enough to look calm: the alarm ends, and the place is
  // within the fault. After the repair the healthy column then was the strange one, for good.
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    auto held = taught(seed);
    held.hold_home();
    auto plain = taught(seed);
    noise n{seed + 77};
    for (int i = 0; i < 600; ++i) {
      const float x = n() + (i / 100 % 2 == 0 ? 14.0F : -4.0F);
      (void)held.observe(x);
      (void)plain.observe(x);
      held.confirm();  // the levels of the two stay what they were
      plain.confirm();
    }
    for (int i = 0; i < 300; ++i) {
      const float x = n();
      (void)held.observe(x);
      (void)plain.observe(x);
    }
    REQUIRE_FALSE(held.alarmed());
    REQUIRE(held.centre() < 0.5);
    REQUIRE(held.centre() > -0.5);
    lost += plain.alarmed() ? 1 : 0;
    held.release_home();
    int rows = 0;
    while (!held.alarmed() && rows < 100) {  // and the next fault has an alarm of its own
      (void)held.observe(n() + 6);
      ++rows;
    }
    REQUIRE(rows < 40);
  }
  REQUIRE(lost >= 10);
}

TEST_CASE("a place that is held does not hide another fault, and a second call does not move it") {
  auto c = taught(3);
  noise n{4};
  c.hold_home();
  for (int i = 0; i < 60; ++i) {
    (void)c.observe(n() + 20);
    c.hold_home();
  }
  REQUIRE(c.alarmed());
  for (int i = 0; i < 400; ++i) {
    (void)c.observe(n() - 20);
  }
  REQUIRE(c.alarmed());
  for (int i = 0; i < 100; ++i) {
    (void)c.observe(n());
  }
  REQUIRE_FALSE(c.alarmed());
}

TEST_CASE("begun anew a column has its place where the next rows are, wherever that is, and keeps its level") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    auto c = taught(seed, {.horizon = 0});
    noise n{seed + 5};
    for (int i = 0; i < 100; ++i) {
      (void)c.observe(n() + 30);
    }
    REQUIRE(c.alarmed());
    const float level = c.level();
    c.begin_anew();
    REQUIRE_FALSE(c.alarmed());
    REQUIRE(c.level() == level);
    for (int i = 0; i < 300; ++i) {
      REQUIRE(c.observe(n() - 7) == alarm_edge::none);
    }
    REQUIRE(c.centre() < -6);
    REQUIRE(c.level() < 2 * level);
    int rows = 0;
    while (!c.alarmed() && rows < 100) {
      (void)c.observe(n() - 2);
      ++rows;
    }
    REQUIRE(rows < 20);
  }
}
