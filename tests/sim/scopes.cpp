// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of nodes that carry some of the scopes.
#include "sim/scope_world.hpp"

namespace skerry_sim {

side_outcome explore_scopes(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<scope_world>(first, histories, stop);
}

}  // namespace skerry_sim
