// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/hash_tree.hpp>

#include <skerry/core/random.hpp>

#include "state/digest_talk.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <type_traits>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;

static_assert(std::is_trivially_copyable_v<state::hash_tree<>>);
static_assert(sizeof(state::hash_tree<32, 8>) <= 16 * 32 + 16 && sizeof(state::hash_tree<17, 1>) <= 16 * 17 + 16);

namespace {

struct items {
  std::vector<state::digest_item> all;
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& item : all) {
      f(item);
    }
  }
};

template <typename D>
void same_differences(std::uint64_t seed, bool big) {
  skerry::splitmix64 rng{seed};
  const std::size_t common = skerry::uniform_below(rng, big ? 5001 : 60);
  const std::size_t mine = skerry::uniform_below(rng, big ? 1001 : 30);
  const std::size_t theirs = skerry::uniform_below(rng, big ? 1001 : 30);
  const auto sets = sets_of(seed, common, mine, theirs, seed);
  D d;
  const talk t = converse(d, seed, sets.mine, sets.theirs, D::least_answer + skerry::uniform_below(rng, 1000));
  REQUIRE(t.error == errc::ok);
  REQUIRE(t.found == difference_of(sets.mine, sets.theirs));
  REQUIRE(t.found.calls == mine + theirs);  // each once
}

}  // namespace

TEST_CASE("a walk down the tree names every difference and nothing else, whatever the sets are", "[state][hash_tree]") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    same_differences<state::hash_tree<>>(seed, seed % 100 == 99);
    same_differences<state::hash_tree<17, 1>>(seed, false);
  }
}

TEST_CASE("a walk costs bytes where sets differ, not where they agree", "[state][hash_tree]") {
  const auto few = sets_of(1, 5000, 5, 5, 1);
  state::hash_tree<> d;
  const talk t = converse(d, 1, few.mine, few.theirs);
  CHECK(t.error == errc::ok);
  CHECK(t.bytes < 16U * 136 + 8 * (136 + 136 + 80));
  const auto all = sets_of(2, 0, 3000, 3000, 2);
  const talk whole = converse(d, 2, all.mine, all.theirs);
  CHECK(whole.error == errc::ok);
  CHECK(whole.found.calls == 6000);
  CHECK(whole.bytes < 3000 * 8 * 3 / 2);  // half as much again as their elements
}

TEST_CASE("many elements of one name do not lie in one leaf", "[state][hash_tree]") {
  std::vector<std::string> mine;
  std::vector<std::string> theirs;
  for (int i = 0; i < 400; ++i) {
    mine.push_back("counter#" + std::to_string(i));
    if (i % 10 != 3) {
      theirs.push_back(mine.back());
    }
  }
  for (std::uint64_t salt = 0; salt < 5; ++salt) {
    const name_set a{mine, salt};
    const name_set b{theirs, salt};
    state::hash_tree<> d;
    const talk t = converse(d, salt, a, b);
    REQUIRE(t.error == errc::ok);
    REQUIRE(t.found == difference_of(a, b));
    const talk back = converse(d, salt, b, a);
    REQUIRE(back.found == difference_of(b, a));
  }
}

TEST_CASE("more than sixteen elements at one place cannot be told apart, and the side that has them says so", "[state][hash_tree]") {
  items same_place;
  for (std::uint64_t i = 1; i <= 17; ++i) {
    same_place.all.push_back({77, i * 0x9e3779b97f4a7c15});
  }
  items few{{{77, 5}}};
  const auto run = [](const items& mine, const items& theirs) {
    state::hash_tree<> d;
    d.start(0, state::mark_of(mine));
    std::size_t found = 0;
    errc error = errc::ok;
    while (!d.done() && error == errc::ok) {
      std::array<std::byte, 128> question{};
      std::array<std::byte, 1200> reply{};
      skerry::byte_writer q{question};
      skerry::byte_writer r{reply};
      REQUIRE(d.ask(q));
      skerry::byte_reader qr{q.written()};
      error = state::hash_tree<>::answer(0, qr, theirs, r).error();
      skerry::byte_reader in{r.written()};
      if (error == errc::ok) {
        error = d.take(in, mine, [&](std::uint64_t, state::digest_side) { ++found; }).error();
      }
    }
    return std::pair{error, found};
  };
  CHECK(run(few, same_place).first == errc::unsupported);
  CHECK(run(same_place, few) == std::pair{errc::ok, std::size_t{18}});
  same_place.all.pop_back();
  CHECK(run(few, same_place) == std::pair{errc::ok, std::size_t{17}});
}

