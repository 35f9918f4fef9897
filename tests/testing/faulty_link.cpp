// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/faulty_link.hpp>

#include "core/dies.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <vector>

namespace {
using namespace skerry::delivery;
using namespace skerry::testing;
using tick = std::uint32_t;

struct ends {
  virtual_clock<tick> clock;
  faulty_link<tick> link;
  std::vector<std::uint64_t> arrived;
  int answers = 0;
  explicit ends(faulty_link_config<tick> config = {}, std::uint64_t seed = 1) : link{clock, seed, config} {
    link.on_request([this](endpoint_id, const item_view& item) {
      arrived.push_back(item.id.seq);
      return reply<tick>{outcome::ok, skerry::delivery::no_hint<tick>};
    });
    link.on_answer([this](send_token, reply<tick>, tick) { ++answers; });
  }
  skerry::status send(std::uint64_t seq) {
    item_view item;
    item.id.seq = seq;
    return link.start(endpoint_id{0}, send_token{}, item, attempt_info{});
  }
};

TEST_CASE("each condition of a link does what it says") {
  ends e;
  REQUIRE(e.send(1));
  e.clock.run_for(9);
  CHECK(e.arrived.empty());
  e.clock.run_for(11);
  CHECK(e.answers == 1);
  e.link.set(endpoint_id{0}, link_condition::refuse);
  CHECK(e.send(2).error() == skerry::errc::unavailable);
  e.link.set(endpoint_id{0}, link_condition::silent);
  CHECK(e.send(3));
  e.link.set(endpoint_id{0}, link_condition::no_replies);
  CHECK(e.send(4));
  e.clock.run_for(1000);
  CHECK(e.arrived == std::vector<std::uint64_t>{1, 4});
  CHECK(e.answers == 1);
  e.link.set_at(e.clock.now() + 50, endpoint_id{0}, link_condition::up);
  e.clock.run_for(100);
  CHECK(e.send(5));
  e.clock.run_for(100);
  CHECK(e.answers == 2);
}

TEST_CASE("loss, repeats and reordering come as often as configured, and the same seed brings the same ones") {
  const auto run = [](std::uint64_t seed) {
    ends e{{.delay = 10, .jitter = 100, .lose = 6554, .repeat = 6554}, seed};
    for (std::uint64_t i = 1; i <= 10'000; ++i) {
      (void)e.send(i);
      e.clock.run_for(1);
    }
    e.clock.run_for(1000);
    return e.arrived;
  };
  const auto arrived = run(1);
  // 10 % lost, 10 % of the rest twice: 9900 arrivals.
  CHECK(arrived.size() > 9700);
  CHECK(arrived.size() < 10'100);
  int overtaken = 0;
  for (std::size_t i = 1; i < arrived.size(); ++i) {
    overtaken += arrived[i] < arrived[i - 1] ? 1 : 0;
  }
  CHECK(overtaken > 1000);
  CHECK(arrived == run(1));
  CHECK(arrived != run(2));
}

TEST_CASE("an endpoint that no courier can have is refused, not taken for another one") {
  // The ninth endpoint was the first one: silencing it silenced the wrong link.
  ends e;
  CHECK(skerry_test::panics([&] { e.link.set(endpoint_id{8}, link_condition::silent); }));
  e.link.set(endpoint_id{7}, link_condition::silent);
  CHECK(e.link.condition(endpoint_id{0}) == link_condition::up);
}

TEST_CASE("a jitter of seconds is one on a clock of nanoseconds as well") {
  // The jitter was cut to 32 bits: 2^32 ns was a draw below zero things, 6 s came out as less than 2 s.
  using nanoseconds = std::chrono::steady_clock::time_point;
  virtual_clock<nanoseconds> clock;
  faulty_link_config<nanoseconds> config{.jitter = std::chrono::nanoseconds{6'000'000'000}};
  faulty_link<nanoseconds> link{clock, 1, config};
  int arrived = 0;
  link.on_request([&](endpoint_id, const item_view&) {
    ++arrived;
    return reply<nanoseconds>{outcome::ok, skerry::delivery::no_hint<nanoseconds>};
  });
  for (int i = 0; i < 200; ++i) {
    REQUIRE(link.start(endpoint_id{0}, send_token{}, item_view{}, attempt_info{}));
  }
  clock.run_for(std::chrono::seconds{3});
  CHECK(arrived > 50);
  CHECK(arrived < 150);
  clock.run_for(std::chrono::seconds{4});
  CHECK(arrived == 200);
}
}  // namespace
