// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace skerry::inline v0::anomaly {

/// How many spreads a value lies from the middle of the last Window values; up to half of them may be anything.
///
/// The middle is the median, the spread 1.4826 times the median distance from it (MAD), which for normal values is their standard
/// deviation. `score` and `observe` are two verbs, so that a value can be judged before it is learnt, or instead.
///
/// Input   one finite value per call
/// Units   scores: spreads, signed; |score| > 3.5 is the usual level for an outlier
/// Cost    observe: two searches O(log Window) and a move of up to Window floats; score O(Window) reads; sizeof == 8 * Window + 4, no heap
/// Bound   exact order statistics; the score is rounded once, to float. Beyond float: its greatest value
/// Errors  `not_finite`; `insufficient` until Window values have come; `degenerate` where more than half of them are equal, so that
///         there is no spread to divide by
/// Source  Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993: the modified z-score
template <std::size_t Window>
class robust_z {
  static_assert(Window >= 3 && Window <= 65535, "robust_z<Window>: 3 to 65535 values");

 public:
  static constexpr std::size_t window = Window;
  /// 1 / (the third quartile of the standard normal distribution).
  static constexpr double normal_spread = 1.482602218505602;

  /// Takes one value; the oldest of a full window leaves.
  constexpr status observe(float x) noexcept {
    if (!math::isfinite(x)) {
      return errc::not_finite;
    }
    x = x == 0 ? 0.0F : x;  // one zero, so that equal values are equal bits
    float* const begin = sorted_.data();
    if (size_ == Window) {
      float* const gone = std::lower_bound(begin, begin + size_, ring_[next_]);
      std::move(gone + 1, begin + size_, gone);
      --size_;
    }
    float* const place = std::upper_bound(begin, begin + size_, x);
    std::move_backward(place, begin + size_, begin + size_ + 1);
    *place = x;
    ++size_;
    ring_[next_] = x;
    next_ = static_cast<index>(next_ + 1U == Window ? 0U : next_ + 1U);
    return {};
  }

  [[nodiscard]] constexpr result<float> score(float x) const noexcept {
    if (!math::isfinite(x)) {
      return errc::not_finite;
    }
    if (!ready()) {
      return errc::insufficient;
    }
    const double middle = exact_median();
    const double away = exact_spread(middle);
    if (!(away > 0)) {
      return errc::degenerate;
    }
    constexpr double most = std::numeric_limits<float>::max();
    return static_cast<float>(std::clamp((static_cast<double>(x) - middle) / away, -most, most));
  }

  /// Window values have come since the start or the last `clear`.
  [[nodiscard]] constexpr bool ready() const noexcept { return size_ == Window; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  /// The median, in double: the mean of two floats in the middle needs it.
  [[nodiscard]] constexpr result<double> centre() const noexcept {
    return ready() ? result<double>{exact_median()} : result<double>{errc::insufficient};
  }
  /// 1.4826 times the median distance from the median; may be 0.
  [[nodiscard]] constexpr result<double> spread() const noexcept {
    return ready() ? result<double>{exact_spread(exact_median())} : result<double>{errc::insufficient};
  }
  /// Forgets all values.
  constexpr void clear() noexcept { next_ = size_ = 0; }

 private:
  using index = std::uint16_t;

  [[nodiscard]] constexpr double exact_median() const noexcept {
    return (static_cast<double>(sorted_[(Window - 1) / 2]) + static_cast<double>(sorted_[Window / 2])) / 2;
  }

  [[nodiscard]] constexpr double exact_spread(double middle) const noexcept {
    // Distances grow to both sides of the middle: merging the two sides gives them in order.
    std::size_t below = Window / 2;  // one past the next value on the lower side
    std::size_t above = Window / 2;
    double distance[2] = {};  // the latest two
    for (std::size_t i = 0; i <= Window / 2; ++i) {
      constexpr double none = std::numeric_limits<double>::infinity();
      const double down = below > 0 ? middle - static_cast<double>(sorted_[below - 1]) : none;
      const double up = above < Window ? static_cast<double>(sorted_[above]) - middle : none;
      distance[0] = distance[1];
      distance[1] = down < up ? down : up;
      below -= down < up ? 1U : 0U;
      above += down < up ? 0U : 1U;
    }
    return normal_spread * (Window % 2 == 0 ? (distance[0] + distance[1]) / 2 : distance[1]);
  }

  std::array<float, Window> ring_{};    // by age
  std::array<float, Window> sorted_{};  // the same values
  index next_ = 0;
  index size_ = 0;
};

}  // namespace skerry::inline v0::anomaly
