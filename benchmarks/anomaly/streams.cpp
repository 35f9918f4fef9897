// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Forests of streams: 16 Gaussian columns (pcg32 seed 7), 100 trees of 256 rows, a history of 1000 rows, 2000 rows observed.
//
// How long single rows take: every run does the same work row for row, so the least of 15 runs is what a row takes when nothing else
// interrupts it; percentiles are taken over rows. The plain alternative is a forest fitted anew to the history every 100 rows.
#include <skerry/anomaly/forest_set.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/online_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16, history = 1000, observed = 2000;
using rolling_type = anomaly::rolling_forest<columns>;
using plain_type = anomaly::isolation_forest<columns>;

const std::vector<float>& table() {
  static const auto values = [] {
    skerry::pcg32 random{7};
    std::vector<float> made((history + observed) * columns);
    for (float& x : made) {
      x = static_cast<float>(skerry::normal(random));
    }
    return made;
  }();
  return values;
}
std::span<const float, columns> row_at(std::size_t i) { return std::span<const float, columns>{table().data() + i * columns, columns}; }

void must(skerry::status done) {
  if (!done) {
    std::abort();
  }
}

/// Least time of each row over some runs. `begin()` starts a run, `row(i)` takes a row.
template <typename Begin, typename Row>
void latencies(benchmark::State& state, const Begin& begin, const Row& row) {
  constexpr int runs = 15;
  std::vector<double> least(observed, 1e9);
  for (auto _ : state) {
    double whole = 0;
    for (int run = 0; run < runs; ++run) {
      begin();
      for (std::size_t i = 0; i < observed; ++i) {
        const auto from = std::chrono::steady_clock::now();
        row(i);
        const double ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - from).count();
        least[i] = std::min(least[i], ns);
        whole += ns;
      }
    }
    state.SetIterationTime(whole * 1e-9 / (runs * observed));
  }
  std::sort(least.begin(), least.end());
  const auto at = [&least](double share) { return least[static_cast<std::size_t>(share * (observed - 1))]; };
  state.counters["p50_ns"] = at(0.5);
  state.counters["p99_ns"] = at(0.99);
  state.counters["p99.9_ns"] = at(0.999);
  state.counters["most_ns"] = at(1);
  state.counters["p99.9_over_p50"] = at(0.999) / at(0.5);
}

void rolling(benchmark::State& state, bool refits, bool density) {
  const auto start = std::make_unique<rolling_type>();
  const auto forest = std::make_unique<rolling_type>();
  anomaly::rolling_config config{.forest = {.seed = 1}};
  config.forest.density = config.forest.explain = density;
  must(start->fit({table().data(), history, columns, columns}, config));
  if (!refits) {
    start->pause();
  }
  std::uint32_t renewed = 0;
  latencies(
      state,
      [&] {
        renewed = forest->renewed();
        *forest = *start;
      },
      [&](std::size_t i) { benchmark::DoNotOptimize(forest->observe(row_at(history + i))); });
  state.counters["renewed"] = std::max(renewed, forest->renewed());
  state.counters["sizeof"] = sizeof(rolling_type);
}
BENCHMARK_CAPTURE(rolling, refits_on, true, false)->Name("anomaly/rolling_forest/observe")->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(rolling, refits_off, false, false)->Name("anomaly/rolling_forest/observe_paused")->UseManualTime()->Iterations(1);
BENCHMARK_CAPTURE(rolling, dense, true, true)->Name("anomaly/rolling_forest/observe_density_explain")->UseManualTime()->Iterations(1);

void plain_refit(benchmark::State& state) {
  const auto forest = std::make_unique<plain_type>();
  latencies(
      state,
      [&] {
        must(forest->fit({table().data(), history, columns, columns}, {.seed = 1}));
      },
      [&](std::size_t i) {
        benchmark::DoNotOptimize(forest->depth_sum(row_at(history + i)));
        if (i % 100 == 99) {
          must(forest->fit({table().data() + i * columns, history, columns, columns}, {.seed = i}));
        }
      });
}
BENCHMARK(plain_refit)->Name("anomaly/rolling_forest/plain_refit_every_100")->UseManualTime()->Iterations(1);

template <typename Code>
void online(benchmark::State& state) {
  using forest_type = anomaly::online_forest<columns, 32, 2048, Code>;
  const auto forest = std::make_unique<forest_type>();
  must(forest->fit({table().data(), history + observed, columns, columns}, {.seed = 1}));  // the window is full
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(forest->observe(row_at(i)));
    i = i + 1 == history + observed ? 0 : i + 1;
  }
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["sizeof"] = sizeof(forest_type);
}
BENCHMARK(online<std::int16_t>)->Name("anomaly/online_forest/observe_32_trees_window_2048_i16");
BENCHMARK(online<std::uint8_t>)->Name("anomaly/online_forest/observe_32_trees_window_2048_u8");

void join(benchmark::State& state) {
  using set_type = anomaly::forest_set<columns>;
  const auto one = std::make_unique<set_type>();
  const auto other = std::make_unique<set_type>();
  const auto forest = std::make_unique<rolling_type>();
  must(forest->fit({table().data(), history, columns, columns}, {.forest = {.seed = 1}}));
  const auto codes = forest->codes();
  for (std::uint64_t node = 0; node < 2; ++node) {
    must(forest->begin({.forest = {.seed = node}}, codes));
    for (std::size_t i = 0; forest->trees() < 100; ++i) {
      must(forest->admit(row_at(i)));
      while (forest->busy() && forest->trees() < 100 && forest->rows() == history) {
        benchmark::DoNotOptimize(forest->grow());
      }
    }
    must((node == 0 ? one : other)->add(node, 1, *forest));
  }
  const auto both = std::make_unique<set_type>();
  for (auto _ : state) {
    state.PauseTiming();
    *both = *one;
    state.ResumeTiming();
    must(both->join(*other));
  }
  state.counters["trees"] = static_cast<double>(both->size());
  state.counters["sizeof"] = sizeof(set_type);
}
BENCHMARK(join)->Name("anomaly/forest_set/join_100_and_100")->Unit(benchmark::kMicrosecond);

}  // namespace
