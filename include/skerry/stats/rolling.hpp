// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/moments.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// What `S` says of exactly the last N values.
///
/// `summary()` answers an `S`, which may be merged or joined upward like any other; the window itself has no merge, because the
/// last values of two streams are not the last values of one.
///
/// Input   as S; a refused value does not move the window
/// Errors  as S
template <class S, std::size_t N>
class rolling {
  static_assert(!std::same_as<S, S>, "rolling<S, N> is made for S = moments and S = extrema (positions forgotten)");
};

/// Moments of the last N values.
///
/// Cost    O(1) amortised per value: powers of the distance from a pivot go in and out of compensated sums, so what leaves takes
///         exactly its own bits with it; the sums are rebuilt (O(N)) every 16 N values, or after N when the mean has moved far from
///         the pivot. (N + 2 * Order + 1) * sizeof(Real) + 16 bytes (an odd Order
///         counts as the even one above it), no heap. `summary()` O(1).
/// Bound   as one block of N values, whatever passed through before: an outlier leaves no trace once it has left. While the mean
///         moves away from the pivot for less than N + 2 values, the digits of (mean - pivot)^2 / variance beyond 1024 are lost.
///         Whatever comes: mean within 6 u L, sum of squares within 40 u N R^2, where u is half a unit in the last place, L the
///         largest of the last 17 N + 2 values and R the greatest distance among them from the mean
/// Errors  `out_of_range` when the powers of a value would overflow the sums
template <class Real, unsigned Order, std::size_t N>
class rolling<moments<Real, Order>, N> {
  static_assert(N >= 2 && N <= (std::size_t{1} << 24), "rolling<moments, N>: 2 to 2^24 values");

 public:
  using value_type = Real;
  static constexpr std::size_t capacity = N;

