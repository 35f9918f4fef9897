// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/crc32c.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/detail/segment_header.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// Where things stand in a sector: a header, records each with a mark behind it, the header again.
struct flash_layout {
  std::uint32_t first_sector = 0;
  std::uint32_t sectors = 0;
  std::uint32_t erase = 0;
  std::uint32_t unit = 8;  ///< of programming, at least 8

  [[nodiscard]] constexpr std::uint32_t header_room() const noexcept {
    return (static_cast<std::uint32_t>(segment_header::size) + unit - 1) / unit * unit;
  }
  [[nodiscard]] constexpr std::uint32_t begin() const noexcept { return header_room(); }
  [[nodiscard]] constexpr std::uint32_t end() const noexcept { return erase - header_room(); }
  /// A record and its mark.
  [[nodiscard]] constexpr std::uint64_t room_of(std::size_t payload) const noexcept { return record_size(payload, unit) + unit; }
  [[nodiscard]] constexpr std::uint32_t sector_of(std::uint32_t number) const noexcept { return first_sector + (number - 1) % sectors; }
  [[nodiscard]] constexpr std::uint32_t address_of(std::uint32_t number) const noexcept { return sector_of(number) * erase; }
};

/// The commit mark of a record that begins at `offset`. It differs from sector to sector, so no payload can hold one.
[[nodiscard]] constexpr std::array<std::byte, 8> commit_mark(std::uint32_t salt, std::uint32_t offset) noexcept {
  std::array<std::byte, 8> mark{};
  byte_writer out{mark};
  out.u32(salt ^ 0x5c0a17edU);
  out.u32(~(salt ^ 0x5c0a17edU) ^ offset);
  return mark;
}
/// The offset that a mark names, or `corrupt`.
[[nodiscard]] constexpr result<std::uint32_t> read_commit_mark(std::uint32_t salt, std::span<const std::byte> bytes) noexcept {
  byte_reader in{bytes};
  const std::uint32_t first = in.u32();
  const std::uint32_t second = in.u32();
  return first == (salt ^ 0x5c0a17edU) ? result<std::uint32_t>{~first ^ second} : result<std::uint32_t>{errc::corrupt};
}

/// Walks over the records of a sector, whatever has happened to it.
///
/// A record counts once its mark has been begun. What has no mark is torn: a power cut ended it, and what was appended later stands
/// behind a unit that was left free. Where a record cannot be read its mark still tells that there was one, so damage is counted exactly.
/// Cost     O(bytes); no more than twice where nothing can be read
template <flash_device Device>
class flash_walk {
 public:
  struct item {
    record_header header{};
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };

  flash_walk(Device& device, const flash_layout& layout, std::uint32_t number, std::uint32_t salt, std::uint32_t from,
             std::uint32_t to) noexcept
      : device_{&device}, layout_{&layout}, address_{layout.address_of(number)}, salt_{salt}, at_{from}, end_{to}, used_{from} {}

  /// The next whole record; `absent` when there is none any more, `io` where the device does not read: it can be tried again.
  [[nodiscard]] result<item> next() noexcept {
    while (at_ < end_) {
      if (layout_->room_of(0) <= end_ - at_) {
        const result<item> found = try_here();
        if (found || found.error() == errc::io) {
          return found;
        }
        if (found.error() == errc::corrupt) {
          continue;
        }
      }
      if (const status s = step(); !s) {
        return s.error();
      }
    }
    torn_bytes_ += pending_;
    pending_ = 0;
    return errc::absent;
  }

  /// Records that were whole and are not: those passed so far.
  [[nodiscard]] std::uint32_t damaged() const noexcept { return damaged_; }
  [[nodiscard]] std::uint32_t torn_bytes() const noexcept { return torn_bytes_; }
  /// Behind the last unit that holds anything, or may.
  [[nodiscard]] std::uint32_t used() const noexcept { return used_; }

