// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/refit_gate.hpp>

#include <algorithm>
#include <array>

// What follows from the settings of a monitor: whether they can be, its latch for known failures, and who gets which part of the budget.
namespace skerry::inline v0::anomaly::detail {

inline constexpr int most_latch_rows = 32;

[[nodiscard]] inline bool possible_settings(const monitor_config& c) noexcept {
  const auto positive = [](double x) { return x > 0 && x - x == 0; };
  latch_config latch = c.latch;
  latch.enter = latch.leave = 0;
  return positive(c.alarms_per_day) && (c.rows_per_day == 0 || positive(c.rows_per_day)) && c.known_threshold > 0 &&
         c.known_threshold <= 1 && c.max_gap_ms >= 0 && (c.horizon == 0 || positive(c.horizon)) && alarm_latch::create(latch) &&
         c.latch.n <= most_latch_rows;
}

[[nodiscard]] inline alarm_latch latch_of_known(const monitor_config& c) noexcept {
  latch_config levels = c.latch;
  levels.enter = levels.leave = c.known_threshold;
  return alarm_latch::create(levels).value();
}

// False alarms per row: more than one is no budget, and none at all is none either.
[[nodiscard]] inline double budget_per_row(const monitor_config& c, double rows_per_day) noexcept {
  return rows_per_day > 0 ? std::clamp(c.alarms_per_day / rows_per_day, 1e-200, 1.0) : 0.0;
}
// Half of the budget is the charts', a quarter the forest's, an eighth each that of T² and Q.
[[nodiscard]] inline std::array<double, row_judge_count> shares_per_row(const monitor_config& c, double rows_per_day) noexcept {
  const double all = budget_per_row(c, rows_per_day);
  return {all / 4, all / 8, all / 8};
}
[[nodiscard]] inline judge_budgets budgets_of(const monitor_config& c, double rows_per_day) noexcept {
  return {c.latch, {c.alarms_per_day / 4, rows_per_day}, {c.alarms_per_day / 8, rows_per_day}};
}
[[nodiscard]] inline refit_gate gate_of(const monitor_config& c, double rows_per_day) noexcept {
  return refit_gate::create({.budget_per_row = budget_per_row(c, rows_per_day)}).value();
}

}  // namespace skerry::inline v0::anomaly::detail
