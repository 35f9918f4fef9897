// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/delta.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <set>
#include <utility>

namespace state = skerry::state;
using skerry::errc;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
using context = state::delta_context<3, 5>;

std::set<std::pair<state::actor, std::uint64_t>> events_of(const context& c) {
  std::set<std::pair<state::actor, std::uint64_t>> all;
  for (const auto& run : c.runs()) {
    for (std::uint64_t n = run.first;; ++n) {
      all.insert({c.actors()[run.who], n});
      if (n == run.last) {
        break;
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("covered events are a set of runs in order, also at the last number of all", "[state][delta]") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const std::uint64_t base = seed % 2 == 0 ? 1 : most - 11;
    context c;
    std::set<std::pair<state::actor, std::uint64_t>> expected;
    for (int i = 0; i < 14; ++i) {
      const state::actor who{skerry::uniform_below(rng, 4), 1, 1};
      const std::uint64_t n = base + skerry::uniform_below(rng, 12);
      if (const auto added = c.insert(who, n); added) {
        expected.insert({who, n});
      } else {
        REQUIRE(added.error() == errc::full);
      }
      REQUIRE(events_of(c) == expected);
      context in_order;  // what a reader of the frame would accept
      std::uint64_t offset = 0;
      for (const auto& run : c.runs()) {
        REQUIRE(in_order.append(c.actors()[run.who], run.first, run.last));
        REQUIRE(c.offset(run.who, run.first) == offset);
        offset += run.last - run.first + 1;
      }
    }
  }
}

TEST_CASE("events that do not fit leave what is covered as it was", "[state][delta]") {
  state::delta_context<1, 0> c;
  REQUIRE(c.insert({1, 1, 1}, 4));
  CHECK(c.insert({2, 1, 1}, 1).error() == errc::full);
  CHECK(c.insert({1, 1, 1}, 9).error() == errc::full);
  REQUIRE(c.insert({1, 1, 1}, 5));
  CHECK(c.append({1, 1, 1}, 9, 9).error() == errc::full);
  CHECK(c.append({1, 1, 1}, 0, 9).error() == errc::corrupt);
  CHECK(c.append({1, 1, 1}, 9, 8).error() == errc::corrupt);
  REQUIRE(c.runs().size() == 1);
  CHECK(c.runs()[0].last == 5);
}
