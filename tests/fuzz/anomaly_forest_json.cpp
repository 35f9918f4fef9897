// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/forest_json.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

// Any text as a forest: it is refused, or every row can be scored; what is too large for its memory touches none of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace anomaly = skerry::anomaly;
  using skerry::errc;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto wanted = anomaly::json_forest_size(text);
  std::array<anomaly::float_node, 24> nodes{};
  nodes.fill(anomaly::float_node{9.0, 9.0F, 9, 9, 9});
  std::array<std::uint32_t, 4> roots{};
  const auto forest = anomaly::import_json(text, nodes, roots);
  if (!forest) {
    FUZZ_REQUIRE(forest.error() == errc::corrupt || forest.error() == errc::unsupported || forest.error() == errc::full);
    FUZZ_REQUIRE(wanted || forest.error() == wanted.error());
    if (!wanted || forest.error() == errc::full) {
      FUZZ_REQUIRE(std::ranges::all_of(nodes, [](const anomaly::float_node& n) { return n.path == 9.0 && n.feature == 9 && n.left == 9; }));
    }
    return 0;
  }
  FUZZ_REQUIRE(wanted && wanted.value().trees == forest.value().trees() && wanted.value().nodes <= nodes.size());
  if (forest.value().columns() <= 64) {
    for (const float x : {-1e30F, 0.0F, 0.5F, 1e30F}) {
      const std::vector<float> row(forest.value().columns(), x);
      const auto score = forest.value().score_samples(row);
      FUZZ_REQUIRE(score && score.value() >= -1 && score.value() < 0);
    }
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  out.add(
      "stump",
      R"({"n_features":1,"max_samples":4,"trees":[{"feature":[0,-1,-1],"threshold":[0.1,0,0],"left":[1,-1,-1],"right":[2,-1,-1],"n_node_samples":[4,1,3]}]})");
  out.add(
      "leaf",
      R"({"c":"exact","trees":[{"left":[-1],"right":[-1],"feature":[-2],"n_node_samples":[9],"threshold":[0]}],"offset":-5e-1,"x":{},"max_samples":9,"n_features":3})");
}
