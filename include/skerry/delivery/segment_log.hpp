// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/detail/segment_writer.hpp>
#include <skerry/delivery/device_seed.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::delivery {

/// A `record_store` in a few files of fixed size, written from front to back, again and again.
///
/// Appending never waits: records gather in memory and go out in one write, when the buffer is full and before a sync. `sync` makes durable
/// what was appended, acknowledgements with it, which otherwise ride in front of the next append. What no sync covered may be gone when the
/// process ends, not only when the power does; `flush` hands it to the system, which outlives the process. A segment whose records are all
/// acknowledged is used again as it is: its old records fail the checks of its new salt. One segment is kept back for acknowledgements, so
/// a full store can be emptied. A segment that a few records keep from being used again gives them to the newest one, by `reclaim`.
///
/// Device  one that gathers by itself (`adapters::direct_file`) needs no buffer here: `buffer_bytes` 0
/// Cost    `append` a copy of 32 bytes and the payload, a write each `buffer_bytes`; `read` one or two reads; `open` reads every used byte
///         once
/// Bound   a flip anywhere costs one record, and is counted, but for one in the head of the newest record of all; a cut costs what was
///         not synced, never what was
/// Errors  `append`: `full`, `width` (a record that fits no segment), `io`; `read`: `absent`, `width`, `corrupt`, `io`;
///         `sync`: `io`, and then nothing new is durable until a later one succeeds elsewhere; `open`: `io` of the device only
///
/// The device must outlive the log; its files `segment-NN` are the log's.
template <file_device Device, segment_limits L = segment_limits{}>
class segment_log : detail::segment_writer<Device, L> {
  static_assert(L.segments >= 3 && L.segments <= 100 && L.streams >= 1, "segment_log: 3 to 100 segments, one stream or more");

 public:
  /// Errors  `invalid`: a size that cannot be, or too small for what each segment begins with (31 bytes a stream, and 800), twice
  [[nodiscard]] static result<segment_log> create(Device& device, const segment_config& config) noexcept {
    if (config.segment_bytes < 8192 || config.segment_bytes > (1U << 30) || config.segment_bytes % 4096 != 0 || config.segments < 3 ||
        config.segments > L.segments || config.segment_bytes < 2 * segment_header::room + 2 * checkpoint_room) {
      return errc::invalid;
    }
    return segment_log{device, config, config.entropy};
  }

  /// Entropy of the device, for salts that nobody else can guess; before `open`.
  void mix(device_seed seed) noexcept { base::entropy_ = hash64(seed.value(), base::entropy_); }

  /// Finds what is there. Never refuses for damage.
  [[nodiscard]] result<recovery_report> open() noexcept {
    *this = segment_log{device_.under(), config_, base::entropy_};
    if (const status s = base::find_segments(); !s) {
      return s.error();
    }
    recovery_report report;
    if (const status s = scan_segments(report); !s) {
      return s.error();
    }
    report.damaged_records = counters_.damaged_records;
    report.torn_bytes = counters_.torn_bytes;
    report.fresh = report.records == 0 && !control_.leased();
    const result<position> first = next_live(0, 0);
    if (!first) {
      return first.error();
    }
    report.first = first.value();
    report.end = end_position();
    return report;
  }

  [[nodiscard]] result<position> append(const record_header& h, std::span<const std::byte> payload) noexcept {
    const std::uint64_t size = record_size(payload.size());
    if (size > room_of_segment() - checkpoint_room) {
      return errc::width;
    }
    if (is_numbered(h.kind) && h.stream >= L.streams) {
      return errc::invalid;
    }
    position where;
    if (const status s = put(h, payload, is_item(h.kind) ? spare_for_data : 0, where); !s) {
      return s.error();
    }
    return where;
  }

