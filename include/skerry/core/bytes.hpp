// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0 {

/// Zigzag: signed integers of small magnitude become small unsigned ones (0, -1, 1, -2 -> 0, 1, 2, 3).
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t v) noexcept {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t v) noexcept { return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1)); }

/// Bytes that the LEB128 form of `v` takes: 1 to 10.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t v) noexcept {
  return v == 0 ? 1 : (static_cast<std::size_t>(std::bit_width(v)) + 6) / 7;
}

/// Writes little-endian fields and varints into the caller's memory.
///
/// Errors  sticky `full`: after the first field that does not fit nothing more is written, and `written()` ends before it
/// Cost    O(bytes); no heap
class byte_writer {
  // Before its first use, or Clang 14 cannot write in constant expressions.
  template <std::size_t N>
  constexpr void fixed(std::uint64_t v) noexcept {
    if (!room(N)) {
      return;
    }
    std::byte* const at = out_.data() + size_;
    if constexpr (std::endian::native == std::endian::little) {
      if (!std::is_constant_evaluated()) {
        __builtin_memcpy(at, &v, N);
        size_ += N;
        return;
      }
    }
    for (std::size_t i = 0; i < N; ++i) {
      at[i] = static_cast<std::byte>(v >> (8 * i));
    }
    size_ += N;
  }

 public:
  constexpr explicit byte_writer(std::span<std::byte> out) noexcept : out_{out} {}

  constexpr void u8(std::uint8_t v) noexcept { fixed<1>(v); }
  constexpr void u16(std::uint16_t v) noexcept { fixed<2>(v); }
  /// The low 24 bits; a greater value is refused as `out_of_range`.
  constexpr void u24(std::uint32_t v) noexcept { v >> 24 == 0 ? fixed<3>(v) : fail(errc::out_of_range); }
  constexpr void u32(std::uint32_t v) noexcept { fixed<4>(v); }
  /// The low 48 bits; a greater value is refused as `out_of_range`.
  constexpr void u48(std::uint64_t v) noexcept { v >> 48 == 0 ? fixed<6>(v) : fail(errc::out_of_range); }
  constexpr void u64(std::uint64_t v) noexcept { fixed<8>(v); }
  constexpr void i8(std::int8_t v) noexcept { fixed<1>(static_cast<std::uint8_t>(v)); }
  constexpr void i16(std::int16_t v) noexcept { fixed<2>(static_cast<std::uint16_t>(v)); }
  constexpr void i32(std::int32_t v) noexcept { fixed<4>(static_cast<std::uint32_t>(v)); }
  constexpr void i64(std::int64_t v) noexcept { fixed<8>(static_cast<std::uint64_t>(v)); }
  constexpr void f32(float v) noexcept { fixed<4>(std::bit_cast<std::uint32_t>(v)); }
  constexpr void f64(double v) noexcept { fixed<8>(std::bit_cast<std::uint64_t>(v)); }

  /// LEB128, shortest form.
  constexpr void varint(std::uint64_t v) noexcept {
    if (v < 0x80) {
      u8(static_cast<std::uint8_t>(v));
      return;
    }
    if (!room(varint_size(v))) {
      return;
    }
    for (; v >= 0x80; v >>= 7) {
      out_[size_++] = static_cast<std::byte>(v | 0x80);
    }
    out_[size_++] = static_cast<std::byte>(v);
  }
  constexpr void varint_signed(std::int64_t v) noexcept { varint(zigzag(v)); }

  constexpr void bytes(std::span<const std::byte> v) noexcept {
    if (!room(v.size())) {
      return;
    }
    for (const std::byte b : v) {
      out_[size_++] = b;
    }
  }

  /// Takes the next `n` bytes for the caller to fill, or an empty span and `full`.
  [[nodiscard]] constexpr std::span<std::byte> reserve(std::size_t n) noexcept {
    if (!room(n)) {
      return {};
    }
    size_ += n;
    return out_.subspan(size_ - n, n);
  }

