// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/scaler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "core/counting_new.hpp"

using namespace skerry;
using namespace skerry::anomaly;

static_assert(std::is_trivially_copyable_v<scaler<3>> && std::is_trivially_copyable_v<robust_scaler<3, 9>>);
static_assert(sizeof(scaler<5>) == 5 * sizeof(standard_scale) && sizeof(robust_scaler<5, 9>) == 5 * sizeof(robust_z<9>));
static_assert(noexcept(std::declval<scaler<1>&>().observe(std::declval<std::span<const float, 1>>())));

namespace {

// The smallest type that models the role, and types that nearly do.
struct least_scale {
  status observe(float) noexcept { return {}; }
  [[nodiscard]] result<double> centre() const noexcept { return 0.0; }
  [[nodiscard]] result<double> spread() const noexcept { return 1.0; }
};
struct may_throw : least_scale {
  status observe(float) { return {}; }
};
struct narrow_centre : least_scale {
  [[nodiscard]] result<float> centre() const noexcept { return 0.0F; }
};
struct silent : least_scale {
  void observe(float) noexcept {}
};
static_assert(column_scale<least_scale> && column_scale<standard_scale> && column_scale<robust_z<3>>);
static_assert(!column_scale<may_throw> && !column_scale<narrow_centre> && !column_scale<silent> && !column_scale<float>);

using row = std::array<float, 3>;

template <typename Scaler>
Scaler taught(unsigned seed, int rows) {
  std::mt19937 g{seed};
  std::normal_distribution<float> normal;
  Scaler s;
  for (int i = 0; i < rows; ++i) {
    const float a = 300 + 0.5F * normal(g);
    const float b = 1e6F * normal(g);
    REQUIRE(s.observe(row{a, b, 1e-6F * normal(g)}));
  }
  return s;
}

/// Mean squares of columns that were scaled by what others of their kind have shown: 1, but for the error of the spread.
///
/// off   five standard deviations of a spread's relative error; those of a mean of 2000 squares are 5 sqrt(2 / 2000) = 0.158
template <typename Scaler>
double brings_columns_to_one_unit(unsigned seed, double off) {
  CAPTURE(seed);
  const auto s = taught<Scaler>(seed, 500);
  std::mt19937 g{seed + 1000};
  std::normal_distribution<float> normal;
  std::array<double, 3> squares{};
  for (int i = 0; i < 2000; ++i) {
    const float a = 300 + 0.5F * normal(g);
    const float b = 1e6F * normal(g);
    row out{};
    REQUIRE(s.scale(row{a, b, 1e-6F * normal(g)}, out));
    for (std::size_t j = 0; j < 3; ++j) {
      squares[j] += static_cast<double>(out[j]) * static_cast<double>(out[j]);
    }
  }
  double mean = 0;
  for (const double q : squares) {
    CAPTURE(q / 2000);
    REQUIRE(q / 2000 > (1 - 0.158) / ((1 + off) * (1 + off)));
    REQUIRE(q / 2000 < (1 + 0.158) / ((1 - off) * (1 - off)));
    mean += q / 2000 / 3;
  }
  return mean;
}

}  // namespace

TEST_CASE("columns of any unit come out around zero with a spread of one") {
  // Of n normal values a standard deviation has a relative error of 1 / sqrt(2 n), one from the MAD of 1 / sqrt(0.735 n).
  const double off_standard = 5 / std::sqrt(2.0 * 500);
  const double off_robust = 5 / std::sqrt(0.735 * 401);
  constexpr unsigned seeds = 8;
  double standard = 0;
  double robust = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    standard += brings_columns_to_one_unit<scaler<3>>(seed, off_standard) / seeds;
    robust += brings_columns_to_one_unit<robust_scaler<3, 401>>(seed, off_robust) / seeds;
  }
  // Of 24 columns the error of the mean is a fifth of that of one, and a spread that is off by e moves a square by 2 e.
  CHECK(std::abs(standard - 1) < 2 * off_standard / 4.89 + 0.033);
  CHECK(std::abs(robust - 1) < 2 * off_robust / 4.89 + 0.033);
}

