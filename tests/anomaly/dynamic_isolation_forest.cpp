// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/dynamic_isolation_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::codes_of;
using skerry_test::rows_of_numbers;
using skerry_test::same_trees;

namespace {

struct tally {
  std::size_t taken = 0, given_back = 0, calls = 0;
  bool refuse = false;
};

/// Counts bytes, cannot be made without its tally, and throws when told to.
template <typename T>
struct counting_allocator {
  using value_type = T;
  tally* counts;
  explicit counting_allocator(tally& c) : counts{&c} {}
  template <typename U>
  counting_allocator(const counting_allocator<U>& other) : counts{other.counts} {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) {
    if (counts->refuse) {
      throw std::bad_alloc{};
    }
    counts->taken += n * sizeof(T);
    ++counts->calls;
    return static_cast<T*>(::operator new(n * sizeof(T)));
  }
  void deallocate(T* p, std::size_t n) {
    counts->given_back += n * sizeof(T);
    ::operator delete(p);
  }
  friend bool operator==(const counting_allocator& a, const counting_allocator& b) { return a.counts == b.counts; }
};

template <typename Code>
using counted_forest = dynamic_isolation_forest<Code, counting_allocator<std::byte>>;
static_assert(!std::is_default_constructible_v<counted_forest<std::int16_t>>);
static_assert(std::is_default_constructible_v<dynamic_isolation_forest<>>);
static_assert(std::is_nothrow_move_constructible_v<dynamic_isolation_forest<>>);

}  // namespace

TEMPLATE_TEST_CASE("the dynamic forest grows the trees of the fixed one, at once and in slices", "", std::int16_t, std::uint8_t) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 30 + seed * 13, 5};
    const forest_config config{.seed = seed, .trees = 11, .sample = static_cast<std::uint16_t>(10 + seed * 5)};
    isolation_forest<5, 11, 128, TestType, 11 * 127> fixed;
    dynamic_isolation_forest<TestType> dynamic;
    REQUIRE(fixed.fit(data.view(), config));
    REQUIRE(dynamic.fit(data.view(), config));
    CHECK(same_trees(fixed, dynamic));
    std::vector<std::uint32_t> a(data.rows), b(data.rows);
    REQUIRE(fixed.depth_sums(data.view(), a));
    REQUIRE(dynamic.depth_sums(data.view(), b));
    CHECK(a == b);
    CHECK(fixed.score(std::span<const float, 5>{data.row(3), 5}).value() == dynamic.score({data.row(3), 5}).value());

    const auto codes = codes_of(data, fixed.codes());
    dynamic_isolation_forest<TestType> sliced;
    REQUIRE(sliced.begin(config, fixed.codes()));
    skerry::pcg32 random{seed};
    while (sliced.trees() < 11) {
      REQUIRE(sliced.grow({codes.data(), data.rows, 5, 5}, random() % 300));
    }
    CHECK(same_trees(fixed, sliced));

    dynamic_isolation_forest<TestType> on_codes;
    dynamic_isolation_forest<TestType> sliced_on_codes;
    REQUIRE(on_codes.fit_codes({codes.data(), data.rows, 5, 5}, config));
    REQUIRE(sliced_on_codes.begin(config));
    while (sliced_on_codes.trees() < 11) {
      REQUIRE(sliced_on_codes.grow({codes.data(), data.rows, 5, 5}, 1000));
    }
    CHECK(same_trees(on_codes, sliced_on_codes));
    REQUIRE(on_codes.depth_sums_codes({codes.data(), data.rows, 5, 5}, b));
    CHECK(a == b);
    CHECK(on_codes.depth_sum_codes({codes.data(), 5}).value() == a[0]);
    CHECK(on_codes.depth_sum({data.row(0), 5}).error() == errc::insufficient);
  }
}

TEST_CASE("rows wider than the buffer on the stack score the same") {
  const rows_of_numbers data{3, 40, 1500};
  dynamic_isolation_forest<> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 9, .sample = 32}));
  const auto codes = codes_of(data, forest.codes());
  for (std::size_t i = 0; i < data.rows; ++i) {
    REQUIRE(forest.depth_sum({data.row(i), 1500}).value() == forest.depth_sum_codes({codes.data() + i * 1500, 1500}).value());
  }
}

TEST_CASE("deep trees of large samples count their leaves in finer steps") {
  const rows_of_numbers data{3, 3000, 3, false};
  dynamic_isolation_forest<> forest;
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 2048}));
  CHECK(forest.leaf_scale() == 256);
  CHECK(forest.depth_limit() == 11);
  const float score = forest.score({data.row(0), 3}).value();
  CHECK((score > 0.2F && score < 0.9F));
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 3, .sample = 256}));
  CHECK(forest.leaf_scale() == 12);
}

