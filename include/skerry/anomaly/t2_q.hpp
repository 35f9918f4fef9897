// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/jacobi_eigen.hpp>
#include <skerry/anomaly/detail/t2_q_limits.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/covariance.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::anomaly {

struct t2_q_config {
  double alpha = 0.01;      ///< share of usual rows beyond each limit, in [1e-12, 0.5]
  bool standardize = true;  ///< divide each column by its standard deviation; false: columns are of one unit already
};

/// What `basic_t2_q::score` says of one row. A statistic is the sum of its shares, up to rounding.
template <math::real Real, std::size_t D>
struct basic_t2_q_score {
  Real t2;                       ///< Hotelling's T²: how far along the K principal axes, in their own spreads; never negative
  Real q;                        ///< squared distance from the K axes: what broke the usual relation of the columns
  bool t2_high, q_high;          ///< beyond the limits that `fit` derived
  std::array<Real, D> t2_share;  ///< z_j (M z)_j: negative where column j speaks against the deviation
  std::array<Real, D> q_share;   ///< squared residual of column j
};
template <std::size_t D>
using t2_q_score = basic_t2_q_score<float, D>;

/// How far a row lies along the usual directions of the training rows (T²), and how far off them (Q).
///
/// `fit` finds the K directions of greatest spread of the standardised columns. T² sees a machine that does the usual thing too much,
/// Q one that does something else. With K = D, T² is the squared Mahalanobis distance, and Q is 0.
///
/// Input   finite rows of D columns, more rows than columns. T² and Q limits hold for rows that are about normally distributed and
///         independent: shingles are neither, so calibrate alarms on scores of further rows
/// Units   none when standardised; else q has the squared unit of the columns, and t2 none
/// Cost    fit O(rows D² + sweeps D³), 16 D² + 40 D + 600 bytes of stack; score O(D K); sizeof == sizeof(Real) * D * (K + 3) + 12 (float),
/// + 24
///         (double); no heap
/// Bound   computed in double, stored as Real. Double meets numpy and scipy to 1e-9 of max(1, value); float meets double to 1e-5 of it
///         (8 columns that follow 3 directions; nearly equal columns lose more). Limits: 1e-9 to a million rows, 1e-7 beyond. A
///         statistic beyond float is answered as its greatest value
/// Errors  fit: `invalid` alpha, `width`, `insufficient` (rows <= columns), `not_finite`, `degenerate` (standardised column without
///         spread), `singular` (fewer than K directions have spread), `out_of_range` (spread that Real cannot hold);
///         score: `insufficient` before fit, `not_finite`, `out_of_range` (double only)
/// Source  limit of Q: Jackson and Mudholkar, "Control procedures for residuals associated with principal component analysis", 1979,
///         eq. 3.4; where its power is not positive, three moments: Buckley and Eagleson, 1988. Limit of T² for a further row: Tracy,
///         Young and Mason, 1992
template <math::real Real, std::size_t D, std::size_t K>
class basic_t2_q {
  static_assert(D >= 1 && D <= 64, "t2_q<D, K>: 1 to 64 columns; wider rows need another solver than Jacobi's");
  static_assert(K >= 1 && K <= D, "t2_q<D, K>: at least one principal axis, at most as many as columns");

 public:
  static constexpr std::size_t columns = D;
  static constexpr std::size_t components = K;

  /// Learns means, spreads, axes and limits. All or nothing.
  status fit(row_view<Real> rows, const t2_q_config& config = t2_q_config{}) noexcept {
    if (!possible(config)) {
      return errc::invalid;
    }
    if (!rows.holds(D)) {
      return errc::width;
    }
    if (rows.rows <= D) {
      return errc::insufficient;
    }
    std::array<double, D> mean{};
    std::array<bool, D> spread{};
    for (std::size_t i = 0; i < rows.rows; ++i) {
      for (std::size_t j = 0; j < D; ++j) {
        const Real x = rows.row(i)[j];
        if (!math::isfinite(x)) {
          return errc::not_finite;
        }
        mean[j] += static_cast<double>(x);
        spread[j] = spread[j] || x != rows.row(0)[j];
      }
    }
    const double n = static_cast<double>(rows.rows);
    for (std::size_t j = 0; j < D; ++j) {
      mean[j] = spread[j] ? mean[j] / n : static_cast<double>(rows.row(0)[j]);
    }
    std::array<double, D * D> covariance{};
    for (std::size_t i = 0; i < rows.rows; ++i) {
      std::array<double, D> d{};
      for (std::size_t j = 0; j < D; ++j) {
        d[j] = static_cast<double>(rows.row(i)[j]) - mean[j];
      }
      for (std::size_t j = 0; j < D; ++j) {
        for (std::size_t k = 0; k <= j; ++k) {
          covariance[j * D + k] += d[j] * d[k];
        }
      }
    }
    for (double& c : covariance) {
      c /= n - 1;
    }
    return learn(mean, covariance, rows.rows, config);
  }

