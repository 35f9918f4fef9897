// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A row through a trained model of known failures, in each backend that is here: time per inference, p50 and p99 of single calls.
// 8 columns, 4 classes; rows: normal, standard deviation 8, seed 1.
#include "../../examples/06_bring_your_own_model/known_failures.hpp"
#include "../../tests/adapters/models/boosted.hpp"
#include "../../tests/adapters/models/forest.hpp"

#include <skerry/anomaly/array_model.hpp>
#include <skerry/anomaly/inference_model.hpp>
#include <skerry/core/random.hpp>
#ifdef SKERRY_BENCH_ONNXRUNTIME
#include <skerry/adapters/onnxruntime.hpp>
#endif
#ifdef SKERRY_BENCH_OPENCV
#include <skerry/adapters/opencv_dnn.hpp>
#endif

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace skerry::anomaly;
using row_type = std::array<float, 8>;

std::vector<row_type> some_rows() {
  skerry::pcg32 random{1};
  std::vector<row_type> rows(4096);
  for (row_type& row : rows) {
    for (float& x : row) {
      x = 8 * static_cast<float>(skerry::normal(random));
    }
  }
  return rows;
}

template <typename Model>
void run(benchmark::State& state, Model model) {
  const auto rows = some_rows();
  std::array<float, 4> p{};
  std::vector<double> ns;
  ns.reserve(1 << 20);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const skerry::status done = model.infer(rows[next++ % rows.size()], p);
    const auto end = std::chrono::steady_clock::now();
    if (!done) {
      state.SkipWithError("the model did not answer");
      return;
    }
    benchmark::DoNotOptimize(p);
    if (ns.size() < ns.capacity()) {
      ns.push_back(std::chrono::duration<double, std::nano>(end - begin).count());
    }
  }
  std::sort(ns.begin(), ns.end());
  state.counters["p50_ns"] = ns[ns.size() / 2];
  state.counters["p99_ns"] = ns[ns.size() * 99 / 100];
}

void known_arrays_mlp(benchmark::State& state) {
  run(state, layer_model<8, 4, known_failures::widest>::create(known_failures::layers).value());
}
BENCHMARK(known_arrays_mlp);
void known_arrays_forest(benchmark::State& state) { run(state, tree_model<8, 4>::create(forest::trees).value()); }
BENCHMARK(known_arrays_forest);
void known_arrays_boosted(benchmark::State& state) { run(state, tree_model<8, 4>::create(boosted::trees).value()); }
BENCHMARK(known_arrays_boosted);
void known_function(benchmark::State& state) {
  run(state, model_from<8, 4>([](std::span<const float, 8> x, std::span<float, 4> p) { p[0] = x[3] > 4 ? 0.0F : 1.0F; }));
}
BENCHMARK(known_function);

const std::string models = SKERRY_BENCH_SOURCE;

#ifdef SKERRY_BENCH_ONNXRUNTIME
void known_onnxruntime(benchmark::State& state, const std::string& file) {
  const auto library = skerry::adapters::onnxruntime_library::load(SKERRY_BENCH_ONNXRUNTIME);
  auto model = library ? skerry::adapters::onnxruntime_model::create(library.value(), (models + file).c_str())
                       : skerry::result<skerry::adapters::onnxruntime_model>{library.error()};
  if (!model) {
    state.SkipWithError("ONNX Runtime or the model cannot be loaded");
    return;
  }
  run(state, std::move(model).value());
}
BENCHMARK_CAPTURE(known_onnxruntime, mlp, std::string{"examples/06_bring_your_own_model/known_failures.onnx"});
BENCHMARK_CAPTURE(known_onnxruntime, forest, std::string{"tests/adapters/models/forest.onnx"});
BENCHMARK_CAPTURE(known_onnxruntime, forest_maps, std::string{"tests/adapters/models/zipmap.onnx"});
BENCHMARK_CAPTURE(known_onnxruntime, boosted, std::string{"tests/adapters/models/boosted.onnx"});
#endif

#ifdef SKERRY_BENCH_OPENCV
void known_opencv_mlp(benchmark::State& state) {
  auto model = skerry::adapters::opencv_model::create((models + "examples/06_bring_your_own_model/known_failures.onnx").c_str());
  if (!model) {
    state.SkipWithError("the model cannot be loaded");
    return;
  }
  run(state, std::move(model).value());
}
BENCHMARK(known_opencv_mlp);
#endif

}  // namespace
