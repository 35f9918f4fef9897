// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Ends a test program that is compiled for SKERRY_NEEDS as skipped where the processor lacks it: before anything else of the program
// runs, and compiled without those instructions itself.
#include <unistd.h>

namespace {

__attribute__((constructor(101))) void ask_the_processor() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports(SKERRY_NEEDS)) {
    constexpr char why[] = "skipped: this processor has no " SKERRY_NEEDS "\n";
    _exit(write(STDOUT_FILENO, why, sizeof(why) - 1) < 0 ? 1 : 77);
  }
}

}  // namespace
