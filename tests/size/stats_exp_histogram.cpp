// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/exp_histogram.hpp>

using state = skerry::stats::exp_histogram<160, std::uint32_t, skerry::stats::signs::positive>;
state measured_state;

extern "C" bool measured_observe(double x) { return static_cast<bool>(measured_state.observe(x)); }

int main() { return measured_observe(1.0) ? 0 : 1; }
