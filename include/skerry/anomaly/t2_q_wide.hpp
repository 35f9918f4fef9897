// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/anomaly/detail/t2_q_limits.hpp>
#include <skerry/anomaly/row_view.hpp>
#include <skerry/anomaly/t2_q.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#if !__has_include(<Eigen/Eigenvalues>)
#error "skerry/anomaly/t2_q_wide.hpp needs Eigen 3.3 or newer (Debian: libeigen3-dev). Up to 64 columns t2_q<D, K> needs nothing."
#endif
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace skerry::inline v0::anomaly {

/// What `basic_dynamic_t2_q::score` says of one row.
template <math::real Real>
struct dynamic_t2_q_score {
  Real t2, q;
  bool t2_high, q_high;
};

/// T² and Q for widths beyond 64, or that come from data: what `t2_q<D, K>` says, through Eigen's solver for symmetric matrices.
///
/// Input   as `t2_q`; the number of axes K is an argument of `fit`
/// Cost    fit O(rows D² + 9 D³), 3 · 8 D² bytes of heap while it runs; score O(D K), no heap, 16 K bytes of stack; the model holds
///         sizeof(Real) · D · (K + 3) bytes
/// Bound   meets `t2_q` to 1e-9 of max(1, value) in double where both exist; bits are those of Eigen and the processor, so they may
///         differ between nodes. Where two variances are equal their axes are any two that span the same plane
/// Errors  those of `t2_q`, and `invalid` for no axis, more than columns or than 1024. What an allocator throws passes through, and leaves
///         the object as it was
/// Source  see `t2_q`
template <math::real Real>
class basic_dynamic_t2_q {
 public:
  static constexpr std::size_t most_components = 1024;

  /// Learns means, spreads, axes and limits. All or nothing.
  status fit(row_view<Real> rows, std::size_t components, const t2_q_config& config = t2_q_config{}) {
    const std::size_t d = rows.columns;
    if (!possible(d, components, config)) {
      return errc::invalid;
    }
    if (d == 0 || rows.stride < d) {
      return errc::width;
    }
    if (rows.rows <= d) {
      return errc::insufficient;
    }
    const auto width = static_cast<Eigen::Index>(d);
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(width);
    std::vector<bool> spread(d);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        const Real x = rows.row(i)[j];
        if (!math::isfinite(x)) {
          return errc::not_finite;
        }
        mean[static_cast<Eigen::Index>(j)] += static_cast<double>(x);
        spread[j] = spread[j] || x != rows.row(0)[j];
      }
    }
    const double n = static_cast<double>(rows.rows);
    for (std::size_t j = 0; j < d; ++j) {
      double& m = mean[static_cast<Eigen::Index>(j)];
      m = spread[j] ? m / n : static_cast<double>(rows.row(0)[j]);
    }
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(width, width);
    constexpr std::size_t together = 64;  // rows: a product of blocks instead of many of vectors
    Eigen::MatrixXd block(static_cast<Eigen::Index>(together), width);
    for (std::size_t i = 0; i < rows.rows; i += together) {
      const std::size_t some = std::min(together, rows.rows - i);
      for (std::size_t r = 0; r < some; ++r) {
        for (std::size_t j = 0; j < d; ++j) {
          const auto at = static_cast<Eigen::Index>(j);
          block(static_cast<Eigen::Index>(r), at) = static_cast<double>(rows.row(i + r)[j]) - mean[at];
        }
      }
      covariance.template selfadjointView<Eigen::Lower>().rankUpdate(block.topRows(static_cast<Eigen::Index>(some)).transpose());
    }
    covariance /= n - 1;
    return learn(std::move(mean), std::move(covariance), rows.rows, components, config);
  }

  /// The same from the means and the covariances (n - 1) of `rows` rows, row after row, of which the lower triangle is read.
  status fit(std::span<const double> mean, std::span<const double> covariance, std::uint64_t rows, std::size_t components,
             const t2_q_config& config = t2_q_config{}) {
    const std::size_t d = mean.size();
    if (!possible(d, components, config)) {
      return errc::invalid;
    }
    if (d == 0 || covariance.size() != d * d) {
      return errc::width;
    }
    if (rows <= d) {
      return errc::insufficient;
    }
    const auto width = static_cast<Eigen::Index>(d);
    using by_rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    return learn(Eigen::Map<const Eigen::VectorXd>(mean.data(), width), Eigen::Map<const by_rows>(covariance.data(), width, width), rows,
                 components, config);
  }

  /// T² and Q of one row; what each column adds to them, for those who bring room for it (no span, or one of D values).
  [[nodiscard]] result<dynamic_t2_q_score<Real>> score(std::span<const Real> row, std::span<Real> t2_share = {},
                                                       std::span<Real> q_share = {}) const noexcept {
    if (rows_ == 0) {
      return errc::insufficient;
    }
    const std::size_t d = columns();
    if (row.size() != d || (!t2_share.empty() && t2_share.size() != d) || (!q_share.empty() && q_share.size() != d)) {
      return errc::width;
    }
    std::array<double, most_components> along;
    std::fill_n(along.begin(), components_, 0.0);
    double squares = 0;
    for (std::size_t j = 0; j < d; ++j) {
      if (!math::isfinite(row[j])) {
        return errc::not_finite;
      }
      const double z = scaled(row[j], j);
      squares += z * z;
      for (std::size_t k = 0; k < components_; ++k) {
        along[k] += axis_of(j)[k] * z;
      }
    }
    double t2 = 0;
    std::array<double, most_components> weight;
    for (std::size_t k = 0; k < components_; ++k) {
      weight[k] = along[k] / static_cast<double>(eigenvalue_[k]);
      t2 += along[k] * weight[k];
    }
    if (!math::isfinite(t2) || !math::isfinite(squares)) {
      return errc::out_of_range;
    }
    double q = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double z = scaled(row[j], j);
      double pull = 0;
      double rest = z;
      for (std::size_t k = 0; k < components_; ++k) {
        pull += axis_of(j)[k] * weight[k];
        rest -= axis_of(j)[k] * along[k];
      }
      rest = components_ < d ? rest : 0.0;
      q += rest * rest;
      if (!t2_share.empty()) {
        t2_share[j] = narrow(z * pull);
      }
      if (!q_share.empty()) {
        q_share[j] = narrow(rest * rest);
      }
    }
    // As in `t2_q`: a residual of the size of the rounding of the axes says nothing.
    const double step = static_cast<double>(components_ + 1) * static_cast<double>(std::numeric_limits<Real>::epsilon());
    return dynamic_t2_q_score<Real>{
        narrow(t2), narrow(q), t2 > static_cast<double>(t2_limit_),
        components_ < d && q > static_cast<double>(q_limit_) && q > static_cast<double>(d) * step * step * squares};
  }

  [[nodiscard]] bool fitted() const noexcept { return rows_ != 0; }
  /// Training rows; 2^32 - 1 stands for that many or more.
  [[nodiscard]] std::uint32_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return mean_.size(); }
  [[nodiscard]] std::size_t components() const noexcept { return components_; }
  [[nodiscard]] std::span<const Real> mean() const noexcept { return mean_; }
  /// Standard deviations (n - 1), or 1.
  [[nodiscard]] std::span<const Real> scale() const noexcept { return scale_; }
  /// All variances along the principal axes of the scaled columns, falling.
  [[nodiscard]] std::span<const Real> eigenvalues() const noexcept { return eigenvalue_; }
  /// Component j of the k-th principal axis, a unit vector whose component of greatest size is positive.
  [[nodiscard]] Real axis(std::size_t k, std::size_t j) const noexcept {
    SKERRY_ASSERT(k < components_ && j < columns());
    return axis_[j * components_ + k];
  }
  /// What T² of a further usual row exceeds with probability alpha; `insufficient` before fit.
  [[nodiscard]] result<Real> t2_limit() const noexcept { return fitted() ? result<Real>{t2_limit_} : result<Real>{errc::insufficient}; }
  /// What Q exceeds with probability alpha; `insufficient` before fit, `degenerate` when all axes are kept.
  [[nodiscard]] result<Real> q_limit() const noexcept {
    if (!fitted()) {
      return errc::insufficient;
    }
    return components_ < columns() ? result<Real>{q_limit_} : result<Real>{errc::degenerate};
  }

 private:
  static constexpr double greatest = static_cast<double>(std::numeric_limits<Real>::max());
  static constexpr double least = static_cast<double>(std::numeric_limits<Real>::min());

  [[nodiscard]] static bool possible(std::size_t columns, std::size_t components, const t2_q_config& config) noexcept {
    return config.alpha >= 1e-12 && config.alpha <= 0.5 && components >= 1 && components <= most_components &&
           (columns == 0 || components <= columns);
  }
  [[nodiscard]] static Real narrow(double x) noexcept { return static_cast<Real>(std::clamp(x, -greatest, greatest)); }
  [[nodiscard]] double scaled(Real x, std::size_t j) const noexcept {
    return (static_cast<double>(x) - static_cast<double>(mean_[j])) / static_cast<double>(scale_[j]);
  }
  /// Component j of every axis.
  [[nodiscard]] const Real* axis_of(std::size_t j) const noexcept { return axis_.data() + j * components_; }

  status learn(Eigen::VectorXd mean, Eigen::MatrixXd c, std::uint64_t rows, std::size_t components, const t2_q_config& config) {
    const Eigen::Index d = mean.size();
    Eigen::VectorXd scale(d);
    for (Eigen::Index j = 0; j < d; ++j) {
      const double variance = c(j, j);
      if (!math::isfinite(variance) || !math::isfinite(mean[j])) {
        return errc::out_of_range;
      }
      if (config.standardize && !(variance > 0)) {
        return errc::degenerate;
      }
      scale[j] = config.standardize ? math::sqrt(variance) : 1.0;
      if (!(scale[j] >= least && scale[j] <= greatest) || (config.standardize && variance < std::numeric_limits<double>::min())) {
        return errc::out_of_range;
      }
    }
    for (Eigen::Index j = 0; j < d; ++j) {
      for (Eigen::Index k = 0; k < j; ++k) {
        c(j, k) = c(j, k) / scale[j] / scale[k];
        if (!math::isfinite(c(j, k))) {
          return errc::out_of_range;
        }
      }
      c(j, j) = config.standardize ? 1.0 : c(j, j);
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(c);  // reads the lower triangle; variances rise
    if (solved.info() != Eigen::Success) {
      return errc::singular;
    }
    std::vector<double> variance(static_cast<std::size_t>(d));
    const double noise = solved.eigenvalues()[d - 1] * static_cast<double>(d) * std::numeric_limits<double>::epsilon();
    for (Eigen::Index k = 0; k < d; ++k) {
      const double v = solved.eigenvalues()[d - 1 - k];
      variance[static_cast<std::size_t>(k)] = v > noise ? v : 0.0;
      if (v > greatest || !math::isfinite(v)) {
        return errc::out_of_range;
      }
    }
    if (!(variance[components - 1] > 0)) {
      return errc::singular;
    }
    const double t2_limit = detail::limit_of_t2(rows, components, config.alpha);
    const double q_limit = detail::limit_of_q(std::span<const double>{variance}.subspan(components), config.alpha);
    if (variance[components - 1] < least || !(t2_limit <= greatest) || !(q_limit <= greatest)) {
      return errc::out_of_range;
    }
    const auto width = static_cast<std::size_t>(d);
    basic_dynamic_t2_q made;
    made.axis_.resize(width * components);
    for (std::size_t j = 0; j < width; ++j) {
      made.mean_.push_back(static_cast<Real>(mean[static_cast<Eigen::Index>(j)]));
      made.scale_.push_back(static_cast<Real>(scale[static_cast<Eigen::Index>(j)]));
      made.eigenvalue_.push_back(static_cast<Real>(variance[j]));
    }
    for (std::size_t k = 0; k < components; ++k) {
      const auto axis = solved.eigenvectors().col(d - 1 - static_cast<Eigen::Index>(k));
      Eigen::Index longest = 0;
      axis.cwiseAbs().maxCoeff(&longest);
      const double sign = axis[longest] < 0 ? -1.0 : 1.0;
      for (std::size_t j = 0; j < width; ++j) {
        made.axis_[j * components + k] = static_cast<Real>(sign * axis[static_cast<Eigen::Index>(j)]);
      }
    }
    made.components_ = components;
    made.t2_limit_ = static_cast<Real>(t2_limit);
    made.q_limit_ = static_cast<Real>(q_limit);
    made.rows_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, std::numeric_limits<std::uint32_t>::max()));
    *this = std::move(made);
    return {};
  }

  std::vector<Real> mean_, scale_, eigenvalue_;
  std::vector<Real> axis_;  ///< column after column, its component of each axis
  std::size_t components_ = 0;
  Real t2_limit_ = 0;
  Real q_limit_ = 0;
  std::uint32_t rows_ = 0;
};

/// The everyday form: binary32 in and out.
using dynamic_t2_q = basic_dynamic_t2_q<float>;

}  // namespace skerry::inline v0::anomaly
