// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Missing values, names and weights: what a tree does with them, and that every form of a forest does the same.
#include <skerry/anomaly/detail/column_table.hpp>

#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "core/counting_new.hpp"
#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;
using skerry_test::same_trees;

namespace {

constexpr float no_number = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t width = 5;
constexpr forest_room with_names{.categories = 2};
template <typename Code>
using forest_of = isolation_forest<width, 8, 64, Code, 8 * 64 + 20, with_names>;

/// Rows, and everything that may be said about them, by the bits of `kind`.
struct odd_rows {
  rows_of_numbers data;
  std::vector<column_kind> kinds;
  std::vector<std::uint16_t> columns, rows;
  forest_config config;

  odd_rows(std::uint64_t seed, std::uint32_t kind) : data{seed, 40 + seed * 29 % 200, width} {
    skerry::pcg32 random{seed ^ 0xabcdU};
    if ((kind & 1U) != 0) {
      kinds = {column_kind::number, column_kind::category, column_kind::number, column_kind::number, column_kind::category};
      for (std::size_t i = 0; i < data.rows; ++i) {
        data.values[i * width + 1] = static_cast<float>(random() % 3);
        data.values[i * width + 4] = static_cast<float>(random() % 64);
      }
    }
    if ((kind & 2U) != 0) {
      columns = {1, 300, 0, 65535, 7};
    }
    if ((kind & 4U) != 0) {
      for (std::size_t i = 0; i < data.rows; ++i) {
        rows.push_back(static_cast<std::uint16_t>(i % 7 == 0 ? 0 : random() >> (16U + random() % 16U)));
      }
      rows[1] = rows[2] = 9;
    }
    const auto policy = static_cast<missing_policy>(kind / 8 % 3);
    for (std::size_t i = 0; policy != missing_policy::refuse && i < data.values.size(); i += 1 + random() % 9) {
      data.values[i] = no_number;
    }
    config = {.seed = seed * 0x9e3779b97f4a7c15U,
              .trees = 8,
              .sample = static_cast<std::uint16_t>(16 + seed % 49),
              .missing = policy,
              .density = true,
              .explain = true};
  }
  [[nodiscard]] training_options options() const { return {kinds, columns, rows}; }
  [[nodiscard]] std::span<const float, width> row(std::size_t i) const { return std::span<const float, width>{data.row(i), width}; }
};

template <typename A, typename B>
bool same_forests(const A& a, const B& b) {
  if (!same_trees(a, b) || a.code_columns() != b.code_columns() || a.missing() != b.missing() ||
      !std::ranges::equal(a.category_orders(), b.category_orders())) {
    return false;
  }
  for (std::size_t t = 0; t < a.trees(); ++t) {
    if (!std::ranges::equal(a.densities_of(t), b.densities_of(t)) || !std::ranges::equal(a.node_codes_of(t), b.node_codes_of(t))) {
      return false;
    }
  }
  return true;
}

/// True when the forest fits this shape and its sums are those of the shape, row by row and in a block.
template <typename Shape, std::size_t Columns, typename Forest>
bool lowers_alike(const Forest& forest, const std::vector<typename Forest::code_type>& codes, const std::vector<std::uint32_t>& sums) {
  const auto shape = lower<Shape>(forest);
  if (!shape || forest.code_columns() != Columns) {
    return false;
  }
  std::vector<std::uint32_t> block(sums.size());
  REQUIRE(shape.value().depth_sums_codes({codes.data(), sums.size(), Columns, Columns}, block).error() == errc::ok);
  REQUIRE(block == sums);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::span<const typename Forest::code_type, Columns> row{codes.data() + i * Columns, Columns};
    REQUIRE(shape.value().depth_sum_codes(row).value() == sums[i]);
  }
  return true;
}

