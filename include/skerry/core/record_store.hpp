// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0 {

/// What a record is; the numbers stand on disk and in flash.
enum class record_kind : std::uint8_t { data = 1, batch = 2, acks = 3, drops = 4, seq_lease = 5, counters = 6, seal = 7 };

/// Bits of `record_header::flags`.
namespace record_flags {
inline constexpr std::uint8_t historical = 1;
inline constexpr std::uint8_t repeatable = 2;
inline constexpr std::uint8_t clock_untrusted = 4;
inline constexpr std::uint8_t squeezed = 8;
}  // namespace record_flags

/// What is known of a record beside its payload. The store adds the length and the checks.
struct record_header {
  record_kind kind = record_kind::data;
  std::uint8_t flags = 0;       ///< record_flags
  std::uint8_t importance = 1;  ///< class 0 (most important) to 3
  std::uint16_t stream = 0;
  std::uint32_t ttl_s = 0;  ///< 0: never expires
  std::uint64_t seq = 0;
  wall_ms stamp{};  ///< 48 bits are kept
};

/// Where a record stands: ordered by age, given out by the store, meaningful only to it.
struct position {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const position&, const position&) noexcept = default;
};

/// What one stream needs no more: every sequence number up to `upto`, and `upto + 1 + i` for each bit i that is set.
struct cursor {
  std::uint16_t stream = 0;
  std::uint64_t upto = 0;
  std::uint64_t bitmap = 0;
};

/// A record as read back: the payload lies in the caller's buffer, `next` is where the following record starts.
struct record_view {
  record_header header{};
  std::span<const std::byte> payload{};
  position next{};
};

/// What `open` found, and what it could not save.
struct recovery_report {
  position first{};                   ///< oldest record
  position end{};                     ///< one past the newest
  std::uint64_t records = 0;          ///< records that are whole
  std::uint64_t damaged_records = 0;  ///< skipped, counted, lost
  std::uint64_t torn_bytes = 0;       ///< of an append that a power cut ended
  bool fresh = false;                 ///< no usable past: a new epoch is due
};

/// A type S models `record_store` when:
///   1. `append` copies the record or refuses it whole (`full`), and never waits for the medium;
///   2. `sync` covers all that was appended before it began, and may run while appends go on;
///   3. after a failed `sync` nothing new is durable, and the failure is not synced into success later;
///   4. `read(at, out)` checks the record before it returns it (`corrupt`, `absent`, `width` when `out` is too small);
///   5. `advance` never needs free space, because a full store is emptied by it;
///   6. `open` never refuses for damage: it reports what it lost. Of a record that was moved it may show both copies, the newer one later.
/// A store that can move records has `reclaim(still) -> status` too: `still(header, position) -> position*` tells where the position of a
/// record that is needed is kept, and the store writes the new one there; `full` when nothing is to be gained.
/// The byte format of the stores that skerry brings is described with them.
template <typename S>
concept record_store = requires(S& s, const S& c, const record_header& h, std::span<const std::byte> p, position at,
                                std::span<std::byte> out, cursor done) {
  { s.open() }
  noexcept->std::same_as<result<recovery_report>>;
  { s.append(h, p) }
  noexcept->std::same_as<result<position>>;
  { s.read(at, out) }
  noexcept->std::same_as<result<record_view>>;
  { s.advance(done) }
  noexcept->std::same_as<status>;
  { s.sync() }
  noexcept->std::same_as<status>;
  { c.used_bytes() }
  noexcept->std::convertible_to<std::uint64_t>;
  { c.free_bytes() }
  noexcept->std::convertible_to<std::uint64_t>;
};

}  // namespace skerry::inline v0
