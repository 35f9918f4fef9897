// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/detail/apprentice.hpp>
#include <skerry/anomaly/detail/column_charts.hpp>
#include <skerry/anomaly/detail/known_judge.hpp>
#include <skerry/anomaly/detail/last_instant.hpp>
#include <skerry/anomaly/detail/monitor_image.hpp>
#include <skerry/anomaly/detail/monitor_settings.hpp>
#include <skerry/anomaly/detail/reference.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/detail/row_keeper.hpp>
#include <skerry/anomaly/detail/verdict_shares.hpp>
#include <skerry/anomaly/drift_gate.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/anomaly/monitor_types.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/anomaly/shingler.hpp>
#include <skerry/core/array_of.hpp>
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

/// Watches one machine: learns how its rows of features usually look, and says when they do not, and why.
///
/// Per row: the known-failure model, if there is one, on the raw row. Then a shift chart per column, which also says where the column has
/// its place; and on the last `Config::lags` rows, less these places, forest, T² and Q. Each has its latch; one novel alarm stands as
/// long as any of them does. The first `Config::warm_up` rows teach. Later a candidate is grown from the history, a bounded piece per row,
/// and replaces the reference only through `refit_gate`. Rows of an alarm, with those just before it, go to quarantine and never into the
/// history, until `accept_as_normal`. While an alarm stands that nobody accepted, nothing is replaced.
///
/// Levels: of the budget of false alarms half is the charts', a quarter the forest's, an eighth each that of T² and Q (which need 4 rows
/// per column, and 64 columns at most). Row judges are calibrated on rows that they have not learnt; charts see `shift_chart`.
///
/// Input   rows of finite numbers with the time they were taken at; always the same type of clock
/// Cost    observe: one call of the model, Config::trees tree walks, and one slice of refitting (see docs/anomaly/monitor.md); at the end
/// of
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
  using drift = basic_drift_gate<64>;
  using keeper = detail::row_keeper<Features, Config>;

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
  monitor(const monitor_config& config, Known known) noexcept : known_{std::move(known)} {
    SKERRY_ASSERT(check(config, known_.model()) && "use monitor::create: it answers instead");
    settle(config);
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
    const bool standing = novelty_stands() && novel_.id == alarm_id;
    const auto held = rows_.look_for(alarm_id);
    const bool known = held.known || (known_.alarmed() && known_alarm_.id == alarm_id);
    if (alarm_id == 0 || (!standing && !held.any && !known)) {
      return errc::absent;
    }
    if (known) {
      return errc::refused;
    }
    std::array<float, Features> moved{};
    if (standing) {
      moved = charts_.accept();
      move_shingle(moved);
      novel_.accepted = true;
    }
    rows_.release(alarm_id, moved);
    ++counters_.accepted_as_normal;
    apprentice_.abandon();
    rows_.set_since_refit(Config::refit_every);
    return {};
  }

  /// The operator takes the alarm for real: `verdict::acknowledged` from now on, and it does not count as one of the false alarms that
  /// the levels are kept by. Unknown numbers change nothing.
  void acknowledge(std::uint32_t alarm_id) noexcept {
    for (standing_alarm* a : {&novel_, &known_alarm_}) {
      a->acknowledged = a->acknowledged || (alarm_id != 0 && a->id == alarm_id);
    }
    if (novelty_stands() && novel_.acknowledged) {
      judges_.confirm();
      charts_.confirm();
    }
  }

  /// The machine was worked on: standing alarms end, the known failure's too, and count neither as false nor against the levels. Columns
  /// have their place where the next rows are, so a new bearing that hums a little otherwise is no alarm; levels, reference and history
  /// stay.
  void maintained() noexcept {
    counters_.alarms_cleared += (novelty_stands() ? 1U : 0U) + (known_.alarmed() ? 1U : 0U);
    judges_.reset();
    charts_.begin_anew();
    known_.reset();
    shingle_.clear();
    ++serial_;
  }

  [[nodiscard]] const monitor_counters& counters() const noexcept { return counters_; }
  /// A `verdict::score` from here on is high: 1/2, as scores are relative to the level of their judge. `insufficient` while learning.
  [[nodiscard]] result<float> enter() const noexcept { return trained_ ? result<float>{0.5F} : result<float>{errc::insufficient}; }
  /// Given, or measured during the warm-up; 0 before that.
  [[nodiscard]] double rows_per_day() const noexcept { return rows_per_day_; }
  [[nodiscard]] const monitor_config& config() const noexcept { return config_; }

  /// Writes all that it takes to go on with the same bits, but the model of known failures. Fewer bytes than `bytes`.
  /// Errors  `insufficient`: not created; `full`
  status encode(byte_writer& out) const noexcept {
    return created_ ? detail::monitor_image::write(*this, out) : status{errc::insufficient};
  }
  /// Takes over what `encode` wrote, settings included; the model of known failures stays, and the clock must be of the same type as
  /// before. Makes the trees of a candidate at work again.
  /// Errors  `truncated`, `corrupt`; `unsupported`: another version; `mismatch`: another width or Config. The object is as before then
  status decode(byte_reader& in) noexcept { return detail::monitor_image::read(*this, in); }

  /// What one monitor takes: sizeof.
  static const std::size_t bytes;

 private:
  friend struct detail::monitor_image;
  using config_type = Config;
  using charts_type = detail::column_charts<Features, Config>;

  struct standing_alarm {
    std::uint32_t id = 0;
    std::int64_t since_us = 0;
    bool acknowledged = false;
    bool accepted = false;

    template <typename Self, typename F>
    static constexpr void fields(Self& self, F&& f) {
      f(self.id);
      f(self.since_us);
      f(self.acknowledged);
      f(self.accepted);
    }
    [[nodiscard]] bool sound() const noexcept { return since_us >= 0; }
  };

  static status check(const monitor_config& c, const Known& known) noexcept {
    return detail::possible_settings(c) ? detail::known_judge<Features, Known>::fits(known) : status{errc::invalid};
  }
  void settle(const monitor_config& config) noexcept {
    config_ = config;
    judges_ = detail::row_judges{config.latch, Config::lags};
    rows_per_day_ = config.rows_per_day;
    charts_ = charts_type{config};
    known_.set_latch(detail::latch_of_known(config));
    created_ = true;
  }

  [[nodiscard]] bool novelty_stands() const noexcept { return judges_.alarmed() || charts_.alarmed(); }

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
    std::array<float, Features> centred = charts_.residuals(row);
    shingle_.observe(centred);
    if (!trained_) {
      learn(row, centred);
      ++counters_.learning;
      v.quality |= quality_not_scored;
      v.state = monitor_state::learning;
      return v;
    }
    judge_novelty(row, centred, v);
    refit_slice();
    const bool novel = novelty_stands();
    const bool alarmed = novel || known_.alarmed();
    const bool suspect = judges_.suspect() || charts_.suspect() || known_.suspect();
    v.state = alarmed ? monitor_state::alarmed : (suspect ? monitor_state::suspect : monitor_state::normal);
    v.novel = novel;
    if (alarmed) {
      const standing_alarm& first = known_.alarmed() ? known_alarm_ : novel_;
      v.alarm_id = first.id;
      v.acknowledged = first.acknowledged;
      v.since_raise_ms = (clock_.total() - first.since_us) / 1000;
      v.why = why_now();
    }
    return v;
  }

  [[nodiscard]] std::uint8_t why_now() const noexcept {
    const auto bit = [](bool stands, std::uint8_t b) { return stands ? b : std::uint8_t{0}; };
    return static_cast<std::uint8_t>(bit(judges_.alarmed(detail::judge_forest), why_forest) |
                                     bit(judges_.alarmed(detail::judge_t2), why_t2) | bit(judges_.alarmed(detail::judge_q), why_q) |
                                     bit(charts_.alarmed(), why_shift) | bit(known_.alarmed(), why_known));
  }

  void ask_known(std::span<const float, Features> row, verdict<Features>& v) noexcept {
    const alarm_edge edge = known_.observe(row, v, counters_);
    if (edge == alarm_edge::raised) {
      known_alarm_ = raise();
      ++counters_.alarms_known;
    }
    counters_.alarms_cleared += edge == alarm_edge::cleared ? 1U : 0U;
  }
  [[nodiscard]] standing_alarm raise() noexcept { return standing_alarm{++alarms_, clock_.total(), false, false}; }

  void learn(std::span<const float, Features> row, std::span<const float, Features> centred) noexcept {
    if (known_.alarmed()) {  // a failing machine teaches nothing
      return;
    }
    charts_.learn(row);
    rows_.remember(centred, detail::row_note{.serial = serial_});
    if (rows_.history().size() < Config::warm_up) {
      return;
    }
    measure_rate();
    gate_ = detail::gate_of(config_, rows_per_day_);
    apprentice_.begin(models_[current_], rows_.history(), next_seed());
    auto outcome = apprentice::outcome::working;
    while (outcome == apprentice::outcome::working) {
      outcome = apprentice_.advance(models_[current_], rows_.history(), rows_.held(), rows_.quarantined(),
                                    detail::budgets_of(config_, rows_per_day_), gate_);
    }
    if (outcome == apprentice::outcome::failed) {
      // Too few rows followed each other: learn on, from newer ones.
      ++counters_.refit_failed;
      rows_.forget_some(Config::warm_up / 2);
      return;
    }
    trained_ = true;
    charts_.set_budget(detail::budget_per_row(config_, rows_per_day_));
    use_reference();
  }

  void use_reference() noexcept {
    judges_.set_levels(models_[current_].levels(), models_[current_].judges());
    // Held-out scores in order of size: every score is one look at the same distribution.
    drift_ = drift::create({.pane = 64, .stride = Config::memory}).value();
    models_[current_].scores.for_each([this](float score) { (void)drift_.learn(score); });
    (void)drift_.observe(models_[current_].level.middle, false);  // the first score freezes what was learnt
    rows_.hold_reference();
    rows_.set_since_refit(0);
  }

  void judge_novelty(std::span<const float, Features> row, std::span<float, Features> centred, verdict<Features>& v) noexcept {
    const bool known = known_.alarmed();
    bool high = false;
    if (shingle_.ready()) {
      ++counters_.scored;
      const bool stood = novelty_stands();
      const reference& r = models_[current_];
      std::array<float, reference::columns> wide;
      (void)shingle_.copy_to(wide);
      typename reference::wide_row codes;
      r.encode([&](std::size_t lag) { return wide.data() + lag * Features; }, codes);
      const detail::row_scores scores = r.judge(codes);
      high = judges_.high(scores);
      if (judges_.observe(scores, counters_.scored) == alarm_edge::cleared) {
        judges_.keep_budget(detail::shares_per_row(config_, rows_per_day_), counters_.scored);
      }
      const bool follow = !known && (!judges_.alarmed() || novel_.accepted);
      const std::array<float, Features> moved = charts_.observe(row, follow);
      charts_.keep_homes(known);
      if (known) {  // what goes with a known failure is no false alarm
        judges_.confirm();
        charts_.confirm();
      }
      move_shingle(moved);
      for (std::size_t f = 0; f < Features; ++f) {
        centred[f] -= moved[f];
      }
      const std::array<float, 4> heights = strengths(scores);
      const auto highest = static_cast<std::size_t>(std::max_element(heights.begin(), heights.end()) - heights.begin());
      v.score = heights[highest] / (1 + heights[highest]);
      v.p_value = r.p_value(scores);
      v.quality |= judges_.resolved() ? std::uint8_t{0} : quality_unresolved;
      if (novelty_stands() != stood) {
        if (stood) {
          ++counters_.alarms_cleared;
        } else {
          novel_ = raise();
          ++counters_.alarms_novel;
        }
      }
      if (novelty_stands() || judges_.suspect() || charts_.suspect()) {
        explain(highest, codes, v);
      }
      watch_drift(scores[detail::judge_forest], v);
    } else {
      ++counters_.learning;
      v.quality |= quality_not_scored;
    }
    detail::row_note note{.serial = serial_, .high = high, .known = known};
    if (!known && !novelty_stands()) {
      rows_.keep(centred, note, config_.latch.n + Config::lags - 1U);
    } else {
      note.alarm = known ? known_alarm_.id : novel_.id;
      rows_.keep_alarmed(centred, note, !known && novel_.accepted, counters_);
    }
  }

  // Forest, T², Q, charts: 1 at the level.
  [[nodiscard]] std::array<float, 4> strengths(const detail::row_scores& scores) const noexcept {
    return {judges_.strength(0, scores[0]), judges_.strength(1, scores[1]), judges_.strength(2, scores[2]), charts_.strength()};
  }
  void explain(std::size_t highest, const typename reference::wide_row& codes, verdict<Features>& v) const noexcept {
    constexpr std::array<std::uint8_t, 4> bits{why_forest, why_t2, why_q, why_shift};
    v.leading = bits[highest];
    const reference& r = models_[current_];
    detail::loudest out;
    switch (highest) {
      case 0: detail::explain_forest(r, codes, out); break;
      case 1: detail::explain_linear(r.linear, codes.data(), false, out); break;
      case 2: detail::explain_linear(r.linear, codes.data(), true, out); break;
      default: detail::explain_shift(charts_, out); break;
    }
    v.shares = out.shares();
  }

  // The scores of the forest against those that its level comes from.
  void watch_drift(float score, verdict<Features>& v) noexcept {
    const auto advice = drift_.observe(score, novelty_stands());
    if (!advice || advice.value() == drift_advice::steady) {
      return;
    }
    const bool ask = advice.value() == drift_advice::ask_operator;
    v.quality |= ask ? quality_ask : quality_drift;
    if (!ask && !apprentice_.busy()) {
      rows_.set_since_refit(Config::refit_every);
    }
  }

  void move_shingle(const std::array<float, Features>& moved) noexcept {
    for (std::size_t f = 0; f < Features; ++f) {
      if (moved[f] != 0) {
        shingle_.move(f, -moved[f]);
      }
    }
  }

  // One bounded piece of work on a candidate. It rests while an alarm stands that nobody has accepted.
  void refit_slice() noexcept {
    if (known_.alarmed() || (novelty_stands() && !novel_.accepted)) {
      return;
    }
    reference& candidate = models_[1 - current_];
    if (!apprentice_.busy()) {
      if (rows_.since_refit() >= Config::refit_every) {
        rows_.set_since_refit(0);
        gate_ = detail::gate_of(config_, rows_per_day_);
        apprentice_.begin(candidate, rows_.history(), next_seed());
      }
      return;
    }
    const auto outcome = apprentice_.advance(candidate, rows_.history(), rows_.held(), rows_.quarantined(),
                                             detail::budgets_of(config_, rows_per_day_), gate_);
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
    const std::uint64_t waited = rows_.since_refit();
    use_reference();
    rows_.set_since_refit(waited);
  }

  void measure_rate() noexcept {
    if (config_.rows_per_day == 0) {
      constexpr double day_us = 86'400'000'000.0;
      rows_per_day_ = warm_up_us_ > 0 ? day_us * static_cast<double>(warm_up_steps_) / static_cast<double>(warm_up_us_) : 86400.0;
    }
  }
  [[nodiscard]] std::uint64_t next_seed() noexcept { return config_.seed + 2 * epoch_++; }

  monitor_config config_{};
  detail::known_judge<Features, Known> known_{};
  detail::last_instant clock_{};
  monitor_counters counters_{};
  detail::column_charts<Features, Config> charts_{};
  shingler<Features, Config::lags> shingle_{};
  detail::row_judges judges_{};
  refit_gate gate_ = refit_gate::create({}).value();
  drift drift_ = drift::create({.pane = 64, .stride = Config::memory}).value();
  standing_alarm novel_{};
  standing_alarm known_alarm_{};
  double rows_per_day_ = 0;
  std::int64_t warm_up_us_ = 0;
  std::uint64_t warm_up_steps_ = 0;
  std::uint64_t serial_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint32_t alarms_ = 0;
  std::uint32_t current_ = 0;
  bool created_ = false;
  bool trained_ = false;
  keeper rows_{};
  array_of<reference, 2> models_{};
  apprentice apprentice_{};
};

template <std::size_t Features, inference_model Known, typename Config>
inline constexpr std::size_t monitor<Features, Known, Config>::bytes = sizeof(monitor<Features, Known, Config>);

}  // namespace skerry::inline v0::anomaly
