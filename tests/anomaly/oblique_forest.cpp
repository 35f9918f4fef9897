// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/oblique_forest.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "core/counting_new.hpp"
#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::rows_of_numbers;

namespace {

static_assert(std::is_trivially_copyable_v<oblique_forest<4>>);
static_assert(sizeof(oblique_forest<16, 100, 256>) <= 12800 * (5 * 3 + 11) + 100 * 5 + 40);

template <typename Forest>
std::vector<std::uint32_t> sums_of(const Forest& forest, row_view<float> rows) {
  std::vector<std::uint32_t> sums(rows.rows);
  REQUIRE(forest.depth_sums(rows, sums));
  return sums;
}

}  // namespace

TEST_CASE("an oblique forest gives a row apart a higher score than every row it was trained on") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 400, 5, false};
    auto forest = std::make_unique<oblique_forest<5, 50, 128>>();
    REQUIRE(forest->fit(data.view(), {.seed = seed, .trees = 50, .sample = 128}));
    float highest = 0;
    for (std::size_t i = 0; i < data.rows; ++i) {
      const auto score = forest->score(std::span<const float, 5>{data.row(i), 5});
      REQUIRE(score);
      REQUIRE(score.value() > 0.0F);
      REQUIRE(score.value() < 1.0F);
      highest = score.value() > highest ? score.value() : highest;
    }
    std::array<float, 5> apart{};
    for (std::size_t j = 0; j < 5; ++j) {
      float most = 0;
      for (std::size_t i = 0; i < data.rows; ++i) {
        most = std::fabs(data.row(i)[j]) > most ? std::fabs(data.row(i)[j]) : most;
      }
      apart[j] = (j % 2 == 0 ? 1.5F : -1.5F) * most;
    }
    CHECK(forest->score(apart).value() > highest);
  }
}

TEST_CASE("between two clusters splits along the axes see bands of usual rows; oblique ones do not") {
  // Clusters at (0, 10) and (10, 0): nothing was ever near (0, 0) or (10, 10), but each of their coordinates is usual.
  skerry::pcg32 random{3};
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) {
    const float at = i % 2 == 0 ? 0.0F : 10.0F;
    values.push_back(at + static_cast<float>(skerry::normal(random)));
    values.push_back(10.0F - at + static_cast<float>(skerry::normal(random)));
  }
  const row_view<float> rows{values.data(), 1000, 2, 2};
  auto straight = std::make_unique<isolation_forest<2>>();
  auto oblique = std::make_unique<oblique_forest<2>>();
  REQUIRE(straight->fit(rows, {.seed = 1}));
  REQUIRE(oblique->fit(rows, {.seed = 1}));
  // How many usual rows look stranger than the two ghosts.
  const auto stranger = [&rows](const auto& forest, std::array<float, 2> ghost) {
    const float score = forest.score(ghost).value();
    std::size_t n = 0;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      n += forest.score(std::span<const float, 2>{rows.row(i), 2}).value() >= score ? 1U : 0U;
    }
    return n;
  };
  const std::size_t seen_by_straight = stranger(*straight, {0, 0}) + stranger(*straight, {10, 10});
  const std::size_t seen_by_oblique = stranger(*oblique, {0, 0}) + stranger(*oblique, {10, 10});
  CAPTURE(seen_by_straight, seen_by_oblique);
  CHECK(seen_by_oblique < seen_by_straight / 2);
}

TEST_CASE("a tree depends on seed, tree number and rows alone, and columns may be scaled by powers of two") {
  const rows_of_numbers data{4, 300, 6};
  auto some = std::make_unique<oblique_forest<6, 20, 64>>();
  auto more = std::make_unique<oblique_forest<6, 20, 64>>();
  auto scaled = std::make_unique<oblique_forest<6, 20, 64>>();
  REQUIRE(some->fit(data.view(), {.seed = 5, .trees = 20, .sample = 64}));
  REQUIRE(more->fit(data.view(), {.seed = 6, .trees = 20, .sample = 64}));
  REQUIRE(more->fit(data.view(), {.seed = 5, .trees = 20, .sample = 64}));  // fitted before
  const auto want = sums_of(*some, data.view());
  CHECK(want == sums_of(*more, data.view()));
  CHECK(skerry_test::same_bytes(*some, *more));
  rows_of_numbers larger = data;
  for (std::size_t i = 0; i < larger.values.size(); ++i) {
    larger.values[i] *= i % 6 == 2 ? 1024.0F : i % 6 == 4 ? 0.125F : 1.0F;
  }
  REQUIRE(scaled->fit(larger.view(), {.seed = 5, .trees = 20, .sample = 64}));
  CHECK(want == sums_of(*scaled, larger.view()));
  REQUIRE(more->fit(data.view(), {.seed = 7, .trees = 20, .sample = 64}));
  CHECK(want != sums_of(*more, data.view()));
}