  [[nodiscard]] result<record_view> read(position where, std::span<std::byte> out) noexcept {
    const slot* const s = find(static_cast<std::uint32_t>(where.value >> 32));
    const auto offset = static_cast<std::uint32_t>(where.value);
    if (s == nullptr || offset + record_head > s->end) {
      return errc::absent;
    }
    std::array<std::byte, record_head> head{};
    if (const status got = device_.read(name_of(*s).view(), offset, head); !got) {
      return got.error();
    }
    const auto summary = read_record_head(head, {s->salt, offset});
    if (!summary) {
      return summary.error();
    }
    const std::uint32_t length = summary.value().length;
    if (length > out.size()) {
      return errc::width;
    }
    if (const status got = device_.read(name_of(*s).view(), offset + record_head, out.first(length)); !got) {
      return got.error();
    }
    const record_place at{s->salt, offset};
    if (crc32c(out.first(length), crc32c(std::span{head}.subspan(4), at.start())) != summary.value().check) {
      return errc::corrupt;
    }
    const result<position> next = next_live(s->number, offset + static_cast<std::uint32_t>(record_size(length)));
    if (!next) {
      return next.error();
    }
    return record_view{summary.value().header, out.first(length), next.value()};
  }

  [[nodiscard]] status advance(cursor done) noexcept {
    if (done.stream >= L.streams) {
      return errc::invalid;
    }
    acks_pending_ = control_.join(done) || acks_pending_;
    return {};
  }

  /// The record of a stream with the least number above `above` that is not acknowledged; `absent`: there is none.
  ///
  /// Cost     O(1) amortised where a stream is asked for in order; a segment is read where its numbers may matter
  [[nodiscard]] result<position> next_of(std::uint16_t stream, std::uint64_t above) noexcept {
    if (stream >= L.streams) {
      return errc::absent;
    }
    std::uint64_t best = ~std::uint64_t{0};
    position where{};
    std::uint64_t tried = 0;  // by the least number of theirs, then by age: one after the other
    std::uint32_t tried_number = 0;
    for (;;) {
      const slot* next = nullptr;
      for (const slot& s : slots_) {
        const std::uint64_t low = s.least[stream];
        if (!s.used() || low == 0 || s.greatest[stream] <= above || low >= best ||
            (low < tried || (low == tried && s.number <= tried_number))) {
          continue;
        }
        if (next == nullptr || low < next->least[stream] || (low == next->least[stream] && s.number < next->number)) {
          next = &s;
        }
      }
      if (next == nullptr || best == above + 1) {
        break;
      }
      tried = next->least[stream];
      tried_number = next->number;
      if (const status s = search(*next, stream, above, best, where); !s) {
        return s.error();
      }
    }
    if (best == ~std::uint64_t{0}) {
      return errc::absent;
    }
    last_found_[stream] = {where, best};
    return where;
  }

  /// Bytes of the user's that stand beside the acknowledgements, checked together with them; found again by `remembered` after `open`.
  /// `pending`: they are to be written with the next append or sync even if nothing is acknowledged meanwhile.
  void remember(std::span<const std::byte> note, bool pending) noexcept {
    control_.remember(note);
    acks_pending_ = acks_pending_ || pending;
  }
  [[nodiscard]] std::span<const std::byte> remembered() const noexcept { return control_.remembered(); }

  /// Begins a new segment, whatever room there is in this one. `full`: no segment is free.
  [[nodiscard]] status rotate() noexcept { return active() == nullptr ? status{} : begin_segment(spare_for_data); }

  /// Moves what a segment still holds, if it is little, so that the segment can be used again after two more syncs.
  ///
  /// still   `position* (const record_header&, position)`: where the place of a record is kept, to be overwritten; null: nobody needs it.
  ///         `live_bytes()`: payload and heads of all that is needed
  /// Errors  `full`: there is nothing to gain yet
  template <typename Still>
  [[nodiscard]] status reclaim(Still&& still) noexcept {
    const std::uint64_t bound = still.live_bytes() / 4 * 5 + 3 * std::uint64_t{config_.segment_bytes};
    if (!may_reclaim_ || (used_bytes() <= bound && free_slots() > spare_for_data)) {
      return errc::full;
    }
    for (const slot& s : slots_) {
      if (s.copies_of != 0 && !s.copies_hold) {
        return errc::full;  // one at a time
      }
    }
    for (const slot* s = after(0); s != nullptr; s = after(s->number)) {
      slot& from = slots_[static_cast<std::size_t>(s - slots_.data())];
      const bool settled = from.use == state::sealed && !from.dirty && !from.dense && from.void_from > segment_header::room;
      if (!settled || from.bytes != config_.segment_bytes) {
        continue;
      }
      const result<std::uint64_t> size = needed_of(from, still);
      if (!size) {
        return size.error();
      }
      from.dense = size.value() > room_of_segment() / 2;
      if (!from.dense) {
        return copy_forward(from, size.value(), still);
      }
    }
    for (slot& s : slots_) {
      s.dense = false;  // all were looked through: begin anew
    }
    return errc::full;
  }

