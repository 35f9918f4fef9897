// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>
#include <skerry/delivery/detail/scale.hpp>
#include <skerry/delivery/detail/steady.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::delivery {

/// Leave to be one of those under way. Worth something only until it is given back or its lease ends.
struct slot_permit {
  std::uint16_t slot = 0;
  std::uint16_t generation = 0;
};

/// At most so many calls under way at once.
///
/// A caller that never gives its permit back cannot wedge anything: after `lease` the place is somebody else's, and the late `release`
/// changes nothing.
/// Cost    O(1), and O(N) when no place is free; 8 bytes a place with a 32-bit tick
/// Errors  `full`: as many as may be are under way
template <instant Time, std::uint16_t N>
class bulkhead {
  static_assert(N > 0 && N < 65535, "bulkhead<Time, N>: 1 to 65534 at once");

 public:
  /// `lease`: the longest that a call may take; zero for no limit. Cut to half of the longest distance of Time.
  explicit constexpr bulkhead(duration_t<Time> lease) noexcept : lease_{detail::measurable<Time>(lease)} {
    for (std::uint16_t i = 0; i < N; ++i) {
      places_[i].next = static_cast<std::uint16_t>(i + 1);
    }
  }

  [[nodiscard]] constexpr result<slot_permit> acquire(Time now) noexcept {
    if (free_ == N) {
      expire(now);
    }
    if (free_ == N) {
      return errc::full;
    }
    const std::uint16_t slot = free_;
    place& p = places_[slot];
    free_ = p.next;
    p.next = taken;
    p.since = now;
    ++in_use_;
    return slot_permit{slot, p.generation};
  }

  /// The call is over. A permit that is not current any more is counted, and changes nothing.
  constexpr void release(slot_permit permit) noexcept {
    if (permit.slot >= N || places_[permit.slot].next != taken || places_[permit.slot].generation != permit.generation) {
      ++late_releases_;
      return;
    }
    give_back(permit.slot);
  }

  /// Takes back the places whose lease has ended; answers how many. `acquire` does it when it must.
  constexpr std::uint16_t expire(Time now) noexcept {
    std::uint16_t ended = 0;
    for (std::uint16_t i = 0; i < N && duration_t<Time>{} < lease_; ++i) {
      place& p = places_[i];
      if (p.next != taken) {
        continue;
      }
      const duration_t<Time> age = elapsed(now, p.since);
      if (age < duration_t<Time>{}) {
        p.since = now;  // the clock stepped back: no lease becomes longer than its nominal length
      } else if (!(age < lease_)) {
        give_back(i);
        ++ended;
      }
    }
    expired_ += ended;
    return ended;
  }

  /// Calls under way, those included whose lease has ended unnoticed.
  [[nodiscard]] constexpr std::uint16_t in_use() const noexcept { return in_use_; }
  [[nodiscard]] static constexpr std::uint16_t capacity() noexcept { return N; }
  /// Leases that ended; releases that came too late for their permit.
  [[nodiscard]] constexpr std::uint32_t expired() const noexcept { return expired_; }
  [[nodiscard]] constexpr std::uint32_t late_releases() const noexcept { return late_releases_; }

  /// When the next lease ends.
  [[nodiscard]] constexpr deadline<Time> next_deadline(Time now) const noexcept {
    deadline<Time> at;
    for (std::uint16_t i = 0; i < N && duration_t<Time>{} < lease_; ++i) {
      if (places_[i].next == taken) {
        at = earliest<Time>(at, advance(places_[i].since, lease_), now);
      }
    }
    return at;
  }

 private:
  static constexpr std::uint16_t taken = 0xffff;
  struct place {
    Time since{};
    std::uint16_t generation = 0;
    std::uint16_t next = 0;  ///< the next free place, or `taken`
  };

  constexpr void give_back(std::uint16_t slot) noexcept {
    ++places_[slot].generation;
    places_[slot].next = free_;
    free_ = slot;
    --in_use_;
  }

  array_of<place, N> places_{};
  duration_t<Time> lease_;
  std::uint32_t expired_ = 0;
  std::uint32_t late_releases_ = 0;
  std::uint16_t free_ = 0;  ///< N: none
  std::uint16_t in_use_ = 0;
};

/// How many extra calls (retries, hedges) may be under way beside the first ones: a share of all, and never fewer than a minimum.
///
/// Source  failsafe-go, retry budget: max rate and min concurrency
struct inflight_share {
  ratio share{1, 5};          ///< of the calls under way
  std::uint32_t minimum = 3;  ///< allowed at any load

  /// Extra calls that may be under way while `inflight` are, and whether one more may start beside `extra`.
  [[nodiscard]] constexpr std::uint32_t allowed(std::uint32_t inflight) const noexcept {
    const auto part = static_cast<std::uint32_t>(detail::scale_ratio(inflight, share, 0xffff'ffff));
    return part < minimum ? minimum : part;
  }
  [[nodiscard]] constexpr bool admits(std::uint32_t inflight, std::uint32_t extra) const noexcept { return extra < allowed(inflight); }
};

}  // namespace skerry::inline v0::delivery
