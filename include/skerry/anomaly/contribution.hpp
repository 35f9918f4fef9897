// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// How the steps of a row through the trees are credited to columns.
enum class contribution_weighting : std::uint8_t {
  /// v(parent) - v(child), where v = round(L (depth + c(n))) is what a leaf in the place of the node would say. Shares are in the unit of
  /// the depth sum and add up: all of them together are T · v(root) - depth sum, exactly.
  path = 0,
  /// Imbalance of the split over the depth of the leaf, averaged over the splits on that column, in 2^-16. A ranking only.
  /// Source  Carletti, Terzi, Susto: Interpretable Anomaly Detection with DIFFI, Engineering Applications of AI 119 (2023), section 3;
  ///         for one row, with the induced imbalance of the node in place of that of a whole set of rows
  diffi = 1,
};

/// What one column did to a score.
struct column_share {
  std::uint16_t column;
  bool high;           ///< it is the high values that speak, else the low ones
  std::int32_t share;  ///< above 0: makes the row stranger
};

/// The shares of a row over memory of the caller.
struct contribution_view {
  std::span<std::int32_t> low, high;
};

/// The columns with the greatest shares, greatest first, ties by column; how many there are.
///
/// Cost    columns · out.size()
constexpr std::size_t top_shares(std::span<const std::int32_t> low, std::span<const std::int32_t> high,
                                 std::span<column_share> out) noexcept {
  SKERRY_ASSERT(low.size() == high.size());
  std::size_t size = 0;
  for (std::size_t j = 0; j < low.size() && !out.empty(); ++j) {
    const column_share now{static_cast<std::uint16_t>(j), high[j] > low[j], low[j] + high[j]};
    if (size == out.size() && out[size - 1].share >= now.share) {
      continue;
    }
    std::size_t at = size < out.size() ? size++ : size - 1;
    for (; at > 0 && out[at - 1].share < now.share; --at) {
      out[at] = out[at - 1];
    }
    out[at] = now;
  }
  return size;
}

/// Shares of the columns in the score of one row.
///
/// Units   those of the weighting. A share above zero makes the row stranger than a row about which no question was asked
/// Cost    8 · Features bytes
/// Bound   with `contribution_weighting::path` `total()` = trees · `root_code()` - depth sum, exactly
template <std::size_t Features>
struct contribution {
  std::array<std::int32_t, Features> low{};   ///< from steps to the low side of a split; for names the first of its two sets
  std::array<std::int32_t, Features> high{};  ///< from steps to the high side

  [[nodiscard]] constexpr std::int32_t share(std::size_t column) const noexcept { return low[column] + high[column]; }
  [[nodiscard]] constexpr std::int64_t total() const noexcept {
    std::int64_t sum = 0;
    for (std::size_t j = 0; j < Features; ++j) {
      sum += std::int64_t{low[j]} + high[j];
    }
    return sum;
  }
  /// The K columns that speak loudest against the row. Columns beyond Features never come up; K <= Features.
  template <std::size_t K>
  [[nodiscard]] constexpr array_of<column_share, K> top() const noexcept {
    static_assert(K <= Features, "contribution::top: there are not so many columns");
    array_of<column_share, K> out{};
    (void)top_shares(low, high, out);
    return out;
  }
  [[nodiscard]] constexpr contribution_view view() noexcept { return {low, high}; }

  friend constexpr bool operator==(const contribution&, const contribution&) noexcept = default;
};

}  // namespace skerry::inline v0::anomaly
