// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/class_turns.hpp>
#include <skerry/delivery/detail/gone_numbers.hpp>
#include <skerry/delivery/detail/shared_config.hpp>
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

namespace skerry::inline v0::delivery::detail {

/// What an outbox knows of its items: an entry for those that come next in each stream, counts of those beyond, and which of these are
/// gone.
template <instant Time, record_store Store, outbox_limits L, const outbox_config* Fixed>
struct outbox_ahead : kept_config<outbox_config, Fixed> {
  using held = kept_config<outbox_config, Fixed>;
  using held::config_;

  using index = entry_index;
  static constexpr bool looks_ahead = requires(Store & s, stream_id stream, std::uint64_t seq) { s.next_of(stream, seq); };
  // Where a receiver has a window live items wait for the backlog, whatever is asked for.
  static constexpr bool may_mix = [] {
    if constexpr (is_fixed<outbox_config, Fixed>) {
      return Fixed->receiver_window == 0;
    } else {
      return true;
    }
  }();
  using index_type = stream_index<Time, L.streams, L.items, looks_ahead, may_mix>;
  using entry = typename index_type::entry;
  using lane = typename index_type::lane;
  static constexpr index none = no_entry;
  static constexpr std::uint64_t lease_block = 4096;
  // What a store may do beside what record_store asks for.
  static constexpr bool keeps_notes = looks_ahead && requires(Store & s, std::span<const std::byte> note) {
    s.remember(note, true);
    s.remembered();
  };
  static constexpr std::uint64_t counters_every = 64;  // syncs
  static constexpr std::size_t most_ranges = 32, range_room = 23;
  static constexpr std::size_t most_note = 1 + 11 * 10 + 1 + most_ranges * 9 + L.streams * std::size_t{13};

  struct ahead_state {
    clock_reading<Time> opened{};
    std::uint64_t old_below = 0;       // numbers of earlier lives
    gone_numbers<most_ranges> gone{};  // beyond the look-ahead
    std::uint64_t told = 0;            // what had come and left when the last note was written
    bool recovering = true;
    bool overflowed = false;
  };
  struct nothing {};

  struct outbox_look {
    deadline<Time> timer{};
    bool due = false;
  };

