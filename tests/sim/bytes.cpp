// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Bytes over links, against the ideal.
#include "sim/byte_world.hpp"

namespace skerry_sim {

side_outcome explore_bytes(std::uint64_t first, std::uint64_t histories, bool stop) {
  return explore_side<byte_world>(first, histories, stop);
}

}  // namespace skerry_sim