TEST_CASE("the standard scale is mean and deviation of all rows, in double") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 g{seed};
    std::uniform_real_distribution<float> any{-5, 20};
    scaler<1> s;
    std::vector<double> all;
    for (int i = 0; i < 50; ++i) {
      const std::array<float, 1> x{any(g)};
      REQUIRE(s.observe(x));
      all.push_back(static_cast<double>(x[0]));
    }
    double mean = 0;
    for (const double x : all) {
      mean += x / 50;
    }
    double squares = 0;
    for (const double x : all) {
      squares += (x - mean) * (x - mean);
    }
    std::array<float, 1> out{};
    REQUIRE(s.scale(std::array<float, 1>{7}, out));
    REQUIRE(std::abs(static_cast<double>(out[0]) - (7 - mean) / std::sqrt(squares / 49)) < 1e-6);
  }
}

TEST_CASE("scaling changes nothing, so a scaler that no longer observes is frozen") {
  auto s = taught<scaler<3>>(3, 20);
  row first{};
  row again{};
  REQUIRE(s.scale(row{301, 5, 0}, first));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(s.scale(row{1e9F, -1e9F, 1}, again));
  }
  REQUIRE(s.scale(row{301, 5, 0}, again));
  REQUIRE(first == again);
  REQUIRE(s.observe(row{1e9F, 0, 0}));
  REQUIRE(s.scale(row{301, 5, 0}, again));
  REQUIRE(first != again);
}

TEST_CASE("a burst of faults moves the standard scale and leaves the robust one") {
  auto standard = taught<scaler<3>>(4, 101);
  auto robust = taught<robust_scaler<3, 101>>(4, 101);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(standard.observe(row{400, 0, 0}));
    REQUIRE(robust.observe(row{400, 0, 0}));
  }
  row a{};
  row b{};
  REQUIRE(standard.scale(row{400, 0, 0}, a));
  REQUIRE(robust.scale(row{400, 0, 0}, b));
  REQUIRE(a[0] < 4);
  REQUIRE(b[0] > 50);
}

TEST_CASE("a column that never changed has no scale, until it does") {
  scaler<2> s;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(s.observe(std::array<float, 2>{0.1F, static_cast<float>(i)}));
  }
  std::array<float, 2> out{7, 7};
  REQUIRE(s.scale(std::array<float, 2>{0.1F, 4.5F}, out).error() == errc::degenerate);
  REQUIRE(out == std::array<float, 2>{7, 7});
  REQUIRE(s.observe(std::array<float, 2>{0.2F, 4.5F}));
  REQUIRE(s.scale(std::array<float, 2>{0.2F, 4.5F}, out));
  REQUIRE(out[1] == 0);
}

TEST_CASE("a row with one value that is no number is refused whole") {
  auto s = taught<scaler<3>>(5, 30);
  auto untouched = s;
  row out{7, 7, 7};
  for (std::size_t j = 0; j < 3; ++j) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF}) {
      row r{1, 1, 1};
      r[j] = bad;
      REQUIRE(s.observe(r).error() == errc::not_finite);
      REQUIRE(s.scale(r, out).error() == errc::not_finite);
    }
  }
  REQUIRE(out == row{7, 7, 7});
  row a{};
  row b{};
  REQUIRE(s.scale(row{1, 2, 3}, a));
  REQUIRE(untouched.scale(row{1, 2, 3}, b));
  REQUIRE(a == b);
}

TEST_CASE("before enough rows came nothing is scaled, and after clear again") {
  scaler<3> s;
  robust_scaler<3, 5> r;
  row out{7, 7, 7};
  for (int i = 0; i < 5; ++i) {
    REQUIRE(s.scale(out, out).error() == (i < 2 ? errc::insufficient : errc::ok));
    REQUIRE(r.scale(out, out).error() == errc::insufficient);
    const auto x = static_cast<float>(i);
    REQUIRE(s.observe(row{x, -x, 2 * x}));
    REQUIRE(r.observe(row{x, -x, 2 * x}));
  }
  REQUIRE((s.ready() && r.ready()));
  s.clear();
  r.clear();
  REQUIRE_FALSE((s.ready() || r.ready()));
}

TEST_CASE("a row is scaled in place, to the ends of the numbers, without an allocation") {
  constexpr float most = std::numeric_limits<float>::max();
  const std::size_t before = skerry_test::allocations();
  scaler<2> s;
  bool good = true;
  for (const float x : {0.0F, 1e-20F, 2e-20F}) {
    good = good && s.observe(std::array<float, 2>{x, x == 0 ? -most : most});
  }
  std::array<float, 2> r{most, -most};
  good = good && s.scale(r, r);
  REQUIRE(skerry_test::allocations() == before);
  REQUIRE(good);
  REQUIRE(r[0] == most);
  REQUIRE((r[1] < 0 && r[1] > -2));
}
