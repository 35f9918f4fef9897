// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly {

/// Which level would have kept the past within the budget: the peaks of the newest alarms, and when each of them ended.
///
/// A budget of alarms is a promise about the future that references of a quiet stretch cannot keep on a machine whose normal holds rare
/// events. So the alarms themselves are counted: if more came than the budget allows for the time that they span, the level that only
/// so many of them exceeded is the least level from now on. A fault that stays is one alarm however long it stands.
///
/// Input   the peak score of an alarm that ended by itself, and the number of rows seen until then, never falling
/// Cost    observe O(1), least_level O(Capacity log Capacity); sizeof == 12 * Capacity + 24, no heap
template <std::size_t Capacity = 16>
class episode_peaks {
  static_assert(Capacity >= 2, "a level needs room for two peaks");

 public:
  static constexpr std::size_t capacity = Capacity;

  constexpr void observe(float peak, std::uint64_t rows) noexcept {
    if (size_ == Capacity) {
      since_ = ends_[next_];
    } else {
      ++size_;
    }
    peaks_[next_] = peak;
    ends_[next_] = rows;
    next_ = next_ + 1 == Capacity ? 0 : next_ + 1;
  }

  /// The least level at row number `rows`; 0 when the budget has room for all of them. Scores are not negative.
  [[nodiscard]] constexpr float least_level(double alarms_per_row, std::uint64_t rows) const noexcept {
    const double allowed = static_cast<double>(rows - since_) * alarms_per_row;
    if (!(allowed < static_cast<double>(size_))) {
      return 0;
    }
    std::array<float, Capacity> falling = peaks_;
    for (std::size_t i = 1; i < size_; ++i) {
      const float peak = falling[i];
      std::size_t at = i;
      for (; at > 0 && falling[at - 1] < peak; --at) {
        falling[at] = falling[at - 1];
      }
      falling[at] = peak;
    }
    return falling[static_cast<std::size_t>(allowed)];
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  constexpr void clear() noexcept { *this = {}; }

  /// Every field, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.peaks_);
    f(self.ends_);
    f(self.since_);
    f(self.size_);
    f(self.next_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] constexpr bool sound() const noexcept {
    const bool full = size_ == Capacity && next_ < Capacity;
    return (full || (size_ < Capacity && next_ == size_ && since_ == 0)) &&
           std::all_of(peaks_.begin(), peaks_.end(), [](float x) { return x >= 0 && x - x == 0; });
  }

 private:
  std::array<float, Capacity> peaks_{};
  std::array<std::uint64_t, Capacity> ends_{};
  std::uint64_t since_ = 0;  // when the alarm ended that no longer is here
  std::uint32_t size_ = 0;
  std::uint32_t next_ = 0;
};

}  // namespace skerry::inline v0::anomaly
