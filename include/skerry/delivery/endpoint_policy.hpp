// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/detail/shared_config.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/retry_budget.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery {

template <instant Time>
struct policy_config {
  backoff_config<Time> backoff{};
  breaker_config<Time> breaker{};
  retry_budget_config<Time> budget{};
};

/// The policies of one endpoint side by side: a breaker that says whether, a budget that says whether again, and the wait before that.
///
/// Input   `acquire` before each call; `deposit` for a first attempt, `try_withdraw` and `next_wait` before a further one; exactly one
///         `record` or `release` after each call
/// Cost    O(1), as the parts; sizeof with a 32-bit tick: 52 and a pointer, where three objects take one each
/// Errors  those of `circuit_breaker::acquire`
///
/// The config is shared and must outlive the object.
template <instant Time, std::uint16_t Window = 20>
class endpoint_policy {
  using waits_type = backoff<Time>;

 public:
  constexpr endpoint_policy(const policy_config<Time>& config, device_seed seed) noexcept
      : config_{config}, waits_{waits_type{config.backoff, seed}.keep()} {
    budget_.begin(config.budget);
    breaker_.check(config.breaker);
  }
  endpoint_policy(const policy_config<Time>&&, device_seed) = delete;  // the config is shared: name it, so that it lives

  [[nodiscard]] result<permit> acquire(Time now) noexcept { return breaker_.acquire(config_.get().breaker, now); }
  /// `retried_after` is the outcome that led to this attempt, or `ok` for a first one. After a success the waits begin anew.
  void record(permit of, outcome what, duration_t<Time> took, Time now, outcome retried_after = outcome::ok) noexcept {
    breaker_.record(config_.get().breaker, of, what, took, now);
    budget_.record(config_.get().budget, what, retried_after);
    if (what == outcome::ok) {
      waits_.reset();
    }
  }
  void release(permit of, Time now) noexcept { breaker_.release(config_.get().breaker, of, now); }
  void tick(Time now) noexcept { breaker_.tick(config_.get().breaker, now); }
  void expect_recovery(Time now) noexcept { breaker_.expect_recovery(config_.get().breaker, now); }
  [[nodiscard]] bool ready(Time now) const noexcept { return breaker_.ready(config_.get().breaker, now); }
  [[nodiscard]] breaker_state state(Time now) const noexcept { return breaker_.state(config_.get().breaker, now); }
  [[nodiscard]] deadline<Time> next_deadline() const noexcept { return breaker_.next_deadline(config_.get().breaker); }

  void deposit(Time now) noexcept { budget_.deposit(config_.get().budget, now); }
  [[nodiscard]] bool try_withdraw(Time now, outcome last = outcome::transient) noexcept {
    return budget_.try_withdraw(config_.get().budget, now, last);
  }

  [[nodiscard]] duration_t<Time> next_wait() noexcept {
    waits_type w{config_.get().backoff, waits_};
    const duration_t<Time> wait = w.next();
    waits_ = w.keep();
    return wait;
  }
  [[nodiscard]] duration_t<Time> initial_spread(duration_t<Time> width) noexcept {
    waits_type w{config_.get().backoff, waits_};
    const duration_t<Time> wait = w.initial_spread(width);
    waits_ = w.keep();
    return wait;
  }
  [[nodiscard]] std::uint32_t retries() const noexcept { return waits_.retries(); }

 private:
  detail::shared_config<policy_config<Time>, nullptr> config_;
  typename waits_type::kept waits_;
  detail::breaker_core<Time, Window, breaker_window::count> breaker_{};
  detail::budget_core<Time> budget_{};
};

}  // namespace skerry::inline v0::delivery
