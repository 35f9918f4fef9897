// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/replica.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <skerry/state/link.hpp>
#include <skerry/state/sets.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

// Nodes that do not take in all that there is: what they left out lives on elsewhere.

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct alarms {
  static constexpr state::path at{"alarms/{line}"};
  using policy = state::aw_set<int, 8>;
};
struct limit {
  static constexpr state::path at{"limit"};
  using policy = state::lww<std::int64_t>;
  static constexpr auto writer = state::owner::cloud;
};
using wide_plant = state::schema<recipe, mode, stock, alarms, limit>;
using narrow_plant = state::schema<recipe, stock, limit>;

struct several : roomy {
  static constexpr std::size_t key_bytes = 24;
  static constexpr std::size_t quarantine = 4;
  static constexpr std::size_t members = 8;
  static constexpr std::size_t links_max = 2;
};
struct carrying : several {
  static constexpr std::size_t unknown_keys = 8;
};
using wide = state::replica<wide_plant, several>;
using narrow = state::replica<narrow_plant, several>;
using carrier = state::replica<narrow_plant, carrying>;

constexpr std::uint64_t today = 1'790'000'000'000;
constexpr std::uint64_t in_2030 = 1'900'000'000'000;

template <typename Replica>
Replica of(std::uint64_t id, state::role as) {
  skerry::splitmix64 rng{id};
  Replica n;
  (void)Replica::create(n, id, as, state::epoch_rule::every_open, {}, rng, 0);
  n.vouch(wall_ms{today});
  return n;
}

