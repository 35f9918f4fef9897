// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/class_turns.hpp>
#include <skerry/delivery/detail/eviction.hpp>
#include <skerry/delivery/detail/outbox_recovery.hpp>
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
#include <type_traits>

namespace skerry::inline v0::delivery {

template <instant Time, record_store Store, outbox_limits L, const outbox_config* Fixed>
class outbox;

namespace detail {

/// Who builds an outbox into an object of their own says so.
struct not_open_yet {
  explicit constexpr not_open_yet() noexcept = default;
};

/// What is remembered of a user key; 0: there is none. Not a member: GCC 12 folds members of outboxes of two sizes into one and then warns
/// that the one does not lie within the other (-Warray-bounds).
[[nodiscard]] inline std::uint64_t key_hash(std::span<const std::byte> key, std::uint64_t salt) noexcept {
  return key.empty() ? 0 : hash64(key, salt) | 1;
}

/// What happens inside an outbox: coming in, leaving, time, choice. The outbox is its face.
template <instant Time, record_store Store, outbox_limits L, const outbox_config* Fixed>
class outbox_engine : outbox_recovery<Time, Store, L, Fixed> {
  friend class outbox<Time, Store, L, Fixed>;
  using base = outbox_recovery<Time, Store, L, Fixed>;
  using base::base;
  using base::config_;
  using base::counters_;
  using base::counters_every;
  using base::epoch_;
  using base::expiry;
  using base::items_;
  using base::keeps_notes;
  using base::key_salt_;
  using base::lease;
  using base::looks_ahead;
  using base::most_items;
  using base::next_expiry_;
  using base::none;
  using base::note_expiry;
  using base::note_gone;
  using base::place;
  using base::store_;
  using base::sync_;
  using base::time_;
  using base::trusted_;
  using base::turns_;
  using base::uptime_s;
  using base::write_drop;
  using base::write_note;
  using typename base::entry;
  using typename base::index;
  using typename base::index_type;
  using typename base::lane;
  using typename base::outbox_look;

  [[nodiscard]] status check(std::size_t length, const item_options<Time>& options) const noexcept {
    if (options.stream >= L.streams || options.importance > 3) {
      return errc::invalid;
    }
    const outbox_features& can = config_.features;
    if ((!can.keys && !options.key.empty()) || (!can.expiry && options.ttl_s != 0) || (!can.classes && options.importance != 1)) {
      return errc::unsupported;
    }
    return length > L.record_bytes ? status{errc::width} : status{};
  }

  [[nodiscard]] std::uint64_t key_of(const item_options<Time>& options) const noexcept {
    return config_.features.keys ? key_hash(options.key, key_salt_) : 0;
  }

  /// What the store has to move is moved now, and durably: lives that end before their second sync would fill it with copies that never
  /// count, and acknowledgements would find no room.
  [[nodiscard]] status recover(clock_reading<Time> clock) noexcept {
    const status recovered = base::recover(clock);
    if constexpr (looks_ahead) {
      if (recovered && config_.mode != durability::volatile_) {
        (void)reclaim();
        (void)(store_->sync() && store_->sync());  // the copies, and then what says that they count; nothing to do where there are none
      }
    }
    return recovered;
  }

  // --- after a sync ---

  /// Whose record is still needed, and where its place is kept.
  struct needed {
    outbox_engine* box;
    position elsewhere{};  // of items that have no entry
    position* operator()(const record_header& h, position) noexcept {
      if (h.stream >= L.streams) {
        return &elsewhere;
      }
      if (const index i = box->items_.find(h.stream, h.seq); i != none) {
        return &box->items_.entries[i].at;  // a store that moved it by itself after a failed sync kept the old place valid
      }
      if constexpr (looks_ahead) {
        const lane& of = box->items_.lanes[h.stream];
        return of.beyond > 0 && h.seq > of.indexed && box->ahead_.gone.find(h.stream, h.seq) == 0 ? &elsewhere : nullptr;
      }
      return nullptr;
    }
    [[nodiscard]] std::uint64_t live_bytes() const noexcept { return box->items_.bytes + std::uint64_t{box->items_.queued} * 32; }
  };
  [[nodiscard]] bool reclaim() noexcept {
    if (!config_.features.reclaim) {
      return false;
    }
    if constexpr (requires(Store & s, needed still) { s.reclaim(still); }) {
      return static_cast<bool>(store_->reclaim(needed{this, {}}));
    } else {
      return false;
    }
  }
  void keep_counters() noexcept {
    if constexpr (keeps_notes) {
      if (counters_.syncs % counters_every != 1) {
        return;
      }
      std::array<std::byte, 192> bytes;
      byte_writer out{bytes};
      counters_.encode(out);
      record_header h;
      h.kind = record_kind::counters;
      h.seq = counters_.syncs;
      if (out.error() == errc::ok) {
        (void)store_->append(h, out.written());
      }
    }
  }

  // --- appending ---

