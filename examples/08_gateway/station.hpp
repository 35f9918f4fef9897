// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "judge.hpp"
#include "record.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

// One watched machine: its judge, and the record of what it said.
namespace gateway {

enum class edge : std::uint8_t { none, raised, cleared };

/// What came of one row: the values that were judged (none: it could not be), and whether the alarm changed.
struct judged {
  edge happened = edge::none;
  std::span<const float> values;
};

class station {
 public:
  station(std::string name, std::vector<indicator> indicators, judge j) : judge_{std::move(j)} {
    record_.name = std::move(name);
    record_.indicators = std::move(indicators);
  }

  /// A row that may be judged. `mode` is the program for the strip of the report, 0 where there is none.
  edge observe(double t, std::span<const float> row, std::uint16_t mode) { return observe(t, row, row, mode); }
  /// The same where the judge sees another scale than people do.
  edge observe(double t, std::span<const float> row, std::span<const float> scaled, std::uint16_t mode) {
    const auto now_ms = static_cast<std::uint64_t>(std::llround(t * 1000));
    const skerry::result<judgement> answer = judge_.observe(scaled, now_ms);
    if (!answer) {
      ++refused_;  // the quality checks in front let nothing through that a monitor refuses; counted all the same
      return edge::none;
    }
    const judgement& j = answer.value();
    static constexpr row_state names[] = {row_state::learning, row_state::normal, row_state::suspect, row_state::alarmed};
    note(t, row, mode, names[static_cast<std::size_t>(j.state)], j.scored ? j.score : no_value, j.level);
    if (record_.learned_at == never && j.state != skerry::anomaly::monitor_state::learning) {
      record_.learned_at = t;
      learn_bands();
    }
    const bool alarmed = j.state == skerry::anomaly::monitor_state::alarmed;
    edge happened = edge::none;
    if (alarmed && !alarmed_) {
      happened = edge::raised;
      alarm_record a;
      a.id = j.alarm_id;
      a.raised = t;
      a.p_value = static_cast<double>(j.p_value);
      a.why = (j.why & skerry::anomaly::why_known) != 0 ? "model of known failures" : "isolation forest";
      a.top = largest_changes();
      record_.alarms.push_back(std::move(a));
      rows_since_raise_ = 0;
    } else if (!alarmed && alarmed_) {
      happened = edge::cleared;
      record_.alarms.back().cleared = t;
    } else if (alarmed && ++rows_since_raise_ == settle_rows) {
      // The first rows of a fault still hold rows from before it: name what changed once it shows fully.
      record_.alarms.back().top = largest_changes();
      record_.alarms.back().p_value = std::min(record_.alarms.back().p_value, static_cast<double>(j.p_value));
    }
    if (alarmed && (j.why & skerry::anomaly::why_known) != 0) {
      record_.alarms.back().why = "model of known failures";  // a model may be a second slower than novelty
    }
    alarmed_ = alarmed;
    quiet_ = j.state == skerry::anomaly::monitor_state::normal || j.state == skerry::anomaly::monitor_state::learning;
    return happened;
  }

  /// A row that cannot be judged: the machine stands, changes over, is being learned in this mode, or its data is not to be trusted.
  void skip(double t, std::uint16_t mode, bool learning) {
    note(t, {}, mode, learning ? row_state::learning : row_state::paused, no_value, 1);
  }

  void quality(const char* kind, double from, double until) {
    if (!record_.quality.empty() && record_.quality.back().kind == kind && from - record_.quality.back().until < 2.5) {
      record_.quality.back().until = until;
    } else {
      record_.quality.push_back({kind, from, until});
    }
  }