  /// Makes durable all that was appended, and the acknowledgements unless there is no room to write them down.
  [[nodiscard]] status sync() noexcept {
    if (acks_pending_) {
      status s = write_acks();
      if (!s && s.error() == errc::io && gives_up(active())) {
        s = write_acks();
      }
      if (!s && s.error() != errc::full) {
        return s;
      }
    }
    for (slot& s : slots_) {
      if (s.to_move) {
        if (const status moved = move_away(s); !moved) {
          return errc::io;
        }
      }
    }
    for (slot& s : slots_) {
      if (!s.dirty) {
        continue;
      }
      if (s.to_rewrite) {
        if (const status done = rewrite(s); !done) {
          write_failed(s);
          return errc::io;
        }
      }
      if (const status out = device_.flush(); !out) {
        write_failed(s);  // what failed to be written is kept and goes out with the next sync; a sync is never tried again
        return errc::io;
      }
      const std::uint32_t upto = s.end;
      if (const status done = device_.sync(name_of(s).view()); !done) {
        ++counters_.failed_syncs;
        lose(s);
        (void)move_away(s);  // if it fails, the next sync tries again, and promises nothing before
        return errc::io;
      }
      s.synced = upto;
      s.failed = 0;
      s.dirty = false;
    }
    release_copied();
    ++counters_.syncs;
    free_dead();
    return {};
  }

  /// What has gathered goes out. Nothing is durable by that; it survives the end of the process.
  [[nodiscard]] status flush() noexcept { return device_.flush(); }

