// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/rate_limiter.hpp>

#include "core/dies.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <limits>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

static_assert(sizeof(rate_limiter<tick>) <= 8 + sizeof(void*));

TEST_CASE("one token a minute is one token a minute, however often the bucket is looked at") {
  const rate_config config{{1, 60}, 2};  // with room for one alone, what comes between its return and the next look is lost
  rate_limiter<tick> limiter{config};
  REQUIRE(limiter.try_acquire(0, 2));
  tick now = 0;
  int taken = 0;
  for (int i = 0; i < 600'000; ++i) {
    now += 7;  // 7 ms do not divide a minute
    taken += limiter.try_acquire(now) ? 1 : 0;
  }
  CHECK(taken == 4'200'000 / 60'000);
}

TEST_CASE("any stretch of time brings at most its rate and one burst") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    const rate_config config{{1 + static_cast<std::uint32_t>(random() % 50), 1 + static_cast<std::uint32_t>(random() % 20)},
                             1 + static_cast<std::uint32_t>(random() % 30)};
    auto now = static_cast<tick>(random());  // wraps in many of the runs
    rate_limiter<tick> limiter{config, now};
    std::uint64_t passed = 0;
    std::uint64_t taken = 0;
    for (int i = 0; i < 400; ++i) {
      const auto step = static_cast<tick>(random() % 3 == 0 ? random() % 5'000 : random() % 20);
      now += step;
      passed += step;
      const auto n = 1 + static_cast<std::uint32_t>(random() % 3);
      taken += limiter.try_acquire(now, n) ? n : 0;
      REQUIRE(taken * config.per_s.den * 1000 <= passed * config.per_s.num + std::uint64_t{config.burst} * config.per_s.den * 1000);
      // And not less than asked for when it is told how long to wait.
      if (n <= config.burst) {
        const auto wait = limiter.wait_for(now, n);
        REQUIRE(wait >= 0);
        rate_limiter<tick> then = limiter;
        REQUIRE(then.try_acquire(now + static_cast<tick>(wait), n));
        if (wait > 0) {
          rate_limiter<tick> early = limiter;
          REQUIRE_FALSE(early.try_acquire(now + static_cast<tick>(wait) - 1, n));
        }
      }
    }
  }
}

TEST_CASE("a clock that steps back brings nothing and takes nothing") {
  const rate_config config{{10, 1}, 5};
  rate_limiter<tick> limiter{config, 1'000'000};
  REQUIRE(limiter.try_acquire(1'000'000, 5));
  CHECK(limiter.available(1'000'100) == 1);
  CHECK(limiter.available(500'000) == 1);
  CHECK(limiter.available(500'100) == 2);
}

TEST_CASE("more than the burst is never granted, and the wait for it has no end") {
  const rate_config config{{10, 1}, 5};
  rate_limiter<tick> limiter{config};
  CHECK_FALSE(limiter.try_acquire(0, 6));
  CHECK(limiter.available(0) == 5);
  CHECK(limiter.wait_for(0, 6) == std::numeric_limits<std::int32_t>::max());
}

TEST_CASE("a clock that cannot count the parts of a token is refused instead of counting wrong") {
  // Minutes: a second is no whole unit, and a token had no parts to divide by. Microseconds in 32 bits: a token of 5000 s has 5e9 parts,
  // which were cut to 7e8.
  using minutes = std::chrono::time_point<std::chrono::steady_clock, std::chrono::minutes>;
  using micros = std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<std::int32_t, std::micro>>;
  static const rate_config slow{{1, 5000}, 1};
  static const rate_config minutely{{1, 60}, 1};
  CHECK(skerry_test::panics([] { (void)rate_limiter<minutes>{slow}.available({}); }));
  CHECK(skerry_test::panics([] { (void)rate_limiter<micros>{slow}.available({}); }));
  CHECK_FALSE(skerry_test::panics([] { (void)rate_limiter<micros>{minutely}.available({}); }));
}

TEST_CASE("nanoseconds count as well as milliseconds") {
  using time = std::chrono::steady_clock::time_point;
  const rate_config config{{3, 1}, 2};
  rate_limiter<time> limiter{config};
  REQUIRE(limiter.try_acquire(time{}, 2));
  CHECK(limiter.wait_for(time{}) == std::chrono::nanoseconds{333'333'334});
  CHECK_FALSE(limiter.try_acquire(time{std::chrono::nanoseconds{333'333'333}}));
  CHECK(limiter.try_acquire(time{std::chrono::nanoseconds{333'333'334}}));
}

}  // namespace
