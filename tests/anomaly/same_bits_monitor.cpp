// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/monitor.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <cstdint>

#include "same_bits/same_bits.hpp"

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

// Small enough for a microcontroller under emulation; a refit and an alarm happen.
struct pocket : default_monitor {
  static constexpr std::size_t lags = 3;
  static constexpr std::size_t history = 200;
  static constexpr std::size_t warm_up = 128;
  static constexpr std::size_t trees = 20;
  static constexpr std::size_t sample = 64;
  static constexpr std::size_t fold = 64;
  static constexpr std::size_t held = 64;
  static constexpr std::size_t quarantine = 64;
  static constexpr std::size_t row_visits = 2000;
};

// Between -3 and 3, mostly near 0; integers only.
float noise(skerry::splitmix64& g) {
  const std::uint64_t r = g();
  const auto sum = (r & 0xFFFFU) + ((r >> 16U) & 0xFFFFU) + ((r >> 32U) & 0xFFFFU) + ((r >> 48U) & 0xFFFFU);
  return (static_cast<float>(sum) - 131070.0F) / 43690.0F;
}

const bits_of latch{"anomaly.alarm_latch", [](bit_hash& h) {
                      auto l = alarm_latch::create({.k = 2, .n = 40, .enter = 1.5F, .leave = 1.0F, .m = 3}).value();
                      skerry::splitmix64 g{11};
                      for (int i = 0; i < 500; ++i) {
                        h.add(static_cast<std::uint64_t>(l.observe(noise(g))));
                      }
                      h.add(std::uint64_t{l.alarms()});
                    }};

const bits_of levels{"anomaly.calibration", [](bit_hash& h) {
                       basic_calibration<float, 512> c{1};
                       skerry::splitmix64 g{12};
                       for (int i = 0; i < 400; ++i) {
                         (void)c.observe(noise(g));
                       }
                       (void)c.merge(c);
                       for (const double per_day : {1e-3, 0.1, 1.0, 20.0, 900.0}) {
                         const auto t = c.for_alarms(per_day, 1440).value_or(threshold{0, false});
                         h.add(t.value);
                         h.add(t.enter());
                       }
                       h.add(c.for_contamination(0.1).value_or(threshold{0, false}).value);
                       h.add(c.p_value(1.0F).value_or(0.0));
                     }};

const bits_of lags{"anomaly.shingler", [](bit_hash& h) {
                     shingler<2, 3> s;
                     skerry::splitmix64 g{13};
                     for (int i = 0; i < 50; ++i) {
                       const std::array<float, 2> row{noise(g), noise(g)};
                       s.observe(row);
                       std::array<float, 6> wide{};
                       (void)s.copy_to(wide);
                       for (const float x : wide) {
                         h.add(x);
                       }
                     }
                   }};

const bits_of gate{"anomaly.refit_gate", [](bit_hash& h) {
                     auto judge = refit_gate::create({.budget_per_row = 0.01}).value();
                     skerry::splitmix64 g{14};
                     for (int i = 0; i < 300; ++i) {
                       judge.observe_reference(g() % 50 == 0);
                       judge.observe_quarantined(g() % 11 != 0);
                       h.add(static_cast<std::uint64_t>(judge.decide()));
                     }
                   }};

const bits_of watch{"anomaly.monitor", [](bit_hash& h) {
                      static monitor<2, no_model, pocket> m;
                      (void)decltype(m)::create(m, {.seed = 5});
                      skerry::splitmix64 g{15};
                      for (std::uint32_t i = 0; i < 900; ++i) {
                        const float shift = i >= 700 && i < 760 ? 8.0F : 0.0F;
                        const std::array<float, 2> row{noise(g) + shift, noise(g) * 100.0F};
                        const auto answer = m.observe(row, i * 1000U);
                        const auto v = answer ? answer.value() : verdict<2>{};
                        h.add(static_cast<std::uint64_t>(v.state));
                        h.add(static_cast<std::uint64_t>(v.alarm_id));
                        h.add(static_cast<std::uint64_t>(v.quality));
                        h.add(static_cast<std::uint64_t>(v.since_raise_ms));
                        h.add(v.score);
                        h.add(v.p_value);
                      }
                      m.counters().for_each([&h](std::string_view, std::uint64_t count) { h.add(count); });
                    }};

}  // namespace
