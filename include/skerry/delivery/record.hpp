// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// Bytes before the payload of a record on disk or in flash.
inline constexpr std::size_t record_head = 32;
/// Payloads are shorter than this: a length has 24 bits.
inline constexpr std::size_t record_payload_limit = std::size_t{1} << 24;

/// Bytes that a record takes: head and payload, rounded up to a multiple of `unit` (of 8; on flash the program unit, at least 8).
[[nodiscard]] constexpr std::uint64_t record_size(std::size_t payload, std::size_t unit = 8) noexcept {
  return (std::uint64_t{record_head} + payload + unit - 1) / unit * unit;
}

/// Where a record stands. Its checks start from here, so one that is stale, moved, or somebody else's fails them.
struct record_place {
  std::uint32_t salt = 0;    ///< of the segment or sector, drawn by the node, known to nobody else
  std::uint64_t offset = 0;  ///< from the beginning of the segment or sector; a multiple of 8

  [[nodiscard]] constexpr std::uint32_t start() const noexcept { return salt ^ static_cast<std::uint32_t>(offset / 8); }
};

/// Writes bytes 4 to 32 of a record, for a payload that is not at hand in one piece: the checksum of bytes 4 to 32 and of the payload
/// behind them, begun from the record's place, is for the caller to put in front.
///
/// Errors   those of `write_record_head`
[[nodiscard]] constexpr status begin_record_head(std::span<std::byte, record_head> out, const record_header& h, std::size_t length,
                                                 record_place at) noexcept {
  if (length >= record_payload_limit) {
    return errc::width;
  }
  if (h.importance > 3 || h.flags > 15 || h.stamp.value >> 48 != 0) {
    return errc::invalid;
  }
  byte_writer head{out.subspan(6)};
  head.u8(static_cast<std::uint8_t>(h.kind));
  head.u8(h.flags);
  head.u24(static_cast<std::uint32_t>(length));
  head.u8(h.importance);
  head.u32(h.ttl_s);
  head.u64(h.seq);
  head.u48(h.stamp.value);
  head.u16(h.stream);
  byte_writer(out.subspan(4, 2)).u16(static_cast<std::uint16_t>(crc32c(out.subspan(6), at.start())));
  return {};
}

/// Writes the first 32 bytes of a record, for a payload that stands, or will stand, behind them.
///
/// The format, little endian: u32 CRC-32C of bytes 4 to 32 + length; u16 low half of the CRC-32C of bytes 6 to 32, so that a length is
/// believed only after a check of its own; u8 kind; u8 flags; u24 length; u8 class; u32 time to live in seconds; u64 seq; u48 stamp in
/// ms; u16 stream; payload; zeros up to the unit. Both checks start from the record's place.
/// Errors   `width` for a payload of 2^24 bytes or more, `invalid` for a header that has no form here: a class above 3, unknown flags, a
///          stamp of more than 48 bits
[[nodiscard]] constexpr status write_record_head(std::span<std::byte, record_head> out, const record_header& h,
                                                 std::span<const std::byte> payload, record_place at) noexcept {
  if (const status s = begin_record_head(out, h, payload.size(), at); !s) {
    return s;
  }
  byte_writer(out.first(4)).u32(crc32c(payload, crc32c(out.subspan(4), at.start())));
  return {};
}

/// Writes a record: head, payload, and zeros up to the unit.
///
/// out      at least `record_size(payload.size(), unit)` bytes
/// Errors   those of `write_record_head`; `full` when `out` is too small
[[nodiscard]] constexpr status write_record(std::span<std::byte> out, const record_header& h, std::span<const std::byte> payload,
                                            record_place at, std::size_t unit = 8) noexcept {
  const std::uint64_t size = record_size(payload.size(), unit);
  if (out.size() < size) {
    return errc::full;
  }
  if (const status s = write_record_head(out.first<record_head>(), h, payload, at); !s) {
    return s;
  }
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out[record_head + i] = payload[i];
  }
  for (std::size_t i = record_head + payload.size(); i < size; ++i) {
    out[i] = std::byte{0};
  }
  return {};
}

