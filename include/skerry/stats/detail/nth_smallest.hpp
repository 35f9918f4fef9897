// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::stats::detail {

/// The number that n others are not greater than, by partition around the middle; the numbers change their places.
[[nodiscard]] constexpr std::uint64_t nth_smallest(std::uint64_t* a, std::size_t size, std::size_t n) noexcept {
  std::size_t from = 0;
  std::size_t to = size - 1;
  while (from < to) {
    const std::uint64_t pivot = a[from + (to - from) / 2];
    std::size_t i = from;
    std::size_t j = to;
    for (;;) {
      while (a[i] < pivot) {
        ++i;
      }
      while (a[j] > pivot) {
        --j;
      }
      if (i >= j) {
        break;
      }
      const std::uint64_t swapped = a[i];
      a[i++] = a[j];
      a[j--] = swapped;
    }
    if (n <= j) {
      to = j;
    } else {
      from = j + 1;
    }
  }
  return a[n];
}

}  // namespace skerry::inline v0::stats::detail
