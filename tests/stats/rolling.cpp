// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/windowed.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::extrema;
using skerry::stats::moments;
using skerry::stats::rolling;
using stats_test::image_of;
using stats_test::source;

namespace {

static_assert(sizeof(rolling<moments<double, 2>, 64>) == 64 * 8 + 2 * 16 + 8 + 16);
static_assert(sizeof(rolling<extrema<double>, 64>) == 64 * 10 + 32);
static_assert(std::is_trivially_copyable_v<rolling<moments<>, 64>> && std::is_trivially_copyable_v<rolling<extrema<>, 64>>);
static_assert(!skerry::mergeable<rolling<moments<>, 64>>);

std::span<const double> last(const std::vector<double>& xs, std::size_t n) { return std::span{xs}.last(std::min(n, xs.size())); }

/// Mean and sum of squares of some values by two passes in long double.
struct two_passes {
  explicit two_passes(std::span<const double> xs) {
    for (const double x : xs) {
      mean += static_cast<long double>(x) / static_cast<long double>(xs.size());
      largest = std::max(largest, std::fabs(static_cast<long double>(x)));
    }
    for (const double x : xs) {
      squares += (x - mean) * (x - mean);
    }
  }
  long double mean = 0;
  long double largest = 0;
  long double squares = 0;
};

template <typename Window>
void check_window(const Window& window, std::span<const double> xs, const two_passes& wanted, long double off_mean,
                  long double off_squares) {
  const auto summary = window.summary();
  REQUIRE(summary.count() == xs.size());
  CHECK(std::fabs(static_cast<long double>(summary.mean().value()) - wanted.mean) <= off_mean);
  const long double got = static_cast<long double>(summary.variance_population().value()) * static_cast<long double>(xs.size());
  CHECK(std::fabs(got - wanted.squares) <= off_squares);
}
/// A window whose pivot is one of its own values or their mean.
template <typename Window>
void check_settled_window(const Window& window, std::span<const double> xs) {
  const two_passes wanted{xs};
  check_window(window, xs, wanted, 1e-15L * wanted.largest, 1e-9L * wanted.squares);
}

/// The pivot is the mean of a window that ended 16 N + 2 values ago at most. With u for half a unit in the last place, L for the largest
/// of the 17 N + 2 values that it may come from and R for the greatest distance among them from the window's mean, a value is at most
/// 2 L, and at most 2 R, away from the pivot, and that distance is off by u times itself:
///   mean      2 u L of the distances, 2 u L of their mean, u L of that and the pivot, and one more for what is of second order: 6 u L
///   squares   a term off by 3 u of itself, the square of the sum by 2 u, the difference of both by 4 u of n (2 R)^2: 40 u n R^2
template <std::size_t N>
void follows_a_random_history(std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(N, seed);
    source random{seed};
    rolling<moments<>, N> window;
    rolling<extrema<>, N> ends;
    rolling<extrema<>, 17 * N + 2> of_pivot;
    std::vector<double> all;
    double level = 0;
    for (std::size_t i = 0; i < 40 * N + 100; ++i) {
      if (random.below(5 * N) == 0) {
        level = 100 * random.normal();
      }
      const double x = level + random.normal();
      all.push_back(x);
      REQUIRE(window.observe(x));
      REQUIRE(ends.observe(x));
      REQUIRE(of_pivot.observe(x));
      if (random.below(3) == 0) {
        const auto expected = last(all, N);
        const two_passes wanted{expected};
        const long double least = of_pivot.summary().min().value();
        const long double greatest = of_pivot.summary().max().value();
        const long double largest = std::max(std::fabs(least), std::fabs(greatest));
        const long double apart = std::max(greatest - wanted.mean, wanted.mean - least);
        constexpr long double u = 0x1p-53L;
        check_window(window, expected, wanted, 6 * u * largest, 40 * u * static_cast<long double>(expected.size()) * apart * apart);
        CHECK(ends.summary().min().value() == *std::min_element(expected.begin(), expected.end()));
        CHECK(ends.summary().max().value() == *std::max_element(expected.begin(), expected.end()));
      }
    }
    CHECK(window.full());
    CHECK(ends.size() == N);
  }
}

}  // namespace

TEST_CASE("a rolling window is always exactly its last values", "[stats][rolling]") {
  follows_a_random_history<2>(500);
  follows_a_random_history<7>(100);
  follows_a_random_history<64>(10);
  follows_a_random_history<300>(10);
}

