// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/testing/cnc_machine.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// From ten blocks of waveform and slow channels to one row per second, and from there to the distance from the machine's own normal
// in the same operating mode: what detectors and models of the simulated machine are fed with. No libm, so the same bits everywhere.
namespace skerry::inline v0::testing {

inline constexpr std::size_t cnc_feature_count = 8;
using cnc_features = std::array<float, cnc_feature_count>;

/// Their names, in order.
inline constexpr std::array<const char*, cnc_feature_count> cnc_feature_names{"vibration",  "impulsiveness", "ringing",    "outer_ring",
                                                                              "inner_ring", "shaft_line",    "tooth_pass", "current"};

/// Power of `x` around one frequency (Goertzel 1958); the mean must have been taken out.
[[nodiscard]] inline double line_power(std::span<const float> x, double turns_per_sample) noexcept {
  const double c = 2 * math::cos(2 * math::pi * turns_per_sample);
  double s1 = 0, s2 = 0;
  for (const float v : x) {
    const double s = static_cast<double>(v) + c * s1 - s2;
    s2 = s1;
    s1 = s;
  }
  const double n = static_cast<double>(x.size());
  return 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (n * n);
}

/// What rings after impulses, once the mean is out.
struct cnc_envelope {
  std::array<float, 10 * cnc_block::max_samples / 2> samples{};
  std::size_t size = 0;
  double level = 0;  ///< the mean
  [[nodiscard]] std::span<const float> view() const noexcept { return {samples.data(), size}; }
};

/// One second of one machine while it is collected.
///
/// Cost    30 KB and no heap; `features` takes some ten passes over the samples
class cnc_second {
 public:
  static constexpr std::size_t blocks = 10;

  void clear() {
    size_ = 0;
    axes_ = {};
    rpm_ = {};
    load_ = {};
    current_ = {};
    count_ = missing_ = stuck_ = 0;
    counts_per_g_ = 1;
  }

  void add(const cnc_block& b, const cnc_profile& profile) {
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
    std::array<float, cnc_block::max_samples> g;
    for (std::size_t a = 0; a < 3; ++a) {
      const auto axis = b.axis(a);
      std::transform(axis.begin(), axis.end(), g.begin(), [](std::int16_t v) { return static_cast<float>(v); });
      const std::span<const float> block{g.data(), axis.size()};
      const auto [least, most] = std::minmax_element(block.begin(), block.end());
      stuck_ += *least == *most ? 1U : 0U;
      axes_[a].observe(block);
      if (a == 0) {
        for (std::size_t i = 0; i < block.size() && size_ < samples_.size(); ++i) {
          samples_[size_++] = block[i];
        }
      }
    }
  }

  [[nodiscard]] bool full() const { return count_ == blocks; }
  [[nodiscard]] std::size_t missing() const { return missing_; }
  [[nodiscard]] bool stuck() const { return stuck_ > 0; }
  [[nodiscard]] const cnc_slow& slow() const { return last_; }
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
  [[nodiscard]] cnc_envelope envelope(const cnc_profile& profile) const noexcept {
    const double omega = 2 * math::pi * profile.mode[1] / static_cast<double>(profile.sample_rate);
    const auto a1 = static_cast<float>(2 * 0.8 * math::cos(omega));
    constexpr float a2 = 0.64F;
    cnc_envelope out;
    out.size = size_ / 2;
    float y1 = 0, y2 = 0, x1 = 0, x2 = 0;
    float pair = 0;
    for (std::size_t i = 0; i < 2 * out.size; ++i) {
      const float x = samples_[i];
      const float y = a1 * y1 + (x - x2 - a2 * y2);  // zeros at 0 and half the rate: slow shaft lines stay out
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      pair += math::fabs(y);
      if (i % 2 == 1) {
        out.samples[i / 2] = pair;
        out.level += static_cast<double>(pair);
        pair = 0;
      }
    }
    out.level /= static_cast<double>(out.size == 0 ? 1 : out.size);
    for (std::size_t i = 0; i < out.size; ++i) {
      out.samples[i] -= static_cast<float>(out.level);
    }
    return out;
  }

