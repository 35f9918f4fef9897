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

namespace skerry::inline v0::stats {

struct adwin_config {
  double delta = 0.002;      ///< how readily it sees a change, in (0, 1): about the chance of a false one per look
  std::uint16_t clock = 32;  ///< values between two looks, at least 1
};

/// A window that is as long as nothing has changed: the mean of a stream whose level may move, and the word when it did.
///
/// The window is a list of buckets of 1, 2, 4, … values, at most five of each size. At a look it is cut between any two buckets; where
/// the two parts differ by more than chance allows, the oldest bucket goes, until no cut does.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`)
/// Cost    amortised O(1) per value beside O(log width) per look; sizeof about 10 * Rows * sizeof(Real) + 64, no heap
/// Bound   each cut by the paper's bound for the variance that is there; MOA's constants. The window holds at most
///         5 (2^Rows - 1) values: then the oldest bucket leaves, counted by `forgotten()`
/// Merge   none: a detector follows the order of one stream. A `merge` does not compile.
/// Errors  `not_finite`; `out_of_range` for a value further from the first than 2^490 (float: 2^50); `invalid` from `create`
/// Source  Bifet and Gavalda, "Learning from time-changing data with adaptive windowing", 2007: ADWIN2, with the conventions of MOA
///         (a bucket's last cut included, at least six values on either side and ten in all)
template <std::size_t Rows = 20, std::floating_point Real = double>
class adwin {
  static_assert(Rows >= 2 && Rows <= 29, "adwin<Rows>: between 2 and 29 rows of buckets");

 public:
  using value_type = Real;
  static constexpr std::size_t rows = Rows;
  static constexpr std::size_t buckets_per_row = 5;
  static constexpr std::uint32_t min_window = 10;  ///< no look at so few values or fewer
  static constexpr std::uint32_t min_side = 6;     ///< a cut leaves more than so many on either side
  static constexpr std::size_t max_encoded_size = 55 + Rows * (1 + buckets_per_row * 16);

  constexpr adwin() noexcept : adwin{adwin_config{}} {}
  [[nodiscard]] static constexpr result<adwin> create(const adwin_config& config) noexcept {
    if (!(config.delta > 0 && config.delta < 1) || config.clock == 0) {
      return errc::invalid;
    }
    return adwin{config};
  }

  /// `change` where the window has shrunk.
  constexpr result<drift_event> observe(Real x) noexcept {
    if (!__builtin_isfinite(x)) {
      return refuse(errc::not_finite);
    }
    const Real first = width_ == 0 ? x : first_;
    const Real offset = x - first;
    if (!(offset <= farthest && offset >= -farthest)) {
      return refuse(errc::out_of_range);
    }
    first_ = first;
    insert(offset);
    if (--until_look_ != 0) {
      return drift_event::none;
    }
    until_look_ = config_.clock;
    return look() ? drift_event::change : drift_event::none;
  }

  template <typename Other>
  constexpr void merge(const Other&) noexcept {
    detail::no_merge<adwin, Other>();
  }

  /// Values in the window.
  [[nodiscard]] constexpr std::uint64_t width() const noexcept { return width_; }
  /// Of the values in the window.
  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (width_ == 0) {
      return errc::empty;
    }
    return first_ + total_ / static_cast<Real>(width_);
  }
  /// Likewise, divided by their number.
  [[nodiscard]] constexpr result<Real> variance() const noexcept {
    if (width_ == 0) {
      return errc::empty;
    }
    return squares_ / static_cast<Real>(width_);
  }
  /// Values that left because the window was full, not because they differed.
  [[nodiscard]] constexpr std::uint64_t forgotten() const noexcept { return forgotten_; }
  [[nodiscard]] constexpr const adwin_config& config() const noexcept { return config_; }
  /// Values refused. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return refused_; }
  /// Forgets all values, keeps its settings.
  constexpr void clear() noexcept { *this = adwin{config_}; }

