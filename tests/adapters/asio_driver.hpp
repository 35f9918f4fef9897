// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/adapters/asio_driver.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/broker.hpp>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

// What is tested with either kind of Asio; the two do not fit into one translation unit of C++20.
namespace asio_test {
using namespace skerry::delivery;
using namespace std::chrono_literals;
using tick = std::uint64_t;
using store = memory_store<65536>;
using courier_type = courier<tick, store, courier_limits{outbox_limits{2, 64, 32}, 1, 8}>;

/// A peer that is away at first. Its answers come from another thread.
struct slow_peer {
  using code = int;
  skerry::testing::broker<2, 64> region;
  std::function<void(send_token, outcome)> answer;
  std::vector<std::thread> threads;
  bool up = false;

  skerry::status start(endpoint_id, send_token token, const item_view& item, attempt_info info) noexcept {
    if (!up) {
      return skerry::errc::unavailable;
    }
    const outcome what = info.probe ? outcome::ok : region.receive(item);
    threads.emplace_back([this, token, what] { answer(token, what); });
    return {};
  }
  void abandon(send_token) noexcept {}
  outcome classify(code) noexcept { return outcome::unknown; }
  void join() {
    for (std::thread& t : threads) {
      t.join();
    }
    threads.clear();
  }
};

template <typename Context, typename Timer>
void drains_a_backlog() {
  const auto start = std::chrono::steady_clock::now();
  const auto clock = [start] {
    return static_cast<tick>(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count());
  };
  const auto memory = std::make_unique<store>();
  courier_config<tick> config{.box = {.quota_bytes = 4096, .quota_items = 64}};
  config.backoff.base = 20;
  config.backoff.cap = 40;
  config.backoff.floor = 5;
  config.breaker.wait = 20;
  config.breaker.wait_cap = 40;
  config.replay_interval = 1;
  const auto it =
      std::make_unique<courier_type>(courier_type::open(*memory, config, device_seed::for_test(3), {clock(), {}, false}).value());

  Context io{1};
  slow_peer peer;
  auto driver = skerry::adapters::make_asio_driver<Timer>(io.get_executor(), *it, peer, clock, [](const action<tick>&) {});
  peer.answer = [&](send_token token, outcome what) { driver.answer(token, {what, no_hint<tick>}); };
  const std::array<std::byte, 8> payload{};
  for (int i = 0; i < 20; ++i) {
    REQUIRE(it->post(payload, {.stream = static_cast<stream_id>(i % 2)}, clock()));
  }
  driver.wake();
  Timer back{io};
  back.expires_after(50ms);
  back.async_wait([&](const auto&) { peer.up = true; });
  for (int i = 0; i < 3000 && it->queued() > 0; ++i) {
    io.run_for(10ms);
    io.restart();
  }
  CHECK(it->queued() == 0);
  CHECK(peer.region.effects() == 20);
  CHECK(peer.region.order_violations() == 0);
  CHECK(driver.turns() > 20);
  CHECK(driver.turns() < 20'000);  // it waits for deadlines and events, it does not spin
  peer.join();

  driver.stop();
  const auto turns = driver.turns();
  driver.wake();
  io.run_for(20ms);
  CHECK(driver.turns() == turns);
}

template <typename Context, typename Timer>
void leaves_nothing() {
  Context io{1};
  const auto memory = std::make_unique<store>();
  const courier_config<tick> config{.box = {.quota_bytes = 4096, .quota_items = 64}};
  const auto it = std::make_unique<courier_type>(courier_type::open(*memory, config, device_seed::for_test(3), {0, {}, false}).value());
  slow_peer peer;
  const std::array<std::byte, 8> payload{};
  REQUIRE(it->post(payload, {}, 0));
  int clocks = 0;
  {
    auto driver = skerry::adapters::make_asio_driver<Timer>(
        io.get_executor(), *it, peer, [&clocks] { return static_cast<tick>(++clocks); }, [](const action<tick>&) {});
    driver.turn();
    driver.wake();
    driver.answer(send_token{}, {outcome::ok, no_hint<tick>});
  }
  const int before = clocks;
  CHECK(io.run_for(10s) >= 2);  // until nothing is left to do: at once
  CHECK(io.stopped());
  CHECK(clocks == before);
}
}  // namespace asio_test
