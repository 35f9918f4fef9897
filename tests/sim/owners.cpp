// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of paths that not everybody may write.
#include "sim/owner_world.hpp"

namespace skerry_sim {

side_outcome explore_owners(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<owner_world>(first, histories, stop);
}

}  // namespace skerry_sim
