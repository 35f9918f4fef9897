// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/actor.hpp>
#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/digest.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/dot_context.hpp>
#include <skerry/state/dvv_set.hpp>
#include <skerry/state/explain.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hash_tree.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/limits.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/op_ledger.hpp>
#include <skerry/state/op_queue.hpp>
#include <skerry/state/owned_merge.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/riblt.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/sets.hpp>
#include <skerry/state/stability.hpp>
#include <skerry/state/standalone.hpp>
#include <skerry/state/strategy.hpp>
#include <skerry/state/twin_bridge.hpp>
#include <skerry/state/version_vector.hpp>
