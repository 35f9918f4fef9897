// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>
#include <skerry/core/storage.hpp>
#include <skerry/delivery/counters.hpp>
#include <skerry/delivery/detail/flash_walk.hpp>
#include <skerry/delivery/detail/segment_header.hpp>
#include <skerry/delivery/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery {

struct flash_config {
  std::uint32_t first_sector = 0;
  std::uint32_t sectors = 0;  ///< the quota of the ring: 4 or more; 0: all from the first one on
  std::uint64_t entropy = 0;  ///< for the salts: different at each boot; an outbox adds its device seed by `mix`
};

/// What a flash_ring did and met.
struct flash_counters {
  std::uint64_t appended = 0;          ///< records, acknowledgements among them
  std::uint64_t bytes_programmed = 0;  ///< all that was written
  std::uint64_t erases = 0;            ///< sectors that were erased and got their headers
  std::uint64_t failed_erases = 0;     ///< or headers that could not be written: the sector was passed over
  std::uint64_t failed_programs = 0;   ///< each one gave up the rest of a sector
  std::uint64_t moved_records = 0;     ///< written again elsewhere, with the same numbers
  std::uint64_t damaged_records = 0;   ///< found by `open`
  std::uint64_t torn_bytes = 0;        ///< of records that a power cut ended
  std::uint64_t damaged_headers = 0;   ///< found by `open`, where the other copy was good
  std::uint64_t foreign_sectors = 0;   ///< of another store: their turn to be erased comes
};

namespace detail {

/// The sectors of a flash_ring: which there are, what their headers say, the next one, and writing at the end. Knows nothing of streams.
///
/// Sector number n stands at place (n - 1) mod sectors, so that the ring needs no table, and numbers of sectors that fail are left out.
template <flash_device Device>
class flash_sectors {
 public:
  /// A payload: in memory, or, where `bytes` is null, in the flash itself.
  struct source {
    const std::byte* bytes;
    std::uint32_t address;
    std::uint32_t length;
  };

  flash_sectors(Device& device, const flash_layout& layout, std::uint64_t entropy) noexcept
      : device_{&device}, layout_{layout}, entropy_{entropy} {}

  [[nodiscard]] status read_device(std::uint32_t address, std::span<std::byte> out) noexcept {
    return device_->read(address, out) ? status{} : status{errc::io};
  }

  /// Sectors that nobody uses, one that is ready among them.
  [[nodiscard]] std::uint32_t free_sectors() const noexcept { return layout_.sectors - (newest_ + 1 - oldest_); }

  /// Headers decide: the one with the greatest number says whose ring this is.
  [[nodiscard]] status find_sectors() noexcept {
    for (int pass = 0; pass < 2; ++pass) {
      std::uint32_t lowest = 0;
      for (std::uint32_t i = 1; i <= layout_.sectors; ++i) {
        const result<segment_header> found = read_header(i, pass == 0);
        if (!found) {
          if (found.error() == errc::io) {
            return errc::io;
          }
          continue;
        }
        const segment_header& h = found.value();
        if (pass == 0) {
          (void)draw(h.salt);  // no salt is used twice
          if (h.number > newest_) {
            newest_ = h.number;
            store_ = h.store;
          }
        } else if (h.store != store_) {
          count_up(counters_.foreign_sectors);
        } else if (h.number + layout_.sectors > newest_ && (lowest == 0 || h.number < lowest)) {
          lowest = h.number;
        }
      }
      oldest_ = lowest == 0 ? 1 : lowest;
    }
    if (store_ == 0) {
      store_ = draw(0) | 1;
    }
    return {};
  }

  /// Knows the salt of a sector from here on. `absent`: there is no such sector.
  [[nodiscard]] status load(std::uint32_t number) noexcept {
    if (number == loaded_) {
      return number >= oldest_ ? status{} : status{errc::absent};
    }
    if (number == 0 || number < oldest_ || number > newest_) {
      return errc::absent;
    }
    const result<segment_header> h = read_header(number, false);
    if (!h) {
      return h.error();
    }
    if (h.value().number != number || h.value().store != store_) {
      return errc::absent;
    }
    loaded_ = number;
    salt_ = h.value().salt;
    return {};
  }
  [[nodiscard]] flash_walk<Device> walk(std::uint32_t number, std::uint32_t from, std::uint32_t to) noexcept {
    return {*device_, layout_, number, salt_, from, to};
  }

