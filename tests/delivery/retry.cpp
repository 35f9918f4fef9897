// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/retry.hpp>

#include <catch2/catch_test_macros.hpp>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const backoff_config<tick> waits_config{.base = 100, .floor = 0, .jitter = {.kind = jitter_kind::none}};
const retry_config<tick> three{};
const retry_budget_config<tick> budget_config{};

retry<tick> call(tick until = 1'000'000) { return {three, backoff<tick>{waits_config, device_seed::for_test(1)}, until}; }

TEST_CASE("three attempts are three attempts, and the peer hears which one it is") {
  retry_budget<tick> budget{budget_config};
  auto c = call();
  CHECK(c.attempt() == 1);
  auto d = c.on_result({outcome::transient}, repeatable::no, budget, 0);
  CHECK(d.what == next_step::wait);
  CHECK(d.at == 100);
  CHECK(c.attempt() == 2);
  d = c.on_result({outcome::transient}, repeatable::no, budget, 100);
  CHECK(d.at == 300);
  d = c.on_result({outcome::transient}, repeatable::no, budget, 300);
  CHECK(d.what == next_step::give_up);
  CHECK(d.why == give_up_reason::attempts);
}

TEST_CASE("silence is not retried when twice would count twice") {
  retry_budget<tick> budget{budget_config};
  CHECK(call().on_result({outcome::unknown}, repeatable::no, budget, 0).why == give_up_reason::not_repeatable);
  CHECK(call().on_result({outcome::unknown}, repeatable::by_key, budget, 0).what == next_step::wait);
  CHECK(call().on_result({outcome::unknown}, repeatable::yes, budget, 0).what == next_step::wait);
}

TEST_CASE("a wait that reaches the deadline gives up at once and costs no budget") {
  retry_budget<tick> budget{budget_config};
  const auto before = budget.balance(0);
  CHECK(call(100).on_result({outcome::transient}, repeatable::yes, budget, 0).why == give_up_reason::deadline);
  CHECK(budget.balance(0) == before);
  CHECK(call(101).on_result({outcome::transient}, repeatable::yes, budget, 0).what == next_step::wait);
  CHECK(call(100).time_left(30) == 70);
  CHECK(call(100).time_left(130) == 0);
}

TEST_CASE("permanent and cancelled end it, ok ends it well") {
  retry_budget<tick> budget{budget_config};
  CHECK(call().on_result({outcome::permanent}, repeatable::yes, budget, 0).why == give_up_reason::permanent);
  CHECK(call().on_result({outcome::cancelled}, repeatable::yes, budget, 0).why == give_up_reason::cancelled);
  CHECK(call().on_result({outcome::ok}, repeatable::yes, budget, 0).what == next_step::done);
}

TEST_CASE("jitter is added to a hint, never subtracted") {
  retry_config<tick> config;
  config.hint = hint_rule::exact_then_reset;
  config.hint_jitter = 500;
  bool spread = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    retry_budget<tick> rich{budget_config};
    retry<tick> c{config, backoff<tick>{waits_config, device_seed::for_test(seed)}, 1'000'000};
    const auto d = c.on_result({outcome::throttled, 2000}, repeatable::yes, rich, 0);
    REQUIRE(d.at >= 2000);
    REQUIRE(d.at < 2500);
    spread = spread || d.at > 2250;
  }
  CHECK(spread);
}

TEST_CASE("with a fifth of the first attempts as budget, an outage costs at most a fifth more, plus the reserve") {
  const retry_budget_config<tick> config{};
  retry_budget<tick> budget{config};
  int retries = 0;
  tick now = 0;
  for (int i = 0; i < 60'000; ++i, ++now) {  // a thousand first attempts a second for a minute, each of which wants to be retried
    budget.deposit(now);
    retries += budget.try_withdraw(now) ? 1 : 0;
  }
  // 20 % of 60 000, the reserve of a second per second, and one memory of it in hand.
  CHECK(retries <= 12'000 + 2 * 60 + 2 * 10);
  CHECK(retries >= 12'000);
}

TEST_CASE("a budget whose clock steps back still grants its reserve later") {
  retry_budget<tick> budget{budget_config};
  while (budget.try_withdraw(1'000'000)) {
  }
  CHECK_FALSE(budget.try_withdraw(500'000));
  CHECK(budget.try_withdraw(511'000));
}
constexpr backoff_config<std::uint32_t> fixed_waits{};
constexpr retry_config<std::uint32_t> fixed_rules{.attempts = 6};
constexpr retry_budget_config<std::uint32_t> fixed_budget{};
static_assert(sizeof(backoff<std::uint32_t, &fixed_waits>) <= 16);
static_assert(sizeof(retry_budget<std::uint32_t, &fixed_budget>) <= 12);

TEST_CASE("configs that are known while compiling decide as shared ones do") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const backoff<std::uint32_t> waits{fixed_waits, device_seed::for_test(seed)};
    const backoff<std::uint32_t, &fixed_waits> own_waits{device_seed::for_test(seed)};
    retry<std::uint32_t> shared{fixed_rules, waits, 500'000};
    retry<std::uint32_t, &fixed_rules, backoff<std::uint32_t, &fixed_waits>> own{own_waits, 500'000};
    retry_budget<std::uint32_t> shared_budget{fixed_budget};
    retry_budget<std::uint32_t, &fixed_budget> own_budget;
    std::uint32_t now = 100;
    for (int i = 0; i < 8; ++i) {
      const auto answer =
          reply<std::uint32_t>{i % 3 == 2 ? outcome::throttled : outcome::transient, i == 4 ? 7000 : no_hint<std::uint32_t>};
      const auto a = shared.on_result(answer, repeatable::yes, shared_budget, now);
      const auto b = own.on_result(answer, repeatable::yes, own_budget, now);
      REQUIRE(a.what == b.what);
      REQUIRE(a.at == b.at);
      REQUIRE(a.why == b.why);
      now = a.what == next_step::wait ? a.at : now + 1000;
    }
    REQUIRE(shared.attempt() > 3);
  }
}
}  // namespace
