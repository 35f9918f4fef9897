// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Moments per value: in blocks, one by one, merged, in a window. Beside them the plain serial loop and Boost.Accumulators where its
// headers are installed. Data: 10^6 values 1e8 + normal, splitmix64 seed 42. Counter `kurtosis` is what the same code answers for
// these values (the truth is in `kurtosis_exact`, from a long double two-pass).
#include <skerry/core/random.hpp>
#include <skerry/stats.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <cstddef>
#include <vector>

#if __has_include(<boost/accumulators/accumulators.hpp>)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <boost/accumulators/accumulators.hpp>
#include <boost/accumulators/statistics/kurtosis.hpp>
#include <boost/accumulators/statistics/mean.hpp>
#include <boost/accumulators/statistics/rolling_mean.hpp>
#include <boost/accumulators/statistics/rolling_variance.hpp>
#include <boost/accumulators/statistics/skewness.hpp>
#include <boost/accumulators/statistics/stats.hpp>
#include <boost/accumulators/statistics/variance.hpp>
#pragma GCC diagnostic pop
#include <boost/version.hpp>
#define SKERRY_BENCH_HAS_BOOST 1
#endif

namespace {

using skerry::stats::moments;
using skerry::stats::rolling;

using skerry_bench::count;
using skerry_bench::per_value;

const std::vector<double>& data() {
  static const std::vector<double> values = [] {
    skerry::splitmix64 random{42};
    std::vector<double> out(count);
    for (double& x : out) {
      x = 1e8 + skerry::normal(random);
    }
    return out;
  }();
  return values;
}

double exact_kurtosis() {
  static const double answer = [] {
    long double mean = 0;
    for (const double x : data()) {
      mean += x;
    }
    mean /= count;
    long double m2 = 0;
    long double m4 = 0;
    for (const double x : data()) {
      const long double d = x - mean;
      m2 += d * d;
      m4 += d * d * d * d;
    }
    return static_cast<double>(count * m4 / (m2 * m2) - 3);
  }();
  return answer;
}

template <unsigned Order>
void block(benchmark::State& state) {
  moments<double, Order> m;
  for (auto _ : state) {
    m = moments<double, Order>{};
    benchmark::DoNotOptimize(m.observe(data()));
  }
  per_value(state);
  if constexpr (Order >= 4) {
    state.counters["kurtosis"] = m.kurtosis_excess().value();
    state.counters["kurtosis_exact"] = exact_kurtosis();
  }
  state.counters["bytes"] = sizeof m;
}

template <unsigned Order>
void one_by_one(benchmark::State& state) {
  moments<double, Order> m;
  for (auto _ : state) {
    m = moments<double, Order>{};
    for (const double x : data()) {
      benchmark::DoNotOptimize(m.observe(x));
    }
  }
  per_value(state);
  if constexpr (Order >= 4) {
    state.counters["kurtosis"] = m.kurtosis_excess().value();
    state.counters["kurtosis_exact"] = exact_kurtosis();
  }
}

/// The textbook update with its division, nothing checked, nothing kept of what rounding takes.
void plain_serial_loop(benchmark::State& state) {
  double n = 0;
  double mean = 0;
  double m2 = 0;
  double m3 = 0;
  double m4 = 0;
  for (auto _ : state) {
    n = mean = m2 = m3 = m4 = 0;
    for (const double x : data()) {
      const double n1 = n;
      n += 1;
      const double d = x - mean;
      const double step = d / n;
      const double t = d * step * n1;
      mean += step;
      m4 += t * step * step * (n * n - 3 * n + 3) + 6 * step * step * m2 - 4 * step * m3;
      m3 += t * step * (n - 2) - 3 * step * m2;
      m2 += t;
    }
    benchmark::DoNotOptimize(m4);
  }
  per_value(state);
  state.counters["kurtosis"] = n * m4 / (m2 * m2) - 3;
  state.counters["kurtosis_exact"] = exact_kurtosis();
}

void plain_serial_sum(benchmark::State& state) {
  double sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const double x : data()) {
      sum += x;
    }
    benchmark::DoNotOptimize(sum);
  }
  per_value(state);
}

void merge(benchmark::State& state) {
  constexpr std::size_t parts = 64;
  std::vector<moments<>> part(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    (void)part[i].observe(std::span{data()}.subspan(i * (count / parts), count / parts));
  }
  for (auto _ : state) {
    moments<> all;
    for (const auto& p : part) {
      all.merge(p);
    }
    benchmark::DoNotOptimize(all);
  }
  per_value(state, parts);
}

void rolling_64(benchmark::State& state) {
  for (auto _ : state) {
    rolling<moments<double, 2>, 64> window;
    for (const double x : data()) {
      benchmark::DoNotOptimize(window.observe(x));
    }
    benchmark::DoNotOptimize(window.summary());
  }
  per_value(state);
}

void rolling_extrema_64(benchmark::State& state) {
  for (auto _ : state) {
    rolling<skerry::stats::extrema<>, 64> window;
    for (const double x : data()) {
      benchmark::DoNotOptimize(window.observe(x));
    }
    benchmark::DoNotOptimize(window.summary());
  }
  per_value(state);
}

void extrema_block(benchmark::State& state) {
  for (auto _ : state) {
    skerry::stats::extrema<> e;
    benchmark::DoNotOptimize(e.observe(data()));
    benchmark::DoNotOptimize(e);
  }
  per_value(state);
}

