// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/key_space.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <skerry/state/sets.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

// The next version of the plant: it has learnt two paths, and keeps modes as one value.
struct pressure {
  static constexpr state::path at{"reported/pressure/{sensor}"};
  using policy = state::lww<std::int64_t>;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<int, 8>;
};
struct mode_again {
  static constexpr state::path at{"mode/{line}"};
  using policy = state::lww<std::int64_t>;
};
using next_plant = state::schema<setpoint, recipe, mode_again, starts, stock, pressure, alarms>;

struct carrying : roomy {
  static constexpr std::size_t unknown_keys = 4;
  static constexpr std::size_t key_bytes = 32;
};
using old_node = state::replica<plant, carrying>;
using new_node = state::replica<next_plant, carrying>;
using strict = state::replica<plant, roomy>;

constexpr std::uint64_t today = 1'790'000'000'000;
const state::actor stranger{77, 1, 1};

}  // namespace

TEST_CASE("what an old node does not know it carries along unchanged, and after an upgrade it reads it", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto old = make<old_node>(2);
  REQUIRE(first.write<pressure>(7, wall_ms{today}, "p1"));
  REQUIRE(first.add<alarms>(3));
  REQUIRE(first.add<alarms>(4));
  REQUIRE(first.write<mode_again>(5, wall_ms{today}, "a"));
  REQUIRE(first.inc<stock>(2));
  REQUIRE(old.accept(bytes_of(first), 0));
  CHECK(old.read<stock>().value() == 2);
  CHECK(bytes_of(old) == bytes_of(first));
  // From there to a node that knows it.
  auto second = make<new_node>(3);
  REQUIRE(second.accept(bytes_of(old), 0));
  CHECK(second.read<pressure>("p1").value() == 7);
  CHECK(second.contains<alarms>(3).value());
  CHECK(second.read<mode_again>("a").value() == 5);
  CHECK(bytes_of(second) == bytes_of(first));
  // The upgrade of the old node itself: what it had is readable, under the names that it had, and nothing is written again.
  auto upgraded = make<new_node>(4);
  REQUIRE(upgraded.accept(bytes_of(old), 0));
  CHECK(upgraded.read<pressure>("p1").value() == 7);
  CHECK(bytes_of(upgraded) == bytes_of(first));
  CHECK(upgraded.store().context() == second.store().context());
}

TEST_CASE("explain shows what is carried along, as unknown", "[state][unknown][explain]") {
  auto first = make<new_node>(1);
  auto old = make<old_node>(2);
  REQUIRE(first.write<pressure>(7, wall_ms{today}, "p1"));
  REQUIRE(first.write<mode_again>(5, wall_ms{today}, "a"));
  REQUIRE(old.write<mode>(6, wall_ms{today}, "a"));
  REQUIRE(old.accept(bytes_of(first), 0));
  const state::explanation e = old.explain("reported/pressure/p1");
  CHECK_FALSE(e.known);
  CHECK(e.why == state::why::unknown);
  CHECK(e.policy == state::kinds::lww);
  CHECK(e.unknown == 1);
  REQUIRE(e.count == 1);
  CHECK(e.winner == state::explanation::no_winner);
  CHECK(e.records[0].who == first.self());
  CHECK(e.records[0].n == 1);
  CHECK(e.records[0].payload.size() == 1);
  const state::explanation m = old.explain("mode/a");
  CHECK(m.known);
  CHECK(m.why == state::why::only_one);
  CHECK(m.live == 1);
  CHECK(m.count == 1);
  CHECK(m.unknown == 1);
  CHECK(old.explain("reported/pressure/p2").why == state::why::nothing);
}

TEST_CASE("what nobody here reads is judged by its event alone", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto old = make<old_node>(2);
  const auto written = copy(first.write<pressure>(7, wall_ms{today}, "p1").value().bytes());
  const auto overwritten = copy(first.write<pressure>(8, wall_ms{today + 1}, "p1").value().bytes());
  REQUIRE(old.accept(overwritten, 0));
  REQUIRE(old.accept(written, 0));
  CHECK(old.explain("reported/pressure/p1").live == 1);
  CHECK(old.explain("reported/pressure/p1").records[0].n == 2);
  REQUIRE(old.accept(copy(first.remove<pressure>("p1").value().bytes()), 0));
  CHECK(old.explain("reported/pressure/p1").live == 0);
  CHECK(bytes_of(old) == bytes_of(first));
}

