// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/version.hpp>

#if !defined(__GNUC__)
#error "skerry is written for GCC 12, Clang 14 and newer: other compilers are not tested yet."
#endif
#if __cplusplus < 202002L
#error "skerry needs C++20: compile with -std=c++20 or newer."
#endif
#if defined(__FAST_MATH__)
#error "skerry promises equal bits on every machine: compile without -ffast-math."
#endif

/// Checks a precondition in every build; a violation leads to skerry::panic.
///
/// With SKERRY_SHORT_PANICS set to 1 for the whole program it hands over the line alone, without texts and file names: for firmware, where
/// they take kilobytes of flash.
#if defined(SKERRY_SHORT_PANICS) && SKERRY_SHORT_PANICS
#define SKERRY_ASSERT(condition) (static_cast<bool>(condition) ? static_cast<void>(0) : ::skerry::panic_at(__LINE__))
#else
#define SKERRY_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::skerry::panic(::skerry::panic_info{#condition, __FILE__, __LINE__}))
#endif
