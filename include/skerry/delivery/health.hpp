// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/delivery/outcome.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery {

/// What the results say about a peer. Passive: nothing is sent to find out.
///
/// Cost    O(1)
///
/// Health is not "connected": `declare` lets the application say that a peer that answers is of no use (its host is offline).
template <instant Time>
class health {
 public:
  void record(outcome what, Time now) noexcept {
    if (what == outcome::cancelled) {
      return;
    }
    const bool good = what == outcome::ok || what == outcome::permanent;
    streak_ = good != good_ ? std::uint8_t{1} : static_cast<std::uint8_t>(streak_ + (streak_ < 255 ? 1 : 0));
    good_ = good;
    last_ = now;
    heard_ = true;
  }
  void declare(bool usable) noexcept { declared_down_ = !usable; }
  /// Starts a new count: what was good before a failover says nothing about the return.
  void forget() noexcept { streak_ = 0; }

  [[nodiscard]] bool declared_down() const noexcept { return declared_down_; }
  [[nodiscard]] std::uint8_t good_streak() const noexcept { return good_ ? streak_ : std::uint8_t{0}; }
  [[nodiscard]] std::uint8_t bad_streak() const noexcept { return good_ ? std::uint8_t{0} : streak_; }
  /// When the peer was last heard of; none if never.
  [[nodiscard]] deadline<Time> last_result() const noexcept { return heard_ ? deadline<Time>{last_} : deadline<Time>{}; }

 private:
  Time last_{};
  std::uint8_t streak_ = 0;
  bool good_ = true;
  bool heard_ = false;
  bool declared_down_ = false;
};

}  // namespace skerry::inline v0::delivery