  /// The frame `u8 18, u8 1, f64 delta, u16 clock, u16 values until the next look, u64 forgotten, f64 first, f64 sum of offsets from
  /// it, f64 sum of squares around the mean, u8 rows in use`, then for each row `u8 buckets` and for each bucket, oldest first,
  /// `f64 sum of offsets, f64 sum of squares`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(detail::frame_adwin);
    out.u8(1);
    out.f64(config_.delta);
    out.u16(config_.clock);
    out.u16(until_look_);
    out.u64(forgotten_);
    out.f64(static_cast<double>(first_));
    out.f64(static_cast<double>(total_));
    out.f64(static_cast<double>(squares_));
    out.u8(used_);
    for (unsigned r = 0; r < used_; ++r) {
      out.u8(row_[r].size);
      for (unsigned k = 0; k < row_[r].size; ++k) {
        out.f64(static_cast<double>(row_[r].held[k].sum));
        out.f64(static_cast<double>(row_[r].held[k].squares));
      }
    }
    return out.error();
  }
  /// Errors  `full`: the image has more rows than this type
  [[nodiscard]] static constexpr result<adwin> decode(byte_reader& in) noexcept {
    if (const errc bad = detail::check_frame(in, detail::frame_adwin); bad != errc::ok) {
      return bad;
    }
    adwin_config config;
    config.delta = in.f64();
    config.clock = in.u16();
    const auto until_look = in.u16();
    const auto forgotten = in.u64();
    double numbers[3] = {};
    for (double& x : numbers) {
      x = in.f64();
    }
    const auto used = in.u8();
    if (in.error() != errc::ok) {
      return in.error();
    }
    const auto made = create(config);
    if (!made || until_look == 0 || until_look > config.clock || used > 29) {
      return errc::corrupt;
    }
    if (used > Rows) {
      return errc::full;
    }
    adwin out = made.value();
    out.until_look_ = until_look;
    out.forgotten_ = forgotten;
    out.used_ = used;
    bool fit = true;
    bool sound = true;
    const auto take = [&](Real& to, double from) {
      sound = sound && __builtin_isfinite(from);
      fit = fit && detail::fits<Real>(from);
      to = fit ? static_cast<Real>(from) : Real{0};
    };
    for (unsigned r = 0; r < used; ++r) {
      bucket_row& row = out.row_[r];
      row.size = in.u8();
      // All rows below the last in use are as full as merging leaves them.
      sound = sound && row.size <= buckets_per_row && row.size >= (r + 1U < used ? buckets_per_row - 1 : 1);
      if (!sound) {
        return in.error() != errc::ok ? in.error() : errc::corrupt;
      }
      for (unsigned k = 0; k < row.size; ++k) {
        take(row.held[k].sum, in.f64());
        take(row.held[k].squares, in.f64());
        sound = sound && within(row.held[k], size_of(r));
      }
      out.width_ += row.size * (std::uint32_t{1} << r);
    }
    take(out.first_, numbers[0]);
    bucket all{};
    take(all.sum, numbers[1]);
    take(all.squares, numbers[2]);
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!sound || !within(all, out.width_ == 0 ? Real{0} : static_cast<Real>(out.width_)) ||
        (out.width_ == 0 && !(out.first_ == 0 && forgotten == 0))) {
      return errc::corrupt;
    }
    if (!fit) {
      return errc::mismatch;
    }
    out.total_ = all.sum;
    out.squares_ = all.squares;
    return out;
  }

  /// Equal settings and equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const adwin& a, const adwin& b) noexcept {
    bool same = a.config_.delta == b.config_.delta && a.config_.clock == b.config_.clock && a.until_look_ == b.until_look_ &&
                a.forgotten_ == b.forgotten_ && a.first_ == b.first_ && a.total_ == b.total_ && a.squares_ == b.squares_ &&
                a.used_ == b.used_ && a.width_ == b.width_;
    for (unsigned r = 0; same && r < a.used_; ++r) {
      same = a.row_[r].size == b.row_[r].size;
      for (unsigned k = 0; same && k < a.row_[r].size; ++k) {
        same = a.row_[r].held[k].sum == b.row_[r].held[k].sum && a.row_[r].held[k].squares == b.row_[r].held[k].squares;
      }
    }
    return same;
  }

 private:
  // No square of a distance between two values, times the greatest width, leaves the type.
  static constexpr Real farthest = sizeof(Real) == 8 ? static_cast<Real>(0x1p490) : static_cast<Real>(0x1p50);

  /// Values of a power of two, by their offsets from the first value.
  struct bucket {
    Real sum = 0;
    Real squares = 0;  // around the bucket's own mean
  };
  struct bucket_row {
    bucket held[buckets_per_row]{};  // oldest first
    std::uint8_t size = 0;
  };

  constexpr explicit adwin(const adwin_config& config) noexcept : config_{config}, until_look_{config.clock} {}

  [[nodiscard]] static constexpr Real size_of(unsigned row) noexcept { return static_cast<Real>(std::uint32_t{1} << row); }
  /// What `n` values can add up to; their distances from a mean are at most twice as far.
  [[nodiscard]] static constexpr Real most_sum(Real n) noexcept { return n * farthest; }
  [[nodiscard]] static constexpr Real most_squares(Real n) noexcept { return 4 * farthest * most_sum(n); }
  /// Whether `n` values can add up to this.
  [[nodiscard]] static constexpr bool within(const bucket& b, Real n) noexcept {
    return b.sum <= most_sum(n) && b.sum >= -most_sum(n) && b.squares >= 0 && b.squares <= most_squares(n);
  }
  [[nodiscard]] static constexpr Real between(Real low, Real x, Real high) noexcept { return x < low ? low : (x > high ? high : x); }

  constexpr void insert(Real x) noexcept {
    if (width_ > 0) {
      const auto n = static_cast<Real>(width_);
      const Real d = x - total_ / n;
      squares_ += d * d * (n / (n + 1));
    }
    total_ += x;
    ++width_;
    bucket carry{x, 0};
    for (unsigned r = 0;; ++r) {
      bucket_row& row = row_[r];
      if (r >= used_) {
        used_ = static_cast<std::uint8_t>(r + 1);
      }
      if (row.size < buckets_per_row) {
        row.held[row.size] = carry;
        ++row.size;
        return;
      }
      if (r + 1 == Rows) {
        forgotten_ += std::uint64_t{1} << r;
        drop_oldest();
        row.held[row.size] = carry;
        ++row.size;
        return;
      }
      const bucket& a = row.held[0];
      const bucket& b = row.held[1];
      const Real gap = a.sum - b.sum;
      // No stream needs the limits here and in drop_oldest: an image whose numbers do not belong together might leave them otherwise.
      const Real squares = a.squares + b.squares + gap * (gap / (2 * size_of(r)));
      const Real limit = most_squares(size_of(r + 1));
      const bucket both{a.sum + b.sum, squares < limit ? squares : limit};
      for (unsigned k = 2; k < buckets_per_row; ++k) {
        row.held[k - 2] = row.held[k];
      }
      row.held[buckets_per_row - 2] = carry;
      row.size = buckets_per_row - 1;
      carry = both;
    }
  }

  constexpr void drop_oldest() noexcept {
    bucket_row& row = row_[used_ - 1U];
    const bucket gone = row.held[0];
    const Real n = size_of(used_ - 1U);
    for (unsigned k = 1; k < row.size; ++k) {
      row.held[k - 1] = row.held[k];
    }
    --row.size;
    width_ -= std::uint32_t{1} << (used_ - 1U);
    total_ = between(-most_sum(static_cast<Real>(width_)), total_ - gone.sum, most_sum(static_cast<Real>(width_)));
    if (row.size == 0) {
      --used_;
    }
    const auto left = static_cast<Real>(width_);
    const Real d = gone.sum / n - total_ / left;
    squares_ -= gone.squares + d * d * (n / (n + left) * left);
    squares_ = between(0, squares_, most_squares(left));
  }

  /// Whether there was a change.
  constexpr bool look() noexcept {
    bool changed = false;
    while (width_ > min_window && differs_somewhere()) {
      drop_oldest();
      changed = true;
    }
    return changed;
  }
  [[nodiscard]] constexpr bool differs_somewhere() const noexcept {
    const auto width = static_cast<Real>(width_);
    const Real log_term = static_cast<Real>(math::log(2 * math::log(static_cast<double>(width_)) / config_.delta));
    // With m = (width - 8) / ((n0 - 4) (n1 - 4)) the bound is sqrt(2 m v D) + 2/3 D m.
    const Real by_variance = 2 * (squares_ / width) * log_term * (width - 8);
    const Real by_range = 2 * log_term * (width - 8) / 3;
    Real n0 = 0;
    Real sum = 0;
    for (unsigned r = used_; r-- > 0;) {
      const bucket_row& row = row_[r];
      const unsigned cuts = r == 0 ? row.size - 1U : row.size;  // nothing is newer than the newest
      for (unsigned k = 0; k < cuts; ++k) {
        n0 += size_of(r);
        sum += row.held[k].sum;
        const Real n1 = width - n0;
        if (n0 > min_side && n1 > min_side) {
          // One division for both quotients, no square root: gap > a + sqrt(b) is gap > a and (gap - a)^2 > b.
          const Real sides = n0 * n1;
          const Real fewer = (n0 - 4) * (n1 - 4);
          const Real over = 1 / (sides * fewer);
          const Real difference = sum * width - total_ * n0;
          const Real gap = (difference < 0 ? -difference : difference) * (fewer * over);
          const Real beyond = gap - by_range * (sides * over);
          if (beyond > 0 && beyond * beyond > by_variance * (sides * over)) {
            return true;
          }
        }
      }
    }
    return false;
  }
  constexpr errc refuse(errc why) noexcept {
    refused_ = refused_ == std::numeric_limits<std::uint32_t>::max() ? refused_ : refused_ + 1;
    return why;
  }

  adwin_config config_;
  std::uint64_t forgotten_ = 0;
  Real first_ = 0;
  Real total_ = 0;    // of the offsets from first_
  Real squares_ = 0;  // around the mean of all
  std::uint32_t width_ = 0;
  std::uint32_t refused_ = 0;
  std::uint16_t until_look_;
  std::uint8_t used_ = 0;
  bucket_row row_[Rows]{};
};

}  // namespace skerry::inline v0::stats
