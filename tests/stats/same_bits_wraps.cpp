// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/bytes.hpp>
#include <skerry/core/random.hpp>
#include <skerry/stats/covariance.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/nan_policy.hpp>
#include <skerry/stats/series.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <span>

namespace {

using namespace skerry::stats;
using skerry_test::bit_hash;
using skerry_test::bits_of;

struct squared {
  double operator()(double x) const noexcept { return x * x / 3; }
};
struct above_zero {
  bool operator()(double x) const noexcept { return x > 0; }
};

template <typename S>
void add_image(bit_hash& h, const S& summary) {
  std::array<std::byte, 128> memory;
  skerry::byte_writer out{memory};
  (void)summary.encode(out);
  h.add(out.written());
}

const bits_of wrapped{"stats.wraps", [](bit_hash& h) {
                        transformed<squared, moments<>> squares;
                        filtered<above_zero, moments<>> some;
                        on_nan<nan_policy::propagate, moments<>> with_nan;
                        skerry::splitmix64 random{41};
                        for (int i = 0; i < 1000; ++i) {
                          const double x = skerry::normal(random);
                          (void)squares.observe(x);
                          (void)some.observe(x);
                          (void)with_nan.observe(i == 900 ? std::numeric_limits<double>::quiet_NaN() : x);
                          if (i % 50 == 0) {
                            add_image(h, squares.summary());
                            add_image(h, some.summary());
                            h.add(with_nan.summary() ? with_nan.summary().value().mean().value_or(0.0) : -1.0);
                          }
                        }
                        h.add(with_nan.nans());
                      }};

template <typename Real>
void drive_distances(bit_hash& h) {
  auto far = mahalanobis<3, Real>::create({.refresh = 16, .ridge = static_cast<Real>(1e-3)}).value();
  skerry::splitmix64 random{42};
  for (int i = 0; i < 600; ++i) {
    const auto a = static_cast<Real>(skerry::normal(random));
    const auto b = static_cast<Real>(skerry::normal(random));
    const auto c = static_cast<Real>(skerry::normal(random));
    const std::array<Real, 3> row{a, a + b / 4, c};
    h.add(far.squared_distance(std::span<const Real, 3>{row}).value_or(Real{-1}));
    (void)far.observe(std::span<const Real, 3>{row});
  }
}
const bits_of far_double{"stats.mahalanobis.double", drive_distances<double>};
const bits_of far_float{"stats.mahalanobis.float", drive_distances<float>};

}  // namespace
