// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/stability.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using state::actor;
using stability = state::stability<6, 8>;
using vector_type = stability::vector_type;

static_assert(skerry::join_semilattice<stability>);
static_assert(sizeof(stability) <= 6 * (24 * 8 + 24) + 8, "as documented");

namespace {

vector_type random_vector(skerry::splitmix64& rng, std::uint64_t actors) {
  vector_type v;
  for (std::uint64_t id = 1; id <= actors; ++id) {
    (void)v.raise({id, 1, 0}, skerry::uniform_below(rng, 5U));
  }
  return v;
}
stability random_rows(skerry::splitmix64& rng) {
  stability s;
  for (std::uint32_t i = skerry::uniform_below(rng, 7U); i > 0; --i) {
    (void)s.acknowledge({1 + skerry::uniform_below(rng, 9U), 1, 0}, random_vector(rng, 1 + skerry::uniform_below(rng, 8U)));
  }
  return s;
}
struct group {
  std::vector<actor> who;
  template <typename F>
  void for_each(F&& f) const {
    for (const actor& a : who) {
      f(a);
    }
  }
};

}  // namespace

TEST_CASE("rows of acknowledgements join to the same ones in any order, or do not fit and stay as they were", "[state][stability]") {
  std::size_t full = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const stability a = random_rows(rng);
    const stability b = random_rows(rng);
    const stability c = random_rows(rng);
    stability ab = a;
    stability ba = b;
    if (!ab.join(b)) {
      REQUIRE(ab == a);
      REQUIRE_FALSE(ba.join(a));
      ++full;
      continue;
    }
    REQUIRE(ba.join(a));
    REQUIRE(ab == ba);
    stability again = ab;
    REQUIRE(again.join(b));
    REQUIRE(again == ab);
    stability bc = b;
    stability abc = ab;
    stability a_bc = a;
    if (bc.join(c) && abc.join(c)) {
      REQUIRE(a_bc.join(bc));
      REQUIRE(abc == a_bc);
    }
  }
  CHECK(full > 50);
}

TEST_CASE("what is stable only grows while the group stays, and a member without a row holds everything back", "[state][stability]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    stability s;
    group members{{{1, 1, 0}, {2, 1, 0}, {3, 1, 0}}};
    state::stable_cut<8> before;
    for (int step = 0; step < 30; ++step) {
      REQUIRE(s.acknowledge(members.who[skerry::uniform_below(rng, 3U)], random_vector(rng, 5)));
      const auto now = s.cut(members);
      REQUIRE(now.members == 3);
      REQUIRE(now.low.includes(before.low));
      REQUIRE(now.high.includes(before.high));
      bool all = true;
      for (const actor& who : members.who) {
        const vector_type* has = s.find(who);
        all = all && has != nullptr;
        REQUIRE((has == nullptr || has->includes(now.low)));
      }
      REQUIRE((all || now.low.empty()));
      before = now;
    }
    members.who.push_back({4, 1, 0});
    CHECK(s.cut(members).low.empty());  // has joined, has not caught up
    members.who.pop_back();
    s.drop_if([](const actor& who) { return who.id == 3; });
    members.who.pop_back();
    CHECK(s.cut(members).low.includes(before.low));  // who has left holds nothing back
  }
}

TEST_CASE("a tree that merges cuts upwards comes to what a mesh comes to", "[state][stability]") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    stability mesh;
    group everybody;
    state::stable_cut<8> root;
    for (std::uint64_t region = 0; region < 2; ++region) {
      stability here;
      group children;
      for (std::uint64_t i = 0; i < 1 + skerry::uniform_below(rng, 3U); ++i) {
        const actor who{1 + region * 3 + i, 1, 0};
        children.who.push_back(who);
        everybody.who.push_back(who);
        if (skerry::uniform_below(rng, 8U) != 0) {
          const vector_type has = random_vector(rng, 8);
          REQUIRE(here.acknowledge(who, has));
          REQUIRE(mesh.acknowledge(who, has));
        }
      }
      REQUIRE(root.merge(here.cut(children)));
    }
    REQUIRE(root == mesh.cut(everybody));
  }
}
