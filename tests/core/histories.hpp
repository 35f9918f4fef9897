// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKERRY_TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SKERRY_TEST_SANITIZED 1
#endif

namespace skerry_test {

/// How many of so many random histories a test runs: under sanitizers, where each takes twenty times as long, a third.
[[nodiscard]] constexpr std::uint64_t histories(std::uint64_t optimised) noexcept {
#ifdef SKERRY_TEST_SANITIZED
  return (optimised + 2) / 3;
#else
  return optimised;
#endif
}

}  // namespace skerry_test
