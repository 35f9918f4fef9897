// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Log-bucket histograms per value, with sum, min and max. Beside them HdrHistogram_c where CMake finds it (integers: the values times
// 10^6, two digits). Data: 10^6 values exp(normal), splitmix64 seed 42. Counters: `bytes` of state, and what the quantile 0.9999 is off.
#include <skerry/core/random.hpp>
#include <skerry/stats.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#ifdef SKERRY_BENCH_HAS_HDR
#include <hdr/hdr_histogram.h>
#endif

namespace {

using skerry::stats::exp_histogram;
using skerry::stats::signs;

using skerry_bench::count;
using skerry_bench::per_value;

const std::vector<double>& data() { return skerry_bench::lognormal<double>(); }

double exact(double rank) {
  static const std::vector<double> sorted = [] {
    auto out = data();
    std::sort(out.begin(), out.end());
    return out;
  }();
  return sorted[static_cast<std::size_t>(std::ceil(rank * static_cast<double>(count))) - 1];
}

template <typename H>
void report(benchmark::State& state, const H& h) {
  per_value(state);
  state.counters["bytes"] = sizeof h;
  state.counters["scale"] = h.scale();
  state.counters["bound"] = h.relative_error();
  for (const auto& [name, rank] : {std::pair{"off_p999", 0.999}, std::pair{"off_p9999", 0.9999}}) {
    state.counters[name] = std::fabs(h.quantile(rank).value() / exact(rank) - 1);
  }
}

template <typename H>
void block(benchmark::State& state) {
  H h;
  for (auto _ : state) {
    h = H{};
    benchmark::DoNotOptimize(h.observe(data()));
  }
  report(state, h);
}

template <typename H>
void one_by_one(benchmark::State& state) {
  H h;
  for (auto _ : state) {
    h = H{};
    for (const double x : data()) {
      benchmark::DoNotOptimize(h.observe(x));
    }
  }
  report(state, h);
}

template <typename H>
void merge(benchmark::State& state) {
  constexpr std::size_t parts = 64;
  std::vector<H> part(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    (void)part[i].observe(std::span{data()}.subspan(i * (count / parts), count / parts));
  }
  for (auto _ : state) {
    H all;
    for (const H& p : part) {
      all.merge(p);
    }
    benchmark::DoNotOptimize(all);
  }
  per_value(state, parts);
}

template <typename H>
void quantile(benchmark::State& state) {
  H h;
  (void)h.observe(data());
  for (auto _ : state) {
    benchmark::DoNotOptimize(h.quantile(0.99));
  }
}

using bar = exp_histogram<512, std::uint64_t, signs::positive>;
using device = exp_histogram<160, std::uint32_t, signs::positive>;
using everyday = exp_histogram<160>;

BENCHMARK(block<bar>)->Name("stats/exp_histogram/512_positive/block");
BENCHMARK(one_by_one<bar>)->Name("stats/exp_histogram/512_positive/one_by_one");
BENCHMARK(block<everyday>)->Name("stats/exp_histogram/160/block");
BENCHMARK(one_by_one<everyday>)->Name("stats/exp_histogram/160/one_by_one");
BENCHMARK(block<device>)->Name("stats/exp_histogram/160_u32_positive/block");
BENCHMARK(merge<bar>)->Name("stats/exp_histogram/512_positive/merge_of_64");
BENCHMARK(quantile<bar>)->Name("stats/exp_histogram/512_positive/quantile");

#ifdef SKERRY_BENCH_HAS_HDR
void hdr(benchmark::State& state) {
  hdr_histogram* h = nullptr;
  hdr_init(1, 1000000000000, 2, &h);
  std::vector<std::int64_t> values(count);
  std::transform(data().begin(), data().end(), values.begin(), [](double x) { return static_cast<std::int64_t>(x * 1e6); });
  for (auto _ : state) {
    hdr_reset(h);
    for (const std::int64_t v : values) {
      benchmark::DoNotOptimize(hdr_record_value(h, v));
    }
  }
  per_value(state);
  state.counters["bytes"] = static_cast<double>(hdr_get_memory_size(h));
  state.counters["off_p999"] = std::fabs(static_cast<double>(hdr_value_at_percentile(h, 99.9)) * 1e-6 / exact(0.999) - 1);
  state.counters["off_p9999"] = std::fabs(static_cast<double>(hdr_value_at_percentile(h, 99.99)) * 1e-6 / exact(0.9999) - 1);
  hdr_close(h);
}
BENCHMARK(hdr)->Name("stats/exp_histogram/hdr_histogram_c");
[[maybe_unused]] const bool peer = (benchmark::AddCustomContext("peer HdrHistogram_c", "linked"), true);
#else
[[maybe_unused]] const bool peer = (benchmark::AddCustomContext("peer HdrHistogram_c", "absent: no header and library of it found"), true);
#endif

}  // namespace
