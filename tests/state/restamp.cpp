// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/replica.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct several : roomy {
  static constexpr std::size_t quarantine = 8;
};
using node = state::replica<plant, several>;

constexpr std::uint64_t today = 1'790'000'000'000;
constexpr std::uint64_t hour = 3'600'000;
constexpr std::uint64_t in_2030 = 1'900'000'000'000;

/// Restamps and keeps the deltas.
std::vector<std::vector<std::byte>> restamped(node& n, std::uint64_t wall) {
  std::vector<std::vector<std::byte>> sent;
  const auto count = n.restamp(wall_ms{wall}, [&sent](const state::delta_view& d) { sent.push_back(copy(d.bytes())); });
  return count && count.value() == sent.size() ? sent : std::vector<std::vector<std::byte>>{};
}

struct two_lives : several {
  static constexpr std::size_t actors = 2;
};
struct short_log : several {
  static constexpr std::size_t log_bytes = 60;
};

}  // namespace

TEST_CASE("a node of 2030 that learns the time is heard again: new names, stamps of now, the old ones gone", "[state][restamp][trap]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(good.write<recipe>(1, wall_ms{today}));
  REQUIRE(good.accept(copy(wrong.write<recipe>(2, wall_ms{in_2030}).value().bytes()), 0).value().quarantined == 1);
  REQUIRE(good.accept(copy(wrong.write<setpoint>(2.5, wall_ms{in_2030}, "a").value().bytes()), 0).value().quarantined == 1);
  REQUIRE(wrong.inc<stock>(7));
  const state::actor before = wrong.self();
  const auto sent = restamped(wrong, today + 5);
  REQUIRE(sent.size() == 2);
  CHECK(wrong.counters().restamped == 2);
  CHECK(wrong.self() != before);
  CHECK(wrong.self().id == before.id);
  CHECK(wrong.clock().last().ms() == today + 5);
  CHECK(wrong.read<recipe>().value() == 2);
  for (const auto& delta : sent) {
    CHECK(good.accept(delta, 10).value().added == 1);
  }
  CHECK(good.waiting() == 0);
  CHECK(good.store().contains(before, 1));  // seen and dead
  CHECK(good.read<recipe>().value() == 2);
  CHECK(good.read<setpoint>("a").value() == 2.5);
  REQUIRE(good.accept(bytes_of(wrong), 11));
  REQUIRE(wrong.accept(bytes_of(good), 11));
  CHECK(bytes_of(good) == bytes_of(wrong));
  // The clock is right now, so nothing is left to do, and no further life begins.
  const state::actor after = wrong.self();
  CHECK(wrong.restamp(wall_ms{today + 6}).value() == 0);
  REQUIRE(wrong.write<recipe>(3, wall_ms{today + 7}));
  CHECK(wrong.self() == after);
  CHECK(wrong.clock().last().ms() == today + 7);
}

TEST_CASE("what is restamped keeps its order, and siblings stay siblings", "[state][restamp]") {
  auto a = make<node>(1);
  auto b = make<node>(2);
  a.vouch(wall_ms{in_2030});
  b.vouch(wall_ms{in_2030});
  REQUIRE(a.write<mode>(1, wall_ms{in_2030}, "x"));
  REQUIRE(b.write<mode>(2, wall_ms{in_2030 + 1}, "x"));
  // An earlier life of the same id has a sibling too.
  node old{a};
  skerry::splitmix64 rng{5};
  REQUIRE(old.as_new_life(rng));
  auto fresh = make<node>(1, 77);
  fresh.vouch(wall_ms{in_2030});
  REQUIRE(fresh.write<mode>(3, wall_ms{in_2030 + 2}, "x"));
  REQUIRE(a.accept(bytes_of(b), 0));
  REQUIRE(a.accept(bytes_of(fresh), 0));
  REQUIRE(a.siblings<mode>("x").size() == 3);
  CHECK(a.pick<mode>("x").value() == 3);
  REQUIRE(restamped(a, today).size() == 2);
  CHECK(a.siblings<mode>("x").size() == 3);
  CHECK(a.pick<mode>("x").value() == 2);  // b has not restamped yet
  REQUIRE(b.accept(bytes_of(a), 0));
  REQUIRE(restamped(b, today - hour).size() == 1);
  CHECK(b.pick<mode>("x").value() == 3);
  CHECK(b.siblings<mode>("x").size() == 3);
}

