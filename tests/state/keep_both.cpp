// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/keep_both.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iterator>
#include <vector>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using small = state::replica<plant>;

using view = decltype(std::declval<const small&>().siblings<mode>(1));
static_assert(std::input_iterator<view::iterator>);
static_assert(std::same_as<std::iterator_traits<view::iterator>::value_type, std::int64_t>);

TEST_CASE("siblings are the distinct values in the order of their bytes, pick is the latest of them", "[state][keep_both]") {
  auto a = make<small>(1);
  CHECK(a.siblings<mode>(1).empty());
  CHECK(a.pick<mode>(1).error() == errc::absent);
  for (std::uint64_t id = 2; id <= 6; ++id) {
    auto peer = make<small>(id);
    REQUIRE(peer.write<mode>(static_cast<std::int64_t>(id * 7 % 4), wall_ms{1000 - id}, 1));  // 2 1 0 3 2
    REQUIRE(a.join(peer));
  }
  std::vector<std::int64_t> values;
  for (const std::int64_t v : a.siblings<mode>(1)) {
    values.push_back(v);
  }
  CHECK(values == std::vector<std::int64_t>{0, 1, 2, 3});
  CHECK(a.explain("mode/1").live == 5);  // one of the values was written twice
  CHECK(a.siblings<mode>(1).size() == 4);
  CHECK(a.pick<mode>(1).value() == 2);
  CHECK(a.read<mode>(1).value() == 2);
  auto it = a.siblings<mode>(1);
  auto at = it.begin();
  CHECK(*at++ == 0);
  CHECK(*at == 1);
  // Who has seen them all decides.
  REQUIRE(a.write<mode>(9, wall_ms{1}, 1));
  CHECK(a.siblings<mode>(1).size() == 1);
  CHECK(a.pick<mode>(1).value() == 9);
}

TEST_CASE("siblings of an argument that cannot be are none", "[state][keep_both]") {
  auto a = make<small>(1);
  REQUIRE(a.write<mode>(1, wall_ms{1}, 1));
  CHECK(a.siblings<mode>("").empty());
  CHECK(a.siblings<mode>("1/2").empty());
  CHECK(a.pick<mode>("").error() == errc::invalid);
}
