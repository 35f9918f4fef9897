// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/generator.hpp>
#include <skerry/core/math.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace skerry::inline v0 {

/// Counter-based generator Philox4x32-10: any block of the stream directly, so draws can be named instead of counted.
///
/// Cost    8 bytes; ten rounds of two 32 x 32 multiplications per block of four words
/// Source  Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, section 3.3; not for secrets
class philox {
 public:
  /// The key words are the low and the high half of `key`.
  constexpr explicit philox(std::uint64_t key) noexcept : key_{key} {}

  [[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter) const noexcept {
    auto key_low = static_cast<std::uint32_t>(key_);
    auto key_high = static_cast<std::uint32_t>(key_ >> 32);
    // Four words by name: GCC 12 keeps an array in memory, round for round.
    auto [c0, c1, c2, c3] = counter;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = std::uint64_t{0xd2511f53} * c0;
      const std::uint64_t b = std::uint64_t{0xcd9e8d57} * c2;
      c0 = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ key_low;
      c1 = static_cast<std::uint32_t>(b);
      c2 = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ key_high;
      c3 = static_cast<std::uint32_t>(a);
      key_low += 0x9e3779b9;
      key_high += 0xbb67ae85;
    }
    return {c0, c1, c2, c3};
  }
  [[nodiscard]] constexpr std::uint64_t key() const noexcept { return key_; }

  friend constexpr bool operator==(const philox&, const philox&) noexcept = default;

 private:
  std::uint64_t key_;
};

/// Sequential generator of 32-bit words with 2^63 independent streams.
///
/// Cost    16 bytes; one 64-bit multiplication per word; period 2^64
/// Source  O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms", 2014: PCG-XSH-RR 64/32
class pcg32 {
 public:
  /// `stream` chooses one of 2^63 sequences; its top bit is not used.
  constexpr explicit pcg32(std::uint64_t seed, std::uint64_t stream = 0) noexcept : increment_{(stream << 1) | 1} {
    step();
    state_ += seed;
    step();
  }

  constexpr std::uint32_t operator()() noexcept {
    const std::uint64_t old = state_;
    step();
    return std::rotr(static_cast<std::uint32_t>(((old >> 18) ^ old) >> 27), static_cast<int>(old >> 59));
  }

  friend constexpr bool operator==(const pcg32&, const pcg32&) noexcept = default;

 private:
  constexpr void step() noexcept { state_ = state_ * 6364136223846793005 + increment_; }

  std::uint64_t state_ = 0;
  std::uint64_t increment_;
};

/// A number in [0, n), every one equally likely.
///
/// Errors  n == 0 is the caller's mistake: there is no such number
/// Cost    one draw and one multiplication; a further draw with probability below n / 2^32
/// Source  Lemire, "Fast random integer generation in an interval", 2019
template <random_source G>
[[nodiscard]] constexpr std::uint32_t uniform_below(G& g, std::uint32_t n) noexcept(noexcept(g())) {
  SKERRY_ASSERT(n > 0 && "uniform_below: there is no number below zero");
  std::uint64_t product = std::uint64_t{next_u32(g)} * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t threshold = (0U - n) % n;
    while (static_cast<std::uint32_t>(product) < threshold) {
      product = std::uint64_t{next_u32(g)} * n;
    }
  }
  return static_cast<std::uint32_t>(product >> 32);
}

/// A multiple of 2^-53 in [0, 1), every one equally likely.
template <random_source G>
[[nodiscard]] constexpr double uniform01(G& g) noexcept(noexcept(g())) {
  return static_cast<double>(next_u64(g) >> 11) * 0x1p-53;
}

namespace detail {

template <std::size_t N>
[[nodiscard]] constexpr double horner(const double (&coefficients)[N], double x) noexcept {
  double sum = coefficients[N - 1];
  for (std::size_t i = N - 1; i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

/// The value below which a standard normal variable falls with probability 0.5 + q, |q| < 0.5.
///
/// Source  Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988, routine PPND16
[[nodiscard]] constexpr double normal_quantile(double q) noexcept {
  constexpr double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
                          4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double b[] = {1.0,
                          4.2313330701600911252e1,
                          6.8718700749205790830e2,
                          5.3941960214247511077e3,
                          2.1213794301586595867e4,
                          3.9307895800092710610e4,
                          2.8729085735721942674e4,
                          5.2264952788528545610e3};
  constexpr double c[] = {1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
                          1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[] = {1.0,
                          2.05319162663775882187e0,
                          1.67638483018380384940e0,
                          6.89767334985100004550e-1,
                          1.48103976427480074590e-1,
                          1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9};
  constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
                          2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double f[] = {1.0,
                          5.99832206555887937690e-1,
                          1.36929880922735805310e-1,
                          1.48753612908506148525e-2,
                          7.86869131145613259100e-4,
                          1.84631831751005468180e-5,
                          1.42151175831644588870e-7,
                          2.04426310338993978564e-15};
  const double distance = q < 0 ? -q : q;
  if (distance <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (horner(a, r) / horner(b, r));
  }
  const double r = math::sqrt(-math::log(0.5 - distance));
  const double x = r <= 5 ? horner(c, r - 1.6) / horner(d, r - 1.6) : horner(e, r - 5) / horner(f, r - 5);
  return q < 0 ? -x : x;
}

}  // namespace detail

/// A normal variate, mean 0 and standard deviation 1, by inversion of 52 bits: exactly one 64-bit draw each, |x| < 8.3.
///
/// Bound   relative error of the inversion about 1e-15; same bits everywhere (own logarithm, IEEE square root)
/// Source  Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988
template <random_source G>
[[nodiscard]] constexpr double normal(G& g) noexcept(noexcept(g())) {
  // Odd multiples of 2^-53 minus a half: symmetric, never the ends.
  const double odd = static_cast<double>(((next_u64(g) >> 12) << 1) | 1);
  return detail::normal_quantile(odd * 0x1p-53 - 0.5);
}

}  // namespace skerry::inline v0
