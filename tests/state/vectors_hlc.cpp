// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/hlc.hpp>

#include "state/histories.hpp"

#include <tuple>

namespace {

namespace state = skerry::state;
using nlohmann::json;

state::stamp stamp_of(const json& pair) { return {pair.at(0).get<std::uint64_t>(), pair.at(1).get<std::uint16_t>()}; }
json print(state::stamp s) { return json::array({s.ms(), s.count()}); }

constexpr state::clock_limits unbounded{skerry::wall_ms{0}, state::clock_limits::no_limit, state::clock_limits::no_limit};

void step(state::hlc& clock, const json& s, const std::string& what, skerry_test::suite_report::checks& check) {
  const skerry::wall_ms wall{s.at("pt").get<std::uint64_t>()};
  const auto op = s.at("op").get<std::string>();
  if (op == "local") {
    check.equal(what, s.at("expect"), print(clock.tick(wall)));
  } else if (op == "recv") {
    const state::stamp before = clock.last();
    const auto answer = clock.witness(wall, stamp_of(s.at("msg")));
    check.equal(what + " accepted", s.value("expect_accept", true), static_cast<bool>(answer));
    if (!answer) {
      check.equal(what + " reason", std::string{"clock_ahead"}, std::string{skerry::to_string(answer.error())});
      check.equal(what + " unchanged", print(before), print(clock.last()));
    } else if (s.contains("expect")) {
      check.equal(what, s.at("expect"), print(answer.value()));
      check.equal(what + " kept", s.at("expect"), print(clock.last()));
    }
  } else {
    check.held(what, false, "local or recv", op);
  }
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    std::size_t number = 0;
    if (c.contains("steps")) {
      state::clock_limits limits = unbounded;
      limits.accept_ahead = c.value("max_drift", limits.accept_ahead);
      state::hlc clock = state::hlc::restore(stamp_of(c.at("start")), limits);
      for (const auto& s : c.at("steps")) {
        step(clock, s, "step " + std::to_string(number++), check);
      }
    } else if (c.contains("events")) {
      std::vector<state::hlc> clocks(c.at("nodes").get<std::size_t>(), state::hlc::restore({}, unbounded));
      for (const auto& e : c.at("events")) {
        step(clocks.at(e.at("node").get<std::size_t>()), e, "event " + std::to_string(number++), check);
      }
    } else if (c.contains("compare")) {
      for (const auto& pair : c.at("compare")) {
        const auto parse = [](const json& x) { return std::tuple{stamp_of(x), x.at(2).get<std::string>()}; };
        const auto order = parse(pair.at("a")) <=> parse(pair.at("b"));
        const std::string got = order < 0 ? "lt" : (order > 0 ? "gt" : "eq");
        check.equal("pair " + std::to_string(number++), pair.at("expect").get<std::string>(), got);
      }
    } else {
      check.held("kind", false, "steps, events or compare", c.dump());
    }
  }
}

const skerry_test::suite_registration suite{"state.hlc", &run};

}  // namespace
