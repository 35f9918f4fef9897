// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// expect: courier: batch_items above 1 need a hook with pack(items, writer)
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>

using namespace skerry::delivery;

#ifdef SKERRY_CONTROL
using node = courier<std::uint32_t, memory_store<4096>, courier_limits{{}, 1, 2, 8, 512}, plain_batch>;
#else
using node = courier<std::uint32_t, memory_store<4096>, courier_limits{{}, 1, 2, 8, 512}>;
#endif

int main() { return sizeof(node) > 0 ? 0 : 1; }
