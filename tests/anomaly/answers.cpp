// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// One mistake after the other, and what every part that can make it answers.

#include <skerry/anomaly/alarm_latch.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/float_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/online_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/anomaly/t2_q.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float greatest = std::numeric_limits<float>::max();

using fixed = isolation_forest<3, 8, 16, std::int16_t, 120>;
using rolling = rolling_forest<3, 4, 16, std::int16_t, 64, 15>;
using online = online_forest<3, 4, 64>;
using linear = t2_q<3, 2>;
constexpr forest_config small{.seed = 1, .trees = 4, .sample = 16};
constexpr rolling_config slow{.forest = small};
constexpr online_config counts{.seed = 1, .trees = 4, .window = 64, .leaf_rows = 8};

struct parts {
  fixed forest;
  dynamic_isolation_forest<> wide;
  rolling stream;
  online counting;
  linear axes;

  // What each answers to rows that are to be learnt.
  std::array<errc, 5> fit(row_view<float> rows) {
    return {forest.fit(rows, small).error(), wide.fit(rows, small).error(), stream.fit(rows, slow).error(),
            counting.fit(rows, counts).error(), axes.fit(rows).error()};
  }
  // What each answers to a row that is to be judged.
  [[nodiscard]] std::array<errc, 5> score(const std::array<float, 3>& row) const {
    return {forest.score(row).error(), wide.score(row).error(), stream.score(row).error(), counting.score(row).error(),
            axes.score(row).error()};
  }
  [[nodiscard]] std::vector<float> answers(const rows_of_numbers& data) const {
    std::vector<float> all;
    for (std::size_t i = 0; i < data.rows; ++i) {
      const std::span<const float, 3> row{data.row(i), 3};
      for (const auto& s : {forest.score(row), wide.score(row), stream.score(row), counting.score(row)}) {
        all.push_back(s.value_or(-1));
      }
      const auto judged = axes.score(row);
      all.push_back(judged ? judged.value().q : -1);
    }
    return all;
  }
};

std::array<errc, 5> all(errc e) { return {e, e, e, e, e}; }

}  // namespace

TEST_CASE("every part gives the same answer to the same mistake, before and after it has learnt, and none changes by it") {
  const rows_of_numbers good{1, 40, 3, false};
  rows_of_numbers bad = good;
  const auto p = std::make_unique<parts>();
  for (const bool learnt : {false, true}) {
    CAPTURE(learnt);
    if (learnt) {
      REQUIRE(p->fit(good.view()) == all(errc::ok));
    }
    const auto before = std::make_unique<parts>(*p);
    const std::vector<float> answered = p->answers(good);
    if (!learnt) {
      CHECK(p->score({1, 2, 3}) == all(errc::insufficient));
    }
    CHECK(p->fit({good.values.data(), 0, 3, 3}) == all(errc::insufficient));
    CHECK(p->fit({good.values.data(), 40, 3, 2}) == all(errc::width));
    CHECK(p->forest.fit({good.values.data(), 40, 2, 3}, small).error() == errc::width);
    CHECK(p->wide.fit({good.values.data(), 40, 0, 3}, small).error() == errc::width);
    CHECK(p->axes.fit({good.values.data(), 3, 3, 3}).error() == errc::insufficient);  // as many rows as columns
    CHECK(p->forest.fit({good.values.data(), 1, 3, 3}, small).error() == errc::insufficient);
    CHECK(p->wide.fit({good.values.data(), 1, 3, 3}, small).error() == errc::insufficient);
    CHECK(p->stream.fit({good.values.data(), 1, 3, 3}, slow).error() == errc::insufficient);
    for (const float x : {nan_value, infinity, -infinity}) {
      bad.values[3 * 39 + 2] = x;
      CHECK(p->fit(bad.view()) == all(errc::not_finite));
      CHECK(first_not_finite(bad.view()) == 3 * 39 + 2);
      if (learnt) {
        CHECK(p->score({1, x, 3}) == all(errc::not_finite));
      }
    }
    bad.values[3 * 39 + 2] = greatest;
    bad.values[3 * 7 + 2] = -greatest;
    const auto overflowing = p->fit(bad.view());
    CHECK(overflowing[0] == errc::out_of_range);
    CHECK(overflowing[1] == errc::out_of_range);
    CHECK(overflowing[2] == errc::out_of_range);
    CHECK(overflowing[3] == errc::out_of_range);
    bad = good;
    p->axes = before->axes;  // which computes in double, where such a range is one
    forest_config none = small;
    none.trees = 0;
    CHECK(p->forest.fit(good.view(), none).error() == errc::invalid);
    CHECK(p->wide.fit(good.view(), none).error() == errc::invalid);
    CHECK(p->stream.fit(good.view(), {.forest = none}).error() == errc::invalid);
    none.trees = 9;
    CHECK(p->forest.fit(good.view(), none).error() == errc::full);
    CHECK(p->stream.fit(good.view(), {.forest = none}).error() == errc::full);
    CHECK(same_bytes(p->forest, before->forest));
    CHECK(same_bytes(p->stream, before->stream));
    CHECK(same_bytes(p->counting, before->counting));
    CHECK(p->answers(good) == answered);
  }
}

