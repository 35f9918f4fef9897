// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_same_bits: drives every registered fixed-capacity type with seeded inputs and prints one line "type hash" each, sorted.
// The lines are equal on every target.
#include "same_bits.hpp"

#include <cstring>

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'  // a board without a system: what leaves it goes through the debugger
#include "board/semihosting.hpp"
namespace {
void say(const char* text) { board::write(text); }
}  // namespace
#else
#include <cstdio>
namespace {
void say(const char* text) { std::fputs(text, stdout); }
}  // namespace
#endif

int main() {
  // Selection by repeated minimum: the registration order depends on the linker, and no container is needed on a microcontroller.
  const char* last = "";
  int printed = 0;
  for (;;) {
    const skerry_test::bits_of* smallest = nullptr;
    for (const auto* entry = skerry_test::bits_of::first; entry != nullptr; entry = entry->next) {
      if (std::strcmp(entry->type, last) > 0 && (smallest == nullptr || std::strcmp(entry->type, smallest->type) < 0)) {
        smallest = entry;
      }
    }
    if (smallest == nullptr) {
      break;
    }
    skerry_test::bit_hash hash;
    smallest->drive(hash);
    char digits[] = " 00000000\n";
    for (int i = 0; i < 8; ++i) {
      digits[8 - i] = "0123456789abcdef"[hash.value() >> (4 * i) & 15];
    }
    say(smallest->type);
    say(digits);
    last = smallest->type;
    ++printed;
  }
  return printed > 0 ? 0 : 1;
}
