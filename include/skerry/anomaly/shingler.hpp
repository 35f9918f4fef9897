// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace skerry::inline v0::anomaly {

/// The last rows of a stream side by side as one wide row, so that a detector without memory sees what led to a row.
///
/// The wide row begins with the newest row: column f at lag l stands at l * Features + f.
///
/// Input   one row per `observe`; values are not looked at
/// Cost    observe O(Features), copy_to O(Features * Lags); sizeof == Features * Lags * sizeof(T) + 16, no heap
/// Errors  `insufficient` from `copy_to` before Lags rows came; `width`
template <std::size_t Features, std::size_t Lags, typename T = float>
class shingler {
  static_assert(Features > 0 && Lags > 0, "a shingle has at least one column and one row");

 public:
  static constexpr std::size_t columns = Features * Lags;

  constexpr void observe(std::span<const T, Features> row) noexcept {
    std::copy_n(row.data(), Features, ring_.data() + next_ * Features);
    next_ = next_ + 1 == Lags ? 0 : next_ + 1;
    held_ += held_ < Lags ? 1U : 0U;
  }

  /// Lags rows have come since the start or the last `clear`.
  [[nodiscard]] constexpr bool ready() const noexcept { return held_ == Lags; }

  /// The wide row. A refusal leaves `out` as it was.
  constexpr status copy_to(std::span<T> out) const noexcept {
    if (out.size() != columns) {
      return errc::width;
    }
    if (!ready()) {
      return errc::insufficient;
    }
    for (std::size_t lag = 0; lag < Lags; ++lag) {
      const std::size_t at = static_cast<std::size_t>(next_ + Lags - 1 - lag) % Lags;
      std::copy_n(ring_.data() + at * Features, Features, out.data() + lag * Features);
    }
    return {};
  }

  /// Adds to a column of all rows held: its zero has moved.
  constexpr void move(std::size_t column, T by) noexcept {
    SKERRY_ASSERT(column < Features && "shingler: column beyond the width");
    for (std::size_t lag = 0; lag < Lags; ++lag) {
      ring_[lag * Features + column] += by;
    }
  }

  /// Every field, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.ring_);
    f(self.next_);
    f(self.held_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] constexpr bool sound() const noexcept {
    return next_ < Lags && held_ <= Lags && std::all_of(ring_.begin(), ring_.end(), [](T x) { return x - x == 0; });
  }

  /// Forgets the rows: what comes next does not follow what was.
  constexpr void clear() noexcept { next_ = held_ = 0; }

 private:
  array_of<T, columns> ring_{};
  std::uint64_t next_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace skerry::inline v0::anomaly
