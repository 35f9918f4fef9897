// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

namespace skerry::inline v0 {

/// `std::array<T, N>` of a class: the same type, but `T` is complete before the array is.
///
/// GCC 12 settles what may alias an array when the array's type is made. Where the element is a class that is not complete yet (nested in
/// a template, or a specialisation used for the first time) and holds bytes or characters, copies of the whole array are taken for
/// unrelated to what was written to its elements, and read old memory at -O2. `sizeof` completes the element first.
template <typename T, std::size_t N, std::size_t = sizeof(T)>
using array_of = std::array<T, N>;

}  // namespace skerry::inline v0
