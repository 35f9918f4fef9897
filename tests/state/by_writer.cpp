// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/by_writer.hpp>

#include <skerry/state/standalone.hpp>

#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

static_assert(state::policy<state::by_writer<double>>);

TEST_CASE("the writer's own numbers settle what gateways relay", "[state][by_writer][trap]") {
  standalone::by_writer<double> x;
  CHECK(x.read().error() == errc::absent);
  REQUIRE(x.relay(a, {1, 7, 10}, 20.5));
  CHECK(x.relay(a, {1, 7, 10}, 20.5).error() == errc::stale);
  CHECK(x.relay(a, {1, 7, 9}, 1.0).error() == errc::stale);
  standalone::by_writer<double> y;
  REQUIRE(y.relay(b, {1, 7, 12}, 30.5));
  REQUIRE(x.join(y));
  CHECK(x.read().value() == 30.5);
  CHECK(x.store().record_count() == 1);
  REQUIRE(x.relay(a, {2, 3, 0}, 5.0));  // restarted: sequence from 0, but a new generation
  CHECK(x.read().value() == 5);
}

TEST_CASE("two lives of one generation are told apart the same way everywhere", "[state][by_writer]") {
  standalone::by_writer<int> x;
  standalone::by_writer<int> y;
  REQUIRE(x.relay(a, {1, 5, 3}, 10));
  REQUIRE(y.relay(b, {1, 6, 3}, 20));
  standalone::by_writer<int> z = y;
  REQUIRE(x.join(y));
  REQUIRE(z.join(x));
  CHECK(x.read().value() == 20);
  CHECK(z.read().value() == 20);
}

TEST_CASE("a relayed value converges under any exchange", "[state][by_writer][laws]") {
  skerry_test::joins_keep_their_laws<standalone::by_writer<std::uint32_t, 4>>(
      100,
      [](auto& value, std::size_t at, auto& rng) {
        const state::writer_mark mark{static_cast<std::uint32_t>(rng() % 2), static_cast<std::uint32_t>(rng() % 2), rng() % 20};
        const skerry::status s = value.relay(actor_of(at), mark, static_cast<std::uint32_t>(rng() % 3));
        REQUIRE((s || s.error() == errc::stale));
      },
      [](const auto& value) { return value.read().value_or(99); });
}
