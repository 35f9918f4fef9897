// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Each case is the story of a defect that was found by looking for one.
#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <set>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;

/// A memory_store with switches.
template <std::size_t Bytes>
struct switched_store {
  memory_store<Bytes> inside;
  bool sync_fails = false;
  int unreadable_stream = -1;

  result<recovery_report> open() noexcept { return inside.open(); }
  result<position> append(const record_header& h, std::span<const std::byte> p) noexcept { return inside.append(h, p); }
  result<record_view> read(position at, std::span<std::byte> out) noexcept {
    const auto r = inside.read(at, out);
    return r && r.value().header.kind == record_kind::data && r.value().header.stream == unreadable_stream ? result<record_view>{errc::io}
                                                                                                           : r;
  }
  status advance(cursor c) noexcept { return inside.advance(c); }
  status sync() noexcept { return sync_fails ? status{errc::io} : inside.sync(); }
  std::uint64_t used_bytes() const noexcept { return inside.used_bytes(); }
  std::uint64_t free_bytes() const noexcept { return inside.free_bytes(); }
};
using store = switched_store<16384>;
using box_type = outbox<tick, store, outbox_limits{4, 48, 128}>;
constexpr outbox_config roomy{.quota_bytes = 4096, .quota_items = 32};
const std::array<std::byte, 100> payload{};
std::span<const std::byte> first(std::size_t n) { return std::span{payload}.first(n); }

template <typename Box>
bool balanced(const Box& box) {
  const delivery_counters& n = box.counters();
  return n.offered == n.produced + n.refused && n.produced + n.recovered == n.delivered + n.dropped_total() + box.queued();
}

