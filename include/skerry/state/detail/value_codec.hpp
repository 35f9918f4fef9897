// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/integer_range.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/state/detail/key_hash.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::state {

/// The longest payload that any policy or value may have.
inline constexpr std::size_t greatest_payload = 255;

namespace detail {

/// Powers of ten that a decimal double may be divided by.
inline constexpr std::array<double, 7> decimal_scale{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

/// Below this, the multiples of 1e-6 are different doubles with room between them: a product is off by less than a quarter of one, and
/// no two of them round to the same bits. So a double has at most one form without trailing zeros.
inline constexpr double few_digits = 0x1p50;

/// A double as mantissa and three bits of scale 0 to 6 when that gives back the same bits (the least scale), else as 7 and its eight bytes.
constexpr void encode_double(byte_writer& out, double value) noexcept {
  const auto nearest = [](double scaled) { return static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5); };
  const auto gives_back = [value](std::int64_t mantissa, std::size_t scale) {
    return std::bit_cast<std::uint64_t>(static_cast<double>(mantissa) / decimal_scale[scale]) == std::bit_cast<std::uint64_t>(value);
  };
  const auto write = [&out](std::int64_t mantissa, std::size_t scale) {
    out.varint(zigzag(mantissa) << 3 | static_cast<std::uint64_t>(scale));
  };
  std::size_t greatest = decimal_scale.size() - 1;
  if (const double scaled = value * decimal_scale[greatest]; scaled < few_digits && scaled > -few_digits) {
    std::int64_t mantissa = nearest(scaled);
    if (gives_back(mantissa, greatest)) {
#if !defined(__OPTIMIZE_SIZE__)
      if (mantissa % 1000 == 0) {
        mantissa /= 1000;
        greatest -= 3;
      }
#endif
      for (; greatest > 0 && mantissa % 10 == 0; --greatest) {
        mantissa /= 10;
      }
      write(mantissa, greatest);
      return;
    }
  } else {
    constexpr double exact = 0x1p53;
    for (std::size_t scale = 0; scale < decimal_scale.size(); ++scale) {
      const double large = value * decimal_scale[scale];
      if (!(large < exact && large > -exact)) {
        break;
      }
      if (const std::int64_t mantissa = nearest(large); gives_back(mantissa, scale)) {
        write(mantissa, scale);
        return;
      }
    }
  }
  out.u8(7);
  out.f64(value);
}
[[nodiscard]] constexpr double decode_double(byte_reader& in) noexcept {
  const std::uint64_t head = in.varint();
  const auto scale = static_cast<std::size_t>(head & 7);
  if (scale == 7) {
    if (head != 7) {
      in.fail(errc::corrupt);
    }
    return in.f64();
  }
  return static_cast<double>(unzigzag(head >> 3)) / decimal_scale[scale];
}

/// A text of bounded length, such as `inplace_string`.
template <typename T>
concept bounded_text = requires(const T& text, std::string_view view) {
  { text.view() } -> std::same_as<std::string_view>;
  { T::create(view) } -> std::same_as<result<T>>;
};

/// The canonical bytes of a value: integers zigzag (unsigned ones as they are), doubles decimal where exact, texts after their
/// length, the rest by its own `encode` and `decode`.
template <typename T>
concept storable = (std::is_arithmetic_v<T> && !std::same_as<T, long double>) || std::is_enum_v<T> || bounded_text<T> ||
                   (encodable<T> && decodable_value<T>);

/// How many bytes `encode_value` writes at most; `greatest_payload` where the type does not say.
template <storable T>
constexpr std::size_t most_value_bytes() noexcept {
  if constexpr (std::same_as<T, bool>) {
    return 1;
  } else if constexpr (std::is_enum_v<T>) {
    return most_value_bytes<std::underlying_type_t<T>>();
  } else if constexpr (std::integral<T>) {
    return (8 * sizeof(T) + 6) / 7;
  } else if constexpr (std::same_as<T, float>) {
    return 4;
  } else if constexpr (std::same_as<T, double>) {
    return 9;
  } else {
    return greatest_payload;
  }
}

template <storable T>
[[nodiscard]] constexpr status encode_value(byte_writer& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out.u8(value ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    return encode_value(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::signed_integral<T>) {
    out.varint_signed(value);
  } else if constexpr (std::unsigned_integral<T>) {
    out.varint(value);
  } else if constexpr (std::floating_point<T>) {
    if (value != value) {
      return errc::not_finite;  // equal to nothing, itself included: no reader could say that it has converged
    }
    if constexpr (std::same_as<T, float>) {
      out.f32(value);
    } else {
      encode_double(out, value);
    }
  } else if constexpr (bounded_text<T>) {
    const std::string_view text = value.view();
    out.varint(text.size());
    for (const char c : text) {
      out.u8(static_cast<std::uint8_t>(c));
    }
  } else {
    return value.encode(out);
  }
  return out.error();
}

/// Reads a value; the caller checks that its bytes are the canonical ones.
template <storable T>
[[nodiscard]] constexpr result<T> decode_value(byte_reader& in) {
  if constexpr (std::same_as<T, bool>) {
    const std::uint8_t b = in.u8();
    if (in.error() == errc::ok && b > 1) {
      return errc::corrupt;
    }
    return in.error() == errc::ok ? result<T>{b == 1} : result<T>{in.error()};
  } else if constexpr (std::is_enum_v<T>) {
    const result<std::underlying_type_t<T>> number = decode_value<std::underlying_type_t<T>>(in);
    return number ? result<T>{static_cast<T>(number.value())} : result<T>{number.error()};
  } else if constexpr (std::signed_integral<T>) {
    const std::int64_t v = in.varint_signed();
    if (in.error() == errc::ok && (v < skerry::detail::least_integer<T> || v > skerry::detail::greatest_integer<T>)) {
      return errc::corrupt;
    }
    return in.error() == errc::ok ? result<T>{static_cast<T>(v)} : result<T>{in.error()};
  } else if constexpr (std::unsigned_integral<T>) {
    const std::uint64_t v = in.varint();
    if (in.error() == errc::ok && v > skerry::detail::greatest_integer<T>) {
      return errc::corrupt;
    }
    return in.error() == errc::ok ? result<T>{static_cast<T>(v)} : result<T>{in.error()};
  } else if constexpr (std::floating_point<T>) {
    T v{};
    if constexpr (std::same_as<T, float>) {
      v = in.f32();
    } else {
      v = decode_double(in);
    }
    if (in.error() == errc::ok && v != v) {
      return errc::corrupt;
    }
    return in.error() == errc::ok ? result<T>{v} : result<T>{in.error()};
  } else if constexpr (bounded_text<T>) {
    std::array<char, greatest_payload> characters{};
    const std::span<const std::byte> bytes = in.bytes(in.count(1));
    if (bytes.size() > characters.size()) {
      return errc::corrupt;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      characters[i] = static_cast<char>(bytes[i]);
    }
    return in.error() == errc::ok ? T::create({characters.data(), bytes.size()}) : result<T>{in.error()};
  } else {
    return T::decode(in);
  }
}

/// A payload that holds one value and nothing else.
template <storable T>
[[nodiscard]] constexpr result<T> read_value(std::span<const std::byte> payload) {
  byte_reader in{payload};
  const result<T> value = decode_value<T>(in);
  if (value && !in.finish()) {
    return in.finish().error();
  }
  return value;
}

/// Whether these bytes are how `encode_double` writes this double, seen without writing it again: true is certain, false is not.
[[nodiscard]] constexpr bool is_surely_canonical(std::span<const std::byte> payload) noexcept {
  if (payload.empty() || payload.size() > 8) {
    return false;
  }
  // A varint in its shortest form: the last byte alone has no mark, and is not zero if others are before it.
  const std::size_t bits = 8 * payload.size();
  std::uint64_t head = 0;
  if (!std::is_constant_evaluated()) {
    head = key_word(reinterpret_cast<const char*>(payload.data()), payload.size());
  } else {
    for (std::size_t i = payload.size(); i > 0; --i) {
      head = head << 8 | std::to_integer<std::uint64_t>(payload[i - 1]);
    }
  }
  const std::uint64_t last = head >> (bits - 8);
  const std::uint64_t marks = 0x8080808080808080 & ((std::uint64_t{1} << (bits - 8)) - 1);
  const bool ends = last < 0x80 && (last != 0 || bits == 8) && (head & marks) == marks;
  head &= 0x7f7f7f7f7f7f7f7f;  // eight of 7 bits, four of 14, two of 28, one of 56
  head = (head & 0x7f007f007f007f00) >> 1 | (head & 0x007f007f007f007f);
  head = (head & 0x3fff00003fff0000) >> 2 | (head & 0x00003fff00003fff);
  head = (head & 0x0fffffff00000000) >> 4 | (head & 0x000000000fffffff);
  const std::uint64_t scale = head & 7;
  const std::uint64_t magnitude = head >> 4;  // of a mantissa below zero one less
  const std::uint64_t digits = magnitude + (head >> 3 & 1);
  // By the inverse of 5 modulo 2^64: a test for an even number first would have to be guessed, and every second one is.
  const bool by_ten = std::rotr(digits * 0xcccccccccccccccd, 1) <= UINT64_MAX / 10;
  return ends && scale < 7 && (scale == 0 || !by_ten) && digits < std::uint64_t{1} << 50;
}

/// Whether a payload is the one canonical form of a value: else equal values could have different bytes.
template <storable T, std::size_t Most>
[[nodiscard]] constexpr bool is_canonical(std::span<const std::byte> payload) {
#if !defined(__OPTIMIZE_SIZE__)  // quicker, and 130 bytes more on a Cortex-M4
  if constexpr (std::same_as<T, double>) {
    if (is_surely_canonical(payload)) {
      return true;
    }
  }
#endif
  const result<T> value = read_value<T>(payload);
  if (!value) {
    return false;
  }
  if constexpr (std::integral<T> || std::same_as<T, float>) {
    return true;  // varints are read in their shortest form only, and the others have no second form
  } else {
    std::array<std::byte, Most> again{};
    byte_writer out{again};
    if (!encode_value(out, value.value()) || out.written().size() != payload.size()) {
      return false;
    }
    for (std::size_t i = 0; i < payload.size(); ++i) {
      if (again[i] != payload[i]) {
        return false;
      }
    }
    return true;
  }
}

}  // namespace detail

}  // namespace skerry::inline v0::state
