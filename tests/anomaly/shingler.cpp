// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/shingler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <deque>
#include <random>
#include <type_traits>

using namespace skerry;
using namespace skerry::anomaly;

static_assert(std::is_trivially_copyable_v<shingler<3, 5>>);
static_assert(sizeof(shingler<4, 5>) == 4 * 5 * 4 + 16);

TEST_CASE("the wide row holds the newest row first, after any history of rows and clears") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    std::mt19937 g{seed};
    shingler<2, 4, int> s;
    std::deque<std::array<int, 2>> plain;
    for (int i = 0; i < 300; ++i) {
      if (g() % 12 == 0) {
        s.clear();
        plain.clear();
      } else {
        const std::array<int, 2> r{i, -i};
        s.observe(r);
        plain.push_front(r);
      }
      std::array<int, 8> wide{};
      wide.fill(-77);
      const status copied = s.copy_to(wide);
      REQUIRE(s.ready() == (plain.size() >= 4));
      REQUIRE(copied.error() == (plain.size() >= 4 ? errc::ok : errc::insufficient));
      for (std::size_t lag = 0; lag < 4; ++lag) {
        REQUIRE(wide[lag * 2] == (copied ? plain[lag][0] : -77));
        REQUIRE(wide[lag * 2 + 1] == (copied ? plain[lag][1] : -77));
      }
    }
  }
}

TEST_CASE("a span of another width is refused and stays as it was") {
  shingler<1, 2> s;
  s.observe(std::array<float, 1>{1});
  s.observe(std::array<float, 1>{2});
  std::array<float, 3> wide{9, 9, 9};
  REQUIRE(s.copy_to(wide).error() == errc::width);
  REQUIRE(wide == std::array<float, 3>{9, 9, 9});
}

TEST_CASE("one lag is the row itself") {
  shingler<3, 1> s;
  REQUIRE_FALSE(s.ready());
  s.observe(std::array<float, 3>{1, 2, 3});
  std::array<float, 3> wide{};
  REQUIRE(s.copy_to(wide));
  REQUIRE(wide == std::array<float, 3>{1, 2, 3});
}

TEST_CASE("moving a column moves it in every row held and no other column") {
  shingler<2, 3> s;
  for (int i = 0; i < 5; ++i) {
    s.observe(std::array<float, 2>{static_cast<float>(i), 10});
  }
  s.move(0, 0.5F);
  std::array<float, 6> wide{};
  REQUIRE(s.copy_to(wide));
  REQUIRE(wide == std::array<float, 6>{4.5F, 10, 3.5F, 10, 2.5F, 10});
}