  status observe(Real x) noexcept {
    const Real pivot = size_ == 0 ? x : pivot_;
    const powers in{x - pivot};
    // Sixteen windows of such terms fit, and so does every step of the compensation. What is not finite shows here too.
    if (!__builtin_isfinite(in.last() * static_cast<Real>(16 * N))) {
      ++refused_;
      return __builtin_isfinite(x) ? errc::out_of_range : errc::not_finite;
    }
    pivot_ = pivot;
    if (size_ == N) {
      sums_.replace(powers{value_[at_] - pivot}, in);
    } else {
      ++size_;
      sums_.add(in);
    }
    value_[at_] = x;
    at_ = at_ + 1 == N ? 0 : at_ + 1;
    ++since_rebuild_;
    if (since_rebuild_ % between_looks == 0 && since_rebuild_ >= N) {
      if (since_rebuild_ >= 16 * N || far_from_pivot()) {
        rebuild();
      }
    }
    return {};
  }
  /// Many values; returns how many were accepted.
  std::size_t observe(std::span<const Real> xs) noexcept {
    std::size_t accepted = 0;
    for (const Real x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  /// The moments of the values in the window; an empty one without values.
  [[nodiscard]] moments<Real, Order> summary() const noexcept {
    Real sums[Order];
    for (unsigned k = 0; k < Order; ++k) {
      const Real s = sums_.value(k);
      sums[k] = k % 2 == 1 && s < 0 ? Real{0} : s;
    }
    return moments<Real, Order>::from_shifted_sums(size_, pivot_, std::span<const Real, Order>{sums}).value_or(moments<Real, Order>{});
  }

  /// Values in the window: N once it is full.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == N; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  void clear() noexcept { *this = rolling{}; }

 private:
  // In short windows a value more around a far pivot shows in the last digits.
  static constexpr std::uint32_t between_looks = N < 64 ? 1 : 2;

  // Two powers side by side: what a compiler should see by itself and does not (GCC 12: twice the time).
  static constexpr unsigned pairs = (Order + 1) / 2;
  typedef Real pair __attribute__((vector_size(2 * sizeof(Real))));
  typedef Real stored_pair __attribute__((vector_size(2 * sizeof(Real)), aligned(alignof(Real))));

  /// A distance and its powers up to Order; of an odd order one more, which nothing is made of.
  struct powers {
    pair of[pairs];
    explicit powers(Real d) noexcept {
      const Real square = Order == 1 ? Real{0} : d * d;
      of[0] = pair{d, square};
      if constexpr (pairs == 2) {
        of[1] = of[0] * pair{square, Order == 3 ? Real{0} : square};
      }
    }
    [[nodiscard]] Real last() const noexcept { return of[pairs - 1][(Order - 1) % 2]; }
  };

  /// Sums with the rounding errors of their additions beside them (Knuth's two-sum; Neumaier 1974).
  struct sums_of_powers {
    stored_pair high[pairs]{};
    stored_pair low[pairs]{};

    void add(const powers& in) noexcept {
      for (unsigned i = 0; i < pairs; ++i) {
        add(i, in.of[i], pair{});
      }
    }
    /// One step instead of two in the chain of each sum: the difference first, with what rounding takes from it.
    void replace(const powers& out, const powers& in) noexcept {
      for (unsigned i = 0; i < pairs; ++i) {
        const pair moved = in.of[i] - out.of[i];
        const pair back = moved - in.of[i];
        add(i, moved, (in.of[i] - (moved - back)) - (out.of[i] + back));
      }
    }
    void add(unsigned i, pair x, pair rest) noexcept {
      const pair h = high[i];
      const pair s = h + x;
      const pair from_x = s - h;
      low[i] = low[i] + (((h - (s - from_x)) + (x - from_x)) + rest);
      high[i] = s;
    }
    [[nodiscard]] Real value(unsigned k) const noexcept { return high[k / 2][k % 2] + low[k / 2][k % 2]; }
  };

  [[nodiscard]] bool far_from_pivot() const noexcept {
    if constexpr (Order == 1) {
      return false;
    } else {
      // Ten bits of the second sum cancel when the centre moves to the mean. (Only asked of a full window; no division.)
      const Real squares = sums_.high[0][1] * static_cast<Real>(N);
      return (squares - sums_.high[0][0] * sums_.high[0][0]) * 1024 < squares;
    }
  }

  void rebuild() noexcept {
    const Real pivot = pivot_ + sums_.value(0) / static_cast<Real>(size_);
    sums_of_powers sums;
    for (std::size_t i = 0; i < size_; ++i) {
      sums.add(powers{value_[i] - pivot});
    }
    since_rebuild_ = 0;
    bool finite = true;
    for (unsigned k = 0; k < Order; ++k) {
      finite = finite && __builtin_isfinite(sums.value(k) * 16);
    }
    if (!finite) {
      return;  // around the old pivot the sums are within range
    }
    pivot_ = pivot;
    sums_ = sums;
  }

  Real value_[N]{};
  sums_of_powers sums_{};
  Real pivot_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t since_rebuild_ = 0;
  std::uint32_t refused_ = 0;
};

/// Least and greatest of the last N values, exactly.
///
/// Cost    O(1) amortised, O(N) at worst per value: two queues of candidates, each value enters and leaves each once.
///         N * (sizeof(T) + 2 * sizeof(slot)) bytes and 32 more, a slot being the smallest unsigned number that counts N; no heap.
///         `summary()` O(1).
/// Source  Lemire, "Streaming maximum-minimum filter using no more than three comparisons per element", 2006
template <class T, std::size_t N>
class rolling<extrema<T>, N> {
  static_assert(N >= 1 && N <= (std::size_t{1} << 24), "rolling<extrema, N>: 1 to 2^24 values");

 public:
  using value_type = T;
  static constexpr std::size_t capacity = N;

  status observe(T x) noexcept {
    if (!(x == x)) {
      ++refused_;
      return errc::not_finite;
    }
    if (size_ == N) {
      least_.leave(static_cast<slot>(at_));
      greatest_.leave(static_cast<slot>(at_));
    } else {
      ++size_;
    }
    while (least_.count != 0 && !(value_[least_.back()] < x)) {
      --least_.count;
    }
    while (greatest_.count != 0 && !(value_[greatest_.back()] > x)) {
      --greatest_.count;
    }
    value_[at_] = x;
    least_.enter(static_cast<slot>(at_));
    greatest_.enter(static_cast<slot>(at_));
    at_ = at_ + 1 == N ? 0 : at_ + 1;
    return {};
  }
  /// Many values; returns how many were accepted.
  std::size_t observe(std::span<const T> xs) noexcept {
    std::size_t accepted = 0;
    for (const T x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  /// The extrema of the values in the window; an empty one without values.
  [[nodiscard]] extrema<T> summary() const noexcept {
    extrema<T> out;
    if (size_ != 0) {
      const T ends[2] = {value_[least_.front()], value_[greatest_.front()]};
      out.observe(std::span<const T>{ends});
    }
    return out;
  }

  /// Values in the window: N once it is full.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == N; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  void clear() noexcept { *this = rolling{}; }

 private:
  using slot = std::conditional_t<N <= 0x100, std::uint8_t, std::conditional_t<N <= 0x10000, std::uint16_t, std::uint32_t>>;

  /// Slots of values that may yet become the extreme one, oldest first. Never more than N.
  struct queue {
    slot held[N]{};
    std::uint32_t start = 0;
    std::uint32_t count = 0;

    [[nodiscard]] std::uint32_t place(std::uint32_t i) const noexcept {
      const std::uint32_t p = start + i;
      return p >= N ? p - static_cast<std::uint32_t>(N) : p;
    }
    [[nodiscard]] slot front() const noexcept { return held[start]; }
    [[nodiscard]] slot back() const noexcept { return held[place(count - 1)]; }
    void enter(slot s) noexcept {
      held[place(count)] = s;
      ++count;
    }
    void leave(slot s) noexcept {
      if (count != 0 && front() == s) {
        start = place(1);
        --count;
      }
    }
  };

  T value_[N]{};
  queue least_{};
  queue greatest_{};
  std::uint32_t at_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
