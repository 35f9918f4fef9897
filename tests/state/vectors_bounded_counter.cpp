// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include "state/histories.hpp"

#include <string>
#include <vector>

namespace {

namespace state = skerry::state;
using counter = state::standalone::bounded_counter<>;

state::actor actor_of(std::size_t index) { return {index, 0, 0}; }

void run_case(const nlohmann::json& script, const skerry_test::deliveries& way, skerry_test::suite_report::checks& check) {
  std::vector<counter> nodes(script.at("replicas").get<std::size_t>());
  const auto deliver = [&](std::size_t to, std::size_t from) {
    const counter image = nodes.at(from);
    for (int i = 0; i < way.times; ++i) {
      check.equal("joined", true, static_cast<bool>(nodes.at(to).join(image)));
    }
  };
  const auto& steps = script.at("steps");
  for (const std::size_t number : skerry_test::order_of(steps, way.seed)) {
    const auto& step = steps[number];
    const std::string what = "step " + std::to_string(number);
    if (step.contains("merge")) {
      deliver(step["merge"][0].get<std::size_t>(), step["merge"][1].get<std::size_t>());
      continue;
    }
    const auto at = step.at("r").get<std::size_t>();
    const auto op = step.at("op").get<std::string>();
    if (op == "read") {
      check.equal(what, step.at("expect"),
                  nlohmann::json{{"value", nodes.at(at).read().value()}, {"rights", nodes[at].rights(actor_of(at))}});
      continue;
    }
    const auto v = step.at("v").get<std::int64_t>();
    const auto amount = v < 0 ? 0 : static_cast<std::uint64_t>(v);  // the counters take no negative amounts
    skerry::status done = skerry::errc::unsupported;
    if (op == "inc") {
      done = nodes.at(at).inc(actor_of(at), amount);
    } else if (op == "dec") {
      done = nodes.at(at).dec(actor_of(at), amount);
    } else if (op == "transfer") {
      done = nodes.at(at).transfer(actor_of(at), actor_of(step.at("to").get<std::size_t>()), amount);
    } else {
      check.held(what, false, "an operation of a known name", op);
    }
    check.equal(what, step.at("ok").get<bool>(), static_cast<bool>(done));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& [to, from] : skerry_test::all_merges(nodes.size(), way.seed)) {
      deliver(to, from);
    }
  }
  for (const counter& node : nodes) {
    check.equal("global", script.at("expect_global_value").get<std::uint64_t>(), node.read().value());
  }
}

const skerry_test::suite_registration suite{
    "state.bounded_counter", [](const nlohmann::json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
      for (const auto& script : file.at("cases")) {
        skerry_test::suite_report::checks check{report, script.at("name").get<std::string>()};
        for (const skerry_test::deliveries& way : skerry_test::every_way) {
          run_case(script, way, check);
        }
      }
    }};

}  // namespace
