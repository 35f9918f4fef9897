// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/version_vector.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <type_traits>

namespace state = skerry::state;
using skerry::errc;

static_assert(skerry::join_semilattice<state::version_vector<4>>);
static_assert(std::is_trivially_copyable_v<state::version_vector<4>>);

namespace {
constexpr std::size_t room = 12;
using vector = state::version_vector<room>;
using model = std::map<std::uint64_t, std::uint64_t>;

std::pair<vector, model> any(skerry::splitmix64& rng) {
  std::pair<vector, model> made;
  for (std::uint32_t i = skerry::uniform_below(rng, 8); i > 0; --i) {
    const std::uint64_t id = skerry::uniform_below(rng, 12);
    const std::uint64_t n = skerry::uniform_below(rng, 4);
    REQUIRE(made.first.raise({id, 0, 0}, n));
    if (n > 0) {
      made.second[id] = std::max(made.second[id], n);
    }
  }
  return made;
}
model print(const vector& v) {
  model out;
  for (const auto& e : v.entries()) {
    out[e.who.id] = e.n;
  }
  return out;
}
}  // namespace

TEST_CASE("a version vector is a map of maxima, whatever is done to it", "[state][version_vector]") {
  skerry::splitmix64 rng{42};
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    const auto [a, ma] = any(rng);
    const auto [b, mb] = any(rng);
    const auto [c, mc] = any(rng);
    REQUIRE(print(a) == ma);
    model maximum = ma;
    model minimum;
    model left;
    bool more = false;
    bool less = false;
    for (const auto& [id, n] : mb) {
      maximum[id] = std::max(maximum[id], n);
      less = less || n > (ma.count(id) != 0 ? ma.at(id) : 0);
    }
    for (const auto& [id, n] : ma) {
      const std::uint64_t other = mb.count(id) != 0 ? mb.at(id) : 0;
      more = more || n > other;
      if (other > 0) {
        minimum[id] = std::min(n, other);
      }
      if (n > other) {
        left[id] = n;
      }
    }
    vector joined = a;
    REQUIRE(joined.join(b));
    REQUIRE(print(joined) == maximum);
    vector met = a;
    met.meet(b);
    REQUIRE(print(met) == minimum);
    REQUIRE(print(a.difference(b)) == left);
    const auto expected =
        more ? (less ? state::causal::concurrent : state::causal::after) : (less ? state::causal::before : state::causal::equal);
    REQUIRE(a.compare(b) == expected);
    REQUIRE(a.includes(b) == !less);

    vector ab_c = joined;
    REQUIRE(ab_c.join(c));
    vector bc = b;
    REQUIRE(bc.join(c));
    vector a_bc = a;
    REQUIRE(a_bc.join(bc));
    REQUIRE(ab_c == a_bc);
    vector again = joined;
    REQUIRE(again.join(joined));
    REQUIRE(again == joined);
  }
}

TEST_CASE("a version vector that is full stays as it was", "[state][version_vector]") {
  state::version_vector<2> a;
  state::version_vector<2> b;
  REQUIRE(a.raise({1, 0, 0}, 5));
  REQUIRE(a.raise({2, 0, 0}, 5));
  CHECK(a.raise({3, 0, 0}, 1).error() == errc::full);
  CHECK(a.raise({3, 0, 0}, 0));
  CHECK(a.raise({1, 0, 0}, 3));
  CHECK(a[{1, 0, 0}] == 5);
  REQUIRE(b.raise({1, 0, 0}, 9));
  REQUIRE(b.raise({3, 0, 0}, 1));
  const auto before = a;
  CHECK(a.join(b).error() == errc::full);
  CHECK(a == before);
  // Two lives of one device are two actors.
  CHECK(a[{1, 1, 0}] == 0);
  CHECK(a[{1, 0, 1}] == 0);
}
