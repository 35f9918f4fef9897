// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The face that applications are written against: names, arguments in their order, and what is answered. Whoever changes one of these
// lines breaks somebody's build.
#include <skerry/delivery.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <type_traits>

using namespace skerry;
using namespace skerry::delivery;

namespace {

#define ANSWERS(type, ...) static_assert(std::is_same_v<decltype(__VA_ARGS__), type>, #__VA_ARGS__)

template <instant Time>
constexpr bool policies_answer() {
  using wait = duration_t<Time>;
  backoff<Time>* b = nullptr;
  ANSWERS(wait, b->next());
  ANSWERS(wait, b->next(std::uint32_t{}));
  ANSWERS(wait, b->nominal(std::uint32_t{}));
  ANSWERS(wait, b->initial_spread(wait{}));
  ANSWERS(void, b->reset());
  ANSWERS(wait, reply<Time>{outcome::ok}.hint);
  retry<Time>* r = nullptr;
  retry_budget<Time>* budget = nullptr;
  ANSWERS(decision<Time>, r->on_result(reply<Time>{outcome::transient}, repeatable::yes, *budget, Time{}));
  ANSWERS(std::uint16_t, r->attempt());
  ANSWERS(void, budget->deposit(Time{}));
  ANSWERS(bool, budget->try_withdraw(Time{}));
  circuit_breaker<Time>* breaker = nullptr;
  ANSWERS(result<permit>, breaker->acquire(Time{}));
  ANSWERS(void, breaker->record(permit{}, outcome::ok, wait{}, Time{}));
  ANSWERS(void, breaker->release(permit{}, Time{}));
  const backoff_config<Time>* config = nullptr;
  const Time now{};
  static_assert(noexcept(backoff<Time>{*config, device_seed::for_test(1)}));
  static_assert(noexcept(b->next()));
  static_assert(noexcept(breaker->acquire(now)));
  return true;
}
using steady = std::chrono::steady_clock::time_point;
static_assert(policies_answer<std::uint32_t>() && policies_answer<std::uint64_t>() && policies_answer<steady>());

template <instant Time, record_store Store>
constexpr bool outbox_answers() {
  using box = outbox<Time, Store>;
  Store* store = nullptr;
  box* b = nullptr;
  const box* c = nullptr;
  const outbox_config config{.quota_bytes = 1000, .quota_items = 10};
  ANSWERS(result<box>, box::open(*store, config, device_seed::for_test(1), clock_reading<Time>{}));
  ANSWERS(result<ticket>, b->append(std::span<const std::byte>{}, item_options<Time>{}, Time{}));
  ANSWERS(result<item_view>, b->take(Time{}));
  ANSWERS(status, b->acknowledge(item_id{}));
  ANSWERS(status, b->give_back(item_id{}, outcome::transient, Time{}));
  ANSWERS(status, b->drop(item_id{}, drop_reason::cancelled));
  ANSWERS(bool, c->wants_sync(Time{}));
  ANSWERS(status, b->flush_acknowledgements());
  ANSWERS(void, b->on_synced(status{}));
  ANSWERS(item_id, c->durable_upto(stream_id{}));
  ANSWERS(deadline<Time>, c->next_deadline());
  ANSWERS(const delivery_counters&, c->counters());
  return true;
}

template <instant Time, record_store Store>
constexpr bool courier_answers() {
  using manager = courier<Time, Store>;
  Store* store = nullptr;
  const courier_config<Time>* config = nullptr;
  manager* m = nullptr;
  const manager* c = nullptr;
  ANSWERS(result<manager>, manager::open(*store, *config, device_seed::for_test(1), clock_reading<Time>{}));
  ANSWERS(result<ticket>, m->send(item_view{}, send_options<Time>{}, Time{}));
  ANSWERS(result<ticket>, m->post(item_view{}, item_options<Time>{}, Time{}));
  ANSWERS(status, m->cancel(ticket{}, Time{}));
  ANSWERS(action<Time>, m->poll(Time{}));
  ANSWERS(void, m->on_result(send_token{}, reply<Time>{outcome::ok}, Time{}));
  ANSWERS(void, m->on_synced(sync_token{}, status{}, Time{}));
  ANSWERS(void, m->on_link(endpoint_id{}, link_state{}, Time{}));
  ANSWERS(void, m->on_clock(clock_reading<Time>{}));
  ANSWERS(item_id, c->durable_upto(stream_id{}));
  ANSWERS(deadline<Time>, c->next_deadline());
  ANSWERS(const delivery_counters&, c->counters());
  return true;
}
static_assert(outbox_answers<std::uint32_t, memory_store<4096>>() && outbox_answers<steady, memory_store<4096>>());
static_assert(courier_answers<std::uint32_t, memory_store<4096>>() && courier_answers<steady, memory_store<4096>>());

struct radio {
  using code = int;
  [[maybe_unused]] status start(endpoint_id, send_token, const item_view&, attempt_info) noexcept { return {}; }
  [[maybe_unused]] void abandon(send_token) noexcept {}
  [[maybe_unused]] outcome classify(code) noexcept { return outcome::unknown; }
};
static_assert(transport<radio> && record_store<memory_store<4096>>);

}  // namespace

TEST_CASE("outcomes have the numbers that peers and logs know them by, and an item that says nothing is of class 1 and kept by its key") {
  STATIC_REQUIRE(std::is_same_v<std::underlying_type_t<outcome>, std::uint8_t>);
  const outcome in_order[] = {outcome::ok,        outcome::transient, outcome::throttled,
                              outcome::permanent, outcome::unknown,   outcome::cancelled};
  for (std::size_t i = 0; i < std::size(in_order); ++i) {
    REQUIRE(static_cast<std::size_t>(in_order[i]) == i);
  }
  const item_options<std::uint32_t> plain{};
  REQUIRE(plain.importance == 1);
  REQUIRE(plain.ttl_s == 0);
  REQUIRE(plain.repeat == repeatable::by_key);
  dedupe_window<4, 64> seen;
  REQUIRE(seen.accept(item_id{.epoch = 1, .stream = 0, .seq = 1}) == verdict::fresh);
  REQUIRE(seen.accept(item_id{.epoch = 1, .stream = 0, .seq = 1}) == verdict::repeat);
}
