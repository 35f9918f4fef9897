// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/control_state.hpp>
#include <skerry/delivery/detail/segment_files.hpp>
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
/// a full store can be emptied. A segment that a few records keep from being used again gives them to the newest one, by `reclaim`. Cost
/// `append` a copy of 32 bytes and the payload, a write each `buffer_bytes`; `read` one or two reads; `open` reads every used byte once
/// Bound   a flip anywhere costs one record, and is counted, but for one in the head of the newest record of all; a cut costs what was not
/// synced, never what was Errors  `append`: `full`, `width` (a record that fits no segment), `io`; `read`: `absent`, `width`, `corrupt`,
/// `io`;
///         `sync`: `io`, and then nothing new is durable until a later one succeeds elsewhere; `open`: `io` of the device only
///
/// The device must outlive the log; its files `segment-NN` are the log's.
template <file_device Device, segment_limits L = segment_limits{}>
class segment_log : private detail::segment_files<Device, L> {
  static_assert(L.segments >= 3 && L.segments <= 100 && L.streams >= 1, "segment_log: 3 to 100 segments, one stream or more");

 public:
  /// Errors  `invalid`: a size that cannot be
  [[nodiscard]] static result<segment_log> create(Device& device, const segment_config& config) noexcept {
    if (config.segment_bytes < 8192 || config.segment_bytes > (1U << 30) || config.segment_bytes % 4096 != 0 || config.segments < 3 ||
        config.segments > L.segments) {
      return errc::invalid;
    }
    return segment_log{device, config, config.entropy};
  }

  /// Entropy of the device, for salts that nobody else can guess; before `open`.
  void mix(device_seed seed) noexcept { files::entropy_ = hash64(seed.value(), files::entropy_); }

