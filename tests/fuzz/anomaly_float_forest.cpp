// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/float_forest.hpp>
#include <skerry/core/bytes.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <initializer_list>
#include <vector>

// Trees from another program: a refused one leaves the forest as it was, an accepted one can be walked to its end.
//
// Input: columns, rows of the sample, formula, length of a tree; then 24 bytes for each node.
namespace {

struct arrays {
  std::vector<std::int32_t> feature, left, right;
  std::vector<double> threshold;
  std::vector<std::uint32_t> samples;
};

constexpr std::size_t node_bytes = 24;
constexpr std::size_t head_bytes = 4;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace anomaly = skerry::anomaly;
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  anomaly::float_forest_config config{};
  config.columns = in.byte() % 9;
  config.sample = in.byte();
  config.c = in.byte() % 2 == 0 ? anomaly::path_length_formula::sklearn : anomaly::path_length_formula::exact;
  const std::size_t length = in.byte();
  std::array<anomaly::float_node, 64> nodes{};
  std::array<std::uint32_t, 4> roots{};
  auto forest = anomaly::float_forest::create(config, nodes, roots);
  if (!forest) {
    FUZZ_REQUIRE(config.columns == 0 || config.sample == 0);
    return 0;
  }
  const std::vector<float> low(config.columns, -1e30F);
  const std::vector<float> middle(config.columns, 0.0F);
  for (int t = 0; t < 6 && !in.rest().empty(); ++t) {
    arrays a;
    while (!in.rest().empty() && a.feature.size() < length) {
      a.feature.push_back(static_cast<std::int32_t>(in.number(4)));
      a.threshold.push_back(std::bit_cast<double>(in.number(8)));
      a.left.push_back(static_cast<std::int32_t>(in.number(4)));
      a.right.push_back(static_cast<std::int32_t>(in.number(4)));
      a.samples.push_back(static_cast<std::uint32_t>(in.number(4)));
    }
    if (a.feature.empty()) {
      break;
    }
    const auto before = forest.value().score_samples(middle);
    const std::size_t trees = forest.value().trees();
    const std::size_t bytes = forest.value().bytes();
    // Arrays of unequal length, at the price of nothing.
    FUZZ_REQUIRE(forest.value().add({a.feature, a.threshold, a.left, std::span{a.right}.first(a.right.size() - 1), a.samples}).error() ==
                 skerry::errc::width);
    const skerry::status added = forest.value().add({a.feature, a.threshold, a.left, a.right, a.samples});
    const auto after = forest.value().score_samples(middle);
    if (!added) {
      FUZZ_REQUIRE(forest.value().trees() == trees && forest.value().bytes() == bytes);
      FUZZ_REQUIRE(static_cast<bool>(before) == static_cast<bool>(after) && (!before || before.value() == after.value()));
      continue;
    }
    FUZZ_REQUIRE(forest.value().trees() == trees + 1);
    FUZZ_REQUIRE(after && after.value() >= -1 && after.value() < 0);
    const auto stranger = forest.value().score_samples(low);
    FUZZ_REQUIRE(stranger && stranger.value() >= -1 && stranger.value() < 0);
    const auto answer = forest.value().predict(low);
    FUZZ_REQUIRE(answer && (answer.value() == 1 || answer.value() == -1));
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const auto node = [](skerry::byte_writer& w, std::int32_t feature, double threshold, std::int32_t left, std::int32_t right,
                       std::uint32_t samples) {
    w.i32(feature);
    w.f64(threshold);
    w.i32(left);
    w.i32(right);
    w.u32(samples);
  };
  std::array<std::byte, head_bytes + 7 * node_bytes> memory{};
  for (const bool deep : {false, true}) {
    skerry::byte_writer w{memory};
    for (const std::uint8_t b :
         std::initializer_list<std::uint8_t>{2, 16, static_cast<std::uint8_t>(deep ? 1 : 0), static_cast<std::uint8_t>(deep ? 7 : 3)}) {
      w.u8(b);
    }
    if (deep) {
      node(w, 0, 0.5, 1, 4, 16);
      node(w, 1, -2.0, 2, 3, 9);
      node(w, -2, 0, -1, -1, 1);
      node(w, -2, 0, -1, -1, 8);
      node(w, 1, 1e300, 5, 6, 7);
      node(w, -2, 0, -1, -1, 3);
      node(w, -2, 0, -1, -1, 4);
    } else {
      for (int i = 0; i < 2; ++i) {
        node(w, i, 0.1, 1, 2, 16);
        node(w, -2, 0, -1, -1, 6);
        node(w, -2, 0, -1, -1, 10);
      }
    }
    out.add(deep ? "deep" : "two_trees", w.written());
  }
}
