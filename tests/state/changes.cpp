// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/changes.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>
#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct linked : roomy {
  static constexpr std::size_t keys = 12;
  static constexpr std::size_t links_max = 1;
};
struct alone : roomy {
  static constexpr std::size_t links_max = 0;
};
using node = state::replica<plant, linked>;

constexpr std::uint64_t today = 1'790'000'000'000;

/// All that has changed, page by page.
std::vector<std::string> changed(const node& n, state::change_cursor& cursor, std::size_t page = 3) {
  std::vector<std::string> all;
  std::vector<state::key_view> keys(page);
  for (;;) {
    const auto count = n.changes(cursor, keys);
    REQUIRE(count);
    if (count.value() == 0) {
      return all;
    }
    for (std::size_t i = 0; i < count.value(); ++i) {
      all.emplace_back(keys[i].text());
    }
  }
}

std::map<std::string, std::string> contents(const node& n) {
  std::map<std::string, std::string> all;
  n.store().for_each_key([&](auto slot) {
    std::array<char, 64> text{};
    const std::size_t length = n.text_of(n.store().key(slot), text);
    std::multiset<std::string> records;
    n.store().records(slot).for_each([&](const state::record_view& r) {
      records.insert(std::to_string(r.who.id) + "." + std::to_string(r.who.nonce) + "." + std::to_string(r.n));
    });
    std::string& c = all[{text.data(), length}];
    for (const std::string& r : records) {
      c += r + " ";
    }
  });
  return all;
}

}  // namespace

TEST_CASE("changed keys are named once each, removed ones too, in the order of their last change", "[state][changes]") {
  auto n = make<node>(1);
  state::change_cursor cursor;
  CHECK(changed(n, cursor).empty());
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "a"));
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "b"));
  REQUIRE(n.inc<stock>(1));
  REQUIRE(n.write<setpoint>(2, wall_ms{today}, "a"));
  CHECK(changed(n, cursor) == std::vector<std::string>{"desired/setpoint/b", "stock", "desired/setpoint/a"});
  CHECK(changed(n, cursor).empty());
  REQUIRE(n.remove<setpoint>("b"));
  REQUIRE(n.inc<stock>(1));
  for (const std::size_t page : {std::size_t{1}, std::size_t{2}, std::size_t{9}}) {
    state::change_cursor again = cursor;
    CHECK(changed(n, again, page) == std::vector<std::string>{"desired/setpoint/b", "stock"});
  }
  // What changes between two pages comes at the end, and nothing is lost.
  std::array<state::key_view, 1> one{};
  REQUIRE(n.changes(cursor, one).value() == 1);
  CHECK(one[0].text() == "desired/setpoint/b");
  REQUIRE(n.inc<stock>(1));
  REQUIRE(n.write<setpoint>(3, wall_ms{today}, "b"));
  CHECK(changed(n, cursor, 1) == std::vector<std::string>{"stock", "desired/setpoint/b"});
}

TEST_CASE("what others wrote is a change, what is known already is none", "[state][changes]") {
  auto a = make<node>(1);
  auto b = make<node>(2);
  const auto first = copy(a.write<recipe>(1, wall_ms{today}).value().bytes());
  const auto second = copy(a.inc<starts>(1, "l", 1).value().bytes());
  state::change_cursor cursor;
  REQUIRE(b.accept(first, 0));
  CHECK(changed(b, cursor) == std::vector<std::string>{"recipe"});
  REQUIRE(b.accept(first, 0));
  CHECK(changed(b, cursor).empty());
  REQUIRE(b.accept(second, 0));
  CHECK(changed(b, cursor) == std::vector<std::string>{"starts/l/1"});
}

TEST_CASE("a key that comes back right after its removal has changed once more", "[state][changes]") {
  // A record under a key that had just died took the number of the death, also when it came with the next join: who had heard of the
  // death never heard of the record.
  auto n = make<node>(1);
  auto other = make<node>(2);
  state::change_cursor cursor;
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "a"));
  REQUIRE(n.remove<setpoint>("a"));
  REQUIRE(changed(n, cursor).size() == 1);
  REQUIRE(n.write<setpoint>(2, wall_ms{today}, "a"));
  CHECK(changed(n, cursor) == std::vector<std::string>{"desired/setpoint/a"});
  REQUIRE(n.remove<setpoint>("a"));
  REQUIRE(changed(n, cursor).size() == 1);
  REQUIRE(n.accept(copy(other.write<setpoint>(3, wall_ms{today}, "a").value().bytes()), 0));
  CHECK(changed(n, cursor) == std::vector<std::string>{"desired/setpoint/a"});
}

