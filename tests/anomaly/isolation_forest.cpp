// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <vector>

#include "core/counting_new.hpp"
#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

namespace {

template <std::size_t F, std::size_t T, std::size_t S, typename C, std::size_t N, forest_room R>
constexpr bool keeps_its_size(const isolation_forest<F, T, S, C, N, R>*) {
  constexpr std::size_t leaf = S > 512 ? 2 : 1;
  constexpr std::size_t split = 2 + sizeof(C) + (F + 4 * R.categories > 255 ? 1 : 0) + (S > 256 ? 1 : 0) + (R.explain ? leaf : 0);
  return sizeof(isolation_forest<F, T, S, C, N, R>) <=
         N * split + (N + T) * (leaf + (R.density ? 1 : 0)) + 8 * F + 4 * T + 64 + std::size_t{272} * R.categories;
}
template <typename F>
constexpr bool in_bound = keeps_its_size(static_cast<const F*>(nullptr)) && std::is_trivially_copyable_v<F>;
static_assert(in_bound<isolation_forest<16>> && sizeof(isolation_forest<16>) <= 12800 * 5 + 12900 * 2 + 128 + 400 + 64);
static_assert(in_bound<isolation_forest<16, 100, 256, std::uint8_t>>);
static_assert(in_bound<isolation_forest<16, 100, 256, std::uint8_t, 12800, scores_only>> &&
              sizeof(isolation_forest<16, 100, 256, std::uint8_t, 12800, scores_only>) <= 12800 * 3 + 12900 + 128 + 400 + 64);
static_assert(in_bound<isolation_forest<1, 1, 2>> && in_bound<isolation_forest<1, 1, 2, std::int16_t, 1, scores_only>>);
static_assert(in_bound<isolation_forest<3, 50, 128>> && in_bound<isolation_forest<3, 50, 128, std::uint8_t>>);
static_assert(in_bound<isolation_forest<255, 7, 255>> && in_bound<isolation_forest<80, 100, 256, std::int16_t, 7001>>);
static_assert(in_bound<isolation_forest<256>> && in_bound<isolation_forest<1000, 20, 300>> && in_bound<isolation_forest<4, 20, 300>>);
static_assert(in_bound<isolation_forest<4, 20, 700>> && in_bound<isolation_forest<300, 10, 64, std::uint8_t>> &&
              in_bound<isolation_forest<4, 20, 300, std::uint8_t>> && in_bound<isolation_forest<300, 20, 300, std::uint8_t>>);
static_assert(in_bound<isolation_forest<4, 20, 300, std::uint8_t, 600, forest_room{.explain = false, .categories = 3}>> &&
              in_bound<isolation_forest<4, 20, 60, std::int16_t, 600, forest_room{.density = false, .categories = 1}>>);
static_assert(isolation_forest<16>::training_bytes <= 10 * 1024 &&
              isolation_forest<16, 100, 256, std::uint8_t>::training_bytes <= 6 * 1024);
static_assert(noexcept(std::declval<isolation_forest<2>&>().fit({}, {.seed = 0})));
static_assert(noexcept(std::declval<const isolation_forest<2>&>().score(std::declval<std::span<const float, 2>>())));

template <typename Forest>
std::span<const float, Forest::features> row_of(const rows_of_numbers& data, std::size_t i) {
  return std::span<const float, Forest::features>{data.row(i), Forest::features};
}

template <typename Forest>
std::vector<std::uint32_t> sums_of(const Forest& forest, const rows_of_numbers& data) {
  std::vector<std::uint32_t> sums(data.rows);
  REQUIRE(forest.depth_sums(data.view(), sums));
  return sums;
}

/// Grows the rest in slices of random size; what was refused, else ok.
template <typename Forest>
errc grow_in_slices(Forest& forest, row_view<typename Forest::code_type> history, std::size_t trees, std::uint64_t seed) {
  skerry::pcg32 random{seed};
  while (forest.trees() < trees) {
    const std::size_t before = forest.trees();
    const auto grown = forest.grow(history, random() % 400);
    if (!grown) {
      return grown.error();
    }
    REQUIRE(forest.trees() == before + (grown.value() ? 1U : 0U));
  }
  return errc::ok;
}

}  // namespace

