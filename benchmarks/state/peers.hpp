// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "workloads.hpp"

#include <cstddef>
#include <span>

/// The other libraries, each in a file of its own, since their headers define global names. A round answers nanoseconds per operation.
namespace state_bench {

// crdt-lite: structures are merged; nothing is encoded, no context is kept.
double lite_joins(std::span<const overwrite> all, std::size_t keys, bool twice);
double lite_writes(std::span<const overwrite> all, std::size_t keys);

// delta-enabled-crdts: a map of multi-value registers with one context, the first `most` joins; and a plain map of timestamped
// registers, its fastest form, which knows no removal.
double delta_map_joins(std::span<const overwrite> all, std::size_t keys, std::size_t most);
double delta_plain_map_joins(std::span<const overwrite> all, std::size_t keys, std::size_t most);
double delta_set_joins(std::span<const std::uint32_t> all, std::size_t elements);
double delta_set_local(std::span<const std::uint32_t> all, std::size_t elements);

}  // namespace state_bench
