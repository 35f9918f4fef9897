// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/portable.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
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

template <std::size_t F, std::size_t T, std::size_t S, typename C, std::size_t W, std::size_t K, forest_room R>
constexpr bool keeps_its_size(const rolling_forest<F, T, S, C, W, K, R>*) {
  constexpr std::size_t leaf = S > 512 ? 2 : 1;
  constexpr std::size_t split = 2 + sizeof(C) + (F > 255 ? 1 : 0) + (S > 256 ? 1 : 0) + (R.explain ? leaf : 0);
  return sizeof(rolling_forest<F, T, S, C, W, K, R>) <= (T + 1) * (K * split + (K + 1) * (leaf + (R.density ? 1 : 0)) + 6) +
                                                            (W + S) * F * sizeof(C) + (2 + leaf + (R.density ? 1 : 0)) * S + 8 * F + 256;
}
template <typename F>
constexpr bool in_bound = keeps_its_size(static_cast<const F*>(nullptr)) && std::is_trivially_copyable_v<F>;
static_assert(in_bound<rolling_forest<16>> && in_bound<rolling_forest<16, 100, 256, std::uint8_t>>);
static_assert(in_bound<rolling_forest<1, 1, 2, std::uint8_t, 2, 1>> && in_bound<rolling_forest<3, 50, 128, std::uint8_t, 500>>);
static_assert(in_bound<rolling_forest<16, 100, 256, std::int16_t, 1000, 128, scores_only>>);
static_assert(in_bound<rolling_forest<300, 5, 32, std::int16_t, 32>> && in_bound<rolling_forest<4, 5, 700, std::int16_t, 700>>);
static_assert(noexcept(std::declval<rolling_forest<2>&>().observe(std::declval<std::span<const float, 2>>())));
static_assert(rolling_forest<16>::training_bytes <= 10 * 1024);

constexpr std::size_t columns = 5;
using small = rolling_forest<columns, 12, 32, std::int16_t, 100, 31>;
constexpr forest_config small_trees{.seed = 77, .trees = 12, .sample = 32};

template <typename Forest>
std::span<const float, Forest::features> row_of(const rows_of_numbers& data, std::size_t i) {
  return std::span<const float, Forest::features>{data.row(i), Forest::features};
}

template <typename A, typename B>
bool same_tree(const A& a, std::size_t i, const B& b, std::size_t j) {
  const auto x = a.splits_of(i);
  const auto y = b.splits_of(j);
  const auto same = [](const auto& s, const auto& r) { return s.feature == r.feature && s.left == r.left && s.threshold == r.threshold; };
  const auto p = a.leaves_of(i);
  const auto q = b.leaves_of(j);
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), same) && std::equal(p.begin(), p.end(), q.begin(), q.end());
}

template <typename Forest>
std::vector<std::byte> image_of(const Forest& forest) {
  std::vector<std::byte> bytes(Forest::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(forest.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

}  // namespace

TEST_CASE("a rolling forest grown in slices is the one grown at once, tree for tree and bit for bit") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 600, columns};
    const row_view<float> first{data.values.data(), 80, columns, columns};
    skerry::pcg32 random{seed};
    // 40 rows a tree: slices as thin as these need up to 38 of them.
    const rolling_config config{.forest = small_trees, .row_visits = 8, .rows_per_tree = 40};
    small sliced;
    small at_once;
    REQUIRE(sliced.fit(first, config));
    REQUIRE(at_once.fit(first, config));
    for (std::size_t i = 80; i < 600; ++i) {
      REQUIRE(sliced.admit(row_of<small>(data, i)));
      REQUIRE(at_once.admit(row_of<small>(data, i)));
      const std::size_t visits = 8 + random() % 60;
      REQUIRE(sliced.grow(visits));
      REQUIRE(at_once.grow(1'000'000));
    }
    while (sliced.busy()) {
      REQUIRE(sliced.grow());
    }
    while (at_once.busy()) {
      REQUIRE(at_once.grow(1'000'000));
    }
    REQUIRE(sliced.renewed() == 14);
    REQUIRE(sliced.dropped() == 0);
    for (std::size_t t = 0; t < 12; ++t) {
      REQUIRE(sliced.number_of(t) == at_once.number_of(t));
      REQUIRE(same_tree(sliced, t, at_once, t));
    }
    REQUIRE(image_of(sliced) == image_of(at_once));
  }
}

