// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Vectors and start-up of a Cortex-M on an MPS2 board. There is no heap: the calls that one would need are not there, so that whoever
// asks for memory, or for the streams of C, does not link.
#include "semihosting.hpp"

#include <cstdlib>

extern "C" {
extern std::uint32_t data_begin[], data_end[], data_from[], bss_begin[], bss_end[], stack_top[];
using initialiser = void (*)();
extern initialiser init_begin[], init_end[];
void* __dso_handle = nullptr;
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
int program() asm("main");  // C++ does not let anybody call that one
[[noreturn]] void abort() {
  board::write("abort\n");
  board::leave(97);
}
}

extern "C" [[noreturn]] void reset() {
#ifdef __ARM_FP                                                           // where there is one
  *reinterpret_cast<volatile std::uint32_t*>(0xE000ED88U) = 0xFU << 20U;  // the unit for numbers
  asm volatile("dsb\n isb" ::: "memory");
#endif
  for (std::uint32_t *from = data_from, *to = data_begin; to != data_end;) {
    *to++ = *from++;
  }
  for (std::uint32_t* to = bss_begin; to != bss_end;) {
    *to++ = 0;
  }
  for (initialiser* f = init_begin; f != init_end; ++f) {
    (*f)();
  }
  board::leave(program());
}

extern "C" [[noreturn]] void fault() {
  board::write("fault\n");
  board::leave(98);
}

extern "C" const void* const vectors[16] __attribute__((section(".vectors"), used)) = {
    stack_top,
    reinterpret_cast<const void*>(&reset),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
};
