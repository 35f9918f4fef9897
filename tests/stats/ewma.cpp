// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/ewma.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::ticks;
using skerry::stats::ewma;
using stats_test::image;
using stats_test::image_of;
using stats_test::source;

namespace {

// tau, mean, variance, last; and what was refused.
static_assert(sizeof(ewma<double>) == 40);
static_assert(std::is_trivially_copyable_v<ewma<>>);
static_assert(skerry::encodable<ewma<>> && skerry::decodable_value<ewma<>>);
static_assert(!skerry::mergeable<ewma<>>);
template <typename E>
concept takes_time_last = requires(E& e) {
  e.observe(1.5, 3.0);
};
static_assert(!takes_time_last<ewma<>>);

}  // namespace

TEST_CASE("the first value is the mean and has no variance", "[stats][ewma]") {
  ewma<> e{100.0};
  CHECK(e.empty());
  CHECK(e.mean().error() == errc::empty);
  CHECK(e.variance().error() == errc::empty);
  CHECK(e.stddev().error() == errc::empty);
  CHECK(e.last().error() == errc::empty);
  REQUIRE(e.observe(-5, 3.5));
  CHECK(e.mean().value() == 3.5);
  CHECK(e.variance().value() == 0);
  CHECK(e.last().value() == -5);
}

TEST_CASE("after tau a step has come through by 1 - 1/e, in however many equal pieces", "[stats][ewma]") {
  for (const ticks pieces : {1, 2, 5, 100, 1000}) {
    CAPTURE(pieces);
    ewma<> e{1000.0};
    REQUIRE(e.observe(0, 0.0));
    for (ticks i = 1; i <= pieces; ++i) {
      REQUIRE(e.observe(i * (1000 / pieces), 1.0));
    }
    CHECK(std::fabs(e.mean().value() - (1 - std::exp(-1.0))) < 1e-13);
  }
}

TEST_CASE("a time that does not advance is stale and changes nothing", "[stats][ewma]") {
  ewma<> e{10.0};
  REQUIRE(e.observe(7, 1.0));
  REQUIRE(e.observe(9, 2.0));
  const ewma<> before = e;
  CHECK(e.observe(9, 5.0).error() == errc::stale);
  CHECK(e.observe(8, 5.0).error() == errc::stale);
  CHECK(e.observe(std::numeric_limits<ticks>::min(), 5.0).error() == errc::stale);
  CHECK(e == before);
  CHECK(image_of(e) == image_of(before));
  CHECK(e.refused() == 3);
}

TEST_CASE("the longest gap between two times is a gap and no overflow", "[stats][ewma]") {
  ewma<> e{1e18};
  REQUIRE(e.observe(std::numeric_limits<ticks>::min(), 1.0));
  REQUIRE(e.observe(std::numeric_limits<ticks>::max(), 2.0));
  CHECK(std::fabs(e.mean().value() - 2.0) < 1e-7);
  CHECK(e.mean().value() < 2.0);
}

TEST_CASE("after a long gap the new value is the mean to its last digit", "[stats][ewma]") {
  ewma<> e{10.0};
  REQUIRE(e.observe(0, 1e9));
  REQUIRE(e.observe(1000, 0.1));
  CHECK(e.mean().value() == 0.1);
  CHECK(e.variance().value() > 0);
}

TEST_CASE("a constant weight is the textbook recurrence", "[stats][ewma]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double alpha = random.uniform() * 0.98 + 0.01;
    auto e = ewma<>::with_alpha(alpha).value();
    const auto xs = random.values(200, 5);
    long double mean = static_cast<long double>(xs[0]);
    long double variance = 0;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      REQUIRE(e.observe(xs[i]));
      if (i > 0) {
        const auto a = static_cast<long double>(alpha);
        const long double d = static_cast<long double>(xs[i]) - mean;
        mean += a * d;
        variance = (1 - a) * (variance + a * d * d);
      }
      CHECK(std::fabs(e.mean().value() - static_cast<double>(mean)) < 1e-13);
      CHECK(std::fabs(e.variance().value() - static_cast<double>(variance)) < 1e-13);
    }
    auto block = ewma<>::with_alpha(alpha).value();
    CHECK(block.observe(xs) == xs.size());
    CHECK(std::fabs(block.mean().value() - e.mean().value()) < 1e-13);
    CHECK(std::fabs(block.variance().value() - e.variance().value()) < 1e-13);
    CHECK(e.last().error() == errc::mismatch);
  }
}

TEST_CASE("NaN, infinity and what cannot be squared are refused and change no byte", "[stats][ewma]") {
  ewma<> e{10.0};
  CHECK(e.observe(1, std::nan("")).error() == errc::not_finite);
  CHECK(e.empty());
  REQUIRE(e.observe(1, 1.0));
  const image before = image_of(e);
  CHECK(e.observe(2, INFINITY).error() == errc::not_finite);
  CHECK(e.observe(2, -1e200).error() == errc::out_of_range);
  CHECK(image_of(e) == before);
  REQUIRE(e.observe(2, 1.0));  // the refused calls did not move the time
  auto constant = ewma<>::with_alpha(0.5).value();
  const double xs[] = {1, std::nan(""), 2};
  CHECK(constant.observe(xs) == 2);
  CHECK(constant.refused() == 1);
  CHECK(constant.mean().value() == 1.5);
}

