// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/broker.hpp>
#include <skerry/testing/faulty_link.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using skerry::testing::link_condition;
using tick = std::uint32_t;
using store = memory_store<65536>;
using courier_type = courier<tick, store, courier_limits{outbox_limits{4, 128, 64}, 3, 8}>;

static_assert(transport<skerry::testing::faulty_link<tick>>);
struct no_abandon {
  using code = int;
  status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
  outcome classify(int) noexcept { return outcome::ok; }
};
static_assert(!transport<no_abandon>);

courier_config<tick> plain(std::uint8_t endpoints = 1) {
  courier_config<tick> c{.box = {.quota_bytes = 8192, .quota_items = 100}};
  c.endpoints = endpoints;
  c.attempt_timeout = 5000;
  return c;
}

/// A courier, a link and a receiver on virtual time, with the laws checked after each step.
struct world {
  courier_config<tick> config;
  std::unique_ptr<store> memory = std::make_unique<store>();
  skerry::testing::virtual_clock<tick> clock;
  skerry::testing::faulty_link<tick> link;
  skerry::testing::broker<4, 64> region;
  std::unique_ptr<courier_type> it;
  std::vector<action<tick>> told;
  std::array<std::byte, 64> payload{};
  std::uint64_t polls = 0;
  std::uint64_t events = 0;
  bool sums = true;
  bool idle_later = true;

