// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::stats::detail {

/// Indices of buckets that hold something: none if `first` is behind `last`.
struct exp_extent {
  std::int32_t first = std::numeric_limits<std::int32_t>::max();
  std::int32_t last = std::numeric_limits<std::int32_t>::min();

  [[nodiscard]] constexpr bool none() const noexcept { return first > last; }
  constexpr void include(exp_extent other) noexcept {
    first = other.first < first ? other.first : first;
    last = other.last > last ? other.last : last;
  }
  /// The same at a scale that is coarser by `shift`.
  [[nodiscard]] constexpr exp_extent coarser(int shift) const noexcept {
    return none() ? *this : exp_extent{first >> shift, last >> shift};
  }
  /// The least shift after which `size` buckets hold it.
  [[nodiscard]] constexpr int shift_to_fit(std::size_t size) const noexcept {
    int shift = 0;
    // The distance of two indices fits into 32 bits without a sign.
    for (; !none() && static_cast<std::uint32_t>(last >> shift) - static_cast<std::uint32_t>(first >> shift) >= size;) {
      ++shift;
    }
    return shift;
  }
};

/// The counts of one sign: a window of `Size` buckets on the indices of a scale, which moves when it must.
template <std::size_t Size, class Count>
struct exp_window {
  Count count[Size];
  std::int32_t base;  // the index of count[0]

  [[nodiscard]] constexpr std::uint32_t slot(std::int32_t index) const noexcept {
    return static_cast<std::uint32_t>(index) - static_cast<std::uint32_t>(base);
  }
  [[nodiscard]] constexpr std::int32_t index(std::size_t slot) const noexcept { return base + static_cast<std::int32_t>(slot); }

  /// Adds up to what a Count holds. Answers how much did not fit.
  constexpr std::uint64_t add(std::size_t slot, std::uint64_t n) noexcept {
    const std::uint64_t room = static_cast<std::uint64_t>(std::numeric_limits<Count>::max()) - count[slot];
    const std::uint64_t taken = n < room ? n : room;
    count[slot] = static_cast<Count>(count[slot] + taken);
    return n - taken;
  }

  [[nodiscard]] constexpr exp_extent held(std::size_t from = 0) const noexcept {
    std::size_t end = Size;
    for (; end > from && count[end - 1] == 0;) {
      --end;
    }
    for (; from < end && count[from] == 0;) {
      ++from;
    }
    return from >= end ? exp_extent{} : exp_extent{index(from), index(end - 1)};
  }

  /// To a scale that is coarser by `shift`. Answers how much did not fit into the counts.
  constexpr std::uint64_t coarsen(int shift) noexcept {
    const std::int32_t to = base >> shift;
    std::uint64_t lost = 0;
    for (std::size_t p = 0; p < Size; ++p) {
      const Count n = count[p];
      if (n != 0) {
        count[p] = 0;
        lost += add(static_cast<std::size_t>((index(p) >> shift) - to), n);  // never behind p, so nothing is met twice
      }
    }
    base = to;
    return lost;
  }

  /// Around what it has to hold, with equal room at both ends, unless it holds it already. What it holds now is part of that.
  constexpr void move_around(exp_extent wanted) noexcept {
    if (wanted.none() || (slot(wanted.first) < Size && slot(wanted.last) < Size)) {
      return;
    }
    const std::int32_t to = wanted.first - (static_cast<std::int32_t>(Size) - (wanted.last - wanted.first + 1)) / 2;
    const std::uint32_t by = static_cast<std::uint32_t>(to) - static_cast<std::uint32_t>(base);
    const bool up = to > base;
    for (std::uint32_t i = 0; i < Size; ++i) {
      const std::uint32_t p = up ? i : static_cast<std::uint32_t>(Size) - 1 - i;
      count[p] = p + by < Size ? count[p + by] : Count{0};
    }
    base = to;
  }
};

}  // namespace skerry::inline v0::stats::detail
