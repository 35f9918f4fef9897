// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;

namespace {

// Two trees by hand over two columns, and a bare leaf:
//   code 0 > 10 ? (code 1 > -5 ? 40 : 30) : 20      and      code 1 > 0 ? 7 : (code 0 > 3 ? 6 : 5)      and      9
constexpr flash_forest<2, 3, 4, std::int16_t> by_hand{
    {{0, 1, 1, 0}}, {{10, -5, 0, 3}}, {{0, 0, 1, 0}}, {{20, 30, 40, 5, 6, 7, 9}}, {{2, 2, 0}}};
static_assert(by_hand.valid() && by_hand.bytes() == 4 + 2 + 4 * 5 + 3 * 3);

constexpr std::uint32_t sum_of(std::int16_t a, std::int16_t b) {
  const std::array<std::int16_t, 2> row{a, b};
  return by_hand.depth_sum_codes(row).value();
}
static_assert(sum_of(10, 0) == 20 + 6 + 9 && sum_of(11, -5) == 30 + 6 + 9 && sum_of(11, -4) == 40 + 6 + 9 && sum_of(3, 1) == 20 + 7 + 9 &&
              sum_of(3, 0) == 20 + 5 + 9);

static_assert(std::is_trivially_copyable_v<decltype(by_hand)>);
// What 6200 splits take, a usual number for 100 trees of 256 Gaussian rows.
static_assert(sizeof(flash_forest<16, 100, 6200, std::int16_t>) <= 33 * 1024 &&
              sizeof(flash_forest<16, 100, 6200, std::uint8_t>) <= 27 * 1024);
static_assert(sizeof(flash_forest<16, 100, 6200, std::int16_t>) <= 6200 * 5 + 100 * 3 + 16);

}  // namespace

TEMPLATE_TEST_CASE("a forest of 100 trees of 256 Gaussian rows is 33 KB in flash with two-byte codes, 27 KB with one", "", std::int16_t,
                   std::uint8_t) {
  using forest_type = isolation_forest<16, 100, 256, TestType>;
  auto forest = std::make_unique<forest_type>();
  const rows_of_numbers data{3, 4000, 16, false};
  REQUIRE(forest->fit(data.view(), {.seed = 3}));
  const auto flash = std::make_unique<skerry::result<flash_forest_for<forest_type>>>(lower<flash_forest_for<forest_type>>(*forest));
  REQUIRE(*flash);
  CHECK(flash->value().bytes() <= (sizeof(TestType) == 2 ? 33 * 1024 : 27 * 1024));
  CHECK(flash->value().valid());
}

TEST_CASE("a view refuses arrays that are no forest, whatever single byte of the counts or columns was changed, or walks them safely") {
  using forest_type = isolation_forest<3, 4, 16, std::uint8_t, 60>;
  forest_type forest;
  const rows_of_numbers data{5, 60, 3, false};
  REQUIRE(forest.fit(data.view(), {.seed = 5, .trees = 4, .sample = 16}));
  std::vector<std::uint8_t> feature, threshold, left, leaves;
  std::vector<std::uint16_t> splits;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    for (const auto& s : forest.splits_of(t)) {
      feature.push_back(s.feature);
      threshold.push_back(s.threshold);
      left.push_back(s.left);
    }
    leaves.insert(leaves.end(), forest.leaves_of(t).begin(), forest.leaves_of(t).end());
    splits.push_back(static_cast<std::uint16_t>(forest.splits_of(t).size()));
  }
  using view = flash_forest_view<std::uint8_t>;
  const auto whole = view::create(3, feature, threshold, left, leaves, splits);
  REQUIRE(whole);
  const auto codes = codes_of(data, forest.codes());
  std::vector<std::uint32_t> want(60), got(60);
  REQUIRE(forest.depth_sums_codes({codes.data(), 60, 3, 3}, want));
  REQUIRE(whole.value().depth_sums_codes({codes.data(), 60, 3, 3}, got));
  CHECK(want == got);
  CHECK(whole.value().trees() == 4);

  std::size_t refused = 0;
  const auto try_walk = [&] {
    const auto made = view::create(3, feature, threshold, left, leaves, splits);
    refused += made ? 0U : 1U;
    for (std::size_t i = 0; made && i < 60; ++i) {
      (void)made.value().depth_sum_codes({codes.data() + i * 3, 3});
    }
    CHECK((made || made.error() == errc::corrupt));
  };
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (int delta : {1, 2, 7, 128, 255}) {
      left[i] = static_cast<std::uint8_t>(left[i] + delta);
      try_walk();
      left[i] = static_cast<std::uint8_t>(left[i] - delta);
      feature[i] = static_cast<std::uint8_t>(feature[i] + delta);
      try_walk();
      feature[i] = static_cast<std::uint8_t>(feature[i] - delta);
    }
  }
  CHECK(refused > left.size() * 5);
  for (std::uint16_t& count : splits) {
    for (int delta : {1, -1, 100, 65535}) {
      const std::uint16_t was = count;
      count = static_cast<std::uint16_t>(count + delta);
      CHECK(view::create(3, feature, threshold, left, leaves, splits).error() == errc::corrupt);
      count = was;
    }
  }
  CHECK(view::create(2, feature, threshold, left, leaves, splits).error() == errc::corrupt);
  CHECK(view::create(3, feature, threshold, left, std::span<const std::uint8_t>{leaves}.first(leaves.size() - 1), splits).error() ==
        errc::corrupt);
  CHECK(view::create(3, {}, {}, {}, {}, {}).error() == errc::corrupt);
}

TEST_CASE("a chain of splits deeper than any forest grows is refused") {
  for (std::size_t length : {31U, 32U, 200U}) {
    std::vector<std::uint8_t> feature(length), left(length), leaves(length + 1);
    const std::vector<std::int16_t> threshold(length);
    const std::vector<std::uint16_t> splits{static_cast<std::uint16_t>(length)};
    CHECK(static_cast<bool>(flash_forest_view<std::int16_t>::create(1, feature, threshold, left, leaves, splits)) == (length == 31));
    for (std::size_t i = 0; i < length; ++i) {
      left[i] = static_cast<std::uint8_t>(length - 1 - i);
    }
    CHECK(static_cast<bool>(flash_forest_view<std::int16_t>::create(1, feature, threshold, left, leaves, splits)) == (length == 31));
  }
}

TEST_CASE("a forest in flash refuses missing codes, rows and outputs of another length, and leaves outputs as they were") {
  const std::array<std::int16_t, 4> codes{1, 2, -32768, 4};
  std::array<std::uint32_t, 2> out{5, 6};
  CHECK(by_hand.depth_sum_codes(std::span<const std::int16_t, 2>{codes.data() + 2, 2}).error() == errc::not_finite);
  CHECK(by_hand.depth_sums_codes({codes.data(), 2, 2, 2}, out).error() == errc::not_finite);
  CHECK(by_hand.depth_sums_codes({codes.data(), 1, 2, 2}, out).error() == errc::width);
  CHECK(by_hand.depth_sums_codes({codes.data(), 2, 1, 2}, out).error() == errc::width);
  CHECK(out == std::array<std::uint32_t, 2>{5, 6});
}
