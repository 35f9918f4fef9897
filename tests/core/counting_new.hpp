// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

namespace skerry_test {
/// Calls of operator new in this program so far.
[[nodiscard]] std::size_t allocations();
}  // namespace skerry_test
