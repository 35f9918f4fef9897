// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/windowed.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <vector>

using skerry::errc;
using skerry::ticks;
using skerry::stats::exp_histogram;
using skerry::stats::extrema;
using skerry::stats::moments;
using skerry::stats::windowed;
using stats_test::source;

namespace {

static_assert(!skerry::mergeable<windowed<moments<>, 4>>);

template <std::size_t Panes>
void panes_by_number() {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(Panes, seed);
    source random{seed};
    const std::size_t per_pane = 1 + random.below(9);
    auto histogram = windowed<exp_histogram<40>, Panes>::create({.values = per_pane}).value();
    auto ends = windowed<extrema<>, Panes>::create({.values = per_pane}).value();
    std::vector<double> all;
    for (int i = 0; i < 200; ++i) {
      const double x = std::exp(random.normal());
      all.push_back(x);
      REQUIRE(histogram.observe(x));
      REQUIRE(ends.observe(x));
      const std::size_t newest = (all.size() - 1) % per_pane + 1;
      const std::size_t held = std::min(all.size(), newest + (Panes - 1) * per_pane);
      const auto last = std::span{all}.last(held);
      exp_histogram<40> expected;
      REQUIRE(expected.observe(last) == held);
      REQUIRE(histogram.summary() == expected);
      REQUIRE(ends.summary().min().value() == *std::min_element(last.begin(), last.end()));
      REQUIRE(ends.summary().max().value() == *std::max_element(last.begin(), last.end()));
    }
  }
}

}  // namespace

TEST_CASE("a window of panes is the merge of exactly the last panes", "[stats][windowed]") {
  panes_by_number<2>();
  panes_by_number<3>();
  panes_by_number<8>();
}

TEST_CASE("panes by time forget what is older, also over gaps", "[stats][windowed]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto w = windowed<exp_histogram<40>, 5>::create({.length = 10}).value();
    std::map<ticks, std::vector<double>> by_pane;
    ticks t = -200;
    for (int i = 0; i < 200; ++i) {
      t += static_cast<ticks>(random.below(random.below(30) == 0 ? 200 : 6));
      const double x = std::exp(random.normal());
      REQUIRE(w.observe(t, x));
      const ticks pane = (t - (t % 10 + 10) % 10) / 10;
      by_pane[pane].push_back(x);
      exp_histogram<40> expected;
      for (ticks p = pane - 4; p <= pane; ++p) {
        (void)expected.observe(by_pane[p]);
      }
      REQUIRE(w.summary() == expected);
      CHECK(w.observe(t - 10, 1).error() == errc::stale);
      CHECK(w.observe(t + 1000, std::nan("")).error() == errc::not_finite);
      REQUIRE(w.summary() == expected);
    }
    w.advance(t - 100);
    CHECK(w.summary().count() > 0);
    w.advance(t + 50);
    CHECK(w.summary().count() == 0);
  }
}

TEST_CASE("a window that was not made for time takes none, and the other way round", "[stats][windowed]") {
  auto by_number = windowed<moments<>, 2>::create({.values = 3}).value();
  auto by_time = windowed<moments<>, 2>::create({.length = 3}).value();
  CHECK(by_number.observe(ticks{1}, 1.0).error() == errc::mismatch);
  CHECK(by_time.observe(1.0).error() == errc::mismatch);
  CHECK(windowed<moments<>, 2>::create({}).error() == errc::invalid);
  CHECK(windowed<moments<>, 2>::create({.values = 1, .length = 1}).error() == errc::invalid);
  CHECK(windowed<moments<>, 2>::create({.length = -1}).error() == errc::invalid);
  CHECK(by_number.observe(std::vector<double>{1, 2, std::nan(""), 3, 4, 5, 6, 7}) == 7);
  CHECK(by_number.summary().count() == 4);
  by_number.clear();
  CHECK(by_number.summary().count() == 0);
}

TEST_CASE("a refused value does not make a window slide", "[stats][windowed]") {
  auto window = windowed<moments<>, 2>::create({.values = 2}).value();
  for (const double x : {1.0, 2.0, 3.0, 4.0}) {
    REQUIRE(window.observe(x));
  }
  const auto before = window.summary();
  REQUIRE(before.count() == 4);
  CHECK(window.observe(std::nan("")).error() == errc::not_finite);
  CHECK(window.summary() == before);
  REQUIRE(window.observe(5.0));
  CHECK(window.summary().count() == 3);
}