void ewma_block(benchmark::State& state) {
  for (auto _ : state) {
    auto e = skerry::stats::ewma<>::with_alpha(0.05).value();
    benchmark::DoNotOptimize(e.observe(data()));
    benchmark::DoNotOptimize(e);
  }
  per_value(state);
}
void ewma_one_by_one(benchmark::State& state) {
  for (auto _ : state) {
    auto e = skerry::stats::ewma<>::with_alpha(0.05).value();
    for (const double x : data()) {
      benchmark::DoNotOptimize(e.observe(x));
    }
    benchmark::DoNotOptimize(e);
  }
  per_value(state);
}
/// Finch's update and nothing else.
void ewma_scalar_chain(benchmark::State& state) {
  for (auto _ : state) {
    double mean = data()[0];
    double variance = 0;
    for (const double x : data()) {
      const double d = x - mean;
      const double step = 0.05 * d;
      mean += step;
      variance = 0.95 * (variance + step * d);
    }
    benchmark::DoNotOptimize(mean);
    benchmark::DoNotOptimize(variance);
  }
  per_value(state);
}

BENCHMARK(ewma_block)->Name("stats/ewma/block");
BENCHMARK(ewma_one_by_one)->Name("stats/ewma/one_by_one");
BENCHMARK(ewma_scalar_chain)->Name("stats/ewma/scalar_chain");
BENCHMARK(block<2>)->Name("stats/moments/mean_variance/block");
BENCHMARK(one_by_one<2>)->Name("stats/moments/mean_variance/one_by_one");
BENCHMARK(block<4>)->Name("stats/moments/four/block");
BENCHMARK(one_by_one<4>)->Name("stats/moments/four/one_by_one");
BENCHMARK(plain_serial_loop)->Name("stats/moments/four/plain_serial_loop");
BENCHMARK(plain_serial_sum)->Name("stats/moments/plain_serial_sum");
BENCHMARK(merge)->Name("stats/moments/four/merge_of_64");
BENCHMARK(extrema_block)->Name("stats/extrema/block");
BENCHMARK(rolling_64)->Name("stats/rolling/mean_variance_64");
BENCHMARK(rolling_extrema_64)->Name("stats/rolling/extrema_64");

#ifdef SKERRY_BENCH_HAS_BOOST
namespace acc = boost::accumulators;

// Every figure that a set keeps is asked for in the end, or the compiler leaves out the work for it.
template <typename Set, typename... Ask>
double boost_set(benchmark::State& state, Set empty, Ask... ask) {
  double last = 0;
  for (auto _ : state) {
    Set set = empty;
    for (const double x : data()) {
      set(x);
    }
    benchmark::DoNotOptimize(set);
    (benchmark::DoNotOptimize(last = ask(set)), ...);
  }
  per_value(state);
  state.counters["bytes"] = sizeof(Set);
  return last;
}
constexpr auto boost_mean = [](const auto& set) { return acc::mean(set); };
constexpr auto boost_variance = [](const auto& set) { return acc::variance(set); };

void boost_mean_variance(benchmark::State& state) {
  boost_set(state, acc::accumulator_set<double, acc::stats<acc::tag::mean, acc::tag::variance>>{}, boost_mean, boost_variance);
}

/// By powers, as its skewness and kurtosis want them: variance from the first two of these.
void boost_four_lazy(benchmark::State& state) {
  using four = acc::stats<acc::tag::mean, acc::tag::lazy_variance, acc::tag::skewness, acc::tag::kurtosis>;
  state.counters["kurtosis"] = boost_set(
      state, acc::accumulator_set<double, four>{}, boost_mean, [](const auto& set) { return acc::lazy_variance(set); },
      [](const auto& set) { return acc::skewness(set); }, [](const auto& set) { return acc::kurtosis(set); });
  state.counters["kurtosis_exact"] = exact_kurtosis();
}

/// With the variance that it computes value by value, the default.
void boost_four(benchmark::State& state) {
  using four = acc::stats<acc::tag::mean, acc::tag::variance, acc::tag::skewness, acc::tag::kurtosis>;
  state.counters["kurtosis"] = boost_set(
      state, acc::accumulator_set<double, four>{}, boost_mean, boost_variance, [](const auto& set) { return acc::skewness(set); },
      [](const auto& set) { return acc::kurtosis(set); });
  state.counters["kurtosis_exact"] = exact_kurtosis();
}

void boost_rolling_64(benchmark::State& state) {
  using two = acc::stats<acc::tag::rolling_mean, acc::tag::rolling_variance>;
  boost_set(
      state, acc::accumulator_set<double, two>{acc::tag::rolling_window::window_size = 64},
      [](const auto& set) { return acc::rolling_mean(set); }, [](const auto& set) { return acc::rolling_variance(set); });
}

BENCHMARK(boost_rolling_64)->Name("stats/rolling/boost_mean_variance_64");
BENCHMARK(boost_mean_variance)->Name("stats/moments/mean_variance/boost");
BENCHMARK(boost_four)->Name("stats/moments/four/boost");
BENCHMARK(boost_four_lazy)->Name("stats/moments/four/boost_lazy_variance");
[[maybe_unused]] const bool peer = (benchmark::AddCustomContext("peer Boost.Accumulators", BOOST_LIB_VERSION), true);
#else
[[maybe_unused]] const bool peer = (benchmark::AddCustomContext("peer Boost.Accumulators", "absent: its headers are not installed"), true);
#endif

}  // namespace
