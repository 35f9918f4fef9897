// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/stats/drift.hpp>
#include <skerry/stats/kll.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace {

using namespace skerry::stats;
using skerry_test::bit_hash;
using skerry_test::bits_of;

/// Steps and drift, the event and the image after every value.
template <typename Detector>
void drive(bit_hash& h, Detector detector) {
  skerry::splitmix64 random{77};
  double level = 0;
  std::array<std::byte, 2048> image{};
  for (int i = 0; i < 3000; ++i) {
    level += i % 500 == 0 ? 2 * skerry::normal(random) : 0.001;
    const auto x = static_cast<typename Detector::value_type>(level + skerry::normal(random));
    const auto event = detector.observe(x);
    h.add(event ? static_cast<std::uint64_t>(event.value()) : 99);
    skerry::byte_writer out{image};
    (void)detector.encode(out);
    h.add(out.written());
  }
}

const bits_of rises{"stats.page_hinkley.double", [](bit_hash& h) { drive(h, page_hinkley::create({0.05, 20, 0.999, 20}).value()); }};
const bits_of rises_f{"stats.page_hinkley.float", [](bit_hash& h) {
                        drive(h, basic_page_hinkley<float>::create({0.05, 20, 1, 20}).value());
                      }};
const bits_of sums{"stats.cusum.double", [](bit_hash& h) { drive(h, cusum::create({0.5, 5, 0, 1, 40, true}).value()); }};
const bits_of sums_f{"stats.cusum.float", [](bit_hash& h) { drive(h, basic_cusum<float>::create({0.5, 5, 0, 1, 0, false}).value()); }};

const bits_of window{"stats.adwin.double", [](bit_hash& h) { drive(h, adwin<>::create({0.01, 8}).value()); }};
const bits_of window_f{"stats.adwin.float", [](bit_hash& h) { drive(h, adwin<6, float>::create({0.01, 8}).value()); }};
const bits_of newest{"stats.kswin.double", [](bit_hash& h) { drive(h, kswin<>::create({0.01}).value()); }};
const bits_of newest_f{"stats.kswin.float", [](bit_hash& h) { drive(h, kswin<40, 15, float>::create({0.01}).value()); }};

const bits_of distances{"stats.ks", [](bit_hash& h) {
                          skerry::splitmix64 random{78};
                          for (std::uint64_t round = 0; round < 10; ++round) {
                            kll<float, 64> a{round};
                            kll<float, 64> b{round + 50};
                            for (int i = 0; i < 700; ++i) {
                              (void)a.observe(static_cast<float>(skerry::normal(random)));
                              (void)b.observe(static_cast<float>(skerry::normal(random) + 0.1 * static_cast<double>(round)));
                            }
                            const auto d = ks(a, b).value();
                            h.add(d.distance);
                            h.add(d.p_value());
                            h.add(d.limit(0.01));
                            h.add(psi(a, b).value());
                          }
                        }};

}  // namespace
