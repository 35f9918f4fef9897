// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/random.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/counted.hpp"
#include "core/counting_new.hpp"
#include "core/dies.hpp"

namespace {

using skerry::errc;
using skerry::inplace_vector;
using skerry_test::counted;

/// The same random edits on an inplace_vector and on a std::vector.
template <typename T>
void compare_with_std(std::uint64_t seed) {
  CAPTURE(seed);
  skerry::pcg32 g{seed};
  inplace_vector<T, 7> ours;
  std::vector<T> theirs;
  for (int step = 0; step < 2000; ++step) {
    const int n = static_cast<int>(skerry::uniform_below(g, 1000));
    const std::size_t at = skerry::uniform_below(g, static_cast<std::uint32_t>(theirs.size() + 1));
    const auto offset = static_cast<std::ptrdiff_t>(at);
    switch (skerry::uniform_below(g, 7)) {
      case 0:
      case 1: {
        const bool room = theirs.size() < 7;
        REQUIRE(ours.try_push_back(T{n}).error() == (room ? errc::ok : errc::full));
        if (room) {
          theirs.push_back(T{n});
        }
        break;
      }
      case 2: {
        const bool room = theirs.size() < 7;
        REQUIRE(ours.try_insert(ours.begin() + at, T{n}).error() == (room ? errc::ok : errc::full));
        if (room) {
          theirs.insert(theirs.begin() + offset, T{n});
        }
        break;
      }
      case 3:
        if (at < theirs.size()) {
          const auto next = ours.erase(ours.begin() + at);
          theirs.erase(theirs.begin() + offset);
          REQUIRE(next == ours.begin() + at);
        }
        break;
      case 4: {
        const auto count = static_cast<std::ptrdiff_t>(skerry::uniform_below(g, static_cast<std::uint32_t>(theirs.size() - at + 1)));
        ours.erase(ours.begin() + at, ours.begin() + at + count);
        theirs.erase(theirs.begin() + offset, theirs.begin() + offset + count);
        break;
      }
      case 5: {
        const std::vector<T> more{T{n}, T{n + 1}, T{n + 2}};
        const bool room = theirs.size() + 3 <= 7;
        REQUIRE(ours.try_append(more).error() == (room ? errc::ok : errc::full));
        if (room) {
          theirs.insert(theirs.end(), more.begin(), more.end());
        }
        break;
      }
      default:
        if (!theirs.empty()) {
          ours.pop_back();
          theirs.pop_back();
        }
    }
    REQUIRE(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end()));
    inplace_vector<T, 7> copy = ours;
    REQUIRE(copy == ours);
    inplace_vector<T, 7> moved = std::move(copy);
    REQUIRE(moved == ours);
    copy = moved;
    moved = inplace_vector<T, 7>{};
    REQUIRE(copy == ours);
    REQUIRE(moved.empty());
  }
}

/// Trivially copyable, but nothing to start from.
struct no_default {
  explicit no_default(int v) : value{v} {}
  int value;
  friend bool operator==(const no_default&, const no_default&) = default;
};

TEST_CASE("an inplace_vector holds what a std::vector holds after the same edits, for each of its three storages") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    compare_with_std<int>(seed);
    compare_with_std<no_default>(seed);
    compare_with_std<counted>(seed);
    CHECK(counted::alive == 0);
  }
}

TEST_CASE("an inplace_vector is trivially copyable exactly when its elements are, and adds one small counter") {
  static_assert(std::is_trivially_copyable_v<inplace_vector<int, 3>>);
  static_assert(std::is_trivially_copyable_v<inplace_vector<no_default, 3>>);
  static_assert(!std::is_trivially_copyable_v<inplace_vector<counted, 3>>);
  static_assert(sizeof(inplace_vector<std::uint8_t, 15>) == 16);
  static_assert(sizeof(inplace_vector<std::uint16_t, 300>) == 602);
  static_assert(sizeof(inplace_vector<std::uint32_t, 70000>) == 280004);
  static_assert(noexcept(std::declval<inplace_vector<int, 3>&>().try_push_back(1)));
  static_assert(std::is_nothrow_default_constructible_v<inplace_vector<int, 3>>);
  static_assert([] {
    inplace_vector<int, 3> v;
    bool good = static_cast<bool>(v.try_push_back(1)) && static_cast<bool>(v.try_insert(v.begin(), 2));
    v.erase(v.begin());
    return good && v.size() == 1 && v.back() == 1;
  }());
  const auto before = skerry_test::allocations();
  inplace_vector<int, 100> v;
  for (int i = 0; i < 200; ++i) {
    (void)v.try_push_back(i);
  }
  CHECK(v.full());
  CHECK(skerry_test::allocations() == before);
}

TEST_CASE("an append that does not fit as a whole adds nothing") {
  inplace_vector<int, 4> v;
  const int three[] = {1, 2, 3};
  REQUIRE(v.try_append(three));
  CHECK(v.try_append(three).error() == errc::full);
  CHECK(v.size() == 3);
  CHECK(v.try_append({}));
}

struct config {
  inplace_vector<int, 4> after{};
};

TEST_CASE("a list in braces is taken whole, and one that is too long is the caller's mistake") {
  const config c{.after = {3, 1, 2}};
  CHECK(c.after.size() == 3);
  CHECK(c.after.back() == 2);
  static_assert(inplace_vector<int, 2>{5, 6}[1] == 6);
  CHECK(inplace_vector<counted, 2>{counted{5}, counted{6}}.front() == counted{5});
  CHECK(skerry_test::panics([] { (void)inplace_vector<int, 2>{1, 2, 3}.size(); }));
  CHECK(counted::alive == 0);
}

TEST_CASE("reaching for an element that is not there panics in every build") {
  CHECK(skerry_test::panics([] { (void)inplace_vector<int, 4>{}[0]; }));
  CHECK(skerry_test::panics([] { (void)inplace_vector<int, 4>{}.back(); }));
  CHECK(skerry_test::panics([] { inplace_vector<int, 4>{}.pop_back(); }));
  CHECK(skerry_test::panics([] {
    inplace_vector<int, 4> v;
    v.erase(v.begin());
  }));
  CHECK(!skerry_test::panics([] { (void)inplace_vector<int, 4>{}.try_push_back(1); }));
}

}  // namespace
