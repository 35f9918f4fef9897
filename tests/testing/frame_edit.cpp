// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/frame_edit.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skerry_test;
using skerry::wall_ms;
using skerry::testing::frame_edit;
namespace state = skerry::state;

TEST_CASE("a frame that is taken apart and put together is the same frame, but for its sender", "[testing][frame_edit]") {
  using node = state::replica<plant, roomy>;
  auto a = make<node>(1);
  auto b = make<node>(2);
  REQUIRE(a.write<mode>(7, wall_ms{1'790'000'000'000}, 1));
  REQUIRE(a.inc<stock>(3));
  REQUIRE(b.write<mode>(9, wall_ms{1'790'000'000'000}, 1));
  REQUIRE(a.accept(bytes_of(b), 0));
  const auto bytes = bytes_of(a);
  frame_edit edit;
  REQUIRE(edit.read(bytes));
  CHECK(edit.records.size() == 3);
  CHECK(edit.bytes() == bytes);
  edit.records.pop_back();
  const auto fewer = edit.bytes();
  REQUIRE(fewer != bytes);
  auto c = make<node>(3);
  REQUIRE(c.accept(fewer, 0));
  CHECK(c.store().record_count() == 2);
}

TEST_CASE("runs that touch become one, and what is no frame is not read", "[testing][frame_edit]") {
  frame_edit edit;
  edit.covers = {{{1, 1, 1}, 4, 5}, {{1, 1, 1}, 1, 3}, {{1, 1, 1}, 9, 9}};
  frame_edit again;
  REQUIRE(again.read(edit.bytes()));
  REQUIRE(again.covers.size() == 2);
  CHECK(again.covers[0].last == 5);
  const std::vector<std::byte> noise(20, std::byte{0x5a});
  CHECK_FALSE(again.read(noise));
  CHECK(again.covers.empty());
}

TEST_CASE("a record of a writer that the frame covers nothing of makes no frame", "[testing][frame_edit]") {
  // Its writer was looked up behind the end of those that there are.
  frame_edit edit;
  edit.covers = {{{1, 1, 1}, 1, 5}};
  edit.records.push_back({"stock", {2, 1, 1}, 1, {}, 0, {}});
  CHECK(edit.bytes().empty());
  edit.covers.push_back({{2, 1, 1}, 1, 1});
  CHECK_FALSE(edit.bytes().empty());
}
