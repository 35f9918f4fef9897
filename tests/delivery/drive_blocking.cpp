// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_blocking.hpp>

#include "delivery/driven_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::deadline;
using skerry::errc;
using skerry::testing::link_condition;
using tick = driven_world::tick;

// The smallest that models each role, and near-misses.
struct now_of_mine {
  tick operator()() const { return 0; }
};
struct waits {
  bool operator()(deadline<tick>) const { return false; }
};
struct waits_and_says_nothing {
  void operator()(deadline<tick>) const {}
};
struct waits_for_an_instant {
  bool operator()(tick) const { return false; }
};
static_assert(clock_for<now_of_mine, tick>);
static_assert(!clock_for<now_of_mine, std::uint64_t>);
static_assert(waiter_for<waits, tick>);
static_assert(!waiter_for<waits_and_says_nothing, tick>);
static_assert(!waiter_for<waits_for_an_instant, tick>);  // it could not be told "for ever"

TEST_CASE("a blocking loop drains a backlog through an outage and ends when it is told to") {
  driven_world w;
  w.set_both(link_condition::refuse);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(w.it->post(w.bytes(), {.stream = static_cast<stream_id>(i % 2)}, w.clock.now()));
  }
  w.clock.after(600'000, [&] { w.set_both(link_condition::up); });
  int turns = 0;
  drive_blocking(
      *w.it, w.link, [&] { return w.clock.now(); },
      [&](deadline<tick> until) {
        ++turns;
        w.wait(until);
        return w.it->queued() > 0 && turns < 10'000;
      });
  CHECK(w.it->queued() == 0);
  CHECK(w.region.effects() == 10);
  CHECK(w.region.order_violations() == 0);
  CHECK(turns < 400);  // it waits between turns; it does not spin
}

TEST_CASE("a blocking send answers when the item is delivered, stored or lost, and the backlog goes on beside it") {
  driven_world w;
  const auto clock = [&] { return w.clock.now(); };
  const auto wait = [&](deadline<tick> until) {
    w.wait(until);
    return true;
  };
  CHECK(send_blocking(*w.it, w.link, w.bytes(), {}, clock, wait));
  CHECK(w.region.effects() == 1);

  w.set_both(link_condition::refuse);
  CHECK(send_blocking(*w.it, w.link, w.bytes(), {}, clock, wait).error() == errc::unavailable);
  CHECK(w.it->queued() == 1);
  CHECK(send_blocking(*w.it, w.link, w.bytes(), {.item = {.stream = 1}, .store = store_when::never}, clock, wait).error() ==
        errc::unavailable);
  CHECK(w.it->counters().dropped_for(drop_reason::not_stored) == 1);

  w.set_both(link_condition::up);
  w.it->on_link(endpoint_id{0}, link_state::up, w.clock.now());
  CHECK(send_blocking(*w.it, w.link, w.bytes(), {.item = {.stream = 1}}, clock, wait));
  CHECK(send_blocking(*w.it, w.link, std::array<std::byte, 65>{}, {}, clock, wait).error() == errc::width);
  CHECK(w.it->counters().produced == w.it->counters().delivered + w.it->counters().dropped_total() + w.it->queued());
}

TEST_CASE("a blocking send whose wait ends first calls the item off, and the sums hold") {
  driven_world w;
  w.set_both(link_condition::silent);
  std::vector<action_kind> heard;
  const auto end = send_blocking(
      *w.it, w.link, w.bytes(), {}, [&] { return w.clock.now(); }, [](deadline<tick>) { return false; },
      [&](const action<tick>& a) { heard.push_back(a.kind); });
  CHECK(end.error() == errc::timeout);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().dropped_for(drop_reason::cancelled) == 1);
  CHECK(w.link.abandoned() == 1);
  CHECK(heard.empty());
}
}  // namespace
