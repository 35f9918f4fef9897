// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/moments.hpp>

using state = skerry::stats::moments<float>;
state measured_state;

extern "C" {
bool measured_observe(float x) { return static_cast<bool>(measured_state.observe(x)); }
void measured_merge(const state* other) { measured_state.merge(*other); }
}

int main() {
  const state other;
  measured_merge(&other);
  return measured_observe(1.0F) ? 0 : 1;
}
