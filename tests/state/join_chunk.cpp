// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/key_chunk.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skerry_test;
namespace state = skerry::state;
struct wider : roomy { static constexpr std::size_t links_max = 4; };
using node = state::replica<plant, wider>;
TEST_CASE("x") { node a = make<node>(1); CHECK(a.store().record_count() == 0);
  std::array<std::byte, 2000> b{}; skerry::byte_writer out{b}; state::context_cursor c; c.actors = 0;
  CHECK(state::write_context_part(out, a.store(), 1, c));
}