TEST_CASE("an operation takes the place of what its policy reads, and of nothing else", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto old = make<old_node>(2);
  REQUIRE(first.write<mode_again>(5, wall_ms{today}, "a"));
  REQUIRE(old.accept(bytes_of(first), 0));
  CHECK_FALSE(old.read<mode>("a"));
  CHECK(old.siblings<mode>("a").empty());
  int keys = 0;
  old.for_each_key<mode>([&keys](std::string_view) { ++keys; });
  CHECK(keys == 0);
  CHECK(old.remove<mode>("a").error() == errc::absent);
  CHECK(old.clear<mode>().error() == errc::absent);
  REQUIRE(old.write<mode>(6, wall_ms{today}, "a"));
  CHECK(old.read<mode>("a"));
  CHECK(old.siblings<mode>("a").size() == 1);
  REQUIRE(old.clear<mode>());
  CHECK(old.explain("mode/a").unknown == 1);
  REQUIRE(first.accept(bytes_of(old), 0));
  CHECK(first.read<mode_again>("a").value() == 5);
  CHECK(bytes_of(first) == bytes_of(old));
}

TEST_CASE("stamps that nobody here can judge move no clock and do not wait", "[state][unknown][quarantine]") {
  auto old = make<old_node>(2);
  REQUIRE(old.write<recipe>(1, wall_ms{today}));
  const state::stamp far{today + 99'999'999'999, 0};
  const auto frame = forged_frame{}
                         .covers(stranger, 1, 2)
                         .record("mode/a", stranger, 1, far, state::kinds::lww, {std::byte{2}})
                         .record("reported/pressure/x", stranger, 2, far, state::kinds::lww, {std::byte{2}})
                         .bytes();
  CHECK(old.accept(frame, 0).value().added == 2);
  CHECK(old.waiting() == 0);
  CHECK(old.clock().last().ms() == today);
  CHECK(old.restamp(wall_ms{today}).value() == 0);
  CHECK(old.store().contains(stranger, 2));
}

TEST_CASE("more than a node has places for is refused as a whole, and what has died makes room", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto old = make<old_node>(2);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(first.write<pressure>(i, wall_ms{today}, i));
  }
  const auto before = bytes_of(old);
  CHECK(old.accept(bytes_of(first), 0).error() == errc::full);
  CHECK(old.lacking() == state::resource::keys);
  CHECK(bytes_of(old) == before);
  REQUIRE(first.remove<pressure>(0));
  REQUIRE(old.accept(bytes_of(first), 0));
  CHECK(bytes_of(old) == bytes_of(first));
  const auto more = copy(first.write<pressure>(5, wall_ms{today}, 5).value().bytes());
  CHECK(old.accept(more, 0).error() == errc::full);
  REQUIRE(old.accept(copy(first.remove<pressure>(3).value().bytes()), 0));
  REQUIRE(old.accept(more, 0));
  CHECK(bytes_of(old) == bytes_of(first));
  // Texts and payloads have their bounds.
  const auto long_text = forged_frame{}.covers(stranger, 1, 1).record(std::string(33, 'x'), stranger, 1, {}, 99, {}).bytes();
  CHECK(old.accept(long_text, 0).error() == errc::full);
  const auto long_payload = forged_frame{}.covers(stranger, 1, 1).record("mode/a", stranger, 1, {}, 99, std::vector<std::byte>(33)).bytes();
  CHECK(old.accept(long_payload, 0).error() == errc::full);
  CHECK(old.lacking() == state::resource::bytes);
  CHECK(bytes_of(old) == bytes_of(first));
}

TEST_CASE("a node that carries nothing along refuses the frame", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto old = make<strict>(2);
  CHECK(old.accept(copy(first.write<pressure>(1, wall_ms{today}, "a").value().bytes()), 0).error() == errc::mismatch);
  CHECK(old.accept(copy(first.write<mode_again>(1, wall_ms{today}, "a").value().bytes()), 0).error() == errc::mismatch);
}

