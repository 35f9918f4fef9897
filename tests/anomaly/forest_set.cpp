// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT

#include <skerry/anomaly/forest_set.hpp>
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/rolling_forest.hpp>
#include <skerry/core/portable.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <vector>

#include "forest_rows.hpp"

using namespace skerry::anomaly;
using skerry::errc;
using skerry_test::rows_of_numbers;
using skerry_test::same_bytes;

namespace {

constexpr std::size_t columns = 3;
using trees_type = isolation_forest<columns, 6, 16, std::int16_t, 6 * 15, scores_only>;
using scores_type = skerry::stats::kll<float, 8>;
/// Room for 20 trees and 3 sketches, so that most histories evict.
using small_set = forest_set<columns, 20, 16, std::int16_t, 15, scores_type, 3>;
static_assert(skerry::join_semilattice<small_set> && !skerry::commutative_monoid<small_set>);
static_assert(skerry::encodable<small_set> && skerry::decodable_in_place<small_set>);
static_assert(std::is_trivially_copyable_v<small_set>);
static_assert(sizeof(forest_set<16>) <= 200 * (128 * 4 + 128 + 51) + 8 * (sizeof(skerry::stats::kll<float, 64>) + 48) + 8 * 16 + 64);

quantizer<columns> agreed() {
  const std::array<float, columns> lo{-3000, -3000, -3000};
  const std::array<float, columns> hi{3000, 3000, 3000};
  return quantizer<columns>::from_range(lo, hi).value();
}

/// The forest that a node trains in an epoch: always the same one.
trees_type forest_of(std::uint64_t node, std::uint64_t epoch) {
  const rows_of_numbers data{node * 1000 + epoch, 40, columns};
  trees_type forest;
  REQUIRE(forest.begin({.seed = node * 31 + epoch, .trees = 6, .sample = 16}, agreed()));
  const auto codes = skerry_test::codes_of(data, agreed());
  while (forest.trees() < 6) {
    REQUIRE(forest.grow({codes.data(), 40, columns, columns}, 1000));
  }
  return forest;
}
const trees_type& known_forest(std::uint64_t node, std::uint64_t epoch) {
  static const auto all = [] {
    std::vector<trees_type> made;
    for (std::uint64_t n = 0; n < 4; ++n) {
      for (std::uint64_t e = 0; e < 3; ++e) {
        made.push_back(forest_of(n, e));
      }
    }
    return made;
  }();
  return all[node * 3 + epoch];
}
scores_type scores_of(std::uint64_t node, std::uint64_t epoch) {
  scores_type made{node};
  for (std::uint64_t i = 0; i < 5 + node + epoch; ++i) {
    REQUIRE(made.observe(static_cast<float>(node) + static_cast<float>(i) * 0.01F));
  }
  return made;
}

/// What a node may know: some forests, some sketches, in some order.
small_set random_knowledge(skerry::pcg32& random) {
  small_set made;
  for (std::uint32_t i = random() % 6; i > 0; --i) {
    const std::uint64_t node = random() % 4;
    const std::uint64_t epoch = random() % 3;
    REQUIRE(made.add(node, epoch, known_forest(node, epoch)));
    if (random() % 2 == 0) {
      made.add_scores(node, epoch, scores_of(node, epoch));
    }
  }
  return made;
}

small_set joined(small_set a, const small_set& b) {
  REQUIRE(a.join(b));
  return a;
}
std::vector<std::byte> image_of(const auto& set) {
  std::vector<std::byte> bytes(std::remove_cvref_t<decltype(set)>::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(set.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

}  // namespace

TEST_CASE("joining forests in any order, grouping and number of times gives one set and one byte string, also when it overflows") {
  std::size_t overflowed = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const small_set a = random_knowledge(random);
    const small_set b = random_knowledge(random);
    const small_set c = random_knowledge(random);
    const small_set all = joined(joined(a, b), c);
    REQUIRE(all == joined(a, joined(b, c)));
    REQUIRE(all == joined(joined(c, a), b));
    REQUIRE(all == joined(joined(b, all), joined(a, c)));
    REQUIRE(joined(all, all) == all);
    REQUIRE(joined(all, small_set{}) == all);
    REQUIRE(joined(small_set{}, all) == all);
    REQUIRE(image_of(all) == image_of(joined(c, joined(b, a))));
    overflowed += all.size() == 20 ? 1U : 0U;
    // What a row scores does not show in which order the trees came.
    if (all.size() != 0) {
      const std::array<float, columns> row{static_cast<float>(seed), 5, -7};
      REQUIRE(all.depth_sum(row).value() == joined(c, joined(b, a)).depth_sum(row).value());
    }
  }
  CHECK(overflowed > 50);
}

TEST_CASE("a full set keeps the trees of the newest epochs, and every node learns which from any others") {
  small_set all;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    for (std::uint64_t node = 0; node < 4; ++node) {
      REQUIRE(all.add(node, epoch, known_forest(node, epoch)));
    }
  }
  REQUIRE(all.size() == 20);
  std::set<std::uint64_t> nodes;
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(all.key(i).epoch == 2);
    nodes.insert(all.key(i).node);
  }
  CHECK(nodes.size() == 4);  // the hash, not the node, decides who of 24 stays
  small_set late = all;
  REQUIRE(late.add(1, 0, known_forest(1, 0)));
  CHECK(late == all);
}