TEST_CASE("tree n of a rolling forest is tree n of a plain forest on the rows that the ring held when it was begun") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 300, columns};
    small forest;
    REQUIRE(forest.fit({data.values.data(), 60, columns, columns}, {.forest = small_trees, .row_visits = 32, .rows_per_tree = 10}));
    std::vector<std::int16_t> snapshot;
    std::uint32_t compared = 0;
    for (std::size_t i = 60; i < 300; ++i) {
      const bool idle = !forest.busy();
      REQUIRE(forest.admit(row_of<small>(data, i)));
      if (idle && forest.busy()) {
        snapshot.clear();
        for (std::size_t r = 0; r < forest.rows(); ++r) {
          snapshot.insert(snapshot.end(), forest.row(r).begin(), forest.row(r).end());
        }
      }
      if (forest.grow().value() && !snapshot.empty()) {
        const std::uint32_t number = forest.number_of(11);
        REQUIRE(number < 60);
        const auto plain = std::make_unique<isolation_forest<columns, 60, 32, std::int16_t, 60 * 31>>();
        REQUIRE(plain->fit_codes(rows_of(std::span<const std::int16_t>{snapshot}, columns), {.seed = 77, .trees = 60, .sample = 32}));
        REQUIRE(same_tree(forest, 11, *plain, number));
        ++compared;
        snapshot.clear();
      }
    }
    REQUIRE(compared >= 10);
  }
}

TEST_CASE("replacing a tree moves no other: their bytes stay where they are") {
  const rows_of_numbers data{4, 300, columns};
  small forest;
  REQUIRE(forest.fit({data.values.data(), 60, columns, columns}, {.forest = small_trees, .row_visits = 32}));
  for (std::size_t i = 60; i < 300; ++i) {
    std::array<const void*, 12> before{};
    for (std::size_t t = 0; t < 12; ++t) {
      before[t] = forest.splits_of(t).data();
    }
    const small old = forest;
    const bool replaced = forest.observe(row_of<small>(data, i)).value().replaced;
    for (std::size_t t = 0; t + 1 < 12; ++t) {
      const std::size_t was = t + (replaced ? 1 : 0);
      REQUIRE(forest.splits_of(t).data() == before[was]);
      REQUIRE(same_tree(forest, t, old, was));
    }
  }
  REQUIRE(forest.renewed() == 24);
}

TEST_CASE("rows that overwrite the sample of the tree at work do not reach it") {
  const rows_of_numbers data{5, 400, columns};
  small calm;
  REQUIRE(calm.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees, .row_visits = 4}));
  REQUIRE_FALSE(calm.observe(row_of<small>(data, 100)).value().replaced);  // a tree is begun
  small flooded = calm;
  for (std::size_t i = 101; i < 400; ++i) {  // three times the ring, before the second slice
    REQUIRE(flooded.admit(row_of<small>(data, i)));
  }
  while (!calm.grow().value()) {
  }
  while (!flooded.grow().value()) {
  }
  REQUIRE(calm.number_of(11) == 12);
  REQUIRE(same_tree(calm, 11, flooded, 11));
}

TEST_CASE("at the default slice a tree of 256 rows and eight columns takes at most ten rows, and 1000 rows turn all 100 trees over") {
  using gateway = rolling_forest<8>;
  const auto forest = std::make_unique<gateway>();
  const rows_of_numbers data{6, 3000, 8, false};
  REQUIRE(forest->fit({data.values.data(), 1000, 8, 8}, {.forest = {.seed = 9}}));
  REQUIRE(forest->trees() == 100);
  std::uint32_t slices = 0;
  std::uint32_t most = 0;
  const std::uint64_t before = skerry_test::allocations();
  for (std::size_t i = 1000; i < 2000; ++i) {
    (void)forest->admit(row_of<gateway>(data, i));
    slices += forest->busy() ? 1U : 0U;
    if (forest->grow().value()) {
      most = std::max(most, slices);
      slices = 0;
    }
  }
  REQUIRE(skerry_test::allocations() == before);
  CHECK(most <= 10);
  CHECK(forest->renewed() >= 100);
  CHECK(forest->number_of(0) >= 100);
  CHECK(forest->dropped() == 0);
}

