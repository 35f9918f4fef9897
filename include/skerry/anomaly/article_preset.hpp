// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/core/ring_buffer.hpp>

#include <cstddef>

namespace skerry::inline v0::anomaly {

/// The numbers of the recipe that the monitor was modelled on, literally; for comparison, not for use (see `article_rule`).
///
/// Source  "Beyond the Cloud: Architecting Profitable Edge Computing Systems for Enterprise Scale", DEV Community
struct article_preset {
  static constexpr std::size_t history = 1000;     ///< newest rows that a forest learns from, faults among them
  static constexpr std::size_t refit_every = 100;  ///< rows; on all of the history at once
  static constexpr double contamination = 0.1;     ///< this share of the history lies below the offset
  static constexpr double known_threshold = 0.85;  ///< a known failure from this probability on
  static constexpr std::size_t decisions = 10;     ///< readings whose decisions are averaged
  static constexpr double novel_below = -0.5;      ///< mean decision below which a reading counts as novel
};

/// What the recipe says of one reading.
struct article_verdict {
  bool known_failure;
  bool novel;
  friend bool operator==(const article_verdict&, const article_verdict&) = default;
};

/// The rule of the recipe: known failure at probability >= 0.85, novel when the mean of the last ten values of scikit-learn's
/// `decision_function` is below -0.5.
///
/// It practically never says novel. A decision is score - offset, with scikit-learn's signs (lower = stranger). At contamination 0.1
/// the offset lies between -0.60 and -0.50 (36 fits of scikit-learn 1.2.1, 1 to 8 columns, samples of 100 and 256), so a mean of
/// -0.5 needs scores near -1; but a score cannot pass -2^(-1 / c(256)) = -0.935. Faults of 8 to 1000 standard deviations gave means of
/// -0.25 to -0.15. And since each refit takes the whole history, it then learns the fault as normal. `monitor` with `default_monitor`
/// differs in exactly these points: levels from a budget of alarms, a reference that stays frozen, rows of alarms in quarantine.
///
/// Input   per reading the probability of a known failure and the decision, both finite
/// Cost    O(1); ten doubles and two indices, no heap
/// Errors  `not_finite`: the reading counts as none
/// Source  as `article_preset`
class article_rule {
 public:
  constexpr result<article_verdict> observe(double probability, double decision) noexcept {
    if (!math::isfinite(probability) || !math::isfinite(decision)) {
      return errc::not_finite;
    }
    decisions_.push(decision);
    double sum = 0;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      sum += decisions_[i];
    }
    const double mean = sum / static_cast<double>(article_preset::decisions);
    return article_verdict{probability >= article_preset::known_threshold, decisions_.full() && mean < article_preset::novel_below};
  }

  /// Forgets the decisions.
  constexpr void clear() noexcept { decisions_.clear(); }

 private:
  ring_buffer<double, article_preset::decisions> decisions_{};
};

}  // namespace skerry::inline v0::anomaly
