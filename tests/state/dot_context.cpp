// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/dot_context.hpp>

#include <skerry/core/random.hpp>

#include "core/histories.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>
#include <type_traits>

namespace state = skerry::state;
using skerry::errc;

static_assert(skerry::join_semilattice<state::dot_context<4, 4>>);
static_assert(std::is_trivially_copyable_v<state::dot_context<32, 12>>);

namespace {

using model = std::set<std::pair<state::actor_ref, std::uint64_t>>;

/// How many runs beyond the prefixes a set needs.
std::size_t runs_of(const model& dots) {
  std::size_t runs = 0;
  for (const auto& [who, n] : dots) {
    if (n > 1 && dots.count({who, n - 1}) == 0) {
      ++runs;
    }
  }
  return runs;
}
template <std::size_t A, std::size_t R>
void same(const state::dot_context<A, R>& c, const model& dots) {
  for (state::actor_ref who = 0; who < A; ++who) {
    std::uint64_t greatest = 0;
    for (std::uint64_t n = 0; n < 20; ++n) {
      const bool in = dots.count({who, n}) != 0;
      REQUIRE(c.contains({n, who}) == in);
      greatest = in ? n : greatest;
    }
    REQUIRE(c.next(who) == greatest + 1);
    std::uint64_t last = 0;
    c.for_each(who, [&](const state::dot_range& run) {  // sorted, and never touching
      REQUIRE((run.first == 1 || run.first > last + 1));
      REQUIRE(run.last >= run.first);
      last = run.last;
    });
  }
  REQUIRE(c.range_count() == runs_of(dots));
}

}  // namespace

TEST_CASE("a context is the set of its events, full only when the set has too many runs", "[state][dot_context]") {
  constexpr std::size_t actors = 3;
  constexpr std::size_t ranges = 4;
  using context = state::dot_context<actors, ranges>;
  std::size_t refusals = 0;
  for (std::uint64_t seed = 0; seed < skerry_test::histories(600); ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::array<context, 2> sides;
    std::array<model, 2> models;
    for (int step = 0; step < 40; ++step) {
      const auto side = skerry::uniform_below(rng, 2);
      if (skerry::uniform_below(rng, 10) == 0) {
        model both = models[side];
        both.insert(models[1 - side].begin(), models[1 - side].end());
        const context before = sides[side];
        const auto joined = sides[side].join(sides[1 - side]);
        REQUIRE(static_cast<bool>(joined) == (runs_of(both) <= ranges));
        if (joined) {
          models[side] = both;
        } else {
          REQUIRE(joined.error() == errc::full);
          REQUIRE(sides[side] == before);
          ++refusals;
        }
      } else {
        const auto who = static_cast<state::actor_ref>(skerry::uniform_below(rng, actors));
        const std::uint64_t first = 1 + skerry::uniform_below(rng, 14);
        const std::uint64_t last = first + skerry::uniform_below(rng, 3);
        model more = models[side];
        for (std::uint64_t n = first; n <= last; ++n) {
          more.insert({who, n});
        }
        const auto inserted = sides[side].insert(who, first, last);
        REQUIRE(static_cast<bool>(inserted) == (runs_of(more) <= ranges));
        if (inserted) {
          models[side] = more;
        } else {
          ++refusals;
        }
      }
      same(sides[side], models[side]);
      model missing;
      sides[side].missing(sides[1 - side], [&](const state::dot_range& run) {
        for (std::uint64_t n = run.first; n <= run.last; ++n) {
          missing.insert({run.who, n});
        }
      });
      model expected;
      for (const auto& d : models[1 - side]) {
        if (models[side].count(d) == 0) {
          expected.insert(d);
        }
      }
      REQUIRE(missing == expected);
      REQUIRE(sides[side].includes(sides[1 - side]) == expected.empty());
    }
  }
  CHECK(refusals > 20);
}

TEST_CASE("an event taken out is not in the set, all others are, and a split that finds no room changes nothing", "[state][dot_context]") {
  constexpr std::size_t ranges = 4;
  std::size_t refusals = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    state::dot_context<3, ranges> c;
    model dots;
    for (int i = 0; i < 60; ++i) {
      const auto who = static_cast<state::actor_ref>(skerry::uniform_below(random, 3));
      const std::uint64_t n = 1 + skerry::uniform_below(random, 16);
      const std::uint64_t last = n + skerry::uniform_below(random, 4);
      const auto before = c;
      if (skerry::uniform_below(random, 2) == 0) {
        if (c.insert(who, n, last)) {
          for (std::uint64_t e = n; e <= last; ++e) {
            dots.insert({who, e});
          }
        }
      } else if (c.erase({n, who})) {
        dots.erase({who, n});
      } else {
        ++refusals;
        REQUIRE(c.range_count() == ranges);
        REQUIRE(c == before);
      }
      same(c, dots);
    }
  }
  CHECK(refusals > 20);
}

TEST_CASE("a join through a map of actors lands on the right ones", "[state][dot_context]") {
  state::dot_context<4, 4> a;
  state::dot_context<4, 4> b;
  REQUIRE(a.insert(0, 1, 3));
  REQUIRE(b.insert(0, 1, 7));
  REQUIRE(b.insert(1, 4, 5));
  const std::array<state::actor_ref, 2> table{2, 0};
  REQUIRE(a.join(b, state::actor_map{table}));
  CHECK(a.prefix(2) == 7);
  CHECK(a.prefix(0) == 5);
  const std::array<state::actor_ref, 2> hole{2, state::no_actor};
  const auto before = a;
  CHECK(a.join(b, state::actor_map{hole}).error() == errc::invalid);
  CHECK(a == before);
}

TEST_CASE("the next number follows the greatest known one, not the prefix", "[state][dot_context]") {
  state::dot_context<2, 4> c;
  CHECK(c.next(0) == 1);
  REQUIRE(c.insert(0, 1, 2));
  REQUIRE(c.insert(0, 40, 40));
  CHECK(c.prefix(0) == 2);
  CHECK(c.next(0) == 41);
  REQUIRE(c.insert(1, 0xffff'ffff'ffff'ffff, 0xffff'ffff'ffff'ffff));
  CHECK(c.next(1) == 0);  // no number left
  CHECK(c.contains({0xffff'ffff'ffff'ffff, 1}));
  REQUIRE(c.insert(1, 1, 0xffff'ffff'ffff'fffe));
  CHECK(c.prefix(1) == 0xffff'ffff'ffff'ffff);
  CHECK(c.range_count() == 1);
}

TEST_CASE("numbers and actors that cannot be are refused", "[state][dot_context]") {
  state::dot_context<2, 2> c;
  CHECK(c.insert(0, 0, 3).error() == errc::invalid);
  CHECK(c.insert(0, 3, 2).error() == errc::invalid);
  CHECK(c.insert(2, 1, 1).error() == errc::invalid);
  CHECK_FALSE(c.contains({0, 0}));
  CHECK_FALSE(c.contains({1, 9}));
  CHECK(c.empty());
}
