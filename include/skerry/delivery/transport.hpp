// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outcome.hpp>

#include <concepts>
#include <cstdint>

namespace skerry::inline v0::delivery {

/// One of the places that items are sent to; the number is the preference, 0 first.
struct endpoint_id {
  std::uint8_t value = 0;
  static const endpoint_id none;
  friend constexpr bool operator==(endpoint_id, endpoint_id) noexcept = default;
};
inline constexpr endpoint_id endpoint_id::none{255};

/// Names one attempt: an answer counts only while its token is current.
struct send_token {
  std::uint16_t slot = 0;
  std::uint16_t generation = 0;
  friend constexpr bool operator==(send_token, send_token) noexcept = default;
};

/// What travels with an attempt beside the item.
struct attempt_info {
  std::uint16_t attempt = 1;       ///< from 1; lower layers may decline to retry what is retried here
  bool probe = false;              ///< no item: only ask whether the endpoint answers
  std::uint32_t remaining_ms = 0;  ///< until nobody waits for the answer any more
  std::uint16_t items = 1;         ///< more: the payload is what the batch hook packed of so many, and the answer is for all of them
  bool squeezed = false;           ///< the payload went through the compression hook, or came squeezed
};

/// A type T models `transport` when:
///   1. `start` never blocks; ok means that an answer will follow, or that the lease of the token ends; a refusal means that nothing
///      was sent;
///   2. `abandon` is idempotent, and a late answer may still come after it;
///   3. answers reach `on_result` exactly by token, in any order, from the driver's thread;
///   4. it answers `outcome::ok` only when the peer took responsibility for the item;
///   5. `classify` tells what a status code of its own (`T::code`) means.
/// The item's payload is valid during `start` only: a transport that sends later copies it.
template <typename T>
concept transport = requires(T t, endpoint_id e, send_token k, const item_view& i, attempt_info a) {
  { t.start(e, k, i, a) }
  noexcept->std::same_as<status>;
  { t.abandon(k) }
  noexcept;
  { t.classify(typename T::code{}) }
  noexcept->std::same_as<outcome>;
};

}  // namespace skerry::inline v0::delivery
