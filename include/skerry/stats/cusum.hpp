// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/drift_event.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace skerry::inline v0::stats {

struct cusum_config {
  double k = 0.5;           ///< slack, in standard deviations: half of the shift that is to be found soonest; at least 0
  double h = 5;             ///< decision limit, in standard deviations; above 0
  double mean = 0;          ///< of the process in control; not used when learned
  double sd = 1;            ///< likewise; above 0
  std::uint16_t learn = 0;  ///< 0: mean and sd are given; else (from 2 on) they come from so many values, and again after every event
  bool head_start = false;  ///< begin at h/2: a process that is off from the start is found in half the time
};

/// Finds a shift of the mean, measured in standard deviations: the tabular cumulative sum, in both directions. It begins anew after
/// an event.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`)
/// Cost    O(1): one division, and two chains of an addition and a maximum. sizeof == 6 * sizeof(Real) + 8, no heap
/// Bound   for independent normal values, k = 0.5 and h = 5: on average 465 values to a false event, 10.4 to find a shift by one
///         standard deviation. Learned settings shorten the first: 50 values know the mean only to 0.14 sd.
/// Merge   none: a detector follows the order of one stream. A `merge` does not compile.
/// Errors  `not_finite`; `out_of_range` while learning, for values that cannot be squared; `invalid` from `create`
/// Source  Page, "Continuous inspection schemes", 1954; Lucas and Crosier, "Fast initial response for CUSUM quality-control
///         schemes", 1982
template <std::floating_point Real>
class basic_cusum {
 public:
  using value_type = Real;
  static constexpr std::size_t encoded_size = 55;

  constexpr basic_cusum() noexcept : basic_cusum{cusum_config{}} {}
  [[nodiscard]] static constexpr result<basic_cusum> create(const cusum_config& config) noexcept {
    const basic_cusum out{config};
    if (!out.configured() || (config.learn == 0 && !(config.sd > 0 && out.given()))) {
      return errc::invalid;
    }
    return out;
  }

  /// `rise` or `fall` above h. Values that teach are answered with `none`.
  constexpr result<drift_event> observe(Real x) noexcept {
    if (!__builtin_isfinite(x)) {
      return refuse(errc::not_finite);
    }
    if (learning()) {
      return learn(x);
    }
    const Real z = (x - mean_) / spread_;
    add(z - k_, -(z + k_));
    const drift_event event = high_ > h_ ? drift_event::rise : (low_ > h_ ? drift_event::fall : drift_event::none);
    if (event != drift_event::none) {
      restart();
    }
    return event;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    detail::no_merge<basic_cusum, Other>();
  }

