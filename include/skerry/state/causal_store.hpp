// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/probe_table.hpp>
#include <skerry/state/dot_context.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// What ran out when a join was answered `full`.
enum class resource : std::uint8_t { none, actors, ranges, keys, records, bytes };

/// What a join did, or why it did nothing.
struct join_report {
  std::size_t added = 0;      ///< records that are new here
  std::size_t seen = 0;       ///< records that were known already, live or dead
  std::size_t removed = 0;    ///< records that died
  std::size_t conflicts = 0;  ///< events that came with another content than they have here: somebody is cloned
  bool own_conflict = false;  ///< one of them is an event of `watched`
  resource lacking = resource::none;
};

/// The one store under every type: key -> {event -> payload}, and the set of all events seen.
///
/// A record survives a join if both sides have it, or if one side has it and the other has never seen its event. The types differ
/// only in what a mutator writes and how a pure function reads the records that survive.
/// Join    commutative, associative, idempotent; equal stores hold equal sets, whatever the order of what they learnt
/// Cost    a join takes O(records in the delta + min(events it covers, live records)); stack 42 A + 24 R bytes; no heap
/// Errors  `full`, found by counting before anything is touched, with the resource that is lacking; `corrupt` when one event comes
///         under two keys
/// Source  Almeida, Shoker, Baquero, Delta State Replicated Data Types, 2018, section 7 (causal CRDTs)
template <typename Limits>
class causal_store {
 public:
  using algebra = joins;
  static constexpr std::size_t actor_capacity = Limits::actors;
  static constexpr std::size_t key_capacity = Limits::keys;
  static constexpr std::size_t record_capacity = Limits::records;
  static constexpr std::size_t payload_capacity = Limits::payload_bytes;
  static constexpr std::size_t key_bytes = detail::key_bytes_of<Limits>();
  static_assert(key_capacity > 0 && record_capacity > 0, "a store without room for a record");
  static_assert(payload_capacity <= 255 && key_bytes <= 255, "lengths of payloads and keys take one byte");

  using context_type = dot_context<Limits::actors, Limits::ranges>;
  using cover_type = delta_context<Limits::actors, Limits::ranges>;
  using index = detail::index_for<(record_capacity > key_capacity ? record_capacity : key_capacity)>;
  static constexpr index none = static_cast<index>(-1);

  constexpr causal_store() noexcept {
    for (std::size_t i = 0; i < record_capacity; ++i) {
      records_[i].next = static_cast<index>(i + 1 < record_capacity ? i + 1 : none);
    }
    for (std::size_t i = 0; i < key_capacity; ++i) {
      keys_[i].first = static_cast<index>(i + 1 < key_capacity ? i + 1 : none);
    }
  }

