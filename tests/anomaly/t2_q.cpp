// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/t2_q.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <type_traits>
#include <vector>

#include "core/counting_new.hpp"

using namespace skerry;
using namespace skerry::anomaly;

namespace {

template <std::size_t D, std::size_t K>
constexpr bool in_bound = sizeof(t2_q<D, K>) == 4 * D*(K + 3) + 12 &&
                          sizeof(basic_t2_q<double, D, K>) == 8 * D*(K + 3) + 24 && std::is_trivially_copyable_v<t2_q<D, K>>;
static_assert(in_bound<1, 1> && in_bound<4, 2> && in_bound<16, 4> && in_bound<64, 64>);
static_assert(std::is_same_v<decltype(t2_q_score<3>::t2), float> && std::is_same_v<decltype(t2_q_score<3>::q_share), std::array<float, 3>>);
static_assert(noexcept(std::declval<t2_q<2, 1>&>().fit(row_view<float>{})));
static_assert(noexcept(std::declval<const t2_q<2, 1>&>().score(std::declval<std::span<const float, 2>>())));
static_assert(
    std::is_same_v<decltype(std::declval<const t2_q<2, 1>&>().score(std::declval<std::span<const float, 2>>())), result<t2_q_score<2>>>);

// Rows that vary along `rank` hidden directions, and a little off them; each column with an offset and a unit of its own.
template <typename Real, std::size_t D>
struct machine {
  pcg32 random;
  std::vector<double> mix;
  std::array<double, D> offset{}, unit{};
  std::size_t rank;

  machine(std::uint64_t seed, std::size_t directions) : random{seed}, mix(directions * D), rank{directions} {
    for (double& m : mix) {
      m = normal(random);
    }
    for (std::size_t j = 0; j < D; ++j) {
      offset[j] = 5 * normal(random);
      unit[j] = std::exp2(static_cast<double>(random() % 9) - 4.0);
    }
  }
  std::array<Real, D> row() {
    std::array<double, D> x{};
    for (std::size_t r = 0; r < rank; ++r) {
      const double along = normal(random);
      for (std::size_t j = 0; j < D; ++j) {
        x[j] += along * mix[r * D + j];
      }
    }
    std::array<Real, D> out{};
    for (std::size_t j = 0; j < D; ++j) {
      out[j] = static_cast<Real>((x[j] + 0.3 * normal(random) + offset[j]) * unit[j]);
    }
    return out;
  }
  std::vector<Real> rows(std::size_t n) {
    std::vector<Real> all;
    for (std::size_t i = 0; i < n; ++i) {
      const auto r = row();
      all.insert(all.end(), r.begin(), r.end());
    }
    return all;
  }
};

template <typename Real>
row_view<Real> view(const std::vector<Real>& values, std::size_t columns) {
  return rows_of<Real>(std::span<const Real>{values}, columns);
}

// |a - b| <= r max(1, |b|)
bool close(double a, double b, double r) { return std::abs(a - b) <= r * std::max(1.0, std::abs(b)); }

template <typename T>
bool same_bytes(const T& a, const T& b) {
  using bytes = std::array<std::byte, sizeof(T)>;
  return std::bit_cast<bytes>(a) == std::bit_cast<bytes>(b);
}

}  // namespace

TEST_CASE("the shares of a row sum to its T² and its Q, whatever the row") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    machine<float, 6> m{seed, 2};
    t2_q<6, 2> model;
    REQUIRE(model.fit(view(m.rows(80), 6), {.standardize = seed % 2 == 0}));
    for (int i = 0; i < 40; ++i) {
      auto row = m.row();
      row[m.random() % 6] *= static_cast<float>(std::exp2(static_cast<double>(m.random() % 20)));
      const auto s = model.score(row).value();
      double t2 = 0;
      double q = 0;
      double size = 0;
      for (std::size_t j = 0; j < 6; ++j) {
        t2 += static_cast<double>(s.t2_share[j]);
        size += std::abs(static_cast<double>(s.t2_share[j]));
        q += static_cast<double>(s.q_share[j]);
        REQUIRE(s.q_share[j] >= 0);
      }
      // Each share was rounded to float once.
      REQUIRE(std::abs(t2 - static_cast<double>(s.t2)) <= 1.2e-7 * (size + static_cast<double>(s.t2)));
      REQUIRE(std::abs(q - static_cast<double>(s.q)) <= 1.2e-7 * (q + static_cast<double>(s.q)));
      REQUIRE(s.t2 >= 0);
      REQUIRE(s.t2_high == (s.t2 > model.t2_limit().value()));
      REQUIRE(s.q_high == (s.q > model.q_limit().value()));
    }
  }
}

