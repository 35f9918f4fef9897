// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::testing {

/// Geometry of a rolling bearing with a standing outer ring, and the frequencies at which its parts pass each other.
///
/// Units   mm; orders are multiples of the shaft frequency
/// Source  R. B. Randall, J. Antoni, "Rolling element bearing diagnostics: a tutorial", MSSP 25 (2011), equations 1 to 4, contact angle 0
struct bearing_geometry {
  int balls = 8;
  double ball_diameter = 15.08;
  double pitch_diameter = 65.0;

  [[nodiscard]] constexpr double ratio() const noexcept { return ball_diameter / pitch_diameter; }
  [[nodiscard]] constexpr double bpfo() const noexcept { return 0.5 * balls * (1 - ratio()); }             ///< outer ring
  [[nodiscard]] constexpr double bpfi() const noexcept { return 0.5 * balls * (1 + ratio()); }             ///< inner ring
  [[nodiscard]] constexpr double bsf() const noexcept { return (1 - ratio() * ratio()) / (2 * ratio()); }  ///< both rings, one ball
  [[nodiscard]] constexpr double ftf() const noexcept { return 0.5 * (1 - ratio()); }                      ///< cage
};

/// What a kind of machine looks and sounds like; `cnc_machine` draws the individual machine from it and a seed.
///
/// Units   g, Hz, s, A, K; amplitudes are those at 3000 rpm and full load
struct cnc_profile {
  float sample_rate = 3200;
  float counts_per_g = 2048;  ///< int16 counts, so the range is +-16 g

  bearing_geometry bearing{};
  double bearing_tolerance = 0.02;  ///< the individual machine differs by up to this share

  float rpm_least = 600, rpm_most = 6000;
  std::array<float, 3> shaft{0.25F, 0.10F, 0.05F};       ///< 1x, 2x, 3x; they grow with rpm squared
  std::array<float, 3> tooth_pass{0.30F, 0.15F, 0.08F};  ///< harmonics 1 to 3, times load
  float broadband_idle = 0.05F, broadband_load = 0.10F;  ///< idle + load * sqrt(load), through the modes
  std::array<float, 3> axis_gain{1.0F, 0.8F, 0.5F};

  std::array<double, 2> mode{640, 1050};
  double mode_tolerance = 0.03;
  double damping_least = 0.02, damping_most = 0.04;

  double stock_variation = 0.03;  ///< of the load along a cut
  double current_idle = 3.0, current_load = 0.15;
  double head_time_constant = 1200, ambient = 21, ambient_swing = 8;
  double coolant_flow = 12;  ///< l/min

  float impulse_peak = 2;      ///< g at severity 1
  double wear_seconds = 2400;  ///< cutting time from a new tool to severity

  /// A hall of milling machines with one three-axis accelerometer at each spindle head.
  static const cnc_profile hall;
};

inline constexpr cnc_profile cnc_profile::hall{};

}  // namespace skerry::inline v0::testing
