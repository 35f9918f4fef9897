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

namespace detail {

/// What of a budget changes, and how: everything but where its config is.
template <instant Time>
class budget_core {
  using config = retry_budget_config<Time>;

 public:
  constexpr void begin(const config& c) noexcept {
    SKERRY_ASSERT(c.ratio.num < 65536 && c.ratio.den > 0 && c.ratio.den < 65536);
    if (c.kind != budget_kind::ratio_reserve) {
      current_ = full(c);
    }
  }
  constexpr void deposit(const config& c, Time now) noexcept {
    if (c.kind == budget_kind::ratio_reserve) {
      slide(c, now);
      add(current_, static_cast<std::int64_t>(c.ratio.num));
    }
  }

  [[nodiscard]] constexpr bool try_withdraw(const config& c, Time now, outcome last = outcome::transient) noexcept {
    switch (c.kind) {
      case budget_kind::ratio_reserve:
        slide(c, now);
        if (parts(c) < static_cast<std::int64_t>(c.ratio.den)) {
          return false;
        }
        add(current_, -static_cast<std::int64_t>(c.ratio.den));
        return true;
      case budget_kind::throttle: return 2 * std::int64_t{current_} > full(c);
      case budget_kind::cost_bucket: {
        const std::int64_t price = cost_of(c, last);
        if (current_ < price) {
          return false;
        }
        add(current_, -price);
        return true;
      }
    }
    return false;
  }

  constexpr void record(const config& c, outcome what, outcome retried_after = outcome::ok) noexcept {
    if (c.kind == budget_kind::throttle) {
      const bool good = what == outcome::ok;
      const bool bad = what == outcome::transient || what == outcome::throttled || what == outcome::unknown;
      refill(c, good ? c.ratio.num : (bad ? -std::int64_t{c.ratio.den} : 0));
    } else if (c.kind == budget_kind::cost_bucket && what == outcome::ok) {
      refill(c, retried_after == outcome::ok ? std::int64_t{c.success_refill} : cost_of(c, retried_after));
    }
  }

  [[nodiscard]] constexpr std::int64_t balance(const config& c, Time now) noexcept {
    if (c.kind == budget_kind::ratio_reserve) {
      slide(c, now);
      return parts(c);
    }
    return current_;
  }

 private:
  [[nodiscard]] constexpr std::int32_t full(const config& c) const noexcept {
    const std::int64_t all = std::int64_t{c.capacity} * (c.kind == budget_kind::throttle ? c.ratio.den : 1U);
    return static_cast<std::int32_t>(all < std::numeric_limits<std::int32_t>::max() ? all : std::numeric_limits<std::int32_t>::max());
  }
  [[nodiscard]] constexpr std::int64_t cost_of(const config& c, outcome last) const noexcept {
    return last == outcome::unknown ? c.timeout_cost : (last == outcome::throttled ? c.throttled_cost : c.cost);
  }
  /// reserve * memory + what the two halves hold.
  [[nodiscard]] constexpr std::int64_t parts(const config& c) const noexcept {
    constexpr std::int64_t per_s = count_of<Time>(from_ms<Time>(1000));
    constexpr bool small = sizeof(wait_count<Time>) == 4 && per_s < (1 << 22);  // no division of 64 bits then
    using wide = std::conditional_t<small, std::int32_t, std::int64_t>;
    const auto memory = static_cast<wide>(count_of<Time>(c.memory));
    std::int64_t seconds_1024 = 0;
    if constexpr (per_s != 0) {
      seconds_1024 =
          std::int64_t{memory / static_cast<wide>(per_s)} * 1024 + memory % static_cast<wide>(per_s) * 1024 / static_cast<wide>(per_s);
    }
    const std::int64_t reserve = seconds_1024 * c.reserve_per_s * c.ratio.den / 1024;
    return reserve + current_ + previous_;
  }
  constexpr void refill(const config& c, std::int64_t by) noexcept {
    add(current_, by);
    current_ = current_ > full(c) ? full(c) : (current_ < 0 ? 0 : current_);
  }
  static constexpr void add(std::int32_t& sum, std::int64_t by) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max() / 4;
    const std::int64_t next = sum + by;
    sum = static_cast<std::int32_t>(next > most ? most : (next < -most ? -most : next));
  }
  constexpr void slide(const config& c, Time now) noexcept {
    const duration_t<Time> half = duration_from_count<Time>(count_of<Time>(c.memory) / 2);
    if (!started_()) {
      begin_ = now;
      previous_ = 0;
      return;
    }
    const duration_t<Time> age = elapsed(now, begin_);
    if (age < duration_t<Time>{}) {
      begin_ = now;  // time stepped back: hold still instead of waiting for it to catch up
    } else if (!(age < half)) {
      const bool recent = age < c.memory;
      previous_ = recent ? current_ : 0;
      current_ = 0;
      begin_ = recent ? advance(begin_, half) : now;
    }
  }
  /// Before the first change there is nothing to forget, so the halves begin with it.
  [[nodiscard]] constexpr bool started_() const noexcept { return current_ != 0 || previous_ != 0; }

  Time begin_{};
  std::int32_t current_ = 0;
  std::int32_t previous_ = 0;
};

}  // namespace detail

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
    in_.begin(config_.get());
  }
  explicit retry_budget(const retry_budget_config<Time>&&) = delete;  // the config is shared: name it, so that it lives
  constexpr retry_budget() noexcept requires(detail::is_fixed<retry_budget_config<Time>, Fixed>) { in_.begin(config_.get()); }

  /// A first attempt is made.
  constexpr void deposit(Time now) noexcept { in_.deposit(config_.get(), now); }
  /// Asks for one retry after `last`; taken if granted.
  [[nodiscard]] constexpr bool try_withdraw(Time now, outcome last = outcome::transient) noexcept {
    return in_.try_withdraw(config_.get(), now, last);
  }
  /// An attempt ended with `what`. `retried_after` is the outcome that led to it, or `ok` for a first attempt.
  constexpr void record(outcome what, outcome retried_after = outcome::ok) noexcept { in_.record(config_.get(), what, retried_after); }
  /// What is left, in units of 1 / config.ratio.den (whole tokens for cost_bucket).
  [[nodiscard]] constexpr std::int64_t balance(Time now) noexcept { return in_.balance(config_.get(), now); }

 private:
  [[no_unique_address]] detail::shared_config<retry_budget_config<Time>, Fixed> config_;
  detail::budget_core<Time> in_{};
};

}  // namespace skerry::inline v0::delivery
