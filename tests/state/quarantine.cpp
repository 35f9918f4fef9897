// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/quarantine.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>
#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct several : roomy {
  static constexpr std::size_t quarantine = 3;
};
struct refusing : roomy {
  static constexpr std::size_t quarantine = 0;
};
struct gapless : several {
  static constexpr std::size_t ranges = 1;
};
using node = state::replica<plant, several>;
using strict = state::replica<plant, refusing>;

constexpr std::uint64_t today = 1'790'000'000'000;
constexpr std::uint64_t hour = 3'600'000;
const state::actor stranger{77, 1, 1};

std::vector<std::byte> written(node& by, std::int32_t value, std::uint64_t at) {
  return copy(by.write<recipe>(value, wall_ms{at}).value().bytes());
}

}  // namespace

TEST_CASE("a record from the future waits, and neither the clock nor the context has seen it", "[state][quarantine][trap]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(good.accept(written(wrong, 1, today), 0));
  REQUIRE(good.write<recipe>(2, wall_ms{today + 1}));
  const auto before = bytes_of(good);
  wrong.vouch(wall_ms{today + 10 * hour});
  const auto frame = written(wrong, 3, today + 10 * hour);
  const auto got = good.accept(frame, 5);
  REQUIRE(got);
  CHECK(got.value().quarantined == 1);
  CHECK(got.value().added == 0);
  CHECK(bytes_of(good) == before);
  CHECK(good.clock().last().ms() == today + 1);
  CHECK_FALSE(good.store().contains(wrong.self(), 2));
  CHECK(good.waiting() == 1);
  // Offered again it waits once.
  CHECK(good.accept(frame, 6).value().quarantined == 1);
  CHECK(good.waiting() == 1);
  CHECK(good.counters().quarantined == 1);
}