  [[nodiscard]] cnc_features features(const cnc_machine& machine) const {
    const cnc_profile& profile = machine.profile();
    // Below these a line is noise, and its ups and downs mean nothing.
    constexpr double line_floor = 400, ringing_floor = 1000;  // counts squared: about 0.01 g
    constexpr double ln10 = 2.30258509299404568402;
    const auto decibel = [](double power) { return static_cast<float>(10 / ln10 * math::log(std::max(power, 1e-6))); };
    const double rate = static_cast<double>(profile.sample_rate);
    double total = 0;
    for (const auto& axis : axes_) {
      total += axis.variance_population().value_or(0.0);
    }
    const cnc_envelope ringing = envelope(profile);
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
            static_cast<float>(20 / ln10 * math::log(std::max(ringing.level, 1e-3))),
            decibel(ringing_floor + lines(ringing.view(), machine.bearing().bpfo() * fr, rate / 2, 3)),
            decibel(ringing_floor + lines(ringing.view(), machine.bearing().bpfi() * fr, rate / 2, 3)),
            decibel(line_floor + lines(view(), fr, rate, 1)),
            decibel(line_floor + (cutting ? lines(view(), teeth(machine) * fr, rate, 2) : 0.0)),
            static_cast<float>(100 * math::log(std::max(cutting ? current / (20 + load()) : current, 1e-3)))};
  }

 private:
  /// The tool table of the machine: how many teeth the tool in the spindle has.
  [[nodiscard]] double teeth(const cnc_machine& machine) const {
    for (const auto& program : machine.programs()) {
      for (std::size_t s = 0; s < program.size; ++s) {
        if (program.segments[s].tool == last_.tool) {
          return program.segments[s].teeth;
        }
      }
    }
    return 2;
  }

  [[nodiscard]] std::span<const float> view() const noexcept { return {samples_.data(), size_}; }

  std::array<float, blocks * cnc_block::max_samples> samples_{};  ///< first axis, in counts
  std::size_t size_ = 0;
  array_of<stats::moments<float, 4>, 3> axes_{};
  stats::moments<double, 2> rpm_{}, load_{}, current_{};
  cnc_slow last_{};
  std::size_t count_ = 0, missing_ = 0, stuck_ = 0;
  float counts_per_g_ = 1;
};

/// A row as the distance from the normal of its operating mode.
struct cnc_distance {
  cnc_features natural{};  ///< in dB and %, for people
  cnc_features scaled{};   ///< in standard deviations of that mode, for the judge: quiet and loud modes weigh alike
};

/// What is normal in each operating mode.
class cnc_baseline {
 public:
  static constexpr std::uint64_t enough = 30;   ///< rows of a mode before distances from it mean something
  static constexpr std::uint64_t frozen = 400;  ///< after so many the mode is known and moves no more

  static constexpr std::size_t modes = 32;

  /// Nothing while the mode is being learned. `teach` is false while anything looks suspicious: a fault must not become normal.
  /// Errors  `insufficient`: the mode is being learned; `full`: one mode too many
  [[nodiscard]] result<cnc_distance> observe(std::uint16_t mode, const cnc_features& row, bool teach) noexcept {
    mode_moments* known = find(mode);
    if (known == nullptr) {
      return errc::full;
    }
    auto& columns = known->columns;
    result<cnc_distance> out{errc::insufficient};
    if (columns[0].count() >= enough) {
      cnc_distance d;
      for (std::size_t i = 0; i < cnc_feature_count; ++i) {
        const double distance = static_cast<double>(row[i]) - columns[i].mean().value_or(0.0);
        d.natural[i] = static_cast<float>(distance);
        // A channel that is constant in this mode (the tooth-pass line where nothing is cut) has no scale of its own.
        d.scaled[i] = static_cast<float>(distance / std::max(columns[i].stddev().value_or(0.0), least_spread));
      }
      out = d;
    }
    if (teach && columns[0].count() < frozen) {
      for (std::size_t i = 0; i < cnc_feature_count; ++i) {
        (void)columns[i].observe(static_cast<double>(row[i]));  // finite: `features` has floors
      }
    }
    return out;
  }

 private:
  struct mode_moments {
    std::uint16_t mode = 0;
    array_of<stats::moments<double, 2>, cnc_feature_count> columns{};
  };
  mode_moments* find(std::uint16_t mode) noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (known_[i].mode == mode) {
        return &known_[i];
      }
    }
    if (count_ == modes) {
      return nullptr;
    }
    known_[count_].mode = mode;
    return &known_[count_++];
  }

  static constexpr double least_spread = 0.05;  ///< dB or %: what is smaller is of no interest to anybody
  array_of<mode_moments, modes> known_{};
  std::size_t count_ = 0;
};

}  // namespace skerry::inline v0::testing
