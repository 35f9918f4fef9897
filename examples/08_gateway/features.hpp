// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "record.hpp"

#include <skerry/testing/cnc_features.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

// What the rows of a simulated machine are called, and the spectra of the report.
namespace gateway {

inline constexpr std::size_t feature_count = skerry::testing::cnc_feature_count;
using feature_row = skerry::testing::cnc_features;
using second_window = skerry::testing::cnc_second;
using mode_baseline = skerry::testing::cnc_baseline;

/// Names, units and, in the words of a maintenance engineer, what to check when it rises.
inline std::vector<indicator> feature_names() {
  const auto make = [](const char* name, const char* unit, const char* means, bool specific = false) {
    indicator i;
    i.name = name;
    i.unit = unit;
    i.means = means;
    i.specific = specific;
    return i;
  };
  return {
      make("vibration of all axes", "dB", "what is loose, out of balance or worn; see which other indicator rose with it"),
      make("impulsiveness of the vibration", "dB", "bearing or gear damage: something strikes once per turn or per ball"),
      make("ringing of the spindle head", "dB", "spindle bearing, lubrication; then tool and clamping"),
      make("ringing at the outer-ring frequency", "dB", "outer ring of the spindle bearing: listen, grease, plan its replacement", true),
      make("ringing at the inner-ring frequency", "dB", "inner ring of the spindle bearing: listen, grease, plan its replacement", true),
      make("shaft line, once per turn", "dB", "balance of spindle and tool holder, clamping", true),
      make("tooth-pass line", "dB", "tool wear, a chipped tooth, feed per tooth", true),
      make("spindle current for the load", "%", "tool wear, spindle drive, lubrication", true)};
}

/// Envelope spectrum of one second, 1 Hz steps: where a damaged bearing shows.
inline std::vector<float> envelope_spectrum(const second_window& w, const skerry::testing::cnc_profile& profile, std::size_t most_hz) {
  const skerry::testing::cnc_envelope ringing = w.envelope(profile);
  std::vector<float> out;
  const double rate = static_cast<double>(profile.sample_rate) / 2;
  for (std::size_t hz = 2; hz <= most_hz; ++hz) {
    out.push_back(static_cast<float>(std::sqrt(skerry::testing::line_power(ringing.view(), static_cast<double>(hz) / rate)) /
                                     static_cast<double>(profile.counts_per_g)));
  }
  return out;
}

}  // namespace gateway