  /// The same from means and covariances that were gathered while the rows came by, here or on many nodes.
  template <math::real Of>
  status fit(const stats::covariance<D, Of>& learnt, const t2_q_config& config = t2_q_config{}) noexcept {
    if (!possible(config)) {
      return errc::invalid;
    }
    if (learnt.count() <= D) {
      return errc::insufficient;
    }
    std::array<double, D> mean{};
    std::array<double, D * D> covariance{};
    const double divisor = static_cast<double>(learnt.count() - 1);
    for (std::size_t j = 0; j < D; ++j) {
      mean[j] = static_cast<double>(learnt.mean()[j]);
      for (std::size_t k = 0; k <= j; ++k) {
        covariance[j * D + k] = static_cast<double>(learnt.lower()[j * D + k]) / divisor;
      }
    }
    return learn(mean, covariance, learnt.count(), config);
  }

  /// The fit in slices, for a caller that must not pause: the same bits as `fit` at once.
  class fitting {
   public:
    /// From the mean and the covariance (n - 1) of `rows` rows, of which the lower triangle is read. Errors as `fit`.
    status begin(const std::array<double, D>& mean, const std::array<double, D * D>& covariance, std::uint64_t rows,
                 const t2_q_config& config = t2_q_config{}) noexcept {
      if (!possible(config)) {
        return errc::invalid;
      }
      if (rows <= D) {
        return errc::insufficient;
      }
      mean_ = mean;
      matrix_ = covariance;
      rows_ = rows;
      config_ = config;
      sweeps_ = {};
      return standardise(matrix_, scale_, config_);
    }
    /// Turns at about so many pivots, O(D) each. True when `into` has learnt; a refusal leaves it as it was.
    result<bool> advance(basic_t2_q& into, std::size_t pivots) noexcept {
      if (!sweeps_.advance(matrix_.data(), axes_.data(), D, pivots)) {
        return false;
      }
      const status learnt = into.finish(mean_, scale_, matrix_, axes_, rows_, config_);
      return learnt ? result<bool>{true} : result<bool>{learnt.error()};
    }

   private:
    std::array<double, D> mean_{}, scale_{};
    std::array<double, D * D> matrix_{}, axes_{};
    std::uint64_t rows_ = 0;
    t2_q_config config_{};
    detail::jacobi_sweeps sweeps_{};
  };