TEST_CASE("with all axes T² is the squared Mahalanobis distance that a Cholesky factor gives, and nothing is left for Q") {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    machine<double, 5> m{seed, 3};
    const auto rows = m.rows(60);
    stats::covariance<5> covariance;
    REQUIRE(covariance.observe_rows(rows) == 60);
    const auto factor = covariance.factor().value();
    for (const bool standardize : {true, false}) {
      CAPTURE(standardize);
      basic_t2_q<double, 5, 5> model;
      REQUIRE(model.fit(view(rows, 5), {.standardize = standardize}));
      REQUIRE(model.q_limit().error() == errc::degenerate);
      for (std::size_t i = 0; i < 20; ++i) {
        auto row = m.row();
        row[i % 5] += normal(m.random) * m.unit[i % 5];
        std::array<double, 5> away{};
        for (std::size_t j = 0; j < 5; ++j) {
          away[j] = row[j] - covariance.mean()[j];
        }
        const auto s = model.score(row).value();
        REQUIRE(close(s.t2, factor.squared_distance(away), 1e-9));
        REQUIRE(s.q == 0);
        REQUIRE_FALSE(s.q_high);
      }
    }
  }
}

TEST_CASE("what lies along the axes and what they leave are the two sides of a right angle") {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    machine<double, 7> m{seed, 3};
    basic_t2_q<double, 7, 3> model;
    REQUIRE(model.fit(view(m.rows(100), 7)));
    for (int i = 0; i < 20; ++i) {
      const auto row = m.row();
      double squares = 0;
      double along = 0;
      double t2 = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        double s = 0;
        for (std::size_t j = 0; j < 7; ++j) {
          s += model.axis(k)[j] * (row[j] - model.mean()[j]) / model.scale()[j];
        }
        along += s * s;
        t2 += s * s / model.eigenvalues()[k];
      }
      for (std::size_t j = 0; j < 7; ++j) {
        const double z = (row[j] - model.mean()[j]) / model.scale()[j];
        squares += z * z;
      }
      const auto s = model.score(row).value();
      REQUIRE(close(s.q, squares - along, 1e-12));
      REQUIRE(close(s.t2, t2, 1e-12));
    }
  }
}

TEST_CASE("the order of the training rows does not show beyond rounding") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    machine<double, 4> m{seed, 2};
    auto rows = m.rows(90);
    basic_t2_q<double, 4, 2> a;
    REQUIRE(a.fit(view(rows, 4)));
    std::vector<std::size_t> order(90);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937{static_cast<unsigned>(seed)});
    std::vector<double> shuffled;
    for (const std::size_t i : order) {
      shuffled.insert(shuffled.end(), rows.begin() + static_cast<std::ptrdiff_t>(4 * i),
                      rows.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
    }
    basic_t2_q<double, 4, 2> b;
    REQUIRE(b.fit(view(shuffled, 4)));
    REQUIRE(close(a.t2_limit().value(), b.t2_limit().value(), 1e-12));
    REQUIRE(close(a.q_limit().value(), b.q_limit().value(), 1e-10));
    for (int i = 0; i < 20; ++i) {
      const auto row = m.row();
      const auto x = a.score(row).value();
      const auto y = b.score(row).value();
      REQUIRE(close(x.t2, y.t2, 1e-10));
      REQUIRE(close(x.q, y.q, 1e-10));
    }
  }
}

