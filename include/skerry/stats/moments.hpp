// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/moment_block.hpp>
#include <skerry/stats/detail/moment_fields.hpp>
#include <skerry/stats/weighted_moments.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::stats {

/// Count, mean and central moments of an endless stream, mergeable.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`), and so is a value or a merge whose sums would
///         overflow (`errc::out_of_range`). Refused values are counted and change no stored number.
/// Units   those of the input; variance in their square; skewness and kurtosis have none
/// Cost    O(1) per value, one division; blocks of 512 in 8 lanes; no heap. A double state is 16 + 8 * Order bytes, a float state
///         12 + 4 * Order: the stored numbers, and what was refused.
/// Bound   mean within 4 ulp of max |x|; central sums to 1e-12 near zero, 1e-6 at an offset of 1e8 standard deviations
/// Merge   commutative and associative up to rounding, not idempotent; merging with an empty one changes no bit
/// Errors  queries: `empty` without a value, `insufficient` for `variance` of one, `degenerate` for shape without spread;
///         `decode`: `truncated`, `corrupt`, `unsupported` (version), `mismatch` (order, or numbers that Real cannot hold)
/// Source  Welford 1962; Chan, Golub, LeVeque 1979 (merge); Pebay 2008, SAND2008-6212, eq. 2.1 and 3.1 (third and fourth)
template <class Real = double, unsigned Order = 4>
class moments {
  static_assert(std::same_as<Real, float> || std::same_as<Real, double>, "moments<Real>: Real is float or double");
  static_assert(Order >= 1 && Order <= 4, "moments<Real, Order>: 1 mean, 2 variance, 3 skewness, 4 kurtosis");

 public:
  using value_type = Real;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::rounded;
  static constexpr unsigned order = Order;
  static constexpr std::size_t encoded_size = 11 + 8 * Order;

  /// One value more.
  constexpr status observe(Real x) noexcept {
    numbers next{};
    next.n = state_.n + 1;
    if (state_.n == 0) {
      next.m[0] = x;
    } else {
      // One reciprocal beside the chain instead of a division in it; the chain itself runs through the rounded mean only.
      const Real n = real_of(next.n);
      const Real share = 1 / n;
      const Real rounded_step = (x - state_.m[0]) * share;
      next.m[0] = state_.m[0] + rounded_step;
      next.rest = state_.rest * static_cast<float>(1 - share) + addition_error(state_.m[0], rounded_step, next.m[0]);
      if constexpr (Order >= 2) {
        Real delta = x - state_.m[0];
        if constexpr (compensated) {
          delta -= rest_of(state_);
        }
        const Real step = delta * share;
        const Real t = delta * step * (n - 1);
        if constexpr (Order >= 4) {
          const Real m4 = state_.m[3] + step * (step * (t * (n * (n - 3) + 3) + 6 * state_.m[1]) - 4 * state_.m[2]);
          next.m[3] = m4 < 0 ? Real{0} : m4;
        }
        if constexpr (Order >= 3) {
          next.m[2] = state_.m[2] + step * (t * (n - 2) - 3 * state_.m[1]);
        }
        next.m[1] = state_.m[1] + t;
      }
    }
    if (!is_finite(next) || next.n > max_count) {
      return refuse(x);
    }
    accept(next);
    return {};
  }

  /// Many values; returns how many were accepted. A block with a value to refuse goes one by one.
  std::size_t observe(std::span<const Real> xs) noexcept {
    // Equal parts meet equal parts, so the rounding of the merges grows with log of the number of blocks, not with the number.
    constexpr unsigned levels = 10;
    numbers part[levels];
    unsigned held = 0;  // bit i: part[i] holds 2^i blocks
    std::size_t accepted = 0;
    while (!xs.empty()) {
      const auto block = xs.first(xs.size() < detail::lane_block ? xs.size() : detail::lane_block);
      xs = xs.subspan(block.size());
      numbers sum{};
      if (!summarise(block, sum)) {
        for (const Real x : block) {
          accepted += observe(x) ? 1U : 0U;
        }
        continue;
      }
      accepted += block.size();
      unsigned i = 0;
      for (; (held >> i & 1U) != 0; ++i) {
        held ^= 1U << i;
        accepted -= lost(part[i], sum);
        sum = part[i];
      }
      if (i < levels) {
        part[i] = sum;
        held |= 1U << i;
      } else {
        accepted -= lost(state_, sum);
      }
    }
    numbers rest{};
    for (unsigned i = 0; i < levels; ++i) {
      if ((held >> i & 1U) != 0) {
        accepted -= lost(part[i], rest);
        rest = part[i];
      }
    }
    accepted -= lost(state_, rest);
    return accepted;
  }