  outbox_ahead(Store& store, const outbox_config& config, device_seed seed, clock_reading<Time> clock) noexcept
      : held{config}, store_{&store}, time_{clock.now}, key_salt_{seed.value()}, wall_{clock.wall}, trusted_{clock.trusted} {
    for (lane& s : items_.lanes) {
      s.set_how(config.streams);
    }
    epoch_ = static_cast<std::uint32_t>(seed.boot() + 1);
    if constexpr (requires { store.mix(seed); }) {
      store.mix(seed);
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

  // --- what an entry stands for ---

  [[nodiscard]] entry entry_of(position at, const record_view& r) const noexcept {
    entry e;
    e.at = at;
    e.seq = r.header.seq;
    e.length = static_cast<std::uint32_t>(r.payload.size());
    e.stream = r.header.stream;
    e.importance = r.header.importance < class_turns::classes ? r.header.importance : class_turns::classes - 1;
    e.importance = config_.features.classes ? e.importance : std::uint8_t{1};
    e.repeat = (r.header.flags & record_flags::repeatable) != 0 ? repeatable::by_key : repeatable::no;
    e.historical = true;
    return e;
  }
  [[nodiscard]] item_view view_of(const entry& e, const record_view& record) const noexcept {
    item_view item;
    item.id = item_id{epoch_, e.stream, e.seq};
    item.payload = record.payload;
    item.importance = e.importance;
    item.historical = items_.lanes[e.stream].has_waited(e);
    item.stamp = record.header.stamp;
    item.attempts = e.attempts;
    item.batch = record.header.kind == record_kind::batch;
    item.squeezed = (record.header.flags & record_flags::squeezed) != 0;
    return item;
  }

  // --- the look-ahead ---

  [[nodiscard]] std::uint64_t most_items() const noexcept {
    return looks_ahead || config_.quota_items < L.items ? config_.quota_items : L.items;
  }
  /// Entries that a stream may have; all there are while no quota can need more.
  [[nodiscard]] std::uint32_t share_of(const lane&) const noexcept {
    constexpr std::uint32_t each = L.items / L.streams;
    return config_.quota_items <= L.items ? L.items : each;
  }
  [[nodiscard]] bool has_place(const lane& s) const noexcept { return !items_.full() && s.count < share_of(s); }

  /// Into the index, or, where it has no place for it, among those that are counted.
  index place(const entry& e) noexcept {
    if constexpr (!looks_ahead) {
      if (!items_.full()) {
        return items_.insert(e);
      }
      count_up(counters_.recovered);  // these limits are smaller than those of the life before
      count_up(counters_.dropped[static_cast<std::size_t>(drop_reason::evicted)]);
      return none;
    } else {
      return place_ahead(e);
    }
  }
  index place_ahead(const entry& e) noexcept {
    lane& to = items_.lanes[e.stream];
    // Live items are sent before the backlog, wherever that ends.
    const bool ahead = to.is_live(e) && has_place(to) && can_forget_one_more();
    if (to.beyond > 0 && e.seq > to.indexed && !ahead) {
      items_.count_beyond(to, 1, e.length);
      return none;
    }
    if (has_place(to)) {
      return items_.insert(e);
    }
    const index last = to.tail;
    const bool pushed = last != none && items_.entries[last].seq > e.seq && !items_.entries[last].in_flight;
    look_up_from(e.stream, pushed ? items_.entries[last].seq : e.seq);
    index at = none;
    if (pushed) {
      items_.push_beyond(to);
      at = items_.insert(e);
    } else {
      items_.count_beyond(to, 1, e.length);
    }
    if (to.muddled && !ahead_.recovering) {
      const std::uint64_t before = to.beyond;
      (void)recount(e.stream);
      counters_.recovered += to.beyond - before;
    }
    return at;
  }
  /// From this number on the items of a stream are looked up in the store, which still has those that are gone.
  void look_up_from(stream_id n, std::uint64_t seq) noexcept {
    lane& of = items_.lanes[n];
    std::uint64_t upto = of.beyond == 0 ? of.next_seq - 1 : of.indexed;
    if (of.beyond > 0 && seq > of.indexed) {
      return;  // it is so already
    }
    if (ahead_.recovering) {
      of.indexed = seq - 1;
      return;  // what has not been read yet is not gone
    }
    if (of.beyond == 0) {
      ahead_.gone.forget(n, ~std::uint64_t{0});
    }
    of.indexed = seq - 1;
    bool known = true;
    for (index i = of.tail; i != none && items_.entries[i].seq > seq; i = items_.entries[i].prev) {
      const std::uint64_t here = items_.entries[i].seq;
      known = (here >= upto || ahead_.gone.add(n, here + 1, upto)) && known;
      upto = here <= upto ? here - 1 : upto;
    }
    known = (upto <= seq || ahead_.gone.add(n, seq + 1, upto)) && known;
    of.muddled = of.muddled || !known;
  }
  /// Each entry ahead of its stream's look-ahead may become a range of its own when it goes.
  [[nodiscard]] bool can_forget_one_more() const noexcept {
    std::size_t want = ahead_.gone.size() + 1;
    for (const lane& s : items_.lanes) {
      for (index i = s.beyond > 0 ? s.tail : none; i != none && items_.entries[i].seq > s.indexed; i = items_.entries[i].prev) {
        ++want;
      }
    }
    return want <= most_ranges;
  }
  /// An item with an entry goes. False: its record will be met again beyond the look-ahead, and nobody will know.
  [[nodiscard]] bool note_gone(stream_id n, std::uint64_t seq) noexcept {
    if constexpr (looks_ahead) {
      const lane& of = items_.lanes[n];
      return of.beyond == 0 || seq <= of.indexed || ahead_.gone.add(n, seq, seq);
    } else {
      return true;
    }
  }
  /// Counts what a stream has beyond its entries, record by record.
  [[nodiscard]] status recount(stream_id n) noexcept {
    lane& of = items_.lanes[n];
    std::uint64_t items = 0;
    std::uint64_t length = 0;
    for (std::uint64_t last = of.indexed;;) {
      const result<position> at = store_->next_of(n, last);
      if (!at && at.error() == errc::absent) {
        break;
      }
      const result<record_view> record = at ? store_->read(at.value(), std::span<std::byte>{record_}) : result<record_view>{at.error()};
      if (!record) {
        return record.error();
      }
      last = record.value().header.seq;
      if (items_.find(n, last) == none && ahead_.gone.find(n, last) == 0) {
        ++items;
        length += record.value().payload.size();
      }
    }
    items_.uncount_beyond(of, of.beyond, of.beyond_bytes);
    items_.count_beyond(of, items, length);
    of.muddled = false;
    return {};
  }

  /// Entries for what comes next in streams that have room for them. Uses the record buffer.
  void refill(Time t) noexcept {
    if constexpr (looks_ahead) {
      for (stream_id n = 0; n < L.streams; ++n) {
        lane& s = items_.lanes[n];
        if (s.beyond == 0 || (s.held && s.head == none)) {
          continue;
        }
        const std::uint32_t target = s.how == order::live_first ? (share_of(s) + 1) / 2 : share_of(s);
        while (s.beyond > 0 && s.count < target && !items_.full()) {
          if (!refill_one(s, n)) {
            s.hold_until = skerry::advance(t, later_ms<Time>(1000));
            s.held = true;
            break;
          }
        }
      }
    }
  }
  [[nodiscard]] bool refill_one(lane& s, stream_id n) noexcept {
    const result<position> at = store_->next_of(n, s.indexed);
    if (!at) {
      if (at.error() != errc::absent) {
        return false;
      }
      ahead_.gone.forget(n, ~std::uint64_t{0});
      counters_.dropped[static_cast<std::size_t>(drop_reason::damaged)] += s.beyond;
      items_.uncount_beyond(s, s.beyond, s.beyond_bytes);
      return true;
    }
    const result<record_view> record = store_->read(at.value(), std::span<std::byte>{record_});
    if (!record) {
      return false;
    }
    const record_view& r = record.value();
    s.indexed = r.header.seq;
    if (const std::uint64_t gone_to = ahead_.gone.find(n, r.header.seq); gone_to != 0) {
      s.indexed = gone_to;
      ahead_.gone.forget(n, gone_to);
      return true;
    }
    if (items_.find(n, r.header.seq) != none) {
      return true;
    }
    entry e = entry_of(at.value(), r);
    items_.uncount_beyond(s, 1, e.length < s.beyond_bytes ? e.length : s.beyond_bytes);
    if (config_.features.expiry && r.header.ttl_s != 0) {
      const std::uint64_t left = seconds_left(r.header);
      if (left == 0) {
        count_up(counters_.dropped[static_cast<std::size_t>(drop_reason::expired)]);
        write_drop(n, e.seq, e.length, drop_reason::expired);
        return true;
      }
      e.expires_s = expiry(left);
    }
    (void)items_.insert(e);
    return true;
  }
  /// The record of an entry. What was looked up while a copy of it did not count yet stands where the copy is by now.
  [[nodiscard]] result<record_view> record_of(index i) noexcept {
    entry& e = items_.entries[i];
    const result<record_view> record = store_->read(e.at, std::span<std::byte>{record_});
    if constexpr (looks_ahead) {
      if (!record && record.error() != errc::io && record.error() != errc::width) {
        const result<position> moved = store_->next_of(e.stream, e.seq - 1);
        const result<record_view> copy =
            moved ? store_->read(moved.value(), std::span<std::byte>{record_}) : result<record_view>{moved.error()};
        if (copy && copy.value().header.seq == e.seq) {
          e.at = moved.value();
          return copy;
        }
      }
    }
    return record;
  }
  /// Over a restart age is what two trusted clocks agree on; otherwise it begins anew, and nothing expires by a wrong clock.
  [[nodiscard]] std::uint64_t left_over_restart(const record_header& h, clock_reading<Time> clock) const noexcept {
    const bool trusted = clock.trusted && (h.flags & record_flags::clock_untrusted) == 0 && clock.wall >= h.stamp;
    const std::uint64_t age_s = ((trusted ? clock.wall.value - h.stamp.value : 0) + time_.passed_ms()) / 1000;
    return age_s < h.ttl_s ? h.ttl_s - age_s : 0;
  }
  /// Of an item of this life the stamp tells the age, unless the wall clock was set since: then it is the time since that at least.
  [[nodiscard]] std::uint64_t seconds_left(const record_header& h) const noexcept {
    if (h.seq < ahead_.old_below) {
      return left_over_restart(h, ahead_.opened);
    }
    std::uint64_t age_ms = time_.passed_ms() - wall_at_;
    if (h.seq >= items_.lanes[h.stream].stamped) {
      const std::uint64_t wall = wall_.value + age_ms;
      age_ms = wall > h.stamp.value ? wall - h.stamp.value : 0;
    }
    return age_ms / 1000 < h.ttl_s ? h.ttl_s - age_ms / 1000 : 0;
  }

  /// Gives up an item that has no entry.
  [[nodiscard]] status drop_beyond(const item_id& id, drop_reason why) noexcept {
    if constexpr (looks_ahead) {
      if (id.stream >= L.streams || id.epoch != epoch_) {
        return errc::absent;
      }
      lane& of = items_.lanes[id.stream];
      if (of.beyond == 0 || id.seq <= of.indexed || id.seq >= of.next_seq || ahead_.gone.find(id.stream, id.seq) != 0) {
        return errc::absent;
      }
      const result<position> at = store_->next_of(id.stream, id.seq - 1);
      if (!at) {
        return at.error();
      }
      const result<record_view> record = store_->read(at.value(), std::span<std::byte>{record_});
      if (!record) {
        return record.error();
      }
      if (record.value().header.seq != id.seq) {
        return errc::absent;
      }
      if (!can_forget_one_more() || !ahead_.gone.add(id.stream, id.seq, id.seq)) {
        return errc::full;
      }
      const auto length = static_cast<std::uint32_t>(record.value().payload.size());
      count_up(counters_.dropped[static_cast<std::size_t>(why)]);
      items_.uncount_beyond(of, 1, length);
      write_drop(id.stream, id.seq, length, why);
      return {};
    } else {
      return errc::absent;
    }
  }
  /// A drop that the cursor of its stream does not tell. Where it cannot be written the item comes back after a restart.
  void write_drop(stream_id stream, std::uint64_t seq, std::uint32_t length, drop_reason why) noexcept {
    if constexpr (keeps_notes) {
      record_header h;
      h.kind = record_kind::drops;
      h.stream = stream;
      h.seq = seq;
      h.ttl_s = length;
      h.stamp = wall_ms{counters_.dropped_total() & 0xffff'ffff'ffffU};
      const std::byte reason[]{static_cast<std::byte>(why)};
      if (store_->append(h, reason)) {
        sync_.note(time_.now());
      }
    }
  }

  /// Shows the item behind `last` wherever it is known; false at the end.
  template <typename F>
  bool next_beyond(stream_id n, std::uint64_t& last, F& visit) noexcept {
    if constexpr (looks_ahead) {
      const result<position> at = store_->next_of(n, last);
      const result<record_view> record = at ? store_->read(at.value(), std::span<std::byte>{record_}) : result<record_view>{at.error()};
      if (!record) {
        return false;
      }
      last = record.value().header.seq;
      if (const index i = items_.find(n, last); i != none) {
        visit(view_of(items_.entries[i], record.value()));
      } else if (last > items_.lanes[n].indexed && ahead_.gone.find(n, last) == 0) {
        visit(view_of(entry_of(at.value(), record.value()), record.value()));
      }
      return true;
    } else {
      return false;
    }
  }

  Store* store_;
  steady<Time> time_;
  std::uint64_t key_salt_;
  wall_ms wall_;
  std::uint64_t wall_at_ = 0;  // uptime when the wall clock said so
  bool trusted_;
  [[no_unique_address]] std::conditional_t<looks_ahead, ahead_state, nothing> ahead_{};
  std::uint32_t epoch_ = 0;
  std::uint32_t next_expiry_ = 0;  // uptime; 0: nothing expires
  sync_window<Time> sync_{};
  class_turns turns_{};
  index_type items_{};
  std::array<std::byte, L.record_bytes> record_{};
  delivery_counters counters_{};
};

}  // namespace skerry::inline v0::delivery::detail
