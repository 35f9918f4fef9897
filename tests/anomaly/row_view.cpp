// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/row_view.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <type_traits>

using skerry::anomaly::first_not_finite;
using skerry::anomaly::row_view;
using skerry::anomaly::rows_of;

static_assert(std::is_aggregate_v<row_view<float>> && std::is_trivially_copyable_v<row_view<float>>);

TEST_CASE("a view with a stride reads the first columns of a wider table") {
  const std::array<float, 6> table{1, 2, 3, 4, 5, 6};
  const row_view<float> left{table.data(), 2, 2, 3};
  CHECK(left.row(1)[0] == 4);
  CHECK(left.row(1)[1] == 5);
  CHECK(left.holds(2));
  CHECK_FALSE(left.holds(3));
  CHECK_FALSE(row_view<float>{table.data(), 2, 3, 2}.holds(3));
}

TEST_CASE("values without gaps are as many rows as are complete") {
  const std::array<float, 7> values{};
  CHECK(rows_of(std::span<const float>{values}, 3).rows == 2);
  CHECK(rows_of(std::span<const float>{values}, 0).rows == 0);
}

TEST_CASE("the first value that is not finite is found in reading order, gaps passed over") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  std::array<float, 9> table{1, 2, nan, 4, 5, nan, 7, -std::numeric_limits<float>::infinity(), nan};
  CHECK(first_not_finite({table.data(), 3, 2, 3}) == 5);
  CHECK(first_not_finite({table.data(), 2, 2, 3}) == 4);  // none: rows times columns
  CHECK(first_not_finite({table.data(), 3, 3, 3}) == 2);
  table[0] = std::numeric_limits<float>::max();
  CHECK(first_not_finite({table.data(), 1, 2, 3}) == 2);
}
