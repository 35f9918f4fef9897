// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/kswin.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::drift_event;
using skerry::stats::kswin;
using stats_test::image;
using stats_test::source;

namespace {

static_assert(std::is_trivially_copyable_v<kswin<>> && std::is_default_constructible_v<kswin<>>);
static_assert(skerry::encodable<kswin<>> && skerry::decodable_value<kswin<>>);
static_assert(!skerry::mergeable<kswin<>>);
static_assert(sizeof(kswin<>) == 1632);

/// The distance of the two parts of a window, at every value of either.
double distance_of(const std::vector<double>& window, std::size_t recent) {
  const auto cut = window.end() - static_cast<std::ptrdiff_t>(recent);
  double most = 0;
  for (const double x : window) {
    const auto share = [&](auto from, auto to) {
      return static_cast<double>(std::count_if(from, to, [&](double y) { return y <= x; })) / static_cast<double>(to - from);
    };
    most = std::max(most, std::fabs(share(window.begin(), cut) - share(cut, window.end())));
  }
  return most;
}

template <typename A>
image image_of(const A& a) {
  image bytes(A::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(a.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

template <std::size_t W, std::size_t R>
int compare(std::uint64_t seed) {
  source random{seed};
  auto ours = kswin<W, R>::create({0.001}).value();
  std::vector<double> window;
  int events = 0;
  double level = 0;
  for (int i = 0; i < 600; ++i) {
    level += random.below(150) == 0 ? 2 * random.normal() : 0;
    double x = level + random.normal();
    x = seed % 2 == 0 ? std::round(x) : x;
    window.push_back(x);
    if (window.size() > W) {
      window.erase(window.begin());
    }
    const auto event = ours.observe(x);
    REQUIRE(event);
    bool expected = false;
    if (window.size() == W) {
      const double d = distance_of(window, R);
      REQUIRE(std::fabs(ours.distance().value() - d) < 1e-12);
      expected = d > ours.limit() * (1 + 1e-12);
      if (expected) {
        window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(R));
        ++events;
      }
    }
    REQUIRE((event.value() == drift_event::change) == expected);
    REQUIRE(ours.size() == window.size());
  }
  return events;
}

}  // namespace

TEST_CASE("KSWIN compares the newest values with all the others of its window, ties and all", "[stats][drift]") {
  int events = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    events += compare<100, 30>(seed);
    events += compare<20, 10>(seed);
    events += compare<37, 5>(seed);
  }
  CHECK(events > 10);
}

TEST_CASE("KSWIN sees a change of width that leaves the mean where it was", "[stats][drift]") {
  int found = 0;
  int false_events = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    source random{seed};
    auto detector = kswin<200, 100>::create({1e-4}).value();
    for (int i = 0; i < 1000; ++i) {
      false_events += detector.observe(random.normal()).value() == drift_event::change ? 1 : 0;
    }
    bool seen = false;
    for (int i = 0; i < 100; ++i) {
      seen = detector.observe(6 * random.normal()).value() == drift_event::change || seen;
    }
    found += seen ? 1 : 0;
  }
  CAPTURE(found, false_events);
  CHECK(found >= 36);
  CHECK(false_events <= 4);
}

TEST_CASE("KSWIN refuses what is not finite, and settings outside their range", "[stats][drift]") {
  kswin<20, 10> detector;
  CHECK(detector.distance().error() == errc::insufficient);
  for (int i = 0; i < 25; ++i) {
    REQUIRE(detector.observe(static_cast<double>(i % 3)));
  }
  const image before = image_of(detector);
  CHECK(detector.observe(std::nan("")).error() == errc::not_finite);
  CHECK(detector.observe(-static_cast<double>(INFINITY)).error() == errc::not_finite);
  CHECK(image_of(detector) == before);
  CHECK(detector.refused() == 2);
  detector.clear();
  CHECK(detector == kswin<20, 10>{});
  for (const double alpha : {0.0, 1.0, -1.0, std::nan("")}) {
    CHECK(kswin<>::create({alpha}).error() == errc::invalid);
  }
}

TEST_CASE("the image of a KSWIN goes on where it stopped, and hostile ones are refused or are themselves", "[stats][drift]") {
  using small = kswin<20, 6>;
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto detector = small::create({0.01}).value();
    for (std::uint64_t i = 0; i < 9 * seed; ++i) {
      REQUIRE(detector.observe(std::round(3 * random.normal())));
    }
    auto read = skerry::decode_all<small>(image_of(detector));
    REQUIRE(read);
    REQUIRE(read.value() == detector);
    const image good = image_of(detector);
    for (int i = 0; i < 200; ++i) {
      const double x = random.normal() + (i > 100 ? 3 : 0);
      REQUIRE(read.value().observe(x) == detector.observe(x));
      REQUIRE(read.value() == detector);
    }
    for (std::size_t n = 0; n < good.size(); ++n) {
      REQUIRE_FALSE(skerry::decode_all<small>(image(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))));
    }
    for (int round = 0; round < 5000; ++round) {
      image changed = good;
      changed[random.below(changed.size())] = random.byte();
      if (auto got = skerry::decode_all<small>(changed)) {
        ++accepted;
        REQUIRE(image_of(got.value()) == changed);
      }
    }
    CHECK(skerry::decode_all<kswin<20, 5>>(good).error() == errc::mismatch);
  }
  CHECK(accepted > 0);
}