TEMPLATE_TEST_CASE("a forest grown in slices is the forest grown at once, split for split", "", std::int16_t, std::uint8_t) {
  using forest_type = isolation_forest<7, 12, 64, TestType>;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 20 + seed * 17 % 300, 7};
    const forest_config config{.seed = seed * 0x9e3779b97f4a7c15U, .trees = 12, .sample = static_cast<std::uint16_t>(8 + seed % 57)};
    forest_type at_once;
    REQUIRE(at_once.fit(data.view(), config));
    const auto codes = codes_of(data, at_once.codes());
    forest_type sliced;
    REQUIRE(sliced.begin(config, at_once.codes()));
    REQUIRE(grow_in_slices(sliced, {codes.data(), data.rows, 7, 7}, 12, seed) == errc::ok);
    CHECK(skerry_test::same_trees(at_once, sliced));
    CHECK(sliced.grow({codes.data(), data.rows, 7, 7}, 1000).error() == errc::full);

    forest_type from_codes;
    REQUIRE(from_codes.fit_codes({codes.data(), data.rows, 7, 7}, config));
    REQUIRE(from_codes.splits() == at_once.splits());
    for (std::size_t i = 0; i < data.rows; ++i) {
      const std::span<const TestType, 7> row{codes.data() + i * 7, 7};
      const auto sum = at_once.depth_sum(row_of<forest_type>(data, i)).value();
      REQUIRE(sum == at_once.depth_sum_codes(row).value());
      REQUIRE(sum == from_codes.depth_sum_codes(row).value());
    }
    CHECK(from_codes.depth_sum(row_of<forest_type>(data, 0)).error() == errc::insufficient);  // it never saw a number
  }
}

TEST_CASE("more than 255 columns and samples beyond 256 grow in slices as at once, too") {
  using forest_type = isolation_forest<260, 3, 300, std::int16_t, 3 * 299 + 10>;
  const rows_of_numbers data{8, 310, 260};
  const forest_config config{.seed = 4, .trees = 3, .sample = 300};
  auto at_once = std::make_unique<forest_type>();
  auto sliced = std::make_unique<forest_type>();
  REQUIRE(at_once->fit(data.view(), config));
  CHECK(at_once->leaf_scale() == 12);
  const auto codes = codes_of(data, at_once->codes());
  REQUIRE(sliced->begin(config, at_once->codes()));
  REQUIRE(grow_in_slices(*sliced, {codes.data(), data.rows, 260, 260}, 3, 1) == errc::ok);
  CHECK(skerry_test::same_trees(*at_once, *sliced));
}

TEST_CASE("a tree depends on the seed, its number and its sample, not on how many trees stand beside it") {
  const rows_of_numbers data{5, 400, 4};
  auto many = std::make_unique<isolation_forest<4, 40, 64>>();
  auto few = std::make_unique<isolation_forest<4, 40, 64>>();
  REQUIRE(many->fit(data.view(), {.seed = 77, .trees = 40, .sample = 64}));
  REQUIRE(few->fit(data.view(), {.seed = 77, .trees = 9, .sample = 64}));
  for (std::size_t t = 0; t < 9; ++t) {
    CAPTURE(t);
    const auto a = many->splits_of(t);
    const auto b = few->splits_of(t);
    REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same_bytes(x, y); }));
    const auto c = many->leaves_of(t);
    const auto d = few->leaves_of(t);
    REQUIRE(std::equal(c.begin(), c.end(), d.begin(), d.end()));
  }
  REQUIRE(few->fit(data.view(), {.seed = 78, .trees = 9, .sample = 64}));
  std::size_t equal_roots = 0;
  for (std::size_t t = 0; t < 9; ++t) {
    equal_roots += same_bytes(many->splits_of(t)[0], few->splits_of(t)[0]) ? 1 : 0;
  }
  CHECK(equal_roots < 3);  // neighbouring seeds share no trees
}

