// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Two coroutines share one courier: a sensor that reports every second, and a batch that must be safe before it goes on. Their frames
// lie in static storage, time is a number, and the link is down for a while.
#include <skerry/delivery/drive_coro.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/broker.hpp>
#include <skerry/testing/faulty_link.hpp>

#include <fmt/core.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;
using link_type = skerry::testing::faulty_link<tick>;
using node = courier<tick, memory_store<16384>, courier_limits{{2, 64, 32}, 1, 4}>;
using driver_type = coro_driver<node, link_type>;

/// Frames of coroutines, one after the other; they live as long as the program.
struct frames {
  static inline std::array<std::byte, 4096> memory;
  static inline std::size_t used = 0;
};

/// A coroutine that begins at once. What it awaits comes from the driver.
struct task {
  struct promise_type {
    static void* operator new(std::size_t n) {
      const std::size_t at = (frames::used + 15) / 16 * 16;
      if (at + n > frames::memory.size()) {
        std::abort();
      }
      frames::used = at + n;
      return frames::memory.data() + at;
    }
    static void operator delete(void*) noexcept {}
    task get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::abort(); }
  };
};

struct tally {
  int delivered = 0, stored = 0, lost = 0;
};

task report(driver_type& driver, tick start, tally& seen) {
  for (tick second = 0; second < 60; ++second) {
    co_await courier_until(driver, start + 1000 * second);
    const std::array<std::byte, 4> reading{std::byte{1}, static_cast<std::byte>(second)};
    const send_end end = co_await courier_send(driver, reading, {.item = {.stream = 0}, .until = driver.now() + 800});
    (end.why == skerry::errc::ok ? seen.delivered : (end.why == skerry::errc::unavailable ? seen.stored : seen.lost)) += 1;
  }
}

task batch(driver_type& driver, const link_type& link, tick start, bool& safe) {
  co_await courier_until(driver, start + 25'500);  // in the middle of the outage
  const std::array<std::byte, 24> summary{};
  const auto posted = driver.courier().post(summary, {.stream = 1, .importance = 0}, driver.now());
  if (posted) {
    co_await courier_durable(driver, posted.value());
    fmt::print("{:6.3f} s  the batch is durable, the link still {}\n", static_cast<double>(driver.now() - start) / 1000,
               link.condition(endpoint_id{0}) == skerry::testing::link_condition::up ? "up" : "down");
    safe = true;
  }
}
}  // namespace

int main() {
  fmt::print("two coroutines, one courier, the link down from second 20 to second 30\n");
  static memory_store<16384> memory;
  static const courier_config<tick> rules{.box = {.quota_bytes = 4096, .quota_items = 64}};
  const tick start = 0xffff'd8f0;  // 10 s before the tick wraps
  skerry::testing::virtual_clock<tick> clock{start};
  link_type link{clock, 1};
  skerry::testing::broker<2, 64> region;
  auto opened = node::open(memory, rules, device_seed::for_test(1), {start, {}, false});
  if (!opened) {
    return 1;
  }
  node& courier = opened.value();
  link.on_request([&](endpoint_id, const item_view& item) { return reply<tick>{region.receive(item), no_hint<tick>}; });
  link.on_answer([&](send_token token, reply<tick> answer, tick now) { courier.on_result(token, answer, now); });
  link.set_at(start + 20'000, endpoint_id{0}, skerry::testing::link_condition::silent);
  link.set_at(start + 30'000, endpoint_id{0}, skerry::testing::link_condition::up);

  driver_type driver{courier, link, start};
  tally seen;
  bool safe = false;
  report(driver, start, seen);
  batch(driver, link, start, safe);
  fmt::print("frames   {} bytes of static memory for both, none from the heap\n", frames::used);
  const tick end = start + 180'000;
  while (skerry::elapsed(end, clock.now()) > 0) {
    const auto wake = driver.drive(clock.now());
    clock.run_until(skerry::earliest<tick>(skerry::earliest<tick>(wake, clock.next_event(), clock.now()), end, clock.now()).value());
  }
  driver.drive(end);
  const delivery_counters& n = courier.counters();
  fmt::print("reports  {} delivered at once, {} stored, {} lost\n", seen.delivered, seen.stored, seen.lost);
  fmt::print("region   {} received once each, {} out of order\n", region.effects(), region.order_violations());
  const bool held = seen.lost == 0 && safe && region.effects() == 61 && region.order_violations() == 0 &&
                    n.produced == n.delivered + n.dropped_total() + courier.queued() && driver.waiting() == 0;
  fmt::print("{}\n", held ? "Held: all 61 arrived in order, and no coroutine waits any more." : "NOT HELD.");
  return held ? 0 : 1;
}
