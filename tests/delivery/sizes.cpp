// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery.hpp>

#include <catch2/catch_test_macros.hpp>

#include <type_traits>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

// The bars count a pointer to the shared config as what it is on the machine at hand: four bytes on a microcontroller, eight here.
constexpr std::size_t pointer = sizeof(void*);
static_assert(sizeof(backoff<tick>) <= 16 + pointer);
static_assert(sizeof(circuit_breaker<tick, 20>) <= 24 + pointer);
static_assert(sizeof(retry_budget<tick>) <= 12 + pointer);
static_assert(sizeof(endpoint_policy<tick>) <= 52 + pointer);
static_assert(sizeof(backoff<tick>) + sizeof(circuit_breaker<tick>) + sizeof(retry_budget<tick>) <= 52 + 3 * pointer);
static_assert(sizeof(rate_limiter<tick>) <= 8 + pointer);
static_assert(sizeof(bulkhead<tick, 8>) <= 8 * 8 + 16);
static_assert(sizeof(hedge<tick>) <= 12 + pointer + 12);
static_assert(sizeof(accept_throttle<tick>) <= 40);
static_assert(sizeof(dedupe_window<1, 64>) <= 24);
static_assert(sizeof(backoff<tick>) + sizeof(circuit_breaker<tick>) + sizeof(retry_budget<tick>) + sizeof(health<tick>) <= 96);

// Configs that are known while compiling take no room: the policies of one endpoint.
constexpr backoff_config<tick> fixed_waits{};
constexpr breaker_config<tick> fixed_breaker{};
constexpr retry_budget_config<tick> fixed_budget{};
static_assert(sizeof(backoff<tick, &fixed_waits>) + sizeof(circuit_breaker<tick, 20, breaker_window::count, &fixed_breaker>) +
                  sizeof(retry_budget<tick, &fixed_budget>) <=
              52);

constexpr outbox_limits small{8, 32, 256};
static_assert(sizeof(outbox<tick, memory_store<4096>, small>) <= 2560 + 2 * small.record_bytes);

// Nothing here owns anything: copies are bytes.
static_assert(std::is_trivially_copyable_v<backoff<tick>>);
static_assert(std::is_trivially_copyable_v<retry<tick>>);
static_assert(std::is_trivially_copyable_v<retry_budget<tick>>);
static_assert(std::is_trivially_copyable_v<circuit_breaker<tick>>);
static_assert(std::is_trivially_copyable_v<failover<tick, 3>>);
static_assert(std::is_trivially_copyable_v<dedupe_window<4, 64>>);
static_assert(std::is_trivially_copyable_v<memory_store<4096>>);
static_assert(std::is_trivially_copyable_v<courier<tick, memory_store<4096>>>);

static_assert(skerry::record_store<memory_store<4096>>);
static_assert(skerry::join_semilattice<dedupe_window<4, 64>>);
static_assert(skerry::counter_block<delivery_counters>);

// A seed is never a bare number, and a shared config is never a temporary.
static_assert(!std::is_constructible_v<device_seed, std::uint64_t>);
static_assert(!std::is_constructible_v<backoff<tick>, backoff_config<tick>, device_seed>);
static_assert(!std::is_constructible_v<circuit_breaker<tick>, breaker_config<tick>>);
static_assert(!std::is_default_constructible_v<backoff<tick>>);

TEST_CASE("counters name every count once and merge by adding") {
  delivery_counters a;
  std::uint64_t n = 0;
  a.for_each([&](std::string_view, std::uint64_t) { ++n; });
  CHECK(n * sizeof(std::uint64_t) == sizeof(delivery_counters));
  a.delivered = 3;
  a.dropped[2] = 1;
  delivery_counters b = a;
  b.merge(a);
  CHECK(b.delivered == 6);
  CHECK(b.dropped_for(drop_reason::dead_letter) == 2);
  b.merge(delivery_counters{});
  CHECK(b.delivered == 6);
}
}  // namespace
