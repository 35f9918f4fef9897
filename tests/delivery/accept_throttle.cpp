// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/accept_throttle.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const accept_throttle_config<tick> config{};

TEST_CASE("as long as the peer takes what it gets nothing is refused here") {
  accept_throttle<tick> throttle{config, device_seed::for_test(1)};
  for (tick now = 0; now < 100'000; now += 10) {
    REQUIRE(throttle.admit(now));
    throttle.accepted(now);
  }
}

TEST_CASE("a peer that takes a fifth is sent about twice of that") {
  accept_throttle<tick> throttle{config, device_seed::for_test(2)};
  int offered = 0;
  int sent = 0;
  int taken = 0;
  for (tick now = 0; now < 600'000; now += 10) {
    ++offered;
    const bool room = now % 50 == 0;  // the peer has room for one in five
    if (throttle.admit(now)) {
      ++sent;
      // What it has no room for now it turns away; room that nobody uses is lost, so that fewer are taken than a fifth.
      if (room) {
        ++taken;
        throttle.accepted(now);
      }
    }
  }
  CHECK(sent < offered / 2);
  CHECK(sent > 2 * taken);
}

TEST_CASE("what is long ago is forgotten, and probing never stops") {
  accept_throttle<tick> throttle{config, device_seed::for_test(3)};
  int passed = 0;
  for (tick now = 0; now < 60'000; now += 10) {
    passed += throttle.admit(now) ? 1 : 0;
  }
  CHECK(passed > 0);
  CHECK(passed < 200);
  CHECK(throttle.refusal_u32() > 0xf000'0000U);
  CHECK(throttle.admit(60'000 + 240'000, 0));  // even the unluckiest draw: nothing is remembered
}

}  // namespace
