// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <compare>
#include <cstdint>

namespace skerry::inline v0::state {

/// A reading of the hybrid clock: 48 bits of milliseconds since 1970, 16 bits of count, ordered as one number.
class stamp {
 public:
  static constexpr std::uint64_t greatest_ms = (std::uint64_t{1} << 48) - 1;

  constexpr stamp() noexcept = default;
  /// Milliseconds beyond 48 bits (the year 10889) are cut to the greatest.
  constexpr stamp(std::uint64_t ms, std::uint16_t count) noexcept : bits_{(ms < greatest_ms ? ms : greatest_ms) << 16 | count} {}
  [[nodiscard]] static constexpr stamp from_bits(std::uint64_t bits) noexcept {
    stamp s;
    s.bits_ = bits;
    return s;
  }
  /// No stamp can follow this one.
  [[nodiscard]] static constexpr stamp greatest() noexcept { return {greatest_ms, 0xffff}; }

  [[nodiscard]] constexpr std::uint64_t ms() const noexcept { return bits_ >> 16; }
  [[nodiscard]] constexpr std::uint16_t count() const noexcept { return static_cast<std::uint16_t>(bits_); }
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  friend constexpr auto operator<=>(const stamp&, const stamp&) noexcept = default;

 private:
  std::uint64_t bits_ = 0;
};

/// How far clocks are believed. Three limits, since one number cannot serve three duties.
struct clock_limits {
  static constexpr std::uint64_t no_limit = UINT64_MAX;

  /// The firmware's build date. A wall clock below it cannot be right. Default: 2025-01-01.
  wall_ms trust_floor{1735689600000};
  /// A stamp further ahead of the own wall clock is refused, in milliseconds. Older stamps are always welcome.
  std::uint64_t accept_ahead = 60'000;
  /// A larger step of the own wall clock, beyond the time that has passed, costs it its trust, in milliseconds.
  std::uint64_t local_step = 3'600'000;
};

/// Hybrid logical clock: stamps that respect causality and stay as near to the wall clock as the worst clock heard allows.
///
/// A stamp is greater than every stamp made or witnessed before it, whatever the wall clock does. Departures from the paper: an
/// overflow of the count carries into the milliseconds, and a wall clock that cannot be right, or that has jumped, lends no time.
/// Cost    64 bytes; tick and witness a few comparisons; no heap
/// Errors  `clock_ahead`, and the clock is as it was
/// Source  Kulkarni, Demirbas, Madeppa, Avva, Leone, Logical Physical Clocks, 2014, figure 5
class hlc {
 public:
  constexpr hlc() noexcept = default;

  /// Goes on after the last stamp of a stored past; `stamp{}` when there is none.
  [[nodiscard]] static constexpr hlc restore(stamp last, clock_limits limits) noexcept {
    hlc clock;
    clock.last_ = last;
    clock.limits_ = limits;
    return clock;
  }

  /// A stamp for a local event.
  constexpr stamp tick(wall_ms wall) noexcept {
    observe(wall);
    const std::uint64_t physical = believed(wall);
    last_ = physical > last_.ms() ? stamp{physical, 0} : after(last_);
    return last_;
  }

  /// Learns a stamp of somebody else and answers the stamp of having learnt it.
  ///
  /// Errors  `clock_ahead` when the own wall clock is trusted and the stamp lies more than `accept_ahead` beyond it, or when no
  ///         stamp could follow it
  [[nodiscard]] constexpr result<stamp> witness(wall_ms wall, stamp theirs) noexcept {
    if (!welcome(wall, theirs)) {
      return errc::clock_ahead;
    }
    observe(wall);
    confirm(wall, theirs);
    const std::uint64_t physical = believed(wall);
    const stamp latest = last_ > theirs ? last_ : theirs;
    last_ = physical > latest.ms() ? stamp{physical, 0} : after(latest);
    return last_;
  }

  /// Takes a stamp over unchecked: later stamps are greater. For knowledge that is already trusted, such as a stored past.
  constexpr void follow(stamp theirs) noexcept { last_ = theirs > last_ ? theirs : last_; }
  /// Somebody else's clock says the same as this reading, within `local_step`: a clock that has lost its trust gets it back.
  constexpr void confirm(wall_ms wall, stamp theirs) noexcept {
    if (!vouched_) {
      vouched_ = distance(wall.value, theirs.ms()) <= limits_.local_step;
    }
  }

