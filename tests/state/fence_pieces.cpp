// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/fence_frame.hpp>
#include <skerry/state/replica.hpp>

#include <skerry/core/random.hpp>

#include "state/fleet.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <vector>

using namespace skerry_test;
using namespace skerry_test::mesh;
namespace state = skerry::state;

namespace {

struct large_limits : fleet_limits {
  static constexpr std::size_t actors = 400;
  static constexpr std::size_t members = 400;
  static constexpr std::size_t mesh = 4;
};
using node = state::replica<fleet, large_limits>;
using frames = std::vector<std::vector<std::byte>>;

std::unique_ptr<node> begin(std::uint64_t id) {
  auto r = std::make_unique<node>();
  skerry::splitmix64 rng{id};
  REQUIRE(node::create(*r, id, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
  return r;
}
std::vector<std::byte> fence_of(const node& r) {
  std::vector<std::byte> frame(65536);
  skerry::byte_writer out{frame};
  REQUIRE(r.write_fence(out));
  frame.resize(out.written().size());
  return frame;
}
frames pieces_of(node& r, skerry::splitmix64& rng, std::size_t least, std::size_t spread) {
  frames pieces;
  state::fence_place place;
  for (std::size_t size = 1; size > 0;) {
    std::vector<std::byte> frame(least + rng() % spread);
    const auto written = r.write_fence(frame, place);
    REQUIRE(written);
    size = written.value();
    frame.resize(size);
    if (size > 0) {
      pieces.push_back(frame);
    }
  }
  return pieces;
}
/// Retired and current lives of others, and rows of the three members that there are.
void populate(node& a, node& b, node& c, std::uint32_t lives, skerry::splitmix64& rng) {
  for (std::uint32_t i = 0; i < lives; ++i) {
    const state::actor who{100 + rng() % 1000, static_cast<std::uint32_t>(1 + rng() % 3), static_cast<std::uint32_t>(rng() % 9)};
    if (rng() % 2 == 0) {
      (void)a.enrol(who, state::role::gateway);
    } else {
      (void)a.retire(who, rng() % 1000, rng() % 3 == 0 ? state::actor{} : a.self());
    }
  }
  for (node* r : {&b, &c}) {
    REQUIRE(a.enrol(r->self(), state::role::device));
    REQUIRE(r->inc<stock>(static_cast<std::int64_t>(1 + rng() % 5)));
    REQUIRE(a.join(*r));
  }
  for (node* r : {&b, &c}) {
    REQUIRE(r->join(a));
    REQUIRE(r->acknowledge());
    REQUIRE(a.join(*r));
  }
  REQUIRE(a.acknowledge());
}

}  // namespace

TEST_CASE("pieces of a roster and its rows, shuffled and repeated, say what one frame says", "[state][members]") {
  std::size_t met = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const auto a = begin(1);
    const auto b = begin(2);
    const auto c = begin(3);
    populate(*a, *b, *c, static_cast<std::uint32_t>(rng() % 150), rng);
    const auto whole = fence_of(*a);
    node at_once;  // nobody's: adds no life of its own
    REQUIRE(at_once.accept(whole, 0));
    REQUIRE((fence_of(at_once) == whole));

    frames pieces = pieces_of(*a, rng, 100 + seed, 1 + seed * 20);
    met = std::max(met, pieces.size());
    node heard;
    for (int round = 0; round < 3; ++round) {  // what came before all names, or before the whole roster, counted nothing
      for (std::size_t i = pieces.size(); i > 1; --i) {
        std::swap(pieces[i - 1], pieces[rng() % i]);
      }
      for (const auto& p : pieces) {
        REQUIRE(heard.accept(p, 0));
        if (rng() % 2 == 0) {
          REQUIRE(heard.accept(p, 0));
        }
      }
    }
    CHECK((fence_of(heard) == whole));
    for (const auto& p : pieces) {
      REQUIRE(heard.accept(p, 0));
    }
    CHECK((fence_of(heard) == whole));
  }
  CHECK(met > 30);
}

TEST_CASE("a row that comes in pieces never promises what its member had not when it acknowledged", "[state][members]") {
  skerry::splitmix64 rng{5};
  const auto a = begin(1);
  const auto b = begin(2);
  const auto c = begin(3);
  populate(*a, *b, *c, 120, rng);
  node heard;
  frames pieces = pieces_of(*a, rng, 100, 1);
  for (const auto& p : pieces) {
    REQUIRE(heard.accept(p, 0));
    for (const node* r : {a.get(), b.get(), c.get()}) {
      const auto* row = heard.acknowledged(r->self());
      if (row != nullptr) {
        const auto* all = a->acknowledged(r->self());
        CHECK((*row)[r->self()] == (*all)[r->self()]);  // how far it had written comes with whatever else is said of it
        for (const auto& e : row->entries()) {
          CHECK(e.n <= (*all)[e.who]);
        }
      }
    }
  }
  CHECK(heard.acknowledged(c->self()) != nullptr);
}

TEST_CASE("that somebody has retired counts when all names are known, and a row when the whole roster is", "[state][members]") {
  skerry::splitmix64 rng{6};
  const auto a = begin(1);
  const auto b = begin(2);
  const auto c = begin(3);
  populate(*a, *b, *c, 40, rng);
  const frames pieces = pieces_of(*a, rng, 200, 1);
  node heard;
  const auto hear_backwards = [&] {
    for (auto p = pieces.rbegin(); p != pieces.rend(); ++p) {
      REQUIRE(heard.accept(*p, 0));
    }
  };
  hear_backwards();
  CHECK(heard.members().size() == a->members().size());
  heard.members().for_each([](const state::member& m) { CHECK(m.standing == state::standing::current); });
  CHECK(heard.acknowledged(a->self()) == nullptr);
  hear_backwards();
  CHECK(heard.members() == a->members());
  CHECK(heard.acknowledged(a->self()) == nullptr);
  hear_backwards();
  CHECK((fence_of(heard) == fence_of(*a)));
  CHECK(heard.counters().frames_accepted == 3 * pieces.size());
}

TEST_CASE("a roster beyond the mtu goes over a link that loses frames, and the link falls silent", "[state][members][link]") {
  skerry::splitmix64 rng{7};
  const auto a = begin(1);
  const auto b = begin(2);
  const auto c = begin(3);
  populate(*a, *b, *c, 300, rng);
  REQUIRE(a->members().size() > 250);
  REQUIRE(fence_of(*a).size() > 3 * 1400);
  auto at_a = a->connect(b->self().id, {}, 0);
  auto at_b = b->connect(a->self().id, {}, 0);
  REQUIRE(at_a);
  REQUIRE(at_b);
  const auto pass = [&](node& from, state::link_id out, node& to, state::link_id in, std::uint32_t now, bool lossy) {
    std::vector<std::byte> frame(1400);
    const auto size = from.poll(out, now, frame);
    REQUIRE(size);
    if (size.value() > 0 && (!lossy || rng() % 4 != 0)) {
      (void)to.receive(in, std::span{frame}.first(size.value()), now);
    }
    return size.value() > 0;
  };
  std::uint32_t now = 0;
  for (; now < 400'000 && fence_of(*a) != fence_of(*b); now += 100) {
    if (now % 20'000 == 0 && now > 0) {  // a lost piece is made good by the next contact
      a->disconnect(at_a.value());
      b->disconnect(at_b.value());
      at_a = a->connect(b->self().id, {}, now);
      at_b = b->connect(a->self().id, {}, now);
      REQUIRE(at_a);
      REQUIRE(at_b);
    }
    (void)pass(*a, at_a.value(), *b, at_b.value(), now, true);
    (void)pass(*b, at_b.value(), *a, at_a.value(), now, true);
  }
  REQUIRE(a->members() == b->members());
  CHECK((fence_of(*a) == fence_of(*b)));
  int quiet = 0;
  for (int i = 0; i < 400 && quiet < 20; ++i, now += 100) {
    bool any = pass(*a, at_a.value(), *b, at_b.value(), now, false);
    any = pass(*b, at_b.value(), *a, at_a.value(), now, false) || any;
    quiet = any ? 0 : quiet + 1;
  }
  CHECK(quiet == 20);
}
