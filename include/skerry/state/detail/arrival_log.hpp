// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/detail/probe_table.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::state::detail {

/// Which link something came from: its number, or nobody's.
using party = std::uint16_t;
inline constexpr party no_party = 0xffff;   ///< this node itself, a file, a broker
inline constexpr party any_party = 0xfffe;  ///< several: everybody has to hear of it

/// Which links need not be told of a record, because their peer has it: one bit per link, or with many links the last one only.
template <std::size_t Links>
class link_marks {
  static constexpr bool few = Links <= 64;
  using bits = std::conditional_t<
      (Links <= 8), std::uint8_t,
      std::conditional_t<(Links <= 16), std::uint16_t, std::conditional_t<(Links <= 32) || !few, std::uint32_t, std::uint64_t>>>;

 public:
  [[nodiscard]] constexpr bool has(party link) const noexcept {
    if (link >= Links) {
      return false;
    }
    return few ? (bits_ >> link & 1) != 0 : bits_ == static_cast<bits>(link) + 1;
  }
  constexpr void add(party link) noexcept {
    if (link < Links) {
      bits_ = few ? static_cast<bits>(bits_ | bits{1} << link) : static_cast<bits>(link + 1U);
    }
  }
  constexpr void remove(party link) noexcept {
    if (has(link)) {
      bits_ = few ? static_cast<bits>(bits_ & ~(bits{1} << link)) : bits{0};
    }
  }

 private:
  bits bits_ = 0;
};

/// What changed when: the memory from which links cut their deltas.
///
/// Every change takes the next arrival number. The keys hang in the order of their last change, those that still have records in one
/// list, those that died in another: a dead key keeps its place, as the memory of its removal, until the place is needed. An arrival
/// number is kept by its low bits: what lies too far back to be told apart looks newer than it is, so that it may be sent once more,
/// never once too little.
/// Cost    2 indices, a number and a link per key; a number and the links that know it per record; two numbers and a link per actor;
///         16 to 24 bytes per entry of `lost_events`; every call O(1); numbers take 16 bits below 255 keys, else 32
template <std::size_t Records, std::size_t Keys, std::size_t Actors, std::size_t Links, std::size_t Gone>
class arrival_log {
 public:
  using index = index_for<(Records > Keys ? Records : Keys)>;
  static constexpr index none = static_cast<index>(-1);
  using number = std::conditional_t<(Keys < 0xff), std::uint16_t, std::uint32_t>;
  static constexpr bool enabled = true;
  static constexpr std::size_t lost_capacity = Gone;

 private:
  /// A link's number, everybody's, or nobody's, as small as it can be.
  using hearer = std::conditional_t<(Links < 0xfe), std::uint8_t, std::uint16_t>;
  static constexpr hearer nobody = static_cast<hearer>(no_party);
  static constexpr hearer everybody = static_cast<hearer>(any_party);

 public:
  /// Events that are dead here and that no record stands for: those that came late or died out of their order.
  struct gone {
    std::uint64_t first = 0;
    std::uint32_t more = 0;
    actor_ref who = 0;
    number at = 0;
    [[nodiscard]] constexpr std::uint64_t last() const noexcept { return first + more; }
  };

  constexpr arrival_log() noexcept {
    newest_.fill(none);
    oldest_.fill(none);
    deaths_.fill(nobody);
    changed_by_.fill(nobody);
  }

  /// How many changes there were: the number of the last one.
  [[nodiscard]] constexpr std::uint64_t arrivals() const noexcept { return arrivals_; }
  /// Removals up to here may have been forgotten.
  [[nodiscard]] constexpr std::uint64_t forgotten() const noexcept { return forgotten_; }
  /// Every link has heard of everything up to here.
  [[nodiscard]] constexpr std::uint64_t settled() const noexcept { return settled_ < arrivals_ ? settled_ : arrivals_; }
  constexpr void settle(std::uint64_t upto) noexcept { settled_ = upto; }

