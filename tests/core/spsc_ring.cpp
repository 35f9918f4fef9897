// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/core/spsc_ring.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <deque>
#include <thread>
#include <type_traits>

#include "core/counting_new.hpp"

namespace {

using skerry::errc;
using skerry::spsc_ring;

TEST_CASE("a queue used from one side after the other is a bounded deque") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 g{seed};
    spsc_ring<int, 8> ours;
    std::deque<int> theirs;
    for (int i = 0; i < 5000; ++i) {
      if (skerry::uniform_below(g, 2) == 0) {
        REQUIRE(ours.try_push(i).error() == (theirs.size() < 8 ? errc::ok : errc::full));
        if (theirs.size() < 8) {
          theirs.push_back(i);
        }
      } else {
        const auto got = ours.try_pop();
        REQUIRE(got.error() == (theirs.empty() ? errc::empty : errc::ok));
        if (got) {
          REQUIRE(got.value() == theirs.front());
          theirs.pop_front();
        }
      }
      REQUIRE(ours.size() == theirs.size());
      REQUIRE(ours.empty() == theirs.empty());
    }
  }
}

struct wide {
  std::uint64_t a = 0, b = 0, c = 0;
};

TEST_CASE("what one thread pushes the other pops, whole and in order") {
  constexpr std::uint64_t count = 200000;
  static spsc_ring<wide, 16> ring;
  std::uint64_t refused = 0;
  std::thread writer{[&] {
    for (std::uint64_t i = 1; i <= count;) {
      if (ring.try_push({i, ~i, i * 3})) {
        ++i;
      } else {
        ++refused;
        std::this_thread::yield();
      }
    }
  }};
  bool whole = true;
  bool in_order = true;
  for (std::uint64_t expected = 1; expected <= count;) {
    if (const auto got = ring.try_pop()) {
      const wide& w = got.value();
      in_order = in_order && w.a == expected;
      whole = whole && w.b == ~w.a && w.c == w.a * 3;
      ++expected;
    } else {
      std::this_thread::yield();
    }
  }
  writer.join();
  CHECK(whole);
  CHECK(in_order);
  CHECK(ring.empty());
}

TEST_CASE("the queue needs two counters beside its elements, and no heap") {
  static_assert(sizeof(spsc_ring<std::uint32_t, 16>) == 16 * 4 + 8);
  static_assert(noexcept(std::declval<spsc_ring<int, 2>&>().try_push(1))&& noexcept(std::declval<spsc_ring<int, 2>&>().try_pop()));
  static_assert(!std::is_copy_constructible_v<spsc_ring<int, 2>>);
  static_assert(spsc_ring<int, 1>::capacity() == 1);
  const auto before = skerry_test::allocations();
  spsc_ring<int, 1> one;
  CHECK(one.try_push(1));
  CHECK(one.try_push(2).error() == errc::full);
  CHECK(one.try_pop().value() == 1);
  CHECK(skerry_test::allocations() == before);
}

}  // namespace
