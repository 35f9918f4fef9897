// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// In which order a policy needs its deltas, and a link delivers them. A greater one includes the smaller.
enum class delivery_need : std::uint8_t { any_order, fifo, causal };

/// What `Limits::links` may say: what the links below a replica promise.
template <delivery_need Promise>
struct links_promising {
  static constexpr delivery_need promise = Promise;
};
using unordered_links = links_promising<delivery_need::any_order>;
using fifo_links = links_promising<delivery_need::fifo>;
using causal_links = links_promising<delivery_need::causal>;

/// A type L models `replica_limits` when:
///   1. `time` models `instant`, and `links` says what the links promise (`unordered_links` is always true);
///   2. `actors`, `keys`, `records`, `ranges` bound the store: lives of writers, live keys, live records, runs of events beyond the
///      gapless prefixes;
///   3. `members`, `links_max` bound the lives that the roster names (0: no roster, and no memory for it) and those who are connected;
///      `mesh`, if it is there, says of how many current members it keeps what they have acknowledged (0 otherwise, at most 64);
///   4. `log_bytes` holds the largest delta of one local operation, and `payload_bytes` the largest encoded value (a `pn_counter` row
///      takes up to 30);
///   5. `key_bytes`, if it is there, bounds what stands for the placeholders of a path (24 otherwise);
///   6. `quarantine`, if it is there, is how many records are kept that lie further ahead than is accepted (4 otherwise); with 0 a frame
///      that holds one is refused as a whole;
///   7. `fit_payload`, if it is there and true, says that a record gets no more room than the schema's own policies need: what others
///      write that this schema does not know is then kept only if it is as small;
///   8. `interned`, if it is there, is how many keys a peer may call by number on a link (`keys`, at most 4096, otherwise), and
///      `lost_events` how many runs of events that died out of order a store remembers for its links (`keys` / 8, between 8 and 1024);
///   9. `unknown_keys`, if it is there, is how many of the keys may be of paths that the schema does not have, carried along for others;
///      their texts take the place of `key_bytes`. With 0, or without it, a frame that holds one, or a record of another policy than its
///      path has, is refused as a whole;
///   10. `overruled`, if it is there, is how many overruled and refused writes `explain` can name (0 otherwise: they are counted only);
///   11. `chain`, if it is there, is how many own operations are kept to find a clone by (16 otherwise), `block_bytes` how many bytes of
///      extensions of images that this firmware does not know (0 otherwise), and `catch_up` says whether this node can be brought up to
///      date chunk by chunk, which takes a second context (with more than one link, otherwise);
///   12. `swift`, if it is there, says whether a single operation has a way of its own through `accept` and `join`, which takes a third of
///      the time and some kilobytes of code (with more than 128 records, otherwise).
template <typename L>
concept replica_limits = instant<typename L::time> && requires {
  { L::links::promise } -> std::convertible_to<delivery_need>;
  { L::actors } -> std::convertible_to<std::size_t>;
  { L::keys } -> std::convertible_to<std::size_t>;
  { L::records } -> std::convertible_to<std::size_t>;
  { L::ranges } -> std::convertible_to<std::size_t>;
  { L::members } -> std::convertible_to<std::size_t>;
  { L::links_max } -> std::convertible_to<std::size_t>;
  { L::log_bytes } -> std::convertible_to<std::size_t>;
  { L::payload_bytes } -> std::convertible_to<std::size_t>;
};

namespace detail {
template <typename Limits>
constexpr std::size_t key_bytes_of() noexcept {
  return 24;
}
template <typename Limits>
requires requires { Limits::key_bytes; }
constexpr std::size_t key_bytes_of() noexcept { return Limits::key_bytes; }
template <typename Limits>
constexpr bool is_swift() noexcept {
  return Limits::records > 128;
}
template <typename Limits>
requires requires { Limits::swift; }
constexpr bool is_swift() noexcept { return Limits::swift; }
template <typename Limits>
constexpr std::size_t mesh_of() noexcept {
  return 0;
}
template <typename Limits>
requires requires { Limits::mesh; }
constexpr std::size_t mesh_of() noexcept { return Limits::mesh; }
}  // namespace detail

namespace limits {

/// A microcontroller: 32 writers, 64 keys.
struct firmware {
  using time = std::uint32_t;
  using links = unordered_links;
  static constexpr std::size_t actors = 32;
  static constexpr std::size_t keys = 64;
  static constexpr std::size_t records = 72;
  static constexpr std::size_t ranges = 12;
  static constexpr std::size_t members = 0;  ///< a leaf leaves the roster to its gateway
  static constexpr std::size_t links_max = 1;
  static constexpr std::size_t log_bytes = 448;
  static constexpr std::size_t payload_bytes = 32;
  static constexpr std::size_t key_bytes = 8;
  static constexpr bool fit_payload = true;
  static constexpr std::size_t quarantine = 0;  // 4.5 kB of code; a frame from the future is offered again
  static constexpr std::size_t lost_events = 4;
  static constexpr std::size_t chain = 0;
};

/// A gateway: 3000 sensors below it, 60 000 keys.
struct gateway {
  using time = std::uint64_t;
  using links = unordered_links;
  static constexpr std::size_t actors = 4096;
  static constexpr std::size_t keys = 60'000;
  static constexpr std::size_t records = 65'000;
  static constexpr std::size_t ranges = 1024;
  static constexpr std::size_t members = 4096;
  static constexpr std::size_t links_max = 16;
  static constexpr std::size_t log_bytes = 65'536;
  static constexpr std::size_t payload_bytes = 32;
  static constexpr std::size_t key_bytes = 24;
  static constexpr std::size_t quarantine = 32;
  static constexpr std::size_t unknown_keys = 256;
  static constexpr std::size_t overruled = 8;
};

/// A region or a cloud node: one actor per gateway below it, 300 000 devices.
struct region {
  using time = std::uint64_t;
  using links = unordered_links;
  static constexpr std::size_t actors = 4096;
  static constexpr std::size_t keys = 400'000;
  static constexpr std::size_t records = 500'000;
  static constexpr std::size_t ranges = 4096;
  static constexpr std::size_t members = 4096;
  static constexpr std::size_t links_max = 256;
  static constexpr std::size_t log_bytes = 65'536;
  static constexpr std::size_t payload_bytes = 32;
  static constexpr std::size_t key_bytes = 40;
  static constexpr std::size_t quarantine = 128;
  static constexpr std::size_t unknown_keys = 1024;
  static constexpr std::size_t overruled = 64;
};

}  // namespace limits

}  // namespace skerry::inline v0::state
