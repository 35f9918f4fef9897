// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of a gateway that loses its power before it has stored what it heard.
#include "sim/disk_world.hpp"

namespace skerry_sim {

side_outcome explore_disks(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<disk_world>(first, histories, stop);
}

}  // namespace skerry_sim
