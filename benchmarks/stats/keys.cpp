// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Sketches of keys: hll<12> and theta<12> over 10^6 int64 keys (splitmix64 seed 7), frequent_items<int64, 8> over 10^6 items
// floor(1/(1-u)) (seed 9). Beside each the plain alternative, a hash table of all, and Apache DataSketches where
// SKERRY_PEER_DATASKETCHES names a checkout of it. Counters: `bytes` of state, `off` the relative error of the estimate.
#include <skerry/core/random.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/theta.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
#include <frequent_items_sketch.hpp>
#include <hll.hpp>
#include <theta_sketch.hpp>
#include <theta_union.hpp>
#endif

namespace {

using skerry::stats::frequent_items;
using skerry::stats::hll;
using skerry::stats::theta;

using skerry_bench::count;
constexpr std::size_t parts = 64;

const std::vector<std::int64_t>& keys() {
  static const std::vector<std::int64_t> values = [] {
    skerry::splitmix64 random{7};
    std::vector<std::int64_t> out(count);
    for (auto& key : out) {
      key = static_cast<std::int64_t>(random());
    }
    return out;
  }();
  return values;
}
const std::vector<std::int64_t>& items() {
  static const std::vector<std::int64_t> values = [] {
    skerry::splitmix64 random{9};
    std::vector<std::int64_t> out(count);
    for (auto& item : out) {
      item = static_cast<std::int64_t>(1 / (1 - static_cast<double>(random() >> 11) * 0x1p-53));
    }
    return out;
  }();
  return values;
}

void per_key(benchmark::State& state, std::size_t n = count) {
  state.counters["per_key"] =
      benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
void off(benchmark::State& state, double estimate) { state.counters["off"] = estimate / count - 1; }

template <typename S>
void distinct(benchmark::State& state) {
  const auto s = std::make_unique<S>();
  for (auto _ : state) {
    s->clear();
    for (const std::int64_t key : keys()) {
      (void)s->observe(key);
    }
    benchmark::DoNotOptimize(*s);
  }
  per_key(state);
  off(state, s->estimate());
  state.counters["bytes"] = sizeof(S);
}
void distinct_kept(benchmark::State& state) {
  for (auto _ : state) {
    std::unordered_set<std::int64_t> kept{keys().begin(), keys().end()};
    benchmark::DoNotOptimize(kept.size());
  }
  per_key(state);
}
BENCHMARK(distinct<hll<12>>)->Name("stats/keys/hll_12");
BENCHMARK(distinct<theta<12>>)->Name("stats/keys/theta_12");
BENCHMARK(distinct_kept)->Name("stats/keys/keep_all");

template <typename S>
void join(benchmark::State& state) {
  std::vector<S> part(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    (void)part[i].observe(std::span{keys()}.subspan(i * (count / parts), count / parts));
  }
  const auto all = std::make_unique<S>();
  for (auto _ : state) {
    all->clear();
    for (const S& p : part) {
      all->join(p);
    }
    benchmark::DoNotOptimize(*all);
  }
  per_key(state, parts);
  off(state, all->estimate());
}
BENCHMARK(join<hll<12>>)->Name("stats/keys/hll_12/join_of_64");
BENCHMARK(join<theta<12>>)->Name("stats/keys/theta_12/join_of_64");

template <typename S>
void estimate(benchmark::State& state) {
  const auto a = std::make_unique<S>();
  const auto b = std::make_unique<S>();
  (void)a->observe(keys());
  (void)b->observe(std::span{keys()}.first(1000));
  a->join(*b);
  for (auto _ : state) {
    benchmark::DoNotOptimize(a->estimate());
  }
}
BENCHMARK(estimate<hll<12>>)->Name("stats/keys/hll_12/estimate_of_joined");

void frequent(benchmark::State& state) {
  frequent_items<std::int64_t, 8> s;
  for (auto _ : state) {
    s.clear();
    for (const std::int64_t item : items()) {
      (void)s.observe(item);
    }
    benchmark::DoNotOptimize(s);
  }
  per_key(state);
  state.counters["max_error"] = static_cast<double>(s.max_error());
  state.counters["bytes"] = sizeof s;
}
void frequent_kept(benchmark::State& state) {
  for (auto _ : state) {
    std::unordered_map<std::int64_t, std::uint64_t> kept;
    for (const std::int64_t item : items()) {
      ++kept[item];
    }
    benchmark::DoNotOptimize(kept.size());
  }
  per_key(state);
}
BENCHMARK(frequent)->Name("stats/keys/frequent_8");
BENCHMARK(frequent_kept)->Name("stats/keys/frequent_keep_all");

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
namespace peer = datasketches;

void peer_hll(benchmark::State& state) {
  double estimated = 0;
  for (auto _ : state) {
    peer::hll_sketch s(12, peer::HLL_8);
    for (const std::int64_t key : keys()) {
      s.update(key);
    }
    estimated = s.get_estimate();
  }
  per_key(state);
  off(state, estimated);
}
void peer_theta(benchmark::State& state) {
  double estimated = 0;
  for (auto _ : state) {
    auto s = peer::update_theta_sketch::builder().set_lg_k(12).build();
    for (const std::int64_t key : keys()) {
      s.update(key);
    }
    estimated = s.get_estimate();
  }
  per_key(state);
  off(state, estimated);
}
void peer_hll_join(benchmark::State& state) {
  std::vector<peer::hll_sketch> part;
  for (std::size_t i = 0; i < parts; ++i) {
    part.emplace_back(static_cast<std::uint8_t>(12), peer::HLL_8);
    for (const std::int64_t key : std::span{keys()}.subspan(i * (count / parts), count / parts)) {
      part.back().update(key);
    }
  }
  double estimated = 0;
  for (auto _ : state) {
    peer::hll_union all(12);
    for (const auto& p : part) {
      all.update(p);
    }
    estimated = all.get_estimate();
  }
  per_key(state, parts);
  off(state, estimated);
}
void peer_theta_join(benchmark::State& state) {
  std::vector<peer::update_theta_sketch> part;
  for (std::size_t i = 0; i < parts; ++i) {
    part.push_back(peer::update_theta_sketch::builder().set_lg_k(12).build());
    for (const std::int64_t key : std::span{keys()}.subspan(i * (count / parts), count / parts)) {
      part.back().update(key);
    }
  }
  double estimated = 0;
  for (auto _ : state) {
    auto all = peer::theta_union::builder().set_lg_k(12).build();
    for (const auto& p : part) {
      all.update(p);
    }
    estimated = all.get_result().get_estimate();
  }
  per_key(state, parts);
  off(state, estimated);
}
void peer_frequent(benchmark::State& state) {
  double error = 0;
  for (auto _ : state) {
    peer::frequent_items_sketch<std::int64_t> s(8);
    for (const std::int64_t item : items()) {
      s.update(item);
    }
    error = static_cast<double>(s.get_maximum_error());
  }
  per_key(state);
  state.counters["max_error"] = error;
}
BENCHMARK(peer_hll)->Name("stats/keys/hll_12/datasketches");
BENCHMARK(peer_hll_join)->Name("stats/keys/hll_12/join_of_64/datasketches");
BENCHMARK(peer_theta)->Name("stats/keys/theta_12/datasketches");
BENCHMARK(peer_theta_join)->Name("stats/keys/theta_12/join_of_64/datasketches");
BENCHMARK(peer_frequent)->Name("stats/keys/frequent_8/datasketches");
#endif

}  // namespace
