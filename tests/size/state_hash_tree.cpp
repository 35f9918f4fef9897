// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/hash_tree.hpp>

using state = skerry::state::hash_tree<20, 4>;

#include "measured_digest.hpp"