template <typename Forest, typename Code>
errc grow_in_slices(Forest& forest, row_view<Code> history, const training_options& options, std::uint64_t seed) {
  skerry::pcg32 random{seed};
  for (std::size_t calls = 0; forest.trees() < 8 && calls < 100000; ++calls) {
    if (const auto grown = forest.grow(history, random() % 200, options); !grown) {
      return grown.error();
    }
  }
  return errc::ok;
}

}  // namespace

TEMPLATE_TEST_CASE("with missing values, names and weights: fit, codes, slices, fixed, dynamic and lowered forms are one forest", "",
                   std::int16_t, std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 48; ++seed) {
    const auto kind = static_cast<std::uint32_t>(seed % 24);
    CAPTURE(seed, kind);
    const odd_rows odd{seed, kind};
    const auto options = odd.options();
    auto fixed = std::make_unique<forest_of<TestType>>();
    REQUIRE(fixed->fit(odd.data.view(), odd.config, options).error() == errc::ok);
    REQUIRE(fixed->code_columns() == (width + fixed->category_orders().size()) * (odd.config.missing == missing_policy::heavier ? 2U : 1U));
    const auto codes = codes_of(odd.data, fixed->codes());
    const row_view<TestType> history{codes.data(), odd.data.rows, width, width};

    forest_of<TestType> sliced, on_codes;
    REQUIRE(sliced.begin(odd.config, fixed->codes()));
    REQUIRE(grow_in_slices(sliced, history, options, seed) == errc::ok);
    CHECK(same_forests(*fixed, sliced));
    REQUIRE(on_codes.fit_codes(history, odd.config, options));
    dynamic_isolation_forest<TestType> dynamic, sliced_dynamic, dynamic_codes;
    REQUIRE(dynamic.fit(odd.data.view(), odd.config, options));
    CHECK(same_forests(*fixed, dynamic));
    REQUIRE(sliced_dynamic.begin(odd.config, fixed->codes(), 2));
    REQUIRE(grow_in_slices(sliced_dynamic, history, options, seed + 1) == errc::ok);
    CHECK(same_forests(*fixed, sliced_dynamic));
    REQUIRE(dynamic_codes.begin(odd.config));
    REQUIRE(grow_in_slices(dynamic_codes, history, options, seed + 2) == errc::ok);
    CHECK(same_forests(on_codes, dynamic_codes));

    std::vector<TestType> walked(fixed->code_columns()), all_walked;
    std::vector<forest_sums> both(odd.data.rows);
    std::vector<std::uint32_t> sums(odd.data.rows);
    REQUIRE(fixed->sums(odd.data.view(), both));
    REQUIRE(dynamic.depth_sums(odd.data.view(), sums));
    for (std::size_t i = 0; i < odd.data.rows; ++i) {
      const std::span<const TestType, width> row{codes.data() + i * width, width};
      const auto sum = fixed->depth_sum(odd.row(i)).value();
      REQUIRE(sum == fixed->depth_sum_codes(row).value());
      REQUIRE(sum == on_codes.depth_sum_codes(row).value());
      REQUIRE(sum == dynamic.depth_sum(odd.row(i)).value());
      REQUIRE(sum == sums[i]);
      REQUIRE(both[i] == dynamic.sums_codes(row).value());
      REQUIRE(both[i] == fixed->sums(odd.row(i)).value());
      REQUIRE(both[i].depth == sum);
      REQUIRE(fixed->encode(odd.row(i), walked));
      all_walked.insert(all_walked.end(), walked.begin(), walked.end());
      std::vector<TestType> again(walked.size());
      REQUIRE(dynamic.encode_codes(row, again));
      REQUIRE(again == walked);
    }
    const bool lowered = lowers_alike<flash_forest<width, 8, 600, TestType>, width>(*fixed, all_walked, sums) ||
                         lowers_alike<flash_forest<2 * width, 8, 600, TestType>, 2 * width>(*fixed, all_walked, sums) ||
                         lowers_alike<flash_forest<width + 8, 8, 600, TestType>, width + 8>(*fixed, all_walked, sums) ||
                         lowers_alike<flash_forest<2 * width + 16, 8, 600, TestType>, 2 * width + 16>(*fixed, all_walked, sums);
    CHECK(lowered);
    if (fixed->code_columns() == 2 * width + 16) {
      constexpr std::size_t all = 2 * width + 16;
      CHECK(lowers_alike<walk_heap<all, 8, 6, TestType, std::uint8_t>, all>(*fixed, all_walked, sums));
      CHECK(lowers_alike<blend_list<all, 8, 600, 6, TestType, std::uint8_t, detail::blend_plain>, all>(*fixed, all_walked, sums));
    }
  }
}

