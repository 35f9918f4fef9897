// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/exp_histogram.hpp>

#include <array>

using state = skerry::stats::exp_histogram<160, std::uint32_t, skerry::stats::signs::positive>;
state measured_state;

extern "C" {
bool measured_observe(double x) { return static_cast<bool>(measured_state.observe(x)); }
void measured_merge(const state* other) { measured_state.merge(*other); }
double measured_quantile(double rank) { return measured_state.quantile(rank).value_or(0); }
bool measured_encode(std::span<std::byte> out) {
  skerry::byte_writer writer{out};
  return static_cast<bool>(measured_state.encode(writer));
}
}

int main() {
  const state other;
  std::array<std::byte, 100> out{};
  measured_merge(&other);
  return measured_observe(1.0) && measured_quantile(0.5) > 0 && measured_encode(out) ? 0 : 1;
}
