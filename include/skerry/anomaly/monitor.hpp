// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/detail/last_instant.hpp>
#include <skerry/anomaly/detail/reference.hpp>
#include <skerry/anomaly/detail/row_ring.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/anomaly/shingler.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::anomaly {

/// Watches one machine: learns how its rows of features usually look, and says when they do not.
///
/// Per row: the known-failure model, if there is one, on the raw row; then the forest on the last `Config::lags` rows side by side.
/// Each has its latch. The first `Config::warm_up` rows teach (`learning`). Later a candidate is grown from the history in slices,
/// a bounded piece per row, and replaces the reference only through `refit_gate`. Rows of an alarm, with the n rows before it, go to
/// quarantine and never into the history, until `accept_as_normal`. While an alarm stands that nobody accepted, nothing is replaced.
///
/// Levels: the budget of false alarms is that of single rows in `calibration::for_alarms`, on scores of rows that the judging half
/// has not learnt; the latch then only takes away from it, unless rows hang together over many more than `Config::lags`.
///
/// Input   rows of finite numbers with the time they were taken at; always the same type of clock
/// Cost    observe: one call of the model, Config::trees tree walks, and one slice of refitting (see docs/anomaly.md); at the end of
///         the warm-up one row pays for all trees. sizeof == `bytes`, no heap; make it in static storage, it is large
/// Errors  of observe: `not_finite`, `stale` (time went back), `mismatch` (another type of clock), `insufficient` (not created);
///         counted by reason, and nothing else has changed
/// Source  Liu, Ting, Zhou: Isolation Forest, ICDM 2008; held-out levels, guard rows, quarantine and gate are this library's
template <std::size_t Features, inference_model Known = no_model, typename Config = default_monitor>
class monitor {
  static_assert(Features >= 1, "a monitor has at least one column");
  static_assert(Config::lags >= 1 && Config::lags <= 64, "between 1 and 64 lags");
  static_assert(Config::trees >= 2 && Config::trees % 2 == 0, "the forest has two halves: an even number of trees");
  static_assert(Config::fold > Config::lags, "rows of the two halves would share their shingles: make fold larger than lags");
  static_assert(Config::warm_up >= 100 && Config::warm_up > 4 * Config::lags, "the warm-up is too short to calibrate on");
  static_assert(Config::history >= Config::warm_up, "the history must hold the warm-up");
  static_assert(Config::held >= Config::lags && Config::quarantine >= Config::lags, "held and quarantined rows are judged with their lags");

  using apprentice = detail::apprentice<Features, Config>;
  using reference = typename apprentice::model;
  static constexpr std::size_t most_latch_rows = 32;  // that many rows wait before they join the history
  static constexpr bool has_known = !std::same_as<Known, no_model>;

 public:
  static constexpr std::size_t features = Features;
  /// Not created yet: every row is refused with `insufficient`. For static storage; then `create(monitor, config, known)`.
  monitor() = default;

  /// Errors  `invalid`: a budget, rate, threshold or latch that is none, latch.n beyond 32; `width`: Known does not take `Features`
  ///         values or does not answer one
  [[nodiscard]] static result<monitor> create(const monitor_config& config, Known known = {}) noexcept {
    if (const status s = check(config, known); !s) {
      return s.error();
    }
    // Built where the caller's result lies: the object never travels over the stack.
    return result<monitor>{std::in_place, config, std::move(known)};
  }
  /// The same in place, for static storage: `static skerry::anomaly::monitor<8> m;`. A refusal leaves `into` as it was.
  [[nodiscard]] static status create(monitor& into, const monitor_config& config, Known known = {}) noexcept {
    if (const status s = check(config, known); !s) {
      return s;
    }
    into.~monitor();
    ::new (static_cast<void*>(&into)) monitor(config, std::move(known));
    return {};
  }
  /// What `create` builds with, once it has checked; it checks again and panics.
  monitor(const monitor_config& config, Known known) noexcept : config_{config}, known_{std::move(known)} {
    SKERRY_ASSERT(check(config_, known_) && "use monitor::create: it answers instead");
    latch_config known_levels = config.latch;
    known_levels.enter = known_levels.leave = config.known_threshold;
    known_latch_ = alarm_latch::create(known_levels).value();
    rows_per_day_ = config.rows_per_day;
    created_ = true;
  }

  /// Judges one row that was taken at `now`.
  template <instant Time>
  [[nodiscard]] result<verdict<Features>> observe(std::span<const float, Features> row, Time now) noexcept {
    ++counters_.rows;
    if (!created_) {
      ++counters_.refused_insufficient;
      return errc::insufficient;
    }
    if (!clock_.takes(now)) {
      ++counters_.refused_mismatch;
      return errc::mismatch;
    }
    const std::int64_t step = clock_.since_last(now);
    if (step < 0) {
      ++counters_.refused_stale;
      return errc::stale;
    }
    if (!detail::all_finite(row.data(), Features)) {
      ++counters_.refused_not_finite;
      return errc::not_finite;
    }
    clock_.advance(now, step);
    return judge(row, step);
  }

