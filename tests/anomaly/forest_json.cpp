// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/forest_json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/counting_new.hpp"

#include <skerry/core/random.hpp>

using namespace skerry::anomaly;
using nlohmann::json;
using skerry::errc;

namespace {

/// Random trees, their nodes in any order that puts parents first.
json some_tree(skerry::pcg32& random, std::size_t columns) {
  const std::size_t splits = random() % 12;
  const std::size_t nodes = 2 * splits + 1;
  json tree{{"feature", json::array()},
            {"threshold", json::array()},
            {"left", json::array()},
            {"right", json::array()},
            {"n_node_samples", json::array()}};
  std::vector<std::size_t> open;  // numbers given to children that have not been reached
  std::size_t next = 1;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t splits_left = (nodes - next) / 2;
    const std::size_t others = next - i - 1;  // nodes that are numbered and come later
    const bool split = splits_left > 0 && (others == 0 || random() % 2 == 0);
    tree["feature"].push_back(split ? static_cast<int>(random() % columns) : -static_cast<int>(1 + random() % 2));
    tree["threshold"].push_back(split ? (static_cast<double>(random()) - 2147483648.0) / 3e9 : 0.0);
    const bool swap = random() % 2 == 0;
    tree["left"].push_back(split ? static_cast<int>(swap ? next + 1 : next) : -1);
    tree["right"].push_back(split ? static_cast<int>(swap ? next : next + 1) : -1);
    tree["n_node_samples"].push_back(random() % 300);
    next += split ? 2 : 0;
  }
  return tree;
}

json some_forest(std::uint64_t seed, std::size_t columns = 3) {
  skerry::pcg32 random{seed};
  json forest{{"n_features", columns}, {"max_samples", 1 + random() % 300}, {"offset", -0.55}, {"trees", json::array()}};
  if (random() % 2 == 0) {
    forest["c"] = random() % 2 == 0 ? "exact" : "sklearn";
  }
  for (std::size_t t = 1 + random() % 4; t > 0; --t) {
    forest["trees"].push_back(some_tree(random, columns));
  }
  return forest;
}

struct memory {
  std::array<float_node, 128> nodes{};
  std::array<std::uint32_t, 8> roots{};
  memory() { nodes.fill(float_node{1.5, 2.5F, 3, 4, 5}); }
};

/// The same trees by arrays.
float_forest by_arrays(const json& forest, memory& m) {
  auto made =
      float_forest::create({.columns = forest.at("n_features").get<std::size_t>(),
                            .sample = forest.at("max_samples").get<std::uint64_t>(),
                            .offset = forest.value("offset", -0.5),
                            .c = forest.value("c", "sklearn") == "exact" ? path_length_formula::exact : path_length_formula::sklearn},
                           m.nodes, m.roots);
  REQUIRE(made);
  for (const json& tree : forest.at("trees")) {
    REQUIRE(made.value().add({tree.at("feature").get<std::vector<std::int32_t>>(), tree.at("threshold").get<std::vector<double>>(),
                              tree.at("left").get<std::vector<std::int32_t>>(), tree.at("right").get<std::vector<std::int32_t>>(),
                              tree.at("n_node_samples").get<std::vector<std::uint32_t>>()}));
  }
  return made.value();
}

errc refusal(const std::string& text) {
  memory m;
  return import_json(text, m.nodes, m.roots).error();
}

}  // namespace

TEST_CASE("a forest from JSON scores what the same forest from arrays scores, in any order of members") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    const json forest = some_forest(seed);
    memory m, other;
    const float_forest expected = by_arrays(forest, m);
    nlohmann::ordered_json turned = nlohmann::ordered_json::object();  // trees first, and members nobody knows
    turned["name"] = "any";
    turned["trees"] = forest["trees"];
    turned["rows"] = {1, 2, {{"trees", 5}}};
    for (const auto& [name, value] : forest.items()) {
      if (name != "trees") {
        turned[name] = value;
      }
    }
    for (const std::string& text : {forest.dump(), turned.dump(1)}) {
      const auto size = json_forest_size(text);
      REQUIRE(size);
      CHECK(size.value().trees == expected.trees());
      const std::size_t before = skerry_test::allocations();
      const auto got =
          import_json(text, std::span{other.nodes}.first(size.value().nodes), std::span{other.roots}.first(size.value().trees));
      CHECK(skerry_test::allocations() == before);
      REQUIRE(got);
      CHECK(got.value().bytes() == expected.bytes());
      CHECK(got.value().offset() == -0.55);
      CHECK(got.value().sample() == expected.sample());
      skerry::pcg32 random{seed};
      for (int i = 0; i < 20; ++i) {
        std::array<float, 3> row{};
        for (float& x : row) {
          x = static_cast<float>((static_cast<double>(random()) - 2147483648.0) / 3e9);
        }
        CHECK(got.value().score_samples(row).value() == expected.score_samples(row).value());
        CHECK(got.value().predict(row).value() == expected.predict(row).value());
      }
    }
  }
}

