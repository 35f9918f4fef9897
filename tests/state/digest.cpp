// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/digest.hpp>

#include <skerry/state/hash_tree.hpp>
#include <skerry/state/riblt.hpp>

#include "state/digest_talk.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::status;

static_assert(state::digest<state::riblt<64>>);
static_assert(state::digest<state::hash_tree<>>);
static_assert(state::digest_source<name_set>);
static_assert(!state::digest_source<int>);

namespace {

/// The smallest digest: it asks for everything.
struct everything {
  bool complete = false;
  void start(std::uint64_t, const state::digest_mark&) noexcept { complete = false; }
  status ask(skerry::byte_writer&) const noexcept { return {}; }
  template <typename S>
  static status answer(std::uint64_t, skerry::byte_reader& in, const S& set, skerry::byte_writer& out) {
    set.for_each([&](const state::digest_item& item) { out.u64(item.value); });
    return in.finish() ? out.error() : in.finish().error();
  }
  template <typename S, typename F>
  status take(skerry::byte_reader& in, const S& set, F&& found) {
    std::set<std::uint64_t> theirs;
    while (in.error() == errc::ok && !in.remaining().empty()) {
      theirs.insert(in.u64());
    }
    if (in.error() != errc::ok) {
      return in.error();
    }
    set.for_each([&](const state::digest_item& item) {
      if (theirs.erase(item.value) == 0) {
        found(item.value, state::digest_side::mine);
      }
    });
    for (const std::uint64_t value : theirs) {
      found(value, state::digest_side::theirs);
    }
    complete = true;
    return {};
  }
  bool done() const noexcept { return complete; }
  bool spoiled() const noexcept { return false; }
};
static_assert(state::digest<everything>);

struct never_done : everything {
  void done() const noexcept {}
};
struct answers_with_memory : everything {
  template <typename S>
  status answer(skerry::byte_reader&, const S&, skerry::byte_writer&) {
    return {};
  }
};
struct throwing_question : everything {
  status ask(skerry::byte_writer&) const { return {}; }
};
static_assert(!state::digest<never_done> && !state::digest<answers_with_memory> && !state::digest<throwing_question>);

}  // namespace

TEST_CASE("a digest of nothing but everything finds what differs", "[state][digest]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    const auto sets = sets_of(seed, seed, seed / 2, seed / 3, seed);
    everything d;
    const talk t = converse(d, seed, sets.mine, sets.theirs, 4096);
    REQUIRE(t.error == errc::ok);
    REQUIRE(t.found == difference_of(sets.mine, sets.theirs));
  }
}

TEST_CASE("the mark of a set does not depend on the order in which it is walked, but on every element", "[state][digest]") {
  auto sets = sets_of(1, 100, 0, 0, 7);
  const auto mark = state::mark_of(sets.mine);
  CHECK(mark.count == 100);
  CHECK(mark == state::mark_of(sets.theirs));  // shuffled
  sets.theirs.drop_last();
  CHECK(mark.sum != state::mark_of(sets.theirs).sum);
  sets.mine.rehash(8);
  CHECK(mark.sum != state::mark_of(sets.mine).sum);
  CHECK(state::mark_of(state::detail::no_items{}) == state::digest_mark{});
}

TEST_CASE("few differences are told by symbols, many by a tree, and what no memory suffices for by a tree too", "[state][digest]") {
  using state::choose_digest;
  using state::digest_scheme;
  CHECK(choose_digest(60'000, 0, 2048) == digest_scheme::symbols);
  CHECK(choose_digest(60'000, 1, 2048) == digest_scheme::symbols);
  CHECK(choose_digest(60'000, 1000, 2048) == digest_scheme::symbols);
  CHECK(choose_digest(60'000, 1000, 1024) == digest_scheme::tree);
  CHECK(choose_digest(60'000, 60'000, 1U << 19) == digest_scheme::tree);
  CHECK(choose_digest(300, 600, 2048) == digest_scheme::tree);
  CHECK(choose_digest(0, 0, 64) == digest_scheme::symbols);
  CHECK(choose_digest(~std::uint64_t{0}, ~std::uint64_t{0}, 1U << 19) == digest_scheme::tree);
}

TEST_CASE("what the choice expects of both schemes is what they then cost, within a factor", "[state][digest]") {
  const auto symbols = std::make_unique<state::riblt<4096>>();
  for (const std::size_t n : {40U, 600U, 4000U}) {
    for (const std::size_t d : {2U, 30U, 200U, 1000U}) {
      CAPTURE(n, d);
      const auto sets = sets_of(n + d, n, d / 2, d - d / 2, 5);
      const std::size_t larger = n + d - d / 2;
      const talk with_symbols = converse(*symbols, 5, sets.mine, sets.theirs);
      state::hash_tree<> tree;
      const talk with_tree = converse(tree, 5, sets.mine, sets.theirs);
      REQUIRE(with_symbols.error == errc::ok);
      REQUIRE(with_tree.error == errc::ok);
      const std::size_t s = state::digest_symbol_bytes(d);
      const std::size_t t = state::digest_tree_bytes(larger, d);
      CAPTURE(with_symbols.bytes, s, with_tree.bytes, t);
      CHECK(with_symbols.bytes < s * 3 / 2 + 32);
      CHECK(with_symbols.bytes * 2 > s);
      CHECK(with_tree.bytes < t * 3 / 2 + 32);
      CHECK(with_tree.bytes * 4 > t);
      // Where one is twice as cheap, the choice knows.
      const auto chosen = state::choose_digest(larger, d, 4096);
      if (with_symbols.bytes * 2 < with_tree.bytes) {
        CHECK(chosen == state::digest_scheme::symbols);
      } else if (with_tree.bytes * 2 < with_symbols.bytes) {
        CHECK(chosen == state::digest_scheme::tree);
      }
    }
  }
}
