// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/mosquitto_transport.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

#include "adapters/broker_process.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

namespace {
using namespace skerry::delivery;
using skerry::adapters::mosquitto_config;
using skerry::adapters::mosquitto_transport;
using skerry::adapters::mqtt_code;
using tick = std::uint64_t;
using link_type = mosquitto_transport<tick>;
using store = memory_store<std::size_t{1} << 20>;
using courier_type = courier<tick, store, courier_limits{outbox_limits{4, 2048, 64}, 2, 8}>;
static_assert(transport<link_type>);

TEST_CASE("reason codes of the broker become outcomes") {
  const mosquitto_config<tick> config{.client_id = "x", .brokers = {{}}};
  const auto made = link_type::create(config, device_seed::for_test(1), 0);
  REQUIRE(made);
  const link_type& link = made.value();
  CHECK(link.classify({0, 0}) == outcome::ok);
  CHECK(link.classify({MQTT_RC_NO_MATCHING_SUBSCRIBERS, 0}) == outcome::ok);
  CHECK(link.classify({MQTT_RC_QUOTA_EXCEEDED, 0}) == outcome::throttled);
  CHECK(link.classify({MQTT_RC_SERVER_BUSY, 0}) == outcome::throttled);
  CHECK(link.classify({MQTT_RC_NOT_AUTHORIZED, 0}) == outcome::permanent);
  CHECK(link.classify({MQTT_RC_PAYLOAD_FORMAT_INVALID, 0}) == outcome::permanent);
  CHECK(link.classify({MQTT_RC_UNSPECIFIED, 0}) == outcome::transient);
  CHECK(link.classify({0, MOSQ_ERR_CONN_LOST}) == outcome::unknown);
  CHECK(link.classify({0, MOSQ_ERR_NO_CONN}) == outcome::transient);
  CHECK(link.classify({0, MOSQ_ERR_PAYLOAD_SIZE}) == outcome::permanent);
}

TEST_CASE("a transport without a name or a broker is refused, and one whose broker is away refuses to start") {
  const mosquitto_config<tick> nameless{.brokers = {{}}};
  CHECK(link_type::create(nameless, device_seed::for_test(1), 0).error() == skerry::errc::invalid);
  const mosquitto_config<tick> alone{.client_id = "x"};
  CHECK(link_type::create(alone, device_seed::for_test(1), 0).error() == skerry::errc::invalid);
  const mosquitto_config<tick> config{.client_id = "x", .brokers = {{"127.0.0.1", 1}}};  // nobody listens there
  auto made = link_type::create(config, device_seed::for_test(1), 0);
  CHECK(made.value().start(endpoint_id{0}, {}, {}, {}).error() == skerry::errc::unavailable);
  CHECK(made.value().start(endpoint_id{1}, {}, {}, {}).error() == skerry::errc::unavailable);
}

/// A courier, a transport over real sockets, real brokers and receivers. The clock is the machine's, so waits are short.
struct world {
  std::array<broker_process, 2> brokers;
  mosquitto_config<tick> settings;
  courier_config<tick> config{.box = {.quota_bytes = 64 << 10, .quota_items = 2000}};
  std::unique_ptr<store> memory = std::make_unique<store>();
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::unique_ptr<skerry::result<link_type>> link;
  std::unique_ptr<courier_type> it;
  mqtt_receiver receiver{brokers[0].port()};
  std::array<std::byte, 24> payload{};
  std::uint64_t offered = 0;
  bool sums = true;

