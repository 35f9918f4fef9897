// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/config.hpp>
#include <skerry/core/errc.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::anomaly::detail {

/// What a kept row carries beside its values.
struct row_note {
  std::uint64_t serial = 0;  ///< rows that follow each other have numbers that do
  std::uint32_t alarm = 0;   ///< of which alarm; 0 for none
  std::uint8_t run = 0;      ///< how many rows up to this one, here, follow each other; at most 255; set by the ring
  bool high = false;         ///< the reference found it high when it came
  bool known = false;        ///< it came during a known failure
};

/// The newest Capacity rows of a stream; each row has a number that it keeps while it is held.
template <std::size_t Features, std::size_t Capacity>
class row_ring {
 public:
  static constexpr std::size_t capacity = Capacity;

  /// Takes a row. True when an old row had to go.
  constexpr bool push(std::span<const float, Features> row, row_note note) noexcept {
    note.run = 1;
    if (!empty()) {
      const row_note& before = notes_[slot(end_ - 1)];
      note.run = before.serial + 1 != note.serial ? std::uint8_t{1} : static_cast<std::uint8_t>(before.run + (before.run < 255 ? 1 : 0));
    }
    const bool overwritten = size() == Capacity;
    first_ += overwritten ? 1U : 0U;
    std::copy_n(row.data(), Features, rows_.data() + slot(end_) * Features);
    notes_[slot(end_)] = note;
    ++end_;
    return overwritten;
  }
  constexpr void pop() noexcept {
    SKERRY_ASSERT(!empty());
    ++first_;
  }
  constexpr void clear() noexcept { first_ = end_; }

  [[nodiscard]] constexpr std::uint64_t first() const noexcept { return first_; }
  [[nodiscard]] constexpr std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - first_); }
  [[nodiscard]] constexpr bool empty() const noexcept { return first_ == end_; }

  [[nodiscard]] constexpr std::span<const float, Features> row(std::uint64_t number) const noexcept {
    SKERRY_ASSERT(number >= first_ && number < end_);
    return std::span<const float, Features>{rows_.data() + slot(number) * Features, Features};
  }
  [[nodiscard]] constexpr const row_note& note(std::uint64_t number) const noexcept {
    SKERRY_ASSERT(number >= first_ && number < end_);
    return notes_[slot(number)];
  }
  /// The row and the `lags - 1` before it are held and follow each other.
  [[nodiscard]] constexpr bool has_shingle(std::uint64_t number, std::size_t lags) const noexcept {
    return number >= first_ && number < end_ && number - first_ + 1 >= lags && notes_[slot(number)].run >= lags;
  }

  /// The rows held, and where their numbers stand.
  template <typename Writer>
  void write(Writer& out) const noexcept {
    out.u64(first_);
    out.u64(end_);
    for (std::uint64_t i = first_; i < end_; ++i) {
      for (const float x : row(i)) {
        out.f32(x);
      }
      const row_note& n = note(i);
      out.u64(n.serial);
      out.u32(n.alarm);
      out.u8(n.run);
      out.u8(static_cast<std::uint8_t>((n.high ? 1 : 0) | (n.known ? 2 : 0)));
    }
  }
  /// Reads what `write` wrote, fails the reader when it cannot be; `into` null: only looks.
  template <typename Reader>
  static void read(Reader& in, row_ring* into) noexcept {
    const std::uint64_t first = in.u64();
    const std::uint64_t end = in.u64();
    if (end < first || end - first > Capacity || end > greatest_number) {
      in.fail(errc::corrupt);
      return;
    }
    if (into != nullptr) {
      into->first_ = first;
      into->end_ = end;
    }
    for (std::uint64_t i = first; i < end && in.error() == errc::ok; ++i) {
      std::array<float, Features> x;
      bool good = true;
      for (float& v : x) {
        v = in.f32();
        good = good && v - v == 0;
      }
      row_note n{};
      n.serial = in.u64();
      n.alarm = in.u32();
      n.run = in.u8();
      const std::uint8_t flags = in.u8();
      n.high = (flags & 1U) != 0;
      n.known = (flags & 2U) != 0;
      if (!good || n.run == 0 || flags > 3) {
        in.fail(errc::corrupt);
      } else if (into != nullptr) {
        std::copy(x.begin(), x.end(), into->rows_.data() + slot(i) * Features);
        into->notes_[slot(i)] = n;
      }
    }
  }

 private:
  static constexpr std::uint64_t greatest_number = std::uint64_t{1} << 62;
  static constexpr std::size_t slot(std::uint64_t number) noexcept { return static_cast<std::size_t>(number % Capacity); }

  std::array<float, Features * Capacity> rows_{};
  array_of<row_note, Capacity> notes_{};
  std::uint64_t first_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace skerry::inline v0::anomaly::detail
