// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/accept_throttle.hpp>
#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/batch.hpp>
#include <skerry/delivery/bulkhead.hpp>
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/courier_action.hpp>
#include <skerry/delivery/dedupe.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/drive_blocking.hpp>
#include <skerry/delivery/drive_coro.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/endpoint_policy.hpp>
#include <skerry/delivery/failover.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/health.hpp>
#include <skerry/delivery/hedge.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/outbox_config.hpp>
#include <skerry/delivery/outcome.hpp>
#include <skerry/delivery/presets.hpp>
#include <skerry/delivery/rate_limiter.hpp>
#include <skerry/delivery/record.hpp>
#include <skerry/delivery/retry.hpp>
#include <skerry/delivery/retry_budget.hpp>
#include <skerry/delivery/route.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/delivery/transport.hpp>
