// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/presets.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {
using namespace skerry::delivery;
namespace presets = skerry::delivery::presets;
using tick = std::uint64_t;  // milliseconds

/// What its source says: waits before jitter in milliseconds, what is drawn at u = 0 and just below 1, retries (0: no limit).
struct expected {
  std::string_view name;
  const presets::policy<tick>* policy;
  std::vector<std::int64_t> nominal;
  double low;
  double high;
  int retries;
};

const std::array<expected, 14> all{{
    {"grpc_connect", &presets::grpc_connect<tick>, {1'000, 1'600, 2'560, 4'096}, 0.8, 1.2, 0},
    {"aws_standard_2_0", &presets::aws_standard_2_0<tick>, {1'000, 2'000, 4'000, 8'000, 16'000, 20'000}, 0, 1, 2},
    {"aws_standard_2_1", &presets::aws_standard_2_1<tick>, {50, 100, 200}, 0, 1, 2},
    {"aws_standard_2_1_throttled", &presets::aws_standard_2_1_throttled<tick>, {1'000, 2'000, 4'000}, 0, 1, 2},
    {"cenkalti", &presets::cenkalti<tick>, {500, 750, 1'125, 1'687, 2'530}, 0.5, 1.5, 0},
    {"polly_constant", &presets::polly_constant<tick>, {2'000, 2'000, 2'000}, 0.75, 1.25, 3},
    {"polly_linear", &presets::polly_linear<tick>, {2'000, 4'000, 6'000}, 0.75, 1.25, 3},
    {"resilience4j", &presets::resilience4j<tick>, {500, 500}, 1, 1, 2},
    {"resilience4j_exponential_random", &presets::resilience4j_exponential_random<tick>, {500, 750, 1'125, 1'687}, 0.5, 1.5, 2},
    {"backon", &presets::backon<tick>, {1'000, 2'000, 4'000}, 1, 2, 3},
    {"tower", &presets::tower<tick>, {50, 100, 200}, 0.01, 1.99, 0},
    {"kafka_producer", &presets::kafka_producer<tick>, {100, 200, 400, 800, 1'000, 1'000}, 0.8, 1.2, 0},
    {"freertos", &presets::freertos<tick>, {500, 1'000, 2'000, 4'000, 5'000}, 0, 1, 5},
    {"fluent_bit", &presets::fluent_bit<tick>, {10'000, 20'000, 40'000, 80'000}, -5'000, 1, 0},
}};

TEST_CASE("presets wait as their sources say") {
  for (const auto& p : all) {
    CAPTURE(p.name);
    backoff<tick> waits{p.policy->backoff, device_seed::for_test(1)};
    for (std::size_t i = 0; i < p.nominal.size(); ++i) {
      CAPTURE(i);
      CHECK(waits.nominal(static_cast<std::uint32_t>(i)) == p.nominal[i]);
      backoff<tick> lowest = waits;
      backoff<tick> highest = waits;
      const double low = p.low < 0 ? -p.low : p.low * static_cast<double>(p.nominal[i]);
      CHECK(std::abs(static_cast<double>(lowest.next(0)) - low) <= 1);
      CHECK(std::abs(static_cast<double>(highest.next(0xffff'ffff)) - p.high * static_cast<double>(p.nominal[i])) <
            2);  // cut, and below the end
      (void)waits.next();
    }
  }
}

TEST_CASE("presets grant the retries that their sources grant") {
  for (const auto& p : all) {
    CAPTURE(p.name);
    const retry_budget_config<tick> rich{.reserve_per_s = 1'000'000};
    retry_budget<tick> budget{rich};
    retry<tick> call{p.policy->retry, backoff<tick>{p.policy->backoff, device_seed::for_test(1)}, tick{1} << 62};
    int retries = 0;
    while (retries < 50 && call.on_result({outcome::transient}, repeatable::yes, budget, 0).what == next_step::wait) {
      ++retries;
    }
    CHECK(retries == (p.retries == 0 ? 50 : p.retries));
  }
}

TEST_CASE("the waits of polly_exponential are smoothed: three of them take as long together as the formula says") {
  backoff<tick> waits{presets::polly_exponential<tick>.backoff, device_seed::for_test(5)};
  double sum = 0;
  constexpr int rounds = 20'000;
  for (int i = 0; i < rounds; ++i) {
    waits.reset();
    for (int w = 0; w < 3; ++w) {
      sum += static_cast<double>(waits.next());
    }
  }
  // 2 s / 1.4 times the mean of 2^t tanh(sqrt(4 t)) over t in [2, 3)
  CHECK(std::abs(sum / rounds - 8'214) < 82);
  CHECK(presets::polly_exponential<tick>.retry.attempts == 4);
}

TEST_CASE("a pushback is the wait of grpc_retry, and at most five attempts are made") {
  constexpr auto policy = presets::grpc_retry<tick>(100, {2, 1}, 1'000, 9);
  const retry_budget_config<tick> rich{.reserve_per_s = 1'000};
  retry_budget<tick> budget{rich};
  retry<tick> call{policy.retry, backoff<tick>{policy.backoff, device_seed::for_test(1)}, tick{1} << 62};
  CHECK(call.on_result({outcome::throttled, 7'777}, repeatable::yes, budget, 0).at == 7'777);
  for (int i = 0; i < 3; ++i) {
    CHECK(call.on_result({outcome::transient}, repeatable::yes, budget, 0).what == next_step::wait);
  }
  CHECK(call.on_result({outcome::transient}, repeatable::yes, budget, 0).why == give_up_reason::attempts);
}

TEST_CASE("boost_mqtt5 goes half a second to either side") {
  backoff<tick> waits{presets::boost_mqtt5<tick>.backoff, device_seed::for_test(1)};
  for (const std::int64_t middle : {1'000, 2'000, 4'000, 8'000, 16'000, 16'000}) {
    backoff<tick> lowest = waits;
    CHECK(lowest.next(0) == middle - 500);
    CHECK(std::abs(waits.next(0xffff'ffff) - (middle + 500)) <= 1);
  }
}

TEST_CASE("budget and breaker presets are those of their sources") {
  retry_budget<tick> finagle{presets::finagle_budget<tick>};
  CHECK(finagle.balance(0) == 100 * 5);  // 10 a second for 10 s, in fifths
  retry_budget<tick> aws{presets::aws_standard_2_0_budget<tick>};
  int granted = 0;
  while (aws.try_withdraw(0, outcome::unknown)) {
    ++granted;
  }
  CHECK(granted == 50);
  retry_budget<tick> newer{presets::aws_standard_2_1_budget<tick>};
  for (granted = 0; newer.try_withdraw(0); ++granted) {
  }
  CHECK(granted == 35);

  circuit_breaker<tick, 100> r4j{presets::breaker_resilience4j<tick>};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(r4j.last_state() == breaker_state::closed);
    const auto p = r4j.acquire(0);
    REQUIRE(p);
    r4j.record(p.value(), i % 2 == 0 ? outcome::transient : outcome::ok, 1, 0);
  }
  CHECK(r4j.last_state() == breaker_state::open);
  CHECK(r4j.next_deadline().value() == 60'000);

  circuit_breaker<tick, 30, breaker_window::seconds> polly{presets::breaker_polly<tick>};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(polly.last_state() == breaker_state::closed);
    const auto p = polly.acquire(tick(i) * 100);
    polly.record(p.value(), i % 10 == 0 ? outcome::transient : outcome::ok, 1, tick(i) * 100);
  }
  CHECK(polly.last_state() == breaker_state::open);
}

}  // namespace
