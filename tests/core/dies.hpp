// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <skerry/core/assert.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace skerry_test {

/// Runs `f` in a child process. True: it ended in panic, which the child's handler answers with this exit status.
template <typename F>
[[nodiscard]] bool panics(F f) {
  constexpr int panicked = 77;
  const pid_t child = fork();
  if (child == 0) {
    skerry::set_panic_handler([](const skerry::panic_info& info) noexcept { _exit(info.what != nullptr && info.line > 0 ? panicked : 1); });
    f();
    _exit(0);
  }
  int end = 0;
  waitpid(child, &end, 0);
  return WIFEXITED(end) && WEXITSTATUS(end) == panicked;
}

}  // namespace skerry_test
