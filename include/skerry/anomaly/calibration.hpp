// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace skerry::inline v0::anomaly {

/// The level that a score must exceed to be high.
template <std::floating_point Score>
struct basic_threshold {
  Score value;    ///< alarm when score > value
  bool resolved;  ///< false: beyond what the references show, continued from their tail; more references will tell better

  /// The least number above `value`: what a latch compares with >=.
  [[nodiscard]] constexpr Score enter() const noexcept {
    using bits = std::conditional_t<sizeof(Score) == 4, std::uint32_t, std::uint64_t>;
    if (value != value || value == std::numeric_limits<Score>::infinity()) {
      return value;
    }
    if (value == 0) {
      return std::numeric_limits<Score>::denorm_min();
    }
    const bits b = std::bit_cast<bits>(value);
    return std::bit_cast<Score>(static_cast<bits>(value > 0 ? b + 1 : b - 1));
  }
};
using threshold = basic_threshold<float>;

/// Which level makes so many alarms: the reference scores of one detector, in order, and the three ways of asking them.
///
/// Scores: higher is stranger. The references are scores of rows taken as normal that the detector has *not* learnt from: those it
/// has learnt from look too normal.
///
/// Input   one finite score per `observe`
/// Cost    observe O(log N) compares and a move of up to N scores; thresholds O(N / 50); p_value O(log N);
///         sizeof == Capacity * sizeof(Score) + 16, no heap
/// Bound   exact: every score is kept. Beyond Capacity it refuses instead of forgetting: a sketch is not built in here
/// Merge   commutative, associative, exact in bytes, not idempotent
/// Errors  `not_finite`; `full` beyond Capacity; `insufficient` with too few references; `invalid` for a budget or fraction that is
///         none; `mismatch` from `merge` when the scores come from different detectors
template <std::floating_point Score, std::size_t Capacity>
class basic_calibration {
  static_assert(Capacity >= 2, "a calibration needs room for two scores");

 public:
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::exact;
  static constexpr std::size_t capacity = Capacity;
  /// With fewer references than this there is no tail to continue.
  static constexpr std::size_t least_for_tail = 50;

  constexpr basic_calibration() noexcept = default;
  /// `detector` names what made the scores (any number that two nodes agree on, say a digest of the model): scores of different
  /// detectors are not comparable and do not merge.
  constexpr explicit basic_calibration(std::uint64_t detector) noexcept : detector_{detector} {}

  /// Takes one reference score.
  constexpr status observe(Score score) noexcept {
    if (!finite(score)) {
      return errc::not_finite;
    }
    if (size_ == Capacity) {
      return errc::full;
    }
    const std::size_t at = static_cast<std::size_t>(std::upper_bound(begin(), end(), score) - begin());
    std::move_backward(begin() + at, end(), end() + 1);
    scores_[at] = score == 0 ? Score{0} : score;  // one zero: the order of -0 and 0 would show who came first
    ++size_;
    return {};
  }

  /// The level that at most `per_day` rows a day exceed, at `rows_per_day` rows of reference behaviour.
  ///
  /// Of N references k = floor(N * per_day / rows_per_day) may lie above. With k = 0 the references do not reach so far and the tail
  /// above their 98th percentile is continued as an exponential; `resolved` is false then. Such a level may lie above every score that the
  /// detector can give: a forest's end soon after its strangest reference.
  [[nodiscard]] constexpr result<basic_threshold<Score>> for_alarms(double per_day, double rows_per_day) const noexcept {
    if (!(per_day > 0) || !(rows_per_day > 0) || !finite(per_day) || !finite(rows_per_day)) {
      return errc::invalid;
    }
    if (size_ < 2) {
      return errc::insufficient;
    }
    const double n = static_cast<double>(size_);
    const double may_exceed = n * per_day / rows_per_day;
    if (may_exceed >= 1) {
      const std::size_t k = may_exceed >= n ? size() - 1 : static_cast<std::size_t>(may_exceed);
      return basic_threshold<Score>{falling(std::min(k, size() - 1)), true};
    }
    const std::size_t tail = size() / least_for_tail;
    if (tail == 0) {
      return errc::insufficient;
    }
    const double level = static_cast<double>(falling(tail));
    double excess = 0;
    for (std::size_t i = 0; i < tail; ++i) {
      excess += static_cast<double>(falling(i)) - level;
    }
    excess /= static_cast<double>(tail);
    const double share = static_cast<double>(tail) / n;
    const double value = level + excess * math::log(share / (per_day / rows_per_day));
    const Score rounded = static_cast<Score>(value);
    return finite(rounded) ? result<basic_threshold<Score>>{basic_threshold<Score>{rounded, false}} : errc::out_of_range;
  }

  /// The level that a share `fraction` in (0, 0.5] of the references exceeds: the percentile with linear interpolation, which is
  /// what scikit-learn calls contamination (its offset is the negative of this, its scores being lower when stranger).
  [[nodiscard]] constexpr result<basic_threshold<Score>> for_contamination(double fraction) const noexcept {
    if (!(fraction > 0) || !(fraction <= 0.5)) {
      return errc::invalid;
    }
    if (size_ == 0) {
      return errc::insufficient;
    }
    const double place = fraction * static_cast<double>(size_ - 1);
    const auto above = static_cast<std::size_t>(place);
    const double t = place - static_cast<double>(above);
    const double a = static_cast<double>(falling(above));
    const double b = static_cast<double>(falling(std::min(above + 1, size() - 1)));
    const double value = t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
    return basic_threshold<Score>{static_cast<Score>(value), true};
  }