TEMPLATE_TEST_CASE("under heavier a row without a value goes where more of the node's rows went", "", std::int16_t, std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    rows_of_numbers data{seed, 64, 3};
    skerry::pcg32 random{seed};
    for (std::size_t i = 0; i < data.values.size(); i += 1 + random() % 7) {
      data.values[i] = no_number;
    }
    isolation_forest<3, 6, 64, TestType> forest;
    REQUIRE(forest.fit(data.view(), {.seed = seed, .trees = 6, .sample = 64, .missing = missing_policy::heavier}));
    std::vector<TestType> codes(64 * 6);
    for (std::size_t i = 0; i < 64; ++i) {
      REQUIRE(forest.encode(std::span<const float, 3>{data.row(i), 3}, {codes.data() + i * 6, 6}));
    }
    bool mirrored = false;
    bool straight = false;
    for (std::size_t t = 0; t < 6; ++t) {
      struct node {
        std::size_t split, splits;
        std::vector<std::size_t> rows;
      };
      std::vector<node> todo;
      node root{0, forest.splits_of(t).size(), {}};
      for (std::size_t i = 0; i < 64; ++i) {
        root.rows.push_back(i);
      }
      todo.push_back(root);
      while (!todo.empty()) {
        const node now = todo.back();
        todo.pop_back();
        if (now.splits == 0) {
          continue;
        }
        const auto& s = forest.splits_of(t)[now.split];
        const std::size_t column = s.feature % 3U;
        (s.feature >= 3 ? mirrored : straight) = true;
        node left{now.split + 1, s.left, {}};
        node right{now.split + 1 + s.left, now.splits - 1 - s.left, {}};
        int left_present = 0;
        int right_present = 0;
        const TestType missing = code_traits<TestType>::missing;
        for (const std::size_t i : now.rows) {
          const bool goes_right = codes[i * 6 + s.feature] > s.threshold;
          (goes_right ? right : left).rows.push_back(i);
          if (codes[i * 6 + column] != missing) {
            ++(goes_right ? right_present : left_present);
          }
        }
        REQUIRE(left_present > 0);
        REQUIRE(right_present > 0);
        const bool missing_right = missing > s.threshold;
        REQUIRE((missing_right ? right_present >= left_present : left_present >= right_present));
        todo.push_back(left);
        todo.push_back(right);
      }
    }
    CHECK(mirrored);
    CHECK(straight);
  }
}

TEST_CASE("as evidence a gap that nobody had before is strange, under heavier it is not") {
  rows_of_numbers data{7, 500, 3, false};
  auto evidence = std::make_unique<isolation_forest<3>>();
  auto heavier = std::make_unique<isolation_forest<3>>();
  data.values[0] = no_number;  // one gap among 500 rows, so that it is known to come
  REQUIRE(evidence->fit(data.view(), {.seed = 1, .missing = missing_policy::evidence}));
  REQUIRE(heavier->fit(data.view(), {.seed = 1, .missing = missing_policy::heavier}));
  std::vector<float> usual;
  for (std::size_t i = 1; i < 200; ++i) {
    usual.push_back(evidence->score(std::span<const float, 3>{data.row(i), 3}).value());
  }
  std::sort(usual.begin(), usual.end());
  const std::array<float, 3> gap{no_number, data.values[4], data.values[5]};
  const std::array<float, 3> whole{data.values[3], data.values[4], data.values[5]};
  CHECK(evidence->score(gap).value() > evidence->score(whole).value());
  CHECK(std::abs(heavier->score(gap).value() - heavier->score(whole).value()) < 0.08F);
  const std::array<float, 3> nothing{no_number, no_number, no_number};
  CHECK(heavier->score(nothing).value() < usual[usual.size() / 2]);  // always with the many
  CHECK(evidence->depth_sum(std::array{0.0F, std::numeric_limits<float>::infinity(), 0.0F}).error() == errc::not_finite);
}