TEST_CASE("every training row is in exactly one leaf, and leaf codes are L (depth + c(n)) rounded") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 64, 3};  // as many as the sample: each tree sees them all
    isolation_forest<3, 5, 64> forest;
    REQUIRE(forest.fit(data.view(), {.seed = seed, .trees = 5, .sample = 64}));
    REQUIRE(forest.leaf_scale() == 12);
    const auto codes = codes_of(data, forest.codes());
    for (std::size_t t = 0; t < 5; ++t) {
      const auto splits = forest.splits_of(t);
      const auto leaves = forest.leaves_of(t);
      REQUIRE(leaves.size() == splits.size() + 1);
      std::vector<int> rows_in(leaves.size());
      std::vector<std::uint32_t> depth_of(leaves.size());
      for (std::size_t i = 0; i < data.rows; ++i) {
        std::size_t k = 0, leaf = 0, rest = splits.size();
        std::uint32_t depth = 0;
        for (; rest != 0; ++depth) {
          const auto& s = splits[k];
          const bool right = codes[i * 3 + s.feature] > s.threshold;
          leaf += right ? s.left + 1U : 0U;
          k += 1U + (right ? s.left : 0U);
          rest = right ? rest - 1U - s.left : s.left;
        }
        ++rows_in[leaf];
        depth_of[leaf] = depth;
        REQUIRE(depth <= forest.depth_limit());
      }
      for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
        REQUIRE(rows_in[leaf] > 0);  // both children of a split are never empty
        const double path = 12 * (depth_of[leaf] + average_path_length(static_cast<std::uint64_t>(rows_in[leaf])));
        REQUIRE(leaves[leaf] == std::lround(path));
      }
    }
  }
}

TEST_CASE("a node that stops early is constant in every column") {
  // Two columns of ten hold all the spread: without drawing again after a constant one, most trees would be bare leaves.
  rows_of_numbers data{3, 128, 10, false};
  for (std::size_t i = 0; i < data.rows; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      if (j != 2 && j != 7) {
        data.values[i * 10 + j] = 4.0F;
      }
    }
  }
  isolation_forest<10, 20, 128> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 20, .sample = 128}));
  for (std::size_t t = 0; t < 20; ++t) {
    REQUIRE(forest.splits_of(t).size() > 20);
    for (const auto& s : forest.splits_of(t)) {
      REQUIRE((s.feature == 2 || s.feature == 7));
    }
  }
}

// The permutation behind samples is a network of six rounds. Over five to twenty rows its halves have one or two bits, and it took some
// pairs of rows up to a sixth more often than others, each single row still being right.
TEST_CASE("of a handful of rows a sample takes every pair equally often") {
  for (const std::uint32_t rows : {5U, 9U, 16U, 20U, 33U}) {
    CAPTURE(rows);
    std::vector<int> drawn(std::size_t{rows} * rows);
    constexpr int trees = 40000;
    for (std::uint32_t tree = 0; tree < trees; ++tree) {
      const detail::row_sampler sample{12, tree, rows, 2};
      const std::uint32_t first = sample(0);
      const std::uint32_t second = sample(1);
      REQUIRE((first < rows && second < rows && first != second));
      ++drawn[first * rows + second];
    }
    const double cells = rows * (rows - 1.0);
    const double expected = trees / cells;
    double chi = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      chi += i / rows == i % rows ? 0 : (drawn[i] - expected) * (drawn[i] - expected) / expected;
    }
    CHECK(chi < cells + 5 * std::sqrt(2 * cells));
  }
}

