// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;
using store = memory_store<8192>;

constexpr courier_limits limits{outbox_limits{3, 24, 32}, 2, 3};
constexpr courier_config<tick> known{.box = {.quota_bytes = 400, .quota_items = 20, .evict = eviction::oldest, .dead_letter_after = 2},
                                     .endpoints = 2,
                                     .backoff = {.shape = backoff_shape::fibonacci, .base = 100, .jitter = {.kind = jitter_kind::equal}},
                                     .breaker = {.min_calls = 2, .wait = 700},
                                     .attempt_timeout = 3000,
                                     .replay_interval = 20};
using told = courier<tick, store, limits>;
using knows = courier<tick, store, limits, no_hooks, &known>;
static_assert(sizeof(knows) < sizeof(told));
constexpr outbox_config known_box = known.box;
static_assert(sizeof(outbox<tick, store, limits.box, &known_box>) < sizeof(outbox<tick, store, limits.box>));

/// All that it did, as numbers.
template <typename Courier>
std::vector<std::uint64_t> life(store& kept, Courier& it, std::uint64_t seed) {
  pcg32 random{seed, 9};
  std::vector<std::uint64_t> all;
  std::array<std::byte, 32> payload{};
  tick now = 0xffff'f000;
  std::vector<send_token> open;
  for (int i = 0; i < 500; ++i) {
    now += random() % 300;
    if (random() % 3 == 0) {
      const auto sent = it.send(std::span<const std::byte>{payload}.first(random() % 33),
                                {.item = {.stream = static_cast<stream_id>(random() % 3), .ttl_s = random() % 20}}, now);
      all.push_back(sent ? sent.value().id.seq : 1000 + static_cast<std::uint64_t>(sent.error()));
    }
    if (!open.empty() && random() % 2 == 0) {
      const outcome what = random() % 3 == 0 ? outcome::ok : static_cast<outcome>(random() % 5);
      it.on_result(open.back(), {what}, now);
      open.pop_back();
    }
    for (int n = 0; n < 20; ++n) {
      const action<tick> a = it.poll(now);
      all.insert(all.end(), {static_cast<std::uint64_t>(a.kind), a.endpoint.value, a.item.id.seq, a.attempt, a.remaining_ms});
      if (a.kind == action_kind::idle) {
        break;
      }
      if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        open.push_back(a.token);
      } else if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, kept.sync(), now);
      }
    }
    const auto at = it.next_deadline();
    all.push_back(at ? at.value() : 0);
  }
  it.counters().for_each([&](std::string_view, std::uint64_t n) { all.push_back(n); });
  return all;
}

TEST_CASE("a courier that knows its config while compiling does what one does that is told it") {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto a = std::make_unique<store>(), b = std::make_unique<store>();
    const clock_reading<tick> clock{0xffff'f000, wall_ms{1'700'000'000'000}, true};
    auto one = told::open(*a, known, device_seed::for_test(seed), clock);
    auto other = knows::open(*b, device_seed::for_test(seed), clock);
    REQUIRE(one);
    REQUIRE(other);
    REQUIRE(life(*a, one.value(), seed) == life(*b, other.value(), seed));
    dropped += other.value().counters().dropped_total();
  }
  CHECK(dropped > 50);
}

}  // namespace
