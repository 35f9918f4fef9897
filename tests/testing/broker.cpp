// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/broker.hpp>

#include <catch2/catch_test_macros.hpp>

namespace {
using namespace skerry::delivery;

item_view item(stream_id stream, std::uint64_t seq, bool historical = false) {
  item_view i;
  i.id = {1, stream, seq};
  i.historical = historical;
  return i;
}

TEST_CASE("the receiver acts once, notices repeats and tells overtaking from disorder") {
  skerry::testing::broker<> region;
  CHECK(region.receive(item(0, 1)) == outcome::ok);
  CHECK(region.receive(item(0, 3)) == outcome::ok);
  CHECK(region.receive(item(0, 3)) == outcome::ok);
  CHECK(region.effects() == 2);
  CHECK(region.repeats() == 1);
  CHECK(region.order_violations() == 0);
  (void)region.receive(item(0, 2, true));  // a replay beside the live sequence
  CHECK(region.overtaken() == 1);
  CHECK(region.order_violations() == 0);
  (void)region.receive(item(1, 9));
  (void)region.receive(item(1, 8));
  CHECK(region.order_violations() == 1);
}

TEST_CASE("a new store counts from one again, and that is no disorder") {
  // The highest number seen was kept over the change of epoch.
  skerry::testing::broker<> region;
  (void)region.receive(item(0, 900));
  for (std::uint64_t seq = 1; seq < 4; ++seq) {
    item_view i = item(0, seq);
    i.id.epoch = 2;
    (void)region.receive(i);
  }
  CHECK(region.effects() == 4);
  CHECK(region.order_violations() == 0);
  CHECK(region.overtaken() == 0);
}

TEST_CASE("an item with a fixed answer has no effect") {
  skerry::testing::broker<> region;
  region.answer(2, 5, outcome::permanent);
  CHECK(region.receive(item(2, 5)) == outcome::permanent);
  CHECK(region.effects() == 0);
  CHECK(region.receive(item(2, 6)) == outcome::ok);
  CHECK(region.received() == 2);
}
}  // namespace