  /// Where the headers were not written to the end there is one, and a flip in it would cost all that came to stand in the sector.
  [[nodiscard]] bool has_both_headers(std::uint32_t number) noexcept {
    return read_copy(number, 0).error() == errc::ok && read_copy(number, layout_.end()).error() == errc::ok;
  }
  void found_ready(std::uint32_t number) noexcept {
    ready_ = number;
    ready_at_ = layout_.begin() + layout_.unit;
  }
  /// Erases the next sector and gives it its headers. `full`: there is none that nobody uses; `io`: none of them would do.
  [[nodiscard]] status make_ready() noexcept {
    if (ready_ != 0) {
      return {};
    }
    errc why = errc::full;
    for (std::uint32_t n = newest_ + 1; n - oldest_ < layout_.sectors; ++n) {
      if (prepare(n)) {
        ready_ = n;
        ready_at_ = layout_.begin();
        return {};
      }
      count_up(counters_.failed_erases);
      why = errc::io;
    }
    return why;
  }
  /// Makes it the newest one, if `keep` stay free behind it.
  [[nodiscard]] status begin_ready(std::uint32_t keep) noexcept {
    if (const status s = make_ready(); !s) {
      return s;
    }
    if (ready_ + 1 - oldest_ + keep > layout_.sectors) {
      return errc::full;
    }
    newest_ = ready_;
    end_ = ready_at_;
    doubtful_ = end_ != layout_.begin();
    ready_ = 0;
    return load(newest_);
  }

  /// Head, payload, zeros to the unit; then the mark. A failure ends the sector: nothing more is written to it. What comes first after
  /// `open` is read back: a run before this one may have begun to program the same unit, and ended without leaving a trace of it.
  [[nodiscard]] status write_record_at_end(const record_header& h, const source& from) noexcept {
    if (const status s = load(newest_); !s) {
      end_ = layout_.end();
      return errc::io;
    }
    const record_place place{salt_, end_};
    std::array<std::byte, record_head> head{};
    if (const status s = begin_record_head(head, h, from.length, place); !s) {
      return s;
    }
    std::array<std::byte, 256> piece;
    std::uint32_t sum = crc32c(std::span{head}.subspan(4), place.start());
    for (std::uint32_t done = 0; done < from.length;) {
      const std::uint32_t n = from.length - done < piece.size() ? from.length - done : static_cast<std::uint32_t>(piece.size());
      if (const status s = fetch(from, done, std::span{piece}.first(n)); !s) {
        return s;
      }
      sum = crc32c(std::span{piece}.first(n), sum);
      done += n;
    }
    byte_writer(std::span{head}.first(4)).u32(sum);
    const auto size = static_cast<std::uint32_t>(record_size(from.length, layout_.unit));
    const std::uint32_t address = layout_.address_of(newest_) + end_;
    for (std::uint32_t done = 0; done < size;) {
      const std::uint32_t n = size - done < piece.size() ? size - done : static_cast<std::uint32_t>(piece.size());
      std::uint32_t filled = 0;
      for (; filled < n && done + filled < record_head; ++filled) {
        piece[filled] = head[done + filled];
      }
      const std::uint32_t behind = done + filled - static_cast<std::uint32_t>(record_head);
      const std::uint32_t left = behind < from.length ? from.length - behind : 0;
      const std::uint32_t some = left < n - filled ? left : n - filled;
      if (const status s = fetch(from, behind, std::span{piece}.subspan(filled, some)); !s) {
        end_ = done == 0 ? end_ : layout_.end();
        return s;
      }
      for (filled += some; filled < n; ++filled) {
        piece[filled] = std::byte{0};
      }
      if (const status s = program(address + done, std::span<const std::byte>{piece}.first(n)); !s) {
        end_ = layout_.end();
        return s;
      }
      done += n;
    }
    fill_unit(piece, commit_mark(salt_, end_));
    if (const status s = program(address + size, std::span<const std::byte>{piece}.first(layout_.unit)); !s) {
      end_ = layout_.end();
      return s;
    }
    const std::uint32_t begin = end_;
    end_ += size + layout_.unit;
    if (doubtful_) {
      const auto seen = walk(newest_, begin, end_).next();
      if (!seen || seen.value().offset != begin) {
        count_up(counters_.failed_programs);
        end_ = layout_.end();
        return errc::io;
      }
      doubtful_ = false;
    }
    return {};
  }

