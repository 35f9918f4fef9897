// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/covariance.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>

namespace {

using skerry::errc;
using skerry::stats::cholesky;
using skerry::stats::covariance;
using skerry::stats::mahalanobis;
using stats_test::image_of;
using stats_test::source;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Rows whose columns lean on each other.
template <std::size_t D, typename Real = double>
std::vector<Real> rows(source& random, std::size_t n, double offset = 0) {
  std::vector<Real> out(n * D);
  for (std::size_t r = 0; r < n; ++r) {
    double before = 0;
    for (std::size_t i = 0; i < D; ++i) {
      before = 0.5 * before + random.normal();
      out[r * D + i] = static_cast<Real>(offset + before);
    }
  }
  return out;
}

template <std::size_t D, typename Real>
covariance<D, Real> streamed(const std::vector<Real>& xs, std::size_t from, std::size_t to) {
  covariance<D, Real> out;
  for (std::size_t r = from; r < to; ++r) {
    REQUIRE(out.observe(std::span<const Real, D>{xs.data() + r * D, D}));
  }
  return out;
}

template <std::size_t D>
void check_near(const covariance<D>& a, const covariance<D>& b, double tolerance, double greatest) {
  REQUIRE(a.count() == b.count());
  for (std::size_t i = 0; i < D; ++i) {
    CHECK(std::fabs(a.mean()[i] - b.mean()[i]) <= 4 * greatest * std::numeric_limits<double>::epsilon());
    for (std::size_t j = 0; j <= i; ++j) {
      const double scale = std::sqrt(b.lower()[i * D + i] * b.lower()[j * D + j]);
      CHECK(std::fabs(a.lower()[i * D + j] - b.lower()[i * D + j]) <= tolerance * scale);
    }
  }
}

static_assert(skerry::commutative_monoid<covariance<3>>);
static_assert(!skerry::join_semilattice<covariance<3>>);
static_assert(std::is_trivially_copyable_v<covariance<3>> && std::is_trivially_copyable_v<mahalanobis<3>>);
static_assert(sizeof(covariance<6>) == 16 + 8 * (2 * 6 + 36));
static_assert(noexcept(std::declval<covariance<2>&>().observe(std::declval<std::span<const double, 2>>())));
static_assert(noexcept(std::declval<covariance<2>&>().merge(std::declval<const covariance<2>&>())));

}  // namespace

TEST_CASE("covariances of three rows that can be computed by hand", "[stats][covariance]") {
  covariance<2> c;
  CHECK(c.at(0, 0).error() == errc::empty);
  CHECK(c.correlation(0, 1).error() == errc::empty);
  CHECK(c.factor().error() == errc::empty);
  REQUIRE(c.observe(std::array{1.0, 10.0}));
  CHECK(c.at(0, 1).error() == errc::insufficient);
  CHECK(c.factor().error() == errc::insufficient);
  REQUIRE(c.observe(std::array{2.0, 30.0}));
  REQUIRE(c.observe(std::array{3.0, 20.0}));
  CHECK(c.count() == 3);
  CHECK(c.mean()[0] == 2);
  CHECK(c.mean()[1] == 20);
  CHECK(c.at(0, 0).value() == 1);
  CHECK(c.at(1, 1).value() == 100);
  CHECK(c.at(0, 1).value() == 5);
  CHECK(c.at(1, 0).value() == 5);
  CHECK(std::fabs(c.correlation(0, 1).value() - 0.5) < 1e-15);
  CHECK(c.lower()[2] == 10);
  CHECK(c.lower()[1] == 0);
  c.clear();
  CHECK(c == covariance<2>{});
}