  [[nodiscard]] constexpr const actor_table<Limits::actors>& actors() const noexcept { return actors_; }
  [[nodiscard]] constexpr const context_type& context() const noexcept { return context_; }
  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return record_count_; }
  [[nodiscard]] constexpr std::size_t key_count() const noexcept { return key_count_; }

  /// Slot of a key that has live records, or `none`.
  [[nodiscard]] constexpr index find(const key_ref& key) const noexcept {
    const auto at = key_index_.find(hash(key), [&](std::size_t i) { return same(keys_[i], key); });
    return at == decltype(key_index_)::none ? none : static_cast<index>(at);
  }
  [[nodiscard]] constexpr key_ref key(index slot) const noexcept {
    return {keys_[slot].path, std::span{keys_[slot].args}.first(keys_[slot].size)};
  }
  /// Calls `f(slot)` for every key that has live records, in no particular order.
  template <typename F>
  constexpr void for_each_key(F&& f) const {
    for (std::size_t i = 0; i < key_capacity; ++i) {
      if (keys_[i].used) {
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
      for (index i = store_->keys_[slot_].first; i != none; i = store_->records_[i].next) {
        f(store_->view(i));
      }
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return slot_ == none; }
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
  /// 1 + the greatest number known of an actor, or 0 when its numbers are used up.
  [[nodiscard]] constexpr std::uint64_t next(const actor& who) const noexcept {
    const actor_ref ref = actors_.find(who);
    return ref == no_actor ? 1 : context_.next(ref);
  }

  /// Joins a delta: something with `context()`, the events that it covers, and `for_each(f)`, which calls `f(incoming)` for its
  /// records, the same ones each time.
  ///
  /// watched    an actor whose conflicts are of special interest, usually the own one
  /// touched    called as `touched(slot, who)` after a key got a record of an actor
  template <typename Delta, typename Touched>
  [[nodiscard]] constexpr status join(const Delta& delta, const actor& watched, join_report& report, Touched&& touched) {
    report = {};
    const cover_type& covers = delta.context();
    std::array<actor_ref, Limits::actors> mine{};
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
    for (const auto& run : covers.runs()) {
      growth += context_.growth(mine[run.who], run.first, run.last);
    }
    if (growth > static_cast<std::ptrdiff_t>(Limits::ranges - context_.range_count())) {
      report.lacking = resource::ranges;
      return errc::full;
    }

    const index covered = mark(covers, mine);
    const status counted = count(delta, mine, watched, covered, report);
    sweep(covered, static_cast<bool>(counted), report);
    if (!counted) {
      return counted;
    }
    for (std::size_t i = 0; i < covers.actors().size(); ++i) {
      (void)actors_.insert(covers.actors()[i]);  // gets the number it was given above
    }
    delta.for_each([&](const incoming& in) { take(in, {in.n, mine[in.who]}, touched); });
    for (const bool closing : {true, false}) {  // see dot_context::join
      for (const auto& run : covers.runs()) {
        if ((context_.growth(mine[run.who], run.first, run.last) <= 0) == closing) {
          (void)context_.insert(mine[run.who], run.first, run.last);
        }
      }
    }
    return {};
  }
  template <typename Delta>
  [[nodiscard]] constexpr status join(const Delta& delta, join_report& report) {
    return join(delta, actor{}, report, [](index, const actor&) {});
  }
  [[nodiscard]] constexpr status join(const causal_store& other) {
    join_report report;
    return this == &other ? status{} : join(everything{other}, report);
  }

  /// A whole store as a delta, in the order that makes equal stores equal bytes when `order` lists the slots of the keys in an order
  /// that both agree on; without it the keys come as they lie.
  class everything {
   public:
    constexpr explicit everything(const causal_store& store, std::span<const index> order = {}) noexcept : store_{&store}, order_{order} {
      for (std::size_t i = 0; i < store.actors_.size(); ++i) {
        const actor_ref ref = store.actors_.sorted(i);
        bool known = false;
        store.context_.for_each(ref, [&](const dot_range& run) {
          (void)covers_.append(store.actors_[ref], run.first, run.last);
          known = true;
        });
        position_[ref] = known ? static_cast<actor_ref>(covers_.actors().size() - 1) : no_actor;
      }
    }
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
    /// In ascending order of (actor, n): a key's list is short, so choosing the next one each time is enough.
    template <typename F>
    constexpr void records_of(index slot, F& f) const {
      const std::size_t of_key = store_->records(slot).size();
      index last = none;
      for (;;) {
        index least = none;
        for (index i = store_->keys_[slot].first; i != none; i = store_->records_[i].next) {
          if ((last == none || before(last, i)) && (least == none || before(i, least))) {
            least = i;
          }
        }
        if (least == none) {
          return;
        }
        const record& r = store_->records_[least];
        f(incoming{store_->key(slot), position_[r.who], r.n, r.at, r.kind, std::span{r.payload}.first(r.size), of_key});
        last = least;
      }
    }
    [[nodiscard]] constexpr bool before(index a, index b) const noexcept {
      const record& x = store_->records_[a];
      const record& y = store_->records_[b];
      return position_[x.who] != position_[y.who] ? position_[x.who] < position_[y.who] : x.n < y.n;
    }

    const causal_store* store_;
    std::span<const index> order_;
    cover_type covers_{};
    std::array<actor_ref, Limits::actors> position_{};
  };

  /// Drops the records of one actor under a key but its latest.
  constexpr void prune_to_latest(index slot, const actor& who) {
    std::uint64_t latest = 0;
    records(slot).for_each([&](const record_view& r) { latest = r.who == who && r.n > latest ? r.n : latest; });
    (void)prune(slot, [&](const record_view& r) { return r.who != who || r.n == latest; });
  }
  /// Drops the records of a key for which `keep` is false. They count as removed everywhere, like any event seen and absent: only
  /// for records that no reader can ever need again.
  template <typename Keep>
  constexpr std::size_t prune(index slot, Keep&& keep) {
    std::size_t dropped = 0;
    for (index i = keys_[slot].first; i != none;) {
      const index following = records_[i].next;
      if (!keep(view(i))) {
        erase(i);
        ++dropped;
      }
      i = following;
    }
    return dropped;
  }

 private:
  struct record {
    std::uint64_t n = 0;
    stamp at{};
    actor_ref who = no_actor;  ///< no_actor: a free place
    index key = 0;
    index next = 0;  ///< of the same key, or the next free place
    std::uint8_t kind = 0;
    std::uint8_t size = 0;
    bool marked = false;  ///< covered by the delta that is being joined, and not yet found in it
    index chain = none;   ///< the next one that the delta covers
    std::array<std::byte, payload_capacity> payload{};
  };
  struct key_slot {
    std::uint16_t path = 0;
    index first = 0;  ///< record, or the next free slot
    std::uint8_t size = 0;
    bool used = false;
    std::array<char, key_bytes> args{};
  };

  [[nodiscard]] constexpr record_view view(index i) const noexcept {
    const record& r = records_[i];
    return {actors_[r.who], r.n, r.at, r.kind, std::span{r.payload}.first(r.size)};
  }
  [[nodiscard]] static constexpr bool same(const key_slot& slot, const key_ref& key) noexcept {
    if (slot.path != key.path || slot.size != key.args.size()) {
      return false;
    }
    for (std::size_t i = 0; i < slot.size; ++i) {
      if (slot.args[i] != key.args[i]) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] static constexpr std::uint64_t hash(const key_ref& key) noexcept {
    std::uint64_t h = key.path;
    for (std::size_t i = 0; i < key.args.size(); i += 8) {
      std::uint64_t word = 0;
      for (std::size_t j = i; j < key.args.size() && j < i + 8; ++j) {
        word = word << 8 | static_cast<std::uint8_t>(key.args[j]);
      }
      h = hash64(word, h);
    }
    return key.args.empty() ? hash64(h) : h;
  }
  [[nodiscard]] static constexpr std::uint64_t hash(const dot& d) noexcept { return hash64(d.n, d.who); }
  [[nodiscard]] constexpr index find(const dot& d) const noexcept {
    const auto at = dot_index_.find(hash(d), [&](std::size_t i) { return records_[i].n == d.n && records_[i].who == d.who; });
    return at == decltype(dot_index_)::none ? none : static_cast<index>(at);
  }

  /// Marks and chains the live records that the delta covers: by their names when those are few, else in one walk over all records.
  [[nodiscard]] constexpr index mark(const cover_type& covers, const std::array<actor_ref, Limits::actors>& mine) noexcept {
    std::uint64_t covered = 0;
    for (const auto& run : covers.runs()) {
      const std::uint64_t length = run.last - run.first;
      covered = length >= record_capacity ? record_capacity + 1 : covered + length + 1;
      if (covered > record_count_) {
        return mark_by_walk(covers, mine);
      }
    }
    index chain = none;
    for (const auto& run : covers.runs()) {
      for (std::uint64_t n = run.first;; ++n) {
        if (const index i = find(dot{n, mine[run.who]}); i != none) {
          chain = mark(i, chain);
        }
        if (n == run.last) {
          break;
        }
      }
    }
    return chain;
  }
  [[nodiscard]] constexpr index mark_by_walk(const cover_type& covers, const std::array<actor_ref, Limits::actors>& mine) noexcept {
    index chain = none;
    if (record_count_ == 0) {
      return chain;
    }
    std::array<std::uint16_t, Limits::actors> first_run{};  // position + 1 of an actor's first run
    const auto runs = covers.runs();
    for (std::size_t i = runs.size(); i > 0; --i) {
      first_run[mine[runs[i - 1].who]] = static_cast<std::uint16_t>(i);
    }
    for (std::size_t at = 0; at < record_capacity; ++at) {
      const record& r = records_[at];
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
    records_[i].marked = true;
    records_[i].chain = chain;
    return i;
  }

  /// The counting pass: takes the mark from what the delta holds, and compares what it needs with what is free or becomes so.
  template <typename Delta>
  [[nodiscard]] constexpr status count(const Delta& delta, const std::array<actor_ref, Limits::actors>& mine, const actor& watched,
                                       index covered, join_report& report) {
    status verdict;
    std::size_t new_keys = 0;
    key_ref last_new{};
    bool any_new = false;
    delta.for_each([&](const incoming& in) {
      const dot d{in.n, mine[in.who]};
      if (in.payload.size() > payload_capacity || in.key.args.size() > key_bytes) {
        report.lacking = resource::bytes;
        verdict = errc::full;
        return;
      }
      if (context_.contains(d)) {
        ++report.seen;
        const index i = find(d);
        if (i == none) {
          return;
        }
        record& r = records_[i];
        if (!same(keys_[r.key], in.key)) {
          verdict = errc::corrupt;
          return;
        }
        r.marked = false;
        if (order(r, in) != 0) {
          ++report.conflicts;
          report.own_conflict = report.own_conflict || actors_[r.who] == watched;
        }
        return;
      }
      ++report.added;
      // Records of one key come together, so a new key is counted once.
      if (find(in.key) == none && !(any_new && equal(last_new, in.key))) {
        ++new_keys;
        last_new = in.key;
        any_new = true;
      }
    });
    if (!verdict) {
      return verdict;
    }
    std::size_t freed = 0;
    std::size_t freed_keys = 0;
    if (report.added > record_capacity - record_count_ || new_keys > key_capacity - key_count_) {
      for (index i = covered; i != none; i = records_[i].chain) {
        freed += records_[i].marked ? 1 : 0;
        freed_keys += keys_[records_[i].key].first == i && all_marked(records_[i].key) ? 1 : 0;
      }
      if (freed_keys > 0) {
        // A key that dies and gets a new record takes its place again.
        last_new = {};
        any_new = false;
        delta.for_each([&](const incoming& in) {
          const index slot = find(in.key);
          if (slot != none && all_marked(slot) && !context_.contains({in.n, mine[in.who]}) && !(any_new && equal(last_new, in.key))) {
            ++new_keys;
            last_new = in.key;
            any_new = true;
          }
        });
      }
    }
    if (report.added > record_capacity - record_count_ + freed) {
      report.lacking = resource::records;
      return errc::full;
    }
    if (new_keys > key_capacity - key_count_ + freed_keys) {
      report.lacking = resource::keys;
      return errc::full;
    }
    return {};
  }
  [[nodiscard]] static constexpr bool equal(const key_ref& a, const key_ref& b) noexcept {
    if (a.path != b.path || a.args.size() != b.args.size()) {
      return false;
    }
    for (std::size_t i = 0; i < a.args.size(); ++i) {
      if (a.args[i] != b.args[i]) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] constexpr bool all_marked(index slot) const noexcept {
    for (index i = keys_[slot].first; i != none; i = records_[i].next) {
      if (!records_[i].marked) {
        return false;
      }
    }
    return true;
  }
  /// Orders two contents of one event: which of them stays must not depend on which came first.
  [[nodiscard]] static constexpr int order(const record& r, const incoming& in) noexcept {
    if (r.at != in.at) {
      return r.at < in.at ? -1 : 1;
    }
    if (r.kind != in.kind) {
      return r.kind < in.kind ? -1 : 1;
    }
    for (std::size_t i = 0; i < r.size && i < in.payload.size(); ++i) {
      if (r.payload[i] != in.payload[i]) {
        return r.payload[i] < in.payload[i] ? -1 : 1;
      }
    }
    return r.size == in.payload.size() ? 0 : (r.size < in.payload.size() ? -1 : 1);
  }

  /// Takes the marks away, and with them, if the join goes ahead, the records that kept theirs.
  constexpr void sweep(index chain, bool goes_ahead, join_report& report) noexcept {
    while (chain != none) {
      record& r = records_[chain];
      const index following = r.chain;
      const bool dies = r.marked && goes_ahead;
      r.marked = false;
      r.chain = none;
      if (dies) {
        erase(chain);
        ++report.removed;
      }
      chain = following;
    }
  }

  template <typename Touched>
  constexpr void take(const incoming& in, const dot& d, Touched& touched) {
    if (context_.contains(d) || find(d) != none) {
      if (const index i = find(d); i != none && same(keys_[records_[i].key], in.key) && order(records_[i], in) < 0) {
        fill(records_[i], in);
      }
      return;
    }
    index slot = find(in.key);
    if (slot == none) {
      slot = free_key_;
      key_slot& k = keys_[slot];
      free_key_ = k.first;
      k.path = in.key.path;
      k.first = none;
      k.size = static_cast<std::uint8_t>(in.key.args.size());
      k.used = true;
      for (std::size_t i = 0; i < in.key.args.size(); ++i) {
        k.args[i] = in.key.args[i];
      }
      key_index_.insert(hash(in.key), static_cast<typename decltype(key_index_)::index>(slot));
      ++key_count_;
    }
    const index i = free_record_;
    record& r = records_[i];
    free_record_ = r.next;
    r.n = d.n;
    r.who = d.who;
    r.key = slot;
    r.next = keys_[slot].first;
    keys_[slot].first = i;
    fill(r, in);
    dot_index_.insert(hash(d), static_cast<typename decltype(dot_index_)::index>(i));
    ++record_count_;
    touched(slot, actors_[d.who]);
  }
  static constexpr void fill(record& r, const incoming& in) noexcept {
    r.at = in.at;
    r.kind = in.kind;
    r.size = static_cast<std::uint8_t>(in.payload.size());
    for (std::size_t i = 0; i < in.payload.size(); ++i) {
      r.payload[i] = in.payload[i];
    }
  }

  constexpr void erase(index i) noexcept {
    record& r = records_[i];
    dot_index_.erase(hash(dot{r.n, r.who}), static_cast<typename decltype(dot_index_)::index>(i), [this](std::size_t j) {
      return hash(dot{records_[j].n, records_[j].who});
    });
    key_slot& k = keys_[r.key];
    if (k.first == i) {
      k.first = r.next;
    } else {
      index before = k.first;
      while (records_[before].next != i) {
        before = records_[before].next;
      }
      records_[before].next = r.next;
    }
    if (k.first == none) {
      const index slot = r.key;
      key_index_.erase(hash(key(slot)), static_cast<typename decltype(key_index_)::index>(slot),
                       [this](std::size_t j) { return hash(key(static_cast<index>(j))); });
      k = key_slot{};
      k.first = free_key_;
      free_key_ = slot;
      --key_count_;
    }
    r = record{};
    r.next = free_record_;
    free_record_ = i;
    --record_count_;
  }

  actor_table<Limits::actors> actors_{};
  context_type context_{};
  std::array<record, record_capacity> records_{};
  std::array<key_slot, key_capacity> keys_{};
  detail::probe_table<record_capacity> dot_index_{};
  detail::probe_table<key_capacity> key_index_{};
  std::size_t record_count_ = 0;
  std::size_t key_count_ = 0;
  index free_record_ = 0;
  index free_key_ = 0;
};

}  // namespace skerry::inline v0::state
