// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/image.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include "workloads.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

// W1 written as an image: 8 writers overwrite 1000 keys with doubles of three decimals; the image of one that has heard all of it. Bytes
// for each key after any number of overwrites, time to write the image and to open it.
namespace {

namespace state = skerry::state;

struct value {
  static constexpr state::path at{"{key}"};
  using policy = state::lww<double>;
};
struct roomy : state::limits::gateway {
  static constexpr std::size_t actors = 16;
  static constexpr std::size_t keys = 1000;
  static constexpr std::size_t records = 4000;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t log_bytes = 4096;
  static constexpr std::size_t members = 0;
};
using node = state::replica<state::schema<value>, roomy>;

/// Every overwrite is made by its writer, which has heard all before it.
std::unique_ptr<node> after(std::size_t overwrites) {
  skerry::splitmix64 rng{1};
  std::vector<std::unique_ptr<node>> nodes;
  for (std::size_t i = 0; i < state_bench::writers; ++i) {
    nodes.push_back(std::make_unique<node>());
    (void)node::create(*nodes[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
  }
  const auto texts = state_bench::key_texts(1000);
  for (const auto& o : state_bench::overwrites(overwrites, 1000)) {
    const auto delta = nodes[o.writer]->write<value>(o.value, skerry::wall_ms{o.wall}, texts[o.key]);
    for (std::size_t i = 0; delta && i < nodes.size(); ++i) {
      if (i != o.writer) {
        (void)nodes[i]->accept(delta.value().bytes(), 0);
      }
    }
  }
  return std::move(nodes[0]);
}

void image_write(benchmark::State& run) {
  const auto n = after(static_cast<std::size_t>(run.range(0)));
  std::vector<std::byte> image(1 << 18);
  std::size_t size = 0;
  for (auto _ : run) {
    state::snapshot_cursor at;
    size = n->snapshot(at, image).value_or(0);
    benchmark::DoNotOptimize(size);
  }
  run.counters["bytes_per_key"] = static_cast<double>(size) / static_cast<double>(n->store().key_count());
  run.counters["ns_per_key"] = benchmark::Counter(1e-9 * static_cast<double>(n->store().key_count()),
                                                  benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(image_write)->Name("state/image/write")->Arg(8'000)->Arg(100'000);

void image_open(benchmark::State& run) {
  const auto n = after(static_cast<std::size_t>(run.range(0)));
  std::vector<std::byte> image(1 << 18);
  state::snapshot_cursor at;
  image.resize(n->snapshot(at, image).value_or(0));
  skerry::splitmix64 rng{2};
  for (auto _ : run) {
    run.PauseTiming();
    auto back = std::make_unique<node>();
    (void)node::create(*back, 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
    run.ResumeTiming();
    state::image_reader reader{image};
    benchmark::DoNotOptimize(back->open(reader, rng, 0));
  }
  run.counters["ns_per_key"] = benchmark::Counter(1e-9 * static_cast<double>(n->store().key_count()),
                                                  benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(image_open)->Name("state/image/open")->Arg(100'000);

}  // namespace
