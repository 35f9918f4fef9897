// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using namespace skerry::stats;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <typename S>
void add_image(bit_hash& h, const S& s) {
  std::array<std::byte, S::encoded_size> image{};
  skerry::byte_writer out{image};
  (void)s.encode(out);
  h.add(out.written());
}

/// One by one, in a block, merged and taken back.
template <typename Real, unsigned Order>
void drive_moments(bit_hash& h) {
  skerry::splitmix64 random{Order};
  std::array<Real, 1300> xs{};
  for (int round = 0; round < 4; ++round) {
    for (Real& x : xs) {
      x = static_cast<Real>(1000 * round + skerry::normal(random));
    }
    moments<Real, Order> streamed;
    moments<Real, Order> block;
    for (const Real x : xs) {
      (void)streamed.observe(x);
    }
    (void)block.observe(xs);
    add_image(h, streamed);
    add_image(h, block);
    (void)block.observe(std::span<const Real>{xs}.first(100 + 3 * static_cast<std::size_t>(round)));
    streamed.merge(block);
    for (std::size_t i = 0; i < 50; ++i) {
      (void)streamed.retract(xs[i]);
    }
    add_image(h, streamed);
    if constexpr (Order >= 4) {
      h.add(static_cast<double>(streamed.stddev().value_or(-1)));
      h.add(static_cast<double>(streamed.skewness().value_or(-1)));
      h.add(static_cast<double>(streamed.kurtosis_excess().value_or(-1)));
    }
  }
}

const bits_of moments_1{"stats.moments.double.1", &drive_moments<double, 1>};
const bits_of moments_2{"stats.moments.double.2", &drive_moments<double, 2>};
const bits_of moments_3{"stats.moments.double.3", &drive_moments<double, 3>};
const bits_of moments_4{"stats.moments.double.4", &drive_moments<double, 4>};
const bits_of moments_f2{"stats.moments.float.2", &drive_moments<float, 2>};
const bits_of moments_f4{"stats.moments.float.4", &drive_moments<float, 4>};

template <typename Real>
void drive_weighted(bit_hash& h) {
  skerry::splitmix64 random{15};
  weighted_moments<Real> all;
  for (int part = 0; part < 5; ++part) {
    weighted_moments<Real> m;
    for (int i = 0; i < 200; ++i) {
      const auto x = static_cast<Real>(100 * part + skerry::normal(random));
      const auto w = static_cast<Real>(0.01 + skerry::uniform01(random));
      (void)m.observe(x, w);
    }
    all.merge(m);
    add_image(h, m);
    add_image(h, all);
  }
  h.add(static_cast<double>(all.variance_reliability().value_or(-1)));
  h.add(static_cast<double>(all.kurtosis_excess().value_or(-1)));
}
const bits_of weighted{"stats.weighted_moments.double", &drive_weighted<double>};
const bits_of weighted_f{"stats.weighted_moments.float", &drive_weighted<float>};

const bits_of extremes{"stats.extrema", [](bit_hash& h) {
                         skerry::splitmix64 random{11};
                         extrema<> all;
                         extrema<double, positions::kept> placed;
                         for (int i = 0; i < 500; ++i) {
                           const double x = skerry::normal(random);
                           extrema<> one;
                           (void)one.observe(x);
                           all.join(one);
                           (void)placed.observe(x, i);
                           add_image(h, all);
                           add_image(h, placed);
                         }
                       }};

const bits_of smoothed{"stats.ewma", [](bit_hash& h) {
                         skerry::splitmix64 random{12};
                         ewma<> by_time{250.0};
                         ewma<float> small{250.0F};
                         auto constant = ewma<>::with_alpha(0.05).value_or(ewma<>{1.0});
                         skerry::ticks t = -5000;
                         for (int i = 0; i < 1000; ++i) {
                           const double x = skerry::normal(random);
                           t += static_cast<skerry::ticks>(random() % 600);
                           (void)by_time.observe(t, x);
                           (void)small.observe(t, static_cast<float>(x));
                           (void)constant.observe(x);
                           add_image(h, by_time);
                           add_image(h, small);
                           add_image(h, constant);
                           h.add(by_time.stddev().value_or(-1));
                         }
                         double block[200];
                         for (double& x : block) {
                           x = skerry::normal(random);
                         }
                         (void)constant.observe(block);
                         add_image(h, constant);
                       }};

