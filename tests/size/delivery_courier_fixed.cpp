// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The same node as delivery_courier_flash, with a config that is known while compiling.
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/flash_ring.hpp>

namespace delivery = skerry::delivery;
using tick = std::uint32_t;

constexpr delivery::courier_config<tick> config{.box = {.quota_bytes = 4096, .quota_items = 16}, .endpoints = 2};
constexpr delivery::courier_limits limits{delivery::outbox_limits{2, 16, 256}, 2, 2};
constexpr const delivery::courier_config<tick>* in_type = &config;

#include "courier_node.hpp"
