// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery.hpp>

#include "core/counting_new.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

TEST_CASE("a courier that sends, stores, replays, evicts and expires never touches the heap") {
  using store = memory_store<8192>;
  using courier_type = courier<tick, store, courier_limits{outbox_limits{2, 24, 32}, 2, 4}>;
  static const courier_config<tick> config{.box = {.quota_bytes = 512, .quota_items = 16}, .endpoints = 2};
  const auto memory = std::make_unique<store>();
  const auto opened = std::make_unique<skerry::result<courier_type>>(courier_type::open(*memory, config, device_seed::for_test(1), {}));
  courier_type& it = opened->value();
  skerry::pcg32 random{1};
  const std::byte payload[32]{};
  const std::size_t before = skerry_test::allocations();
  tick now = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += random() % 500;
    const auto stream = static_cast<stream_id>(random() % 2);
    if (random() % 2 == 0) {
      (void)it.send(std::span<const std::byte>{payload}, {.item = {.stream = stream}}, now);
    } else {
      (void)it.post(std::span<const std::byte>{payload}, {.stream = stream, .ttl_s = 5}, now);
    }
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, memory->sync(), now);
      } else if ((a.kind == action_kind::send || a.kind == action_kind::probe) && random() % 8 != 0) {
        it.on_result(a.token, {static_cast<outcome>(random() % 5)}, now);
      }
    }
  }
  CHECK(skerry_test::allocations() == before);
  CHECK(it.counters().delivered > 0);
  CHECK(it.counters().dropped_for(drop_reason::evicted) > 0);
  CHECK(it.counters().dropped_for(drop_reason::expired) > 0);
  CHECK(it.counters().replayed > 0);
}
}  // namespace
