// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/empty_like.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats {

/// What becomes of a NaN. No policy lets one into a stored number: it would poison every merge above.
enum class nan_policy : std::uint8_t {
  refuse,      ///< `errc::not_finite`, as every summary does by itself
  count_only,  ///< taken as seen and counted, no error: for signals in which gaps are written so
  propagate,   ///< counted, and from then on there is no summary: for results that must not be quoted with a gap in them
};

/// A summary with another answer to NaN.
///
/// Input   as S, and NaN
/// Cost    that of S and a comparison per value; 8 bytes; no heap
/// Merge   as S; NaNs seen there were seen here too. A summary that joins counts its NaNs by the greater of the two, so that joining twice
///         changes nothing.
/// Errors  as S; `summary()`: `not_finite` with `propagate` after a NaN
template <nan_policy P, class S>
class on_nan {
 public:
  using value_type = typename S::value_type;
  using algebra = typename S::algebra;
  static constexpr merge_kind merging = S::merging;
  static constexpr nan_policy policy = P;

  constexpr on_nan() noexcept requires std::default_initializable<S> : summary_{} {}
  explicit constexpr on_nan(const S& prototype) noexcept : summary_{prototype} {}

  constexpr status observe(value_type x) noexcept {
    if (P != nan_policy::refuse && x != x) {
      ++nans_;
      return {};
    }
    return summary_.observe(x);
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const value_type> xs) noexcept {
    std::size_t accepted = 0;
    for (const value_type x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }
  constexpr status merge(const on_nan& other) noexcept requires commutative_monoid<S> {
    const std::uint64_t theirs = other.nans_;
    const status done = combine(summary_, other.summary_);
    nans_ += done ? theirs : 0;
    return done;
  }
  constexpr status join(const on_nan& other) noexcept requires join_semilattice<S> {
    const status done = combine(summary_, other.summary_);
    nans_ = done && other.nans_ > nans_ ? other.nans_ : nans_;
    return done;
  }

  /// NaNs that were taken.
  [[nodiscard]] constexpr std::uint64_t nans() const noexcept { return nans_; }
  [[nodiscard]] constexpr result<S> summary() const noexcept {
    if (P == nan_policy::propagate && nans_ != 0) {
      return errc::not_finite;
    }
    return summary_;
  }
  constexpr void clear() noexcept {
    summary_ = detail::empty_like(summary_);
    nans_ = 0;
  }

 private:
  S summary_;
  std::uint64_t nans_ = 0;
};

}  // namespace skerry::inline v0::stats
