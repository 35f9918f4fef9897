// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

namespace skerry::inline v0::detail {

// The ends of an integer type. <limits> says the same in a thousand lines, which every header of core and state would carry along.
template <std::integral T>
inline constexpr T greatest_integer = std::unsigned_integral<T> ? static_cast<T>(-1)
                                                                : static_cast<T>(static_cast<std::make_unsigned_t<T>>(-1) >> 1U);
template <std::integral T>
inline constexpr T least_integer = static_cast<T>(-greatest_integer<T> - 1);

}  // namespace skerry::inline v0::detail
