// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/cholesky.hpp>
#include <skerry/stats/detail/lanes.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// Count, means and covariances of D signals that are measured together, mergeable.
///
/// Input   rows of D finite values; a row with NaN or infinity is refused whole (`errc::not_finite`), one whose products would
///         overflow too (`errc::out_of_range`). Refused rows are counted and change no stored number.
/// Units   covariance in the product of the units of its two columns; correlation has none
/// Cost    O(D^2) per row, no heap; D^2 + 2 D Reals and 16 bytes. `observe_rows` works on blocks of 512 rows and takes
///         D^2 + 32 D Reals (D rounded up to 8) of stack.
/// Bound   mean within 4 ulp of max |x|; covariance 1e-12 near zero, 1e-6 at an offset of 1e6 standard deviations (double)
/// Merge   commutative and associative up to rounding, not idempotent; merging with an empty one changes no bit
/// Errors  queries: `empty` without a row, `insufficient` with one, `degenerate` for the correlation of a constant, `singular`
///         for a factor of what is no longer positive definite; `decode`: `truncated`, `corrupt`, `unsupported` (version),
///         `mismatch` (D, or numbers that Real cannot hold)
/// Source  Welford 1962; Chan, Golub, LeVeque 1979, for products of two columns
template <std::size_t D, class Real = double>
class covariance {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "covariance<D, Real>: Real is float or double");
  static_assert(D >= 1 && D <= 255, "covariance<D>: the image names D in one byte; split wider rows into groups of signals");

 public:
  using value_type = Real;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::rounded;
  static constexpr std::size_t dimension = D;
  static constexpr std::size_t encoded_size = 11 + 8 * (D + D * (D + 1) / 2);

  /// One row more.
  status observe(std::span<const Real, D> x) noexcept {
    const Real n = static_cast<Real>(n_ + 1);
    const Real inverse = 1 / n;
    Real before[D];
    Real after[D];
    pair step[D];
    bool fits = n_ < max_count;
    for (std::size_t i = 0; i < D; ++i) {
      const pair d = distance(x[i], 0, i);
      step[i] = share_of(d, n, inverse);
      before[i] = d.high;
      after[i] = d.high - step[i].high;
      // |d_i e_j| <= max(d_i e_i, d_j e_j), so the squares tell for all products.
      const bool good = scatter_[i * D + i] + before[i] * after[i] <= most;
      const bool near = math::fabs(x[i]) <= farthest;
      fits = static_cast<bool>(fits & good & near);
    }
    if (!fits) {
      ++refused_;
      for (const Real v : x) {
        if (!__builtin_isfinite(v)) {
          return errc::not_finite;
        }
      }
      return errc::out_of_range;
    }
    for (std::size_t i = 0; i < D; ++i) {
      move_mean(i, step[i]);
      for (std::size_t j = 0; j <= i; ++j) {
        scatter_[i * D + j] += before[i] * after[j];
      }
    }
    ++n_;
    return {};
  }

  /// Many rows, one after the other; returns how many were accepted. A block with a row to refuse goes row by row.
  std::size_t observe_rows(std::span<const Real> row_major) noexcept {
    SKERRY_ASSERT(row_major.size() % D == 0 && "observe_rows: whole rows");
    std::size_t accepted = 0;
    for (std::size_t rows = row_major.size() / D; rows != 0;) {
      const std::size_t here = rows < detail::lane_block ? rows : detail::lane_block;
      const auto block = row_major.first(here * D);
      row_major = row_major.subspan(here * D);
      rows -= here;
      covariance part;
      if (part.summarise(block.data(), here) && take(part)) {
        accepted += here;
        continue;
      }
      for (std::size_t r = 0; r < here; ++r) {
        accepted += observe(std::span<const Real, D>{block.data() + r * D, D}) ? 1U : 0U;
      }
    }
    return accepted;
  }

  /// The rows of another stream too. A merge that would overflow changes nothing and counts the other's rows as refused.
  void merge(const covariance& other) noexcept {
    const std::uint64_t theirs = other.refused_ + (other.n_ == 0 || take(other) ? 0 : other.n_);
    refused_ += theirs;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return n_; }

  /// All zero without a row.
  [[nodiscard]] std::span<const Real, D> mean() const noexcept { return mean_; }
  /// The unbiased estimate for the columns i and j, divided by n - 1.
  [[nodiscard]] result<Real> at(std::size_t i, std::size_t j) const noexcept {
    SKERRY_ASSERT(i < D && j < D);
    if (n_ < 2) {
      return n_ == 0 ? errc::empty : errc::insufficient;
    }
    return sum_of_products(i, j) / static_cast<Real>(n_ - 1);
  }
  /// Pearson's coefficient, in [-1, 1].
  [[nodiscard]] result<Real> correlation(std::size_t i, std::size_t j) const noexcept {
    SKERRY_ASSERT(i < D && j < D);
    if (n_ < 2) {
      return n_ == 0 ? errc::empty : errc::insufficient;
    }
    const Real scale = math::sqrt(scatter_[i * D + i]) * math::sqrt(scatter_[j * D + j]);
    if (!(scale > 0)) {
      return errc::degenerate;
    }
    const Real r = sum_of_products(i, j) / scale;
    return r > 1 ? Real{1} : (r < -1 ? Real{-1} : r);
  }
  /// The sums of products of distances from the means, row-major; the part above the diagonal is zero and means nothing.
  [[nodiscard]] std::span<const Real, D * D> lower() const noexcept { return scatter_; }

  /// The factor L of L L^T = covariance + ridge I.
  ///
  /// Errors  `empty`, `insufficient` below two rows; `singular`; `invalid` for a ridge that is negative or not finite
  [[nodiscard]] result<cholesky<D, Real>> factor(Real ridge = 0) const noexcept {
    if (n_ < 2) {
      return n_ == 0 ? errc::empty : errc::insufficient;
    }
    Real matrix[D * D];
    const Real divisor = static_cast<Real>(n_ - 1);
    for (std::size_t i = 0; i < D * D; ++i) {
      matrix[i] = scatter_[i] / divisor;
    }
    return cholesky<D, Real>::create(matrix, ridge);
  }

  /// Rows refused here or in what was merged. Not part of the image.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  void clear() noexcept { *this = covariance{}; }

  /// The frame `u8 4, u8 version 1, u8 D, u64 n, f64 mean[D], f64 lower[]`, the lower triangle row by row.
  status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u8(static_cast<std::uint8_t>(D));
    out.u64(n_);
    for (const Real m : mean_) {
      out.f64(static_cast<double>(m));
    }
    for (std::size_t i = 0; i < D; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        out.f64(static_cast<double>(scatter_[i * D + j]));
      }
    }
    return out.error();
  }
  [[nodiscard]] static result<covariance> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto columns = in.u8();
    covariance out;
    out.n_ = in.u64();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || columns == 0 || out.n_ > max_count) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (columns != D) {
      return errc::mismatch;
    }
    bool possible = true;
    bool fits = true;
    const auto number = [&](bool zero) {
      const double v = in.f64();
      // No rows: all zero. One row: no spread. (By bits, so that an accepted image is also what `encode` writes.)
      possible = possible && __builtin_isfinite(v) && !(zero && std::bit_cast<std::uint64_t>(v) != 0);
      constexpr double greatest = static_cast<double>(std::numeric_limits<Real>::max());
      const bool held = v <= greatest && v >= -greatest && static_cast<double>(static_cast<Real>(v)) == v;
      fits = fits && held;
      return held ? static_cast<Real>(v) : Real{0};
    };
    for (Real& m : out.mean_) {
      m = number(out.n_ == 0);
    }
    for (std::size_t i = 0; i < D; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        out.scatter_[i * D + j] = number(out.n_ <= 1);
      }
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!possible) {
      return errc::corrupt;
    }
    if (!fits) {
      return errc::mismatch;
    }
    for (std::size_t i = 0; i < D; ++i) {
      const Real own = out.scatter_[i * D + i];
      possible = possible && !math::signbit(own) && own <= most && math::fabs(out.mean_[i]) <= farthest;
      for (std::size_t j = 0; j < i; ++j) {
        // Twice what the inequality of the means allows: room for rounding, none for sums that could overflow later.
        possible = possible && math::fabs(out.scatter_[i * D + j]) <= own + out.scatter_[j * D + j];
      }
    }
    if (!possible) {
      return errc::corrupt;
    }
    return out;
  }

  /// Equal stored numbers; what was refused does not matter.
  friend bool operator==(const covariance& a, const covariance& b) noexcept {
    bool same = a.n_ == b.n_;
    for (std::size_t i = 0; i < D; ++i) {
      same = same && a.mean_[i] == b.mean_[i];
      for (std::size_t j = 0; j <= i; ++j) {
        same = same && a.scatter_[i * D + j] == b.scatter_[i * D + j];
      }
    }
    return same;
  }

 private:
  static constexpr std::uint8_t frame_type = 4;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr std::uint64_t max_count = std::uint64_t{1} << 63;
  static constexpr Real most = std::numeric_limits<Real>::max() / 4;  // of a sum of squares
  // Of a value: beyond it the halves of a product would overflow.
  static constexpr Real farthest = std::numeric_limits<Real>::max() / 0x1p40F;

  [[nodiscard]] Real sum_of_products(std::size_t i, std::size_t j) const noexcept {
    return i >= j ? scatter_[i * D + j] : scatter_[j * D + i];
  }

  /// A number and what rounding took from it.
  struct pair {
    Real high;
    Real low;
  };
  [[nodiscard]] static pair sum_of(Real a, Real b) noexcept {  // Knuth's two-sum
    const Real sum = a + b;
    const Real of_b = sum - a;
    return {sum, (a - (sum - of_b)) + (b - of_b)};
  }
  [[nodiscard]] static pair product_of(Real a, Real b) noexcept {  // Dekker's, by halves of 26 or 12 bits
    constexpr Real splitter = std::same_as<Real, float> ? Real(4097) : Real(134217729);
    const Real product = a * b;
    const Real a_high = splitter * a - (splitter * a - a);
    const Real b_high = splitter * b - (splitter * b - b);
    const Real a_low = a - a_high;
    const Real b_low = b - b_high;
    return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
  }
  /// x - mean of column i.
  [[nodiscard]] pair distance(Real x, Real rest, std::size_t i) const noexcept {
    const pair d = sum_of(x, -mean_[i]);
    return sum_of(d.high, d.low + (rest - rest_[i]));
  }
  /// moved / whole, in twice the digits: else the mean walks away from the truth, rounding by rounding.
  [[nodiscard]] static pair share_of(pair moved, Real whole, Real inverse) noexcept {
    const Real step = moved.high / whole;
    const pair back = product_of(step, whole);
    return {step, ((moved.high - back.high) + (moved.low - back.low)) * inverse};
  }
  void move_mean(std::size_t i, pair step) noexcept {
    const pair sum = sum_of(mean_[i], step.high);
    const pair mean = sum_of(sum.high, sum.low + (rest_[i] + step.low));
    mean_[i] = mean.high;
    rest_[i] = mean.low;
  }

  /// *this += other, or false: then nothing changed.
  bool take(const covariance& other) noexcept {
    const std::uint64_t theirs = other.n_;
    if (n_ == 0) {
      n_ = theirs;
      for (std::size_t i = 0; i < D; ++i) {
        mean_[i] = other.mean_[i];
        rest_[i] = other.rest_[i];
      }
      for (std::size_t i = 0; i < D * D; ++i) {
        scatter_[i] = other.scatter_[i];
      }
      return true;
    }
    if (theirs > max_count - n_) {
      return false;
    }
    const Real part = static_cast<Real>(theirs);
    const Real whole = static_cast<Real>(n_ + theirs);
    const Real weight = static_cast<Real>(n_) * (part / whole);
    pair delta[D];
    bool fits = true;
    for (std::size_t i = 0; i < D; ++i) {
      delta[i] = distance(other.mean_[i], other.rest_[i], i);
      fits = fits && scatter_[i * D + i] + (other.scatter_[i * D + i] + weight * delta[i].high * delta[i].high) <= most &&
             math::fabs(delta[i].high) <= farthest / part;
    }
    if (!fits) {
      return false;
    }
    for (std::size_t i = 0; i < D; ++i) {
      const pair moved = product_of(delta[i].high, part);
      move_mean(i, share_of({moved.high, moved.low + delta[i].low * part}, whole, 1 / whole));
      for (std::size_t j = 0; j <= i; ++j) {
        scatter_[i * D + j] += other.scatter_[i * D + j] + weight * delta[i].high * delta[j].high;
      }
    }
    n_ += theirs;
    return true;
  }

  // How many rows of the matrix are summed at once: as many as the registers hold. Every sum runs over the rows of the data in their
  // order whatever this number is, so it does not change a bit.
  static constexpr std::size_t tile = detail::register_bytes / 8;
  static constexpr std::size_t padded = (D + detail::lane_count - 1) / detail::lane_count * detail::lane_count;
  static constexpr std::size_t chunk = 32;

  /// Two passes over one block into this object, which is empty; false when a value is not finite or a sum overflows.
  bool summarise(const Real* from, std::size_t rows) noexcept {
    // Distances from the first row, because the sum of an offset would round, with what rounding takes from them.
    Real sum[D] = {};
    Real lost[D] = {};
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < D; ++j) {
        const pair x = sum_of(from[r * D + j], -from[j]);
        const pair next = sum_of(sum[j], x.high);
        lost[j] += x.low + next.low;
        sum[j] = next.high;
      }
    }
    n_ = rows;
    bool fits = true;
    for (std::size_t j = 0; j < D; ++j) {
      mean_[j] = from[j] + Real{0};
      move_mean(j, share_of(sum_of(sum[j], lost[j]), static_cast<Real>(rows), 1 / static_cast<Real>(rows)));
      fits = fits && math::fabs(mean_[j]) <= farthest;
    }
    Real centred[chunk * padded] = {};
    for (std::size_t first = 0; first < rows && fits; first += chunk) {
      const std::size_t here = rows - first < chunk ? rows - first : chunk;
      for (std::size_t r = 0; r < here; ++r) {
        for (std::size_t j = 0; j < D; ++j) {
          centred[r * padded + j] = from[(first + r) * D + j] - mean_[j];
        }
      }
      for (std::size_t column = 0; column < D; column += detail::lane_count) {
        for (std::size_t i = column; i < D; i += tile) {
          add_products(centred, here, i, column);
        }
      }
    }
    for (std::size_t i = 0; i < D; ++i) {
      fits = fits && scatter_[i * D + i] <= most;
    }
    return fits;
  }

  /// scatter[i + 0 .. tile)[column + 0 .. 8) += the products of those columns of the chunk.
  void add_products(const Real* centred, std::size_t rows, std::size_t i, std::size_t column) noexcept {
    using lanes = detail::lanes<Real>;
    lanes sum[tile];
    for (std::size_t r = 0; r < rows; ++r) {
      const lanes x = lanes::load(centred + r * padded + column);
      for (std::size_t t = 0; t < tile; ++t) {
        // Rows beyond the matrix repeat its last one; what they sum is not stored.
        sum[t].add(x.times(centred[r * padded + (i + t < D ? i + t : D - 1)]));
      }
    }
    for (std::size_t t = 0; t < tile && i + t < D; ++t) {
      Real products[detail::lane_count];
      sum[t].store(products);
      for (std::size_t j = 0; j < detail::lane_count && column + j <= i + t; ++j) {
        scatter_[(i + t) * D + column + j] += products[j];
      }
    }
  }

  std::uint64_t n_ = 0;
  std::uint64_t refused_ = 0;
  Real mean_[D] = {};
  Real rest_[D] = {};  // what rounding took from the means
  Real scatter_[D * D] = {};
};

