// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "record.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

// Times, sizes and odds in the words of the reader.
namespace gateway {

/// What the user has to mend before anything can run; `what()` is the whole message.
struct misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string utc(double unix_seconds) {
  // Days to a civil date, proleptic Gregorian: era of 400 years, year of era, day of year counted from March.
  const auto total = static_cast<std::int64_t>(std::floor(unix_seconds));
  std::int64_t days = total / 86400;
  std::int64_t second = total % 86400;
  if (second < 0) {
    second += 86400;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t m = (5 * day_of_year + 2) / 153;
  const std::int64_t month = m < 10 ? m + 3 : m - 9;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
                     day_of_year - (153 * m + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60);
}

/// "42 s", "12 min", "2 h 05 min", "6 days 20 h".
inline std::string span_text(double seconds) {
  if (seconds < 120) {
    return seconds < 10 && seconds != std::floor(seconds) ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
  }
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
  if (minutes < 120) {
    return fmt::format("{} min", minutes);
  }
  if (minutes < 48 * 60) {
    return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  }
  const std::int64_t hours = (minutes + 30) / 60;
  return fmt::format("{} days {} h", hours / 24, hours % 24);
}

inline std::string bytes_text(double bytes) {
  if (bytes < 1000) {
    return fmt::format("{:.0f} B", bytes);
  }
  if (bytes < 1e6) {
    return fmt::format("{:.1f} kB", bytes / 1e3);
  }
  return bytes < 1e9 ? fmt::format("{:.2f} MB", bytes / 1e6) : fmt::format("{:.2f} GB", bytes / 1e9);
}

/// When, as the reader's clock or log would say it: a date where the recording has one, else time since the start.
inline std::string when(const run_record& run, double t) {
  if (run.start_unix > 0) {
    return utc(run.start_unix + t).substr(0, 16);
  }
  const auto s = static_cast<std::int64_t>(std::llround(t));
  return fmt::format("{}:{:02}:{:02} into the run", s / 3600, s / 60 % 60, s % 60);
}

/// How sure an alarm is: how often a row like its rows is expected in normal operation, as far as that can be known.
inline std::string odds_text(double p_value, std::size_t learned_rows, double row_seconds) {
  if (!(p_value * static_cast<double>(learned_rows) > 3)) {
    return fmt::format(
        "several rows in a row stranger than nearly all of the {} it learned from; the limit is set for one false alarm in a week",
        learned_rows);
  }
  return fmt::format("a row like this is expected once in {} of normal operation", span_text(row_seconds / p_value));
}

/// A change against the own normal: "+12 dB", "+3.4 K", "x 2.1".
inline std::string change_text(const indicator& i, float change) {
  const double v = static_cast<double>(change);
  const int decimals = std::fabs(v) >= 100 ? 0 : (std::fabs(v) >= 10 ? 1 : (std::fabs(v) >= 0.1 ? 2 : 4));
  return fmt::format("{}{:.{}f}{}{}", v < 0 ? "\u2212" : "+", std::fabs(v), decimals, i.unit.empty() ? "" : " ", i.unit);
}

}  // namespace gateway
