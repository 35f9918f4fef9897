// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/extrema.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::ticks;
using skerry::stats::extrema;
using skerry::stats::positions;
using stats_test::image;
using stats_test::image_of;
using stats_test::source;

namespace {

using placed = extrema<double, positions::kept>;

static_assert(sizeof(extrema<double>) == 24 && sizeof(extrema<float>) == 16 && sizeof(placed) == 40);
static_assert(std::is_trivially_copyable_v<extrema<>> && std::is_trivially_copyable_v<placed>);
static_assert(skerry::join_semilattice<extrema<>> && skerry::join_semilattice<placed> && !skerry::commutative_monoid<extrema<>>);
static_assert(extrema<>::merging == skerry::merge_kind::exact);
static_assert(skerry::encodable<extrema<>> && skerry::decodable_value<extrema<>>);

constexpr double inf = std::numeric_limits<double>::infinity();

/// Values with many ties, signed zeros and infinities.
double awkward(source& random) {
  const double choice[] = {0.0, -0.0, 1.0, -1.0, inf, -inf, 5e-324, -5e-324, 1e308};
  return random.below(3) == 0 ? choice[random.below(std::size(choice))] : static_cast<double>(random.below(7)) - 3;
}

template <typename E>
E some(source& random) {
  E e;
  const std::size_t n = random.below(6);
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<E, placed>) {
      REQUIRE(e.observe(awkward(random), static_cast<ticks>(random.below(20)) - 10));
    } else {
      REQUIRE(e.observe(awkward(random)));
    }
  }
  return e;
}

template <typename E>
E joined(E a, const E& b) {
  a.join(b);
  return a;
}

template <typename E>
void joins_are_a_semilattice() {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const E a = some<E>(random);
    const E b = some<E>(random);
    const E c = some<E>(random);
    CHECK(joined(a, a) == a);
    CHECK(image_of(joined(a, a)) == image_of(a));
    CHECK(joined(a, b) == joined(b, a));
    CHECK(image_of(joined(a, b)) == image_of(joined(b, a)));
    CHECK(image_of(joined(joined(a, b), c)) == image_of(joined(a, joined(b, c))));
    CHECK(image_of(joined(a, E{})) == image_of(a));
    CHECK(image_of(joined(E{}, a)) == image_of(a));
    CHECK(joined(joined(a, b), b) == joined(a, b));
  }
}

}  // namespace

TEST_CASE("extrema of nothing are an error", "[stats][extrema]") {
  const extrema<> e;
  CHECK(e.empty());
  CHECK(e.min().error() == errc::empty);
  CHECK(e.max().error() == errc::empty);
  CHECK(e.range().error() == errc::empty);
  CHECK(placed{}.argmin().error() == errc::empty);
  CHECK(placed{}.argmax().error() == errc::empty);
}

TEST_CASE("one by one, in a block and in joined parts are the same extrema", "[stats][extrema]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto xs = random.values(1 + random.below(100));
    const double least = *std::min_element(xs.begin(), xs.end());
    const double greatest = *std::max_element(xs.begin(), xs.end());
    extrema<> single;
    extrema<> block;
    std::vector<extrema<>> parts(5);
    for (const double x : xs) {
      REQUIRE(single.observe(x));
      REQUIRE(parts[random.below(5)].observe(x));
    }
    REQUIRE(block.observe(xs) == xs.size());
    extrema<> all;
    for (const auto& p : parts) {
      all.join(p);
    }
    for (const auto& e : {single, block, all}) {
      CHECK(e.min().value() == least);
      CHECK(e.max().value() == greatest);
      CHECK(e.range().value() == greatest - least);
    }
    CHECK(image_of(single) == image_of(block));
    CHECK(image_of(single) == image_of(all));
  }
}

TEST_CASE("joins of extrema are idempotent, commutative and associative, to the byte", "[stats][extrema]") {
  joins_are_a_semilattice<extrema<>>();
  joins_are_a_semilattice<placed>();
}

TEST_CASE("of equal values the one at the smallest position stays, whatever the order", "[stats][extrema]") {
  placed e;
  REQUIRE(e.observe(3.0, 7));
  REQUIRE(e.observe(1.0, 9));
  REQUIRE(e.observe(1.0, 4));
  REQUIRE(e.observe(1.0, 5));
  REQUIRE(e.observe(3.0, 8));
  CHECK(e.argmin().value() == 4);
  CHECK(e.argmax().value() == 7);
  placed block;
  const double xs[] = {2, 1, 5, 1, 5};
  REQUIRE(block.observe(xs, 100) == 5);
  CHECK(block.argmin().value() == 101);
  CHECK(block.argmax().value() == 102);
}

TEST_CASE("infinity is a value, NaN is refused and changes no byte", "[stats][extrema]") {
  extrema<> e;
  const image before = image_of(e);
  CHECK(e.observe(std::nan("")).error() == errc::not_finite);
  CHECK(image_of(e) == before);
  const double bad[] = {std::nan(""), std::nan("")};
  CHECK(e.observe(bad) == 0);
  CHECK(image_of(e) == before);
  CHECK(e.refused() == 3);
  REQUIRE(e.observe(inf));
  CHECK_FALSE(e.empty());
  CHECK(e.min().value() == inf);
  CHECK(e.range().error() == errc::out_of_range);
  const double mixed[] = {1, std::nan(""), -inf, 4, 5, 6, 7, 8, 9, std::nan("")};
  CHECK(e.observe(mixed) == 8);
  CHECK(e.min().value() == -inf);
  CHECK(e.max().value() == inf);
  CHECK(e.refused() == 5);
  const extrema<> known = e;
  CHECK(joined(known, known).refused() == known.refused());
}

TEST_CASE("integers keep their own range", "[stats][extrema]") {
  extrema<std::int16_t> e;
  REQUIRE(e.observe(std::int16_t{-32768}));
  CHECK(e.range().value() == 0);
  REQUIRE(e.observe(std::int16_t{32767}));
  CHECK(e.min().value() == -32768);
  CHECK(e.range().error() == errc::out_of_range);
  CHECK(skerry::decode_all<extrema<std::int16_t>>(image_of(e)).value() == e);
  CHECK(skerry::decode_all<extrema<std::int8_t>>(image_of(e)).error() == errc::mismatch);
  CHECK(skerry::decode_all<extrema<>>(image_of(e)).value().min().value() == -32768.0);
}

TEST_CASE("the image of extrema is these bytes for ever, and hostile ones are refused or are themselves", "[stats][extrema]") {
  extrema<> e;
  REQUIRE(e.observe(-2.0));
  REQUIRE(e.observe(1.0));
  const unsigned expected[] = {3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
  const image bytes = image_of(e);
  REQUIRE(bytes.size() == std::size(expected));
  REQUIRE(bytes.size() == extrema<>::encoded_size);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
  }
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    source random{seed};
    stats_test::attack<extrema<>>(image_of(some<extrema<>>(random)), random, accepted);
    stats_test::attack<placed>(image_of(some<placed>(random)), random, accepted);
    extrema<float> f;
    REQUIRE(f.observe(static_cast<float>(random.normal())));
    stats_test::attack<extrema<float>>(image_of(f), random, accepted);
    extrema<std::uint16_t> u;
    REQUIRE(u.observe(static_cast<std::uint16_t>(random.below(65536))));
    stats_test::attack<extrema<std::uint16_t>>(image_of(u), random, accepted);
  }
  CHECK(accepted > 0);
  CHECK(skerry::decode_all<placed>(bytes).error() == errc::mismatch);
}