TEST_CASE("a stream that gathered its covariance, in parts and merged, fits the same model") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    machine<double, 4> m{seed, 2};
    const auto rows = m.rows(120);
    stats::covariance<4> near;
    stats::covariance<4> far;
    const std::size_t cut = std::size_t{4} * (1 + m.random() % 118);
    REQUIRE(near.observe_rows(std::span{rows}.first(cut)) + far.observe_rows(std::span{rows}.subspan(cut)) == 120);
    near.merge(far);
    basic_t2_q<double, 4, 2> direct;
    basic_t2_q<double, 4, 2> gathered;
    t2_q<4, 2> narrow;
    REQUIRE(direct.fit(view(rows, 4), {.alpha = 0.05}));
    REQUIRE(gathered.fit(near, {.alpha = 0.05}));
    REQUIRE(narrow.fit(near));
    REQUIRE(direct.rows() == gathered.rows());
    REQUIRE(close(direct.t2_limit().value(), gathered.t2_limit().value(), 1e-12));
    REQUIRE(close(direct.q_limit().value(), gathered.q_limit().value(), 1e-9));
    for (int i = 0; i < 20; ++i) {
      const auto row = m.row();
      REQUIRE(close(direct.score(row).value().t2, gathered.score(row).value().t2, 1e-9));
      REQUIRE(close(direct.score(row).value().q, gathered.score(row).value().q, 1e-9));
    }
  }
}

TEST_CASE("float rows tell what double rows tell, to five digits") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    machine<float, 8> m{seed, 3};
    const auto rows = m.rows(120);
    t2_q<8, 3> narrow;
    basic_t2_q<double, 8, 3> wide;
    REQUIRE(narrow.fit(view(rows, 8)));
    REQUIRE(wide.fit(view(std::vector<double>(rows.begin(), rows.end()), 8)));
    REQUIRE(close(static_cast<double>(narrow.q_limit().value()), wide.q_limit().value(), 1e-6));
    for (int i = 0; i < 30; ++i) {
      const auto row = m.row();
      std::array<double, 8> same{};
      std::copy(row.begin(), row.end(), same.begin());
      const auto a = narrow.score(row).value();
      const auto b = wide.score(same).value();
      REQUIRE(close(static_cast<double>(a.t2), b.t2, 1e-5));
      REQUIRE(close(static_cast<double>(a.q), b.q, 1e-5));
      for (std::size_t j = 0; j < 8; ++j) {
        REQUIRE(close(static_cast<double>(a.t2_share[j]), b.t2_share[j], 1e-5));
        REQUIRE(close(static_cast<double>(a.q_share[j]), b.q_share[j], 1e-5));
      }
    }
  }
}

TEST_CASE("of further usual rows about the share alpha is high, by T² and by Q") {
  machine<float, 8> m{3, 3};
  t2_q<8, 3> model;
  REQUIRE(model.fit(view(m.rows(1500), 8), {.alpha = 0.05}));
  int t2 = 0;
  int q = 0;
  constexpr int rows = 20'000;
  for (int i = 0; i < rows; ++i) {
    const auto s = model.score(m.row()).value();
    t2 += s.t2_high ? 1 : 0;
    q += s.q_high ? 1 : 0;
  }
  CAPTURE(t2, q);
  REQUIRE((t2 > 0.04 * rows && t2 < 0.06 * rows));
  REQUIRE((q > 0.04 * rows && q < 0.06 * rows));
}

TEST_CASE("the limit of Q holds where one residual outweighs many small ones, and rises as alpha falls") {
  // Spreads 30, 10 and thirty-eight times 3.4: the power of Jackson and Mudholkar's formula is negative for the last 39.
  constexpr std::size_t D = 40;
  pcg32 random{17};
  const auto row = [&random] {
    std::array<float, D> x{};
    for (std::size_t j = 0; j < D; ++j) {
      x[j] = static_cast<float>(normal(random) * (j == 0 ? 30.0 : (j == 1 ? 10.0 : 3.4)));
    }
    return x;
  };
  std::vector<float> rows;
  for (int i = 0; i < 4000; ++i) {
    const auto r = row();
    rows.insert(rows.end(), r.begin(), r.end());
  }
  t2_q<D, 1> model;
  float before = 0;
  for (const double alpha : {0.5, 0.1, 0.05, 1e-2, 1e-3, 1e-6, 1e-9, 1e-12}) {
    REQUIRE(model.fit(view(rows, D), {.alpha = alpha, .standardize = false}));
    REQUIRE(model.q_limit().value() > before);
    REQUIRE(std::isfinite(model.q_limit().value()));
    before = model.q_limit().value();
  }
  REQUIRE(model.fit(view(rows, D), {.alpha = 0.01, .standardize = false}));
  int high = 0;
  for (int i = 0; i < 20'000; ++i) {
    high += model.score(row()).value().q_high ? 1 : 0;
  }
  CAPTURE(high);
  REQUIRE((high > 140 && high < 270));
}

