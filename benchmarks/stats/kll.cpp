// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Quantiles: kll<float, 200> in blocks, one by one, merged, written, asked. Beside it the plain alternative that keeps all values and
// sorts them, the sort of blocks of 512 by std::sort, and Apache DataSketches where SKERRY_PEER_DATASKETCHES names a checkout of it.
// Data: 10^6 floats, exp(normal), splitmix64 seed 42. Counter `rank_error` is the greatest distance over the ranks 0.01 to 0.99,
// `p999_off` and `p9999_off` the relative error of the value at that rank.
#include <skerry/core/random.hpp>
#include <skerry/stats/kll.hpp>

#include "stream.hpp"

#include <benchmark/benchmark.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
#include <kll_sketch.hpp>
#endif

namespace {

using skerry::stats::kll;
using skerry_bench::count;
using skerry_bench::per_value;

template <typename T>
const std::vector<T>& data() {
  return skerry_bench::lognormal<T>();
}
template <typename T>
const std::vector<T>& sorted() {
  static const std::vector<T> values = [] {
    std::vector<T> out = data<T>();
    std::sort(out.begin(), out.end());
    return out;
  }();
  return values;
}

template <typename T, typename Q>
void accuracy_of(benchmark::State& state, Q&& quantile) {
  const auto& all = sorted<T>();
  double worst = 0;
  for (int percent = 1; percent < 100; ++percent) {
    const double r = percent / 100.0;
    const T x = quantile(r);
    const auto below = std::lower_bound(all.begin(), all.end(), x) - all.begin();
    const auto through = std::upper_bound(all.begin(), all.end(), x) - all.begin();
    worst = std::max({worst, static_cast<double>(below) / count - r, r - static_cast<double>(through) / count});
  }
  state.counters["rank_error"] = worst;
  state.counters["p999_off"] = static_cast<double>(quantile(0.999)) / static_cast<double>(all[count / 1000 * 999 - 1]) - 1;
  state.counters["p9999_off"] = static_cast<double>(quantile(0.9999)) / static_cast<double>(all[count / 10000 * 9999 - 1]) - 1;
}
template <typename S>
void accuracy(benchmark::State& state, const S& sketch) {
  accuracy_of<typename S::value_type>(state, [&](double r) { return sketch.quantile(r).value(); });
  std::array<std::byte, S::max_encoded_size> image{};
  skerry::byte_writer out{image};
  (void)sketch.encode(out);
  state.counters["image"] = static_cast<double>(out.written().size());
  state.counters["bytes"] = sizeof(S);
}

template <typename S>
void block(benchmark::State& state) {
  S sketch{1};
  for (auto _ : state) {
    sketch = S{1};
    benchmark::DoNotOptimize(sketch.observe(data<typename S::value_type>()));
  }
  per_value(state);
  accuracy(state, sketch);
}

template <typename S>
void one_by_one(benchmark::State& state) {
  S sketch{1};
  for (auto _ : state) {
    sketch = S{1};
    for (const auto x : data<typename S::value_type>()) {
      benchmark::DoNotOptimize(sketch.observe(x));
    }
  }
  per_value(state);
  accuracy(state, sketch);
}

void keep_and_sort_all(benchmark::State& state) {
  std::vector<float> kept;
  for (auto _ : state) {
    kept = data<float>();
    std::sort(kept.begin(), kept.end());
    benchmark::DoNotOptimize(kept[count / 100 * 99]);
  }
  per_value(state);
  state.counters["bytes"] = count * sizeof(float);
}

void sort_blocks_only(benchmark::State& state) {
  std::array<float, 512> values{};
  for (auto _ : state) {
    for (std::size_t at = 0; at + 512 <= count; at += 512) {
      std::copy_n(data<float>().begin() + static_cast<std::ptrdiff_t>(at), 512, values.begin());
      std::sort(values.begin(), values.end());
      benchmark::DoNotOptimize(values);
    }
  }
  per_value(state);
}

void merge(benchmark::State& state) {
  constexpr std::size_t parts = 64;
  std::vector<kll<float>> part;
  for (std::size_t i = 0; i < parts; ++i) {
    part.emplace_back(i);
    (void)part[i].observe(std::span{data<float>()}.subspan(i * (count / parts), count / parts));
  }
  kll<float> all{99};
  for (auto _ : state) {
    all = kll<float>{99};
    for (const auto& p : part) {
      all.merge(p);
    }
    benchmark::DoNotOptimize(all);
  }
  per_value(state, parts);
  accuracy(state, all);
}

void encode(benchmark::State& state) {
  kll<float> sketch{1};
  (void)sketch.observe(data<float>());
  std::array<std::byte, kll<float>::max_encoded_size> image{};
  for (auto _ : state) {
    skerry::byte_writer out{image};
    benchmark::DoNotOptimize(sketch.encode(out));
    benchmark::DoNotOptimize(image);
  }
}

void decode(benchmark::State& state) {
  kll<float> sketch{1};
  (void)sketch.observe(data<float>());
  std::array<std::byte, kll<float>::max_encoded_size> image{};
  skerry::byte_writer out{image};
  (void)sketch.encode(out);
  for (auto _ : state) {
    skerry::byte_reader in{out.written()};
    benchmark::DoNotOptimize(kll<float>::decode(in, 1));
  }
}

void quantile(benchmark::State& state) {
  kll<float> sketch{1};
  (void)sketch.observe(data<float>());
  double r = 0.001;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sketch.quantile(r));
    r = r > 0.99 ? 0.001 : r + 0.0137;
  }
}

