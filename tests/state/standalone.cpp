// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/standalone.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <type_traits>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;

static_assert(skerry::join_semilattice<standalone::lww_register<int>> && skerry::join_semilattice<standalone::mv_register<int>>);
static_assert(skerry::join_semilattice<standalone::pn_counter<>> && skerry::join_semilattice<standalone::counter<>>);
static_assert(std::is_trivially_copyable_v<standalone::pn_counter<>> && std::is_trivially_copyable_v<standalone::lww_register<double>>);

TEST_CASE("a register keeps the greatest write, also against a later one with a smaller stamp", "[state][standalone]") {
  const state::actor a{1, 0, 0};
  const state::actor b{2, 0, 0};
  standalone::lww_register<int> x;
  CHECK(x.read().error() == errc::absent);
  REQUIRE(x.write(a, 5, state::stamp{50, 0}));
  REQUIRE(x.write(a, 6, state::stamp{40, 0}));
  CHECK(x.read().value() == 5);
  standalone::lww_register<int> y;
  REQUIRE(y.write(b, 7, state::stamp{50, 0}));
  REQUIRE(x.join(y));
  REQUIRE(y.join(x));
  CHECK(x.read().value() == 7);
  CHECK(y.read().value() == 7);
  CHECK(x.store().record_count() == 1);  // losers are pruned at once
}

TEST_CASE("standalone counters converge under any exchange", "[state][standalone][laws]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::array<standalone::pn_counter<4>, 4> nodes;
    std::int64_t sum = 0;
    for (int step = 0; step < 80; ++step) {
      const auto at = skerry::uniform_below(rng, 4);
      const std::uint64_t by = 1 + skerry::uniform_below(rng, 9);
      switch (skerry::uniform_below(rng, 3)) {
        case 0:
          REQUIRE(nodes[at].inc({at, 0, 0}, by));
          sum += static_cast<std::int64_t>(by);
          break;
        case 1:
          REQUIRE(nodes[at].dec({at, 0, 0}, by));
          sum -= static_cast<std::int64_t>(by);
          break;
        default: REQUIRE(nodes[at].join(nodes[skerry::uniform_below(rng, 4)]));
      }
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(nodes[i].join(nodes[(i + 1) % 4]));
        REQUIRE(nodes[i].join(nodes[(i + 2) % 4]));
      }
    }
    for (const auto& node : nodes) {
      REQUIRE(node.read().value() == sum);
    }
  }
}

TEST_CASE("an actor too many is refused and nothing changes", "[state][standalone]") {
  standalone::mv_register<int, 2> x;
  REQUIRE(x.write({1, 0, 0}, 1));
  REQUIRE(x.write({2, 0, 0}, 2));
  CHECK(x.write({3, 0, 0}, 3).error() == errc::full);
  CHECK(x.siblings().size() == 1);
  CHECK(x.pick().value() == 2);
  REQUIRE(x.clear({1, 0, 0}));
  CHECK(x.siblings().empty());
  CHECK(x.pick().error() == errc::absent);
}