TEST_CASE("the usual thing too much raises T², a broken relation of the columns raises Q") {
  pcg32 random{5};
  std::vector<float> rows;
  for (int i = 0; i < 300; ++i) {
    const double load = normal(random);
    rows.push_back(static_cast<float>(20 + 4 * load));                          // current follows the load
    rows.push_back(static_cast<float>(60 + 10 * load + 0.5 * normal(random)));  // so does the temperature
  }
  t2_q<2, 1> model;
  REQUIRE(model.fit(view(rows, 2)));
  const auto overload = model.score(std::array<float, 2>{44, 120}).value();
  REQUIRE((overload.t2_high && !overload.q_high));
  const auto cooling_failed = model.score(std::array<float, 2>{20, 75}).value();
  REQUIRE((!cooling_failed.t2_high && cooling_failed.q_high));
}

TEST_CASE("a refused fit tells why and leaves a fitted model as it was, byte for byte") {
  machine<float, 3> m{1, 2};
  const auto good = m.rows(40);
  t2_q<3, 2> model;
  REQUIRE(model.score(m.row()).error() == errc::insufficient);
  REQUIRE(model.t2_limit().error() == errc::insufficient);
  REQUIRE(model.q_limit().error() == errc::insufficient);
  REQUIRE_FALSE(model.fitted());
  REQUIRE(model.fit(view(good, 3)));
  const t2_q<3, 2> before = model;
  const auto refused = [&](const std::vector<float>& values, std::size_t columns, const t2_q_config& config) {
    const errc why = model.fit(view(values, columns), config).error();
    REQUIRE(same_bytes(model, before));
    return why;
  };
  const auto with = [&good](std::size_t place, float x) {
    auto values = good;
    values[place] = x;
    return values;
  };
  const auto column = [&good](auto change) {
    auto values = good;
    for (std::size_t i = 0; i < 40; ++i) {
      change(&values[3 * i]);
    }
    return values;
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  REQUIRE(refused(good, 4, {}) == errc::width);
  REQUIRE(refused(good, 2, {}) == errc::width);
  REQUIRE(model.fit({good.data(), 10, 3, 2}).error() == errc::width);
  REQUIRE(refused({}, 3, {}) == errc::insufficient);
  REQUIRE(refused({good.begin(), good.begin() + 9}, 3, {}) == errc::insufficient);
  REQUIRE(refused(with(119, nan), 3, {}) == errc::not_finite);
  REQUIRE(refused(with(0, infinity), 3, {}) == errc::not_finite);
  REQUIRE(refused(with(61, -infinity), 3, {}) == errc::not_finite);
  for (const double alpha : {0.0, -1.0, 0.51, 1.0, 1e-13, std::numeric_limits<double>::quiet_NaN(), HUGE_VAL}) {
    REQUIRE(refused(good, 3, {.alpha = alpha}) == errc::invalid);
  }
  REQUIRE(refused(column([](float* r) { r[1] = 0.1F; }), 3, {}) == errc::degenerate);
  // Column by column there is spread, but all along one direction.
  REQUIRE(refused(column([](float* r) { r[1] = r[2] = r[0]; }), 3, {}) == errc::singular);
  REQUIRE(refused(column([](float* r) { r[1] = r[2] = 7; }), 3, {.standardize = false}) == errc::singular);
  REQUIRE(refused(column([](float* r) { r[0] *= 1e30F; }), 3, {.standardize = false}) == errc::out_of_range);
  REQUIRE(refused(column([](float* r) { r[0] *= 1e-41F; }), 3, {}) == errc::out_of_range);
  REQUIRE(model.fit(stats::covariance<3>{}).error() == errc::insufficient);
  stats::covariance<3> learnt;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(learnt.observe(std::array<double, 3>{0.1, 0.7 * i, 0.3 * (i % 7)}));
  }
  REQUIRE(model.fit(learnt).error() == errc::degenerate);
  REQUIRE(model.fit(learnt, {.alpha = 0}).error() == errc::invalid);
  REQUIRE(same_bytes(model, before));
}

