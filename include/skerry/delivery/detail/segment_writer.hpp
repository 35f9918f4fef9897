// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/detail/segment_scan.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// How records come into a segment_log: the next one, the next segment, and what a failed sync makes stand elsewhere.
template <file_device Device, segment_limits L>
struct segment_writer : segment_scan<Device, L> {
  using base = segment_scan<Device, L>;
  using base::acks_pending_;
  using base::active;
  using base::after;
  using base::base;
  using base::candidate;
  using base::config_;
  using base::control_;
  using base::counters_;
  using base::device_;
  using base::end_record;
  using base::end_record_at;
  using base::free_slots;
  using base::last_number_;
  using base::may_reclaim_;
  using base::name_of;
  using base::scanner;
  using base::slots_;
  using typename base::control;
  using typename base::segment_header;
  using typename base::slot;
  using typename base::state;

  /// No record follows in this segment.
  [[nodiscard]] status write_end(slot& s) noexcept {
    std::array<std::byte, 4> end{};
    byte_writer{end}.u32(s.end);
    record_header h;
    h.kind = record_kind::seal;
    std::array<std::byte, end_record> bytes{};
    if (const status w = write_record(bytes, h, end, {s.salt, s.limit() + end_record_at}); !w) {
      return w;
    }
    s.dirty = true;
    return device_.write(name_of(s).view(), s.limit() + end_record_at, bytes);
  }
  // --- writing ---

  /// Writes a record, acknowledgements in front of it. `keep`: segments that must stay free.
  ///
  /// Where it stands comes by reference: GCC puts a `result` of 16 bytes together in memory, a byte behind a word, and reads it back as
  /// two words, which waits for the stores before it.
  [[nodiscard]] status put(const record_header& h, std::span<const std::byte> payload, std::uint32_t keep, position& where) noexcept {
    const status s = put_once(h, payload, keep, where);
    return s || s.error() != errc::io || !gives_up(active()) ? s : put_once(h, payload, keep, where);
  }
  [[nodiscard]] status put_once(const record_header& h, std::span<const std::byte> payload, std::uint32_t keep, position& where) noexcept {
    const std::uint64_t size = record_size(payload.size());
    const std::uint64_t acks = acks_pending_ ? record_size(control::acks_bytes) : 0;
    slot* a = active();
    if (a == nullptr || a->end + acks + size > a->limit()) {
      if (const status s = begin_segment(keep); !s) {
        return s;
      }
      a = active();
    }
    if (acks_pending_) {
      if (const status s = write_acks(); !s) {
        return s;
      }
    }
    const std::uint32_t at = a->end;
    if (const status s = write(*a, h, payload); !s) {
      return s;
    }
    switch (h.kind) {
      case record_kind::data:
      case record_kind::batch:
      case record_kind::drops: a->note(h.stream, h.seq); break;
      case record_kind::seq_lease: control_.take_lease(h, payload); break;
      case record_kind::counters: control_.take_counters(h, payload); break;
      default: break;
    }
    where = position{std::uint64_t{a->number} << 32 | at};
    return {};
  }

  /// The payload goes out in pieces, and the head with the first of them.
  [[nodiscard]] status write(slot& a, const record_header& h, std::span<const std::byte> payload) noexcept {
    const record_place place{a.salt, a.end};
    const std::uint64_t size = record_size(payload.size());
    std::array<std::byte, 1024> small;
    if (size <= small.size()) {
      if (const status s = write_record(small, h, payload, place); !s) {
        return s;
      }
      if (const status s = device_.extend(name_of(a).view(), a.end, std::span{small}.first(static_cast<std::size_t>(size)), a.limit());
          !s) {
        return s;
      }
    } else if (const status s = write_large(a, h, payload, place); !s) {
      return s;
    }
    ++counters_.writes;
    counters_.bytes_written += size;
    a.end += static_cast<std::uint32_t>(size);
    a.dirty = true;
    return {};
  }
  [[nodiscard]] status write_large(const slot& a, const record_header& h, std::span<const std::byte> payload, record_place place) noexcept {
    std::array<std::byte, record_head> head{};
    if (const status s = write_record_head(head, h, payload, place); !s) {
      return s;
    }
    const std::size_t rest = static_cast<std::size_t>(record_size(payload.size())) - record_head - payload.size();
    const std::array<std::byte, 8> zeros{};
    // The head last: until it stands there is no record.
    if (const status s = device_.extend(name_of(a).view(), a.end + record_head, payload, a.limit()); !s) {
      return s;
    }
    if (rest != 0) {
      if (const status s = device_.extend(name_of(a).view(), a.end + record_head + payload.size(), std::span{zeros}.first(rest), a.limit());
          !s) {
        return s;
      }
    }
    return device_.write(name_of(a).view(), a.end, head);
  }

