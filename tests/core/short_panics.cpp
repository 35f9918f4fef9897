// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A program of its own, as the macro is for a whole program: without texts a caller's mistake still panics, and says its line.
#define SKERRY_SHORT_PANICS 1
#include <skerry/core/config.hpp>
#include <skerry/core/result.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
int line_of_mistake = 0;
}

int main() {
  skerry::set_panic_handler([](const skerry::panic_info& info) noexcept {
    const bool good = std::strlen(info.what) == 0 && std::strlen(info.file) == 0 &&
                      (line_of_mistake == 0 || info.line == static_cast<std::uint32_t>(line_of_mistake));
    std::_Exit(good ? 0 : 2);
  });
  SKERRY_ASSERT(line_of_mistake == 0);  // holds: nothing happens
  line_of_mistake = __LINE__ + 1;
  SKERRY_ASSERT(line_of_mistake == 0);
  std::puts("went on");
  return 1;
}
