// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/lww.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string_view>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

static_assert(state::written_policy<state::lww<double>> && !state::counting_policy<state::lww<double>>);
static_assert(state::lww<bool>::removable && state::lww<bool>::kind == 0x81);

// Only what has one encoding per value can be stored.
template <typename T>
concept can_stand_here = requires {
  typename state::lww<T>;
};
static_assert(can_stand_here<float> && can_stand_here<state::role>);
static_assert(!can_stand_here<const char*> && !can_stand_here<long double> && !can_stand_here<std::string_view>);

TEST_CASE("a permanent path keeps one record, any other keeps concurrent losers until the next write", "[state][lww]") {
  using small = state::replica<plant>;
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{500}));
  REQUIRE(a.write<setpoint>(1.0, wall_ms{500}, 1));
  REQUIRE(b.write<recipe>(2, wall_ms{600}));
  REQUIRE(b.write<setpoint>(2.0, wall_ms{600}, 1));
  REQUIRE(a.join(b));
  CHECK(a.explain("recipe").live == 1);
  CHECK(a.explain("desired/setpoint/1").live == 2);
  REQUIRE(a.write<setpoint>(3.0, wall_ms{700}, 1));
  CHECK(a.explain("desired/setpoint/1").live == 1);
  CHECK(a.read<setpoint>(1).value() == 3.0);
}

TEST_CASE("on a path that is not permanent the loser is what a removal of the winner leaves", "[state][lww][trap]") {
  // Why losers may not be dropped there: b has both records and removes only what it saw of them.
  using small = state::replica<plant>;
  auto a = make<small>(1);
  auto b = make<small>(2);
  const auto loser = copy(a.write<setpoint>(1.0, wall_ms{500}, 1).value().bytes());
  REQUIRE(b.write<setpoint>(2.0, wall_ms{600}, 1));
  REQUIRE(a.join(b));
  REQUIRE(b.remove<setpoint>(1));  // has seen its own write only
  REQUIRE(b.accept(loser, 0));
  REQUIRE(a.join(b));
  CHECK(a.read<setpoint>(1).value() == 1.0);
  CHECK(b.read<setpoint>(1).value() == 1.0);
  CHECK(bytes_of(a) == bytes_of(b));
}
