// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/failover.hpp>

#include "core/dies.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const failover_config<tick> config{};
constexpr endpoint_id first{0};
constexpr endpoint_id second{1};

TEST_CASE("the primary comes back after three good probes and a minute, not after either alone") {
  failover<tick, 2> paths{config};
  CHECK(paths.current() == first);
  paths.on_open(first, 0);
  CHECK(paths.current() == second);
  tick now = 0;
  for (int i = 0; i < 3; ++i) {
    now += 10'000;
    CHECK(paths.probe_due(now) == first);
    paths.on_result(first, outcome::ok, now);
    CHECK(paths.probe_due(now) == endpoint_id::none);
    CHECK(paths.current() == second);
  }
  paths.on_result(first, outcome::unknown, 59'000);  // the count begins anew
  for (const tick at : {60'000U, 61'000U}) {
    paths.on_result(first, outcome::ok, at);
    CHECK(paths.current() == second);
  }
  paths.on_result(first, outcome::ok, 62'000);
  CHECK(paths.current() == first);
}

TEST_CASE("when all are left, all may be tried, and the first that answers is used at once") {
  failover<tick, 2> paths{config};
  paths.on_open(first, 0);
  paths.on_open(second, 5);
  CHECK(paths.usable(first));
  CHECK(paths.usable(second));
  CHECK(paths.probe_due(100'000) == endpoint_id::none);  // sends decide
  paths.on_result(second, outcome::ok, 10);
  CHECK(paths.current() == second);
  CHECK_FALSE(paths.usable(first));
}

TEST_CASE("what is no endpoint of it is the caller's mistake, the answer that there is none included") {
  // It used to write beyond its places: `current` answers `none` when all are declared down, and who passed that on was not stopped.
  failover<tick, 2> f{config};
  f.declare(endpoint_id{0}, false);
  f.declare(endpoint_id{1}, false);
  REQUIRE(f.current() == endpoint_id::none);
  CHECK(!f.usable(endpoint_id::none));
  CHECK(skerry_test::panics([&] { f.on_result(f.current(), outcome::ok, 0); }));
  volatile std::uint8_t beyond = 2;  // which the compiler sees through otherwise, and warns of
  CHECK(skerry_test::panics([&] { f.on_open(endpoint_id{beyond}, 0); }));
  CHECK(skerry_test::panics([&] { (void)f.health_of(endpoint_id{beyond}); }));
}

TEST_CASE("an endpoint that answers but is of no use can be declared so") {
  failover<tick, 2> paths{config};
  paths.declare(first, false);
  CHECK(paths.current() == second);
  paths.declare(second, false);
  CHECK(paths.current() == endpoint_id::none);
  paths.declare(first, true);
  CHECK(paths.current() == first);
}
}  // namespace
