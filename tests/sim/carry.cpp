// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of knowledge that outlives crashes and is carried in pieces.
#include "sim/carry_world.hpp"

namespace skerry_sim {

side_outcome explore_carry(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<carry_world>(first, histories, stop);
}

}  // namespace skerry_sim
