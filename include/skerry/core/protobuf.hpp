// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0 {

/// How the value of a protobuf field is stored. Groups, 3 and 4, are history and not read.
enum class pb_wire : std::uint8_t {
  varint = 0,   ///< int32, int64, uint32, uint64, sint32, sint64, bool, enum
  fixed64 = 1,  ///< fixed64, sfixed64, double
  length = 2,   ///< string, bytes, embedded messages, packed repeated fields
  fixed32 = 5,  ///< fixed32, sfixed32, float
};

inline constexpr std::uint32_t pb_greatest_field = (1U << 29) - 1;

/// Writes protobuf fields into the caller's memory, in the order of the calls.
///
/// The length of an embedded message stands before it, so a message is a function that is called twice: once to count, once to
/// write. A writer without memory, `pb_writer::counting()`, only counts: what it says before is the exact size of what comes.
///
/// Input   field numbers of 1 to 2^29 - 1. Every field is written that is asked for: leaving out default values, as proto3 does, is
///         the caller's choice
/// Cost    O(bytes · depth of nesting); no heap
/// Errors  sticky `full`: nothing more is written; `invalid`: a field number that is none, or a function that wrote another
///         length than it counted
/// Source  Protocol Buffers, Encoding (protobuf.dev/programming-guides/encoding)
class pb_writer {
 public:
  constexpr explicit pb_writer(std::span<std::byte> out) noexcept : out_{out} {}
  [[nodiscard]] static constexpr pb_writer counting() noexcept {
    pb_writer made{std::span<std::byte>{}};
    made.counting_ = true;
    return made;
  }

  /// uint32, uint64, enum; an int64 through a cast is ten bytes when negative, as protobuf wants it.
  constexpr void varint(std::uint32_t field, std::uint64_t v) noexcept {
    tag(field, pb_wire::varint);
    raw_varint(v);
  }
  constexpr void int64(std::uint32_t field, std::int64_t v) noexcept { varint(field, static_cast<std::uint64_t>(v)); }
  /// sint32, sint64: zigzag.
  constexpr void sint(std::uint32_t field, std::int64_t v) noexcept { varint(field, zigzag(v)); }
  template <std::same_as<bool> Bool>
  constexpr void boolean(std::uint32_t field, Bool v) noexcept {
    varint(field, v ? 1 : 0);
  }
  constexpr void fixed32(std::uint32_t field, std::uint32_t v) noexcept {
    tag(field, pb_wire::fixed32);
    raw_fixed32(v);
  }
  constexpr void fixed64(std::uint32_t field, std::uint64_t v) noexcept {
    tag(field, pb_wire::fixed64);
    raw_fixed64(v);
  }
  constexpr void f32(std::uint32_t field, float v) noexcept { fixed32(field, std::bit_cast<std::uint32_t>(v)); }
  constexpr void f64(std::uint32_t field, double v) noexcept { fixed64(field, std::bit_cast<std::uint64_t>(v)); }
  constexpr void bytes(std::uint32_t field, std::span<const std::byte> v) noexcept {
    head(field, v.size());
    if (take(v.size()) && !counting_) {
      for (std::size_t i = 0; i < v.size(); ++i) {
        out_[size_ - v.size() + i] = v[i];
      }
    }
  }
  constexpr void text(std::uint32_t field, std::string_view v) noexcept {
    head(field, v.size());
    if (take(v.size()) && !counting_) {
      for (std::size_t i = 0; i < v.size(); ++i) {
        out_[size_ - v.size() + i] = static_cast<std::byte>(v[i]);
      }
    }
  }

  /// An embedded message, or a packed repeated field: `content(pb_writer&)` writes its fields, or its elements by `raw_…`.
  /// It is called once more for every level of nesting and must write the same each time.
  template <std::invocable<pb_writer&> Content>
  constexpr void message(std::uint32_t field, const Content& content) {
    pb_writer counted = counting();
    if (error_ == errc::ok) {
      content(counted);
    }
    fail(counted.error_);
    head(field, counted.size_);
    if (counting_) {
      (void)take(counted.size_);
    } else if (error_ == errc::ok) {
      const std::size_t end = size_ + counted.size_;
      content(*this);
      if (error_ == errc::ok && size_ != end) {
        error_ = errc::invalid;
      }
    }
  }

