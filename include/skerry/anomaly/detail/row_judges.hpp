// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/detail/alarm_level.hpp>
#include <skerry/anomaly/episode_peaks.hpp>
#include <skerry/anomaly/shift_chart.hpp>
#include <skerry/core/array_of.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly::detail {

inline constexpr std::size_t judge_forest = 0, judge_t2 = 1, judge_q = 2, row_judge_count = 3;
using row_scores = std::array<float, row_judge_count>;
using row_levels = array_of<judged_level, row_judge_count>;

struct judge_budgets {
  latch_config latch{};
  alarm_budget forest{};
  alarm_budget linear{};  ///< T² and Q, each
};

/// The latches of the three judges of a shingled row; one alarm stands as long as any of them does.
class row_judges {
 public:
  using present = std::array<bool, row_judge_count>;

  row_judges() = default;
  /// A row shows in `lags` shingles: k odd rows of n make k + lags - 1 high scores of n + lags - 1, and one odd row makes no alarm.
  row_judges(const latch_config& latch, std::size_t lags) noexcept {
    latch_config plain = latch;
    plain.enter = plain.leave = 0;
    plain.k = static_cast<std::uint8_t>(latch.k + lags - 1);
    plain.n = static_cast<std::uint8_t>(latch.n + lags - 1);
    for (alarm_latch& l : latches_) {  // not fill: GCC 12 warns of bytes beyond k
      l = alarm_latch::create(plain).value();
    }
  }

  /// Of another reference, with its levels; standing alarms stand on.
  void set_levels(const row_levels& levels, const present& judges) noexcept {
    levels_ = levels;
    present_ = judges;
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      if (!present_[j]) {  // nobody is left to end its alarm
        latches_[j].reset();
      }
    }
    apply();
  }

  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      alarm_latch::fields(self.latches_[j], f);
      episode_peaks<>::fields(self.peaks_[j], f);
    }
    f(self.peak_);
    f(self.kept_);
    f(self.confirmed_);
  }
  [[nodiscard]] bool sound() const noexcept {
    const auto good = [](float x) { return x - x == 0; };
    return std::all_of(latches_.begin(), latches_.end(), [](const alarm_latch& l) { return l.sound(); }) &&
           std::all_of(peaks_.begin(), peaks_.end(), [](const episode_peaks<>& p) { return p.sound(); }) &&
           std::all_of(peak_.begin(), peak_.end(), good) && std::all_of(kept_.begin(), kept_.end(), good);
  }

  /// Judges a row. `rows`: how many were seen so far, for the ends of alarms.
  alarm_edge observe(const row_scores& scores, std::uint64_t rows = 0) noexcept {
    const bool before = alarmed();
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      if (!present_[j]) {
        continue;
      }
      const alarm_edge edge = latches_[j].observe(scores[j]);
      if (edge == alarm_edge::cleared) {
        if (!confirmed_) {
          peaks_[j].observe(std::max(peak_[j], 0.0F), rows);
        }
        peak_[j] = 0;
      } else if (latches_[j].alarmed()) {
        peak_[j] = std::max(peak_[j], scores[j]);
      }
    }
    confirmed_ = confirmed_ && alarmed();
    return alarmed() == before ? alarm_edge::none : (before ? alarm_edge::cleared : alarm_edge::raised);
  }

  /// Alarms that ended by themselves raise the levels when they outnumber the budget.
  void keep_budget(const std::array<double, row_judge_count>& alarms_per_row, std::uint64_t rows) noexcept {
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      kept_[j] = peaks_[j].least_level(alarms_per_row[j], rows);
    }
    apply();
  }

  /// Ends what stands, and forgets it.
  void reset() noexcept {
    for (alarm_latch& l : latches_) {
      l.reset();
    }
    peak_ = {};
    confirmed_ = false;
  }
  /// What stands is no false alarm: it does not count against the budget.
  void confirm() noexcept { confirmed_ = alarmed(); }

  [[nodiscard]] bool alarmed() const noexcept {
    return std::any_of(latches_.begin(), latches_.end(), [](const alarm_latch& l) { return l.alarmed(); });
  }
  [[nodiscard]] bool alarmed(std::size_t judge) const noexcept { return latches_[judge].alarmed(); }
  [[nodiscard]] bool suspect() const noexcept {
    return std::any_of(latches_.begin(), latches_.end(), [](const alarm_latch& l) { return l.suspect(); });
  }
  [[nodiscard]] bool high(const row_scores& scores) const noexcept {
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      if (present_[j] && scores[j] >= enter(j)) {
        return true;
      }
    }
    return false;
  }
  /// How far a score is on its way to the level: 1 at the level.
  [[nodiscard]] float strength(std::size_t judge, float score) const noexcept {
    return present_[judge] ? levels_[judge].strength(score, enter(judge)) : 0.0F;
  }
  [[nodiscard]] bool resolved() const noexcept {
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      if (present_[j] && !levels_[j].resolved) {
        return false;
      }
    }
    return true;
  }

 private:
  [[nodiscard]] float enter(std::size_t j) const noexcept {
    return std::max(levels_[j].enter, std::min(kept_[j], levels_[j].middle + 5 * (levels_[j].enter - levels_[j].middle)));
  }
  void apply() noexcept {
    for (std::size_t j = 0; j < row_judge_count; ++j) {
      (void)latches_[j].set_levels(enter(j), levels_[j].leave);
    }
  }

  array_of<alarm_latch, row_judge_count> latches_{alarm_latch::create({}).value(), alarm_latch::create({}).value(),
                                                  alarm_latch::create({}).value()};
  array_of<episode_peaks<>, row_judge_count> peaks_{};
  row_levels levels_{};
  row_scores peak_{};
  row_scores kept_{};
  present present_{};
  bool confirmed_ = false;
};

}  // namespace skerry::inline v0::anomaly::detail
