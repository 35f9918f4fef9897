// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Isolation forests, 100 trees of 256 rows, Gaussian columns from pcg32 seed 7. The plain alternative: nodes with pointers and
// binary32 thresholds, grown by the same algorithm with std::mt19937.
#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16;
template <typename Code>
using forest_of = anomaly::isolation_forest<columns, 100, 256, Code>;

const std::vector<float>& gaussian(std::size_t rows) {
  static std::vector<float> values;
  if (values.size() < rows * columns) {
    skerry::pcg32 random{7};
    values.resize(rows * columns);
    for (float& x : values) {
      x = static_cast<float>(skerry::normal(random));
    }
  }
  return values;
}

constexpr std::size_t history = 100'000;
anomaly::row_view<float> rows_to_fit(std::size_t rows = history) { return {gaussian(history).data(), rows, columns, columns}; }

template <typename Code>
const forest_of<Code>& fitted() {
  static const auto forest = [] {
    auto made = std::make_unique<forest_of<Code>>();
    if (!made->fit(rows_to_fit(), {.seed = 1})) {
      std::abort();
    }
    return made;
  }();
  return *forest;
}

template <typename Code>
const std::vector<Code>& codes() {
  static const auto all = [] {
    std::vector<Code> made(4096 * columns);
    for (std::size_t i = 0; i < 4096; ++i) {
      (void)fitted<Code>().codes().encode({gaussian(history).data() + i * columns, columns}, {made.data() + i * columns, columns});
    }
    return made;
  }();
  return all;
}

template <typename Code>
void fit(benchmark::State& state) {
  auto forest = std::make_unique<forest_of<Code>>();
  for (auto _ : state) {
    state.PauseTiming();
    *forest = forest_of<Code>{};
    state.ResumeTiming();
    if (!forest->fit(rows_to_fit(static_cast<std::size_t>(state.range(0))), {.seed = 1})) {
      state.SkipWithError("fit refused");
    }
  }
  state.counters["model_bytes"] = static_cast<double>(forest->bytes());
}
BENCHMARK_TEMPLATE(fit, std::int16_t)->Name("anomaly/forest/fit/i16")->Arg(1000)->Arg(history)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(fit, std::uint8_t)->Name("anomaly/forest/fit/u8")->Arg(history)->Unit(benchmark::kMillisecond);

template <typename Code>
void one_row_f32(benchmark::State& state) {
  const auto& forest = fitted<Code>();
  const float* x = gaussian(history).data();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(forest.depth_sum(std::span<const float, columns>{x + i * columns, columns}));
    i = (i + 1) % 4096;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["object_bytes"] = static_cast<double>(sizeof(forest));
}
BENCHMARK_TEMPLATE(one_row_f32, std::int16_t)->Name("anomaly/forest/one_row/f32_i16");
BENCHMARK_TEMPLATE(one_row_f32, std::uint8_t)->Name("anomaly/forest/one_row/f32_u8");

template <typename Code>
void block_f32(benchmark::State& state) {
  std::vector<std::uint32_t> sums(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(fitted<Code>().depth_sums({gaussian(history).data(), 4096, columns, columns}, sums));
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}
BENCHMARK_TEMPLATE(block_f32, std::int16_t)->Name("anomaly/forest/block/f32_i16");

template <typename Code>
const anomaly::walk_heap_for<forest_of<Code>>& heap() {
  using shape = anomaly::walk_heap_for<forest_of<Code>>;
  static const auto made = std::make_unique<skerry::result<shape>>(anomaly::lower<shape>(fitted<Code>()));
  return made->value();
}

template <typename Code>
void heap_row(benchmark::State& state) {
  const auto& shape = heap<Code>();
  const Code* x = codes<Code>().data();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shape.depth_sum_codes(std::span<const Code, columns>{x + i * columns, columns}));
    i = (i + 1) % 4096;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["object_bytes"] = static_cast<double>(shape.bytes());
}
BENCHMARK_TEMPLATE(heap_row, std::int16_t)->Name("anomaly/walk_heap/one_row/i16");
BENCHMARK_TEMPLATE(heap_row, std::uint8_t)->Name("anomaly/walk_heap/one_row/u8");