TEST_CASE("a column that never changes has no correlation and no factor without a ridge", "[stats][covariance]") {
  source random{3};
  covariance<2> c;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(c.observe(std::array{random.normal(), 7.25}));
  }
  CHECK(c.at(1, 1).value() == 0);
  CHECK(c.correlation(0, 1).error() == errc::degenerate);
  CHECK(c.factor().error() == errc::singular);
  CHECK(c.factor(0.1));
  CHECK(c.factor(-0.1).error() == errc::invalid);
  CHECK(c.factor(none).error() == errc::invalid);
}

TEST_CASE("a refused row changes no stored number, wherever the bad value stands", "[stats][covariance]") {
  source random{4};
  auto c = streamed<3>(rows<3>(random, 20), 0, 20);
  const auto before = image_of(c);
  std::uint64_t refused = 0;
  for (std::size_t at = 0; at < 3; ++at) {
    for (const double bad : {none, infinite, -infinite, 1e200, -1.7e308}) {
      std::array row{1.0, 2.0, 3.0};
      row[at] = bad;
      CHECK(c.observe(row) == (std::isfinite(bad) ? errc::out_of_range : errc::not_finite));
      CHECK(c.refused() == ++refused);
      CHECK(image_of(c) == before);
      CHECK(c.observe_rows(row) == 0);
      CHECK(c.refused() == ++refused);
      CHECK(image_of(c) == before);
    }
  }
  // In a long block only the bad rows are left out.
  auto xs = rows<3>(random, 700);
  xs[3 * 600 + 1] = none;
  xs[3 * 100] = infinite;
  covariance<3> block;
  CHECK(block.observe_rows(xs) == 698);
  CHECK(block.refused() == 2);
}

TEST_CASE("a merge that would overflow changes nothing and counts the other's rows", "[stats][covariance]") {
  covariance<1> low;
  covariance<1> high;
  REQUIRE(low.observe(std::array{-1e154}));
  REQUIRE(low.observe(std::array{-1e154}));
  REQUIRE(high.observe(std::array{1e154}));
  const auto before = low;
  low.merge(high);
  CHECK(low == before);
  CHECK(low.refused() == 1);
}

TEST_CASE("rows one by one and rows in blocks agree within rounding", "[stats][covariance]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offset = seed % 2 == 0 ? 1e6 : 0;
    const auto xs = rows<10>(random, 1 + random.below(1500), offset);
    covariance<10> block;
    CHECK(block.observe_rows(xs) == xs.size() / 10);
    check_near(block, streamed<10>(xs, 0, xs.size() / 10), offset == 0 ? 1e-12 : 1e-7, offset + 10);
  }
}

TEST_CASE("any split and any tree of merges of 64 parts equals one stream within rounding", "[stats][covariance]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offset = seed % 2 == 0 ? 1e6 : 0;
    const auto xs = rows<4>(random, 2000, offset);
    const auto whole = streamed<4>(xs, 0, 2000);
    std::vector<std::size_t> cuts{0, 2000};
    for (int i = 0; i < 63; ++i) {
      cuts.push_back(random.below(2001));
    }
    std::sort(cuts.begin(), cuts.end());
    std::vector<covariance<4>> parts;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      parts.push_back(streamed<4>(xs, cuts[i], cuts[i + 1]));
    }
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size());
      const auto taken = parts[i];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
      parts[random.below(parts.size())].merge(taken);
    }
    check_near(parts[0], whole, offset == 0 ? 1e-12 : 1e-6, offset + 10);
  }
}

TEST_CASE("merging with an empty covariance changes no bit, on either side", "[stats][covariance]") {
  source random{5};
  const auto a = streamed<3>(rows<3>(random, 33), 0, 33);
  auto left = a;
  left.merge(covariance<3>{});
  CHECK(image_of(left) == image_of(a));
  covariance<3> right;
  right.merge(a);
  CHECK(image_of(right) == image_of(a));
  auto twice = a;
  twice.merge(twice);
  CHECK(twice.count() == 66);
  CHECK(twice.lower()[4] == 2 * a.lower()[4]);
}

