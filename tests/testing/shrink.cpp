// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/shrink.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

using skerry::testing::shrink;

TEST_CASE("of a thousand elements the three that matter are left, in their order", "[testing][shrink]") {
  std::vector<int> list(1000);
  std::iota(list.begin(), list.end(), 0);
  std::size_t calls = 0;
  const auto left = shrink(list, [&calls](const std::vector<int>& l) {
    ++calls;
    const auto has = [&l](int x) { return std::find(l.begin(), l.end(), x) != l.end(); };
    return has(3) && has(500) && has(998);
  });
  CHECK(left == std::vector<int>{3, 500, 998});
  CHECK(calls < 200);
}

TEST_CASE("no single element of what is left can be left out", "[testing][shrink]") {
  std::vector<int> list(64);
  std::iota(list.begin(), list.end(), 1);
  const auto enough = [](const std::vector<int>& l) { return std::accumulate(l.begin(), l.end(), 0) >= 200; };
  const auto left = shrink(list, enough);
  REQUIRE(enough(left));
  for (std::size_t i = 0; i < left.size(); ++i) {
    auto fewer = left;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_FALSE(enough(fewer));
  }
}

TEST_CASE("what fails without anything becomes nothing, and a budget of tries is kept", "[testing][shrink]") {
  CHECK(shrink(std::vector<int>{1, 2, 3}, [](const auto&) { return true; }).empty());
  std::size_t calls = 0;
  (void)shrink(
      std::vector<int>(1000, 1),
      [&calls](const auto& l) {
        ++calls;
        return l.size() >= 999;
      },
      50);
  CHECK(calls <= 50);
}