TEST_CASE("a set that changes during a walk costs at most what changed", "[state][hash_tree]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    auto sets = sets_of(seed, 300, 40, 40, seed);
    const auto before = difference_of(sets.mine, sets.theirs);
    auto later = sets;
    for (int i = 0; i < 5; ++i) {
      later.theirs.drop_last();
    }
    const auto after = difference_of(later.mine, later.theirs);
    state::hash_tree<> d;
    std::size_t round = 0;
    d.start(seed, state::mark_of(sets.mine));
    difference found;
    while (!d.done()) {
      const name_set& theirs = round++ < 4 ? sets.theirs : later.theirs;
      std::array<std::byte, 128> question{};
      std::array<std::byte, 1200> reply{};
      skerry::byte_writer q{question};
      skerry::byte_writer r{reply};
      REQUIRE(d.ask(q));
      skerry::byte_reader qr{q.written()};
      REQUIRE(state::hash_tree<>::answer(seed, qr, theirs, r));
      skerry::byte_reader in{r.written()};
      REQUIRE(d.take(in, sets.mine, [&](std::uint64_t value, state::digest_side side) {
        (side == state::digest_side::mine ? found.mine : found.theirs).insert(value);
      }));
    }
    for (const std::uint64_t value : found.theirs) {
      REQUIRE((before.theirs.count(value) == 1 || after.theirs.count(value) == 1));
    }
    for (const std::uint64_t value : found.mine) {
      REQUIRE((before.mine.count(value) == 1 || after.mine.count(value) == 1));
    }
    for (const std::uint64_t value : before.theirs) {
      REQUIRE((found.theirs.count(value) == 1 || after.theirs.count(value) == 0));
    }
    for (const std::uint64_t value : before.mine) {
      REQUIRE(found.mine.count(value) == 1);
    }
  }
}

TEST_CASE("names chosen to lie in one branch under one salt spread under the next", "[state][hash_tree]") {
  std::vector<std::string> chosen;
  for (std::uint64_t i = 0; chosen.size() < 40; ++i) {
    const std::string name = numbered('n', i);
    if (state::digest_value(std::as_bytes(std::span{name.data(), name.size()}), 42) >> 52 == 0) {
      chosen.push_back(name);
    }
  }
  const auto bytes_under = [&](std::uint64_t salt) {
    const name_set none{{}, salt};
    const name_set theirs{chosen, salt};
    state::hash_tree<> d;
    const talk t = converse(d, salt, none, theirs);
    REQUIRE(t.found.theirs == theirs.values());
    return t.bytes;
  };
  CHECK(bytes_under(42) > bytes_under(43) + 3);
  CHECK(bytes_under(43) < 40 * 8 + 60);
}

