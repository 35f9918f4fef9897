// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/detail/alarm_level.hpp>
#include <skerry/anomaly/detail/linear_reference.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/detail/row_ring.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/anomaly/score_fusion.hpp>
#include <skerry/core/math.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// What a monitor judges shingles by: a forest in two halves, each grown from rows that the other has not seen, principal axes learnt
/// from one half of the rows, and the levels that the held-out scores gave.
template <std::size_t Features, typename Config>
struct reference {
  using code = typename Config::code;
  static constexpr std::size_t columns = Features * Config::lags;
  using forest = isolation_forest<columns, Config::trees / 2, Config::sample, code>;
  using wide_row = std::array<code, columns>;

  quantizer<Features, code> codes{};
  std::array<forest, 2> halves{};
  std::array<score_fusion, 2> fusions{};
  using scores_type = basic_calibration<float, Config::history>;
  scores_type scores{};
  judged_level level{};
  linear_reference<Features, Config> linear{};

  /// The codes of the shingle that `row(lag)` gives.
  template <typename RowAt>
  void encode(RowAt row, std::span<code, columns> out) const noexcept {
    for (std::size_t lag = 0; lag < Config::lags; ++lag) {
      const float* x = row(lag);
      for (std::size_t f = 0; f < Features; ++f) {
        out[lag * Features + f] = codes.code(f, x[f]);
      }
    }
  }

  /// Neither can refuse: the half has trees and densities, and no code of a finite number is the missing one.
  [[nodiscard]] forest_sums half_sums(std::size_t side, const wide_row& row) const noexcept { return halves[side].sums_codes(row).value(); }
  [[nodiscard]] float half_score(std::size_t side, forest_sums sums) const noexcept { return fusions[side].score(sums).value(); }
  /// Depth and density in one: spreads of the references from their middle, higher is stranger.
  [[nodiscard]] float score(const wide_row& row) const noexcept {
    return (half_score(0, half_sums(0, row)) + half_score(1, half_sums(1, row))) * 0.5F;
  }

  [[nodiscard]] row_levels levels() const noexcept { return {level, linear.t2, linear.q}; }
  /// By forest, T² and Q; 0 of the latter where there are no axes.
  [[nodiscard]] row_scores judge(const wide_row& row) const noexcept {
    row_scores out{score(row), 0, 0};
    if (linear.fitted) {
      if (const auto s = linear.score(row.data())) {
        out[judge_t2] = s.value().t2;
        out[judge_q] = s.value().q;
      }
    }
    return out;
  }
  /// How likely a row of the references is at least as strange to one of the judges: the least of them, times their number.
  [[nodiscard]] float p_value(const row_scores& row) const noexcept {
    double p = scores.p_value(row[judge_forest]).value_or(1.0);
    if (linear.fitted) {
      p = std::min({p, linear.t2_scores.p_value(row[judge_t2]).value_or(1.0), linear.q_scores.p_value(row[judge_q]).value_or(1.0)}) *
          static_cast<double>(row_judge_count);
    }
    return static_cast<float>(std::min(p, 1.0));
  }
  [[nodiscard]] row_judges::present judges() const noexcept { return {true, linear.fitted, linear.fitted}; }
};

/// Makes a reference out of the history in slices, and asks the gate whether it may serve.
///
/// Rows of the history are dealt to the two halves in blocks of `Config::fold` rows. To each half come two guard rows per column:
/// copies of rows of the history with that column, at all lags, moved beyond all that was seen. Without them a forest cannot tell
/// the greatest value it knows from one ten times as great, as both end in the same leaf.
template <std::size_t Features, typename Config>
class apprentice {
 public:
  using model = reference<Features, Config>;
  using code = typename Config::code;
  using history_ring = row_ring<Features, Config::history>;
  using quarantine_ring = row_ring<Features, Config::quarantine>;
  using held_ring = row_ring<Features, Config::held>;

  enum class outcome : std::uint8_t { working, done, failed };

  struct budget {
    latch_config latch{};
    alarm_budget forest{};
    alarm_budget linear{};  ///< T² and Q, each
  };

  [[nodiscard]] constexpr bool busy() const noexcept { return phase_ != phase::idle; }
  constexpr void abandon() noexcept { phase_ = phase::idle; }