 private:
  /// The record that begins here. `corrupt`: it has been passed over; `absent`: none begins here.
  [[nodiscard]] result<item> try_here() noexcept {
    if (const status s = fill(record_head); !s) {
      return s.error();
    }
    const record_place place{salt_, at_};
    const auto head = read_record_head(here(record_head).template first<record_head>(), place);
    if (!head || layout_->room_of(head.value().length) > end_ - at_) {
      return errc::absent;
    }
    const std::uint32_t length = head.value().length;
    const std::uint32_t begin = at_;
    const auto mark_at = static_cast<std::uint32_t>(begin + record_size(length, layout_->unit));
    std::uint32_t sum = crc32c(here(record_head).subspan(4), place.start());
    for (std::uint32_t from = begin + static_cast<std::uint32_t>(record_head), to = from + length; from < to;) {
      const std::uint32_t n = to - from < window_.size() ? to - from : static_cast<std::uint32_t>(window_.size());
      at_ = from;
      const status s = fill(n);
      at_ = begin;
      if (!s) {
        return s.error();
      }
      sum = crc32c(std::span<const std::byte>{window_}.subspan(from - filled_from_, n), sum);
      from += n;
    }
    at_ = mark_at;
    const status s = fill(8);
    const bool begun = s && !blank(here(8));
    const result<std::uint32_t> named = s ? read_commit_mark(salt_, here(8)) : result<std::uint32_t>{s.error()};
    at_ = begin;
    if (!s) {
      return s.error();
    }
    const bool whole = sum == head.value().check;
    // Where the length of a torn record points to, something else may stand by now.
    const bool committed = whole ? begun : named && named.value() == begin;
    // A check of 16 bits holds by chance once in 65 536 places, so a length counts only where a record is due.
    if (!committed || (!whole && searching_)) {
      // Units that were to hold 0xff look as if nothing had been programmed: what may have been is not used again.
      used_ = !searching_ && used_ < mark_at + layout_->unit ? mark_at + layout_->unit : used_;
      return errc::absent;
    }
    at_ = mark_at + layout_->unit;
    used_ = used_ < at_ ? at_ : used_;
    torn_bytes_ += pending_;
    pending_ = 0;
    searching_ = false;
    if (!whole) {
      ++damaged_;
      return errc::corrupt;
    }
    return item{head.value().header, begin, length};
  }
  /// One unit that is no record's beginning.
  [[nodiscard]] status step() noexcept {
    const std::uint32_t n = layout_->unit < end_ - at_ ? layout_->unit : end_ - at_;
    if (const status s = fill(n); !s) {
      return s;
    }
    const std::span<const std::byte> bytes = here(n);
    if (blank(bytes)) {
      torn_bytes_ += pending_;
      pending_ = 0;
      searching_ = false;
    } else {
      used_ = used_ < at_ + n ? at_ + n : used_;
      searching_ = true;
      if (const auto named = read_commit_mark(salt_, bytes); named && named.value() < at_) {
        ++damaged_;
        pending_ = 0;
      } else {
        pending_ += n;
      }
    }
    at_ += n;
    return {};
  }
  [[nodiscard]] static bool blank(std::span<const std::byte> bytes) noexcept {
    for (const std::byte b : bytes) {
      if (b != std::byte{0xff}) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] std::span<const std::byte> here(std::size_t n) const noexcept {
    return std::span<const std::byte>{window_}.subspan(at_ - filled_from_, n);
  }
  [[nodiscard]] status fill(std::size_t n) noexcept {
    if (at_ >= filled_from_ && at_ + n <= filled_from_ + filled_) {
      return {};
    }
    const std::uint32_t left = layout_->erase - at_;
    const std::uint32_t want = left < window_.size() ? left : static_cast<std::uint32_t>(window_.size());
    filled_ = 0;
    if (const status s = device_->read(address_ + at_, std::span{window_}.first(want)); !s) {
      return errc::io;
    }
    filled_from_ = at_;
    filled_ = want;
    return {};
  }

  Device* device_;
  const flash_layout* layout_;
  std::uint32_t address_;
  std::uint32_t salt_;
  std::uint32_t at_;
  std::uint32_t end_;
  std::uint32_t used_;
  std::uint32_t filled_from_ = 0;
  std::uint32_t filled_ = 0;
  std::uint32_t damaged_ = 0;
  std::uint32_t torn_bytes_ = 0;
  std::uint32_t pending_ = 0;  // bytes without a mark, so far
  bool searching_ = false;
  std::array<std::byte, 256> window_{};
};

}  // namespace skerry::inline v0::delivery::detail