/// What the first bytes of a record say, once their own check held.
struct record_summary {
  record_header header{};
  std::uint32_t length = 0;  ///< of the payload
  std::uint32_t check = 0;   ///< CRC-32C of bytes 4 to the end of the payload
};

/// Reads the first 32 bytes of a record; of the payload nothing is known yet.
///
/// Errors  `corrupt`: nothing that was written at this place
[[nodiscard]] constexpr result<record_summary> read_record_head(std::span<const std::byte, record_head> bytes, record_place at) noexcept {
  // Cheap refusals first: in a segment that is used again most places hold something else.
  const auto kind = std::to_integer<std::uint8_t>(bytes[6]);
  if (kind < 1 || kind > static_cast<std::uint8_t>(record_kind::seal) || std::to_integer<std::uint8_t>(bytes[7]) > 15 ||
      std::to_integer<std::uint8_t>(bytes[11]) > 3) {
    return errc::corrupt;
  }
  byte_reader in{bytes};
  record_summary found;
  found.check = in.u32();
  if (in.u16() != static_cast<std::uint16_t>(crc32c(bytes.subspan<6>(), at.start()))) {
    return errc::corrupt;
  }
  found.header.kind = static_cast<record_kind>(in.u8());
  found.header.flags = in.u8();
  found.length = in.u24();
  found.header.importance = in.u8();
  found.header.ttl_s = in.u32();
  found.header.seq = in.u64();
  found.header.stamp = wall_ms{in.u48()};
  found.header.stream = in.u16();
  return found;
}

/// A whole record in memory: its header, and its payload as a view of `bytes`.
///
/// Errors  `corrupt`; `truncated` when the head is good and the payload goes beyond `bytes`
[[nodiscard]] constexpr result<record_view> read_record(std::span<const std::byte> bytes, record_place at) noexcept {
  if (bytes.size() < record_head) {
    return errc::truncated;
  }
  const auto head = read_record_head(bytes.first<record_head>(), at);
  if (!head) {
    return head.error();
  }
  if (bytes.size() - record_head < head.value().length) {
    return errc::truncated;
  }
  if (crc32c(bytes.subspan(4, record_head - 4 + head.value().length), at.start()) != head.value().check) {
    return errc::corrupt;
  }
  return record_view{head.value().header, bytes.subspan(record_head, head.value().length), {}};
}

/// Walks over the records of a segment or sector, whatever has happened to it.
///
/// A record whose head is good and whose payload is not costs itself alone. Where no good head stands the walk goes on by steps of 8
/// bytes, so a flip anywhere costs one record.
/// Read     `read(offset, span) -> status` fills the span with what stands there
/// Buffer   64 bytes or more; 4 KiB are plenty. A payload is checked piece by piece and may be longer.
/// Cost     O(bytes); each is read once, and again where no record stands at most 32 of them
/// Errors   what `read` answers, from `next`: the walk can be tried again from there
template <typename Read>
class record_scanner {
 public:
  struct item {
    record_header header{};
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
  };

  /// From `begin.offset` to `end`; `unit` as the records were written.
  record_scanner(Read read, std::span<std::byte> buffer, record_place begin, std::uint64_t end, std::size_t unit = 8) noexcept
      : read_{static_cast<Read&&>(read)}, buffer_{buffer}, place_{begin}, end_{end}, unit_{unit}, behind_{begin.offset} {
    SKERRY_ASSERT(buffer.size() >= 64 && unit >= 8 && unit % 8 == 0);
  }

