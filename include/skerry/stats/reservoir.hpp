// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace skerry::inline v0::stats {

/// A uniform sample of N values of a stream: every set of N values is equally likely to be held.
///
/// Most values are skipped by counting: how many, is drawn once for each value that enters.
///
/// Input   finite values; NaN and infinity are refused (`errc::not_finite`, counted)
/// Cost    O(1) for a value that is skipped, one draw and three logarithms for one that enters: about N (1 + ln(n / N)) of n; 8 N + 40
///         bytes; no heap. A quantile O(N log N) on 8 N bytes of stack, a merge O(N) on 24 N.
/// Bound   with probability 1 - p every rank is right within sqrt(ln(2 / p) / (2 held)), whatever the distribution (`rank_error(p)`)
/// Merge   randomised by the own generator: the sample of both streams together
/// Errors  `full` at 2^63 - 1 values; queries: `empty`, `invalid` for a rank outside [0, 1]; `decode`: `truncated`, `corrupt`,
///         `unsupported` (version), `mismatch` (another N, when the image is full)
/// Source  Li, "Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n)))", 1994, algorithm L; Massart 1990 for the bound;
///         Marsaglia and Tsang 2000 for the gamma variates with which skipping goes on after a merge
template <std::size_t N>
class reservoir {
  static_assert(N >= 2 && N <= 65535, "reservoir<N>: 2 to 65535; the image counts them in two bytes");

 public:
  using value_type = double;
  using algebra = merges;
  static constexpr merge_kind merging = merge_kind::randomised;
  static constexpr std::size_t capacity = N;
  static constexpr std::size_t max_encoded_size = 12 + 8 * N;

  /// Give every device its own seed, or all of them draw alike.
  explicit constexpr reservoir(std::uint64_t seed) noexcept : random_{seed} {}

  constexpr status observe(double x) noexcept {
    if (!math::isfinite(x)) {
      ++refused_;
      return errc::not_finite;
    }
    if (n_ == max_count) {
      ++refused_;
      return errc::full;
    }
    ++n_;
    if (n_ <= N) {
      value_[n_ - 1] = x + 0.0;
      if (n_ == N) {
        largest_ = next_largest(1);
        skip();
      }
    } else if (n_ == next_) {
      value_[uniform_below(random_, static_cast<std::uint32_t>(N))] = x + 0.0;
      largest_ = next_largest(largest_);
      skip();
    }
    return {};
  }
  /// Many values; returns how many were accepted.
  constexpr std::size_t observe(std::span<const double> xs) noexcept {
    std::size_t accepted = 0;
    for (const double x : xs) {
      accepted += observe(x) ? 1U : 0U;
    }
    return accepted;
  }

  /// The sample of both streams: one by one from either side, with the odds of what is left of it, without putting back.
  constexpr void merge(const reservoir& other) noexcept {
    const std::uint64_t theirs_refused = other.refused_;
    const reservoir mine = *this;
    const reservoir& theirs = &other == this ? mine : other;
    refused_ += theirs_refused;
    if (theirs.n_ == 0) {
      return;
    }
    std::uint64_t left[2] = {mine.n_, theirs.n_};
    double from[2][N];
    std::size_t held[2] = {mine.held(), theirs.held()};
    for (std::size_t i = 0; i < N; ++i) {
      from[0][i] = mine.value_[i];
      from[1][i] = theirs.value_[i];
    }
    n_ = left[1] > max_count - left[0] ? max_count : left[0] + left[1];
    const std::size_t wanted = n_ < N ? static_cast<std::size_t>(n_) : N;
    for (std::size_t i = 0; i < wanted; ++i) {
      const bool second = below(left[0] + left[1]) >= left[0];
      const std::size_t pick = uniform_below(random_, static_cast<std::uint32_t>(held[second]));
      value_[i] = from[second][pick];
      from[second][pick] = from[second][held[second] - 1];
      --held[second];
      --left[second];
    }
    go_on();
  }

