// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What the emulator lends to the board: the timer that stands for the sensor's interrupt, a count of instructions, and the host behind a
// breakpoint (Arm semihosting). It lies beside the firmware, as simulated.cpp does.
#include "../board.hpp"

#include <cstring>

int run(int argc, const char* const* argv);

extern "C" std::uint32_t bss_end[], stack_top[];

namespace board {

[[noreturn]] void leave(int status);
int program();
void interrupt();

namespace {

std::uint32_t host(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
  return r0;
}

volatile std::uint32_t& word(std::uintptr_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }
constexpr std::uintptr_t timer_control = 0xE000E010U, timer_reload = 0xE000E014U, timer_value = 0xE000E018U;
constexpr std::uint32_t period = 2500;             // of a timer of 25 MHz: sixteen samples come every 100 us, faster than on a real machine
constexpr std::uint32_t paint = 0x51ac51acU;       // what stack looks like that nobody has touched
constexpr std::uint32_t instructions_a_tick = 40;  // with -icount shift=0, where an instruction takes a nanosecond

void (*handler)() = nullptr;
volatile std::uint32_t periods = 0;
volatile std::uint32_t apart = 0;  // how deep in simulated parts
std::uint64_t apart_since = 0, apart_ticks = 0, idle_ticks = 0;
bool counted = false;

std::uint64_t ticks() {
  for (;;) {
    const std::uint32_t before = periods;
    const std::uint32_t left = word(timer_value);
    if (before == periods) {
      return std::uint64_t{before} * period + (period - 1 - left);
    }
  }
}

/// Whether the clock of this machine counts instructions: then a loop takes the same time always, and 40 of them a tick.
bool clock_counts_instructions() {
  const auto run = [] {
    const std::uint32_t begin = word(timer_value);
    for (int i = 0; i < 1000; ++i) {
      asm volatile("nop\n nop\n nop\n nop\n nop\n nop");
    }
    return (begin - word(timer_value)) & 0xffffffU;  // right after it was set it still reads 0
  };
  const std::uint32_t first = run();
  const std::uint32_t second = run();
  const std::uint32_t apart_by = first > second ? first - second : second - first;
  return apart_by <= 1 && first * instructions_a_tick >= 6000 && first * instructions_a_tick <= 15000;
}

}  // namespace

[[noreturn]] void leave(int status) {
  const std::uint32_t block[2] = {0x20026U, static_cast<std::uint32_t>(status)};  // the application ends
  for (;;) {
    host(0x20, block);
  }
}
void interrupt() {
  periods = periods + 1;
  handler();
}

void on_sensor(void (*h)()) {
  if (handler != nullptr) {
    handler = h;
    return;
  }
  word(timer_reload) = 0xffffffU;
  word(timer_value) = 0;
  word(timer_control) = 5;
  counted = clock_counts_instructions();
  word(timer_control) = 0;
  handler = h;
  word(timer_reload) = period - 1;
  word(timer_value) = 0;
  word(timer_control) = 7;  // with an interrupt
}
void wait() {
  const std::uint64_t since = ticks();
  const std::uint64_t apart_then = apart_ticks;
  asm volatile("wfi" ::: "memory");
  asm volatile("isb" ::: "memory");
  // The interrupt's own work is not idleness; its simulated part is counted there.
  idle_ticks += ticks() - since - (apart_ticks - apart_then);
}

simulating::simulating() {
  if (apart == 0) {
    apart_since = ticks();
  }
  apart = apart + 1;
}
simulating::~simulating() {
  apart = apart - 1;
  if (apart == 0) {
    apart_ticks += ticks() - apart_since;
  }
}
std::uint64_t instructions() { return counted ? (ticks() - apart_ticks - idle_ticks) * instructions_a_tick : 0; }

std::size_t stack_used() {
  const std::uint32_t* at = bss_end;
  while (at != stack_top && *at == paint) {
    ++at;
  }
  return static_cast<std::size_t>(stack_top - at) * sizeof(std::uint32_t);
}

void write(const char* text) { host(4, text); }

file file::open(const char* name, bool to_write) {
  const std::uint32_t block[3] = {static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(name)), to_write ? 5U : 1U,
                                  static_cast<std::uint32_t>(std::strlen(name))};
  file f;
  f.handle_ = static_cast<std::int32_t>(host(1, block));
  return f;
}
std::size_t file::read(std::span<std::byte> out) {
  const std::uint32_t block[3] = {static_cast<std::uint32_t>(handle_),
                                  static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(out.data())),
                                  static_cast<std::uint32_t>(out.size())};
  return out.size() - host(6, block);
}
bool file::write(std::span<const std::byte> in) {
  const std::uint32_t block[3] = {static_cast<std::uint32_t>(handle_),
                                  static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(in.data())),
                                  static_cast<std::uint32_t>(in.size())};
  return host(5, block) == 0;
}
bool file::close() {
  const std::uint32_t block[1] = {static_cast<std::uint32_t>(handle_)};
  handle_ = -1;
  return host(2, block) == 0;
}

/// The words of the command line that the debugger hands over; without one, the program's name alone.
int program() {
  static char text[160];
  std::uint32_t block[2] = {static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(text)), sizeof text};
  if (host(0x15, block) != 0) {
    text[0] = '\0';
  }
  const char* words[8] = {"firmware_sensor"};
  int count = 0;
  for (char* at = text; *at != '\0' && count < 8;) {
    words[count++] = at;
    while (*at != '\0' && *at != ' ') {
      ++at;
    }
    while (*at == ' ') {
      *at++ = '\0';
    }
  }
  return run(count == 0 ? 1 : count, words);
}

}  // namespace board
