// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/hash.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats::detail {

/// Little-endian words of an image, where they stand in its bytes.
template <std::unsigned_integral Word>
struct image_words {
  std::span<std::byte> bytes;

  [[nodiscard]] constexpr Word at(std::size_t i) const noexcept {
    return static_cast<Word>(skerry::detail::load_le(bytes.data() + sizeof(Word) * i, sizeof(Word)));
  }
  constexpr void put(std::size_t i, Word word) noexcept {
    for (std::size_t b = 0; b < sizeof(Word); ++b) {
      bytes[sizeof(Word) * i + b] = static_cast<std::byte>(word >> (8 * b));
    }
  }
  /// Ascending, by a heap in the image itself: there is no other memory.
  constexpr void sort() noexcept {
    const std::size_t n = bytes.size() / sizeof(Word);
    for (std::size_t i = n / 2; i-- > 0;) {
      sink(i, n);
    }
    for (std::size_t end = n; end-- > 1;) {
      const Word greatest = at(0);
      put(0, at(end));
      put(end, greatest);
      sink(0, end);
    }
  }

 private:
  constexpr void sink(std::size_t from, std::size_t end) noexcept {
    const Word x = at(from);
    for (std::size_t child = 2 * from + 1; child < end; child = 2 * from + 1) {
      child += child + 1 < end && at(child) < at(child + 1) ? 1U : 0U;
      const Word y = at(child);
      if (y <= x) {
        break;
      }
      put(from, y);
      from = child;
    }
    put(from, x);
  }
};

}  // namespace skerry::inline v0::stats::detail
