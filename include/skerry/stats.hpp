// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/cholesky.hpp>
#include <skerry/stats/covariance.hpp>
#include <skerry/stats/drift.hpp>
#include <skerry/stats/ewma.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/theta.hpp>
#include <skerry/stats/weighted_moments.hpp>
#include <skerry/stats/weights.hpp>
#include <skerry/stats/windowed.hpp>
