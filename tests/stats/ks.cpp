// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/drift.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/kll.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

using skerry::errc;
using skerry::stats::kll;
using skerry::stats::ks;
using skerry::stats::ks_limit;
using skerry::stats::ks_p_value;
using skerry::stats::psi;
using stats_test::source;

namespace {

double share_through(const std::vector<double>& sorted, double x) {
  return static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) / static_cast<double>(sorted.size());
}

/// The distance as it is defined, at every value of either side.
double by_definition(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (const auto* side : {&a, &b}) {
    for (const double x : *side) {
      most = std::max(most, std::fabs(share_through(a, x) - share_through(b, x)));
    }
  }
  return most;
}

std::vector<double> sorted(std::vector<double> xs) {
  std::sort(xs.begin(), xs.end());
  return xs;
}

skerry::result<skerry::stats::ks_result> of(const std::vector<double>& a, const std::vector<double>& b) {
  return ks(std::span<const double>{a}, std::span<const double>{b});
}

}  // namespace

TEST_CASE("the distance of two samples is that of their cumulative shares, ties and all", "[stats][drift]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto a = random.values(1 + random.below(60));
    auto b = random.values(1 + random.below(60), random.uniform());
    if (seed % 2 == 0) {
      for (auto* side : {&a, &b}) {
        for (double& x : *side) {
          x = std::round(2 * x);
        }
      }
    }
    a = sorted(a);
    b = sorted(b);
    const auto got = of(a, b);
    REQUIRE(got);
    CHECK(std::fabs(got.value().distance - by_definition(a, b)) < 1e-15);
    CHECK(got.value().distance == of(b, a).value().distance);
    CHECK(of(a, a).value().distance == 0);
    CHECK(of(a, a).value().p_value() == 1);
  }
}

TEST_CASE("Kolmogorov's function has its published values on both sides of where the series change", "[stats][drift]") {
  // Smirnov's table (1948), and the usual critical values.
  const double table[][2] = {{0.4, 0.997192}, {0.5, 0.963945}, {0.6, 0.864283}, {0.8, 0.544142}, {1.0, 0.270000},
                             {1.2, 0.112250}, {1.3, 0.068092}, {1.5, 0.022218}, {2.0, 0.000671}, {2.5, 0.0000075}};
  for (const auto& row : table) {
    CAPTURE(row[0]);
    CHECK(std::fabs(ks_p_value(row[0], 1) - row[1]) < 1e-6);
  }
  CHECK(std::fabs(ks_limit(0.05, 1) - 1.3581) < 1e-4);
  CHECK(std::fabs(ks_limit(0.01, 4) - 1.6276 / 2) < 1e-4);
  double last = 1;
  for (double x = 0; x < 4; x += 0.001) {
    const double p = ks_p_value(x, 1);
    REQUIRE(p >= 0);
    REQUIRE(p <= last);
    last = p;
  }
}

TEST_CASE("of two samples of one distribution no more than alpha are said to differ", "[stats][drift]") {
  int differ = 0;
  int below = 0;
  constexpr int trials = 2000;
  for (std::uint64_t seed = 1; seed <= trials; ++seed) {
    source random{seed};
    const auto got = of(sorted(random.values(80)), sorted(random.values(120)));
    differ += got.value().differ(0.05) ? 1 : 0;
    below += got.value().p_value() < 0.05 ? 1 : 0;
    REQUIRE(got.value().differ(0.05) == (got.value().p_value() < 0.05));  // the first term is all there is
  }
  CAPTURE(differ, below);
  CHECK(differ < 0.06 * trials);
  CHECK(differ > 0.02 * trials);  // and the test is not deaf
}

TEST_CASE("sketches of two streams know their distance within the slack that they name", "[stats][drift]") {
  int missed = 0;
  int differ_same = 0;
  int differ_moved = 0;
  constexpr int trials = 60;
  for (std::uint64_t seed = 1; seed <= trials; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double shift = seed % 2 == 0 ? 0 : 0.3;
    const auto a = random.values(3000);
    const auto b = random.values(2000, shift);
    kll<double, 64> sketch_a{2 * seed};
    kll<double, 64> sketch_b{2 * seed + 1};
    REQUIRE(sketch_a.observe(a) == a.size());
    REQUIRE(sketch_b.observe(b) == b.size());
    const auto got = ks(sketch_a, sketch_b);
    REQUIRE(got);
    const double truth = of(sorted(a), sorted(b)).value().distance;
    CHECK(got.value().slack == 2 * sketch_a.cdf_error());
    missed += std::fabs(got.value().distance - truth) > got.value().slack ? 1 : 0;
    (shift > 0 ? differ_moved : differ_same) += got.value().differ(0.01) ? 1 : 0;
  }
  CHECK(missed <= 2);
  CHECK(differ_same == 0);
  CHECK(differ_moved <= trials / 2);
  // Of more values and a greater shift it is sure, slack or not.
  source random{99};
  kll<double, 64> quiet{1};
  kll<double, 64> moved{2};
  REQUIRE(quiet.observe(random.values(5000)) == 5000);
  REQUIRE(moved.observe(random.values(5000, 1)) == 5000);
  CHECK(ks(quiet, moved).value().p_value() < 1e-9);
  CHECK(ks(quiet, quiet).value().p_value() == 1);
}

TEST_CASE("while a sketch holds every value, its distance is that of the sample", "[stats][drift]") {
  source random{4};
  const auto a = random.values(50);
  const auto b = random.values(40, 0.5);
  kll<double> sketch_a{1};
  kll<double> sketch_b{2};
  REQUIRE(sketch_a.observe(a) == 50);
  REQUIRE(sketch_b.observe(b) == 40);
  const auto got = ks(sketch_a, sketch_b).value();
  CHECK(got.slack == 0);
  CHECK(std::fabs(got.distance - by_definition(sorted(a), sorted(b))) < 1e-15);
  CHECK(got.n_a == 50);
  CHECK(got.n_b == 40);
}

