// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/flags.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/standalone.hpp>

#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

static_assert(state::policy<state::ew_flag> && state::ew_flag::removable);
static_assert(state::policy<state::dw_flag<>> && !state::dw_flag<>::removable);
static_assert(state::dw_flag<>::kind != state::dw_flag<state::initially_on>::kind);

TEST_CASE("an enabling that nobody saw outlives a disabling", "[state][flags]") {
  standalone::ew_flag<> x;
  CHECK_FALSE(x.read());
  REQUIRE(x.enable(a));
  standalone::ew_flag<> y = x;
  REQUIRE(y.disable(b));
  REQUIRE(x.enable(a));
  REQUIRE(x.join(y));
  CHECK(x.read());
  REQUIRE(x.disable(b));
  CHECK_FALSE(x.read());
  CHECK(x.store().record_count() == 0);
}

TEST_CASE("a disabling that nobody saw outlives an enabling, whatever the flag was at first", "[state][flags]") {
  standalone::dw_flag<> off;
  standalone::dw_flag<state::initially_on> on;
  CHECK_FALSE(off.read());
  CHECK(on.read());
  REQUIRE(off.enable(a));
  standalone::dw_flag<> other = off;
  REQUIRE(other.disable(b));
  REQUIRE(off.enable(a));
  CHECK(off.read());
  REQUIRE(off.join(other));
  CHECK_FALSE(off.read());
  REQUIRE(off.enable(a));  // saw the disabling
  CHECK(off.read());
  REQUIRE(on.disable(c));
  CHECK_FALSE(on.read());
}

TEST_CASE("flags converge under any exchange", "[state][flags][laws]") {
  const auto operate = [](auto& flag, std::size_t at, auto& rng) {
    REQUIRE((skerry::uniform_below(rng, 2) == 0 ? flag.enable(actor_of(at)) : flag.disable(actor_of(at))));
  };
  const auto answer = [](const auto& flag) { return flag.read(); };
  skerry_test::joins_keep_their_laws<standalone::ew_flag<4>>(60, operate, answer);
  skerry_test::joins_keep_their_laws<standalone::dw_flag<false, 4>>(60, operate, answer);
  skerry_test::joins_keep_their_laws<standalone::dw_flag<true, 4>>(60, operate, answer);
}
