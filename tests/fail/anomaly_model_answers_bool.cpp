// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: the callable returns skerry::status, or nothing when it cannot fail
#include <skerry/anomaly/inference_model.hpp>

#include <span>

int main() {
  auto model = skerry::anomaly::model_from<1, 1>([](std::span<const float, 1> in, std::span<float, 1> out) {
    out[0] = in[0];
#ifndef SKERRY_CONTROL
    return true;
#endif
  });
  return model.input_shape().empty() ? 1 : 0;
}
