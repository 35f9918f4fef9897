// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/reset_counter.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/standalone.hpp>

#include "state/plant.hpp"
#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

static_assert(state::two_way_counting_policy<state::reset_counter>);

TEST_CASE("a reset takes away exactly what it had seen", "[state][reset_counter][trap]") {
  standalone::reset_counter<> x;
  REQUIRE(x.inc(a, 3));
  standalone::reset_counter<> y = x;
  REQUIRE(y.reset(b));
  REQUIRE(x.inc(a, 2));
  REQUIRE(x.join(y));
  CHECK(x.read().value() == 2);  // not 5, not 0
  REQUIRE(y.join(x));
  CHECK(y.read().value() == 2);
  REQUIRE(x.reset(a));
  CHECK(x.read().value() == 0);
  REQUIRE(x.dec(a, 4));
  CHECK(x.read().value() == -4);
  REQUIRE(x.join(y));
  CHECK(x.read().value() == -4);
}

TEST_CASE("an actor that saw the reset begins a row that no late reset can take from", "[state][reset_counter]") {
  standalone::reset_counter<> x;
  REQUIRE(x.inc(a, 10));
  standalone::reset_counter<> late = x;
  REQUIRE(late.reset(b));  // saw 10
  REQUIRE(x.reset(a));
  REQUIRE(x.inc(a, 1));
  REQUIRE(x.join(late));
  CHECK(x.read().value() == 1);
}

TEST_CASE("resets of one row by many leave the one that saw most", "[state][reset_counter]") {
  standalone::reset_counter<> x;
  REQUIRE(x.inc(a, 5));
  standalone::reset_counter<> y = x;
  REQUIRE(x.reset(b));
  REQUIRE(y.inc(a, 5));
  REQUIRE(y.reset(c));
  REQUIRE(x.join(y));
  CHECK(x.read().value() == 0);
  CHECK(x.store().record_count() == 2);  // the row, and one base
  CHECK(state::reset_counter::valid({}) == false);
}

TEST_CASE("reset counters converge under any exchange", "[state][reset_counter][laws]") {
  skerry_test::joins_keep_their_laws<standalone::reset_counter<4>>(
      150,
      [](auto& counter, std::size_t at, auto& rng) {
        const auto by = 1 + skerry::uniform_below(rng, 9);
        switch (skerry::uniform_below(rng, 4)) {
          case 0: REQUIRE(counter.reset(actor_of(at))); break;
          case 1: REQUIRE(counter.dec(actor_of(at), by)); break;
          default: REQUIRE(counter.inc(actor_of(at), by));
        }
      },
      [](const auto& counter) { return counter.read().value(); });
}

// Found by the simulator: two boards from one image draw the same next life. One of them took it and was reset by a third; the other one
// got the reset, and its own new life, which had the name already, was refused for ever.
TEST_CASE("a new life whose name a clone has taken is given up for another one", "[state][reset_counter][trap]") {
  using replica = state::replica<state::schema<skerry_test::works::parts>, state::limits::firmware>;
  using skerry_test::works::parts;
  auto original = skerry_test::make<replica>(1);
  auto twin = skerry_test::make<replica>(1);
  auto other = skerry_test::make<replica>(2);
  const state::actor before = original.self();
  REQUIRE(twin.self() == before);
  REQUIRE(twin.restored());
  REQUIRE(other.accept(skerry_test::copy(twin.inc<parts>(5).value().bytes()), 0));
  const auto reset = skerry_test::copy(other.reset<parts>().value().bytes());
  for (int lives = 0; lives < 3; ++lives) {
    REQUIRE(original.accept(reset, 0));
    REQUIRE(original.restored());
    const auto frame = original.inc<parts>(2);
    REQUIRE(frame);
    CHECK(original.self().id == before.id);
    CHECK_FALSE(original.self() == before);
    CHECK_FALSE(original.self() == twin.self());
    REQUIRE(other.accept(skerry_test::copy(frame.value().bytes()), 0));
  }
  CHECK(original.counters().amnesia == 1);
  CHECK(original.read<parts>().value() == 6);
  CHECK(other.read<parts>().value() == 6);
}
