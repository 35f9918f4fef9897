// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/record_kinds.hpp>

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

/// The least that a store on a medium remembers of its own records: how far each stream is acknowledged, and the newest lease of numbers.
template <std::uint16_t Streams, std::size_t LeaseBytes = 8>
class cursor_state {
 public:
  static constexpr std::size_t cursor_bytes = 18;  // u16 stream, u64 up to, u64 bitmap
  static constexpr std::size_t cursors_bytes = Streams * cursor_bytes;
  static constexpr std::size_t lease_bytes = LeaseBytes;
  using cursors_buffer = std::array<std::byte, cursors_bytes>;

  /// True if that is more than was known. The stream is below `Streams`.
  bool join(cursor done) noexcept { return cursors_[done.stream].join(done.upto, done.bitmap); }
  [[nodiscard]] const stream_cursor& of(std::size_t stream) const noexcept { return cursors_[stream]; }
  /// Does a reader still need the record?
  [[nodiscard]] bool wants(const record_header& h) const noexcept {
    if (is_numbered(h.kind)) {
      return h.stream < Streams && !cursors_[h.stream].covers(h.seq);
    }
    return h.kind == record_kind::seq_lease;
  }

  /// Cursors of the streams that have one, as the payload of an acks record; of up to 64 streams, those with a bit in `which`.
  [[nodiscard]] std::span<const std::byte> write_cursors(cursors_buffer& to, std::uint64_t which = ~std::uint64_t{0}) const noexcept {
    byte_writer out{to};
    write_cursors(out, which);
    return out.written();
  }
  void write_cursors(byte_writer& out, std::uint64_t which = ~std::uint64_t{0}) const noexcept {
    for (std::uint16_t s = 0; s < Streams; ++s) {
      if ((which >> (s % 64U) & 1) != 0 && (cursors_[s].upto != 0 || cursors_[s].bitmap != 0)) {
        out.u16(s);
        out.u64(cursors_[s].upto);
        out.u64(cursors_[s].bitmap);
      }
    }
  }
  void take_cursors(std::span<const std::byte> payload) noexcept {
    byte_reader in{payload};
    while (in.remaining().size() >= cursor_bytes) {
      const std::uint16_t stream = in.u16();
      const std::uint64_t upto = in.u64();
      const std::uint64_t bitmap = in.u64();
      if (stream < Streams) {
        (void)cursors_[stream].join(upto, bitmap);
      }
    }
  }

  /// Of the numbers that are leased; 0: none are.
  [[nodiscard]] std::uint32_t epoch() const noexcept {
    return lease_length_ >= 4 ? byte_reader{std::span<const std::byte>{lease_payload_}}.u32() : 0;
  }
  [[nodiscard]] bool leased() const noexcept { return leased_; }
  /// As a record; the payload is a view of this object.
  [[nodiscard]] record_header lease_header() const noexcept {
    record_header h;
    h.kind = record_kind::seq_lease;
    h.seq = lease_upto_;
    return h;
  }
  [[nodiscard]] std::span<const std::byte> lease_payload() const noexcept { return std::span{lease_payload_}.first(lease_length_); }
  void take_lease(const record_header& h, std::span<const std::byte> payload) noexcept {
    if (payload.size() > lease_payload_.size() || (leased_ && h.seq < lease_upto_)) {
      return;
    }
    lease_upto_ = h.seq;
    lease_length_ = static_cast<std::uint8_t>(payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
      lease_payload_[i] = payload[i];
    }
    leased_ = true;
  }

 private:
  array_of<stream_cursor, Streams> cursors_{};
  std::uint64_t lease_upto_ = 0;
  std::array<std::byte, lease_bytes> lease_payload_{};
  std::uint8_t lease_length_ = 0;
  bool leased_ = false;
};

}  // namespace skerry::inline v0::delivery::detail
