// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/member_view.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/stability.hpp>

#include "state/histories.hpp"
#include "vectors/vector_suite.hpp"

#include <string>

namespace {

namespace state = skerry::state;
using nlohmann::json;
using roster = state::roster<16>;
using stability = state::stability<12, 16>;

void run_case(const json& c, skerry_test::suite_report::checks& check) {
  skerry_test::name_numbers names;
  const auto name_all = [&names](const json& vector) {
    for (const auto& [who, n] : vector.items()) {
      names.add(who);
    }
  };
  for (const auto& [who, has] : c.at("known").items()) {
    names.add(who);
    name_all(has);
  }
  name_all(c.at("expect_stable"));
  for (const auto& who : c.at("retired")) {
    names.add(who.get<std::string>());
  }
  for (const auto& dot : c.at("tombstone_dots")) {
    names.add(dot.at(0).get<std::string>());
  }
  const auto actor_of = [&names](const std::string& name) { return state::actor{names.number(name) + 1, 1, 0}; };

  roster lives;
  stability rows;
  for (const auto& [who, has] : c.at("known").items()) {
    check.equal(who + " takes part", true, static_cast<bool>(lives.admit(actor_of(who), state::role::device)));
  }
  for (const auto& who : c.at("retired")) {
    const state::actor gone = actor_of(who.get<std::string>());
    check.equal(who.get<std::string>() + " took part", true, static_cast<bool>(lives.admit(gone, state::role::device)));
    // It is silent and has nothing: as long as it takes part, nothing is stable.
    check.equal("held back", true, rows.cut(lives.current()).low.empty());
    check.equal(who.get<std::string>() + " retires", true, static_cast<bool>(lives.retire(gone, 0, {})));
  }
  for (int times = 0; times < 2; ++times) {
    for (const auto& [who, has] : c.at("known").items()) {
      stability::vector_type vector;
      for (const auto& [of, n] : has.items()) {
        check.equal("raised", true, static_cast<bool>(vector.raise(actor_of(of), n.get<std::uint64_t>())));
      }
      check.equal("acknowledged", true, static_cast<bool>(rows.acknowledge(actor_of(who), vector)));
    }
  }
  const auto cut = rows.cut(lives.current());
  json stable = json::object();
  for (const auto& e : cut.low.entries()) {
    stable[names.name(e.who.id - 1)] = e.n;
  }
  check.equal("stable", c.at("expect_stable"), stable);
  const state::detail::member_view view{lives, cut.low, state::actor{}};
  json collectable = json::array();
  for (const auto& dot : c.at("tombstone_dots")) {
    if (view.stable(actor_of(dot.at(0).get<std::string>()), dot.at(1).get<std::uint64_t>())) {
      collectable.push_back(dot);
    }
  }
  check.equal("collectable", c.at("expect_collectable"), collectable);
}

void run(const json& file, const std::filesystem::path&, skerry_test::suite_report& report) {
  for (const auto& c : file.at("cases")) {
    skerry_test::suite_report::checks check{report, c.at("name").get<std::string>()};
    run_case(c, check);
  }
}

const skerry_test::suite_registration suite{"state.stability_gc", &run};

}  // namespace
