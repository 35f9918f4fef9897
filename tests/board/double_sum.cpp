// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/arm_double_sum.hpp>
