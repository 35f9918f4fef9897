// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// The few calls that reach the host of a Cortex-M through a breakpoint (Arm semihosting): under qemu, or with a debug probe.
#include <cstdint>

namespace board {

inline void host(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
}

/// Text that ends with a zero, as it is.
inline void write(const char* text) { host(4, text); }

/// Ends the program with that status.
[[noreturn]] inline void leave(int status) {
  const std::uint32_t block[2] = {0x20026U, static_cast<std::uint32_t>(status)};  // the application ends
  for (;;) {
    host(0x20, block);
  }
}

}  // namespace board
