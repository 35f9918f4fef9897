// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/counter.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using small = state::replica<plant>;

static_assert(state::counting_policy<state::counter> && !state::two_way_counting_policy<state::counter>);
static_assert(state::two_way_counting_policy<state::pn_counter> && !state::pn_counter::removable);

TEST_CASE("a row reads back, and its bytes have one form", "[state][counter]") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const state::counter_row row : {state::counter_row{1, 0, 0}, state::counter_row{most, most, most}, state::counter_row{7, 128, 5}}) {
    std::array<std::byte, 30> bytes{};
    skerry::byte_writer out{bytes};
    REQUIRE(state::pn_counter::encode(out, row));
    const auto again = state::pn_counter::decode(out.written());
    REQUIRE(again);
    CHECK(again.value().from == row.from);
    CHECK(again.value().plus == row.plus);
    CHECK(again.value().minus == row.minus);
    CHECK(state::pn_counter::valid(out.written()));
    CHECK_FALSE(state::pn_counter::valid(out.written().first(out.written().size() - 1)));
  }
  CHECK_FALSE(state::counter::valid(std::array{std::byte{0}, std::byte{1}}));                // no event is number 0
  CHECK(state::counter::valid(std::array{std::byte{1}, std::byte{2}, std::byte{3}}));        // holds folds up to 3
  CHECK_FALSE(state::counter::valid(std::array{std::byte{1}, std::byte{2}, std::byte{0}}));  // no fold is said without a number
  CHECK_FALSE(state::counter::valid(std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
  CHECK_FALSE(state::counter::valid(std::array{std::byte{0x81}, std::byte{0}, std::byte{1}}));  // not the shortest form
  std::array<std::byte, 2> narrow{};
  skerry::byte_writer out{narrow};
  CHECK(state::counter::encode(out, {1000, 1000, 0}).error() == errc::full);
}

TEST_CASE("a counter holds the whole range of its type and says full beyond it", "[state][counter]") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  auto a = make<small>(1);
  REQUIRE(a.dec<stock>(std::uint64_t{1} << 63));
  CHECK(a.read<stock>().value() == std::numeric_limits<std::int64_t>::min());
  REQUIRE(a.dec<stock>(1));
  CHECK(a.read<stock>().error() == errc::full);
  REQUIRE(a.inc<stock>(1));
  REQUIRE(a.inc<stock>(std::uint64_t{1} << 63));
  CHECK(a.read<stock>().value() == 0);
  // Amounts of any integer type; what is not above 0 is none.
  REQUIRE(a.inc<stock>(static_cast<std::int8_t>(5)));
  CHECK(a.inc<stock>(static_cast<std::int8_t>(-5)).error() == errc::invalid);
  CHECK(a.inc<stock>(std::numeric_limits<std::int64_t>::min()).error() == errc::invalid);
  CHECK(a.inc<stock>(most).error() == errc::full);  // the row's sum of all increments
  CHECK(a.lacking() == state::resource::bytes);
  CHECK(a.read<stock>().value() == 5);
}

TEST_CASE("an increment made in a new life counts beside those of the old one", "[state][counter]") {
  skerry::splitmix64 rng{3};
  auto a = make<small>(1);
  REQUIRE(a.inc<stock>(3));
  const auto old = bytes_of(a);
  REQUIRE(a.as_new_life(rng));
  REQUIRE(a.inc<stock>(4));
  CHECK(a.read<stock>().value() == 7);
  CHECK(a.explain("stock").live == 2);
  REQUIRE(a.accept(old, 0));  // history of my own: nothing new, nothing wrong
  CHECK(a.read<stock>().value() == 7);
}
