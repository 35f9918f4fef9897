// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/actor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// What ran out when a join was answered `full`. `events`: those covered must be countable in 64 bits; `members`: lives in the roster.
enum class resource : std::uint8_t { none, actors, ranges, keys, records, bytes, events, members };

/// A delta that names keys of which it lists all records that its sender has. What is live under such a key here, is not listed, and
/// has been seen by the sender is dead there: so it dies here, and the sender need not name it.
///
/// `for_each_scope(f)` calls `f(slot, who)`: `who` is the only actor meant, or `no_actor` for all that `seen` knows; `seen(who)` is up
/// to which event of an actor of this store the sender has seen all; `for_each_kept(f)` calls `f(dot)` for records that are alive
/// there but not repeated in the delta; `repairs()` says that the sender wants to hear which of the records listed are dead here.
template <typename Delta>
concept scoped_delta = requires(const Delta& d) {
  { d.seen(actor_ref{}) } -> std::same_as<std::uint64_t>;
  { d.repairs() } -> std::same_as<bool>;
};

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
