// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::delivery {

/// Keeps items until a peer took responsibility for them, bounded, in order per stream, and counts every one that is lost.
///
/// Cost    `append`, `take`, `acknowledge` O(streams) and one copy of the payload; eviction and expiry O(items). 56 bytes of RAM per
///         item of the limits with a 32-bit tick, and one record buffer; no heap
/// Bound   produced + recovered = delivered + dropped + queued at any moment
/// Errors  `append`: `full` (quota or store, and nobody may be evicted), `invalid` (stream or class out of range), `width` (longer than
///         record_bytes), `refused` (its user key waits already). A refused append changes nothing, with one exception: where the store is
///         full before the quota is, items may have been evicted, and counted, in vain.
///
/// A ticket is not durability: `durable_upto` moves after a sync that succeeded. An item goes out at least once, in append order of
/// its stream; what comes back late is recognised by its id. The store must outlive the outbox; nobody else may write to it.
template <instant Time, record_store Store, outbox_limits L = outbox_limits{}>
class outbox {
  static_assert(L.streams > 0 && L.items > 0 && L.items < 0xffff && L.record_bytes > 0,
                "outbox: limits of at least one, items below 65535");

 public:
  static constexpr outbox_limits limits = L;

  /// Reads what an earlier life left in the store. `invalid` without a quota, or what the store answers.
  [[nodiscard]] static result<outbox> open(Store& store, const outbox_config& config, device_seed seed,
                                           clock_reading<Time> clock) noexcept {
    if (config.quota_bytes == 0 || config.quota_items == 0 || config.sync_records == 0 || config.stream_window == 0 ||
        config.in_flight == 0 || config.dead_letter_after == 0 || config.lower_share == 0) {
      return errc::invalid;
    }
    outbox made{store, config, seed, clock};
    if (const status recovered = made.recover(clock); !recovered) {
      return recovered.error();
    }
    return made;
  }

  /// Takes an item in, whole or not at all.
  [[nodiscard]] result<ticket> append(std::span<const std::byte> payload, const item_options<Time>& options, Time now) noexcept {
    time_.observe(now);
    ++counters_.offered;
    const auto refuse = [this](errc why) {
      ++counters_.refused;
      return why;
    };
    if (const status fits = check(payload.size(), options); !fits) {
      return refuse(fits.error());
    }
    const std::uint64_t key = options.key.empty() ? 0 : hash64(options.key, key_salt_) | 1;
    index waiting = none;
    if (key != 0 && options.same_key != key_policy::both) {
      waiting = find_key(key, options.stream);
      if (waiting != none && options.same_key == key_policy::keep) {
        ++counters_.duplicates_suppressed;
        return refuse(errc::refused);
      }
    }
    lane& to = lanes_[options.stream];
    const item_id id{epoch_, options.stream, to.next_seq};
    const status stored = admit(id, payload, options, key, wall(), options.historical, waiting);
    if (!stored) {
      return refuse(stored.error());
    }
    ++to.next_seq;
    ++counters_.produced;
    return ticket{id, true};
  }

  /// The next item that is due, by class and in the order of its stream. It is in flight until it is acknowledged, given back, dropped,
  /// or its lease ends. The payload is valid until the next call. `empty` when nothing is due.
  /// With `live_only` none that has waited.
  [[nodiscard]] result<item_view> take(Time now, bool live_only = false) noexcept {
    const Time t = time_.observe(now);
    end_leases(t);
    expire();
    while (in_flight_ < config_.in_flight) {
      const index i = choose(t, live_only);
      if (i == none) {
        break;
      }
      entry& e = entries_[i];
      const result<record_view> record = store_->read(e.at, std::span<std::byte>{record_});
      if (!record) {
        if (record.error() == errc::io || record.error() == errc::width) {
          return record.error();
        }
        lose(i, drop_reason::damaged);
        continue;
      }
      e.in_flight = true;
      e.lease_at = skerry::advance(t, from_ms<Time>(config_.lease_ms));
      lane& from = lanes_[e.stream];
      ++in_flight_;
      e.live = is_live(from, e);
      ++(e.live ? from.live_out : from.out);
      return view_of(e, record.value());
    }
    return errc::empty;
  }

  /// A peer took responsibility. Any order; `absent` for an item that is not queued (acknowledged before, or dropped).
  [[nodiscard]] status acknowledge(item_id id) noexcept {
    const index i = find(id);
    if (i == none) {
      return errc::absent;
    }
    ++counters_.delivered;
    remove(i);
    return {};
  }

