// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/page_hinkley.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

using skerry::errc;
using skerry::stats::basic_page_hinkley;
using skerry::stats::drift_event;
using skerry::stats::page_hinkley;
using skerry::stats::page_hinkley_config;
using stats_test::image_of;
using stats_test::source;

namespace {

static_assert(sizeof(basic_page_hinkley<float>) == 40 && sizeof(page_hinkley) == 72);
static_assert(std::is_trivially_copyable_v<page_hinkley> && std::is_default_constructible_v<page_hinkley>);
static_assert(skerry::encodable<page_hinkley> && skerry::decodable_value<page_hinkley>);
static_assert(!skerry::mergeable<page_hinkley>);

page_hinkley made(const page_hinkley_config& c) { return page_hinkley::create(c).value(); }

/// The definition, with everything kept and nothing folded.
std::vector<std::pair<std::size_t, drift_event>> by_definition(const std::vector<double>& xs, const page_hinkley_config& c) {
  std::vector<std::pair<std::size_t, drift_event>> events;
  std::vector<long double> seen;
  std::vector<long double> up{0};
  std::vector<long double> down{0};
  for (std::size_t i = 0; i < xs.size(); ++i) {
    seen.push_back(static_cast<long double>(xs[i]));
    long double mean = 0;
    for (const long double x : seen) {
      mean += x;
    }
    mean /= static_cast<long double>(seen.size());
    const long double d = seen.back() - mean;
    up.push_back(static_cast<long double>(c.alpha) * up.back() + d - static_cast<long double>(c.delta));
    down.push_back(static_cast<long double>(c.alpha) * down.back() + d + static_cast<long double>(c.delta));
    const bool rise = up.back() - *std::min_element(up.begin(), up.end()) > static_cast<long double>(c.lambda);
    const bool fall = *std::max_element(down.begin(), down.end()) - down.back() > static_cast<long double>(c.lambda);
    if (seen.size() >= c.min_count && (rise || fall)) {
      events.emplace_back(i, rise ? drift_event::rise : drift_event::fall);
      seen.clear();
      up = down = {0};
    }
  }
  return events;
}

}  // namespace

TEST_CASE("Page-Hinkley says what its definition says, value by value", "[stats][drift]") {
  std::size_t events = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    page_hinkley_config config;
    config.delta = 0.3 * random.uniform();
    config.lambda = 5 + 20 * random.uniform();
    config.alpha = seed % 3 == 0 ? 1.0 : 0.99;
    config.min_count = static_cast<std::uint16_t>(1 + random.below(40));
    std::vector<double> xs;
    double level = 0;
    for (int i = 0; i < 300; ++i) {
      level += random.below(80) == 0 ? 4 * random.normal() : 0;
      xs.push_back(level + random.normal());
    }
    page_hinkley detector = made(config);
    std::vector<std::pair<std::size_t, drift_event>> got;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      const auto event = detector.observe(xs[i]);
      REQUIRE(event);
      if (event.value() != drift_event::none) {
        got.emplace_back(i, event.value());
        CHECK(detector.count() == 0);
        CHECK(detector == made(config));
      }
      CHECK(detector.level() <= (detector.count() < config.min_count ? 1e9 : 1.0));
    }
    CHECK(got == by_definition(xs, config));
    events += got.size();
  }
  CHECK(events > 60);
}

TEST_CASE("the mirror image of a stream gives the mirrored events", "[stats][drift]") {
  source random{3};
  page_hinkley a = made({0.1, 12, 1, 10});
  page_hinkley b = made({0.1, 12, 1, 10});
  int events = 0;
  for (int i = 0; i < 3000; ++i) {
    const double x = random.normal() + (i / 500 % 2 == 0 ? 0 : 2);
    const auto ea = a.observe(x).value();
    const auto eb = b.observe(-x).value();
    const drift_event mirrored = ea == drift_event::rise ? drift_event::fall : (ea == drift_event::fall ? drift_event::rise : ea);
    REQUIRE(eb == mirrored);
    events += ea != drift_event::none ? 1 : 0;
  }
  CHECK(events >= 5);
}

TEST_CASE("no event comes before min_count, however loud the values are", "[stats][drift]") {
  page_hinkley detector = made({0, 1, 1, 25});
  for (int i = 1; i < 25; ++i) {
    REQUIRE(detector.observe(i % 2 == 0 ? 1e6 : -1e6).value() == drift_event::none);
  }
  CHECK(detector.level() > 1);
  CHECK(detector.observe(1e6).value() != drift_event::none);
}