TEST_CASE("the sample of a tree has no row twice and every row equally often") {
  for (const std::uint32_t rows : {3U, 7U, 64U, 65U, 351U, 1000U}) {
    CAPTURE(rows);
    const std::uint32_t wanted = rows / 2 + 1;
    std::vector<int> drawn(rows);
    constexpr int trees = 2000;
    for (std::uint32_t tree = 0; tree < trees; ++tree) {
      const detail::row_sampler sample{11, tree, rows, wanted};
      std::set<std::uint32_t> seen;
      for (std::uint32_t i = 0; i < wanted; ++i) {
        const std::uint32_t row = sample(i);
        REQUIRE(row < rows);
        REQUIRE(seen.insert(row).second);
        ++drawn[row];
      }
    }
    const double share = static_cast<double>(wanted) / rows;
    double chi = 0;
    for (const int n : drawn) {
      const double off = n - trees * share;
      chi += off * off / (trees * share * (1 - share));
    }
    // The terms are correlated by their sum; chi / (1 + 1/(rows - 1)) is about chi-square with rows - 1 degrees: six deviations.
    CHECK(chi < rows + 6 * std::sqrt(2.0 * rows) + 6);
    CHECK(chi > rows - 6 * std::sqrt(2.0 * rows) - 6);
  }
}

TEST_CASE("scaling columns by powers of two changes no depth sum; clamping scores a far value as the extreme") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    rows_of_numbers data{seed, 200, 5};
    isolation_forest<5, 10, 64> forest;
    const forest_config config{.seed = seed, .trees = 10, .sample = 64};
    REQUIRE(forest.fit(data.view(), config));
    const auto sums = sums_of(forest, data);
    std::array<float, 5> extreme{};
    std::array<float, 5> beyond{};
    for (std::size_t j = 0; j < 5; ++j) {
      extreme[j] = data.values[j];
      for (std::size_t i = 0; i < data.rows; ++i) {
        extreme[j] = std::max(extreme[j], data.row(i)[j]);
      }
      beyond[j] = extreme[j] + std::abs(extreme[j]) * 1e6F + 1e9F;
    }
    CHECK(forest.depth_sum(extreme).value() == forest.depth_sum(beyond).value());
    for (std::size_t i = 0; i < data.values.size(); ++i) {
      data.values[i] = std::ldexp(data.values[i], static_cast<int>(i % 5) * 7 - 10);
    }
    REQUIRE(forest.fit(data.view(), config));
    CHECK(sums_of(forest, data) == sums);
  }
}

TEST_CASE("the score falls as the depth sum rises, lies in (0, 1), and keeps its error") {
  const rows_of_numbers data{9, 1000, 6};
  auto forest = std::make_unique<isolation_forest<6>>();
  REQUIRE(forest->fit(data.view(), {.seed = 3}));
  for (std::uint32_t sum = 1; sum < 100U * 219U; sum += 7) {
    const float a = forest->score_of(sum).value();
    const float b = forest->score_of(sum + 7).value();
    REQUIRE(b < a);
    REQUIRE((a > 0.0F && a < 1.0F));
    const long double want = std::exp2(-static_cast<long double>(sum) / (100.0L * 12.0L * average_path_length(256)));
    REQUIRE(std::abs(a - want) <= 1e-6L * want);
  }
  const auto row = row_of<isolation_forest<6>>(data, 1);
  CHECK(forest->score(row).value() == forest->score_of(forest->depth_sum(row).value()).value());
}

TEST_CASE("an outlier is stranger than any row of a crowd") {
  rows_of_numbers data{4, 512, 3, false};
  auto forest = std::make_unique<isolation_forest<3>>();
  REQUIRE(forest->fit(data.view(), {.seed = 1}));
  std::array<float, 3> outlier{};
  for (std::size_t j = 0; j < 3; ++j) {
    outlier[j] = 10.0F * std::abs(data.row(0)[j]) + 1e5F;
  }
  const auto sums = sums_of(*forest, data);
  CHECK(forest->depth_sum(outlier).value() <= *std::min_element(sums.begin(), sums.end()));
  CHECK(forest->score(outlier).value() > 0.7F);
}

