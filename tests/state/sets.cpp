// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/sets.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/standalone.hpp>

#include "state/standalone_laws.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace state = skerry::state;
namespace standalone = skerry::state::standalone;
using skerry::errc;
using namespace skerry_test::actors;

namespace {
template <typename Set>
std::vector<int> elements(const Set& s) {
  const auto all = s.elements();
  return {all.begin(), all.end()};
}
}  // namespace

TEST_CASE("an element that somebody adds outlives a removal that had not seen it", "[state][sets]") {
  standalone::aw_set<int, 8> x;
  REQUIRE(x.add(a, 5));
  standalone::aw_set<int, 8> y = x;
  REQUIRE(y.remove(b, 5));
  REQUIRE(x.add(a, 5));
  REQUIRE(x.add(a, 3));
  REQUIRE(x.join(y));
  CHECK(elements(x) == std::vector{3, 5});
  REQUIRE(x.clear(c));
  CHECK(elements(x).empty());
  CHECK(x.store().key_count() == 0);
  REQUIRE(x.join(y));  // old news
  CHECK(elements(x).empty());
}

TEST_CASE("an element that somebody removes stays out until an addition that saw it", "[state][sets]") {
  standalone::rw_set<int, 8> x;
  REQUIRE(x.add(a, 5));
  standalone::rw_set<int, 8> y = x;
  REQUIRE(y.remove(b, 5));
  REQUIRE(x.add(a, 5));
  REQUIRE(x.join(y));
  CHECK_FALSE(x.contains(5));
  REQUIRE(x.add(a, 5));
  CHECK(x.contains(5));
  REQUIRE(x.join(y));
  CHECK(x.contains(5));
}

TEST_CASE("a set that is full refuses one element more and stays as it was", "[state][sets]") {
  standalone::aw_set<int, 2> x;
  REQUIRE(x.add(a, 1));
  REQUIRE(x.add(a, 2));
  CHECK(x.add(a, 3).error() == errc::full);
  CHECK(elements(x) == std::vector{1, 2});
  REQUIRE(x.remove(a, 1));
  REQUIRE(x.add(a, 3));
  CHECK(elements(x) == std::vector{2, 3});
}

TEST_CASE("sets converge under any exchange", "[state][sets][laws]") {
  const auto operate = [](auto& set, std::size_t at, auto& rng) {
    const auto element = static_cast<int>(skerry::uniform_below(rng, 3));
    REQUIRE((skerry::uniform_below(rng, 2) == 0 ? set.add(actor_of(at), element) : set.remove(actor_of(at), element)));
  };
  const auto answer = [](const auto& set) { return elements(set); };
  skerry_test::joins_keep_their_laws<standalone::aw_set<int, 12, 4>>(60, operate, answer);
  skerry_test::joins_keep_their_laws<standalone::rw_set<int, 12, 4>>(60, operate, answer);
}