TEST_CASE("an empty window has an empty summary", "[stats][rolling]") {
  const rolling<moments<>, 4> m;
  const rolling<extrema<>, 4> e;
  CHECK(m.summary().mean().error() == errc::empty);
  CHECK(e.summary().min().error() == errc::empty);
  CHECK(m.size() == 0);
}

TEST_CASE("an outlier leaves no trace once it has left the window", "[stats][rolling]") {
  // Without sums whose terms come back bit by bit, 1e12 in and out leaves an error of 1e8 in the sum of squares.
  source random{4};
  rolling<moments<>, 32> window;
  std::vector<double> all;
  for (int i = 0; i < 200; ++i) {
    const double x = i == 100 ? 1e12 : random.normal();
    all.push_back(x);
    REQUIRE(window.observe(x));
  }
  check_settled_window(window, last(all, 32));
}

TEST_CASE("a window follows a step of 1e8 without losing the digits of the noise", "[stats][rolling]") {
  source random{6};
  rolling<moments<>, 50> window;
  std::vector<double> all;
  for (int i = 0; i < 1000; ++i) {
    const double x = (i < 303 ? 0 : 1e8) + random.normal();
    all.push_back(x);
    REQUIRE(window.observe(x));
    if (i >= 353 + 50) {
      check_settled_window(window, last(all, 50));
    }
  }
}

TEST_CASE("a constant signal has no variance, in whatever window", "[stats][rolling]") {
  rolling<moments<>, 16> window;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(window.observe(i < 500 ? 0.1 : 1e6 + 0.1));
  }
  CHECK(window.summary().mean().value() == 1e6 + 0.1);
  CHECK(window.summary().variance().value() == 0);
  CHECK(window.summary().skewness().error() == errc::degenerate);
}

TEST_CASE("third and fourth moments roll too", "[stats][rolling]") {
  source random{7};
  rolling<moments<>, 100> window;
  std::vector<double> all;
  for (int i = 0; i < 5000; ++i) {
    const double x = 50 + std::exp(random.normal());
    all.push_back(x);
    REQUIRE(window.observe(x));
  }
  moments<> expected;
  REQUIRE(expected.observe(last(all, 100)) == 100);
  CHECK(std::fabs(window.summary().skewness().value() - expected.skewness().value()) < 1e-9);
  CHECK(std::fabs(window.summary().kurtosis_excess().value() - expected.kurtosis_excess().value()) < 1e-9);
}

TEST_CASE("what a window refuses does not move it", "[stats][rolling]") {
  rolling<moments<>, 3> m;
  rolling<extrema<>, 3> e;
  const double xs[] = {1, 2, std::nan(""), 3, INFINITY};
  CHECK(m.observe(xs) == 3);
  CHECK(e.observe(xs) == 4);
  CHECK(m.refused() == 2);
  CHECK(e.refused() == 1);
  const auto before = image_of(m.summary());
  CHECK(m.observe(1e200).error() == errc::out_of_range);
  CHECK(m.observe(std::nan("")).error() == errc::not_finite);
  CHECK(image_of(m.summary()) == before);
  CHECK(m.summary().mean().value() == 2);
  CHECK(e.summary().max().value() == INFINITY);
  CHECK(e.summary().min().value() == 2);
  m.clear();
  CHECK(m.size() == 0);
}

TEST_CASE("no sequence of great values makes a window answer NaN", "[stats][rolling]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    source random{seed};
    rolling<moments<double, 4>, 8> window;
    std::uint64_t held = 0;
    for (int i = 0; i < 400; ++i) {
      const double x = random.normal() * std::pow(10.0, static_cast<double>(random.below(80)));
      held += window.observe(x) ? 1 : 0;
      const auto s = window.summary();
      REQUIRE(s.count() == std::min<std::uint64_t>(held, 8));
      if (s.count() > 0) {
        CHECK(std::isfinite(s.mean().value()));
        CHECK(std::isfinite(s.variance_population().value()));
        CHECK(s.variance_population().value() >= 0);
      }
    }
  }
}

TEST_CASE("summaries of windows merge and join upward", "[stats][rolling]") {
  source random{9};
  rolling<moments<>, 10> a;
  rolling<moments<>, 10> b;
  REQUIRE(a.observe(random.values(37)) == 37);
  REQUIRE(b.observe(random.values(22)) == 22);
  auto both = a.summary();
  both.merge(b.summary());
  CHECK(both.count() == 20);
}
