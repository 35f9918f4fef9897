// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/blocked.hpp>
#include <skerry/stats/cholesky.hpp>
#include <skerry/stats/covariance.hpp>
#include <skerry/stats/drift.hpp>
#include <skerry/stats/ewma.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/grouped.hpp>
#include <skerry/stats/histogram.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/nan_policy.hpp>
#include <skerry/stats/p2.hpp>
#include <skerry/stats/reservoir.hpp>
#include <skerry/stats/series.hpp>
#include <skerry/stats/tdigest.hpp>
#include <skerry/stats/theta.hpp>
#include <skerry/stats/weighted_moments.hpp>
#include <skerry/stats/weights.hpp>
#include <skerry/stats/windowed.hpp>