  /// The attempt failed. The item keeps its place; its stream waits for `hold`, other streams do not. `cancelled`: no attempt was made.
  /// An item that was refused for good often enough, or that may have arrived and must not arrive twice, is dropped as a dead letter.
  [[nodiscard]] status give_back(item_id id, outcome what, Time now, duration_t<Time> hold = {}) noexcept {
    const Time t = time_.observe(now);
    const index i = find(id);
    if (i == none) {
      return errc::absent;
    }
    put_back(i, what);
    if (what == outcome::cancelled) {
      return {};
    }
    entry& e = entries_[i];
    lane& of = lanes_[e.stream];
    // Whatever stands in the stream now has waited: its live sequence begins anew behind it.
    of.backlog_upto = of.next_seq - 1;
    of.fresh = none;
    if (hopeless(e, what)) {
      lose(i, drop_reason::dead_letter);
      return {};
    }
    e.permanents = static_cast<std::uint8_t>(e.permanents + (what == outcome::permanent ? 1 : 0));
    if (duration_t<Time>{} < hold) {
      of.hold_until = skerry::advance(t, hold);
      of.held = true;
    }
    return {};
  }

  /// Gives an item up, in flight or not.
  [[nodiscard]] status drop(item_id id, drop_reason why) noexcept {
    const index i = find(id);
    if (i == none) {
      return errc::absent;
    }
    lose(i, why);
    return {};
  }

  /// Is it time for a sync? Then, if acknowledgements shall be synced too, `flush_acknowledgements()`; `sync_begins()`; `store.sync()`,
  /// anywhere; and `on_synced` with its answer.
  [[nodiscard]] bool wants_sync(Time now) const noexcept {
    if (unsynced_ == 0 || syncing_ || config_.mode == durability::volatile_) {
      return false;
    }
    return unsynced_ >= config_.sync_records || sync_due().due(detail::steady<Time>{time_}.observe(now));
  }
  [[nodiscard]] status flush_acknowledgements() noexcept {
    for (stream_id s = 0; s < L.streams; ++s) {
      if (lanes_[s].next_seq > 1) {
        if (const status s_done = store_->advance(cursor_of(s)); !s_done) {
          return s_done;
        }
      }
    }
    return {};
  }
  /// What has been appended until now is what the coming `on_synced` speaks of. Without this call: what was appended until `on_synced`.
  void sync_begins() noexcept {
    syncing_ = true;
    marked_lease_ = leased_;
    for (lane& s : lanes_) {
      s.marked = s.next_seq - 1;
    }
    marked_unsynced_ = unsynced_;
  }
  void on_synced(status how) noexcept {
    if (!syncing_) {
      sync_begins();
    }
    syncing_ = false;
    ++counters_.syncs;
    if (!how) {
      ++counters_.failed_syncs;  // nothing new is durable; the records count as unsynced again
      unsynced_since_ = time_.now();
      return;
    }
    unsynced_ -= marked_unsynced_;
    unsynced_since_ = time_.now();
    durable_lease_ = marked_lease_;
    for (lane& s : lanes_) {
      s.durable = s.marked;
    }
  }

  /// Everything of the stream up to here has survived a sync. `seq` 0: nothing has.
  [[nodiscard]] item_id durable_upto(stream_id stream) const noexcept {
    return item_id{epoch_, stream, stream < L.streams ? lanes_[stream].durable : 0};
  }

  /// The newest item of the stream. `seq` 0: there was none.
  [[nodiscard]] item_id last(stream_id stream) const noexcept {
    return item_id{epoch_, stream, stream < L.streams ? lanes_[stream].next_seq - 1 : 0};
  }
  /// When the outbox may have something to do of itself: an item due (as of the last call: at once), a lease, an expiry, a sync.
  [[nodiscard]] deadline<Time> next_deadline() const noexcept {
    outbox_look look = look_ahead(time_.now());
    return time_.to_raw(look.due ? deadline<Time>{time_.now()} : look.timer);
  }
  /// The same without items that are due already: for an owner that knows of them and cannot send.
  [[nodiscard]] deadline<Time> next_timer() const noexcept { return time_.to_raw(look_ahead(time_.now()).timer); }
  /// Would `take` with the same arguments give an item?
  [[nodiscard]] bool due(Time now, bool live_only = false) const noexcept {
    if (queued_ == 0 || in_flight_ >= config_.in_flight) {
      return false;
    }
    const Time t = detail::steady<Time>{time_}.observe(now);
    for (const lane& s : lanes_) {
      bool waits = false;
      if (candidate(s, waits, live_only) != none && !(waits && elapsed(t, s.hold_until) < duration_t<Time>{})) {
        return true;
      }
    }
    return false;
  }
  /// Lets time pass: leases end, items expire.
  void tick(Time now) noexcept {
    end_leases(time_.observe(now));
    expire();
  }

