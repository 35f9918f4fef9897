// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/adwin.hpp>

using state = skerry::stats::adwin<20, float>;
state measured_state;

extern "C" {
int measured_observe(float x) { return static_cast<int>(measured_state.observe(x).value_or(skerry::stats::drift_event::none)); }
}

int main() { return measured_observe(1.0F); }