  /// Begins with the rows that the history holds now. While it is read, no more than one row may be pushed between two calls of
  /// `advance`: rows that could be overwritten before they are read are left out.
  void begin(model& into, const history_ring& history, std::uint64_t seed) noexcept {
    constexpr std::uint64_t margin = 2 * (Config::history / encode_slice + 2);
    into.scores.clear();
    first_ = history.first() + (history.size() + margin > Config::history ? margin : 0);
    end_ = history.end();
    at_ = first_;
    usable_ = 0;
    seed_ = seed;
    lo_.fill(std::numeric_limits<float>::infinity());
    hi_.fill(-std::numeric_limits<float>::infinity());
    phase_ = phase::range;
  }

  /// One slice of work. `failed`: the history gave no reference (too few rows that follow each other).
  outcome advance(model& into, const history_ring& history, const held_ring& held, const quarantine_ring& quarantine, const budget& wanted,
                  refit_gate& gate) noexcept {
    switch (phase_) {
      case phase::idle: return outcome::done;
      case phase::range: return range(into, history);
      case phase::encode: return encode(into, history);
      case phase::grow: return grow(into);
      case phase::calibrate: return calibrate(into);
      case phase::fuse: return fuse(into);
      case phase::levels: return levels(into, wanted);
      case phase::moments: return moments(into, wanted);
      case phase::axes: return axes(into, wanted);
      case phase::linear: return linear(into, wanted);
      case phase::replay: return replay(into, held, gate);
      case phase::recall: return recall(into, quarantine, gate);
    }
    return outcome::failed;
  }

 private:
  enum class phase : std::uint8_t { idle, range, encode, grow, calibrate, fuse, levels, moments, axes, linear, replay, recall };
  static constexpr std::size_t columns = model::columns;
  static constexpr std::size_t guards = 2 * Features;
  static constexpr std::size_t encode_slice = 64;

  outcome fail() noexcept {
    phase_ = phase::idle;
    return outcome::failed;
  }

  // How many of the first n rows went to half 0.
  [[nodiscard]] constexpr std::size_t dealt(std::size_t n) const noexcept {
    return n / (2 * fold_) * fold_ + std::min(n % (2 * fold_), fold_);
  }
  [[nodiscard]] constexpr std::size_t side_of(std::size_t i) const noexcept { return i / fold_ % 2; }
  // The block lies as: rows of half 0, guard rows, rows of half 1; so each half with the guards is one view.
  [[nodiscard]] constexpr std::size_t place(std::size_t i) const noexcept {
    return side_of(i) == 0 ? dealt(i) : dealt(usable_) + guards + (i - dealt(i));
  }
  [[nodiscard]] row_view<code> half_view(std::size_t side) const noexcept {
    const std::size_t a = dealt(usable_);
    const std::size_t rows = guards + (side == 0 ? a : usable_ - a);
    return row_view<code>{block_.data() + (side == 0 ? 0 : a) * columns, rows, columns, columns};
  }
  [[nodiscard]] std::span<code, columns> block_row(std::size_t place) noexcept {
    return std::span<code, columns>{block_.data() + place * columns, columns};
  }
  [[nodiscard]] typename model::wide_row wide(std::size_t place) const noexcept {
    typename model::wide_row row;
    std::copy_n(block_.data() + place * columns, columns, row.data());
    return row;
  }

  outcome range(model& into, const history_ring& history) noexcept {
    for (std::size_t n = 0; n < encode_slice && at_ < end_; ++n, ++at_) {
      const auto row = history.row(at_);
      for (std::size_t f = 0; f < Features; ++f) {
        lo_[f] = std::min(lo_[f], row[f]);
        hi_[f] = std::max(hi_[f], row[f]);
      }
      usable_ += at_ >= first_ + Config::lags - 1 && history.has_shingle(at_, Config::lags) ? 1U : 0U;
    }
    if (at_ < end_) {
      return outcome::working;
    }
    if (usable_ < Config::warm_up / 2) {
      return fail();
    }
    fold_ = std::min(Config::fold, usable_ / 2);
    for (std::size_t f = 0; f < Features; ++f) {
      // A column that never moved: a thousandth of its value is a move.
      const double lo = lo_[f];
      const double hi = hi_[f];
      const double scale = std::max({lo < 0 ? -lo : lo, hi < 0 ? -hi : hi, 1e-6});
      const double margin = hi > lo ? (hi - lo) * Config::guard_percent / 100.0 : scale / 1024;
      lo_[f] = static_cast<float>(std::max(lo - margin, -1.6e38));
      hi_[f] = static_cast<float>(std::min(hi + margin, 1.6e38));
    }
    const auto codes = quantizer<Features, code>::from_range(lo_, hi_);
    if (!codes) {
      return fail();
    }
    into.codes = codes.value();
    at_ = first_;
    done_ = 0;
    phase_ = phase::encode;
    return outcome::working;
  }

