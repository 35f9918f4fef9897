// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::anomaly::detail {

/// Writes the members that a `fields` function shows, little-endian, one after the other.
class field_writer {
 public:
  explicit field_writer(byte_writer& out) noexcept : out_{out} {}

  template <typename T>
  void operator()(const T& x) noexcept {
    if constexpr (std::is_same_v<T, bool>) {
      out_.u8(x ? 1 : 0);
    } else if constexpr (std::is_same_v<T, float>) {
      out_.f32(x);
    } else if constexpr (std::is_same_v<T, double>) {
      out_.f64(x);
    } else if constexpr (sizeof(T) == 1) {
      out_.u8(static_cast<std::uint8_t>(x));
    } else if constexpr (sizeof(T) == 2) {
      out_.u16(static_cast<std::uint16_t>(x));
    } else if constexpr (sizeof(T) == 4) {
      out_.u32(static_cast<std::uint32_t>(x));
    } else {
      out_.u64(static_cast<std::uint64_t>(x));
    }
  }
  template <typename T, std::size_t N>
  void operator()(const std::array<T, N>& xs) noexcept {
    for (const T& x : xs) {
      (*this)(x);
    }
  }

 private:
  byte_writer& out_;
};

/// Reads them back; a flag that is neither 0 nor 1 fails the reader.
class field_reader {
 public:
  explicit field_reader(byte_reader& in) noexcept : in_{in} {}

  template <typename T>
  void operator()(T& x) noexcept {
    if constexpr (std::is_same_v<T, bool>) {
      const std::uint8_t flag = in_.u8();
      if (flag > 1) {
        in_.fail(errc::corrupt);
      }
      x = flag == 1;
    } else if constexpr (std::is_same_v<T, float>) {
      x = in_.f32();
    } else if constexpr (std::is_same_v<T, double>) {
      x = in_.f64();
    } else if constexpr (sizeof(T) == 1) {
      x = static_cast<T>(in_.u8());
    } else if constexpr (sizeof(T) == 2) {
      x = static_cast<T>(in_.u16());
    } else if constexpr (sizeof(T) == 4) {
      x = static_cast<T>(in_.u32());
    } else {
      x = static_cast<T>(in_.u64());
    }
  }
  template <typename T, std::size_t N>
  void operator()(std::array<T, N>& xs) noexcept {
    for (T& x : xs) {
      (*this)(x);
    }
  }

 private:
  byte_reader& in_;
};

/// Reads an object by its `fields` into a copy and asks whether it is `sound`; `keep`: takes it over.
template <typename T>
void read_sound(byte_reader& in, T& object, bool keep) noexcept {
  T copy = object;
  T::fields(copy, field_reader{in});
  if (in.error() == errc::ok && !copy.sound()) {
    in.fail(errc::corrupt);
  }
  if (keep && in.error() == errc::ok) {
    object = copy;
  }
}

}  // namespace skerry::inline v0::anomaly::detail
