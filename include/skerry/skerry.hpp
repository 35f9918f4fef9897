// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// All modules but `testing`, which is for tests and uses the heap.
#include <skerry/anomaly.hpp>
#include <skerry/core.hpp>
#include <skerry/delivery.hpp>
#include <skerry/state.hpp>
#include <skerry/stats.hpp>