  outcome encode(model& into, const history_ring& history) noexcept {
    for (std::size_t n = 0; n < encode_slice && at_ < end_; ++n, ++at_) {
      if (at_ < first_ + Config::lags - 1 || !history.has_shingle(at_, Config::lags)) {
        continue;
      }
      into.encode([&](std::size_t lag) { return history.row(at_ - lag).data(); }, block_row(place(done_)));
      ++done_;
    }
    if (at_ < end_) {
      return outcome::working;
    }
    for (std::size_t g = 0; g < guards; ++g) {
      const auto guard = block_row(dealt(usable_) + g);
      const auto copied = wide(place(usable_ * g / guards));
      std::copy(copied.begin(), copied.end(), guard.begin());
      const std::size_t f = g / 2;
      for (std::size_t lag = 0; lag < Config::lags; ++lag) {
        guard[lag * Features + f] = into.codes.code(f, g % 2 == 0 ? lo_[f] : hi_[f]);
      }
    }
    side_ = 0;
    started_ = false;
    phase_ = phase::grow;
    return outcome::working;
  }

  outcome grow(model& into) noexcept {
    auto& forest = into.halves[side_];
    if (!started_) {
      forest_config config{};
      config.seed = seed_ + side_;
      config.trees = static_cast<std::uint16_t>(Config::trees / 2);
      config.sample = static_cast<std::uint16_t>(Config::sample);
      config.density = true;
      config.explain = true;
      if (!forest.begin(config)) {
        return fail();
      }
      started_ = true;
    }
    const auto tree = forest.grow(half_view(side_), Config::row_visits);
    // A full pool of splits ends the growing early: the trees that are complete serve.
    const bool complete = tree ? tree.value() && forest.trees() == Config::trees / 2 : true;
    if (!complete) {
      return outcome::working;
    }
    if (forest.trees() == 0) {
      return fail();
    }
    started_ = false;
    if (++side_ == 2) {
      done_ = 0;
      phase_ = phase::calibrate;
    }
    return outcome::working;
  }

  outcome calibrate(model& into) noexcept {
    for (std::size_t n = 0; n < Config::judge_slice && done_ < usable_; ++n, ++done_) {
      sums_[place(done_)] = into.half_sums(1 - side_of(done_), wide(place(done_)));
    }
    if (done_ < usable_) {
      return outcome::working;
    }
    side_ = 0;
    phase_ = phase::fuse;
    return outcome::working;
  }
  outcome fuse(model& into) noexcept {
    const std::size_t first = dealt(usable_);
    const std::span<const forest_sums> held{sums_.data() + (side_ == 0 ? first + guards : 0), side_ == 0 ? usable_ - first : first};
    if (!into.fusions[side_].learn(held)) {
      return fail();
    }
    if (++side_ == 2) {
      done_ = 0;
      phase_ = phase::levels;
    }
    return outcome::working;
  }
  outcome levels(model& into, const budget& wanted) noexcept {
    for (std::size_t n = 0; n < encode_slice && done_ < usable_; ++n, ++done_) {
      if (!into.scores.observe(into.half_score(1 - side_of(done_), sums_[place(done_)]))) {
        return fail();
      }
    }
    if (done_ < usable_) {
      return outcome::working;
    }
    const auto level = level_of(into.scores, wanted.forest, Config::lags);
    if (!level) {
      return fail();
    }
    into.level = level.value();
    if (!into.level.resolved) {
      into.level.enter = within_reach(into, into.level.enter);
      into.level.leave = std::min(into.level.leave, into.level.enter);
    }
    linear_.begin(into.linear);
    done_ = 0;
    phase_ = phase::moments;
    return outcome::working;
  }

