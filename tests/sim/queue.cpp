// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of operations that wait for a server.
#include "sim/queue_world.hpp"

namespace skerry_sim {

side_outcome explore_queues(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<queue_world>(first, histories, stop);
}

}  // namespace skerry_sim