TEST_CASE("a peer that differs everywhere keeps a walk going, but in the memory there is", "[state][hash_tree]") {
  const auto sets = sets_of(3, 200, 0, 0, 3);
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    skerry::splitmix64 rng{seed};
    state::hash_tree<24, 8> d;
    d.start(3, state::mark_of(sets.mine));
    std::size_t refused = 0;
    for (int round = 0; round < 2000 && !d.done(); ++round) {
      std::array<std::byte, 128> question{};
      skerry::byte_writer q{question};
      REQUIRE(d.ask(q));
      const std::size_t asked = std::to_integer<std::size_t>(q.written()[0]);
      std::vector<std::byte> answer(2000);
      skerry::byte_writer out{answer};
      for (std::size_t i = 0; i < asked; ++i) {
        out.u8(255);
        out.u16(0xffff);
        for (int child = 0; child < 16; ++child) {
          out.u64(rng());
        }
      }
      skerry::byte_reader in{out.written()};
      if (!d.take(in, sets.mine, [](std::uint64_t, state::digest_side) {})) {  // the last level has no children
        ++refused;
        std::vector<std::byte> empty_leaf(asked);
        skerry::byte_reader few{empty_leaf};
        if (!d.take(few, sets.mine, [](std::uint64_t, state::digest_side) {})) {
          break;  // a node with many own elements must be told by sums
        }
      }
    }
    CHECK(refused > 0);
  }
}

TEST_CASE("answers and questions that cannot be are refused and leave the walk as it was", "[state][hash_tree]") {
  const auto sets = sets_of(5, 600, 10, 10, 5);
  state::hash_tree<> d;
  d.start(5, state::mark_of(sets.mine));
  std::array<std::byte, 128> question{};
  skerry::byte_writer q{question};
  REQUIRE(d.ask(q));
  const auto answer = [&](std::span<const std::byte> asked, std::size_t room) {
    std::vector<std::byte> reply(room);
    skerry::byte_writer r{reply};
    skerry::byte_reader qr{asked};
    const auto done = state::hash_tree<>::answer(5, qr, sets.theirs, r);
    return std::pair{done.error(), std::vector<std::byte>{r.written().begin(), r.written().end()}};
  };
  const auto whole = answer(q.written(), 1200);
  REQUIRE(whole.first == errc::ok);
  CHECK(answer(q.written(), state::hash_tree<>::least_answer).first == errc::ok);
  CHECK(answer(q.written(), 100).first == errc::full);
  for (std::size_t cut = 0; cut < q.written().size(); ++cut) {
    CHECK(answer(q.written().first(cut), 1200).first == errc::truncated);
  }
  CHECK(answer(std::vector<std::byte>{std::byte{0}}, 1200).first == errc::corrupt);                  // no node
  CHECK(answer(std::vector<std::byte>{std::byte{1}, std::byte{0}}, 1200).first == errc::truncated);  // less than two bytes a node
  CHECK(answer(std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{0}}, 1200).first == errc::corrupt);     // level 0
  CHECK(answer(std::vector<std::byte>{std::byte{1}, std::byte{17}, std::byte{0}}, 1200).first == errc::corrupt);    // level 17
  CHECK(answer(std::vector<std::byte>{std::byte{1}, std::byte{1}, std::byte{0x18}}, 1200).first == errc::corrupt);  // half a byte too much
  CHECK(answer(std::vector<std::byte>{std::byte{1}, std::byte{1}, std::byte{0x10}, std::byte{0}}, 1200).first == errc::corrupt);

  const auto taken = [&](std::span<const std::byte> bytes) {
    skerry::byte_reader in{bytes};
    return d.take(in, sets.mine, [](std::uint64_t, state::digest_side) {}).error();
  };
  const auto unchanged = [&] {
    std::array<std::byte, 128> again{};
    skerry::byte_writer w{again};
    return d.ask(w) && again == question;
  };
  CHECK(taken({}) == errc::truncated);
  CHECK(taken(std::span{whole.second}.first(whole.second.size() - 1)) == errc::truncated);
  CHECK(taken(std::vector<std::byte>{std::byte{17}}) == errc::corrupt);               // neither a list nor sums
  CHECK(taken(std::vector<std::byte>{std::byte{1}, std::byte{0}}) == errc::corrupt);  // a list where sums were asked for
  auto longer = whole.second;
  longer.insert(longer.end(), whole.second.begin(), whole.second.end());
  CHECK(taken(longer) == errc::corrupt);
  CHECK(unchanged());
  CHECK(taken(whole.second) == errc::ok);
  CHECK(!unchanged());
}