TEST_CASE("columns without any spread make a forest of bare leaves that scores one half") {
  const std::array<float, 20> rows{};
  isolation_forest<2, 5, 8> forest;
  REQUIRE(forest.fit({rows.data(), 10, 2, 2}, {.seed = 1, .trees = 5, .sample = 8}));
  CHECK(forest.degenerate());
  CHECK(forest.trees() == 5);
  CHECK(forest.splits() == 0);
  CHECK(forest.score(std::array{3.0F, -9.0F}).value() == 0.5F);
}

TEST_CASE("fewer rows than the sample make a smaller sample") {
  const rows_of_numbers data{2, 10, 2, false};
  isolation_forest<2, 5, 256> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 5}));
  CHECK(forest.sample() == 10);
  CHECK(forest.depth_limit() == 4);
}

TEST_CASE("a refused fit leaves the forest as it was, byte for byte, fresh or fitted") {
  using small = isolation_forest<3, 4, 16, std::int16_t, 30>;
  rows_of_numbers data{6, 50, 3, false};
  for (const bool fitted : {false, true}) {
    CAPTURE(fitted);
    small forest;
    if (fitted) {
      REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 2, .sample = 8}));
    }
    small before;
    std::memcpy(static_cast<void*>(&before), &forest, sizeof(forest));
    const auto refuses = [&](errc why, row_view<float> rows, const forest_config& config) {
      CHECK(forest.fit(rows, config).error() == why);
      CHECK(same_bytes(forest, before));
    };
    const forest_config good{.seed = 1, .trees = 2, .sample = 8};
    refuses(errc::full, data.view(), {.seed = 1, .trees = 4, .sample = 16});  // thirty places, about ten splits a tree
    refuses(errc::full, data.view(), {.seed = 1, .trees = 5, .sample = 8});
    refuses(errc::full, data.view(), {.seed = 1, .trees = 2, .sample = 17});
    refuses(errc::invalid, data.view(), {.seed = 1, .trees = 0, .sample = 8});
    refuses(errc::invalid, data.view(), {.seed = 1, .trees = 2, .sample = 1});
    refuses(errc::invalid, data.view(), {.seed = 1, .trees = 2, .sample = 8, .max_depth = 32});
    refuses(errc::invalid, data.view(), {.seed = 1, .trees = 2, .sample = 8, .max_depth = 22});  // leaf codes of 256 do not fit a byte
    refuses(errc::insufficient, {data.values.data(), 1, 3, 3}, good);
    refuses(errc::width, {data.values.data(), 10, 2, 3}, good);
    refuses(errc::width, {data.values.data(), 10, 3, 2}, good);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      auto spoilt = data;
      spoilt.values.back() = bad;
      refuses(errc::not_finite, spoilt.view(), good);
      CHECK(first_not_finite(spoilt.view()) == spoilt.values.size() - 1);
    }
    auto wide = data;
    wide.values[0] = std::numeric_limits<float>::max();
    wide.values[3] = -std::numeric_limits<float>::max();
    refuses(errc::out_of_range, wide.view(), good);
    std::vector<std::int16_t> codes(30);
    codes[17] = -32768;
    CHECK(forest.fit_codes({codes.data(), 10, 3, 3}, good).error() == errc::not_finite);
    CHECK(same_bytes(forest, before));
  }
}

