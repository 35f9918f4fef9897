// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/hash_table.hpp>
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <type_traits>

#include "core/counted.hpp"
#include "core/counting_new.hpp"

namespace {

using skerry::errc;
using skerry::hash_table;
using skerry_test::counted;

/// Sends everything to few homes at the end of the table, so that runs are long and wrap.
struct bad_hasher {
  std::uint64_t operator()(const int& key, std::uint64_t) const { return static_cast<std::uint64_t>(key % 3) + 13; }
};

template <typename Table, typename Value>
void compare_with_std(Table ours, std::uint64_t seed, std::uint32_t keys) {
  CAPTURE(seed, keys);
  skerry::pcg32 g{seed};
  std::map<int, int> theirs;
  for (int step = 0; step < 6000; ++step) {
    const int key = static_cast<int>(skerry::uniform_below(g, keys));
    const int n = static_cast<int>(skerry::uniform_below(g, 1000));
    const bool room = theirs.size() < Table::capacity() || theirs.count(key) == 1;
    switch (skerry::uniform_below(g, 5)) {
      case 0:
        REQUIRE(ours.insert_or_assign(key, Value{n}).error() == (room ? errc::ok : errc::full));
        if (room) {
          theirs.insert_or_assign(key, n);
        }
        break;
      case 1: {
        const auto place = ours.try_emplace(key, Value{n});
        REQUIRE(place.error() == (room ? errc::ok : errc::full));
        REQUIRE((!room || *place.value() == Value{theirs.try_emplace(key, n).first->second}));
        break;
      }
      case 2:
      case 3: REQUIRE(ours.erase(key) == (theirs.erase(key) == 1)); break;
      default: {
        const Value* found = ours.find(key);
        REQUIRE((found != nullptr) == (theirs.count(key) == 1));
        REQUIRE((found == nullptr || *found == Value{theirs.at(key)}));
      }
    }
    REQUIRE(ours.size() == theirs.size());
    if (step % 16 == 0) {
      std::map<int, int> seen;
      ours.for_each(
          [&](int k, const Value& v) { REQUIRE((theirs.count(k) == 1 && v == Value{theirs.at(k)} && seen.emplace(k, 0).second)); });
      REQUIRE(seen.size() == theirs.size());
    }
  }
}

TEST_CASE("a hash_table holds what a std::map holds after the same edits, also with a hash that sends all keys to three homes") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    compare_with_std<hash_table<int, int, 12>, int>(hash_table<int, int, 12>{seed}, seed, 20);
    compare_with_std<hash_table<int, int, 100>, int>(hash_table<int, int, 100>{seed}, seed, 150);
    compare_with_std<hash_table<int, counted, 12>, counted>(hash_table<int, counted, 12>{seed}, seed, 20);
    compare_with_std<hash_table<int, int, 12, bad_hasher>, int>(hash_table<int, int, 12, bad_hasher>{seed}, seed, 20);
  }
  CHECK(counted::alive == 0);
}

struct one_home {
  std::uint64_t operator()(const int&, std::uint64_t) const { return 0; }
};

TEST_CASE("an entry that would lie beyond the probe bound is refused, and everything stays where it was") {
  hash_table<int, int, 200, one_home> t;
  static_assert(decltype(t)::probe_bound == 64);
  for (int i = 0; i < 64; ++i) {
    REQUIRE(t.insert_or_assign(i, i));
  }
  CHECK(t.insert_or_assign(64, 64).error() == errc::full);
  CHECK(t.size() == 64);
  CHECK(!t.contains(64));
  for (int i = 0; i < 64; ++i) {
    REQUIRE(t.find(i) != nullptr);
    REQUIRE(*t.find(i) == i);
  }
  CHECK(t.erase(10));
  CHECK(t.insert_or_assign(64, 64));
}

TEST_CASE("a large table takes its full capacity under the probe bound, and ten thousand turnovers leave no trace") {
  static hash_table<std::uint64_t, std::uint32_t, 12288> t{7};
  static_assert(decltype(t)::slots == 16384);
  skerry::splitmix64 g{8};
  for (std::uint32_t i = 0; i < t.capacity(); ++i) {
    REQUIRE(t.insert_or_assign(g(), i));
  }
  CHECK(t.insert_or_assign(1, 1).error() == errc::full);
  skerry::splitmix64 old{8};
  for (int turn = 0; turn < 10000; ++turn) {
    REQUIRE(t.erase(old()));
    REQUIRE(t.insert_or_assign(g(), 0));
  }
  while (!t.empty()) {
    REQUIRE(t.erase(old()));
  }
  bool found = false;
  t.for_each([&](std::uint64_t, std::uint32_t) { found = true; });
  CHECK(!found);
}

TEST_CASE("texts and numbers are keys without further words, tables are as trivial as their entries, nothing allocates") {
  using names = hash_table<skerry::inplace_string<15>, int, 8>;
  static_assert(std::is_trivially_copyable_v<names>);
  static_assert(!std::is_trivially_copyable_v<hash_table<int, counted, 8>>);
  static_assert(sizeof(hash_table<std::uint16_t, std::uint16_t, 11>) == 8 + 4 + 16 + 16 * 4 + 4);
  const auto before = skerry_test::allocations();
  names n{3};
  CHECK(n.insert_or_assign("speed", 1));
  CHECK(n.insert_or_assign("temperature", 2));
  CHECK(n.insert_or_assign("speed", 3));
  CHECK(n.size() == 2);
  REQUIRE(n.find("speed") != nullptr);
  CHECK(*n.find("speed") == 3);
  n.clear();
  CHECK(n.find("speed") == nullptr);
  CHECK(skerry_test::allocations() == before);
  struct no_hash {
    bool operator==(const no_hash&) const = default;
  };
  static_assert(skerry::hasher_for<skerry::default_hasher, int>);
  static_assert(!skerry::hasher_for<skerry::default_hasher, no_hash>);
}

}  // namespace
