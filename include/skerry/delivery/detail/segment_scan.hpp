// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/control_state.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>
#include <skerry/delivery/detail/segment_files.hpp>
#include <skerry/delivery/detail/segment_header.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// What the records of a segment_log say when it is opened, and where a record is found.
template <file_device Device, segment_limits L>
struct segment_scan : segment_files<Device, L> {
  using base = segment_files<Device, L>;
  using base::active;
  using base::after;
  using base::base;
  using base::config_;
  using base::counters_;
  using base::device_;
  using base::find;
  using base::free_slots;
  using base::last_number_;
  using base::name_of;
  using base::slots_;
  using typename base::file_name;
  using typename base::slot;
  using typename base::state;
  using segment_header = detail::segment_header;
  using control = detail::control_state<L.streams>;

  static constexpr std::size_t end_record = record_size(4);
  static constexpr std::uint32_t end_record_at = 64;  // behind the second header: a sector that is written with the segment
  static constexpr std::uint32_t spare_for_data = 1;  // segments that data must leave free
  static constexpr std::size_t checkpoint_room =
      record_size(control::acks_bytes) + 2 * record_size(control::lease_bytes) + record_size(control::counters_bytes) + 2 * record_size(16);

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
  /// Its checks are over the bytes as they stand: a head is all that is written, so a kill leaves the one or the other.
  [[nodiscard]] status blank_copies(slot& s) noexcept {
    if (s.copies_to <= s.copies_from + record_size(16)) {
      s.copies_of = s.copies_from = s.copies_to = 0;  // there are none
      return {};
    }
    record_header h;
    h.kind = record_kind::seal;
    const std::uint32_t length = s.copies_to - s.copies_from - static_cast<std::uint32_t>(record_head);
    const record_place place{s.salt, s.copies_from};
    std::array<std::byte, record_head> head{};
    if (const status done = write_record_head(head, h, {}, place); !done) {
      return done;
    }
    byte_writer(std::span{head}.subspan(8, 3)).u24(length);
    byte_writer(std::span{head}.subspan(4, 2)).u16(static_cast<std::uint16_t>(crc32c(std::span{head}.subspan(6), place.start())));
    std::uint32_t sum = crc32c(std::span{head}.subspan(4), place.start());
    std::array<std::byte, 512> piece;
    for (std::uint32_t at = 0; at < length;) {
      const auto part = std::span{piece}.first(length - at < piece.size() ? length - at : piece.size());
      if (const status done = device_.read(name_of(s).view(), s.copies_from + record_head + at, part); !done) {
        return done;
      }
      sum = crc32c(part, sum);
      at += static_cast<std::uint32_t>(part.size());
    }
    byte_writer(std::span{head}.first(4)).u32(sum);
    if (const status done = device_.write(name_of(s).view(), s.copies_from, head); !done) {
      return done;
    }
    s.end = s.end < s.copies_to ? s.copies_to : s.end;
    s.dirty = true;
    s.copies_of = s.copies_from = s.copies_to = 0;
    return note_again(s);
  }
  /// What a segment holds beside copies that are gone: if that is nothing, it can be used again.
  [[nodiscard]] status note_again(slot& s) noexcept {
    slot fresh = s;
    fresh.greatest = {};
    fresh.least = {};
    fresh.in_order = true;
    std::array<std::byte, 512> buffer;
    auto walk = scanner(s, segment_header::room, s.end, buffer);
    for (auto r = walk.next();; r = walk.next()) {
      if (!r) {
        s = r.error() == errc::absent ? fresh : s;  // what was not read to its end keeps what it is known for
        return {};
      }
      note_record(fresh, r.value().header);
    }
  }
  static void note_record(slot& s, const record_header& h) noexcept {
    if (is_numbered(h.kind) && h.stream < L.streams) {
      s.note(h.stream, h.seq);
    }
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
        case record_kind::batch:
        case record_kind::drops: note_record(s, r.header); break;
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
        const bool wanted = control_.wants(h) && (!is_item(h.kind) || !s->is_void(r.value().offset));
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
      if (is_item(h.kind) && h.stream == stream && h.seq > above && h.seq < best && control_.wants(h) && !s.is_void(r.value().offset)) {
        best = h.seq;
        where = position{std::uint64_t{s.number} << 32 | r.value().offset};
        if (s.in_order || best == above + 1) {
          return {};
        }
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

}  // namespace skerry::inline v0::delivery::detail
