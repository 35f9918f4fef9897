// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/detail/arrival_log.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/join_report.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// The join of one operation, or of the same once more: a record at most, and a few events, all of actors that are known. What
/// `causal_store::join` does in several walks over a delta is one here. Everything else it leaves alone.
template <typename Store>
struct quick_join {
  using index = typename Store::index;
  static constexpr index none = Store::none;
  static constexpr std::size_t most_runs = 4;
  static constexpr std::size_t most_events = 8;

  /// The numbers that actors have here, as far as there are actors: no more than runs.
  using numbers = std::array<actor_ref, most_runs>;
  /// Whether all of them are known, and the delta is of this kind. They are written where they stay: a copy of what has just been
  /// written in pieces would have to wait for it.
  [[nodiscard]] static constexpr bool number(const Store& store, std::span<const actor> actors, std::span<const covered_run> runs,
                                             numbers& mine) noexcept {
    bool known = runs.size() <= most_runs && !store.pending_.active();
    for (std::size_t i = 0; known && i < actors.size(); ++i) {
      mine[i] = store.actors_.find(actors[i]);
      known = mine[i] != no_actor;
    }
    return known;
  }

  /// False: nothing has happened, and the delta is not of this kind.
  template <typename Touched>
  [[nodiscard]] static constexpr bool run(Store& store, std::span<const actor> actors, std::span<const covered_run> runs,
                                          std::span<const incoming> records, join_report& report, Touched& touched, party from) {
    if (records.size() > 1) [[unlikely]] {
      return false;
    }
    numbers mine;
    return number(store, actors, runs, mine) && run(store, mine, runs, records, report, touched, from);
  }
  /// The same for one record at most, of actors whose numbers are known.
  template <typename Touched>
  [[nodiscard]] static constexpr bool run(Store& store, const numbers& mine, std::span<const covered_run> runs,
                                          std::span<const incoming> records, join_report& report, Touched& touched, party from) {
    const dot d = records.empty() ? dot{} : dot{records[0].n, mine[records[0].who]};
    // What is live here and covered, but for the record itself; and how many events are new.
    std::array<index, most_events> dying;
    std::size_t deaths = 0;
    index held = none;
    std::uint64_t events = 0;
    std::uint64_t fresh = 0;
    std::ptrdiff_t growth = 0;
    const bool gapless = store.context_.range_count() == 0;
    for (const covered_run& r : runs) {
      const actor_ref who = mine[r.who];
      const std::uint64_t prefix = store.context_.prefix(who);
      if (r.last - r.first >= most_events - events) [[unlikely]] {
        return false;
      }
      events += r.last - r.first + 1;
      std::uint64_t known = r.last < prefix ? r.last : prefix;
      if (r.last <= prefix || (gapless && r.first - 1 <= prefix)) {
        fresh += r.last - known;
      } else {
        growth += store.context_.growth(who, r.first, r.last);
        fresh += store.context_.fresh(who, r.first, r.last);
        known = gapless ? known : r.last;
      }
      for (std::uint64_t n = r.first; n <= known; ++n) {
        if (const index i = store.table_.find(dot{n, who}); i == none) {
          continue;
        } else if (d == dot{n, who}) {
          held = i;
        } else {
          dying[deaths++] = i;
        }
      }
    }
    if (fresh > UINT64_MAX - store.events_ ||
        growth > static_cast<std::ptrdiff_t>(Store::context_type::ranges - store.context_.range_count())) [[unlikely]] {
      return false;
    }
    const std::span<const index> gone{dying.data(), deaths};
    if (!records.empty() && store.context_.contains(d)) {
      return deaths == 0 && fresh == 0 && again(store, records[0], held, report, from);
    }
    const index slot = records.empty() ? none : store.table_.find_place(records[0].key);
    if (!records.empty() && (records[0].payload.size() > Store::payload_capacity || records[0].key.args.size() > Store::key_bytes ||
                             !has_room(store, slot, gone))) [[unlikely]] {
      return false;  // perhaps there is room all the same: the long way finds out
    }
    const std::uint64_t before = store.begin_change();
    store.from_ = from;
    if (records.empty()) {
      bury(store, gone, report);
    } else {
      settle(store, records[0], d, gone, slot, report, touched, from);
    }
    for (const covered_run& r : runs) {
      store.note_events(mine[r.who], r.first, r.last, before);
    }
    if (gapless && growth == 0) {
      for (const covered_run& r : runs) {
        store.context_.extend(mine[r.who], r.last);
      }
    } else {
      store.context_.in_passes(runs.size(), [&](auto pass) {
        for (const covered_run& r : runs) {
          store.context_.insert_in(pass, mine[r.who], r.first, r.last);
        }
      });
    }
    store.events_ += fresh;
    store.from_ = no_party;
    return true;
  }