  // Elements of packed fields: a value without its tag.
  constexpr void raw_varint(std::uint64_t v) noexcept {
    const std::size_t length = varint_size(v);
    if (take(length) && !counting_) {
      std::size_t at = size_ - length;
      for (; v >= 0x80; v >>= 7) {
        out_[at++] = static_cast<std::byte>(v | 0x80);
      }
      out_[at] = static_cast<std::byte>(v);
    }
  }
  constexpr void raw_fixed32(std::uint32_t v) noexcept { little_endian(v, 4); }
  constexpr void raw_fixed64(std::uint64_t v) noexcept { little_endian(v, 8); }
  constexpr void raw_f32(float v) noexcept { raw_fixed32(std::bit_cast<std::uint32_t>(v)); }
  constexpr void raw_f64(double v) noexcept { raw_fixed64(std::bit_cast<std::uint64_t>(v)); }

  /// Bytes written or, without memory, counted.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// What has been written so far; nothing for one that counts.
  [[nodiscard]] constexpr std::span<const std::byte> written() const noexcept { return out_.first(counting_ ? 0 : size_); }
  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  /// Refuses everything from here on. The first refusal stays.
  constexpr void fail(errc e) noexcept { error_ = error_ == errc::ok ? e : error_; }

 private:
  constexpr void tag(std::uint32_t field, pb_wire wire) noexcept {
    if (field == 0 || field > pb_greatest_field) {
      fail(errc::invalid);
    }
    raw_varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(wire));
  }
  constexpr void head(std::uint32_t field, std::size_t length) noexcept {
    tag(field, pb_wire::length);
    raw_varint(length);
  }
  constexpr void little_endian(std::uint64_t v, std::size_t n) noexcept {
    if (take(n) && !counting_) {
      for (std::size_t i = 0; i < n; ++i) {
        out_[size_ - n + i] = static_cast<std::byte>(v >> (8 * i));
      }
    }
  }
  [[nodiscard]] constexpr bool take(std::size_t n) noexcept {
    if (error_ == errc::ok && n > (counting_ ? static_cast<std::size_t>(-1) : out_.size()) - size_) {
      error_ = errc::full;
    }
    if (error_ != errc::ok) {
      return false;
    }
    size_ += n;
    return true;
  }

  std::span<std::byte> out_;
  std::size_t size_ = 0;
  errc error_ = errc::ok;
  bool counting_ = false;
};

/// Reads protobuf fields one after the other from the caller's memory; takes hostile bytes.
///
/// `while (in.next()) switch (in.field()) { case 1: x = in.varint(); … }`: a field nobody asks for is passed over. Values of
/// fields that occur again, and defaults of those that are absent, are the caller's to decide, as with every protobuf parser.
///
/// Input   one message; an embedded one has a reader of its own, whose errors are its own too
/// Cost    O(bytes read); no heap; a length is believed only after it fits
/// Errors  sticky: `truncated`; `corrupt`: a field number that is none, a varint of more than 64 bits, a value asked for as what it is
///         not; `unsupported`: groups; `full`: messages nested deeper than the limit. After the first one `next` is false and every
///         value zero or empty
/// Source  Protocol Buffers, Encoding (protobuf.dev/programming-guides/encoding)
class pb_reader {
 public:
  static constexpr std::uint8_t default_depth = 32;

  constexpr explicit pb_reader(std::span<const std::byte> in, std::uint8_t depth = default_depth) noexcept : in_{in}, depth_{depth} {}

  /// Goes to the next field; false at the end, and after an error.
  [[nodiscard]] constexpr bool next() noexcept {
    value_ = 0;
    content_ = {};
    field_ = 0;
    if (error_ != errc::ok || in_.empty()) {
      return false;
    }
    const std::uint64_t tag = take_varint(in_);
    const std::uint64_t number = tag >> 3;
    if (error_ == errc::ok && (number == 0 || number > pb_greatest_field)) {
      fail(errc::corrupt);
    }
    wire_ = static_cast<pb_wire>(tag & 7);
    switch (tag & 7) {
      case 0: value_ = take_varint(in_); break;
      case 1: value_ = take_fixed(in_, 8); break;
      case 2: {
        const std::uint64_t length = take_varint(in_);
        content_ = length <= in_.size() ? in_.first(static_cast<std::size_t>(length)) : std::span<const std::byte>{};
        if (error_ == errc::ok && length > in_.size()) {
          fail(errc::truncated);
        } else {
          in_ = in_.subspan(content_.size());
        }
        break;
      }
      case 5: value_ = take_fixed(in_, 4); break;
      case 3:
      case 4: fail(errc::unsupported); break;
      default: fail(errc::corrupt); break;
    }
    field_ = error_ == errc::ok ? static_cast<std::uint32_t>(number) : 0;
    return error_ == errc::ok;
  }

  /// The field at hand; 0 when there is none.
  [[nodiscard]] constexpr std::uint32_t field() const noexcept { return field_; }
  [[nodiscard]] constexpr pb_wire wire() const noexcept { return wire_; }

