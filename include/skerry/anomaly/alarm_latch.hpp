// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly {

/// k of the last n scores at or above `enter` raise; m scores in a row below `leave` clear. Scores: higher is stranger.
struct latch_config {
  std::uint8_t k = 3;
  std::uint8_t n = 5;
  float enter = 0;  ///< set both: with these every score that is not below zero is high
  float leave = 0;  ///< at most `enter`; the distance between them is the hysteresis
  std::uint8_t m = 5;
};

/// What one score did to a latch.
enum class alarm_edge : std::uint8_t {
  none,     ///< nothing changed
  raised,   ///< an alarm begins; its number is `alarms()`
  cleared,  ///< the standing alarm ends
};

/// Turns a row of scores into alarms that begin, stand and end, so that one odd row is no alarm and one good row is no all-clear.
///
/// Quiet, it keeps the last n flags score >= enter; alarmed, it counts consecutive scores < leave. After clearing, the window starts empty.
///
/// Input   one score per row; NaN means "no verdict" and changes nothing; infinities compare as they do
/// Cost    O(1) per score; sizeof == 56, no heap
/// Errors  `invalid` from `create`: k, n or m zero, k > n, leave > enter, enter or leave NaN
class alarm_latch {
 public:
  [[nodiscard]] static constexpr result<alarm_latch> create(const latch_config& config) noexcept {
    const bool numbers = config.k >= 1 && config.k <= config.n && config.m >= 1;
    // Written so that a NaN on either side is refused too.
    const bool levels = config.leave <= config.enter;
    if (!numbers || !levels) {
      return errc::invalid;
    }
    return alarm_latch{config};
  }

  constexpr alarm_edge observe(float score) noexcept {
    if (score != score) {
      return alarm_edge::none;
    }
    if (alarmed_) {
      calm_ = score < config_.leave ? static_cast<std::uint8_t>(calm_ + 1) : std::uint8_t{0};
      if (calm_ < config_.m) {
        return alarm_edge::none;
      }
      reset();
      return alarm_edge::cleared;
    }
    remember(score >= config_.enter);
    if (hot_ < config_.k) {
      return alarm_edge::none;
    }
    alarmed_ = true;
    calm_ = 0;
    ++alarms_;
    return alarm_edge::raised;
  }

  /// Whether an alarm stands.
  [[nodiscard]] constexpr bool alarmed() const noexcept { return alarmed_; }
  /// How many alarms were raised so far; the number of the latest one.
  [[nodiscard]] constexpr std::uint32_t alarms() const noexcept { return alarms_; }
  /// Quiet, but at least one of the last n scores was high.
  [[nodiscard]] constexpr bool suspect() const noexcept { return !alarmed_ && hot_ > 0; }
  [[nodiscard]] constexpr const latch_config& config() const noexcept { return config_; }

  /// Quiet with an empty window; the numbering of alarms goes on.
  constexpr void reset() noexcept {
    window_ = {};
    next_ = 0;
    hot_ = 0;
    calm_ = 0;
    alarmed_ = false;
  }

  /// Every field but k, n and m, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.config_.enter);
    f(self.config_.leave);
    f(self.window_);
    f(self.alarms_);
    f(self.next_);
    f(self.hot_);
    f(self.calm_);
    f(self.alarmed_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] constexpr bool sound() const noexcept {
    int flags = 0;
    for (std::size_t i = 0; i < window_.size() * 32; ++i) {
      const bool flag = ((window_[i / 32] >> (i % 32)) & 1U) != 0;
      if (flag && i >= config_.n) {
        return false;
      }
      flags += flag ? 1 : 0;
    }
    return config_.leave <= config_.enter && next_ < config_.n && static_cast<int>(hot_) == flags && calm_ < config_.m &&
           (!alarmed_ || alarms_ > 0);
  }

  /// Other levels from now on; the flags in the window stay as they were judged.
  [[nodiscard]] constexpr status set_levels(float enter, float leave) noexcept {
    if (!(leave <= enter)) {
      return errc::invalid;
    }
    config_.enter = enter;
    config_.leave = leave;
    return {};
  }

 private:
  constexpr explicit alarm_latch(const latch_config& config) noexcept : config_{config} {}

  // A ring of n bits: the place of the newest flag is that of the one which leaves the window.
  constexpr void remember(bool hot) noexcept {
    std::uint32_t& word = window_[next_ / 32U];
    const std::uint32_t bit = std::uint32_t{1} << (next_ % 32U);
    hot_ = static_cast<std::uint8_t>(hot_ - ((word & bit) != 0 ? 1 : 0) + (hot ? 1 : 0));
    word = hot ? (word | bit) : (word & ~bit);
    next_ = static_cast<std::uint8_t>(next_ + 1 == config_.n ? 0 : next_ + 1);
  }

  latch_config config_;
  std::array<std::uint32_t, 8> window_{};
  std::uint32_t alarms_ = 0;
  std::uint8_t next_ = 0;
  std::uint8_t hot_ = 0;
  std::uint8_t calm_ = 0;
  bool alarmed_ = false;
};

}  // namespace skerry::inline v0::anomaly