  [[nodiscard]] bool alarmed() const { return alarmed_; }
  /// Nothing looks suspicious: what comes now may still teach the baseline of its mode.
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] machine_record& record() { return record_; }
  [[nodiscard]] const machine_record& record() const { return record_; }
  [[nodiscard]] std::size_t judge_bytes() const { return judge_.bytes(); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  /// When the run is over: scores as multiples of the alarm level, alarms against the truth.
  void finish() {
    std::vector<float> usual;
    for (std::size_t i = 0; i < raw_score_.size(); ++i) {
      if (std::isfinite(raw_score_[i]) && record_.state[i] == row_state::normal) {
        usual.push_back(raw_score_[i]);
      }
    }
    const float middle = usual.empty() ? 0.5F : quantile(usual, 0.5);
    for (std::size_t i = 0; i < raw_score_.size(); ++i) {
      const float span = level_[i] - middle;
      record_.score.push_back(span > 0 ? std::clamp((raw_score_[i] - middle) / span, 0.0F, 3.0F) : no_value);
    }
    for (const truth_record& fault : record_.truth) {
      double delay = never;
      for (const alarm_record& a : record_.alarms) {
        if (a.raised >= fault.from && a.raised <= fault.until) {
          delay = std::min(delay, a.raised - fault.from);
        }
      }
      record_.delays.push_back(fault.sensor ? never : delay);
      record_.faults += fault.sensor ? 0U : 1U;
      record_.hit += !fault.sensor && delay != never ? 1U : 0U;
    }
    for (const alarm_record& a : record_.alarms) {
      const bool deserved = std::any_of(record_.truth.begin(), record_.truth.end(),
                                        [&](const truth_record& f) { return !f.sensor && a.raised >= f.from && a.raised <= f.until; });
      record_.false_alarms += deserved ? 0U : 1U;
    }
  }

 private:
  static constexpr int settle_rows = 10;
  static constexpr std::size_t recent_rows = 5;

  static float quantile(std::vector<float>& v, double q) {
    const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(v.size() - 1));
    std::nth_element(v.begin(), v.begin() + at, v.end());
    return v[static_cast<std::size_t>(at)];
  }

  void note(double t, std::span<const float> row, std::uint16_t mode, row_state state, float score, float level) {
    record_.t.push_back(t);
    record_.mode.push_back(mode);
    record_.state.push_back(state);
    raw_score_.push_back(score);
    level_.push_back(level);
    for (std::size_t i = 0; i < record_.indicators.size(); ++i) {
      record_.indicators[i].value.push_back(i < row.size() ? row[i] : no_value);
    }
  }

  void learn_bands() {
    for (indicator& i : record_.indicators) {
      std::vector<float> seen;
      seen.reserve(i.value.size());
      std::copy_if(i.value.begin(), i.value.end(), std::back_inserter(seen), [](float v) { return std::isfinite(v); });
      record_.learned_rows = seen.size();
      if (seen.size() < 20) {
        continue;
      }
      const float middle = quantile(seen, 0.5);
      i.low = quantile(seen, 0.01);
      i.high = quantile(seen, 0.99);
      const float half = std::max({i.high - middle, middle - i.low, 1e-6F * std::fabs(middle), 1e-12F});
      i.wide_low = middle - 2.5F * half;
      i.wide_high = middle + 2.5F * half;
    }
  }

  /// Which indicators lie furthest outside their own band now, in units of its half width; the shares are of the squares.
  [[nodiscard]] std::vector<contribution> largest_changes() const {
    std::vector<contribution> all;
    double sum = 0;
    for (std::size_t c = 0; c < record_.indicators.size(); ++c) {
      const indicator& i = record_.indicators[c];
      if (!std::isfinite(i.low)) {
        continue;
      }
      double mean = 0;
      std::size_t n = 0;
      for (std::size_t k = i.value.size(); k-- > 0 && n < recent_rows;) {
        if (std::isfinite(i.value[k])) {
          mean += static_cast<double>(i.value[k]);
          ++n;
        }
      }
      if (n == 0) {
        continue;
      }
      const double middle = 0.5 * static_cast<double>(i.wide_low + i.wide_high);
      const double change = mean / static_cast<double>(n) - middle;
      const double z = change / (static_cast<double>(i.wide_high) - middle);
      all.push_back({c, static_cast<float>(z * z), static_cast<float>(change)});
      sum += z * z;
    }
    std::sort(all.begin(), all.end(), [](const contribution& a, const contribution& b) { return a.share > b.share; });
    // What names a part comes first, if it is far outside too: of several the one that changed most.
    auto first = all.end();
    for (auto c = all.begin(); c != all.end(); ++c) {
      const bool names_part = record_.indicators[c->column].specific && c->share > 0.25F;
      if (names_part && (first == all.end() || std::fabs(c->change) > std::fabs(first->change))) {
        first = c;
      }
    }
    if (first != all.end()) {
      std::rotate(all.begin(), first, first + 1);
    }
    for (contribution& c : all) {
      c.share = sum > 0 ? static_cast<float>(static_cast<double>(c.share) / sum) : 0;
    }
    all.resize(std::min<std::size_t>(all.size(), 3));
    return all;
  }

  judge judge_;
  machine_record record_;
  std::vector<float> raw_score_, level_;
  bool alarmed_ = false, quiet_ = true;
  int rows_since_raise_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace gateway
