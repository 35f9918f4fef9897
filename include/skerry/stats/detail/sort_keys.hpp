// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skerry::inline v0::stats::detail {

/// Unsigned integers in the order of the numbers they stand for.
template <typename T>
struct ordered {
  using key = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static constexpr key top = key{1} << (8 * sizeof(key) - 1);

  [[nodiscard]] static constexpr key key_of(T x) noexcept {
    const key bits = std::bit_cast<key>(x);
    if constexpr (std::integral<T>) {
      return bits ^ top;
    } else {
      return bits ^ ((key{0} - (bits >> (8 * sizeof(key) - 1))) | top);
    }
  }
  [[nodiscard]] static constexpr T value_of(key k) noexcept {
    if constexpr (std::integral<T>) {
      return std::bit_cast<T>(k ^ top);
    } else {
      return std::bit_cast<T>(k ^ (((k >> (8 * sizeof(key) - 1)) - 1) | top));
    }
  }
};

template <typename Key>
constexpr void insertion_sort(Key* keys, std::size_t n) noexcept {
  for (std::size_t i = 1; i < n; ++i) {
    const Key k = keys[i];
    std::size_t j = i;
    for (; j > 0 && keys[j - 1] > k; --j) {
      keys[j] = keys[j - 1];
    }
    keys[j] = k;
  }
}

/// Sorts up to 2^16 - 1 keys, using as much spare memory; answers which of the two memories holds the result.
///
/// Cost    many keys: a pass to count and one to move for each byte that differs, by eight bits from the lowest; few: by insertion
template <typename Key>
[[nodiscard]] constexpr Key* sort_keys(Key* keys, Key* spare, std::size_t n) noexcept {
  constexpr std::size_t few = 64;
  if (n <= few) {
    // Two halves, because insertion takes a quarter of the moves in half the keys.
    const std::size_t half = n / 2;
    insertion_sort(keys, half);
    insertion_sort(keys + half, n - half);
    const Key* a = keys;
    const Key* b = keys + half;
    const Key* const a_end = b;
    const Key* const b_end = keys + n;
    Key* out = spare;
    while (a != a_end && b != b_end) {
      const Key x = *a;
      const Key y = *b;
      const std::size_t from_b = y < x ? 1 : 0;
      *out++ = y < x ? y : x;
      b += from_b;
      a += 1 - from_b;
    }
    while (a != a_end) {
      *out++ = *a++;
    }
    while (b != b_end) {
      *out++ = *b++;
    }
    return spare;
  }
  std::uint16_t count[sizeof(Key)][256] = {};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t b = 0; b < sizeof(Key); ++b) {
      ++count[b][keys[i] >> (8 * b) & 0xff];
    }
  }
  for (std::size_t b = 0; b < sizeof(Key); ++b) {
    if (count[b][keys[0] >> (8 * b) & 0xff] == n) {
      continue;  // the same byte in all
    }
    std::uint16_t sum = 0;
    for (std::uint16_t& c : count[b]) {
      const std::uint16_t here = c;
      c = sum;
      sum = static_cast<std::uint16_t>(sum + here);
    }
    for (std::size_t i = 0; i < n; ++i) {
      spare[count[b][keys[i] >> (8 * b) & 0xff]++] = keys[i];
    }
    Key* const sorted = spare;
    spare = keys;
    keys = sorted;
  }
  return keys;
}

}  // namespace skerry::inline v0::stats::detail
