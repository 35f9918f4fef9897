// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/cursor_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// A cursor_state, and what its user wants to find beside it: a note that goes with the cursors, and the newest counters.
template <std::uint16_t Streams>
class control_state : public cursor_state<Streams, 16> {
  using base = cursor_state<Streams, 16>;

 public:
  using base::cursors_bytes;
  static constexpr std::size_t note_bytes = 400 + Streams * 13;
  static constexpr std::size_t counters_bytes = 192;
  static constexpr std::size_t acks_bytes = cursors_bytes + note_bytes;
  using acks_buffer = std::array<std::byte, acks_bytes>;

  /// Does a reader still need the record?
  [[nodiscard]] bool wants(const record_header& h) const noexcept {
    return base::wants(h) || (h.kind == record_kind::counters && h.seq >= counters_.seq);
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
    base::write_cursors(out);
    out.bytes(remembered());
    return out.written();
  }
  void take_acks(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (h.seq > payload.size()) {
      return;
    }
    const std::size_t cursors = payload.size() - static_cast<std::size_t>(h.seq);
    base::take_cursors(payload.first(cursors));
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

 private:
  std::uint16_t note_length_ = 0;
  std::uint16_t counters_length_ = 0;
  record_header counters_{};
  std::array<std::byte, note_bytes> note_{};
  std::array<std::byte, counters_bytes> counters_payload_{};
};

}  // namespace skerry::inline v0::delivery::detail