TEST_CASE("a fit that fits after one that did not is the fit of a fresh forest") {
  using small = isolation_forest<3, 4, 16, std::int16_t, 30>;
  const rows_of_numbers data{6, 50, 3, false};
  small tried, fresh;
  REQUIRE_FALSE(tried.fit(data.view(), {.seed = 1, .trees = 4, .sample = 16}));
  REQUIRE(tried.fit(data.view(), {.seed = 2, .trees = 2, .sample = 16}));
  REQUIRE(fresh.fit(data.view(), {.seed = 2, .trees = 2, .sample = 16}));
  CHECK(skerry_test::same_trees(tried, fresh));
  REQUIRE(tried.fit(data.view(), {.seed = 9, .trees = 2, .sample = 10}));
  REQUIRE(tried.fit(data.view(), {.seed = 2, .trees = 2, .sample = 16}));
  CHECK(skerry_test::same_trees(tried, fresh));  // nothing of another fit is left behind either
}

TEST_CASE("growing without room drops the tree at work and keeps the complete ones") {
  using small = isolation_forest<3, 8, 16, std::int16_t, 40>;
  const rows_of_numbers data{6, 50, 3, false};
  small whole;
  REQUIRE(whole.fit(data.view(), {.seed = 5, .trees = 1, .sample = 16}));
  const auto codes = codes_of(data, whole.codes());
  small forest;
  REQUIRE(forest.begin({.seed = 5, .trees = 8, .sample = 16}, whole.codes()));
  CHECK(forest.depth_sum(row_of<small>(data, 0)).error() == errc::insufficient);
  REQUIRE(grow_in_slices(forest, {codes.data(), data.rows, 3, 3}, 8, 1) == errc::full);
  REQUIRE(forest.trees() >= 1);
  REQUIRE(forest.trees() < 8);
  REQUIRE(whole.fit(data.view(), {.seed = 5, .trees = static_cast<std::uint16_t>(forest.trees()), .sample = 16}));
  CHECK(sums_of(forest, data) == sums_of(whole, data));
}

TEST_CASE("growing refuses another history, missing codes and a call before begin, and goes on afterwards") {
  using forest_type = isolation_forest<3, 4, 16, std::int16_t, 100>;
  const rows_of_numbers data{6, 50, 3, false};
  forest_type at_once;
  const forest_config config{.seed = 5, .trees = 4, .sample = 16};
  REQUIRE(at_once.fit(data.view(), config));
  auto codes = codes_of(data, at_once.codes());
  forest_type forest;
  const row_view<std::int16_t> history{codes.data(), 50, 3, 3};
  CHECK(forest.grow(history, 100).error() == errc::insufficient);
  REQUIRE(forest.begin(config, at_once.codes()));
  CHECK(forest.grow({codes.data(), 1, 3, 3}, 100).error() == errc::insufficient);
  CHECK(forest.grow({codes.data(), 50, 2, 3}, 100).error() == errc::width);
  const auto kept = codes;
  std::fill(codes.begin(), codes.end(), std::int16_t{-32768});
  CHECK(forest.grow(history, 100).error() == errc::not_finite);
  codes = kept;
  const row_view<std::int16_t> again{codes.data(), 50, 3, 3};
  REQUIRE_FALSE(forest.grow(again, 20).value());
  CHECK(forest.grow({codes.data(), 49, 3, 3}, 20).error() == errc::mismatch);
  REQUIRE(grow_in_slices(forest, again, 4, 2) == errc::ok);
  CHECK(skerry_test::same_trees(forest, at_once));
}

