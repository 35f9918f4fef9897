// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/math.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::stats {

/// The chance that two samples of one distribution lie at least `distance` apart, `effective` being n m / (n + m): Kolmogorov's
/// limit for large samples. For small ones, and for values with ties, the true chance is smaller.
///
/// Source  Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione", 1933; Smirnov, "Table for estimating the
///         goodness of fit of empirical distributions", 1948
[[nodiscard]] constexpr double ks_p_value(double distance, double effective) noexcept {
  const double squared = distance * distance * effective;
  if (!(distance > 0 && squared > 0.01)) {
    return 1;  // here the chance is 1 to the last digit
  }
  if (squared < 1.4) {
    // The same function through Jacobi's identity, which converges where the series below does not.
    const double e = -1.2337005501361697 / squared;  // -pi^2 / 8
    const double sum = math::exp(e) + math::exp(9 * e) + math::exp(25 * e);
    const double p = 1 - 2.5066282746310002 / math::sqrt(squared) * sum;  // sqrt(2 pi)
    return p > 0 ? p : 0;
  }
  return 2 * (math::exp(-2 * squared) - math::exp(-8 * squared) + math::exp(-18 * squared));
}

/// The distance that two samples of one distribution exceed with the chance `alpha`, by the first term of Kolmogorov's series, which
/// is all of it for an alpha up to 0.1.
[[nodiscard]] constexpr double ks_limit(double alpha, double effective) noexcept {
  return math::sqrt(-math::log(alpha / 2) / 2) / math::sqrt(effective);
}

/// How far two distributions lie apart.
struct ks_result {
  double distance = 0;    ///< the greatest distance between the two cumulative distributions, as the samples or sketches show them
  double slack = 0;       ///< how much of it the sketches may owe to their own errors; 0 for samples
  std::uint64_t n_a = 0;  ///< values behind either side
  std::uint64_t n_b = 0;

  [[nodiscard]] constexpr double effective() const noexcept {
    const auto a = static_cast<double>(n_a);
    const auto b = static_cast<double>(n_b);
    return a * (b / (a + b));
  }
  /// The chance of such a distance, less the slack, between two samples of one distribution.
  [[nodiscard]] constexpr double p_value() const noexcept { return ks_p_value(distance - slack, effective()); }
  /// The distance from which on the two differ, with the chance `alpha` of saying so of one distribution.
  [[nodiscard]] constexpr double limit(double alpha) const noexcept { return ks_limit(alpha, effective()) + slack; }
  [[nodiscard]] constexpr bool differ(double alpha) const noexcept { return distance > limit(alpha); }
};

namespace detail {

/// The greatest |i n_b - j n_a| over two ascending runs, equal values stepped over together: n_a n_b times the distance.
template <typename T>
[[nodiscard]] constexpr std::uint64_t ks_count(const T* a, std::size_t n_a, const T* b, std::size_t n_b) noexcept {
  std::size_t i = 0;
  std::size_t j = 0;
  std::uint64_t most = 0;
  while (i < n_a && j < n_b) {
    const T x = a[i] < b[j] ? a[i] : b[j];
    while (i < n_a && a[i] == x) {
      ++i;
    }
    while (j < n_b && b[j] == x) {
      ++j;
    }
    const std::uint64_t left = std::uint64_t{i} * n_b;
    const std::uint64_t right = std::uint64_t{j} * n_a;
    const std::uint64_t gap = left < right ? right - left : left - right;
    most = gap > most ? gap : most;
  }
  return most;
}

template <typename T>
[[nodiscard]] constexpr bool ascends(std::span<const T> xs) noexcept {
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!(xs[i] == xs[i]) || (i > 0 && xs[i] < xs[i - 1])) {
      return false;
    }
  }
  return true;
}

}  // namespace detail

/// Two-sample Kolmogorov-Smirnov distance of two samples in ascending order.
///
/// Cost    O(n + m)
/// Errors  `empty` when either is; `invalid` unless both ascend without NaN; `out_of_range` beyond 2^31 values
template <typename T>
requires std::is_arithmetic_v<T>
[[nodiscard]] constexpr result<ks_result> ks(std::span<const T> a, std::span<const T> b) noexcept {
  if (a.empty() || b.empty()) {
    return errc::empty;
  }
  if (a.size() > 0x7fffffff || b.size() > 0x7fffffff) {
    return errc::out_of_range;
  }
  if (!detail::ascends(a) || !detail::ascends(b)) {
    return errc::invalid;
  }
  const auto product = static_cast<double>(a.size()) * static_cast<double>(b.size());
  return ks_result{static_cast<double>(detail::ks_count(a.data(), a.size(), b.data(), b.size())) / product, 0, a.size(), b.size()};
}

/// A type S models `ranked_sketch` when:
///   1. `rank(x)` answers the share of observed values up to x, within `cdf_error()` for all x at once;
///   2. between two neighbouring items of `for_each(f(item, weight))` that rank does not change;
///   3. while `count()` items are retained, nothing was lost, and the rank is exact.
template <typename S>
concept ranked_sketch = requires(const S& s, typename S::value_type x) {
  { s.count() } -> std::same_as<std::uint64_t>;
  { s.retained() } -> std::same_as<std::size_t>;
  { s.rank(x).value() } -> std::convertible_to<double>;
  { s.cdf_error() } -> std::same_as<double>;
  s.for_each([](const typename S::value_type&, std::uint64_t) {});
};

