// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/stats/adwin.hpp>
#include <skerry/stats/cusum.hpp>
#include <skerry/stats/drift_event.hpp>
#include <skerry/stats/ks.hpp>
#include <skerry/stats/kswin.hpp>
#include <skerry/stats/page_hinkley.hpp>
#include <skerry/stats/psi.hpp>