TEST_CASE("a rolling forest that starts empty waits for one sample of rows, then fills up and scores like one that was fitted") {
  const rows_of_numbers data{7, 400, columns, false};
  small forest;
  REQUIRE(forest.observe(row_of<small>(data, 0)).error() == errc::insufficient);
  const auto codes = small::learn_codes(data.view());
  REQUIRE(codes);
  REQUIRE(forest.begin({.forest = small_trees}, codes.value()));
  REQUIRE(forest.score(row_of<small>(data, 0)).error() == errc::insufficient);
  for (std::size_t i = 0; i < 400; ++i) {
    const auto step = forest.observe(row_of<small>(data, i));
    REQUIRE(step);
    REQUIRE((i >= 31 || !forest.busy()));
    REQUIRE(static_cast<bool>(forest.score_of(step.value())) == (step.value().trees > 0));
    if (step.value().trees > 0) {
      const float s = forest.score_of(step.value()).value();
      REQUIRE((s > 0 && s < 1));
    }
  }
  REQUIRE(forest.trees() == 12);
  std::array<float, columns> far{};
  far.fill(1e6F);
  REQUIRE(forest.score(far).value() > forest.score(row_of<small>(data, 3)).value());
  // The sums are those of its trees.
  std::uint32_t sum = 0;
  const auto x = forest.row(17);
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    const auto in = forest.splits_of(t);
    sum += forest.leaves_of(t)[detail::walk_tree(in.data(), static_cast<std::uint32_t>(in.size()), x)];
  }
  REQUIRE(forest.depth_sum_codes(x).value() == sum);
}

TEST_CASE("densities and contributions of a rolling forest are those of a plain forest with the same trees") {
  using small_rolling = rolling_forest<columns, 12, 32, std::int16_t, 60, 31>;
  using small_plain = isolation_forest<columns, 12, 32, std::int16_t, 12 * 31>;
  forest_config both = small_trees;
  both.density = both.explain = true;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    const rows_of_numbers data{seed, 120, columns};
    small_rolling forest;
    REQUIRE(forest.fit({data.values.data(), 60, columns, columns}, {.forest = both, .row_visits = 5}));
    // The same trees, grown in thin slices from the same rows.
    small_rolling thin;
    REQUIRE(thin.begin({.forest = both, .row_visits = 5}, forest.codes()));
    std::vector<std::int16_t> history;
    for (std::size_t r = 0; r < 60; ++r) {
      REQUIRE(thin.admit(row_of<small>(data, r)));
      history.insert(history.end(), forest.row(r).begin(), forest.row(r).end());
    }
    while (thin.busy() && thin.trees() < 12) {
      REQUIRE(thin.grow());
    }
    small_plain plain;
    REQUIRE(plain.fit_codes(rows_of(std::span<const std::int16_t>{history}, columns), both));
    for (std::size_t t = 0; t < 12; ++t) {
      REQUIRE(std::ranges::equal(forest.densities_of(t), plain.densities_of(t)));
      REQUIRE(std::ranges::equal(forest.node_codes_of(t), plain.node_codes_of(t)));
      REQUIRE(std::ranges::equal(thin.densities_of(t), plain.densities_of(t)));
      REQUIRE(std::ranges::equal(thin.node_codes_of(t), plain.node_codes_of(t)));
    }
    for (std::size_t r = 60; r < 120; ++r) {
      std::array<std::int16_t, columns> x{};
      REQUIRE(forest.codes().encode(row_of<small>(data, r), x));
      REQUIRE(forest.sums_codes(x).value() == plain.sums_codes(x).value());
      REQUIRE(forest.sums(row_of<small>(data, r)).value() == plain.sums_codes(x).value());
      const auto shares = forest.explain(row_of<small>(data, r)).value();
      REQUIRE(shares == plain.explain_codes(x).value());
      REQUIRE(shares.total() == 12 * std::int64_t{forest.root_code()} - forest.depth_sum_codes(x).value());
      REQUIRE(forest.explain_codes(x).value() == shares);
      const auto step = thin.observe(row_of<small>(data, r)).value();
      REQUIRE(
          (r != 60 || (step.depth_sum == forest.sums_codes(x).value().depth && step.density_sum == forest.sums_codes(x).value().density)));
    }
  }
  small plain_scores;
  const rows_of_numbers data{1, 60, columns};
  REQUIRE(plain_scores.fit(data.view(), {.forest = small_trees}));
  CHECK(plain_scores.sums(row_of<small>(data, 0)).error() == errc::unsupported);
  CHECK(plain_scores.explain(row_of<small>(data, 0)).error() == errc::unsupported);
  rolling_forest<columns, 12, 32, std::int16_t, 60, 31, scores_only> bare;
  CHECK(bare.fit(data.view(), {.forest = both}).error() == errc::unsupported);
  REQUIRE(bare.fit(data.view(), {.forest = small_trees}));
  CHECK(bare.depth_sum(row_of<small>(data, 5)).value() == plain_scores.depth_sum(row_of<small>(data, 5)).value());
}

