// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of fleets whose members come and go.
#include "sim/member_world.hpp"

namespace skerry_sim {

side_outcome explore_members(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<member_world>(first, histories, stop);
}

}  // namespace skerry_sim
