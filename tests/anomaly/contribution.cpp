// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/contribution.hpp>

#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::rows_of_numbers;

namespace {

constexpr std::size_t width = 6;
template <typename Code>
using forest_of = isolation_forest<width, 15, 128, Code, 15 * 128, forest_room{.categories = 1}>;

}  // namespace

TEMPLATE_TEST_CASE("contributions are whole numbers and add up to T v(root) - depth sum exactly, gaps and names included", "", std::int16_t,
                   std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    rows_of_numbers data{seed, 150, width};
    skerry::pcg32 random{seed};
    std::vector<column_kind> kinds;
    if (seed % 2 == 0) {
      kinds = {column_kind::number, column_kind::number, column_kind::category,
               column_kind::number, column_kind::number, column_kind::number};
      for (std::size_t i = 0; i < data.rows; ++i) {
        data.values[i * width + 2] = static_cast<float>(random() % 5);
      }
    }
    const auto policy = static_cast<missing_policy>(seed % 3);
    for (std::size_t i = 3; policy != missing_policy::refuse && i < data.values.size(); i += 1 + random() % 11) {
      data.values[i] = std::numeric_limits<float>::quiet_NaN();
    }
    const forest_config config{.seed = seed,
                               .trees = 15,
                               .sample = static_cast<std::uint16_t>(2 + seed * 3),
                               .max_depth = static_cast<std::uint8_t>(seed % 5 == 0 ? 3 : 0),
                               .missing = policy,
                               .explain = true};
    auto forest = std::make_unique<forest_of<TestType>>();
    dynamic_isolation_forest<TestType> dynamic;
    REQUIRE(forest->fit(data.view(), config, {.kinds = kinds}));
    REQUIRE(dynamic.fit(data.view(), config, {.kinds = kinds}));
    for (std::size_t i = 0; i < data.rows; ++i) {
      const std::span<const float, width> row{data.row(i), width};
      const auto shares = forest->explain(row).value();
      REQUIRE(shares.total() == std::int64_t{15} * forest->root_code() - forest->depth_sum(row).value());
      std::vector<std::int32_t> low(width), high(width);
      REQUIRE(dynamic.explain(row, {low, high}));
      REQUIRE(std::ranges::equal(low, shares.low));
      REQUIRE(std::ranges::equal(high, shares.high));
    }
  }
}

TEST_CASE("forests with leaf codes of two bytes explain exactly, too") {
  const rows_of_numbers data{3, 1500, 3, false};
  dynamic_isolation_forest<> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 5, .sample = 1024, .explain = true}));
  REQUIRE(forest.leaf_scale() == 256);
  auto fixed = std::make_unique<isolation_forest<3, 5, 1024, std::int16_t, 5 * 1023>>();
  REQUIRE(fixed->fit(data.view(), {.seed = 1, .trees = 5, .sample = 1024, .explain = true}));
  for (std::size_t i = 0; i < 300; ++i) {
    const auto shares = fixed->explain(std::span<const float, 3>{data.row(i), 3}).value();
    std::vector<std::int32_t> low(3), high(3);
    REQUIRE(forest.explain({data.row(i), 3}, {low, high}));
    REQUIRE(std::ranges::equal(low, shares.low));
    REQUIRE(shares.total() == std::int64_t{5} * forest.root_code() - forest.depth_sum({data.row(i), 3}).value());
  }
}

TEST_CASE("the column that is off, and the side it is off to, comes first in either weighting") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const rows_of_numbers data{seed, 600, width, false};
    auto forest = std::make_unique<isolation_forest<width>>();
    REQUIRE(forest->fit(data.view(), {.seed = seed, .explain = true}));
    const std::size_t off = seed % width;
    const bool high = seed % 2 == 0;
    std::array<float, width> row{};  // zero is in the middle of every column
    row[off] = high ? 1e6F : -1e6F;
    CAPTURE(seed, off, high);
    const auto first = forest->explain(row).value().top<2>();
    CHECK(first[0].column == off);
    CHECK(first[0].high == high);
    CHECK(first[0].share > 2 * std::abs(first[1].share));
    const auto ranked = forest->explain(row, contribution_weighting::diffi).value().top<1>()[0];
    CHECK(ranked.column == off);
    CHECK(ranked.high == high);
    CHECK(ranked.share <= 65536);
  }
}

TEST_CASE("a column that is never asked about has no share") {
  rows_of_numbers data{4, 300, 3, false};
  for (std::size_t i = 0; i < 300; ++i) {
    data.values[i * 3 + 1] = 4;
  }
  auto forest = std::make_unique<isolation_forest<3>>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .explain = true}));
  for (const auto weighting : {contribution_weighting::path, contribution_weighting::diffi}) {
    const auto shares = forest->explain(std::array{1e9F, -55.0F, 2.0F}, weighting).value();
    CHECK(shares.share(1) == 0);
    CHECK(shares.high[0] > 0);
  }
}

TEST_CASE("the rows of a node are found again from its code") {
  for (const std::uint32_t scale : {12U, 256U}) {
    for (std::uint32_t n = 1; n <= 256; ++n) {
      for (const std::uint32_t depth : {0U, 3U}) {
        const std::uint32_t found = detail::rows_of_code(scale, depth, detail::leaf_code(scale, depth, n), 256);
        CAPTURE(scale, n, depth, found);
        REQUIRE(detail::leaf_code(scale, depth, found) == detail::leaf_code(scale, depth, n));
        REQUIRE(std::abs(static_cast<int>(found) - static_cast<int>(n)) <= static_cast<int>(scale == 12 ? n / 24 : 1));
      }
    }
  }
  CHECK(detail::imbalance(1, 1) == 1.0);
  CHECK(detail::imbalance(5, 5) == 0.5);
  CHECK(detail::imbalance(9, 1) == 1.0);
  CHECK(detail::imbalance(1, 2) == 1.0);
  CHECK(detail::imbalance(3, 7) == detail::imbalance(7, 3));
}

TEST_CASE("the greatest shares come out as sorting would give them, ties by column") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const std::size_t n = random() % 20;
    std::vector<std::int32_t> low(n), high(n);
    for (std::size_t j = 0; j < n; ++j) {
      low[j] = static_cast<std::int32_t>(random() % 7) - 3;
      high[j] = static_cast<std::int32_t>(random() % 7) - 3;
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const int by = low[a] + high[a] - (low[b] + high[b]);
      return by != 0 ? by > 0 : a < b;
    });
    std::vector<column_share> out(random() % 8);
    REQUIRE(top_shares(low, high, out) == std::min(n, out.size()));
    for (std::size_t i = 0; i < std::min(n, out.size()); ++i) {
      REQUIRE(out[i].column == order[i]);
      REQUIRE(out[i].share == low[order[i]] + high[order[i]]);
      REQUIRE(out[i].high == (high[order[i]] > low[order[i]]));
    }
  }
}
