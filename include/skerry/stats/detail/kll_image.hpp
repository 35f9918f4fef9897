// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats::detail {

/// An Apache DataSketches KLL image, checked as a whole before anything of it is used, then read in place.
///
/// T         float, double or a 64-bit integer
/// Levels    how tall an image may be
template <class T, unsigned Levels>
struct kll_image {
  static constexpr std::uint8_t family = 15;
  static constexpr std::uint8_t flag_empty = 1;
  static constexpr std::uint8_t flag_sorted = 2;
  static constexpr std::uint8_t flag_single = 4;

  std::uint64_t n = 0;
  T least{};
  T greatest{};
  std::uint16_t min_k = 0;  ///< 0 in the short form
  unsigned levels = 0;
  bool sorted = false;
  std::uint32_t offset[Levels + 1] = {};  ///< where each level begins; the last one: where they end
  std::span<const std::byte> items{};

  static constexpr void write(byte_writer& out, T x) noexcept {
    if constexpr (sizeof(T) == 4) {
      out.u32(std::bit_cast<std::uint32_t>(x));
    } else {
      out.u64(std::bit_cast<std::uint64_t>(x));
    }
  }
  [[nodiscard]] static constexpr T read_item(byte_reader& in) noexcept {
    if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(in.u32());
    } else {
      return std::bit_cast<T>(in.u64());
    }
  }

  /// k          what the reader has; `most` what it can count
  /// capacity   how many items an image of so many levels has room for
  /// Errors     `truncated`, `corrupt`, `unsupported` (version), `mismatch` (another k), `full`
  [[nodiscard]] static constexpr result<kll_image> read(byte_reader& in, std::uint16_t k, std::uint64_t most,
                                                        const std::uint32_t (&capacity)[Levels + 1]) noexcept {
    const auto preamble = in.u8();
    const auto version = in.u8();
    const auto type = in.u8();
    const auto flags = in.u8();
    const auto image_k = in.u16();
    const auto m = in.u8();
    const auto unused = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != family || m != 8 || image_k < 8 || unused != 0) {
      return errc::corrupt;
    }
    if (version != 1 && version != 2) {
      return errc::unsupported;
    }
    const bool short_form = flags == flag_empty || flags == flag_single;
    if (preamble != (short_form ? 2 : 5) || version != (flags == flag_single ? 2 : 1) ||
        (!short_form && flags != 0 && flags != flag_sorted)) {
      return errc::corrupt;
    }
    if (image_k != k) {
      return errc::mismatch;
    }
    kll_image out;
    out.sorted = flags == flag_sorted;
    const errc bad = short_form ? out.read_short(in, flags == flag_single) : out.read_levels(in, k, most, capacity);
    if (bad != errc::ok) {
      return bad;
    }
    return out;
  }

  /// The items of a level, in order.
  template <typename F>
  constexpr void for_each_item(unsigned level, F&& f) const {
    if (level >= levels) {
      return;
    }
    byte_reader in{items.subspan((offset[level] - offset[0]) * sizeof(T), (offset[level + 1] - offset[level]) * sizeof(T))};
    for (std::uint32_t i = offset[level]; i < offset[level + 1]; ++i) {
      f(read_item(in));
    }
  }

 private:
  /// At most one value.
  [[nodiscard]] constexpr errc read_short(byte_reader& in, bool single) noexcept {
    levels = single ? 1 : 0;
    n = levels;
    offset[levels] = levels;
    items = in.bytes(levels * sizeof(T));
    byte_reader once{items};
    least = greatest = single ? read_item(once) : T{};
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    return least == least ? errc::ok : errc::corrupt;
  }
  [[nodiscard]] constexpr errc read_levels(byte_reader& in, std::uint16_t k, std::uint64_t most,
                                           const std::uint32_t (&capacity)[Levels + 1]) noexcept {
    n = in.u64();
    min_k = in.u16();
    levels = in.u8();
    const auto unused = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (levels < 1 || levels > 61 || min_k < 8 || min_k > k || unused != 0 || n == 0) {
      return errc::corrupt;
    }
    if (levels > Levels || n >= most) {
      return errc::full;
    }
    for (unsigned h = 0; h < levels; ++h) {
      offset[h] = in.u32();
    }
    offset[levels] = capacity[levels];
    for (unsigned h = 0; h < levels; ++h) {
      if (offset[h] > offset[h + 1]) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
    }
    const std::uint32_t held = offset[levels] - offset[0];
    least = read_item(in);
    greatest = read_item(in);
    if (in.error() != errc::ok || in.remaining().size() / sizeof(T) < held) {
      return errc::truncated;
    }
    if (in.remaining().size() != held * sizeof(T) || !(least <= greatest)) {
      return errc::corrupt;
    }
    items = in.bytes(held * sizeof(T));
    std::uint64_t weights = 0;
    bool good = true;
    for (unsigned h = 0; h < levels; ++h) {
      T before = least;
      for_each_item(h, [&](T x) {
        good = good && least <= x && x <= greatest && !((h > 0 || sorted) && x < before);
        before = x;
      });
      weights += static_cast<std::uint64_t>(offset[h + 1] - offset[h]) << h;
    }
    return good && weights == n ? errc::ok : errc::corrupt;
  }
};

}  // namespace skerry::inline v0::stats::detail