TEST_CASE("a name that training did not see is missing") {
  odd_rows odd{3, 1};
  auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(odd.data.view(), odd.config, odd.options()));
  std::array<float, width> row{};
  std::copy_n(odd.data.row(0), width, row.begin());
  for (const float unseen : {3.0F, 63.0F, 64.0F, 1e9F, -1.0F, -7.0F}) {
    CAPTURE(unseen);
    row[1] = unseen;
    CHECK(forest->depth_sum(row).error() == errc::not_finite);
  }
  row[1] = 2.4F;
  const auto rounded = forest->depth_sum(row).value();
  row[1] = 2.0F;
  CHECK(forest->depth_sum(row).value() == rounded);

  odd.config.missing = missing_policy::evidence;
  REQUIRE(forest->fit(odd.data.view(), odd.config, odd.options()));
  row[1] = 64.0F;
  const auto none = forest->depth_sum(row).value();
  row[1] = no_number;
  CHECK(forest->depth_sum(row).value() == none);
  row[1] = 5.0F;
  CHECK(forest->depth_sum(row).value() == none);

  auto beyond = odd.data;
  beyond.values[1] = 64.0F;  // in training a name must be a name
  forest_of<std::int16_t> before;
  std::memcpy(static_cast<void*>(&before), forest.get(), sizeof(before));
  CHECK(forest->fit(beyond.view(), odd.config, odd.options()).error() == errc::out_of_range);
  CHECK(same_bytes(*forest, before));
}

TEST_CASE("the orders of a column are permutations of the names that were seen, and differ") {
  const std::uint64_t seen = 0x8000000000000f31U;
  std::array<category_order, orders_per_category> orders{}, others{};
  detail::draw_orders(5, 3, seen, orders.data());
  detail::draw_orders(6, 3, seen, others.data());
  for (std::size_t k = 0; k < orders_per_category; ++k) {
    std::set<int> ranks;
    for (std::size_t n = 0; n < most_categories; ++n) {
      if (((seen >> n) & 1U) == 0) {
        REQUIRE(orders[k].rank[n] == category_order::unseen);
      } else {
        REQUIRE(ranks.insert(orders[k].rank[n]).second);
        REQUIRE(orders[k].rank[n] < std::popcount(seen));
      }
    }
    CHECK(orders[k].source == 3);
    CHECK_FALSE(orders[k] == others[k]);
    CHECK_FALSE(orders[k] == orders[(k + 1) % orders_per_category]);
  }
}

TEST_CASE("a rare name among common ones is stranger, whatever its number") {
  // Names as numbers would make the name in the middle the least strange of all.
  rows_of_numbers data{2, 512, 2, false};
  const std::array<column_kind, 2> kinds{column_kind::number, column_kind::category};
  for (std::size_t i = 0; i < 512; ++i) {
    data.values[i * 2 + 1] = i % 128 == 5 ? 20.0F : i % 2 == 0 ? 10.0F : 30.0F;
  }
  isolation_forest<2, 100, 128, std::int16_t, 6400, with_names> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 4, .sample = 128}, {.kinds = kinds}));
  const float x = data.values[0];
  const float rare = forest.score(std::array{x, 20.0F}).value();
  CHECK(rare > forest.score(std::array{x, 10.0F}).value() + 0.02F);
  CHECK(rare > forest.score(std::array{x, 30.0F}).value() + 0.02F);
}

