// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/hedge.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <set>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const retry_budget_config<tick> rich{.reserve_per_s = 1000};
const hedge_config<tick> three{.max_attempts = 3, .delay = 200};

TEST_CASE("only what is repeatable is sent twice") {
  retry_budget<tick> budget{rich};
  hedge<tick> call{three, repeatable::no, 0};
  CHECK(call.poll(0, budget).what == hedge_step::send);
  CHECK(call.poll(5'000, budget).what == hedge_step::wait);
  CHECK_FALSE(call.next_deadline());
  call.on_result(1, {outcome::unknown}, budget, 5'000);
  CHECK(call.poll(5'000, budget).what == hedge_step::done);
  CHECK(call.verdict() == outcome::unknown);
}

TEST_CASE("without budget there is the first copy and no other") {
  const retry_budget_config<tick> none{.ratio = {0, 1}, .reserve_per_s = 0};
  retry_budget<tick> budget{none};
  hedge<tick> call{three, repeatable::yes, 0};
  CHECK(call.poll(0, budget).what == hedge_step::send);
  CHECK(call.poll(200, budget).what == hedge_step::wait);
  CHECK_FALSE(call.next_deadline());
  call.on_result(1, {outcome::ok}, budget, 900);
  CHECK(call.poll(900, budget).what == hedge_step::done);
  CHECK(call.verdict() == outcome::ok);

  hedge<tick> failed{three, repeatable::yes, 1000};
  CHECK(failed.poll(1000, budget).what == hedge_step::send);
  failed.on_result(1, {outcome::transient}, budget, 1010);
  CHECK(failed.poll(1010, budget).what == hedge_step::done);
  CHECK(failed.verdict() == outcome::transient);
}

TEST_CASE("what one peer will never take is not asked again, and the copies out are called off") {
  retry_budget<tick> budget{rich};
  hedge<tick> call{three, repeatable::by_key, 0};
  REQUIRE(call.poll(0, budget).what == hedge_step::send);
  REQUIRE(call.poll(200, budget).what == hedge_step::send);
  call.on_result(2, {outcome::permanent}, budget, 250);
  const auto off = call.poll(250, budget);
  CHECK(off.what == hedge_step::abandon);
  CHECK(off.attempt == 1);
  CHECK(call.poll(250, budget).what == hedge_step::done);
  CHECK(call.verdict() == outcome::permanent);
  call.on_result(1, {outcome::ok}, budget, 260);  // late
  CHECK(call.verdict() == outcome::permanent);
}

TEST_CASE("calling it off ends it, once") {
  retry_budget<tick> budget{rich};
  hedge<tick> call{three, repeatable::yes, 0};
  REQUIRE(call.poll(0, budget).what == hedge_step::send);
  call.cancel();
  CHECK(call.poll(0, budget).what == hedge_step::abandon);
  CHECK(call.poll(0, budget).what == hedge_step::done);
  CHECK(call.verdict() == outcome::cancelled);
}

TEST_CASE("whatever is answered, and however often: no copy too many, each called off or answered once, and it ends") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    const hedge_config<tick> config{.max_attempts = static_cast<std::uint8_t>(1 + random() % 16),
                                    .delay = static_cast<std::int32_t>(random() % 3 * 100)};
    retry_budget<tick> budget{rich};
    auto now = static_cast<tick>(random());
    hedge<tick> call{config, repeatable::yes, now};
    std::set<std::uint8_t> out;
    int sent = 0;
    bool done = false;
    for (int i = 0; i < 200 && !done; ++i) {
      now += static_cast<tick>(random() % 80);
      for (bool more = true; more;) {
        const auto step = call.poll(now, budget);
        more = step.what == hedge_step::send || step.what == hedge_step::abandon;
        if (step.what == hedge_step::send) {
          REQUIRE(out.insert(step.attempt).second);
          REQUIRE(++sent == step.attempt);
        } else if (step.what == hedge_step::abandon) {
          REQUIRE(out.erase(step.attempt) == 1);
        } else if (step.what == hedge_step::wait) {
          REQUIRE((!call.next_deadline() || !call.next_deadline().due(now)));  // never a busy wait
        }
        done = step.what == hedge_step::done;
      }
      REQUIRE(sent <= config.max_attempts);
      if (random() % 2 == 0) {
        constexpr outcome answers[] = {outcome::transient, outcome::throttled, outcome::unknown, outcome::cancelled, outcome::ok};
        const auto attempt = static_cast<std::uint8_t>(random() % 18);
        const auto answer = answers[random() % (i > 150 ? 5 : 4)];
        const bool stop = random() % 16 == 0;
        call.on_result(attempt, {answer, stop ? -1 : no_hint<tick>}, budget, now);
        out.erase(attempt);
      }
    }
    if (done) {
      REQUIRE(out.empty());
    }
  }
}

}  // namespace
