// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/transport.hpp>

namespace skerry::inline v0::delivery {

/// One turn of a super-loop: does all that the courier asks for now, and answers when to come back at the latest.
///
/// Input   a courier, the transport it sends through, `now`; `told(action)` hears of `completed` and `dead_letter`
/// Cost    until the courier is idle: bounded by its flights and streams
///
/// The store is synced here, in the loop. Where a sync takes long, write this loop with the sync on another thread and
/// `on_synced` back on this one.
template <typename Courier, transport Link, instant Time, typename Told>
deadline<Time> drive_tick(Courier& courier, Link& link, Time now, Told&& told) {
  for (;;) {
    const action<Time> a = courier.poll(now);
    switch (a.kind) {
      case action_kind::idle: return courier.next_deadline();
      case action_kind::send:
      case action_kind::probe:
        if (!link.start(a.endpoint, a.token, a.item, a.info())) {
          courier.on_result(a.token, reply<Time>{outcome::transient, no_hint<Time>}, now);
        }
        break;
      case action_kind::abandon: link.abandon(a.token); break;
      case action_kind::sync: courier.on_synced(a.sync, courier.store().sync(), now); break;
      case action_kind::completed:
      case action_kind::dead_letter: told(a); break;
    }
  }
}

template <typename Courier, transport Link, instant Time>
deadline<Time> drive_tick(Courier& courier, Link& link, Time now) {
  return drive_tick(courier, link, now, [](const action<Time>&) noexcept {});
}

}  // namespace skerry::inline v0::delivery
