// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/decision_log.hpp>
#include <skerry/anomaly/episode_peaks.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/scaler.hpp>
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/random.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <span>

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

/// Learns, judges, and alarms over steps and blows; every number of every window.
void drive_watch(bit_hash& h) {
  static signal_watch<> watch;
  h.add(static_cast<std::uint64_t>(signal_watch<>::create(watch, {.seed = 5, .window = 32}).error()));
  decision_log log;
  skerry::pcg32 random{3};
  for (std::uint32_t i = 0; i < 32 * 260; ++i) {
    const float noise = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    const float blow = i >= 32 * 230 && i % 24 == 0 ? 4.0F : 0.0F;
    const auto done = watch.observe(noise + blow + static_cast<float>(i % 50) / 25.0F);
    if (done.value_or(false)) {
      (void)log.add(watch.decision());
      h.add(static_cast<std::uint64_t>(watch.decision().state));
      h.add(watch.decision().score);
      h.add(watch.decision().level);
      for (const float x : watch.latest()) {
        h.add(x);
      }
    }
  }
  h.add(std::uint64_t{watch.alarms()});
  h.add(std::uint64_t{log.crc()});
}
const bits_of watch_bits{"anomaly.signal_watch", drive_watch};

/// A column that leaves its place, is slowly followed, and alarms; the peaks of its episodes.
void drive_shift(bit_hash& h) {
  static auto chart = shift_chart::create({.alarms_per_row = 1e-4}).value();
  episode_peaks<4> peaks;
  skerry::pcg32 random{8};
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const float x = static_cast<float>(skerry::normal(random)) + (i > 3000 && i < 3200 ? 3.0F : 0.0F) + static_cast<float>(i) / 2000.0F;
    h.add(static_cast<std::uint64_t>(chart.observe(x)));
    h.add(chart.residual(x));
    h.add(chart.level());
    h.add(chart.strength());
    if (i % 100 == 99) {
      peaks.observe(chart.strength(), i);
      h.add(peaks.least_level(1e-3, i));
    }
  }
}
const bits_of shift_bits{"anomaly.shift_chart", drive_shift};

void drive_scales(bit_hash& h) {
  scaler<2, standard_scale> scale;
  skerry::pcg32 random{9};
  constexpr std::array<float, 2> lo{-2, -1}, step{60, 100};
  const quantizer_view<std::int16_t> codes{lo, step};
  for (int i = 0; i < 500; ++i) {
    const std::array<float, 2> row{static_cast<float>(skerry::normal(random)), static_cast<float>(random() % 1000) / 700.0F};
    std::array<float, 2> scaled{};
    h.add(static_cast<std::uint64_t>(scale.observe(std::span<const float, 2>{row}).error()));
    h.add(static_cast<std::uint64_t>(scale.scale(std::span<const float, 2>{row}, std::span<float, 2>{scaled}).error()));
    for (std::size_t j = 0; j < 2; ++j) {
      h.add(scaled[j]);
      h.add(static_cast<std::uint64_t>(static_cast<std::uint16_t>(codes.code(j, row[j]))));
    }
  }
}
const bits_of scale_bits{"anomaly.standard_scale", drive_scales};

}  // namespace
