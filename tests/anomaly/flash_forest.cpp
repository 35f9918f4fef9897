// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
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
using small_forest = flash_forest<2, 3, 4, std::int16_t>;
constexpr small_forest by_hand{{{small_forest::word(0, 0), small_forest::word(1, 0), small_forest::word(1, 1), small_forest::word(0, 0)}},
                               {{10, -5, 0, 3}},
                               {{20, 30, 40, 5, 6, 7, 9}},
                               {{2, 2, 0}}};
static_assert(by_hand.valid() && by_hand.bytes() == 4 + 2 + 1 + 4 * 4 + 3 * 3);

constexpr std::uint32_t sum_of(std::int16_t a, std::int16_t b) {
  const std::array<std::int16_t, 2> row{a, b};
  return by_hand.depth_sum_codes(row).value();
}
static_assert(sum_of(10, 0) == 20 + 6 + 9 && sum_of(11, -5) == 30 + 6 + 9 && sum_of(11, -4) == 40 + 6 + 9 && sum_of(3, 1) == 20 + 7 + 9 &&
              sum_of(3, 0) == 20 + 5 + 9);

static_assert(std::is_trivially_copyable_v<decltype(by_hand)>);
// What 6200 splits and 500 long counts take, usual numbers for 100 trees of 256 Gaussian rows.
static_assert(sizeof(flash_forest<16, 100, 6700, std::int16_t>) <= 27'200 && sizeof(flash_forest<16, 100, 6700, std::uint8_t>) <= 20'500);
static_assert(sizeof(flash_forest<16, 100, 6700, std::int16_t>) <= 6700 * 4 + 100 * 3 + 16);
static_assert(sizeof(flash_forest<33, 100, 6700, std::int16_t>) <= 6700 * 5 + 100 * 3 + 16);

template <typename Forest>
std::size_t lowered_bytes(std::uint64_t seed, const forest_config& config) {
  auto forest = std::make_unique<Forest>();
  const rows_of_numbers data{seed, 4000, Forest::features, false};
  REQUIRE(forest->fit(data.view(), config));
  const auto flash = std::make_unique<skerry::result<flash_forest_for<Forest>>>(lower<flash_forest_for<Forest>>(*forest));
  REQUIRE(*flash);
  CHECK(flash->value().valid());
  return flash->value().bytes();
}

}  // namespace

TEMPLATE_TEST_CASE("a forest of 100 trees of 256 Gaussian rows is 27 KB in flash with two-byte codes, 20.5 KB with one", "", std::int16_t,
                   std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::size_t bytes = lowered_bytes<isolation_forest<16, 100, 256, TestType>>(seed, {.seed = seed});
    CAPTURE(bytes);
    CHECK(bytes <= (sizeof(TestType) == 2 ? 27'000U : 20'500U));
  }
}

TEMPLATE_TEST_CASE("a forest of 50 trees of 128 Gaussian rows is 8.5 KB in flash with two-byte codes, 7 KB with one", "", std::int16_t,
                   std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::size_t bytes = lowered_bytes<isolation_forest<16, 50, 128, TestType>>(seed, {.seed = seed, .trees = 50, .sample = 128});
    CAPTURE(bytes);
    CHECK(bytes <= (sizeof(TestType) == 2 ? 8'500U : 7'000U));
  }
}

TEST_CASE("the arrays of a lowered forest make the same forest again, as constants do") {
  using forest_type = isolation_forest<16, 9, 64, std::uint8_t>;
  forest_type forest;
  const rows_of_numbers data{2, 300, 16, false};
  REQUIRE(forest.fit(data.view(), {.seed = 2, .trees = 9, .sample = 64}));
  const auto flash = lower<flash_forest_for<forest_type>>(forest);
  REQUIRE(flash);
  const auto& made = flash.value();
  const auto view =
      flash_forest_view<std::uint8_t, std::uint8_t>::create(16, made.words(), made.thresholds(), made.leaves(), made.places());
  REQUIRE(view);
  const auto codes = codes_of(data, forest.codes());
  std::vector<std::uint32_t> want(300), got(300);
  REQUIRE(forest.depth_sums_codes({codes.data(), 300, 16, 16}, want));
  REQUIRE(view.value().depth_sums_codes({codes.data(), 300, 16, 16}, got));
  CHECK(want == got);
  // So deep a tree of 64 rows has left subtrees of 15 splits and more.
  CHECK(made.words().size() > forest.splits());
}

