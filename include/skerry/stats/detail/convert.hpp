// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/errc.hpp>

#include <concepts>
#include <limits>

namespace skerry::inline v0::stats::detail {

/// A value as the type that a part of a compound takes. Into a floating-point type it rounds; an integer takes only what it can hold,
/// because a cast of anything else is undefined, wraps, or cuts a fraction off.
///
/// Errors  `not_finite`, `out_of_range`; `to` is then as it was
template <typename To, typename From>
[[nodiscard]] constexpr errc convert(From x, To& to) noexcept {
  if constexpr (std::integral<To> && std::floating_point<From>) {
    if (!(x - x == 0)) {
      return errc::not_finite;
    }
    constexpr From least = static_cast<From>(std::numeric_limits<To>::lowest());
    constexpr From beyond = 2 * static_cast<From>(std::numeric_limits<To>::max() / 2 + 1);
    if (!(x >= least && x < beyond)) {
      return errc::out_of_range;
    }
  }
  const To made = static_cast<To>(x);
  if constexpr (std::integral<To>) {
    if (static_cast<From>(made) != x || (made < To{0}) != (x < From{0})) {
      return errc::out_of_range;
    }
  }
  to = made;
  return errc::ok;
}

}  // namespace skerry::inline v0::stats::detail
