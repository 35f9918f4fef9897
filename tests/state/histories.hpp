// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "vectors/vector_suite.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace skerry_test {

/// Runs one event history of the vectors' README over `Node`, which has `Node(index)`, `bool apply(step)`, `json read()`,
/// `bool join(const Node&)` and is copyable. With `times` 2 everything that is delivered arrives twice.
template <typename Node>
void run_history(const nlohmann::json& history, int times, suite_report::checks& check) {
  std::vector<Node> nodes;
  const auto count = history.at("replicas").get<std::size_t>();
  nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    nodes.emplace_back(i);
  }
  std::map<std::string, Node> images;
  const auto deliver = [&](std::size_t to, const Node& from) {
    for (int i = 0; i < times; ++i) {
      check.equal("joined", true, nodes.at(to).join(from));
    }
  };
  std::size_t number = 0;
  for (const auto& step : history.at("steps")) {
    const std::string what = "step " + std::to_string(number++);
    if (step.contains("op")) {
      check.equal(what, true, nodes.at(step.at("r").get<std::size_t>()).apply(step));
    } else if (step.contains("merge")) {
      const Node from = nodes.at(step["merge"][1].get<std::size_t>());
      deliver(step["merge"][0].get<std::size_t>(), from);
    } else if (step.contains("snap")) {
      images.insert_or_assign(step["snap"][0].get<std::string>(), nodes.at(step["snap"][1].get<std::size_t>()));
    } else if (step.contains("deliver")) {
      deliver(step["deliver"][0].get<std::size_t>(), images.at(step["deliver"][1].get<std::string>()));
    } else if (step.contains("read")) {
      check.equal(what, step.at("expect"), nodes.at(step["read"].get<std::size_t>()).read());
    } else {
      check.held(what, false, "a step of a known form", step.dump());
    }
  }
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t to = 0; to < count; ++to) {
      for (std::size_t from = 0; from < count; ++from) {
        if (to != from) {
          deliver(to, nodes[from]);
        }
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    check.equal("final at " + std::to_string(i), history.at("expect_final_all_merged"), nodes[i].read());
  }
}

/// Every case of a history suite over each kind of node, with single and with doubled deliveries.
template <typename... Nodes>
void run_histories(const nlohmann::json& file, suite_report& report) {
  for (const auto& history : file.at("cases")) {
    suite_report::checks check{report, history.at("name").get<std::string>()};
    for (const int times : {1, 2}) {
      (run_history<Nodes>(history, times, check), ...);
    }
  }
}

/// Numbers for the names of a case, in the order of their bytes.
class name_numbers {
 public:
  void add(const std::string& name) { names_.insert(name); }
  [[nodiscard]] std::size_t number(const std::string& name) const {
    return static_cast<std::size_t>(std::distance(names_.begin(), names_.find(name)));
  }
  [[nodiscard]] const std::string& name(std::size_t number) const {
    return *std::next(names_.begin(), static_cast<std::ptrdiff_t>(number));
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::set<std::string> names_;
};

}  // namespace skerry_test
