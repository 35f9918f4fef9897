// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/quarantine.hpp>
#include <skerry/state/detail/sifted_delta.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/policy.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::state::detail {

/// What a replica does about time that may lie: records that wait for theirs, and own records with stamps that were wrong.
template <typename Replica, instant Time>
class replica_time {
 public:
  /// Lets in the records whose time has come; `accept` does it as well. Answers how many.
  ///
  /// Errors  `full` when there is no room for any of them: they wait on
  result<std::size_t> release(Time now) {
    errc problem = errc::ok;
    const std::size_t count = let_in(now, problem);
    return count > 0 || problem == errc::ok ? result<std::size_t>{count} : result<std::size_t>{self().refuse(problem)};
  }
  /// When the first of them may come in, if no clock is set meanwhile. What a counter cannot reach before it wraps is cut to what it
  /// can: then nothing is due yet, and the next answer is a later one. None while the clock is not trusted.
  [[nodiscard]] deadline<Time> release_deadline() const noexcept {
    if constexpr (Replica::quarantine_places > 0) {
      const Time last = self().wall_.last();
      const wall_ms wall = self().wall_.at(last);
      if (!self().clock_.trusted(wall)) {
        return {};
      }
      std::uint64_t wait = std::numeric_limits<std::uint64_t>::max();
      for (std::size_t i = 0; i < self().quarantine_.size(); ++i) {
        const stamp at = self().quarantine_[i].record().at;
        const std::uint64_t reached = wall.value + self().clock_.limits().accept_ahead;
        const std::uint64_t ms = self().clock_.welcome(wall, at) || at.ms() <= reached ? 0 : at.ms() - reached;
        wait = ms < wait ? ms : wait;
      }
      if (self().quarantine_.size() > 0) {
        return advance(last, from_ms<Time>(static_cast<std::int64_t>(wait)));
      }
    }
    return {};
  }
  /// How many records wait for their time.
  [[nodiscard]] std::size_t waiting() const noexcept {
    if constexpr (Replica::quarantine_places > 0) {
      return self().quarantine_.size();
    } else {
      return 0;
    }
  }

 private:
  friend Replica;
  constexpr replica_time() noexcept = default;
  replica_time(const replica_time&) = default;
  replica_time(replica_time&&) = default;
  replica_time& operator=(const replica_time&) = default;
  replica_time& operator=(replica_time&&) = default;
  ~replica_time() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  /// Joins what is not too far ahead of the clock, and keeps the rest until its time comes.
  ///
  /// held     how many records stay out
  /// Errors   `full`; `clock_ahead` when what would be left has too many gaps: then nothing of it is taken
  template <typename Delta>
  [[nodiscard, gnu::noinline]] status join_before(const hlc& clock, wall_ms wall, const Delta& delta, join_report& report,
                                                  std::size_t& held) {
    if constexpr (Replica::quarantine_places > 0) {
      auto& store = self().store_;
      const auto judge = [&](const incoming& in, const actor&) {
        return (in.kind & kinds::stamped) != 0 && !clock.welcome(wall, in.at) ? sifting::hold : sifting::take;
      };
      const sifted_delta sifted{delta, store, judge};
      if (sifted.error() != errc::ok) {
        return errc::clock_ahead;
      }
      // What is kept must be looked for before the join: afterwards nothing tells it from what is new.
      auto quarantine = self().quarantine_;
      std::uint64_t kept = 0;
      std::uint64_t dropped = 0;
      held = 0;
      const auto& covers = delta.context();
      delta.for_each([&](const incoming& in) {
        const actor& who = covers.actors()[in.who];
        if (judge(in, who) == sifting::take || (store.contains(who, in.n) && !store.would_change(who, in))) {
          return;
        }
        ++held;
        auto* const place = quarantine.add(in, who, dropped);
        if (place == nullptr) {
          return;
        }
        ++kept;
        sifted.for_each_kept([&](const key_ref& key, const record_view& r) {
          if (same_key(key, place->key()) && !(r.who == who && r.n == in.n)) {
            place->note_seen(r.who, r.n);
          }
        });
      });
      if (const status s = self().join_delta(sifted, report); !s) {
        return report.lacking == resource::ranges ? errc::clock_ahead : s.error();
      }
      self().quarantine_ = quarantine;
      self().counters_.quarantined += kept;
      self().counters_.quarantine_dropped += dropped;
      return {};
    }
    return errc::clock_ahead;
  }

  [[gnu::noinline]] std::size_t let_in(Time now, errc& problem) {
    std::size_t count = 0;
    if constexpr (Replica::quarantine_places > 0) {
      auto& waiting = self().quarantine_;
      if (waiting.size() == 0) {
        return 0;
      }
      const wall_ms wall = self().wall_.at(now);
      hlc clock = self().clock_;
      clock.passed(self().wall_.passed(now));
      for (std::size_t i = 0; i < waiting.size();) {
        const auto held = waiting[i];
        const record_view r = held.record();
        if (known(held.key(), r)) {
          waiting.erase(i);  // it has come in, or died, by another way
          continue;
        }
        if (!clock.trusted(wall) || !clock.welcome(wall, r.at)) {
          ++i;
          continue;
        }
        typename Replica::local delta{{}, held.key(), {&r, 1}};
        bool fits = static_cast<bool>(delta.covers.insert(r.who, r.n));
        for (const auto& e : held.seen()) {
          fits = fits && delta.covers.insert(e.who, e.n);
        }
        join_report report;
        const status s = fits ? self().join_delta(delta, report) : status{self().lack(resource::ranges)};
        if (!s) {
          problem = s.error();
          ++i;
          continue;
        }
        waiting.erase(i);
        ++count;
        clock.follow(r.at);
        clock.confirm(wall, r.at);
      }
      if (count > 0) {
        self().clock_ = clock;
        self().wall_.advance(now);
        self().counters_.quarantine_released += count;
      }
    }
    return count;
  }
  [[nodiscard]] bool known(const key_ref& key, const record_view& r) const noexcept {
    const auto& store = self().store_;
    return store.contains(r.who, r.n) && !store.would_change(r.who, {key, 0, r.n, r.at, r.kind, r.payload, 1});
  }
};

}  // namespace skerry::inline v0::state::detail
