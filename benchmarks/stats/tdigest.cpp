// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// t-digest, K = 100, and how far the three kinds of quantiles are off at the far end. Data: 10^6 values exp(normal) (stream.hpp).
// Counters: `rank_error` is the greatest distance over the ranks 0.01 to 0.99; `p999_off` and `p9999_off` are relative errors of
// the value at ranks 0.999 and 0.9999; `bytes` is the state. With SKERRY_PEER_DATASKETCHES the rows of Apache DataSketches' t-digest
// stand beside, as it answers itself.
#include <skerry/core/random.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/tdigest.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
#include <tdigest.hpp>
#endif

namespace {

using skerry::stats::tdigest;
using skerry_bench::count;
using skerry_bench::per_value;

const std::vector<double>& data() { return skerry_bench::lognormal<double>(); }
const std::vector<double>& sorted() {
  static const std::vector<double> values = [] {
    std::vector<double> out = data();
    std::sort(out.begin(), out.end());
    return out;
  }();
  return values;
}

template <typename Quantile>
void accuracy(benchmark::State& state, Quantile&& quantile) {
  const auto& all = sorted();
  double worst = 0;
  for (int percent = 1; percent < 100; ++percent) {
    const double r = percent / 100.0;
    const double x = quantile(r);
    const auto below = std::lower_bound(all.begin(), all.end(), x) - all.begin();
    const auto through = std::upper_bound(all.begin(), all.end(), x) - all.begin();
    worst = std::max({worst, static_cast<double>(below) / count - r, r - static_cast<double>(through) / count});
  }
  state.counters["rank_error"] = worst;
  state.counters["p999_off"] = quantile(0.999) / all[count / 1000 * 999 - 1] - 1;
  state.counters["p9999_off"] = quantile(0.9999) / all[count / 10000 * 9999 - 1] - 1;
}

template <typename Sketch, typename... Seed>
void block(benchmark::State& state, Seed... seed) {
  std::vector<typename Sketch::value_type> xs(data().begin(), data().end());
  Sketch sketch{seed...};
  for (auto _ : state) {
    sketch = Sketch{seed...};
    benchmark::DoNotOptimize(sketch.observe(std::span<const typename Sketch::value_type>{xs}));
    if constexpr (requires { sketch.compress(); }) {
      sketch.compress();
    }
  }
  per_value(state);
  accuracy(state, [&](double r) { return static_cast<double>(sketch.quantile(r).value()); });
  state.counters["bytes"] = sizeof(Sketch);
}
void digest_512(benchmark::State& state) { block<tdigest<>>(state); }
void digest_64(benchmark::State& state) { block<tdigest<double, 100, 64>>(state); }
void digest_float(benchmark::State& state) { block<tdigest<float>>(state); }
void far_end_of_kll(benchmark::State& state) { block<skerry::stats::kll<double>>(state, std::uint64_t{1}); }

template <std::size_t Buckets>
void far_end_of_exp_histogram(benchmark::State& state) {
  using histogram = skerry::stats::exp_histogram<Buckets, std::uint64_t, skerry::stats::signs::positive>;
  histogram h;
  for (auto _ : state) {
    h = histogram{};
    for (const double x : data()) {
      benchmark::DoNotOptimize(h.observe(x));
    }
  }
  per_value(state);
  accuracy(state, [&](double r) { return h.quantile(r).value(); });
  state.counters["bytes"] = sizeof(histogram);
}

void merge(benchmark::State& state) {
  constexpr std::size_t parts = 64;
  std::vector<tdigest<>> part(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    (void)part[i].observe(std::span{data()}.subspan(i * (count / parts), count / parts));
    part[i].compress();
  }
  tdigest<> all;
  for (auto _ : state) {
    all = tdigest<>{};
    for (const auto& p : part) {
      all.merge(p);
    }
    benchmark::DoNotOptimize(all);
  }
  per_value(state, parts);
  accuracy(state, [&](double r) { return all.quantile(r).value(); });
}

void quantile(benchmark::State& state) {
  tdigest<> d;
  (void)d.observe(data());
  d.compress();
  double r = 0.001;
  for (auto _ : state) {
    benchmark::DoNotOptimize(d.quantile(r));
    r = r > 0.99 ? 0.001 : r + 0.0137;
  }
}

BENCHMARK(digest_512)->Name("stats/tdigest/double_100/block");
BENCHMARK(digest_64)->Name("stats/tdigest/double_100_buffer_64/block");
BENCHMARK(digest_float)->Name("stats/tdigest/float_100/block");
BENCHMARK(merge)->Name("stats/tdigest/double_100/merge_of_64");
BENCHMARK(quantile)->Name("stats/tdigest/double_100/quantile");
BENCHMARK(far_end_of_kll)->Name("stats/far_end/kll_double_200");
BENCHMARK(far_end_of_exp_histogram<512>)->Name("stats/far_end/exp_histogram_512");
BENCHMARK(far_end_of_exp_histogram<160>)->Name("stats/far_end/exp_histogram_160");

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
void peer_digest(benchmark::State& state) {
  datasketches::tdigest_double sketch{100};
  for (auto _ : state) {
    sketch = datasketches::tdigest_double{100};
    for (const double x : data()) {
      sketch.update(x);
    }
    sketch.compress();
  }
  per_value(state);
  accuracy(state, [&](double r) { return sketch.get_quantile(r); });
  double last = sketch.get_quantile(0);
  double falls = 0;
  for (int i = 1; i <= 5000; ++i) {
    const double q = sketch.get_quantile(i / 5000.0);
    falls += q < last ? 1 : 0;
    last = q;
  }
  state.counters["falls"] = falls;
}
BENCHMARK(peer_digest)->Name("stats/tdigest/datasketches/one_by_one");
#endif

}  // namespace
