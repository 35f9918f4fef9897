// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

/// One of the payloads of an `item_batch`.
struct batch_part {
  std::span<const std::byte> payload{};
  wall_ms stamp{};
  std::uint32_t index = 0;  ///< from 0
};

/// Several payloads that are handed over as one item: one record in the store, one number, one message, one answer, one drop. Readings of
/// a few bytes cost a few bytes each then, instead of a record head (32 bytes) and a message.
///
/// Cost    O(payload) per `add`; 2 to 12 bytes beside it, and one for the batch; sizeof == Bytes rounded up + 24, no heap
/// Bound   what a flip or a dead letter costs is the batch; the receiver's window sees one id, so it has one effect or none
/// Errors  `add`: `full`, nothing changed: hand over what there is, `clear`, and add again; `invalid`: a stamp of more than 48 bits
///
/// The bytes: one byte 2, then for each payload its stamp less the one before and its length, as varints, and the payload.
template <std::size_t Bytes>
class item_batch {
  static_assert(Bytes >= 8, "item_batch: room for one payload at least");

 public:
  [[nodiscard]] status add(std::span<const std::byte> payload, wall_ms stamp = {}) noexcept {
    if (stamp.value >> 48 != 0) {
      return errc::invalid;
    }
    const std::int64_t later = static_cast<std::int64_t>(stamp.value) - static_cast<std::int64_t>(stamp_);
    const std::size_t head = (size_ == 0 ? 1U : 0U) + varint_size(zigzag(later)) + varint_size(payload.size());
    if (head > Bytes - used_ || payload.size() > Bytes - used_ - head) {
      return errc::full;
    }
    byte_writer out{std::span{bytes_}.subspan(used_)};
    if (size_ == 0) {
      out.u8(form);
    }
    out.varint_signed(later);
    out.varint(payload.size());
    out.bytes(payload);
    used_ += static_cast<std::uint32_t>(out.written().size());
    stamp_ = stamp.value;
    ++size_;
    return {};
  }
  void clear() noexcept {
    used_ = size_ = 0;
    stamp_ = 0;
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Payloads in it.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  /// What is handed over.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return std::span{bytes_}.first(used_); }

  static constexpr std::uint8_t form = 2;

 private:
  std::uint64_t stamp_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t size_ = 0;
  std::array<std::byte, Bytes> bytes_{};
};

/// Gives the payloads of an item whose `item_view::batch` is set to `visit(batch_part)`, in order. The receiver asks its `dedupe_window`
/// once, for the item, before it calls this.
///
/// Errors  `corrupt`, `truncated`, `unsupported`: nothing was visited. What is accepted is what `item_batch` writes, byte for byte
template <typename Visit>
[[nodiscard]] status read_parts(std::span<const std::byte> payload, Visit&& visit) noexcept(noexcept(visit(batch_part{}))) {
  for (const bool looking : {true, false}) {  // all of it is looked at before any of it is acted on
    byte_reader in{payload};
    if (in.u8() != item_batch<8>::form) {
      return in.error() != errc::ok ? status{in.error()} : status{errc::unsupported};
    }
    batch_part part;
    do {
      const std::uint64_t stamp = part.stamp.value + static_cast<std::uint64_t>(in.varint_signed());
      const std::uint64_t length = in.varint();
      if (in.error() == errc::ok && stamp >> 48 != 0) {
        return errc::corrupt;
      }
      part.stamp.value = stamp;
      part.payload = length <= payload.size() ? in.bytes(static_cast<std::size_t>(length)) : std::span<const std::byte>{};
      if (in.error() != errc::ok || part.payload.size() != length) {
        return in.error() != errc::ok ? status{in.error()} : status{errc::truncated};
      }
      if (!looking) {
        visit(static_cast<const batch_part&>(part));
      }
      ++part.index;
    } while (!in.remaining().empty());
  }
  return {};
}

}  // namespace skerry::inline v0::delivery