TEST_CASE("column weights of one are no weights; a column of weight zero is never drawn; heavier ones more often") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 150, 4, false};
    isolation_forest<4, 20, 64> plain, ones, odd;
    const forest_config config{.seed = seed, .trees = 20, .sample = 64};
    const std::array<std::uint16_t, 4> one{1, 1, 1, 1}, weights{1, 0, 6, 3};
    REQUIRE(plain.fit(data.view(), config));
    REQUIRE(ones.fit(data.view(), config, {.column_weights = one}));
    CHECK(same_bytes(plain, ones));
    REQUIRE(odd.fit(data.view(), config, {.column_weights = weights}));
    std::array<double, 4> drawn{};
    for (std::size_t t = 0; t < 20; ++t) {
      for (const auto& s : odd.splits_of(t)) {
        drawn[s.feature] += 1;
      }
    }
    const double all = drawn[0] + drawn[2] + drawn[3];
    CHECK(drawn[1] == 0);
    for (const std::size_t j : {0U, 2U, 3U}) {  // five deviations of a binomial
      const double p = weights[j] / 10.0;
      CHECK(std::abs(drawn[j] - all * p) < 5 * std::sqrt(all * p * (1 - p)));
    }
  }
}

TEST_CASE("the weight of a column that turned out constant goes to no other one") {
  rows_of_numbers data{8, 150, 3, false};
  for (std::size_t i = 0; i < data.rows; ++i) {
    data.values[i * 3] = 7;
  }
  const std::array<std::uint16_t, 3> weights{60000, 2, 1};
  isolation_forest<3, 40, 64> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 2, .trees = 40, .sample = 64}, {.column_weights = weights}));
  std::array<double, 3> drawn{};
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    for (const auto& s : forest.splits_of(t)) {
      drawn[s.feature] += 1;
    }
  }
  const double all = drawn[1] + drawn[2];
  CHECK(drawn[0] == 0);
  CHECK(std::abs(drawn[1] - all * 2 / 3) < 5 * std::sqrt(all * 2 / 9));
}

// A mirrored split has its sides and its box turned round. Where nothing is missing and trees split once, nobody may notice.
TEMPLATE_TEST_CASE("without gaps a single split under heavier says what the plain one says: depth, density, and the side of every share",
                   "", std::int16_t, std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 100, 4};
    isolation_forest<4, 16, 64, TestType> plain, turned;
    forest_config config{.seed = seed, .trees = 16, .sample = 64, .max_depth = 1, .density = true, .explain = true};
    REQUIRE(plain.fit(data.view(), config));
    config.missing = missing_policy::heavier;
    REQUIRE(turned.fit(data.view(), config));
    for (std::size_t i = 0; i < data.rows; ++i) {
      const std::span<const float, 4> row{data.row(i), 4};
      REQUIRE(plain.sums(row) == turned.sums(row));
      for (const auto weighting : {contribution_weighting::path, contribution_weighting::diffi}) {
        REQUIRE(plain.explain(row, weighting) == turned.explain(row, weighting));
      }
    }
  }
}

