// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What the options of a forest cost: 100 trees of 256 rows, 16 Gaussian columns from pcg32 seed 7, 100 000 rows to fit, two-byte codes.
// The plain alternative is the same forest without the option.
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16, history = 100'000;
using forest_type = anomaly::isolation_forest<columns>;

const std::vector<float>& gaussian() {
  static const auto values = [] {
    std::vector<float> made(history * columns);
    skerry::pcg32 random{7};
    for (float& x : made) {
      x = static_cast<float>(skerry::normal(random));
    }
    return made;
  }();
  return values;
}

void fit(benchmark::State& state, const anomaly::forest_config& config, const anomaly::training_options& options) {
  const anomaly::row_view<float> rows{gaussian().data(), history, columns, columns};
  auto forest = std::make_unique<forest_type>();
  for (auto _ : state) {
    state.PauseTiming();
    *forest = forest_type{};
    state.ResumeTiming();
    if (!forest->fit(rows, config, options)) {
      state.SkipWithError("fit refused");
    }
  }
  state.counters["model_bytes"] = static_cast<double>(forest->bytes());
}

void fit_plain(benchmark::State& state) { fit(state, {.seed = 1}, {}); }
void fit_density(benchmark::State& state) { fit(state, {.seed = 1, .density = true, .explain = true}, {}); }
void fit_heavier(benchmark::State& state) { fit(state, {.seed = 1, .missing = anomaly::missing_policy::heavier}, {}); }
void fit_weights(benchmark::State& state) {
  static const auto weights = [] {
    std::vector<std::uint16_t> made(history);
    skerry::pcg32 random{9};
    for (auto& w : made) {
      w = static_cast<std::uint16_t>(1 + random() % 4096);
    }
    return made;
  }();
  fit(state, {.seed = 1}, {.row_weights = weights});
}
BENCHMARK(fit_plain)->Name("anomaly/forest_options/fit/plain")->Unit(benchmark::kMillisecond);
BENCHMARK(fit_density)->Name("anomaly/forest_options/fit/density_explain")->Unit(benchmark::kMillisecond);
BENCHMARK(fit_heavier)->Name("anomaly/forest_options/fit/heavier")->Unit(benchmark::kMillisecond);
BENCHMARK(fit_weights)->Name("anomaly/forest_options/fit/row_weights")->Unit(benchmark::kMillisecond);

const forest_type& fitted() {
  static const auto forest = [] {
    auto made = std::make_unique<forest_type>();
    if (!made->fit({gaussian().data(), history, columns, columns}, {.seed = 1, .density = true, .explain = true})) {
      std::abort();
    }
    return made;
  }();
  return *forest;
}

template <typename Score>
void one_row(benchmark::State& state, Score score) {
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(score(fitted(), std::span<const float, columns>{gaussian().data() + i * columns, columns}));
    i = (i + 1) % 4096;
  }
  state.SetItemsProcessed(state.iterations());
}
void depth_sum(benchmark::State& state) {
  one_row(state, [](const forest_type& f, auto row) { return f.depth_sum(row); });
}
void both_sums(benchmark::State& state) {
  one_row(state, [](const forest_type& f, auto row) { return f.sums(row); });
}
void contributions(benchmark::State& state) {
  one_row(state, [](const forest_type& f, auto row) { return f.explain(row); });
}
BENCHMARK(depth_sum)->Name("anomaly/forest_options/one_row/depth_sum");
BENCHMARK(both_sums)->Name("anomaly/forest_options/one_row/sums");
BENCHMARK(contributions)->Name("anomaly/forest_options/one_row/explain");

}  // namespace