TEST_CASE("each form of observe belongs to its own kind of ewma", "[stats][ewma]") {
  ewma<> by_time{10.0};
  CHECK(by_time.observe(1.0).error() == errc::mismatch);
  auto constant = ewma<>::with_alpha(0.5).value();
  CHECK(constant.observe(ticks{1}, 1.0).error() == errc::mismatch);
  CHECK(by_time.empty());
  CHECK(constant.empty());
}

TEST_CASE("parameters outside their range make no ewma", "[stats][ewma]") {
  for (const double tau : {0.0, -1.0, std::nan(""), static_cast<double>(INFINITY)}) {
    CHECK(ewma<>::create(tau).error() == errc::invalid);
  }
  for (const double alpha : {0.0, -0.5, 1.5, std::nan("")}) {
    CHECK(ewma<>::with_alpha(alpha).error() == errc::invalid);
  }
  CHECK(ewma<>::create(1e-3));
  auto last_value = ewma<>::with_alpha(1.0).value();
  REQUIRE(last_value.observe(4.0));
  REQUIRE(last_value.observe(0.1));
  CHECK(last_value.mean().value() == 0.1);
  CHECK(last_value.variance().value() == 0);
}

TEST_CASE("clear forgets the values and keeps the parameter", "[stats][ewma]") {
  ewma<> e{10.0};
  REQUIRE(e.observe(5, 1.0));
  e.clear();
  CHECK(e == ewma<>{10.0});
  REQUIRE(e.observe(1, 2.0));
  CHECK(e.mean().value() == 2.0);
}

TEST_CASE("the image of an ewma goes on where it stopped, and hostile ones are refused or are themselves", "[stats][ewma]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    source random{seed};
    ewma<> e = seed % 2 == 0 ? ewma<>{100.0 * random.uniform() + 1} : ewma<>::with_alpha(0.25).value();
    const auto step = [&](ewma<>& to, ticks t, double x) { return seed % 2 == 0 ? to.observe(t, x) : to.observe(x); };
    stats_test::attack<ewma<>>(image_of(e), random, accepted);
    for (ticks t = 0; t < 20; ++t) {
      REQUIRE(step(e, t * 3, random.normal()));
    }
    auto read = skerry::decode_all<ewma<>>(image_of(e));
    REQUIRE(read);
    CHECK(read.value() == e);
    REQUIRE(step(read.value(), 100, 2.0));
    REQUIRE(step(e, 100, 2.0));
    CHECK(read.value() == e);
    stats_test::attack<ewma<>>(image_of(e), random, accepted);
    ewma<float> f{20.0F};
    REQUIRE(f.observe(1, 0.5F));
    REQUIRE(f.observe(9, 1.5F));
    stats_test::attack<ewma<float>>(image_of(f), random, accepted);
  }
  CHECK(accepted > 0);
  CHECK(image_of(ewma<>{2.0}).size() == ewma<>::encoded_size);
}

TEST_CASE("values in blocks leave what they leave one by one, also over steps and past what is refused", "[stats][ewma]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double alphas[] = {1, 0.5, 0.1, 0.05, 0.001, 1e-6};
    const double alpha = alphas[seed % 6];
    const double offset = seed % 4 == 0 ? 1e8 : 0;
    auto block = ewma<>::with_alpha(alpha).value();
    auto single = ewma<>::with_alpha(alpha).value();
    double level = offset;
    for (int part = 0; part < 6; ++part) {
      std::vector<double> xs = random.values(random.below(400));
      level += random.below(3) == 0 ? 1e6 * random.normal() : 0;
      for (double& x : xs) {
        x += level;
      }
      if (!xs.empty() && random.below(2) == 0) {
        xs[random.below(xs.size())] = random.below(2) == 0 ? std::nan("") : INFINITY;
      }
      std::size_t taken = 0;
      for (const double x : xs) {
        taken += single.observe(x) ? 1U : 0U;
      }
      REQUIRE(block.observe(xs) == taken);
      REQUIRE(block.refused() == single.refused());
      REQUIRE(block.empty() == single.empty());
      if (!block.empty()) {
        const double scale = 1 + std::fabs(single.mean().value());
        CHECK(std::fabs(block.mean().value() - single.mean().value()) < 1e-13 * scale);
        // The mean's own digits are all that either has of a distance.
        CHECK(std::fabs(block.variance().value() - single.variance().value()) <
              1e-10 * single.variance().value() + 1e-12 * scale * (1 + single.stddev().value()));
      }
    }
  }
}

TEST_CASE("a block of equal values has no variance, and one of float is that of float", "[stats][ewma]") {
  auto e = ewma<>::with_alpha(0.05).value();
  const std::vector<double> same(1000, 1e8 + 0.1);
  CHECK(e.observe(same) == 1000);
  CHECK(e.mean().value() == 1e8 + 0.1);
  CHECK(e.variance().value() == 0);
  auto small = ewma<float>::with_alpha(0.05F).value();
  const std::vector<float> ramp{std::vector<float>(300, 2.5F)};
  CHECK(small.observe(ramp) == 300);
  CHECK(small.mean().value() == 2.5F);
}