  explicit world(std::uint8_t endpoints) {
    settings.client_id = "skerry-test";
    for (std::uint8_t e = 0; e < endpoints; ++e) {
      settings.brokers.push_back({"127.0.0.1", brokers[e].port()});
    }
    settings.reconnect.base = 20;
    settings.reconnect.cap = 100;
    settings.reconnect.floor = 10;
    config.endpoints = endpoints;
    config.backoff = settings.reconnect;
    config.breaker.wait = 30;
    config.breaker.wait_cap = 100;
    config.replay_interval = 1;
    config.attempt_timeout = 20'000;  // of a busy machine, too: what repeats is a lost connection, not a late answer
    config.failover.hold = 100;
    config.failover.probe_every = 50;
    config.budget.reserve_per_s = 1000;
    link = std::make_unique<skerry::result<link_type>>(link_type::create(settings, device_seed::for_test(5), now()));
    it = std::make_unique<courier_type>(courier_type::open(*memory, config, device_seed::for_test(5), {now(), {}, false}).value());
  }
  tick now() const {
    return static_cast<tick>(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count() +
                             1000);
  }
  void turn() {
    (void)link->value().wait(1);
    link->value().turn(*it, now());
    (void)drive_tick(*it, link->value(), now());
    receiver.serve();
    const delivery_counters& n = it->counters();
    sums = sums && n.offered == n.produced + n.refused && n.produced == n.delivered + n.dropped_total() + it->queued();
  }
  template <typename Until>
  bool run(Until&& until) {
    for (const tick end = now() + 30'000; now() < end;) {
      turn();
      if (until()) {
        return true;
      }
    }
    return false;
  }
  void offer(stream_id stream, tick patience = 500) {
    ++offered;
    (void)it->send(payload, {.item = {.stream = stream}, .until = now() + patience}, now());
  }
};

TEST_CASE("what is delivered has been acknowledged by the broker, and received once, with its id") {
  if (broker_process::program() == nullptr) {
    SKIP("skipped: no mosquitto broker is installed (Debian: mosquitto)");
  }
  world w{1};
  REQUIRE(w.brokers[0].start());
  REQUIRE(w.receiver.subscribe("skerry/#"));
  for (int i = 0; i < 200; ++i) {
    w.offer(static_cast<stream_id>(i % 4), 20'000);  // an item whose time is over while its answer is awaited is sent again
    w.turn();
  }
  CHECK(w.run([&] { return w.it->queued() == 0 && w.receiver.region.effects() == 200; }));
  CHECK(w.receiver.region.repeats() == 0);
  CHECK(w.receiver.region.overtaken() == 0);
  CHECK(w.receiver.without_id == 0);
  CHECK(w.it->counters().delivered == 200);
  CHECK(w.sums);
}

TEST_CASE("a broker that is stopped, restarted and killed under traffic costs nothing, and every count is exact") {
  if (broker_process::program() == nullptr) {
    SKIP("skipped: no mosquitto broker is installed (Debian: mosquitto)");
  }
  world w{1};
  REQUIRE(w.brokers[0].start());
  REQUIRE(w.receiver.subscribe("skerry/#"));
  skerry::pcg32 random{7};
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    for (std::uint32_t i = 0; i < 60 + random() % 40; ++i) {
      w.offer(static_cast<stream_id>(random() % 4));
      w.turn();
    }
    // In mid-traffic, and from the second time on in mid-replay.
    round % 2 == 0 ? w.brokers[0].stop() : w.brokers[0].kill();
    w.receiver.drain();
    for (int i = 0; i < 40; ++i) {
      w.offer(static_cast<stream_id>(random() % 4));
      w.turn();
    }
    CHECK(w.sums);
    CHECK(w.it->queued() > 0);
    REQUIRE(w.brokers[0].start());
    REQUIRE(w.receiver.subscribe("skerry/#"));  // a broker without persistence forgets who listened
    const auto delivered = w.it->counters().delivered;
    CHECK(w.run([&] { return w.it->counters().delivered > delivered + 10; }));
  }
  CHECK(w.run([&] { return w.it->queued() == 0; }));
  CHECK(w.run([&] { return w.receiver.region.effects() >= w.it->counters().delivered; }));
  const delivery_counters& n = w.it->counters();
  CHECK(n.offered == w.offered);
  CHECK(n.produced == n.delivered + n.dropped_total() + w.it->queued());
  CHECK(n.dropped_total() == 0);
  CHECK(w.receiver.region.effects() == n.produced);
  CHECK(w.receiver.region.overtaken() == 0);
  CHECK(w.receiver.historical > 0);
  CHECK(w.link->value().connects() == 7);
  CHECK(w.sums);
}

TEST_CASE("with the first broker gone the second one is used, and the first again when it is back for good") {
  if (broker_process::program() == nullptr) {
    SKIP("skipped: no mosquitto broker is installed (Debian: mosquitto)");
  }
  world w{2};
  REQUIRE(w.brokers[0].start());
  REQUIRE(w.brokers[1].start());
  REQUIRE(w.run([&] { return w.link->value().up(endpoint_id{0}) && w.link->value().up(endpoint_id{1}); }));
  const auto some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      w.offer(static_cast<stream_id>(i % 4));
      w.turn();
    }
  };
  some(20);
  w.brokers[0].kill();
  some(60);
  CHECK(w.run([&] { return w.it->queued() == 0; }));
  CHECK(w.it->counters().fallback_used[0] > 0);
  REQUIRE(w.brokers[0].start());
  const auto primary = w.it->counters().sent_primary;
  CHECK(w.run([&] {
    w.offer(0);
    return w.it->counters().sent_primary > primary + 5;
  }));
  CHECK(w.it->counters().probes > 0);
  CHECK(w.run([&] { return w.it->queued() == 0; }));
  CHECK(w.it->counters().dropped_total() == 0);
  CHECK(w.sums);
}
}  // namespace
