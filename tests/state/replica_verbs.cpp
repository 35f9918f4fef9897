// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Every verb of a replica over a lossy exchange of frames, and what each refuses.

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using skerry_test::bytes_of;
using namespace skerry_test::works;

namespace {

struct limits : state::limits::firmware {
  static constexpr std::size_t actors = 8;
  static constexpr std::size_t keys = 40;
  static constexpr std::size_t records = 160;
  static constexpr std::size_t ranges = 120;
  static constexpr std::size_t key_bytes = 16;
};
using replica = state::replica<workshop, limits>;

replica make(std::uint64_t id, std::uint64_t seed = 1) {
  skerry::splitmix64 rng{seed * 1000 + id};
  replica r;
  REQUIRE(replica::create(r, id, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
  return r;
}

std::string answer(const replica& r) {
  std::string all;
  for (int machine = 0; machine < 2; ++machine) {
    for (const auto& e : r.read<alarms>(machine).value()) {
      all += std::string{e.view()} + ',';
    }
  }
  all += std::to_string(r.read<parts>().value()) + ' ' + std::to_string(r.read<credit>().value()) + ' ';
  for (const int e : r.read<banned>().value()) {
    all += std::to_string(e) + ',';
  }
  all += r.read<running>().value() ? " runs" : " stands";
  all += r.read<enabled>().value() ? " on " : " off ";
  all += std::to_string(r.read<oil>().value_or(-1)) + ' ' + std::to_string(r.read<reading>().value_or(-1));
  return all;
}

template <typename Rng>
skerry::result<state::delta_view> operate(replica& r, Rng& rng) {
  const int machine = static_cast<int>(rng() % 2);
  const int small = static_cast<int>(rng() % 3);
  const auto amount = 1 + static_cast<int>(rng() % 5);
  constexpr std::array<const char*, 3> names{"hot", "cold", "dry"};
  switch (rng() % 14) {
    case 0: return r.inc<parts>(amount);
    case 1: return r.dec<parts>(amount);
    case 2: return r.reset<parts>();
    case 3: return r.inc<credit>(amount);
    case 4: return r.dec<credit>(amount);
    case 5: return r.transfer<credit>(state::actor{2, 1, 0}, amount);
    case 6: return r.add<alarms>(names[static_cast<std::size_t>(small)], machine);
    case 7: return r.remove<alarms>(names[static_cast<std::size_t>(small)], machine);
    case 8: return r.add<banned>(small - 1);
    case 9: return r.remove<banned>(small - 1);
    case 10: return small == 0 ? r.enable<running>() : r.disable<running>();
    case 11: return small == 0 ? r.disable<enabled>() : r.enable<enabled>();
    case 12: return r.contribute<oil>({static_cast<std::uint64_t>(small)}, 20.5 + amount, static_cast<double>(amount), wall_ms{1});
    default: return r.relay<reading>({1, 2, rng() % 50}, 1.5 * amount);
  }
}

}  // namespace

TEST_CASE("replicas of every policy agree after a lossy exchange, in values and in bytes", "[state][replica][laws]") {
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::array<replica, 3> nodes{make(1, seed), make(2, seed), make(3, seed)};
    std::vector<std::vector<std::byte>> frames;
    for (int step = 0; step < 50; ++step) {
      replica& at = nodes[rng() % 3];
      if (rng() % 2 == 0) {
        const std::string before = answer(at);
        const auto delta = operate(at, rng);
        if (delta) {
          frames.push_back(skerry_test::copy(delta.value().bytes()));
          replica copy = at;
          REQUIRE(copy.accept(frames.back(), 0));  // an own delta changes nothing
          REQUIRE(answer(copy) == answer(at));
        } else {
          REQUIRE((delta.error() == errc::absent || delta.error() == errc::invalid || delta.error() == errc::stale));
          REQUIRE(answer(at) == before);
          ++refused;
        }
      } else if (!frames.empty()) {
        REQUIRE(at.accept(frames[rng() % frames.size()], 0));  // late, again, out of order, or never
      }
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(nodes[i].accept(bytes_of(nodes[(i + 1) % 3]), 0));
      }
    }
    REQUIRE(nodes[0].accept(bytes_of(nodes[2]), 0));
    for (const replica& node : nodes) {
      REQUIRE(answer(node) == answer(nodes[0]));
      REQUIRE(bytes_of(node) == bytes_of(nodes[0]));
    }
    replica other_way;
    for (auto f = frames.rbegin(); f != frames.rend(); ++f) {
      REQUIRE(other_way.accept(*f, 0));
    }
    REQUIRE(answer(other_way) == answer(nodes[0]));
  }
  CHECK(refused > 0);
}

TEST_CASE("a set answers its elements, each by its own key, and refuses what it cannot hold", "[state][replica][sets]") {
  replica r = make(1);
  REQUIRE(r.add<alarms>("hot", 3));
  REQUIRE(r.add<alarms>("dry", 3));
  REQUIRE(r.add<alarms>("hot", 33));
  CHECK(r.read<alarms>(3).value().size() == 2);
  CHECK(r.read<alarms>(3).value()[0] == "dry");
  CHECK(r.contains<alarms>("hot", 33).value());
  CHECK_FALSE(r.contains<alarms>("dry", 33).value());
  CHECK(r.explain("alarms/3/hot").why == state::why::only_one);
  CHECK(r.remove<alarms>("cold", 3).error() == errc::absent);
  CHECK(r.add<alarms>("a/b", 3).error() == errc::invalid);
  CHECK(r.add<alarms>("", 3).error() == errc::invalid);
  REQUIRE(r.remove<alarms>("hot", 3));
  CHECK(r.read<alarms>(3).value().size() == 1);
  for (int i = -8; i <= 8; ++i) {
    REQUIRE(r.add<banned>(i));
  }
  CHECK(r.read<banned>().error() == errc::full);  // 17 elements, room for 16
  REQUIRE(r.remove<banned>(-8));
  CHECK(r.read<banned>().value()[0] == -7);
}

TEST_CASE("the rights of a bounded counter follow its actor, and a new life has none of the old", "[state][replica]") {
  replica r = make(1);
  CHECK(r.dec<credit>(1).error() == errc::invalid);
  CHECK(r.inc<credit>(0).error() == errc::invalid);
  CHECK(r.inc<credit>(-3).error() == errc::invalid);
  REQUIRE(r.inc<credit>(5));
  const state::actor before = r.self();
  CHECK(r.rights<credit>(before).value() == 5);
  REQUIRE(r.restored());
  CHECK(r.dec<credit>(1).error() == errc::invalid);  // the rights were the old life's
  REQUIRE(r.inc<credit>(1));
  CHECK(r.self().generation > before.generation);
  CHECK(r.read<credit>().value() == 6);
}
