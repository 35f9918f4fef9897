// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/riblt.hpp>

using state = skerry::state::riblt<64, 16>;

#include "measured_digest.hpp"
