// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/article_preset.hpp>
#include <skerry/anomaly/robust_z.hpp>
#include <skerry/anomaly/scaler.hpp>
#include <skerry/anomaly/t2_q.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "same_bits/same_bits.hpp"

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <typename Real, std::size_t D, std::size_t K>
void drive(bit_hash& h, const t2_q_config& config, std::uint64_t seed) {
  constexpr std::size_t rows = 60;
  static std::array<Real, rows * D> train;
  skerry::pcg32 random{seed};
  const auto row = [&random](Real* out) {
    const double load = skerry::normal(random);
    for (std::size_t j = 0; j < D; ++j) {
      out[j] = static_cast<Real>(3.0 * static_cast<double>(j) + load * static_cast<double>(j % 3) + 0.4 * skerry::normal(random));
    }
  };
  skerry::stats::covariance<D, Real> gathered;
  for (std::size_t i = 0; i < rows; ++i) {
    row(train.data() + i * D);
    (void)gathered.observe(std::span<const Real, D>{train.data() + i * D, D});
  }
  basic_t2_q<Real, D, K> model;
  for (int from = 0; from < 2; ++from) {
    h.add(static_cast<std::uint64_t>(
        (from == 0 ? model.fit(rows_of<Real>(std::span<const Real>{train}, D), config) : model.fit(gathered, config)).error()));
    for (std::size_t j = 0; j < D; ++j) {
      h.add(model.mean()[j]);
      h.add(model.scale()[j]);
      h.add(model.eigenvalues()[j]);
    }
    for (std::size_t k = 0; k < K; ++k) {
      for (const Real a : model.axis(k)) {
        h.add(a);
      }
    }
    h.add(model.t2_limit().value_or(Real{0}));
    h.add(model.q_limit().value_or(Real{0}));
    for (int i = 0; i < 20; ++i) {
      std::array<Real, D> x{};
      row(x.data());
      const auto s = model.score(x).value_or(basic_t2_q_score<Real, D>{});
      h.add(s.t2);
      h.add(s.q);
      h.add(std::uint64_t{s.t2_high} * 2 + std::uint64_t{s.q_high});
      for (std::size_t j = 0; j < D; ++j) {
        h.add(s.t2_share[j]);
        h.add(s.q_share[j]);
      }
    }
  }
}

const bits_of narrow{"anomaly.t2_q", [](bit_hash& h) {
                       drive<float, 6, 2>(h, {}, 21);
                       drive<float, 9, 1>(h, {.alpha = 1e-4, .standardize = false}, 22);
                       drive<float, 3, 3>(h, {.alpha = 0.5}, 23);
                     }};

const bits_of wide{"anomaly.t2_q<double>", [](bit_hash& h) { drive<double, 8, 3>(h, {}, 24); }};

const bits_of middle{"anomaly.robust_z", [](bit_hash& h) {
                       robust_z<16> odd;
                       skerry::pcg32 random{25};
                       for (int i = 0; i < 200; ++i) {
                         const auto x = static_cast<float>(skerry::normal(random));
                         h.add(odd.score(x).value_or(0.0F));
                         (void)odd.observe(x);
                       }
                     }};

template <typename Scaler>
void drive_scaler(bit_hash& h) {
  Scaler s;
  skerry::pcg32 random{26};
  for (int i = 0; i < 200; ++i) {
    const auto x = static_cast<float>(skerry::normal(random));
    std::array<float, 3> row{x, 1000 + x * 3, 1e-5F * x};
    (void)s.observe(row);
    (void)s.scale(row, row);
    for (const float v : row) {
      h.add(v);
    }
  }
}

const bits_of units{"anomaly.scaler", [](bit_hash& h) {
                      drive_scaler<scaler<3>>(h);
                      drive_scaler<robust_scaler<3, 11>>(h);
                    }};

const bits_of recipe{"anomaly.article_rule", [](bit_hash& h) {
                       article_rule rule;
                       skerry::pcg32 random{27};
                       for (int i = 0; i < 300; ++i) {
                         const double x = skerry::normal(random);
                         const auto said = rule.observe(x, x - 0.5).value_or(article_verdict{});
                         h.add(std::uint64_t{said.known_failure} * 2 + std::uint64_t{said.novel});
                       }
                     }};

}  // namespace