/// Lets two nodes talk until neither has anything to say. Returns how many bytes that took, 0 if they would not stop.
template <typename A, typename B>
std::size_t talk(A& a, state::link_id to_b, B& b, state::link_id to_a, std::uint32_t now) {
  std::array<std::byte, 4096> frame{};
  std::size_t bytes = 0;
  for (int round = 0; round < 200; ++round) {
    bool quiet = true;
    if (const auto size = a.poll(to_b, now, frame); size && size.value() > 0) {
      quiet = false;
      bytes += size.value();
      (void)b.receive(to_a, std::span{frame}.first(size.value()), now);
    }
    if (const auto size = b.poll(to_a, now, frame); size && size.value() > 0) {
      quiet = false;
      bytes += size.value();
      (void)a.receive(to_b, std::span{frame}.first(size.value()), now);
    }
    if (quiet) {
      return bytes == 0 ? 1 : bytes;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("partial knowledge never looks like deletion", "[state][partial][trap]") {
  // All that a node can leave out for a while: records from the future, of lives that it does not know, of paths that it does not have.
  auto full = of<wide>(1, state::role::cloud);
  auto partial = of<carrier>(2, state::role::device);
  auto strict = of<narrow>(3, state::role::device);
  REQUIRE(partial.enrol({99, 1, 1}, state::role::gateway));  // a roster that does not name the first node yet
  REQUIRE(full.write<recipe>(1, wall_ms{today}));
  REQUIRE(full.write<limit>(2, wall_ms{today}));
  REQUIRE(full.add<alarms>(3, "x"));
  REQUIRE(full.write<mode>(4, wall_ms{today}, "x"));
  REQUIRE(full.inc<stock>(5));
  full.vouch(wall_ms{in_2030});
  REQUIRE(full.write<mode>(6, wall_ms{in_2030}, "y"));
  REQUIRE(full.write<recipe>(7, wall_ms{in_2030}));
  const auto before = bytes_of(full);
  CHECK(strict.accept(before, 0).error() == errc::mismatch);
  const auto got = partial.accept(before, 0);
  REQUIRE(got);
  CHECK(got.value().quarantined == 2);  // the recipe and the limit; of what it does not know it judges no time
  CHECK(partial.read<stock>().value() == 5);
  CHECK_FALSE(partial.read<limit>());
  REQUIRE(strict.inc<stock>(1));
  REQUIRE(partial.inc<stock>(1));
  // What they have to say takes nothing from the first node.
  REQUIRE(full.accept(bytes_of(partial), 0).value().removed == 0);
  REQUIRE(full.accept(bytes_of(strict), 0).value().removed == 0);
  CHECK(full.read<recipe>().value() == 7);
  CHECK(full.read<limit>().value() == 2);
  CHECK(full.contains<alarms>(3, "x").value());
  CHECK(full.siblings<mode>("x").size() == 1);
  CHECK(full.siblings<mode>("y").size() == 1);
  CHECK(full.read<stock>().value() == 7);
  // And in the end it has all of it.
  REQUIRE(partial.enrol(full.self(), state::role::cloud));
  partial.vouch(wall_ms{in_2030});
  REQUIRE(partial.accept(bytes_of(full), 1));
  CHECK(bytes_of(partial) == bytes_of(full));
}

TEST_CASE("removing a key and adding it again revives nothing inside, whatever comes late or again", "[state][partial][trap]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    auto a = of<wide>(1, state::role::device);
    auto b = of<wide>(2, state::role::device);
    auto through = of<carrier>(3, state::role::device);
    std::vector<std::vector<std::byte>> sent;
    const auto keep = [&sent](const skerry::result<state::delta_view>& d) { sent.push_back(d ? copy(d.value().bytes()) : copy({})); };
    for (int i = 0; i < 4; ++i) {
      keep(a.add<alarms>(i, "x"));
    }
    keep(a.write<mode>(1, wall_ms{today}, "x"));
    REQUIRE(b.accept(bytes_of(a), 0));
    keep(b.clear<alarms>("x"));
    keep(b.remove<mode>("x"));
    keep(b.add<alarms>(7, "x"));
    for (int i = 0; i < 40; ++i) {
      const auto& frame = sent[rng() % sent.size()];
      REQUIRE(through.accept(frame, 0));
      REQUIRE((rng() % 4 != 0 || a.accept(bytes_of(through), 0)));
    }
    for (const auto& frame : sent) {
      REQUIRE(a.accept(frame, 0));
      REQUIRE(through.accept(frame, 0));
    }
    REQUIRE(b.accept(bytes_of(through), 0));
    for (wide* n : {&a, &b}) {
      REQUIRE(n->read<alarms>("x").value().size() == 1);
      REQUIRE(n->contains<alarms>(7, "x").value());
      REQUIRE_FALSE(n->read<mode>("x"));
    }
    REQUIRE(bytes_of(a) == bytes_of(b));
    REQUIRE(bytes_of(a) == bytes_of(through));
  }
}

TEST_CASE("over links, too, a record from the future waits, takes nothing away, and its restamp arrives", "[state][partial][link]") {
  auto good = of<wide>(1, state::role::device);
  auto wrong = of<wide>(2, state::role::device);
  const auto to_wrong = good.connect(2, {}, 0).value();
  const auto to_good = wrong.connect(1, {}, 0).value();
  REQUIRE(good.write<recipe>(1, wall_ms{today}));
  REQUIRE(talk(good, to_wrong, wrong, to_good, 1) > 0);
  REQUIRE(wrong.read<recipe>().value() == 1);
  wrong.vouch(wall_ms{in_2030});
  REQUIRE(wrong.write<recipe>(2, wall_ms{in_2030}));
  REQUIRE(wrong.inc<stock>(5));
  REQUIRE(talk(good, to_wrong, wrong, to_good, 2) > 0);
  CHECK(good.read<recipe>().value() == 1);
  CHECK(good.read<stock>().value() == 5);
  CHECK(good.waiting() == 1);
  CHECK(good.clock().last().ms() <= today + 1);
  CHECK(wrong.read<recipe>().value() == 2);
  REQUIRE(wrong.restamp(wall_ms{today + 10}).value() == 1);
  REQUIRE(talk(good, to_wrong, wrong, to_good, 3000) > 0);
  CHECK(good.read<recipe>().value() == 2);
  CHECK(good.waiting() == 0);
  CHECK(bytes_of(good) == bytes_of(wrong));
}