  /// The operator says: what alarm `alarm_id` showed is normal. Its quarantined rows go into the history, and a refit begins.
  ///
  /// The alarm stands until the refitted reference finds its rows normal; while it stands, its rows are learnt from.
  /// Errors  `absent`: no such alarm stands or has rows in quarantine; `refused`: a known failure is not normal
  status accept_as_normal(std::uint32_t alarm_id) noexcept {
    const bool standing = latch_.alarmed() && novel_.id == alarm_id;
    bool held = false;
    bool known = known_latch_.alarmed() && known_alarm_.id == alarm_id;
    for (std::uint64_t i = quarantine_.first(); i < quarantine_.end(); ++i) {
      if (quarantine_.note(i).alarm == alarm_id) {
        held = true;
        known = known || quarantine_.note(i).known;
      }
    }
    if (alarm_id == 0 || (!standing && !held && !known)) {
      return errc::absent;
    }
    if (known) {
      return errc::refused;
    }
    release(alarm_id);
    novel_.accepted = novel_.accepted || standing;
    ++counters_.accepted_as_normal;
    apprentice_.abandon();
    since_refit_ = Config::refit_every;
    return {};
  }

  /// The operator has seen the alarm: `verdict::acknowledged` from now on. Changes nothing else.
  void acknowledge(std::uint32_t alarm_id) noexcept {
    for (standing_alarm* a : {&novel_, &known_alarm_}) {
      a->acknowledged = a->acknowledged || (alarm_id != 0 && a->id == alarm_id);
    }
  }

  [[nodiscard]] const monitor_counters& counters() const noexcept { return counters_; }
  /// A score from here on is high; `insufficient` while learning.
  [[nodiscard]] result<float> enter() const noexcept {
    return trained_ ? result<float>{models_[current_].enter} : result<float>{errc::insufficient};
  }
  /// Given, or measured during the warm-up; 0 before that.
  [[nodiscard]] double rows_per_day() const noexcept { return rows_per_day_; }
  [[nodiscard]] const monitor_config& config() const noexcept { return config_; }

  /// What one monitor takes: sizeof.
  static const std::size_t bytes;

 private:
  struct standing_alarm {
    std::uint32_t id = 0;
    std::int64_t since_us = 0;
    bool acknowledged = false;
    bool accepted = false;
  };

  static status check(const monitor_config& c, const Known& known) noexcept {
    const auto positive = [](double x) { return x > 0 && x - x == 0; };
    latch_config latch = c.latch;
    latch.enter = latch.leave = 0;
    const bool ok = positive(c.alarms_per_day) && (c.rows_per_day == 0 || positive(c.rows_per_day)) && c.known_threshold > 0 &&
                    c.known_threshold <= 1 && c.max_gap_ms >= 0 && alarm_latch::create(latch) && c.latch.n <= most_latch_rows;
    if (!ok) {
      return errc::invalid;
    }
    if constexpr (has_known) {
      if (shape_size(known.input_shape()) != Features || shape_size(known.output_shape()) != 1) {
        return errc::width;
      }
    }
    return {};
  }

  verdict<Features> judge(std::span<const float, Features> row, std::int64_t step_us) noexcept {
    verdict<Features> v{};
    ++serial_;
    if (config_.max_gap_ms != 0 && step_us / 1000 > config_.max_gap_ms) {
      ++counters_.gaps;
      v.quality |= quality_gap;
      shingle_.clear();
      ++serial_;
    } else if (!trained_ && serial_ > 1) {
      warm_up_us_ += step_us;
      ++warm_up_steps_;
    }
    ask_known(row, v);
    shingle_.observe(row);
    if (trained_) {
      judge_novelty(row, v);
      refit_slice();
    } else {
      learn(row);
      ++counters_.learning;
      v.quality |= quality_not_scored;
      v.state = monitor_state::learning;
      report_known(v);
      return v;
    }
    const bool alarmed = latch_.alarmed() || known_latch_.alarmed();
    const bool suspect = latch_.suspect() || known_latch_.suspect();
    v.state = alarmed ? monitor_state::alarmed : (suspect ? monitor_state::suspect : monitor_state::normal);
    v.novel = latch_.alarmed();
    if (alarmed) {
      const standing_alarm& first = known_latch_.alarmed() ? known_alarm_ : novel_;
      v.alarm_id = first.id;
      v.acknowledged = first.acknowledged;
      v.since_raise_ms = (clock_.total() - first.since_us) / 1000;
      v.why = static_cast<std::uint8_t>((latch_.alarmed() ? why_forest : 0) | (known_latch_.alarmed() ? why_known : 0));
    }
    report_known(v);
    return v;
  }