  /// Whether a number stands for something after `since`.
  [[nodiscard]] constexpr bool after(number at, std::uint64_t since) const noexcept {
    const std::uint64_t window = arrivals_ - since;
    return since < arrivals_ && (window > static_cast<number>(-1) || static_cast<number>(arrivals_ - at) < window);
  }
  [[nodiscard]] constexpr number at_slot(index slot) const noexcept { return slot_at_[slot]; }
  [[nodiscard]] constexpr number at_record(index i) const noexcept { return record_at_[i]; }
  [[nodiscard]] constexpr bool known(index i, party link) const noexcept { return known_[i].has(link); }
  constexpr void know(index i, party link) noexcept { known_[i].add(link); }
  constexpr void unknow(index i, party link) noexcept { known_[i].remove(link); }

  /// The keys that changed last and first, of those with records (`live`) or of the dead ones.
  [[nodiscard]] constexpr index newest(bool live) const noexcept { return newest_[live ? 1 : 0]; }
  [[nodiscard]] constexpr index oldest(bool live) const noexcept { return oldest_[live ? 1 : 0]; }
  [[nodiscard]] constexpr index newer(index slot) const noexcept { return newer_[slot]; }
  [[nodiscard]] constexpr index older(index slot) const noexcept { return older_[slot]; }

  /// Another join begins: nothing of it may share a number with the one before, which somebody may have heard of already.
  constexpr void begin() noexcept { open_ = false; }
  /// A key got a record.
  constexpr void record_in(index slot, bool was_dead, bool was_live, index i, party from) noexcept {
    settle_deaths(slot, was_dead || was_live);
    leave(slot, was_dead, was_live);
    if (!open_ || (!was_dead && !was_live) || slot_at_[slot] != static_cast<number>(arrivals_)) {
      ++arrivals_;
    }
    open_ = false;
    enter(slot, true);
    record_at_[i] = static_cast<number>(arrivals_);
    known_[i] = {};
    known_[i].add(from);
  }
  /// A record of a key died, and nothing else says so: those who have not heard of it must be told all that is left of the key.
  constexpr void record_out(index slot, bool dies, actor_ref who, party from) noexcept {
    settle_deaths(slot, true);
    deaths_[slot] = merged(deaths_[slot], from);
    leave(slot, false, true);
    if (!open_ || slot_at_[slot] != static_cast<number>(arrivals_)) {
      ++arrivals_;
    }
    open_ = true;
    death_at_[slot] = static_cast<std::uint8_t>(arrivals_);
    enter(slot, !dies);
    died_[who] = static_cast<number>(arrivals_);
    change(who, from);
  }
  /// The place of a dead key is needed: its removal is forgotten.
  constexpr void forget(index slot) noexcept {
    const std::uint64_t real_or_later = arrivals_ - static_cast<number>(arrivals_ - slot_at_[slot]);
    forgotten_ = real_or_later > forgotten_ ? real_or_later : forgotten_;
    leave(slot, true, false);
    deaths_[slot] = nobody;
    reassigned_[slot / 8] = static_cast<std::uint8_t>(reassigned_[slot / 8] | 1U << slot % 8);
    any_reassigned_ = true;
  }
  /// A record is to be sent once more to those who do not know it.
  constexpr void again(index slot, index i) noexcept {
    settle_deaths(slot, true);
    leave(slot, false, true);
    ++arrivals_;
    open_ = false;
    enter(slot, true);
    record_at_[i] = static_cast<number>(arrivals_);
  }

