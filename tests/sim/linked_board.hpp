// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/planted.hpp"

#include <skerry/testing/replica_board.hpp>

#include <span>

namespace skerry_sim {

namespace state = skerry::state;

/// A board that talks through links, and what less care would make of it.
template <typename Replica>
class linked_board : public skerry::testing::replica_board<Replica> {};

}  // namespace skerry_sim