  /// Values that were accepted.
  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return n_; }
  /// Values that are held: min(count(), N).
  [[nodiscard]] constexpr std::size_t held() const noexcept { return n_ < N ? static_cast<std::size_t>(n_) : N; }
  /// In no order that means anything.
  [[nodiscard]] constexpr std::span<const double> sample() const noexcept { return std::span<const double>{value_, held()}; }

  /// The smallest held value with at least rank · held() at or below it.
  [[nodiscard]] constexpr result<double> quantile(double rank) const noexcept {
    if (!(rank >= 0 && rank <= 1)) {
      return errc::invalid;
    }
    const std::size_t m = held();
    if (m == 0) {
      return errc::empty;
    }
    double sorted[N];
    for (std::size_t i = 0; i < m; ++i) {
      sorted[i] = value_[i];
    }
    heap_sort(sorted, m);
    const double position = rank * static_cast<double>(m);
    auto k = static_cast<std::size_t>(position);
    k += static_cast<double>(k) < position ? 1U : 0U;
    return sorted[k == 0 ? 0 : (k > m ? m : k) - 1];
  }
  /// The part of the held values that is not above x.
  [[nodiscard]] constexpr result<double> rank(double x) const noexcept {
    if (math::isnan(x)) {
      return errc::not_finite;
    }
    if (n_ == 0) {
      return errc::empty;
    }
    std::size_t below_x = 0;
    for (const double v : sample()) {
      below_x += v <= x ? 1U : 0U;
    }
    return static_cast<double>(below_x) / static_cast<double>(held());
  }
  /// How far any rank may be off, but for the probability p; 0 while all values are held. `empty` before the first, `invalid` unless
  /// 0 < p < 1.
  [[nodiscard]] constexpr result<double> rank_error(double p = 0.01) const noexcept {
    if (!(p > 0 && p < 1)) {
      return errc::invalid;
    }
    if (n_ == 0) {
      return errc::empty;
    }
    return n_ <= N ? 0.0 : math::sqrt(math::log(2 / p) / (2.0 * static_cast<double>(N)));
  }

  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  /// An empty one that goes on with this one's generator.
  [[nodiscard]] constexpr reservoir empty() const noexcept { return reservoir{random_.state()}; }
  constexpr void clear() noexcept { *this = empty(); }

  /// The frame `u8 8, u8 version 1, u64 n, u16 held, f64[held]`.
  constexpr status encode(byte_writer& out) const noexcept {
    out.u8(frame_type);
    out.u8(frame_version);
    out.u64(n_);
    out.u16(static_cast<std::uint16_t>(held()));
    for (const double x : sample()) {
      out.f64(x);
    }
    return out.error();
  }
  [[nodiscard]] static constexpr result<reservoir> decode(byte_reader& in, std::uint64_t seed) noexcept {
    const auto type = in.u8();
    const auto version = in.u8();
    reservoir out{seed};
    out.n_ = in.u64();
    const auto held = in.u16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    if (type != frame_type || out.n_ > max_count || held > out.n_) {
      return errc::corrupt;
    }
    if (version != frame_version) {
      return errc::unsupported;
    }
    if (held != out.held()) {
      return held == out.n_ || held >= 2 ? errc::mismatch : errc::corrupt;
    }
    bool possible = true;
    for (std::size_t i = 0; i < held; ++i) {
      const double x = in.f64();
      possible = possible && math::isfinite(x) && !(x == 0 && math::signbit(x));
      out.value_[i] = x;
    }
    if (const status end = in.finish(); !end) {
      return end.error();
    }
    if (!possible) {
      return errc::corrupt;
    }
    out.go_on();
    return out;
  }

 private:
  static constexpr std::uint8_t frame_type = 8;
  static constexpr std::uint8_t frame_version = 1;
  static constexpr std::uint64_t max_count = std::numeric_limits<std::uint64_t>::max() / 2;

  /// In (0, 1): its logarithm is finite and not zero.
  [[nodiscard]] constexpr double open01() noexcept { return (static_cast<double>(random_() >> 12) + 0.5) * 0x1p-52; }
  /// In [0, n), by rejection above a power of two.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t n) noexcept {
    const int shift = n <= 1 ? 63 : std::countl_zero(n - 1);
    std::uint64_t r = random_() >> shift;
    for (; r >= n;) {
      r = random_() >> shift;
    }
    return r;
  }
  /// Give every value a uniform number: the N smallest are held. The largest of them, after one more came among them.
  [[nodiscard]] constexpr double next_largest(double largest) noexcept {
    return largest * math::exp(math::log(open01()) / static_cast<double>(N));
  }
  /// Draws which value enters next: the first whose number is below the largest held.
  constexpr void skip() noexcept {
    const double gap = math::log(open01()) / math::log1p(-largest_);
    next_ = gap < 0x1p62 ? n_ + static_cast<std::uint64_t>(gap) + 1 : std::numeric_limits<std::uint64_t>::max();
  }
  /// After a merge or an image: the largest number among the N smallest of n is distributed as Beta(N, n - N + 1).
  constexpr void go_on() noexcept {
    if (n_ >= N) {
      const double a = gamma(static_cast<double>(N));
      const double b = gamma(static_cast<double>(n_ - N) + 1);
      largest_ = a / (a + b);
      skip();
    }
  }
  [[nodiscard]] constexpr double gamma(double shape) noexcept {
    const double d = shape - 1.0 / 3;
    const double c = 1 / math::sqrt(9 * d);
    while (true) {
      const double x = normal(random_);
      const double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
      if (v > 0 && math::log(open01()) < 0.5 * x * x + d - d * v + d * math::log(v)) {
        return d * v;
      }
    }
  }

  static constexpr void sift(double* v, std::size_t root, std::size_t n) noexcept {
    for (std::size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
      child += child + 1 < n && v[child] < v[child + 1] ? 1U : 0U;
      if (!(v[root] < v[child])) {
        return;
      }
      const double t = v[root];
      v[root] = v[child];
      v[child] = t;
      root = child;
    }
  }
  static constexpr void heap_sort(double* v, std::size_t n) noexcept {
    for (std::size_t i = n / 2; i-- > 0;) {
      sift(v, i, n);
    }
    for (std::size_t end = n; end-- > 1;) {
      const double t = v[0];
      v[0] = v[end];
      v[end] = t;
      sift(v, 0, end);
    }
  }

  double value_[N]{};
  std::uint64_t n_ = 0;
  std::uint64_t next_ = 0;
  double largest_ = 1;
  splitmix64 random_;
  std::uint64_t refused_ = 0;
};

}  // namespace skerry::inline v0::stats
