// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/moments.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>

namespace {

using skerry::errc;
using skerry::stats::moments;
using skerry::stats::weighted_moments;
using stats_test::image_of;
using stats_test::source;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

bool close(double a, double b, double tolerance) { return std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b)); }

template <typename A, typename B>
void check_near(const A& a, const B& b, double tolerance) {
  REQUIRE(a.count() == b.count());
  CHECK(close(a.mean().value(), b.mean().value(), 1e-14));
  CHECK(close(a.variance_population().value(), b.variance_population().value(), tolerance));
  CHECK(close(a.skewness().value(), b.skewness().value(), 10 * tolerance));
  CHECK(close(a.kurtosis_excess().value(), b.kurtosis_excess().value(), 10 * tolerance));
}

weighted_moments<> some(source& random, std::size_t n, double offset = 0) {
  weighted_moments<> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = offset + random.normal();
    REQUIRE(out.observe(x, 0.01 + random.uniform()));
  }
  return out;
}

static_assert(skerry::commutative_monoid<weighted_moments<>> && !skerry::join_semilattice<weighted_moments<>>);
static_assert(std::is_trivially_copyable_v<weighted_moments<>>);
static_assert(sizeof(weighted_moments<double, 4>) == 40 + 8 * 4);
static_assert(noexcept(std::declval<weighted_moments<>&>().observe(1.0, 1.0)));
template <typename S>
concept has_plain_variance = requires(const S& s) {
  s.variance();
};
static_assert(has_plain_variance<moments<>> && !has_plain_variance<weighted_moments<>>);

}  // namespace

TEST_CASE("a value of weight three counts as three values of weight one", "[stats][weighted]") {
  source random{1};
  weighted_moments<> by_weight;
  weighted_moments<> repeated;
  moments<> plain;
  for (int i = 0; i < 200; ++i) {
    const double x = random.normal();
    const auto times = 1 + random.below(5);
    REQUIRE(by_weight.observe(x, static_cast<double>(times)));
    for (std::size_t k = 0; k < times; ++k) {
      REQUIRE(repeated.observe(x, 1.0));
      REQUIRE(plain.observe(x));
    }
  }
  CHECK(by_weight.count() == 200);
  CHECK(by_weight.sum_weights() == static_cast<double>(plain.count()));
  check_near(repeated, plain, 1e-13);
  CHECK(close(by_weight.variance_frequency().value(), plain.variance().value(), 1e-13));
  CHECK(close(by_weight.skewness().value(), plain.skewness().value(), 1e-12));
  CHECK(close(by_weight.kurtosis_excess().value(), plain.kurtosis_excess().value(), 1e-12));
}

TEST_CASE("the scale of the weights does not change mean, reliability variance and shape", "[stats][weighted]") {
  source random{2};
  weighted_moments<> a;
  weighted_moments<> b;
  for (int i = 0; i < 100; ++i) {
    const double x = random.normal();
    const double w = 0.1 + random.uniform();
    REQUIRE(a.observe(x, w));
    REQUIRE(b.observe(x, 1024 * w));
  }
  CHECK(a.mean() == b.mean());
  CHECK(a.variance_reliability() == b.variance_reliability());
  CHECK(a.skewness() == b.skewness());
  CHECK_FALSE(a.variance_frequency() == b.variance_frequency());
}

TEST_CASE("queries on too little answer why", "[stats][weighted]") {
  weighted_moments<> m;
  CHECK(m.mean().error() == errc::empty);
  CHECK(m.variance_population().error() == errc::empty);
  CHECK(m.variance_frequency().error() == errc::empty);
  CHECK(m.variance_reliability().error() == errc::empty);
  CHECK(m.skewness().error() == errc::empty);
  REQUIRE(m.observe(5.0, 0.3));
  CHECK(m.mean().value() == 5);
  CHECK(m.variance_population().value() == 0);
  CHECK(m.variance_frequency().error() == errc::insufficient);
  CHECK(m.variance_reliability().error() == errc::insufficient);
  CHECK(m.kurtosis_excess().error() == errc::degenerate);
  REQUIRE(m.observe(7.0, 0.3));
  CHECK(m.variance_frequency().error() == errc::insufficient);  // 0.6 of an observation
  CHECK(close(m.variance_reliability().value(), 2.0, 1e-15));
}

