// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The same with one endpoint, one stream, and without what `outbox_features`, `direct` and `guards` may leave out.
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/flash_ring.hpp>

namespace delivery = skerry::delivery;
using tick = std::uint32_t;

constexpr delivery::courier_config<tick> config{
    .box = {.quota_bytes = 4096,
            .quota_items = 16,
            .evict = delivery::eviction::reject,
            .features = {.keys = false, .expiry = false, .classes = false, .reclaim = false}},
    .endpoints = 1,
    .direct = false,
    .guards = false,
};
constexpr delivery::courier_limits limits{delivery::outbox_limits{1, 16, 256}, 1, 2};
constexpr const delivery::courier_config<tick>* in_type = &config;

#include "courier_node.hpp"