  /// What has been written so far.
  [[nodiscard]] constexpr std::span<const std::byte> written() const noexcept { return out_.first(size_); }
  [[nodiscard]] constexpr std::size_t free_bytes() const noexcept { return out_.size() - size_ + unused_; }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  /// Refuses everything from here on. The first refusal stays.
  constexpr void fail(errc e) noexcept {
    if (error_ == errc::ok) {
      error_ = e;
      unused_ = out_.size() - size_;
      out_ = out_.first(size_);  // so that no write needs a look at the error
    }
  }

 private:
  [[nodiscard]] constexpr bool room(std::size_t n) noexcept {
    if (n > out_.size() - size_) {
      fail(errc::full);
      return false;
    }
    return true;
  }

  std::span<std::byte> out_;
  std::size_t size_ = 0;
  std::size_t unused_ = 0;  ///< bytes free when the first error came
  errc error_ = errc::ok;
};

/// Reads little-endian fields and varints from the caller's memory; takes hostile bytes.
///
/// Errors  sticky: `truncated` when a field does not fit, `corrupt` for a varint that is too long or not the shortest form,
///         or what `fail` was told. After the first one every read answers zero or an empty span.
/// Cost    O(bytes read); no heap; a length is believed only after it fits
class byte_reader {
  // Before its first use, or Clang 14 cannot read in constant expressions.
  template <std::size_t N>
  [[nodiscard]] constexpr std::uint64_t fixed() noexcept {
    if (!has(N)) {
      return 0;
    }
    std::uint64_t v = 0;
    const std::byte* const at = at_;
    at_ += N;
    if constexpr (std::endian::native == std::endian::little) {
      if (!std::is_constant_evaluated()) {
        __builtin_memcpy(&v, at, N);
        return v;
      }
    }
    for (std::size_t i = 0; i < N; ++i) {
      v |= std::to_integer<std::uint64_t>(at[i]) << (8 * i);
    }
    return v;
  }
  struct long_number {
    std::uint64_t value = 0;         ///< or the error
    const std::byte* end = nullptr;  ///< null: refused
  };
  [[nodiscard]] static constexpr long_number refusal(errc e) noexcept { return {static_cast<std::uint64_t>(e), nullptr}; }
  /// Apart, so that what reads many small numbers stays small and keeps its place in registers.
  [[nodiscard, gnu::noinline]] static constexpr long_number read_long(const std::byte* at, const std::byte* end) noexcept {
    if constexpr (std::endian::native == std::endian::little && sizeof(void*) == 8) {
      if (!std::is_constant_evaluated() && end - at >= 8) {
        std::uint64_t word = 0;
        __builtin_memcpy(&word, at, 8);
        if ((word & 0x8000) == 0) {  // two bytes
          return (word & 0x7f00) == 0 ? refusal(errc::corrupt) : long_number{(word & 0x7f) | (word & 0x7f00) >> 1, at + 2};
        }
        const std::uint64_t stops = ~word & 0x8080808080808080;
        if (stops != 0) {
          const int bits = std::countr_zero(stops) + 1;  // up to the end of the last byte
          if (bits > 8 && (word >> (bits - 8) & 0xff) == 0) {
            return refusal(errc::corrupt);  // not the shortest form
          }
          word &= 0x7f7f7f7f7f7f7f7f & ~std::uint64_t{0} >> (64 - bits);
          word = (word & 0x7f007f007f007f00) >> 1 | (word & 0x007f007f007f007f);  // eight of 7 bits, four of 14, two of 28, one of 56
          word = (word & 0x3fff00003fff0000) >> 2 | (word & 0x00003fff00003fff);
          word = (word & 0x0fffffff00000000) >> 4 | (word & 0x000000000fffffff);
          return {word, at + bits / 8};
        }
      }
    }
    std::uint64_t v = 0;
    for (unsigned i = 0; i < 10; ++i) {
      if (at == end) {
        return refusal(errc::truncated);
      }
      const auto b = std::to_integer<std::uint64_t>(*at++);
      if (i == 9 && b > 1) {
        break;  // more than 64 bits
      }
      v |= (b & 0x7f) << (7 * i);
      if (b < 0x80) {
        return b == 0 && i > 0 ? refusal(errc::corrupt) : long_number{v, at};  // the shortest form only
      }
    }
    return refusal(errc::corrupt);
  }

