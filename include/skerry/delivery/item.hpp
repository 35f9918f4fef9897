// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/delivery/outcome.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// A sequence of items whose order matters.
using stream_id = std::uint16_t;

/// With the device's id, the key by which a receiver recognises a repetition. Numbers of a stream start at 1.
struct item_id {
  std::uint32_t epoch = 0;
  stream_id stream = 0;
  std::uint64_t seq = 0;
  friend constexpr bool operator==(const item_id&, const item_id&) noexcept = default;
};

/// An item as it is sent. The payload belongs to whoever handed the view out, usually until the next call.
struct item_view {
  item_id id{};
  std::span<const std::byte> payload{};
  std::uint8_t importance = 1;  ///< class 0 (most important) to 3
  bool historical = false;      ///< it waited: the peer should file it by its stamp, not by its arrival
  wall_ms stamp{};
  std::uint16_t attempts = 0;  ///< made before this one
  bool batch = false;          ///< the payload is an `item_batch`: several in one, which `read_parts` takes apart
  bool squeezed = false;       ///< whoever handed it over had made it shorter
};

/// An item was accepted; it is durable only when `durable_upto` says so.
struct ticket {
  item_id id{};
  bool stored = false;  ///< it stands in the outbox; false: a direct attempt is under way and a completion will follow
};

/// What happens to a second item with the same user key while the first one waits.
enum class key_policy : std::uint8_t {
  both,     ///< both are sent
  replace,  ///< the waiting one is dropped as cancelled
  keep,     ///< the new one is refused
};

template <instant Time>
struct item_options {
  stream_id stream = 0;
  std::uint8_t importance = 1;       ///< class 0 (most important) to 3
  std::uint32_t ttl_s = 0;           ///< 0: never expires
  std::span<const std::byte> key{};  ///< user key, compared by a 64-bit hash; not kept over a restart
  repeatable repeat = repeatable::by_key;
  key_policy same_key = key_policy::both;
  bool historical = false;  ///< it was old when it came
  bool batch = false;       ///< the payload is several in one; set where an `item_batch` is handed over
  bool squeezed = false;    ///< the payload was made shorter by a method that the receiver knows; no hook squeezes it again
};

}  // namespace skerry::inline v0::delivery
