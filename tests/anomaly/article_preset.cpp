// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/article_preset.hpp>
#include <skerry/anomaly/calibration.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <memory>
#include <random>
#include <type_traits>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

static_assert(std::is_trivially_copyable_v<article_rule>);
static_assert(noexcept(std::declval<article_rule&>().observe(0, 0)));

TEST_CASE("a known failure begins at 0.85, not above it") {
  article_rule rule;
  REQUIRE(rule.observe(0.85, 0).value().known_failure);
  REQUIRE_FALSE(rule.observe(0.8499999999999999, 0).value().known_failure);
}

TEST_CASE("novel needs ten readings whose mean lies below -0.5, and -0.5 itself is not below") {
  article_rule rule;
  for (int i = 1; i <= 30; ++i) {
    REQUIRE_FALSE(rule.observe(0, -0.5).value().novel);
  }
  rule.clear();
  for (int i = 1; i <= 30; ++i) {
    CAPTURE(i);
    REQUIRE(rule.observe(0, -0.75).value().novel == (i >= 10));
  }
  // One reading at a time leaves: after seven at 0 the mean is -0.225, with three it is -0.525, with four -0.45.
  for (int i = 1; i <= 10; ++i) {
    CAPTURE(i);
    REQUIRE(rule.observe(0, 0).value().novel == (i <= 3));
  }
}

TEST_CASE("a reading that is no number counts as none") {
  article_rule rule;
  for (int i = 0; i < 9; ++i) {
    REQUIRE(rule.observe(0, -0.75));
  }
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    REQUIRE(rule.observe(0, bad).error() == errc::not_finite);
    REQUIRE(rule.observe(bad, 0).error() == errc::not_finite);
  }
  REQUIRE(rule.observe(0, -0.75).value().novel);
}

TEST_CASE("the rule does not find faults of 8 to 1000 standard deviations in any column") {
  // 100 trees of 256 rows of a history of 1000, contamination 0.1: what the recipe asks for.
  using forest_of_the_recipe = isolation_forest<4>;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    std::vector<float> history(4 * article_preset::history);
    for (float& x : history) {
      x = static_cast<float>(normal(random));
    }
    const auto forest = std::make_unique<forest_of_the_recipe>();
    REQUIRE(forest->fit(rows_of<float>(history, 4), {.seed = seed}));
    const auto scores = std::make_unique<calibration>();
    for (std::size_t i = 0; i < article_preset::history; ++i) {
      REQUIRE(scores->observe(forest->score(std::span<const float, 4>{history.data() + 4 * i, 4}).value()));
    }
    // Our scores rise with strangeness, scikit-learn's fall: a decision is offset minus score.
    const double offset = static_cast<double>(scores->for_contamination(article_preset::contamination).value().value);
    REQUIRE((offset > 0.45 && offset < 0.65));
    for (const float size : {8.0F, 30.0F, 1000.0F}) {
      article_rule rule;
      for (int i = 0; i < 50; ++i) {
        const std::array<float, 4> fault{size, -size, size, size};
        const double decision = offset - static_cast<double>(forest->score(fault).value());
        REQUIRE((decision < -0.1 && decision > -0.5));
        REQUIRE_FALSE(rule.observe(0, decision).value().novel);
      }
    }
  }
}
