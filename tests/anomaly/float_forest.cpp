// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/float_forest.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <skerry/core/random.hpp>

using namespace skerry::anomaly;
using skerry::errc;
using skerry::status;

namespace {

/// A tree in arrays that a test may spoil: x0 <= 1.5 ? (x1 <= -2 ? leaf of 3 : leaf of 1) : leaf of 4.
struct arrays {
  std::vector<std::int32_t> feature{0, 1, -1, -1, -1};
  std::vector<double> threshold{1.5, -2.0, 0, 0, 0};
  std::vector<std::int32_t> left{1, 2, -1, -1, -1};
  std::vector<std::int32_t> right{4, 3, -1, -1, -1};
  std::vector<std::uint32_t> samples{8, 4, 3, 1, 4};
  [[nodiscard]] float_tree tree() const { return {feature, threshold, left, right, samples}; }
};

}  // namespace

TEST_CASE("a threshold rounded down compares every float as the double did") {
  skerry::pcg32 random{1};
  for (int i = 0; i < 200'000; ++i) {
    const auto near = std::bit_cast<float>(random());
    if (!std::isfinite(near)) {
      continue;
    }
    const double threshold = static_cast<double>(near) * (1.0 + (static_cast<double>(random()) - 2147483648.0) * 1e-17);
    const float down = round_down(threshold);
    REQUIRE(static_cast<double>(down) <= threshold);
    for (const float x : {near, std::nextafter(near, 1e38F), std::nextafter(near, -1e38F)}) {
      CAPTURE(x, threshold);
      REQUIRE((static_cast<double>(x) <= threshold) == (x <= down));
    }
  }
  CHECK(round_down(1e300) == std::numeric_limits<float>::max());
  CHECK(round_down(-1e300) == -std::numeric_limits<float>::infinity());
  CHECK(round_down(-1e-300) == -std::numeric_limits<float>::denorm_min());
  CHECK(round_down(1e-300) == 0.0F);
}

TEST_CASE("the score is 2 to the minus mean path over c of the sample, with scikit-learn's sign") {
  std::array<float_node, 10> nodes{};
  std::array<std::uint32_t, 2> roots{};
  auto forest = float_forest::create({.columns = 2, .sample = 8, .offset = -0.6}, nodes, roots).value();
  const arrays a;
  CHECK(forest.score_samples(std::array{0.0F, 0.0F}).error() == errc::insufficient);
  REQUIRE(forest.add(a.tree()));
  REQUIRE(forest.add(a.tree()));
  const double c = sklearn_average_path_length(8);
  const double deep = -std::exp2(-(2 + sklearn_average_path_length(3)) / c);
  const double shallow = -std::exp2(-(1 + sklearn_average_path_length(4)) / c);
  CHECK(std::abs(forest.score_samples(std::array{1.5F, -2.0F}).value() - deep) < 1e-15);
  CHECK(std::abs(forest.score_samples(std::array{1.75F, -2.0F}).value() - shallow) < 1e-15);
  CHECK(std::abs(forest.score_samples(std::array{1.0F, 0.0F}).value() + std::exp2(-2 / c)) < 1e-15);
  CHECK(forest.decision_function(std::array{1.0F, 0.0F}).value() == forest.score_samples(std::array{1.0F, 0.0F}).value() + 0.6);
  CHECK(forest.predict(std::array{1.5F, -2.0F}).value() == (deep < -0.6 ? -1 : 1));
  CHECK(forest.offset() == -0.6);
  CHECK(forest.trees() == 2);
}

TEST_CASE("the exact path length is isotree's, and one sample per tree always scores one half") {
  std::array<float_node, 1> nodes{};
  std::array<std::uint32_t, 1> roots{};
  const std::vector<std::int32_t> none{-1};
  const std::vector<double> zero{0.0};
  const std::vector<std::uint32_t> one{1}, many{200};
  auto single = float_forest::create({.columns = 1, .sample = 1}, nodes, roots).value();
  REQUIRE(single.add({none, zero, none, none, one}));
  CHECK(single.score_samples(std::array{3.0F}).value() == -0.5);
  auto exact = float_forest::create({.columns = 1, .sample = 256, .c = path_length_formula::exact}, nodes, roots).value();
  REQUIRE(exact.add({none, zero, none, none, many}));
  CHECK(std::abs(exact.score_samples(std::array{3.0F}).value() + std::exp2(-average_path_length(200) / average_path_length(256))) < 1e-15);
}

