// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_tick.hpp>

#include "delivery/driven_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::testing::link_condition;
using tick = driven_world::tick;

TEST_CASE("a super-loop that comes every 10 ms needs nothing but the time") {
  driven_world w;
  w.set_both(link_condition::refuse);
  std::vector<skerry::errc> ends;
  for (int i = 0; i < 30'000; ++i) {
    if (i == 100 || i == 200) {
      REQUIRE(w.it->send(w.bytes(), {}, w.clock.now()));
    }
    if (i == 1000) {
      w.set_both(link_condition::up);
    }
    (void)drive_tick(*w.it, w.link, w.clock.now(), [&](const action<tick>& a) { ends.push_back(a.why); });
    w.clock.run_for(10);
  }
  CHECK(w.region.effects() == 2);
  CHECK(w.region.overtaken() == 0);
  CHECK(ends == std::vector{skerry::errc::unavailable});  // the second one queued behind the first at once
  CHECK(w.it->queued() == 0);
}

TEST_CASE("a turn answers a refused start itself and ends idle, with a later time to come back") {
  driven_world w;
  w.set_both(link_condition::refuse);
  REQUIRE(w.it->post(w.bytes(), {}, w.clock.now()));
  const auto wake = drive_tick(*w.it, w.link, w.clock.now());
  CHECK(w.link.started() >= 1);
  CHECK(w.it->in_flight() == 0);
  REQUIRE(wake);
  CHECK(skerry::elapsed(wake.value(), w.clock.now()) > 0);
}
}  // namespace