TEST_CASE("two contents under one key are settled the same way everywhere") {
  small_set a;
  small_set b;
  small_set c;
  REQUIRE(a.add(7, 1, known_forest(0, 0)));
  REQUIRE(b.add(7, 1, known_forest(1, 0)));
  REQUIRE(c.add(7, 1, known_forest(2, 1)));
  a.add_scores(7, 1, scores_of(0, 0));
  b.add_scores(7, 1, scores_of(1, 0));
  CHECK(joined(a, b) == joined(b, a));
  CHECK(joined(joined(a, b), c) == joined(a, joined(b, c)));
  CHECK(joined(a, b).size() == 6);
  CHECK(joined(a, b).references() == 1);
}

TEST_CASE("the sum over a set is the sum over the forests in it") {
  small_set set;
  for (std::uint64_t node = 0; node < 3; ++node) {
    REQUIRE(set.add(node, 0, known_forest(node, 0)));
  }
  const rows_of_numbers data{99, 100, columns};
  for (std::size_t i = 0; i < 100; ++i) {
    const std::span<const float, columns> row{data.row(i), columns};
    std::uint32_t sum = 0;
    for (std::uint64_t node = 0; node < 3; ++node) {
      sum += known_forest(node, 0).depth_sum(row).value();
    }
    REQUIRE(set.depth_sum(row).value() == sum);
    REQUIRE(set.score(row).value() == set.score_of(sum).value());
    std::array<std::int16_t, columns> x{};
    REQUIRE(set.codes().encode(row, x));
    REQUIRE(set.depth_sum_codes(x).value() == sum);
  }
}

TEST_CASE("a rolling forest adds its trees under their own numbers, so that a later visit brings the new ones only") {
  using rolling = rolling_forest<columns, 6, 16, std::int16_t, 40, 15>;
  const rows_of_numbers data{5, 200, columns};
  rolling forest;
  REQUIRE(forest.begin({.forest = {.seed = 1, .trees = 6, .sample = 16}}, agreed()));
  const auto observe = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      REQUIRE(forest.observe(std::span<const float, columns>{data.row(i), columns}));
    }
  };
  observe(0, 100);
  REQUIRE(forest.trees() == 6);
  small_set set;
  REQUIRE(set.add(1, 0, forest));
  REQUIRE(set.size() == 6);
  const std::uint32_t renewed = forest.renewed();
  observe(100, 130);
  REQUIRE(forest.renewed() > renewed);
  REQUIRE(set.add(1, 0, forest));
  CHECK(set.size() == 6 + forest.renewed() - renewed);
}

// Two threads fit half of a forest each. Both halves counted their trees from 0, so that the second overwrote the first in a set.
TEST_CASE("the parts of one forest have the numbers of the whole, so a set takes all of them") {
  const rows_of_numbers data{5, 40, columns};
  const auto codes = agreed();
  const auto in_codes = skerry_test::codes_of(data, codes);
  const auto part = [&](std::uint16_t trees, std::uint32_t first) {
    trees_type made;
    REQUIRE(made.begin({.seed = 9, .trees = trees, .sample = 16}, codes));
    while (made.trees() < trees) {
      REQUIRE(made.grow({in_codes.data(), 40, columns, columns}, 1000, {.first_tree = first}));
    }
    return made;
  };
  small_set whole;
  REQUIRE(whole.add(1, 1, part(6, 0)));
  small_set parts;
  REQUIRE(parts.add(1, 1, part(2, 4)));
  REQUIRE(parts.add(1, 1, part(4, 0)));
  CHECK(parts.size() == 6);
  CHECK(parts == whole);
  CHECK(image_of(parts) == image_of(whole));
}

TEST_CASE("reference scores of all nodes are merged once each, however often they were delivered") {
  small_set set;
  for (int times = 0; times < 3; ++times) {
    small_set other;
    other.add_scores(0, 0, scores_of(0, 0));
    other.add_scores(1, 0, scores_of(1, 0));
    REQUIRE(set.join(other));
    REQUIRE(set.join(set));
  }
  CHECK(set.references() == 2);
  scores_type merged{1};
  set.merge_scores_into(merged);
  CHECK(merged.count() == 5 + 6);
  CHECK(set.empty() == false);
  CHECK(set.size() == 0);
  CHECK(set.score_of(1).error() == errc::insufficient);
}

