// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "record.hpp"

#include <skerry/stats/moments.hpp>
#include <skerry/testing/cnc_machine.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

// From ten blocks of waveform and slow channels to one row per second, and from there to the distance from the machine's own normal
// in the same operating mode.
namespace gateway {

inline constexpr std::size_t feature_count = 8;
using feature_row = std::array<float, feature_count>;

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

/// Power of `x` around one frequency (Goertzel 1958); the mean must have been taken out.
inline double line_power(std::span<const float> x, double turns_per_sample) {
  const double c = 2 * std::cos(2 * 3.14159265358979323846 * turns_per_sample);
  double s1 = 0, s2 = 0;
  for (const float v : x) {
    const double s = static_cast<double>(v) + c * s1 - s2;
    s2 = s1;
    s1 = s;
  }
  const double n = static_cast<double>(x.size());
  return 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (n * n);
}

/// One second of one machine while it is collected.
class second_window {
 public:
  static constexpr std::size_t blocks = 10;

  void clear() {
    samples_.clear();
    axes_ = {};
    rpm_ = {};
    load_ = {};
    current_ = {};
    count_ = missing_ = stuck_ = 0;
    counts_per_g_ = 1;
  }

  void add(const skerry::testing::cnc_block& b, const skerry::testing::cnc_profile& profile) {
    counts_per_g_ = profile.counts_per_g;
    ++count_;
    // What `observe` refuses (NaN) it counts itself.
    (void)rpm_.observe(static_cast<double>(b.slow.spindle_rpm));
    (void)load_.observe(static_cast<double>(b.slow.load));
    (void)current_.observe(static_cast<double>(b.slow.spindle_current));
    last_ = b.slow;
    if (!b.waveform_present) {
      ++missing_;
      return;
    }
    std::array<float, skerry::testing::cnc_block::max_samples> g;
    for (std::size_t a = 0; a < 3; ++a) {
      const auto axis = b.axis(a);
      std::transform(axis.begin(), axis.end(), g.begin(), [](std::int16_t v) { return static_cast<float>(v); });
      const std::span<const float> block{g.data(), axis.size()};
      const auto [least, most] = std::minmax_element(block.begin(), block.end());
      stuck_ += *least == *most ? 1U : 0U;
      axes_[a].observe(block);
      if (a == 0) {
        samples_.insert(samples_.end(), block.begin(), block.end());
      }
    }
  }

  [[nodiscard]] bool full() const { return count_ == blocks; }
  [[nodiscard]] std::size_t missing() const { return missing_; }
  [[nodiscard]] bool stuck() const { return stuck_ > 0; }
  [[nodiscard]] const skerry::testing::cnc_slow& slow() const { return last_; }
  [[nodiscard]] double rpm() const { return rpm_.mean().value_or(0.0); }
  [[nodiscard]] double load() const { return load_.mean().value_or(0.0); }

  /// Speed and load hold still, so that the second belongs to one operating mode.
  [[nodiscard]] bool steady() const {
    return rpm() > 300 && rpm_.stddev().value_or(1e9) < 0.004 * rpm() && load_.stddev().value_or(1e9) < 1.2;
  }
  /// Program and tool while cutting; one common mode while the spindle idles; 0 for everything between.
  [[nodiscard]] std::uint16_t mode() const {
    if (load() > 4) {
      return static_cast<std::uint16_t>(last_.program * 32 + last_.tool);
    }
    return last_.guard_open ? std::uint16_t{1} : std::uint16_t{0};
  }

  /// Ringing near the upper mode, rectified, its mean taken out, at half the sampling rate.
  [[nodiscard]] std::vector<float> envelope(const skerry::testing::cnc_profile& profile, double* level = nullptr) const {
    const double omega = 2 * 3.14159265358979323846 * profile.mode[1] / static_cast<double>(profile.sample_rate);
    const auto a1 = static_cast<float>(2 * 0.8 * std::cos(omega));
    constexpr float a2 = 0.64F;
    std::vector<float> out(samples_.size() / 2);
    float y1 = 0, y2 = 0, x1 = 0, x2 = 0;
    float pair = 0;
    for (std::size_t i = 0; i < 2 * out.size(); ++i) {
      const float x = samples_[i];
      const float y = a1 * y1 + (x - x2 - a2 * y2);  // zeros at 0 and half the rate: slow shaft lines stay out
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      pair += std::fabs(y);
      if (i % 2 == 1) {
        out[i / 2] = pair;
        pair = 0;
      }
    }
    double mean = 0;
    for (const float v : out) {
      mean += static_cast<double>(v);
    }
    mean /= std::max<double>(1, static_cast<double>(out.size()));
    for (float& v : out) {
      v -= static_cast<float>(mean);
    }
    if (level != nullptr) {
      *level = mean;
    }
    return out;
  }

