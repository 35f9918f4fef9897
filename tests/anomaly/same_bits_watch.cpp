// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/random.hpp>

#include "same_bits/same_bits.hpp"

namespace {

using namespace skerry::anomaly;
using skerry_test::bit_hash;
using skerry_test::bits_of;

/// Learns, judges, and alarms over steps and blows; every number of every window.
void drive_watch(bit_hash& h) {
  static signal_watch<> watch;
  h.add(static_cast<std::uint64_t>(signal_watch<>::create(watch, {.seed = 5, .window = 32}).error()));
  skerry::pcg32 random{3};
  for (std::uint32_t i = 0; i < 32 * 260; ++i) {
    const float noise = static_cast<float>(static_cast<std::int32_t>(random())) * 0x1p-31F;
    const float blow = i >= 32 * 230 && i % 24 == 0 ? 4.0F : 0.0F;
    const auto done = watch.observe(noise + blow + static_cast<float>(i % 50) / 25.0F);
    if (done.value_or(false)) {
      h.add(std::uint64_t{watch.decision().window});
      h.add(static_cast<std::uint64_t>(watch.decision().state));
      h.add(watch.decision().score);
      h.add(watch.decision().level);
      for (const float x : watch.latest()) {
        h.add(x);
      }
    }
  }
  h.add(std::uint64_t{watch.alarms()});
}
const bits_of watch_bits{"anomaly.signal_watch", drive_watch};

}  // namespace
