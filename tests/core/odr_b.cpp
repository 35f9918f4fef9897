// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core.hpp>
#include <skerry/core/spsc_ring.hpp>

const void* panic_handler_of_b();
const void* panic_handler_of_b() { return &skerry::detail::current_panic_handler; }
const void* crc_table_of_b();
const void* crc_table_of_b() { return &skerry::detail::crc32c_remainders<1>; }
