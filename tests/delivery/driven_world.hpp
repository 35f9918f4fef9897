// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/broker.hpp>
#include <skerry/testing/faulty_link.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

/// A courier, a link and a receiver on virtual time, for the tests of the loops around them.
struct driven_world {
  using tick = std::uint32_t;
  using store = skerry::delivery::memory_store<65536>;
  using courier_type =
      skerry::delivery::courier<tick, store, skerry::delivery::courier_limits{skerry::delivery::outbox_limits{4, 128, 64}, 2, 8}>;

  skerry::delivery::courier_config<tick> config{.box = {.quota_bytes = 8192, .quota_items = 100}};
  store memory;
  skerry::testing::virtual_clock<tick> clock{0xffff'f000};  // wraps on the way
  skerry::testing::faulty_link<tick> link{clock, 1};
  skerry::testing::broker<4, 64> region;
  std::unique_ptr<courier_type> it;
  std::array<std::byte, 16> payload{};

  explicit driven_world(std::uint8_t endpoints = 2) {
    config.endpoints = endpoints;
    config.attempt_timeout = 5000;
    it = std::make_unique<courier_type>(
        courier_type::open(memory, config, skerry::delivery::device_seed::for_test(1), {clock.now(), {}, false}).value());
    link.on_request([this](skerry::delivery::endpoint_id, const skerry::delivery::item_view& item) {
      return skerry::delivery::reply<tick>{region.receive(item), skerry::delivery::no_hint<tick>};
    });
    link.on_answer(
        [this](skerry::delivery::send_token token, skerry::delivery::reply<tick> answer, tick now) { it->on_result(token, answer, now); });
  }
  void set_both(skerry::testing::link_condition c) {
    link.set(skerry::delivery::endpoint_id{0}, c);
    link.set(skerry::delivery::endpoint_id{1}, c);
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return payload; }
  /// Lets the next thing happen: an event of the link, or `until`.
  void wait(skerry::deadline<tick> until) {
    const auto next = skerry::earliest<tick>(until, clock.next_event(), clock.now());
    if (next) {
      clock.run_until(next.value());
    }
  }
};