TEST_CASE("a record comes in when its time has come, by a call or by the next frame, at the instant that was named",
          "[state][quarantine]") {
  for (const bool by_call : {true, false}) {
    CAPTURE(by_call);
    auto good = make<node>(1);
    auto wrong = make<node>(2);
    auto third = make<node>(3);
    REQUIRE(good.write<recipe>(1, wall_ms{today}));
    REQUIRE(good.accept(copy(third.inc<stock>(1).value().bytes()), 0));
    CHECK_FALSE(good.release_deadline());
    REQUIRE(good.accept(written(wrong, 2, today + hour), 0));
    REQUIRE(good.waiting() == 1);
    const auto due = good.release_deadline();
    REQUIRE(due);
    CHECK(due.value() == hour - 60'000);
    CHECK(good.release(due.value() - 1).value() == 0);
    CHECK(good.read<recipe>().value() == 1);
    if (by_call) {
      CHECK(good.release(due.value()).value() == 1);
    } else {
      CHECK(good.accept(copy(third.inc<stock>(1).value().bytes()), due.value()).value().quarantined == 0);
    }
    CHECK(good.waiting() == 0);
    CHECK_FALSE(good.release_deadline());
    CHECK(good.read<recipe>().value() == 2);
    CHECK(good.counters().quarantine_released == 1);
    REQUIRE(good.write<recipe>(3, wall_ms{today + hour}));
    CHECK(good.clock().last() > state::stamp{today + hour, 0});
  }
}

TEST_CASE("a deadline beyond what the counter of instants can reach is cut to what it can", "[state][quarantine]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(good.write<recipe>(1, wall_ms{today}));
  REQUIRE(good.accept(written(wrong, 2, 1'900'000'000'000), 0xfffffff0));
  const auto due = good.release_deadline();
  REQUIRE(due);
  CHECK(skerry::elapsed(due.value(), std::uint32_t{0xfffffff0}) == 0x7fffffff);
  // After a step of the clock nobody knows when its time is.
  REQUIRE(good.write<recipe>(3, wall_ms{today + 30 * hour}));
  CHECK_FALSE(good.release_deadline());
  CHECK(good.release(0xfffffff1).value() == 0);
  good.vouch(wall_ms{1'900'000'000'000});
  CHECK(good.release(0xfffffff2).value() == 1);
}

TEST_CASE("the other records of a frame come in while one stays out, and what it took the place of stays alive",
          "[state][quarantine][trap]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(wrong.accept(copy(good.write<recipe>(1, wall_ms{today}).value().bytes()), 0));
  REQUIRE(wrong.accept(copy(good.write<mode>(1, wall_ms{today}, "a").value().bytes()), 0));
  REQUIRE(wrong.accept(copy(good.write<setpoint>(1, wall_ms{today}, "a").value().bytes()), 0));
  REQUIRE(wrong.inc<stock>(5));
  REQUIRE(wrong.write<setpoint>(2, wall_ms{today + 1}, "a"));
  wrong.vouch(wall_ms{today + hour});
  REQUIRE(wrong.write<recipe>(2, wall_ms{today + hour}));
  REQUIRE(wrong.write<mode>(2, wall_ms{today + hour}, "a"));
  const auto got = good.accept(bytes_of(wrong), 0);
  REQUIRE(got);
  CHECK(got.value().quarantined == 2);
  CHECK(good.read<stock>().value() == 5);
  CHECK(good.read<setpoint>("a").value() == 2);
  CHECK(good.read<recipe>().value() == 1);
  CHECK(good.pick<mode>("a").value() == 1);
  // When they come in, what they had seen goes.
  REQUIRE(good.release(hour).value() == 2);
  CHECK(good.read<recipe>().value() == 2);
  CHECK(good.siblings<mode>("a").size() == 1);
  CHECK(bytes_of(good) == bytes_of(wrong));
}

TEST_CASE("who hears of a death only through a record that waits does not pass it on", "[state][quarantine][trap]") {
  // c has written, the node of 2030 has overwritten it, and e hears of all that at once. Had e noted c's event as seen and dead, c would
  // lose the value at e's next word, and nobody would have the one that replaced it.
  auto c = make<node>(1);
  auto wrong = make<node>(2);
  auto e = make<node>(3);
  REQUIRE(e.write<mode>(9, wall_ms{today}, "x"));
  REQUIRE(wrong.accept(copy(c.write<setpoint>(1, wall_ms{today}, "a").value().bytes()), 0));
  REQUIRE(wrong.inc<stock>(5));
  wrong.vouch(wall_ms{today + 10 * hour});
  REQUIRE(wrong.write<setpoint>(2, wall_ms{today + 10 * hour}, "a"));
  REQUIRE(e.accept(bytes_of(wrong), 0).value().quarantined == 1);
  CHECK(e.read<stock>().value() == 5);
  CHECK_FALSE(e.store().contains(c.self(), 1));
  REQUIRE(c.accept(bytes_of(e), 0));
  CHECK(c.read<setpoint>("a").value() == 1);
  REQUIRE(e.accept(bytes_of(c), 0));
  CHECK(e.read<setpoint>("a").value() == 1);
  for (node* n : {&c, &e}) {
    n->vouch(wall_ms{today + 10 * hour});
    REQUIRE(n->accept(bytes_of(wrong), 1));
    CHECK(n->read<setpoint>("a").value() == 2);
  }
  REQUIRE(wrong.accept(bytes_of(c), 1));
  REQUIRE(wrong.accept(bytes_of(e), 1));
  REQUIRE(c.accept(bytes_of(wrong), 2));
  CHECK(bytes_of(c) == bytes_of(wrong));
}

TEST_CASE("the record that lies furthest ahead makes room, and drops are counted", "[state][quarantine]") {
  auto good = make<node>(1);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  const auto offer = [&](std::uint64_t n, std::uint64_t hours) {
    return good.accept(forged_frame{}.covers(stranger, n, n).write<mode>("mode/1", stranger, n, {today + hours * hour, 0}, 1).bytes(), 0);
  };
  for (std::uint64_t n = 1; n <= 3; ++n) {
    REQUIRE(offer(n, 10 * n).value().quarantined == 1);
  }
  CHECK(good.counters().quarantine_dropped == 0);
  CHECK(offer(4, 40).value().quarantined == 1);  // no place
  CHECK(good.counters().quarantine_dropped == 1);
  CHECK(offer(5, 5).value().quarantined == 1);  // in the place of the one of 30 hours
  CHECK(good.counters().quarantine_dropped == 2);
  CHECK(good.waiting() == 3);
  good.vouch(wall_ms{today + 21 * hour});
  CHECK(good.release(1).value() == 3);
  CHECK(good.store().contains(stranger, 5));
  CHECK_FALSE(good.store().contains(stranger, 3));
  CHECK_FALSE(good.store().contains(stranger, 4));
}

TEST_CASE("a record that has died elsewhere meanwhile does not come in", "[state][quarantine]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  REQUIRE(good.accept(copy(wrong.write<setpoint>(1, wall_ms{today + hour}, "a").value().bytes()), 0));
  REQUIRE(good.waiting() == 1);
  REQUIRE(good.accept(copy(wrong.remove<setpoint>("a").value().bytes()), 0).value().quarantined == 0);
  CHECK(good.waiting() == 0);
  CHECK(good.release(hour).value() == 0);
  CHECK_FALSE(good.read<setpoint>("a"));
}

TEST_CASE("counters and sets do not wait: they do not care about time", "[state][quarantine]") {
  auto good = make<node>(1);
  auto wrong = make<node>(2);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  REQUIRE(wrong.write<recipe>(1, wall_ms{today + 10 * hour}));
  const auto frame = copy(wrong.inc<stock>(3).value().bytes());
  const auto got = good.accept(frame, 0);
  CHECK(got.value().quarantined == 0);
  CHECK(good.read<stock>().value() == 3);
}

TEST_CASE("a replica that keeps none refuses the frame", "[state][quarantine]") {
  auto good = make<strict>(1);
  auto wrong = make<strict>(2);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  REQUIRE(wrong.inc<stock>(3));
  REQUIRE(wrong.write<recipe>(1, wall_ms{today + hour}));
  const auto before = bytes_of(good);
  CHECK(good.accept(bytes_of(wrong), 0).error() == errc::clock_ahead);
  CHECK(bytes_of(good) == before);
  CHECK(good.waiting() == 0);
  CHECK_FALSE(good.release_deadline());
  CHECK(good.release(1).value() == 0);
  CHECK(good.accept(bytes_of(wrong), hour));
  CHECK(bytes_of(good) != before);
}

TEST_CASE("a frame whose rest would leave too many gaps is refused as a whole", "[state][quarantine]") {
  using narrow = state::replica<plant, gapless>;
  auto good = make<narrow>(1);
  auto wrong = make<narrow>(2);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  REQUIRE(wrong.write<recipe>(1, wall_ms{today + hour}));
  for (const char* line : {"a", "b", "c"}) {
    REQUIRE(wrong.write<setpoint>(1, wall_ms{today + hour}, line));  // seen by nobody here
    REQUIRE(wrong.inc<starts>(1, line, 1));
  }
  const auto before = bytes_of(good);
  CHECK(good.accept(bytes_of(wrong), 0).error() == errc::clock_ahead);
  CHECK(bytes_of(good) == before);
  CHECK(good.waiting() == 0);
  CHECK(good.accept(bytes_of(wrong), hour));
}

TEST_CASE("the last stamp possible never waits: its time would never come", "[state][quarantine][hostile]") {
  auto good = make<node>(1);
  REQUIRE(good.write<recipe>(0, wall_ms{today}));
  const auto frame = forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, state::stamp::greatest(), 7).bytes();
  CHECK(good.accept(frame, 0).error() == errc::clock_ahead);
  CHECK(good.waiting() == 0);
}

