// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/keyed_hash.hpp>
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
/// Cost    9 bytes an operation and 24; fold O(bytes of the operation)
/// Bound   two histories that differ have equal values with a probability of 2^-64
template <std::size_t Most>
class event_chain {
  static_assert(Most < 256, "a chain is short");

 public:
  enum class match : std::uint8_t { unknown, same, other };

  /// An operation whose last event is `n`.
  constexpr void fold(std::uint64_t n, std::span<const std::byte> operation) noexcept {
    push({n, hash64(operation, size_ > 0 ? values_[place(size_ - 1U)] : 0)});
  }
  [[nodiscard]] constexpr chain_point last() const noexcept {
    return size_ > 0 ? chain_point{n_, values_[place(size_ - 1U)]} : chain_point{};
  }
  /// What somebody else knows of this life. `unknown`: too old, or more than this life has done.
  [[nodiscard]] constexpr match compare(const chain_point& theirs) const noexcept {
    std::uint64_t n = n_;
    for (std::size_t i = size_; i > 0 && theirs.n <= n; --i) {
      if (n == theirs.n) {
        return values_[place(i - 1)] == theirs.value ? match::same : match::other;
      }
      if (i > 1 && theirs.n > n - steps_[place(i - 1)]) {
        return match::other;  // here no operation ended there
      }
      n -= steps_[place(i - 1)];
    }
    return match::unknown;
  }
  constexpr void clear() noexcept { *this = {}; }

  constexpr void encode(byte_writer& out) const noexcept {
    out.varint(size_);
    out.varint(n_);
    for (std::size_t i = 0; i < size_; ++i) {
      out.u8(steps_[place(i)]);
      out.u64(values_[place(i)]);
    }
  }
  /// Of a longer chain the latest points stay. Errors are the reader's.
  constexpr void decode(byte_reader& in) noexcept {
    clear();
    const std::size_t count = in.count(9);
    n_ = in.varint();
    for (std::size_t i = 0; i < count && in.error() == errc::ok; ++i) {
      const std::uint8_t step = in.u8();
      const std::uint64_t value = in.u64();
      if (count - i <= Most) {
        steps_[size_] = step;
        values_[size_++] = value;
      }
    }
    if (in.error() != errc::ok) {
      clear();
    }
  }

 private:
  [[nodiscard]] constexpr std::size_t place(std::size_t i) const noexcept {
    const std::size_t at = first_ + i;
    return at < Most ? at : at - Most;
  }
  constexpr void push(const chain_point& next) noexcept {
    const std::uint64_t step = next.n - n_;
    if (size_ > 0 && (next.n <= n_ || step > 255)) {
      size_ = 0;  // a step that is too far to keep: what lies before it is not compared any more
    }
    if (size_ == Most) {
      first_ = static_cast<std::uint8_t>(place(1));
      --size_;
    }
    steps_[place(size_)] = static_cast<std::uint8_t>(step);
    values_[place(size_)] = next.value;
    ++size_;
    n_ = next.n;
  }

  std::uint64_t n_ = 0;  ///< of the last one
  std::array<std::uint64_t, Most> values_{};
  std::array<std::uint8_t, Most> steps_{};  ///< from the operation before
  std::uint8_t first_ = 0;                  ///< where the oldest one is
  std::uint8_t size_ = 0;
};

/// A node that does not look for clones in this way.
template <>
class event_chain<0> {
 public:
  enum class match : std::uint8_t { unknown, same, other };

  static constexpr void fold(std::uint64_t, std::span<const std::byte>) noexcept {}
  [[nodiscard]] static constexpr chain_point last() noexcept { return {}; }
  [[nodiscard]] static constexpr match compare(const chain_point&) noexcept { return match::unknown; }
  static constexpr void clear() noexcept {}
  static constexpr void encode(byte_writer& out) noexcept {
    out.varint(0);
    out.varint(0);
  }
  static constexpr void decode(byte_reader& in) noexcept {
    const std::size_t count = in.count(9);
    (void)in.varint();
    (void)in.bytes(9 * count);
  }
};

}  // namespace skerry::inline v0::state
