// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// A Cortex-M4 in qemu under -icount shift=0: every instruction takes one nanosecond of its clock, so the cycle timer counts instructions.
#include <cstdint>

namespace board {

/// Writes "name count" on the host.
void report(const char* name, std::uint32_t count);

/// Nanoseconds of one tick of the timer, which runs at 25 MHz.
inline constexpr std::uint32_t tick = 40;

[[nodiscard]] inline std::uint32_t ticks() { return 0xffffffU - *reinterpret_cast<volatile std::uint32_t*>(0xE000E018U); }

/// Instructions of one call of `f`, the call itself included; the loop around it is taken off.
template <typename F>
std::uint32_t instructions(std::uint32_t times, const F& f) {
  const auto run = [times](const auto& body) {
    const std::uint32_t begin = ticks();
    for (std::uint32_t i = 0; i < times; ++i) {
      body(i);
      asm volatile("" ::: "memory");
    }
    return (ticks() - begin) & 0xffffffU;
  };
  const std::uint32_t empty = run([](std::uint32_t) {});
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(run(f) - empty) * tick / times);
}

}  // namespace board
