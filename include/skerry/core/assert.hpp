// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skerry::inline v0 {

/// Where and why a caller broke a precondition.
struct panic_info {
  const char* what;  ///< the violated condition, as text; never null
  const char* file;
  std::uint32_t line;
};

/// Called once for a caller's mistake. It must not return: reset the board, log and abort, or stop in a debugger.
using panic_handler = void (*)(const panic_info&) noexcept;

namespace detail {
inline panic_handler current_panic_handler = nullptr;
}

/// Replaces the handler for the whole program and returns the previous one (null: the trap).
///
/// Call it before other threads or interrupts use the library: the handler is one plain pointer.
inline panic_handler set_panic_handler(panic_handler handler) noexcept {
  const panic_handler previous = detail::current_panic_handler;
  detail::current_panic_handler = handler;
  return previous;
}

/// Ends the program after a caller's mistake; never used for what the world does (full, corrupt, unreachable: see errc).
///
/// A handler that returns is followed by the trap: panic never carries on.
[[noreturn]] inline void panic(const panic_info& info) noexcept {
  if (detail::current_panic_handler != nullptr) {
    detail::current_panic_handler(info);
  }
  __builtin_trap();
}

/// The same without texts: `what` and `file` are empty.
[[noreturn, gnu::cold, gnu::noinline]] inline void panic_at(std::uint32_t line) noexcept { panic(panic_info{"", "", line}); }

}  // namespace skerry::inline v0
