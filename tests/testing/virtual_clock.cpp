// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/virtual_clock.hpp>

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace {
using clock_type = skerry::testing::virtual_clock<std::uint32_t>;

TEST_CASE("events happen in the order of their time, then of their scheduling, also behind the wrap of the counter") {
  clock_type clock{0xffff'fff0};
  std::vector<int> seen;
  clock.after(40, [&] { seen.push_back(3); });
  clock.after(10, [&] { seen.push_back(1); });
  clock.after(40, [&] { seen.push_back(4); });
  clock.after(20, [&] {
    seen.push_back(2);
    clock.after(0, [&] { seen.push_back(20); });
    clock.after(1000, [&] { seen.push_back(5); });
  });
  CHECK(clock.next_event() == skerry::deadline<std::uint32_t>{0xffff'fffa});
  clock.run_for(100);
  CHECK(seen == std::vector<int>{1, 2, 20, 3, 4});
  CHECK(clock.now() == 84);
  CHECK(clock.pending() == 1);
  CHECK(clock.step());
  CHECK(clock.now() == 1004);
  CHECK_FALSE(clock.step());
  CHECK_FALSE(clock.next_event());
}

TEST_CASE("a clock that is set keeps the distance of its events") {
  clock_type clock{1000};
  bool happened = false;
  clock.after(50, [&] { happened = true; });
  clock.set(10);
  clock.run_until(59);
  CHECK_FALSE(happened);
  clock.run_until(60);
  CHECK(happened);
}
}  // namespace
