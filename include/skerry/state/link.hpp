// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// A link of one replica, as `connect` names it.
enum class link_id : std::uint16_t {};

/// How a link is used. The other side may use it otherwise.
struct link_options {
  /// No frame is longer than this; 0: as long as the room that `poll` is given. At least the replica's `least_mtu`.
  std::size_t mtu = 0;
  /// How many bytes may be sent from `connect` to `disconnect`; 0: any number. What does not fit waits for the next contact.
  std::uint64_t contact_bytes = 0;
  /// After how long an unanswered frame is sent again, in milliseconds; it doubles up to 64 times as long.
  std::uint32_t retry_ms = 1000;
  /// Whether frames carry a CRC-32C. Without it two bytes of it tell the contact that a frame belongs to, and find most errors: enough
  /// on links that have a checksum of their own, as nearly all have.
  bool checksum = false;

  /// What hellos and digests need; the keys and values of a replica need more: see its own `least_mtu`.
  static constexpr std::size_t least_mtu = 160;
};

/// What a link has to send.
enum class link_plan : std::uint8_t {
  nothing,   ///< the peer has acknowledged everything
  interval,  ///< what changed since its last acknowledgement
  exchange,  ///< that lies before what the log remembers: contexts are compared
  refuse,    ///< it acknowledges what was never sent
};

/// acked          the peer has everything up to this change
/// arrivals       number of the last change
/// remembers      the log remembers every change after this one; `arrivals` when it is lost
[[nodiscard]] constexpr link_plan plan_link(std::uint64_t acked, std::uint64_t arrivals, std::uint64_t remembers) noexcept {
  if (acked > arrivals) {
    return link_plan::refuse;
  }
  return acked == arrivals ? link_plan::nothing : (acked >= remembers ? link_plan::interval : link_plan::exchange);
}

}  // namespace skerry::inline v0::state
