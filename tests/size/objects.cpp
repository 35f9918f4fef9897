// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Bytes of single objects on a Cortex-M, as sizes of symbols. objects.txt has their ceilings.
#include <skerry/anomaly/isolation_forest.hpp>
#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/spsc_ring.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/dedupe.hpp>
#include <skerry/delivery/endpoint_policy.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/rate_limiter.hpp>
#include <skerry/delivery/retry.hpp>

namespace delivery = skerry::delivery;
namespace anomaly = skerry::anomaly;
using tick = std::uint32_t;

#define OBJECT(name, ...)                               \
  extern "C" {                                          \
  extern const char object_##name[sizeof(__VA_ARGS__)]; \
  const char object_##name[sizeof(__VA_ARGS__)]{1};     \
  }

OBJECT(backoff, delivery::backoff<tick>)
OBJECT(circuit_breaker_20, delivery::circuit_breaker<tick, 20>)
OBJECT(retry_budget, delivery::retry_budget<tick>)
OBJECT(rate_limiter, delivery::rate_limiter<tick>)
OBJECT(endpoint_policy, delivery::endpoint_policy<tick>)
OBJECT(dedupe_64_of_8_streams, delivery::dedupe_window<8, 64>)
OBJECT(outbox_8_streams_32_items, delivery::outbox<tick, delivery::memory_store<4096>, delivery::outbox_limits{8, 32, 256}>)
OBJECT(signal_watch, anomaly::signal_watch<>)
OBJECT(forest_50x128_u8, anomaly::isolation_forest<16, 50, 128, std::uint8_t, 50 * 96, anomaly::scores_only>)

int main() { return 0; }
