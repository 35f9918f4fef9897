// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/backoff.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

constexpr backoff_config<tick> defaults{};
static_assert(backoff<tick>{defaults, device_seed::for_test(1)}.nominal(0) == 1000);
static_assert(backoff<tick>{defaults, device_seed::for_test(1)}.nominal(5) == 32'000);
static_assert(backoff<tick>{defaults, device_seed::for_test(1)}.nominal(6) == 60'000);

TEST_CASE("the longest wait, jittered by as much, is not the shortest") {
  // The sum of both did not fit into 64 bits, and what was left of it was less than the half width.
  using ticks = std::uint64_t;
  static const backoff_config<ticks> longest{
      .shape = backoff_shape::constant,
      .base = no_cap<ticks>,
      .cap = no_cap<ticks>,
      .floor = 0,
      .jitter = {.kind = jitter_kind::absolute, .amount = no_cap<ticks>},
  };
  backoff<ticks> waits{longest, device_seed::for_test(1)};
  CHECK(waits.next(0xffff'ffff) == no_cap<ticks>);
  CHECK(waits.next(0x8000'0000) == no_cap<ticks>);
  CHECK(waits.next(0) == 0);
}

TEST_CASE("the default reconnect policy never waits longer than a minute nor shorter than 50 ms") {
  backoff<tick> waits{defaults, device_seed::for_test(7)};
  for (int i = 0; i < 20'000; ++i) {
    const auto wait = waits.next();
    REQUIRE(wait >= 50);
    REQUIRE(wait < 60'000);
  }
}

TEST_CASE("two devices that boot at the same time draw different waits, one device draws the same ones again") {
  const std::array a{std::byte{1}};
  const std::array b{std::byte{2}};
  backoff<tick> one{defaults, device_seed{a, 4}};
  backoff<tick> again{defaults, device_seed{a, 4}};
  backoff<tick> other{defaults, device_seed{b, 4}};
  backoff<tick> next_boot{defaults, device_seed{a, 5}};
  int same_as_other = 0;
  int same_as_next_boot = 0;
  for (int i = 0; i < 50; ++i) {
    const auto wait = one.next();
    CHECK(wait == again.next());
    same_as_other += wait == other.next() ? 1 : 0;
    same_as_next_boot += wait == next_boot.next() ? 1 : 0;
  }
  CHECK(same_as_other < 5);
  CHECK(same_as_next_boot < 5);
}

TEST_CASE("the first contact of a fleet can be spread over a width") {
  std::int32_t least = 1'000'000;
  std::int32_t most = 0;
  for (std::uint64_t device = 0; device < 2000; ++device) {
    backoff<tick> waits{defaults, device_seed::for_test(device)};
    const auto first = waits.initial_spread(25'000);
    least = std::min(least, first);
    most = std::max(most, first);
    CHECK(first < 25'000);
  }
  CHECK(least < 500);
  CHECK(most > 24'500);
}

TEST_CASE("after a reset the first wait comes again, with fresh numbers") {
  backoff_config<tick> plain = defaults;
  plain.jitter.kind = jitter_kind::none;
  backoff<tick> waits{plain, device_seed::for_test(1)};
  CHECK(waits.next() == 1000);
  CHECK(waits.next() == 2000);
  waits.reset();
  CHECK(waits.next() == 1000);
  CHECK(waits.next_for(3) == 8000);
  CHECK(waits.next() == 16'000);
}

TEST_CASE("an uncapped chain of a 16-bit tick saturates at half the range instead of wrapping") {
  backoff_config<std::uint16_t> config;
  config.base = 100;
  config.cap = no_cap<std::uint16_t>;
  config.floor = 0;
  for (const auto shape : {backoff_shape::linear, backoff_shape::exponential, backoff_shape::fibonacci}) {
    config.shape = shape;
    config.step = 77;
    backoff<std::uint16_t> waits{config, device_seed::for_test(1)};
    std::int16_t previous = 0;
    for (std::uint32_t i = 0; i < 5000; ++i) {
      const auto now = waits.nominal(i);
      REQUIRE(now >= previous);
      previous = now;
    }
    CHECK(waits.nominal(0xffff'ffff) == 32'767);
  }
}

TEST_CASE("proportional jitter may pass the cap, as it says") {
  backoff_config<tick> config = defaults;
  config.jitter = {jitter_kind::proportional, {1, 2}, {3, 2}, 0};
  backoff<tick> waits{config, device_seed::for_test(1)};
  CHECK(waits.next(0) == 500);
  (void)waits.next_for(20);
  CHECK(waits.next(0xffff'ffff) > 89'000);
}

TEST_CASE("decorrelated waits stay between the base and the cap whatever was drawn before") {
  backoff_config<tick> config = defaults;
  config.jitter.kind = jitter_kind::decorrelated;
  backoff<tick> waits{config, device_seed::for_test(3)};
  for (int i = 0; i < 10'000; ++i) {
    const auto wait = waits.next();
    REQUIRE(wait >= 1000);
    REQUIRE(wait <= 60'000);
  }
}

TEST_CASE("smoothed waits go on at the longest distance instead of stopping when the curve leaves the range") {
  backoff_config<tick> config = defaults;
  config.cap = no_cap<tick>;
  config.jitter.kind = jitter_kind::smoothed;
  backoff<tick> waits{config, device_seed::for_test(3)};
  std::int32_t last = 0;
  for (int i = 0; i < 200; ++i) {
    last = waits.next();
    REQUIRE(last >= 50);
  }
  CHECK(last == no_cap<tick>);
}
}  // namespace