TEST_CASE("with one column in a split it isolates like splits along the axes, to the noise of other draws") {
  const rows_of_numbers data{8, 1000, 4, false};
  auto straight = std::make_unique<isolation_forest<4>>();
  auto single = std::make_unique<oblique_forest<4, 100, 256, 1>>();
  REQUIRE(straight->fit(data.view(), {.seed = 2}));
  REQUIRE(single->fit(data.view(), {.seed = 3}));
  CHECK(single->leaf_scale() == straight->leaf_scale());
  CHECK(single->depth_limit() == straight->depth_limit());
  const auto a = sums_of(*straight, data.view());
  const auto b = sums_of(*single, data.view());
  double mean_a = 0;
  double mean_b = 0;
  for (std::size_t i = 0; i < data.rows; ++i) {
    mean_a += a[i] / 1000.0;
    mean_b += b[i] / 1000.0;
    REQUIRE(std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])) < 0.25 * static_cast<double>(a[i]));
  }
  CHECK(std::fabs(mean_a - mean_b) < 0.03 * mean_a);
}

TEST_CASE("refused fits and rows leave an oblique forest as it was") {
  using forest_type = oblique_forest<3, 4, 16, 2, 40>;
  forest_type forest;
  rows_of_numbers data{2, 50, 3, false};
  const std::array<float, 3> row{1, 2, 3};
  CHECK(forest.score(row).error() == errc::insufficient);
  CHECK(forest.depth_sum(row).error() == errc::insufficient);
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 10}));
  const forest_type before = forest;
  const auto config = forest_config{.seed = 1, .trees = 3, .sample = 10};
  const auto refuses = [&](row_view<float> rows, const forest_config& asked, errc why) {
    CHECK(forest.fit(rows, asked).error() == why);
    CHECK(std::memcmp(&forest, &before, sizeof forest) == 0);
  };
  refuses({data.values.data(), 20, 2, 3}, config, errc::width);
  refuses({data.values.data(), 20, 3, 2}, config, errc::width);
  refuses({data.values.data(), 1, 3, 3}, config, errc::insufficient);
  refuses(data.view(), {.seed = 1, .trees = 0, .sample = 10}, errc::invalid);
  refuses(data.view(), {.seed = 1, .trees = 3, .sample = 1}, errc::invalid);
  refuses(data.view(), {.seed = 1, .trees = 3, .sample = 10, .max_depth = 32}, errc::invalid);
  refuses(data.view(), {.seed = 1, .trees = 3, .sample = 10, .max_depth = 25}, errc::invalid);
  refuses(data.view(), {.seed = 1, .trees = 5, .sample = 10}, errc::full);
  refuses(data.view(), {.seed = 1, .trees = 3, .sample = 17}, errc::full);
  refuses(data.view(), {.seed = 1, .trees = 4, .sample = 16, .max_depth = 12}, errc::full);  // about 60 splits
  refuses(data.view(), {.seed = 1, .trees = 3, .sample = 10, .max_depth = 0, .missing = missing_policy::evidence}, errc::unsupported);
  data.values[7] = std::numeric_limits<float>::quiet_NaN();
  refuses(data.view(), config, errc::not_finite);
  std::array<std::uint32_t, 2> out{5, 6};
  CHECK(forest.depth_sums({data.values.data(), 3, 3, 3}, out).error() == errc::width);
  CHECK(forest.depth_sums({data.values.data() + 6, 2, 3, 3}, out).error() == errc::not_finite);
  CHECK(out == std::array<std::uint32_t, 2>{5, 6});
}

TEST_CASE("constant columns are never split on; all constant gives one half; values at the ends of float do no harm") {
  using forest_type = oblique_forest<3, 10, 32, 3, 310>;
  forest_type forest;
  std::vector<float> values(60 * 3, 4.0F);
  const row_view<float> rows{values.data(), 60, 3, 3};
  const std::size_t before = skerry_test::allocations();
  REQUIRE(forest.fit(rows, {.seed = 1, .trees = 10, .sample = 32}));
  CHECK(skerry_test::allocations() == before);
  CHECK(forest.degenerate());
  CHECK(forest.score(std::array<float, 3>{1, 2, 3}).value() == 0.5F);
  for (std::size_t i = 0; i < 60; ++i) {
    values[3 * i + 1] = static_cast<float>(i);
  }
  REQUIRE(forest.fit(rows, {.seed = 1, .trees = 10, .sample = 32}));
  CHECK(forest.splits() > 100);
  CHECK(forest.depth_sum(std::array<float, 3>{-1e30F, 7, 1e30F}).value() == forest.depth_sum(std::array<float, 3>{4, 7, 4}).value());
  constexpr float most = std::numeric_limits<float>::max();
  constexpr float least = std::numeric_limits<float>::denorm_min();
  for (std::size_t i = 0; i < 60; ++i) {
    values[3 * i] = i % 2 == 0 ? most : -most;
    values[3 * i + 2] = i % 3 == 0 ? least : 0.0F;
  }
  REQUIRE(forest.fit(rows, {.seed = 1, .trees = 10, .sample = 32}));
  for (std::size_t i = 0; i < 60; ++i) {
    REQUIRE(forest.score(std::span<const float, 3>{rows.row(i), 3}));
  }
}