  /// Whether `witness` would take the stamp.
  [[nodiscard]] constexpr bool welcome(wall_ms wall, stamp theirs) const noexcept {
    if (theirs == stamp::greatest()) {
      return false;
    }
    return theirs.ms() <= wall.value || theirs.ms() - wall.value <= limits_.accept_ahead || !trusted(wall);
  }

  /// Time that has passed on a monotonic clock since the last reading: so that a node that slept is not taken for one whose clock
  /// jumped. Without it a pause longer than `local_step` counts as a jump.
  constexpr void passed(std::uint64_t ms) noexcept { idle_ = idle_ + ms < idle_ ? clock_limits::no_limit : idle_ + ms; }

  /// The application knows that the wall clock is right (a time server has answered).
  constexpr void vouch(wall_ms wall) noexcept {
    note_arrival(wall);
    read_ = true;
    vouched_ = true;
    wall_ = wall;
    idle_ = 0;
  }

  /// By how much the wall clock was behind while it could not be right, as it showed when the time arrived, in milliseconds; 0 when it
  /// was never so. What was stamped before lies so much too early.
  [[nodiscard]] constexpr std::uint64_t arrived() const noexcept { return arrived_; }
  /// Goes on after a stamp, which may lie before the last one: for a new life, when the old one's stamps were wrong.
  constexpr void set_back(stamp last) noexcept { last_ = last; }

  /// Whether this reading of the wall clock would be believed.
  [[nodiscard]] constexpr bool trusted(wall_ms wall) const noexcept { return wall >= limits_.trust_floor && vouched_ && !jumped(wall); }
  /// Whether a stamp is of a real time: made after the build date.
  [[nodiscard]] constexpr bool trusted(stamp s) const noexcept { return s.ms() >= limits_.trust_floor.value; }

  /// The last stamp made or witnessed.
  [[nodiscard]] constexpr stamp last() const noexcept { return last_; }
  [[nodiscard]] constexpr const clock_limits& limits() const noexcept { return limits_; }

 private:
  [[nodiscard]] static constexpr std::uint64_t distance(std::uint64_t a, std::uint64_t b) noexcept { return a > b ? a - b : b - a; }
  [[nodiscard]] static constexpr stamp after(stamp s) noexcept { return s == stamp::greatest() ? s : stamp::from_bits(s.bits() + 1); }
  [[nodiscard]] constexpr bool jumped(wall_ms wall) const noexcept {
    if (wall.value - wall_.value <= limits_.local_step || !read_) {
      return false;  // a short step ahead, as nearly all are; or no step is too long
    }
    // From below the floor to above it is not a jump: it is the time arriving.
    if (wall_ < limits_.trust_floor && wall >= limits_.trust_floor) {
      return false;
    }
    const std::uint64_t expected = wall_.value + idle_ < idle_ ? clock_limits::no_limit : wall_.value + idle_;
    return (wall > wall_ ? (wall.value > expected ? wall.value - expected : 0) : wall_.value - wall.value) > limits_.local_step;
  }
  constexpr void note_arrival(wall_ms wall) noexcept {
    if (read_ && wall_ < limits_.trust_floor && wall >= limits_.trust_floor) {
      const std::uint64_t claimed = wall_.value + idle_ < idle_ ? clock_limits::no_limit : wall_.value + idle_;
      arrived_ = wall.value > claimed ? wall.value - claimed : 0;
    }
  }
  constexpr void observe(wall_ms wall) noexcept {
    note_arrival(wall);
    vouched_ = vouched_ && !jumped(wall);
    read_ = true;
    wall_ = wall;
    idle_ = 0;
  }
  /// A clock below the floor counts from its own zero, like uptime, so its stamps lie below all real ones; one that has jumped
  /// lends nothing. No more than a stamp can say, or every reading beyond would look later than all stamps.
  [[nodiscard]] constexpr std::uint64_t believed(wall_ms wall) const noexcept {
    const std::uint64_t ms = wall.value < stamp::greatest_ms ? wall.value : stamp::greatest_ms;
    return wall < limits_.trust_floor || vouched_ ? ms : 0;
  }

  stamp last_{};
  clock_limits limits_{};
  wall_ms wall_{};
  std::uint64_t idle_ = 0;
  std::uint64_t arrived_ = 0;
  bool read_ = false;
  bool vouched_ = true;
};

}  // namespace skerry::inline v0::state
