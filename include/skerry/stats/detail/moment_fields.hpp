// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skerry::inline v0::stats::detail {

/// A count that is aligned like a float, so that a float state has no padding.
struct count_in_words {
  std::uint32_t low;
  std::uint32_t high;
  constexpr count_in_words& operator=(std::uint64_t n) noexcept {
    low = static_cast<std::uint32_t>(n);
    high = static_cast<std::uint32_t>(n >> 32);
    return *this;
  }
  constexpr operator std::uint64_t() const noexcept { return std::uint64_t{high} << 32 | low; }  // NOLINT(google-explicit-constructor)
};

/// Stands for a remainder that is not kept.
struct no_rest {
  friend constexpr no_rest operator*(no_rest, float) noexcept { return {}; }
  friend constexpr no_rest operator+(no_rest, no_rest) noexcept { return {}; }
  friend constexpr no_rest operator-(no_rest, no_rest) noexcept { return {}; }
};

}  // namespace skerry::inline v0::stats::detail