TEST_CASE("what was said of an item that is not on its way changes nothing") {
  // A verdict that came after the lease had ended, or twice, counted as an attempt of its own: five of them buried an item that had been
  // sent once.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {}, 0));
  const item_id id = box.take(0).value().id;
  REQUIRE(box.give_back(id, outcome::permanent, 0));
  for (int i = 0; i < 9; ++i) {
    CHECK(box.give_back(id, outcome::permanent, 0, 5'000).error() == errc::stale);
  }
  CHECK(box.counters().dropped_total() == 0);
  const auto again = box.take(0);
  REQUIRE(again);
  CHECK(again.value().attempts == 1);
  CHECK(balanced(box));
}

TEST_CASE("an unloaded node can tell that an item was not shown") {
  // Nobody heard of those that could not be read.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  for (stream_id stream = 0; stream < 4; ++stream) {
    REQUIRE(box.append(first(1), {.stream = stream}, 0));
  }
  CHECK(box.drain([](const item_view&) {}) == 4);
  s.unreadable_stream = 2;
  CHECK(box.drain([](const item_view&) {}) == 3);
  CHECK(box.queued() == 4);
}

TEST_CASE("a clock in nanoseconds can be told to wait for ever") {
  // Waits without a cap grew until now and the wait together did not fit: the hold ended before it had begun.
  using time = std::chrono::steady_clock::time_point;
  store s;
  using clocked = outbox<time, store, outbox_limits{4, 48, 128}>;
  time now{std::chrono::hours{1}};
  auto box = clocked::open(s, roomy, device_seed::for_test(1), {now, {}, false}).value();
  static const backoff_config<time> doubling{.cap = no_cap<time>, .jitter = {.kind = jitter_kind::none}};
  backoff<time> waits{doubling, device_seed::for_test(1)};
  REQUIRE(box.append(first(1), {}, now));
  box.on_synced(s.sync());
  for (int retry = 0; retry < 60; ++retry) {
    const auto item = box.take(now);
    REQUIRE(item);
    const auto wait = waits.next();
    REQUIRE(box.give_back(item.value().id, outcome::transient, now, wait));
    CAPTURE(retry);
    CHECK_FALSE(box.take(now));
    const auto next = box.next_timer();
    REQUIRE(next);
    REQUIRE(next.value() > now);
    if (next.value() == time::max()) {
      return;
    }
    now = next.value();
  }
  FAIL("the waits came to an end");
}

TEST_CASE("the longest time to live is not the shortest") {
  // The end of life was counted in 32 bits: 0xffffffff seconds from second 5 was second 5, and the item expired at once.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {.ttl_s = 0xffff'ffff}, 5'000));
  CHECK(box.take(6'000));
  CHECK(box.counters().dropped_for(drop_reason::expired) == 0);
}

TEST_CASE("an item that expires while it is replaced leaves once") {
  // The waiting item was found by its key, then expired, then was dropped a second time out of a slot that was free already.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  const std::array<std::byte, 4> key{};
  REQUIRE(box.append(first(7), {.ttl_s = 1, .key = key}, 0));
  REQUIRE(box.append(first(5), {.key = key, .same_key = key_policy::replace}, 10'000));
  CHECK(box.queued() == 1);
  CHECK(box.queued_bytes() == 5);
  CHECK(balanced(box));
}

TEST_CASE("an item that is replaced while the store is full leaves once") {
  // Room was made in the store by evicting the very item that was then dropped as replaced.
  switched_store<1024> s;
  auto box = outbox<tick, switched_store<1024>, outbox_limits{2, 48, 128}>::open(s, roomy, device_seed::for_test(1), {}).value();
  const std::array<std::byte, 4> key{};
  REQUIRE(box.append(first(7), {.importance = 3, .key = key}, 0));
  while (s.free_bytes() > 0) {
    REQUIRE(box.append(first(1), {.stream = 1, .importance = 1}, 0));
  }
  (void)box.append(first(5), {.importance = 1, .key = key, .same_key = key_policy::replace}, 0);
  CHECK(balanced(box));
  std::uint64_t seen = 0;
  box.drain([&](const item_view&) { ++seen; });
  CHECK(seen == box.queued());
}

TEST_CASE("a stream that becomes live-first keeps the order of what it holds") {
  // The items that were there already were live too, but the live sequence was thought to begin with the next one.
  store s;
  auto config = roomy;
  config.receiver_window = 0;
  auto box = box_type::open(s, config, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {}, 0));
  REQUIRE(box.append(first(1), {}, 0));
  REQUIRE(box.set_order(0, order::live_first));
  REQUIRE(box.append(first(1), {}, 0));
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    const auto item = box.take(1).value();
    CHECK(item.id.seq == seq);
    REQUIRE(box.acknowledge(item.id));
  }
}

TEST_CASE("streams of a lower class take turns among themselves, not with those of a higher one") {
  // One rotor served all classes: each choice of the busy higher class set it back, and of three lower streams one got every turn.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  std::set<stream_id> served;
  for (int i = 0; i < 200; ++i) {
    for (stream_id stream = 0; stream < 4; ++stream) {
      while (box.queued(stream) < 2) {
        REQUIRE(box.append(first(1), {.stream = stream, .importance = static_cast<std::uint8_t>(stream == 0 ? 0 : 3)}, 0));
      }
    }
    const auto item = box.take(0).value();
    served.insert(item.id.stream);
    REQUIRE(box.acknowledge(item.id));
  }
  CHECK(served.size() == 4);
}

TEST_CASE("a share of everything is no share") {
  // With lower_share 1 every take went to the lower class: the most important starved.
  store s;
  outbox_config config = roomy;
  config.lower_share = 1;
  CHECK(box_type::open(s, config, device_seed::for_test(1), {}).error() == errc::invalid);
}

TEST_CASE("a sync that failed is not asked for again at once") {
  // With a full batch waiting, `wants_sync` stayed true at the same instant: a loop around it never ended.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  for (int i = 0; i < 20; ++i) {
    REQUIRE(box.append(first(1), {}, 0));
  }
  REQUIRE(box.wants_sync(0));
  box.sync_begins();
  box.on_synced(errc::io);
  CHECK_FALSE(box.wants_sync(0));
  CHECK(box.wants_sync(20));
}

TEST_CASE("one stream that cannot be read does not hold up the others") {
  // The choice fell on the same item again and again, and its error was all that came back.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {.stream = 0, .importance = 0}, 0));
  REQUIRE(box.append(first(1), {.stream = 1, .importance = 1}, 0));
  s.unreadable_stream = 0;
  CHECK(box.take(0).error() == errc::io);
  const auto other = box.take(0);
  REQUIRE(other);
  CHECK(other.value().id.stream == 1);
  s.unreadable_stream = -1;
  CHECK(box.take(10'000).value().id.stream == 0);
}

TEST_CASE("a full store can be opened, emptied and used again") {
  // Opening appended a lease of numbers first, found no room, and refused: nothing in the store could ever leave it.
  using tight = switched_store<1024>;
  using tight_box = outbox<tick, tight, outbox_limits{2, 48, 128}>;
  tight s;
  {
    auto box = tight_box::open(s, roomy, device_seed::for_test(1), {}).value();
    while (s.free_bytes() > 0) {
      REQUIRE(box.append(first(1), {}, 0));
    }
  }
  auto opened = tight_box::open(s, roomy, device_seed::for_test(2), {});
  REQUIRE(opened);
  auto& box = opened.value();
  const auto n = box.queued();
  CHECK(n > 10);
  std::uint64_t last = 0;
  while (const auto item = box.take(1)) {
    last = item.value().id.seq;
    REQUIRE(box.acknowledge(item.value().id));
  }
  CHECK(box.counters().delivered == n);
  const auto fresh = box.append(first(1), {}, 2);
  REQUIRE(fresh);
  CHECK(fresh.value().id.seq > last);
  CHECK(balanced(box));
}

TEST_CASE("records longer than the buffer are an error when the outbox opens, not the silent end of it") {
  // A firmware with a smaller record_bytes stopped reading at the first long record and forgot all behind it.
  memory_store<16384> s;
  {
    auto box = outbox<tick, memory_store<16384>, outbox_limits{1, 8, 128}>::open(s, roomy, device_seed::for_test(1), {}).value();
    REQUIRE(box.append(first(100), {}, 0));
    REQUIRE(box.append(first(1), {}, 0));
  }
  CHECK(outbox<tick, memory_store<16384>, outbox_limits{1, 8, 64}>::open(s, roomy, device_seed::for_test(2), {}).error() == errc::width);
}

TEST_CASE("a class that does not exist is read as the least important") {
  // The class of a recovered record was an index into an array of four.
  store s;
  record_header h;
  h.seq = 1;
  h.importance = 200;
  REQUIRE(s.append(h, first(3)));
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  CHECK(box.take(0).value().importance == 3);
}

TEST_CASE("a clock of whole seconds does not make the outbox spin") {
  // 20 ms are no seconds, and so is the rest of a second: both came out as "now".
  using seconds = std::chrono::time_point<std::chrono::steady_clock, std::chrono::seconds>;
  store s;
  auto box = outbox<seconds, store, outbox_limits{1, 8, 128}>::open(s, roomy, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {.ttl_s = 5}, seconds{}));
  REQUIRE(box.wants_sync(seconds{std::chrono::seconds{1}}));
  box.on_synced(errc::io);
  CHECK_FALSE(box.wants_sync(seconds{}));
  CHECK(elapsed(box.next_timer().value(), seconds{}).count() > 0);
}

TEST_CASE("a hold that ended while nobody asked stays ended when the tick wraps") {
  // Only a choice ended holds. After 25 days of a peer that was declared down, the end of a hold of a second lay 25 days ahead again.
  store s;
  auto box = box_type::open(s, roomy, device_seed::for_test(1), {}).value();
  REQUIRE(box.append(first(1), {}, 0));
  REQUIRE(box.give_back(box.take(0).value().id, outcome::transient, 0, 1000));
  tick now = 0;
  for (int day = 0; day < 30; ++day) {
    now += 86'400'000;
    box.tick(now);
  }
  CHECK(box.take(now));
}
}  // namespace