TEST_CASE("columns without spread make forests of bare leaves, and no axes") {
  const std::vector<float> flat(3 * 20, 4.0F);
  parts p;
  CHECK(p.forest.fit({flat.data(), 20, 3, 3}, small));
  CHECK(p.wide.fit({flat.data(), 20, 3, 3}, small));
  CHECK(p.stream.fit({flat.data(), 20, 3, 3}, slow));
  CHECK((p.forest.degenerate() && p.wide.degenerate() && p.stream.degenerate()));
  for (const std::array<float, 3>& row : {std::array{4.0F, 4.0F, 4.0F}, std::array{-greatest, 0.0F, greatest}}) {
    CHECK(p.forest.score(row).value() == 0.5F);
    CHECK(p.wide.score(row).value() == 0.5F);
    CHECK(p.stream.score(row).value() == 0.5F);
  }
  CHECK(p.axes.fit({flat.data(), 20, 3, 3}).error() == errc::degenerate);
}

TEST_CASE("two rows are a sample of two: one split tells them apart, alike fixed and dynamic, in bytes and words") {
  const std::array<float, 6> rows{-greatest / 4, 1, -0.0F, greatest / 4, 1, 0.0F};
  parts p;
  CHECK(p.forest.fit({rows.data(), 2, 3, 3}, small));
  CHECK(p.wide.fit({rows.data(), 2, 3, 3}, small));
  isolation_forest<3, 4, 16, std::uint8_t> bytes;
  CHECK(bytes.fit({rows.data(), 2, 3, 3}, small));
  CHECK((p.forest.sample() == 2 && p.wide.sample() == 2 && bytes.sample() == 2));
  CHECK((p.forest.splits() == 4 && p.wide.splits() == 4 && bytes.splits() == 4));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::span<const float, 3> row{rows.data() + 3 * i, 3};
    CHECK(p.forest.depth_sum(row).value() == 4 * 12);  // one split each, and c(1) = 0
    CHECK(p.wide.depth_sum(row).value() == 4 * 12);
    CHECK(bytes.depth_sum(row).value() == 4 * 12);
    CHECK(p.forest.score(row).value() == 0.5F);
  }
}

TEST_CASE("as many trees as can be counted add up without overflow") {
  constexpr std::uint16_t most = 65535;
  const std::array<std::int16_t, 4> codes{1, 1, 2, 2};
  dynamic_isolation_forest<> forest;
  REQUIRE(forest.fit_codes({codes.data(), 4, 1, 1}, {.seed = 1, .trees = most, .sample = 2, .max_depth = 31}));
  std::uint64_t wanted = 0;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    const auto leaves = forest.leaves_of(t);
    wanted += leaves[leaves.size() - 1];
  }
  CHECK(forest.depth_sum_codes(std::array<std::int16_t, 1>{2}).value() == wanted);
  const float score = forest.score_of(forest.depth_sum_codes(std::array<std::int16_t, 1>{2}).value()).value();
  CHECK((score > 0 && score < 1));
}

TEST_CASE("a contamination, a window or a level that is none is invalid, a forest of others without trees insufficient") {
  calibration scores;
  CHECK(scores.for_contamination(0.1).error() == errc::insufficient);
  REQUIRE(scores.observe(0.5F));
  for (const double fraction : {0.0, -0.1, 0.500001, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(scores.for_contamination(fraction).error() == errc::invalid);
  }
  CHECK(scores.for_contamination(0.5));
  CHECK(alarm_latch::create({.k = 6, .n = 5, .enter = 1, .leave = 0}).error() == errc::invalid);
  CHECK(alarm_latch::create({.k = 3, .n = 5, .enter = 1, .leave = 2}).error() == errc::invalid);
  CHECK(alarm_latch::create({.k = 5, .n = 5, .enter = 1, .leave = 1}));
  std::array<float_node, 4> nodes{};
  std::array<std::uint32_t, 1> roots{};
  const auto imported = float_forest::create({.columns = 2, .sample = 8}, nodes, roots);
  REQUIRE(imported);
  CHECK(imported.value().predict(std::array{1.0F, 2.0F}).error() == errc::insufficient);
}
