// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skerry_crash {

/// Defects that this program knows how to have: each is a device, a store or an application that does one thing wrong.
enum class plant : std::uint8_t {
  none,
  skip_dir_sync,    // a device that does not sync its directory and says that it did
  ack_before_send,  // an application that acknowledges what it takes, and then sends it
  reuse_seq,        // a store that does not keep the leases of numbers
  trust_length,     // a device that shows what a recovery would see that goes on by the length of a damaged record
  retry_fsync,      // a device that tries a failed sync again, and believes the answer
  shared_seed,      // a fleet whose devices draw the same waits
  leak_permit,      // a transport that forgets to give a permit back
};
inline constexpr std::array<std::string_view, 7> plant_names{"skip_dir_sync", "ack_before_send", "reuse_seq",  "trust_length",
                                                             "retry_fsync",   "shared_seed",     "leak_permit"};
[[nodiscard]] inline std::optional<plant> plant_of(std::string_view name) {
  const auto found = std::find(plant_names.begin(), plant_names.end(), name);
  return found == plant_names.end() ? std::nullopt : std::optional{static_cast<plant>(found - plant_names.begin() + 1)};
}

/// What a number of crash points showed.
struct tally {
  std::uint64_t points = 0;   ///< crashes that were recovered from and checked
  std::uint64_t lost = 0;     ///< durable items that were neither delivered nor counted as dropped
  std::uint64_t phantom = 0;  ///< items that nobody appended, or not with these bytes
  std::uint64_t excess = 0;   ///< items that came again although their acknowledgement was durable
  std::uint64_t broken = 0;   ///< other laws: order, ids, sums, opening, space, storms, liveness
  std::string first{};        ///< the first finding

  // How often the hard cases came about.
  std::uint64_t histories = 0, lives = 0, cuts = 0, torn = 0, damaged = 0, repeats = 0, failed_syncs = 0, refused = 0, dropped = 0;
  std::uint64_t recycled = 0, moved = 0, reclaimed = 0, full = 0, unreported = 0, newest = 0;

  [[nodiscard]] std::uint64_t found() const noexcept { return lost + phantom + excess + broken; }
  void add(const tally& other) {
    points += other.points;
    lost += other.lost;
    phantom += other.phantom;
    excess += other.excess;
    broken += other.broken;
    first = first.empty() ? other.first : first;
    histories += other.histories;
    lives += other.lives;
    cuts += other.cuts;
    torn += other.torn;
    damaged += other.damaged;
    repeats += other.repeats;
    failed_syncs += other.failed_syncs;
    refused += other.refused;
    dropped += other.dropped;
    recycled += other.recycled;
    moved += other.moved;
    reclaimed += other.reclaimed;
    full += other.full;
    unreported += other.unreported;
    newest += other.newest;
  }
};

/// Whether this build is quick enough for runs of the size that is wanted: optimised, and without sanitizers.
[[nodiscard]] bool is_quick() noexcept;

/// Random histories of an outbox on a segment log, with crashes of all kinds; `stop`: after the first finding.
[[nodiscard]] tally explore_points(std::uint64_t seed, std::uint64_t points, plant defect, bool stop);
/// One bit turned over in a log whose records are all durable.
[[nodiscard]] tally explore_flips(std::uint64_t seed, std::uint64_t flips, plant defect, bool stop);
/// Each kind of failure at each call of a device.
[[nodiscard]] tally explore_faults(std::uint64_t seed, std::uint64_t stories, plant defect, bool stop);
/// A few couriers that boot together, with links that come and go.
[[nodiscard]] tally explore_fleet(std::uint64_t seed, std::uint64_t fleets, plant defect, bool stop);
/// Random histories of an outbox on a ring in flash; every fourth one ends with bits that turn over.
[[nodiscard]] tally explore_flash(std::uint64_t seed, std::uint64_t points, bool stop);
/// All sequences of operations up to a length, at all cuts.
[[nodiscard]] tally explore_sequences(std::size_t length, bool whole, std::uint64_t& sequences);

struct kill_tally {
  std::uint64_t kills = 0, produced = 0, effects = 0, repeats = 0;
  std::uint64_t lost = 0, order_violations = 0, excess = 0, phantom = 0;
  std::string first{};
  [[nodiscard]] std::uint64_t found() const noexcept { return lost + order_violations + excess + phantom; }
};
/// kill -9 of a sender and a receiver that are processes, with a proxy between them that loses, repeats and reorders.
[[nodiscard]] kill_tally explore_kills(std::uint64_t seed, std::uint64_t kills, const std::string& folder);

}  // namespace skerry_crash
