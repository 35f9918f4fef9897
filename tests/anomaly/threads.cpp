// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/blend_list.hpp>
#include <skerry/anomaly/flash_forest.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/walk_heap.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry_test::rows_of_numbers;

namespace {

using forest_type = isolation_forest<7, 20, 64, std::int16_t>;
constexpr std::size_t rows = 1003, threads = 4;

/// Scores of all rows, each thread taking a share that is no multiple of a block.
template <typename Shape>
std::vector<std::uint32_t> sums_by(std::size_t workers, const Shape& shape, const std::vector<std::int16_t>& codes) {
  std::vector<std::uint32_t> sums(rows);
  std::vector<skerry::status> answers(workers);
  std::vector<std::thread> running;
  for (std::size_t w = 0; w < workers; ++w) {
    const std::size_t begin = rows * w / workers;
    const std::size_t end = rows * (w + 1) / workers;
    running.emplace_back([&, w, begin, end] {
      answers[w] = shape.depth_sums_codes({codes.data() + begin * 7, end - begin, 7, 7}, std::span{sums}.subspan(begin, end - begin));
    });
  }
  for (std::thread& worker : running) {
    worker.join();
  }
  for (const skerry::status& answer : answers) {
    REQUIRE(answer);
  }
  return sums;
}

}  // namespace

TEST_CASE("four threads that share a forest answer the sums of one, through every shape") {
  const rows_of_numbers data{1, rows, 7};
  const auto forest = std::make_unique<forest_type>();
  REQUIRE(forest->fit(data.view(), {.seed = 1, .trees = 20, .sample = 64}));
  const auto codes = skerry_test::codes_of(data, forest->codes());
  const auto want = sums_by(1, *forest, codes);
  CHECK(sums_by(threads, *forest, codes) == want);
  const auto check = [&](const auto& made) {
    REQUIRE(made);
    CHECK(sums_by(1, made.value(), codes) == want);
    CHECK(sums_by(threads, made.value(), codes) == want);
  };
  check(lower<walk_heap_for<forest_type>>(*forest));
  check(lower<blend_list_for<forest_type>>(*forest));
  check(lower<flash_forest_for<forest_type>>(*forest));
}

TEST_CASE("forests trained at the same time in four threads are the forest of one, byte for byte") {
  const rows_of_numbers data{2, rows, 7};
  std::vector<forest_type> forests(threads + 1);
  std::vector<skerry::status> answers(threads + 1);
  const auto train = [&](std::size_t i) { answers[i] = forests[i].fit(data.view(), {.seed = 9, .trees = 20, .sample = 64}); };
  train(threads);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back(train, i);
  }
  for (std::thread& worker : running) {
    worker.join();
  }
  for (std::size_t i = 0; i < threads; ++i) {
    REQUIRE(answers[i]);
    CHECK(skerry_test::same_bytes(forests[i], forests[threads]));
  }
}
