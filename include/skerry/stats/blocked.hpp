// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/empty_like.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats {

/// A summary that fills blocks of Length values and merges each into the whole: for states of `float`, in which one more value no longer
/// moves a mean of 2^24, while a block of 4096 still does.
///
/// Cost    that of S, and one merge for every Length values; two S and 8 bytes; no heap
/// Bound   as S with float up to 2^24 blocks: 6.9e10 values
/// Merge   as S
/// Errors  as S
template <class S, std::uint32_t Length = 4096>
class blocked {
  static_assert(commutative_monoid<S>, "blocked<S>: S merges; what joins needs no blocks");
  static_assert(Length >= 2, "blocked<S, Length>: at least two values to a block");

 public:
  using value_type = typename S::value_type;
  using algebra = merges;
  static constexpr merge_kind merging = S::merging;

  constexpr blocked() noexcept requires std::default_initializable<S> : whole_{}, block_{} {}
  explicit constexpr blocked(const S& prototype) noexcept : whole_{detail::empty_like(prototype)}, block_{whole_} {}

  constexpr status observe(value_type x) noexcept {
    const status taken = block_.observe(x);
    if (taken && block_.count() >= Length) {
      close();
    }
    return taken;
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t accepted = 0;
    while (!xs.empty()) {
      const std::size_t room = Length - static_cast<std::size_t>(block_.count());
      const auto part = xs.first(xs.size() < room ? xs.size() : room);
      xs = xs.subspan(part.size());
      accepted += block_.observe(part);
      if (block_.count() >= Length) {
        close();
      }
    }
    return accepted;
  }
  constexpr void merge(const blocked& other) noexcept {
    const S theirs = other.summary();
    (void)combine(whole_, theirs);
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return whole_.count() + block_.count(); }
  /// Of all values.
  [[nodiscard]] constexpr S summary() const noexcept {
    S all = whole_;
    (void)combine(all, block_);
    return all;
  }
  constexpr void clear() noexcept {
    whole_ = detail::empty_like(whole_);
    block_ = whole_;
  }
  /// The image of `summary()`.
  constexpr status encode(byte_writer& out) const noexcept requires encodable<S> { return summary().encode(out); }

 private:
  constexpr void close() noexcept {
    (void)combine(whole_, block_);
    block_ = detail::empty_like(block_);
  }

  S whole_;
  S block_;
};

}  // namespace skerry::inline v0::stats