TEST_CASE("a refused value or weight changes no stored number", "[stats][weighted]") {
  source random{3};
  auto m = some(random, 10);
  const auto before = image_of(m);
  std::uint64_t refused = 0;
  const auto refuses = [&](double x, double w, errc why) {
    CHECK(m.observe(x, w) == why);
    CHECK(m.refused() == ++refused);
    CHECK(image_of(m) == before);
  };
  refuses(none, 1, errc::not_finite);
  refuses(infinite, 1, errc::not_finite);
  refuses(1, none, errc::not_finite);
  refuses(1, infinite, errc::not_finite);
  refuses(1, 0, errc::invalid);
  refuses(1, -1, errc::invalid);
  refuses(1e200, 1, errc::out_of_range);
  refuses(1, 1e200, errc::out_of_range);
  weighted_moments<> far;
  REQUIRE(far.observe(1e100, 1.0));
  m.merge(far);
  CHECK(m.refused() == ++refused);
  CHECK(image_of(m) == before);
}

TEST_CASE("any tree of merges of weighted parts equals one stream within rounding", "[stats][weighted]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offset = seed % 2 == 0 ? 1e6 : 0;
    weighted_moments<> whole;
    std::vector<weighted_moments<>> parts(64);
    for (int i = 0; i < 2000; ++i) {
      const double x = offset + random.normal();
      const double w = random.uniform() < 0.05 ? 1e3 : 0.01 + random.uniform();
      REQUIRE(whole.observe(x, w));
      REQUIRE(parts[random.below(64)].observe(x, w));
    }
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size());
      const auto taken = parts[i];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
      parts[random.below(parts.size())].merge(taken);
    }
    CHECK(close(parts[0].sum_weights(), whole.sum_weights(), 1e-13));
    check_near(parts[0], whole, offset == 0 ? 1e-12 : 1e-8);
  }
}

TEST_CASE("merging with empty weighted moments changes no bit, on either side", "[stats][weighted]") {
  source random{5};
  const auto a = some(random, 33);
  auto left = a;
  left.merge(weighted_moments<>{});
  CHECK(image_of(left) == image_of(a));
  weighted_moments<> right;
  right.merge(a);
  CHECK(image_of(right) == image_of(a));
  auto twice = a;
  twice.merge(twice);
  CHECK(twice.count() == 66);
  CHECK(close(twice.variance_population().value(), a.variance_population().value(), 1e-14));
}

TEST_CASE("the frame of weighted moments is frozen and read back", "[stats][weighted]") {
  weighted_moments<double, 1> m;
  REQUIRE(m.observe(1.0, 2.0));
  const auto bytes = image_of(m);
  const std::array<unsigned, 35> expected{2,    1, 1, 1, 0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0,    0,   0,
                                          0x40, 0, 0, 0, 0, 0, 0, 0x10, 0x40, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
  REQUIRE(bytes.size() == expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
  }
  source random{6};
  const auto full = some(random, 20);
  const auto back = skerry::decode_all<weighted_moments<>>(image_of(full));
  REQUIRE(back);
  CHECK(back.value() == full);
  CHECK(image_of(full).size() == weighted_moments<>::encoded_size);
  CHECK(skerry::decode_all<weighted_moments<double, 2>>(image_of(full)).error() == errc::mismatch);
  CHECK(skerry::decode_all<weighted_moments<float>>(image_of(full)).error() == errc::mismatch);
}

TEST_CASE("hostile bytes give a refusal or weighted moments that encode to the same bytes", "[stats][weighted]") {
  source random{7};
  int accepted = 0;
  stats_test::attack<weighted_moments<>>(image_of(some(random, 9)), random, accepted);
  weighted_moments<float, 3> small;
  REQUIRE(small.observe(1.5F, 2.0F));
  REQUIRE(small.observe(2.5F, 1.0F));
  stats_test::attack<weighted_moments<float, 3>>(image_of(small), random, accepted);
  stats_test::attack<weighted_moments<>>(image_of(weighted_moments<>{}), random, accepted);
  CHECK(accepted > 0);
}
