// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// What the streams of a store need no more, as its records say.
struct stream_cursor {
  std::uint64_t upto = 0;
  std::uint64_t bitmap = 0;

  [[nodiscard]] constexpr bool covers(std::uint64_t seq) const noexcept {
    return seq <= upto || (seq - upto <= 64 && (bitmap >> (seq - upto - 1) & 1) != 0);
  }
  /// Both together; true if that is more than before.
  constexpr bool join(std::uint64_t other_upto, std::uint64_t other_bitmap) noexcept {
    const stream_cursor before = *this;
    stream_cursor low = {other_upto, other_bitmap};
    if (low.upto > upto) {
      const stream_cursor mine = *this;
      *this = low;
      low = mine;
    }
    const std::uint64_t ahead = upto - low.upto;
    bitmap |= ahead < 64 ? low.bitmap >> ahead : 0;
    while ((bitmap & 1) != 0) {
      bitmap >>= 1;
      ++upto;
    }
    return upto != before.upto || bitmap != before.bitmap;
  }
};

/// What a store on a medium remembers of its own records, and writes again before those that said it go: how far each stream is
/// acknowledged, what its user wants to find beside that, the newest lease of numbers, the newest counters.
template <std::uint16_t Streams>
class control_state {
 public:
  static constexpr std::size_t cursor_bytes = 18;  // u16 stream, u64 up to, u64 bitmap
  static constexpr std::size_t cursors_bytes = Streams * cursor_bytes;
  static constexpr std::size_t lease_bytes = 16;
  static constexpr std::size_t note_bytes = 400 + Streams * 13;
  static constexpr std::size_t counters_bytes = 192;
  static constexpr std::size_t acks_bytes = cursors_bytes + note_bytes;
  using acks_buffer = std::array<std::byte, acks_bytes>;

  /// True if that is more than was known. The stream is below `Streams`.
  bool join(cursor done) noexcept { return cursors_[done.stream].join(done.upto, done.bitmap); }
  [[nodiscard]] const stream_cursor& of(std::size_t stream) const noexcept { return cursors_[stream]; }
  /// Does a reader still need the record?
  [[nodiscard]] bool wants(const record_header& h) const noexcept {
    switch (h.kind) {
      case record_kind::data:
      case record_kind::drops: return h.stream < Streams && !cursors_[h.stream].covers(h.seq);
      case record_kind::seq_lease: return true;
      case record_kind::counters: return h.seq >= counters_.seq;
      default: return false;
    }
  }

  /// A few bytes of the user's that belong to the cursors as they are now: one check covers both. Too many are none.
  void remember(std::span<const std::byte> note) noexcept {
    note_length_ = 0;
    if (note.size() <= note_.size()) {
      __builtin_memcpy(note_.data(), note.data(), note.size());
      note_length_ = static_cast<std::uint16_t>(note.size());
    }
  }
  [[nodiscard]] std::span<const std::byte> remembered() const noexcept { return std::span{note_}.first(note_length_); }

  /// Cursors of all streams that have one, then the note, as an acks record.
  [[nodiscard]] std::span<const std::byte> write_acks(record_header& h, acks_buffer& to) const noexcept {
    h.kind = record_kind::acks;
    h.seq = note_length_;
    byte_writer out{to};
    for (std::uint16_t s = 0; s < Streams; ++s) {
      if (cursors_[s].upto != 0 || cursors_[s].bitmap != 0) {
        out.u16(s);
        out.u64(cursors_[s].upto);
        out.u64(cursors_[s].bitmap);
      }
    }
    out.bytes(remembered());
    return out.written();
  }
  void take_acks(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (h.seq > payload.size()) {
      return;
    }
    const std::size_t cursors = payload.size() - static_cast<std::size_t>(h.seq);
    byte_reader in{payload.first(cursors)};
    while (in.remaining().size() >= cursor_bytes) {
      const std::uint16_t stream = in.u16();
      const std::uint64_t upto = in.u64();
      const std::uint64_t bitmap = in.u64();
      if (stream < Streams) {
        (void)cursors_[stream].join(upto, bitmap);
      }
    }
    remember(payload.subspan(cursors));
  }

  [[nodiscard]] bool counted() const noexcept { return counters_length_ != 0; }
  [[nodiscard]] const record_header& counters_header() const noexcept { return counters_; }
  [[nodiscard]] std::span<const std::byte> counters_payload() const noexcept {
    return std::span{counters_payload_}.first(counters_length_);
  }
  void take_counters(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (payload.size() > counters_payload_.size() || h.seq < counters_.seq) {
      return;
    }
    counters_ = h;
    counters_length_ = static_cast<std::uint16_t>(payload.size());
    __builtin_memcpy(counters_payload_.data(), payload.data(), payload.size());
  }

  [[nodiscard]] bool leased() const noexcept { return lease_known_; }
  [[nodiscard]] const record_header& lease_header() const noexcept { return lease_; }
  [[nodiscard]] std::span<const std::byte> lease_payload() const noexcept { return std::span{lease_payload_}.first(lease_length_); }
  void take_lease(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (payload.size() > lease_payload_.size() || (lease_known_ && h.seq < lease_.seq)) {
      return;
    }
    lease_ = h;
    lease_length_ = static_cast<std::uint8_t>(payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
      lease_payload_[i] = payload[i];
    }
    lease_known_ = true;
  }
  /// Of the numbers that are leased; 0: none are.
  [[nodiscard]] std::uint32_t epoch() const noexcept {
    return lease_length_ >= 4 ? byte_reader{std::span<const std::byte>{lease_payload_}}.u32() : 0;
  }

 private:
  array_of<stream_cursor, Streams> cursors_{};
  record_header lease_{};
  std::array<std::byte, lease_bytes> lease_payload_{};
  std::uint8_t lease_length_ = 0;
  bool lease_known_ = false;
  std::uint16_t note_length_ = 0;
  std::uint16_t counters_length_ = 0;
  record_header counters_{};
  std::array<std::byte, note_bytes> note_{};
  std::array<std::byte, counters_bytes> counters_payload_{};
};

}  // namespace skerry::inline v0::delivery::detail
