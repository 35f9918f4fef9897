// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/online_forest.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "core/counting_new.hpp"
#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

namespace {

template <std::size_t F, std::size_t T, std::size_t W, typename C, std::size_t K>
constexpr bool keeps_its_size(const online_forest<F, T, W, C, K>*) {
  return sizeof(online_forest<F, T, W, C, K>) <= T * ((F > 255          ? 18
                                                       : sizeof(C) == 1 ? 12
                                                                        : 16) *
                                                          (2 * K + 1) +
                                                      8) +
                                                     W * F * sizeof(C) + 8 * F + 48;
}
template <typename F>
constexpr bool in_bound = keeps_its_size(static_cast<const F*>(nullptr)) && std::is_trivially_copyable_v<F>;
static_assert(in_bound<online_forest<16>> && in_bound<online_forest<1, 1, 2>> && in_bound<online_forest<3, 16, 512, std::uint8_t, 16>>);
static_assert(in_bound<online_forest<300, 8, 100>>);
static_assert(noexcept(std::declval<online_forest<2>&>().observe(std::declval<std::span<const float, 2>>())));
static_assert(online_forest<16>::most_splits({.seed = 0}) == 21);
static_assert(online_forest<16>::most_splits({.seed = 0, .window = 64, .leaf_rows = 64}) == 0);

constexpr std::size_t columns = 4;
using small = online_forest<columns, 10, 200, std::int16_t, 31>;
constexpr online_config small_config{.seed = 5, .trees = 10, .window = 200, .leaf_rows = 8};

template <typename Forest>
std::span<const float, Forest::features> row_of(const rows_of_numbers& data, std::size_t i) {
  return std::span<const float, Forest::features>{data.row(i), Forest::features};
}

small begun(const rows_of_numbers& data, online_config config = small_config) {
  small forest;
  auto codes = quantizer<columns>{};
  REQUIRE(codes.learn(data.view()));
  REQUIRE(forest.begin(config, codes));
  return forest;
}

}  // namespace

TEST_CASE("every split of an online forest counts what its children count, and the root counts the window, after any history") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 1000, columns};
    skerry::pcg32 random{seed};
    small forest = begun(data);
    for (int i = 0; i < 900; ++i) {
      // Phases of few rows repeated, so that splits lose their rows and become leaves again.
      const std::size_t at = i / 150 % 2 == 0 ? random() % 1000 : random() % 3;
      const auto before = forest.depth_sum(row_of<small>(data, at)).value();
      const auto step = forest.observe(row_of<small>(data, at)).value();
      REQUIRE(step.depth_sum == before.depth_sum);
      REQUIRE(step.rows == before.rows);
      if (i % 10 == 0) {
        for (std::size_t t = 0; t < forest.trees(); ++t) {
          REQUIRE(forest.balanced(t));
          REQUIRE(forest.splits(t) <= small::most_splits(small_config));
        }
      }
    }
    REQUIRE(forest.rows() == 200);
  }
}

TEST_CASE("an online forest finds what lies apart, and takes it for normal once its window is full of it") {
  const rows_of_numbers data{3, 2400, columns, false};
  small forest;
  REQUIRE(forest.fit({data.values.data(), 400, columns, columns}, small_config));
  std::array<float, columns> far{};
  far.fill(1e5F);
  const float strange = forest.score(far).value();
  double usual = 0;
  for (std::size_t i = 400; i < 600; ++i) {
    usual += static_cast<double>(forest.score(row_of<small>(data, i)).value()) / 200;
    REQUIRE(forest.observe(row_of<small>(data, i)));
  }
  CHECK(static_cast<double>(strange) > usual + 0.1);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(forest.observe(far));
  }
  CHECK(forest.score(far).value() < strange - 0.2F);
  // And back: a window later the fault is strange again.
  for (std::size_t i = 600; i < 1000; ++i) {
    REQUIRE(forest.observe(row_of<small>(data, i)));
  }
  CHECK(forest.score(far).value() > strange - 0.1F);
}

