// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Triangular factor L of a symmetric positive definite matrix L L^T, with rank-1 changes in place.
///
/// Cost    D^2 Reals; `create` O(D^3), everything else O(D^2); no heap; a change takes a copy on the stack
/// Errors  a refused change leaves the factor as it was: `singular` when a pivot is not above 8 D eps times the greatest diagonal
///         element, `not_finite`, `invalid` for a negative weight, `out_of_range` when a product overflows
/// Source  Golub, Van Loan, "Matrix computations", sections 4.2 and 6.5: Givens rotations up, hyperbolic rotations down
template <std::size_t D, class Real = double>
class cholesky {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "cholesky<D, Real>: Real is float or double");
  static_assert(D >= 1, "cholesky<D>: a matrix has at least one row");

 public:
  /// The factor of the identity.
  constexpr cholesky() noexcept {
    for (std::size_t i = 0; i < D; ++i) {
      l_[i * D + i] = 1;
    }
  }

  /// The factor of a matrix plus `ridge` on its diagonal; only the lower triangle of the row-major matrix is read.
  ///
  /// Errors  `singular`; `not_finite`; `invalid` for a ridge that is negative or not finite
  [[nodiscard]] static constexpr result<cholesky> create(std::span<const Real, D * D> lower, Real ridge = 0) noexcept {
    if (!(ridge >= 0) || !math::isfinite(ridge)) {
      return errc::invalid;
    }
    Real greatest = 0;
    for (std::size_t i = 0; i < D; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        if (!math::isfinite(lower[i * D + j])) {
          return errc::not_finite;
        }
      }
      const Real diagonal = lower[i * D + i] + ridge;
      greatest = diagonal > greatest ? diagonal : greatest;
    }
    cholesky out;
    for (std::size_t i = 0; i < D; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        Real rest = lower[i * D + j] + (i == j ? ridge : Real{0});
        for (std::size_t k = 0; k < j; ++k) {
          rest -= out.l_[i * D + k] * out.l_[j * D + k];
        }
        if (i != j) {
          out.l_[i * D + j] = rest / out.l_[j * D + j];
        } else if (rest > tolerance * greatest && math::isfinite(rest)) {
          out.l_[i * D + i] = math::sqrt(rest);
        } else {
          return errc::singular;
        }
      }
    }
    return out;
  }

  /// x^T (L L^T)^-1 x: Mahalanobis' squared distance if x is a difference from the mean. NaN or infinite if x is.
  [[nodiscard]] constexpr Real squared_distance(std::span<const Real, D> x) const noexcept {
    Real y[D] = {};
    Real sum = 0;
    for (std::size_t i = 0; i < D; ++i) {
      Real rest = x[i];
      for (std::size_t j = 0; j < i; ++j) {
        rest -= l_[i * D + j] * y[j];
      }
      y[i] = rest / l_[i * D + i];
      sum += y[i] * y[i];
    }
    return sum;
  }

  /// The factor of L L^T + w x x^T.
  constexpr status update(std::span<const Real, D> x, Real w) noexcept { return change(x, w, Real{1}); }
  /// The factor of L L^T - w x x^T.
  constexpr status downdate(std::span<const Real, D> x, Real w) noexcept { return change(x, w, Real{-1}); }

  /// L, row-major, zero above the diagonal.
  [[nodiscard]] constexpr std::span<const Real, D * D> lower() const noexcept { return l_; }

 private:
  static constexpr Real tolerance = 8 * static_cast<Real>(D) * std::numeric_limits<Real>::epsilon();

  constexpr status change(std::span<const Real, D> x, Real w, Real sign) noexcept {
    if (!math::isfinite(w)) {
      return errc::not_finite;
    }
    if (w < 0) {
      return errc::invalid;
    }
    const Real root = math::sqrt(w);
    Real v[D] = {};
    Real greatest = 0;
    for (std::size_t i = 0; i < D; ++i) {
      if (!math::isfinite(x[i])) {
        return errc::not_finite;
      }
      v[i] = root * x[i];
      Real diagonal = 0;
      for (std::size_t j = 0; j <= i; ++j) {
        diagonal += l_[i * D + j] * l_[i * D + j];
      }
      greatest = diagonal > greatest ? diagonal : greatest;
    }
    cholesky next = *this;
    for (std::size_t k = 0; k < D; ++k) {
      const Real old = next.l_[k * D + k];
      const Real pivot = sign > 0 ? old * old + v[k] * v[k] : (old - v[k]) * (old + v[k]);
      if (sign < 0 && !(pivot > tolerance * greatest)) {
        return errc::singular;
      }
      const Real now = math::sqrt(pivot);
      const Real c = now / old;
      const Real s = v[k] / old;
      next.l_[k * D + k] = now;
      for (std::size_t i = k + 1; i < D; ++i) {
        next.l_[i * D + k] = (next.l_[i * D + k] + sign * s * v[i]) / c;
        v[i] = c * v[i] - s * next.l_[i * D + k];
      }
    }
    for (const Real number : next.l_) {
      if (!math::isfinite(number)) {
        return errc::out_of_range;
      }
    }
    *this = next;
    return {};
  }

  Real l_[D * D] = {};
};

}  // namespace skerry::inline v0::stats