TEST_CASE("rows are drawn one after the other in proportion to their weights, and none of weight zero") {
  // Of weights 1, 2, 3, 4 two rows: the chance of every pair is known exactly.
  const std::array<std::uint16_t, 5> weights{1, 2, 0, 3, 4};
  std::array<std::uint64_t, 5> tickets{};
  std::array<std::uint32_t, 5> rows{};
  std::array<double, 5> drawn{};
  constexpr int trees = 20000;
  for (std::uint32_t tree = 0; tree < trees; ++tree) {
    detail::draw_weighted(99, tree, weights, 2, {tickets.data(), rows.data()});
    REQUIRE(rows[0] < rows[1]);
    drawn[rows[0]] += 1;
    drawn[rows[1]] += 1;
  }
  CHECK(drawn[2] == 0);
  for (const std::size_t i : {0U, 1U, 3U, 4U}) {
    double p = weights[i] / 10.0;
    for (const std::size_t first : {0U, 1U, 3U, 4U}) {
      p += first == i ? 0.0 : weights[first] / 10.0 * weights[i] / (10.0 - weights[first]);
    }
    CAPTURE(i, p, drawn[i] / trees);
    CHECK(std::abs(drawn[i] - trees * p) < 5 * std::sqrt(trees * p * (1 - p)));
  }
  detail::draw_weighted(99, 1, weights, 4, {tickets.data(), rows.data()});
  CHECK(std::equal(rows.begin(), rows.begin() + 4, std::array<std::uint32_t, 4>{0, 1, 3, 4}.begin()));
  // One row weighs more than all others: it is in every sample, and the rest is still filled.
  std::vector<std::uint16_t> skewed(3000, 1);
  skewed[1234] = 65535;
  std::vector<std::uint64_t> more(256);
  std::vector<std::uint32_t> found(256);
  detail::draw_weighted(1, 2, skewed, 256, {more.data(), found.data()});
  CHECK(std::binary_search(found.begin(), found.end(), 1234U));
  CHECK(std::adjacent_find(found.begin(), found.end(), [](auto a, auto b) { return a >= b; }) == found.end());
}

TEST_CASE("a forest of rows with weights is that of the rows that have one, and fewer than a sample of them make a smaller sample") {
  const rows_of_numbers data{5, 300, 3, false};
  std::vector<std::uint16_t> weights(300, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    weights[i * 7] = static_cast<std::uint16_t>(1 + i);
  }
  isolation_forest<3, 10, 64> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 10, .sample = 64}, {.row_weights = weights}));
  CHECK(forest.sample() == 40);
  CHECK(forest.depth_limit() == 6);
  std::fill(weights.begin(), weights.end(), std::uint16_t{0});
  CHECK(forest.fit(data.view(), {.seed = 1, .trees = 10, .sample = 64}, {.row_weights = weights}).error() == errc::insufficient);
  weights[3] = 2;
  CHECK(forest.fit(data.view(), {.seed = 1, .trees = 10, .sample = 64}, {.row_weights = weights}).error() == errc::insufficient);
}

TEST_CASE("what a type has no room for, and options of a wrong shape, are refused and change no byte") {
  const odd_rows odd{3, 7};
  const auto o = odd.options();
  const forest_config plain{.seed = 1, .trees = 8, .sample = 32};
  const auto refuses = [&](auto forest, errc why, const forest_config& config, const training_options& options) {
    REQUIRE(forest->fit(odd.data.view(), plain).error() == errc::ok);
    const auto before = std::make_unique<std::remove_reference_t<decltype(*forest)>>();
    std::memcpy(static_cast<void*>(before.get()), forest.get(), sizeof(*before));
    CHECK(forest->fit(odd.data.view(), config, options).error() == why);
    CHECK(same_bytes(*forest, *before));
    const auto codes = codes_of(odd.data, forest->codes());
    CHECK(forest->fit_codes({codes.data(), odd.data.rows, width, width}, config, options).error() == why);
    CHECK(same_bytes(*forest, *before));
  };
  using small = isolation_forest<width, 8, 64, std::int16_t, 512, scores_only>;
  using usual = isolation_forest<width, 8, 64, std::int16_t, 512>;
  forest_config wants = plain;
  wants.density = true;
  refuses(std::make_unique<small>(), errc::unsupported, wants, {});
  wants = plain;
  wants.explain = true;
  refuses(std::make_unique<small>(), errc::unsupported, wants, {});
  wants = plain;
  wants.missing = missing_policy::heavier;
  refuses(std::make_unique<small>(), errc::unsupported, wants, {});
  refuses(std::make_unique<small>(), errc::unsupported, plain, {.column_weights = o.column_weights});
  refuses(std::make_unique<small>(), errc::unsupported, plain, {.row_weights = o.row_weights});
  refuses(std::make_unique<usual>(), errc::unsupported, plain, {.kinds = o.kinds});
  refuses(std::make_unique<usual>(), errc::width, plain, {.kinds = o.kinds.first(4)});
  refuses(std::make_unique<usual>(), errc::width, plain, {.column_weights = o.column_weights.first(4)});
  refuses(std::make_unique<usual>(), errc::width, plain, {.row_weights = o.row_weights.first(7)});
  const std::array<std::uint16_t, width> none{};
  refuses(std::make_unique<usual>(), errc::invalid, plain, {.column_weights = none});
  wants = plain;
  wants.missing = static_cast<missing_policy>(3);
  refuses(std::make_unique<usual>(), errc::invalid, wants, {});
  const auto wide = std::make_unique<isolation_forest<200, 2, 8>>();
  CHECK(wide->begin({.seed = 1, .trees = 2, .sample = 8, .missing = missing_policy::heavier}).error() == errc::unsupported);
  usual unasked;
  REQUIRE(unasked.fit(odd.data.view(), plain));
  CHECK(unasked.sums(odd.row(0)).error() == errc::unsupported);
  CHECK(unasked.explain(odd.row(0)).error() == errc::unsupported);
  CHECK(unasked.densities_of(0).empty());
}