TEMPLATE_TEST_CASE("a view refuses arrays that are no forest, whatever single place was changed, or walks them safely", "", std::int16_t,
                   std::uint8_t) {
  using forest_type = isolation_forest<3, 4, 64, TestType, 4 * 63>;
  using word = std::uint8_t;  // with three columns: six bits for a count, so nothing is long; as if of 17 columns: three bits
  forest_type forest;
  const rows_of_numbers data{5, 90, 3, false};
  REQUIRE(forest.fit(data.view(), {.seed = 5, .trees = 4, .sample = 64}));
  const std::size_t columns = 17;
  const std::uint32_t bits = detail::flash_count_bits<word>(columns);
  REQUIRE(bits == 3);
  std::size_t all = 0;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    all += detail::flash_places(forest.splits_of(t), bits);
  }
  REQUIRE(all > forest.splits() + 4);
  std::vector<word> words(all), leaves(all + 4);
  std::vector<TestType> threshold(all);
  std::vector<std::uint16_t> places;
  std::size_t used = 0;
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    places.push_back(detail::write_flash_tree(forest.splits_of(t), forest.leaves_of(t), words.data() + used, threshold.data() + used,
                                              leaves.data() + used + t, bits));
    used += places.back();
  }
  REQUIRE(used == all);
  using view = flash_forest_view<word, TestType>;
  const auto whole = view::create(columns, words, threshold, leaves, places);
  REQUIRE(whole);
  const auto codes = codes_of(data, forest.codes());
  std::vector<TestType> wide(90 * columns);
  for (std::size_t i = 0; i < 90; ++i) {
    std::copy_n(codes.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, wide.begin() + static_cast<std::ptrdiff_t>(columns * i));
  }
  std::vector<std::uint32_t> want(90), got(90);
  REQUIRE(forest.depth_sums_codes({codes.data(), 90, 3, 3}, want));
  REQUIRE(whole.value().depth_sums_codes({wide.data(), 90, columns, columns}, got));
  CHECK(want == got);
  CHECK(whole.value().trees() == 4);

  std::size_t refused = 0;
  const auto try_walk = [&] {
    const auto made = view::create(columns, words, threshold, leaves, places);
    refused += made ? 0U : 1U;
    for (std::size_t i = 0; made && i < 90; i += 5) {
      (void)made.value().depth_sum_codes({wide.data() + i * columns, columns});
    }
    CHECK((made || made.error() == errc::corrupt));
  };
  for (word& w : words) {
    for (int delta : {1, 2, 7, 8, 128, 255}) {
      const word was = w;
      w = static_cast<word>(was + delta);
      try_walk();
      w = was;
    }
  }
  CHECK(refused > words.size() * 2);
  for (TestType& t : threshold) {  // where a long count stands, a change of it is one of the tree
    const TestType was = t;
    t = static_cast<TestType>(was + 1);
    try_walk();
    t = was;
  }
  for (word& leaf : leaves) {
    const word was = leaf;
    leaf = static_cast<word>(was + 1);
    try_walk();
    leaf = was;
  }
  for (std::uint16_t& count : places) {
    for (int delta : {1, -1, 100, 65535}) {
      const std::uint16_t was = count;
      count = static_cast<std::uint16_t>(count + delta);
      CHECK(view::create(columns, words, threshold, leaves, places).error() == errc::corrupt);
      count = was;
    }
  }
  CHECK(view::create(2, words, threshold, leaves, places).error() == errc::corrupt);
  CHECK(view::create(33, words, threshold, leaves, places).error() == errc::corrupt);
  CHECK(view::create(0, words, threshold, leaves, places).error() == errc::corrupt);
  CHECK(view::create(60000, words, threshold, leaves, places).error() == errc::corrupt);
  CHECK(view::create(columns, words, threshold, std::span<const word>{leaves}.first(leaves.size() - 1), places).error() == errc::corrupt);
  CHECK(view::create(columns, {}, {}, {}, {}).error() == errc::corrupt);
}

TEST_CASE("a chain of splits deeper than any forest grows is refused") {
  for (std::size_t length : {31U, 32U, 200U}) {
    const std::vector<std::uint16_t> places{static_cast<std::uint16_t>(length)};
    std::vector<std::uint8_t> words(length), leaves(length + 1);
    const std::vector<std::int16_t> threshold(length);
    const auto accepted = [&] {
      return static_cast<bool>(flash_forest_view<std::uint8_t, std::int16_t>::create(1, words, threshold, leaves, places));
    };
    CHECK(accepted() == (length == 31));
    for (std::size_t i = 0; i < length; ++i) {
      words[i] = static_cast<std::uint8_t>(length - 1 - i);
    }
    CHECK(accepted() == (length == 31));
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
