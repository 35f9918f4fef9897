// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/drift_event.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::stats {

struct page_hinkley_config {
  double delta = 0.005;          ///< a change of the mean by less than this is none; in units of the input, at least 0
  double lambda = 50;            ///< how much has to add up for an event; above 0. Greater: later, and fewer false events
  double alpha = 1;              ///< the share of the past that each value keeps, in (0, 1]; 1: nothing is forgotten
  std::uint16_t min_count = 30;  ///< values before the first event can come
};

/// Finds a change of the mean: the Page-Hinkley test, in both directions. It begins anew after an event.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`)
/// Cost    O(1): one division beside the chain of additions. sizeof == 5 * sizeof(Real) + 3 * sizeof(Real) + 8, no heap
/// Bound   none on false events: choose lambda from quiet data. A jump of s > delta is found after about lambda / (s - delta) values
///         while they are few beside those before.
/// Merge   none: a detector follows the order of one stream. A `merge` does not compile.
/// Errors  `not_finite`; `out_of_range` for a value so far away that a sum would overflow; `invalid` from `create`
/// Source  Page, "Continuous inspection schemes", 1954; Hinkley, "Inference about the change-point from cumulative sum tests", 1971
template <std::floating_point Real>
class basic_page_hinkley {
 public:
  using value_type = Real;
  static constexpr std::size_t encoded_size = 72;

  constexpr basic_page_hinkley() noexcept : basic_page_hinkley{page_hinkley_config{}} {}
  [[nodiscard]] static constexpr result<basic_page_hinkley> create(const page_hinkley_config& config) noexcept {
    const basic_page_hinkley out{config};
    if (!out.configured()) {
      return errc::invalid;
    }
    return out;
  }

  /// `rise` or `fall` where enough has added up in that direction.
  constexpr result<drift_event> observe(Real x) noexcept {
    if (!__builtin_isfinite(x)) {
      return refuse(errc::not_finite);
    }
    const std::uint32_t n = n_ == std::numeric_limits<std::uint32_t>::max() ? n_ : n_ + 1;
    // The reciprocal does not wait for the value before, so the division stands beside the chain.
    const Real mean = mean_ + (x - mean_) * (1 / static_cast<Real>(n));
    const Real d = x - mean;
    const Real up = alpha_ * up_ + (d - delta_);
    const Real down = alpha_ * down_ + (d + delta_);
    const Real least_up = up < least_up_ ? up : least_up_;
    const Real most_down = down > most_down_ ? down : most_down_;
    const Real risen = up - least_up;
    const Real fallen = most_down - down;
    if (!(risen <= lambda_ && fallen <= lambda_)) {
      // An overflow shows here too: one of the two is then infinite, or NaN.
      if (!__builtin_isfinite(mean) || !__builtin_isfinite(risen) || !__builtin_isfinite(fallen)) {
        return refuse(errc::out_of_range);
      }
      if (n >= min_count_) {
        restart();
        return risen > lambda_ ? drift_event::rise : drift_event::fall;
      }
    }
    n_ = n;
    mean_ = mean;
    up_ = up;
    down_ = down;
    least_up_ = least_up;
    most_down_ = most_down;
    return drift_event::none;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    detail::no_merge<basic_page_hinkley, Other>();
  }

