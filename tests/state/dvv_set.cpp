// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/dvv_set.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

namespace state = skerry::state;
using skerry::errc;
using set = state::dvv_set<int, 3, 4>;

static_assert(skerry::join_semilattice<set>);

TEST_CASE("a write takes the place of what its client had read, and of nothing else", "[state][dvv_set]") {
  set server;
  REQUIRE(server.put(1, {}, 7));
  const auto first = server.context();
  REQUIRE(server.put(2, {}, 7));  // a client that has read nothing
  CHECK(server.size() == 2);
  REQUIRE(server.put(3, first, 7));  // saw 1 only
  CHECK(server.size() == 2);
  int sum = 0;
  server.for_each([&sum](int v) { sum += v; });
  CHECK(sum == 5);
  REQUIRE(server.put(4, server.context(), 7));
  CHECK(server.size() == 1);
}

TEST_CASE("a write that does not fit leaves the set as it was", "[state][dvv_set]") {
  set server;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(server.put(i, {}, 1));
  }
  const set before = server;
  CHECK(server.put(5, {}, 1).error() == errc::full);
  CHECK(server == before);
  set ids;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    REQUIRE(ids.put(0, {}, id));
  }
  const set three = ids;
  CHECK(ids.put(0, {}, 4).error() == errc::full);
  CHECK(ids == three);
  set used_up;
  REQUIRE(used_up.restore({1, std::numeric_limits<std::uint64_t>::max(), {}}));
  CHECK(used_up.put(1, {}, 1).error() == errc::full);
  CHECK(used_up.restore({1, 1, {}}).error() == errc::invalid);
  CHECK(used_up.restore({2, 0, {}}).error() == errc::invalid);
}

TEST_CASE("siblings of any exchange are the writes that no later writer had read", "[state][dvv_set][laws]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    using wide = state::dvv_set<int, 3, 40>;
    std::array<wide, 3> servers;
    std::array<wide, 4> images;  // what clients have read: set and context
    std::array<std::array<bool, 40>, 40> saw{};
    std::array<std::array<bool, 40>, 3> knows{};
    std::array<std::array<bool, 40>, 4> has_read{};
    int writes = 0;
    for (int step = 0; step < 60; ++step) {
      const auto at = skerry::uniform_below(rng, 3);
      const auto client = skerry::uniform_below(rng, 4);
      switch (skerry::uniform_below(rng, 3)) {
        case 0:
          if (writes < 40) {
            const auto w = static_cast<std::size_t>(writes);
            REQUIRE(servers[at].put(writes, images[client].context(), 10 + at));
            saw[w] = has_read[client];
            knows[at][w] = true;
            for (std::size_t i = 0; i < 40; ++i) {
              knows[at][i] = knows[at][i] || has_read[client][i];
            }
            ++writes;
          }
          break;
        case 1:
          images[client] = servers[at];
          has_read[client] = knows[at];
          break;
        default: {
          const auto from = skerry::uniform_below(rng, 3);
          REQUIRE(servers[at].join(servers[from]));
          for (std::size_t i = 0; i < 40; ++i) {
            knows[at][i] = knows[at][i] || knows[from][i];
          }
        }
      }
      for (std::size_t s = 0; s < 3; ++s) {
        std::array<bool, 40> expected{};
        for (std::size_t w = 0; w < 40; ++w) {
          expected[w] = knows[s][w];
          for (std::size_t later = 0; later < 40; ++later) {
            expected[w] = expected[w] && !(knows[s][later] && saw[later][w]);
          }
        }
        std::array<bool, 40> got{};
        servers[s].for_each([&got](int v) { got[static_cast<std::size_t>(v)] = true; });
        REQUIRE(got == expected);
      }
    }
    wide ab = servers[0];
    REQUIRE(ab.join(servers[1]));
    wide ba = servers[1];
    REQUIRE(ba.join(servers[0]));
    REQUIRE(ab == ba);
    wide left = ab;
    REQUIRE(left.join(servers[2]));
    wide right = servers[1];
    REQUIRE(right.join(servers[2]));
    wide a = servers[0];
    REQUIRE(a.join(right));
    REQUIRE(a == left);
    REQUIRE(left.join(a));
    REQUIRE(left == a);
    REQUIRE(!a.strictly_before(a));
  }
}

TEST_CASE("a value without a number stands until a set that has seen more comes, and no longer", "[state][dvv_set]") {
  set server;
  REQUIRE(server.put(1, {}, 7));
  const auto read = server.context();
  const set fresh = set::anonymous(9, read).value();
  CHECK(fresh.context() == read);
  CHECK(fresh.size() == 1);
  CHECK(!(fresh == server));

  set same = server;  // nobody has seen more than its writer: the value that it had read is gone, its own stands
  REQUIRE(same.join(fresh));
  CHECK(same.entries()[0].values.empty());
  REQUIRE(same.anonymous_values().size() == 1);
  CHECK(same.anonymous_values()[0] == 9);
  set turned = fresh;
  REQUIRE(turned.join(server));
  CHECK(turned == same);
  REQUIRE(turned.join(fresh));
  CHECK(turned == same);

  set ahead = server;  // has moved on meanwhile
  REQUIRE(ahead.put(2, read, 7));
  const set before = ahead;
  REQUIRE(ahead.join(fresh));
  CHECK(ahead == before);

  set blind = set::anonymous(3, {}).value();  // its writer had read nothing
  REQUIRE(blind.join(server));
  CHECK(blind == server);

  set two = set::anonymous(5, {}).value();
  REQUIRE(two.join(set::anonymous(4, {}).value()));
  REQUIRE(two.join(set::anonymous(5, {}).value()));
  REQUIRE(two.anonymous_values().size() == 2);
  CHECK(two.anonymous_values()[0] == 4);
  set back;
  REQUIRE(back.restore_anonymous(5));
  REQUIRE(back.restore_anonymous(4));
  CHECK(back == two);

  REQUIRE(two.put(6, {}, 7));  // a write by a client that has not seen them
  CHECK(two.size() == 3);
  REQUIRE(two.put(7, two.context(), 8));
  CHECK(two.size() == 3);  // what has no number cannot have been read
}

TEST_CASE("values without a number fill up like others", "[state][dvv_set]") {
  set s;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(s.join(set::anonymous(i, {}).value()));
  }
  const set before = s;
  CHECK(s.join(set::anonymous(9, {}).value()).error() == errc::full);
  CHECK(s == before);
}