TEST_CASE("scoring refuses what it cannot score, and leaves the sums as they were") {
  const rows_of_numbers data{6, 50, 3, false};
  isolation_forest<3, 4, 16, std::int16_t, 100> forest;
  std::array<float, 3> row{1, 2, 3};
  CHECK(forest.depth_sum(row).error() == errc::insufficient);
  CHECK(forest.score_of(3).error() == errc::insufficient);
  REQUIRE(forest.fit(data.view(), {.seed = 5, .trees = 4, .sample = 16}));
  row[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(forest.depth_sum(row).error() == errc::not_finite);
  row[1] = -std::numeric_limits<float>::infinity();
  CHECK(forest.score(row).error() == errc::not_finite);
  CHECK(forest.depth_sum_codes(std::array<std::int16_t, 3>{0, 0, -32768}).error() == errc::not_finite);
  std::array<std::uint32_t, 2> out{7, 8};
  const std::array<float, 6> rows{0, 0, 0, 0, 0, std::numeric_limits<float>::quiet_NaN()};
  CHECK(forest.depth_sums({rows.data(), 2, 3, 3}, out).error() == errc::not_finite);
  CHECK(forest.depth_sums({rows.data(), 1, 3, 3}, out).error() == errc::width);
  CHECK(out == std::array<std::uint32_t, 2>{7, 8});
}

TEST_CASE("a pool that is full to the last split is scored without reading behind it") {
  // Columns that split once: trees of one split each fill a pool of as many places, then come bare leaves.
  const std::array<float, 8> rows{0, 0, 0, 0, 0, 0, 0, 1};
  isolation_forest<1, 8, 2, std::int16_t, 3> forest;
  bool filled = false;
  for (std::uint64_t seed = 1; seed < 500; ++seed) {
    if (forest.fit({rows.data(), 8, 1, 1}, {.seed = seed, .trees = 8, .sample = 2}) && forest.splits() == 3) {
      filled = true;
      const std::uint32_t left = forest.depth_sum(std::array{0.0F}).value();
      REQUIRE(left == 3 * 12 + 5 * 12);  // depth 1, or c(2) = 1
    }
  }
  CHECK(filled);
}

TEST_CASE("depth sums of a fixed seed never change") {
  skerry::pcg32 random{2024};
  std::array<float, 300 * 4> rows{};
  for (float& x : rows) {
    x = static_cast<float>(random() >> 8U);  // integers, so that no arithmetic stands between the seed and the rows
  }
  const auto golden = [&rows](auto forest) {
    REQUIRE(forest.fit({rows.data(), 300, 4, 4}, {.seed = 0x0123456789abcdef, .trees = 20, .sample = 128}));
    std::array<std::uint32_t, 8> sums{};
    REQUIRE(forest.depth_sums({rows.data(), 8, 4, 4}, sums));
    return sums;
  };
  using sums = std::array<std::uint32_t, 8>;
  CHECK(golden(isolation_forest<4, 20, 128>{}) == sums{2338, 2151, 2084, 2071, 2324, 2008, 2268, 2023});
  CHECK(golden(isolation_forest<4, 20, 128, std::uint8_t>{}) == sums{2336, 2153, 2076, 2063, 2333, 2005, 2276, 1988});
}

TEST_CASE("neither fitting, growing nor scoring allocates") {
  const rows_of_numbers data{6, 500, 8};
  auto forest = std::make_unique<isolation_forest<8>>();
  std::vector<std::uint32_t> sums(data.rows);
  std::vector<std::int16_t> codes(data.values.size());
  const std::size_t before = skerry_test::allocations();
  bool good = static_cast<bool>(forest->fit(data.view(), {.seed = 1})) && static_cast<bool>(forest->fit(data.view(), {.seed = 2}));
  good = good && forest->depth_sums(data.view(), sums) && forest->score(row_of<isolation_forest<8>>(data, 0));
  for (std::size_t i = 0; good && i < data.rows; ++i) {
    good = static_cast<bool>(forest->codes().encode({data.row(i), 8}, {codes.data() + i * 8, 8}));
  }
  good = good && forest->begin({.seed = 3});
  while (good && forest->trees() < 100) {
    good = static_cast<bool>(forest->grow({codes.data(), data.rows, 8, 8}, 100));
  }
  const std::size_t after = skerry_test::allocations();
  CHECK(good);
  CHECK(after == before);
  CHECK(after > 0);  // the counter counts: the vectors above are in it
}
