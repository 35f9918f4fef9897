// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// Everything that a life has done up to its event `n`, as one number. Two lives under one name that did different things differ here.
struct chain_point {
  std::uint64_t n = 0;
  std::uint64_t value = 0;
  friend constexpr bool operator==(const chain_point&, const chain_point&) noexcept = default;
};

/// The last Most operations of one life, each with the hash of all before it: what tells a clone from a slow peer's old news.
///
/// Cost    16 bytes an operation and 24; fold O(bytes of the operation)
/// Bound   two histories that differ have equal values with a probability of 2^-64
template <std::size_t Most>
class event_chain {
 public:
  enum class match : std::uint8_t { unknown, same, other };

  /// An operation whose last event is `n`.
  constexpr void fold(std::uint64_t n, std::span<const std::byte> operation) noexcept {
    const chain_point next{n, hash64(operation, last().value)};
    if (size_ == Most) {
      for (std::size_t i = 1; i < Most; ++i) {
        points_[i - 1] = points_[i];
      }
      --size_;
    }
    points_[size_++] = next;
  }
  [[nodiscard]] constexpr chain_point last() const noexcept { return size_ > 0 ? points_[size_ - 1] : chain_point{}; }
  /// What somebody else knows of this life. `unknown`: too old, or more than this life has done.
  [[nodiscard]] constexpr match compare(const chain_point& theirs) const noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (points_[i].n == theirs.n) {
        return points_[i].value == theirs.value ? match::same : match::other;
      }
      if (points_[i].n > theirs.n && i > 0) {
        return match::other;  // here no operation ended there
      }
    }
    return match::unknown;
  }
  constexpr void clear() noexcept { *this = {}; }

  constexpr void encode(byte_writer& out) const noexcept {
    out.varint(size_);
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      out.varint(points_[i].n - before);
      out.u64(points_[i].value);
      before = points_[i].n;
    }
  }
  /// Of a longer chain the latest points stay. Errors are the reader's.
  constexpr void decode(byte_reader& in) noexcept {
    clear();
    const std::size_t count = in.count(9);
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < count && in.error() == errc::ok; ++i) {
      const std::uint64_t step = in.varint();
      const std::uint64_t value = in.u64();
      if (in.error() == errc::ok && (step == 0 || n + step < n)) {
        in.fail(errc::corrupt);
      }
      n += step;
      if (count - i <= Most && in.error() == errc::ok) {
        points_[size_++] = {n, value};
      }
    }
  }

 private:
  std::array<chain_point, Most> points_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::state
