// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What the scripts beside this file ask of the library:
//   skerry_forest_tool score FOREST.json ROWS.f32     scores, decisions and verdicts of rows in binary32
#include <skerry/anomaly/forest_json.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;

std::string read_file(const char* path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    fmt::print(stderr, "cannot read {}\n", path);
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

std::vector<float> read_floats(const char* path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

int refuse(const char* what, skerry::errc why) {
  fmt::print(stderr, "{}: {}\n", what, skerry::to_string(why));
  return 1;
}

int score(const char* forest_path, const char* rows_path) {
  const std::string text = read_file(forest_path);
  const auto size = anomaly::json_forest_size(text);
  if (!size) {
    return refuse("json_forest_size", size.error());
  }
  std::vector<anomaly::float_node> nodes(size.value().nodes);
  std::vector<std::uint32_t> roots(size.value().trees);
  const auto forest = anomaly::import_json(text, nodes, roots);
  if (!forest) {
    return refuse("import_json", forest.error());
  }
  const std::vector<float> rows = read_floats(rows_path);
  const std::size_t columns = forest.value().columns();
  for (std::size_t i = 0; i + columns <= rows.size(); i += columns) {
    const std::span<const float> row{rows.data() + i, columns};
    const auto s = forest.value().score_samples(row);
    if (!s) {
      return refuse("score_samples", s.error());
    }
    fmt::print("{:.17g} {:.17g} {}\n", s.value(), forest.value().decision_function(row).value(), forest.value().predict(row).value());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "score" && argc == 4) {
    return score(argv[2], argv[3]);
  }
  fmt::print(stderr, "usage: skerry_forest_tool score FOREST.json ROWS.f32\n");
  return 2;
}
