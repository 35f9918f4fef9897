// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/class_turns.hpp>
#include <skerry/delivery/detail/eviction.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/detail/stream_index.hpp>
#include <skerry/delivery/detail/sync_window.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/item.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::delivery {

template <instant Time, record_store Store, outbox_limits L>
class outbox;

namespace detail {

/// What happens inside an outbox: recovery, number leases, coming in, leaving, time, choice. The outbox is its face.
template <instant Time, record_store Store, outbox_limits L>
class outbox_engine {
  friend class outbox<Time, Store, L>;

  using index = entry_index;
  using index_type = stream_index<Time, L.streams, L.items>;
  using entry = typename index_type::entry;
  using lane = typename index_type::lane;
  static constexpr index none = no_entry;
  static constexpr std::uint64_t lease_block = 4096;

  struct outbox_look {
    deadline<Time> timer{};
    bool due = false;
  };

  outbox_engine(Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock) noexcept
      : store_{&store}, config_{config}, time_{clock.now}, key_salt_{seed.value()}, wall_{clock.wall}, trusted_{clock.trusted} {
    for (lane& s : items_.lanes) {
      s.how = config.streams;
    }
    epoch_ = static_cast<std::uint32_t>(seed.boot() + 1);
    if constexpr (requires { store.mix(seed); }) {
      store.mix(seed);
    }
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
        if (record.error() == errc::width || record.error() == errc::io) {
          return record.error();  // to go on would be to forget what lies behind
        }
        ++counters_.damaged_records;
        break;
      }
      const record_view& r = record.value();
      if (r.header.kind == record_kind::seq_lease && r.payload.size() == 4) {
        epoch_ = static_cast<std::uint32_t>(skerry::detail::load_le(r.payload.data(), 4));
        sync_.leased = r.header.seq > sync_.leased ? r.header.seq : sync_.leased;
      } else if (r.header.kind == record_kind::data && r.header.stream < L.streams) {
        readmit(at, r, clock);
      }
      at = r.next;
    }
    for (const lane& s : items_.lanes) {
      sync_.leased = s.next_seq > sync_.leased && s.next_seq > 1 ? s.next_seq : sync_.leased;  // what was used was leased
    }
    for (lane& s : items_.lanes) {
      if (s.next_seq < sync_.leased) {
        s.next_seq = sync_.leased;  // a number that may have been sent is never given to other bytes
      }
      s.backlog_upto = s.next_seq - 1;
    }
    const status leased = lease(sync_.leased == 0 ? 1 : sync_.leased);
    if (!leased && !(leased.error() == errc::full && items_.queued > 0)) {
      return leased;  // a full store is emptied first: what is in it has numbers
    }
    if (config_.mode != durability::volatile_) {
      if (const status synced = store_->sync(); !synced) {
        return synced;
      }
      for (lane& s : items_.lanes) {
        s.durable = s.next_seq - 1;
      }
    }
    sync_.all_durable();
    return {};
  }

  void readmit(position at, const record_view& r, clock_reading<Time> clock) noexcept {
    lane& to = items_.lanes[r.header.stream];
    if (r.header.seq < to.next_seq && items_.find(r.header.stream, r.header.seq) != none) {
      return;  // a store that moved it after a failed sync may hold both copies
    }
    to.next_seq = r.header.seq >= to.next_seq ? r.header.seq + 1 : to.next_seq;
    ++counters_.recovered;
    if (items_.full()) {
      ++counters_.dropped[static_cast<std::size_t>(drop_reason::evicted)];  // these limits are smaller than those of the life before
      return;
    }
    entry e;
    e.at = at;
    e.seq = r.header.seq;
    e.length = static_cast<std::uint32_t>(r.payload.size());
    e.stream = r.header.stream;
    e.importance = r.header.importance < class_turns::classes ? r.header.importance : class_turns::classes - 1;
    e.repeat = (r.header.flags & record_flags::repeatable) != 0 ? repeatable::by_key : repeatable::no;
    e.historical = true;
    if (r.header.ttl_s != 0) {
      // Age over a restart is what two trusted clocks agree on; otherwise it begins anew, and nothing expires by a wrong clock.
      const bool trusted = clock.trusted && (r.header.flags & record_flags::clock_untrusted) == 0 && clock.wall >= r.header.stamp;
      const std::uint64_t age_s = trusted ? (clock.wall.value - r.header.stamp.value) / 1000 : 0;
      const std::uint64_t left = age_s < r.header.ttl_s ? r.header.ttl_s - age_s : 0;
      e.expires_s = expiry(left);
    }
    items_.insert(e);
  }

  /// Makes sure that numbers below `seq` + 1 are leased in the store, half a block ahead.
  [[nodiscard]] status lease(std::uint64_t seq) noexcept {
    if (seq + lease_block / 2 < sync_.leased) {
      return {};
    }
    record_header h;
    h.kind = record_kind::seq_lease;
    h.seq = seq + lease_block;
    std::byte epoch[4]{};
    for (int i = 0; i < 4; ++i) {
      epoch[i] = static_cast<std::byte>(epoch_ >> (8 * i));
    }
    if (const auto written = store_->append(h, std::span<const std::byte>{epoch}); !written) {
      return seq < sync_.leased ? status{} : status{written.error()};
    }
    sync_.leased = h.seq;
    sync_.note(time_.now());
    return {};
  }

  // --- appending ---

  [[nodiscard]] status admit(item_id id, std::span<const std::byte> payload, const item_options<Time>& options, std::uint64_t key,
                             wall_ms stamp, bool historical, index replaced) noexcept {
    expire();
    // What has to leave is known before anything changes.
    const bool swap = replaced != none && !items_.entries[replaced].in_flight;
    const std::uint64_t freed_items = swap ? 1 : 0;
    const std::uint64_t freed_bytes = swap ? items_.entries[replaced].length : 0;
    const std::uint64_t most_items = config_.quota_items < L.items ? config_.quota_items : L.items;
    const std::uint64_t items = items_.queued - freed_items + 1;
    const std::uint64_t bytes = items_.bytes - freed_bytes + payload.size();
    const std::uint64_t items_over = items > most_items ? items - most_items : 0;
    const std::uint64_t bytes_over = bytes > config_.quota_bytes ? bytes - config_.quota_bytes : 0;
    const eviction_order<index_type> order{items_, config_.evict, options.importance};
    if (payload.size() > config_.quota_bytes || !order.frees(items_over, bytes_over, swap ? replaced : none)) {
      return errc::full;
    }
    if (const status leased = lease(id.seq); !leased) {
      return leased;
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
      while (!at && at.error() == errc::full && config_.evict != eviction::reject && evict_one(options.importance, replaced)) {
        at = store_->append(h, payload);
      }
    }
    if (!at) {
      return at.error();
    }
    if (swap) {
      lose(replaced, drop_reason::cancelled);
    }
    while (items_.queued + 1 > most_items || items_.bytes + payload.size() > config_.quota_bytes) {
      (void)evict_one(options.importance, none);
    }
    entry e;
    e.at = at.value();
    e.seq = id.seq;
    e.key = key;
    e.length = static_cast<std::uint32_t>(payload.size());
    e.stream = options.stream;
    e.importance = options.importance;
    e.repeat = options.repeat;
    e.historical = historical;
    if (options.ttl_s != 0) {
      e.expires_s = expiry(options.ttl_s);
    }
    const index i = items_.insert(e);
    counters_.bytes_stored += e.length;
    sync_.note(time_.now());
    lane& to = items_.lanes[e.stream];
    if (to.held) {
      to.backlog_upto = e.seq > to.backlog_upto && to.how == order::strict ? e.seq : to.backlog_upto;
    }
    if (to.fresh == none && to.is_live(e)) {
      to.fresh = i;
    }
    return {};
  }

  // --- leaving ---

  [[nodiscard]] status flush_acknowledgements() noexcept {
    for (stream_id s = 0; s < L.streams; ++s) {
      if (items_.lanes[s].next_seq > 1) {
        if (const status s_done = store_->advance(items_.cursor_of(s)); !s_done) {
          return s_done;
        }
      }
    }
    return {};
  }
  bool evict_one(std::uint8_t newcomer, index but) noexcept {
    const eviction_order<index_type> order{items_, config_.evict, newcomer};
    const index victim = order.victim(but);
    if (victim == none) {
      return false;
    }
    const auto evicted = [this](index i) { lose(i, drop_reason::evicted); };
    if (config_.evict == eviction::thin && order.thin(items_.entries[victim].importance, but, evicted)) {
      return true;
    }
    evicted(victim);
    return true;
  }

  void lose(index i, drop_reason why) noexcept {
    ++counters_.dropped[static_cast<std::size_t>(why)];
    remove(i);
  }

  void remove(index i) noexcept {
    const stream_id stream = items_.entries[i].stream;
    if (items_.erase(i)) {
      (void)store_->advance(items_.cursor_of(stream));  // a store that fails here keeps the record: it is delivered again, not lost
    }
  }

  // --- time ---

  [[nodiscard]] std::uint32_t uptime_s() const noexcept { return static_cast<std::uint32_t>(time_.passed_ms() / 1000); }
  /// The second of uptime after `left_s` more; 0, never, if that cannot be written.
  [[nodiscard]] std::uint32_t expiry(std::uint64_t left_s) noexcept {
    const std::uint64_t at = uptime_s() + left_s + 1;
    if (at > std::numeric_limits<std::uint32_t>::max()) {
      return 0;
    }
    note_expiry(static_cast<std::uint32_t>(at));
    return static_cast<std::uint32_t>(at);
  }
  void note_expiry(std::uint32_t at) noexcept { next_expiry_ = next_expiry_ == 0 || at < next_expiry_ ? at : next_expiry_; }

  void expire() noexcept {
    const std::uint32_t now = uptime_s();
    if (next_expiry_ == 0 || now < next_expiry_) {
      return;
    }
    next_expiry_ = 0;
    for (lane& s : items_.lanes) {
      for (index i = s.head; i != none;) {
        const entry& e = items_.entries[i];
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

  /// Ends holds that are over, also while nobody is to be chosen: a wrapping tick cannot tell long ago from soon.
  void end_holds(Time t) noexcept {
    for (lane& s : items_.lanes) {
      if (s.held && !(elapsed(t, s.hold_until) < duration_t<Time>{})) {
        s.held = false;
      }
    }
  }

  void end_leases(Time t) noexcept {
    if (items_.in_flight == 0 || config_.lease_ms == 0) {
      return;
    }
    for (lane& s : items_.lanes) {
      for (index i = s.head; i != none && s.out + s.live_out > 0;) {
        const index next = items_.entries[i].next;
        if (items_.entries[i].in_flight && !(elapsed(t, items_.entries[i].lease_at) < duration_t<Time>{})) {
          ++counters_.lease_expired;
          const repeatable repeat = items_.entries[i].repeat;
          items_.put_back(i, outcome::unknown);
          if (repeat == repeatable::no) {
            lose(i, drop_reason::dead_letter);
          }
        }
        i = next;
      }
    }
  }

  [[nodiscard]] bool hopeless(const entry& e, outcome what) const noexcept {
    return (what == outcome::permanent && e.permanents + 1 >= config_.dead_letter_after) ||
           (what == outcome::unknown && e.repeat == repeatable::no);
  }

  // --- choosing ---

  /// Before a number is sent it must be certain that no later life gives it out again.
  [[nodiscard]] index candidate(const lane& s, bool& waits, bool live_only) const noexcept {
    const std::uint64_t below = config_.mode == durability::volatile_ ? ~std::uint64_t{0} : sync_.sendable();
    return items_.candidate(s, waits, live_only, config_.stream_window, below);
  }

  [[nodiscard]] index choose(Time t, bool live_only) noexcept {
    end_holds(t);
    class_turns::firsts first{none, none, none, none};
    for (stream_id n = 0; n < L.streams; ++n) {
      const lane& from = items_.lanes[n];
      bool waits = false;
      const index i = candidate(from, waits, live_only);
      if (i == none || waits) {
        continue;
      }
      const std::uint8_t c = items_.entries[i].importance;
      if (first[c] == none || turns_.turn_of(n, c, L.streams) < turns_.turn_of(items_.entries[first[c]].stream, c, L.streams)) {
        first[c] = i;
      }
    }
    const std::uint8_t best = turns_.pick(first, config_.lower_share);
    if (best == class_turns::classes) {
      return none;
    }
    turns_.went(items_.entries[first[best]].stream, best, L.streams);
    return first[best];
  }

  [[nodiscard]] outbox_look look_ahead(Time t) const noexcept {
    outbox_look look;
    look.timer = sync_.due_at(config_, t);
    if (items_.queued == 0) {
      return look;
    }
    for (const lane& s : items_.lanes) {
      bool waits = false;
      const index i = candidate(s, waits, false);
      if (i != none && items_.in_flight < config_.in_flight) {
        if (waits && elapsed(t, s.hold_until) < duration_t<Time>{}) {
          look.timer = earliest<Time>(look.timer, s.hold_until, t);
        } else {
          look.due = true;
        }
      }
      if (config_.lease_ms != 0) {
        for (index k = s.head; k != none && s.out + s.live_out > 0; k = items_.entries[k].next) {
          if (items_.entries[k].in_flight) {
            look.timer = earliest<Time>(look.timer, items_.entries[k].lease_at, t);
          }
        }
      }
    }
    if (next_expiry_ != 0) {
      const std::uint64_t now_ms = time_.passed_ms();
      const std::uint64_t left = next_expiry_ * std::uint64_t{1000} > now_ms ? next_expiry_ * std::uint64_t{1000} - now_ms : 1;
      // A wrapping tick cannot name an instant beyond half its range: coming back early is harmless.
      const std::int64_t half = count_of<Time>(duration_from_count<Time>(std::numeric_limits<std::int64_t>::max())) / 2;
      const std::int64_t want = count_of<Time>(later_ms<Time>(static_cast<std::int64_t>(left)));
      look.timer = earliest<Time>(look.timer, skerry::advance(t, duration_from_count<Time>(want < half ? want : half)), t);
    }
    return look;
  }

  // --- finding ---

  [[nodiscard]] index find(const item_id& id) const noexcept {
    return id.stream < L.streams && id.epoch == epoch_ ? items_.find(id.stream, id.seq) : none;
  }

  [[nodiscard]] item_view view_of(const entry& e, const record_view& record) const noexcept {
    item_view item;
    item.id = item_id{epoch_, e.stream, e.seq};
    item.payload = record.payload;
    item.importance = e.importance;
    item.historical = items_.lanes[e.stream].has_waited(e);
    item.stamp = record.header.stamp;
    item.attempts = e.attempts;
    return item;
  }

  Store* store_;
  outbox_config config_;
  steady<Time> time_;
  std::uint64_t key_salt_;
  wall_ms wall_;
  std::uint64_t wall_at_ = 0;  // uptime when the wall clock said so
  bool trusted_;
  std::uint32_t epoch_ = 0;
  std::uint32_t next_expiry_ = 0;  // uptime; 0: nothing expires
  sync_window<Time> sync_{};
  class_turns turns_{};
  index_type items_{};
  std::array<std::byte, L.record_bytes> record_{};
  delivery_counters counters_{};
};

}  // namespace detail
}  // namespace skerry::inline v0::delivery
