// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Start-up of a Cortex-M on an MPS2 board as qemu models it: vectors, memory, the timer that stands for the sensor's interrupt, and the
// host behind a breakpoint (Arm semihosting). There is no heap: the system calls that one would need are not there, so that whoever asks
// for memory, or for the streams of C, does not link.
#include "../board.hpp"

#include <skerry/adapters/arm_double_sum.hpp>

#include <cstdlib>

extern "C" {
extern std::uint32_t data_begin[], data_end[], data_from[], bss_begin[], bss_end[], stack_top[];
extern std::uint32_t stage_data_begin[], stage_data_end[], stage_data_from[], stage_bss_begin[], stage_bss_end[];
using initialiser = void (*)();
extern initialiser init_begin[], init_end[];
void* __dso_handle = nullptr;
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
[[noreturn]] void abort();
}

namespace board {

constexpr std::uint32_t paint = 0x51ac51acU;  // what stack looks like that nobody has touched
int program();                                // the rest of the board: stage.cpp
void interrupt();
[[noreturn]] void leave(int status);

namespace {

volatile std::uint32_t& word(std::uintptr_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }

void copy(std::uint32_t* to, const std::uint32_t* end, const std::uint32_t* from) {
  while (to != end) {
    *to++ = *from++;
  }
}
void clear(std::uint32_t* to, const std::uint32_t* end, std::uint32_t with) {
  while (to < end) {
    *to++ = with;
  }
}

}  // namespace

}  // namespace board

extern "C" {

[[noreturn]] void reset() {
#ifdef __ARM_FP                            // where there is one
  board::word(0xE000ED88U) = 0xFU << 20U;  // the unit for numbers
  asm volatile("dsb\n isb" ::: "memory");
#endif
  board::copy(data_begin, data_end, data_from);
  board::copy(stage_data_begin, stage_data_end, stage_data_from);
  board::clear(bss_begin, bss_end, 0);
  board::clear(stage_bss_begin, stage_bss_end, 0);
  std::uint32_t* here = nullptr;
  asm volatile("mov %0, sp" : "=r"(here));
  board::clear(bss_end, here - 16, board::paint);
  for (initialiser* f = init_begin; f != init_end; ++f) {
    (*f)();
  }
  board::leave(board::program());
}

[[noreturn]] void abort() {
  board::write("abort\n");
  board::leave(97);
}

[[noreturn]] void fault() {
  board::write("fault\n");
  board::leave(98);
}

void sensor_interrupt() { board::interrupt(); }

extern const void* const vectors[16] __attribute__((section(".vectors"), used)) = {
    stack_top,
    reinterpret_cast<const void*>(&reset),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    reinterpret_cast<const void*>(&fault),
    nullptr,
    nullptr,
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&sensor_interrupt),
};
}