  /// Finds what is there. Never refuses for damage.
  [[nodiscard]] result<recovery_report> open() noexcept {
    *this = segment_log{device_.under(), config_, files::entropy_};
    if (const status s = files::find_segments(); !s) {
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
    if ((h.kind == record_kind::data || h.kind == record_kind::drops) && h.stream >= L.streams) {
      return errc::invalid;
    }
    return put(h, payload, h.kind == record_kind::data ? spare_for_data : 0);
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
      if (const status s = write_acks(); !s && s.error() != errc::full) {
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
          return errc::io;
        }
      }
      if (const status out = device_.flush(); !out) {
        return errc::io;  // what failed to be written is kept and goes out with the next sync; a sync is never tried again
      }
      const std::uint32_t upto = s.end;
      if (const status done = device_.sync(name_of(s).view()); !done) {
        ++counters_.failed_syncs;
        s.use = state::lost;
        s.dirty = false;
        s.to_move = true;
        may_reclaim_ = may_reclaim_ && (s.copies_of == 0 || s.copies_hold);  // copies that never counted must not come to count
        (void)move_away(s);  // if it fails, the next sync tries again, and promises nothing before
        return errc::io;
      }
      s.synced = upto;
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
  using files = detail::segment_files<Device, L>;
  using segment_header = detail::segment_header;
  using files::active;
  using files::after;
  using files::config_;
  using files::counters_;
  using files::device_;
  using files::find;
  using files::free_slots;
  using files::last_number_;
  using files::name_of;
  using files::room_of_segment;
  using files::slots_;
  using typename files::file_name;
  using typename files::slot;
  using typename files::state;
  using control = detail::control_state<L.streams>;

  static constexpr std::size_t end_record = record_size(4);
  static constexpr std::uint32_t end_record_at = 64;  // behind the second header: a sector that is written with the segment
  static constexpr std::uint32_t spare_for_data = 1;  // segments that data must leave free
  static constexpr std::size_t checkpoint_room =
      record_size(control::acks_bytes) + 2 * record_size(control::lease_bytes) + record_size(control::counters_bytes) + 2 * record_size(16);

  segment_log(Device& device, const segment_config& config, std::uint64_t entropy) noexcept : files{device, config, entropy} {}

  [[nodiscard]] position end_position() const noexcept {
    const slot* const a = active();
    return position{a == nullptr ? std::uint64_t{last_number_ + 1} << 32 : std::uint64_t{a->number} << 32 | a->end};
  }
  // --- finding what is there ---

  [[nodiscard]] status scan_segments(recovery_report& report) noexcept {
    for (const slot* s = after(0); s != nullptr; s = after(s->number)) {
      std::uint64_t torn = 0;
      slot& each = slots_[static_cast<std::size_t>(s - slots_.data())];
      if (const status done = scan(each, report, torn); !done) {
        return done;
      }
      if (each.number == last_number_ && each.bytes == config_.segment_bytes) {
        go_on(each, torn);
      }
    }
    for (slot& s : slots_) {
      // What an earlier life knew to be on the medium is; of the rest, what is read may be all that there is of it.
      s.dirty = s.to_rewrite = s.used() && s.number >= on_medium_below_;
      s.synced = s.dirty ? static_cast<std::uint32_t>(segment_header::room) : s.end;
    }
    return settle_copies();
  }
  /// Copies count when the segment that they were made of is gone, or says so; otherwise they become one record that says nothing.
  [[nodiscard]] status settle_copies() noexcept {
    for (slot& s : slots_) {
      if (!s.used() || s.copies_of == 0) {
        continue;
      }
      const slot* const origin = find(s.copies_of);
      s.copies_hold = origin == nullptr || (origin->void_from <= segment_header::room && s.copies_hold);
      if (!s.copies_hold && !blank_copies(s)) {
        may_reclaim_ = false;  // or another copy could come to count beside this one
      }
    }
    return {};
  }
  [[nodiscard]] status blank_copies(slot& s) noexcept {
    record_header h;
    h.kind = record_kind::seal;
    const std::uint32_t length = s.copies_to - s.copies_from - static_cast<std::uint32_t>(record_head);
    const std::array<std::byte, 512> zeros{};
    const record_place place{s.salt, s.copies_from};
    std::array<std::byte, record_head> head{};
    if (const status done = write_record_head(head, h, {}, place); !done) {
      return done;
    }
    byte_writer(std::span{head}.subspan(8, 3)).u24(length);
    byte_writer(std::span{head}.subspan(4, 2)).u16(static_cast<std::uint16_t>(crc32c(std::span{head}.subspan(6), place.start())));
    std::uint32_t sum = crc32c(std::span{head}.subspan(4), place.start());
    for (std::uint32_t at = 0; at < length;) {
      const std::size_t n = length - at < zeros.size() ? length - at : zeros.size();
      sum = crc32c(std::span{zeros}.first(n), sum);
      if (const status done = device_.write(name_of(s).view(), s.copies_from + record_head + at, std::span{zeros}.first(n)); !done) {
        return done;
      }
      at += static_cast<std::uint32_t>(n);
    }
    byte_writer(std::span{head}.first(4)).u32(sum);
    if (const status done = device_.write(name_of(s).view(), s.copies_from, head); !done) {
      return done;
    }
    s.end = s.end < s.copies_to ? s.copies_to : s.end;
    s.dirty = true;
    s.copies_of = s.copies_from = s.copies_to = 0;
    return {};
  }
  /// The last segment goes on where it ended. Behind a torn record a new one begins, unless it would be the last that is free.
  void go_on(slot& last, std::uint64_t torn) noexcept {
    const std::uint64_t end = torn == 0 ? last.end : (last.end + torn + 511) / 512 * 512;
    if ((torn == 0 || free_slots() <= spare_for_data) && end <= last.limit()) {
      last.end = static_cast<std::uint32_t>(end);
      last.use = state::active;
    }
  }
  [[nodiscard]] status scan(slot& s, recovery_report& report, std::uint64_t& torn) noexcept {
    std::array<std::byte, 4096> buffer;
    auto walk = scanner(s, segment_header::room, s.limit(), buffer);
    auto found = walk.next();
    for (; found; found = walk.next()) {
      const auto& r = found.value();
      ++report.records;
      switch (r.header.kind) {
        case record_kind::data:
        case record_kind::drops:
          if (r.header.stream < L.streams) {
            s.note(r.header.stream, r.header.seq);
          }
          break;
        case record_kind::acks:
        case record_kind::seq_lease:
        case record_kind::counters:
        case record_kind::seal:
          if (const status read = take_control(s, r.header, r.offset, r.length); !read) {
            return read;
          }
          break;
        default: break;
      }
    }
    if (found.error() != errc::absent) {
      return found.error();
    }
    s.end = static_cast<std::uint32_t>(walk.end_of_records());
    torn = walk.torn_bytes();
    counters_.damaged_records += walk.damaged();
    counters_.torn_bytes += walk.torn_bytes();
    return compare_end(s, walk.torn_bytes());
  }
  /// A last record whose head cannot be read looks like the end of the log; where the segment was full, the end stands written down.
  [[nodiscard]] status compare_end(const slot& s, std::uint64_t torn) noexcept {
    std::array<std::byte, end_record> bytes{};
    if (const status read = device_.read(name_of(s).view(), s.limit() + end_record_at, bytes); !read) {
      return read;
    }
    const auto said = read_record(bytes, {s.salt, s.limit() + end_record_at});
    if (said && said.value().header.kind == record_kind::seal && said.value().payload.size() == 4) {
      const std::uint32_t end = byte_reader{said.value().payload}.u32();
      counters_.torn_bytes += end > s.end + torn ? end - s.end - torn : 0;
    }
    return {};
  }
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
  [[nodiscard]] auto scanner(const slot& s, std::uint64_t from, std::uint64_t to, std::span<std::byte> buffer) noexcept {
    const file_name name = name_of(s);
    return record_scanner{[device = &device_, name](std::uint64_t offset, std::span<std::byte> out) noexcept {
                            return device->read(name.view(), offset, out);
                          },
                          buffer,
                          {s.salt, from},
                          to};
  }
  /// Acknowledgements, leases, and what was moved: checked by the scanner, read again for what they say.
  [[nodiscard]] status take_control(slot& s, const record_header& h, std::uint64_t offset, std::uint32_t length) noexcept {
    typename control::acks_buffer bytes{};
    if (length > bytes.size()) {
      return {};  // of a store with more streams, or the copies that do not count
    }
    const auto payload = std::span{bytes}.first(length);
    if (const status read = device_.read(name_of(s).view(), offset + record_head, payload); !read) {
      return read;
    }
    switch (h.kind) {
      case record_kind::acks:
        control_.take_acks(h, payload);
        on_medium_below_ = h.ttl_s > on_medium_below_ ? h.ttl_s : on_medium_below_;
        break;
      case record_kind::seq_lease: control_.take_lease(h, payload); break;
      case record_kind::counters: control_.take_counters(h, payload); break;
      default: take_seal(s, payload, static_cast<std::uint32_t>(offset)); break;
    }
    return {};
  }
  /// What a seal says, by its length: 8, what a segment holds from a place on stands elsewhere; 12, the same of a whole segment, whose
  /// records were copied into another; 16, that copies follow.
  void take_seal(slot& s, std::span<const std::byte> payload, std::uint32_t offset) noexcept {
    if (payload.size() != 8 && payload.size() != 12 && payload.size() != 16) {
      return;
    }
    byte_reader in{payload};
    const std::uint32_t number = in.u32();
    const std::uint32_t from = in.u32();
    if (payload.size() == 16) {
      const std::uint32_t to = in.u32();
      s.copies_of = number;
      s.copies_from = offset;
      s.copies_to = to <= s.limit() && to >= offset + record_size(16) ? to : offset;
      return;
    }
    for (slot& other : slots_) {
      if (other.number == number && other.used() && from < other.void_from) {
        other.void_from = from;
        other.voided_by = s.number;
        other.released = payload.size() == 12;  // it is read back, so it is synced before anything is freed
      }
    }
    if (payload.size() == 12) {
      const std::uint32_t into = in.u32();
      for (slot& other : slots_) {
        other.copies_hold = other.copies_hold || (other.used() && other.number == into && other.copies_of == number);
      }
    }
  }

  /// The first record at or behind a place that a reader still needs.
  [[nodiscard]] result<position> next_live(std::uint32_t number, std::uint32_t offset) noexcept {
    std::array<std::byte, 512> buffer;
    for (const slot* s = number == 0 ? after(0) : find(number); s != nullptr; s = after(s->number)) {
      const std::uint32_t from = s->number == number ? offset : static_cast<std::uint32_t>(segment_header::room);
      auto walk = scanner(*s, from, s->end, buffer);
      for (auto r = walk.next();; r = walk.next()) {
        if (!r) {
          if (r.error() != errc::absent) {
            return r.error();
          }
          break;
        }
        const record_header& h = r.value().header;
        const bool wanted = control_.wants(h) && (h.kind != record_kind::data || !s->is_void(r.value().offset));
        if (wanted) {
          return position{std::uint64_t{s->number} << 32 | r.value().offset};
        }
      }
    }
    return end_position();
  }

  /// The least number of a stream above `above` in a segment, if it is below `best`.
  [[nodiscard]] status search(const slot& s, std::uint16_t stream, std::uint64_t above, std::uint64_t& best, position& where) noexcept {
    std::array<std::byte, 2048> buffer;
    const found_record& last = last_found_[stream];
    const bool goes_on = s.in_order && last.seq == above && last.at.value >> 32 == s.number;
    auto walk = scanner(s, goes_on ? static_cast<std::uint32_t>(last.at.value) : segment_header::room, s.end, buffer);
    for (auto r = walk.next();; r = walk.next()) {
      if (!r) {
        return r.error() == errc::absent ? status{} : status{r.error()};
      }
      const record_header& h = r.value().header;
      if (h.kind == record_kind::data && h.stream == stream && h.seq > above && h.seq < best && control_.wants(h) &&
          !s.is_void(r.value().offset)) {
        best = h.seq;
        where = position{std::uint64_t{s.number} << 32 | r.value().offset};
        if (s.in_order || best == above + 1) {
          return {};
        }
      }
    }
  }

  // --- writing ---

  /// Writes a record, acknowledgements in front of it. `keep`: segments that must stay free.
  [[nodiscard]] result<position> put(const record_header& h, std::span<const std::byte> payload, std::uint32_t keep) noexcept {
    const std::uint64_t size = record_size(payload.size());
    const std::uint64_t acks = acks_pending_ ? record_size(control::acks_bytes) : 0;
    slot* a = active();
    if (a == nullptr || a->end + acks + size > a->limit()) {
      if (const status s = begin_segment(keep); !s) {
        return s.error();
      }
      a = active();
    }
    if (acks_pending_) {
      if (const status s = write_acks(); !s) {
        return s.error();
      }
    }
    const std::uint32_t at = a->end;
    if (const status s = write(*a, h, payload); !s) {
      return s.error();
    }
    switch (h.kind) {
      case record_kind::data:
      case record_kind::drops: a->note(h.stream, h.seq); break;
      case record_kind::seq_lease: control_.take_lease(h, payload); break;
      case record_kind::counters: control_.take_counters(h, payload); break;
      default: break;
    }
    return position{std::uint64_t{a->number} << 32 | at};
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
      if (const status s = device_.write(name_of(a).view(), a.end, std::span{small}.first(static_cast<std::size_t>(size))); !s) {
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
    if (const status s = device_.write(name_of(a).view(), a.end + record_head, payload); !s) {
      return s;
    }
    if (rest != 0) {
      if (const status s = device_.write(name_of(a).view(), a.end + record_head + payload.size(), std::span{zeros}.first(rest)); !s) {
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

  /// The next segment, with what every segment begins with: cursors and the lease, so that those before it can go.
  [[nodiscard]] status begin_segment(std::uint32_t keep) noexcept {
    free_dead();
    if (free_slots() <= keep) {
      return errc::full;
    }
    if (slot* const before = active(); before != nullptr) {
      if (const status s = write_end(*before); !s) {
        return s;
      }
    }
    const result<slot*> begun = files::begin(control_.epoch());
    if (!begun) {
      return begun.error();
    }
    slot& fresh = *begun.value();
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
      if ((h.kind == record_kind::data || h.kind == record_kind::drops) && control_.wants(h) && !s.is_void(r.value().offset)) {
        if (const status moved = move_record(s, r.value().offset, h, r.value().length); !moved) {
          return moved;
        }
      }
    }
    if (!r && r.error() != errc::absent) {
      return r.error();
    }
    acks_pending_ = true;  // what it said of acknowledgements and leases stands nowhere else perhaps
    if (control_.counted()) {
      if (const auto again = put(control_.counters_header(), control_.counters_payload(), 0); !again) {
        return again.error();
      }
    }
    if (control_.leased()) {
      const auto again = put(control_.lease_header(), control_.lease_payload(), 0);
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
    const auto written = put(h, out.written(), 0);
    return written ? status{} : status{written.error()};
  }
  [[nodiscard]] std::uint32_t copy_of(std::uint32_t number) const noexcept {
    for (const slot& s : slots_) {
      if (s.used() && s.copies_of == number && s.copies_hold) {
        return s.number;
      }
    }
    return 0;
  }

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
    if ((h.kind != record_kind::data && h.kind != record_kind::drops) || !control_.wants(h) || s.is_void(offset)) {
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

  struct found_record {
    position at{};
    std::uint64_t seq = 0;
  };

  bool acks_pending_ = false;
  bool copying_ = false;
  bool may_reclaim_ = true;
  std::uint32_t on_medium_below_ = 0;
  control control_{};
  position elsewhere_{};
  array_of<found_record, L.streams> last_found_{};
};

}  // namespace skerry::inline v0::delivery
