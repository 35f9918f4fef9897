// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skerry::inline v0::delivery {

/// Who leaves when a quota is used up. Items in flight never do, nor does an item for a less important one.
enum class eviction : std::uint8_t {
  reject,            ///< nobody: the new item is refused
  oldest,            ///< the oldest, whatever its class
  oldest_of_lowest,  ///< the oldest of the least important class
  lowest_newest,     ///< the newest of the least important class
  thin,              ///< every second of the least important class, so that a history keeps its shape
};

/// What an item must survive before `durable_upto` covers it.
enum class durability : std::uint8_t {
  volatile_,  ///< nothing: no sync is asked for, nothing is called durable
  os,         ///< the end of this process
  media,      ///< a power cut
};

/// What a stream does with new items while older ones wait. With live_first the backlog may lie any distance behind the items that go at
/// once: a receiver that tells repeats apart by a window of numbers would take it for too old, so `outbox_config::receiver_window` must be
/// 0.
enum class order : std::uint8_t {
  strict,      ///< they queue behind
  live_first,  ///< they go at once; the backlog follows in its own order, marked historical
};

/// Capacity of an outbox, as a template argument.
struct outbox_limits {
  std::uint16_t streams = 8;
  std::uint16_t items = 256;         ///< queued at once: each takes an index entry of RAM, wherever its payload is
  std::uint32_t record_bytes = 256;  ///< longest payload
};

/// What an outbox can do beside keeping items, in order, until somebody took responsibility for them. What is left out is refused as
/// `unsupported`; where the config is known while compiling its code is not there.
struct outbox_features {
  bool keys = true;     ///< item_options::key
  bool expiry = true;   ///< item_options::ttl_s; items of an earlier life that have one do not expire
  bool classes = true;  ///< item_options::importance other than 1; items of an earlier life are of class 1 then
  bool reclaim = true;  ///< room behind a record that stays long: without it the store may be full before the quota is
};

struct outbox_config {
  std::uint64_t quota_bytes;  ///< of payload; mandatory
  std::uint32_t quota_items;  ///< mandatory
  eviction evict = eviction::oldest_of_lowest;
  durability mode = durability::media;
  std::uint16_t sync_records = 16;
  std::uint32_t sync_window_ms = 20;
  std::uint16_t stream_window = 1;     ///< in flight per stream; above 1 order holds only over a transport that keeps it and fails in order
  std::uint16_t in_flight = 32;        ///< over all streams
  std::uint8_t dead_letter_after = 5;  ///< permanent refusals of one item, because peers misreport
  std::uint8_t lower_share = 8;        ///< every so many takes one goes to a class that would have to wait
  std::uint32_t lease_ms = 60'000;     ///< in flight without a word for so long: given back as unknown; 0: never
  delivery::order streams = order::strict;
  outbox_features features{};
  std::uint16_t receiver_window = 64;  ///< W of the receiver's dedupe_window; 0: repeats do no harm there, or something else finds them
};

}  // namespace skerry::inline v0::delivery