TEST_CASE("when a removal has been forgotten the cursor is stale, and one from now goes on", "[state][changes]") {
  auto n = make<node>(1);
  state::change_cursor cursor;
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "gone"));
  REQUIRE(changed(n, cursor).size() == 1);
  REQUIRE(n.remove<setpoint>("gone"));
  for (int i = 0; i < 12; ++i) {  // its place is needed
    REQUIRE(n.write<setpoint>(1, wall_ms{today}, i));
  }
  std::array<state::key_view, 4> keys{};
  const std::uint64_t before = cursor.since();
  CHECK(n.changes(cursor, keys).error() == errc::stale);
  CHECK(cursor.since() == before);
  state::change_cursor other = n.changes_from_now();
  CHECK(n.changes(other, keys).value() == 0);
  REQUIRE(n.remove<setpoint>(3));
  CHECK(changed(n, other) == std::vector<std::string>{"desired/setpoint/3"});
  // One of another replica, or of another life of this one's memory.
  state::change_cursor foreign{n.store().arrivals() + 1};
  CHECK(n.changes(foreign, keys).error() == errc::stale);
}

TEST_CASE("numbers of changes come round without a key being missed", "[state][changes]") {
  auto n = make<node>(1);
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "old"));
  REQUIRE(n.write<setpoint>(1, wall_ms{today}, "older"));
  state::change_cursor cursor = n.changes_from_now();
  std::array<state::key_view, 1> one{};
  for (int i = 0; i < 70'000; ++i) {
    REQUIRE(n.inc<stock>(1));
    if (i == 40'000) {
      REQUIRE(n.write<recipe>(1, wall_ms{today}));
      CHECK(changed(n, cursor, 1) == std::vector<std::string>{"stock", "recipe"});
    }
  }
  CHECK(changed(n, cursor, 1) == std::vector<std::string>{"stock"});
  cursor = state::change_cursor{1};
  CHECK(n.changes(cursor, one).error() == errc::stale);
}

TEST_CASE("a replica without links keeps no log", "[state][changes]") {
  auto n = make<state::replica<plant, alone>>(1);
  REQUIRE(n.inc<stock>(1));
  state::change_cursor cursor;
  std::array<state::key_view, 1> one{};
  CHECK(n.changes(cursor, one).error() == errc::unsupported);
}

TEST_CASE("who follows the changes holds what the replica holds", "[state][changes][property]") {
  std::size_t stale = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    auto a = make<node>(1, seed);
    auto b = make<node>(2, seed);
    state::change_cursor cursor;
    std::map<std::string, std::string> mirror;
    for (int event = 0; event < 150; ++event) {
      const std::string line(1, static_cast<char>('a' + rng() % 9));
      node& n = rng() % 2 == 0 ? a : b;
      switch (rng() % 6) {
        case 0: (void)n.write<setpoint>(event, wall_ms{today}, line); break;
        case 1: (void)n.remove<setpoint>(line); break;
        case 2: (void)n.write<mode>(event, wall_ms{today}, line); break;
        case 3: (void)n.remove<mode>(line); break;
        case 4: (void)n.inc<stock>(1); break;
        default: (void)a.accept(bytes_of(b), 0); break;
      }
      if (rng() % 4 != 0) {
        continue;
      }
      std::vector<state::key_view> keys(1 + rng() % 4);
      const auto count = a.changes(cursor, keys);
      if (!count) {
        REQUIRE(count.error() == errc::stale);
        ++stale;
        cursor = a.changes_from_now();
        mirror = contents(a);
        continue;
      }
      const auto now = contents(a);
      const auto refresh = [&](std::string_view key) {
        const auto found = now.find(std::string{key});
        if (found == now.end()) {
          mirror.erase(std::string{key});
        } else {
          mirror[found->first] = found->second;
        }
      };
      for (std::size_t i = 0; i < count.value(); ++i) {
        refresh(keys[i].text());
      }
      if (rng() % 4 == 0) {
        for (const std::string& key : changed(a, cursor)) {
          refresh(key);
        }
        REQUIRE(mirror == now);
      }
    }
  }
  CHECK(stale > 0);
}