const bits_of windows{"stats.rolling", [](bit_hash& h) {
                        skerry::splitmix64 random{13};
                        rolling<moments<>, 40> level;
                        rolling<moments<float, 2>, 40> small;
                        rolling<extrema<>, 40> ends;
                        for (int i = 0; i < 3000; ++i) {
                          const double x = (i / 700) * 1e4 + skerry::normal(random);
                          (void)level.observe(x);
                          (void)small.observe(static_cast<float>(x));
                          (void)ends.observe(x);
                          add_image(h, level.summary());
                          add_image(h, small.summary());
                          add_image(h, ends.summary());
                        }
                      }};

const bits_of covariances{"stats.covariance", [](bit_hash& h) {
                            skerry::splitmix64 random{14};
                            std::array<double, 11 * 700> xs{};
                            for (double& x : xs) {
                              x = 50 + skerry::normal(random);
                            }
                            covariance<11> block;
                            covariance<11> streamed;
                            (void)block.observe_rows(xs);
                            for (std::size_t r = 0; r < 700; ++r) {
                              (void)streamed.observe(std::span<const double, 11>{xs.data() + r * 11, 11});
                            }
                            add_image(h, block);
                            add_image(h, streamed);
                            block.merge(streamed);
                            add_image(h, block);
                            auto factor = block.factor(0.01).value_or(cholesky<11>{});
                            const auto x = std::span<const double, 11>{xs.data(), 11};
                            h.add(factor.squared_distance(x));
                            (void)factor.update(x, 0.5);
                            h.add(factor.squared_distance(x));
                            (void)factor.downdate(x, 0.25);
                            h.add(factor.squared_distance(x));
                          }};

/// One by one, in blocks, by weight, merged, asked and read back.
template <typename T, std::uint16_t K, std::size_t Buffer>
void drive_kll(bit_hash& h) {
  using sketch = kll<T, K, Buffer>;
  skerry::splitmix64 random{16};
  static std::array<T, 1700> xs{};
  static std::array<std::byte, sketch::max_encoded_size> image{};
  const auto add = [&](const sketch& s) {
    skerry::byte_writer out{image};
    (void)s.encode(out);
    h.add(out.written());
  };
  sketch all{1};
  for (std::uint64_t part = 0; part < 6; ++part) {
    sketch s{part};
    for (T& x : xs) {
      x = static_cast<T>(1000 * skerry::normal(random));
    }
    (void)s.observe(xs);
    add(s);
    for (std::size_t i = 0; i < 500; ++i) {
      (void)s.observe(xs[i]);
    }
    (void)s.observe(xs[0], 12345);
    add(s);
    all.merge(s);
    add(all);
    for (int i = 0; i <= 20; ++i) {
      h.add(static_cast<double>(all.quantile(i / 20.0).value_or(T{0})));
    }
    h.add(all.rank(xs[0]).value_or(-1));
  }
  add(all);
  skerry::byte_writer out{image};
  (void)all.encode(out);
  skerry::byte_reader in{out.written()};
  sketch back = sketch::decode(in, 3).value_or(sketch{0});
  (void)back.observe(xs);
  add(back);
  h.add(back.rank_error());
}
const bits_of quantiles{"stats.kll.float.200", &drive_kll<float, 200, 0>};
const bits_of quantiles_buffered{"stats.kll.float.200.512", &drive_kll<float, 200, 512>};
const bits_of quantiles_small{"stats.kll.float.64", &drive_kll<float, 64, 0>};
const bits_of quantiles_double{"stats.kll.double.100", &drive_kll<double, 100, 0>};
const bits_of quantiles_integer{"stats.kll.int64.32", &drive_kll<std::int64_t, 32, 0>};

}  // namespace
