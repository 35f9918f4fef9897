// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// What the benchmarks of `stats` have in common: how many values, and the same streams for all.

#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstddef>
#include <vector>

#ifndef SKERRY_BENCH_VALUES
#define SKERRY_BENCH_VALUES 1000000  // the CMake variable of this name sets another number, 10000000 for instance
#endif

namespace skerry_bench {

inline constexpr std::size_t count = SKERRY_BENCH_VALUES;
static_assert(count % 20000 == 0, "SKERRY_BENCH_VALUES: pairs of values, and whole thousandths and ten-thousandths of them");

/// exp(normal), splitmix64 seed 42, both halves of each pair of Box and Muller.
template <typename T>
const std::vector<T>& lognormal() {
  static const std::vector<T> values = [] {
    skerry::splitmix64 random{42};
    const auto uniform = [&] { return static_cast<double>(random() >> 11); };
    std::vector<T> out(count);
    for (std::size_t i = 0; i < count; i += 2) {
      const double u1 = (uniform() + 1) * 0x1p-53;
      const double u2 = uniform() * 0x1p-53;
      const double r = std::sqrt(-2 * std::log(u1));
      out[i] = static_cast<T>(std::exp(r * std::cos(2 * skerry::math::pi * u2)));
      out[i + 1] = static_cast<T>(std::exp(r * std::sin(2 * skerry::math::pi * u2)));
    }
    return out;
  }();
  return values;
}

/// Time for each value, or each of another number of them: the inverse of a rate.
inline void per_value(benchmark::State& state, std::size_t values = count) {
  state.counters["per_value"] =
      benchmark::Counter(static_cast<double>(values), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace skerry_bench
