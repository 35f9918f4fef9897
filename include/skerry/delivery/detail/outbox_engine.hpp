// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/class_turns.hpp>
#include <skerry/delivery/detail/eviction.hpp>
#include <skerry/delivery/detail/gone_numbers.hpp>
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

template <instant Time, record_store Store, outbox_limits L>
class outbox;

namespace detail {

/// Who builds an outbox into an object of their own says so.
struct not_open_yet {
  explicit constexpr not_open_yet() noexcept = default;
};

/// What happens inside an outbox: recovery, number leases, coming in, leaving, time, choice. The outbox is its face.
template <instant Time, record_store Store, outbox_limits L>
class outbox_engine {
  friend class outbox<Time, Store, L>;

  using index = entry_index;
  static constexpr bool looks_ahead = requires(Store & s, stream_id stream, std::uint64_t seq) { s.next_of(stream, seq); };
  using index_type = stream_index<Time, L.streams, L.items, looks_ahead>;
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
    noted before = read_note();
    const status walked = walk(report.value(), [&](position at, const record_view& r) { take_record(at, r, before, clock); });
    if (!walked) {
      return walked;
    }
    if (const status settled = settle_ahead(report.value()); !settled) {
      return settled;
    }
    restore_totals(before, report.value().damaged_records);
    for (const lane& s : items_.lanes) {
      sync_.leased = s.next_seq > sync_.leased && s.next_seq > 1 ? s.next_seq : sync_.leased;  // what was used was leased
    }
    if (report.value().damaged_records > 0 && sync_.leased != 0) {
      sync_.leased += lease_block;  // what was damaged may have been the newest lease
    }
    for (lane& s : items_.lanes) {
      if (s.next_seq < sync_.leased) {
        s.next_seq = sync_.leased;  // a number that may have been sent is never given to other bytes
      }
      s.backlog_upto = s.next_seq - 1;
      if constexpr (looks_ahead) {
        s.stamped = s.next_seq;
        ahead_.old_below = s.next_seq;  // the same for all: where the lease ended
      }
    }
    if constexpr (looks_ahead) {
      ahead_.opened = clock;
    }
    write_note();
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

  template <typename F>
  [[nodiscard]] status walk(const recovery_report& all, F&& visit) noexcept {
    for (position at = all.first; at < all.end;) {
      const result<record_view> record = store_->read(at, std::span<std::byte>{record_});
      if (!record) {
        if (record.error() == errc::width || record.error() == errc::io) {
          return record.error();  // to go on would be to forget what lies behind
        }
        ++counters_.damaged_records;
        break;
      }
      visit(at, record.value());
      at = record.value().next;
    }
    return {};
  }
  /// What lies beyond the look-ahead was counted as it came. Where records had been moved, stood twice or were given up, it is counted
  /// again in its order.
  [[nodiscard]] status settle_ahead([[maybe_unused]] const recovery_report& all) noexcept {
    if constexpr (looks_ahead) {
      bool again = false;
      for (stream_id n = 0; n < L.streams; ++n) {
        const lane& of = items_.lanes[n];
        ahead_.gone.forget(n, of.beyond > 0 ? of.indexed : ~std::uint64_t{0});
        again = again || (of.beyond > 0 && ahead_.overflowed);
      }
      if (again) {  // now it is known which of them matter
        ahead_.overflowed = false;
        const status walked = walk(all, [&](position, const record_view& r) {
          if (r.header.kind == record_kind::drops && r.payload.size() == 1 && r.header.stream < L.streams) {
            drop_recovered(r.header);
          }
        });
        if (!walked) {
          return walked;
        }
      }
      for (stream_id n = 0; n < L.streams; ++n) {
        lane& of = items_.lanes[n];
        if (const status counted = of.beyond > 0 && of.muddled ? recount(n) : status{}; !counted) {
          return counted;
        }
        of.muddled = false;
      }
      ahead_.recovering = false;
    }
    return {};
  }