  explicit world(courier_config<tick> c, std::uint64_t seed = 1, skerry::testing::faulty_link_config<tick> l = {}, tick start = 0xffff'0000)
      : config{c}, clock{start}, link{clock, seed, l} {
    it = std::make_unique<courier_type>(
        courier_type::open(*memory, config, device_seed::for_test(seed), {clock.now(), wall_ms{1'700'000'000'000}, true}).value());
    link.on_request([this](endpoint_id, const item_view& item) { return reply<tick>{region.receive(item), no_hint<tick>}; });
    link.on_answer([this](send_token token, reply<tick> answer, tick now) {
      ++events;
      it->on_result(token, answer, now);
      check();
    });
  }
  void check() {
    const delivery_counters& n = it->counters();
    sums = sums && n.offered == n.produced + n.refused && n.produced == n.delivered + n.dropped_total() + it->queued();
  }
  deadline<tick> drive() {
    const auto wake = drive_tick(*it, link, clock.now(), [this](const action<tick>& a) { told.push_back(a); });
    ++polls;
    idle_later = idle_later && !(wake && elapsed(wake.value(), clock.now()) <= 0);
    check();
    return wake;
  }
  void run(std::int32_t for_ms) {
    const tick end = clock.now() + static_cast<tick>(for_ms);
    for (;;) {
      const auto next = earliest<tick>(drive(), clock.next_event(), clock.now());
      if (!next || elapsed(next.value(), end) > 0 || !idle_later) {
        break;
      }
      clock.run_until(next.value());
    }
    clock.run_until(end);
    drive();
  }
  result<ticket> send(send_options<tick> options = {}) {
    const auto t = it->send(std::span<const std::byte>{payload}, options, clock.now());
    check();
    return t;
  }
  result<ticket> post(item_options<tick> options = {}) {
    const auto t = it->post(std::span<const std::byte>{payload}, options, clock.now());
    check();
    return t;
  }
};

TEST_CASE("a direct send goes to the primary at once, and says when it arrived") {
  world w{plain()};
  const auto t = w.send().value();
  CHECK_FALSE(t.stored);
  w.run(100);
  REQUIRE(w.told.size() == 1);
  CHECK(w.told[0].kind == action_kind::completed);
  CHECK(w.told[0].why == errc::ok);
  CHECK(w.told[0].item.id == t.id);
  CHECK(w.region.effects() == 1);
  CHECK(w.it->counters().sent_primary == 1);
  CHECK(w.it->counters().bytes_live == 64);
}

TEST_CASE("with the primary gone the fallbacks are tried in order, within one deadline") {
  world w{plain(3)};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  w.link.set(endpoint_id{1}, link_condition::silent);
  const tick start = w.clock.now();
  REQUIRE(w.send({.until = start + 9000}));
  w.run(9000);
  REQUIRE(w.told.size() == 1);
  CHECK(w.told[0].why == errc::ok);
  CHECK(w.it->counters().sent_primary == 1);
  CHECK(w.it->counters().fallback_used[0] == 1);
  CHECK(w.it->counters().fallback_used[1] == 1);
  CHECK(w.link.abandoned() == 1);
}

TEST_CASE("when nobody can be reached the item is stored, and delivered without any new send once the link is back") {
  world w{plain(2)};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  w.link.set(endpoint_id{1}, link_condition::refuse);
  const auto t = w.send().value();
  w.run(10);
  REQUIRE(w.told.size() == 1);
  CHECK(w.told[0].why == errc::unavailable);
  CHECK(w.it->counters().cached_offline == 1);
  CHECK(w.it->queued() == 1);
  w.run(3'600'000);
  w.link.set(endpoint_id{0}, link_condition::up);
  w.run(420'000);
  CHECK(w.region.effects() == 1);
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().replayed == 1);
  CHECK(t.id.seq == 1);
  CHECK(w.idle_later);
}

TEST_CASE("a send that must not be stored is counted when it fails") {
  world w{plain()};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  REQUIRE(w.send({.store = store_when::never}));
  w.run(10);
  CHECK(w.told.at(0).why == errc::unavailable);
  CHECK(w.it->counters().dropped_for(drop_reason::not_stored) == 1);
  CHECK(w.it->queued() == 0);
  CHECK(w.sums);
}

TEST_CASE("a new item does not overtake the backlog of its stream") {
  // paho.golang #731, MQTT.js #450, NanoMQ #1980: the new publish went first.
  world w{plain()};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  REQUIRE(w.send());
  w.run(10);
  w.link.set(endpoint_id{0}, link_condition::up);
  const auto second = w.send().value();
  CHECK(second.stored);
  w.run(600'000);
  CHECK(w.region.effects() == 2);
  CHECK(w.region.overtaken() == 0);
}

TEST_CASE("an item is deleted when it is acknowledged, not when it is sent") {
  // NanoMQ #2432: what was on its way when the link died in the replay was lost.
  world w{plain()};
  for (int i = 0; i < 20; ++i) {
    REQUIRE(w.post());
  }
  w.run(15);
  w.link.set(endpoint_id{0}, link_condition::silent);
  w.run(60'000);
  w.link.set(endpoint_id{0}, link_condition::up);
  w.run(900'000);
  CHECK(w.region.effects() == 20);
  CHECK(w.it->queued() == 0);
  CHECK(w.region.order_violations() == 0);
}

TEST_CASE("answers to tokens that are not current are counted and change nothing") {
  world w{plain()};
  REQUIRE(w.send());
  const auto a = w.it->poll(w.clock.now());
  REQUIRE(a.kind == action_kind::send);
  w.it->on_result(send_token{a.token.slot, static_cast<std::uint16_t>(a.token.generation + 1)}, {outcome::ok}, w.clock.now());
  w.it->on_result(send_token{7, 0}, {outcome::ok}, w.clock.now());
  w.it->on_result(send_token{4711, 0}, {outcome::ok}, w.clock.now());
  CHECK(w.it->counters().late_results == 3);
  CHECK(w.it->queued() == 1);
  w.it->on_result(a.token, {outcome::ok}, w.clock.now());
  w.it->on_result(a.token, {outcome::ok}, w.clock.now());
  CHECK(w.it->counters().late_results == 4);
  CHECK(w.it->counters().delivered == 1);
}

TEST_CASE("a caller that never answers wedges nothing") {
  world w{plain()};
  for (int i = 0; i < 30; ++i) {
    REQUIRE(w.post({.stream = static_cast<stream_id>(i % 4)}));
  }
  tick now = w.clock.now();
  std::uint64_t sends = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto a = w.it->poll(now);
    sends += a.kind == action_kind::send ? 1 : 0;
    if (a.kind == action_kind::idle) {
      const auto next = w.it->next_deadline();
      REQUIRE(next);
      now = next.value();
    }
  }
  CHECK(sends > 20);
  CHECK(w.it->queued() == 30);
  CHECK(w.it->counters().lease_expired == sends - w.it->in_flight());
}

TEST_CASE("an item called off is neither delivered later nor forgotten in the sums") {
  world w{plain()};
  w.link.set(endpoint_id{0}, link_condition::silent);
  const auto direct = w.send().value();
  const auto queued = w.post({.stream = 1}).value();
  w.drive();
  CHECK(w.it->cancel(direct, w.clock.now()));
  CHECK(w.it->cancel(queued, w.clock.now()));
  CHECK(w.it->cancel(queued, w.clock.now()).error() == errc::absent);
  w.drive();
  CHECK(w.it->queued() == 0);
  CHECK(w.it->counters().dropped_for(drop_reason::cancelled) == 2);
  CHECK(w.link.abandoned() == 2);
  CHECK(w.sums);
}

TEST_CASE("an item that the peer refuses five times is shown once more before it goes") {
  world w{plain()};
  REQUIRE(w.post());
  REQUIRE(w.post());
  w.region.answer(0, 1, outcome::permanent);
  w.run(600'000);
  REQUIRE(w.told.size() == 1);
  CHECK(w.told[0].kind == action_kind::dead_letter);
  CHECK(w.told[0].item.id.seq == 1);
  CHECK(w.told[0].item.payload.size() == 64);
  CHECK(w.it->counters().dropped_for(drop_reason::dead_letter) == 1);
  CHECK(w.region.received() == 6);
  CHECK(w.region.effects() == 1);
  CHECK(w.it->counters().breaker_opened == 0);
}

TEST_CASE("a hint that the link is up cuts the wait short") {
  world w{plain()};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  REQUIRE(w.post());
  w.run(3'600'000);
  w.link.set(endpoint_id{0}, link_condition::up);
  w.it->on_link(endpoint_id{0}, link_state::up, w.clock.now());
  w.run(50);
  CHECK(w.it->queued() == 0);
}

TEST_CASE("a clock that steps back a day and forward a week loses nothing and bursts nothing") {
  world w{plain()};
  w.link.set(endpoint_id{0}, link_condition::refuse);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(w.post());
  }
  w.run(100'000);
  w.clock.set(w.clock.now() - 86'400'000);
  const auto before = w.link.started();
  w.run(310'000);
  CHECK(w.link.started() > before);  // the waits were not made longer
  w.clock.set(w.clock.now() + 604'800'000);
  const auto leap = w.link.started();
  w.drive();
  CHECK(w.link.started() <= leap + 1);
  w.link.set(endpoint_id{0}, link_condition::up);
  w.run(900'000);
  CHECK(w.region.effects() == 10);
  CHECK(w.idle_later);
}

TEST_CASE("whatever links do, every item is delivered once in effect or counted by reason, in order, with bounded repeats") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed, 17};
    auto config = plain(static_cast<std::uint8_t>(1 + seed % 3));
    config.box.evict = seed % 2 == 0 ? eviction::oldest_of_lowest : eviction::reject;
    config.box.streams = seed % 3 == 0 ? order::live_first : order::strict;
    config.box.receiver_window = 0;  // backlogs here are shorter than the window of `region`
    skerry::testing::faulty_link_config<tick> lossy;
    lossy.jitter = static_cast<std::int32_t>(random() % 40);
    lossy.lose = static_cast<std::uint16_t>(random() % 6000);
    lossy.repeat = static_cast<std::uint16_t>(random() % 6000);
    world w{config, seed, lossy};
    std::uint64_t offered = 0;
    for (int i = 0; i < 300; ++i) {
      const auto stream = static_cast<stream_id>(random() % 4);
      switch (random() % 5) {
        case 0:
          ++offered;
          (void)w.send({.item = {.stream = stream, .importance = static_cast<std::uint8_t>(random() % 4)},
                        .store = static_cast<store_when>(random() % 2)});
          break;
        case 1:
          ++offered;
          (void)w.post({.stream = stream, .importance = static_cast<std::uint8_t>(random() % 4)});
          break;
        case 2: w.link.set(endpoint_id{static_cast<std::uint8_t>(random() % 3)}, static_cast<link_condition>(random() % 4)); break;
        default: w.run(static_cast<std::int32_t>(random() % 4000));
      }
      REQUIRE(w.sums);
      REQUIRE(w.idle_later);
    }
    for (std::uint8_t e = 0; e < 3; ++e) {
      w.link.set(endpoint_id{e}, link_condition::up);
    }
    // Liveness: with the links up for longer than the longest wait the queue empties.
    for (int i = 0; i < 60 && w.it->queued() > 0; ++i) {
      w.run(300'000);
    }
    CHECK(w.it->queued() == 0);
    CHECK(w.sums);
    CHECK(w.idle_later);
    const delivery_counters& n = w.it->counters();
    CHECK(n.offered == offered);
    CHECK(w.region.effects() >= n.delivered);
    CHECK(w.region.effects() <= n.produced);
    CHECK(w.region.order_violations() == 0);
    CHECK(w.region.too_old() == 0);
    // Repeats: the link's own, and attempts whose answer was lost.
    CHECK(w.region.received() <= w.link.arrived());
    CHECK(w.polls <= 2 * (w.link.arrived() * 2 + w.link.started() + n.offered + 900 + 60 + w.link.abandoned() * 2));
  }
}

TEST_CASE("the same seed and the same events give the same run") {
  const auto once = [] {
    skerry::testing::faulty_link_config<tick> lossy{.jitter = 30, .lose = 8000, .repeat = 3000};
    world w{plain(2), 5, lossy};
    for (int i = 0; i < 50; ++i) {
      (void)w.send({.item = {.stream = static_cast<stream_id>(i % 4)}});
      w.run(700);
    }
    w.run(600'000);
    return std::tuple{w.it->counters(), w.clock.now(), w.link.started(), w.region.received()};
  };
  CHECK(once() == once());
}
}  // namespace
