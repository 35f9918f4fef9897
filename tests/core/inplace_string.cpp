// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/inplace_string.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/counting_new.hpp"

namespace {

using skerry::errc;
using skerry::inplace_string;

TEST_CASE("a text in place holds what a std::string holds, and equal texts have equal bytes whatever they held before") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 g{seed};
    inplace_string<10> ours;
    std::string theirs;
    for (int step = 0; step < 3000; ++step) {
      const std::string piece(skerry::uniform_below(g, 6), static_cast<char>('a' + skerry::uniform_below(g, 26)));
      switch (skerry::uniform_below(g, 4)) {
        case 0:
        case 1: {
          const bool room = theirs.size() + piece.size() <= 10;
          REQUIRE(ours.try_append(piece).error() == (room ? errc::ok : errc::full));
          theirs += room ? piece : std::string{};
          break;
        }
        case 2:
          REQUIRE(ours.try_assign(piece));
          theirs = piece;
          break;
        default: {
          const std::string_view own = ours.view().substr(ours.size() / 2);  // a part of itself
          theirs = std::string{own};
          REQUIRE(ours.try_assign(own));
        }
      }
      REQUIRE(ours.view() == theirs);
      REQUIRE(std::strlen(ours.c_str()) == theirs.size());
      const auto fresh = inplace_string<10>::create(theirs);
      REQUIRE(fresh);
      REQUIRE(std::memcmp(&ours, &fresh.value(), sizeof ours) == 0);
    }
  }
}

TEST_CASE("a text that does not fit is refused, not cut") {
  inplace_string<4> t{"abcd"};
  CHECK(t.try_append("e").error() == errc::full);
  CHECK(t.try_push_back('e').error() == errc::full);
  CHECK(t.try_assign("vwxyz").error() == errc::full);
  CHECK(t == "abcd");
  CHECK(inplace_string<4>::create("abcde").error() == errc::full);
  CHECK(t.try_append(""));
  static_assert(!std::is_constructible_v<inplace_string<4>, const char(&)[6]>);
}

TEST_CASE("an array of characters ends at its first zero, or at its end when it has none") {
  const char padded[6] = {'a', 'b', '\0', 'c', 'd', '\0'};
  CHECK(inplace_string<8>{padded} == "ab");
  const char unterminated[3] = {'a', 'b', 'c'};
  CHECK(inplace_string<8>{unterminated} == "abc");
}

TEST_CASE("texts compare with each other, with literals and with views, in both directions") {
  const inplace_string<8> a{"abc"};
  const inplace_string<8> b{"abd"};
  CHECK(a == a);
  CHECK(a != b);
  CHECK(a < b);
  CHECK("abc" == a);
  CHECK(std::string_view{"abb"} < a);
  CHECK(a == inplace_string<20>{"abc"});
  CHECK(a < std::string{"abcd"});
  static_assert(std::is_trivially_copyable_v<inplace_string<8>>);
  static_assert(sizeof(inplace_string<14>) == 16);
  static_assert(inplace_string<8>{"xyz"}.view() == "xyz");
  const auto before = skerry_test::allocations();
  inplace_string<100> long_one;
  (void)long_one.try_append("a text that a std::string would put on the heap");
  CHECK(skerry_test::allocations() == before);
}

}  // namespace
