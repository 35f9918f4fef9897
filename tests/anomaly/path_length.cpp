// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/path_length.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>

using skerry::anomaly::average_path_length;
using skerry::anomaly::sklearn_average_path_length;

static_assert(noexcept(average_path_length(3)) && noexcept(sklearn_average_path_length(3)));

TEST_CASE("the exact path length is 2 H(n) - 2, in the table and beyond it") {
  long double harmonic = 1.0L;
  for (std::uint64_t n = 2; n <= 200'000; ++n) {
    harmonic += 1.0L / static_cast<long double>(n);
    const auto want = static_cast<double>(2.0L * harmonic - 2.0L);
    if (n < 2000 || n % 997 == 0) {
      CAPTURE(n);
      REQUIRE(std::abs(average_path_length(n) - want) <= 1e-14 * want);
    }
  }
}

TEST_CASE("the path length rises strictly from one row on, over the end of the table too") {
  CHECK(average_path_length(0) == 0.0);
  CHECK(average_path_length(1) == 0.0);
  CHECK(average_path_length(2) == 1.0);
  for (std::uint64_t n = 1; n < 5000; ++n) {
    CAPTURE(n);
    REQUIRE(average_path_length(n) < average_path_length(n + 1));
  }
}

TEST_CASE("scikit-learn's path length differs in the third digit and has its own start") {
  CHECK(sklearn_average_path_length(0) == 0.0);
  CHECK(sklearn_average_path_length(1) == 0.0);
  CHECK(sklearn_average_path_length(2) == 1.0);
  CHECK(std::abs(average_path_length(256) - 10.2487) < 5e-5);
  CHECK(std::abs(sklearn_average_path_length(256) - 10.2448) < 5e-5);
}