  // The axes are learnt from half 0 and calibrated on half 1.
  outcome moments(model& into, const budget& wanted) noexcept {
    for (std::size_t n = 0; n < Config::judge_slice && done_ < usable_; ++done_) {
      if (side_of(done_) == 0) {
        linear_.learn(block_.data() + place(done_) * columns);
        ++n;
      }
    }
    if (done_ < usable_) {
      return outcome::working;
    }
    if (!linear_.begin_axes()) {
      return begin_replay(into, wanted);
    }
    phase_ = phase::axes;
    return outcome::working;
  }
  outcome axes(model& into, const budget& wanted) noexcept {
    const auto solved = linear_.advance(into.linear, Config::pivots);
    if (!solved) {
      return begin_replay(into, wanted);
    }
    if (solved.value()) {
      done_ = 0;
      phase_ = phase::linear;
    }
    return outcome::working;
  }
  outcome linear(model& into, const budget& wanted) noexcept {
    for (std::size_t n = 0; n < Config::judge_slice && done_ < usable_; ++done_) {
      if (side_of(done_) == 1) {
        if (!linear_.calibrate(into.linear, block_.data() + place(done_) * columns)) {
          return begin_replay(into, wanted);
        }
        ++n;
      }
    }
    if (done_ < usable_) {
      return outcome::working;
    }
    linear_.finish(into.linear, wanted.linear);
    return begin_replay(into, wanted);
  }

  outcome begin_replay(model& into, const budget& wanted) noexcept {
    judges_ = row_judges{wanted.latch, Config::lags};
    judges_.set_levels(into.levels(), into.judges());
    cursor_ = 0;
    phase_ = phase::replay;
    return outcome::working;
  }

  // A score has an upper end, an exponential tail has none: a level continued beyond the references may lie where no row comes. So it is
  // at most half-way from the strangest reference to the strangest guard row, a fault of the column that the forest sees best.
  [[nodiscard]] float within_reach(const model& judge, float enter) const noexcept {
    float reach = judge.score(wide(dealt(usable_)));
    for (std::size_t g = 0; g < guards; ++g) {
      reach = std::max(reach, judge.score(wide(dealt(usable_) + g)));
    }
    const float least = threshold{judge.scores.greatest().value(), true}.enter();
    return std::max(least, std::min(enter, least + (reach - least) * 0.5F));
  }

  outcome replay(model& into, const held_ring& held, refit_gate& gate) noexcept {
    if (cursor_ == 0) {
      gate.reset();
    }
    for (std::size_t n = 0; n < Config::judge_slice && cursor_ < held.size(); ++n, ++cursor_) {
      const std::uint64_t at = held.first() + cursor_;
      if (held.has_shingle(at, Config::lags)) {
        gate.observe_reference(judges_.observe(scores_at(into, held, at)) == alarm_edge::raised);
      }
    }
    if (cursor_ == held.size()) {
      at_ = 0;
      phase_ = phase::recall;
    }
    return outcome::working;
  }

  outcome recall(model& into, const quarantine_ring& quarantine, refit_gate& gate) noexcept {
    at_ = std::max(at_, quarantine.first());
    for (std::size_t n = 0; n < Config::judge_slice && at_ < quarantine.end(); ++n, ++at_) {
      // Only rows that the present reference found high: the rows before an alarm lie here too, and look like any other.
      if (quarantine.note(at_).high && quarantine.has_shingle(at_, Config::lags)) {
        gate.observe_quarantined(judges_.high(scores_at(into, quarantine, at_)));
      }
    }
    if (at_ < quarantine.end()) {
      return outcome::working;
    }
    phase_ = phase::idle;
    return outcome::done;
  }

  template <typename Ring>
  [[nodiscard]] static row_scores scores_at(const model& judge, const Ring& ring, std::uint64_t number) noexcept {
    typename model::wide_row row;
    judge.encode([&](std::size_t lag) { return ring.row(number - lag).data(); }, row);
    return judge.judge(row);
  }

  std::array<code, (Config::history + guards) * columns> block_{};
  std::array<forest_sums, Config::history + guards> sums_{};
  std::array<float, Features> lo_{}, hi_{};
  linear_apprentice<Features, Config> linear_{};
  row_judges judges_{};
  std::uint64_t first_ = 0, end_ = 0, at_ = 0, seed_ = 0;
  std::size_t usable_ = 0, fold_ = 1, done_ = 0, cursor_ = 0, side_ = 0;
  phase phase_ = phase::idle;
  bool started_ = false;
};

}  // namespace skerry::inline v0::anomaly::detail