TEST_CASE("an online forest of the same rows and seed is the same in bytes, and of another seed it is not") {
  const rows_of_numbers data{4, 500, columns};
  const auto run = [&](std::uint64_t seed) {
    online_config config = small_config;
    config.seed = seed;
    auto forest = std::make_unique<small>(begun(data, config));
    std::uint64_t sums = 0;
    for (std::size_t i = 0; i < 500; ++i) {
      sums = sums * 31 + forest->observe(row_of<small>(data, i)).value().depth_sum;
    }
    return sums;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("an online forest says one half until it has counted as many rows as a leaf holds") {
  const rows_of_numbers data{5, 100, columns};
  small forest;
  CHECK(forest.observe(row_of<small>(data, 0)).error() == errc::insufficient);
  CHECK(forest.score(row_of<small>(data, 0)).error() == errc::insufficient);
  CHECK(forest.trees() == 0);
  forest = begun(data);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(forest.score(row_of<small>(data, i)).value() == 0.5F);
    REQUIRE(forest.observe(row_of<small>(data, i)));
  }
  for (std::size_t i = 8; i < 100; ++i) {
    const float s = forest.score(row_of<small>(data, i)).value();
    REQUIRE((s > 0 && s <= 1));
    REQUIRE(forest.observe(row_of<small>(data, i)));
  }
}

TEST_CASE("an online forest on constant rows never splits, and splits when they begin to move") {
  small forest;
  std::vector<float> rows(100 * columns, 2.0F);
  REQUIRE(forest.fit({rows.data(), 100, columns, columns}, small_config));
  for (std::size_t t = 0; t < 10; ++t) {
    REQUIRE(forest.splits(t) == 0);
  }
  std::array<float, columns> x{2, 2, 2, 2};
  for (int i = 0; i < 400; ++i) {
    x[3] = 2.0F + static_cast<float>(i % 9) * 0.02F;
    REQUIRE(forest.observe(x));
  }
  for (std::size_t t = 0; t < 10; ++t) {
    CHECK(forest.splits(t) > 0);
  }
}

TEST_CASE("codes and numbers make the same online forest, and nothing is allocated") {
  const rows_of_numbers data{6, 600, columns};
  small a = begun(data);
  small b = a;
  const std::size_t before = skerry_test::allocations();
  bool same = true;
  for (std::size_t i = 0; i < 600; ++i) {
    std::array<std::int16_t, columns> x{};
    (void)a.codes().encode(row_of<small>(data, i), x);
    same = a.observe(row_of<small>(data, i)).value().depth_sum == b.observe_codes(x).value().depth_sum && same;
  }
  REQUIRE(skerry_test::allocations() == before);
  REQUIRE(same);
}

TEST_CASE("a refused call of an online forest leaves its bytes as they were") {
  const rows_of_numbers data{7, 300, columns};
  small forest = begun(data);
  for (std::size_t i = 0; i < 50; ++i) {
    (void)forest.observe(row_of<small>(data, i));
  }
  const small before = forest;
  auto bad = data.values;
  bad[9] = std::numeric_limits<float>::infinity();
  const auto with = [](auto change) {
    online_config config = small_config;
    change(config);
    return config;
  };
  std::array<std::int16_t, columns> missing{1, -32768, 2, 3};
  const row_view<float> rows = data.view();
  CHECK(forest.fit({bad.data(), 300, columns, columns}, small_config).error() == errc::not_finite);
  CHECK(forest.fit({data.values.data(), 0, columns, columns}, small_config).error() == errc::insufficient);
  CHECK(forest.fit({data.values.data(), 3, 3, columns}, small_config).error() == errc::width);
  CHECK(forest.fit(rows, with([](online_config& c) { c.trees = 0; })).error() == errc::invalid);
  CHECK(forest.fit(rows, with([](online_config& c) { c.leaf_rows = 1; })).error() == errc::invalid);
  CHECK(forest.fit(rows, with([](online_config& c) { c.leaf_rows = 201; })).error() == errc::invalid);
  CHECK(forest.fit(rows, with([](online_config& c) { c.max_depth = 32; })).error() == errc::invalid);
  CHECK(forest.fit(rows, with([](online_config& c) { c.padding = -1; })).error() == errc::invalid);
  CHECK(forest.fit(rows, with([](online_config& c) { c.trees = 11; })).error() == errc::full);
  CHECK(forest.fit(rows, with([](online_config& c) { c.window = 201; })).error() == errc::full);
  online_forest<columns, 10, 200, std::int16_t, 8> shallow;
  CHECK(shallow.begin(with([](online_config& c) { c.leaf_rows = 2; }), forest.codes()).error() == errc::full);
  CHECK(forest.begin(small_config, quantizer<columns>{}).error() == errc::insufficient);
  CHECK(forest.observe(std::span<const float, columns>{bad.data() + 8, columns}).error() == errc::not_finite);
  CHECK(forest.observe_codes(missing).error() == errc::not_finite);
  REQUIRE(same_bytes(forest, before));
}
