// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "crash/plants.hpp"

#include <cstdint>
#include <string>

namespace skerry_crash {

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
[[nodiscard]] tally explore_sequences(std::size_t length, std::uint64_t& sequences);

struct kill_tally {
  std::uint64_t kills = 0, produced = 0, effects = 0, repeats = 0;
  std::uint64_t lost = 0, order_violations = 0, excess = 0, phantom = 0;
  std::string first{};
  [[nodiscard]] std::uint64_t found() const noexcept { return lost + order_violations + excess + phantom; }
};
/// kill -9 of a sender and a receiver that are processes, with a proxy between them that loses, repeats and reorders.
[[nodiscard]] kill_tally explore_kills(std::uint64_t seed, std::uint64_t kills, const std::string& folder);

}  // namespace skerry_crash
