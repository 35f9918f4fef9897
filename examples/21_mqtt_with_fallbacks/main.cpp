// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Three real brokers, and each of them is killed: the primary under traffic, the fallbacks after it, and the primary again in the middle
// of the replay. The counters add up to the last message.
#include <fmt/core.h>

#if __has_include(<mosquitto.h>)

#include "broker.hpp"

#include <skerry/adapters/mosquitto_transport.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace {
using namespace skerry::delivery;
using tick = std::uint64_t;
using store = memory_store<std::size_t{1} << 19>;
using node = courier<tick, store, courier_limits{{2, 1024, 32}, 3, 8}>;
using link_type = skerry::adapters::mosquitto_transport<tick>;

tick now() {
  return static_cast<tick>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

courier_config<tick> short_waits() {  // an example has no minutes to wait; yours takes the defaults
  courier_config<tick> c{.box = {.quota_bytes = 16384, .quota_items = 1000}};
  c.endpoints = 3;
  c.backoff.base = 20;
  c.backoff.cap = 100;
  c.backoff.floor = 5;
  c.breaker.wait = 30;
  c.breaker.wait_cap = 100;
  c.failover.hold = 200;
  c.failover.probe_every = 50;
  c.replay_interval = 1;
  c.attempt_timeout = 2000;
  c.budget.reserve_per_s = 1000;
  return c;
}

struct plant {
  std::array<story::broker, 3> brokers;
  story::receiver region;
  std::array<story::listener, 3> listeners{story::listener{brokers[0].port(), region}, story::listener{brokers[1].port(), region},
                                           story::listener{brokers[2].port(), region}};
  courier_config<tick> rules = short_waits();
  skerry::adapters::mosquitto_config<tick> settings;
  std::unique_ptr<store> memory = std::make_unique<store>();
  std::unique_ptr<skerry::result<link_type>> made;
  std::unique_ptr<node> it;
  std::uint64_t offered = 0;

  plant() {
    settings.client_id = "press-7";
    settings.topic = "plant";
    settings.reconnect = rules.backoff;
    for (const story::broker& b : brokers) {
      settings.brokers.push_back({"127.0.0.1", b.port()});
    }
    made = std::make_unique<skerry::result<link_type>>(link_type::create(settings, device_seed::for_test(1), now()));
    it = std::make_unique<node>(node::open(*memory, rules, device_seed::for_test(1), {now(), {}, false}).value());
  }
  link_type& link() { return made->value(); }
  bool start(std::size_t which) { return brokers[which].start() && listeners[which].subscribe(); }
  void turn() {
    (void)link().wait(1);
    link().turn(*it, now());
    (void)drive_tick(*it, link(), now());
    for (story::listener& l : listeners) {
      l.serve();
    }
  }
  template <typename Until>
  bool run(Until&& until) {
    for (const tick end = now() + 10'000; now() < end;) {
      turn();
      if (until()) {
        return true;
      }
    }
    return false;
  }
  void report(int count) {
    for (int i = 0; i < count; ++i) {
      const std::array<std::byte, 8> reading{static_cast<std::byte>(i)};
      offered += it->send(reading, {.item = {.stream = static_cast<stream_id>(i % 2)}, .until = now() + 400}, now()) ? 1 : 0;
      turn();
    }
  }
};
}  // namespace

int main() {
  if (!std::filesystem::exists(story::broker::program)) {
    fmt::print("skipped: no broker at {} (Debian: mosquitto)\n", story::broker::program);
    return 77;
  }
  fmt::print("three brokers on this machine, every one of them killed with kill -9 under traffic\n");
  plant p;
  bool held = p.start(0) && p.start(1) && p.start(2) &&
              p.run([&] { return p.link().up(endpoint_id{0}) && p.link().up(endpoint_id{1}) && p.link().up(endpoint_id{2}); });
  const delivery_counters& n = p.it->counters();
  p.report(40);
  fmt::print("all up            {:3} sent by the primary\n", n.sent_primary);
  p.brokers[0].kill();
  p.report(60);
  fmt::print("primary killed    {:3} by fallback 1\n", n.fallback_used[0]);
  p.brokers[1].kill();
  p.report(60);
  fmt::print("fallback 1 killed {:3} by fallback 2\n", n.fallback_used[1]);
  held = p.run([&] { return p.it->queued() == 0; }) && held;
  p.brokers[2].kill();
  p.report(100);
  fmt::print("all killed        {:3} stored\n", p.it->queued());
  held = p.it->queued() > 90 && held;
  held = p.start(0) && p.run([&] { return p.it->queued() < 60; }) && held;
  p.brokers[0].kill();
  fmt::print("killed in replay  {:3} still stored\n", p.it->queued());
  held = p.it->queued() > 0 && held;
  p.report(20);
  held = p.start(0) && p.run([&] { return p.it->queued() == 0 && p.region.effects() >= p.offered; }) && held;
  fmt::print("primary back      {:3} replayed, {} repeats recognised by their id, {} out of order\n", n.replayed, p.region.repeats(),
             p.region.overtaken());
  fmt::print("produced {} = delivered {} + dropped {} + queued {}, received {}\n", n.produced, n.delivered, n.dropped_total(),
             p.it->queued(), p.region.effects());
  held = held && n.produced == n.delivered + n.dropped_total() + p.it->queued() && n.produced == p.offered && n.dropped_total() == 0 &&
         p.region.effects() == p.offered && p.region.overtaken() == 0;
  fmt::print("{}\n", held ? "Held: every message arrived once in effect, in order, whatever was killed." : "NOT HELD.");
  return held ? 0 : 1;
}

#else

int main() {
  fmt::print("skipped: built without libmosquitto (Debian: libmosquitto-dev)\n");
  return 77;
}

#endif
