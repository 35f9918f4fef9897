// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/kll.hpp>

#include <span>

using state = skerry::stats::kll<float, 64>;
state measured_state{1};

extern "C" bool measured_observe(float x) { return static_cast<bool>(measured_state.observe(x)); }
extern "C" void measured_merge(const state& other) { measured_state.merge(other); }
extern "C" bool measured_encode(std::byte* to, std::size_t size) {
  skerry::byte_writer out{{to, size}};
  return static_cast<bool>(measured_state.encode(out));
}
extern "C" float measured_quantile(double rank) { return measured_state.quantile(rank).value_or(0.0F); }

int main() {
  static std::byte image[state::max_encoded_size];
  const bool done = measured_observe(1.0F);
  measured_merge(measured_state);
  return done && measured_encode(image, sizeof image) && measured_quantile(0.5) > 0 ? 0 : 1;
}