  [[nodiscard]] const delivery_counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint64_t queued() const noexcept { return queued_; }
  [[nodiscard]] std::uint64_t queued(stream_id stream) const noexcept { return stream < L.streams ? lanes_[stream].count : 0; }
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }

  /// How the stream orders new items behind old ones, from now on.
  void set_order(stream_id stream, order how) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    lanes_[stream].how = how;
  }
  [[nodiscard]] order order_of(stream_id stream) const noexcept { return lanes_[stream < L.streams ? stream : 0].how; }

  /// A new claim of the wall clock; stamps follow it, ages do not.
  void on_clock(clock_reading<Time> clock) noexcept {
    time_.observe(clock.now);
    wall_at_ = time_.passed_ms();
    wall_ = clock.wall;
    trusted_ = clock.trusted;
  }

  /// A direct send of this stream is under way: what must not overtake it waits.
  void set_direct(stream_id stream, bool under_way) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    lanes_[stream].direct = under_way;
  }
  /// Would a new item of this stream overtake one that it must not?
  [[nodiscard]] bool would_overtake(stream_id stream) const noexcept {
    const lane& s = lanes_[stream];
    return s.direct || (s.how == order::strict ? s.count > 0 : s.fresh != none);
  }
  /// Lets a stream wait.
  void hold(stream_id stream, duration_t<Time> wait, Time now) noexcept {
    SKERRY_ASSERT(stream < L.streams);
    lane& of = lanes_[stream];
    of.hold_until = skerry::advance(time_.observe(now), wait);
    of.held = of.count > 0;
  }
  /// Ends the holds of all streams: there is reason to think that the peer is back.
  void release_holds() noexcept {
    for (lane& s : lanes_) {
      s.held = false;
    }
  }

  // For the courier, which gives numbers to items that it tries before they are stored.
  /// The number that the stream's next item gets; the item counts as produced.
  [[nodiscard]] result<item_id> reserve(std::size_t length, const item_options<Time>& options, Time now) noexcept {
    time_.observe(now);
    if (const status fits = check(length, options); !fits) {
      return fits.error();
    }
    lane& to = lanes_[options.stream];
    if (!lease(to.next_seq)) {
      return errc::full;
    }
    return item_id{epoch_, options.stream, to.next_seq++};
  }
  /// Stores an item under a number of `reserve`.
  [[nodiscard]] status adopt(item_id id, std::span<const std::byte> payload, const item_options<Time>& options, wall_ms stamp,
                             std::uint16_t attempts, Time now) noexcept {
    time_.observe(now);
    const std::uint64_t key = options.key.empty() ? 0 : hash64(options.key, key_salt_) | 1;
    const status stored = admit(id, payload, options, key, stamp, true, none);
    if (stored) {
      entries_[find(id)].attempts = attempts;
    }
    return stored;
  }
  [[nodiscard]] delivery_counters& count() noexcept { return counters_; }
  [[nodiscard]] wall_ms wall() const noexcept { return wall_ms{(wall_.value + (time_.passed_ms() - wall_at_)) & 0xffff'ffff'ffffU}; }
  /// Would `give_back(id, what)` make a dead letter of it?
  [[nodiscard]] bool would_die(item_id id, outcome what) const noexcept {
    const index i = find(id);
    return i != none && hopeless(entries_[i], what);
  }
  [[nodiscard]] const outbox_config& config() const noexcept { return config_; }
  /// The payload of a queued item, read again; valid until the next call.
  [[nodiscard]] result<item_view> peek(item_id id) noexcept {
    const index i = find(id);
    if (i == none) {
      return errc::absent;
    }
    const result<record_view> record = store_->read(entries_[i].at, std::span<std::byte>{record_});
    return record ? result<item_view>{view_of(entries_[i], record.value())} : result<item_view>{record.error()};
  }

  /// Gives all queued items to `visit(item_view)`, stream by stream, in order; nothing changes. For a node that is taken out of service.
  template <typename F>
  void drain(F&& visit) {
    for (lane& s : lanes_) {
      for (index i = s.head; i != none; i = entries_[i].next) {
        if (const auto record = store_->read(entries_[i].at, std::span<std::byte>{record_})) {
          visit(view_of(entries_[i], record.value()));
        }
      }
    }
  }

 private:
  using index = std::uint16_t;
  static constexpr index none = 0xffff;
  static constexpr std::uint64_t lease_block = 4096;

  struct entry {
    position at{};
    std::uint64_t seq = 0;
    std::uint64_t key = 0;  // 0: none
    Time lease_at{};
    std::uint32_t length = 0;
    std::uint32_t expires_s = 0;  // uptime; 0: never
    index prev = none, next = none;
    std::uint16_t attempts = 0;
    stream_id stream = 0;
    std::uint8_t importance = 0;
    std::uint8_t permanents = 0;
    repeatable repeat = repeatable::by_key;
    bool in_flight = false;
    bool historical = false;
    bool live = false;  // in flight as part of the stream's live sequence
  };
  struct lane {
    std::uint64_t next_seq = 1;
    std::uint64_t backlog_upto = 0;  // what was appended up to here has waited
    std::uint64_t durable = 0;
    std::uint64_t marked = 0;
    Time hold_until{};
    index head = none, tail = none;
    index fresh = none;  // first of the live sequence
    std::uint16_t count = 0;
    std::uint16_t out = 0, live_out = 0;
    order how = order::strict;
    bool held = false;
    bool direct = false;  // the courier sends an item of this stream that is not stored
  };
  struct outbox_look {
    deadline<Time> timer{};
    bool due = false;
  };

  outbox(Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock) noexcept
      : store_{&store}, config_{config}, time_{clock.now}, key_salt_{seed.value()}, wall_{clock.wall}, trusted_{clock.trusted} {
    for (index i = 0; i < L.items; ++i) {
      entries_[i].next = static_cast<index>(i + 1 < L.items ? i + 1 : none);
    }
    for (lane& s : lanes_) {
      s.how = config.streams;
    }
    epoch_ = static_cast<std::uint32_t>(seed.boot() + 1);
  }

  [[nodiscard]] status check(std::size_t length, const item_options<Time>& options) const noexcept {
    if (options.stream >= L.streams || options.importance > 3) {
      return errc::invalid;
    }
    return length > L.record_bytes ? status{errc::width} : status{};
  }

  // --- recovery and number leases ---

  [[nodiscard]] status recover(clock_reading<Time> clock) noexcept {
    const result<recovery_report> report = store_->open();
    if (!report) {
      return report.error();
    }
    counters_.damaged_records = report.value().damaged_records;
    for (position at = report.value().first; at < report.value().end;) {
      const result<record_view> record = store_->read(at, std::span<std::byte>{record_});
      if (!record) {
        break;
      }
      const record_view& r = record.value();
      if (r.header.kind == record_kind::seq_lease && r.payload.size() == 4) {
        epoch_ = static_cast<std::uint32_t>(skerry::detail::load_le(r.payload.data(), 4));
        leased_ = r.header.seq > leased_ ? r.header.seq : leased_;
      } else if (r.header.kind == record_kind::data && r.header.stream < L.streams) {
        readmit(at, r, clock);
      }
      at = r.next;
    }
    for (lane& s : lanes_) {
      if (s.next_seq < leased_) {
        s.next_seq = leased_;  // a number that may have been sent is never given to other bytes
      }
      s.backlog_upto = s.next_seq - 1;
    }
    if (!lease(leased_ == 0 ? 1 : leased_)) {
      return errc::full;
    }
    if (config_.mode != durability::volatile_) {
      if (const status synced = store_->sync(); !synced) {
        return synced;
      }
      for (lane& s : lanes_) {
        s.durable = s.next_seq - 1;
      }
    }
    durable_lease_ = leased_;
    return {};
  }

  void readmit(position at, const record_view& r, clock_reading<Time> clock) noexcept {
    lane& to = lanes_[r.header.stream];
    to.next_seq = r.header.seq >= to.next_seq ? r.header.seq + 1 : to.next_seq;
    ++counters_.recovered;
    const index i = free_;
    if (i == none) {
      ++counters_.dropped[static_cast<std::size_t>(drop_reason::evicted)];  // these limits are smaller than those of the life before
      return;
    }
    free_ = entries_[i].next;
    entry& e = entries_[i];
    e = entry{};
    e.at = at;
    e.seq = r.header.seq;
    e.length = static_cast<std::uint32_t>(r.payload.size());
    e.stream = r.header.stream;
    e.importance = r.header.importance;
    e.repeat = (r.header.flags & record_flags::repeatable) != 0 ? repeatable::by_key : repeatable::no;
    e.historical = true;
    if (r.header.ttl_s != 0) {
      // Age over a restart is what two trusted clocks agree on; otherwise it begins anew, and nothing expires by a wrong clock.
      const bool trusted = clock.trusted && (r.header.flags & record_flags::clock_untrusted) == 0 && clock.wall >= r.header.stamp;
      const std::uint64_t age_s = trusted ? (clock.wall.value - r.header.stamp.value) / 1000 : 0;
      const std::uint64_t left = age_s < r.header.ttl_s ? r.header.ttl_s - age_s : 0;
      e.expires_s = uptime_s() + static_cast<std::uint32_t>(left) + 1;
      note_expiry(e.expires_s);
    }
    link(i);
    ++queued_;
    bytes_ += e.length;
  }

  /// Makes sure that numbers below `seq` + 1 are leased in the store, half a block ahead.
  [[nodiscard]] bool lease(std::uint64_t seq) noexcept {
    if (seq + lease_block / 2 < leased_) {
      return true;
    }
    record_header h;
    h.kind = record_kind::seq_lease;
    h.seq = seq + lease_block;
    std::byte epoch[4]{};
    for (int i = 0; i < 4; ++i) {
      epoch[i] = static_cast<std::byte>(epoch_ >> (8 * i));
    }
    if (!store_->append(h, std::span<const std::byte>{epoch})) {
      return seq < leased_;
    }
    leased_ = h.seq;
    note_unsynced();
    return true;
  }

  // --- appending ---

  [[nodiscard]] status admit(item_id id, std::span<const std::byte> payload, const item_options<Time>& options, std::uint64_t key,
                             wall_ms stamp, bool historical, index replaced) noexcept {
    expire();
    // What has to leave is known before anything changes.
    const bool swap = replaced != none && !entries_[replaced].in_flight;
    const std::uint64_t freed_items = swap ? 1 : 0;
    const std::uint64_t freed_bytes = swap ? entries_[replaced].length : 0;
    const std::uint64_t most_items = config_.quota_items < L.items ? config_.quota_items : L.items;
    const std::uint64_t items = queued_ - freed_items + 1;
    const std::uint64_t bytes = bytes_ - freed_bytes + payload.size();
    if (payload.size() > config_.quota_bytes || !can_evict(items, most_items, bytes, options.importance, swap ? replaced : none)) {
      return errc::full;
    }
    if (!lease(id.seq)) {
      return errc::full;
    }
    record_header h;
    h.flags = static_cast<std::uint8_t>((historical ? record_flags::historical : 0) |
                                        (options.repeat != repeatable::no ? record_flags::repeatable : 0) |
                                        (trusted_ ? 0 : record_flags::clock_untrusted));
    h.importance = options.importance;
    h.stream = options.stream;
    h.ttl_s = options.ttl_s;
    h.seq = id.seq;
    h.stamp = stamp;
    result<position> at = store_->append(h, payload);
    if (!at && at.error() == errc::full) {
      (void)flush_acknowledgements();
      at = store_->append(h, payload);
      while (!at && at.error() == errc::full && config_.evict != eviction::reject && evict_one(options.importance)) {
        at = store_->append(h, payload);
      }
    }
    if (!at) {
      return at.error();
    }
    if (swap) {
      lose(replaced, drop_reason::cancelled);
    }
    while (queued_ + 1 > most_items || bytes_ + payload.size() > config_.quota_bytes) {
      (void)evict_one(options.importance);
    }
    const index i = free_;
    free_ = entries_[i].next;
    entry& e = entries_[i];
    e = entry{};
    e.at = at.value();
    e.seq = id.seq;
    e.key = key;
    e.length = static_cast<std::uint32_t>(payload.size());
    e.stream = options.stream;
    e.importance = options.importance;
    e.repeat = options.repeat;
    e.historical = historical;
    if (options.ttl_s != 0) {
      e.expires_s = uptime_s() + options.ttl_s + 1;
      note_expiry(e.expires_s);
    }
    link(i);
    ++queued_;
    bytes_ += e.length;
    counters_.bytes_stored += e.length;
    note_unsynced();
    lane& to = lanes_[e.stream];
    if (to.held) {
      to.backlog_upto = e.seq > to.backlog_upto && to.how == order::strict ? e.seq : to.backlog_upto;
    }
    if (to.fresh == none && is_live(to, e)) {
      to.fresh = i;
    }
    return {};
  }

  /// Into its stream, by number: nearly always at the end.
  void link(index i) noexcept {
    entry& e = entries_[i];
    lane& to = lanes_[e.stream];
    index after = to.tail;
    while (after != none && entries_[after].seq > e.seq) {
      after = entries_[after].prev;
    }
    e.prev = after;
    e.next = after == none ? to.head : entries_[after].next;
    (e.prev == none ? to.head : entries_[e.prev].next) = i;
    (e.next == none ? to.tail : entries_[e.next].prev) = i;
    ++to.count;
  }

  // --- leaving ---

  [[nodiscard]] bool evictable(const entry& e, std::uint8_t newcomer) const noexcept {
    return !e.in_flight && (config_.evict == eviction::oldest || e.importance >= newcomer);
  }
  [[nodiscard]] bool can_evict(std::uint64_t items, std::uint64_t most_items, std::uint64_t bytes, std::uint8_t newcomer,
                               index but) const noexcept {
    const bool over = items > most_items || bytes > config_.quota_bytes;
    if (!over) {
      return true;
    }
    if (config_.evict == eviction::reject) {
      return false;
    }
    std::uint64_t free_items = 0;
    std::uint64_t free_bytes = 0;
    for (const lane& s : lanes_) {
      for (index i = s.head; i != none; i = entries_[i].next) {
        if (i != but && evictable(entries_[i], newcomer)) {
          ++free_items;
          free_bytes += entries_[i].length;
        }
      }
    }
    return items <= most_items + free_items && bytes <= config_.quota_bytes + free_bytes;
  }
  bool evict_one(std::uint8_t newcomer) noexcept {
    index victim = none;
    for (const lane& s : lanes_) {
      for (index i = s.head; i != none; i = entries_[i].next) {
        if (evictable(entries_[i], newcomer) && (victim == none || leaves_before(entries_[i], entries_[victim]))) {
          victim = i;
        }
      }
    }
    if (victim == none) {
      return false;
    }
    if (config_.evict == eviction::thin && thin_class(entries_[victim].importance)) {
      return true;
    }
    lose(victim, drop_reason::evicted);
    return true;
  }
  [[nodiscard]] bool leaves_before(const entry& a, const entry& b) const noexcept {
    if (config_.evict != eviction::oldest && a.importance != b.importance) {
      return a.importance > b.importance;
    }
    return config_.evict == eviction::lowest_newest ? a.at > b.at : a.at < b.at;
  }
  /// Every second item of the class, stream by stream; false if there was none to spare.
  bool thin_class(std::uint8_t importance) noexcept {
    bool any = false;
    for (lane& s : lanes_) {
      bool keep = true;
      for (index i = s.head; i != none;) {
        const index next = entries_[i].next;
        if (entries_[i].importance == importance && !entries_[i].in_flight) {
          if (!keep) {
            lose(i, drop_reason::evicted);
            any = true;
          }
          keep = !keep;
        }
        i = next;
      }
    }
    return any;
  }

  void lose(index i, drop_reason why) noexcept {
    ++counters_.dropped[static_cast<std::size_t>(why)];
    remove(i);
  }

  void remove(index i) noexcept {
    entry& e = entries_[i];
    lane& of = lanes_[e.stream];
    if (e.in_flight) {
      --in_flight_;
      --(e.live ? of.live_out : of.out);
    }
    if (of.fresh == i) {
      of.fresh = e.next;
      while (of.fresh != none && !is_live(of, entries_[of.fresh])) {
        of.fresh = entries_[of.fresh].next;
      }
    }
    const bool oldest = of.head == i;
    (e.prev == none ? of.head : entries_[e.prev].next) = e.next;
    (e.next == none ? of.tail : entries_[e.next].prev) = e.prev;
    --of.count;
    --queued_;
    bytes_ -= e.length;
    if (of.count == 0) {
      of.held = false;
    }
    const stream_id stream = e.stream;
    e = entry{};
    e.next = free_;
    free_ = i;
    if (oldest) {
      (void)store_->advance(cursor_of(stream));  // a store that fails here keeps the record: it is delivered again, not lost
    }
  }

  /// What the store may forget of a stream: all that is not in the index.
  [[nodiscard]] cursor cursor_of(stream_id stream) const noexcept {
    const lane& s = lanes_[stream];
    cursor done;
    done.stream = stream;
    if (s.head == none) {
      done.upto = s.next_seq - 1;
      return done;
    }
    done.upto = entries_[s.head].seq - 1;
    if (entries_[s.tail].seq - entries_[s.head].seq + 1 == s.count) {
      return done;  // no holes
    }
    const std::uint64_t last = entries_[s.tail].seq < done.upto + 64 ? entries_[s.tail].seq : done.upto + 64;
    done.bitmap = last - done.upto == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (last - done.upto)) - 1;
    for (index i = s.head; i != none && entries_[i].seq <= last; i = entries_[i].next) {
      done.bitmap &= ~(std::uint64_t{1} << (entries_[i].seq - done.upto - 1));
    }
    return done;
  }

  // --- time ---

  [[nodiscard]] std::uint32_t uptime_s() const noexcept { return static_cast<std::uint32_t>(time_.passed_ms() / 1000); }
  void note_expiry(std::uint32_t at) noexcept { next_expiry_ = next_expiry_ == 0 || at < next_expiry_ ? at : next_expiry_; }

  void expire() noexcept {
    const std::uint32_t now = uptime_s();
    if (next_expiry_ == 0 || now < next_expiry_) {
      return;
    }
    next_expiry_ = 0;
    for (lane& s : lanes_) {
      for (index i = s.head; i != none;) {
        const entry& e = entries_[i];
        const index next = e.next;
        if (e.expires_s != 0 && e.expires_s <= now && !e.in_flight) {
          lose(i, drop_reason::expired);
        } else if (e.expires_s != 0) {
          note_expiry(e.expires_s > now ? e.expires_s : now + 1);
        }
        i = next;
      }
    }
  }

  void end_leases(Time t) noexcept {
    if (in_flight_ == 0 || config_.lease_ms == 0) {
      return;
    }
    for (lane& s : lanes_) {
      for (index i = s.head; i != none && s.out + s.live_out > 0;) {
        const index next = entries_[i].next;
        if (entries_[i].in_flight && !(elapsed(t, entries_[i].lease_at) < duration_t<Time>{})) {
          ++counters_.lease_expired;
          const repeatable repeat = entries_[i].repeat;
          put_back(i, outcome::unknown);
          if (repeat == repeatable::no) {
            lose(i, drop_reason::dead_letter);
          }
        }
        i = next;
      }
    }
  }

  void put_back(index i, outcome what) noexcept {
    entry& e = entries_[i];
    lane& of = lanes_[e.stream];
    if (e.in_flight) {
      e.in_flight = false;
      --in_flight_;
      --(e.live ? of.live_out : of.out);
    }
    if (what != outcome::cancelled && e.attempts < 0xffff) {
      ++e.attempts;
    }
  }

  [[nodiscard]] bool hopeless(const entry& e, outcome what) const noexcept {
    return (what == outcome::permanent && e.permanents + 1 >= config_.dead_letter_after) ||
           (what == outcome::unknown && e.repeat == repeatable::no);
  }

  void note_unsynced() noexcept {
    if (unsynced_ == 0) {
      unsynced_since_ = time_.now();
    }
    ++unsynced_;
  }
  [[nodiscard]] deadline<Time> sync_due() const noexcept { return skerry::advance(unsynced_since_, from_ms<Time>(config_.sync_window_ms)); }

  // --- choosing ---

  [[nodiscard]] bool is_live(const lane& s, const entry& e) const noexcept {
    return s.how == order::live_first && !e.historical && e.seq > s.backlog_upto;
  }
  [[nodiscard]] static bool has_waited(const lane& s, const entry& e) noexcept { return e.historical || e.seq <= s.backlog_upto; }
  [[nodiscard]] bool sendable(const entry& e) const noexcept { return config_.mode == durability::volatile_ || e.seq < durable_lease_; }
  /// What the stream would send next, regardless of its hold; `held` says whether the hold matters.
  [[nodiscard]] index candidate(const lane& s, bool& waits, bool live_only) const noexcept {
    waits = false;
    if (s.head == none || (s.direct && s.how == order::strict)) {
      return none;
    }
    if (s.how == order::live_first && !s.direct && s.fresh != none && s.live_out < config_.stream_window) {
      for (index i = s.fresh; i != none; i = entries_[i].next) {
        if (is_live(s, entries_[i]) && !entries_[i].in_flight && sendable(entries_[i])) {
          return i;
        }
      }
    }
    if (s.out >= config_.stream_window) {
      return none;
    }
    index i = s.head;
    while (i != none && entries_[i].in_flight) {
      i = entries_[i].next;
    }
    if (i == none || !sendable(entries_[i]) || (is_live(s, entries_[i]) && (s.direct || s.live_out >= config_.stream_window)) ||
        (live_only && has_waited(s, entries_[i]))) {
      return none;
    }
    waits = s.held;
    return i;
  }

  /// Strictly by class, but every `lower_share`-th choice goes to a class that would have to wait; streams of a class take turns.
  [[nodiscard]] index choose(Time t, bool live_only) noexcept {
    std::array<index, 4> first{none, none, none, none};
    for (stream_id n = 0; n < L.streams; ++n) {
      const auto s = static_cast<stream_id>((rotor_ + n) % L.streams);
      lane& from = lanes_[s];
      if (from.held && !(elapsed(t, from.hold_until) < duration_t<Time>{})) {
        from.held = false;
      }
      bool waits = false;
      const index i = candidate(from, waits, live_only);
      if (i != none && !waits && first[entries_[i].importance] == none) {
        first[entries_[i].importance] = i;
      }
    }
    std::uint8_t best = 0;
    while (best < 4 && first[best] == none) {
      ++best;
    }
    if (best == 4) {
      return none;
    }
    std::uint8_t other = best;
    for (std::uint8_t step = 1; step < 4 && other == best; ++step) {
      const auto c = static_cast<std::uint8_t>((owed_ + step) % 4);
      other = c > best && first[c] != none ? c : best;
    }
    if (other == best) {
      turn_ = 0;
    } else if (++turn_ >= config_.lower_share) {
      turn_ = 0;
      owed_ = other;
      best = other;
    }
    rotor_ = static_cast<stream_id>((entries_[first[best]].stream + 1) % L.streams);
    return first[best];
  }

  [[nodiscard]] outbox_look look_ahead(Time t) const noexcept {
    outbox_look look;
    if (unsynced_ > 0 && !syncing_ && config_.mode != durability::volatile_) {
      look.timer = unsynced_ >= config_.sync_records ? deadline<Time>{t} : sync_due();
    }
    if (queued_ == 0) {
      return look;
    }
    for (const lane& s : lanes_) {
      bool waits = false;
      const index i = candidate(s, waits, false);
      if (i != none && in_flight_ < config_.in_flight) {
        if (waits && elapsed(t, s.hold_until) < duration_t<Time>{}) {
          look.timer = earliest<Time>(look.timer, s.hold_until, t);
        } else {
          look.due = true;
        }
      }
      if (config_.lease_ms != 0) {
        for (index k = s.head; k != none && s.out + s.live_out > 0; k = entries_[k].next) {
          if (entries_[k].in_flight) {
            look.timer = earliest<Time>(look.timer, entries_[k].lease_at, t);
          }
        }
      }
    }
    if (next_expiry_ != 0) {
      const std::uint64_t now_ms = time_.passed_ms();
      const std::uint64_t left = next_expiry_ * std::uint64_t{1000} > now_ms ? next_expiry_ * std::uint64_t{1000} - now_ms : 1;
      // A wrapping tick cannot name an instant beyond half its range: coming back early is harmless.
      const std::int64_t half = count_of<Time>(duration_from_count<Time>(std::numeric_limits<std::int64_t>::max())) / 2;
      const std::int64_t want = count_of<Time>(from_ms<Time>(static_cast<std::int64_t>(left)));
      look.timer = earliest<Time>(look.timer, skerry::advance(t, duration_from_count<Time>(want < half ? want : half)), t);
    }
    return look;
  }

  // --- finding ---

  [[nodiscard]] index find(const item_id& id) const noexcept {
    if (id.stream >= L.streams || id.epoch != epoch_) {
      return none;
    }
    const lane& s = lanes_[id.stream];
    index i = s.fresh != none && entries_[s.fresh].seq <= id.seq ? s.fresh : s.head;
    while (i != none && entries_[i].seq < id.seq) {
      i = entries_[i].next;
    }
    return i != none && entries_[i].seq == id.seq ? i : none;
  }
  [[nodiscard]] index find_key(std::uint64_t key, stream_id stream) const noexcept {
    for (index i = lanes_[stream].head; i != none; i = entries_[i].next) {
      if (entries_[i].key == key) {
        return i;
      }
    }
    return none;
  }

  [[nodiscard]] item_view view_of(const entry& e, const record_view& record) const noexcept {
    item_view item;
    item.id = item_id{epoch_, e.stream, e.seq};
    item.payload = record.payload;
    item.importance = e.importance;
    item.historical = has_waited(lanes_[e.stream], e);
    item.stamp = record.header.stamp;
    item.attempts = e.attempts;
    return item;
  }

  Store* store_;
  outbox_config config_;
  detail::steady<Time> time_;
  std::uint64_t key_salt_;
  wall_ms wall_;
  std::uint64_t wall_at_ = 0;  // uptime when the wall clock said so
  bool trusted_;
  bool syncing_ = false;
  std::uint32_t epoch_ = 0;
  std::uint64_t leased_ = 0;         // numbers below may be used
  std::uint64_t durable_lease_ = 0;  // numbers below may be sent
  std::uint64_t marked_lease_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t unsynced_ = 0;
  std::uint32_t marked_unsynced_ = 0;
  std::uint32_t next_expiry_ = 0;  // uptime; 0: nothing expires
  std::uint32_t queued_ = 0;
  Time unsynced_since_{};
  std::uint16_t in_flight_ = 0;
  stream_id rotor_ = 0;
  std::uint8_t turn_ = 0;
  std::uint8_t owed_ = 0;
  index free_ = 0;
  std::array<lane, L.streams> lanes_{};
  std::array<entry, L.items> entries_{};
  std::array<std::byte, L.record_bytes> record_{};
  delivery_counters counters_{};
};

}  // namespace skerry::inline v0::delivery