  /// Events of an actor came: `number` tells how many arrivals there were when the join began, so that events without a record count
  /// as a change, too.
  constexpr void events_in(actor_ref who, std::uint64_t before, party from) noexcept {
    if (arrivals_ == before) {
      ++arrivals_;
      open_ = false;
    }
    change(who, from);
  }
  constexpr void change(actor_ref who, party from) noexcept {
    changed_by_[who] = merged(after(changed_[who], settled()) ? changed_by_[who] : nobody, from);
    changed_[who] = static_cast<number>(arrivals_);
  }
  /// Whether a link has to be told that an actor's events came or that one of its records died.
  [[nodiscard]] constexpr bool changed(actor_ref who, std::uint64_t since, party link) const noexcept {
    return after(changed_[who], since) && changed_by_[who] != static_cast<hearer>(link);
  }
  [[nodiscard]] constexpr bool died(actor_ref who, std::uint64_t since) const noexcept { return after(died_[who], since); }
  /// Whether a link that has heard of everything up to `since`, and of deaths up to `told`, has to be told what is left of a key.
  [[nodiscard]] constexpr bool deaths(index slot, std::uint64_t since, std::uint64_t told, party link) const noexcept {
    const bool all_old = arrivals_ - told <= 0xff && static_cast<std::uint8_t>(arrivals_ - death_at_[slot]) >= arrivals_ - told;
    return deaths_[slot] != nobody && deaths_[slot] != static_cast<hearer>(link) && after(slot_at_[slot], since) && !all_old;
  }

  /// Events came that are smaller than others of their actor.
  constexpr void late() noexcept { late_ = arrivals_; }
  [[nodiscard]] constexpr bool any_late() const noexcept { return late_ > settled(); }
  /// Dead events that no later record of their actor stands for.
  ///
  /// next    the change that they belong to is yet to come
  constexpr void lose(actor_ref who, std::uint64_t first, std::uint64_t last, bool next) noexcept {
    const std::uint64_t change = arrivals_ + (next ? 1 : 0);
    if (Gone == 0 || last - first > UINT32_MAX) {
      forgotten_ = change;
      return;
    }
    const auto more = static_cast<std::uint32_t>(last - first);
    const auto at = static_cast<number>(change);
    for (std::size_t i = 0; i < gone_count_; ++i) {
      gone& g = gone_[i];
      if (g.who != who || first - 1 > g.last() || g.first - 1 > last) {
        continue;
      }
      const std::uint64_t from = first < g.first ? first : g.first;
      const std::uint64_t to = last > g.last() ? last : g.last();
      if (to - from <= UINT32_MAX) {
        g = {from, static_cast<std::uint32_t>(to - from), who, at};
        return;
      }
    }
    if (gone_count_ < Gone) {
      gone_[gone_count_++] = {first, more, who, at};
      return;
    }
    const std::size_t oldest = oldest_gone();
    const std::uint64_t real_or_later = arrivals_ - age(gone_[oldest].at);
    forgotten_ = real_or_later > forgotten_ ? real_or_later : forgotten_;
    gone_[oldest] = {first, more, who, at};
  }
  /// Whether `lose` would forget nothing that a link has yet to be told.
  [[nodiscard]] constexpr bool can_lose() const noexcept {
    return gone_count_ < Gone || (Gone > 0 && !after(gone_[oldest_gone()].at, settled()));
  }
  /// Calls `f(gone)` for those that were lost after `since`.
  template <typename F>
  constexpr void for_each_gone(std::uint64_t since, F&& f) const {
    for (std::size_t i = 0; i < gone_count_; ++i) {
      if (after(gone_[i].at, since)) {
        f(gone_[i]);
      }
    }
  }

  /// Calls `f(slot)` for the places that another key has taken since the last call.
  template <typename F>
  constexpr void take_reassigned(F&& f) {
    if (!any_reassigned_) {
      return;
    }
    any_reassigned_ = false;
    for (std::size_t i = 0; i < Keys; ++i) {
      if ((reassigned_[i / 8] >> i % 8 & 1) != 0) {
        f(static_cast<index>(i));
      }
    }
    reassigned_.fill(0);
  }

