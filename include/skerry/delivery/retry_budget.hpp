// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/delivery/detail/scale.hpp>
#include <skerry/delivery/detail/shared_config.hpp>
#include <skerry/delivery/outcome.hpp>

#include <cstdint>
#include <limits>

namespace skerry::inline v0::delivery {

/// The rule by which retries are granted.
enum class budget_kind : std::uint8_t {
  ratio_reserve,  ///< a share of the first attempts, plus so many per second, both forgotten after `memory`
  throttle,       ///< tokens: a failure takes one, a success gives `ratio`; retries only while more than half are there
  cost_bucket,    ///< tokens: a retry takes its cost, and gives it back when it succeeds
};

template <instant Time>
struct retry_budget_config {
  budget_kind kind = budget_kind::ratio_reserve;
  skerry::delivery::ratio ratio{1, 5};              ///< ratio_reserve: granted per first attempt; throttle: given back per success
  std::uint32_t reserve_per_s = 1;                  ///< ratio_reserve
  duration_t<Time> memory = from_ms<Time>(10'000);  ///< ratio_reserve; at least 2 ms
  std::uint32_t capacity = 500;                     ///< throttle, cost_bucket: full at the start
  std::uint32_t cost = 5;                           ///< cost_bucket: of a retry
  std::uint32_t timeout_cost = 10;                  ///< cost_bucket: of a retry after `outcome::unknown`
  std::uint32_t throttled_cost = 5;                 ///< cost_bucket: of a retry after `outcome::throttled`
  std::uint32_t success_refill = 1;                 ///< cost_bucket: for a success without a retry
};

/// Bounds the extra load that retries, hedges and second replays put on one destination.
///
/// Cost    O(1); 12 bytes and a pointer with a 32-bit tick, one object per destination, shared by all who ask it
/// Bound   ratio_reserve: in the steady state at most (1 + ratio) calls per first attempt, plus the reserve. Deposits and
///         withdrawals are kept in two halves of `memory`: none is remembered longer than `memory`, none shorter than half of it
/// Errors  none: no is an answer
/// Source  ratio_reserve after Finagle's RetryBudget, throttle after gRFC A6, cost_bucket after the AWS standard retry mode
///
/// The config is shared and must outlive the object; see `backoff` for `Fixed`.
template <instant Time, const retry_budget_config<Time>* Fixed = nullptr>
class retry_budget {
 public:
  explicit constexpr retry_budget(const retry_budget_config<Time>& config) noexcept
      requires(!detail::is_fixed<retry_budget_config<Time>, Fixed>)
      : config_{config} {
    begin();
  }
  explicit retry_budget(const retry_budget_config<Time>&&) = delete;  // the config is shared: name it, so that it lives
  constexpr retry_budget() noexcept requires(detail::is_fixed<retry_budget_config<Time>, Fixed>) { begin(); }

  /// What changes in it; for an owner that keeps the config elsewhere (`endpoint_policy`).
  struct kept {
    Time begin{};
    std::int32_t current = 0, previous = 0;
  };
  constexpr retry_budget(const retry_budget_config<Time>& config, const kept& k) noexcept
      requires(!detail::is_fixed<retry_budget_config<Time>, Fixed>)
      : config_{config}, begin_{k.begin}, current_{k.current}, previous_{k.previous} {}
  [[nodiscard]] constexpr kept keep() const noexcept { return {begin_, current_, previous_}; }

  /// A first attempt is made.
  constexpr void deposit(Time now) noexcept {
    if (config_.get().kind == budget_kind::ratio_reserve) {
      slide(now);
      add(current_, static_cast<std::int64_t>(config_.get().ratio.num));
    }
  }

  /// Asks for one retry after `last`; taken if granted.
  [[nodiscard]] constexpr bool try_withdraw(Time now, outcome last = outcome::transient) noexcept {
    switch (config_.get().kind) {
      case budget_kind::ratio_reserve:
        slide(now);
        if (parts() < static_cast<std::int64_t>(config_.get().ratio.den)) {
          return false;
        }
        add(current_, -static_cast<std::int64_t>(config_.get().ratio.den));
        return true;
      case budget_kind::throttle: return 2 * std::int64_t{current_} > full();
      case budget_kind::cost_bucket: {
        const std::int64_t price = cost_of(last);
        if (current_ < price) {
          return false;
        }
        add(current_, -price);
        return true;
      }
    }
    return false;
  }

