// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>

#include <cstddef>
#include <limits>
#include <utility>

namespace skerry::inline v0::anomaly::detail {

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi rotations, row by row in a fixed order, at once or in slices.
///
/// When it is done the diagonal of `a` holds the eigenvalues, falling, and row k of `v` the unit vector of the k-th; its component of
/// greatest size is positive. Slices of any size give the same bits.
///
/// Input   `a` and `v`: n * n values, row after row, `a` symmetric and finite; what `v` holds does not matter. The same in every slice
/// Cost    O(n) per rotation, O(n^3) per sweep; five to ten sweeps; no memory beside the two
/// Bound   sizes of a few n * 2^-53 of the greatest eigenvalue; V A V^T is diagonal to the same. Same bits everywhere: sums, products,
///         quotients and square roots only, in one order
/// Source  Golub and Van Loan, Matrix Computations, section on Jacobi methods; small pivots by their size relative to the diagonal:
///         Demmel and Veselic, "Jacobi's method is more accurate than QR", 1992
class jacobi_sweeps {
 public:
  /// About so many pivots are looked at; true when done.
  bool advance(double* a, double* v, std::size_t n, std::size_t pivots) noexcept {
    if (!begun_) {
      begun_ = true;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          v[i * n + j] = i == j ? 1.0 : 0.0;
        }
      }
    }
    for (; !done_ && pivots > 0; --pivots) {
      if (p_ + 1 >= n) {                 // the end of a sweep
        constexpr int most_sweeps = 40;  // rotations by at most 45 degrees converge in theory; this ends a dance of last digits
        ++sweep_;
        done_ = !rotated_ || sweep_ >= most_sweeps;
        rotated_ = false;
        p_ = 0;
        q_ = 1;
        if (done_) {
          sort(a, v, n);
        }
        continue;
      }
      rotate(a, v, n, p_, q_);
      if (++q_ == n) {
        ++p_;
        q_ = p_ + 1;
      }
    }
    return done_;
  }

 private:
  void rotate(double* a, double* v, std::size_t n, std::size_t p, std::size_t q) noexcept {
    constexpr double tiny = std::numeric_limits<double>::epsilon() / 4;
    const double pivot = a[p * n + q];
    const double app = a[p * n + p];
    const double aqq = a[q * n + q];
    if (math::fabs(pivot) <= tiny * math::sqrt(math::fabs(app)) * math::sqrt(math::fabs(aqq))) {
      return;
    }
    rotated_ = true;
    // tan of the smaller angle that makes the pivot zero. A pivot too small for the quotient gives 0: no turn, the pivot is dropped.
    const double tau = (aqq - app) / (2 * pivot);
    const double size = 1 / (math::fabs(tau) + math::sqrt(1 + tau * tau));
    const double t = tau < 0 ? -size : size;
    const double c = 1 / math::sqrt(1 + t * t);
    const double s = t * c;
    for (std::size_t r = 0; r < n; ++r) {
      const double x = a[p * n + r];
      const double y = a[q * n + r];
      a[p * n + r] = c * x - s * y;
      a[q * n + r] = s * x + c * y;
      const double e = v[p * n + r];
      const double f = v[q * n + r];
      v[p * n + r] = c * e - s * f;
      v[q * n + r] = s * e + c * f;
    }
    a[p * n + p] = app - t * pivot;
    a[q * n + q] = aqq + t * pivot;
    a[p * n + q] = a[q * n + p] = 0;
    for (std::size_t r = 0; r < n; ++r) {
      a[r * n + p] = a[p * n + r];
      a[r * n + q] = a[q * n + r];
    }
  }

  static void sort(double* a, double* v, std::size_t n) noexcept {
    for (std::size_t k = 0; k < n; ++k) {
      std::size_t greatest = k;
      for (std::size_t i = k + 1; i < n; ++i) {
        greatest = a[i * n + i] > a[greatest * n + greatest] ? i : greatest;
      }
      double longest = 0;
      if (greatest != k) {
        std::swap(a[k * n + k], a[greatest * n + greatest]);
      }
      for (std::size_t j = 0; j < n; ++j) {
        if (greatest != k) {
          std::swap(v[k * n + j], v[greatest * n + j]);
        }
        longest = math::fabs(v[k * n + j]) > math::fabs(longest) ? v[k * n + j] : longest;
      }
      for (std::size_t j = 0; longest < 0 && j < n; ++j) {
        v[k * n + j] = -v[k * n + j];
      }
    }
  }

  std::size_t p_ = 0, q_ = 1;
  int sweep_ = 0;
  bool rotated_ = false;
  bool begun_ = false;
  bool done_ = false;
};

/// The same at once.
inline void jacobi_eigen(double* a, double* v, std::size_t n) noexcept {
  jacobi_sweeps sweeps;
  while (!sweeps.advance(a, v, n, static_cast<std::size_t>(-1))) {
  }
}

}  // namespace skerry::inline v0::anomaly::detail
