// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/circuit_breaker.hpp>

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <vector>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const breaker_config<tick> quick{.min_calls = 1, .lease = 1000};

tick open_it(circuit_breaker<tick>& breaker, tick now) {
  breaker.record(breaker.acquire(now).value(), outcome::transient, 1, now);
  return now;
}

TEST_CASE("a trial that nobody answers does not wedge a half-open breaker") {
  // resilience4j #935, #2028: a permit that never came back held the state for ever.
  circuit_breaker<tick> breaker{quick};
  open_it(breaker, 0);
  REQUIRE(breaker.acquire(5000));
  CHECK_FALSE(breaker.acquire(5001));
  CHECK(breaker.next_deadline() == skerry::deadline<tick>{6000});
  CHECK(breaker.state(5999) == breaker_state::half_open);
  CHECK(breaker.state(6000) == breaker_state::open);
  CHECK_FALSE(breaker.acquire(15'999));
  CHECK(breaker.acquire(16'000));  // the second wait is doubled
}

TEST_CASE("two calls at the moment of the first trial do not both pass") {
  circuit_breaker<tick> breaker{quick};  // resilience4j #1432
  open_it(breaker, 0);
  int passed = 0;
  for (int i = 0; i < 10; ++i) {
    passed += breaker.acquire(5000) ? 1 : 0;
  }
  CHECK(passed == 1);
}

TEST_CASE("a late success of an older state closes nothing") {
  circuit_breaker<tick> breaker{quick};
  const permit old = breaker.acquire(0).value();
  open_it(breaker, 1);
  breaker.record(old, outcome::ok, 1, 2);
  CHECK(breaker.state(2) == breaker_state::open);
  const permit trial = breaker.acquire(6000).value();
  breaker.record(old, outcome::ok, 1, 6001);
  CHECK(breaker.state(6001) == breaker_state::half_open);
  breaker.record(trial, outcome::ok, 1, 6002);
  CHECK(breaker.state(6002) == breaker_state::closed);
  breaker.record(trial, outcome::transient, 1, 6003);
  CHECK(breaker.state(6003) == breaker_state::closed);
}

TEST_CASE("a wait of years behind a 32-bit tick that wraps still ends") {
  circuit_breaker<tick> breaker{quick};
  tick now = 0xffff'f000;
  for (int i = 0; i < 200; ++i) {
    open_it(breaker, now);
    tick waited = 0;
    while (!breaker.ready(now)) {
      now += 1000;
      waited += 1000;
      REQUIRE(waited <= 301'000);
    }
    now += 40'000'000;
    const permit trial = breaker.acquire(now).value();
    breaker.record(trial, outcome::ok, 1, now);
    REQUIRE(breaker.state(now) == breaker_state::closed);
  }
}

TEST_CASE("a refusal for good is an answer: the peer is alive") {
  circuit_breaker<tick> breaker{quick};
  for (tick now = 0; now < 100; ++now) {
    breaker.record(breaker.acquire(now).value(), outcome::permanent, 1, now);
  }
  CHECK(breaker.state(100) == breaker_state::closed);
}

TEST_CASE("a window judged in constant time agrees with one that counts its results each time") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    breaker_config<tick> config;
    config.calls = static_cast<std::uint16_t>(1 + random() % 20);
    config.min_calls = static_cast<std::uint16_t>(1 + random() % 25);
    config.failure_percent = static_cast<std::uint8_t>(1 + random() % 100);
    config.slow_percent = static_cast<std::uint8_t>(1 + random() % 100);
    config.slow_after = 50;
    circuit_breaker<tick> breaker{config};
    std::deque<std::pair<bool, bool>> results;
    for (tick now = 0; now < 3000; ++now) {
      const bool failed = random() % 100 < 30;
      const auto took = static_cast<std::int32_t>(random() % 80);
      breaker.record(breaker.acquire(now).value(), failed ? outcome::transient : outcome::ok, took, now);
      results.emplace_back(failed, took > 50);
      if (results.size() > config.calls) {
        results.pop_front();
      }
      std::size_t failures = 0;
      std::size_t slows = 0;
      for (const auto& [f, s] : results) {
        failures += f ? 1 : 0;
        slows += s ? 1 : 0;
      }
      const std::size_t needed = std::min<std::size_t>(config.min_calls, config.calls);
      const bool bad = failures * 100 >= config.failure_percent * results.size() || slows * 100 >= config.slow_percent * results.size();
      const bool opens = results.size() >= needed && bad;
      REQUIRE((breaker.state(now) == breaker_state::open) == opens);
      if (opens) {
        break;
      }
    }
  }
}

TEST_CASE("a clock that steps back a day neither closes the way nor opens it early") {
  circuit_breaker<tick> breaker{quick};
  open_it(breaker, 100'000'000);
  const tick back = 100'000'000 - 86'400'000;
  CHECK_FALSE(breaker.acquire(back));
  CHECK_FALSE(breaker.acquire(back + 4999));
  CHECK(breaker.acquire(back + 5000));
}
}  // namespace
