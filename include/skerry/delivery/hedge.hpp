// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/delivery/outcome.hpp>
#include <skerry/delivery/retry_budget.hpp>

#include <bit>
#include <cstdint>

namespace skerry::inline v0::delivery {

template <instant Time>
struct hedge_config {
  std::uint8_t max_attempts = 2;                  ///< copies, the first one included: 1 to 16
  duration_t<Time> delay = from_ms<Time>(1'000);  ///< from one copy to the next; about the 95th percentile of the answers is a good start
};

/// What to do now.
enum class hedge_step : std::uint8_t {
  send,     ///< copy number `attempt`
  abandon,  ///< copy number `attempt`: its answer is not needed any more
  wait,     ///< for an answer, or until next_deadline()
  done,     ///< the verdict stands, nothing is out
};
struct hedge_action {
  hedge_step what = hedge_step::wait;
  std::uint8_t attempt = 0;  ///< from 1
};

/// Sends a second copy of a slow request, and takes the first good answer.
///
/// `poll` until it says `wait` or `done`; answers come in by `on_result`, in any order. The next copy goes out `delay` after the one
/// before it, at once after a failure, at the time a wait hint names, and never after a stop hint. The first `ok` ends it, and so does
/// `permanent`: what one peer will never take is not asked again. The copies beside the first one are paid for from the budget that
/// retries draw on; without budget there are no more.
/// Only what is repeatable is sent twice: with `repeatable::no` there is one copy, whatever the config says.
/// Cost    O(1); 24 bytes with a 32-bit tick
/// Errors  none; an answer of a copy that is not out changes nothing
/// Source  gRFC A6, hedging policy; Dean, Barroso, The tail at scale, 2013
///
/// The config is shared and must outlive the object.
template <instant Time>
class hedge {
 public:
  constexpr hedge(const hedge_config<Time>& config, repeatable repeat, Time now) noexcept
      : config_{&config}, due_{now}, most_{repeat == repeatable::no ? std::uint8_t{1} : config.max_attempts} {
    SKERRY_ASSERT(config.max_attempts >= 1 && config.max_attempts <= 16);
  }
  hedge(const hedge_config<Time>&&, repeatable, Time) = delete;  // the config is shared: name it, so that it lives

  [[nodiscard]] constexpr hedge_action poll(Time now, retry_budget<Time>& budget) noexcept {
    if (decided_) {
      if (out_ == 0) {
        return {hedge_step::done, 0};
      }
      const auto lowest = static_cast<unsigned>(std::countr_zero(out_));
      out_ = static_cast<std::uint16_t>(out_ & (out_ - 1U));
      return {hedge_step::abandon, static_cast<std::uint8_t>(lowest + 1)};
    }
    if (sent_ == most_ || !(deadline<Time>{due_}.due(now) || (hasty_ && sent_ != 0))) {
      return {hedge_step::wait, 0};
    }
    if (sent_ == 0) {
      budget.deposit(now);
    } else if (!budget.try_withdraw(now, last_)) {
      most_ = sent_;  // what is out may still answer
      decided_ = out_ == 0;
      return {decided_ ? hedge_step::done : hedge_step::wait, 0};
    }
    out_ = static_cast<std::uint16_t>(out_ | 1U << sent_);
    ++sent_;
    due_ = advance(now, config_->delay);
    hasty_ = false;
    return {hedge_step::send, sent_};
  }

  /// Copy number `attempt` was answered.
  constexpr void on_result(std::uint8_t attempt, reply<Time> answer, retry_budget<Time>& budget, Time now) noexcept {
    if (attempt == 0 || attempt > sent_ || (out_ & 1U << (attempt - 1)) == 0) {
      return;
    }
    out_ = static_cast<std::uint16_t>(out_ & ~(1U << (attempt - 1)));
    budget.record(answer.what, attempt == 1 ? outcome::ok : last_);
    if (decided_) {
      return;
    }
    last_ = answer.what;
    if (answer.what == outcome::ok || answer.what == outcome::permanent) {
      decided_ = true;
      return;
    }
    if (answer.hint != no_hint<Time> && answer.hint < duration_t<Time>{}) {
      most_ = sent_;
    } else if (answer.hint != no_hint<Time>) {
      due_ = advance(now, answer.hint);
      hasty_ = false;
    } else if (answer.what != outcome::cancelled) {
      hasty_ = true;
    }
    decided_ = out_ == 0 && sent_ == most_;
  }

  /// Calls it off: what is out is to be abandoned.
  constexpr void cancel() noexcept {
    if (!decided_) {
      decided_ = true;
      last_ = outcome::cancelled;
    }
  }

  /// When the next copy is due; none when only an answer can change anything.
  [[nodiscard]] constexpr deadline<Time> next_deadline() const noexcept {
    return decided_ || sent_ == most_ ? deadline<Time>{} : deadline<Time>{due_};
  }
  [[nodiscard]] constexpr bool decided() const noexcept { return decided_; }
  /// Once decided: the first `ok` or `permanent`, else what the last copy was answered.
  [[nodiscard]] constexpr outcome verdict() const noexcept { return last_; }
  /// Copies sent.
  [[nodiscard]] constexpr std::uint8_t sent() const noexcept { return sent_; }

 private:
  const hedge_config<Time>* config_;
  Time due_;
  std::uint16_t out_ = 0;  ///< a bit for each copy without an answer
  std::uint8_t sent_ = 0;
  std::uint8_t most_;
  outcome last_ = outcome::transient;
  bool hasty_ = false;  ///< a failure: the next copy goes out at once
  bool decided_ = false;
};

}  // namespace skerry::inline v0::delivery
