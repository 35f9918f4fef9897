// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/chunk_join.hpp>
#include <skerry/state/detail/pending_context.hpp>
#include <skerry/state/detail/quick_join.hpp>
#include <skerry/state/detail/record_table.hpp>
#include <skerry/state/detail/state_hash.hpp>
#include <skerry/state/detail/store_restore.hpp>
#include <skerry/state/dot_context.hpp>
#include <skerry/state/join_report.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::state {

/// The one store under every type: key -> {event -> payload}, and the set of all events seen.
///
/// A record survives a join if both sides have it, or if one side has it and the other has never seen its event. The types differ
/// only in what a mutator writes and how a pure function reads the records that survive.
/// Join    commutative, associative, idempotent; equal stores hold equal sets, whatever the order of what they learnt
/// Cost    a join takes O(records in the delta + min(events it covers, live records)); stack 42 A + 24 R bytes; no heap
/// Errors  `full`, found by counting before anything is touched, with the resource that is lacking
/// One event with two contents (somebody is cloned): the greater content stays, wherever it came first; the join reports it.
/// Source  Almeida, Shoker, Baquero, Delta State Replicated Data Types, 2018, section 7 (causal CRDTs)
template <typename Limits>
class causal_store {
 public:
  using algebra = joins;
  using limits_type = Limits;
  static constexpr std::size_t actor_capacity = Limits::actors;
  static constexpr std::size_t key_capacity = Limits::keys;
  static constexpr std::size_t record_capacity = Limits::records;
  static constexpr std::size_t payload_capacity = Limits::payload_bytes;
  static constexpr std::size_t key_bytes = detail::key_bytes_of<Limits>();
  static_assert(key_capacity > 0 && record_capacity > 0, "a store without room for a record");
  static_assert(payload_capacity <= 255 && key_bytes <= 255, "lengths of payloads and keys take one byte");

  /// Whether operations that come in their turn have a way of their own; a small machine would rather save its code.
  static constexpr bool joins_quickly = detail::is_swift<Limits>();

  using context_type = dot_context<Limits::actors, Limits::ranges>;
  using cover_type = delta_context<Limits::actors, Limits::ranges>;

 private:
  using table_type = detail::record_table<Limits>;
  friend struct detail::chunk_join<causal_store>;
  friend struct detail::quick_join<causal_store>;
  friend struct detail::store_restore<causal_store>;

 public:
  using index = typename table_type::index;
  static constexpr index none = table_type::none;
  /// Whether it remembers what changed when.
  static constexpr bool logs = table_type::logs;
  /// How many paths keys can have.
  static constexpr std::size_t most_paths = table_type::most_paths;