  /// What the newest note of the store said: the sums, and which numbers they were about.
  struct noted {
    bool known = false;
    std::uint64_t dropped = 0;
    std::array<std::uint64_t, L.streams> next{};  // numbers from here on were appended later
    std::uint64_t appended_later = 0;
    delivery_counters kept{};  // of the newest counters record
    bool counted = false;
  };
  [[nodiscard]] noted read_note() noexcept {
    noted n;
    n.next.fill(1);
    if constexpr (keeps_notes) {
      byte_reader in{store_->remembered()};
      const std::uint8_t form = in.remaining().empty() ? 0 : in.u8();
      if (form != 1 && form != 2) {
        return n;
      }
      delivery_counters c;
      c.produced = in.varint();
      c.refused = in.varint();
      c.recovered = in.varint();
      c.delivered = in.varint();
      for (std::uint64_t& dropped : c.dropped) {
        dropped = in.varint();
      }
      read_gone(in, form == 2 ? in.varint() : 0);
      while (in.error() == errc::ok && !in.remaining().empty()) {
        const std::uint64_t stream = in.varint();
        const std::uint64_t next = in.varint();
        if (in.error() == errc::ok && stream < L.streams) {
          n.next[static_cast<std::size_t>(stream)] = next;
        }
      }
      if (in.error() == errc::ok) {
        n.known = true;
        n.dropped = c.dropped_total();
        counters_ = c;
      }
    }
    return n;
  }
  void write_note() noexcept {
    if constexpr (keeps_notes) {
      std::array<std::byte, most_note> bytes;
      byte_writer out{bytes};
      out.u8(2);
      out.varint(counters_.produced);
      out.varint(counters_.refused);
      out.varint(counters_.recovered);
      out.varint(counters_.delivered);
      for (const std::uint64_t dropped : counters_.dropped) {
        out.varint(dropped);
      }
      write_gone(out);
      for (stream_id s = 0; s < L.streams; ++s) {
        if (items_.lanes[s].next_seq > 1) {
          out.varint(s);
          out.varint(items_.lanes[s].next_seq);
        }
      }
      const std::uint64_t counted = counters_.produced + counters_.recovered + counters_.delivered + counters_.dropped_total();
      store_->remember(out.written(), counted != ahead_.told);
      ahead_.told = counted;
    }
  }
  /// What has left its stream further ahead than a cursor with its bitmap can say. Ranges that find no room come back after a restart.
  void write_gone(byte_writer& out) noexcept {
    std::array<std::byte, most_ranges * 9> bytes;
    byte_writer ranges{bytes};
    std::uint64_t count = 0;
    const auto tell = [&](stream_id n, std::uint64_t from, std::uint64_t to) {
      if (count < most_ranges && ranges.written().size() + range_room <= bytes.size()) {
        ranges.varint(n);
        ranges.varint(from);
        ranges.varint(to - from);
        ++count;
      }
    };
    ahead_.gone.for_each(tell);
    for (stream_id n = 0; n < L.streams; ++n) {
      const lane& s = items_.lanes[n];
      if (s.count == 0) {
        continue;
      }
      const std::uint64_t said = items_.entries[s.head].seq + 63;
      const std::uint64_t upto = s.beyond > 0 ? s.indexed : s.next_seq - 1;
      std::uint64_t last = items_.entries[s.tail].seq;
      if (last < upto || last - items_.entries[s.head].seq + 1 != s.count) {
        (void)store_->advance(items_.cursor_of(n));  // the note is about this moment, so must be what the cursors say
      }
      if (last < upto && upto > said) {
        tell(n, last + 1, upto);
      }
      if (last - items_.entries[s.head].seq + 1 == s.count) {
        continue;
      }
      for (index i = items_.entries[s.tail].prev; i != none && last > said; i = items_.entries[i].prev) {
        const std::uint64_t here = items_.entries[i].seq;
        if (here + 1 < last && here < upto) {
          tell(n, here + 1, last - 1 < upto ? last - 1 : upto);
        }
        last = here;
      }
    }
    out.varint(count);
    out.bytes(ranges.written());
  }
  void read_gone(byte_reader& in, std::uint64_t count) noexcept {
    for (std::uint64_t i = 0; i < count && in.error() == errc::ok; ++i) {
      const std::uint64_t stream = in.varint();
      const std::uint64_t from = in.varint();
      const std::uint64_t more = in.varint();
      if (in.error() == errc::ok && stream < L.streams && from != 0 && more < ~from) {
        (void)ahead_.gone.add(static_cast<stream_id>(stream), from, from + more);
        items_.lanes[static_cast<std::size_t>(stream)].muddled = true;
      }
    }
  }
  void take_record(position at, const record_view& r, noted& before, clock_reading<Time> clock) noexcept {
    const record_header& h = r.header;
    switch (h.kind) {
      case record_kind::seq_lease:
        if (r.payload.size() == 4) {
          epoch_ = static_cast<std::uint32_t>(skerry::detail::load_le(r.payload.data(), 4));
          sync_.leased = h.seq > sync_.leased ? h.seq : sync_.leased;
        }
        break;
      case record_kind::data:
        if (h.stream < L.streams) {
          const bool later = before.known && h.seq >= before.next[h.stream];
          before.appended_later += readmit(at, r, clock) && later ? 1 : 0;
        }
        break;
      case record_kind::drops: take_drop(r, before); break;
      case record_kind::counters: {
        byte_reader in{r.payload};
        if (const auto c = delivery_counters::decode(in)) {
          before.kept = c.value();
          before.counted = true;
        }
        break;
      }
      default: break;
    }
  }
  /// An item that was given up before its turn.
  void take_drop(const record_view& r, const noted& before) noexcept {
    if (r.payload.size() != 1 || r.header.stream >= L.streams) {
      return;
    }
    const auto why = std::to_integer<std::size_t>(r.payload[0]);
    if (before.known && r.header.stamp.value > before.dropped && why < drop_reasons) {
      ++counters_.dropped[why];
    }
    drop_recovered(r.header);
  }
  void drop_recovered(const record_header& h) noexcept {
    if (const index i = items_.find(h.stream, h.seq); i != none) {
      (void)items_.erase(i);
    }
    if constexpr (looks_ahead) {  // its record may be met once more, further on or beyond the look-ahead
      lane& of = items_.lanes[h.stream];
      of.muddled = true;
      const bool matters = ahead_.recovering && (of.beyond == 0 || h.seq > of.indexed || !ahead_.overflowed);
      ahead_.overflowed = (matters && !ahead_.gone.add(h.stream, h.seq, h.seq)) || ahead_.overflowed;
    }
  }
  /// What was counted in all lives, so that the sum holds for what is there.
  void restore_totals(const noted& before, std::uint64_t damaged) noexcept {
    if (before.counted) {
      const delivery_counters sums = counters_;
      counters_ = before.kept;
      if (before.known) {
        counters_.produced = sums.produced;
        counters_.refused = sums.refused;
        counters_.recovered = sums.recovered;
        counters_.delivered = sums.delivered;
        counters_.dropped = sums.dropped;
      }
    }
    counters_.produced += before.appended_later;
    counters_.offered = counters_.produced + counters_.refused;
    counters_.damaged_records += damaged;
    const std::uint64_t in = counters_.produced + counters_.recovered;
    const std::uint64_t out = counters_.delivered + counters_.dropped_total() + items_.queued;
    if (out >= in) {
      counters_.recovered += out - in;
      return;
    }
    const std::uint64_t unread = in - out < damaged ? in - out : damaged;
    counters_.dropped[static_cast<std::size_t>(drop_reason::damaged)] += unread;
    counters_.dropped[static_cast<std::size_t>(drop_reason::not_stored)] += in - out - unread;
  }