TEST_CASE("arrays that are no tree are refused, and the forest answers as before") {
  std::array<float_node, 12> nodes{};
  std::array<std::uint32_t, 2> roots{};
  auto forest = float_forest::create({.columns = 2, .sample = 8}, nodes, roots).value();
  REQUIRE(forest.add(arrays{}.tree()));
  const double before = forest.score_samples(std::array{0.0F, -5.0F}).value();
  const auto refuses = [&](errc why, auto spoil) {
    arrays a;
    spoil(a);
    CHECK(forest.add(a.tree()).error() == why);
    CHECK(forest.trees() == 1);
    CHECK(forest.score_samples(std::array{0.0F, -5.0F}).value() == before);
  };
  refuses(errc::corrupt, [](arrays& a) { a.left[1] = 0; });   // a cycle
  refuses(errc::corrupt, [](arrays& a) { a.left[1] = 1; });   // its own child
  refuses(errc::corrupt, [](arrays& a) { a.right[1] = 4; });  // two parents, and node 3 without one
  refuses(errc::corrupt, [](arrays& a) { a.right[0] = 3; });
  refuses(errc::corrupt, [](arrays& a) { a.right[0] = 5; });   // beyond the end
  refuses(errc::corrupt, [](arrays& a) { a.right[0] = -1; });  // one child only
  refuses(errc::corrupt, [](arrays& a) { a.right[2] = 3; });
  refuses(errc::corrupt, [](arrays& a) {  // a leaf that is nobody's child
    a.feature.push_back(-2);
    a.threshold.push_back(0);
    a.left.push_back(-1);
    a.right.push_back(-1);
    a.samples.push_back(1);
  });
  refuses(errc::out_of_range, [](arrays& a) { a.feature[1] = 2; });
  refuses(errc::out_of_range, [](arrays& a) { a.feature[1] = -1; });
  refuses(errc::not_finite, [](arrays& a) { a.threshold[0] = std::numeric_limits<double>::quiet_NaN(); });
  refuses(errc::width, [](arrays& a) { a.samples.pop_back(); });
  refuses(errc::width, [](arrays& a) { a = arrays{{}, {}, {}, {}, {}}; });
  REQUIRE(forest.add(arrays{}.tree()));
  CHECK(forest.add(arrays{}.tree()).error() == errc::full);
  CHECK(float_forest::create({.columns = 0, .sample = 8}, nodes, roots).error() == errc::width);
  CHECK(float_forest::create({.columns = 1, .sample = 0}, nodes, roots).error() == errc::invalid);
}

TEST_CASE("random arrays never make a forest that walks out of its memory") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const std::size_t n = 1 + random() % 9;
    arrays a{{}, {}, {}, {}, {}};
    for (std::size_t i = 0; i < n; ++i) {
      a.feature.push_back(static_cast<std::int32_t>(random() % 4) - 1);
      a.threshold.push_back(static_cast<double>(random() % 3));
      const bool leaf = random() % 2 == 0;
      a.left.push_back(leaf ? -1 : static_cast<std::int32_t>(random() % 12) - 1);
      a.right.push_back(leaf ? -1 : static_cast<std::int32_t>(random() % 12) - 1);
      a.samples.push_back(random() % 5);
    }
    std::array<float_node, 9> nodes{};
    std::array<std::uint32_t, 1> roots{};
    auto forest = float_forest::create({.columns = 3, .sample = 8}, nodes, roots).value();
    if (forest.add(a.tree())) {
      const double score = forest.score_samples(std::array{0.5F, 1.0F, 1.5F}).value();
      REQUIRE((score < 0.0 && score >= -1.0));
    }
  }
}

TEST_CASE("rows of another width and numbers that are not finite are refused") {
  std::array<float_node, 5> nodes{};
  std::array<std::uint32_t, 1> roots{};
  auto forest = float_forest::create({.columns = 2, .sample = 8}, nodes, roots).value();
  REQUIRE(forest.add(arrays{}.tree()));
  CHECK(forest.score_samples(std::array{0.0F}).error() == errc::width);
  CHECK(forest.decision_function(std::array{0.0F, std::numeric_limits<float>::quiet_NaN()}).error() == errc::not_finite);
  CHECK(forest.predict(std::array{std::numeric_limits<float>::infinity(), 0.0F}).error() == errc::not_finite);
}