TEST_CASE("a copy waits as its original does, and one that takes the frame of a clone keeps what it has", "[state][quarantine]") {
  auto good = make<node>(1);
  REQUIRE(good.accept(forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, {today, 0}, 7).bytes(), 0));
  REQUIRE(good.write<mode>(1, wall_ms{today}, "a"));
  // The same event with a greater content from the future: it is known already, so only the content can wait.
  const auto frame = forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, {today + hour, 0}, 8).bytes();
  REQUIRE(good.accept(frame, 0).value().quarantined == 1);
  CHECK(good.read<recipe>().value() == 7);
  node other{good};
  CHECK(other.waiting() == 1);
  CHECK(other.release(hour).value() == 1);
  CHECK(other.read<recipe>().value() == 8);
  CHECK(good.read<recipe>().value() == 7);
  CHECK(good.accept(frame, hour));
  CHECK(bytes_of(good) == bytes_of(other));
}

TEST_CASE("clocks that lie neither lose what right ones wrote nor move them, and in the end all agree", "[state][quarantine][property]") {
  constexpr std::size_t nodes = 4;
  constexpr std::uint64_t in_2030 = 1'900'000'000'000;
  std::uint64_t waited = 0;
  std::uint64_t released = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::vector<node> all;
    for (std::size_t i = 0; i < nodes; ++i) {
      all.push_back(make<node>(i + 1, seed));
      // Nodes 0 and 1 are right, node 2 lies, node 3 does as the seed says.
      all.back().vouch(wall_ms{i < 2 ? today : in_2030});
    }
    std::uint32_t now = 0;
    std::int64_t step = 0;
    std::set<std::string> held;  // which right node has had a value at which key
    const auto wall_of = [&](std::size_t i) {
      switch (i < 2 ? 0 : (i == 2 ? 1 : seed % 5)) {
        case 0: return wall_ms{today + now};
        case 1: return wall_ms{in_2030 + now};
        case 2: return wall_ms{now};                                                     // 1970
        case 3: return wall_ms{today};                                                   // stands still
        default: return wall_ms{today + now + static_cast<std::uint64_t>(step) * hour};  // steps
      }
    };
    for (int event = 0; event < 60; ++event) {
      now += static_cast<std::uint32_t>(rng() % 20'000);
      step += rng() % 8 == 0 ? static_cast<std::int64_t>(rng() % 3) : 0;
      const std::size_t i = rng() % nodes;
      const std::string line(1, static_cast<char>('a' + rng() % 3));
      std::vector<std::byte> delta;
      switch (rng() % 4) {
        case 0: delta = copy(all[i].write<setpoint>(static_cast<double>(event), wall_of(i), line).value().bytes()); break;
        case 1: delta = copy(all[i].write<mode>(event, wall_of(i), line).value().bytes()); break;
        case 2: delta = copy(all[i].inc<stock>(1).value().bytes()); break;
        default: delta = bytes_of(all[i]); break;
      }
      const std::size_t to = rng() % nodes;
      if (to != i) {
        // Right nodes are told the time as it passes; others are as they are.
        const auto got = all[to].accept(delta, now);
        REQUIRE((got || got.error() == errc::clock_ahead));
        waited += got ? got.value().quarantined : 0;
      }
      for (std::size_t right = 0; right < 2; ++right) {
        REQUIRE(all[right].clock().last().ms() <= today + now + 60'000);
        all[right].store().for_each_key([&](auto slot) {
          all[right].store().records(slot).for_each([&](const state::record_view& r) { REQUIRE(r.at.ms() <= today + now + 60'000); });
        });
        for (const char* key : {"a", "b", "c"}) {
          // What a right node holds does not become absent for a record that nobody may read yet: nobody removes here.
          const std::string name = std::to_string(right) + key;
          const bool there = static_cast<bool>(all[right].read<setpoint>(std::string{key}));
          REQUIRE((there || held.count(name) == 0));
          if (there) {
            held.insert(name);
          }
        }
      }
    }
    for (node& n : all) {
      n.vouch(wall_ms{in_2030 + 1000 * hour});
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t to = 0; to < nodes; ++to) {
        for (std::size_t from = 0; from < nodes; ++from) {
          REQUIRE((to == from || all[to].accept(bytes_of(all[from]), now)));
        }
      }
    }
    for (node& n : all) {
      REQUIRE(n.waiting() == 0);
      REQUIRE(bytes_of(n) == bytes_of(all[0]));
      released += n.counters().quarantine_released;
    }
  }
  CHECK(waited > 1000);
  CHECK(released > 100);
}
