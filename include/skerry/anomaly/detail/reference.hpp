// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/detail/row_ring.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/quantizer.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/core/math.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// What a monitor judges by: a forest in two halves, each grown from rows that the other has not seen, and the levels that the
/// held-out scores gave.
template <std::size_t Features, typename Config>
struct reference {
  using code = typename Config::code;
  static constexpr std::size_t columns = Features * Config::lags;
  using forest = isolation_forest<columns, Config::trees / 2, Config::sample, code>;
  using wide_row = std::array<code, columns>;

  quantizer<Features, code> codes{};
  std::array<forest, 2> halves{};
  using scores_type = basic_calibration<float, Config::history>;
  scores_type scores{};
  float enter = 0;
  float leave = 0;
  bool resolved = false;

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

  [[nodiscard]] float half_score(std::size_t side, const wide_row& row) const noexcept {
    const forest& half = halves[side];
    // Neither can refuse: the half has trees, and no code of a finite number is the missing one.
    return half.score_of(half.depth_sum_codes(row).value()).value();
  }
  [[nodiscard]] float score(const wide_row& row) const noexcept { return (half_score(0, row) + half_score(1, row)) * 0.5F; }
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
    double per_day = 0;
    double rows_per_day = 0;
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
      case phase::calibrate: return calibrate(into, wanted);
      case phase::replay: return replay(into, held, gate);
      case phase::recall: return recall(into, quarantine, gate);
    }
    return outcome::failed;
  }

 private:
  enum class phase : std::uint8_t { idle, range, encode, grow, calibrate, replay, recall };
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

  outcome calibrate(model& into, const budget& wanted) noexcept {
    for (std::size_t n = 0; n < Config::judge_slice && done_ < usable_; ++n, ++done_) {
      if (!into.scores.observe(into.half_score(1 - side_of(done_), wide(place(done_))))) {
        return fail();
      }
    }
    if (done_ < usable_) {
      return outcome::working;
    }
    const auto level = into.scores.for_alarms(wanted.per_day, wanted.rows_per_day);
    const auto calm = into.scores.for_contamination(0.1);
    if (!level || !calm) {
      return fail();
    }
    into.resolved = level.value().resolved;
    into.enter = into.resolved ? level.value().enter() : within_reach(into, cautious(into, level.value().enter()));
    into.leave = std::min(calm.value().value, into.enter);
    latch_config judged = wanted.latch;
    judged.enter = into.enter;
    judged.leave = into.leave;
    const auto latch = alarm_latch::create(judged);
    if (!latch) {
      return fail();
    }
    latch_ = latch.value();
    cursor_ = 0;
    phase_ = phase::replay;
    return outcome::working;
  }

  // A level beyond the references rests on the mean excess of a few rows; an exponential's mean of n values has the relative
  // standard error 1 / sqrt(n), and two of them are added.
  [[nodiscard]] static float cautious(const model& judge, float enter) noexcept {
    const auto tail = static_cast<double>(judge.scores.size() / model::scores_type::least_for_tail);
    const float from = judge.scores.for_contamination(1.0 / static_cast<double>(model::scores_type::least_for_tail)).value().value;
    return from + (enter - from) * static_cast<float>(1 + 2 / math::sqrt(tail));
  }

  // A score has an upper end, an exponential tail has none: a level continued beyond the references may lie where no fault comes.
  // So it is at most half-way from the strangest reference to what the forest says of its weakest guard row, a fault of one column.
  [[nodiscard]] float within_reach(const model& judge, float enter) const noexcept {
    float reach = 1;
    for (std::size_t g = 0; g < guards; ++g) {
      reach = std::min(reach, judge.score(wide(dealt(usable_) + g)));
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
        gate.observe_reference(latch_.observe(score_at(into, held, at)) == alarm_edge::raised);
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
        gate.observe_quarantined(score_at(into, quarantine, at_) >= into.enter);
      }
    }
    if (at_ < quarantine.end()) {
      return outcome::working;
    }
    phase_ = phase::idle;
    return outcome::done;
  }

  template <typename Ring>
  [[nodiscard]] static float score_at(const model& judge, const Ring& ring, std::uint64_t number) noexcept {
    typename model::wide_row row;
    judge.encode([&](std::size_t lag) { return ring.row(number - lag).data(); }, row);
    return judge.score(row);
  }

  std::array<code, (Config::history + guards) * columns> block_{};
  std::array<float, Features> lo_{}, hi_{};
  alarm_latch latch_ = alarm_latch::create({}).value();
  std::uint64_t first_ = 0, end_ = 0, at_ = 0, seed_ = 0;
  std::size_t usable_ = 0, fold_ = 1, done_ = 0, cursor_ = 0, side_ = 0;
  phase phase_ = phase::idle;
  bool started_ = false;
};

}  // namespace skerry::inline v0::anomaly::detail