  /// T² and Q of one row, with what each column adds to them.
  [[nodiscard]] result<basic_t2_q_score<Real, D>> score(std::span<const Real, D> row) const noexcept {
    if (rows_ == 0) {
      return errc::insufficient;
    }
    std::array<double, D> z{};
    double squares = 0;
    for (std::size_t j = 0; j < D; ++j) {
      if (!math::isfinite(row[j])) {
        return errc::not_finite;
      }
      z[j] = (static_cast<double>(row[j]) - static_cast<double>(mean_[j])) / static_cast<double>(scale_[j]);
      squares += z[j] * z[j];
    }
    std::array<double, D> pull{};    // M z
    std::array<double, D> rest = z;  // what the axes leave
    double t2 = 0;
    for (std::size_t k = 0; k < K; ++k) {
      const std::span<const Real, D> a = axis(k);
      double along = 0;
      for (std::size_t j = 0; j < D; ++j) {
        along += static_cast<double>(a[j]) * z[j];
      }
      const double weight = along / static_cast<double>(eigenvalue_[k]);
      t2 += along * weight;
      for (std::size_t j = 0; j < D; ++j) {
        pull[j] += static_cast<double>(a[j]) * weight;
        rest[j] -= static_cast<double>(a[j]) * along;
      }
    }
    basic_t2_q_score<Real, D> out{};
    double q = 0;
    bool finite = true;
    for (std::size_t j = 0; j < D; ++j) {
      const double share = z[j] * pull[j];
      finite = finite && math::isfinite(share);
      out.t2_share[j] = narrow(share);
      if constexpr (K < D) {
        q += rest[j] * rest[j];
        out.q_share[j] = narrow(rest[j] * rest[j]);
      }
    }
    if (!finite || !math::isfinite(t2) || !math::isfinite(q)) {
      return errc::out_of_range;
    }
    out.t2 = narrow(t2);
    out.q = narrow(q);
    out.t2_high = t2 > static_cast<double>(t2_limit_);
    // Stored axes are rounded: a residual of that size says nothing, also where the training rows had none at all.
    constexpr double step = static_cast<double>(K + 1) * static_cast<double>(std::numeric_limits<Real>::epsilon());
    out.q_high = K < D && q > static_cast<double>(q_limit_) && q > static_cast<double>(D) * step * step * squares;
    return out;
  }

  /// Every field, for an image: `f(member)`.
  template <typename Self, typename F>
  static constexpr void fields(Self& self, F&& f) {
    f(self.mean_);
    f(self.scale_);
    f(self.eigenvalue_);
    f(self.axis_);
    f(self.t2_limit_);
    f(self.q_limit_);
    f(self.rows_);
  }
  /// What `fields` has read can be used.
  [[nodiscard]] bool sound() const noexcept {
    const auto finite = [](Real x) { return math::isfinite(x); };
    const auto positive = [](Real x) { return x > 0 && math::isfinite(x); };
    return std::all_of(mean_.begin(), mean_.end(), finite) && std::all_of(scale_.begin(), scale_.end(), positive) &&
           std::all_of(eigenvalue_.begin(), eigenvalue_.end(), finite) &&
           std::all_of(eigenvalue_.begin(), eigenvalue_.begin() + K, positive) && std::all_of(axis_.begin(), axis_.end(), finite) &&
           finite(t2_limit_) && finite(q_limit_);
  }

  [[nodiscard]] bool fitted() const noexcept { return rows_ != 0; }
  /// Training rows; 2^32 - 1 stands for that many or more.
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::span<const Real, D> mean() const noexcept { return mean_; }
  /// Standard deviations (n - 1), or 1.
  [[nodiscard]] std::span<const Real, D> scale() const noexcept { return scale_; }
  /// All D variances along the principal axes of the scaled columns, falling.
  [[nodiscard]] std::span<const Real, D> eigenvalues() const noexcept { return eigenvalue_; }
  /// The k-th principal axis, a unit vector whose component of greatest size is positive.
  [[nodiscard]] std::span<const Real, D> axis(std::size_t k) const noexcept {
    SKERRY_ASSERT(k < K && "t2_q: only the first K axes are kept");
    return std::span<const Real, D>{axis_.data() + k * D, D};
  }
  /// What T² of a further usual row exceeds with probability alpha; `insufficient` before fit.
  [[nodiscard]] result<Real> t2_limit() const noexcept { return fitted() ? result<Real>{t2_limit_} : result<Real>{errc::insufficient}; }
  /// What Q exceeds with probability alpha; 0 where the training rows leave no residual; `insufficient` before fit, `degenerate`
  /// when all axes are kept.
  [[nodiscard]] result<Real> q_limit() const noexcept {
    if (!fitted()) {
      return errc::insufficient;
    }
    return K < D ? result<Real>{q_limit_} : result<Real>{errc::degenerate};
  }

 private:
  static constexpr double greatest = static_cast<double>(std::numeric_limits<Real>::max());
  static constexpr double least = static_cast<double>(std::numeric_limits<Real>::min());

