// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/endpoint_policy.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <type_traits>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

static_assert(sizeof(endpoint_policy<tick>) <= 64);
static_assert(std::is_trivially_copyable_v<endpoint_policy<tick>>);
static_assert(!std::is_constructible_v<endpoint_policy<tick>, policy_config<tick>, device_seed>);

TEST_CASE("policies side by side answer as three objects do, whatever happens") {
  std::uint64_t opened = 0, denied = 0;
  for (std::uint64_t seed = 1; seed <= 90; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed, 5};
    policy_config<tick> config;
    config.backoff.jitter.kind = seed % 2 == 0 ? jitter_kind::full : jitter_kind::decorrelated;
    config.breaker.permitted = static_cast<std::uint16_t>(1 + random() % 3);
    config.breaker.calls = static_cast<std::uint16_t>(random() % 21);
    config.breaker.slow_after = 40;
    config.budget.kind = static_cast<budget_kind>(seed % 3);
    config.budget.capacity = 40;
    endpoint_policy<tick> one{config, device_seed::for_test(seed)};
    backoff<tick> waits{config.backoff, device_seed::for_test(seed)};
    circuit_breaker<tick> breaker{config.breaker};
    retry_budget<tick> budget{config.budget};
    tick now = 0xfff0'0000;
    const auto health = random() % 4;
    for (int i = 0; i < 400; ++i) {
      now += random() % 400;
      const auto a = one.acquire(now);
      const auto b = breaker.acquire(now);
      REQUIRE(static_cast<bool>(a) == static_cast<bool>(b));
      if (!a) {
        ++opened;
        if (random() % 20 == 0) {
          one.expect_recovery(now);
          breaker.expect_recovery(now);
        }
        continue;
      }
      REQUIRE(a.value().generation == b.value().generation);
      const bool again = random() % 3 == 0;
      if (again) {
        const bool granted = one.try_withdraw(now, outcome::unknown);
        REQUIRE(granted == budget.try_withdraw(now, outcome::unknown));
        denied += granted ? 0 : 1;
        REQUIRE(one.next_wait() == waits.next());
      } else {
        one.deposit(now);
        budget.deposit(now);
      }
      if (random() % 10 == 0) {
        one.release(a.value(), now);
        breaker.release(b.value(), now);
        continue;
      }
      const outcome what = random() % 4 > health ? static_cast<outcome>(random() % 6) : outcome::ok;
      const auto took = static_cast<std::int32_t>(random() % 60);
      one.record(a.value(), what, took, now, again ? outcome::unknown : outcome::ok);
      breaker.record(b.value(), what, took, now);
      budget.record(what, again ? outcome::unknown : outcome::ok);
      if (what == outcome::ok) {
        waits.reset();
      }
      REQUIRE(one.state(now) == breaker.state(now));
      REQUIRE(one.next_deadline() == breaker.next_deadline());
      REQUIRE(one.retries() == waits.retries());
    }
  }
  CHECK(opened > 100);
  CHECK(denied > 100);
}

}  // namespace