 private:
  [[nodiscard]] constexpr std::size_t oldest_gone() const noexcept {
    std::size_t oldest = 0;
    for (std::size_t i = 1; i < gone_count_; ++i) {
      oldest = age(gone_[i].at) > age(gone_[oldest].at) ? i : oldest;
    }
    return oldest;
  }
  [[nodiscard]] constexpr number age(number at) const noexcept {
    const auto passed = static_cast<number>(arrivals_ - at);
    return passed == static_cast<number>(-1) ? number{0} : passed;  // the change that is yet to come
  }
  /// Whose peer need not be told: of what this node did by itself nobody's.
  [[nodiscard]] static constexpr hearer merged(hearer before, party from) noexcept {
    const hearer now = from == no_party ? everybody : static_cast<hearer>(from);
    return before == nobody || before == now ? now : everybody;
  }
  constexpr void settle_deaths(index slot, bool placed) noexcept {
    if (!placed || !after(slot_at_[slot], settled())) {
      deaths_[slot] = nobody;
    }
  }
  constexpr void leave(index slot, bool was_dead, bool was_live) noexcept {
    if (!was_dead && !was_live) {
      return;
    }
    const std::size_t list = was_live ? 1 : 0;
    (newer_[slot] == none ? newest_[list] : older_[newer_[slot]]) = older_[slot];
    (older_[slot] == none ? oldest_[list] : newer_[older_[slot]]) = newer_[slot];
  }
  constexpr void enter(index slot, bool live) noexcept {
    const std::size_t list = live ? 1 : 0;
    slot_at_[slot] = static_cast<number>(arrivals_);
    newer_[slot] = none;
    older_[slot] = newest_[list];
    (newest_[list] == none ? oldest_[list] : newer_[newest_[list]]) = slot;
    newest_[list] = slot;
  }

  std::uint64_t arrivals_ = 0;
  std::uint64_t settled_ = UINT64_MAX;
  std::uint64_t forgotten_ = 0;
  std::uint64_t late_ = 0;
  std::array<index, Keys> newer_{};
  std::array<index, Keys> older_{};
  std::array<number, Keys> slot_at_{};
  array_of<hearer, Keys> deaths_{};            ///< the only link whose peer knows of all deaths that are not told otherwise
  std::array<std::uint8_t, Keys> death_at_{};  ///< the low bits of when the last of them came about: a key may change once more after it
  std::array<number, Records> record_at_{};
  array_of<link_marks<Links>, Records> known_{};
  std::array<number, Actors> changed_{};
  array_of<hearer, Actors> changed_by_{};
  std::array<number, Actors> died_{};
  array_of<gone, Gone == 0 ? 1 : Gone> gone_{};
  std::array<std::uint8_t, (Keys + 7) / 8> reassigned_{};
  std::array<index, 2> newest_{};
  std::array<index, 2> oldest_{};
  std::uint16_t gone_count_ = 0;
  bool open_ = false;  ///< the last number is that of a death, and the record that follows under the same key may share it
  bool any_reassigned_ = false;
};

/// A store that nobody asks for its changes.
struct no_log {
  static constexpr bool enabled = false;
};

template <typename Limits>
constexpr std::size_t links_of() noexcept {
  return 0;
}
template <typename Limits>
requires requires { Limits::links_max; }
constexpr std::size_t links_of() noexcept { return Limits::links_max; }
template <typename Limits>
constexpr std::size_t lost_events_of() noexcept {
  return Limits::keys / 8 < 8 ? 8 : (Limits::keys / 8 > 1024 ? 1024 : Limits::keys / 8);
}
template <typename Limits>
requires requires { Limits::lost_events; }
constexpr std::size_t lost_events_of() noexcept { return Limits::lost_events; }
template <typename Limits, bool Enabled>
struct log_for {
  using type = no_log;
};
template <typename Limits>
struct log_for<Limits, true> {
  using type = arrival_log<Limits::records, Limits::keys, Limits::actors, links_of<Limits>(), lost_events_of<Limits>()>;
};

}  // namespace skerry::inline v0::state::detail