TEST_CASE("forests that do not agree are refused, and the set stays as it was") {
  small_set set;
  REQUIRE(set.add(1, 1, known_forest(0, 0)));
  const small_set before = set;
  trees_type other;
  const rows_of_numbers data{1, 40, columns};
  REQUIRE(other.fit(data.view(), {.seed = 1, .trees = 6, .sample = 16}));
  CHECK(set.add(2, 1, other).error() == errc::mismatch);  // another quantiser
  REQUIRE(other.begin({.seed = 1, .trees = 1, .sample = 8}, agreed()));
  CHECK(set.add(2, 1, other).error() == errc::insufficient);
  const auto codes = skerry_test::codes_of(data, agreed());
  REQUIRE(other.grow({codes.data(), 40, columns, columns}, 100000));
  CHECK(set.add(2, 1, other).error() == errc::mismatch);  // another sample
  small_set stranger;
  REQUIRE(stranger.add(3, 1, other));
  CHECK(set.join(stranger).error() == errc::mismatch);
  isolation_forest<columns, 6, 16, std::int16_t, 6 * 15> gaps;
  REQUIRE(gaps.fit(data.view(), {.seed = 1, .trees = 6, .sample = 16, .missing = missing_policy::evidence}));
  CHECK(set.add(2, 1, gaps).error() == errc::unsupported);
  isolation_forest<columns, 6, 32, std::int16_t, 6 * 31> large;
  REQUIRE(large.fit(data.view(), {.seed = 1, .trees = 6, .sample = 32}));
  CHECK(set.add(2, 1, large).error() == errc::full);
  forest_set<columns, 20, 16, std::int16_t, 4, scores_type, 3> narrow;
  CHECK(narrow.add(1, 1, known_forest(0, 0)).error() == errc::full);
  const std::array<float, columns> bad{1, std::numeric_limits<float>::quiet_NaN(), 2};
  const std::array<std::int16_t, columns> missing{1, -32768, 2};
  CHECK(set.depth_sum(bad).error() == errc::not_finite);
  CHECK(set.depth_sum_codes(missing).error() == errc::not_finite);
  CHECK(small_set{}.depth_sum(bad).error() == errc::insufficient);
  REQUIRE(same_bytes(set, before));
}

TEST_CASE("what a set encodes is decoded to the same set, in one canonical form") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const small_set set = joined(random_knowledge(random), random_knowledge(random));
    const auto image = image_of(set);
    small_set read = random_knowledge(random);
    REQUIRE(skerry::decode_all_into(read, image));
    REQUIRE(read == set);
    REQUIRE(image_of(read) == image);
    const small_set more = random_knowledge(random);
    REQUIRE(joined(read, more) == joined(set, more));
  }
}

TEST_CASE("every truncation of a set's image and every flipped bit is refused, and one with a right checksum does no harm") {
  using tiny = forest_set<columns, 3, 16, std::int16_t, 15, scores_type, 1>;
  tiny set;
  REQUIRE(set.add(1, 2, known_forest(1, 2)));
  set.add_scores(1, 2, scores_of(1, 2));
  const auto image = image_of(set);
  tiny target;
  const tiny before = target;
  for (std::size_t n = 0; n < image.size(); ++n) {
    REQUIRE_FALSE(skerry::decode_all_into(target, std::span{image}.first(n)));
  }
  const rows_of_numbers data{3, 5, columns};
  for (std::size_t bit = 0; bit < 8 * image.size(); ++bit) {
    auto flipped = image;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    REQUIRE_FALSE(skerry::decode_all_into(target, flipped));
    skerry::byte_writer sum{std::span{flipped}.last(4)};
    sum.u32(skerry::crc32c(std::span{flipped}.first(image.size() - 4)));
    tiny hostile;
    if (skerry::decode_all_into(hostile, flipped)) {
      for (std::size_t i = 0; i < 5; ++i) {
        REQUIRE(hostile.depth_sum(std::span<const float, columns>{data.row(i), columns}));
      }
      REQUIRE(image_of(hostile) == flipped);
    }
  }
  REQUIRE(same_bytes(target, before));
  forest_set<columns, 2, 16, std::int16_t, 15, scores_type, 1> fewer;
  CHECK(skerry::decode_all_into(fewer, image).error() == errc::full);
  forest_set<columns + 1, 3, 16, std::int16_t, 15, scores_type, 1> wider;
  CHECK(skerry::decode_all_into(wider, image).error() == errc::mismatch);
  std::array<std::byte, 40> scarce{};
  skerry::byte_writer out{scarce};
  CHECK(set.encode(out).error() == errc::full);
}
