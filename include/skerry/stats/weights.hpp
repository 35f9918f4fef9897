// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::stats {

/// A type P models `weight_policy` when:
///   1. `p(n)` says how much the n-th value weighs when it comes, n from 1 on;
///   2. it is in (0, 1], and p(1) == 1, so that nothing is left of what stood there before the first value;
///   3. it depends on n and on what P was made with, on nothing else.
template <typename P>
concept weight_policy = requires(const P& p, std::uint64_t n) {
  { p(n) } -> std::same_as<double>;
};

/// How much the newest value weighs. Plain mean, exponential smoothing and what lies between differ by this alone.
///
/// Source  Day and Zhou, "OnlineStats.jl", 2020
namespace weights {

/// 1/n: all values alike, so the mean is the mean.
struct equal {
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept { return 1 / static_cast<double>(n); }
};
/// `alpha` for every value but the first: exponential smoothing.
struct exponential {
  double alpha;
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept { return n == 1 ? 1 : alpha; }
};
/// Exponential smoothing in which a value has half of its weight left after `values` more.
class half_life {
 public:
  explicit constexpr half_life(double values) noexcept : alpha_{-math::expm1(-math::ln2 / values)} {
    SKERRY_ASSERT(values > 0 && "half_life: above zero");
  }
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept { return n == 1 ? 1 : alpha_; }

 private:
  double alpha_;
};
/// n^-r, 1/2 < r <= 1: between forgetting nothing (1) and much; the steps of stochastic approximation (Robbins and Monro 1951).
struct learning_rate {
  double r;
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept { return math::exp2(-r * math::log2(static_cast<double>(n))); }
};
/// a / (a + n - 1), a >= 1: begins nearly constant and falls as 1/n after about `a` values.
struct harmonic {
  double a;
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept { return a / (a + static_cast<double>(n - 1)); }
};
/// Never below `floor`: what begins as a mean and goes on as exponential smoothing.
template <weight_policy P>
struct bounded {
  P policy;
  double floor;
  [[nodiscard]] constexpr double operator()(std::uint64_t n) const noexcept {
    const double w = policy(n);
    return w > floor ? w : floor;
  }
};

}  // namespace weights

/// Mean and variance in which the newest value weighs what a policy says: mean += w d, variance = (1 - w)(variance + w d^2).
///
/// With `weights::equal` these are the mean and the population variance, with `weights::exponential` those of `ewma` at equal steps.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`), and so is a value too far from the mean to be squared
///         (`errc::out_of_range`). Refused values are counted and change nothing.
/// Units   those of the input
/// Cost    O(1) per value, and what the policy costs; 32 bytes and the policy; no heap
/// Merge   none: how a value was weighed depends on those before it. A `merge` does not compile.
/// Errors  queries: `empty`
/// Source  Finch, "Incremental calculation of weighted mean and variance", 2009, section 4
template <weight_policy P = weights::equal, class Real = double>
class smoothed {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "smoothed<P, Real>: Real is float or double");

 public:
  using value_type = Real;

  constexpr smoothed() noexcept requires std::default_initializable<P> : policy_{} {}
  explicit constexpr smoothed(const P& policy) noexcept : policy_{policy} {}

  constexpr status observe(Real x) noexcept {
    if (!math::isfinite(x)) {
      ++refused_;
      return errc::not_finite;
    }
    const double weight = policy_(n_ + 1);
    SKERRY_ASSERT(weight > 0 && weight <= 1 && (n_ != 0 || weight == 1) && "weight_policy: weights lie in (0, 1], the first is 1");
    const Real w = static_cast<Real>(weight);
    const Real d = x - mean_;
    const Real mean = n_ == 0 ? x : mean_ + w * d;
    const Real variance = n_ == 0 ? Real{0} : (1 - w) * (variance_ + w * d * d);
    if (!math::isfinite(mean) || !math::isfinite(variance)) {
      ++refused_;
      return errc::out_of_range;
    }
    mean_ = mean;
    variance_ = variance;
    ++n_;
    return {};
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const Real> xs) noexcept {
    std::size_t accepted = 0;
    for (const Real x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    static_assert(!std::same_as<Other, Other>,
                  "two smoothed means cannot be merged, because the weights of their values are gone: merge stats::moments over windows of "
                  "time, or decayed<moments>, and read the mean there");
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return n_; }
  [[nodiscard]] constexpr result<Real> mean() const noexcept { return n_ == 0 ? result<Real>{errc::empty} : result<Real>{mean_}; }
  /// Of the weighted values around the weighted mean.
  [[nodiscard]] constexpr result<Real> variance() const noexcept { return n_ == 0 ? result<Real>{errc::empty} : result<Real>{variance_}; }
  [[nodiscard]] constexpr result<Real> stddev() const noexcept {
    return variance().transform([](Real v) { return math::sqrt(v); });
  }
  [[nodiscard]] constexpr const P& policy() const noexcept { return policy_; }
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  constexpr void clear() noexcept { *this = smoothed{policy_}; }

 private:
  Real mean_ = 0;
  Real variance_ = 0;
  std::uint64_t n_ = 0;
  std::uint64_t refused_ = 0;
  [[no_unique_address]] P policy_;
};

}  // namespace skerry::inline v0::stats
