// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Densities of leaves, and the score that is made of depth and density.
#include <skerry/anomaly/score_fusion.hpp>

#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;

TEST_CASE("the fixed-point logarithm is right to its last bit or next to it") {
  const auto right = [](std::uint32_t x) { return std::abs(detail::log2_fixed(x) - 512.0 * std::log2(static_cast<double>(x))) <= 1.0; };
  for (std::uint32_t x = 1; x < 70000; ++x) {
    REQUIRE(right(x));
  }
  for (std::uint32_t k = 0; k < 32; ++k) {
    REQUIRE(detail::log2_fixed(1U << k) == static_cast<std::int32_t>(512 * k));
  }
  CHECK(right(0xffffffffU));
}

TEST_CASE("a density is clamped to its byte, and a volume never vanishes") {
  CHECK(detail::density_code(7, 7, 0) == 128);
  CHECK(detail::density_code(1, 65535, 0) == 0);
  CHECK(detail::density_code(2, 4, -512 * 3) == 128 + 2 * 8);
  CHECK(detail::density_code(1, 1, -512 * 40) == 255);
  std::int32_t volume = 0;
  for (int i = 0; i < 40; ++i) {
    volume = detail::part_of_volume(volume, 1, 65535);
    REQUIRE(volume >= detail::least_volume);
    REQUIRE(volume <= 0);
  }
  CHECK(detail::part_of_volume(volume, 1, 65535) == volume);
}

TEMPLATE_TEST_CASE("the density of a leaf is its share of rows over its share of volume, along every path", "", std::int16_t,
                   std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 100, 4};
    isolation_forest<4, 6, 100, TestType, 600> forest;
    REQUIRE(forest.fit(data.view(), {.seed = seed, .trees = 6, .sample = 100, .density = true}));
    const auto codes = codes_of(data, forest.codes());
    for (std::size_t t = 0; t < 6; ++t) {
      struct node {
        std::size_t split, splits, leaf;
        double volume;
        std::vector<std::size_t> rows;
      };
      std::vector<node> todo(1);
      todo[0] = {0, forest.splits_of(t).size(), 0, 0.0, {}};
      for (std::size_t i = 0; i < data.rows; ++i) {
        todo[0].rows.push_back(i);
      }
      while (!todo.empty()) {
        const node now = todo.back();
        todo.pop_back();
        if (now.splits == 0) {
          const double want = std::log2(static_cast<double>(now.rows.size()) / 100.0) - now.volume;
          const double got = (forest.densities_of(t)[now.leaf] - 128) / 8.0;
          REQUIRE(std::abs(got - std::clamp(want, -16.0, 15.875)) <= 1.0 / 16 + 0.04);  // half a step, and 1/512 a level
          continue;
        }
        const auto& s = forest.splits_of(t)[now.split];
        int least = 1 << 20;
        int greatest = -least;
        node left{now.split + 1, s.left, now.leaf, 0, {}};
        node right{now.split + 1 + s.left, now.splits - 1 - s.left, now.leaf + s.left + 1U, 0, {}};
        for (const std::size_t i : now.rows) {
          const int c = codes[i * 4 + s.feature];
          least = std::min(least, c);
          greatest = std::max(greatest, c);
          (c > s.threshold ? right : left).rows.push_back(i);
        }
        const double cells = greatest - least + 1;
        left.volume = now.volume + std::log2((s.threshold - least + 1) / cells);
        right.volume = now.volume + std::log2((greatest - s.threshold) / cells);
        todo.push_back(left);
        todo.push_back(right);
      }
    }
  }
}

TEST_CASE("densities change no depth sum, and are the same in slices however small") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 300, 5};
    const forest_config config{.seed = seed, .trees = 10, .sample = 100, .density = true, .explain = true};
    using forest = isolation_forest<5, 10, 100>;
    const auto with = std::make_unique<forest>();  // made of zeros, so that its padding compares too
    const auto without = std::make_unique<forest>();
    const auto sliced = std::make_unique<forest>();
    REQUIRE(with->fit(data.view(), config));
    REQUIRE(without->fit(data.view(), {.seed = seed, .trees = 10, .sample = 100}));
    CHECK(skerry_test::same_trees(*with, *without));
    const auto codes = codes_of(data, with->codes());
    REQUIRE(sliced->begin(config, with->codes()));
    skerry::pcg32 random{seed};
    while (sliced->trees() < 10) {
      REQUIRE(sliced->grow({codes.data(), data.rows, 5, 5}, 1 + random() % 150));
    }
    CHECK(skerry_test::same_bytes(*with, *sliced));
  }
}

