// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/explain.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using small = state::replica<plant>;

static_assert(std::convertible_to<std::string, state::key_view> && std::convertible_to<const char*, state::key_view>);
static_assert(!std::convertible_to<int, state::key_view>);

TEST_CASE("of more records than can be shown the first ones are, and the winner always is", "[state][explain]") {
  constexpr std::uint64_t writers = 25;
  for (std::uint64_t winner = 1; winner <= writers; ++winner) {
    forged_frame frame;
    for (std::uint64_t id = 1; id <= writers; ++id) {
      frame.covers({100 + id, 1, 1}, 1, 1);
      frame.write<mode>("mode/1", {100 + id, 1, 1}, 1, {id == winner ? 9u : 5u, 0}, static_cast<std::int64_t>(id));
    }
    auto r = make<small>(1);
    REQUIRE(r.accept(frame.bytes(), 0));
    const std::string key = "mode/1";
    const state::explanation e = r.explain(key);
    REQUIRE(e.live == writers);
    REQUIRE(e.count == state::explanation::shown);
    REQUIRE(e.winner < e.count);
    REQUIRE(e.records[e.winner].who.id == 100 + winner);
    for (std::size_t i = 0; i + 1 < e.count; ++i) {
      REQUIRE(e.records[i].who < e.records[i + 1].who);
    }
  }
}

TEST_CASE("a key that is not of the schema is explained as unknown", "[state][explain]") {
  const auto a = make<small>(1);
  for (const char* key : {"", "/", "stock/", "/stock", "mode", "mode//", "mode/1/2", "starts/1", "mode/123456789"}) {
    CAPTURE(key);
    CHECK_FALSE(a.explain(key).known);
  }
  CHECK(a.explain("stock").known);
  CHECK(a.explain("stock").count == 0);
  CHECK(a.explain("stock").winner == state::explanation::no_winner);
}
