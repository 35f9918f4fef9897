// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/config.hpp>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstring>
#include <string>

#include "core/dies.hpp"

namespace {

/// The signal that ended `f` in a child process, or 0.
template <typename F>
int signal_of(F f) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int fatal : {SIGILL, SIGTRAP, SIGABRT, SIGSEGV}) {
      std::signal(fatal, SIG_DFL);  // the test framework's handlers would print a report of their own
    }
    f();
    _exit(0);
  }
  int end = 0;
  waitpid(child, &end, 0);
  return WIFSIGNALED(end) ? WTERMSIG(end) : 0;
}

TEST_CASE("a broken precondition traps by default, and a handler that returns does not save the program") {
  const int trap = signal_of([] { SKERRY_ASSERT(1 == 2); });
  CHECK((trap == SIGILL || trap == SIGTRAP || trap == SIGABRT));
  CHECK(signal_of([] {
          skerry::set_panic_handler([](const skerry::panic_info&) noexcept {});
          SKERRY_ASSERT(1 == 2);
        }) == trap);
  CHECK(signal_of([] { SKERRY_ASSERT(1 == 1); }) == 0);
}

TEST_CASE("the handler is told what was violated and where") {
  CHECK(skerry_test::panics([] {
    skerry::set_panic_handler([](const skerry::panic_info& info) noexcept {
      const bool told =
          std::strcmp(info.what, "1 == 2 && \"why\"") == 0 && std::strstr(info.file, "assert.cpp") != nullptr && info.line > 0;
      _exit(told ? 77 : 1);
    });
    SKERRY_ASSERT(1 == 2 && "why");
  }));
}

TEST_CASE("a precondition is evaluated exactly once, in every build") {
  int evaluated = 0;
  SKERRY_ASSERT(++evaluated > 0);
  CHECK(evaluated == 1);
}

TEST_CASE("set_panic_handler hands back the handler before") {
  const skerry::panic_handler mine = [](const skerry::panic_info&) noexcept {};
  const auto before = skerry::set_panic_handler(mine);
  CHECK(skerry::set_panic_handler(before) == mine);
}

constexpr int checked(int v) {
  SKERRY_ASSERT(v > 0);
  return v;
}

TEST_CASE("the version is one number in three forms, and preconditions hold in constant expressions") {
  static_assert(checked(3) == 3);
  CHECK(std::string{SKERRY_VERSION_STRING} ==
        std::to_string(SKERRY_VERSION_MAJOR) + "." + std::to_string(SKERRY_VERSION_MINOR) + "." + std::to_string(SKERRY_VERSION_PATCH));
}

}  // namespace