TEST_CASE("half a crowd apart: rows between two dense clusters are strange by density, not by depth") {
  // Depth asks how soon a row is alone. In the gap between clusters that takes as long as in the thin edge of one; density sees the gap.
  skerry::pcg32 random{5};
  std::vector<float> rows(2000 * 2);
  for (std::size_t i = 0; i < 2000; ++i) {
    const float side = i % 2 == 0 ? -10.0F : 10.0F;
    rows[2 * i] = side + static_cast<float>(skerry::normal(random)) * 0.5F;
    rows[2 * i + 1] = side + static_cast<float>(skerry::normal(random)) * 0.5F;
  }
  auto forest = std::make_unique<isolation_forest<2>>();
  REQUIRE(forest->fit({rows.data(), 2000, 2, 2}, {.seed = 1, .density = true}));
  std::vector<forest_sums> reference(2000);
  REQUIRE(forest->sums({rows.data(), 2000, 2, 2}, reference));
  score_fusion fusion;
  REQUIRE(fusion.learn(reference));
  const forest_sums gap = forest->sums(std::array{0.0F, 0.0F}).value();
  const float usual = fusion.score(reference[0]).value();
  CHECK(fusion.density().z(gap.density) > 2.0F);
  CHECK(fusion.score(gap).value() > usual + 1.0F);
  CHECK(fusion.score(gap).value() >= fusion.depth().z(gap.depth));
}

TEST_CASE("the scale of a reference is its median and how far the strangest sixth reaches") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    std::vector<forest_sums> reference(2 + random() % 300);
    const std::uint32_t most = 1 + (random() >> (random() % 24U));
    for (auto& sums : reference) {
      sums = {random() % most, random() % 5};
    }
    score_fusion fusion;
    REQUIRE(fusion.learn(reference));
    std::vector<std::uint32_t> sorted;
    for (const auto& sums : reference) {
      sorted.push_back(sums.depth);
    }
    std::sort(sorted.begin(), sorted.end());
    const std::uint32_t median = sorted[(sorted.size() - 1) / 2];
    const std::uint32_t strange = sorted[(sorted.size() - 1) * 4 / 25];
    CHECK(fusion.depth().median == static_cast<float>(median));
    CHECK(fusion.depth().spread == static_cast<float>(std::max(median - strange, 1U)));
    const forest_sums row{random() % most, random() % 5};
    const float depth = (fusion.depth().median - static_cast<float>(row.depth)) / fusion.depth().spread;
    const float density = 0.6F * ((fusion.density().median - static_cast<float>(row.density)) / fusion.density().spread);
    CHECK(fusion.score(row).value() == std::max(depth, density));
    CHECK(fusion.by_density(row) == (density > depth));
  }
}

TEST_CASE("a fusion that has seen nothing scores nothing, and keeps what it knows when it is refused") {
  score_fusion fusion;
  CHECK_FALSE(fusion.learned());
  CHECK(fusion.score({1, 1}).error() == errc::insufficient);
  const std::vector<forest_sums> rows{{100, 90}, {120, 80}, {90, 70}};
  REQUIRE(fusion.learn(rows));
  const float before = fusion.score({50, 50}).value();
  CHECK(fusion.learn(std::span<const forest_sums>{rows}.first(1)).error() == errc::insufficient);
  CHECK(fusion.score({50, 50}).value() == before);
  const auto same = score_fusion::create(fusion.depth(), fusion.density());
  REQUIRE(same);
  CHECK(same.value().score({50, 50}).value() == before);
  CHECK(score_fusion::create({1, 0}, {1, 1}).error() == errc::invalid);
  CHECK(score_fusion::create({1, 1}, {1, -1}).error() == errc::invalid);
  CHECK(score_fusion::create({1, 1}, {1, std::numeric_limits<float>::quiet_NaN()}).error() == errc::invalid);
}
