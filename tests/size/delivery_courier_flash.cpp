// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A whole node: courier over a ring on flash, two streams, 16 items of at most 256 bytes, two endpoints, two attempts under way.
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/flash_ring.hpp>

namespace delivery = skerry::delivery;
using tick = std::uint32_t;

const delivery::courier_config<tick> config{.box = {.quota_bytes = 4096, .quota_items = 16}, .endpoints = 2};
constexpr delivery::courier_limits limits{delivery::outbox_limits{2, 16, 256}, 2, 2};
constexpr const delivery::courier_config<tick>* in_type = nullptr;

#include "courier_node.hpp"
