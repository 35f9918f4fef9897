// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// What gives way when a queue of operations is full.
enum class when_full : std::uint8_t {
  drop_newest,
  drop_oldest,                       ///< the oldest of the least important that were not sent
  coalesce_by_key_then_drop_oldest,  ///< a write takes the place of one of the same key that was not sent, full or not
};

struct op_queue_config {
  std::uint64_t origin = 0;  ///< who queues: with epoch and number the name of an operation
  when_full policy = when_full::drop_newest;
  std::size_t capacity = SIZE_MAX;  ///< at most `Limits::operations` in any case
  std::uint16_t stream = 0;         ///< of the records in the store
};

/// Everything that did not go the straight way.
struct op_queue_counters {
  std::uint64_t enqueued = 0;
  std::uint64_t dropped = 0;    ///< by the policy, the refused newest among them
  std::uint64_t coalesced = 0;  ///< overwritten before they were sent
  std::uint64_t expired = 0;
  std::uint64_t acked = 0;
  std::uint64_t gaps = 0;         ///< that could not be filled
  std::uint64_t future_acks = 0;  ///< refused
  std::uint64_t damaged = 0;      ///< records that `open` could not read
};

}  // namespace skerry::inline v0::state