  [[nodiscard]] constexpr const auto& actors() const noexcept { return actors_; }
  [[nodiscard]] constexpr const context_type& context() const noexcept { return context_; }
  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return table_.record_count(); }
  [[nodiscard]] constexpr std::size_t key_count() const noexcept { return table_.key_count(); }

  /// What lies below, for those who write frames from it.
  [[nodiscard]] constexpr const table_type& table() const noexcept { return table_; }
  /// How many changes there were, counted only where links can ask for them.
  [[nodiscard]] constexpr std::uint64_t arrivals() const noexcept {
    if constexpr (table_type::logs) {
      return table_.log().arrivals();
    } else {
      return 0;
    }
  }
  /// What changed when; where `logs`.
  [[nodiscard]] constexpr const auto& log() const noexcept { return table_.log(); }
  /// The set of events seen, as one number: equal sets, equal numbers, whatever the order in which actors became known.
  ///
  /// Cost  O(actors + ranges)
  [[nodiscard]] constexpr std::uint64_t context_hash() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < actors_.size(); ++i) {
      const auto ref = static_cast<actor_ref>(i);
      context_.for_each(ref, [&](const dot_range& run) { sum += detail::run_hash(actors_[ref], run.first, run.last); });
    }
    return sum;
  }
  /// The records, as one number.
  ///
  /// text  `text(key_ref, std::span<char, TextBytes>) -> std::size_t` writes a key's text
  /// Cost  O(bytes of all records)
  template <std::size_t TextBytes, typename Text>
  [[nodiscard]] constexpr std::uint64_t content_hash(Text&& text) const {
    std::uint64_t sum = 0;
    for_each_key([&](index slot) {
      std::array<char, TextBytes> buffer{};
      const std::uint64_t name = detail::text_hash(std::span<const char>{buffer}.first(text(key(slot), std::span<char>{buffer})));
      records(slot).for_each([&](const record_view& r) { sum += detail::record_hash(r, name); });
    });
    return sum;
  }

  /// Where the run of an actor's dead events that ends at `last` begins; 0 when that one is alive or was never seen.
  ///
  /// Cost  O(min(those events, live records))
  [[nodiscard]] constexpr std::uint64_t dead_run_to(actor_ref who, std::uint64_t last) const noexcept {
    std::uint64_t first = 0;
    for (std::uint64_t n = last; n > 0 && context_.contains({n, who}) && table_.find(dot{n, who}) == none; --n) {
      first = n;
      if (last - n > table_.record_count()) {
        context_.for_each(who, [&](const dot_range& run) { first = run.first <= n && n <= run.last ? run.first : first; });
        for (std::size_t i = 0; i < record_capacity; ++i) {
          const auto& r = table_[static_cast<index>(i)];
          first = r.who == who && r.n < n && r.n >= first ? r.n + 1 : first;
        }
        return first;
      }
    }
    return first;
  }
  /// Calls `f(first, last)` for the dead ones among events of an actor that were all seen, from the last run to the first.
  template <typename F>
  constexpr void for_each_dead(actor_ref who, std::uint64_t first, std::uint64_t last, F&& f) const {
    for (std::uint64_t n = last; n >= first;) {
      const std::uint64_t from = dead_run_to(who, n);
      if (from != 0) {
        f(from < first ? first : from, n);
        n = from;
      }
      --n;
    }
  }
  /// Puts the records for which `lacks(record)` holds at the end of the log for one link. Links that have heard of them, those whose
  /// `acknowledged(link)` lies behind, are not told again.
  template <typename Lacks, typename Acknowledged>
  constexpr void tell_again(detail::party link, Lacks&& lacks, Acknowledged&& acknowledged) {
    if constexpr (table_type::logs) {
      auto& log = table_.log();
      for (std::size_t at = 0; at < record_capacity; ++at) {
        const auto i = static_cast<index>(at);
        if (table_[i].who == no_actor || !lacks(table_[i])) {
          continue;
        }
        for (std::size_t other = 0; other < Limits::links_max; ++other) {
          if (other != link && !log.after(log.at_record(i), acknowledged(static_cast<detail::party>(other)))) {
            log.know(i, static_cast<detail::party>(other));
          }
        }
        log.again(table_[i].key, i);
        log.unknow(i, link);
      }
    }
  }
  /// Events that somebody has not seen are to be told once more, as far as no live record stands for them.
  ///
  /// lost   how many runs of one comparison the log was told to remember: beyond half of what it can the next comparison does it
  constexpr void tell_events(actor_ref who, std::uint64_t first, std::uint64_t last, std::size_t& lost) noexcept {
    if constexpr (table_type::logs) {
      auto& log = table_.log();
      log.events_in(who, arrivals(), detail::no_party);
      if (last != UINT64_MAX && context_.contains({last + 1, who}) && lost < log.lost_capacity / 2) {
        ++lost;
        log.lose(who, first, last, false);
      }
    }
  }
  /// A link's number has another peer, or the peer has lost its memory.
  constexpr void forget_link(detail::party link) noexcept {
    if constexpr (table_type::logs) {
      for (std::size_t at = 0; at < record_capacity; ++at) {
        table_.log().unknow(static_cast<index>(at), link);
      }
    }
  }
  /// Every link has heard of everything up to this arrival.
  constexpr void settle(std::uint64_t arrival) noexcept {
    if constexpr (table_type::logs) {
      table_.log().settle(arrival);
    }
  }
  /// Calls `f(slot)` for the places that other keys have taken since the last call.
  template <typename F>
  constexpr void take_reassigned(F&& f) {
    if constexpr (table_type::logs) {
      table_.log().take_reassigned(f);
    }
  }

  /// Slot of a key that has live records, or `none`.
  [[nodiscard]] constexpr index find(const key_ref& key) const noexcept { return table_.find(key); }
  [[nodiscard]] constexpr key_ref key(index slot) const noexcept { return table_.key(slot); }
  /// Calls `f(slot)` for every key that has live records, in no particular order.
  template <typename F>
  constexpr void for_each_key(F&& f) const {
    for (std::size_t i = 0; i < key_capacity; ++i) {
      if (table_.used(static_cast<index>(i))) {
        f(static_cast<index>(i));
      }
    }
  }

  /// The live records of one key, in no particular order: what a policy reads.
  class record_list {
   public:
    constexpr record_list(const causal_store& store, index slot) noexcept : store_{&store}, slot_{slot} {}
    template <typename F>
    constexpr void for_each(F&& f) const {
      if (slot_ == none) {
        return;
      }
      for (index i = store_->table_.first_of(slot_); i != none; i = store_->table_[i].next) {
        f(store_->view(i));
      }
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return slot_ == none; }
    /// Whether there are more than `n`, without counting the rest.
    [[nodiscard]] constexpr bool size_exceeds(std::size_t n) const noexcept {
      index i = slot_ == none ? none : store_->table_.first_of(slot_);
      for (; i != none && n > 0; --n) {
        i = store_->table_[i].next;
      }
      return i != none;
    }
    [[nodiscard]] constexpr std::size_t size() const noexcept {
      std::size_t count = 0;
      for_each([&count](const record_view&) { ++count; });
      return count;
    }

   private:
    const causal_store* store_;
    index slot_;
  };
  [[nodiscard]] constexpr record_list records(index slot) const noexcept { return {*this, slot}; }
  [[nodiscard]] constexpr record_list records(const key_ref& key) const noexcept { return {*this, find(key)}; }

  /// Whether an event has been seen, live or dead.
  [[nodiscard]] constexpr bool contains(const actor& who, std::uint64_t n) const noexcept {
    const actor_ref ref = actors_.find(who);
    return ref != no_actor && context_.contains({n, ref});
  }
  /// Calls `f(key_ref, record_view)` for an event's record. Whether it has a live one.
  template <typename F>
  constexpr bool visit_record(const actor& who, std::uint64_t n, F&& f) const {
    const actor_ref ref = actors_.find(who);
    const index i = ref == no_actor ? none : table_.find(dot{n, ref});
    if (i == none) {
      return false;
    }
    f(table_.key(table_[i].key), view(i));
    return true;
  }
  [[nodiscard]] constexpr bool holds(const actor& who, std::uint64_t n) const noexcept {
    return visit_record(who, n, [](const key_ref&, const record_view&) {});
  }
  /// Whether this would be a greater content than the one that the store has for a live record.
  [[nodiscard]] constexpr bool would_change(const actor& who, const incoming& in) const noexcept {
    const actor_ref ref = actors_.find(who);
    const index i = ref == no_actor ? none : table_.find(dot{in.n, ref});
    return i != none && table_.compare(i, in) < 0;
  }
  /// Where an actor's record is held that is this very one, or `nowhere`.
  [[nodiscard]] constexpr std::uint32_t find_same(actor_ref who, const incoming& in) const noexcept {
    const index i = who == no_actor ? none : table_.find(dot{in.n, who});
    return i != none && table_.same(i, in) ? i : incoming::nowhere;
  }
  /// Slot of the key of a live record, or `none`.
  [[nodiscard]] constexpr index slot_of(const actor& who, std::uint64_t n) const noexcept {
    const actor_ref ref = actors_.find(who);
    const index i = ref == no_actor ? none : table_.find(dot{n, ref});
    return i == none ? none : table_[i].key;
  }
  /// 1 + the greatest number known of an actor, or 0 when its numbers are used up.
  [[nodiscard]] constexpr std::uint64_t next(const actor& who) const noexcept {
    const actor_ref ref = actors_.find(who);
    if (ref == no_actor) {
      return 1;
    }
    const std::uint64_t pending = pending_.next(ref);
    const std::uint64_t known = context_.next(ref);
    return known != 0 && (pending == 0 || pending > known) ? pending : known;
  }

  /// What a catch-up has told so far. Until it ends, keys up to its cursor are judged with the context and what is pending, keys
  /// beyond it with the context alone; so the store is valid to read all the while.
  using pending_type = detail::pending_context<Limits>;
  [[nodiscard]] constexpr const pending_type& pending() const noexcept { return pending_; }
  /// Takes in a part of the context under which a catch-up stands. Another catch-up than before begins anew.
  ///
  /// Errors  `full`, `gap` when a part before it is missing, `unsupported` when Limits::catch_up is off
  [[nodiscard]] constexpr status learn(const context_part& part, join_report& report) {
    return detail::chunk_join<causal_store>::learn(*this, part, report);
  }
  /// Joins all keys of a range, with all their records, under the pending context; the last chunk moves the context.
  ///
  /// chunk    `of()`, `after()`, `upto()`, `last()`, `listed_only()`, `actors()`, and `for_each(f)`, which calls `f(incoming)` for its
  ///          records, the same ones each time
  /// Errors   `full`, found by counting before anything is touched; `gap` when the chunk before it is missing; `stale` when it belongs
  ///          to another catch-up; `unsupported` when Limits::catch_up is off
  /// Cost     O(keys) texts and O(records in the chunk); stack 10 A bytes
  template <typename Chunk, typename Touched>
  [[nodiscard]] constexpr status join_chunk(const Chunk& chunk, const actor& watched, join_report& report, Touched&& touched) {
    return detail::chunk_join<causal_store>::run(*this, chunk, watched, report, touched);
  }
  /// Gives up a catch-up whose sender will not come back. What it brought stays, as far as the context has room for it.
  constexpr void abandon_catch_up() noexcept { detail::chunk_join<causal_store>::abandon(*this); }

  /// Joins a delta: something with `context()`, the events that it covers, and `for_each(f)`, which calls `f(incoming)` for its
  /// records, the same ones each time.
  ///
  /// watched    an actor whose conflicts are of special interest, usually the own one
  /// touched    called as `touched(slot, who)` after a key got a record of an actor
  /// from       the link over which it came
  template <typename Delta, typename Touched>
  [[nodiscard]] constexpr status join(const Delta& delta, const actor& watched, join_report& report, Touched&& touched,
                                      detail::party from = detail::no_party) {
    report = {};
    const auto& covers = delta.context();
    if constexpr (joins_quickly && requires { delta.records(); }) {
      if (detail::quick_join<causal_store>::run(*this, covers.actors(), covers.runs(), delta.records(), report, touched, from)) {
        return {};
      }
    }
    std::array<actor_ref, std::decay_t<decltype(covers)>::actor_capacity> mine;  // as far as the delta names actors
    std::size_t strangers = 0;
    for (std::size_t i = 0; i < covers.actors().size(); ++i) {
      mine[i] = actors_.find(covers.actors()[i]);
      if (mine[i] == no_actor) {
        mine[i] = static_cast<actor_ref>(actors_.size() + strangers++);
      }
    }
    if (actors_.size() + strangers > Limits::actors) {
      report.lacking = resource::actors;
      return errc::full;
    }
    std::ptrdiff_t growth = 0;
    std::uint64_t events = events_;
    for (const auto& run : covers.runs()) {
      const std::uint64_t fresh = context_.fresh(mine[run.who], run.first, run.last);
      growth += fresh == 0 ? 0 : context_.growth(mine[run.who], run.first, run.last);
      if (fresh > UINT64_MAX - events) {
        report.lacking = resource::events;  // a frame could not number them
        return errc::full;
      }
      events += fresh;
    }
    if (growth > static_cast<std::ptrdiff_t>(Limits::ranges - context_.range_count())) {
      report.lacking = resource::ranges;
      return errc::full;
    }

    index covered = mark(covers, mine);
    if constexpr (scoped_delta<Delta>) {
      covered = mark_scopes(delta, covered);
    }
    std::size_t new_keys = 0;
    const status counted = count(delta, mine, watched, covered, report, new_keys);
    if (!counted) {
      unmark(covered);
      return counted;
    }
    if constexpr (joins_quickly) {
      if (events == events_ && report.added == 0 && report.conflicts == 0 && adds_nothing<Delta>(covered, from)) {
        unmark(covered);
        return {};
      }
    }
    const std::uint64_t before = begin_change();
    from_ = from;
    sweep(covered, delta, mine, report);
    for (std::size_t i = 0; i < covers.actors().size(); ++i) {
      (void)actors_.insert(covers.actors()[i]);  // gets the number it was given above
    }
    need_places(delta, mine, new_keys);
    delta.for_each([&](const incoming& in) { take(in, {in.n, mine[in.who]}, touched, delta); });
    for (const auto& run : covers.runs()) {
      note_events(mine[run.who], run.first, run.last, before);
    }
    from_ = detail::no_party;
    if (events == events_) {
      return {};
    }
    events_ = events;
    context_.in_passes(covers.runs().size(), [&](auto pass) {
      for (const auto& run : covers.runs()) {
        context_.insert_in(pass, mine[run.who], run.first, run.last);
      }
    });
    return {};
  }
  template <typename Delta>
  [[nodiscard]] constexpr status join(const Delta& delta, join_report& report) {
    return join(delta, actor{}, report, [](index, const actor&) {});
  }
  [[nodiscard]] constexpr status join(const causal_store& other) {
    join_report report;
    if (this == &other) {
      return {};
    }
    const everything all{other};
    return all.complete() ? join(all, report) : status{errc::full};
  }

  /// A whole store as a delta, in the order that makes equal stores equal bytes when `order` lists the slots of the keys in an order
  /// that both agree on; without it the keys come as they lie.
  class everything {
   public:
    constexpr explicit everything(const causal_store& store, std::span<const index> order = {}) noexcept : store_{&store}, order_{order} {
      for (std::size_t i = 0; i < store.actors_.size(); ++i) {
        const actor_ref ref = store.actors_.sorted(i);
        store.context_.for_each(ref, [&](const dot_range& run) { (void)covers_.append(store.actors_[ref], run.first, run.last); });
      }
      if (store.pending_.active()) {  // what a catch-up has brought lies beyond the context
        for (std::size_t i = 0; i < record_capacity; ++i) {
          const auto& r = store.table_[static_cast<index>(i)];
          if (r.who != no_actor && !store.context_.contains({r.n, r.who})) {
            complete_ = static_cast<bool>(covers_.insert(store.actors_[r.who], r.n)) && complete_;
          }
        }
      }
      for (std::size_t i = 0; i < covers_.actors().size(); ++i) {
        position_[store.actors_.find(covers_.actors()[i])] = static_cast<actor_ref>(i);
      }
    }
    /// Whether the runs had room for all of it; false only in the midst of a catch-up.
    [[nodiscard]] constexpr bool complete() const noexcept { return complete_; }
    [[nodiscard]] constexpr const cover_type& context() const noexcept { return covers_; }
    template <typename F>
    constexpr void for_each(F&& f) const {
      if (order_.empty()) {
        store_->for_each_key([&](index slot) { records_of(slot, f); });
      } else {
        for (const index slot : order_) {
          records_of(slot, f);
        }
      }
    }

   private:
    /// In ascending order of (actor, n), some at a time: one walk over the list finds the next ones.
    template <typename F>
    constexpr void records_of(index slot, F& f) const {
      const table_type& table = store_->table_;
      const index only = table.first_of(slot);
      if (table[only].next == none) {
        const auto& r = table[only];
        f(incoming{store_->key(slot), position_[r.who], r.n, r.at, r.kind, std::span{r.payload}.first(r.size), 1});
        return;
      }
      std::array<index, 16> some;
      for (index last = none;;) {
        std::size_t count = 0;
        std::size_t of_key = 0;
        for (index i = table.first_of(slot); i != none; i = table[i].next, ++of_key) {
          if ((last != none && !before(last, i)) || (count == some.size() && !before(i, some.back()))) {
            continue;
          }
          count += count < some.size() ? 1 : 0;
          std::size_t at = count - 1;
          for (; at > 0 && before(i, some[at - 1]); --at) {
            some[at] = some[at - 1];
          }
          some[at] = i;
        }
        for (std::size_t i = 0; i < count; ++i) {
          const auto& r = table[some[i]];
          f(incoming{store_->key(slot), position_[r.who], r.n, r.at, r.kind, std::span{r.payload}.first(r.size), of_key});
        }
        if (count < some.size()) {
          return;
        }
        last = some.back();
      }
    }
    [[nodiscard]] constexpr bool before(index a, index b) const noexcept {
      const auto& x = store_->table_[a];
      const auto& y = store_->table_[b];
      return position_[x.who] != position_[y.who] ? position_[x.who] < position_[y.who] : x.n < y.n;
    }

    const causal_store* store_;
    std::span<const index> order_;
    cover_type covers_{};
    std::array<actor_ref, Limits::actors> position_{};
    bool complete_ = true;
  };

  /// Drops the records of a key that are obsolete beside one of an actor, and those of the actor that are obsolete beside another.
  /// They count as removed everywhere, like any event seen and absent: only for records that no reader can ever need again.
  ///
  /// Cost  O(records of the key) for each of the actor's records and for each one dropped
  template <typename Obsolete>
  constexpr void prune(index slot, const actor& who, Obsolete&& obsolete) {
    const actor_ref ref = actors_.find(who);
    while (prune_one(slot, ref, obsolete)) {
    }
  }

 private:
  [[nodiscard]] constexpr record_view view(index i) const noexcept {
    const auto& r = table_[i];
    return {actors_[r.who], r.n, r.at, r.kind, std::span{r.payload}.first(r.size)};
  }
  template <typename Obsolete>
  constexpr bool prune_one(index slot, actor_ref who, Obsolete& obsolete) {
    for (index b = table_.first_of(slot); b != none; b = table_[b].next) {
      if (table_[b].who != who) {
        continue;
      }
      const record_view by = view(b);
      for (index i = table_.first_of(slot); i != none; i = table_[i].next) {
        if (i == b) {
          continue;
        }
        const record_view other = view(i);
        const bool first = obsolete(other, by);
        if (first || obsolete(by, other)) {
          const index dead = first ? i : b;
          const actor_ref its = table_[dead].who;
          erase(dead, its == table_[first ? b : i].who);
          return true;
        }
      }
    }
    return false;
  }
  /// Marks and chains the live records that the delta covers: by their names when those are few, else in one walk over all records.
  template <typename Covers, std::size_t A>
  [[nodiscard]] constexpr index mark(const Covers& covers, const std::array<actor_ref, A>& mine) noexcept {
    std::uint64_t covered = 0;
    for (const auto& run : covers.runs()) {
      const std::uint64_t length = run.last - run.first;
      covered = length >= record_capacity ? record_capacity + 1 : covered + length + 1;
      if (covered > table_.record_count()) {
        return mark_by_walk(covers, mine);
      }
    }
    index chain = none;
    for (const auto& run : covers.runs()) {
      for (std::uint64_t n = run.first;; ++n) {
        if (const index i = table_.find(dot{n, mine[run.who]}); i != none) {
          chain = mark(i, chain);
        }
        if (n == run.last) {
          break;
        }
      }
    }
    return chain;
  }
  template <typename Covers, std::size_t A>
  [[nodiscard]] constexpr index mark_by_walk(const Covers& covers, const std::array<actor_ref, A>& mine) noexcept {
    index chain = none;
    if (table_.record_count() == 0) {
      return chain;
    }
    std::array<std::uint16_t, Limits::actors> first_run{};  // position + 1 of an actor's first run
    const auto runs = covers.runs();
    for (std::size_t i = runs.size(); i > 0; --i) {
      first_run[mine[runs[i - 1].who]] = static_cast<std::uint16_t>(i);
    }
    for (std::size_t at = 0; at < record_capacity; ++at) {
      const auto& r = table_[static_cast<index>(at)];
      if (r.who == no_actor || first_run[r.who] == 0) {
        continue;
      }
      for (std::size_t i = first_run[r.who] - 1U; i < runs.size() && mine[runs[i].who] == r.who && runs[i].first <= r.n; ++i) {
        if (r.n <= runs[i].last) {
          chain = mark(static_cast<index>(at), chain);
          break;
        }
      }
    }
    return chain;
  }
  [[nodiscard]] constexpr index mark(index i, index chain) noexcept {
    table_[i].marked = true;
    table_[i].chain = chain;
    return i;
  }

  /// Marks what is live under the keys that the delta lists completely and has been seen by its sender, but for what is alive there.
  template <typename Delta>
  [[nodiscard]] constexpr index mark_scopes(const Delta& delta, index chain) {
    delta.for_each_scope([&](index slot, actor_ref only) {
      for (index i = table_.first_of(slot); i != none; i = table_[i].next) {
        const auto& r = table_[i];
        if (!r.marked && (only == no_actor || r.who == only) && r.n <= delta.seen(r.who)) {
          chain = mark(i, chain);
        }
      }
    });
    delta.for_each_kept([&](const dot& d) {
      if (const index i = table_.find(d); i != none) {
        table_[i].marked = false;
      }
    });
    return chain;
  }

  /// The counting pass: takes the mark from what the delta holds, and compares what it needs with what is free or becomes so.
  template <typename Delta, std::size_t A>
  [[nodiscard]] constexpr status count(const Delta& delta, const std::array<actor_ref, A>& mine, const actor& watched, index covered,
                                       join_report& report, std::size_t& new_keys) {
    status verdict;
    // Records of one key come together, so a new key is counted once. Its text is copied: it lasts only as long as its record.
    std::array<char, key_bytes> text{};
    key_ref last_new{};
    bool any_new = false;
    const auto needs_key = [&](const key_ref& key) {
      if (!any_new || table_type::compare(last_new, key) != 0) {
        ++new_keys;
        last_new = {key.path, std::span<const char>{text}.first(key.args.size())};
        for (std::size_t i = 0; i < key.args.size(); ++i) {
          text[i] = key.args[i];
        }
        any_new = true;
      }
    };
    delta.for_each([&](const incoming& in) {
      const dot d{in.n, mine[in.who]};
      if (is_held(in, d)) {
        ++report.seen;
        table_[static_cast<index>(in.held)].marked = false;
        return;
      }
      if (in.payload.size() > payload_capacity || in.key.args.size() > key_bytes) {
        report.lacking = resource::bytes;
        verdict = errc::full;
        return;
      }
      if (!known(in.key, d)) {
        ++report.added;
      } else {
        ++report.seen;
        const index i = table_.find(d);
        if (i == none) {
          return;
        }
        auto& r = table_[i];
        r.marked = false;
        const int order = table_.compare(i, in);
        if (order != 0) {
          ++report.conflicts;
          report.own_greater = report.own_conflict ? report.own_greater : order > 0;
          report.own_conflict = report.own_conflict || actors_[r.who] == watched;
        }
        if (order >= 0 || r.key == find(in.key)) {
          return;
        }
        // It moves to another key: its own place becomes free in time, that of its old key perhaps not.
      }
      if (find(in.key) == none) {
        needs_key(in.key);
      }
    });
    if (!verdict) {
      return verdict;
    }
    std::size_t freed = 0;
    std::size_t freed_keys = 0;
    const std::size_t free_records = record_capacity - table_.record_count();
    const std::size_t free_keys = key_capacity - table_.key_count();
    if (report.added > free_records || new_keys > free_keys) {
      for (index i = covered; i != none; i = table_[i].chain) {
        freed += table_[i].marked ? 1 : 0;
        freed_keys += table_.first_of(table_[i].key) == i && all_marked(table_[i].key) ? 1 : 0;
      }
      if (freed_keys > 0) {
        // A key that dies and gets a new record takes its place again.
        any_new = false;
        delta.for_each([&](const incoming& in) {
          const index slot = find(in.key);
          if (slot != none && all_marked(slot) && arrives(in, {in.n, mine[in.who]})) {
            needs_key(in.key);
          }
        });
      }
    }
    if (report.added > free_records + freed) {
      report.lacking = resource::records;
      return errc::full;
    }
    if (new_keys > free_keys + freed_keys) {
      report.lacking = resource::keys;
      return errc::full;
    }
    return {};
  }
  /// Whether somebody has found that this very record is here, and it still is.
  [[nodiscard]] constexpr bool is_held(const incoming& in, const dot& d) const noexcept {
    return joins_quickly && in.held != incoming::nowhere && table_[static_cast<index>(in.held)].n == d.n &&
           table_[static_cast<index>(in.held)].who == d.who;
  }
  /// Whether an event under this key is held, or counts as dead.
  [[nodiscard]] constexpr bool known(const key_ref& key, const dot& d) const noexcept {
    return context_.contains(d) || (pending_.active() && (pending_.judges(key, d) || table_.find(d) != none));
  }
  /// Whether the join gives this content a place.
  [[nodiscard]] constexpr bool arrives(const incoming& in, const dot& d) const noexcept {
    const index i = table_.find(d);
    return i == none ? !known(in.key, d) : table_.compare(i, in) < 0;
  }
  [[nodiscard]] constexpr bool all_marked(index slot) const noexcept {
    for (index i = table_.first_of(slot); i != none; i = table_[i].next) {
      if (!table_[i].marked) {
        return false;
      }
    }
    return true;
  }
  /// Takes the marks away.
  constexpr void unmark(index chain) noexcept {
    while (chain != none) {
      auto& r = table_[chain];
      chain = r.chain;
      r.marked = false;
      r.chain = none;
    }
  }
  /// Takes the marks away, and with them the records that kept theirs.
  template <typename Delta, std::size_t A>
  constexpr void sweep(index chain, const Delta& delta, const std::array<actor_ref, A>& mine, join_report& report) {
    while (chain != none) {
      auto& r = table_[chain];
      const index following = r.chain;
      const bool dies = r.marked;
      r.marked = false;
      r.chain = none;
      if (dies) {
        erase(chain, replaced(chain, delta, mine));
        ++report.removed;
      }
      chain = following;
    }
  }
  /// Whether a delta without a new event or record leaves everything as it is: nothing dies, and nobody notes who has sent it.
  template <typename Delta>
  [[nodiscard]] constexpr bool adds_nothing(index chain, detail::party from) const noexcept {
    bool nothing = !scoped_delta<Delta> && (!table_type::logs || from == detail::no_party);
    for (; nothing && chain != none; chain = table_[chain].chain) {
      nothing = !table_[chain].marked;
    }
    return nothing;
  }
  /// The number of the last change before this one.
  constexpr std::uint64_t begin_change() noexcept {
    if constexpr (table_type::logs) {
      table_.log().begin();
    }
    return arrivals();
  }
  /// Whether the delta brings a later record of the same actor for the same key: who hears of that one knows that this one is dead.
  template <typename Delta, std::size_t A>
  [[nodiscard]] constexpr bool replaced(index i, const Delta& delta, const std::array<actor_ref, A>& mine) const {
    bool found = false;
    if constexpr (table_type::logs) {
      const auto& r = table_[i];
      if (table_.first_of(r.key) == i && r.next == none) {
        return false;  // it is the key's last one, and the key as a whole is told
      }
      delta.for_each([&](const incoming& in) {
        found = found || (mine[in.who] == r.who && in.n > r.n && !context_.contains({in.n, r.who}) && table_.find(in.key) == r.key);
      });
    }
    return found;
  }
  /// The same where the delta brings one record, which is new and belongs into `slot`.
  [[nodiscard]] constexpr bool is_told([[maybe_unused]] index i, [[maybe_unused]] const dot& d, [[maybe_unused]] index slot) const {
    if constexpr (table_type::logs) {
      const auto& r = table_[i];
      return r.key == slot && r.who == d.who && r.n < d.n && !(table_.first_of(slot) == i && r.next == none);
    }
    return false;
  }
  constexpr void erase(index i, bool told) noexcept {
    const dot old{table_[i].n, table_[i].who};
    table_.erase(i, from_, told);
    note_death(old, told);
  }
  constexpr void note_death([[maybe_unused]] const dot& d, [[maybe_unused]] bool told) noexcept {
    if constexpr (table_type::logs) {
      if (d.n > context_.prefix(d.who) || table_.log().any_late()) {
        table_.log().lose(d.who, d.n, d.n, told);
      }
    }
  }
  /// Dead keys that the delta gives a record must not lose their places to others that it brings.
  template <typename Delta, std::size_t A>
  constexpr void need_places(const Delta& delta, const std::array<actor_ref, A>& mine, std::size_t new_keys) {
    if constexpr (table_type::logs) {
      if (new_keys > table_.free_places()) {
        delta.for_each([&](const incoming& in) {
          const index slot = table_.find_place(in.key);
          if (slot != none && !table_.used(slot) && arrives(in, {in.n, mine[in.who]})) {
            table_.need(slot);
          }
        });
      }
    }
  }
  /// Events that came, most of them with their records, some dead.
  constexpr void note_events(actor_ref who, std::uint64_t first, std::uint64_t last, [[maybe_unused]] std::uint64_t before) noexcept {
    if constexpr (table_type::logs) {
      if (context_.fresh(who, first, last) == 0) {
        return;
      }
      table_.log().events_in(who, before, from_);
      first = context_.prefix(who) >= first ? context_.prefix(who) + 1 : first;
      if (context_.greatest(who) >= first) {
        table_.log().late();
        if (first != last || table_.find(dot{first, who}) == none) {
          table_.log().lose(who, first, last, false);
        }
      }
    }
  }

  template <typename Touched, typename Delta>
  constexpr void take(const incoming& in, const dot& d, Touched& touched, const Delta& delta) {
    if (is_held(in, d)) {
      if constexpr (table_type::logs) {
        table_.log().know(static_cast<index>(in.held), from_);
      }
      return;
    }
    const index i = table_.find(d);
    if (i == none && known(in.key, d)) {
      if constexpr (table_type::logs && scoped_delta<Delta>) {
        if (delta.repairs() && table_.log().can_lose()) {  // what it cannot remember now the next comparison brings again
          table_.log().events_in(d.who, arrivals(), detail::no_party);
          table_.log().lose(d.who, d.n, d.n, false);
        }
      }
      return;
    }
    if (i != none) {
      if (const int order = table_.compare(i, in); order >= 0) {
        if constexpr (table_type::logs) {
          if (order == 0) {
            table_.log().know(i, teller(delta, d));
          }
        }
        return;
      }
      table_.erase(i, from_);
    }
    touched(table_.insert(in, d, teller(delta, d)), actors_[d.who]);
  }
  /// Whom a record need not be told: its sender, unless the event before it is dead and the sender may not know that. Then it is told
  /// back, and that with it: nothing else stands for it.
  template <typename Delta>
  [[nodiscard]] constexpr detail::party teller([[maybe_unused]] const Delta& delta, [[maybe_unused]] const dot& d) const noexcept {
    if constexpr (table_type::logs && scoped_delta<Delta>) {
      if (d.n - 1 > delta.seen(d.who) && dead_run_to(d.who, d.n - 1) != 0) {
        return detail::no_party;
      }
    }
    return from_;
  }

  /// Of thousands of actors few would stand where their ids point to.
  actor_table<Limits::actors, joins_quickly && Limits::actors <= 128> actors_{};
  context_type context_{};
  table_type table_{};
  std::uint64_t events_ = 0;  ///< how many the context holds
  [[no_unique_address]] pending_type pending_{};
  detail::party from_ = detail::no_party;  ///< of the join that goes on
};

}  // namespace skerry::inline v0::state