  [[nodiscard]] constexpr std::uint64_t varint() noexcept { return stored_as(pb_wire::varint) ? value_ : 0; }
  [[nodiscard]] constexpr std::int64_t int64() noexcept { return static_cast<std::int64_t>(varint()); }
  /// sint32, sint64: zigzag.
  [[nodiscard]] constexpr std::int64_t sint() noexcept { return unzigzag(varint()); }
  [[nodiscard]] constexpr bool boolean() noexcept { return varint() != 0; }
  [[nodiscard]] constexpr std::uint32_t fixed32() noexcept { return stored_as(pb_wire::fixed32) ? static_cast<std::uint32_t>(value_) : 0; }
  [[nodiscard]] constexpr std::uint64_t fixed64() noexcept { return stored_as(pb_wire::fixed64) ? value_ : 0; }
  [[nodiscard]] constexpr float f32() noexcept { return std::bit_cast<float>(fixed32()); }
  [[nodiscard]] constexpr double f64() noexcept { return std::bit_cast<double>(fixed64()); }
  [[nodiscard]] constexpr std::span<const std::byte> bytes() noexcept {
    return stored_as(pb_wire::length) ? content_ : std::span<const std::byte>{};
  }
  /// The characters of a string as they stand; whether they are UTF-8 is not looked at.
  [[nodiscard]] std::string_view text() noexcept {
    const auto b = bytes();
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  /// The fields of an embedded message.
  [[nodiscard]] constexpr pb_reader message() noexcept {
    const auto content = bytes();
    if (error_ == errc::ok && depth_ == 0) {
      fail(errc::full);
    }
    pb_reader inner{error_ == errc::ok ? content : std::span<const std::byte>{}, static_cast<std::uint8_t>(depth_ == 0 ? 0 : depth_ - 1)};
    inner.error_ = error_;
    return inner;
  }

  // Elements of a packed field, from a reader of its content: `for (auto e = in.message(); e.more();) use(e.raw_varint());`
  [[nodiscard]] constexpr bool more() const noexcept { return error_ == errc::ok && !in_.empty(); }
  [[nodiscard]] constexpr std::uint64_t raw_varint() noexcept { return take_varint(in_); }
  [[nodiscard]] constexpr std::uint32_t raw_fixed32() noexcept { return static_cast<std::uint32_t>(take_fixed(in_, 4)); }
  [[nodiscard]] constexpr std::uint64_t raw_fixed64() noexcept { return take_fixed(in_, 8); }
  [[nodiscard]] constexpr float raw_f32() noexcept { return std::bit_cast<float>(raw_fixed32()); }
  [[nodiscard]] constexpr double raw_f64() noexcept { return std::bit_cast<double>(raw_fixed64()); }

  [[nodiscard]] constexpr errc error() const noexcept { return error_; }
  /// Refuses everything from here on. The first refusal stays.
  constexpr void fail(errc e) noexcept { error_ = error_ == errc::ok ? e : error_; }

 private:
  [[nodiscard]] constexpr bool stored_as(pb_wire wire) noexcept {
    if (error_ == errc::ok && (field_ == 0 || wire_ != wire)) {
      error_ = errc::corrupt;
    }
    return error_ == errc::ok;
  }

  // Unlike our own varints these may be longer than they need be: other writers pad lengths that they fill in later.
  [[nodiscard]] constexpr std::uint64_t take_varint(std::span<const std::byte>& in) noexcept {
    std::uint64_t v = 0;
    for (std::size_t i = 0; error_ == errc::ok; ++i) {
      if (i == in.size()) {
        error_ = errc::truncated;
        break;
      }
      const auto b = std::to_integer<std::uint64_t>(in[i]);
      if (i == 9 && b > 1) {
        error_ = errc::corrupt;
        break;
      }
      v |= (b & 0x7f) << (7 * i);
      if (b < 0x80) {
        in = in.subspan(i + 1);
        return v;
      }
    }
    return 0;
  }
  [[nodiscard]] constexpr std::uint64_t take_fixed(std::span<const std::byte>& in, std::size_t n) noexcept {
    if (error_ == errc::ok && n > in.size()) {
      error_ = errc::truncated;
    }
    if (error_ != errc::ok) {
      return 0;
    }
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < n; ++i) {
      v |= std::to_integer<std::uint64_t>(in[i]) << (8 * i);
    }
    in = in.subspan(n);
    return v;
  }

  std::span<const std::byte> in_, content_;
  std::uint64_t value_ = 0;
  std::uint32_t field_ = 0;
  pb_wire wire_ = pb_wire::varint;
  errc error_ = errc::ok;
  std::uint8_t depth_;
};

}  // namespace skerry::inline v0
