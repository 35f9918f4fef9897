// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: outbox: limits of at least one, items below 65535
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>

using namespace skerry::delivery;

#ifdef SKERRY_CONTROL
using box = outbox<std::uint32_t, memory_store<4096>, outbox_limits{1, 4, 32}>;
#else
using box = outbox<std::uint32_t, memory_store<4096>, outbox_limits{0, 4, 32}>;
#endif

int main() { return sizeof(box) > 0 ? 0 : 1; }