 public:
  constexpr explicit byte_reader(std::span<const std::byte> in) noexcept : at_{in.data()}, end_{in.data() + in.size()} {}

  [[nodiscard]] constexpr std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(fixed<1>()); }
  [[nodiscard]] constexpr std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(fixed<2>()); }
  [[nodiscard]] constexpr std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(fixed<3>()); }
  [[nodiscard]] constexpr std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(fixed<4>()); }
  [[nodiscard]] constexpr std::uint64_t u48() noexcept { return fixed<6>(); }
  [[nodiscard]] constexpr std::uint64_t u64() noexcept { return fixed<8>(); }
  [[nodiscard]] constexpr std::int8_t i8() noexcept { return static_cast<std::int8_t>(u8()); }
  [[nodiscard]] constexpr std::int16_t i16() noexcept { return static_cast<std::int16_t>(u16()); }
  [[nodiscard]] constexpr std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
  [[nodiscard]] constexpr std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }
  [[nodiscard]] constexpr float f32() noexcept { return std::bit_cast<float>(u32()); }
  [[nodiscard]] constexpr double f64() noexcept { return std::bit_cast<double>(u64()); }

  [[nodiscard]] constexpr std::uint64_t varint() noexcept {
    if (at_ != end_ && std::to_integer<std::uint8_t>(*at_) < 0x80) {  // most are small
      return std::to_integer<std::uint64_t>(*at_++);
    }
    return long_varint();
  }
  [[nodiscard]] constexpr std::int64_t varint_signed() noexcept { return unzigzag(varint()); }

  /// A varint that counts items of at least `item_bytes` bytes each, believed only if so many can follow.
  [[nodiscard]] constexpr std::size_t count(std::size_t item_bytes) noexcept {
    SKERRY_ASSERT(item_bytes > 0);
    const std::uint64_t n = varint();
    if (n > left() / item_bytes && error_ == errc::ok) {
      return static_cast<std::size_t>(refuse(errc::truncated));
    }
    return static_cast<std::size_t>(n);
  }

  [[nodiscard]] constexpr std::span<const std::byte> bytes(std::size_t n) noexcept {
    if (!has(n)) {
      return {};
    }
    at_ += n;
    return {at_ - n, n};
  }

  /// Hands the next `n` bytes to a reader of their own, so that an image inside a frame is all that its reader holds.
  [[nodiscard]] constexpr byte_reader sub_reader(std::size_t n) noexcept {
    byte_reader inner{bytes(n)};
    if (error_ != errc::ok) {
      inner.fail(error_);
    }
    return inner;
  }

  [[nodiscard]] constexpr std::span<const std::byte> remaining() const noexcept { return {at_, left() + unread_}; }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  /// Refuses everything from here on. The first refusal stays.
  constexpr void fail(errc e) noexcept {
    if (error_ == errc::ok) {
      error_ = e;
      unread_ = left();
      end_ = at_;  // so that no read needs a look at the error
    }
  }
  /// The verdict at the end of an image: the sticky error, or `corrupt` when bytes are left over.
  [[nodiscard]] constexpr status finish() const noexcept { return error_ != errc::ok ? error_ : (at_ == end_ ? errc::ok : errc::corrupt); }

 private:
  [[nodiscard]] constexpr std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] constexpr std::uint64_t long_varint() noexcept {
    const long_number read = read_long(at_, end_);
    if (read.end == nullptr) {
      return refuse(static_cast<errc>(read.value));
    }
    at_ = read.end;
    return read.value;
  }
  constexpr std::uint64_t refuse(errc e) noexcept {
    fail(e);
    return 0;
  }
  [[nodiscard]] constexpr bool has(std::size_t n) noexcept {
    if (n > left()) {
      fail(errc::truncated);
      return false;
    }
    return true;
  }

  const std::byte* at_;
  const std::byte* end_;
  std::size_t unread_ = 0;  ///< bytes left when the first error came
  errc error_ = errc::ok;
};

}  // namespace skerry::inline v0
