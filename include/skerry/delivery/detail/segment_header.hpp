// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::delivery::detail {

/// What stands in the first and in the last 512 bytes of a segment, and at both ends of a flash sector, so that no single flip or lost
/// sector loses it.
///
/// Little endian: `u32 magic, u16 version, u16 0, u64 store, u32 epoch, u32 number, u32 salt, u32 segment bytes, u32 crc` of all before.
struct segment_header {
  static constexpr std::size_t room = 512;
  static constexpr std::size_t size = 36;
  static constexpr std::uint32_t magic = 0x676c6b73;  // "sklg"
  static constexpr std::uint16_t version = 1;

  std::uint64_t store = 0;   ///< drawn when the store began: segments of another one do not belong here
  std::uint32_t epoch = 0;   ///< of the numbers that were leased when the segment began
  std::uint32_t number = 0;  ///< rises from segment to segment; 0: none
  std::uint32_t salt = 0;
  std::uint32_t bytes = 0;

  void write(std::span<std::byte, size> to) const noexcept {
    byte_writer out{to};
    out.u32(magic);
    out.u16(version);
    out.u16(0);
    out.u64(store);
    out.u32(epoch);
    out.u32(number);
    out.u32(salt);
    out.u32(bytes);
    out.u32(crc32c(out.written()));
  }
  [[nodiscard]] std::array<std::byte, room> image() const noexcept {
    std::array<std::byte, room> all{};
    write(std::span{all}.first<size>());
    return all;
  }
  /// Errors  `corrupt`; `unsupported` for another version
  [[nodiscard]] static result<segment_header> read(std::span<const std::byte, size> from) noexcept {
    byte_reader in{from};
    segment_header h;
    const std::uint32_t word = in.u32();
    const std::uint16_t form = in.u16();
    const std::uint16_t rest = in.u16();
    h.store = in.u64();
    h.epoch = in.u32();
    h.number = in.u32();
    h.salt = in.u32();
    h.bytes = in.u32();
    if (word != magic || in.u32() != crc32c(from.first<size - 4>())) {
      return errc::corrupt;
    }
    if (form != version) {
      return errc::unsupported;
    }
    return rest == 0 && h.number != 0 ? result<segment_header>{h} : result<segment_header>{errc::corrupt};
  }
};

}  // namespace skerry::inline v0::delivery::detail
