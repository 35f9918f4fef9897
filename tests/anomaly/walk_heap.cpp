// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/walk_heap.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;

static_assert(walk_heap_for<isolation_forest<16>>::bytes() <= 109'000);
static_assert(walk_heap_for<isolation_forest<16, 100, 256, std::uint8_t>>::bytes() <= 76'800 + 64);
static_assert(std::is_trivially_copyable_v<walk_heap_for<isolation_forest<16>>>);

TEMPLATE_TEST_CASE("the heaps answer the depth sums of their forest for every row, seen or not", "", std::int16_t, std::uint8_t) {
  using forest_type = isolation_forest<6, 21, 64, TestType, 21 * 63>;
  using shape = walk_heap_for<forest_type>;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 100, 6};
    auto forest = std::make_unique<forest_type>();
    REQUIRE(forest->fit(data.view(), {.seed = seed,
                                      .trees = static_cast<std::uint16_t>(1 + seed % 21),
                                      .sample = static_cast<std::uint16_t>(2 + seed * 2),
                                      .max_depth = static_cast<std::uint8_t>(seed % 7)}));
    const auto made = std::make_unique<skerry::result<shape>>(lower<shape>(*forest));
    REQUIRE(*made);
    const shape& heap = made->value();
    CHECK(heap.trees() == forest->trees());
    auto codes = codes_of(data, forest->codes());
    skerry::pcg32 random{seed};
    for (std::size_t i = codes.size() / 2; i < codes.size(); ++i) {
      codes[i] = static_cast<TestType>(random());
      codes[i] = codes[i] == code_traits<TestType>::missing ? TestType{} : codes[i];
    }
    const row_view<TestType> rows{codes.data(), 100, 6, 6};
    std::vector<std::uint32_t> want(100), got(100), some(13);
    REQUIRE(forest->depth_sums_codes(rows, want));
    REQUIRE(heap.depth_sums_codes(rows, got));
    CHECK(want == got);
    REQUIRE(heap.depth_sums_codes({codes.data(), 13, 6, 6}, some));
    for (std::size_t i = 0; i < 100; ++i) {
      REQUIRE(heap.depth_sum_codes(std::span<const TestType, 6>{codes.data() + i * 6, 6}).value() == want[i]);
      REQUIRE((i >= 13 || some[i] == want[i]));
    }
  }
}

TEST_CASE("a forest without trees, or of deeper trees than the heaps, is not lowered") {
  using forest_type = isolation_forest<2, 3, 16, std::int16_t, 60>;
  using shape = walk_heap_for<forest_type>;
  forest_type forest;
  CHECK(lower<shape>(forest).error() == errc::insufficient);
  const rows_of_numbers data{1, 30, 2, false};
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16, .max_depth = 9}));
  CHECK(lower<shape>(forest).error() == errc::full);
}

TEST_CASE("the heaps refuse missing codes and outputs of another length, and leave those as they were") {
  using forest_type = isolation_forest<2, 3, 16, std::int16_t, 60>;
  forest_type forest;
  const rows_of_numbers data{1, 30, 2, false};
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 16}));
  const auto heap = lower<walk_heap_for<forest_type>>(forest);
  REQUIRE(heap);
  const std::array<std::int16_t, 4> codes{1, 2, -32768, 4};
  std::array<std::uint32_t, 2> out{5, 6};
  CHECK(heap.value().depth_sum_codes(std::span<const std::int16_t, 2>{codes.data() + 2, 2}).error() == errc::not_finite);
  CHECK(heap.value().depth_sums_codes({codes.data(), 2, 2, 2}, out).error() == errc::not_finite);
  CHECK(heap.value().depth_sums_codes({codes.data(), 1, 2, 2}, out).error() == errc::width);
  CHECK(heap.value().depth_sums_codes({codes.data(), 2, 1, 2}, out).error() == errc::width);
  CHECK(out == std::array<std::uint32_t, 2>{5, 6});
}