TEST_CASE("growing in slices refuses other options than it began with") {
  const odd_rows odd{6, 7};
  auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(odd.data.view(), odd.config, odd.options()));
  const auto codes = codes_of(odd.data, forest->codes());
  const row_view<std::int16_t> history{codes.data(), odd.data.rows, width, width};
  const auto whole = *forest;
  REQUIRE(forest->begin(odd.config, whole.codes()));
  REQUIRE_FALSE(forest->grow(history, 30, odd.options()).value());
  forest_of<std::int16_t> before;
  std::memcpy(static_cast<void*>(&before), forest.get(), sizeof(before));
  auto other = odd.options();
  other.row_weights = {};
  CHECK(forest->grow(history, 30, other).error() == errc::mismatch);
  other = odd.options();
  other.kinds = {};
  CHECK(forest->grow(history, 30, other).error() == errc::mismatch);
  other = odd.options();
  other.first_tree = 1;
  CHECK(forest->grow(history, 30, other).error() == errc::mismatch);
  CHECK(forest->append(whole).error() == errc::mismatch);  // a tree is at work
  CHECK(same_bytes(*forest, before));
  REQUIRE(grow_in_slices(*forest, history, odd.options(), 1) == errc::ok);
  CHECK(same_forests(*forest, whole));
}

TEST_CASE("a first slice that is refused learns no name, and the next one begins as if nothing had been") {
  odd_rows odd{6, 1};
  auto forest = std::make_unique<forest_of<std::int16_t>>();
  REQUIRE(forest->fit(odd.data.view(), odd.config, odd.options()));
  auto codes = codes_of(odd.data, forest->codes());
  const auto whole = *forest;
  REQUIRE(forest->begin(odd.config, whole.codes()));
  forest_of<std::int16_t> before;
  std::memcpy(static_cast<void*>(&before), forest.get(), sizeof(before));
  const auto kept = codes[4];
  for (const auto& [code, why] :
       {std::pair{std::int16_t{-32767 + 65}, errc::out_of_range}, std::pair{std::int16_t{-32768}, errc::not_finite}}) {
    codes[4] = code;  // the last column, which holds names too
    CHECK(forest->grow({codes.data(), odd.data.rows, width, width}, 30, odd.options()).error() == why);
    CHECK(same_bytes(*forest, before));
  }
  codes[4] = kept;
  REQUIRE(grow_in_slices(*forest, row_view<std::int16_t>{codes.data(), odd.data.rows, width, width}, odd.options(), 1) == errc::ok);
  CHECK(same_forests(*forest, whole));
}

