// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/counters.hpp>
#include <skerry/core/errc.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::inline v0::anomaly {

/// The sizes of a `monitor`. Derive from it and change what must differ: `struct small : default_monitor { … history = 400; };`
struct default_monitor {
  using code = std::int16_t;
  static constexpr std::size_t lags = 5;             ///< rows side by side in a shingle
  static constexpr std::size_t history = 1000;       ///< rows a refit learns from
  static constexpr std::size_t warm_up = 256;        ///< rows before the first judgement
  static constexpr std::size_t trees = 100;          ///< of both halves together
  static constexpr std::size_t sample = 256;         ///< rows per tree
  static constexpr std::size_t fold = 125;           ///< rows in a row that go to the same half
  static constexpr std::size_t held = 256;           ///< reference rows for rule (a) of the gate
  static constexpr std::size_t quarantine = 256;     ///< newest rows of alarms, for rule (b)
  static constexpr std::size_t refit_every = 100;    ///< rows that joined the history since the last candidate
  static constexpr std::size_t row_visits = 256;     ///< work on a candidate per row: visits while growing
  static constexpr std::size_t judge_slice = 8;      ///< work on a candidate per row: rows that it scores
  static constexpr std::size_t pivots = 32;          ///< work on a candidate per row: rotations towards its principal axes
  static constexpr std::uint16_t memory = 20;        ///< rows of the short mean that shows a shift
  static constexpr std::uint16_t follow = 200;       ///< rows of the long mean that follows slow drift and stands still in an alarm
  static constexpr std::uint16_t block = 100;        ///< rows that count as one piece of evidence for the level of shifts
  static constexpr std::size_t guard_percent = 100;  ///< how far guard rows lie outside of what was seen, of the range
};

/// What a `monitor` is told when it is made; the sizes are in its type.
struct monitor_config {
  std::uint64_t seed = 0x736b65727279;
  double alarms_per_day = 1.0 / 7;  ///< false alarms that can be borne
  double rows_per_day = 0;          ///< 0: measured during the warm-up; should no time pass then, one row per second is assumed
  float known_threshold = 0.85F;    ///< a known failure from this probability on
  std::int64_t max_gap_ms = 0;      ///< a longer step between two rows clears the shingle; 0: none is, not even a night off
  double horizon = 5;               ///< of shifts: levels reach for events so many times as rare as what was seen could show; 0: no limit
  latch_config latch{};             ///< k, n and m of all latches; `enter` and `leave` are not looked at
};

enum class monitor_state : std::uint8_t {
  learning,  ///< warm-up: never an alarm
  normal,
  suspect,  ///< a high score lies in the window of a latch, but no alarm stands
  alarmed,
};

enum class known_state : std::uint8_t {
  none,         ///< the monitor has no model of known failures
  unavailable,  ///< it did not answer for this row
  quiet,
  failing,  ///< its latch stands
};

/// Bits of `verdict::why`: which judges stand behind the alarm.
inline constexpr std::uint8_t why_forest = 1,  ///< the rows of the shingle together are rare
    why_t2 = 2,                                ///< they go further than usual in a usual direction
    why_q = 4,                                 ///< their columns have left their usual relation
    why_known = 8,                             ///< the model of known failures
    why_shift = 16;                            ///< a column has left its place
/// Bits of `verdict::quality`.
inline constexpr std::uint8_t quality_not_scored = 1,  ///< learning, or the shingle is filling: score 0, p-value 1
    quality_gap = 2,                                   ///< a gap lies before this row
    quality_unresolved = 4,                            ///< a level lies beyond what the references show
    quality_drift = 8,  ///< the scores have moved from those of the reference: normal is changing, a refit is under way
    quality_ask = 16;   ///< they have moved while an alarm stood: a fault or a new normal, a person has to say

/// What one column at one lag did to a score.
struct verdict_share {
  std::uint16_t column = 0;
  std::uint16_t lag = 0;  ///< rows before the newest
  float share = 0;        ///< of all that speaks for strangeness; above 0: the value is high, below 0: it is low; 0: no entry

  friend bool operator==(const verdict_share&, const verdict_share&) = default;
};

/// What a monitor says of one row.
template <std::size_t Features>
struct verdict {
  static constexpr std::size_t features = Features;

