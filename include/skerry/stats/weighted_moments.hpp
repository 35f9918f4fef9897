// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Mean and central moments of values that count unequally, mergeable.
///
/// Input   finite values with finite weights above zero; anything else is refused (`errc::not_finite`; `invalid` for a weight of
///         zero or below), and so is a value whose sums would overflow (`errc::out_of_range`). Refused values are counted and
///         change no stored number.
/// Units   those of the input; variance in their square; weights in any unit of their own, but see the two variances
/// Cost    O(1) per value, two divisions; 40 + 8 * Order bytes for double; no heap
/// Bound   mean 1e-13, central sums 1e-8 with weights from 1e-6 to 1e6 (double)
/// Merge   commutative and associative up to rounding, not idempotent; merging with an empty one changes no bit
/// Errors  queries: `empty` without a value, `insufficient` where a variance has no divisor, `degenerate` for shape without
///         spread; `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (order, or numbers that Real cannot hold)
/// Source  West 1979, "Updating mean and variance estimates"; Pebay 2008, SAND2008-6212, eq. 3.1 with weights for counts
///
/// There is no plain `variance()`: what to divide by depends on what the weights mean, and only the caller knows.
template <class Real = double, unsigned Order = 4>
class weighted_moments {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "weighted_moments<Real>: Real is float or double");
  static_assert(Order >= 1 && Order <= 4, "weighted_moments<Real, Order>: 1 mean, 2 variance, 3 skewness, 4 kurtosis");

 public:
  using value_type = Real;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::rounded;
  static constexpr unsigned order = Order;
  static constexpr std::size_t encoded_size = 27 + 8 * Order;

  /// One value more, which counts `weight` times.
  constexpr status observe(Real x, Real weight) noexcept {
    if (!math::isfinite(x) || !math::isfinite(weight)) {
      return refuse(errc::not_finite);
    }
    if (!(weight > 0)) {
      return refuse(errc::invalid);
    }
    numbers one{};
    one.n = 1;
    one.weight = weight;
    one.squares = weight * weight;
    one.m[0] = x + Real{0};
    return add(one) ? status{} : refuse(errc::out_of_range);
  }
  /// Many values, each with its weight; returns how many were accepted.
  constexpr std::size_t observe(std::span<const Real> xs, std::span<const Real> weights) noexcept {
    SKERRY_ASSERT(xs.size() == weights.size() && "weighted_moments: one weight for each value");
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      accepted += observe(xs[i], weights[i]) ? 1U : 0U;
    }
    return accepted;
  }
  /// The values of another stream too. A merge that would overflow changes nothing and counts the other's values as refused.
  constexpr void merge(const weighted_moments& other) noexcept {
    const std::uint64_t theirs = other.refused_;
    const std::uint64_t count = other.state_.n;
    refused_ += theirs + (count == 0 || add(numbers{other.state_}) ? 0 : count);
  }

  /// All weights times `factor`, in [0, 1]: how values lose their weight with time.
  constexpr void scale_weights(Real factor) noexcept {
    SKERRY_ASSERT(factor >= 0 && factor <= 1 && "scale_weights: a factor in [0, 1]");
    state_.weight *= factor;
    state_.squares *= factor * factor;
    for (unsigned k = 1; k < Order; ++k) {
      state_.m[k] *= factor;
    }
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return state_.n; }
  [[nodiscard]] constexpr Real sum_weights() const noexcept { return state_.weight; }
  /// The sum of the squares of the weights; sum_weights()^2 over it is the number of equal weights that would say as much.
  [[nodiscard]] constexpr Real sum_squared_weights() const noexcept { return state_.squares; }

  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (state_.n == 0) {
      return errc::empty;
    }
    return state_.m[0];
  }
  /// Of the values themselves, divided by the sum of weights.
  [[nodiscard]] constexpr result<Real> variance_population() const noexcept requires(Order >= 2) { return variance(state_.weight); }
  /// Unbiased if a weight says how often the value was seen: divided by the sum of weights less one.
  [[nodiscard]] constexpr result<Real> variance_frequency() const noexcept requires(Order >= 2) { return variance(state_.weight - 1); }
  /// Unbiased if a weight says how far the value is to be relied on, as an inverse variance does.
  [[nodiscard]] constexpr result<Real> variance_reliability() const noexcept requires(Order >= 2) {
    if (state_.n == 1) {
      return errc::insufficient;  // the divisor is zero, whatever rounding says
    }
    return variance(state_.n == 0 ? Real{0} : state_.weight - state_.squares / state_.weight);
  }
  /// The population form, with weights for counts.
  [[nodiscard]] constexpr result<Real> skewness() const noexcept requires(Order >= 3) {
    if (state_.n == 0) {
      return errc::empty;
    }
    return shape(state_.m[2] / state_.m[1] * math::sqrt(state_.weight / state_.m[1]));
  }
  /// The population form, with weights for counts: zero for a normal distribution.
  [[nodiscard]] constexpr result<Real> kurtosis_excess() const noexcept requires(Order >= 4) {
    if (state_.n == 0) {
      return errc::empty;
    }
    return shape(state_.m[3] / state_.m[1] * (state_.weight / state_.m[1]) - 3);
  }

  /// Values refused here or in what was merged. Not part of the image.
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  constexpr void clear() noexcept { *this = weighted_moments{}; }

  /// The frame `u8 2, u8 version 1, u8 order, u64 n, f64 sum w, f64 sum w^2, f64 mean, f64 M2 ...`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u8(Order);
    out.u64(state_.n);
    out.f64(static_cast<double>(state_.weight));
    out.f64(static_cast<double>(state_.squares));
    for (const Real m : state_.m) {
      out.f64(static_cast<double>(m));
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<weighted_moments> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto image_order = in.u8();
    weighted_moments out;
    out.state_.n = in.u64();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || image_order < 1 || image_order > 4 || out.state_.n > max_count) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (image_order != Order) {
      return errc::mismatch;
    }
    bool possible = true;
    bool fits = true;
    const auto number = [&](bool zero, bool negative) {
      const double v = in.f64();
      // No values: all zero. One value: no spread. (By bits, so that an accepted image is also what `encode` writes.)
      possible = possible && math::isfinite(v) && (negative || !math::signbit(v)) && !(zero && std::bit_cast<std::uint64_t>(v) != 0);
      constexpr double greatest = static_cast<double>(std::numeric_limits<Real>::max());
      const bool held = v <= greatest && v >= -greatest && static_cast<double>(static_cast<Real>(v)) == v;
      fits = fits && held;
      return held ? static_cast<Real>(v) : Real{0};
    };
    const std::uint64_t n = out.state_.n;
    out.state_.weight = number(n == 0, false);
    out.state_.squares = number(n == 0, false);
    for (unsigned k = 0; k < Order; ++k) {
      out.state_.m[k] = number(k == 0 ? n == 0 : n <= 1, k % 2 == 0);
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!possible || (fits && n != 0 && !(out.state_.weight > 0))) {
      return errc::corrupt;
    }
    if (!fits) {
      return errc::mismatch;
    }
    return out;
  }

  /// Equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const weighted_moments& a, const weighted_moments& b) noexcept {
    bool same = a.state_.n == b.state_.n && a.state_.weight == b.state_.weight && a.state_.squares == b.state_.squares;
    for (unsigned k = 0; k < Order; ++k) {
      same = same && a.state_.m[k] == b.state_.m[k];
    }
    return same;
  }

 private:
  static constexpr std::uint8_t frame_type = 2;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr std::uint64_t max_count = std::uint64_t{1} << 63;

  struct numbers {
    std::uint64_t n;
    Real weight;
    Real squares;
    Real m[Order];  // mean, then the weighted sums of the second to fourth powers of the distances from it
    Real rest;      // what rounding took from the mean
  };

  constexpr status refuse(errc why) noexcept {
    ++refused_;
    return why;
  }

  [[nodiscard]] constexpr result<Real> variance(Real divisor) const noexcept {
    if (state_.n == 0) {
      return errc::empty;
    }
    if (!(divisor > 0)) {
      return errc::insufficient;
    }
    const Real answer = state_.m[1] / divisor;
    if (!math::isfinite(answer)) {
      return errc::out_of_range;
    }
    return answer;
  }
  [[nodiscard]] constexpr result<Real> shape(Real value) const noexcept {
    if (!(state_.m[1] > 0) || !math::isfinite(value)) {
      return errc::degenerate;
    }
    return value;
  }

  /// state += from, or false: then nothing changed.
  constexpr bool add(const numbers& from) noexcept {
    numbers next{};
    next.n = state_.n + from.n;
    next.weight = state_.weight + from.weight;
    next.squares = state_.squares + from.squares;
    bool good = from.n <= max_count - state_.n && math::isfinite(next.weight) && math::isfinite(next.squares);
    if (state_.n == 0) {
      next = from;
    } else {
      // From the heavier side: a step from a value of little weight all the way to the mean would round that mean's last digits away.
      const bool heavier = from.weight > state_.weight;
      const numbers a = heavier ? from : state_;
      const numbers b = heavier ? state_ : from;
      const Real fa = a.weight / next.weight;
      const Real fb = b.weight / next.weight;
      const Real delta = (b.m[0] - a.m[0]) + (b.rest - a.rest);
      const Real step = delta * fb;
      const Real moved = a.rest + step;
      next.m[0] = a.m[0] + moved;
      const Real of_step = next.m[0] - a.m[0];
      next.rest = (a.m[0] - (next.m[0] - of_step)) + (moved - of_step);
      if constexpr (Order >= 2) {
        const Real t = delta * step * a.weight;
        const Real back = delta * fa;  // the mean of b moves by as much the other way
        if constexpr (Order >= 4) {
          const Real m4 = a.m[3] + b.m[3] + t * (delta * delta) * (fa * (fa - fb) + fb * fb) +
                          6 * (step * step * a.m[1] + back * back * b.m[1]) - 4 * (step * a.m[2] - back * b.m[2]);
          next.m[3] = m4 < 0 ? Real{0} : m4;
        }
        if constexpr (Order >= 3) {
          next.m[2] = a.m[2] + b.m[2] + t * delta * (fa - fb) - 3 * (step * a.m[1] - back * b.m[1]);
        }
        next.m[1] = a.m[1] + b.m[1] + t;
      }
    }
    for (const Real m : next.m) {
      good = good && math::isfinite(m);
    }
    if (good) {
      state_ = next;
    }
    return good;
  }

  numbers state_{};
  std::uint64_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
