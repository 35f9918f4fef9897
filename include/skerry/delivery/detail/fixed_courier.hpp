// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/detail/shared_config.hpp>

namespace skerry::inline v0::delivery::detail {

/// The box of a courier: its tokens have leases already.
[[nodiscard]] constexpr outbox_config without_lease(outbox_config box) noexcept {
  box.lease_ms = 0;
  return box;
}

/// The parts of a courier whose config is known while compiling: each is told its own.
template <instant Time, const courier_config<Time>* Fixed>
struct courier_parts {
  static constexpr outbox_config box_settings = without_lease(Fixed->box);
  static constexpr backoff_config<Time> wait_settings = Fixed->backoff;
  static constexpr breaker_config<Time> breaker_settings = Fixed->breaker;
  static constexpr retry_budget_config<Time> budget_settings = Fixed->budget;

  static constexpr const outbox_config* box = &box_settings;
  using waits = backoff<Time, &wait_settings>;
  using breaker = circuit_breaker<Time, 20, breaker_window::count, &breaker_settings>;
  using budget = retry_budget<Time, &budget_settings>;
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
  [[nodiscard]] static constexpr breaker make_breaker(const courier_config<Time>& c) noexcept { return breaker{c.breaker}; }
  [[nodiscard]] static constexpr budget make_budget(const courier_config<Time>& c) noexcept { return budget{c.budget}; }
};

}  // namespace skerry::inline v0::delivery::detail