TEST_CASE("what is carried along goes from replica to replica without a frame, and into copies", "[state][unknown]") {
  auto first = make<new_node>(1);
  auto a = make<old_node>(2);
  auto b = make<old_node>(3);
  const auto x = copy(first.write<pressure>(1, wall_ms{today}, "x").value().bytes());
  const auto y = copy(first.add<alarms>(7).value().bytes());
  REQUIRE(a.accept(x, 0));
  REQUIRE(a.accept(y, 0));
  REQUIRE(b.accept(y, 0));
  REQUIRE(b.accept(x, 0));
  CHECK(bytes_of(a) == bytes_of(b));
  // Without a frame in between.
  const auto z = copy(first.write<pressure>(2, wall_ms{today}, "z").value().bytes());
  REQUIRE(b.accept(z, 0));
  REQUIRE(a.join(b));
  CHECK(bytes_of(a) == bytes_of(b));
  const old_node copied{a};
  CHECK(bytes_of(copied) == bytes_of(a));
  std::array<char, 64> text{};
  std::size_t seen = 0;
  a.store().for_each_key([&](auto slot) {
    const std::size_t length = a.text_of(a.store().key(slot), text);
    CHECK(a.explain(std::string_view{text.data(), length}).unknown == 1);
    ++seen;
  });
  CHECK(seen == 3);
}

TEST_CASE("old and new nodes that hear of each other in any order hold the same bytes", "[state][unknown][property]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    auto a = make<new_node>(1, seed);
    auto b = make<old_node>(2, seed);
    auto c = make<new_node>(3, seed);
    auto d = make<old_node>(4, seed);
    std::vector<std::vector<std::byte>> sent;
    const auto keep = [&sent](const skerry::result<state::delta_view>& delta) {
      if (delta) {
        sent.push_back(copy(delta.value().bytes()));
      }
    };
    const auto operate = [&](auto& n, auto is_new) {
      const std::string name(1, static_cast<char>('a' + rng() % 2));
      const wall_ms wall{today + rng() % 1000};
      switch (rng() % 5) {
        case 0: keep(n.template write<setpoint>(static_cast<double>(rng() % 9), wall, name)); break;
        case 1: keep(n.template inc<stock>(1)); break;
        default:
          if constexpr (is_new.value) {
            switch (rng() % 5) {
              case 0: keep(n.template write<pressure>(static_cast<std::int64_t>(rng() % 9), wall, name)); break;
              case 1: keep(n.template remove<pressure>(name)); break;
              case 2: keep(n.template add<alarms>(static_cast<int>(rng() % 2))); break;
              case 3: keep(n.template remove<alarms>(static_cast<int>(rng() % 2))); break;
              default: keep(n.template write<mode_again>(static_cast<std::int64_t>(rng() % 9), wall, name)); break;
            }
          } else {
            keep(n.template write<mode>(static_cast<std::int64_t>(rng() % 9), wall, name));
          }
      }
    };
    const auto hear = [&](auto& n) {
      if (!sent.empty()) {
        REQUIRE(n.accept(sent[rng() % sent.size()], 0));
      }
    };
    for (int event = 0; event < 60; ++event) {
      switch (rng() % 8) {
        case 0: operate(a, std::true_type{}); break;
        case 1: operate(b, std::false_type{}); break;
        case 2: operate(c, std::true_type{}); break;
        case 3: operate(d, std::false_type{}); break;
        case 4: hear(a); break;
        case 5: hear(b); break;
        case 6: REQUIRE(d.accept(bytes_of(c), 0)); break;
        default: REQUIRE(b.join(d)); break;
      }
    }
    for (int round = 0; round < 2; ++round) {
      REQUIRE(b.accept(bytes_of(a), 0));
      REQUIRE(d.accept(bytes_of(b), 0));
      REQUIRE(c.accept(bytes_of(d), 0));
      REQUIRE(a.accept(bytes_of(c), 0));
    }
    REQUIRE(bytes_of(a) == bytes_of(b));
    REQUIRE(bytes_of(a) == bytes_of(c));
    REQUIRE(bytes_of(a) == bytes_of(d));
    for (const auto& delta : sent) {
      REQUIRE(b.accept(delta, 0).value().added == 0);
    }
    REQUIRE(bytes_of(a) == bytes_of(b));
  }
}