  [[nodiscard]] status write_acks() noexcept {
    slot* const a = active();
    if (a == nullptr || a->end + record_size(control::acks_bytes) > a->limit()) {
      return begin_segment(0);  // which writes them
    }
    return write_cursors(*a);
  }
  [[nodiscard]] status write_cursors(slot& a) noexcept {
    typename control::acks_buffer bytes{};
    record_header h;
    const std::span<const std::byte> payload = control_.write_acks(h, bytes);
    h.ttl_s = oldest_unsynced();
    if (const status s = write(a, h, payload); !s) {
      return s;
    }
    acks_pending_ = false;
    return {};
  }

  /// The next segment, with what every segment begins with: cursors and the lease, so that those before it can go. A file that cannot be
  /// written is passed over.
  [[nodiscard]] status begin_segment(std::uint32_t keep) noexcept {
    free_dead();
    if (free_slots() <= keep && candidate(true) == config_.segments) {
      // Nobody should make room for an item at the cost of others when a sync may do it.
      return keep > 0 && moves_wait() ? errc::io : errc::full;
    }
    if (slot* const before = active(); before != nullptr) {
      if (const status s = write_end(*before); !s) {
        return s;
      }
    }
    while (free_slots() > keep) {
      if (const status s = begin_in(candidate(false)); s || s.error() != errc::io) {
        return s;
      }
    }
    const status s = begin_in(candidate(true));
    return s || active() == nullptr ? s : errc::full;  // where others can be written, they are
  }
  [[nodiscard]] status begin_in(std::size_t i) noexcept {
    const result<slot*> begun = base::begin(control_.epoch(), i);
    if (!begun) {
      return begun.error();
    }
    slot& fresh = *begun.value();
    if (const status s = write_first(fresh); !s) {
      // Without them it must not make those before it go: it is to begin again.
      fresh = slot{};
      fresh.use = state::free;
      fresh.bad = s.error() == errc::io;
      device_.forget(name_of(fresh).view());
      return s;
    }
    return {};
  }
  [[nodiscard]] bool moves_wait() const noexcept {
    for (const slot& s : slots_) {
      if (s.to_move) {
        return true;
      }
    }
    return false;
  }
  void lose(slot& s) noexcept {
    s.use = state::lost;
    s.dirty = s.to_rewrite = false;
    s.to_move = true;
    may_reclaim_ = may_reclaim_ && (s.copies_of == 0 || s.copies_hold);  // copies that never counted must not come to count
  }
  /// A segment failed to be written: true if it is given up, and another one may be tried. One at a time: where two of them fail it is not
  /// the file.
  [[nodiscard]] bool gives_up(slot* s) noexcept {
    if (s == nullptr || s->failed++ == 0) {
      return false;
    }
    s->failed = 1;
    if (moves_wait()) {
      return false;
    }
    ++counters_.given_up;
    lose(*s);
    return true;
  }
  /// The same in a sync, which may have failed to write what had gathered of another one than it was about.
  void write_failed(slot& of) noexcept {
    slot* failed = &of;
    for (slot& s : slots_) {
      failed = s.used() && device_.unsent() == name_of(s).view() ? &s : failed;
    }
    if (gives_up(failed)) {
      (void)move_away(*failed);  // if it fails, the next sync tries again, and promises nothing before
    }
  }
  [[nodiscard]] status write_first(slot& fresh) noexcept {
    if (const status s = write_cursors(fresh); !s) {
      return s;
    }
    if (control_.counted()) {
      if (const status s = write(fresh, control_.counters_header(), control_.counters_payload()); !s) {
        return s;
      }
    }
    for (int copy = 0; copy < 2 && control_.leased(); ++copy) {  // one flip must not cost the epoch
      if (const status s = write(fresh, control_.lease_header(), control_.lease_payload()); !s) {
        return s;
      }
    }
    return {};
  }
  /// Segments below this number are wholly on the medium.
  [[nodiscard]] std::uint32_t oldest_unsynced() const noexcept {
    std::uint32_t least = last_number_;
    for (const slot& s : slots_) {
      least = s.used() && (s.dirty || s.use == state::lost) && s.number < least ? s.number : least;
    }
    return least;
  }
  /// Writes again what was read back, as it is: had a sync of it failed in an earlier life, the system would call it clean, and a sync now
  /// would prove nothing.
  [[nodiscard]] status rewrite(slot& s) noexcept {
    std::array<std::byte, 4096> piece;
    for (std::uint32_t at = 0; at < s.bytes; at += static_cast<std::uint32_t>(piece.size())) {
      const auto part = std::span{piece}.first(s.bytes - at < piece.size() ? s.bytes - at : piece.size());
      if (at >= s.end && at + part.size() < s.bytes) {
        continue;  // nothing there yet
      }
      if (!device_.read(name_of(s).view(), at, part)) {
        continue;  // what cannot be read is not there
      }
      if (const status done = device_.write(name_of(s).view(), at, part); !done) {
        return done;
      }
    }
    s.to_rewrite = false;
    return device_.flush();
  }
  /// Segments whose records are all acknowledged are free, once a durable one begins with what they know.
  void free_dead() noexcept {
    for (slot& s : slots_) {
      bool dead = s.use == state::sealed || (s.use == state::lost && !s.to_move);
      for (std::size_t stream = 0; stream < L.streams && dead && !s.released; ++stream) {
        dead = s.greatest[stream] <= control_.of(stream).upto;
      }
      for (const slot& other : slots_) {
        dead = dead && !(other.used() && other.voided_by == s.number);
      }
      if (!dead || !durable_beyond(s.number)) {
        continue;
      }
      const bool as_it_is = s.use == state::sealed && s.bytes == config_.segment_bytes;
      if (!as_it_is && !device_.remove(name_of(s).view())) {
        continue;  // a file that failed is not used again
      }
      s = slot{};
      s.use = as_it_is ? state::free : state::absent;
    }
  }
  [[nodiscard]] bool durable_beyond(std::uint32_t number) const noexcept {
    for (const slot& s : slots_) {
      const bool stands = s.use == state::active || s.use == state::sealed;
      if (stands && s.number > number && s.synced >= segment_header::room + checkpoint_least()) {
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] std::uint32_t checkpoint_least() const noexcept {
    return static_cast<std::uint32_t>(record_size(0) + (control_.counted() ? record_size(control_.counters_payload().size()) : 0) +
                                      (control_.leased() ? 2 * record_size(control_.lease_payload().size()) : 0));
  }

  /// Writes again elsewhere what a segment holds beyond its last good sync, after one that failed: a later one that succeeds would
  /// prove nothing, since the system may have dropped the pages. Reads of the segment go on as long as they can.
  [[nodiscard]] status move_away(slot& s) noexcept {
    const std::uint32_t from = s.synced < segment_header::room ? static_cast<std::uint32_t>(segment_header::room) : s.synced;
    if (active() == nullptr) {
      if (const status begun = begin_segment(0); !begun) {
        return begun;
      }
    }
    std::array<std::byte, 512> buffer;
    auto walk = scanner(s, from, s.end, buffer);
    auto r = walk.next();
    for (; r && r.value().offset < s.void_from; r = walk.next()) {
      const record_header& h = r.value().header;
      if (is_numbered(h.kind) && control_.wants(h) && !s.is_void(r.value().offset)) {
        if (const status moved = move_record(s, r.value().offset, h, r.value().length); !moved) {
          return moved;
        }
      }
    }
    if (!r && r.error() != errc::absent) {
      return r.error();
    }
    acks_pending_ = true;  // what it said of acknowledgements and leases stands nowhere else perhaps
    position where;
    if (control_.counted()) {
      if (const status again = put(control_.counters_header(), control_.counters_payload(), 0, where); !again) {
        return again.error();
      }
    }
    if (control_.leased()) {
      const status again = put(control_.lease_header(), control_.lease_payload(), 0, where);
      if (!again) {
        return again.error();
      }
    }
    for (slot& other : slots_) {
      if (other.used() && other.voided_by == s.number && !other.released) {  // what it said of others, too
        if (const status told = write_seal(other, other.void_from, copy_of(other.number)); !told) {
          return told;
        }
        other.voided_by = active()->number;
      }
    }
    if (const status told = write_seal(s, from, 0); !told) {
      return told;
    }
    s.void_from = from < s.void_from ? from : s.void_from;
    s.voided_by = active()->number;
    s.to_move = false;
    if (device_.unsent() == name_of(s).view()) {  // those bytes will never be there: readers are to look for the copies
      device_.forget(name_of(s).view());
      s.end = from;
    }
    return {};
  }
  /// Piece by piece, the head last. A move that is tried again writes the records again: readers see the first copy alone, see `open`.
  [[nodiscard]] status move_record(const slot& from, std::uint64_t offset, const record_header& h, std::uint32_t length) noexcept {
    const std::uint64_t size = record_size(length);
    if (active()->end + size > active()->limit()) {
      if (const status begun = begin_segment(0); !begun) {
        return begun;
      }
    }
    slot& to = *active();
    std::array<std::byte, record_head> head{};
    if (const status s = write_record_head(head, h, {}, {to.salt, to.end}); !s) {
      return s;
    }
    std::array<std::byte, 1024> piece;
    // The length first, then the checks over it and over the payload as it passes.
    byte_writer(std::span{head}.subspan(8, 3)).u24(length);
    const std::uint32_t start = record_place{to.salt, to.end}.start();
    byte_writer(std::span{head}.subspan(4, 2)).u16(static_cast<std::uint16_t>(crc32c(std::span{head}.subspan(6), start)));
    std::uint32_t sum = crc32c(std::span{head}.subspan(4), start);
    for (std::uint32_t done = 0; done < length;) {
      const std::size_t n = length - done < piece.size() ? length - done : piece.size();
      const auto part = std::span{piece}.first(n);
      if (const status s = device_.read(name_of(from).view(), offset + record_head + done, part); !s) {
        return s;
      }
      sum = crc32c(part, sum);
      if (const status s = device_.write(name_of(to).view(), to.end + record_head + done, part); !s) {
        return s;
      }
      done += static_cast<std::uint32_t>(n);
    }
    byte_writer(std::span{head}.first(4)).u32(sum);
    if (const status s = device_.write(name_of(to).view(), to.end, head); !s) {
      return s;
    }
    ++counters_.moved_records;
    to.end += static_cast<std::uint32_t>(size);
    to.dirty = true;
    to.note(h.stream, h.seq);
    return {};
  }

  /// What a segment holds from a place on stands elsewhere; `into`: in the copies of that segment; 0: anywhere.
  [[nodiscard]] status write_seal(const slot& of, std::uint32_t from, std::uint32_t into) noexcept {
    std::array<std::byte, 12> what{};
    byte_writer out{what};
    out.u32(of.number);
    out.u32(from);
    if (into != 0) {
      out.u32(into);
    }
    record_header h;
    h.kind = record_kind::seal;
    position where;
    return put(h, out.written(), 0, where);
  }
  [[nodiscard]] std::uint32_t copy_of(std::uint32_t number) const noexcept {
    for (const slot& s : slots_) {
      if (s.used() && s.copies_of == number && s.copies_hold) {
        return s.number;
      }
    }
    return 0;
  }
};

}  // namespace skerry::inline v0::delivery::detail