  [[nodiscard]] entry entry_of(position at, const record_view& r) const noexcept {
    entry e;
    e.at = at;
    e.seq = r.header.seq;
    e.length = static_cast<std::uint32_t>(r.payload.size());
    e.stream = r.header.stream;
    e.importance = r.header.importance < class_turns::classes ? r.header.importance : class_turns::classes - 1;
    e.repeat = (r.header.flags & record_flags::repeatable) != 0 ? repeatable::by_key : repeatable::no;
    e.historical = true;
    return e;
  }
  /// False for a second copy: a store that moved it after a failed sync may hold both.
  bool readmit(position at, const record_view& r, clock_reading<Time> clock) noexcept {
    lane& to = items_.lanes[r.header.stream];
    if (const index i = r.header.seq < to.next_seq ? items_.find(r.header.stream, r.header.seq) : none; i != none) {
      items_.entries[i].at = at;  // the later copy lives longer
      return false;
    }
    if constexpr (looks_ahead) {
      if (ahead_.gone.find(r.header.stream, r.header.seq) != 0) {
        to.next_seq = r.header.seq >= to.next_seq ? r.header.seq + 1 : to.next_seq;
        return false;
      }
      to.muddled = to.muddled || r.header.seq < to.next_seq;
    }
    to.next_seq = r.header.seq >= to.next_seq ? r.header.seq + 1 : to.next_seq;
    entry e = entry_of(at, r);
    if (r.header.ttl_s != 0) {
      e.expires_s = expiry(left_over_restart(r.header, clock));
    }
    (void)place(e);
    return true;
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
      ++counters_.recovered;  // these limits are smaller than those of the life before
      ++counters_.dropped[static_cast<std::size_t>(drop_reason::evicted)];
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
    if (r.header.ttl_s != 0) {
      const std::uint64_t left = seconds_left(r.header);
      if (left == 0) {
        ++counters_.dropped[static_cast<std::size_t>(drop_reason::expired)];
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
      ++counters_.dropped[static_cast<std::size_t>(why)];
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
    if constexpr (keeps_notes) {
      (void)store_->append(h, std::span<const std::byte>{epoch});  // on a medium one flip must not cost the epoch
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
    const std::uint64_t most = most_items();
    const std::uint64_t items = items_.queued - freed_items + 1;
    const std::uint64_t bytes = items_.bytes - freed_bytes + payload.size();
    const std::uint64_t items_over = items > most ? items - most : 0;
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
      if (const status out = config_.mode == durability::os ? store_->flush() : status{}; !out) {
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
    if (options.ttl_s != 0) {
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
    write_note();
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
        ++counters_.recovered;
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
  [[nodiscard]] std::uint64_t sendable() const noexcept {
    return config_.mode == durability::volatile_ ? ~std::uint64_t{0} : sync_.sendable();
  }
  [[nodiscard]] index candidate(const lane& s, bool& waits, bool live_only) const noexcept {
    return items_.candidate(s, waits, live_only, config_.stream_window, sendable());
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
  [[no_unique_address]] std::conditional_t<looks_ahead, ahead_state, nothing> ahead_{};
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