TEST_CASE("a column without spread is no obstacle to unscaled rows, and its first change is high") {
  machine<float, 3> m{4, 2};
  auto rows = m.rows(60);
  for (std::size_t i = 0; i < 60; ++i) {
    rows[3 * i + 2] = 0.1F;
  }
  t2_q<3, 2> model;
  REQUIRE(model.fit(view(rows, 3), {.standardize = false}));
  REQUIRE(model.q_limit().value() == 0);
  // Rounding alone is never high, though the limit is zero.
  for (std::size_t i = 0; i < 60; ++i) {
    REQUIRE_FALSE(model.score(std::span<const float, 3>{rows.data() + 3 * i, 3}).value().q_high);
  }
  REQUIRE(model.score(std::array<float, 3>{rows[0], rows[1], 0.2F}).value().q_high);
}

TEST_CASE("a row that is no number is refused, one at the end of the numbers is high") {
  machine<float, 4> m{2, 2};
  t2_q<4, 2> model;
  REQUIRE(model.fit(view(m.rows(50), 4)));
  constexpr float most = std::numeric_limits<float>::max();
  for (std::size_t j = 0; j < 4; ++j) {
    auto row = m.row();
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF}) {
      row[j] = bad;
      REQUIRE(model.score(row).error() == errc::not_finite);
    }
    for (const float far : {most, -most}) {
      row[j] = far;
      const auto s = model.score(row).value();
      REQUIRE((s.t2 == most && s.t2_high && s.q == most && s.q_high));
      REQUIRE(std::all_of(s.t2_share.begin(), s.t2_share.end(), [](float x) { return std::isfinite(x); }));
    }
  }
  machine<double, 4> w{2, 2};
  basic_t2_q<double, 4, 2> wide;
  REQUIRE(wide.fit(view(w.rows(50), 4)));
  REQUIRE(wide.score(std::array<double, 4>{1e300, 0, 0, 0}).error() == errc::out_of_range);
  auto rows = w.rows(50);
  rows[3] = 1e200;
  REQUIRE(wide.fit(view(rows, 4)).error() == errc::out_of_range);
}

TEST_CASE("a view with gaps between its rows is read without them, and nothing is allocated") {
  machine<float, 3> m{8, 2};
  const auto rows = m.rows(30);
  std::vector<float> gaps(150, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < 30; ++i) {
    std::copy_n(rows.data() + 3 * i, 3, gaps.data() + 5 * i);
  }
  t2_q<3, 1> a;
  t2_q<3, 1> b;
  const auto row = m.row();
  const std::size_t before = skerry_test::allocations();
  const bool fitted = a.fit(view(rows, 3)) && b.fit({gaps.data(), 30, 3, 5});
  const auto s = b.score(row);
  REQUIRE(skerry_test::allocations() == before);
  REQUIRE((fitted && s));
  REQUIRE(same_bytes(a, b));
}

TEST_CASE("rotations find the eigenvalues of matrices that are known, of any rank") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    const std::size_t n = 1 + seed % 12;
    // Q diag Q^T from random plane rotations; eigenvalues of both signs, repeated and zero ones among them.
    std::vector<double> truth(n);
    std::vector<double> a(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      truth[i] = std::floor(4 * normal(random)) * (seed % 3 == 0 ? 1e6 : 1.0);
      a[i * n + i] = truth[i];
    }
    for (int turn = 0; n > 1 && turn < 40; ++turn) {
      const std::size_t p = random() % n;
      const std::size_t q = (p + 1 + random() % (n - 1)) % n;
      const double angle = normal(random);
      const double c = std::cos(angle);
      const double s = std::sin(angle);
      for (std::size_t r = 0; r < n; ++r) {
        const double x = a[p * n + r];
        const double y = a[q * n + r];
        a[p * n + r] = c * x - s * y;
        a[q * n + r] = s * x + c * y;
      }
      for (std::size_t r = 0; r < n; ++r) {
        const double x = a[r * n + p];
        const double y = a[r * n + q];
        a[r * n + p] = c * x - s * y;
        a[r * n + q] = s * x + c * y;
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        a[i * n + j] = a[j * n + i];
      }
    }
    const auto original = a;
    std::vector<double> v(n * n);
    skerry::anomaly::detail::jacobi_eigen(a.data(), v.data(), n);
    std::sort(truth.begin(), truth.end(), std::greater<>{});
    double size = 1;
    for (const double t : truth) {
      size = std::max(size, std::abs(t));
    }
    for (std::size_t k = 0; k < n; ++k) {
      REQUIRE(std::abs(a[k * n + k] - truth[k]) <= 1e-13 * size);
      double longest = 0;
      for (std::size_t j = 0; j < n; ++j) {
        double image = 0;
        double product = 0;
        for (std::size_t i = 0; i < n; ++i) {
          image += original[j * n + i] * v[k * n + i];
          product += v[k * n + i] * v[j * n + i];
        }
        REQUIRE(std::abs(image - a[k * n + k] * v[k * n + j]) <= 1e-13 * size);
        REQUIRE(std::abs(product - (j == k ? 1 : 0)) <= 1e-14);
        longest = std::abs(v[k * n + j]) > std::abs(longest) ? v[k * n + j] : longest;
      }
      REQUIRE(longest > 0);
    }
  }
}

