// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The judge of examples/07_firmware_sensor: 32 trees of 64 windows, six numbers, windows of 160 samples.
#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/random.hpp>

#include "board.hpp"

namespace {

skerry::anomaly::signal_watch<> watch;
float stream[160];
std::uint32_t windows = 0;

/// All but the last sample of a window, then the last one alone.
std::uint32_t last_sample() {
  for (std::uint32_t i = 0; i < 159; ++i) {
    (void)watch.observe(stream[i]);
  }
  return board::instructions(1, [](std::uint32_t) { windows += watch.observe(stream[159]).value_or(false) ? 1U : 0U; });
}

}  // namespace

int main() {
  if (!skerry::anomaly::signal_watch<>::create(watch, {.window = 160})) {
    return 1;
  }
  skerry::pcg32 random{7};
  std::uint32_t teach = 0, judge = 0;
  for (std::uint32_t w = 0; w < 200; ++w) {
    for (float& x : stream) {
      x = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    }
    const std::uint32_t n = last_sample();
    teach = w == 95 ? n : teach;
    judge = w == 199 ? n : judge;
  }
  board::report("sample", board::instructions(150, [](std::uint32_t i) { (void)watch.observe(stream[i]); }));
  board::report("window_judged", judge);
  board::report("window_that_teaches_all_trees", teach);
  return windows == 200 && watch.learnt() ? 0 : 2;
}