TEST_CASE("where missing values are evidence, rows with gaps are learnt and scored") {
  rows_of_numbers data{2, 200, columns, false};
  for (std::size_t i = 0; i < 200; i += 3) {
    data.values[i * columns + 1] = std::numeric_limits<float>::quiet_NaN();
  }
  forest_config gaps = small_trees;
  gaps.missing = missing_policy::evidence;
  small forest;
  REQUIRE(forest.fit(data.view(), {.forest = small_trees}).error() == errc::not_finite);
  REQUIRE(forest.fit({data.values.data(), 100, columns, columns}, {.forest = gaps}));
  for (std::size_t i = 100; i < 200; ++i) {
    REQUIRE(forest.observe(row_of<small>(data, i)));
  }
  const auto image = image_of(forest);
  small restored;
  REQUIRE(skerry::decode_all_into(restored, image));
  REQUIRE(image_of(restored) == image);
  std::array<float, columns> x{};
  x[2] = std::numeric_limits<float>::infinity();
  CHECK(forest.observe(x).error() == errc::not_finite);
  gaps.missing = missing_policy::heavier;
  CHECK(forest.fit(data.view(), {.forest = gaps}).error() == errc::unsupported);
}

TEST_CASE("rows that are kept out are not learnt, and without new rows no tree is renewed") {
  const rows_of_numbers data{8, 300, columns, false};
  small forest;
  REQUIRE(forest.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees}));
  while (forest.busy()) {
    REQUIRE(forest.grow());
  }
  const small before = forest;
  for (int i = 0; i < 100; ++i) {
    REQUIRE_FALSE(forest.grow().value());
  }
  REQUIRE(same_bytes(forest, before));
  // A fault that stays: admitted, it becomes normal; kept out, it does not.
  std::array<float, columns> fault{};
  fault.fill(5e3F);
  const float strange = forest.score(fault).value();
  small learns = forest;
  for (std::size_t i = 0; i < 200; ++i) {
    (void)learns.observe(fault);
    (void)forest.observe(row_of<small>(data, 100 + i));
  }
  CHECK(learns.score(fault).value() < strange - 0.15F);
  CHECK(forest.score(fault).value() > strange - 0.05F);
}

TEST_CASE("growth can be paused, taken up again, and a tree at work dropped") {
  const rows_of_numbers data{9, 300, columns};
  small forest;
  REQUIRE(forest.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees, .row_visits = 8}));
  (void)forest.observe(row_of<small>(data, 100));
  REQUIRE(forest.busy());
  small other = forest;
  other.pause();
  REQUIRE((other.paused() && !other.busy()));
  for (std::size_t i = 101; i < 160; ++i) {
    REQUIRE_FALSE(other.observe(row_of<small>(data, i)).value().replaced);
  }
  other.resume();
  while (!other.grow().value()) {
  }
  while (!forest.grow().value()) {
  }
  REQUIRE(same_tree(forest, 11, other, 11));
  // After a long pause at most one tree is made up for.
  std::uint32_t at_once = 0;
  while (other.busy()) {
    at_once += other.grow().value() ? 1U : 0U;
  }
  REQUIRE(at_once == 2);
  (void)forest.admit(row_of<small>(data, 150));
  for (std::size_t i = 160; forest.busy() || i < 175; ++i) {
    (void)forest.admit(row_of<small>(data, i));
    if (forest.grow() && forest.busy()) {
      forest.abandon();
      break;
    }
  }
  const std::uint32_t next = forest.number_of(11) + 2;
  for (std::size_t i = 180; i < 220; ++i) {
    if (forest.observe(row_of<small>(data, i)).value().replaced) {
      break;
    }
  }
  REQUIRE(forest.number_of(11) == next);
}

