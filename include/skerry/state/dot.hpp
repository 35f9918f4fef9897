// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/actor.hpp>

#include <compare>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// The name of one event: the n-th of an actor, n = 1, 2, …
struct dot {
  std::uint64_t n = 0;
  actor_ref who = no_actor;
  friend constexpr auto operator<=>(const dot&, const dot&) noexcept = default;
};

/// A gapless run of one actor's events, both ends included.
struct dot_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  actor_ref who = no_actor;
  friend constexpr bool operator==(const dot_range&, const dot_range&) noexcept = default;
};

/// How the actor numbers of one replica translate into those of another. An empty table leaves them as they are.
class actor_map {
 public:
  constexpr actor_map() noexcept = default;
  constexpr explicit actor_map(std::span<const actor_ref> table) noexcept : table_{table} {}
  [[nodiscard]] constexpr actor_ref operator()(actor_ref theirs) const noexcept {
    return table_.empty() ? theirs : (theirs < table_.size() ? table_[theirs] : no_actor);
  }

 private:
  std::span<const actor_ref> table_{};
};

inline constexpr actor_map same_actors{};

}  // namespace skerry::inline v0::state
