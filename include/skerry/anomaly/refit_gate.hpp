// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <cstdint>

namespace skerry::inline v0::anomaly {

struct refit_gate_config {
  double budget_per_row = 0;      ///< alarms that are wanted at most, per row: alarms per day / rows per day
  double excess = 2;              ///< (a): so many times the budget a candidate may alarm on the held reference
  double quarantine_share = 0.9;  ///< (b): so much of the quarantined rows it must still flag
};

enum class refit_decision : std::uint8_t {
  accepted,
  alarms_on_reference,  ///< rule (a): the candidate alarms where all was well
  forgets_quarantine,   ///< rule (b): the candidate has learnt a fault as normal
};

/// May this candidate replace the reference? Two tests that a model which learnt a fault cannot pass both.
///
///   (a) on the held reference rows it alarms at no more than `excess` times the budget;
///   (b) it still flags at least `quarantine_share` of the quarantined rows.
/// A fault that creeps into the history raises the thresholds until its rows are normal: then (b) fails. A candidate that answers
/// with low thresholds passes (b) and fails (a). Nothing held: that rule is passed, as there is nothing to contradict.
///
/// Input   what the candidate says of each held row, in any order
/// Cost    O(1) per row; sizeof == 56, no heap
/// Errors  `invalid` from `create`: a budget or excess below zero, a share outside [0, 1], or NaN
/// Source  rule of this library; the effect it guards against: isolation forests refitted on their own history lose a persistent
///         fault once it fills about a tenth of that history
class refit_gate {
 public:
  [[nodiscard]] static constexpr result<refit_gate> create(const refit_gate_config& config) noexcept {
    const bool ok = config.budget_per_row >= 0 && config.excess >= 0 && config.quarantine_share >= 0 && config.quarantine_share <= 1;
    if (!ok) {
      return errc::invalid;
    }
    return refit_gate{config};
  }

  /// One held reference row, and whether the candidate's latch raised an alarm at it.
  constexpr void observe_reference(bool alarm) noexcept {
    ++reference_;
    reference_alarms_ += alarm ? 1U : 0U;
  }
  /// One quarantined row, and whether the candidate finds it high.
  constexpr void observe_quarantined(bool flagged) noexcept {
    ++quarantined_;
    flagged_ += flagged ? 1U : 0U;
  }

  [[nodiscard]] constexpr refit_decision decide() const noexcept {
    if (static_cast<double>(reference_alarms_) > config_.excess * config_.budget_per_row * static_cast<double>(reference_)) {
      return refit_decision::alarms_on_reference;
    }
    if (static_cast<double>(flagged_) < config_.quarantine_share * static_cast<double>(quarantined_)) {
      return refit_decision::forgets_quarantine;
    }
    return refit_decision::accepted;
  }

  /// Forgets the rows, for the next candidate.
  constexpr void reset() noexcept { reference_ = reference_alarms_ = quarantined_ = flagged_ = 0; }

  /// The counts, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.reference_);
    f(self.reference_alarms_);
    f(self.quarantined_);
    f(self.flagged_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] constexpr bool sound() const noexcept { return reference_alarms_ <= reference_ && flagged_ <= quarantined_; }

  [[nodiscard]] constexpr const refit_gate_config& config() const noexcept { return config_; }

 private:
  constexpr explicit refit_gate(const refit_gate_config& config) noexcept : config_{config} {}

  refit_gate_config config_;
  std::uint64_t reference_ = 0, reference_alarms_ = 0, quarantined_ = 0, flagged_ = 0;
};

}  // namespace skerry::inline v0::anomaly