TEST_CASE("a small jump is found after about lambda over the jump less delta", "[stats][drift]") {
  page_hinkley detector = made({0.5, 20, 1, 30});
  for (int i = 0; i < 5000; ++i) {
    REQUIRE(detector.observe(7.0).value() == drift_event::none);
  }
  int taken = 0;
  while (detector.observe(8.5).value() == drift_event::none) {
    ++taken;
  }
  CHECK(taken >= 19);  // 20 / (1.5 - 0.5), and a little more, as the mean follows
  CHECK(taken <= 21);
}

TEST_CASE("what cannot be added up is refused and changes no byte of a Page-Hinkley test", "[stats][drift]") {
  page_hinkley detector;
  REQUIRE(detector.observe(1.0));
  REQUIRE(detector.observe(2.0));
  const auto before = image_of(detector);
  for (const double x : {std::nan(""), static_cast<double>(INFINITY), -static_cast<double>(INFINITY)}) {
    CHECK(detector.observe(x).error() == errc::not_finite);
  }
  REQUIRE(image_of(detector) == before);
  CHECK(detector.refused() == 3);
  constexpr double most = std::numeric_limits<double>::max();
  REQUIRE(detector.observe(most));
  const auto far = image_of(detector);
  CHECK(detector.observe(-most).error() == errc::out_of_range);
  CHECK(image_of(detector) == far);
  CHECK(detector.refused() == 4);
  basic_page_hinkley<float> small;
  for (int i = 0; i < 100; ++i) {
    const auto event = small.observe(i % 2 == 0 ? 3e38F : -3e38F);
    REQUIRE((event || event.error() == errc::out_of_range));
    REQUIRE(skerry::decode_all<basic_page_hinkley<float>>(image_of(small)));
  }
}

TEST_CASE("settings outside their range make no Page-Hinkley test", "[stats][drift]") {
  const double nan = std::nan("");
  const double inf = static_cast<double>(INFINITY);
  for (const page_hinkley_config& c :
       {page_hinkley_config{-0.1, 1, 1, 1}, page_hinkley_config{0, 0, 1, 1}, page_hinkley_config{0, -1, 1, 1},
        page_hinkley_config{0, 1, 0, 1}, page_hinkley_config{0, 1, 1.1, 1}, page_hinkley_config{nan, 1, 1, 1},
        page_hinkley_config{0, nan, 1, 1}, page_hinkley_config{0, 1, nan, 1}, page_hinkley_config{inf, 1, 1, 1},
        page_hinkley_config{0, inf, 1, 1}}) {
    CHECK(page_hinkley::create(c).error() == errc::invalid);
  }
  CHECK(basic_page_hinkley<float>::create({0, 1e200, 1, 1}).error() == errc::invalid);
  CHECK(page_hinkley::create({0, 1e-9, 1e-9, 0}));
  CHECK(page_hinkley{}.config().lambda == 50);
  CHECK(page_hinkley{}.mean().error() == errc::empty);
}

TEST_CASE("the image of a Page-Hinkley test goes on where it stopped, and hostile ones are refused or are themselves", "[stats][drift]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    source random{seed};
    page_hinkley detector = made({0.1, 15, 0.999, 10});
    stats_test::attack<page_hinkley>(image_of(detector), random, accepted);
    for (int i = 0; i < 200; ++i) {
      REQUIRE(detector.observe(random.normal()));
    }
    CHECK(image_of(detector).size() == page_hinkley::encoded_size);
    auto read = skerry::decode_all<page_hinkley>(image_of(detector));
    REQUIRE(read);
    for (int i = 0; i < 200; ++i) {
      const double x = 1 + random.normal();
      REQUIRE(read.value().observe(x) == detector.observe(x));
      REQUIRE(read.value() == detector);
    }
    basic_page_hinkley<float> small;
    REQUIRE(small.observe(0.3F));
    REQUIRE(small.observe(0.7F));
    stats_test::attack<basic_page_hinkley<float>>(image_of(small), random, accepted);
    if (const auto both = skerry::decode_all<page_hinkley>(image_of(small)); seed == 1) {
      REQUIRE(both);  // a double takes what a float has written; the other way numbers may not fit
      CHECK(image_of(both.value()) == image_of(small));
      CHECK(skerry::decode_all<basic_page_hinkley<float>>(image_of(detector)).error() == errc::mismatch);
    }
  }
  CHECK(accepted > 0);
}