BENCHMARK(block<kll<float, 200>>)->Name("stats/kll/float_200/block");
BENCHMARK(one_by_one<kll<float, 200>>)->Name("stats/kll/float_200/one_by_one");
BENCHMARK(one_by_one<kll<float, 200, 512>>)->Name("stats/kll/float_200_buffer/one_by_one");
BENCHMARK(block<kll<double, 200>>)->Name("stats/kll/double_200/block");
BENCHMARK(one_by_one<kll<double, 200>>)->Name("stats/kll/double_200/one_by_one");
BENCHMARK(one_by_one<kll<float, 64>>)->Name("stats/kll/float_64/one_by_one");
BENCHMARK(sort_blocks_only)->Name("stats/kll/std_sort_of_blocks_of_512");
BENCHMARK(keep_and_sort_all)->Name("stats/kll/keep_all_and_std_sort");
BENCHMARK(merge)->Name("stats/kll/float_200/merge_of_64");
BENCHMARK(encode)->Name("stats/kll/float_200/encode");
BENCHMARK(decode)->Name("stats/kll/float_200/decode");
BENCHMARK(quantile)->Name("stats/kll/float_200/quantile");

#ifdef SKERRY_BENCH_HAS_DATASKETCHES
using peer = datasketches::kll_sketch<float>;

peer filled(std::span<const float> xs) {
  peer sketch(200);
  for (const float x : xs) {
    sketch.update(x);
  }
  return sketch;
}
void peer_accuracy(benchmark::State& state, const peer& sketch) {
  accuracy_of<float>(state, [&](double r) { return sketch.get_quantile(r, true); });
  state.counters["image"] = static_cast<double>(sketch.serialize().size());
}
void peer_observe(benchmark::State& state) {
  peer last(200);
  for (auto _ : state) {
    last = filled(data<float>());
  }
  per_value(state);
  peer_accuracy(state, last);
}
void peer_merge(benchmark::State& state) {
  constexpr std::size_t parts = 64;
  std::vector<peer> part;
  for (std::size_t i = 0; i < parts; ++i) {
    part.push_back(filled(std::span{data<float>()}.subspan(i * (count / parts), count / parts)));
  }
  peer last(200);
  for (auto _ : state) {
    peer all(200);
    for (const auto& p : part) {
      all.merge(p);
    }
    last = all;
  }
  per_value(state, parts);
  peer_accuracy(state, last);
}
void peer_encode(benchmark::State& state) {
  const peer sketch = filled(data<float>());
  for (auto _ : state) {
    benchmark::DoNotOptimize(sketch.serialize());
  }
}
void peer_decode(benchmark::State& state) {
  const auto image = filled(data<float>()).serialize();
  for (auto _ : state) {
    benchmark::DoNotOptimize(peer::deserialize(image.data(), image.size()));
  }
}
/// A copy has no sorted view yet; what the copy costs is measured below.
void peer_first_quantile(benchmark::State& state) {
  const peer sketch = filled(data<float>());
  for (auto _ : state) {
    const peer copy = sketch;
    benchmark::DoNotOptimize(copy.get_quantile(0.5));
  }
}
void peer_copy(benchmark::State& state) {
  const peer sketch = filled(data<float>());
  for (auto _ : state) {
    const peer copy = sketch;
    benchmark::DoNotOptimize(copy.get_n());
  }
}
BENCHMARK(peer_observe)->Name("stats/kll/float_200/datasketches");
BENCHMARK(peer_merge)->Name("stats/kll/float_200/merge_of_64/datasketches");
BENCHMARK(peer_encode)->Name("stats/kll/float_200/encode/datasketches");
BENCHMARK(peer_decode)->Name("stats/kll/float_200/decode/datasketches");
BENCHMARK(peer_first_quantile)->Name("stats/kll/float_200/quantile/datasketches_copy_and_first");
BENCHMARK(peer_copy)->Name("stats/kll/float_200/quantile/datasketches_copy_alone");
#endif

}  // namespace
