// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/row_ring.hpp>
#include <skerry/anomaly/monitor_types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// Where the rows of a monitor go: they wait, in case an alarm comes, then join the history; during an alarm they go to quarantine, and
/// those that waited go before them.
template <std::size_t Features, typename Config>
class row_keeper {
 public:
  static constexpr std::size_t most_waiting = 32 + Config::lags;
  using row_span = std::span<const float, Features>;
  using waiting_ring = row_ring<Features, most_waiting>;
  using history_ring = row_ring<Features, Config::history>;
  using held_ring = row_ring<Features, Config::held>;
  using quarantine_ring = row_ring<Features, Config::quarantine>;

  /// A row while no alarm stands; `wait` rows wait at most.
  void keep(row_span row, row_note note, std::size_t wait) noexcept {
    if (waiting_.size() >= wait) {
      remember(waiting_.row(waiting_.first()), waiting_.note(waiting_.first()));
      waiting_.pop();
    }
    waiting_.push(row, note);
  }
  /// A row while one stands, `note.alarm`; `learn`: the operator has accepted it.
  void keep_alarmed(row_span row, const row_note& note, bool learn, monitor_counters& counters) noexcept {
    for (; !waiting_.empty(); waiting_.pop()) {
      row_note before = waiting_.note(waiting_.first());
      before.alarm = note.alarm;
      before.known = note.known;
      quarantine(waiting_.row(waiting_.first()), before, counters);
    }
    if (learn) {
      remember(row, note);
    } else {
      quarantine(row, note, counters);
    }
  }
  void remember(row_span row, const row_note& note) noexcept {
    history_.push(row, note);
    ++since_refit_;
  }

  struct found {
    bool any = false;
    bool known = false;  ///< some came during a known failure
  };
  [[nodiscard]] found look_for(std::uint32_t alarm) const noexcept {
    found out{};
    for (std::uint64_t i = quarantine_.first(); i < quarantine_.end(); ++i) {
      if (quarantine_.note(i).alarm == alarm) {
        out.any = true;
        out.known = out.known || quarantine_.note(i).known;
      }
    }
    return out;
  }
  /// The rows of one alarm move from quarantine into the history, less what the places of the columns have moved by.
  void release(std::uint32_t alarm, const std::array<float, Features>& moved) noexcept {
    const std::uint64_t end = quarantine_.end();
    while (quarantine_.first() < end) {
      const std::uint64_t at = quarantine_.first();
      const row_note note = quarantine_.note(at);
      std::array<float, Features> row;
      std::copy_n(quarantine_.row(at).data(), Features, row.data());
      quarantine_.pop();
      if (note.alarm == alarm) {
        for (std::size_t f = 0; f < Features; ++f) {
          row[f] -= moved[f];
        }
        remember(row, note);
      } else {
        quarantine_.push(row, note);
      }
    }
  }
  /// Too few rows followed each other to learn from: the oldest go.
  void forget_some(std::size_t rows) noexcept {
    for (; rows > 0 && !history_.empty(); --rows) {
      history_.pop();
    }
  }
  /// The rows that the next candidate has to find normal: all of a short history, otherwise four stretches of it.
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

  [[nodiscard]] const history_ring& history() const noexcept { return history_; }
  [[nodiscard]] const held_ring& held() const noexcept { return held_; }
  [[nodiscard]] const quarantine_ring& quarantined() const noexcept { return quarantine_; }
  /// Rows that joined the history since the last candidate was begun.
  [[nodiscard]] std::uint64_t since_refit() const noexcept { return since_refit_; }
  void set_since_refit(std::uint64_t rows) noexcept { since_refit_ = rows; }

  template <typename Writer>
  void write(Writer& out) const noexcept {
    waiting_.write(out);
    history_.write(out);
    held_.write(out);
    quarantine_.write(out);
    out.u64(since_refit_);
  }
  template <typename Reader>
  static void read(Reader& in, row_keeper* into) noexcept {
    waiting_ring::read(in, into == nullptr ? nullptr : &into->waiting_);
    history_ring::read(in, into == nullptr ? nullptr : &into->history_);
    held_ring::read(in, into == nullptr ? nullptr : &into->held_);
    quarantine_ring::read(in, into == nullptr ? nullptr : &into->quarantine_);
    const std::uint64_t since = in.u64();
    if (into != nullptr) {
      into->since_refit_ = since;
    }
  }

 private:
  void quarantine(row_span row, const row_note& note, monitor_counters& counters) noexcept {
    ++counters.quarantined;
    counters.quarantine_overwritten += quarantine_.push(row, note) ? 1U : 0U;
  }

  waiting_ring waiting_{};
  history_ring history_{};
  held_ring held_{};
  quarantine_ring quarantine_{};
  std::uint64_t since_refit_ = 0;
};

}  // namespace skerry::inline v0::anomaly::detail