TEST_CASE("a tree that needs more splits than its slot has is dropped and counted, and others take its turn") {
  using tight = rolling_forest<columns, 12, 32, std::int16_t, 100, 20>;
  const rows_of_numbers data{10, 1300, columns, false};
  tight forest;
  REQUIRE(forest.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees, .row_visits = 64}));
  for (std::size_t i = 100; i < 1300; ++i) {
    REQUIRE(forest.observe(row_of<tight>(data, i)));
  }
  CHECK(forest.dropped() > 0);
  CHECK(forest.renewed() > 100);
  for (std::size_t t = 0; t < forest.trees(); ++t) {
    REQUIRE(forest.splits_of(t).size() <= 20);
  }
  using hopeless = rolling_forest<columns, 12, 32, std::int16_t, 100, 2>;
  hopeless none;
  const hopeless as_it_was = none;
  REQUIRE(none.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees}).error() == errc::full);
  REQUIRE(same_bytes(none, as_it_was));
}

TEST_CASE("the range of a rolling forest is a quarter wider on each side, and a column that stood still can be seen to move") {
  std::array<float, 8> rows{0, 5, 4, 5, 2, 5, 1, 5};
  const auto codes = rolling_forest<2, 1, 2>::learn_codes({rows.data(), 4, 2, 2});
  REQUIRE(codes);
  CHECK(codes.value().lo(0) == -1.0F);
  CHECK(codes.value().code(0, 5.0F) == 32767);
  CHECK(codes.value().code(0, 4.9F) < 32767);
  CHECK(codes.value().lo(1) == 3.75F);
  CHECK(codes.value().code(1, 5.5F) > codes.value().code(1, 5.0F));
  std::array<float, 4> still{0, 7, 0, 7};
  CHECK(rolling_forest<2, 1, 2>::learn_codes({still.data(), 2, 2, 2}).value().lo(0) == -0.25F);
}

TEST_CASE("a refused call of a rolling forest leaves its bytes as they were") {
  const rows_of_numbers data{11, 200, columns};
  small forest;
  REQUIRE(forest.fit({data.values.data(), 100, columns, columns}, {.forest = small_trees}));
  for (std::size_t i = 100; i < 105; ++i) {
    (void)forest.observe(row_of<small>(data, i));
  }
  const small before = forest;
  auto bad = data.values;
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  const row_view<float> view{data.values.data(), 100, columns, columns};
  std::array<std::int16_t, columns> missing{1, 2, -32768, 3, 4};
  const float huge = std::numeric_limits<float>::max();
  std::array<float, 10> wide{-huge, 0, 0, 0, 0, huge, 1, 1, 1, 1};
  CHECK(forest.fit({bad.data(), 100, columns, columns}, {.forest = small_trees}).error() == errc::not_finite);
  CHECK(forest.fit({data.values.data(), 1, columns, columns}, {.forest = small_trees}).error() == errc::insufficient);
  CHECK(forest.fit({data.values.data(), 10, 4, 5}, {.forest = small_trees}).error() == errc::width);
  CHECK(forest.fit({wide.data(), 2, columns, columns}, {.forest = small_trees}).error() == errc::out_of_range);
  CHECK(forest.fit(view, {.forest = {.seed = 1}}).error() == errc::full);
  CHECK(forest.fit(view, {.forest = small_trees, .row_visits = 0}).error() == errc::invalid);
  CHECK(forest.fit(view, {.forest = small_trees, .rows_per_tree = 0}).error() == errc::invalid);
  CHECK(forest.fit(view, {.forest = small_trees, .padding = -1.0F}).error() == errc::invalid);
  CHECK(forest.begin({.forest = small_trees, .padding = std::numeric_limits<float>::infinity()}, forest.codes()).error() == errc::invalid);
  CHECK(forest.begin({.forest = small_trees}, quantizer<columns>{}).error() == errc::insufficient);
  CHECK(forest.observe(std::span<const float, columns>{bad.data() + 5, columns}).error() == errc::not_finite);
  CHECK(forest.admit(std::span<const float, columns>{bad.data() + 5, columns}).error() == errc::not_finite);
  CHECK(forest.observe_codes(missing).error() == errc::not_finite);
  CHECK(forest.admit_codes(missing).error() == errc::not_finite);
  CHECK(forest.depth_sum_codes(missing).error() == errc::not_finite);
  REQUIRE(same_bytes(forest, before));
}

