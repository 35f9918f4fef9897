// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats.hpp>

#include "same_bits/same_bits.hpp"

#include <array>

namespace {

using namespace skerry::stats;
using skerry::ticks;
using skerry_test::bit_hash;
using skerry_test::bits_of;

template <typename S>
void add_image(bit_hash& h, const S& s) {
  static std::array<std::byte, 8000> image{};
  skerry::byte_writer out{image};
  (void)s.encode(out);
  h.add(out.written());
}

template <typename H>
void drive_histogram(bit_hash& h) {
  skerry::splitmix64 random{31};
  H all;
  for (int part = 0; part < 6; ++part) {
    std::array<double, 700> xs{};
    for (double& x : xs) {
      x = skerry::math::exp((1 + part) * skerry::normal(random));
    }
    H s{20 - part, part == 5 ? 0.01 : 0.0};
    (void)s.observe(xs);
    for (int i = 0; i < 100; ++i) {
      (void)s.observe(100 + skerry::normal(random), static_cast<std::uint16_t>(i));
      (void)s.observe(-skerry::uniform01(random));
    }
    add_image(h, s);
    all.merge(s);
    add_image(h, all);
    for (int i = 0; i <= 20; ++i) {
      h.add(all.quantile(i / 20.0).value_or(-1));
    }
    h.add(all.sum().value_or(-1));
    h.add(all.relative_error());
  }
}
const bits_of exponential{"stats.exp_histogram.160", &drive_histogram<exp_histogram<>>};
const bits_of exponential_small{"stats.exp_histogram.20.u32.positive", &drive_histogram<exp_histogram<20, std::uint32_t, signs::positive>>};
const bits_of exponential_wide{"stats.exp_histogram.512", &drive_histogram<exp_histogram<512>>};

const bits_of over_time{"stats.time_window", [](bit_hash& h) {
                          skerry::splitmix64 random{32};
                          auto w = time_window<moments<>, 5>::create({.size = 60, .lateness = 100}).value();
                          const auto closed = [&](ticks start, const moments<>& m) {
                            h.add(static_cast<std::uint64_t>(start));
                            add_image(h, m);
                          };
                          for (int i = 0; i < 3000; ++i) {
                            const ticks t = 7 * i - static_cast<ticks>(random() % 150);
                            (void)w.observe(t, skerry::normal(random), closed);
                          }
                          w.flush(closed);
                          h.add(w.late());
                        }};

const bits_of in_panes{"stats.windowed", [](bit_hash& h) {
                         skerry::splitmix64 random{33};
                         auto w = windowed<moments<>, 6>::create({.values = 17}).value();
                         for (int i = 0; i < 1000; ++i) {
                           (void)w.observe(skerry::normal(random));
                           add_image(h, w.summary());
                         }
                       }};

const bits_of decaying{"stats.decayed", [](bit_hash& h) {
                         skerry::splitmix64 random{34};
                         decayed<moments<>> a{500};
                         decayed<moments<float>> b{500};
                         for (int i = 0; i < 1000; ++i) {
                           const ticks t = 10 * i - static_cast<ticks>(random() % 300);
                           const double x = skerry::normal(random);
                           (void)a.observe(t, x);
                           (void)b.observe(t, static_cast<float>(x));
                           add_image(h, a.summary());
                           add_image(h, b.summary());
                         }
                         h.add(a.weight(20000));
                         h.add(a.rate(20000));
                       }};

const bits_of weighed{
    "stats.smoothed", [](bit_hash& h) {
      skerry::splitmix64 random{35};
      smoothed<weights::learning_rate> a{weights::learning_rate{0.7}};
      smoothed<weights::bounded<weights::harmonic>, float> b{weights::bounded<weights::harmonic>{weights::harmonic{8}, 0.02}};
      smoothed<weights::half_life> c{weights::half_life{30}};
      for (int i = 0; i < 1000; ++i) {
        const double x = skerry::normal(random);
        (void)a.observe(x);
        (void)b.observe(static_cast<float>(x));
        (void)c.observe(x);
        h.add(a.mean().value());
        h.add(b.variance().value());
        h.add(c.stddev().value());
      }
    }};

const bits_of marked{"stats.p2", [](bit_hash& h) {
                       skerry::splitmix64 random{36};
                       p2<> a{0.9};
                       p2<float> b{0.3F};
                       for (int i = 0; i < 2000; ++i) {
                         const double x = skerry::normal(random);
                         (void)a.observe(x);
                         (void)b.observe(static_cast<float>(x));
                         h.add(a.quantile().value());
                         h.add(b.quantile().value());
                       }
                     }};

const bits_of sampled{"stats.reservoir", [](bit_hash& h) {
                        reservoir<50> all{1};
                        skerry::splitmix64 random{37};
                        for (std::uint64_t part = 0; part < 5; ++part) {
                          reservoir<50> r{part};
                          for (int i = 0; i < 3000; ++i) {
                            (void)r.observe(skerry::normal(random));
                          }
                          all.merge(r);
                          add_image(h, r);
                          add_image(h, all);
                          h.add(all.quantile(0.3).value());
                          h.add(all.rank_error(0.05).value());
                        }
                      }};

const bits_of between_edges{"stats.histogram", [](bit_hash& h) {
                              skerry::splitmix64 random{38};
                              auto s = histogram<30>::linear(-2, 3.3).value();
                              for (int i = 0; i < 1000; ++i) {
                                (void)s.observe(skerry::normal(random));
                              }
                              add_image(h, s);
                              for (int i = 0; i <= 20; ++i) {
                                h.add(s.quantile(i / 20.0).value());
                              }
                            }};

const bits_of together{"stats.series", [](bit_hash& h) {
                         skerry::splitmix64 random{39};
                         series<moments<>, extrema<>, kll<double, 64>> s{moments<>{}, extrema<>{}, kll<double, 64>{4}};
                         grouped<int, moments<>, 5> g;
                         blocked<moments<float>> b;
                         for (int i = 0; i < 9000; ++i) {
                           const double x = skerry::normal(random);
                           (void)s.observe(x);
                           (void)g.observe(i % 5, x);
                           (void)b.observe(static_cast<float>(x));
                         }
                         add_image(h, s);
                         g.for_each([&](int, const moments<>& m) { add_image(h, m); });
                         add_image(h, b.summary());
                       }};

}  // namespace