  monitor_state state = monitor_state::learning;
  known_state known = known_state::none;
  bool novel = false;           ///< the novelty latch stands
  bool acknowledged = false;    ///< of the alarm reported here
  std::uint8_t why = 0;         ///< why_… bits
  std::uint8_t quality = 0;     ///< quality_… bits
  std::uint8_t leading = 0;     ///< the why_… bit of the judge that stands highest, known failures aside, and that `shares` explain
  std::uint32_t alarm_id = 0;   ///< of the standing alarm, the known failure first; 0: none
  float known_probability = 0;  ///< as the model answered; 0 without an answer
  float score = 0;              ///< of the judge that stands highest: 1/2 at its level, towards 1 beyond it, 0 in its middle
  float p_value = 1;            ///< how likely a reference row scores as high in forest, T² or Q; see calibration
  std::int64_t since_raise_ms = 0;
  /// What speaks loudest, in falling order; filled when the state is suspect or alarmed.
  array_of<verdict_share, 4> shares{};

  friend bool operator==(const verdict&, const verdict&) = default;
};

/// Every row counts once: rows = scored + learning + the refused_… together.
struct monitor_counters {
  std::uint64_t rows = 0;
  std::uint64_t scored = 0;
  std::uint64_t learning = 0;  ///< warm-up, and rows that filled the shingle after a gap
  std::uint64_t refused_not_finite = 0;
  std::uint64_t refused_stale = 0;         ///< time went back
  std::uint64_t refused_mismatch = 0;      ///< another type of clock
  std::uint64_t refused_insufficient = 0;  ///< before `create`
  std::uint64_t gaps = 0;
  std::uint64_t known_timeout = 0;  ///< rows for which the model did not answer, by reason
  std::uint64_t known_unavailable = 0;
  std::uint64_t known_not_finite = 0;
  std::uint64_t known_failed = 0;  ///< any other reason
  std::uint64_t alarms_novel = 0;
  std::uint64_t alarms_known = 0;
  std::uint64_t alarms_cleared = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t quarantine_overwritten = 0;  ///< the oldest row had to go
  std::uint64_t refits = 0;                  ///< candidates that replaced the reference
  std::uint64_t refit_refused = 0;           ///< by the gate
  std::uint64_t refit_failed = 0;            ///< the history gave no candidate
  std::uint64_t accepted_as_normal = 0;

  template <typename F>
  constexpr void for_each(F&& f) const {
    each(*this, f);
  }
  /// Each from `next()`, in the order of `for_each`.
  template <typename F>
  constexpr void read(F&& next) {
    const auto take = [&next](std::string_view, std::uint64_t& n) { n = next(); };
    each(*this, take);
  }
  constexpr void merge(const monitor_counters& other) noexcept {
    std::uint64_t values[count] = {};
    std::size_t i = 0;
    const auto read = [&](std::string_view, std::uint64_t n) { values[i++] = n; };
    each(other, read);
    i = 0;
    const auto add = [&](std::string_view, std::uint64_t& n) { n += values[i++]; };
    each(*this, add);
  }

  /// Counts one row for which the model of known failures did not answer.
  constexpr void count_known(errc reason) noexcept {
    switch (reason) {
      case errc::timeout: ++known_timeout; break;
      case errc::unavailable: ++known_unavailable; break;
      case errc::not_finite: ++known_not_finite; break;
      default: ++known_failed; break;
    }
  }

  friend constexpr bool operator==(const monitor_counters&, const monitor_counters&) noexcept = default;

 private:
  static constexpr std::size_t count = 21;

  template <typename Self, typename F>
  static constexpr void each(Self& c, F& f) {
    f("rows", c.rows);
    f("scored", c.scored);
    f("learning", c.learning);
    f("refused_not_finite", c.refused_not_finite);
    f("refused_stale", c.refused_stale);
    f("refused_mismatch", c.refused_mismatch);
    f("refused_insufficient", c.refused_insufficient);
    f("gaps", c.gaps);
    f("known_timeout", c.known_timeout);
    f("known_unavailable", c.known_unavailable);
    f("known_not_finite", c.known_not_finite);
    f("known_failed", c.known_failed);
    f("alarms_novel", c.alarms_novel);
    f("alarms_known", c.alarms_known);
    f("alarms_cleared", c.alarms_cleared);
    f("quarantined", c.quarantined);
    f("quarantine_overwritten", c.quarantine_overwritten);
    f("refits", c.refits);
    f("refit_refused", c.refit_refused);
    f("refit_failed", c.refit_failed);
    f("accepted_as_normal", c.accepted_as_normal);
  }
};
static_assert(counter_block<monitor_counters>);
static_assert(sizeof(monitor_counters) == 21 * sizeof(std::uint64_t), "a counter was added: name it in each() too");

}  // namespace skerry::inline v0::anomaly
