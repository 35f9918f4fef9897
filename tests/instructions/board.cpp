// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "board.hpp"

#include "board/semihosting.hpp"

namespace board {

void report(const char* name, std::uint32_t count) {
  write(name);
  char digits[13];
  char* at = digits + 12;
  *at = '\0';
  *--at = '\n';
  do {
    *--at = static_cast<char>('0' + count % 10);
    count /= 10;
  } while (count != 0);
  *--at = ' ';
  write(at);
}

namespace {

/// The timer runs before `main`.
[[maybe_unused]] const bool timed = [] {
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E014U) = 0xffffffU;
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E018U) = 0;
  *reinterpret_cast<volatile std::uint32_t*>(0xE000E010U) = 5;
  return true;
}();

}  // namespace

}  // namespace board