TEST_CASE("an image answers as its covariance did, also through float", "[stats][covariance]") {
  source random{6};
  const auto c = streamed<3>(rows<3>(random, 50, 20), 0, 50);
  const auto back = skerry::decode_all<covariance<3>>(image_of(c));
  REQUIRE(back);
  CHECK(back.value() == c);
  CHECK(image_of(c).size() == covariance<3>::encoded_size);
  const auto small = streamed<2>(rows<2, float>(random, 50), 0, 50);
  const auto small_back = skerry::decode_all<covariance<2, float>>(image_of(small));
  REQUIRE(small_back);
  CHECK(small_back.value() == small);
  CHECK(skerry::decode_all<covariance<2>>(image_of(c)).error() == errc::mismatch);
  CHECK(skerry::decode_all<covariance<3, float>>(image_of(c)).error() == errc::mismatch);
  std::array<std::byte, covariance<3>::encoded_size - 1> little{};
  skerry::byte_writer out{little};
  CHECK(c.encode(out) == errc::full);
}

TEST_CASE("the frame of a covariance is frozen", "[stats][covariance]") {
  covariance<1> c;
  REQUIRE(c.observe(std::array{1.0}));
  REQUIRE(c.observe(std::array{3.0}));
  const auto bytes = image_of(c);
  const std::array<unsigned, 27> expected{4, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40};
  REQUIRE(bytes.size() == expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
  }
}

TEST_CASE("hostile bytes give a refusal or a covariance that encodes to the same bytes", "[stats][covariance]") {
  source random{7};
  int accepted = 0;
  stats_test::attack<covariance<2>>(image_of(streamed<2>(rows<2>(random, 9), 0, 9)), random, accepted);
  stats_test::attack<covariance<2, float>>(image_of(streamed<2>(rows<2, float>(random, 9), 0, 9)), random, accepted);
  stats_test::attack<covariance<1>>(image_of(covariance<1>{}), random, accepted);
  CHECK(accepted > 0);
  // A covariance greater than both variances, and a negative variance.
  for (const double wrong : {5.0, -1.0}) {
    std::array<std::byte, covariance<2>::encoded_size> bytes{};
    skerry::byte_writer out{bytes};
    out.u8(4), out.u8(1), out.u8(2), out.u64(2);
    out.f64(0), out.f64(0);
    out.f64(wrong < 0 ? wrong : 1), out.f64(wrong), out.f64(1);
    CHECK(skerry::decode_all<covariance<2>>(bytes).error() == errc::corrupt);
  }
}

TEST_CASE("the factor times its transpose is the matrix", "[stats][cholesky]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto c = streamed<6>(rows<6>(random, 60), 0, 60);
    const auto factor = c.factor(0.25);
    REQUIRE(factor);
    const auto l = factor.value().lower();
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(l[i * 6 + i] > 0);
      for (std::size_t j = 0; j <= i; ++j) {
        double product = 0;
        for (std::size_t k = 0; k <= j; ++k) {
          product += l[i * 6 + k] * l[j * 6 + k];
        }
        CHECK(std::fabs(product - (c.at(i, j).value() + (i == j ? 0.25 : 0))) < 1e-13 * c.at(i, i).value() + 1e-13);
      }
    }
  }
}

TEST_CASE("rank-1 changes of a factor equal factoring the changed matrix", "[stats][cholesky]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::array<double, 16> matrix{};
    const auto c = streamed<4>(rows<4>(random, 60), 0, 60);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        matrix[i * 4 + j] = c.at(i, j).value();
      }
    }
    auto factor = c.factor().value();
    const auto first = factor;
    std::array<double, 4> x{random.normal(), random.normal(), random.normal(), random.normal()};
    const double w = random.uniform();
    REQUIRE(factor.update(x, w));
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        matrix[i * 4 + j] += w * x[i] * x[j];
      }
    }
    const auto fresh = cholesky<4>::create(matrix).value();
    const auto near = [](const cholesky<4>& a, const cholesky<4>& b) {
      for (std::size_t i = 0; i < 16; ++i) {
        CHECK(std::fabs(a.lower()[i] - b.lower()[i]) < 1e-12);
      }
    };
    near(factor, fresh);
    REQUIRE(factor.downdate(x, w));
    near(factor, first);
  }
}

