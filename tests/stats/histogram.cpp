// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/histogram.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

using skerry::errc;
using skerry::stats::histogram;
using stats_test::image_of;
using stats_test::source;

static_assert(skerry::commutative_monoid<histogram<8>> && std::is_trivially_copyable_v<histogram<8>>);

TEST_CASE("a value on an edge belongs to the bin below it", "[stats][histogram]") {
  const double edges[] = {0, 1, 2};
  auto h = histogram<4>::create(edges).value();
  for (const double x : {-5.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 1e300}) {
    REQUIRE(h.observe(x));
  }
  CHECK(h.count(0) == 2);
  CHECK(h.count(1) == 2);
  CHECK(h.count(2) == 2);
  CHECK(h.count(3) == 2);
  CHECK(h.count() == 8);
}

TEST_CASE("any split merges into the same bytes", "[stats][histogram]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto proto = histogram<10>::linear(-2, 2).value();
    auto whole = proto;
    std::vector<histogram<10>> parts(8, proto);
    for (int i = 0; i < 500; ++i) {
      const double x = random.normal();
      REQUIRE(whole.observe(x));
      REQUIRE(parts[random.below(8)].observe(x));
    }
    auto all = parts[3];
    for (const std::size_t i : {7U, 0U, 1U, 6U, 2U, 5U, 4U}) {
      REQUIRE(all.merge(parts[i]));
    }
    CHECK(image_of(all) == image_of(whole));
    REQUIRE(all.merge(proto));
    CHECK(all == whole);
    CHECK(all.empty() == proto);
    const double x = random.normal();
    REQUIRE(all.observe(x));
    REQUIRE(all.retract(x));
    CHECK(all == whole);
  }
}

TEST_CASE("a quantile lies in the bin of the true one, and quantiles rise", "[stats][histogram]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto h = histogram<40>::linear(-3, 3).value();
    auto xs = random.values(997);
    REQUIRE(h.observe(xs) == xs.size());
    std::sort(xs.begin(), xs.end());
    double last = -1e9;
    for (int i = 0; i <= 200; ++i) {
      const double r = i / 200.0;
      const double q = h.quantile(r).value();
      REQUIRE(q >= last);
      last = q;
      const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(r * 997)));
      const std::size_t bin = h.bin_of(xs[rank - 1]);
      CHECK((h.bin_of(q) == bin || (bin > 0 && q == h.edge(bin - 1))));
      const double back = h.rank(q).value();
      CHECK((back >= 0 && back <= 1));
      if (bin > 0 && bin < 39) {
        CHECK(std::fabs(back - r) < 1e-9);
      }
    }
  }
}

// Found by the fuzz target stats_histogram: a blend of two edges that stand one rounding apart fell below the quantile before it.
TEST_CASE("quantiles rise between edges that nearly touch, and between those of all doubles", "[stats][histogram]") {
  const double most = std::numeric_limits<double>::max();
  const double touching[] = {2.5 - 1e-15, 2.5, 2.5 + 1e-15};
  const double farthest[] = {-most, 0.1, most};
  for (const auto& edges : {std::span<const double, 3>{touching}, std::span<const double, 3>{farthest}}) {
    auto h = histogram<4>::create(edges).value();
    REQUIRE(h.observe(edges[1], 777));
    REQUIRE(h.observe(edges[2], 555));
    double last = edges[0];
    for (int i = 0; i <= 3000; ++i) {
      const double q = h.quantile(i / 3000.0).value();
      REQUIRE((q >= last && q <= edges[2]));
      last = q;
      REQUIRE(h.rank(q).value() <= 1);
    }
  }
}

TEST_CASE("histograms with other edges do not merge", "[stats][histogram]") {
  auto a = histogram<4>::linear(0, 1).value();
  const auto b = histogram<4>::linear(0, 2).value();
  REQUIRE(a.observe(0.5));
  const auto before = a;
  CHECK(a.merge(b).error() == errc::mismatch);
  CHECK(a == before);
  const double falling[] = {0, 2, 1};
  const double twice[] = {0, 1, 1};
  const double nan[] = {0, std::nan(""), 1};
  CHECK(histogram<4>::create(falling).error() == errc::invalid);
  CHECK(histogram<4>::create(twice).error() == errc::invalid);
  CHECK(histogram<4>::create(nan).error() == errc::invalid);
  CHECK(histogram<4>::linear(1, 1).error() == errc::invalid);
}

TEST_CASE("a histogram refuses and says why", "[stats][histogram]") {
  auto h = histogram<4>::linear(0, 1).value();
  CHECK(h.quantile(0.5).error() == errc::empty);
  CHECK(h.rank(0.5).error() == errc::empty);
  CHECK(h.retract(0.5).error() == errc::empty);
  CHECK(h.observe(std::nan("")).error() == errc::not_finite);
  REQUIRE(h.observe(0.9));
  CHECK(h.retract(0.1).error() == errc::absent);
  CHECK(h.quantile(-0.1).error() == errc::invalid);
  CHECK(h.observe(0.9, std::numeric_limits<std::uint64_t>::max()).error() == errc::full);
  CHECK(h.count() == 1);
  CHECK(h.refused() == 2);
}

TEST_CASE("no hostile image of a histogram is believed", "[stats][histogram]") {
  source random{3};
  int accepted = 0;
  auto h = histogram<5>::linear(-1, 4).value();
  REQUIRE(h.observe(random.values(50)) == 50);
  CHECK(image_of(h).size() == histogram<5>::encoded_size);
  stats_test::attack<histogram<5>>(image_of(h), random, accepted);
  CHECK(accepted > 0);
  CHECK(skerry::decode_all<histogram<6>>(image_of(h)).error() == errc::mismatch);
}
