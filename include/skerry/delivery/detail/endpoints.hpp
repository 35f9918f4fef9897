// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/failover.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace skerry::inline v0::delivery::detail {

/// What is known and allowed of each endpoint: its breaker, its budget, and their order of preference.
template <instant Time, std::uint8_t N, typename Parts>
class endpoint_bundle {
  using breaker_type = typename Parts::breaker;
  using budget_type = typename Parts::budget;

 public:
  explicit endpoint_bundle(const courier_config<Time>& config) noexcept
      : count_{config.endpoints},
        paths_{config.failover, config.endpoints},
        breakers_{filled(Parts::make_breaker(config), std::make_index_sequence<N>{})},
        budgets_{filled(Parts::make_budget(config), std::make_index_sequence<N>{})} {}

  [[nodiscard]] std::uint8_t count() const noexcept { return N == 1 ? std::uint8_t{1} : count_; }
  [[nodiscard]] failover<Time, N>& paths() noexcept { return paths_; }
  [[nodiscard]] const failover<Time, N>& paths() const noexcept { return paths_; }
  [[nodiscard]] breaker_type& breaker(endpoint_id e) noexcept { return breakers_[e.value]; }
  [[nodiscard]] const breaker_type& breaker(endpoint_id e) const noexcept { return breakers_[e.value]; }
  [[nodiscard]] budget_type& budget(endpoint_id e) noexcept { return budgets_[e.value]; }

  /// Lets time pass; how many breakers that opened.
  [[nodiscard]] std::uint8_t tick(Time t) noexcept {
    std::uint8_t opened = 0;
    for (std::uint8_t e = 0; e < count(); ++e) {
      const breaker_state before = breakers_[e].last_state();
      breakers_[e].tick(t);
      if (breakers_[e].last_state() == breaker_state::open && before != breaker_state::open) {
        ++opened;
        if constexpr (N > 1) {
          paths_.on_open(endpoint_id{e}, t);
        }
      }
    }
    paths_.tick(t);
    return opened;
  }

  /// The most preferred endpoint that may be used now and is not in `but`; `endpoint_id::none` if there is none.
  [[nodiscard]] endpoint_id ready(Time t, std::uint8_t but = 0) const noexcept {
    for (std::uint8_t e = 0; e < count(); ++e) {
      if ((but >> e & 1) == 0 && paths_.usable(endpoint_id{e}) && breakers_[e].ready(t)) {
        return endpoint_id{e};
      }
    }
    return endpoint_id::none;
  }
  /// How many are left to be tried.
  [[nodiscard]] std::uint8_t untried(std::uint8_t tried) const noexcept {
    std::uint8_t n = 0;
    for (std::uint8_t e = 0; e < count(); ++e) {
      n = static_cast<std::uint8_t>(n + ((tried >> e & 1) == 0 && paths_.usable(endpoint_id{e}) ? 1 : 0));
    }
    return n;
  }
  /// When an endpoint may be tried again; now, if one may already.
  [[nodiscard]] deadline<Time> trial_at(Time t) const noexcept {
    deadline<Time> at;
    for (std::uint8_t e = 0; e < count(); ++e) {
      if (paths_.usable(endpoint_id{e})) {
        at = earliest<Time>(at, breakers_[e].ready(t) ? deadline<Time>{t} : breakers_[e].next_deadline(), t);
      }
    }
    return at;
  }

  /// Which endpoint a probe may go to now.
  [[nodiscard]] endpoint_id probe(Time t, duration_t<Time> every) noexcept {
    for (endpoint_id e = paths_.probe_due(t); e != endpoint_id::none; e = paths_.probe_due(t)) {
      if (breakers_[e.value].ready(t)) {
        return e;
      }
      const deadline<Time> at = breakers_[e.value].next_deadline();
      paths_.postpone_probe(e, at ? at.value() : skerry::advance(t, every));
    }
    return endpoint_id::none;
  }

  /// An attempt ended. True if this opened the endpoint's breaker.
  [[nodiscard]] bool record(endpoint_id e, permit leave, outcome what, duration_t<Time> took, bool retried, Time t) noexcept {
    breaker_type& guard = breakers_[e.value];
    const breaker_state before = guard.state(t);
    guard.record(leave, what, took, t);
    if constexpr (N > 1) {
      paths_.on_result(e, what, t);  // nothing hangs on the health of the only one
    }
    const bool opened = guard.state(t) == breaker_state::open && before != breaker_state::open;
    if (N > 1 && opened) {
      paths_.on_open(e, t);
    }
    budgets_[e.value].record(what, retried ? outcome::transient : outcome::ok);
    return opened;
  }

 private:
  template <typename T, std::size_t... I>
  [[nodiscard]] static array_of<T, sizeof...(I)> filled(const T& value, std::index_sequence<I...>) noexcept {
    return {{(static_cast<void>(I), value)...}};
  }

  std::uint8_t count_;
  failover<Time, N> paths_;
  array_of<breaker_type, N> breakers_;
  array_of<budget_type, N> budgets_;
};

}  // namespace skerry::inline v0::delivery::detail
