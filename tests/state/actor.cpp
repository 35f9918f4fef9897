// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/actor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <type_traits>

namespace state = skerry::state;
using state::detection;

static_assert(std::is_trivially_copyable_v<state::actor> && sizeof(state::actor) == 16);
static_assert(std::is_trivially_copyable_v<state::identity> && sizeof(state::identity) <= 32);
static_assert(std::is_trivially_copyable_v<state::actor_table<4>>);

TEST_CASE("clones that take a new life at the same moment do not collide", "[state][actor]") {
  skerry::splitmix64 a{1};
  skerry::splitmix64 b{2};
  auto one = state::identity::create(7, state::role::gateway, a);
  auto other = one;
  one.renew(5, a);
  other.renew(5, b);
  CHECK(one.self().generation == 6);
  CHECK(other.self().generation == 6);
  CHECK(one.self() != other.self());
}

TEST_CASE("a new life lies above every generation known and never repeats its nonce", "[state][actor]") {
  const auto zero = [] { return std::uint64_t{0}; };  // the worst source of randomness
  auto me = state::identity::create(7, state::role::device, zero);
  CHECK(me.self().generation == 1);
  auto before = me.self();
  me.renew(0xffff'fffe);
  CHECK(me.self().generation == 0xffff'ffff);
  for (int i = 0; i < 10; ++i) {
    before = me.self();
    me.renew(0xffff'ffff, zero);
    CHECK(me.self() != before);
  }
}

TEST_CASE("detection answers by what is heard about the own id", "[state][actor]") {
  skerry::splitmix64 rng{1};
  auto me = state::identity::create(7, state::role::device, rng);
  me.renew(4, rng);
  const state::actor self = me.self();
  const state::actor older{7, 2, 9};
  const state::actor newer{7, 6, 9};
  const state::actor sibling{7, self.generation, self.nonce + 1};
  CHECK(me.detect({self, 10}, 10) == detection::ok);
  CHECK(me.detect({self, 11}, 10) == detection::amnesia_or_clone);
  CHECK(me.detect({self, 5, false}, 10) == detection::clone);
  CHECK(me.detect({newer, 1}, 10) == detection::amnesia_or_clone);
  CHECK(me.detect({older, 800}, 10) == detection::ok);
  CHECK(me.detect({older, 800, true, true}, 10) == detection::clone);
  CHECK(me.detect({sibling, 3}, 10) == detection::amnesia_or_clone);
  CHECK(me.detect({sibling, 3, true, true}, 10) == detection::clone);
  CHECK(me.detect({{8, 1, 1}, 1, true, true}, 10) == detection::ok);
  const std::uint64_t retired[] = {8};
  CHECK(me.detect({{8, 1, 1}, 1, true, true}, 10, retired) == detection::fenced);
  CHECK(me.detect({{8, 1, 1}, 1, true, false}, 10, retired) == detection::ok);
}

TEST_CASE("a name in danger is given up each time, a higher generation is answered once", "[state][actor]") {
  skerry::splitmix64 rng{1};
  auto me = state::identity::create(7, state::role::device, rng);
  const state::heard higher{{7, 9, 1}, 1};
  me.conclude(higher, me.detect(higher, 0));
  CHECK(me.in_doubt());
  me.renew(9);
  CHECK(me.self().generation == 10);
  const state::heard still_higher{{7, 11, 1}, 1};
  me.conclude(still_higher, me.detect(still_higher, 0));
  CHECK_FALSE(me.in_doubt());
  for (int i = 0; i < 3; ++i) {
    const state::heard more{me.self(), 5};
    me.conclude(more, me.detect(more, 4));
    CHECK(me.in_doubt());
    me.renew(me.self().generation);
  }
}

TEST_CASE("an actor keeps its number, and the table tells them in order", "[state][actor]") {
  state::actor_table<3> table;
  CHECK(table.insert({5, 1, 0}).value() == 0);
  CHECK(table.insert({2, 1, 0}).value() == 1);
  CHECK(table.insert({5, 1, 0}).value() == 0);
  CHECK(table.insert({5, 7, 0}).value() == 2);
  CHECK(table.insert({9, 1, 0}).error() == skerry::errc::full);
  CHECK(table.find({9, 1, 0}) == state::no_actor);
  CHECK(table.find({5, 7, 0}) == 2);
  CHECK(table.sorted(0) == 1);
  CHECK(table.sorted(2) == 2);
  CHECK(table.greatest_generation(5) == 7);
  CHECK(table.greatest_generation(2) == 1);
  CHECK(table.greatest_generation(3) == 0);
}

TEST_CASE("a table that tries first where an id points to finds what the other one finds, also among lives of one device",
          "[state][actor]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    const auto anybody = [&random] {
      const std::uint64_t id = random() % 3 == 0 ? random() : random() % 5;
      return state::actor{id, static_cast<std::uint32_t>(random() % 3), static_cast<std::uint32_t>(random() % 3)};
    };
    state::actor_table<20> plain;
    state::actor_table<20, true> quick;
    for (int i = 0; i < 60; ++i) {
      const state::actor who = anybody();
      REQUIRE(quick.find(who) == plain.find(who));
      const auto a = plain.insert(who);
      const auto b = quick.insert(who);
      REQUIRE(a.error() == b.error());
      REQUIRE(quick.find(who) == (a ? a.value() : state::no_actor));
      REQUIRE(quick.find({}) == plain.find({}));
    }
  }
}