TEST_CASE("log-bucket histograms know the distance at their common edges exactly, whatever their scales", "[stats][drift]") {
  using histogram = skerry::stats::exp_histogram<160>;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    source random{seed};
    histogram a{static_cast<int>(random.below(6))};
    histogram b{static_cast<int>(random.below(6))};
    auto xs = random.values(1 + random.below(400), seed % 3 == 0 ? 0 : 1, 2);
    auto ys = random.values(1 + random.below(400), random.uniform(), 1);
    if (seed % 4 == 0) {
      xs[0] = ys[0] = 0;
    }
    REQUIRE(a.observe(xs) == xs.size());
    REQUIRE(b.observe(ys) == ys.size());
    const int scale = std::min(a.scale(), b.scale());
    // Every value as the upper end of its bucket at the lower scale, by one histogram of that scale for each value.
    const auto rounded = [&](std::vector<double> values) {
      for (double& x : values) {
        histogram one{scale};
        REQUIRE(one.observe(x));
        one.for_each([&](double, double upper, std::uint64_t) { x = upper; });
      }
      return sorted(values);
    };
    const auto got = ks(a, b);
    REQUIRE(got);
    CHECK(got.value().slack == 0);
    CHECK(std::fabs(got.value().distance - by_definition(rounded(xs), rounded(ys))) < 1e-12);
    CHECK(std::fabs(ks(b, a).value().distance - got.value().distance) < 1e-12);
    CHECK(got.value().distance <= by_definition(sorted(xs), sorted(ys)) + 1e-12);
    CHECK(ks(a, a).value().distance == 0);
  }
  CHECK(ks(histogram{}, histogram{}).error() == errc::empty);
  histogram wide{20, 0.5};
  histogram narrow{20, 0.25};
  REQUIRE(wide.observe(1.0));
  REQUIRE(narrow.observe(1.0));
  CHECK(ks(wide, narrow).error() == errc::mismatch);
}

TEST_CASE("samples that are empty, fall or hold NaN have no distance", "[stats][drift]") {
  const std::vector<double> good{1, 2, 2, 3};
  CHECK(of({}, good).error() == errc::empty);
  CHECK(of(good, {}).error() == errc::empty);
  CHECK(of({2, 1}, good).error() == errc::invalid);
  CHECK(of(good, {1, std::nan("")}).error() == errc::invalid);
  CHECK(of({std::nan("")}, good).error() == errc::invalid);
  CHECK(ks(kll<float>{1}, kll<float>{2}).error() == errc::empty);
}

TEST_CASE("the stability index counts bins as its definition does, and an empty bin is no infinity", "[stats][drift]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const std::size_t bins = 2 + random.below(12);
    std::vector<std::uint32_t> p(bins);
    std::vector<std::uint32_t> q(bins);
    p[0] = q[0] = 1;
    for (std::size_t i = 0; i < bins; ++i) {
      p[i] += static_cast<std::uint32_t>(random.below(4) == 0 ? 0 : random.below(100));
      q[i] += static_cast<std::uint32_t>(random.below(4) == 0 ? 0 : random.below(100));
    }
    long double of_p = 0;
    long double of_q = 0;
    for (std::size_t i = 0; i < bins; ++i) {
      of_p += static_cast<long double>(p[i]) + 0.5L;
      of_q += static_cast<long double>(q[i]) + 0.5L;
    }
    long double sum = 0;
    for (std::size_t i = 0; i < bins; ++i) {
      const long double a = (static_cast<long double>(p[i]) + 0.5L) / of_p;
      const long double b = (static_cast<long double>(q[i]) + 0.5L) / of_q;
      sum += (b - a) * std::log(b / a);
    }
    const auto got = psi(std::span<const std::uint32_t>{p}, std::span<const std::uint32_t>{q});
    REQUIRE(got);
    CHECK(std::fabs(got.value() - static_cast<double>(sum)) <= 1e-12 * (1 + static_cast<double>(sum)));
    CHECK(got.value() >= 0);
    CHECK(psi(std::span<const std::uint32_t>{p}, std::span<const std::uint32_t>{p}).value() == 0);
  }
  const std::vector<std::uint64_t> none(4);
  const std::vector<std::uint64_t> some{1, 2, 3, 4};
  const auto span = [](const auto& v) { return std::span<const std::uint64_t>{v}; };
  CHECK(psi(span(none), span(some)).error() == errc::empty);
  CHECK(psi(span(some), span(none)).error() == errc::empty);
  CHECK(psi(span(some).first(3), span(some)).error() == errc::width);
  CHECK(psi(span(some).first(1), span(some).first(1)).error() == errc::width);
}

TEST_CASE("the stability index of sketches is small for one distribution and large for two", "[stats][drift]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    kll<double> before{seed};
    kll<double> same{seed + 100};
    kll<double> moved{seed + 200};
    REQUIRE(before.observe(random.values(4000)) == 4000);
    REQUIRE(same.observe(random.values(4000)) == 4000);
    REQUIRE(moved.observe(random.values(4000, 1)) == 4000);
    CHECK(psi(before, same).value() < 0.05);
    CHECK(psi(before, moved).value() > 0.5);  // the normal one: 1 for a shift by one sd, less what the bins hide
    CHECK(psi(before, moved).value() < 1.2);
  }
  kll<double> constant{1};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(constant.observe(5.0));
  }
  CHECK(psi(constant, constant).value() == 0);
  CHECK(psi(constant, kll<double>{1}).error() == errc::empty);
}