TEST_CASE("a threshold is rounded down from the decimal, never from a float near it") {
  // 0.1 lies below its nearest binary32 number: that one must go right.
  const std::string text =
      R"({"n_features":1,"max_samples":4,"trees":[{"feature":[0,-1,-1],"threshold":[0.1,0,0],"left":[1,-1,-1],"right":[2,-1,-1],
          "n_node_samples":[4,1,3]}]})";
  memory m;
  const auto forest = import_json(text, m.nodes, m.roots);
  REQUIRE(forest);
  const double left = forest.value().score_samples(std::array{std::nextafter(0.1F, 0.0F)}).value();
  const double right = forest.value().score_samples(std::array{0.1F}).value();
  CHECK(left < right);
  CHECK(forest.value().offset() == -0.5);
}

TEST_CASE("what a forest needs and what it cannot be are refused by name") {
  const json good = some_forest(5);
  REQUIRE(refusal(good.dump()) == errc::ok);
  const auto without = [&](const char* name) {
    json f = good;
    f.erase(name);
    return refusal(f.dump());
  };
  for (const char* name : {"n_features", "max_samples", "trees"}) {
    CAPTURE(name);
    CHECK(without(name) == errc::corrupt);
  }
  for (const char* name : {"feature", "threshold", "left", "right", "n_node_samples"}) {
    CAPTURE(name);
    json f = good;
    f["trees"][0].erase(name);
    CHECK(refusal(f.dump()) == errc::corrupt);
    f = good;
    f["trees"][0][name].push_back(-1);
    CHECK(refusal(f.dump()) == errc::corrupt);
    f = good;
    f["trees"][0][name][0] = "0";
    CHECK(refusal(f.dump()) == errc::corrupt);
    f = good;
    f["trees"][0][name] = json::array();
    CHECK(refusal(f.dump()) == errc::corrupt);
  }
  const auto with = [&](const char* name, const json& value) {
    json f = good;
    f[name] = value;
    return refusal(f.dump());
  };
  CHECK(with("c", "average") == errc::unsupported);
  CHECK(with("c", 1) == errc::corrupt);
  CHECK(with("n_features", 0) == errc::corrupt);
  CHECK(with("n_features", 2.5) == errc::corrupt);
  CHECK(with("n_features", 1) == errc::corrupt);  // columns that trees ask for
  CHECK(with("max_samples", -1) == errc::corrupt);
  CHECK(with("offset", nullptr) == errc::corrupt);
  CHECK(with("trees", json::array()) == errc::corrupt);
  CHECK(with("trees", {1}) == errc::corrupt);
  CHECK(refusal("[]") == errc::corrupt);
  CHECK(refusal("") == errc::corrupt);
  CHECK(refusal(good.dump() + "1") == errc::corrupt);
  for (const char* name : {"n_features", "max_samples", "offset", "trees"}) {  // twice
    CAPTURE(name);
    std::string twice = good.dump();
    twice.insert(1, json(name).dump() + ":" + good[name].dump() + ",");
    CHECK(refusal(twice) == errc::corrupt);
  }
  std::string twice = good.dump();
  twice.insert(1, "\"trees\":[],");
  CHECK(refusal(twice) == errc::corrupt);
}

TEST_CASE("a forest that does not fit is refused before anything is written") {
  const json forest = some_forest(9);
  const std::string text = forest.dump();
  const auto size = json_forest_size(text).value();
  memory m;
  const memory untouched;
  CHECK(import_json(text, std::span{m.nodes}.first(size.nodes - 1), m.roots).error() == errc::full);
  CHECK(import_json(text, m.nodes, std::span{m.roots}.first(size.trees - 1)).error() == errc::full);
  for (std::size_t n = 0; n < text.size(); ++n) {
    REQUIRE(import_json(std::string_view{text}.substr(0, n), m.nodes, m.roots).error() == errc::corrupt);
  }
  CHECK(std::memcmp(m.nodes.data(), untouched.nodes.data(), sizeof m.nodes) == 0);
  REQUIRE(import_json(text, m.nodes, m.roots));
}

TEST_CASE("any byte of the text may be wrong: the forest is refused, or one that can be scored") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const std::string text = some_forest(seed).dump();
    skerry::pcg32 random{seed};
    for (int i = 0; i < 300; ++i) {
      std::string changed = text;
      for (std::uint32_t n = 1 + random() % 3; n > 0; --n) {
        const std::string bytes = "0123456789-,.[]{}e\" :n";
        changed[random() % changed.size()] = bytes[random() % bytes.size()];
      }
      CAPTURE(seed, changed);
      memory m;
      const auto got = import_json(changed, m.nodes, m.roots);
      if (!got) {
        const errc why = got.error();
        CHECK((why == errc::corrupt || why == errc::unsupported || why == errc::full));
        continue;
      }
      const std::vector<float> row(got.value().columns() <= 1000 ? got.value().columns() : 1);
      const auto score = got.value().score_samples(row);
      if (score) {
        CHECK((score.value() < 0.0 && score.value() >= -1.0));
      }
    }
  }
}