TEST_CASE("a downdate that would leave no positive matrix changes no bit of the factor", "[stats][cholesky]") {
  cholesky<3> factor;
  REQUIRE(factor.update(std::array{0.5, -0.5, 2.0}, 1.0));
  const auto before = factor;
  const auto same = [&] { return std::equal(factor.lower().begin(), factor.lower().end(), before.lower().begin()); };
  CHECK(factor.downdate(std::array{0.0, 0.0, 3.0}, 1.0) == errc::singular);
  CHECK(same());
  CHECK(factor.downdate(std::array{0.5, 0.5, 1.0}, 100.0) == errc::singular);
  CHECK(factor.update(std::array{0.5, none, 1.0}, 1.0) == errc::not_finite);
  CHECK(factor.update(std::array{0.5, 0.5, 1.0}, infinite) == errc::not_finite);
  CHECK(factor.update(std::array{0.5, 0.5, 1.0}, -1.0) == errc::invalid);
  CHECK(factor.update(std::array{1e200, 0.5, 1.0}, 1.0) == errc::out_of_range);
  CHECK(same());
}

TEST_CASE("Mahalanobis' distance of the identity is the plain one", "[stats][cholesky]") {
  constexpr cholesky<3> identity;
  static_assert(identity.squared_distance(std::array{1.0, 2.0, 2.0}) == 9.0);
  CHECK(cholesky<2>::create(std::array{1.0, 0.0, 2.0, 4.0}).error() == errc::singular);
  CHECK(cholesky<2>::create(std::array{1.0, 0.0, none, 4.0}).error() == errc::not_finite);
  CHECK(cholesky<2>::create(std::array{-1.0, 0.0, 0.0, 4.0}).error() == errc::singular);
}

TEST_CASE("a stream is judged by what was learnt at the last refresh", "[stats][mahalanobis]") {
  source random{8};
  auto judge = mahalanobis<3>::create({.refresh = 10, .ridge = 0}).value();
  const auto xs = rows<3>(random, 30);
  const std::array probe{3.0, -3.0, 3.0};
  CHECK(judge.squared_distance(probe).error() == errc::insufficient);
  for (std::size_t r = 0; r < 15; ++r) {
    REQUIRE(judge.observe(std::span<const double, 3>{xs.data() + 3 * r, 3}));
  }
  const auto learnt = streamed<3>(xs, 0, 10);
  std::array<double, 3> difference{};
  for (std::size_t i = 0; i < 3; ++i) {
    difference[i] = probe[i] - learnt.mean()[i];
  }
  CHECK(judge.squared_distance(probe).value() == learnt.factor().value().squared_distance(difference));
  REQUIRE(judge.refresh());
  CHECK(judge.squared_distance(probe).value() != learnt.factor().value().squared_distance(difference));
  CHECK(judge.squared_distance(std::array{1.0, none, 1.0}).error() == errc::not_finite);
  CHECK(judge.observe(std::array{1.0, none, 1.0}) == errc::not_finite);
  CHECK(judge.learnt().count() == 15);
  CHECK(mahalanobis<3>::create({.refresh = 0, .ridge = 0}).error() == errc::invalid);
  CHECK(mahalanobis<3>::create({.refresh = 1, .ridge = -1}).error() == errc::invalid);
  mahalanobis<2> flat;
  for (int i = 0; i < 64; ++i) {
    REQUIRE(flat.observe(std::array{random.normal(), 1.0}));
  }
  CHECK(flat.squared_distance(std::array{0.0, 1.0}).error() == errc::singular);
}