  /// Takes back one value that was observed: the inverse of `observe` up to rounding.
  ///
  /// Errors  `empty` without a value; `not_finite`; `out_of_range`. A value that was never observed cannot be noticed.
  constexpr status retract(Real x) noexcept {
    if (state_.n == 0) {
      return errc::empty;
    }
    numbers next{};
    next.n = state_.n - 1;
    bool below_zero = false;
    if (next.n == 0) {
      next.m[0] = x;
    } else {
      const Real n = real_of(state_.n);
      const Real n1 = real_of(next.n);
      const Real back = (state_.m[0] - x) / n1;
      next.m[0] = state_.m[0] + back;
      next.rest = state_.rest * static_cast<float>(1 + 1 / n1) + addition_error(state_.m[0], back, next.m[0]);
      if constexpr (Order >= 2) {
        const Real delta = (x - next.m[0]) - rest_of(next);
        const Real step = delta / n;
        const Real t = delta * step * n1;
        next.m[1] = state_.m[1] - t;
        below_zero = next.m[1] < 0;
        if constexpr (Order >= 3) {
          next.m[2] = state_.m[2] - step * (t * (n - 2) - 3 * next.m[1]);
        }
        if constexpr (Order >= 4) {
          next.m[3] = state_.m[3] - step * (step * (t * (n * (n - 3) + 3) + 6 * next.m[1]) - 4 * next.m[2]);
          if (next.m[3] < 0) {
            below_zero = true;
            next.m[3] = 0;
          }
        }
      }
    }
    if (!is_finite(next)) {
      return refuse(x);
    }
    if (next.n == 0) {
      next = numbers{};
    }
    if constexpr (Order >= 2) {
      if (next.n <= 1 || next.m[1] < 0) {  // no spread: what rounding left of it goes, in every order
        for (unsigned k = 1; k < Order; ++k) {
          next.m[k] = 0;
        }
      }
    }
    accept(next);
    state_.marks |= below_zero ? degraded_mark : 0U;
    return {};
  }

