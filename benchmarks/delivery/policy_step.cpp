// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// One step of the policies, and one live item through a courier on memory_store. Virtual time, no I/O, seed 1.
#include <skerry/delivery.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

const backoff_config<tick> waits_config{};
const breaker_config<tick> breaker_settings{};
const retry_budget_config<tick> budget_config{};

/// Breaker asked and told, budget fed; every 16th call fails, is paid for and draws a wait.
template <typename Waits, typename Breaker, typename Budget>
void step(benchmark::State& state, Waits waits, Breaker breaker, Budget budget) {
  tick now = 0;
  std::uint32_t n = 0;
  for (auto _ : state) {
    now += 7;
    budget.deposit(now);
    const auto leave = breaker.acquire(now);
    if ((++n & 15) == 0) {
      breaker.record(leave.value(), outcome::transient, 5, now);
      if (budget.try_withdraw(now)) {
        benchmark::DoNotOptimize(waits.next());
      }
    } else {
      breaker.record(leave.value(), outcome::ok, 5, now);
      waits.reset();
    }
  }
  state.counters["bytes"] = static_cast<double>(sizeof(waits) + sizeof(breaker) + sizeof(budget));
}
void policy_step(benchmark::State& state) {
  step(state, backoff<tick>{waits_config, device_seed::for_test(1)}, circuit_breaker<tick>{breaker_settings},
       retry_budget<tick>{budget_config});
}
BENCHMARK(policy_step);

/// The same side by side, over one pointer.
void policy_step_shared(benchmark::State& state) {
  static const policy_config<tick> config{};
  endpoint_policy<tick> policy{config, device_seed::for_test(1)};
  tick now = 0;
  std::uint32_t n = 0;
  for (auto _ : state) {
    now += 7;
    policy.deposit(now);
    const auto leave = policy.acquire(now);
    if ((++n & 15) == 0) {
      policy.record(leave.value(), outcome::transient, 5, now);
      if (policy.try_withdraw(now)) {
        benchmark::DoNotOptimize(policy.next_wait());
      }
    } else {
      policy.record(leave.value(), outcome::ok, 5, now);
    }
  }
  state.counters["bytes"] = static_cast<double>(sizeof(policy));
}
BENCHMARK(policy_step_shared);

/// The same, its configs known while compiling.
constexpr backoff_config<tick> fixed_waits{};
constexpr breaker_config<tick> fixed_breaker{};
constexpr retry_budget_config<tick> fixed_budget{};
void policy_step_fixed(benchmark::State& state) {
  step(state, backoff<tick, &fixed_waits>{device_seed::for_test(1)}, circuit_breaker<tick, 20, breaker_window::count, &fixed_breaker>{},
       retry_budget<tick, &fixed_budget>{});
}
BENCHMARK(policy_step_fixed);

/// The plain alternative: a doubling wait and a count of failures, with none of the promises.
void plain_step(benchmark::State& state) {
  std::uint32_t wait = 1000;
  std::uint32_t failures = 0;
  std::uint32_t n = 0;
  for (auto _ : state) {
    const bool failed = (++n & 15) == 0;
    failures = failed ? failures + 1 : 0;
    wait = failed ? (wait < 30'000 ? wait * 2 : 60'000) : 1000;
    benchmark::DoNotOptimize(wait);
    benchmark::DoNotOptimize(failures);
  }
  state.counters["bytes"] = 8;
}
BENCHMARK(plain_step);

using store_type = memory_store<65536>;
using courier_type = courier<tick, store_type, courier_limits{outbox_limits{8, 256, 256}, 3, 16}>;

courier_config<tick> config_of() {
  courier_config<tick> config{.box = {.quota_bytes = 32768, .quota_items = 200, .mode = durability::volatile_}};
  return config;
}

/// send, poll to the attempt, its answer, poll to the completion.
void courier_live_item(benchmark::State& state) {
  const courier_config<tick> config = config_of();
  const auto store = std::make_unique<store_type>();
  const auto opened = std::make_unique<skerry::result<courier_type>>(courier_type::open(*store, config, device_seed::for_test(1), {}));
  courier_type& it = opened->value();
  const std::byte payload[64]{};
  tick now = 0;
  for (auto _ : state) {
    ++now;
    (void)it.send(std::span<const std::byte>{payload}, {}, now);
    const auto a = it.poll(now);
    it.on_result(a.token, {outcome::ok, no_hint<tick>}, now);
    benchmark::DoNotOptimize(it.poll(now));
  }
  state.counters["bytes"] = static_cast<double>(sizeof(courier_type));
  state.counters["delivered"] = static_cast<double>(it.counters().delivered);
}
BENCHMARK(courier_live_item);

/// post, poll to the attempt, its answer: the same through the outbox.
void courier_stored_item(benchmark::State& state) {
  const courier_config<tick> config = config_of();
  const auto store = std::make_unique<store_type>();
  const auto opened = std::make_unique<skerry::result<courier_type>>(courier_type::open(*store, config, device_seed::for_test(1), {}));
  courier_type& it = opened->value();
  const std::byte payload[64]{};
  tick now = 0;
  for (auto _ : state) {
    ++now;
    (void)it.post(std::span<const std::byte>{payload}, {}, now);
    const auto a = it.poll(now);
    it.on_result(a.token, {outcome::ok, no_hint<tick>}, now);
  }
  state.counters["bytes"] = static_cast<double>(sizeof(courier_type) + sizeof(store_type));
  state.counters["delivered"] = static_cast<double>(it.counters().delivered);
}
BENCHMARK(courier_stored_item);
}  // namespace