TEST_CASE("constant columns make a rolling forest of bare leaves, until something moves") {
  std::vector<float> rows(100 * columns, 3.0F);
  small forest;
  REQUIRE(forest.fit({rows.data(), 100, columns, columns}, {.forest = small_trees}));
  std::array<float, columns> x{3, 3, 3, 3, 3};
  CHECK(forest.degenerate());
  CHECK(forest.score(x).value() == 0.5F);
  for (int i = 0; i < 300; ++i) {
    x[0] = 3.0F + static_cast<float>(i % 7) * 0.01F;
    REQUIRE(forest.observe(x));
  }
  CHECK_FALSE(forest.degenerate());
}

TEST_CASE("a rolling forest restored from its bytes goes on with the same bits, from any point of a tree") {
  const rows_of_numbers data{12, 400, columns};
  small forest;
  forest_config all = small_trees;
  all.density = all.explain = true;
  REQUIRE(forest.fit({data.values.data(), 90, columns, columns}, {.forest = all, .row_visits = 8}));
  for (std::size_t i = 90; i < 150; ++i) {
    (void)forest.observe(row_of<small>(data, i));
    CAPTURE(i);
    const auto image = image_of(forest);
    REQUIRE(image.size() <= small::max_encoded_size);
    small restored;
    REQUIRE(skerry::decode_all_into(restored, image));
    REQUIRE(image_of(restored) == image);
    small original = forest;
    for (std::size_t k = i + 1; k < i + 60; ++k) {
      const auto a = original.observe(row_of<small>(data, k)).value();
      const auto b = restored.observe(row_of<small>(data, k)).value();
      REQUIRE((a.depth_sum == b.depth_sum && a.density_sum == b.density_sum && a.replaced == b.replaced));
    }
    REQUIRE(image_of(restored) == image_of(original));
  }
}

TEST_CASE("every truncation of a rolling forest's image and every flipped bit is refused, and the object stays as it was") {
  using tiny = rolling_forest<2, 3, 8, std::uint8_t, 12, 7>;
  const rows_of_numbers data{13, 40, 2};
  tiny forest;
  REQUIRE(forest.fit({data.values.data(), 12, 2, 2}, {.forest = {.seed = 3, .trees = 3, .sample = 8}, .row_visits = 4}));
  (void)forest.observe(row_of<tiny>(data, 20));
  (void)forest.observe(row_of<tiny>(data, 21));
  REQUIRE(forest.busy());
  const auto image = image_of(forest);
  tiny target;
  const tiny before = target;
  for (std::size_t n = 0; n < image.size(); ++n) {
    REQUIRE_FALSE(skerry::decode_all_into(target, std::span{image}.first(n)));
  }
  for (std::size_t bit = 0; bit < 8 * image.size(); ++bit) {
    auto flipped = image;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    REQUIRE_FALSE(skerry::decode_all_into(target, flipped));
    // With a checksum that fits, damage may pass for another forest; what it scores is then defined all the same.
    skerry::byte_writer sum{std::span{flipped}.last(4)};
    sum.u32(skerry::crc32c(std::span{flipped}.first(image.size() - 4)));
    tiny hostile;
    if (skerry::decode_all_into(hostile, flipped)) {
      for (std::size_t i = 0; i < 30; ++i) {
        REQUIRE(hostile.observe(row_of<tiny>(data, i)));
      }
    }
  }
  REQUIRE(same_bytes(target, before));
  auto missing = image;
  missing[56 + 2 * 8 + 5] = std::byte{255};  // a code of the third row, which a forest that refuses gaps cannot have learnt
  skerry::byte_writer{std::span{missing}.last(4)}.u32(skerry::crc32c(std::span{missing}.first(image.size() - 4)));
  CHECK(skerry::decode_all_into(target, missing).error() == errc::corrupt);
  rolling_forest<3, 3, 8, std::uint8_t, 12, 7> wider;
  CHECK(skerry::decode_all_into(wider, image).error() == errc::mismatch);
  rolling_forest<2, 3, 8, std::int16_t, 12, 7> finer;
  CHECK(skerry::decode_all_into(finer, image).error() == errc::mismatch);
  rolling_forest<2, 2, 8, std::uint8_t, 12, 7> fewer;
  CHECK(skerry::decode_all_into(fewer, image).error() == errc::full);
  std::array<std::byte, 16> scarce{};
  skerry::byte_writer out{scarce};
  CHECK(forest.encode(out).error() == errc::full);
  skerry::byte_writer none{scarce};
  CHECK(tiny{}.encode(none).error() == errc::insufficient);
}