 private:
  [[nodiscard]] std::uint64_t draw(std::uint64_t what) noexcept { return entropy_ = hash64(what, entropy_ + 0x9e3779b97f4a7c15); }

  /// Of the sector at the place of `number`. `absent`: there is none; `io`: nobody knows.
  [[nodiscard]] result<segment_header> read_header(std::uint32_t number, bool count) noexcept {
    errc why = errc::absent;
    for (const std::uint32_t at : {std::uint32_t{0}, layout_.end()}) {
      const result<segment_header> h = read_copy(number, at);
      if (h) {
        counters_.damaged_headers += count && at != 0 ? 1U : 0U;
        return h;
      }
      why = h.error() == errc::io ? errc::io : why;
    }
    return why;
  }
  [[nodiscard]] result<segment_header> read_copy(std::uint32_t number, std::uint32_t at) noexcept {
    std::array<std::byte, segment_header::size> bytes{};
    if (const status s = read_device(layout_.address_of(number) + at, bytes); !s) {
      return s.error();
    }
    const auto h = segment_header::read(bytes);
    const bool fits = h && h.value().bytes == layout_.erase && layout_.sector_of(h.value().number) == layout_.sector_of(number);
    return fits ? h : result<segment_header>{errc::absent};
  }

  /// The last copy of the header first: the sector is one only when it stands whole.
  [[nodiscard]] status prepare(std::uint32_t number) noexcept {
    if (const status s = device_->erase(layout_.sector_of(number)); !s) {
      return s;
    }
    const auto salt = static_cast<std::uint32_t>(draw(number));
    std::array<std::byte, 256> image;
    for (std::byte& b : image) {
      b = std::byte{0xff};
    }
    segment_header{store_, 0, number, salt, layout_.erase}.write(std::span{image}.first<segment_header::size>());
    const auto bytes = std::span<const std::byte>{image}.first(layout_.header_room());
    if (const status s = program(layout_.address_of(number) + layout_.end(), bytes); !s) {
      return s;
    }
    if (const status s = program(layout_.address_of(number), bytes); !s) {
      return s;
    }
    count_up(counters_.erases);
    return {};
  }
  [[nodiscard]] status program(std::uint32_t address, std::span<const std::byte> bytes) noexcept {
    counters_.bytes_programmed += bytes.size();
    if (!device_->program(address, bytes)) {
      count_up(counters_.failed_programs);
      return errc::io;
    }
    return {};
  }
  [[nodiscard]] status fetch(const source& from, std::uint32_t at, std::span<std::byte> out) noexcept {
    if (from.bytes == nullptr) {
      return out.empty() ? status{} : read_device(from.address + at, out);
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = from.bytes[at + i];
    }
    return {};
  }
  static void fill_unit(std::span<std::byte> out, const std::array<std::byte, 8>& mark) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = i < mark.size() ? mark[i] : std::byte{0xff};
    }
  }

 protected:
  Device* device_;
  flash_layout layout_;
  std::uint64_t entropy_;
  std::uint64_t store_ = 0;
  std::uint32_t newest_ = 0;  // number; the one that is written. oldest_ - 1: there is none
  std::uint32_t oldest_ = 1;
  std::uint32_t end_ = 0;    // in the newest
  std::uint32_t ready_ = 0;  // number of the one that is erased and has its headers; 0: none
  std::uint32_t ready_at_ = 0;
  std::uint32_t loaded_ = 0;
  std::uint32_t salt_ = 0;  // of the sector that is loaded
  bool doubtful_ = false;   // whether nobody has programmed at `end_` yet
  flash_counters counters_{};
};

}  // namespace detail
}  // namespace skerry::inline v0::delivery
