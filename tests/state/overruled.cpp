// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/overruled_ring.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct remembering : roomy {
  static constexpr std::size_t overruled = 4;
};
struct limit {
  static constexpr state::path at{"limit"};
  using policy = state::lww<float>;
  static constexpr auto writer = state::owner::cloud;
};
using node = state::replica<plant, remembering>;

constexpr std::uint64_t today = 1'790'000'000'000;

}  // namespace

TEST_CASE("a write that lost without having been seen is counted and shown with what was above it", "[state][overruled][explain]") {
  auto a = make<node>(1);
  auto b = make<node>(2);
  const auto early = copy(a.write<setpoint>(1, wall_ms{today}, "x").value().bytes());
  const auto late = copy(b.write<setpoint>(2, wall_ms{today + 5}, "x").value().bytes());
  // At one node the loser comes second, at the other one first.
  REQUIRE(a.accept(late, 0));
  REQUIRE(b.accept(early, 0));
  for (const node* n : {&a, &b}) {
    CHECK(n->counters().overruled == 1);
    const state::explanation e = n->explain("desired/setpoint/x");
    REQUIRE(e.overruled_count == 1);
    CHECK(e.overruled[0].who == a.self());
    CHECK(e.overruled[0].n == 1);
    CHECK(e.overruled[0].at.ms() == today);
    CHECK(e.overruled[0].why == state::why::later_stamp);
    CHECK(e.overruled[0].refused == errc::ok);
    CHECK(n->explain("desired/setpoint/y").overruled_count == 0);
  }
  // Hearing it once more is no second time; a write that has seen the other one overrules nobody.
  REQUIRE(a.accept(late, 0));
  REQUIRE(a.write<setpoint>(3, wall_ms{today + 9}, "x"));
  REQUIRE(b.accept(bytes_of(a), 0));
  CHECK(a.counters().overruled == 1);
  CHECK(b.counters().overruled == 1);
  CHECK(b.explain("desired/setpoint/x").overruled_count == 1);
}

TEST_CASE("of three that have not seen each other two are overruled, on a permanent path too, where nothing is left of them",
          "[state][overruled]") {
  for (const bool permanent : {true, false}) {
    CAPTURE(permanent);
    auto reader = make<node>(9);
    std::vector<state::actor> writers;
    for (std::uint64_t id = 1; id <= 3; ++id) {
      auto w = make<node>(id);
      writers.push_back(w.self());
      const wall_ms at{today + (id == 2 ? 7 : 0)};
      REQUIRE(reader.accept(copy((permanent ? w.write<recipe>(1, at) : w.write<setpoint>(1, at, "x")).value().bytes()), 0));
    }
    CHECK(reader.counters().overruled == 2);
    const state::explanation e = reader.explain(permanent ? "recipe" : "desired/setpoint/x");
    REQUIRE(e.overruled_count == 2);
    CHECK(e.overruled[0].who == writers[2]);  // the last one first
    CHECK(e.overruled[1].who == writers[0]);
    CHECK(e.live == (permanent ? 1 : 3));
  }
}

TEST_CASE("equal stamps name the actor as the reason; siblings and counters overrule nobody", "[state][overruled]") {
  auto a = make<node>(1);
  auto b = make<node>(2);
  REQUIRE(a.write<setpoint>(1, wall_ms{today}, "x"));
  REQUIRE(b.write<setpoint>(1, wall_ms{today}, "x"));
  REQUIRE(a.write<mode>(1, wall_ms{today}, "x"));
  REQUIRE(b.write<mode>(2, wall_ms{today + 1}, "x"));
  REQUIRE(a.inc<stock>(1));
  REQUIRE(b.inc<stock>(1));
  REQUIRE(a.accept(bytes_of(b), 0));
  CHECK(a.counters().overruled == 1);
  CHECK(a.explain("desired/setpoint/x").overruled[0].why == state::why::higher_actor);
  CHECK(a.explain("mode/x").overruled_count == 0);
  CHECK(a.explain("stock").overruled_count == 0);
}

TEST_CASE("the ring holds the last ones of all keys, and a copy of the replica has them", "[state][overruled]") {
  auto a = make<node>(1);
  auto b = make<node>(2);
  for (int i = 0; i < 6; ++i) {
    REQUIRE(a.write<setpoint>(1, wall_ms{today}, i));
    REQUIRE(b.write<setpoint>(2, wall_ms{today + 5}, i));
  }
  REQUIRE(a.accept(bytes_of(b), 0));
  CHECK(a.counters().overruled == 6);
  const node c{a};
  std::size_t shown = 0;
  for (int i = 0; i < 6; ++i) {
    const std::string key = "desired/setpoint/" + std::to_string(i);
    CHECK(a.explain(key).overruled_count == (i < 2 ? 0 : 1));
    shown += c.explain(key).overruled_count;
  }
  CHECK(shown == 4);
}

TEST_CASE("an operation of somebody who is not the owner is shown as refused", "[state][overruled]") {
  using owned = state::replica<state::schema<limit>, remembering>;
  auto a = make<owned>(1);
  CHECK(a.write<limit>(1, wall_ms{today}).error() == errc::not_owner);
  CHECK(a.write<limit>(2, wall_ms{today}).error() == errc::not_owner);
  const state::explanation e = a.explain("limit");
  REQUIRE(e.overruled_count == 1);
  CHECK(e.overruled[0].refused == errc::not_owner);
  CHECK(e.overruled[0].who == a.self());
  CHECK(e.live == 0);
  CHECK(a.counters().overruled == 0);
  CHECK(a.counters().refused_not_owner == 2);
}

TEST_CASE("without a ring losses are counted all the same", "[state][overruled]") {
  auto a = make<state::replica<plant, roomy>>(1);
  auto b = make<state::replica<plant, roomy>>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{today}));
  REQUIRE(a.accept(copy(b.write<recipe>(2, wall_ms{today + 1}).value().bytes()), 0));
  CHECK(a.counters().overruled == 1);
  CHECK(a.explain("recipe").overruled_count == 0);
}