  /// An attempt ended with `what`. `retried_after` is the outcome that led to it, or `ok` for a first attempt.
  constexpr void record(outcome what, outcome retried_after = outcome::ok) noexcept {
    if (config_.get().kind == budget_kind::throttle) {
      const bool good = what == outcome::ok;
      const bool bad = what == outcome::transient || what == outcome::throttled || what == outcome::unknown;
      refill(good ? config_.get().ratio.num : (bad ? -std::int64_t{config_.get().ratio.den} : 0));
    } else if (config_.get().kind == budget_kind::cost_bucket && what == outcome::ok) {
      refill(retried_after == outcome::ok ? std::int64_t{config_.get().success_refill} : cost_of(retried_after));
    }
  }

  /// What is left, in units of 1 / config.ratio.den (whole tokens for cost_bucket).
  [[nodiscard]] constexpr std::int64_t balance(Time now) noexcept {
    if (config_.get().kind == budget_kind::ratio_reserve) {
      slide(now);
      return parts();
    }
    return current_;
  }

 private:
  constexpr void begin() noexcept {
    SKERRY_ASSERT(config_.get().ratio.num < 65536 && config_.get().ratio.den > 0 && config_.get().ratio.den < 65536);
    if (config_.get().kind != budget_kind::ratio_reserve) {
      current_ = full();
    }
  }
  [[nodiscard]] constexpr std::int32_t full() const noexcept {
    const std::int64_t all =
        std::int64_t{config_.get().capacity} * (config_.get().kind == budget_kind::throttle ? config_.get().ratio.den : 1U);
    return static_cast<std::int32_t>(all < std::numeric_limits<std::int32_t>::max() ? all : std::numeric_limits<std::int32_t>::max());
  }
  [[nodiscard]] constexpr std::int64_t cost_of(outcome last) const noexcept {
    return last == outcome::unknown ? config_.get().timeout_cost
                                    : (last == outcome::throttled ? config_.get().throttled_cost : config_.get().cost);
  }
  /// reserve * memory + what the two halves hold.
  [[nodiscard]] constexpr std::int64_t parts() const noexcept {
    const std::int64_t per_ms = count_of<Time>(from_ms<Time>(1000));
    const std::int64_t seconds_1024 =
        per_ms == 0 ? 0
                    : count_of<Time>(config_.get().memory) / per_ms * 1024 + count_of<Time>(config_.get().memory) % per_ms * 1024 / per_ms;
    const std::int64_t reserve = seconds_1024 * config_.get().reserve_per_s * config_.get().ratio.den / 1024;
    return reserve + current_ + previous_;
  }
  constexpr void refill(std::int64_t by) noexcept {
    add(current_, by);
    current_ = current_ > full() ? full() : (current_ < 0 ? 0 : current_);
  }
  static constexpr void add(std::int32_t& sum, std::int64_t by) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max() / 4;
    const std::int64_t next = sum + by;
    sum = static_cast<std::int32_t>(next > most ? most : (next < -most ? -most : next));
  }
  constexpr void slide(Time now) noexcept {
    const duration_t<Time> half = duration_from_count<Time>(count_of<Time>(config_.get().memory) / 2);
    if (!started_()) {
      begin_ = now;
      previous_ = 0;
      return;
    }
    const duration_t<Time> age = elapsed(now, begin_);
    if (age < duration_t<Time>{}) {
      begin_ = now;  // time stepped back: hold still instead of waiting for it to catch up
    } else if (!(age < half)) {
      const bool recent = age < config_.get().memory;
      previous_ = recent ? current_ : 0;
      current_ = 0;
      begin_ = recent ? advance(begin_, half) : now;
    }
  }
  /// Before the first change there is nothing to forget, so the halves begin with it.
  [[nodiscard]] constexpr bool started_() const noexcept { return current_ != 0 || previous_ != 0; }

  [[no_unique_address]] detail::shared_config<retry_budget_config<Time>, Fixed> config_;
  Time begin_{};
  std::int32_t current_ = 0;
  std::int32_t previous_ = 0;
};

}  // namespace skerry::inline v0::delivery
