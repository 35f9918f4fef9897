// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/instant.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/weighted_moments.hpp>

#include <concepts>
#include <cstdint>

namespace skerry::inline v0::stats {

/// Something whose weights halve with time.
template <class S>
class decayed {
  static_assert(!std::same_as<S, S>, "decayed<S> is made for S = moments and S = weighted_moments");
};

/// Moments in which the weight of every value halves in each half-life: unlike `ewma`, how densely the values come counts too, and two
/// of them merge.
///
/// Input   finite values at any time: one that comes late gets the weight it would have by now
/// Units   half-life and times in the caller's ticks
/// Cost    one exp2 per value that comes at another time than the one before; that of `weighted_moments` and 16 bytes; no heap
/// Bound   none worth a number: after one half-life without values half of the weight is left, after ten a thousandth
/// Merge   both are decayed to the later time, then their weights add: commutative and associative up to rounding, not idempotent
/// Errors  as `weighted_moments`; `merge`: `mismatch` of half-lives
template <class Real, unsigned Order>
class decayed<weighted_moments<Real, Order>> {
 public:
  using value_type = Real;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::rounded;

  /// `half_life` is above zero.
  explicit constexpr decayed(ticks half_life) noexcept : half_life_{half_life} {
    SKERRY_ASSERT(half_life > 0 && "decayed: the half-life is above zero");
  }
  /// For a half-life that comes from outside: `invalid` unless it is above zero.
  [[nodiscard]] static constexpr result<decayed> create(ticks half_life) noexcept {
    if (half_life <= 0) {
      return errc::invalid;
    }
    return decayed{half_life};
  }

  /// A value at its time, with the weight that it has when it comes.
  constexpr status observe(ticks t, Real x, Real weight = 1) noexcept {
    if (state_.count() == 0) {
      const status taken = state_.observe(x, weight);
      last_ = taken ? t : last_;
      return taken;
    }
    if (t <= last_) {
      const Real left = weight * factor(t, last_);
      return left > 0 || !(weight > 0) || !math::isfinite(x) ? state_.observe(x, t == last_ ? weight : left) : status{};
    }
    weighted_moments<Real, Order> moved = state_;
    moved.scale_weights(factor(last_, t));
    const status taken = moved.observe(x, weight);
    if (taken) {
      state_ = moved;
      last_ = t;
    } else {
      (void)state_.observe(x, weight);  // counts the refusal, for the same reason
    }
    return taken;
  }
  /// The time comes first: a number with a fraction there is a value in the wrong place.
  template <std::floating_point Time>
  status observe(Time, Real, Real = 1) = delete;

  constexpr status merge(const decayed& other) noexcept {
    if (other.half_life_ != half_life_) {
      return errc::mismatch;
    }
    if (other.state_.count() == 0 || state_.count() == 0) {
      last_ = state_.count() == 0 ? other.last_ : last_;
      state_.merge(other.state_);
      return {};
    }
    weighted_moments<Real, Order> theirs = other.state_;
    if (other.last_ > last_) {
      state_.scale_weights(factor(last_, other.last_));
      last_ = other.last_;
    } else {
      theirs.scale_weights(factor(other.last_, last_));
    }
    state_.merge(theirs);
    return {};
  }

  /// Values observed, however little they weigh by now.
  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return state_.count(); }
  /// What all values weigh at `now`: a constant rate of values of weight 1 tends to rate · half-life / ln 2. Before the last value: as
  /// at the last value.
  [[nodiscard]] constexpr Real weight(ticks now) const noexcept {
    return now > last_ && state_.count() != 0 ? state_.sum_weights() * factor(last_, now) : state_.sum_weights();
  }
  /// Values per tick, as far as the weights remember.
  [[nodiscard]] constexpr Real rate(ticks now) const noexcept {
    return weight(now) * static_cast<Real>(math::ln2) / static_cast<Real>(half_life_);
  }
  [[nodiscard]] constexpr result<Real> mean() const noexcept { return state_.mean(); }
  [[nodiscard]] constexpr result<Real> variance_population() const noexcept requires(Order >= 2) { return state_.variance_population(); }
  [[nodiscard]] constexpr result<Real> skewness() const noexcept requires(Order >= 3) { return state_.skewness(); }
  [[nodiscard]] constexpr result<Real> kurtosis_excess() const noexcept requires(Order >= 4) { return state_.kurtosis_excess(); }
  /// The time of the last value; `empty` before it.
  [[nodiscard]] constexpr result<ticks> last() const noexcept {
    return state_.count() == 0 ? result<ticks>{errc::empty} : result<ticks>{last_};
  }
  /// The weighted moments as of `last()`.
  [[nodiscard]] constexpr const weighted_moments<Real, Order>& summary() const noexcept { return state_; }
  [[nodiscard]] constexpr ticks half_life() const noexcept { return half_life_; }
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return state_.refused(); }
  /// An empty one with the same half-life.
  [[nodiscard]] constexpr decayed empty() const noexcept { return decayed{half_life_}; }
  constexpr void clear() noexcept { *this = empty(); }

 private:
  /// 2^-((later - earlier) / half-life); the distance of two 64-bit times fits into 64 bits without a sign.
  [[nodiscard]] constexpr Real factor(ticks earlier, ticks later) const noexcept {
    const auto distance = static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier);
    return static_cast<Real>(math::exp2(-(static_cast<double>(distance) / static_cast<double>(half_life_))));
  }

  weighted_moments<Real, Order> state_{};
  ticks half_life_;
  ticks last_ = 0;
};

/// Moments by another name: with time every weight is a fraction, so it is weighted moments that are kept.
template <class Real, unsigned Order>
class decayed<moments<Real, Order>> : public decayed<weighted_moments<Real, Order>> {
  using base = decayed<weighted_moments<Real, Order>>;

 public:
  using base::base;
  constexpr decayed(const base& b) noexcept : base{b} {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] static constexpr result<decayed> create(ticks half_life) noexcept {
    return base::create(half_life).transform([](const base& b) { return decayed{b}; });
  }
  [[nodiscard]] constexpr decayed empty() const noexcept { return decayed{this->half_life()}; }
};

}  // namespace skerry::inline v0::stats
