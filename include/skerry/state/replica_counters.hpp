// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/errc.hpp>
#include <skerry/state/actor.hpp>

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state {

/// What came of an accepted frame.
struct receipt {
  std::size_t added = 0;    ///< records that are new here
  std::size_t seen = 0;     ///< records that were known already
  std::size_t removed = 0;  ///< records that died
  detection verdict = detection::ok;
  std::size_t quarantined = 0;  ///< records that wait for their time: their events, and others of the frame, count as not received
  std::size_t refused = 0;      ///< records of somebody who may not write there: they count as seen, and are not joined
};

/// Everything a replica did, took in, dropped and refused.
struct replica_counters {
  std::uint64_t operations = 0;
  std::uint64_t frames_accepted = 0;
  std::uint64_t records_added = 0;
  std::uint64_t records_seen = 0;
  std::uint64_t records_removed = 0;
  std::uint64_t refused_full = 0;
  std::uint64_t refused_corrupt = 0;
  std::uint64_t refused_truncated = 0;
  std::uint64_t refused_unsupported = 0;
  std::uint64_t refused_mismatch = 0;
  std::uint64_t refused_clock_ahead = 0;
  std::uint64_t refused_not_owner = 0;
  std::uint64_t refused_needs_epoch = 0;
  std::uint64_t refused_fenced = 0;       ///< from or of a life that has retired
  std::uint64_t refused_invalid = 0;      ///< also `not_finite` and `out_of_range`
  std::uint64_t amnesia = 0;              ///< somebody knew more of this node than itself
  std::uint64_t clones = 0;               ///< one event with two contents, or another life of this id that is alive
  std::uint64_t epochs = 0;               ///< lives begun
  std::uint64_t quarantined = 0;          ///< records that were kept until their time comes
  std::uint64_t quarantine_released = 0;  ///< those whose time has come
  std::uint64_t quarantine_dropped = 0;   ///< those for which there was no place
  std::uint64_t frames_sent = 0;          ///< on links
  std::uint64_t retransmissions = 0;      ///< times that a link began again after its last acknowledgement
  std::uint64_t acks_refused = 0;         ///< of what was never sent
  std::uint64_t refused_stale = 0;        ///< frames of another contact
  std::uint64_t refused_gap = 0;          ///< frames that name what is not known
  std::uint64_t restamped = 0;            ///< own records written again with a right stamp
  std::uint64_t overruled = 0;            ///< writes that lost against one that had not seen them

  constexpr void merge(const replica_counters& other) noexcept {
    operations += other.operations;
    frames_accepted += other.frames_accepted;
    records_added += other.records_added;
    records_seen += other.records_seen;
    records_removed += other.records_removed;
    refused_full += other.refused_full;
    refused_corrupt += other.refused_corrupt;
    refused_truncated += other.refused_truncated;
    refused_unsupported += other.refused_unsupported;
    refused_mismatch += other.refused_mismatch;
    refused_clock_ahead += other.refused_clock_ahead;
    refused_not_owner += other.refused_not_owner;
    refused_needs_epoch += other.refused_needs_epoch;
    refused_fenced += other.refused_fenced;
    refused_invalid += other.refused_invalid;
    amnesia += other.amnesia;
    clones += other.clones;
    epochs += other.epochs;
    quarantined += other.quarantined;
    quarantine_released += other.quarantine_released;
    quarantine_dropped += other.quarantine_dropped;
    frames_sent += other.frames_sent;
    retransmissions += other.retransmissions;
    acks_refused += other.acks_refused;
    refused_stale += other.refused_stale;
    refused_gap += other.refused_gap;
    restamped += other.restamped;
    overruled += other.overruled;
  }
  template <typename F>
  constexpr void for_each(F&& f) const {
    f("operations", operations);
    f("frames_accepted", frames_accepted);
    f("records_added", records_added);
    f("records_seen", records_seen);
    f("records_removed", records_removed);
    f("refused_full", refused_full);
    f("refused_corrupt", refused_corrupt);
    f("refused_truncated", refused_truncated);
    f("refused_unsupported", refused_unsupported);
    f("refused_mismatch", refused_mismatch);
    f("refused_clock_ahead", refused_clock_ahead);
    f("refused_not_owner", refused_not_owner);
    f("refused_needs_epoch", refused_needs_epoch);
    f("refused_fenced", refused_fenced);
    f("refused_invalid", refused_invalid);
    f("amnesia", amnesia);
    f("clones", clones);
    f("epochs", epochs);
    f("quarantined", quarantined);
    f("quarantine_released", quarantine_released);
    f("quarantine_dropped", quarantine_dropped);
    f("frames_sent", frames_sent);
    f("retransmissions", retransmissions);
    f("acks_refused", acks_refused);
    f("refused_stale", refused_stale);
    f("refused_gap", refused_gap);
    f("restamped", restamped);
    f("overruled", overruled);
  }
  constexpr void count(errc e) noexcept {
    switch (e) {
      case errc::full: ++refused_full; break;
      case errc::corrupt: ++refused_corrupt; break;
      case errc::truncated: ++refused_truncated; break;
      case errc::unsupported: ++refused_unsupported; break;
      case errc::mismatch: ++refused_mismatch; break;
      case errc::stale: ++refused_stale; break;
      case errc::gap: ++refused_gap; break;
      case errc::clock_ahead: ++refused_clock_ahead; break;
      case errc::not_owner: ++refused_not_owner; break;
      case errc::needs_epoch: ++refused_needs_epoch; break;
      case errc::fenced: ++refused_fenced; break;
      default: ++refused_invalid; break;
    }
  }
};

}  // namespace skerry::inline v0::state
