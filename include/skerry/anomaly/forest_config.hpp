// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// What a forest does with NaN, or with the missing code.
enum class missing_policy : std::uint8_t {
  refuse = 0,    ///< `errc::not_finite`, in training and in scoring
  evidence = 1,  ///< missing is an extreme value of its own, which may be split off: a gap is itself a sign
  heavier = 2,   ///< a row goes where more of the training rows went: a gap says nothing
};

/// How a forest is grown. `gateway` scale: 100 trees of 256 rows; microcontroller scale: 50 trees of 128 rows.
struct forest_config {
  std::uint64_t seed;
  std::uint16_t trees = 100;
  std::uint16_t sample = 256;  ///< ψ, rows drawn for each tree without replacement; all rows when there are fewer
  std::uint8_t max_depth = 0;  ///< 0: ceil(log2 ψ)
  missing_policy missing = missing_policy::refuse;
  bool density = false;  ///< a second byte per leaf: how crowded it is
  bool explain = false;  ///< the code of every inner node is kept, so that a score can be shared out among the columns
};

/// What a column holds.
enum class column_kind : std::uint8_t {
  number = 0,
  category = 1,  ///< names as numbers 0 … 63 (rounded to the nearest), without an order. One that training did not see is missing
};

/// What is special about some columns, rows or trees. Every span is empty, or as long as there are columns or rows.
struct training_options {
  std::span<const column_kind> kinds = {};             ///< empty: all numbers
  std::span<const std::uint16_t> column_weights = {};  ///< how often a column is drawn for a split; 0 excludes it. Empty: all alike
  std::span<const std::uint16_t> row_weights = {};     ///< how often a row is drawn for a tree; 0 excludes it. Empty: all alike
  /// Number of the first tree. A tree depends on its number, so threads may each fit a part of one forest: parts of 25 trees from 0, 25,
  /// 50 and 75 on are, appended, the forest of 100; and their depth sums add up to its.
  std::uint32_t first_tree = 0;
};

/// What a forest of fixed capacity has room and code for. What is left out is `errc::unsupported` when asked for.
struct forest_room {
  bool density = true;          ///< one byte per leaf
  bool explain = true;          ///< one leaf code per split
  bool options = true;          ///< code for `heavier` and for weights; no bytes
  std::uint8_t categories = 0;  ///< columns of names: 272 bytes each
};

/// The smallest forest: depth sums of numbers.
inline constexpr forest_room scores_only{.density = false, .explain = false, .options = false, .categories = 0};

/// Both sums of one row. The smaller, the stranger.
struct forest_sums {
  std::uint32_t depth;    ///< in 1 / `leaf_scale()` of a split
  std::uint32_t density;  ///< in eighths of log2(share of rows / share of volume), 128 added for every tree

  friend constexpr bool operator==(const forest_sums&, const forest_sums&) noexcept = default;
};

}  // namespace skerry::inline v0::anomaly
