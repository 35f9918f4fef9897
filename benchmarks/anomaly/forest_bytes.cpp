// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/forest_export.hpp>
#include <skerry/anomaly/forest_json.hpp>
#include <skerry/anomaly/forest_wire.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

// Bytes of forests in and out: 16 Gaussian columns, 1000 rows, seed 1. The plain alternative is a copy of the bytes.
namespace {

using namespace skerry::anomaly;

const std::vector<float>& rows() {
  static const std::vector<float> values = [] {
    std::vector<float> v(16 * 1000);
    skerry::pcg32 random{1};
    for (float& x : v) {
      x = static_cast<float>(skerry::normal(random));
    }
    return v;
  }();
  return values;
}

template <std::size_t Trees, std::size_t Sample, typename Code>
using forest_of = isolation_forest<16, Trees, Sample, Code>;

template <typename Forest>
std::unique_ptr<Forest> fitted() {
  auto forest = std::make_unique<Forest>();
  (void)forest->fit({rows().data(), 1000, 16, 16}, {.seed = 1,
                                                    .trees = static_cast<std::uint16_t>(Forest::tree_capacity),
                                                    .sample = static_cast<std::uint16_t>(Forest::sample_capacity)});
  return forest;
}

template <typename Forest>
std::vector<std::byte> image(const Forest& forest) {
  std::vector<std::byte> bytes(encoded_size(forest));
  skerry::byte_writer out{bytes};
  (void)encode(forest, out);
  return bytes;
}

template <typename Forest>
void forest_encode(benchmark::State& state) {
  const auto forest = fitted<Forest>();
  std::vector<std::byte> bytes(encoded_size(*forest));
  for (auto _ : state) {
    skerry::byte_writer out{bytes};
    benchmark::DoNotOptimize(encode(*forest, out));
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
template <typename Forest>
void forest_decode(benchmark::State& state) {
  auto forest = fitted<Forest>();
  const auto bytes = image(*forest);
  for (auto _ : state) {
    skerry::byte_reader in{bytes};
    benchmark::DoNotOptimize(decode(*forest, in));
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
void forest_decode_to_flash(benchmark::State& state) {
  using forest = forest_of<50, 128, std::uint8_t>;
  const auto grown = fitted<forest>();
  auto flash = std::make_unique<flash_forest_for<forest>>(*grown);
  const auto bytes = image(*grown);
  for (auto _ : state) {
    skerry::byte_reader in{bytes};
    benchmark::DoNotOptimize(decode(*flash, in));
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
void forest_bytes_copied(benchmark::State& state) {
  const auto bytes = image(*fitted<forest_of<100, 256, std::int16_t>>());
  std::vector<std::byte> to(bytes.size());
  for (auto _ : state) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    benchmark::ClobberMemory();
  }
}
void forest_onnx(benchmark::State& state) {
  const auto forest = fitted<forest_of<100, 256, std::int16_t>>();
  const onnx_options options{.tree_ensemble_5 = state.range(0) == 5};
  std::vector<std::byte> bytes(onnx_size(*forest, options).value());
  for (auto _ : state) {
    skerry::byte_writer out{bytes};
    benchmark::DoNotOptimize(export_onnx(*forest, out, options));
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
/// Trees of 511 nodes, thresholds as other programs print them.
void forest_json(benchmark::State& state) {
  skerry::pcg32 random{1};
  std::string text = R"({"n_features":16,"max_samples":256,"trees":[)";
  constexpr std::size_t trees = 100, nodes = 511;
  const auto array = [&text](const char* name, const auto& of) {
    text.append("\"").append(name).append("\":[");
    for (std::size_t i = 0; i < nodes; ++i) {
      text.append(i == 0 ? "" : ",").append(of(i));
    }
    text += ']';
  };
  const auto leaf = [](std::size_t i) { return i >= nodes / 2; };
  for (std::size_t t = 0; t < trees; ++t) {
    text += t == 0 ? "{" : ",{";
    array("feature", [&](std::size_t i) { return std::to_string(leaf(i) ? -1 : static_cast<int>(random() % 16)); });
    text += ',';
    array("threshold", [&](std::size_t i) {
      std::string digits{leaf(i) ? "0" : "0."};
      for (int k = 0; k < 17 && !leaf(i); ++k) {
        digits += static_cast<char>('1' + random() % 9);
      }
      return digits;
    });
    text += ',';
    array("left", [&](std::size_t i) { return std::to_string(leaf(i) ? -1 : static_cast<int>(2 * i + 1)); });
    text += ',';
    array("right", [&](std::size_t i) { return std::to_string(leaf(i) ? -1 : static_cast<int>(2 * i + 2)); });
    text += ',';
    array("n_node_samples", [&](std::size_t) { return std::string{"1"}; });
    text += '}';
  }
  text += "]}";
  std::vector<float_node> memory(trees * nodes);
  std::vector<std::uint32_t> roots(trees);
  for (auto _ : state) {
    const auto forest = import_json(text, memory, roots);
    if (!forest) {
      state.SkipWithError("refused");
      break;
    }
    benchmark::DoNotOptimize(forest);
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}

BENCHMARK(forest_encode<forest_of<100, 256, std::int16_t>>)->Name("anomaly/forest_bytes/encode_i16_100x256");
BENCHMARK(forest_decode<forest_of<100, 256, std::int16_t>>)->Name("anomaly/forest_bytes/decode_i16_100x256");
BENCHMARK(forest_decode<forest_of<100, 256, std::uint8_t>>)->Name("anomaly/forest_bytes/decode_u8_100x256");
BENCHMARK(forest_decode<forest_of<50, 128, std::int16_t>>)->Name("anomaly/forest_bytes/decode_i16_50x128");
BENCHMARK(forest_decode<forest_of<50, 128, std::uint8_t>>)->Name("anomaly/forest_bytes/decode_u8_50x128");
BENCHMARK(forest_decode_to_flash)->Name("anomaly/forest_bytes/decode_u8_50x128_to_flash");
BENCHMARK(forest_bytes_copied)->Name("anomaly/forest_bytes/copy_of_i16_100x256");
BENCHMARK(forest_onnx)->Arg(3)->Arg(5)->Name("anomaly/forest_bytes/onnx_i16_100x256");
BENCHMARK(forest_json)->Name("anomaly/forest_bytes/import_json_100_trees_of_511_nodes");

}  // namespace
