// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: inference_model
#include <skerry/anomaly/inference_model.hpp>

#include <cstdint>
#include <span>

struct model {
  std::span<const std::uint32_t> input_shape() const { return {}; }
#ifdef SKERRY_CONTROL
  std::span<const std::uint32_t> output_shape() const { return {}; }
#endif
  skerry::status infer(std::span<const float>, std::span<float>) { return {}; }
};

template <skerry::anomaly::inference_model M>
void use(M) {}

int main() { use(model{}); }
