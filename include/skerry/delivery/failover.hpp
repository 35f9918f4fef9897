// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/health.hpp>
#include <skerry/delivery/outcome.hpp>
#include <skerry/delivery/transport.hpp>

#include <array>
#include <cstdint>

namespace skerry::inline v0::delivery {

template <instant Time>
struct failover_config {
  std::uint8_t good_probes = 3;                          ///< in a row, before an endpoint is used again
  duration_t<Time> hold = from_ms<Time>(60'000);         ///< and not before so long after it was left
  duration_t<Time> probe_every = from_ms<Time>(10'000);  ///< while it is left
};

/// Ordered endpoints: the order is the preference. Leaves one when its breaker opens, returns with hysteresis.
///
/// Cost    O(N)
/// Errors  none; an endpoint that is not among its own (the `none` that `current` may answer, too) is the caller's mistake
///
/// While an endpoint is left, sends do not touch it: probes do. When all are left there is nowhere better to be, and every one may be
/// tried again by sends as its breaker allows.
/// The config is shared and must outlive the object.
template <instant Time, std::uint8_t N>
class failover {
  static_assert(N > 0 && N <= 8, "failover: one to eight endpoints");

 public:
  explicit failover(const failover_config<Time>& config, std::uint8_t endpoints = N) noexcept : config_{&config}, count_{endpoints} {
    SKERRY_ASSERT(endpoints > 0 && endpoints <= N);
  }
  explicit failover(const failover_config<Time>&&, std::uint8_t = N) = delete;  // the config is shared: name it, so that it lives

  [[nodiscard]] std::uint8_t endpoints() const noexcept { return count_; }

  /// May sends use it?
  [[nodiscard]] bool usable(endpoint_id e) const noexcept {
    const auto i = e.value;
    return i < count_ && !places_[i].seen.declared_down() && (N == 1 || !places_[i].left || all_left());
  }
  /// The preferred usable endpoint; `endpoint_id::none` if all are declared down.
  [[nodiscard]] endpoint_id current() const noexcept {
    for (std::uint8_t i = 0; i < count_; ++i) {
      if (usable(endpoint_id{i})) {
        return endpoint_id{i};
      }
    }
    return endpoint_id::none;
  }

  /// Its breaker opened.
  void on_open(endpoint_id e, Time now) noexcept {
    place& p = at(e);
    if (!p.left) {
      p.left = true;
      p.rested = false;
      p.since = now;
    }
    p.seen.forget();
    p.probe_at = advance(now, config_->probe_every);
  }

  /// Lets time pass. Needed at least once in half of the longest distance of Time: a wrapping tick cannot tell long ago from soon.
  void tick(Time now) noexcept {
    if constexpr (N == 1) {
      return;  // there is nowhere to return from
    }
    for (place& p : places_) {
      p.rested = p.rested || !(elapsed(now, p.since) < detail::measurable<Time>(config_->hold));
      if (p.left && !(elapsed(now, p.probe_at) < duration_t<Time>{})) {
        p.probe_at = now;
      }
    }
  }

  /// A result of a send or of a probe.
  void on_result(endpoint_id e, outcome what, Time now) noexcept {
    tick(now);
    place& p = at(e);
    const bool nowhere_else = N == 1 || all_left();
    p.seen.record(what, now);
    p.probe_at = advance(now, config_->probe_every);
    if (!p.left || what != outcome::ok) {
      return;
    }
    const bool proven = p.seen.good_streak() >= config_->good_probes && p.rested;
    p.left = !(proven || nowhere_else);
  }

  /// The application knows better than the connection.
  void declare(endpoint_id e, bool is_usable) noexcept { at(e).seen.declare(is_usable); }

  /// The first endpoint whose probe is due; `none` when no decision hangs on one.
  [[nodiscard]] endpoint_id probe_due(Time now) const noexcept {
    for (std::uint8_t i = 0; i < count_; ++i) {
      if (probing(i) && !(elapsed(now, places_[i].probe_at) < duration_t<Time>{})) {
        return endpoint_id{i};
      }
    }
    return endpoint_id::none;
  }
  /// The probe did not go out (its breaker refused): ask again at `until`.
  void postpone_probe(endpoint_id e, Time until) noexcept { at(e).probe_at = until; }

  [[nodiscard]] deadline<Time> next_deadline(Time now) const noexcept {
    deadline<Time> next;
    for (std::uint8_t i = 0; i < count_; ++i) {
      if (probing(i)) {
        next = earliest<Time>(next, places_[i].probe_at, now);
      }
    }
    return next;
  }
  [[nodiscard]] const health<Time>& health_of(endpoint_id e) const noexcept { return at(e).seen; }
  [[nodiscard]] bool left(endpoint_id e) const noexcept { return at(e).left; }

 private:
  struct place {
    health<Time> seen{};
    Time since{};
    Time probe_at{};
    bool left = false;
    bool rested = false;  // the hold is over
  };
  [[nodiscard]] place& at(endpoint_id e) noexcept {
    SKERRY_ASSERT(e.value < count_);
    return places_[e.value];
  }
  [[nodiscard]] const place& at(endpoint_id e) const noexcept {
    SKERRY_ASSERT(e.value < count_);
    return places_[e.value];
  }
  [[nodiscard]] bool all_left() const noexcept {
    for (std::uint8_t i = 0; i < count_; ++i) {
      if (!places_[i].left && !places_[i].seen.declared_down()) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool probing(std::uint8_t i) const noexcept {
    return N > 1 && places_[i].left && !places_[i].seen.declared_down() && !all_left();
  }

  const failover_config<Time>* config_;
  array_of<place, N> places_{};
  std::uint8_t count_;
};

}  // namespace skerry::inline v0::delivery