/// Squared distance from the mean in units of the spread, of a stream that is learnt while it is judged.
///
/// Input   as `covariance`; the matrix is factored anew after every `refresh` rows, so a distance is one forward substitution
/// Units   none; for normal signals a chi-squared variable with D degrees of freedom, about
/// Cost    `observe` O(D^2), each `refresh`-th one O(D^3); `squared_distance` O(D^2); a covariance, a factor and a mean
/// Errors  `squared_distance`: `insufficient` before the first factor, `singular` while the latest could not be made,
///         `not_finite`
template <std::size_t D, class Real = double>
class mahalanobis {
 public:
  struct config {
    std::uint32_t refresh = 64;  ///< rows between two factors; at least 1
    Real ridge = 0;              ///< added to each variance, so that signals that move together still have a factor
  };

  mahalanobis() noexcept = default;
  /// Errors  `invalid` for a refresh of 0 or a ridge that is negative or not finite
  [[nodiscard]] static result<mahalanobis> create(const config& c) noexcept {
    if (c.refresh == 0 || !(c.ridge >= 0) || !__builtin_isfinite(c.ridge)) {
      return errc::invalid;
    }
    mahalanobis out;
    out.config_ = c;
    return out;
  }

  status observe(std::span<const Real, D> x) noexcept {
    if (const status done = rows_.observe(x); !done) {
      return done;
    }
    if (++since_ >= config_.refresh) {
      (void)refresh();
    }
    return {};
  }
  /// Factors what has been learnt so far, now.
  status refresh() noexcept {
    since_ = 0;
    const auto made = rows_.factor(config_.ridge);
    if (!made) {
      state_ = rows_.count() < 2 ? errc::insufficient : made.error();
      return made.error();
    }
    factor_ = made.value();
    for (std::size_t i = 0; i < D; ++i) {
      mean_[i] = rows_.mean()[i];
    }
    state_ = errc::ok;
    return {};
  }
  /// Of a row that need not have been observed, from the mean and factor of the latest refresh.
  [[nodiscard]] result<Real> squared_distance(std::span<const Real, D> x) const noexcept {
    if (state_ != errc::ok) {
      return state_;
    }
    Real difference[D];
    for (std::size_t i = 0; i < D; ++i) {
      difference[i] = x[i] - mean_[i];
    }
    const Real d2 = factor_.squared_distance(difference);
    if (!__builtin_isfinite(d2)) {
      return errc::not_finite;
    }
    return d2;
  }
  [[nodiscard]] const covariance<D, Real>& learnt() const noexcept { return rows_; }

 private:
  config config_{};
  std::uint32_t since_ = 0;
  errc state_ = errc::insufficient;
  covariance<D, Real> rows_;
  cholesky<D, Real> factor_;
  Real mean_[D] = {};
};

}  // namespace skerry::inline v0::stats
