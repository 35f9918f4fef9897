// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <concepts>
#include <cstdint>

namespace skerry::inline v0::state::detail {

/// A distance between instants as milliseconds, for any clock that can make distances of milliseconds; negative ones are 0.
template <instant Time>
[[nodiscard]] constexpr std::uint64_t whole_ms(duration_t<Time> distance) noexcept {
  std::uint64_t ms = 0;
  for (std::uint64_t step = std::uint64_t{1} << 46; step > 0; step >>= 1) {
    ms += from_ms<Time>(static_cast<std::int64_t>(ms + step)) <= distance ? step : 0;
    if constexpr (std::integral<duration_t<Time>>) {
      return distance > 0 ? static_cast<std::uint64_t>(distance) : 0;  // a raw counter is milliseconds
    }
  }
  return ms;
}

/// What the wall clock says at an instant, for a node that is told wall times at some moments and instants at others.
///
/// A reading of the wall clock comes without an instant: it was taken at some time between the last instant and the next. So the
/// time since the last instant may have passed since the reading, but no more than that.
/// Cost    at most 40 bytes
template <instant Time>
class wall_estimate {
 public:
  constexpr wall_estimate() noexcept = default;
  constexpr explicit wall_estimate(Time start) noexcept : now_{start} {}

  constexpr void read(wall_ms wall) noexcept {
    reading_ = wall;
    fresh_ = true;
  }
  /// Whether any reading was ever taken.
  [[nodiscard]] constexpr bool known() const noexcept { return known_ || fresh_; }
  /// What the wall clock says at `now`, if it is right.
  [[nodiscard]] constexpr wall_ms at(Time now) const noexcept {
    const std::uint64_t passed = since(now);
    const std::uint64_t latest = sum(reading_.value, passed);
    std::uint64_t ms = known_ ? sum(wall_.value, passed) : latest;
    if (fresh_) {
      ms = ms < reading_.value ? reading_.value : ms;
      ms = ms > latest ? latest : ms;
    }
    return wall_ms{ms};
  }
  /// The last instant that was handed in.
  [[nodiscard]] constexpr Time last() const noexcept { return now_; }
  /// How much of it has passed since the last reading, or since the last `advance`.
  [[nodiscard]] constexpr std::uint64_t passed(Time now) const noexcept { return fresh_ ? at(now).value - reading_.value : since(now); }
  /// An instant, seen from here.
  struct moment {
    wall_ms wall{};
    std::uint64_t passed = 0;
  };
  /// `at` and `passed` together.
  [[nodiscard]] constexpr moment look(Time now) const noexcept {
    if (now == now_ && !fresh_) {
      return {known_ ? wall_ : reading_, 0};
    }
    return {at(now), passed(now)};
  }
  /// `advance`, by somebody who has looked.
  constexpr void advance(const moment& there, Time now) noexcept {
    wall_ = there.wall;
    known_ = known();
    fresh_ = false;
    now_ = now;
  }
  /// An instant that was handed in. One that lies before the last one is taken as it is: after a long silence a counter that wraps
  /// looks like that, and must not stand still.
  constexpr void advance(Time now) noexcept {
    wall_ = at(now);
    known_ = known();
    fresh_ = false;
    now_ = now;
  }

 private:
  [[nodiscard]] constexpr std::uint64_t since(Time now) const noexcept {
    const duration_t<Time> distance = elapsed(now, now_);
    return distance > duration_t<Time>{} ? whole_ms<Time>(distance) : 0;
  }
  [[nodiscard]] static constexpr std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
  }

  wall_ms wall_{};     ///< at `now_`
  wall_ms reading_{};  ///< the last one
  Time now_{};
  bool known_ = false;  ///< `wall_` is something
  bool fresh_ = false;  ///< the reading was taken after `now_`
};

}  // namespace skerry::inline v0::state::detail
