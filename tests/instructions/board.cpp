// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Vectors, start-up, and the few calls that reach the host through a breakpoint (Arm semihosting).
#include "board.hpp"

extern "C" {
extern std::uint32_t data_begin[], data_end[], data_from[], bss_begin[], bss_end[], stack_top[];
using initialiser = void (*)();
extern initialiser init_begin[], init_end[];
void* __dso_handle = nullptr;
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
int main();
}

namespace {

void host(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
}

}  // namespace

namespace board {

void report(const char* name, std::uint32_t count) {
  host(4, name);
  char digits[13];
  char* at = digits + 12;
  *at = '\0';
  *--at = '\n';
  do {
    *--at = static_cast<char>('0' + count % 10);
    count /= 10;
  } while (count != 0);
  *--at = ' ';
  host(4, at);
}

void leave(int status) {
  const std::uint32_t block[2] = {0x20026U, static_cast<std::uint32_t>(status)};  // the application ends
  for (;;) {
    host(0x20, block);
  }
}

}  // namespace board

extern "C" [[noreturn]] void reset() {
  *reinterpret_cast<volatile std::uint32_t*>(0xE000ED88U) = 0xFU << 20U;  // the unit for numbers
  asm volatile("dsb\n isb" ::: "memory");
  for (std::uint32_t *from = data_from, *to = data_begin; to != data_end;) {
    *to++ = *from++;
  }
  for (std::uint32_t* to = bss_begin; to != bss_end;) {
    *to++ = 0;
  }
  for (initialiser* f = init_begin; f != init_end; ++f) {
    (*f)();
  }
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E014U) = 0xffffffU;
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E018U) = 0;
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E010U) = 5;
  board::leave(main());
}

extern "C" [[noreturn]] void fault() { board::leave(98); }

extern "C" const void* const vectors[16] __attribute__((section(".vectors"), used)) = {
    stack_top,
    reinterpret_cast<const void*>(&reset),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
    reinterpret_cast<const void*>(&fault),
};
