// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/row_view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// The shingles that a candidate learns from, dealt to its two halves in blocks of Fold rows.
///
/// They lie as: rows of half 0, guard rows, rows of half 1; so each half with the guards is one view.
template <std::size_t Rows, std::size_t Guards, std::size_t Columns, std::size_t Fold, typename Code>
class learning_block {
 public:
  using wide_row = std::array<Code, Columns>;

  /// `rows` of them will come.
  constexpr void deal(std::size_t rows) noexcept {
    rows_ = rows;
    fold_ = std::max<std::size_t>(1, std::min(Fold, rows / 2));
  }
  /// How many of the first n rows go to half 0.
  [[nodiscard]] constexpr std::size_t dealt(std::size_t n) const noexcept {
    return n / (2 * fold_) * fold_ + std::min(n % (2 * fold_), fold_);
  }
  [[nodiscard]] constexpr std::size_t side_of(std::size_t i) const noexcept { return i / fold_ % 2; }
  [[nodiscard]] constexpr std::size_t place(std::size_t i) const noexcept {
    return side_of(i) == 0 ? dealt(i) : dealt(rows_) + Guards + (i - dealt(i));
  }

  [[nodiscard]] row_view<Code> half(std::size_t side) const noexcept {
    const std::size_t a = dealt(rows_);
    const std::size_t rows = Guards + (side == 0 ? a : rows_ - a);
    return row_view<Code>{codes_.data() + (side == 0 ? 0 : a) * Columns, rows, Columns, Columns};
  }
  [[nodiscard]] std::span<Code, Columns> row(std::size_t at) noexcept {
    return std::span<Code, Columns>{codes_.data() + at * Columns, Columns};
  }
  [[nodiscard]] std::span<const Code, Columns> row(std::size_t at) const noexcept {
    return std::span<const Code, Columns>{codes_.data() + at * Columns, Columns};
  }
  [[nodiscard]] wide_row copy(std::size_t at) const noexcept {
    wide_row out;
    std::copy_n(codes_.data() + at * Columns, Columns, out.data());
    return out;
  }

 private:
  std::array<Code, (Rows + Guards) * Columns> codes_{};
  std::size_t rows_ = 0, fold_ = 1;
};

}  // namespace skerry::inline v0::anomaly::detail
