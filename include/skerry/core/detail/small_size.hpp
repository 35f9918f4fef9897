// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::detail {

/// The smallest unsigned integer that counts to N.
template <std::size_t N>
using small_size = std::conditional_t<(N <= 0xff), std::uint8_t, std::conditional_t<(N <= 0xffff), std::uint16_t, std::uint32_t>>;

}  // namespace skerry::inline v0::detail
