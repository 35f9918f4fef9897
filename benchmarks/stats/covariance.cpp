// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Covariance of 16 signals per row: in blocks, row by row, merged, factored. Beside it the plain update of every element of the lower
// triangle, nothing checked. Data: 10^5 rows of normals that lean on their neighbour, splitmix64 seed 42.
#include <skerry/core/random.hpp>
#include <skerry/stats/covariance.hpp>

#include <benchmark/benchmark.h>
#include <array>
#include <cstddef>
#include <vector>

namespace {

constexpr std::size_t columns = 16;
constexpr std::size_t count = 100000;
using skerry::stats::covariance;

const std::vector<double>& data() {
  static const std::vector<double> values = [] {
    skerry::splitmix64 random{42};
    std::vector<double> out(count * columns);
    double before = 0;
    for (double& x : out) {
      before = x = 0.5 * before + skerry::normal(random);
    }
    return out;
  }();
  return values;
}

std::span<const double, columns> row(std::size_t r) { return std::span<const double, columns>{data().data() + r * columns, columns}; }

void per_row(benchmark::State& state, std::size_t rows = count) {
  state.counters["per_row"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void blocks(benchmark::State& state) {
  for (auto _ : state) {
    covariance<columns> c;
    benchmark::DoNotOptimize(c.observe_rows(data()));
    benchmark::DoNotOptimize(c);
  }
  per_row(state);
  state.counters["bytes"] = sizeof(covariance<columns>);
}

void row_by_row(benchmark::State& state) {
  for (auto _ : state) {
    covariance<columns> c;
    for (std::size_t r = 0; r < count; ++r) {
      benchmark::DoNotOptimize(c.observe(row(r)));
    }
    benchmark::DoNotOptimize(c);
  }
  per_row(state);
}

void plain_update(benchmark::State& state) {
  for (auto _ : state) {
    double n = 0;
    std::array<double, columns> mean{};
    std::array<double, columns * columns> sums{};
    std::array<double, columns> before{};
    for (std::size_t r = 0; r < count; ++r) {
      const auto x = row(r);
      n += 1;
      for (std::size_t i = 0; i < columns; ++i) {
        before[i] = x[i] - mean[i];
        mean[i] += before[i] / n;
      }
      for (std::size_t i = 0; i < columns; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          sums[i * columns + j] += before[i] * (x[j] - mean[j]);
        }
      }
    }
    benchmark::DoNotOptimize(sums);
  }
  per_row(state);
}

void merge(benchmark::State& state) {
  covariance<columns> part;
  (void)part.observe_rows(std::span{data()}.first(1000 * columns));
  covariance<columns> all = part;
  for (auto _ : state) {
    all.merge(part);
    benchmark::DoNotOptimize(all);
  }
}

void factor_and_distance(benchmark::State& state) {
  covariance<columns> c;
  (void)c.observe_rows(data());
  const auto factor = c.factor().value();
  std::size_t r = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(factor.squared_distance(row(r)));
    r = (r + 1) % count;
  }
}

BENCHMARK(blocks)->Name("stats/covariance/16/blocks");
BENCHMARK(row_by_row)->Name("stats/covariance/16/row_by_row");
BENCHMARK(plain_update)->Name("stats/covariance/16/plain_update");
BENCHMARK(merge)->Name("stats/covariance/16/merge");
BENCHMARK(factor_and_distance)->Name("stats/covariance/16/squared_distance");

}  // namespace
