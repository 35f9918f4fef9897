// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/failover.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outbox_config.hpp>
#include <skerry/delivery/retry_budget.hpp>
#include <skerry/delivery/transport.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery {

/// Capacity of a courier, as a template argument.
struct courier_limits {
  outbox_limits box{};
  std::uint8_t endpoints = 3;
  std::uint16_t flights = 16;     ///< attempts under way, direct sends included; each has a buffer of box.record_bytes
  std::uint16_t batch_items = 1;  ///< stored items in one message at most; more need a batch hook
  std::uint32_t batch_bytes = 0;  ///< with hooks: two buffers of this size, for what they read and write
};

template <instant Time>
struct courier_config {
  outbox_config box{};  ///< its quotas are mandatory
  std::uint8_t endpoints = 1;
  bool direct = true;  ///< `send` may try before it stores; false: all goes through the outbox, store_when::never is `unsupported`
  bool guards = true;  ///< a breaker and a budget for each endpoint; false: of the one endpoint that there is, waits alone hold it back
  backoff_config<Time> backoff{};
  breaker_config<Time> breaker{};
  retry_budget_config<Time> budget{};
  failover_config<Time> failover{};
  duration_t<Time> attempt_timeout = from_ms<Time>(30'000);  ///< the lease of a token
  duration_t<Time> send_deadline = from_ms<Time>(30'000);    ///< of a send that names none
  duration_t<Time> replay_interval = from_ms<Time>(10);      ///< between two items out of the outbox; twice that while live items wait
  duration_t<Time> sync_timeout = from_ms<Time>(30'000);     ///< a sync without an answer for so long has failed
};

/// When a direct send is written to the outbox.
enum class store_when : std::uint8_t {
  on_failure,  ///< when nobody could be reached
  first,       ///< before it is tried: closes the crash window
  never,       ///< it is lost if it fails, and counted as not_stored
};

template <instant Time>
struct send_options {
  item_options<Time> item{};
  deadline<Time> until{};  ///< one over all endpoints; none: courier_config::send_deadline from now
  store_when store = store_when::on_failure;
};

/// What a hint says about a link. It proves nothing.
enum class link_state : std::uint8_t { up, down };

/// What the caller is asked to do, or told.
enum class action_kind : std::uint8_t {
  idle,         ///< nothing until next_deadline() or an event
  send,         ///< start the attempt; answer with on_result(token)
  abandon,      ///< nobody waits for this token any more
  sync,         ///< sync the store; answer with on_synced(sync)
  probe,        ///< ask the endpoint whether it answers; answer with on_result(token)
  completed,    ///< a direct send ended: delivered (ok), stored (unavailable), or lost (any other reason)
  dead_letter,  ///< the peer refused this item for good: last chance to keep it
};

/// Names one sync.
struct sync_token {
  std::uint16_t generation = 0;
};

/// One action. The item is valid until the next call of the courier.
template <instant Time>
struct action {
  action_kind kind = action_kind::idle;
  send_token token{};
  endpoint_id endpoint{};
  item_view item{};
  std::uint16_t attempt = 0;  ///< from 1
  Time deadline{};            ///< send, probe: the token's lease ends
  sync_token sync{};
  errc why = errc::ok;             ///< completed
  std::uint32_t remaining_ms = 0;  ///< send: the time that is left
  std::uint16_t items = 1;         ///< send: of which the payload is made
  bool squeezed = false;           ///< send: by the compression hook, or before it was handed over

  /// What travels with the attempt.
  [[nodiscard]] attempt_info info() const noexcept {
    return attempt_info{attempt, kind == action_kind::probe, remaining_ms, items, squeezed};
  }
};

}  // namespace skerry::inline v0::delivery