  void ask_known([[maybe_unused]] std::span<const float, Features> row, [[maybe_unused]] verdict<Features>& v) noexcept {
    if constexpr (has_known) {
      std::array<float, 1> p{};
      status answer = known_.infer(row, p);
      if (answer && !detail::is_finite(p[0])) {
        answer = errc::not_finite;
      }
      if (!answer) {
        counters_.count_known(answer.error());
        v.known = known_state::unavailable;
        return;
      }
      v.known = known_state::quiet;
      v.known_probability = p[0];
      const alarm_edge edge = known_latch_.observe(p[0]);
      if (edge == alarm_edge::raised) {
        known_alarm_ = raise();
        ++counters_.alarms_known;
      }
      counters_.alarms_cleared += edge == alarm_edge::cleared ? 1U : 0U;
    }
  }
  void report_known([[maybe_unused]] verdict<Features>& v) const noexcept {
    if constexpr (has_known) {
      if (v.known != known_state::unavailable) {
        v.known = known_latch_.alarmed() ? known_state::failing : known_state::quiet;
      }
    }
  }
  [[nodiscard]] standing_alarm raise() noexcept { return standing_alarm{++alarms_, clock_.total(), false, false}; }

  void learn(std::span<const float, Features> row) noexcept {
    if (known_latch_.alarmed()) {  // a failing machine teaches nothing
      return;
    }
    remember(row, detail::row_note{.serial = serial_});
    if (history_.size() < Config::warm_up) {
      return;
    }
    measure_rate();
    gate_ = make_gate();
    apprentice_.begin(models_[current_], history_, next_seed());
    auto outcome = apprentice::outcome::working;
    while (outcome == apprentice::outcome::working) {
      outcome = apprentice_.advance(models_[current_], history_, held_, quarantine_, wanted(), gate_);
    }
    if (outcome == apprentice::outcome::failed) {
      // Too few rows followed each other: learn on, from newer ones.
      ++counters_.refit_failed;
      for (std::size_t i = 0; i < Config::warm_up / 2; ++i) {
        history_.pop();
      }
      return;
    }
    trained_ = true;
    latch_config levels = config_.latch;
    levels.enter = models_[current_].enter;
    levels.leave = models_[current_].leave;
    latch_ = alarm_latch::create(levels).value();
    hold_reference();
  }

  void judge_novelty(std::span<const float, Features> row, verdict<Features>& v) noexcept {
    bool high = false;
    if (shingle_.ready()) {
      ++counters_.scored;
      const reference& r = models_[current_];
      std::array<float, reference::columns> wide;
      (void)shingle_.copy_to(wide);
      typename reference::wide_row codes;
      r.encode([&](std::size_t lag) { return wide.data() + lag * Features; }, codes);
      v.score = r.score(codes);
      v.p_value = static_cast<float>(r.scores.p_value(v.score).value_or(1.0));
      v.quality |= r.resolved ? std::uint8_t{0} : quality_unresolved;
      high = v.score >= r.enter;
      const alarm_edge edge = latch_.observe(v.score);
      if (edge == alarm_edge::raised) {
        novel_ = raise();
        ++counters_.alarms_novel;
      }
      counters_.alarms_cleared += edge == alarm_edge::cleared ? 1U : 0U;
    } else {
      ++counters_.learning;
      v.quality |= quality_not_scored;
    }
    keep(row, high);
  }

  // Where the row goes: into quarantine during an alarm; otherwise it waits, in case an alarm comes, and then joins the history.
  void keep(std::span<const float, Features> row, bool high) noexcept {
    const bool known = known_latch_.alarmed();
    detail::row_note note{.serial = serial_, .high = high, .known = known};
    if (!known && !latch_.alarmed()) {
      if (pending_.size() == config_.latch.n) {
        remember(pending_.row(pending_.first()), pending_.note(pending_.first()));
        pending_.pop();
      }
      pending_.push(row, note);
      return;
    }
    note.alarm = known ? known_alarm_.id : novel_.id;
    for (; !pending_.empty(); pending_.pop()) {
      detail::row_note before = pending_.note(pending_.first());
      before.alarm = note.alarm;
      before.known = known;
      quarantine(pending_.row(pending_.first()), before);
    }
    if (!known && novel_.accepted) {
      remember(row, note);
    } else {
      quarantine(row, note);
    }
  }
  void remember(std::span<const float, Features> row, detail::row_note note) noexcept {
    history_.push(row, note);
    ++since_refit_;
  }
  void quarantine(std::span<const float, Features> row, detail::row_note note) noexcept {
    ++counters_.quarantined;
    counters_.quarantine_overwritten += quarantine_.push(row, note) ? 1U : 0U;
  }
  // Moves the rows of one alarm into the history; the others keep their order.
  void release(std::uint32_t alarm_id) noexcept {
    const std::uint64_t end = quarantine_.end();
    while (quarantine_.first() < end) {
      const std::uint64_t at = quarantine_.first();
      const detail::row_note note = quarantine_.note(at);
      std::array<float, Features> row;
      std::copy_n(quarantine_.row(at).data(), Features, row.data());
      quarantine_.pop();
      if (note.alarm == alarm_id) {
        remember(row, note);
      } else {
        quarantine_.push(row, note);
      }
    }
  }