  /// Bytes of the segments in use, and of those that data may still take.
  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const slot& s : slots_) {
      sum += s.use == state::active ? s.end : (s.used() ? s.bytes : 0U);
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept {
    const std::uint32_t open_slots = free_slots();
    const slot* const a = active();
    return (open_slots > 1 ? std::uint64_t{open_slots - 1} * room_of_segment() : 0) + (a == nullptr ? 0 : a->limit() - a->end);
  }
  /// Whether there are acknowledgements that no record says yet: the next append or sync writes them.
  [[nodiscard]] bool acknowledgements_pending() const noexcept { return acks_pending_; }
  [[nodiscard]] const segment_counters& counters() const noexcept { return counters_; }

 private:
  using base = detail::segment_writer<Device, L>;
  using base::acks_pending_;
  using base::active;
  using base::after;
  using base::begin_segment;
  using base::checkpoint_room;
  using base::config_;
  using base::control_;
  using base::copying_;
  using base::counters_;
  using base::device_;
  using base::elsewhere_;
  using base::end_position;
  using base::find;
  using base::free_dead;
  using base::free_slots;
  using base::gives_up;
  using base::last_found_;
  using base::lose;
  using base::may_reclaim_;
  using base::move_away;
  using base::move_record;
  using base::name_of;
  using base::next_live;
  using base::put;
  using base::rewrite;
  using base::room_of_segment;
  using base::scan_segments;
  using base::scanner;
  using base::search;
  using base::slots_;
  using base::spare_for_data;
  using base::write;
  using base::write_acks;
  using base::write_failed;
  using base::write_seal;
  using typename base::segment_header;
  using typename base::slot;
  using typename base::state;

  segment_log(Device& device, const segment_config& config, std::uint64_t entropy) noexcept : base{device, config, entropy} {}

  // --- moving what a segment holds ---

  template <typename Still>
  [[nodiscard]] result<std::uint64_t> needed_of(const slot& s, Still& still) noexcept {
    std::array<std::byte, 2048> buffer;
    auto walk = scanner(s, segment_header::room, s.end, buffer);
    std::uint64_t sum = 0;
    for (auto r = walk.next();; r = walk.next()) {
      if (!r) {
        return r.error() == errc::absent ? result<std::uint64_t>{sum} : result<std::uint64_t>{r.error()};
      }
      if (is_needed(s, r.value().header, r.value().offset, still) != nullptr) {
        sum += record_size(r.value().length);
      }
    }
  }
  template <typename Still>
  [[nodiscard]] position* is_needed(const slot& s, const record_header& h, std::uint64_t offset, Still& still) noexcept {
    if (!is_numbered(h.kind) || !control_.wants(h) || s.is_void(offset)) {
      return nullptr;
    }
    return h.kind == record_kind::drops ? &elsewhere_ : still(h, position{std::uint64_t{s.number} << 32 | offset});
  }
  /// Behind a record that says what follows; what it says comes to count when a sync has covered it, and a seal says so.
  template <typename Still>
  [[nodiscard]] status copy_forward(slot& from, std::uint64_t size, Still& still) noexcept {
    slot* to = active();
    if (to == nullptr || to->copies_of != 0 || to->end + size + record_size(16) + checkpoint_room > to->limit()) {
      if (to != nullptr && to->end < to->limit() / 4 * 3) {
        return errc::full;  // to begin a segment for this would gain nothing
      }
      const std::uint32_t number = from.number;
      if (const status begun = begin_segment(0); !begun) {
        return begun;
      }
      if (from.number != number) {
        return {};  // nothing in it was needed any more: it was free, and may be the very one that has begun
      }
      to = active();
    }
    const std::uint32_t begin = to->end;
    const auto end = static_cast<std::uint32_t>(begin + record_size(16) + size);
    std::array<std::byte, 16> what{};
    byte_writer out{what};
    out.u32(from.number);
    out.u32(static_cast<std::uint32_t>(segment_header::room));
    out.u32(end);
    out.u32(0);
    record_header h;
    h.kind = record_kind::seal;
    if (const status s = write(*to, h, out.written()); !s) {
      return s;
    }
    to->copies_of = from.number;
    to->copies_from = begin;
    to->copies_to = end;
    std::array<std::byte, 2048> buffer;
    auto walk = scanner(from, segment_header::room, from.end, buffer);
    for (auto r = walk.next();; r = walk.next()) {
      if (!r) {
        if (r.error() != errc::absent) {
          return give_up(*to, r.error());
        }
        break;
      }
      position* const place = is_needed(from, r.value().header, r.value().offset, still);
      if (place == nullptr) {
        continue;
      }
      const position copy{std::uint64_t{to->number} << 32 | to->end};
      if (const status moved = move_record(from, r.value().offset, r.value().header, r.value().length); !moved) {
        return give_up(*to, moved.error());
      }
      *place = copy;
    }
    copying_ = true;
    ++counters_.reclaimed;
    return errc::full;  // not yet
  }
  /// Copies that are not complete never count; what is appended goes elsewhere.
  [[nodiscard]] status give_up(slot& to, errc why) noexcept {
    to.use = state::sealed;
    may_reclaim_ = false;
    return why;
  }
  /// After a sync: the copies that it covered count from now on, and what they were made of is used again after the next one.
  void release_copied() noexcept {
    for (slot& s : slots_) {
      s.released = s.released || (s.used() && s.use != state::lost && s.void_from <= segment_header::room);
    }
    if (!copying_) {
      return;
    }
    for (slot& to : slots_) {
      if (!to.used() || to.copies_of == 0 || to.copies_hold || to.use == state::lost || to.synced < to.copies_to) {
        continue;
      }
      copying_ = false;
      for (slot& from : slots_) {
        if (from.number != to.copies_of || !from.used()) {
          continue;
        }
        if (!write_seal(from, static_cast<std::uint32_t>(segment_header::room), to.number)) {
          may_reclaim_ = false;
          return;
        }
        from.void_from = static_cast<std::uint32_t>(segment_header::room);
        from.voided_by = active()->number;
        to.copies_hold = true;
      }
    }
  }
};

}  // namespace skerry::inline v0::delivery
