// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/lanes.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// Exponentially weighted mean and variance: by time, so that a gap in the data weighs as much as it lasted, or by a constant
/// weight for values at equal steps.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`). The first value is the mean, with variance 0.
/// Units   mean as the input; time and `tau` in the caller's ticks
/// Cost    one expm1 per value by time, a few operations with constant weight, blocks of 64 in 8 lanes; 32 bytes and a counter; no heap
/// Bound   none worth a number: after a step the mean has 63 % of it within tau, 95 % within 3 tau
/// Merge   none: the weights of the values are gone. A `merge` does not compile.
/// Errors  `stale` for a time that is not after the last one, `not_finite`, `out_of_range` when a value is too far from the mean
///         to be squared, `mismatch` for the form of `observe` that this object was not made for; queries: `empty`
/// Source  Finch, "Incremental calculation of weighted mean and variance", 2009, section 9; weight 1 - exp(-dt/tau)
template <class Real = double>
class ewma {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "ewma<Real>: Real is float or double");

 public:
  using value_type = Real;
  static constexpr std::size_t encoded_size = 34;

  /// By time: the weight of a value falls to 1/e in `tau` ticks. `tau` is finite and above zero.
  explicit constexpr ewma(Real tau) noexcept : parameter_{tau} {
    SKERRY_ASSERT(tau > 0 && __builtin_isfinite(tau) && "ewma: tau is finite and above zero");
  }
  /// By time, for a `tau` that comes from outside: `invalid` unless it is finite and above zero.
  [[nodiscard]] static constexpr result<ewma> create(Real tau) noexcept {
    if (!(tau > 0) || !__builtin_isfinite(tau)) {
      return errc::invalid;
    }
    return ewma{tau};
  }
  /// At equal steps: every value has the weight `alpha` when it comes; `invalid` unless 0 < alpha <= 1.
  [[nodiscard]] static constexpr result<ewma> with_alpha(Real alpha) noexcept {
    if (!(alpha > 0) || !(alpha <= 1)) {
      return errc::invalid;
    }
    ewma out{1};
    out.parameter_ = -alpha;
    return out;
  }

  /// A value at a time, which is later than the last one.
  constexpr status observe(ticks t, Real x) noexcept {
    if (parameter_ < 0) {
      return refuse(errc::mismatch);
    }
    if (!__builtin_isfinite(x)) {
      return refuse(errc::not_finite);
    }
    if (empty()) {
      last_ = t;
      return first(x);
    }
    if (t <= last_) {
      return refuse(errc::stale);
    }
    // The distance of two 64-bit times fits into 64 bits without a sign.
    const auto dt = static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(last_);
    const Real age = static_cast<Real>(dt) / parameter_;
    Real alpha = 1;
    Real keep = 0;
    if (age < Real(0.6875)) {  // about ln 2: the smaller of the two is computed, the greater is one minus it
      alpha = -math::expm1(-age);
      keep = 1 - alpha;
    } else {
      keep = math::exp(-age);
      alpha = 1 - keep;
    }
    const status moved = move(alpha, keep, x);
    last_ = moved ? t : last_;
    return moved;
  }
  /// The time comes first: a number with a fraction there is a value in the wrong place.
  template <std::floating_point Time>
  status observe(Time, Real) = delete;

  /// A value at the next of equal steps (`with_alpha`).
  constexpr status observe(Real x) noexcept {
    if (parameter_ > 0) {
      return refuse(errc::mismatch);
    }
    if (!__builtin_isfinite(x)) {
      return refuse(errc::not_finite);
    }
    return empty() ? first(x) : move(-parameter_, 1 + parameter_, x);
  }
  /// Many values at equal steps; returns how many were accepted. A block with a value to refuse, or after which the mean stands far from
  /// where it stood, goes one by one.
  constexpr std::size_t observe(std::span<const Real> xs) noexcept {
    std::size_t accepted = 0;
    if (!std::is_constant_evaluated() && parameter_ < 0 && xs.size() > block) {
      if (empty()) {
        accepted += observe(xs[0]) ? 1U : 0U;
        xs = xs.subspan(1);
      }
      const block_weights weights{-parameter_};
      for (; xs.size() >= block && !empty(); xs = xs.subspan(block)) {
        if (observe_block(xs.data(), weights)) {
          accepted += block;
          continue;
        }
        for (const Real x : xs.first(block)) {
          accepted += observe(x) ? 1U : 0U;
        }
      }
    }
    for (const Real x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    static_assert(!std::same_as<Other, Other>,
                  "two ewma cannot be merged, because the weights of their values are gone: merge stats::moments over windows of time, "
                  "or decayed<moments>, and read the mean there");
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return variance_ < 0; }
  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    return mean_;
  }
  /// Of the weighted values around the weighted mean.
  [[nodiscard]] constexpr result<Real> variance() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    return variance_;
  }
  [[nodiscard]] constexpr result<Real> stddev() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    return math::sqrt(variance_);
  }
  /// The time of the last value; `mismatch` at equal steps, where there is none.
  [[nodiscard]] constexpr result<ticks> last() const noexcept {
    if (empty()) {
      return errc::empty;
    }
    if (parameter_ < 0) {
      return errc::mismatch;
    }
    return last_;
  }

  /// Calls refused, for whatever reason. Not part of the image.
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  /// Forgets all values, keeps tau or alpha.
  constexpr void clear() noexcept {
    last_ = 0;
    mean_ = 0;
    variance_ = nothing;
    refused_ = 0;
  }

  /// The frame `u8 5, u8 version 1, f64 tau, i64 last, f64 mean, f64 variance`. A constant alpha stands as tau = -alpha, with
  /// last = 0; without any value last and mean are 0 and the variance is -1.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.f64(static_cast<double>(parameter_));
    out.i64(last_);
    out.f64(static_cast<double>(mean_));
    out.f64(static_cast<double>(variance_));
    return out.error();
  }
  [[nodiscard]] static constexpr result<ewma> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const double parameter = in.f64();
    const ticks last = in.i64();
    const double mean = in.f64();
    const double variance = in.f64();
    if (const errc e = in.error(); e != errc::ok) {
      return e;
    }
    if (type != frame_type) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    const bool by_time = parameter > 0;
    const bool none = std::bit_cast<std::uint64_t>(variance) == std::bit_cast<std::uint64_t>(-1.0);
    if (!__builtin_isfinite(parameter) || !__builtin_isfinite(mean) || !__builtin_isfinite(variance) ||
        (!by_time && !(parameter < 0 && parameter >= -1)) || (!by_time && last != 0) || (!none && variance < 0) ||
        (none && (last != 0 || std::bit_cast<std::uint64_t>(mean) != 0))) {
      return errc::corrupt;
    }
    if (!holds(parameter) || !holds(mean) || !holds(variance)) {
      return errc::mismatch;
    }
    ewma out{1};
    out.parameter_ = static_cast<Real>(parameter);
    out.last_ = last;
    out.mean_ = static_cast<Real>(mean);
    out.variance_ = static_cast<Real>(variance);
    return out;
  }

  /// Equal parameter and equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const ewma& a, const ewma& b) noexcept {
    return a.parameter_ == b.parameter_ && a.last_ == b.last_ && a.mean_ == b.mean_ && a.variance_ == b.variance_;
  }

 private:
  static constexpr std::uint8_t frame_type = 5;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr Real nothing = -1;  // a variance that cannot be

  [[nodiscard]] static constexpr bool holds(double x) noexcept {
    if constexpr (std::same_as<Real, double>) {
      return true;
    } else {
      constexpr double most = static_cast<double>(std::numeric_limits<Real>::max());
      return x <= most && x >= -most && static_cast<double>(static_cast<Real>(x)) == x;
    }
  }

  static constexpr std::size_t block = 64;
  static_assert(block == 8 * detail::lane_count);

  /// What the values of a block weigh: the last one alpha, each before it less by the factor `keep`.
  struct block_weights {
    detail::lanes<Real> lane;  // of the last eight
    Real row;                  // eight values before these
    Real all;                  // what stood there before the block

    explicit block_weights(Real alpha) noexcept {
      const Real keep = 1 - alpha;
      Real each[detail::lane_count];
      Real w = alpha;
      for (std::size_t l = detail::lane_count; l-- > 0;) {
        each[l] = w;
        w *= keep;
      }
      lane = detail::lanes<Real>::load(each);
      const Real four = (keep * keep) * (keep * keep);
      row = four * four;
      const Real rows = (row * row) * (row * row);
      all = rows * rows;
    }
  };

  /// A whole block, around the mean before it: mean += sum of w d, variance = keep^64 variance + sum of w d^2 - (sum of w d)^2. False when
  /// that would cancel or is not finite; then nothing changed.
  bool observe_block(const Real* x, const block_weights& weights) noexcept {
    using lanes = detail::lanes<Real>;
    lanes sum;
    lanes squares;
    const Real mean = mean_;
    for (const Real* const end = x + block; x != end; x += detail::lane_count) {
      const lanes d = lanes::load(x).minus(mean);
      sum = sum.times(weights.row);
      sum.add(d);
      squares = squares.times(weights.row);
      squares.add(d.times(d));
    }
    const Real moved = sum.times(weights.lane).fold();
    const Real square = squares.times(weights.lane).fold();
    const Real spread = square - moved * moved;
    const Real variance = weights.all * variance_ + spread;
    if (!(spread * 1024 >= square) || !__builtin_isfinite(variance) || !__builtin_isfinite(mean + moved)) {
      return false;
    }
    mean_ = mean + moved;
    variance_ = variance;
    return true;
  }

  constexpr status refuse(errc why) noexcept {
    ++refused_;
    return why;
  }
  constexpr status first(Real x) noexcept {
    mean_ = x;
    variance_ = 0;
    return {};
  }
  constexpr status move(Real alpha, Real keep, Real x) noexcept {
    const Real d = x - mean_;
    const Real step = alpha * d;
    // After a long gap the new value is nearly all of the mean: written as a step, its last digits would drown in the old mean.
    const Real mean = alpha < Real(0.5) ? mean_ + step : alpha * x + keep * mean_;
    const Real variance = keep * (variance_ + step * d);
    if (!__builtin_isfinite(mean) || !__builtin_isfinite(variance)) {
      return refuse(errc::out_of_range);
    }
    mean_ = mean;
    variance_ = variance;
    return {};
  }

  Real parameter_;  // tau, or -alpha
  Real mean_ = 0;
  Real variance_ = nothing;
  ticks last_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