  /// Values since it began anew; stays at 2^32 - 1.
  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return n_; }
  /// Of the values since it began anew.
  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    return mean_;
  }
  /// How much has added up, as a share of lambda: above 1 is an event.
  [[nodiscard]] constexpr Real level() const noexcept {
    const Real up = up_ - least_up_;
    const Real down = most_down_ - down_;
    return (up > down ? up : down) / lambda_;
  }
  [[nodiscard]] constexpr page_hinkley_config config() const noexcept {
    return {static_cast<double>(delta_), static_cast<double>(lambda_), static_cast<double>(alpha_), min_count_};
  }
  /// Values refused; stays at 65535. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// Forgets all values, keeps its settings.
  constexpr void clear() noexcept {
    restart();
    refused_ = 0;
  }

  /// The frame `u8 16, u8 1, f64 delta, f64 lambda, f64 alpha, u16 min_count, u32 n, f64 mean, f64 up, f64 least up, f64 down,
  /// f64 most down`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(detail::frame_page_hinkley);
    out.u8(1);
    out.f64(static_cast<double>(delta_));
    out.f64(static_cast<double>(lambda_));
    out.f64(static_cast<double>(alpha_));
    out.u16(min_count_);
    out.u32(n_);
    for (const Real x : {mean_, up_, least_up_, down_, most_down_}) {
      out.f64(static_cast<double>(x));
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<basic_page_hinkley> decode(byte_reader& in) noexcept {
    if (const errc bad = detail::check_frame(in, detail::frame_page_hinkley); bad != errc::ok) {
      return bad;
    }
    double settings[3] = {};
    for (double& x : settings) {
      x = in.f64();
    }
    const auto min_count = in.u16();
    const auto n = in.u32();
    double state[5] = {};
    for (double& x : state) {
      x = in.f64();
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    for (const double x : {settings[0], settings[1], settings[2], state[0], state[1], state[2], state[3], state[4]}) {
      if (!__builtin_isfinite(x)) {
        return errc::corrupt;
      }
      if (!detail::fits<Real>(x)) {
        return errc::mismatch;
      }
    }
    basic_page_hinkley out{page_hinkley_config{settings[0], settings[1], settings[2], min_count}};
    out.n_ = n;
    out.mean_ = static_cast<Real>(state[0]);
    out.up_ = static_cast<Real>(state[1]);
    out.least_up_ = static_cast<Real>(state[2]);
    out.down_ = static_cast<Real>(state[3]);
    out.most_down_ = static_cast<Real>(state[4]);
    if (!out.configured() || !out.possible()) {
      return errc::corrupt;
    }
    return out;
  }

  /// Equal settings and equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const basic_page_hinkley& a, const basic_page_hinkley& b) noexcept {
    return a.delta_ == b.delta_ && a.lambda_ == b.lambda_ && a.alpha_ == b.alpha_ && a.min_count_ == b.min_count_ && a.n_ == b.n_ &&
           a.mean_ == b.mean_ && a.up_ == b.up_ && a.least_up_ == b.least_up_ && a.down_ == b.down_ && a.most_down_ == b.most_down_;
  }

 private:
  constexpr explicit basic_page_hinkley(const page_hinkley_config& c) noexcept
      : delta_{static_cast<Real>(c.delta)},
        lambda_{static_cast<Real>(c.lambda)},
        alpha_{static_cast<Real>(c.alpha)},
        min_count_{c.min_count} {}

  [[nodiscard]] constexpr bool configured() const noexcept {
    return delta_ >= 0 && __builtin_isfinite(delta_) && lambda_ > 0 && __builtin_isfinite(lambda_) && alpha_ > 0 && alpha_ <= 1;
  }
  /// Whether `observe` can leave such numbers.
  [[nodiscard]] constexpr bool possible() const noexcept {
    if (n_ == 0) {
      return mean_ == 0 && up_ == 0 && least_up_ == 0 && down_ == 0 && most_down_ == 0;
    }
    const Real up = up_ - least_up_;
    const Real down = most_down_ - down_;
    const bool quiet = up <= lambda_ && down <= lambda_;
    return least_up_ <= 0 && most_down_ >= 0 && up >= 0 && down >= 0 && __builtin_isfinite(up) && __builtin_isfinite(down) &&
           (quiet || n_ < min_count_);
  }
  constexpr void restart() noexcept {
    n_ = 0;
    mean_ = up_ = least_up_ = down_ = most_down_ = 0;
  }
  constexpr errc refuse(errc why) noexcept {
    refused_ = refused_ == std::numeric_limits<std::uint16_t>::max() ? refused_ : static_cast<std::uint16_t>(refused_ + 1);
    return why;
  }

  Real delta_;
  Real lambda_;
  Real alpha_;
  Real mean_ = 0;
  Real up_ = 0;
  Real least_up_ = 0;
  Real down_ = 0;
  Real most_down_ = 0;
  std::uint32_t n_ = 0;
  std::uint16_t min_count_;
  std::uint16_t refused_ = 0;
};

using page_hinkley = basic_page_hinkley<double>;

}  // namespace skerry::inline v0::stats