  /// Whether a record for a key in this place (or none) finds room when these have gone.
  [[nodiscard]] static constexpr bool has_room(const Store& store, index slot, std::span<const index> gone) noexcept {
    const auto& table = store.table_;
    return (table.record_count() < Store::record_capacity || !gone.empty()) &&
           ((slot != none && table.used(slot)) || table.key_count() < Store::key_capacity);
  }
  /// Whether one more event can be counted.
  [[nodiscard]] static constexpr bool counts_on(const Store& store) noexcept { return store.events_ != UINT64_MAX; }
  /// A local operation: the next event of an actor without gaps, its record, if it writes one, and what dies for it. There is room.
  template <typename Touched>
  static constexpr void operate(Store& store, const incoming& in, bool writes, std::span<const index> gone, index slot, join_report& report,
                                Touched& touched) {
    const std::uint64_t before = store.begin_change();
    if (writes) {
      settle(store, in, {in.n, in.who}, gone, slot, report, touched, no_party);
    } else {
      bury(store, gone, report);
    }
    store.note_events(in.who, in.n, in.n, before);
    store.context_.extend(in.who, in.n);
    ++store.events_;
  }

 private:
  /// A record whose event is known, in a delta that says nothing new.
  [[nodiscard]] static constexpr bool again(Store& store, const incoming& in, index held, join_report& report,
                                            [[maybe_unused]] party from) {
    if (held != none) {
      if (store.table_.compare(held, in) != 0) [[unlikely]] {
        return false;  // somebody is cloned
      }
      if constexpr (Store::table_type::logs) {
        store.table_.log().know(held, from);
      }
    }
    report.seen = 1;
    return true;
  }
  static constexpr void bury(Store& store, std::span<const index> gone, join_report& report) {
    for (const index i : gone) {
      store.erase(i, false);
    }
    report.removed = gone.size();
  }
  /// A new record, and what dies for it; `slot` is its key's place.
  template <typename Touched>
  static constexpr void settle(Store& store, const incoming& in, const dot& d, std::span<const index> gone, index slot, join_report& report,
                               Touched& touched, party from) {
    auto& table = store.table_;
    index place = none;  // of a record of the same key: that key and its list stay as they are
    for (const index i : gone) {
      if (place == none && table[i].key == slot) {
        place = i;
      } else {
        store.erase(i, store.is_told(i, d, slot));
      }
    }
    report.added = 1;
    report.removed = gone.size();
    if (place == none) {
      slot = table.insert(in, d, from, slot);
    } else {
      const dot old{table[place].n, table[place].who};
      const bool told = store.is_told(place, d, slot);
      table.replace(place, in, d, from, told);
      store.note_death(old, told);
    }
    if constexpr (requires { touched(slot, store.actors_[d.who], true); }) {
      const index i = place == none ? table.first_of(slot) : place;  // it is the key's only one, or not
      touched(slot, store.actors_[d.who], table.first_of(slot) != i || table[i].next != none);
    } else {
      touched(slot, store.actors_[d.who]);
    }
  }
};

}  // namespace skerry::inline v0::state::detail
