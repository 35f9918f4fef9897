// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/refit_gate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

refit_decision judge(refit_gate_config config, int reference, int alarms, int quarantined, int flagged) {
  auto gate = refit_gate::create(config).value();
  for (int i = 0; i < reference; ++i) {
    gate.observe_reference(i < alarms);
  }
  for (int i = 0; i < quarantined; ++i) {
    gate.observe_quarantined(i < flagged);
  }
  return gate.decide();
}

}  // namespace

TEST_CASE("a candidate may alarm on the reference at exactly twice the budget and not once more") {
  const refit_gate_config config{.budget_per_row = 0.01};
  REQUIRE(judge(config, 100, 2, 0, 0) == refit_decision::accepted);
  REQUIRE(judge(config, 100, 3, 0, 0) == refit_decision::alarms_on_reference);
  REQUIRE(judge(config, 49, 1, 0, 0) == refit_decision::alarms_on_reference);
}

TEST_CASE("a candidate that forgets eleven of a hundred quarantined rows does not replace the reference") {
  const refit_gate_config config{.budget_per_row = 0.01};
  REQUIRE(judge(config, 100, 0, 100, 90) == refit_decision::accepted);
  REQUIRE(judge(config, 100, 0, 100, 89) == refit_decision::forgets_quarantine);
  REQUIRE(judge(config, 100, 0, 10, 9) == refit_decision::accepted);
  REQUIRE(judge(config, 100, 0, 10, 8) == refit_decision::forgets_quarantine);
}

TEST_CASE("no threshold makes both rules pass for a model that learnt the fault") {
  // A model for which reference and fault rows look alike flags the same share of both, whatever its threshold is.
  for (int share = 0; share <= 100; ++share) {
    REQUIRE(judge({.budget_per_row = 0.01}, 100, share, 100, share) != refit_decision::accepted);
  }
}

TEST_CASE("with nothing held there is nothing to contradict, also after a reset") {
  auto gate = refit_gate::create({.budget_per_row = 0}).value();
  REQUIRE(gate.decide() == refit_decision::accepted);
  gate.observe_reference(true);
  gate.observe_quarantined(false);
  REQUIRE(gate.decide() == refit_decision::alarms_on_reference);
  gate.reset();
  REQUIRE(gate.decide() == refit_decision::accepted);
}

TEST_CASE("a gate with a budget below zero or a share beyond one is not made") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE(refit_gate::create({.budget_per_row = -1}).error() == errc::invalid);
  REQUIRE(refit_gate::create({.budget_per_row = nan}).error() == errc::invalid);
  REQUIRE(refit_gate::create({.budget_per_row = 0, .excess = -1}).error() == errc::invalid);
  REQUIRE(refit_gate::create({.budget_per_row = 0, .quarantine_share = 1.5}).error() == errc::invalid);
  REQUIRE(refit_gate::create({.budget_per_row = 0, .quarantine_share = nan}).error() == errc::invalid);
}
