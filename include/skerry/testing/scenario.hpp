// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::testing {

/// What can happen to a machine of `cnc_machine`, or to one of its sensors.
enum class disturbance : std::uint8_t {
  bearing_outer,   ///< spall on the outer ring: impulses at BPFO with 1 % slip, peak 2s g
  bearing_inner,   ///< spall on the inner ring: impulses at BPFI, strongest once per turn, peak 2s g
  imbalance,       ///< from the next tool change on: 1x amplitude times (1 + 6s)
  tool_wear,       ///< over 40 minutes of cutting: tooth-pass harmonics +60s %, spindle current +25s %
  sensor_stuck,    ///< the accelerometer repeats its last value
  sensor_dropout,  ///< a share s of the waveform blocks is missing
};

/// Whose doing it is: what a detector must blame.
enum class disturbance_class : std::uint8_t { machine, sensor };

[[nodiscard]] constexpr const char* to_string(disturbance d) noexcept {
  switch (d) {
    case disturbance::bearing_outer: return "bearing_outer";
    case disturbance::bearing_inner: return "bearing_inner";
    case disturbance::imbalance: return "imbalance";
    case disturbance::tool_wear: return "tool_wear";
    case disturbance::sensor_stuck: return "sensor_stuck";
    case disturbance::sensor_dropout: return "sensor_dropout";
  }
  return "unknown";
}

[[nodiscard]] constexpr disturbance_class class_of(disturbance d) noexcept {
  return d == disturbance::sensor_stuck || d == disturbance::sensor_dropout ? disturbance_class::sensor : disturbance_class::machine;
}

/// One line of a scenario, and at the same time the truth that a detector is scored against (it never sees it).
struct scenario_entry {
  std::uint16_t machine = 0;  ///< number of the machine, from 1; 0 where the text did not say
  disturbance what = disturbance::bearing_outer;
  double at = 0;         ///< onset, seconds from the start
  float severity = 1;    ///< s of the table, in (0, 1]
  double ramp = 0;       ///< seconds from nothing to the full severity; 0 is a step
  double until = 1e300;  ///< end, seconds from the start; a fault stays until somebody repairs it

  friend constexpr bool operator==(const scenario_entry&, const scenario_entry&) noexcept = default;
};

namespace detail {
/// A plain decimal number (digits, at most one point); no sign, no exponent, no locale.
constexpr bool take_decimal(std::string_view& text, double& out) noexcept {
  std::uint64_t digits = 0;
  double scale = 1;
  std::size_t n = 0;
  bool point = false;
  bool any = false;
  for (; n < text.size(); ++n) {
    const char c = text[n];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') {
      break;
    }
    if (digits > 900'000'000'000'000ULL) {
      return false;  // beyond 2^53 the value would no longer be the one written
    }
    digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
    scale = point ? scale * 10 : scale;
    any = true;
  }
  text.remove_prefix(n);
  out = static_cast<double>(digits) / scale;
  return any;
}

constexpr bool take_char(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}
}  // namespace detail

/// Reads `[MACHINE/]WHAT@AT[-UNTIL][:SEVERITY][+RAMP]`, for example `bearing_outer@3600:0.6` or `2/imbalance@600-1200:0.3+60`.
///
/// Units   AT, UNTIL and RAMP are seconds; SEVERITY is in (0, 1], 1 when left out
/// Errors  `absent`: nothing by the name WHAT; `corrupt`: not of that form; `out_of_range`: a number outside its range
[[nodiscard]] constexpr result<scenario_entry> parse_scenario(std::string_view text) noexcept {
  scenario_entry out;
  double number = 0;
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (!detail::take_decimal(text, number) || !detail::take_char(text, '/')) {
      return errc::corrupt;
    }
    if (number < 1 || number > 65535 || number != static_cast<double>(static_cast<std::uint16_t>(number))) {
      return errc::out_of_range;
    }
    out.machine = static_cast<std::uint16_t>(number);
  }
  const std::size_t at_sign = text.find('@');
  if (at_sign == std::string_view::npos) {
    return errc::corrupt;
  }
  constexpr std::array all{disturbance::bearing_outer, disturbance::bearing_inner, disturbance::imbalance,
                           disturbance::tool_wear,     disturbance::sensor_stuck,  disturbance::sensor_dropout};
  bool known = false;
  for (const disturbance d : all) {
    if (text.substr(0, at_sign) == to_string(d)) {
      out.what = d;
      known = true;
    }
  }
  if (!known) {
    return errc::absent;
  }
  text.remove_prefix(at_sign + 1);
  if (!detail::take_decimal(text, out.at)) {
    return errc::corrupt;
  }
  if (detail::take_char(text, '-')) {
    if (!detail::take_decimal(text, out.until)) {
      return errc::corrupt;
    }
    if (out.until <= out.at) {
      return errc::out_of_range;
    }
  }
  if (detail::take_char(text, ':')) {
    if (!detail::take_decimal(text, number)) {
      return errc::corrupt;
    }
    out.severity = static_cast<float>(number);
    if (!(out.severity > 0) || number > 1) {
      return errc::out_of_range;  // also what is above zero, but not as a float
    }
  }
  if (detail::take_char(text, '+') && !detail::take_decimal(text, out.ramp)) {
    return errc::corrupt;
  }
  if (!text.empty()) {
    return errc::corrupt;
  }
  return out;
}

}  // namespace skerry::inline v0::testing