  [[nodiscard]] static bool possible(const t2_q_config& config) noexcept { return config.alpha >= 1e-12 && config.alpha <= 0.5; }
  [[nodiscard]] static Real narrow(double x) noexcept { return static_cast<Real>(std::clamp(x, -greatest, greatest)); }
  [[nodiscard]] static bool holds(double x) noexcept { return x >= least && x <= greatest; }

  /// From the mean and the covariance (n - 1), of which the lower triangle is read.
  status learn(const std::array<double, D>& mean, std::array<double, D * D>& c, std::uint64_t rows, const t2_q_config& config) noexcept {
    std::array<double, D> scale{};
    if (const status scaled = standardise(c, scale, config); !scaled) {
      return scaled;
    }
    std::array<double, D * D> axes;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below, 32 KB for 64 columns
    detail::jacobi_eigen(c.data(), axes.data(), D);
    return finish(mean, scale, c, axes, rows, config);
  }

  /// The covariance becomes that of the scaled columns, both triangles.
  static status standardise(std::array<double, D * D>& c, std::array<double, D>& scale, const t2_q_config& config) noexcept {
    for (std::size_t j = 0; j < D; ++j) {
      const double variance = c[j * D + j];
      if (!math::isfinite(variance)) {
        return errc::out_of_range;
      }
      if (config.standardize && !(variance > 0)) {
        return errc::degenerate;
      }
      scale[j] = config.standardize ? math::sqrt(variance) : 1.0;
      // A subnormal variance has lost the digits that a standard deviation needs.
      if (!holds(scale[j]) || (config.standardize && variance < std::numeric_limits<double>::min())) {
        return errc::out_of_range;
      }
    }
    for (std::size_t j = 0; j < D; ++j) {
      for (std::size_t k = 0; k < j; ++k) {
        c[j * D + k] = c[j * D + k] / scale[j] / scale[k];
        c[k * D + j] = c[j * D + k];
      }
      c[j * D + j] = config.standardize ? 1.0 : c[j * D + j];
    }
    return {};
  }

  /// `c` is diagonal, `axes` holds the rotation that made it so.
  status finish(const std::array<double, D>& mean, const std::array<double, D>& scale, const std::array<double, D * D>& c,
                const std::array<double, D * D>& axes, std::uint64_t rows, const t2_q_config& config) noexcept {
    std::array<double, D> variance{};
    const double noise = c[0] * static_cast<double>(D) * std::numeric_limits<double>::epsilon();
    for (std::size_t k = 0; k < D; ++k) {
      variance[k] = c[k * D + k] > noise ? c[k * D + k] : 0.0;
      if (variance[k] > greatest || !math::isfinite(variance[k])) {
        return errc::out_of_range;
      }
    }
    if (!(variance[K - 1] > 0)) {
      return errc::singular;
    }
    if (variance[K - 1] < least) {
      return errc::out_of_range;
    }
    const double t2_limit = detail::limit_of_t2(rows, K, config.alpha);
    const double q_limit = detail::limit_of_q(std::span<const double>{variance}.subspan(K), config.alpha);
    if (!(t2_limit <= greatest) || !(q_limit <= greatest)) {
      return errc::out_of_range;
    }
    for (std::size_t j = 0; j < D; ++j) {
      mean_[j] = static_cast<Real>(mean[j]);
      scale_[j] = static_cast<Real>(scale[j]);
      eigenvalue_[j] = static_cast<Real>(variance[j]);
    }
    for (std::size_t i = 0; i < D * K; ++i) {
      axis_[i] = static_cast<Real>(axes[i]);
    }
    t2_limit_ = static_cast<Real>(t2_limit);
    q_limit_ = static_cast<Real>(q_limit);
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    rows_ = static_cast<std::uint32_t>(std::min(rows, most));
    return {};
  }

  std::array<Real, D> mean_{};
  std::array<Real, D> scale_{};
  std::array<Real, D> eigenvalue_{};
  std::array<Real, D * K> axis_{};
  Real t2_limit_ = 0;
  Real q_limit_ = 0;
  std::uint32_t rows_ = 0;
};

/// The everyday form: binary32 in and out. `basic_t2_q<double, D, K>` is the same in binary64.
template <std::size_t D, std::size_t K>
using t2_q = basic_t2_q<float, D, K>;

}  // namespace skerry::inline v0::anomaly