  // One bounded piece of work on a candidate. It rests while an alarm stands that nobody has accepted.
  void refit_slice() noexcept {
    if (known_latch_.alarmed() || (latch_.alarmed() && !novel_.accepted)) {
      return;
    }
    reference& candidate = models_[1 - current_];
    if (!apprentice_.busy()) {
      if (since_refit_ >= Config::refit_every) {
        since_refit_ = 0;
        gate_ = make_gate();
        apprentice_.begin(candidate, history_, next_seed());
      }
      return;
    }
    const auto outcome = apprentice_.advance(candidate, history_, held_, quarantine_, wanted(), gate_);
    if (outcome == apprentice::outcome::failed) {
      ++counters_.refit_failed;
    }
    if (outcome != apprentice::outcome::done) {
      return;
    }
    if (gate_.decide() != refit_decision::accepted) {
      ++counters_.refit_refused;
      return;
    }
    ++counters_.refits;
    current_ = 1 - current_;
    (void)latch_.set_levels(models_[current_].enter, models_[current_].leave);
    hold_reference();
  }

  // The rows that the next candidate has to find normal: all of a short history, otherwise four stretches of it.
  void hold_reference() noexcept {
    constexpr std::size_t stretches = 4;
    held_.clear();
    const bool all = history_.size() <= Config::held;
    const std::size_t length = all ? history_.size() : Config::held / stretches;
    for (std::size_t s = 0; s < (all ? 1 : stretches); ++s) {
      const std::uint64_t from = history_.first() + (all ? 0 : (history_.size() - length) * s / (stretches - 1));
      for (std::uint64_t i = from; i < from + length; ++i) {
        held_.push(history_.row(i), history_.note(i));
      }
    }
  }

  void measure_rate() noexcept {
    if (config_.rows_per_day == 0) {
      constexpr double day_us = 86'400'000'000.0;
      rows_per_day_ = warm_up_us_ > 0 ? day_us * static_cast<double>(warm_up_steps_) / static_cast<double>(warm_up_us_) : 86400.0;
    }
  }
  [[nodiscard]] typename apprentice::budget wanted() const noexcept { return {config_.latch, config_.alarms_per_day, rows_per_day_}; }
  [[nodiscard]] refit_gate make_gate() const noexcept {
    return refit_gate::create({.budget_per_row = config_.alarms_per_day / rows_per_day_}).value();
  }
  [[nodiscard]] std::uint64_t next_seed() noexcept { return config_.seed + 2 * epoch_++; }

  monitor_config config_{};
  Known known_{};
  detail::last_instant clock_{};
  monitor_counters counters_{};
  shingler<Features, Config::lags> shingle_{};
  alarm_latch latch_ = alarm_latch::create({}).value();
  alarm_latch known_latch_ = alarm_latch::create({}).value();
  refit_gate gate_ = refit_gate::create({}).value();
  standing_alarm novel_{};
  standing_alarm known_alarm_{};
  double rows_per_day_ = 0;
  std::int64_t warm_up_us_ = 0;
  std::uint64_t warm_up_steps_ = 0;
  std::uint64_t serial_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t since_refit_ = 0;
  std::uint32_t alarms_ = 0;
  std::uint32_t current_ = 0;
  bool created_ = false;
  bool trained_ = false;
  detail::row_ring<Features, most_latch_rows> pending_{};
  typename apprentice::history_ring history_{};
  typename apprentice::held_ring held_{};
  typename apprentice::quarantine_ring quarantine_{};
  std::array<reference, 2> models_{};
  apprentice apprentice_{};
};

template <std::size_t Features, inference_model Known, typename Config>
inline constexpr std::size_t monitor<Features, Known, Config>::bytes = sizeof(monitor<Features, Known, Config>);

}  // namespace skerry::inline v0::anomaly
