// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// One quantile from five markers that follow the stream: for a device that has a hundred bytes and needs a single one.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`, counted), and so is what comes after 2^32 - 1 values of float
///         (`errc::full`)
/// Units   those of the input
/// Cost    O(1) per value; 112 bytes for double, 64 for float; no heap
/// Bound   none. Sorted input and rare large values move it far from the truth: `exp_histogram` and `kll` have bounds.
/// Merge   none: the markers do not say where the values between them lay. A `merge` does not compile.
/// Errors  queries: `empty`
/// Source  Jain, Chlamtac, "The P2 algorithm for dynamic calculation of quantiles and histograms without storing observations", 1985
template <class Real = double>
class p2 {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "p2<Real>: Real is float or double");

 public:
  using value_type = Real;

  /// For the quantile of rank p, 0 < p < 1.
  explicit constexpr p2(Real p) noexcept : p_{p} { SKERRY_ASSERT(p > 0 && p < 1 && "p2: a rank between 0 and 1"); }
  /// For a rank that comes from outside: `invalid` unless 0 < p < 1.
  [[nodiscard]] static constexpr result<p2> create(Real p) noexcept {
    return p > 0 && p < 1 ? result<p2>{p2{p}} : result<p2>{errc::invalid};
  }

  constexpr status observe(Real x) noexcept {
    if (!math::isfinite(x)) {
      ++refused_;
      return errc::not_finite;
    }
    if (n_ < 5) {
      insert(x);
      return {};
    }
    if (n_ == std::numeric_limits<place>::max()) {
      ++refused_;
      return errc::full;
    }
    ++n_;
    // The cell of x, and the markers above it move up by one.
    unsigned cell = 0;
    if (x < height_[0]) {
      height_[0] = x;
    } else if (x > height_[4]) {
      height_[4] = x;
      cell = 3;
    } else {
      for (; cell < 3 && !(x < height_[cell + 1]);) {
        ++cell;
      }
    }
    const Real step[3] = {p_ / 2, p_, (1 + p_) / 2};
    for (unsigned i = 0; i < 3; ++i) {
      const bool moves = i >= cell;
      position_[i] += moves ? 1U : 0U;
      wanted_[i] += relative && moves ? step[i] - 1 : step[i];
    }
    for (unsigned i = 1; i < 4; ++i) {
      adjust(i);
    }
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
                  "two p2 cannot be merged, because five markers do not say where the values lay: use stats::exp_histogram or stats::kll, "
                  "whose merge keeps their bound");
  }

  /// The estimate; of fewer than five values the ceil(p n)-th smallest, exactly.
  [[nodiscard]] constexpr result<Real> quantile() const noexcept {
    if (n_ == 0) {
      return errc::empty;
    }
    if (n_ >= 5) {
      return height_[2];
    }
    const Real exact = p_ * static_cast<Real>(n_);
    auto rank = static_cast<std::size_t>(exact);
    rank += static_cast<Real>(rank) < exact ? 1U : 0U;
    return height_[rank == 0 ? 0 : rank - 1];
  }
  [[nodiscard]] constexpr result<Real> min() const noexcept { return n_ == 0 ? result<Real>{errc::empty} : result<Real>{height_[0]}; }
  [[nodiscard]] constexpr result<Real> max() const noexcept {
    return n_ == 0 ? result<Real>{errc::empty} : result<Real>{height_[n_ < 5 ? n_ - 1 : 4]};
  }
  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return n_; }
  /// The rank that this one is for.
  [[nodiscard]] constexpr Real rank() const noexcept { return p_; }
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  constexpr void clear() noexcept { *this = p2{p_}; }

 private:
  constexpr void insert(Real x) noexcept {
    std::uint64_t at = n_;
    for (; at > 0 && x < height_[at - 1]; --at) {
      height_[at] = height_[at - 1];
    }
    height_[at] = x;
    if (++n_ == 5) {
      wanted_[0] = 1 + 2 * p_ - (relative ? 2 : 0);
      wanted_[1] = 1 + 4 * p_ - (relative ? 3 : 0);
      wanted_[2] = 3 + 2 * p_ - (relative ? 4 : 0);
    }
  }
  // Counted in integers: a float that counts stands still at 2^24.
  static constexpr bool relative = sizeof(Real) == 4;
  using place = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  /// The outer markers stand at 1 and n.
  [[nodiscard]] constexpr place position(unsigned i) const noexcept {
    return i == 0 ? place{1} : (i == 4 ? static_cast<place>(n_) : position_[i - 1]);
  }

  /// Moves a marker by one towards where it should stand, along a parabola through its neighbours if that keeps the order.
  constexpr void adjust(unsigned i) noexcept {
    const auto above = static_cast<Real>(position(i + 1) - position(i));
    const auto below = static_cast<Real>(position(i) - position(i - 1));
    const Real off = wanted_[i - 1] - (relative ? Real{0} : static_cast<Real>(position(i)));
    const bool up = off >= 1 && above > 1;
    if (!up && !(off <= -1 && below > 1)) {
      return;
    }
    const Real s = up ? Real{1} : Real{-1};
    const Real q = height_[i];
    const Real slopes = (below + s) * (height_[i + 1] - q) / above + (above - s) * (q - height_[i - 1]) / below;
    Real next = q + s / (above + below) * slopes;
    if (!(height_[i - 1] < next && next < height_[i + 1])) {
      next = up ? q + (height_[i + 1] - q) / above : q - (q - height_[i - 1]) / below;
      // Values at the ends of the range of Real can overflow in between.
      next = next < height_[i - 1] ? height_[i - 1] : (next > height_[i + 1] ? height_[i + 1] : next);
      next = next == next ? next : q;
    }
    height_[i] = next;
    position_[i - 1] = up ? position_[i - 1] + 1 : position_[i - 1] - 1;
    wanted_[i - 1] -= relative ? s : Real{0};
  }

  Real p_;
  Real height_[5]{};
  place position_[3]{2, 3, 4};
  Real wanted_[3]{};  // where they should stand; of floats from where they stand, because there it cannot count either
  std::uint64_t n_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