/// Two-sample Kolmogorov-Smirnov distance of what two sketches have seen, with the errors of both as slack.
///
/// Cost    O((r + s) log(r + s)) for r and s retained items; no memory beside the sketches
/// Errors  `empty` when either is
template <ranked_sketch A, ranked_sketch B>
requires std::same_as<typename A::value_type, typename B::value_type>
[[nodiscard]] constexpr result<ks_result> ks(const A& a, const B& b) noexcept {
  if (a.count() == 0 || b.count() == 0) {
    return errc::empty;
  }
  double most = 0;
  const auto at = [&](const typename A::value_type& x, std::uint64_t) {
    const double d = math::fabs(a.rank(x).value() - b.rank(x).value());
    most = d > most ? d : most;
  };
  a.for_each(at);
  b.for_each(at);
  const double slack = (a.retained() == a.count() ? 0 : a.cdf_error()) + (b.retained() == b.count() ? 0 : b.cdf_error());
  return ks_result{most, slack, a.count(), b.count()};
}

/// A type H models `log_histogram` when its buckets of one scale are halves of those of the next lower one, so that bucket i there holds
/// the buckets 2 i and 2 i + 1, and `for_each_positive`, `for_each_negative` call `f(index, n)` in the order that they state.
template <typename H>
concept log_histogram = requires(const H& h) {
  { h.count() } -> std::same_as<std::uint64_t>;
  { h.zero_count() } -> std::same_as<std::uint64_t>;
  { h.zero_threshold() } -> std::same_as<double>;
  { h.scale() } -> std::same_as<int>;
  h.for_each_positive([](std::int32_t, std::uint64_t) {});
  h.for_each_negative([](std::int32_t, std::uint64_t) {});
  H::capacity;
};

namespace detail {

/// Calls `f(key, n)` for every bucket at a lower scale, by rising value; keys rise too, and may repeat.
template <log_histogram H, typename F>
constexpr void each_bucket_at(const H& h, int scale, F&& f) {
  constexpr std::int64_t beyond = std::int64_t{1} << 33;
  const int down = h.scale() - scale;
  h.for_each_negative([&](std::int32_t index, std::uint64_t n) { f(-(beyond + (index >> down)), n); });
  if (h.zero_count() != 0) {
    f(std::int64_t{0}, h.zero_count());
  }
  h.for_each_positive([&](std::int32_t index, std::uint64_t n) { f(beyond + (index >> down), n); });
}

}  // namespace detail

/// Two-sample Kolmogorov-Smirnov distance of what two log-bucket histograms have seen, at the edges that both have. There it is exact, so
/// that it needs no slack; what lies between two edges can only add to it.
///
/// Cost    O(buckets), and a list of the buckets of b on the stack
/// Errors  `empty` when either is; `mismatch` for other zero thresholds
template <log_histogram A, log_histogram B>
[[nodiscard]] constexpr result<ks_result> ks(const A& a, const B& b) noexcept {
  if (a.count() == 0 || b.count() == 0) {
    return errc::empty;
  }
  if (!(a.zero_threshold() == b.zero_threshold())) {
    return errc::mismatch;
  }
  const int scale = a.scale() < b.scale() ? a.scale() : b.scale();
  struct bucket {
    std::int64_t key;
    std::uint64_t n;
  };
  bucket of_b[2 * B::capacity + 1] = {};
  std::size_t held = 0;
  detail::each_bucket_at(b, scale, [&](std::int64_t key, std::uint64_t n) {
    if (held != 0 && of_b[held - 1].key == key) {
      of_b[held - 1].n += n;
    } else {
      of_b[held] = {key, n};
      ++held;
    }
  });
  const auto n_a = static_cast<double>(a.count());
  const auto n_b = static_cast<double>(b.count());
  double most = 0;
  std::uint64_t through_a = 0;
  std::uint64_t through_b = 0;
  std::size_t next = 0;
  std::int64_t last = 0;
  bool begun = false;
  const auto look = [&] {
    const double d = math::fabs(static_cast<double>(through_a) / n_a - static_cast<double>(through_b) / n_b);
    most = d > most ? d : most;
  };
  const auto pass_b = [&](std::int64_t key, bool through) {
    while (next < held && (of_b[next].key < key || (through && of_b[next].key == key))) {
      through_b += of_b[next].n;
      if (of_b[next].key != key) {
        look();
      }
      ++next;
    }
  };
  detail::each_bucket_at(a, scale, [&](std::int64_t key, std::uint64_t n) {
    if (begun && key != last) {
      pass_b(last, true);  // of the same bucket as the one before, which is now complete
      look();
      pass_b(key, false);
    } else if (!begun) {
      pass_b(key, false);
    }
    begun = true;
    last = key;
    through_a += n;
  });
  pass_b(last, true);
  look();
  // What b has beyond only comes nearer to one.
  return ks_result{most, 0, a.count(), b.count()};
}

}  // namespace skerry::inline v0::stats
