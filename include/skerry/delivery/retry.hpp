// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/outcome.hpp>
#include <skerry/delivery/retry_budget.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery {

/// What a server's hint does to the own wait.
enum class hint_rule : std::uint8_t {
  exact_then_reset,  ///< the hint is the wait, the next own wait is the first one again
  min_cap,           ///< the hint, but at most `hint_cap`
  clamp_window,      ///< between the own wait and the own wait + `hint_window`
};

template <instant Time>
struct retry_config {
  std::uint16_t attempts = 3;  ///< the first one included; 0: no limit by count
  hint_rule hint = hint_rule::clamp_window;
  duration_t<Time> hint_cap = from_ms<Time>(20'000);    ///< min_cap
  duration_t<Time> hint_window = from_ms<Time>(5'000);  ///< clamp_window
  duration_t<Time> hint_jitter{};                       ///< U[0, hint_jitter) is added to a hint; nothing is ever subtracted
  bool from_attempt_start = false;                      ///< the wait counts from `started(now)`, not from the answer
};

/// What to do after an answer.
enum class next_step : std::uint8_t { done, wait, give_up };

/// Why it was given up.
enum class give_up_reason : std::uint8_t {
  none,
  permanent,       ///< the peer will not take it
  cancelled,       ///< this side called it off
  not_repeatable,  ///< silence, and sending twice would count twice
  peer_said_stop,  ///< a negative hint
  attempts,        ///< as many as configured
  deadline,        ///< the wait would reach it
  budget,          ///< no retry left for this destination
};

template <instant Time>
struct decision {
  next_step what = next_step::done;
  Time at{};  ///< next_step::wait: when the next attempt is due
  give_up_reason why = give_up_reason::none;
};

/// One call, tried until it is answered, forbidden or out of time.
///
/// Cost    O(1) and one wait of `backoff`
/// Errors  none: giving up is a decision with a reason
///
/// The order of the questions: the verdict itself, a stop hint, repeatability, the attempts, the deadline (a wait that reaches it
/// gives up at once instead of sleeping first), and the budget last, so that only a retry that is made is paid for.
/// The config is shared and must outlive the object; see `backoff` for `Fixed`.
template <instant Time, const retry_config<Time>* Fixed = nullptr, typename Waits = backoff<Time>>
class retry {
 public:
  retry(const retry_config<Time>& config, const Waits& waits, Time deadline) noexcept requires(!detail::is_fixed<retry_config<Time>, Fixed>)
      : config_{config}, backoff_{waits}, deadline_{deadline} {}
  retry(const retry_config<Time>&&, const Waits&, Time) = delete;  // the config is shared: name it, so that it lives
  retry(const Waits& waits, Time deadline) noexcept requires(detail::is_fixed<retry_config<Time>, Fixed>)
      : backoff_{waits}, deadline_{deadline} {}

  /// An attempt starts now; needed only with `from_attempt_start`.
  void started(Time now) noexcept {
    start_ = now;
    has_start_ = true;
  }

  template <const retry_budget_config<Time>* Budget>
  [[nodiscard]] decision<Time> on_result(reply<Time> answer, repeatable repeat, retry_budget<Time, Budget>& budget, Time now) noexcept {
    budget.record(answer.what, last_);
    switch (answer.what) {
      case outcome::ok: return {};
      case outcome::permanent: return stop(give_up_reason::permanent);
      case outcome::cancelled: return stop(give_up_reason::cancelled);
      case outcome::unknown:
        if (repeat == repeatable::no) {
          return stop(give_up_reason::not_repeatable);
        }
        break;
      default: break;
    }
    const bool hinted = answer.hint != no_hint<Time>;
    if (hinted && answer.hint < duration_t<Time>{}) {
      return stop(give_up_reason::peer_said_stop);
    }
    if (config_.get().attempts != 0 && attempt_ >= config_.get().attempts) {
      return stop(give_up_reason::attempts);
    }
    duration_t<Time> wait = backoff_.next();
    if (hinted) {
      wait = by_hint(wait, answer.hint);
    }
    Time at = advance(now, wait);
    if (config_.get().from_attempt_start && has_start_) {
      const Time from_start = advance(start_, wait);
      at = elapsed(from_start, now) < duration_t<Time>{} ? now : from_start;
    }
    const duration_t<Time> left = elapsed(deadline_, now);
    if (!(elapsed(at, now) < left)) {
      return stop(give_up_reason::deadline);
    }
    if (!budget.try_withdraw(now, answer.what)) {
      return stop(give_up_reason::budget);
    }
    last_ = answer.what;
    attempt_ = attempt_ == 0xffff ? attempt_ : static_cast<std::uint16_t>(attempt_ + 1);
    return decision<Time>{next_step::wait, at, give_up_reason::none};
  }

  /// The attempt under way, from 1; carried to the peer, so that lower layers may decline to retry as well.
  [[nodiscard]] std::uint16_t attempt() const noexcept { return attempt_; }
  /// The time that is left at `now`, for the attempt to carry; zero when there is none.
  [[nodiscard]] duration_t<Time> time_left(Time now) const noexcept {
    const duration_t<Time> left = elapsed(deadline_, now);
    return left < duration_t<Time>{} ? duration_t<Time>{} : left;
  }

 private:
  [[nodiscard]] static decision<Time> stop(give_up_reason why) noexcept { return decision<Time>{next_step::give_up, Time{}, why}; }

  [[nodiscard]] duration_t<Time> by_hint(duration_t<Time> own, duration_t<Time> hint) noexcept {
    switch (config_.get().hint) {
      case hint_rule::exact_then_reset: backoff_.reset(); break;
      case hint_rule::min_cap: hint = config_.get().hint_cap < hint ? config_.get().hint_cap : hint; break;
      case hint_rule::clamp_window: {
        const duration_t<Time> most = sum(own, config_.get().hint_window);
        hint = hint < own ? own : (most < hint ? most : hint);
        break;
      }
    }
    return config_.get().hint_jitter == duration_t<Time>{} ? hint : sum(hint, backoff_.initial_spread(config_.get().hint_jitter));
  }
  /// A sum that does not leave the range of a wrapping tick.
  [[nodiscard]] static duration_t<Time> sum(duration_t<Time> a, duration_t<Time> b) noexcept {
    const std::int64_t most = count_of<Time>(no_cap<Time>);
    const std::int64_t left = count_of<Time>(a);
    const std::int64_t right = count_of<Time>(b);
    return duration_from_count<Time>(left > most - right ? most : left + right);
  }

  [[no_unique_address]] detail::shared_config<retry_config<Time>, Fixed> config_;
  Waits backoff_;
  Time deadline_;
  Time start_{};
  std::uint16_t attempt_ = 1;
  outcome last_ = outcome::ok;  // what led to the attempt under way; ok: it is the first
  bool has_start_ = false;
};

}  // namespace skerry::inline v0::delivery