TEST_CASE("the quantiles of F, chi-square and the normal distribution are those of closed forms and tables") {
  namespace detail = skerry::anomaly::detail;
  const auto relative = [](double a, double b) { return std::abs(a / b - 1); };
  for (const double alpha : {0.5, 0.3, 0.05, 0.01, 1e-3, 1e-6, 1e-9, 1e-12}) {
    CAPTURE(alpha);
    REQUIRE(relative(0.5 * std::erfc(detail::normal_quantile(alpha) / std::sqrt(2.0)), alpha) < 1e-12);
    // d1 = 2 and d2 = 2 have powers for tails; two degrees of chi-square an exponential.
    REQUIRE(relative(detail::chi_square_quantile(alpha, 2), -2 * std::log(alpha)) < 1e-12);
    const double z = detail::normal_quantile(alpha / 2);
    REQUIRE(relative(detail::chi_square_quantile(alpha, 1), z * z) < 1e-11);
    for (const std::uint32_t d : {1U, 2U, 3U, 7U, 20U, 64U, 117U, 1000U, 9998U}) {
      CAPTURE(d);
      REQUIRE(relative(detail::f_quantile(alpha, 2, d), d / 2.0 * std::expm1(-2.0 / d * std::log(alpha))) < 1e-11);
      if (d <= 64) {
        const double r = std::pow(1 - alpha, 2.0 / d);
        const double one_less_r = -std::expm1(2.0 / d * std::log1p(-alpha));
        REQUIRE(relative(detail::f_quantile(alpha, d, 2), 2 * r / (d * one_less_r)) < 1e-11);
      }
    }
    // Any even d1: a sum of positive terms.
    for (const std::uint32_t d1 : {4U, 10U, 64U}) {
      for (const std::uint32_t d2 : {1U, 5U, 60U, 999U, 10'000U}) {
        CAPTURE(d1, d2);
        const double f = detail::f_quantile(alpha, d1, d2);
        const double x = d2 / (d2 + d1 * f);
        double sum = 0;
        double term = 1;
        for (std::uint32_t j = 0; j < d1 / 2; ++j) {
          sum += term;
          term *= (d2 / 2.0 + j) / (j + 1) * (d1 * f / (d2 + d1 * f));
        }
        REQUIRE(relative(std::exp(d2 / 2.0 * std::log(x)) * sum, alpha) < 1e-10);
      }
    }
  }
  // 1 / F has the degrees exchanged: ties the odd ones to each other.
  for (const std::uint32_t d1 : {1U, 3U, 9U, 33U}) {
    for (const std::uint32_t d2 : {1U, 5U, 17U, 63U}) {
      CAPTURE(d1, d2);
      for (const double f : {0.8, 1.0, 1.2}) {
        REQUIRE(std::abs(detail::f_tail(f, d1, d2) + detail::f_tail(1 / f, d2, d1) - 1) < 1e-12);
      }
    }
  }
  // Printed tables of the upper 5 % and 1 %.
  REQUIRE(std::abs(detail::f_quantile(0.05, 5, 10) - 3.33) < 0.005);
  REQUIRE(std::abs(detail::f_quantile(0.01, 3, 15) - 5.42) < 0.005);
  REQUIRE(std::abs(detail::f_quantile(0.05, 1, 1) - 161.4) < 0.06);
  REQUIRE(std::abs(detail::chi_square_quantile(0.05, 5) - 11.0705) < 5e-5);
  REQUIRE(std::abs(detail::chi_square_quantile(0.01, 30) - 50.8922) < 5e-5);
  REQUIRE(std::abs(detail::normal_quantile(0.025) - 1.959963985) < 5e-10);
}