TEST_CASE("a clock that was only led into the future comes back by a restamp, although nothing is written again", "[state][restamp]") {
  auto a = make<node>(1);
  auto wrong = make<node>(2);
  // a has never read a clock, so it believes anything.
  REQUIRE(a.accept(copy(wrong.write<recipe>(2, wall_ms{in_2030}).value().bytes()), 0));
  REQUIRE(a.clock().last().ms() == in_2030);
  CHECK(a.restamp(wall_ms{today}).value() == 0);
  REQUIRE(a.write<setpoint>(1, wall_ms{today + 1}, "a"));
  CHECK(a.clock().last().ms() == today + 1);
  CHECK(a.read<recipe>().value() == 2);
}

TEST_CASE("writes from before the time arrived count from when they were made", "[state][restamp]") {
  for (const bool earlier : {true, false}) {
    CAPTURE(earlier);
    auto a = make<node>(1);
    auto b = make<node>(2);
    b.vouch(wall_ms{today});
    // a counts from its start, and writes at 10 s; the time arrives after 60 s, so it was 50 s before.
    const auto first = copy(a.write<recipe>(1, wall_ms{10'000}).value().bytes());
    REQUIRE(a.accept(copy(b.inc<stock>(1).value().bytes()), 50'000));
    REQUIRE(b.accept(first, 0));
    REQUIRE(b.write<mode>(5, wall_ms{today}, "x"));
    auto c = make<node>(3);
    c.vouch(wall_ms{today});
    REQUIRE(c.write<recipe>(2, wall_ms{today + (earlier ? 10'100 : 9'900)}));
    REQUIRE(c.accept(first, 0));
    CHECK(c.read<recipe>().value() == 2);  // without the time it loses against anything that has it
    const state::actor self = a.self();
    const auto sent = restamped(a, today + 60'000);
    REQUIRE(sent.size() == 1);
    CHECK(a.self() == self);
    CHECK(a.store().next(self) == 3);
    CHECK(a.explain("recipe").records[0].n == 2);
    CHECK(a.explain("recipe").records[0].at.ms() == today + 10'000);
    CHECK(a.explain("recipe").records[0].trusted);
    REQUIRE(c.accept(sent[0], 60'000));
    CHECK(c.read<recipe>().value() == (earlier ? 2 : 1));
    CHECK_FALSE(c.explain("recipe").records[c.explain("recipe").winner].n == 0);
    CHECK(c.explain("recipe").live == 1);  // permanent: the loser is gone
    REQUIRE(b.accept(sent[0], 60'000));
    CHECK(b.explain("recipe").live == 1);
    CHECK(a.restamp(wall_ms{today + 70'000}).value() == 0);
  }
}

TEST_CASE("the time may arrive with a write, and what it tells is used by the next restamp", "[state][restamp]") {
  auto a = make<node>(1);
  REQUIRE(a.write<setpoint>(1, wall_ms{5'000}, "a"));
  REQUIRE(a.write<setpoint>(2, wall_ms{6'000}, "b"));
  REQUIRE(a.write<setpoint>(3, wall_ms{today}, "c"));
  CHECK(a.clock().arrived() == today - 6'000);
  REQUIRE(restamped(a, today + 1'000).size() == 2);
  CHECK(a.explain("desired/setpoint/a").records[0].at.ms() == today - 1'000);
  CHECK(a.explain("desired/setpoint/b").records[0].at.ms() == today);
  CHECK(a.explain("desired/setpoint/c").records[0].at.ms() == today);
  CHECK(a.explain("desired/setpoint/c").records[0].n == 3);
}

TEST_CASE("nobody knows when writes of earlier lives were made, so they stay", "[state][restamp]") {
  auto a = make<node>(1);
  REQUIRE(a.write<setpoint>(1, wall_ms{5'000}, "a"));
  REQUIRE(a.restored());
  REQUIRE(a.write<setpoint>(2, wall_ms{6'000}, "b"));
  REQUIRE(restamped(a, today).size() == 1);
  CHECK(a.explain("desired/setpoint/a").records[0].at.ms() == 5'000);
}

TEST_CASE("a restamp that is refused changes nothing", "[state][restamp]") {
  auto a = make<node>(1);
  REQUIRE(a.write<recipe>(1, wall_ms{in_2030}));
  auto before = bytes_of(a);
  CHECK(a.restamp(wall_ms{1'000}).error() == errc::invalid);
  node other{a};
  CHECK(other.restamp(wall_ms{today}).error() == errc::needs_epoch);
  CHECK(bytes_of(a) == before);
  CHECK(bytes_of(other) == before);
  CHECK(a.clock().last().ms() == in_2030);

  auto lonely = make<state::replica<plant, two_lives>>(1);
  REQUIRE(lonely.write<recipe>(1, wall_ms{in_2030}));
  REQUIRE(lonely.accept(forged_frame{}.covers({9, 1, 1}, 1, 1).bytes(), 0));
  before = bytes_of(lonely);
  CHECK(lonely.restamp(wall_ms{today}).error() == errc::full);
  CHECK(lonely.lacking() == state::resource::actors);
  CHECK(bytes_of(lonely) == before);
  CHECK_FALSE(lonely.in_doubt());
  CHECK(lonely.clock().last().ms() == in_2030);

  auto narrow = make<state::replica<plant, short_log>>(1);
  REQUIRE(narrow.write<setpoint>(1, wall_ms{in_2030}, "a"));
  REQUIRE(narrow.write<recipe>(1, wall_ms{in_2030}));
  before = bytes_of(narrow);
  CHECK(narrow.restamp(wall_ms{today}).error() == errc::full);
  CHECK(narrow.lacking() == state::resource::bytes);
  CHECK(bytes_of(narrow) == before);
}

TEST_CASE("after every clock has lied and all have learnt the time, no stamp is wrong, no name was used twice, and all agree",
          "[state][restamp][property]") {
  constexpr std::size_t nodes = 4;
  std::uint64_t rewritten = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::vector<node> all;
    for (std::size_t i = 0; i < nodes; ++i) {
      all.push_back(make<node>(i + 1, seed));
    }
    std::uint32_t now = 0;
    std::map<std::pair<state::actor, std::uint64_t>, std::vector<std::byte>> contents;
    const auto note_names = [&] {
      for (const node& n : all) {
        n.store().for_each_key([&](auto slot) {
          n.store().records(slot).for_each([&](const state::record_view& r) {
            std::vector<std::byte> content = copy(r.payload);
            for (int b = 0; b < 64; b += 8) {
              content.push_back(static_cast<std::byte>(r.at.bits() >> b));
            }
            REQUIRE(contents.emplace(std::pair{r.who, r.n}, content).first->second == content);
          });
        });
      }
    };
    const auto tell_all = [&](std::size_t from, const std::vector<std::byte>& frame) {
      for (std::size_t to = 0; to < nodes; ++to) {
        if (to != from && rng() % 3 != 0) {
          const auto got = all[to].accept(frame, now);
          REQUIRE((got || got.error() == errc::clock_ahead));
        }
      }
    };
    const auto wall_of = [&](std::size_t i) {
      switch ((seed + i) % 4) {
        case 0: return wall_ms{today + now};
        case 1: return wall_ms{in_2030 + now};
        case 2: return wall_ms{now};
        default: return wall_ms{today};
      }
    };
    for (int event = 0; event < 50; ++event) {
      now += static_cast<std::uint32_t>(rng() % 20'000);
      const std::size_t i = rng() % nodes;
      const std::string line(1, static_cast<char>('a' + rng() % 3));
      switch (rng() % 5) {
        case 0: tell_all(i, copy(all[i].write<setpoint>(static_cast<double>(event), wall_of(i), line).value().bytes())); break;
        case 1: tell_all(i, copy(all[i].write<mode>(event, wall_of(i), line).value().bytes())); break;
        case 2: tell_all(i, copy(all[i].write<recipe>(event, wall_of(i)).value().bytes())); break;
        case 3: tell_all(i, bytes_of(all[i])); break;
        default:
          if (rng() % 8 == 0) {
            const auto count = all[i].restamp(wall_ms{today + now}, [&](const state::delta_view& d) { tell_all(i, copy(d.bytes())); });
            REQUIRE(count);
            rewritten += count.value();
          }
      }
      note_names();
    }
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < nodes; ++i) {
        const auto sent = all[i].restamp(wall_ms{today + now});
        REQUIRE(sent);
        rewritten += sent.value();
        note_names();
        for (std::size_t from = 0; from < nodes; ++from) {
          REQUIRE((from == i || all[i].accept(bytes_of(all[from]), now)));
        }
      }
    }
    note_names();
    for (node& n : all) {
      REQUIRE(n.waiting() == 0);
      REQUIRE(bytes_of(n) == bytes_of(all[0]));
      REQUIRE(n.clock().last().ms() <= today + now + 60'000);
      n.store().for_each_key([&](auto slot) {
        n.store().records(slot).for_each([&](const state::record_view& r) { REQUIRE(r.at.ms() <= today + now + 60'000); });
      });
    }
  }
  CHECK(rewritten > 300);
}
