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

 private:
  template <typename F>
  static constexpr void for_each_member(F&& f) {
    f("operations", &replica_counters::operations);
    f("frames_accepted", &replica_counters::frames_accepted);
    f("records_added", &replica_counters::records_added);
    f("records_seen", &replica_counters::records_seen);
    f("records_removed", &replica_counters::records_removed);
    f("refused_full", &replica_counters::refused_full);
    f("refused_corrupt", &replica_counters::refused_corrupt);
    f("refused_truncated", &replica_counters::refused_truncated);
    f("refused_unsupported", &replica_counters::refused_unsupported);
    f("refused_mismatch", &replica_counters::refused_mismatch);
    f("refused_clock_ahead", &replica_counters::refused_clock_ahead);
    f("refused_not_owner", &replica_counters::refused_not_owner);
    f("refused_needs_epoch", &replica_counters::refused_needs_epoch);
    f("refused_fenced", &replica_counters::refused_fenced);
    f("refused_invalid", &replica_counters::refused_invalid);
    f("amnesia", &replica_counters::amnesia);
    f("clones", &replica_counters::clones);
    f("epochs", &replica_counters::epochs);
    f("quarantined", &replica_counters::quarantined);
    f("quarantine_released", &replica_counters::quarantine_released);
    f("quarantine_dropped", &replica_counters::quarantine_dropped);
    f("frames_sent", &replica_counters::frames_sent);
    f("retransmissions", &replica_counters::retransmissions);
    f("acks_refused", &replica_counters::acks_refused);
    f("refused_stale", &replica_counters::refused_stale);
    f("refused_gap", &replica_counters::refused_gap);
    f("restamped", &replica_counters::restamped);
    f("overruled", &replica_counters::overruled);
  }

 public:
  constexpr void merge(const replica_counters& other) noexcept {
    for_each_member([this, &other](const char*, std::uint64_t replica_counters::*member) { this->*member += other.*member; });
  }
  template <typename F>
  constexpr void for_each(F&& f) const {
    for_each_member([this, &f](const char* name, std::uint64_t replica_counters::*member) { f(name, this->*member); });
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
