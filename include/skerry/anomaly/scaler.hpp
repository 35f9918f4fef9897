// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/robust_z.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/moments.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

namespace skerry::inline v0::anomaly {

/// A type T models `column_scale` when: 1. `observe(x)` takes any finite float; 2. `centre()` and `spread()` describe what was observed,
/// and answer `insufficient` until they can, both from the same value on; 3. a spread is finite and never negative.
template <typename T>
concept column_scale = std::default_initializable<T> && std::copyable<T> && requires(T& t, const T& c, float x) {
  { t.observe(x) }
  noexcept->std::same_as<status>;
  { c.centre() }
  noexcept->std::same_as<result<double>>;
  { c.spread() }
  noexcept->std::same_as<result<double>>;
};

/// Mean and standard deviation (n - 1) of all values so far.
///
/// Cost    O(1) per value; the moments of order two in double, no heap
class standard_scale {
 public:
  constexpr status observe(float x) noexcept { return moments_.observe(static_cast<double>(x)); }
  [[nodiscard]] constexpr result<double> centre() const noexcept {
    return moments_.count() < 2 ? result<double>{errc::insufficient} : moments_.mean();
  }
  [[nodiscard]] constexpr result<double> spread() const noexcept {
    return moments_.count() < 2 ? result<double>{errc::insufficient} : moments_.stddev();
  }

 private:
  stats::moments<double, 2> moments_{};
};

/// Brings columns of different units to one: (value - centre) / spread, each column by what it showed so far.
///
/// With `standard_scale`, the mean and standard deviation of all rows; with `robust_z<Window>`, the median and 1.4826 MAD of the last
/// Window rows, where up to half of the rows may be faults. Stop calling `observe` and the scale is frozen.
///
/// Input   rows of finite values; a row with another value is refused whole
/// Units   spreads of the column
/// Cost    Features times what the scale costs; no heap; trivially copyable when the scale is
/// Bound   scaled in double, rounded once; beyond float: its greatest value
/// Errors  `not_finite`; `insufficient` from `scale` before two rows (standard) or Window rows (robust), `degenerate` while a column
///         has not changed: leave it out, or let it vary first. A refusal changes nothing, neither the scale nor `out`
template <std::size_t Features, column_scale Scale = standard_scale>
class scaler {
  static_assert(Features > 0, "scaler<Features>: at least one column");

 public:
  static constexpr std::size_t columns = Features;

  /// Learns one row.
  constexpr status observe(std::span<const float, Features> row) noexcept {
    if (!finite(row)) {
      return errc::not_finite;
    }
    for (std::size_t j = 0; j < Features; ++j) {
      // A scale takes any finite float (its law 1).
      [[maybe_unused]] const status taken = column_[j].observe(row[j]);
      SKERRY_ASSERT(taken && "scaler: the scale of a column refused a finite value");
    }
    return {};
  }

  /// Writes the scaled row; `out` may be the row itself.
  constexpr status scale(std::span<const float, Features> row, std::span<float, Features> out) const noexcept {
    if (!ready()) {
      return errc::insufficient;
    }
    if (!finite(row)) {
      return errc::not_finite;
    }
    for (const Scale& column : column_) {
      if (!(column.spread().value() > 0)) {
        return errc::degenerate;
      }
    }
    constexpr double most = std::numeric_limits<float>::max();
    for (std::size_t j = 0; j < Features; ++j) {
      const double away = column_[j].spread().value();
      const double moved = static_cast<double>(row[j]) - column_[j].centre().value();
      out[j] = static_cast<float>(std::clamp(moved / away, -most, most));
    }
    return {};
  }

  [[nodiscard]] constexpr bool ready() const noexcept { return static_cast<bool>(column_[0].spread()); }
  /// What column j showed.
  [[nodiscard]] constexpr const Scale& column(std::size_t j) const noexcept {
    SKERRY_ASSERT(j < Features && "scaler: column beyond the width");
    return column_[j];
  }
  /// Forgets all rows.
  constexpr void clear() noexcept { column_ = {}; }

 private:
  [[nodiscard]] static constexpr bool finite(std::span<const float, Features> row) noexcept {
    return std::all_of(row.begin(), row.end(), [](float x) { return math::isfinite(x); });
  }

  array_of<Scale, Features> column_{};
};

/// By median and MAD of the last Window rows.
template <std::size_t Features, std::size_t Window>
using robust_scaler = scaler<Features, robust_z<Window>>;

}  // namespace skerry::inline v0::anomaly
