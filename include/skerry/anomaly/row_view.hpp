// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/config.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly {

/// Rows and columns over the caller's memory, row after row; nothing is copied.
///
/// Units   `stride` counts elements from the start of one row to the start of the next; it is at least `columns`, so a view of
///         the first columns of a wider table costs nothing
template <typename T>
struct row_view {
  const T* data;
  std::size_t rows;
  std::size_t columns;
  std::size_t stride;

  [[nodiscard]] constexpr const T* row(std::size_t i) const noexcept { return data + i * stride; }

  /// True when rows of `width` columns can be read here.
  [[nodiscard]] constexpr bool holds(std::size_t width) const noexcept { return columns == width && stride >= columns; }
};

/// The view of values that lie row after row without gaps; an incomplete last row is left out.
template <typename T>
[[nodiscard]] constexpr row_view<T> rows_of(std::span<const T> values, std::size_t columns) noexcept {
  return row_view<T>{values.data(), columns == 0 ? 0 : values.size() / columns, columns, columns};
}

namespace detail {

// By the bits, so that no option of a compiler can reason the test away.
[[nodiscard]] constexpr bool is_finite(float x) noexcept { return (std::bit_cast<std::uint32_t>(x) & 0x7f800000U) != 0x7f800000U; }
[[nodiscard]] constexpr bool is_nan(float x) noexcept { return (std::bit_cast<std::uint32_t>(x) & 0x7fffffffU) > 0x7f800000U; }

[[nodiscard]] constexpr bool all_finite(const float* x, std::size_t n) noexcept {
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    bad |= static_cast<std::uint32_t>(!is_finite(x[i]));
  }
  return bad == 0;
}

}  // namespace detail

/// Where the first NaN or infinity stands, as row · columns + column; rows · columns when there is none.
///
/// A refusal with `errc::not_finite` changes nothing, not even a note of the place: this finds it afterwards.
[[nodiscard]] constexpr std::size_t first_not_finite(row_view<float> rows) noexcept {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.columns; ++j) {
      if (!detail::is_finite(rows.row(i)[j])) {
        return i * rows.columns + j;
      }
    }
  }
  return rows.rows * rows.columns;
}

}  // namespace skerry::inline v0::anomaly