TEST_CASE("after reserve no fit and no growing allocates, and everything is given back") {
  tally counts;
  {
    const forest_config config{.seed = 1, .trees = 20, .sample = 64};
    const rows_of_numbers data{3, 200, 6};
    counted_forest<std::int16_t> forest{counting_allocator<std::byte>{counts}};
    REQUIRE(forest.reserve(6, config));
    CHECK(counts.calls == 1);
    CHECK(counts.taken == forest.capacity_bytes());
    CHECK(forest.depth_sum({data.row(0), 6}).error() == errc::insufficient);
    std::vector<std::uint32_t> sums(data.rows);
    REQUIRE(forest.fit(data.view(), config));
    REQUIRE(forest.fit(data.view(), {.seed = 2, .trees = 10, .sample = 32}));
    REQUIRE(forest.depth_sums(data.view(), sums));
    const auto codes = codes_of(data, forest.codes());
    REQUIRE(forest.begin(config));
    while (forest.trees() < 20) {
      REQUIRE(forest.grow({codes.data(), data.rows, 6, 6}, 100));
    }
    CHECK(counts.calls == 1);
    REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 40, .sample = 64}));
    CHECK(counts.calls == 2);
    CHECK(forest.bytes() < forest.capacity_bytes());
  }
  CHECK(counts.given_back == counts.taken);
}

TEST_CASE("copies and moved forests answer alike, over equal and different allocators") {
  tally first, second;
  {
    const rows_of_numbers data{4, 100, 3};
    counted_forest<std::uint8_t> forest{counting_allocator<std::byte>{first}};
    REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 5, .sample = 32}));
    const auto copy = forest;
    CHECK(same_trees(copy, forest));
    counted_forest<std::uint8_t> elsewhere{counting_allocator<std::byte>{second}};
    elsewhere = copy;
    CHECK(same_trees(elsewhere, copy));
    counted_forest<std::uint8_t> target{counting_allocator<std::byte>{second}};
    target = std::move(forest);  // the allocators differ: copied
    CHECK(same_trees(target, copy));
    const auto calls = second.calls;
    counted_forest<std::uint8_t> taken{std::move(target)};
    counted_forest<std::uint8_t> back{counting_allocator<std::byte>{second}};
    back = std::move(taken);
    CHECK(second.calls == calls);
    CHECK(same_trees(back, copy));
    CHECK(back.depth_sum({data.row(1), 3}).value() == copy.depth_sum({data.row(1), 3}).value());
  }
  CHECK(first.given_back == first.taken);
  CHECK(second.given_back == second.taken);
}

// The first slice lays out memory for the width of its rows, and a refused one left that width behind.
TEST_CASE("a first slice that is refused does not say how wide the rows are") {
  dynamic_isolation_forest<std::int16_t> forest;
  REQUIRE(forest.begin({.seed = 1, .trees = 2, .sample = 8}));
  const std::vector<std::int16_t> codes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const std::vector<std::int16_t> missing(12, std::int16_t{-32768});
  const std::array<std::uint16_t, 3> nobody{};
  CHECK(forest.grow({missing.data(), 4, 3, 3}, 100).error() == errc::not_finite);
  CHECK(forest.columns() == 0);
  CHECK(forest.grow({codes.data(), 3, 4, 4}, 100, {.row_weights = nobody}).error() == errc::insufficient);
  CHECK(forest.columns() == 0);
  while (forest.trees() < 2) {
    REQUIRE(forest.grow({codes.data(), 6, 2, 2}, 100));
  }
  isolation_forest<2, 2, 8, std::int16_t, 14> fixed;
  REQUIRE(fixed.fit_codes({codes.data(), 6, 2, 2}, {.seed = 1, .trees = 2, .sample = 8}));
  CHECK(same_trees(forest, fixed));
}

TEST_CASE("a refused fit, or an allocator without memory, leaves the forest as it was") {
  tally counts;
  const rows_of_numbers data{4, 100, 3, false};
  const rows_of_numbers wider{4, 100, 30, false};
  counted_forest<std::int16_t> forest{counting_allocator<std::byte>{counts}};
  CHECK(forest.grow({nullptr, 5, 3, 3}, 1).error() == errc::insufficient);
  REQUIRE(forest.fit(data.view(), {.seed = 1, .trees = 5, .sample = 32}));
  const auto before = forest;
  auto spoilt = wider;
  spoilt.values[77] = std::numeric_limits<float>::quiet_NaN();
  CHECK(forest.fit(spoilt.view(), {.seed = 1}).error() == errc::not_finite);
  spoilt.values[77] = std::numeric_limits<float>::max();
  spoilt.values[107] = -std::numeric_limits<float>::max();
  CHECK(forest.fit(spoilt.view(), {.seed = 1}).error() == errc::out_of_range);
  CHECK(forest.fit(wider.view(), {.seed = 1, .trees = 0}).error() == errc::invalid);
  CHECK(forest.fit({wider.values.data(), 1, 30, 30}, {.seed = 1}).error() == errc::insufficient);
  CHECK(forest.fit({wider.values.data(), 10, 30, 29}, {.seed = 1}).error() == errc::width);
  CHECK(forest.fit({wider.values.data(), 10, 0, 29}, {.seed = 1}).error() == errc::width);
  const std::vector<std::int16_t> missing(60, std::int16_t{-32768});
  CHECK(forest.fit_codes({missing.data(), 2, 30, 30}, {.seed = 1}).error() == errc::not_finite);
  counts.refuse = true;
  CHECK_THROWS_AS(forest.fit(wider.view(), {.seed = 1}), std::bad_alloc);
  CHECK_THROWS_AS(forest.reserve(300, {.seed = 1}), std::bad_alloc);
  CHECK(same_trees(forest, before));
  CHECK(forest.depth_sum({data.row(0), 3}).value() == before.depth_sum({data.row(0), 3}).value());
  CHECK(forest.depth_sum({data.row(0), 2}).error() == errc::width);
}