  /// How likely a reference row is at least as strange as `score`: (1 + references at or above it) / (N + 1), in (0, 1].
  ///
  /// It never is below 1 / (N + 1): so many references cannot say more. Infinite scores are taken.
  [[nodiscard]] constexpr result<double> p_value(Score score) const noexcept {
    if (score != score) {
      return errc::not_finite;
    }
    if (size_ == 0) {
      return errc::insufficient;
    }
    const auto at_or_above = static_cast<double>(end() - std::lower_bound(begin(), end(), score));
    return (1 + at_or_above) / (1 + static_cast<double>(size_));
  }

  /// Adds the references of another node that runs the same detector.
  constexpr status merge(const basic_calibration& other) noexcept {
    if (other.size_ == 0) {
      return {};
    }
    if ((size_ != 0 || detector_ != 0) && detector_ != other.detector_) {
      return errc::mismatch;
    }
    if (other.size_ > Capacity - size_) {
      return errc::full;
    }
    detector_ = other.detector_;
    // From the back, so that nothing is overwritten before it has moved; right for `a.merge(a)` too, which then counts twice.
    std::size_t mine = size();
    std::size_t theirs = other.size();
    const bool self = this == &other;
    for (std::size_t to = mine + theirs; to > 0; --to) {
      if (self) {
        scores_[to - 1] = scores_[(to - 1) / 2];
      } else if (theirs == 0 || (mine > 0 && scores_[mine - 1] > other.scores_[theirs - 1])) {
        scores_[to - 1] = scores_[--mine];
      } else {
        scores_[to - 1] = other.scores_[--theirs];
      }
    }
    size_ += self ? size_ : other.size_;
    return {};
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(size_); }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr std::uint64_t detector() const noexcept { return detector_; }

  /// The strangest reference.
  [[nodiscard]] constexpr result<Score> greatest() const noexcept {
    return size_ == 0 ? result<Score>{errc::insufficient} : result<Score>{falling(0)};
  }

  /// Every reference, rising.
  template <typename F>
  constexpr void for_each(F&& f) const {
    std::for_each(begin(), end(), f);
  }

  constexpr void clear() noexcept { size_ = 0; }

  /// The image `u64 detector, u32 references, then each, rising`, in the width of Score.
  status encode(byte_writer& out) const noexcept {
    out.u64(detector_);
    out.u32(static_cast<std::uint32_t>(size_));
    for_each([&out](Score score) {
      if constexpr (sizeof(Score) == 4) {
        out.f32(score);
      } else {
        out.f64(score);
      }
    });
    return out.error();
  }
  /// Errors  `corrupt`, `truncated`; `full`: more references than fit. The object is as before then
  status decode(byte_reader& in) noexcept {
    const std::uint64_t detector = in.u64();
    const std::uint32_t size = in.u32();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (size > Capacity) {
      return refuse(in, errc::full);
    }
    if (in.remaining().size() != size * sizeof(Score)) {
      return refuse(in, errc::corrupt);
    }
    byte_reader again = in;
    Score before = -std::numeric_limits<Score>::infinity();
    for (std::uint32_t i = 0; i < size; ++i) {
      const Score score = read(in);
      const bool minus_zero = score == 0 && std::bit_cast<bits>(score) != 0;
      if (!finite(score) || score < before || minus_zero) {
        return refuse(in, errc::corrupt);
      }
      before = score;
    }
    for (std::uint32_t i = 0; i < size; ++i) {
      scores_[i] = read(again);
    }
    detector_ = detector;
    size_ = size;
    return {};
  }

  /// Same detector, same references.
  friend constexpr bool operator==(const basic_calibration& a, const basic_calibration& b) noexcept {
    return a.size_ == b.size_ && (a.size_ == 0 || a.detector_ == b.detector_) && std::equal(a.begin(), a.end(), b.begin());
  }

 private:
  using bits = std::conditional_t<sizeof(Score) == 4, std::uint32_t, std::uint64_t>;

  static Score read(byte_reader& in) noexcept {
    if constexpr (sizeof(Score) == 4) {
      return in.f32();
    } else {
      return in.f64();
    }
  }
  static status refuse(byte_reader& in, errc why) noexcept {
    in.fail(why);
    return why;
  }

  template <std::floating_point T>
  static constexpr bool finite(T x) noexcept {
    return x - x == 0;
  }
  constexpr Score* begin() noexcept { return scores_.data(); }
  constexpr Score* end() noexcept { return scores_.data() + size_; }
  constexpr const Score* begin() const noexcept { return scores_.data(); }
  constexpr const Score* end() const noexcept { return scores_.data() + size_; }
  // The i-th in falling order, from 0.
  constexpr Score falling(std::size_t i) const noexcept { return scores_[size() - 1 - i]; }

  array_of<Score, Capacity> scores_{};
  std::uint64_t detector_ = 0;
  std::uint64_t size_ = 0;  // wide, so that the object has no padding and equal ones are equal in bytes
};

/// The calibration of a forest's scores: up to 4096 references, 16 KB.
using calibration = basic_calibration<float, 4096>;

}  // namespace skerry::inline v0::anomaly