TEST_CASE("names, weights, densities and contributions allocate nothing, and nothing after reserve in the dynamic form") {
  const odd_rows odd{5, 23};
  auto forest = std::make_unique<forest_of<std::int16_t>>();
  dynamic_isolation_forest<> dynamic;
  REQUIRE(dynamic.reserve(width, odd.config, 2));
  std::vector<forest_sums> sums(odd.data.rows);
  std::array<std::int32_t, width> low{}, high{};
  const std::size_t before = skerry_test::allocations();
  bool good = static_cast<bool>(forest->fit(odd.data.view(), odd.config, odd.options())) &&
              static_cast<bool>(dynamic.fit(odd.data.view(), odd.config, odd.options()));
  good = good && forest->sums(odd.data.view(), sums) && dynamic.sums(odd.data.view(), sums) && forest->explain(odd.row(0)) &&
         dynamic.explain(odd.row(0), {low, high}) && dynamic.begin(odd.config, forest->codes(), 2) && dynamic.append(*forest);
  const std::size_t after = skerry_test::allocations();
  CHECK(good);
  CHECK(after == before);
  CHECK(after > 0);
}

TEST_CASE("trees grown on four threads are those grown on one") {
  for (const std::uint32_t kind : {0U, 23U}) {  // plain; names, weights and heavier at once
    CAPTURE(kind);
    const odd_rows odd{11, kind};
    auto whole = std::make_unique<forest_of<std::int16_t>>();
    REQUIRE(whole->fit(odd.data.view(), odd.config, odd.options()));
    std::vector<forest_of<std::int16_t>> parts(4);
    std::array<errc, 4> done{};
    {
      std::vector<std::thread> threads;
      for (std::uint32_t k = 0; k < 4; ++k) {
        threads.emplace_back([&, k] {
          forest_config config = odd.config;
          config.trees = 2;
          training_options options = odd.options();
          options.first_tree = 2 * k;
          done[k] = parts[k].fit(odd.data.view(), config, options).error();
        });
      }
      for (std::thread& t : threads) {
        t.join();
      }
    }
    REQUIRE(done == std::array<errc, 4>{});
    auto joined = std::make_unique<forest_of<std::int16_t>>();
    dynamic_isolation_forest<> dynamic;
    REQUIRE(joined->begin(odd.config, whole->codes()));
    REQUIRE(dynamic.begin(odd.config, whole->codes(), 2));
    CHECK(joined->append(parts[1]).error() == errc::ok);        // a forest may begin anywhere, ...
    CHECK(joined->append(parts[3]).error() == errc::mismatch);  // ... but has no holes
    REQUIRE(joined->begin(odd.config, whole->codes()));
    for (const auto& part : parts) {
      REQUIRE(joined->append(part).error() == errc::ok);
      REQUIRE(dynamic.append(part).error() == errc::ok);
    }
    CHECK(same_forests(*joined, *whole));
    CHECK(same_forests(dynamic, *whole));
    CHECK(joined->append(parts[0]).error() == errc::full);
    for (std::size_t i = 0; i < odd.data.rows; ++i) {
      std::uint32_t sum = 0;
      for (const auto& part : parts) {
        sum += part.depth_sum(odd.row(i)).value();
      }
      REQUIRE(sum == whole->depth_sum(odd.row(i)).value());
    }
    quantizer<width> other;
    REQUIRE(other.learn(rows_of_numbers{77, 50, width, false}.view()));
    REQUIRE((joined->begin(odd.config, other) && dynamic.begin(odd.config, other, 2)));
    CHECK(joined->append(parts[0]).error() == errc::mismatch);
    CHECK(dynamic.append(parts[0]).error() == errc::mismatch);
    REQUIRE(
        joined->begin({.seed = 5, .trees = 8, .sample = odd.config.sample, .missing = odd.config.missing, .density = true, .explain = true},
                      whole->codes()));
    CHECK(joined->append(parts[0]).error() == errc::mismatch);
  }
}