  /// Values still teach. A stretch of equal values teaches no spread: it takes as many more as there are.
  [[nodiscard]] constexpr bool learning() const noexcept { return seen_ != ready; }
  /// What it judges by; `insufficient` while it learns.
  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (learning()) {
      return errc::insufficient;
    }
    return mean_;
  }
  [[nodiscard]] constexpr result<Real> sd() const noexcept {
    if (learning()) {
      return errc::insufficient;
    }
    return spread_;
  }
  /// How much has added up, as a share of h: above 1 is an event. 0 while it learns.
  [[nodiscard]] constexpr Real level() const noexcept { return learning() ? Real{0} : (high_ > low_ ? high_ : low_) / h_; }
  /// Values refused; stays at 65535. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// Forgets what has added up, and what was learned; keeps its settings.
  constexpr void clear() noexcept {
    restart();
    refused_ = 0;
  }

  /// The frame `u8 17, u8 1, f64 k, f64 h, u16 learn, u8 head start, f64 mean, f64 spread, u16 seen, f64 high, f64 low`. While it
  /// learns, spread is the sum of squares around the mean, and `seen` counts; later spread is the standard deviation, `seen` 65535.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(detail::frame_cusum);
    out.u8(1);
    out.f64(static_cast<double>(k_));
    out.f64(static_cast<double>(h_));
    out.u16(learn_);
    out.u8(head_start_ ? 1 : 0);
    out.f64(static_cast<double>(mean_));
    out.f64(static_cast<double>(spread_));
    out.u16(seen_);
    out.f64(static_cast<double>(high_));
    out.f64(static_cast<double>(low_));
    return out.error();
  }
  [[nodiscard]] static constexpr result<basic_cusum> decode(byte_reader& in) noexcept {
    if (const errc bad = detail::check_frame(in, detail::frame_cusum); bad != errc::ok) {
      return bad;
    }
    const double k = in.f64();
    const double h = in.f64();
    const auto learn = in.u16();
    const auto head_start = in.u8();
    const double mean = in.f64();
    const double spread = in.f64();
    const auto seen = in.u16();
    const double high = in.f64();
    const double low = in.f64();
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (head_start > 1) {
      return errc::corrupt;
    }
    for (const double x : {k, h, mean, spread, high, low}) {
      if (!__builtin_isfinite(x)) {
        return errc::corrupt;
      }
      if (!detail::fits<Real>(x)) {
        return errc::mismatch;
      }
    }
    basic_cusum out{cusum_config{k, h, mean, spread, learn, head_start == 1}};
    out.mean_ = static_cast<Real>(mean);
    out.spread_ = static_cast<Real>(spread);
    out.seen_ = seen;
    out.high_ = static_cast<Real>(high);
    out.low_ = static_cast<Real>(low);
    if (!out.configured() || !out.possible()) {
      return errc::corrupt;
    }
    return out;
  }

  /// Equal settings and equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const basic_cusum& a, const basic_cusum& b) noexcept {
    return a.k_ == b.k_ && a.h_ == b.h_ && a.learn_ == b.learn_ && a.head_start_ == b.head_start_ && a.mean_ == b.mean_ &&
           a.spread_ == b.spread_ && a.seen_ == b.seen_ && a.high_ == b.high_ && a.low_ == b.low_;
  }

 private:
  static constexpr std::uint16_t ready = std::numeric_limits<std::uint16_t>::max();

  constexpr explicit basic_cusum(const cusum_config& c) noexcept
      : k_{static_cast<Real>(c.k)}, h_{static_cast<Real>(c.h)}, learn_{c.learn}, head_start_{c.head_start} {
    if (learn_ == 0) {
      mean_ = static_cast<Real>(c.mean);
      spread_ = static_cast<Real>(c.sd);
    }
    restart();
  }

  [[nodiscard]] constexpr bool configured() const noexcept {
    return k_ >= 0 && __builtin_isfinite(k_) && h_ > 0 && __builtin_isfinite(h_) && learn_ != 1 && learn_ < ready;
  }
  [[nodiscard]] constexpr bool given() const noexcept { return spread_ > 0 && __builtin_isfinite(spread_) && __builtin_isfinite(mean_); }
  /// Whether `observe` can leave such numbers.
  [[nodiscard]] constexpr bool possible() const noexcept {
    const bool sums = high_ >= 0 && low_ >= 0 && high_ <= h_ && low_ <= h_;
    if (learning()) {
      const bool none = seen_ != 0 || (mean_ == 0 && spread_ == 0);
      return learn_ != 0 && spread_ >= 0 && none && (seen_ < learn_ || !settles(seen_, spread_)) && high_ == start() && low_ == start();
    }
    return sums && given();
  }
  /// Whether the variance is above zero, and not too small for its type.
  [[nodiscard]] static constexpr bool settles(std::uint16_t n, Real squares) noexcept { return squares / static_cast<Real>(n - 1) > 0; }
  /// To both sums, neither of which falls below zero.
  constexpr void add(Real to_high, Real to_low) noexcept {
#if defined(__SSE2__) && !defined(__clang__)
    if (!std::is_constant_evaluated()) {
      add_pair(to_high, to_low);
      return;
    }
#endif
    const Real high = high_ + to_high;
    const Real low = low_ + to_low;
    high_ = high > 0 ? high : 0;
    low_ = low > 0 ? low : 0;
  }
#if defined(__SSE2__) && !defined(__clang__)
  /// The same bits. Of the two maxima GCC 12 makes branches that nobody can foresee: 8 ns a value instead of 2.
  void add_pair(Real to_high, Real to_low) noexcept {
    typedef Real pair __attribute__((vector_size(2 * sizeof(Real))));
    const pair sums = pair{high_, low_} + pair{to_high, to_low};
    const pair zero{};
    const pair kept = sums > zero ? sums : zero;
    high_ = kept[0];
    low_ = kept[1];
  }
#endif
  [[nodiscard]] constexpr Real start() const noexcept { return head_start_ ? h_ / 2 : Real{0}; }

  constexpr void restart() noexcept {
    high_ = low_ = start();
    if (learn_ != 0) {
      seen_ = 0;
      mean_ = spread_ = 0;
    }
  }
  constexpr result<drift_event> learn(Real x) noexcept {
    const std::uint32_t n = seen_ + (seen_ + 1U < ready ? 1U : 0U);
    const Real d = x - mean_;
    const Real mean = mean_ + d / static_cast<Real>(n);
    const Real squares = spread_ + d * (x - mean);
    if (!__builtin_isfinite(squares)) {  // nor is it if the mean is not
      return refuse(errc::out_of_range);
    }
    mean_ = mean;
    spread_ = squares;
    seen_ = static_cast<std::uint16_t>(n);
    if (n >= learn_) {
      const Real variance = squares / static_cast<Real>(n - 1);
      if (variance > 0) {
        spread_ = math::sqrt(variance);
        seen_ = ready;
      }
    }
    return drift_event::none;
  }
  constexpr errc refuse(errc why) noexcept {
    refused_ = static_cast<std::uint16_t>(refused_ + (refused_ != std::numeric_limits<std::uint16_t>::max() ? 1 : 0));
    return why;
  }

  Real k_;
  Real h_;
  Real mean_ = 0;
  Real spread_ = 0;  // the sum of squares while it learns, then the standard deviation
  Real high_ = 0;
  Real low_ = 0;
  std::uint16_t learn_;
  std::uint16_t seen_ = ready;
  std::uint16_t refused_ = 0;
  bool head_start_;
};

using cusum = basic_cusum<double>;

}  // namespace skerry::inline v0::stats
