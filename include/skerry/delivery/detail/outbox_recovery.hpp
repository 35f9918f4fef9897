// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/outbox_ahead.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// How an outbox finds what an earlier life left, keeps its sums, and leases numbers.
template <instant Time, record_store Store, outbox_limits L, const outbox_config* Fixed>
struct outbox_recovery : outbox_ahead<Time, Store, L, Fixed> {
  using base = outbox_ahead<Time, Store, L, Fixed>;
  using base::ahead_;
  using base::base;
  using base::config_;
  using base::counters_;
  using base::entry_of;
  using base::epoch_;
  using base::expiry;
  using base::items_;
  using base::keeps_notes;
  using base::lease_block;
  using base::left_over_restart;
  using base::looks_ahead;
  using base::most_note;
  using base::most_ranges;
  using base::none;
  using base::place;
  using base::range_room;
  using base::record_;
  using base::recount;
  using base::store_;
  using base::sync_;
  using base::time_;
  using typename base::entry;
  using typename base::index;
  using typename base::lane;

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
        count_up(counters_.damaged_records);
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
      const std::uint64_t reserved = items_.lanes[n].reserved;  // not stored yet, and not gone
      to = from <= reserved && reserved <= to ? reserved - 1 : to;
      if (from <= to && count < most_ranges && ranges.written().size() + range_room <= bytes.size()) {
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
      case record_kind::batch:
        if (h.stream < L.streams) {
          const bool later = before.known && h.seq >= before.next[h.stream];
          before.appended_later += readmit(at, r, clock) && later ? 1 : 0;
        }
        break;
      default: take_note(r, before); break;
    }
  }
  /// What only an outbox whose store keeps notes has written.
  void take_note([[maybe_unused]] const record_view& r, [[maybe_unused]] noted& before) noexcept {
    if constexpr (keeps_notes) {
      if (r.header.kind == record_kind::drops) {
        take_drop(r, before);
      } else if (r.header.kind == record_kind::counters) {
        byte_reader in{r.payload};
        if (const auto c = delivery_counters::decode(in)) {
          before.kept = c.value();
          before.counted = true;
        }
      }
    }
  }
  /// An item that was given up before its turn.
  void take_drop(const record_view& r, const noted& before) noexcept {
    if (r.payload.size() != 1 || r.header.stream >= L.streams) {
      return;
    }
    const auto why = std::to_integer<std::size_t>(r.payload[0]);
    if (before.known && r.header.stamp.value > before.dropped && why < drop_reasons) {
      count_up(counters_.dropped[why]);
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
  void restore_totals([[maybe_unused]] const noted& before, std::uint64_t damaged) noexcept {
    if constexpr (!keeps_notes) {  // nothing but what is there is known
      counters_.damaged_records = damaged;
      counters_.recovered += items_.queued;
      return;
    }
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
    if (config_.features.expiry && r.header.ttl_s != 0) {
      e.expires_s = expiry(left_over_restart(r.header, clock));
    }
    (void)place(e);
    return true;
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
};

}  // namespace skerry::inline v0::delivery::detail
