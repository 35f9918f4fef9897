// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/float_forest.hpp>
#include <skerry/anomaly/forest_json.hpp>
#include <skerry/anomaly/path_length.hpp>
#include <skerry/anomaly/quantizer.hpp>

#include "vectors/vector_suite.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
namespace anomaly = skerry::anomaly;

void path_length(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  const double relative = file.at("tolerance").at("relative").get<double>();
  const double relative_sklearn = file.at("tolerance").at("relative_sklearn").get<double>();
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    const auto n = c.at("n").get<std::uint64_t>();
    check.near("exact", c.at("expect").at("exact").get<double>(), anomaly::average_path_length(n), 0.0, relative);
    check.near("sklearn", c.at("expect").at("sklearn").get<double>(), anomaly::sklearn_average_path_length(n), 0.0, relative_sklearn);
  }
}

float number(const json& value) { return value.is_null() ? std::numeric_limits<float>::quiet_NaN() : value.get<float>(); }

template <typename Code>
void quantizer_case(const json& c, skerry_test::suite_report::checks& check) {
  const std::array<float, 1> lo{number(c.at("lo"))};
  const std::array<float, 1> hi{number(c.at("hi"))};
  const auto made = anomaly::quantizer<1, Code>::from_range(lo, hi);
  if (!check.held("from_range", static_cast<bool>(made), "a quantizer", skerry::to_string(made.error()))) {
    return;
  }
  check.equal("inv_step", c.at("expect").at("inv_step").get<float>(), made.value().inv_step(0));
  std::vector<int> codes;
  for (const json& x : c.at("x")) {
    const std::array<float, 1> row{number(x)};
    std::array<Code, 1> code{};
    const skerry::status encoded = made.value().encode(row, code);
    if (!check.held("encode", static_cast<bool>(encoded), "ok", skerry::to_string(encoded.error()))) {
      return;
    }
    codes.push_back(code[0]);
  }
  check.equal("code", c.at("expect").at("code").get<std::vector<int>>(), codes);
}

void quantizer(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const json& c : file.at("cases")) {
    const auto name = c.at("name").get<std::string>();
    const int bits = c.at("bits").get<int>();
    if (bits != 8 && bits != 16) {
      report.fail(name, "8 or 16 bits", std::to_string(bits));
      continue;
    }
    skerry_test::suite_report::checks check{report, name};
    bits == 8 ? quantizer_case<std::uint8_t>(c, check) : quantizer_case<std::int16_t>(c, check);
  }
}

void sklearn_forest(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  const double absolute = file.at("tolerance").at("absolute").get<double>();
  for (const json& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    const json& trees = c.at("trees");
    std::size_t nodes = 0;
    for (const json& tree : trees) {
      nodes += tree.at("feature").size();
    }
    std::vector<anomaly::float_node> memory(nodes);
    std::vector<std::uint32_t> roots(trees.size());
    anomaly::float_forest_config config{.columns = c.at("n_features").get<std::size_t>(),
                                        .sample = c.at("max_samples").get<std::uint64_t>()};
    config.offset = c.at("offset").get<double>();
    auto made = anomaly::float_forest::create(config, memory, roots);
    if (!check.held("create", static_cast<bool>(made), "a forest", skerry::to_string(made.error()))) {
      continue;
    }
    anomaly::float_forest& forest = made.value();
    skerry::status added;
    for (const json& tree : trees) {
      const auto feature = tree.at("feature").get<std::vector<std::int32_t>>();
      const auto threshold = tree.at("threshold").get<std::vector<double>>();
      const auto left = tree.at("left").get<std::vector<std::int32_t>>();
      const auto right = tree.at("right").get<std::vector<std::int32_t>>();
      const auto samples = tree.at("n_node_samples").get<std::vector<std::uint32_t>>();
      added = forest.add({feature, threshold, left, right, samples});
      if (!check.held("add", static_cast<bool>(added), "ok", skerry::to_string(added.error()))) {
        break;
      }
    }
    const std::string text = c.dump();
    std::vector<anomaly::float_node> more_memory(nodes);
    std::vector<std::uint32_t> more_roots(trees.size());
    const auto imported = anomaly::import_json(text, more_memory, more_roots);
    if (!check.held("import_json", static_cast<bool>(imported), "ok", skerry::to_string(imported.error()))) {
      continue;
    }
    const json& expect = c.at("expect");
    const json& rows = c.at("rows");
    if (!check.held("rows", rows.size() == expect.at("score_samples").size() && !rows.empty(), "one score per row", "not so")) {
      continue;
    }
    for (std::size_t i = 0; added && i < rows.size(); ++i) {
      const auto row = rows[i].get<std::vector<float>>();
      const auto nan = std::numeric_limits<double>::quiet_NaN();
      check.near("score_samples", expect.at("score_samples")[i].get<double>(), forest.score_samples(row).value_or(nan), absolute, 0.0);
      check.near("decision_function", expect.at("decision_function")[i].get<double>(), forest.decision_function(row).value_or(nan),
                 absolute, 0.0);
      check.equal("predict", expect.at("predict")[i].get<int>(), forest.predict(row).value_or(0));
      check.equal("imported", forest.score_samples(row).value_or(nan), imported.value().score_samples(row).value_or(-nan));
      check.equal("imported predict", expect.at("predict")[i].get<int>(), imported.value().predict(row).value_or(0));
    }
  }
}

const skerry_test::suite_registration path_length_suite{"anomaly.average_path_length", &path_length};
const skerry_test::suite_registration quantizer_suite{"anomaly.quantizer", &quantizer};
const skerry_test::suite_registration sklearn_forest_suite{"anomaly.sklearn_forest", &sklearn_forest};

}  // namespace