  [[nodiscard]] feature_row features(const skerry::testing::cnc_machine& machine) const {
    const skerry::testing::cnc_profile& profile = machine.profile();
    // Below these a line is noise, and its ups and downs mean nothing.
    constexpr double line_floor = 400, ringing_floor = 1000;  // counts squared: about 0.01 g
    const auto decibel = [](double power) { return static_cast<float>(10 * std::log10(std::max(power, 1e-6))); };
    const double rate = static_cast<double>(profile.sample_rate);
    double total = 0;
    for (const auto& axis : axes_) {
      total += axis.variance_population().value_or(0.0);
    }
    double level = 0;
    const std::vector<float> ringing = envelope(profile, &level);
    const double fr = rpm() / 60;
    const auto lines = [&](std::span<const float> x, double hz, double x_rate, int harmonics) {
      double sum = 0;
      for (int h = 1; h <= harmonics && h * hz < 0.45 * x_rate; ++h) {
        sum += line_power(x, h * hz / x_rate);
      }
      return sum;
    };
    const bool cutting = load() > 4;
    const double current = current_.mean().value_or(0.0);
    return {decibel(total),
            decibel(axes_[0].kurtosis_excess().value_or(0.0) + 3.0),
            static_cast<float>(20 * std::log10(std::max(level, 1e-3))),
            decibel(ringing_floor + lines(ringing, machine.bearing().bpfo() * fr, rate / 2, 3)),
            decibel(ringing_floor + lines(ringing, machine.bearing().bpfi() * fr, rate / 2, 3)),
            decibel(line_floor + lines(samples_, fr, rate, 1)),
            decibel(line_floor + (cutting ? lines(samples_, teeth(machine) * fr, rate, 2) : 0.0)),
            static_cast<float>(100 * std::log(std::max(cutting ? current / (20 + load()) : current, 1e-3)))};
  }

 private:
  /// The tool table of the machine: how many teeth the tool in the spindle has.
  [[nodiscard]] double teeth(const skerry::testing::cnc_machine& machine) const {
    for (const auto& program : machine.programs()) {
      for (std::size_t s = 0; s < program.size; ++s) {
        if (program.segments[s].tool == last_.tool) {
          return program.segments[s].teeth;
        }
      }
    }
    return 2;
  }

  std::vector<float> samples_;  ///< first axis, in counts
  std::array<skerry::stats::moments<float, 4>, 3> axes_{};
  skerry::stats::moments<double, 2> rpm_{}, load_{}, current_{};
  skerry::testing::cnc_slow last_{};
  std::size_t count_ = 0, missing_ = 0, stuck_ = 0;
  float counts_per_g_ = 1;
};

/// A row as the distance from the normal of its operating mode.
struct distance_row {
  feature_row natural{};  ///< in dB and %, for people
  feature_row scaled{};   ///< in standard deviations of that mode, for the judge: quiet and loud modes weigh alike
};

/// What is normal in each operating mode.
class mode_baseline {
 public:
  static constexpr std::uint64_t enough = 30;   ///< rows of a mode before distances from it mean something
  static constexpr std::uint64_t frozen = 400;  ///< after so many the mode is known and moves no more

  /// Nothing while the mode is being learned. `teach` is false while anything looks suspicious: a fault must not become normal.
  std::optional<distance_row> observe(std::uint16_t mode, const feature_row& row, bool teach) {
    auto& known = modes_[mode];
    std::optional<distance_row> out;
    if (known[0].count() >= enough) {
      out.emplace();
      for (std::size_t i = 0; i < feature_count; ++i) {
        const double distance = static_cast<double>(row[i]) - known[i].mean().value_or(0.0);
        out->natural[i] = static_cast<float>(distance);
        // A channel that is constant in this mode (the tooth-pass line where nothing is cut) has no scale of its own.
        out->scaled[i] = static_cast<float>(distance / std::max(known[i].stddev().value_or(0.0), least_spread));
      }
    }
    if (teach && known[0].count() < frozen) {
      for (std::size_t i = 0; i < feature_count; ++i) {
        (void)known[i].observe(static_cast<double>(row[i]));
      }
    }
    return out;
  }

 private:
  static constexpr double least_spread = 0.05;  ///< dB or %: what is smaller is of no interest to anybody
  std::map<std::uint16_t, std::array<skerry::stats::moments<double, 2>, feature_count>> modes_;
};

/// Envelope spectrum of one second, 1 Hz steps: where a damaged bearing shows.
inline std::vector<float> envelope_spectrum(const second_window& w, const skerry::testing::cnc_profile& profile, std::size_t most_hz) {
  const std::vector<float> ringing = w.envelope(profile);
  std::vector<float> out;
  const double rate = static_cast<double>(profile.sample_rate) / 2;
  for (std::size_t hz = 2; hz <= most_hz; ++hz) {
    out.push_back(
        static_cast<float>(std::sqrt(line_power(ringing, static_cast<double>(hz) / rate)) / static_cast<double>(profile.counts_per_g)));
  }
  return out;
}

}  // namespace gateway
