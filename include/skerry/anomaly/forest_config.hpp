// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skerry::inline v0::anomaly {

/// What a forest does with NaN, or with the missing code.
enum class missing_policy : std::uint8_t {
  refuse = 0,  ///< `errc::not_finite`, in training and in scoring
};

/// How a forest is grown. `gateway` scale: 100 trees of 256 rows; microcontroller scale: 50 trees of 128 rows.
struct forest_config {
  std::uint64_t seed;
  std::uint16_t trees = 100;
  std::uint16_t sample = 256;  ///< ψ, rows drawn for each tree without replacement; all rows when there are fewer
  std::uint8_t max_depth = 0;  ///< 0: ceil(log2 ψ)
  missing_policy missing = missing_policy::refuse;
};

}  // namespace skerry::inline v0::anomaly
