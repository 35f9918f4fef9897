// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Random histories of a device and its cloud twin: lost answers and notices, restarts, backups put back on either side.
#include "sim/twin_world.hpp"

#include <catch2/catch_test_macros.hpp>

using skerry_sim::twin_world;

TEST_CASE("a device and its twin agree after any history, lose no single writer's value and then are silent", "[state][owned_merge]") {
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
    CAPTURE(seed);
    REQUIRE(twin_world::run(twin_world::history(seed, 60), false).empty());
  }
}

TEST_CASE("a device that takes a restarted numbering for old answers does not agree with its twin", "[state][owned_merge]") {
  int diverged = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    diverged += twin_world::run(twin_world::history(seed, 60), true).empty() ? 0 : 1;
  }
  CHECK(diverged > 10);
}
