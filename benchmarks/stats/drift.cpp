// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Change detectors, one value at a time. Data: 10^6 normal values, splitmix64 seed 42, without a change and (adwin) with a step of one
// standard deviation every 10^5 values. Beside page_hinkley the same test as a textbook writes it, beside kswin the sort of both sides
// for every value. Counter `events`; `bytes` is the state; `width` what adwin holds at the end.
#include <skerry/core/random.hpp>
#include <skerry/stats/drift.hpp>
#include <skerry/stats/kll.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace skerry::stats;
using skerry_bench::count;
using skerry_bench::per_value;

template <typename T>
const std::vector<T>& data(double step) {
  static std::vector<T> values[2];
  auto& out = values[step > 0 ? 1 : 0];
  if (out.empty()) {
    skerry::splitmix64 random{42};
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(static_cast<T>(skerry::normal(random) + step * static_cast<double>(i / 100000)));
    }
  }
  return out;
}

template <typename Detector>
void observe(benchmark::State& state, const Detector& fresh, double step) {
  const auto& xs = data<typename Detector::value_type>(step);
  std::uint64_t events = 0;
  Detector detector = fresh;
  for (auto _ : state) {
    detector = fresh;
    events = 0;
    for (const auto x : xs) {
      events += detector.observe(x).value() != drift_event::none ? 1U : 0U;
    }
    benchmark::DoNotOptimize(events);
  }
  per_value(state);
  state.counters["events"] = static_cast<double>(events);
  state.counters["bytes"] = sizeof(Detector);
  if constexpr (requires { detector.width(); }) {
    state.counters["width"] = static_cast<double>(detector.width());
  }
}

/// The division waits for the mean before it, and the values since the last event are not told apart from the settings.
void textbook_page_hinkley(benchmark::State& state) {
  const auto& xs = data<double>(0);
  std::uint64_t events = 0;
  for (auto _ : state) {
    double n = 0, mean = 0, up = 0, down = 0, least = 0, most = 0;
    events = 0;
    for (const double x : xs) {
      n += 1;
      mean += (x - mean) / n;
      up += x - mean - 0.25;
      down += x - mean + 0.25;
      least = std::min(least, up);
      most = std::max(most, down);
      if (n >= 30 && (up - least > 40 || most - down > 40)) {
        ++events;
        n = mean = up = down = least = most = 0;
      }
    }
    benchmark::DoNotOptimize(events);
  }
  per_value(state);
  state.counters["events"] = static_cast<double>(events);
}

void sort_both_sides(benchmark::State& state) {
  constexpr std::size_t some = 20000;
  const auto& xs = data<double>(0);
  for (auto _ : state) {
    std::array<double, 100> window{};
    for (std::size_t i = 100; i < some; ++i) {
      std::copy_n(xs.begin() + static_cast<std::ptrdiff_t>(i - 100), 100, window.begin());
      std::sort(window.begin(), window.begin() + 70);
      std::sort(window.begin() + 70, window.end());
      benchmark::DoNotOptimize(detail::ks_count(window.data(), 70, window.data() + 70, 30));
    }
  }
  per_value(state, some - 100);
}

template <std::uint16_t K>
void of_sketches(benchmark::State& state) {
  kll<float, K> a{1};
  kll<float, K> b{2};
  for (std::size_t i = 0; i < 10000; ++i) {
    (void)a.observe(static_cast<float>(data<double>(0)[i]));
    (void)b.observe(static_cast<float>(data<double>(0)[i + 10000]));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(ks(a, b));
  }
  state.counters["distance"] = ks(a, b).value().distance;
  state.counters["slack"] = ks(a, b).value().slack;
}

void page_hinkley_double(benchmark::State& state) { observe(state, page_hinkley::create({0.25, 40, 1, 30}).value(), 0); }
void page_hinkley_float(benchmark::State& state) { observe(state, basic_page_hinkley<float>::create({0.25, 40, 1, 30}).value(), 0); }
void cusum_double(benchmark::State& state) { observe(state, cusum::create({0.5, 8, 0, 1, 0, false}).value(), 0); }
void cusum_float(benchmark::State& state) { observe(state, basic_cusum<float>::create({0.5, 8, 0, 1, 0, false}).value(), 0); }
void adwin_quiet(benchmark::State& state) { observe(state, adwin<>{}, 0); }
void adwin_steps(benchmark::State& state) { observe(state, adwin<>{}, 1); }
void kswin_default(benchmark::State& state) { observe(state, kswin<>::create({1e-6}).value(), 0); }

BENCHMARK(page_hinkley_double)->Name("stats/drift/page_hinkley/double");
BENCHMARK(page_hinkley_float)->Name("stats/drift/page_hinkley/float");
BENCHMARK(textbook_page_hinkley)->Name("stats/drift/page_hinkley/textbook");
BENCHMARK(cusum_double)->Name("stats/drift/cusum/double");
BENCHMARK(cusum_float)->Name("stats/drift/cusum/float");
BENCHMARK(adwin_quiet)->Name("stats/drift/adwin/quiet");
BENCHMARK(adwin_steps)->Name("stats/drift/adwin/a_step_per_100000");
BENCHMARK(kswin_default)->Name("stats/drift/kswin/100_30")->Iterations(1);
BENCHMARK(sort_both_sides)->Name("stats/drift/kswin/sort_both_sides");
BENCHMARK(of_sketches<64>)->Name("stats/drift/ks_of_sketches/64");
BENCHMARK(of_sketches<200>)->Name("stats/drift/ks_of_sketches/200");

}  // namespace
