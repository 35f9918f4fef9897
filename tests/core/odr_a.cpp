// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core.hpp>
#include <skerry/core/spsc_ring.hpp>

#include <catch2/catch_test_macros.hpp>

const void* panic_handler_of_b();
const void* crc_table_of_b();

TEST_CASE("two translation units with all of core link, and share its variables") {
  CHECK(panic_handler_of_b() == &skerry::detail::current_panic_handler);
  CHECK(crc_table_of_b() == &skerry::detail::crc32c_remainders<1>);
}