  /// The next whole record; `absent` when there is none any more.
  [[nodiscard]] result<item> next() noexcept {
    while (end_ - place_.offset >= record_head && place_.offset < end_) {
      if (const status s = fill(place_.offset); !s) {
        return s.error();
      }
      const auto head = read_record_head(std::span<const std::byte, record_head>{here(place_.offset, record_head)}, place_);
      const std::uint64_t size = head ? record_size(head.value().length, unit_) : 0;
      if (!head || size > end_ - place_.offset) {
        searching_ = true;
        place_.offset += 8;
        continue;
      }
      const record_place at = place_;
      const result<std::uint32_t> check = checked(at, head.value().length);
      if (!check) {
        return check.error();
      }
      if (check.value() != head.value().check) {
        // A check of 16 bits holds by chance once in 65 536 places, so its length counts only where a record is due.
        place_.offset = at.offset + (searching_ ? 8 : size);
        bad_ += searching_ ? 0U : 1U;
        bad_bytes_ += searching_ ? 0 : size;
        continue;
      }
      // Only now it is known that what lay between was not the end.
      const std::uint64_t between = at.offset - behind_;
      damaged_ += bad_ + (between > bad_bytes_ ? 1U : 0U);  // where heads cannot be read: one record, as far as one can tell
      lost_bytes_ += between;
      bad_ = 0;
      bad_bytes_ = 0;
      searching_ = false;
      place_.offset = behind_ = at.offset + size;
      return item{head.value().header, at.offset, head.value().length};
    }
    return errc::absent;
  }

  /// Where the last whole record ends: what is appended goes behind it.
  [[nodiscard]] std::uint64_t end_of_records() const noexcept { return behind_; }
  /// Records between whole ones that could not be read; the bytes between whole ones.
  [[nodiscard]] std::uint64_t damaged() const noexcept { return damaged_; }
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }
  /// After `absent`: bytes behind the last whole record that belong to records which did not become whole, as far as their heads tell.
  [[nodiscard]] std::uint64_t torn_bytes() const noexcept { return bad_bytes_; }

 private:
  [[nodiscard]] std::span<const std::byte> here(std::uint64_t offset, std::size_t n) const noexcept {
    return buffer_.subspan(static_cast<std::size_t>(offset - filled_from_), n);
  }
  /// Makes the head at `offset` lie in the buffer, and as much behind it as there is room for.
  [[nodiscard]] status fill(std::uint64_t offset) noexcept {
    if (offset >= filled_from_ && offset + record_head <= filled_from_ + filled_) {
      return {};
    }
    const std::uint64_t left = end_ - offset;
    const std::size_t n = left < buffer_.size() ? static_cast<std::size_t>(left) : buffer_.size();
    filled_ = 0;
    if (const status s = read_(offset, buffer_.first(n)); !s) {
      return s;
    }
    filled_from_ = offset;
    filled_ = n;
    return {};
  }
  /// The checksum over the record at `at`, read piece by piece.
  [[nodiscard]] result<std::uint32_t> checked(record_place at, std::uint32_t length) noexcept {
    std::uint64_t from = at.offset + 4;
    const std::uint64_t to = at.offset + record_head + length;
    std::uint32_t sum = at.start();
    while (from < to) {
      if (from >= filled_from_ + filled_) {
        const std::uint64_t left = end_ - from;
        const std::size_t n = left < buffer_.size() ? static_cast<std::size_t>(left) : buffer_.size();
        filled_ = 0;
        if (const status s = read_(from, buffer_.first(n)); !s) {
          return s.error();
        }
        filled_from_ = from;
        filled_ = n;
      }
      const std::uint64_t upto = filled_from_ + filled_ < to ? filled_from_ + filled_ : to;
      sum = crc32c(here(from, static_cast<std::size_t>(upto - from)), sum);
      from = upto;
    }
    return sum;
  }

  Read read_;
  std::span<std::byte> buffer_;
  record_place place_;
  std::uint64_t end_;
  std::size_t unit_;
  std::uint64_t filled_from_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t behind_;   // the last whole record ends here
  std::uint64_t bad_ = 0;  // behind it, one after the other: good heads, bad payloads
  std::uint64_t bad_bytes_ = 0;
  std::uint64_t damaged_ = 0;
  bool searching_ = false;
  std::uint64_t lost_bytes_ = 0;
};

}  // namespace skerry::inline v0::delivery
