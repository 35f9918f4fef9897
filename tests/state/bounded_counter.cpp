// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/bounded_counter.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/standalone.hpp>

#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

TEST_CASE("what is spent must be owned, and amounts are above zero", "[state][bounded_counter][trap]") {
  standalone::bounded_counter<> x;
  CHECK(x.dec(a, 1).error() == errc::invalid);
  CHECK(x.inc(a, 0).error() == errc::invalid);
  REQUIRE(x.inc(a, 10));
  CHECK(x.dec(b, 1).error() == errc::invalid);
  CHECK(x.transfer(a, a, 1).error() == errc::invalid);
  CHECK(x.transfer(a, b, 11).error() == errc::invalid);
  CHECK(x.transfer(a, b, 0).error() == errc::invalid);
  REQUIRE(x.transfer(a, b, 4));
  REQUIRE(x.dec(b, 4));
  CHECK(x.dec(b, 1).error() == errc::invalid);
  CHECK(x.rights(a) == 6);
  CHECK(x.read().value() == 6);
  CHECK(x.inc(a, std::numeric_limits<std::uint64_t>::max()).error() == errc::full);
  CHECK(x.read().value() == 6);
}

TEST_CASE("cut-off replicas never spend more than there is", "[state][bounded_counter][laws]") {
  skerry_test::joins_keep_their_laws<standalone::bounded_counter<4>>(
      150,
      [](auto& counter, std::size_t at, auto& rng) {
        const state::actor me = actor_of(at);
        const auto amount = skerry::uniform_below(rng, 8);
        const std::uint64_t rights = counter.rights(me);
        switch (skerry::uniform_below(rng, 3)) {
          case 0: REQUIRE(static_cast<bool>(counter.inc(me, amount)) == (amount > 0)); break;
          case 1: REQUIRE(static_cast<bool>(counter.dec(me, amount)) == (amount > 0 && amount <= rights)); break;
          default: {
            const auto to = actor_of(skerry::uniform_below(rng, 4));
            REQUIRE(static_cast<bool>(counter.transfer(me, to, amount)) == (amount > 0 && amount <= rights && !(to == me)));
          }
        }
      },
      [](const auto& counter) {
        std::uint64_t rights = 0;
        for (std::size_t i = 0; i < 4; ++i) {
          rights += counter.rights(actor_of(i));
        }
        return std::pair{counter.read().value(), rights};
      });
}

TEST_CASE("the rights of all are the value once everything has arrived", "[state][bounded_counter]") {
  standalone::bounded_counter<> x;
  REQUIRE(x.inc(a, 9));
  REQUIRE(x.inc(b, 1));
  REQUIRE(x.transfer(a, c, 5));
  REQUIRE(x.dec(c, 2));
  CHECK(x.rights(a) + x.rights(b) + x.rights(c) == x.read().value());
}