template <typename Code>
void heap_block(benchmark::State& state) {
  std::vector<std::uint32_t> sums(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(heap<Code>().depth_sums_codes({codes<Code>().data(), 4096, columns, columns}, sums));
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}
BENCHMARK_TEMPLATE(heap_block, std::int16_t)->Name("anomaly/walk_heap/block/i16");
BENCHMARK_TEMPLATE(heap_block, std::uint8_t)->Name("anomaly/walk_heap/block/u8");

template <typename Shape, typename Code>
const Shape& lowered() {
  static const auto made = std::make_unique<skerry::result<Shape>>(anomaly::lower<Shape>(fitted<Code>()));
  return made->value();
}

/// The kernel that this program is compiled for, and the plain one beside it.
template <typename Code, typename Kernel>
using list_of = anomaly::blend_list<columns, 100, forest_of<Code>::node_capacity, 8, Code, std::uint8_t, Kernel>;

template <typename Code, typename Kernel>
void list_block(benchmark::State& state) {
  const auto& shape = lowered<list_of<Code, Kernel>, Code>();
  const auto rows = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint32_t> sums(rows);
  for (auto _ : state) {
    benchmark::DoNotOptimize(shape.depth_sums_codes({codes<Code>().data(), rows, columns, columns}, sums));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["model_bytes"] = static_cast<double>(shape.bytes());
}
using native = anomaly::detail::blend_native;
using plain = anomaly::detail::blend_plain;
BENCHMARK_TEMPLATE(list_block, std::int16_t, native)->Name("anomaly/blend_list/block/i16")->Arg(4096)->Arg(64);
BENCHMARK_TEMPLATE(list_block, std::uint8_t, native)->Name("anomaly/blend_list/block/u8")->Arg(4096)->Arg(64);
BENCHMARK_TEMPLATE(list_block, std::int16_t, plain)->Name("anomaly/blend_list/block/i16_plain_kernel")->Arg(4096);
BENCHMARK_TEMPLATE(list_block, std::uint8_t, plain)->Name("anomaly/blend_list/block/u8_plain_kernel")->Arg(4096);

template <typename Code>
void list_block_f32(benchmark::State& state) {
  const auto& shape = lowered<list_of<Code, native>, Code>();
  std::vector<std::uint32_t> sums(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(shape.depth_sums({gaussian(history).data(), 4096, columns, columns}, sums));
  }
  state.SetItemsProcessed(state.iterations() * 4096);
}
BENCHMARK_TEMPLATE(list_block_f32, std::int16_t)->Name("anomaly/blend_list/block/f32_i16");
BENCHMARK_TEMPLATE(list_block_f32, std::uint8_t)->Name("anomaly/blend_list/block/f32_u8");

template <typename Code>
void flash_row(benchmark::State& state) {
  const auto& shape = lowered<anomaly::flash_forest_for<forest_of<Code>>, Code>();
  const Code* x = codes<Code>().data();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shape.depth_sum_codes(std::span<const Code, columns>{x + i * columns, columns}));
    i = (i + 1) % 4096;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["model_bytes"] = static_cast<double>(shape.bytes());
}
BENCHMARK_TEMPLATE(flash_row, std::int16_t)->Name("anomaly/flash_forest/one_row/i16");
BENCHMARK_TEMPLATE(flash_row, std::uint8_t)->Name("anomaly/flash_forest/one_row/u8");

// ---- the plain alternative
struct plain_node {
  std::size_t feature = 0;
  float threshold = 0;
  double path = 0;
  std::unique_ptr<plain_node> left, right;
};

std::unique_ptr<plain_node> grow(const float* x, std::vector<std::size_t>& rows, std::size_t begin, std::size_t end, int depth,
                                 std::mt19937& random) {
  auto node = std::make_unique<plain_node>();
  for (int tries = 0; end - begin > 1 && depth < 8 && tries < 32; ++tries) {
    const std::size_t feature = std::uniform_int_distribution<std::size_t>{0, columns - 1}(random);
    const auto value = [x, feature](std::size_t row) { return x[row * columns + feature]; };
    float least = value(rows[begin]);
    float greatest = least;
    for (std::size_t i = begin; i < end; ++i) {
      least = std::min(least, value(rows[i]));
      greatest = std::max(greatest, value(rows[i]));
    }
    if (least == greatest) {
      continue;
    }
    const float threshold = std::uniform_real_distribution<float>{least, greatest}(random);
    const auto middle = std::partition(rows.begin() + static_cast<std::ptrdiff_t>(begin), rows.begin() + static_cast<std::ptrdiff_t>(end),
                                       [&](std::size_t row) { return value(row) <= threshold; });
    const auto m = static_cast<std::size_t>(middle - rows.begin());
    if (m == begin || m == end) {
      continue;
    }
    node->feature = feature;
    node->threshold = threshold;
    node->left = grow(x, rows, begin, m, depth + 1, random);
    node->right = grow(x, rows, m, end, depth + 1, random);
    return node;
  }
  node->path = depth + anomaly::average_path_length(end - begin);
  return node;
}

std::vector<std::unique_ptr<plain_node>> plain_forest() {
  std::mt19937 random{1};
  std::vector<std::unique_ptr<plain_node>> trees;
  std::vector<std::size_t> all(history);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (int t = 0; t < 100; ++t) {
    std::vector<std::size_t> rows;
    std::sample(all.begin(), all.end(), std::back_inserter(rows), 256, random);
    trees.push_back(grow(gaussian(history).data(), rows, 0, rows.size(), 0, random));
  }
  return trees;
}

void plain_fit(benchmark::State& state) {
  gaussian(history);
  for (auto _ : state) {
    benchmark::DoNotOptimize(plain_forest());
  }
}
BENCHMARK(plain_fit)->Name("anomaly/forest/fit/plain_pointers")->Unit(benchmark::kMillisecond);

void plain_row(benchmark::State& state) {
  const auto trees = plain_forest();
  const float* data = gaussian(history).data();
  std::size_t i = 0;
  for (auto _ : state) {
    const float* x = data + i * columns;
    double depth = 0;
    for (const auto& tree : trees) {
      const plain_node* node = tree.get();
      while (node->left) {
        node = (x[node->feature] <= node->threshold ? node->left : node->right).get();
      }
      depth += node->path;
    }
    benchmark::DoNotOptimize(depth);
    i = (i + 1) % 4096;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(plain_row)->Name("anomaly/forest/one_row/plain_pointers");

}  // namespace
