// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>

namespace skerry::inline v0::stats::detail {

/// A sum with the rounding errors of its additions beside it: twice the digits (Knuth's two-sum; Neumaier 1974).
template <typename Real>
struct compensated {
  Real high = 0;
  Real low = 0;

  constexpr void add(Real x) noexcept { add(high, low, x); }
  static constexpr void add(Real& high, Real& low, Real x) noexcept {
    const Real s = high + x;
    const Real from_x = s - high;
    low += (high - (s - from_x)) + (x - from_x);
    high = s;
  }
  [[nodiscard]] constexpr Real value() const noexcept { return high + low; }
};

}  // namespace skerry::inline v0::stats::detail
