// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/hll.hpp>

using state = skerry::stats::hll<10>;
state measured_state;

extern "C" bool measured_observe(std::int64_t key) { return static_cast<bool>(measured_state.observe(key)); }
extern "C" void measured_join(const state& other) { measured_state.join(other); }
extern "C" double measured_estimate() { return measured_state.estimate(); }

int main() {
  const bool done = measured_observe(1);
  measured_join(measured_state);
  return done && measured_estimate() > 0 ? 0 : 1;
}
