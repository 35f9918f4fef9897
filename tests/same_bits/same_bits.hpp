// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
#include <skerry/core/crc32c.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry_test {

/// Folds what a type answered and stored into one number. Only values and encoded bytes go in, never padding.
class bit_hash {
 public:
  void add(std::span<const std::byte> bytes) { crc_ = skerry::crc32c(bytes, crc_); }
  /// Any trivially copyable scalar, by its little-endian bytes.
  void add(std::uint64_t v) {
    std::byte b[8];
    for (int i = 0; i < 8; ++i) {
      b[i] = static_cast<std::byte>(v >> (8 * i));
    }
    add(std::span<const std::byte>{b});
  }
  void add(double v) { add(std::bit_cast<std::uint64_t>(v)); }
  void add(float v) { add(static_cast<std::uint64_t>(std::bit_cast<std::uint32_t>(v))); }
  [[nodiscard]] std::uint32_t value() const { return crc_; }

 private:
  std::uint32_t crc_ = 0;
};

/// Makes a type known to skerry_same_bits: `static const bits_of moments{"stats.moments", [](bit_hash& h) { ... }};`
/// The function drives the type with seeded inputs; no heap, no clock, no libm, so that the same source runs on a microcontroller.
struct bits_of {
  const char* type;
  void (*drive)(bit_hash&);
  const bits_of* next;
  static inline const bits_of* first = nullptr;
  /// Without a function: a type that is not there on this target.
  bits_of(const char* name, void (*function)(bit_hash&)) : type{name}, drive{function}, next{first} {
    if (function != nullptr) {
      first = this;
    }
  }
};

}  // namespace skerry_test