  [[nodiscard]] status admit(item_id id, std::span<const std::byte> payload, const item_options<Time>& options, std::uint64_t key,
                             wall_ms stamp, bool historical, index replaced) noexcept {
    expire();
    // What has to leave is known before anything changes.
    const bool swap = config_.features.keys && replaced != none && !items_.entries[replaced].in_flight;
    const std::uint64_t freed_items = swap ? 1 : 0;
    const std::uint64_t freed_bytes = swap ? items_.entries[replaced].length : 0;
    const std::uint64_t most = most_items();
    const std::uint64_t items = items_.queued - freed_items + 1;
    const std::uint64_t bytes = items_.bytes - freed_bytes + payload.size();
    const std::uint64_t items_over = items > most ? items - most : 0;
    const std::uint64_t bytes_over = bytes > config_.quota_bytes ? bytes - config_.quota_bytes : 0;
    const bool over = items_over != 0 || bytes_over != 0;
    if (payload.size() > config_.quota_bytes || (over && config_.evict == eviction::reject)) {
      return errc::full;
    }
    if (over &&
        !eviction_order<index_type>{items_, config_.evict, options.importance}.frees(items_over, bytes_over, swap ? replaced : none)) {
      return errc::full;
    }
    if (const status leased = lease(id.seq); !leased) {
      return leased;
    }
    record_header h;
    h.kind = options.batch ? record_kind::batch : record_kind::data;
    h.flags = static_cast<std::uint8_t>((historical ? record_flags::historical : 0) |
                                        (options.repeat != repeatable::no ? record_flags::repeatable : 0) |
                                        (trusted_ ? 0 : record_flags::clock_untrusted) | (options.squeezed ? record_flags::squeezed : 0));
    h.importance = options.importance;
    h.stream = options.stream;
    h.ttl_s = options.ttl_s;
    h.seq = id.seq;
    h.stamp = stamp;
    result<position> at = store_->append(h, payload);
    if (!at && at.error() == errc::full) {
      (void)flush_acknowledgements();
      (void)reclaim();
      at = store_->append(h, payload);
      while (!at && at.error() == errc::full && config_.evict != eviction::reject && evict_one(options.importance, replaced)) {
        (void)reclaim();
        at = store_->append(h, payload);
      }
    }
    if (!at) {
      return at.error();
    }
    if constexpr (requires { store_->flush(); }) {
      // Its record may be met in the store all the same: what cannot be noted as gone is taken in, and goes out with the next flush.
      if (const status out = config_.mode == durability::os ? store_->flush() : status{}; !out && note_gone(id.stream, id.seq)) {
        return errc::io;
      }
    }
    if (swap) {
      lose(replaced, drop_reason::cancelled);
    }
    while ((items_.queued + 1 > most || items_.bytes + payload.size() > config_.quota_bytes) && evict_one(options.importance, none)) {
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
    if (config_.features.expiry && options.ttl_s != 0) {
      e.expires_s = expiry(options.ttl_s);
    }
    const index i = place(e);
    counters_.bytes_stored += e.length;
    sync_.note(time_.now());
    lane& to = items_.lanes[e.stream];
    if (to.held) {
      to.backlog_upto = e.seq > to.backlog_upto && to.how == order::strict ? e.seq : to.backlog_upto;
    }
    if (i != none && to.fresh == none && to.is_live(e)) {
      to.begin_live(i);
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
    write_note();
    return {};
  }
  bool evict_one(std::uint8_t newcomer, index but) noexcept {
    if (config_.evict == eviction::reject) {
      return false;
    }
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
    count_up(counters_.dropped[static_cast<std::size_t>(why)]);
    const stream_id stream = items_.entries[i].stream;
    const std::uint64_t seq = items_.entries[i].seq;
    const std::uint32_t length = items_.entries[i].length;
    if (!remove(i)) {
      write_drop(stream, seq, length, why);
    }
  }

  /// True if the cursor of its stream says so.
  bool remove(index i) noexcept {
    const stream_id stream = items_.entries[i].stream;
    lane& of = items_.lanes[stream];
    const std::uint32_t length = items_.entries[i].length;
    const bool ahead = of.beyond > 0 && items_.entries[i].seq > of.indexed;
    const bool known = note_gone(stream, items_.entries[i].seq);
    const bool oldest = items_.erase(i);
    if constexpr (looks_ahead) {
      if (!known) {
        count_up(counters_.recovered);
        items_.count_beyond(of, 1, length);
      }
    }
    if (!oldest) {
      return false;
    }
    (void)store_->advance(items_.cursor_of(stream));  // a store that fails here keeps the record: it is delivered again, not lost
    write_note();
    return !ahead;
  }

  // --- time ---

  void expire() noexcept {
    if (!config_.features.expiry) {
      return;
    }
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
          count_up(counters_.lease_expired);
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
  [[nodiscard]] std::uint64_t sendable() const noexcept {
    return config_.mode == durability::volatile_ ? ~std::uint64_t{0} : sync_.sendable();
  }
  [[nodiscard]] index candidate(const lane& s, bool& waits, bool live_only) const noexcept {
    return items_.candidate(s, waits, live_only, config_.stream_window, sendable());
  }

  [[nodiscard]] index choose(Time t, bool live_only) noexcept {
    end_holds(t);
    if (!config_.features.classes) {
      return choose_of_one_class(live_only);
    }
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

  [[nodiscard]] index choose_of_one_class(bool live_only) noexcept {
    index best = none;
    for (stream_id n = 0; n < L.streams; ++n) {
      bool waits = false;
      const index i = candidate(items_.lanes[n], waits, live_only);
      const bool sooner = best == none || turns_.turn_of(n, 1, L.streams) < turns_.turn_of(items_.entries[best].stream, 1, L.streams);
      best = i != none && !waits && sooner ? i : best;
    }
    if (best != none) {
      turns_.went(items_.entries[best].stream, 1, L.streams);
    }
    return best;
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
      if (s.head == none && s.beyond > 0) {  // its next item is looked up first
        if (s.held && elapsed(t, s.hold_until) < duration_t<Time>{}) {
          look.timer = earliest<Time>(look.timer, s.hold_until, t);
        } else {
          look.due = true;
        }
      }
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
    if (config_.features.expiry && next_expiry_ != 0) {
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
};

}  // namespace detail
}  // namespace skerry::inline v0::delivery
