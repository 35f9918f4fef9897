// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A stream through the small summaries, per value, means over 4096 of them (pcg32 seed 7).
#include <skerry/core/random.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>

#include "board.hpp"

namespace {

namespace stats = skerry::stats;
constexpr std::uint32_t values = 4096;
float stream[values];
stats::kll<float, 64> sketch{1};
stats::kll<float, 200> large{1};
stats::moments<float, 2> mean_and_spread;
stats::moments<float, 4> four;
stats::hll<10> keys;
volatile float sink;

}  // namespace

int main() {
  skerry::pcg32 random{7};
  for (float& x : stream) {
    x = static_cast<float>(random() >> 8) * 0x1p-24F;
  }
  const auto each = [](const char* name, auto&& f) { board::report(name, board::instructions(values, f)); };
  each("kll_64_observe", [](std::uint32_t i) { (void)sketch.observe(stream[i]); });
  each("kll_200_observe", [](std::uint32_t i) { (void)large.observe(stream[i]); });
  each("moments_2_observe", [](std::uint32_t i) { (void)mean_and_spread.observe(stream[i]); });
  each("moments_4_observe", [](std::uint32_t i) { (void)four.observe(stream[i]); });
  each("hll_10_observe", [](std::uint32_t i) { (void)keys.observe(std::uint64_t{i} * 0x9e3779b97f4a7c15U); });
  sink = sketch.quantile(0.5).value_or(0.0F) + mean_and_spread.mean().value_or(0.0F) + four.mean().value_or(0.0F);
  return sketch.count() == values && large.count() == values ? 0 : 1;
}
