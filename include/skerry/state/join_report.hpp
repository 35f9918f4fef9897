// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// What ran out when a join was answered `full`. `events`: those covered must be countable in 64 bits.
enum class resource : std::uint8_t { none, actors, ranges, keys, records, bytes, events };

/// What a join did, or why it did nothing.
struct join_report {
  std::size_t added = 0;      ///< records that are new here
  std::size_t seen = 0;       ///< records that were known already, live or dead
  std::size_t removed = 0;    ///< records that died
  std::size_t conflicts = 0;  ///< events that came with another content than they have here: somebody is cloned
  bool own_conflict = false;  ///< one of them is an event of `watched`
  bool own_greater = false;   ///< and the content here is the greater one
  resource lacking = resource::none;
};

}  // namespace skerry::inline v0::state
