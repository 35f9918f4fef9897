// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/calibration.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <cstddef>

namespace skerry::inline v0::anomaly::detail {

/// How many false alarms a judge may raise.
struct alarm_budget {
  double per_day = 0;
  double rows_per_day = 0;
};

/// From where on a judge's score is high, from where on it is calm, and its middle.
struct judged_level {
  float enter = 0;
  float leave = 0;
  float middle = 0;
  bool resolved = false;  ///< the references reach as far as `enter`

  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.enter);
    f(self.leave);
    f(self.middle);
    f(self.resolved);
  }
  [[nodiscard]] bool sound() const noexcept { return enter - enter == 0 && leave <= enter && leave - leave == 0 && middle - middle == 0; }

  /// 0 in the middle, 1 at `level`, never negative.
  [[nodiscard]] float strength(float score, float level) const noexcept {
    const float span = level - middle;
    return span > 0 ? std::clamp((score - middle) / span, 0.0F, 1e30F) : (score >= level ? 1.0F : 0.0F);
  }
};

/// The levels of a judge, from the scores of rows that it has not learnt.
///
/// A level beyond the references rests on the mean excess of a few rows; an exponential's mean of n values has the relative standard
/// error 1 / sqrt(n), and two of them are added. Neighbours share rows of their shingles: `overlap` of them count as one.
template <typename Calibration>
[[nodiscard]] result<judged_level> level_of(const Calibration& scores, const alarm_budget& wanted, std::size_t overlap) noexcept {
  const auto level = scores.for_alarms(wanted.per_day, wanted.rows_per_day);
  const auto calm = scores.for_contamination(0.1);
  const auto middle = scores.for_contamination(0.5);
  if (!level || !calm || !middle) {
    return level ? (calm ? middle.error() : calm.error()) : level.error();
  }
  judged_level out{};
  out.resolved = level.value().resolved;
  out.enter = level.value().enter();
  if (!out.resolved) {
    const double tail = static_cast<double>(scores.size()) / static_cast<double>(Calibration::least_for_tail * overlap);
    const float from = scores.for_contamination(1.0 / static_cast<double>(Calibration::least_for_tail)).value().value;
    const float least = threshold{scores.greatest().value(), true}.enter();
    out.enter = std::max(least, from + (out.enter - from) * static_cast<float>(1 + 2 / math::sqrt(tail)));
  }
  out.leave = std::min(calm.value().value, out.enter);
  out.middle = middle.value().value;
  return out;
}

}  // namespace skerry::inline v0::anomaly::detail
