// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "firmware.hpp"

#include <new>

namespace firmware {

namespace {

// What a watchdog's reset leaves alone: on your board a section that start-up does not clear.
skerry::spsc_ring<std::int16_t, queue_length> samples;
std::uint32_t taken = 0;

union storage {
  char none;
  sensor::node it;
  storage() : none{} {}
};
storage everything;

/// The interrupt: what the sensor has, as far as there is room; the rest waits in the sensor's own queue.
void on_samples() {
  for (int i = 0; i < 16 && samples.size() < samples.capacity(); ++i) {
    (void)samples.try_push(board::read_sensor());
  }
}

sensor::tick now() { return static_cast<sensor::tick>(std::uint64_t{taken} * 1000 / board::samples_per_second); }

}  // namespace

skerry::status boot(std::uint64_t boots) {
  ::new (&everything.it) sensor::node;
  const auto booted = everything.it.boot(boots, taken / sensor::watch_window, now());
  if (booted) {
    board::on_sensor(&on_samples);
  }
  return booted;
}

void run_window() {
  for (bool complete = false; !complete;) {
    const auto sample = samples.try_pop();
    if (!sample) {
      board::wait();
      continue;
    }
    ++taken;
    complete = everything.it.take(sample.value(), now());
  }
  everything.it.turn();
}

std::uint32_t samples_taken() { return taken; }
const sensor::node& node() { return everything.it; }

}  // namespace firmware
