// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/learning_block.hpp>
#include <skerry/anomaly/detail/linear_reference.hpp>
#include <skerry/anomaly/detail/reference.hpp>
#include <skerry/anomaly/detail/row_judges.hpp>
#include <skerry/anomaly/detail/row_ring.hpp>
#include <skerry/anomaly/refit_gate.hpp>
#include <skerry/core/array_of.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::anomaly::detail {

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

  using budget = judge_budgets;

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
    usable_ = done_ = cursor_ = 0;
    steps_ = 0;
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
      case phase::replay: return replay(into, held, gate);
      case phase::recall: return recall(into, quarantine, gate);
      default: return step(into, wanted);
    }
  }

  /// What a candidate at work needs to go on. Trees, axes and levels follow from the rows, the seed and the number of slices, and are
  /// made again when it is read.
  void write(byte_writer& out, const model& candidate) const noexcept {
    out.u8(static_cast<std::uint8_t>(phase_));
    if (phase_ == phase::idle) {
      return;
    }
    for (const std::uint64_t v : {first_, end_, at_, seed_, std::uint64_t{usable_}, std::uint64_t{done_}, std::uint64_t{cursor_}, steps_}) {
      out.u64(v);
    }
    field_writer{out}(lo_);
    field_writer{out}(hi_);
    if (phase_ == phase::range) {
      return;
    }
    for (std::size_t f = 0; f < Features; ++f) {
      out.f32(candidate.codes.lo(f));
      out.f32(candidate.codes.inv_step(f));
    }
    for (std::size_t i = 0; i < (phase_ == phase::encode ? done_ : usable_); ++i) {
      write_row(out, place(i));
    }
    for (std::size_t g = 0; phase_ != phase::encode && g < guards; ++g) {
      write_row(out, block_.dealt(usable_) + g);
    }
    if (phase_ == phase::replay || phase_ == phase::recall) {
      row_judges::fields(judges_, field_writer{out});
    }
  }
  /// Reads it, fails the reader when it cannot be. `keep`: takes it over, for which all else of the monitor has been read.
  void read(byte_reader& in, bool keep, model& candidate, const history_ring& history, const held_ring& held,
            const budget& wanted) noexcept {
    const std::uint8_t number = in.u8();
    if (number > static_cast<std::uint8_t>(phase::recall)) {
      in.fail(errc::corrupt);
      return;
    }
    const auto now = static_cast<phase>(number);
    phase_ = keep ? phase::idle : phase_;
    if (now == phase::idle) {
      return;
    }
    std::array<std::uint64_t, 8> v{};
    field_reader{in}(v);
    std::array<float, Features> lo;
    std::array<float, Features> hi;
    field_reader{in}(lo);
    field_reader{in}(hi);
    const auto [first, end, at, seed, usable, done, cursor, steps] = v;
    const bool numbers = first <= end && end - first <= Config::history && (now >= phase::replay || at <= end) &&
                         usable <= Config::history && done <= usable && steps < most_steps &&
                         (now == phase::range || usable >= Config::warm_up / 2);
    if (!numbers) {
      in.fail(errc::corrupt);
      return;
    }
    if (keep) {
      first_ = first;
      end_ = end;
      at_ = at;
      seed_ = seed;
      usable_ = static_cast<std::size_t>(usable);
      block_.deal(usable_);
      done_ = static_cast<std::size_t>(done);
      cursor_ = static_cast<std::size_t>(cursor);
      steps_ = steps;
      lo_ = lo;
      hi_ = hi;
      candidate.scores.clear();
    }
    if (now != phase::range) {
      const std::size_t rows = now == phase::encode ? static_cast<std::size_t>(done) : static_cast<std::size_t>(usable) + guards;
      read_block(in, keep, candidate, rows, static_cast<std::size_t>(usable));
    }
    row_judges judges{wanted.latch, Config::lags};
    if (now == phase::replay || now == phase::recall) {
      read_sound(in, judges, true);
    }
    if (!keep || in.error() != errc::ok) {
      return;
    }
    if (now == phase::range || now == phase::encode) {
      // Rows that the history no longer has: the candidate is begun again.
      phase_ = at_ >= history.first() && end_ <= history.end() ? now : phase::idle;
      return;
    }
    start_growing();
    while (rebuilt(phase_) && steps_ < steps) {
      (void)step(candidate, wanted);
    }
    if (now != phase::replay && now != phase::recall) {
      return;
    }
    if (phase_ != phase::replay) {
      phase_ = phase::idle;
      return;
    }
    judges.set_levels(candidate.levels(), candidate.judges());
    judges_ = judges;
    cursor_ = std::min<std::size_t>(static_cast<std::size_t>(cursor), held.size());
    at_ = at;
    steps_ = steps;
    phase_ = now;
  }

 private:
  enum class phase : std::uint8_t { idle, range, encode, grow, calibrate, fuse, levels, moments, axes, linear, replay, recall };
  static constexpr std::size_t columns = model::columns;
  static constexpr std::size_t guards = 2 * Features;
  static constexpr std::size_t encode_slice = 64;

  static constexpr std::uint64_t most_steps = std::uint64_t{1} << 20;

  // Phases whose work follows from the rows of the block.
  [[nodiscard]] static constexpr bool rebuilt(phase p) noexcept { return p >= phase::grow && p < phase::replay; }

  outcome step(model& into, const budget& wanted) noexcept {
    ++steps_;
    switch (phase_) {
      case phase::grow: return grow(into);
      case phase::calibrate: return calibrate(into);
      case phase::fuse: return fuse(into);
      case phase::levels: return levels(into, wanted);
      case phase::moments: return moments(into, wanted);
      case phase::axes: return axes(into, wanted);
      default: return linear(into, wanted);
    }
  }

  void write_row(byte_writer& out, std::size_t at) const noexcept {
    for (const code c : block_.row(at)) {
      field_writer{out}(c);
    }
  }
  // Rows of the history in their order, then guard rows.
  void read_block(byte_reader& in, bool keep, model& candidate, std::size_t rows, std::size_t usable) noexcept {
    std::array<float, Features> lo;
    std::array<float, Features> inv_step;
    for (std::size_t f = 0; f < Features; ++f) {
      lo[f] = in.f32();
      inv_step[f] = in.f32();
    }
    const auto codes = quantizer<Features, code>::from_steps(lo, inv_step);
    if (!codes) {
      in.fail(errc::corrupt);
      return;
    }
    if (keep) {
      candidate.codes = codes.value();
    }
    for (std::size_t i = 0; i < rows && in.error() == errc::ok; ++i) {
      typename model::wide_row row;
      field_reader{in}(row);
      if (!none_missing<code>(row.data(), columns)) {
        in.fail(errc::corrupt);
      } else if (keep) {
        const std::size_t at = i < usable ? place(i) : block_.dealt(usable) + (i - usable);
        std::copy(row.begin(), row.end(), block_.row(at).begin());
      }
    }
  }

  outcome fail() noexcept {
    phase_ = phase::idle;
    return outcome::failed;
  }

  [[nodiscard]] constexpr std::size_t side_of(std::size_t i) const noexcept { return block_.side_of(i); }
  [[nodiscard]] constexpr std::size_t place(std::size_t i) const noexcept { return block_.place(i); }
  [[nodiscard]] typename model::wide_row wide(std::size_t at) const noexcept { return block_.copy(at); }

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
    block_.deal(usable_);
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
      if (at_ < first_ + Config::lags - 1 || done_ == usable_ || !history.has_shingle(at_, Config::lags)) {
        continue;
      }
      into.encode([&](std::size_t lag) { return history.row(at_ - lag).data(); }, block_.row(place(done_)));
      ++done_;
    }
    if (at_ < end_) {
      return outcome::working;
    }
    for (std::size_t g = 0; g < guards; ++g) {
      const auto guard = block_.row(block_.dealt(usable_) + g);
      const auto copied = wide(place(usable_ * g / guards));
      std::copy(copied.begin(), copied.end(), guard.begin());
      const std::size_t f = g / 2;
      for (std::size_t lag = 0; lag < Config::lags; ++lag) {
        guard[lag * Features + f] = into.codes.code(f, g % 2 == 0 ? lo_[f] : hi_[f]);
      }
    }
    start_growing();
    return outcome::working;
  }
  void start_growing() noexcept {
    side_ = 0;
    started_ = false;
    steps_ = 0;
    phase_ = phase::grow;
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
    const auto tree = forest.grow(block_.half(side_), Config::row_visits);
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
    const std::size_t first = block_.dealt(usable_);
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
        linear_.learn(block_.row(place(done_)).data());
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
        if (!linear_.calibrate(into.linear, block_.row(place(done_)).data())) {
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
    float reach = judge.score(wide(block_.dealt(usable_)));
    for (std::size_t g = 0; g < guards; ++g) {
      reach = std::max(reach, judge.score(wide(block_.dealt(usable_) + g)));
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

  learning_block<Config::history, guards, columns, Config::fold, code> block_{};
  array_of<forest_sums, Config::history + guards> sums_{};
  std::array<float, Features> lo_{}, hi_{};
  linear_apprentice<Features, Config> linear_{};
  row_judges judges_{};
  std::uint64_t first_ = 0, end_ = 0, at_ = 0, seed_ = 0, steps_ = 0;
  std::size_t usable_ = 0, done_ = 0, cursor_ = 0, side_ = 0;
  phase phase_ = phase::idle;
  bool started_ = false;
};

}  // namespace skerry::inline v0::anomaly::detail