  /// The values of another stream too. A merge that would overflow changes nothing, counts the other's values as refused and
  /// sets `degraded()`.
  constexpr void merge(const moments& other) noexcept {
    const std::uint32_t theirs = other.state_.marks;
    join_parts(state_, other.state_);
    add_refused(theirs & max_refused);
    state_.marks |= theirs & degraded_mark;
  }

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return state_.n; }

  [[nodiscard]] constexpr result<Real> mean() const noexcept {
    if (state_.n == 0) {
      return errc::empty;
    }
    return best_mean();
  }
  /// The unbiased estimate, divided by n - 1.
  [[nodiscard]] constexpr result<Real> variance() const noexcept requires(Order >= 2) {
    if (state_.n < 2) {
      return state_.n == 0 ? errc::empty : errc::insufficient;
    }
    return state_.m[1] / static_cast<Real>(state_.n - 1);
  }
  /// Of the values themselves, divided by n.
  [[nodiscard]] constexpr result<Real> variance_population() const noexcept requires(Order >= 2) {
    if (state_.n == 0) {
      return errc::empty;
    }
    return state_.m[1] / real_of(state_.n);
  }
  /// The square root of `variance`.
  [[nodiscard]] constexpr result<Real> stddev() const noexcept requires(Order >= 2) {
    const result<Real> v = variance();
    if (!v) {
      return v.error();
    }
    return math::sqrt(v.value());
  }
  /// The population form g1 = sqrt(n) M3 / M2^1.5.
  [[nodiscard]] constexpr result<Real> skewness() const noexcept requires(Order >= 3) {
    if (state_.n == 0) {
      return errc::empty;
    }
    // In this order no intermediate leaves the range before the answer does.
    return shape(state_.m[2] / state_.m[1] * math::sqrt(real_of(state_.n) / state_.m[1]));
  }
  /// The population form g2 = n M4 / M2^2 - 3: zero for a normal distribution.
  [[nodiscard]] constexpr result<Real> kurtosis_excess() const noexcept requires(Order >= 4) {
    if (state_.n == 0) {
      return errc::empty;
    }
    return shape(state_.m[3] / state_.m[1] * (real_of(state_.n) / state_.m[1]) - 3);
  }

  /// Values refused here or in what was merged, up to 2^31 - 1. Not part of the image.
  [[nodiscard]] constexpr std::uint32_t refused() const noexcept { return state_.marks & max_refused; }
  /// Rounding has taken a retracted sum below zero (it was set to zero), or a merge was refused. Not part of the image.
  [[nodiscard]] constexpr bool degraded() const noexcept { return (state_.marks & degraded_mark) != 0; }
  constexpr void clear() noexcept { *this = moments{}; }

  /// Moments from sums of powers of (x - pivot), for hardware or windows that keep such sums. Near the mean is a good pivot:
  /// the farther away, the more digits cancel.
  ///
  /// Input   `sums[k - 1]` is the sum of (x - pivot)^k over `count` values
  /// Errors  `empty` for no values, `out_of_range` for 2^63 of them, `not_finite`, `invalid` for a negative even sum
  [[nodiscard]] static constexpr result<moments> from_shifted_sums(std::uint64_t count, Real pivot,
                                                                   std::span<const Real, Order> sums) noexcept {
    if (count == 0) {
      return errc::empty;
    }
    if (count > max_count) {
      return errc::out_of_range;
    }
    if ((Order >= 2 && sums[Order >= 2 ? 1 : 0] < 0) || (Order >= 4 && sums[Order - 1] < 0)) {
      return errc::invalid;
    }
    moments out;
    out.state_ = centred(count, pivot, sums.data());
    if (!is_finite(out.state_)) {
      return errc::not_finite;
    }
    return out;
  }

  /// The frame `u8 1, u8 version 1, u8 order, u64 n, f64 mean, f64 M2 ...`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u8(Order);
    out.u64(state_.n);
    out.f64(static_cast<double>(best_mean()));
    for (unsigned k = 1; k < Order; ++k) {
      out.f64(static_cast<double>(state_.m[k]));
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<moments> decode(byte_reader& in) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    const auto image_order = in.u8();
    moments out;
    out.state_.n = in.u64();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (image_order != Order) {
      return image_order >= 1 && image_order <= 4 ? errc::mismatch : errc::corrupt;
    }
    double m[Order];
    for (double& value : m) {
      value = in.f64();
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    bool fits = true;
    for (unsigned k = 0; k < Order; ++k) {
      // A mean of -0 is stored as +0: what was written with another sign was not written here.
      const bool negative_zero = k == 0 && std::bit_cast<std::uint64_t>(m[k]) == std::uint64_t{1} << 63;
      const bool possible = __builtin_isfinite(m[k]) && !(k % 2 == 1 && m[k] < 0) && !negative_zero;
      // No values: all zero. One value: no spread. (By bits, so that an accepted image is also what `encode` writes.)
      const bool empty_field = state_field_is_zero(out.state_.n, k);
      if (!possible || (empty_field && std::bit_cast<std::uint64_t>(m[k]) != 0)) {
        return errc::corrupt;
      }
      if constexpr (std::same_as<Real, float>) {
        constexpr double most = static_cast<double>(std::numeric_limits<float>::max());
        fits = fits && m[k] <= most && m[k] >= -most && static_cast<double>(static_cast<float>(m[k])) == m[k];
      }
      if (fits) {
        out.state_.m[k] = static_cast<Real>(m[k]);
      }
    }
    if (out.state_.n > max_count) {
      return errc::corrupt;
    }
    if (!fits) {
      return errc::mismatch;
    }
    return out;
  }

  /// Equal stored numbers; what was refused does not matter.
  friend constexpr bool operator==(const moments& a, const moments& b) noexcept {
    bool same = a.state_.n == b.state_.n && a.best_mean() == b.best_mean();
    for (unsigned k = 1; k < Order; ++k) {
      same = same && a.state_.m[k] == b.state_.m[k];
    }
    return same;
  }

 private:
  static constexpr std::uint8_t frame_type = 1;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr std::uint64_t max_count = (std::uint64_t{1} << 63) - 1;
  static constexpr std::uint32_t max_refused = 0x7fffffff;

  using stored_count = std::conditional_t<sizeof(Real) == 4, detail::count_in_words, std::uint64_t>;
  using every_number = std::make_index_sequence<Order>;
  static constexpr bool compensated = sizeof(Real) == 8;
  using rest_type = std::conditional_t<compensated, float, detail::no_rest>;
  static constexpr std::uint32_t degraded_mark = 0x80000000;
  struct numbers {
    stored_count n;
    Real m[Order];  // mean, then the sums of the second to fourth powers of the distances from it
    // What rounding took from the mean: without it merges at an offset of 1e8 lose six digits of the skewness. It costs nothing in a
    // double state, where it stands beside the flags; a float state has no room for it in its 28 bytes.
    [[no_unique_address]] rest_type rest;
    std::uint32_t marks;  // what was refused, and degraded_mark; here for the sake of the layout: `accept` carries them over
  };

  /// Counts are below 2^63, and conversion from signed numbers is one instruction on more machines.
  [[nodiscard]] static constexpr Real real_of(std::uint64_t n) noexcept { return static_cast<Real>(static_cast<std::int64_t>(n)); }
  [[nodiscard]] static constexpr bool state_field_is_zero(std::uint64_t n, unsigned k) noexcept { return n == 0 || (n == 1 && k > 0); }

  /// What `a + b` lost when it was rounded to `sum`, exactly (Knuth's two-sum), as far as a float reaches.
  [[nodiscard]] static constexpr rest_type addition_error(Real a, Real b, Real sum) noexcept {
    if constexpr (compensated) {
      const Real from_b = sum - a;
      const Real lost_part = (a - (sum - from_b)) + (b - from_b);
      return math::fabs(lost_part) < Real(1e38) ? static_cast<float>(lost_part) : 0.0F;
    } else {
      return {};
    }
  }
  [[nodiscard]] static constexpr Real rest_of(const numbers& s) noexcept {
    if constexpr (compensated) {
      return static_cast<Real>(s.rest);
    } else {
      return 0;
    }
  }
  /// Never -0: the sum of two of them would be one.
  [[nodiscard]] constexpr Real best_mean() const noexcept { return state_.m[0] + rest_of(state_) + Real{0}; }

  /// Takes the new numbers and keeps the flags. Field by field, and packs instead of loops, so that the numbers stay in registers: a
  /// copy through memory waits until its parts are stored, which costs more than the arithmetic.
  constexpr void accept(const numbers& next) noexcept { accept(next, every_number{}); }
  template <std::size_t... K>
  constexpr void accept(const numbers& next, std::index_sequence<K...>) noexcept {
    state_.n = next.n;
    ((state_.m[K] = next.m[K]), ...);
    state_.rest = next.rest;
  }

  [[nodiscard]] static constexpr bool is_finite(const numbers& s) noexcept { return is_finite(s, every_number{}); }
  template <std::size_t... K>
  [[nodiscard]] static constexpr bool is_finite(const numbers& s, std::index_sequence<K...>) noexcept {
    // A difference of infinities is NaN, and so is any sum with it. (What is kept of the rest is finite by itself.)
    return ((s.m[K] - s.m[K]) + ...) == 0;
  }

  [[nodiscard]] constexpr result<Real> shape(Real value) const noexcept {
    if (!(state_.m[1] > 0) || !__builtin_isfinite(value)) {
      return errc::degenerate;
    }
    return value;
  }

  constexpr status refuse(Real x) noexcept {
    add_refused(1);
    return __builtin_isfinite(x) ? errc::out_of_range : errc::not_finite;
  }
  constexpr void add_refused(std::uint64_t more) noexcept { state_.marks = marks_with(state_.marks, more); }
  // Out of line: it is rare, and would be there three times. By value, or the state could not stay in registers.
  [[gnu::noinline]] static constexpr std::uint32_t marks_with(std::uint32_t marks, std::uint64_t more) noexcept {
    const std::uint32_t room = max_refused - (marks & max_refused);
    return marks + (more < room ? static_cast<std::uint32_t>(more) : room);
  }

  /// Moves the centre of sums of powers from the pivot to the mean.
  [[nodiscard]] static constexpr numbers centred(std::uint64_t count, Real pivot, const Real* s) noexcept {
    numbers out{};
    out.n = count;
    const Real e = s[0] / real_of(count);
    out.m[0] = pivot + e;
    out.rest = addition_error(pivot, e, out.m[0]);
    if constexpr (Order >= 2) {
      if (count > 1) {
        const Real m2 = s[1] - e * s[0];
        out.m[1] = m2 < 0 ? Real{0} : m2;
        if constexpr (Order >= 3) {
          out.m[2] = s[2] - 3 * e * s[1] + 2 * e * e * s[0];
        }
        if constexpr (Order >= 4) {
          const Real m4 = s[3] - 4 * e * s[2] + 6 * e * e * s[1] - 3 * e * e * e * s[0];
          out.m[3] = m4 < 0 ? Real{0} : m4;
        }
      }
    }
    return out;
  }

  /// Two passes over one block; false when a value is not finite or a sum overflows.
  [[nodiscard]] static bool summarise(std::span<const Real> block, numbers& out) noexcept {
    const detail::block_sums<Real, Order> sums = detail::sums_of_block<Order>(block);
    if constexpr (Order == 1) {
      out.n = block.size();
      out.m[0] = sums.mean;
    } else {
      out = centred(block.size(), sums.mean, sums.power);
    }
    return is_finite(out);
  }

  /// into += from, parts of one span. Answers how many values were refused: none, or all of `from`.
  constexpr std::size_t lost(numbers& into, const numbers& from) noexcept {
    return join_parts(into, from) ? 0 : static_cast<std::size_t>(from.n);
  }

  /// into += from, or false: then nothing changed and the values of `from` are counted as refused.
  constexpr bool join_parts(numbers& into, const numbers& from) noexcept {
    if (from.n == 0) {
      return true;
    }
    const std::uint32_t marks = into.marks;
    if (into.n == 0) {
      into = from;
      into.marks = marks;
      return true;
    }
    numbers next{};
    next.n = into.n + from.n;
    const Real na = real_of(into.n);
    const Real nb = real_of(from.n);
    const Real fa = na / real_of(next.n);
    const Real fb = nb / real_of(next.n);
    const Real rounded_delta = from.m[0] - into.m[0];
    const Real step = rounded_delta * fb;
    next.m[0] = into.m[0] + step;
    next.rest = addition_error(into.m[0], step, next.m[0]) + (into.rest + (from.rest - into.rest) * static_cast<float>(fb));
    Real delta = rounded_delta;
    if constexpr (compensated) {
      delta += rest_of(from) - rest_of(into);
    }
    if constexpr (Order >= 2) {
      const Real spread = delta * delta * na * fb;
      next.m[1] = (into.m[1] + from.m[1]) + spread;
      if constexpr (Order >= 3) {
        next.m[2] = (into.m[2] + from.m[2]) + delta * (spread * (fa - fb) + 3 * (fa * from.m[1] - fb * into.m[1]));
      }
      if constexpr (Order >= 4) {
        const Real squares = spread * (fa * fa - fa * fb + fb * fb) + 6 * (fa * fa * from.m[1] + fb * fb * into.m[1]);
        const Real m4 = (into.m[3] + from.m[3]) + delta * (delta * squares + 4 * (fa * from.m[2] - fb * into.m[2]));
        next.m[3] = m4 < 0 ? Real{0} : m4;
      }
    }
    if (next.n > max_count || !is_finite(next)) {
      add_refused(from.n);
      state_.marks |= degraded_mark;
      return false;
    }
    next.marks = marks;
    into = next;
    return true;
  }

  numbers state_{};
};

}  // namespace skerry::inline v0::stats
