// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/detail/shared_config.hpp>

#include <type_traits>

namespace skerry::inline v0::delivery::detail {

/// The box of a courier: its tokens have leases already.
[[nodiscard]] constexpr outbox_config without_lease(outbox_config box) noexcept {
  box.lease_ms = 0;
  return box;
}

/// Where `courier_config::guards` is false: what a breaker and a budget answer that never refuse.
template <instant Time>
struct open_door {
  [[nodiscard]] static result<permit> acquire(Time) noexcept { return permit{}; }
  static void record(permit, outcome, duration_t<Time>, Time) noexcept {}
  static void release(permit, Time) noexcept {}
  static void tick(Time) noexcept {}
  static void expect_recovery(Time) noexcept {}
  [[nodiscard]] static bool ready(Time) noexcept { return true; }
  [[nodiscard]] static breaker_state state(Time) noexcept { return breaker_state::closed; }
  [[nodiscard]] static breaker_state last_state() noexcept { return breaker_state::closed; }
  [[nodiscard]] static deadline<Time> next_deadline() noexcept { return {}; }
};
template <instant Time>
struct endless_budget {
  static void deposit(Time) noexcept {}
  static void record(outcome, outcome) noexcept {}
  [[nodiscard]] static bool try_withdraw(Time) noexcept { return true; }
};
/// The same by configs: no share of failures is that large, and a retry costs nothing.
template <instant Time>
inline constexpr breaker_config<Time> never_opens{.failure_percent = 255, .slow_percent = 255, .min_calls = 1};
template <instant Time>
inline constexpr retry_budget_config<Time> never_denies{
    .kind = budget_kind::cost_bucket, .cost = 0, .timeout_cost = 0, .throttled_cost = 0};

/// The parts of a courier whose config is known while compiling: each is told its own.
template <instant Time, const courier_config<Time>* Fixed>
struct courier_parts {
  static constexpr outbox_config box_settings = without_lease(Fixed->box);
  static constexpr backoff_config<Time> wait_settings = Fixed->backoff;
  static constexpr breaker_config<Time> breaker_settings = Fixed->breaker;
  static constexpr retry_budget_config<Time> budget_settings = Fixed->budget;

  static constexpr const outbox_config* box = &box_settings;
  using waits = backoff<Time, &wait_settings>;
  using breaker = std::conditional_t<Fixed->guards, circuit_breaker<Time, 20, breaker_window::count, &breaker_settings>, open_door<Time>>;
  using budget = std::conditional_t<Fixed->guards, retry_budget<Time, &budget_settings>, endless_budget<Time>>;
  [[nodiscard]] static constexpr waits make_waits(const courier_config<Time>&, device_seed seed) noexcept { return waits{seed}; }
  [[nodiscard]] static constexpr breaker make_breaker(const courier_config<Time>&) noexcept { return breaker{}; }
  [[nodiscard]] static constexpr budget make_budget(const courier_config<Time>&) noexcept { return budget{}; }
};

template <instant Time, const courier_config<Time>* Fixed>
requires(!is_fixed<courier_config<Time>, Fixed>) struct courier_parts<Time, Fixed> {
  static constexpr const outbox_config* box = nullptr;
  using waits = backoff<Time>;
  using breaker = circuit_breaker<Time>;
  using budget = retry_budget<Time>;
  [[nodiscard]] static constexpr waits make_waits(const courier_config<Time>& c, device_seed seed) noexcept {
    return waits{c.backoff, seed};
  }
  [[nodiscard]] static constexpr breaker make_breaker(const courier_config<Time>& c) noexcept {
    return breaker{c.guards ? c.breaker : never_opens<Time>};
  }
  [[nodiscard]] static constexpr budget make_budget(const courier_config<Time>& c) noexcept {
    return budget{c.guards ? c.budget : never_denies<Time>};
  }
};

}  // namespace skerry::inline v0::delivery::detail
