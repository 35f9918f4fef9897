// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/drive_coro.hpp>

#include "core/counting_new.hpp"
#include "delivery/driven_world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <coroutine>
#include <exception>
#include <utility>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::deadline;
using skerry::errc;
using skerry::testing::link_condition;
using tick = driven_world::tick;
using driver_type = coro_driver<driven_world::courier_type, skerry::testing::faulty_link<tick>>;

/// A coroutine that begins at once and is destroyed with its handle.
class job {
 public:
  struct promise_type {
    job get_return_object() noexcept { return job{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  explicit job(std::coroutine_handle<promise_type> frame) noexcept : frame_{frame} {}
  job(job&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  job& operator=(job&&) = delete;
  ~job() {
    if (frame_) {
      frame_.destroy();
    }
  }
  [[nodiscard]] bool done() const { return frame_.done(); }

 private:
  std::coroutine_handle<promise_type> frame_;
};

void run(driven_world& w, driver_type& driver, tick for_ms) {
  const tick end = w.clock.now() + for_ms;
  while (skerry::elapsed(end, w.clock.now()) > 0) {
    const auto wake = driver.drive(w.clock.now());
    REQUIRE_FALSE((wake && skerry::elapsed(wake.value(), w.clock.now()) <= 0));
    w.wait(skerry::earliest<tick>(wake, end, w.clock.now()));
  }
  driver.drive(end);
}

job send_some(driver_type& driver, std::span<const std::byte> payload, stream_id stream, int count, std::vector<send_end>& ends) {
  for (int i = 0; i < count; ++i) {
    ends.push_back(co_await courier_send(driver, payload, {.item = {.stream = stream}}));
  }
}

TEST_CASE("a coroutine goes on when its item is delivered, and when it is stored") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<send_end> ends;
  const job j = send_some(driver, w.bytes(), 0, 3, ends);
  CHECK(ends.empty());
  CHECK(driver.waiting() == 1);
  run(w, driver, 1000);
  REQUIRE(j.done());
  REQUIRE(ends.size() == 3);
  for (const send_end& e : ends) {
    CHECK(e.why == errc::ok);
    CHECK_FALSE(e.what.stored);
  }
  CHECK(w.region.effects() == 3);

  w.set_both(link_condition::refuse);
  ends.clear();
  const job stored = send_some(driver, w.bytes(), 0, 2, ends);
  run(w, driver, 1000);
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].why == errc::unavailable);
  CHECK(ends[1].why == errc::unavailable);
  CHECK(ends[1].what.stored);  // behind the first one at once, without an attempt
  CHECK(w.it->queued() == 2);
}

job send_and_await_later(driver_type& driver, std::span<const std::byte> payload, tick later, std::vector<send_end>& ends) {
  auto kept = courier_send(driver, payload, {.item = {.stream = 1}});
  auto never_awaited = courier_send(driver, payload, {.item = {.stream = 2}});
  co_await courier_until(driver, later);
  ends.push_back(co_await kept);
  auto at = courier_until(driver, later + 100);
  if (ends.back().why == errc::unavailable) {
    auto durable = courier_durable(driver, ends.back().what);
    co_await courier_until(driver, later + 500);
    co_await durable;
  }
  co_await at;
  ends.push_back(co_await kept);
}

TEST_CASE("a send that is awaited later than it ends hears of its end") {
  // Only who was suspended already stood in the list: the completion went to nobody, and the coroutine waited for ever.
  for (const bool reached : {true, false}) {
    driven_world w;
    CAPTURE(reached);
    if (!reached) {
      w.set_both(link_condition::refuse);
    }
    driver_type driver{*w.it, w.link, w.clock.now()};
    std::vector<send_end> ends;
    const job it = send_and_await_later(driver, w.bytes(), w.clock.now() + 20'000, ends);
    run(w, driver, 19'000);
    CHECK(ends.empty());
    CHECK(driver.waiting() == 1);
    run(w, driver, 10'000);
    REQUIRE(ends.size() == 2);
    CHECK(it.done());
    CHECK(ends[0].why == (reached ? errc::ok : errc::unavailable));
    CHECK(ends[1].why == ends[0].why);
    CHECK(driver.waiting() == 0);
  }
}

TEST_CASE("what is refused says so without a wait") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<send_end> ends;
  const std::array<std::byte, 65> long_one{};
  const job j = send_some(driver, long_one, 0, 1, ends);
  REQUIRE(j.done());
  CHECK(ends.at(0).why == errc::width);
}

TEST_CASE("many coroutines wait at once and each hears of its own item") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::array<std::vector<send_end>, 4> ends;
  std::vector<job> jobs;
  for (stream_id s = 0; s < 4; ++s) {
    jobs.push_back(send_some(driver, w.bytes(), s, 5, ends[s]));
  }
  CHECK(driver.waiting() == 4);
  run(w, driver, 2000);
  for (stream_id s = 0; s < 4; ++s) {
    REQUIRE(ends[s].size() == 5);
    for (std::uint64_t i = 0; i < 5; ++i) {
      CHECK(ends[s][i].what.id.stream == s);
      CHECK((i == 0 || ends[s][i].what.id.seq > ends[s][i - 1].what.id.seq));
    }
  }
}

job wait_for_time(driver_type& driver, tick at, std::vector<tick>& woken) {
  co_await courier_until(driver, at);
  woken.push_back(driver.now());
}

TEST_CASE("a wait for a time ends then, not before, and the loop is told of it") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<tick> woken;
  const tick start = w.clock.now();
  const job b = wait_for_time(driver, start + 7000, woken);
  const job a = wait_for_time(driver, start + 3000, woken);
  const job past = wait_for_time(driver, start - 1, woken);
  CHECK(woken == std::vector<tick>{start});
  run(w, driver, 10'000);
  CHECK(woken == std::vector<tick>{start, start + 3000, start + 7000});
}

job post_and_wait(driven_world& w, driver_type& driver, std::vector<bool>& durable) {
  const auto t = w.it->post(w.bytes(), {}, driver.now());
  durable.push_back(w.it->durable_upto(0).seq >= t.value().id.seq);
  co_await courier_durable(driver, t.value());
  durable.push_back(w.it->durable_upto(0).seq >= t.value().id.seq);
}

TEST_CASE("a wait for durability ends after the sync that covers the item") {
  driven_world w;
  w.set_both(link_condition::refuse);
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<bool> durable;
  const job j = post_and_wait(w, driver, durable);
  CHECK(durable == std::vector<bool>{false});
  run(w, driver, 100);
  REQUIRE(j.done());
  CHECK(durable == std::vector<bool>{false, true});
}

TEST_CASE("a coroutine that goes away while it waits leaves nothing behind") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<send_end> a, b, c;
  const job first = send_some(driver, w.bytes(), 0, 1, a);
  {
    const job gone = send_some(driver, w.bytes(), 1, 1, b);
    CHECK(driver.waiting() == 2);
  }
  const job last = send_some(driver, w.bytes(), 2, 1, c);
  CHECK(driver.waiting() == 2);
  run(w, driver, 1000);
  CHECK(a.size() == 1);
  CHECK(b.empty());
  CHECK(c.size() == 1);
  CHECK(w.region.effects() == 3);
}

TEST_CASE("beside the frame of the coroutine itself nothing is allocated") {
  driven_world w;
  driver_type driver{*w.it, w.link, w.clock.now()};
  std::vector<send_end> ends;
  ends.reserve(8);
  const auto before = skerry_test::allocations();
  const job j = send_some(driver, w.bytes(), 0, 3, ends);
  CHECK(skerry_test::allocations() <= before + 1);
}
}  // namespace
