// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/time_window.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <type_traits>

using skerry::errc;
using skerry::ticks;
using skerry::stats::kll;
using skerry::stats::moments;
using skerry::stats::time_window;
using skerry::stats::window_config;
using stats_test::source;

namespace {

using hours = time_window<moments<>, 4>;
static_assert(std::is_trivially_copyable_v<hours> && !skerry::mergeable<hours>);

ticks floor_of(ticks t, ticks size) { return (t >= 0 ? t / size : -((-t + size - 1) / size)) * size; }

struct closings {
  std::map<ticks, moments<>> windows;
  ticks last = std::numeric_limits<ticks>::min();
  bool ordered = true;
  void operator()(ticks start, const moments<>& m) {
    ordered = ordered && start > last && m.count() > 0;
    last = start;
    windows.emplace(start, m);
  }
};

}  // namespace

TEST_CASE("every value is in the window of its time or counted as late, whatever the order", "[stats][time_window]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const ticks size = static_cast<ticks>(1 + random.below(50));
    const ticks lateness = static_cast<ticks>(random.below(static_cast<std::size_t>(2 * size) + 1));
    auto w = hours::create({.size = size, .lateness = lateness}).value();
    closings closed;
    std::map<ticks, moments<>> expected;
    std::uint64_t late = 0;
    ticks now = static_cast<ticks>(random.below(1000)) - 2000;
    ticks latest = std::numeric_limits<ticks>::min();
    for (int i = 0; i < 300; ++i) {
      now += static_cast<ticks>(random.below(static_cast<std::size_t>(random.below(20) == 0 ? 20 * size : size)));
      const ticks t = now - static_cast<ticks>(random.below(static_cast<std::size_t>(2 * (lateness + size))));
      const double x = random.normal();
      const skerry::status taken = w.observe(t, x, closed);
      const bool was_closed = i > 0 && floor_of(t, size) + size <= floor_of(latest - lateness, size);
      CHECK(static_cast<bool>(taken) == !was_closed);
      if (taken) {
        REQUIRE(expected[floor_of(t, size)].observe(x));
        latest = std::max(latest, t);
      } else {
        CHECK(taken.error() == errc::stale);
        ++late;
      }
      CHECK(w.watermark().value() == latest - lateness);
    }
    CHECK(w.late() == late);
    w.flush(closed);
    CHECK(closed.ordered);
    CHECK(closed.windows == expected);
    closings nothing;
    w.flush(nothing);
    CHECK(nothing.windows.empty());
  }
}

TEST_CASE("a single bad clock does not close the day", "[stats][time_window]") {
  auto w = hours::create({.size = 3600, .lateness = 600, .max_ahead = 7200}).value();
  closings closed;
  REQUIRE(w.observe(1000, 1, closed));
  CHECK(w.observe(1000 + 7201, 2, closed).error() == errc::time_jump);
  CHECK(w.observe(ticks{1} << 40, 2, closed).error() == errc::time_jump);
  CHECK(closed.windows.empty());
  CHECK(w.ahead() == 2);
  CHECK(w.watermark().value() == 400);
  REQUIRE(w.observe(1000 + 7200, 2, closed));
  CHECK(closed.windows.size() == 1);
  // When everybody's clock is ahead, the caller's own is believed.
  w.advance(100000, closed);
  CHECK(closed.windows.size() == 2);
  CHECK(w.observe(100001, 3, closed));
}

TEST_CASE("an idle source is closed by the caller's clock", "[stats][time_window]") {
  auto w = hours::create({.size = 10, .lateness = 5}).value();
  closings closed;
  w.advance(-100, closed);
  CHECK(w.observe(-120, 1, closed).error() == errc::stale);
  REQUIRE(w.observe(3, 1, closed));
  w.advance(14, closed);
  CHECK(closed.windows.empty());
  w.advance(15, closed);
  CHECK(closed.windows.size() == 1);
  w.advance(2, closed);  // a clock that goes back opens nothing
  CHECK(w.observe(9, 1, closed).error() == errc::stale);
}

TEST_CASE("what is refused closes nothing and opens nothing", "[stats][time_window]") {
  auto w = hours::create({.size = 10}).value();
  closings closed;
  REQUIRE(w.observe(5, 1, closed));
  CHECK(w.observe(5000, std::nan(""), closed).error() == errc::not_finite);
  CHECK(w.observe(std::numeric_limits<ticks>::max(), 1, closed).error() == errc::out_of_range);
  CHECK(w.observe(std::numeric_limits<ticks>::min(), 1, closed).error() == errc::out_of_range);
  CHECK(closed.windows.empty());
  CHECK(w.refused() == 3);
  int open = 0;
  w.for_each_open([&](ticks start, const moments<>& m) { open += start == 0 && m.count() == 1 ? 1 : 100; });
  CHECK(open == 1);
}

TEST_CASE("windows that do not fit are refused when made", "[stats][time_window]") {
  CHECK(hours::create({.size = 0}).error() == errc::invalid);
  CHECK(hours::create({.size = 10, .lateness = -1}).error() == errc::invalid);
  CHECK(hours::create({.size = 10, .lateness = 30}).error() == errc::invalid);
  CHECK(hours::create({.size = 10, .lateness = 29}));
  CHECK(hours::create({.size = 10, .lateness = 0, .max_ahead = -1}).error() == errc::invalid);
  CHECK(hours::create({.size = std::numeric_limits<ticks>::max()}).error() == errc::invalid);
}

TEST_CASE("a type with a seed takes a prototype, and its values are not taken over", "[stats][time_window]") {
  kll<float, 64> prototype{7};
  REQUIRE(prototype.observe(1e6F));
  auto w = time_window<kll<float, 64>, 2>::create({.size = 100}, prototype).value();
  std::uint64_t seen = 0;
  float greatest = 0;
  const auto sink = [&](ticks, const kll<float, 64>& s) {
    seen += s.count();
    greatest = std::max(greatest, s.quantile(1).value());
  };
  for (ticks t = 0; t < 1000; ++t) {
    REQUIRE(w.observe(t, static_cast<double>(t % 100), sink));
  }
  w.flush(sink);
  CHECK(seen == 1000);
  CHECK(greatest == 99);
}

TEST_CASE("a window of integers refuses what is none", "[stats][time_window]") {
  auto window = time_window<skerry::stats::extrema<std::int32_t>, 2>::create({.size = 10}).value();
  const auto closed = [](ticks, const auto&) {};
  CHECK(window.observe(0, 1e300, closed).error() == errc::out_of_range);
  CHECK(window.observe(0, std::nan(""), closed).error() == errc::not_finite);
  CHECK(window.refused() == 2);
  REQUIRE(window.observe(0, -5.0, closed));
}
