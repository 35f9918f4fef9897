// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/testing/sim_script.hpp>

#include <cstdint>
#include <optional>

namespace skerry::inline v0::testing::detail {

/// The wall clock of a node in a world, and the ways in which it lies. Times are milliseconds since the run began.
class world_clock {
 public:
  static constexpr std::uint64_t start_ms = 1'790'000'000'000;  ///< what right clocks show at the beginning: September 2026
  static constexpr std::uint64_t year_2030_ms = 1'900'000'000'000;
  static constexpr std::uint64_t ahead_ms = 4ULL * 365 * 86'400'000;  ///< beyond this, no frame of 2030 is taken by a right clock

  /// Which fault an event of `sim_action::clock` stands for.
  [[nodiscard]] static constexpr sim_fault fault_of(const sim_event& e) noexcept { return static_cast<sim_fault>(6 + e.verb % 5); }

  [[nodiscard]] wall_ms shows(std::uint64_t now) const noexcept {
    if (counts_from_zero_) {
      return wall_ms{now};
    }
    return wall_ms{frozen_.value_or(start_ms + now) + static_cast<std::uint64_t>(off_)};
  }
  /// It has always been right, and the node knows so.
  [[nodiscard]] bool right() const noexcept { return right_; }

  void lie(const sim_event& e, std::uint64_t now) noexcept {
    right_ = false;
    switch (fault_of(e)) {
      case sim_fault::skew: off_ = e.value / 200; break;  // within a minute
      case sim_fault::step: off_ += e.value; break;
      case sim_fault::freeze: frozen_ = frozen_ ? std::nullopt : std::optional{start_ms + now}; break;
      case sim_fault::year_1970: counts_from_zero_ = !counts_from_zero_; break;
      default: off_ = static_cast<std::int64_t>(year_2030_ms + 2 * ahead_ms - start_ms); break;
    }
  }
  /// A time server has set it.
  void correct() noexcept { *this = world_clock{}; }
  /// Nobody can say any more that it is right.
  void doubt() noexcept { right_ = false; }
  /// Runs on from a time that is late enough for every stamp that any clock of the run has made.
  void jump_behind_all() noexcept {
    *this = world_clock{};
    right_ = false;
    off_ = static_cast<std::int64_t>(year_2030_ms + 3 * ahead_ms - start_ms);
  }

 private:
  std::int64_t off_ = 0;
  std::optional<std::uint64_t> frozen_{};
  bool counts_from_zero_ = false;
  bool right_ = true;
};

}  // namespace skerry::inline v0::testing::detail
