// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "vectors/vector_suite.hpp"

#include <skerry/core/random.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry_test {

/// How a script's deliveries happen: each `times` times; and unless `seed` is 0, those that may happen in any order in an order drawn.
struct deliveries {
  int times = 1;
  std::uint64_t seed = 0;
};
/// As the script says, everything twice, and in two other orders, the second one with everything twice.
inline constexpr std::array<deliveries, 4> every_way{{{1, 0}, {2, 0}, {1, 1}, {2, 2}}};

template <typename T>
void shuffle(std::vector<T>& list, std::uint64_t seed) {
  skerry::splitmix64 rng{seed};
  for (std::size_t i = list.size(); seed != 0 && i > 1; --i) {
    std::swap(list[i - 1], list[skerry::uniform_below(rng, static_cast<std::uint32_t>(i))]);
  }
}
/// The numbers of a script's steps in the order in which they are done: joins that stand side by side change places, as long as none of
/// them takes from a node that another one of them gives to.
[[nodiscard]] inline std::vector<std::size_t> order_of(const nlohmann::json& steps, std::uint64_t seed) {
  std::vector<std::size_t> order;
  std::vector<std::size_t> side_by_side;
  std::set<std::size_t> to;
  std::set<std::size_t> from;
  const auto done = [&] {
    shuffle(side_by_side, seed == 0 ? 0 : seed * 1000 + order.size());
    order.insert(order.end(), side_by_side.begin(), side_by_side.end());
    side_by_side.clear();
    to.clear();
    from.clear();
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    const bool merge = step.contains("merge");
    if (!merge && !step.contains("deliver")) {
      done();
      order.push_back(i);
      continue;
    }
    const auto target = step[merge ? "merge" : "deliver"][0].get<std::size_t>();
    if (from.count(target) != 0 || (merge && to.count(step["merge"][1].get<std::size_t>()) != 0)) {
      done();
    }
    side_by_side.push_back(i);
    to.insert(target);
    if (merge) {
      from.insert(step["merge"][1].get<std::size_t>());
    }
  }
  done();
  return order;
}
/// Everybody from everybody.
[[nodiscard]] inline std::vector<std::pair<std::size_t, std::size_t>> all_merges(std::size_t nodes, std::uint64_t seed) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t to = 0; to < nodes; ++to) {
    for (std::size_t from = 0; from < nodes; ++from) {
      if (to != from) {
        pairs.emplace_back(to, from);
      }
    }
  }
  shuffle(pairs, seed);
  return pairs;
}

/// Runs one event history of the vectors' README over `Node`, which has `Node(index)`, `bool apply(step)`, `json read()`,
/// `bool join(const Node&)` and is copyable.
template <typename Node>
void run_history(const nlohmann::json& history, const deliveries& way, suite_report::checks& check) {
  std::vector<Node> nodes;
  const auto count = history.at("replicas").get<std::size_t>();
  nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    nodes.emplace_back(i);
  }
  std::map<std::string, Node> images;
  const auto deliver = [&](std::size_t to, const Node& from) {
    for (int i = 0; i < way.times; ++i) {
      check.equal("joined", true, nodes.at(to).join(from));
    }
  };
  const auto& steps = history.at("steps");
  for (const std::size_t number : order_of(steps, way.seed)) {
    const auto& step = steps[number];
    const std::string what = "step " + std::to_string(number);
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
    for (const auto& [to, from] : all_merges(count, way.seed)) {
      deliver(to, nodes[from]);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    check.equal("final at " + std::to_string(i), history.at("expect_final_all_merged"), nodes[i].read());
  }
}

/// Every case of a history suite over each kind of node, with its deliveries in every way.
template <typename... Nodes>
void run_histories(const nlohmann::json& file, suite_report& report) {
  for (const auto& history : file.at("cases")) {
    suite_report::checks check{report, history.at("name").get<std::string>()};
    for (const deliveries& way : every_way) {
      (run_history<Nodes>(history, way, check), ...);
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
