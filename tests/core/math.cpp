// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/sine_table.hpp>

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace {

namespace math = skerry::math;

/// Distance from the wider reference in units of the last place that T has there.
template <typename T>
double ulps(T got, long double reference) {
  const auto rounded = static_cast<T>(reference);
  if (std::isnan(got) || std::isnan(rounded) || std::isinf(got) || std::isinf(rounded)) {
    return std::isnan(got) == std::isnan(rounded) && (std::isnan(got) || got == rounded) ? 0 : 1e9;
  }
  const T size = std::fabs(rounded);
  const T unit = size == std::numeric_limits<T>::max() ? size - std::nextafter(size, T{0})
                                                       : std::nextafter(size, std::numeric_limits<T>::infinity()) - size;
  return static_cast<double>(std::fabs(static_cast<long double>(got) - reference) / static_cast<long double>(unit));
}

struct range {
  double from, to;
};

/// The greatest error of `f` over evenly drawn arguments, arguments near the whole numbers, and arguments of every magnitude.
template <typename T, typename F, typename Reference>
double worst_ulps(F f, Reference reference, range r, double& at) {
  skerry::splitmix64 g{20};
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    double x = 0;
    const double u = skerry::uniform01(g);
    const auto exponent = static_cast<int>(skerry::uniform_below(g, 2100)) - 1075;
    if (i % 3 == 0) {
      x = r.from + (r.to - r.from) * u;
    } else if (i % 3 == 1) {
      x = std::floor(r.from + (r.to - r.from) * u) + std::ldexp(skerry::uniform01(g) - 0.5, -(exponent & 63));
    } else {
      x = std::ldexp(i % 2 == 0 ? 1 + u : -1 - u, exponent);
    }
    const auto argument = static_cast<T>(x);
    if (!(argument >= static_cast<T>(r.from) && argument <= static_cast<T>(r.to))) {
      continue;
    }
    const double error = ulps<T>(f(argument), reference(static_cast<long double>(argument)));
    if (error > worst) {
      worst = error;
      at = static_cast<double>(argument);
    }
  }
  return worst;
}

// Where long double is no wider than double there is no reference to measure against.
constexpr bool has_reference = std::numeric_limits<long double>::digits >= 64;

#define CHECK_ULPS(function, from, to, bound_double, bound_float)                                               \
  do {                                                                                                          \
    const auto reference = [](long double x) { return std::function(x); };                                      \
    double at = 0;                                                                                              \
    const double d = worst_ulps<double>([](double x) { return math::function(x); }, reference, {from, to}, at); \
    INFO(#function " double: " << d << " ulp at " << at);                                                       \
    CHECK(d <= (bound_double));                                                                                 \
    const double f = worst_ulps<float>([](float x) { return math::function(x); }, reference, {from, to}, at);   \
    INFO(#function " float: " << f << " ulp at " << at);                                                        \
    CHECK(f <= (bound_float));                                                                                  \
  } while (false)

TEST_CASE("elementary functions stay within their stated errors of a wider reference") {
  if constexpr (!has_reference) {
    SKIP("long double is no wider than double here");
  } else {
    CHECK_ULPS(sqrt, 0.0, 1e308, 0.5, 0.5);
    CHECK_ULPS(log, 0.0, 1e308, 1.0, 0.51);
    CHECK_ULPS(log, 0.5, 2.0, 1.0, 0.51);
    CHECK_ULPS(log2, 0.0, 1e308, 1.0, 0.51);
    CHECK_ULPS(log2, 0.5, 2.0, 1.0, 0.51);
    CHECK_ULPS(log1p, -1.0, 3.0, 1.5, 0.51);
    CHECK_ULPS(log1p, -0.99, 1e300, 1.5, 0.51);
    CHECK_ULPS(exp, -745.2, 709.8, 1.0, 0.51);
    CHECK_ULPS(exp, -2.0, 2.0, 1.0, 0.51);
    CHECK_ULPS(exp2, -1076.0, 1024.0, 1.0, 0.51);
    CHECK_ULPS(exp2, -2.0, 2.0, 1.0, 0.51);
    CHECK_ULPS(expm1, -50.0, 709.8, 2.0, 0.51);
    CHECK_ULPS(expm1, -1.5, 1.5, 2.0, 0.51);
    CHECK_ULPS(tanh, -25.0, 25.0, 3.0, 0.51);
    CHECK_ULPS(tanh, -1.5, 1.5, 3.0, 0.51);
    CHECK_ULPS(sin, -7.0, 7.0, 1.0, 0.51);
    CHECK_ULPS(sin, -1048576.0, 1048576.0, 1.0, 0.51);
    CHECK_ULPS(cos, -7.0, 7.0, 1.0, 0.51);
    CHECK_ULPS(cos, -1048576.0, 1048576.0, 1.0, 0.51);
  }
}

TEST_CASE("sine and cosine keep their relative accuracy beside the zeros, where all leading digits cancel") {
  if constexpr (!has_reference) {
    SKIP("long double is no wider than double here");
  } else {
    double worst = 0;
    double at = 0;
    for (int k = 1; k < 667000; k += 7) {
      const auto zero = static_cast<double>(1.57079632679489661923L * k);
      for (const double x : {std::nextafter(zero, 0.0), zero, std::nextafter(zero, 1e9)}) {
        const double error = std::max(ulps<double>(math::sin(x), std::sin(static_cast<long double>(x))),
                                      ulps<double>(math::cos(-x), std::cos(static_cast<long double>(x))));
        at = error > worst ? x : at;
        worst = std::max(worst, error);
      }
    }
    INFO(worst << " ulp at " << at);
    CHECK(worst <= 1.0);
  }
}

TEST_CASE("the square root for constant expressions is the one of the hardware, bit for bit") {
  skerry::splitmix64 g{4};
  for (int i = 0; i < 200000; ++i) {
    const auto bits = g() >> 1;
    const auto x = std::bit_cast<double>(i % 4 == 0 ? bits >> 12 : bits);  // every fourth is subnormal
    if (math::isfinite(x)) {
      REQUIRE(std::bit_cast<std::uint64_t>(math::detail::sqrt_by_digits(x)) == std::bit_cast<std::uint64_t>(std::sqrt(x)));
    }
    const auto y = std::bit_cast<float>(static_cast<std::uint32_t>(i % 4 == 0 ? bits & 0x7fffff : bits & 0x7fffffff));
    if (math::isfinite(y)) {
      REQUIRE(std::bit_cast<std::uint32_t>(math::detail::sqrt_by_digits(y)) == std::bit_cast<std::uint32_t>(std::sqrt(y)));
    }
  }
  for (const double square : {0.0, 0.25, 1.0, 4.0, 9.0, 1e10, 0x1p-1074}) {
    CHECK(math::detail::sqrt_by_digits(square) == std::sqrt(square));
  }
  static_assert(math::sqrt(2.0) == 0x1.6a09e667f3bcdp+0);
  static_assert(math::sqrt(2.0F) == 0x1.6a09e6p+0F);
}

TEST_CASE("powers of two go through log2 and exp2 without a rounding") {
  for (int e = -1074; e < 1024; ++e) {
    const double power = std::ldexp(1.0, e);
    REQUIRE(math::log2(power) == e);
    REQUIRE(math::exp2(static_cast<double>(e)) == power);
  }
  CHECK(math::log(1.0) == 0);
  CHECK(math::exp(0.0) == 1);
  CHECK(math::cos(0.0) == 1);
  CHECK(math::tanh(30.0) == 1);
  CHECK(math::tanh(-30.0F) == -1);
}

TEST_CASE("every NaN that comes out is the same NaN, whatever came in") {
  const double strange = std::bit_cast<double>(0xfff8000000001234ULL);
  const auto quiet = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  const auto quiet_f = std::bit_cast<std::uint32_t>(std::numeric_limits<float>::quiet_NaN());
  for (const double v :
       {math::sqrt(strange), math::sqrt(-1.0), math::log(strange), math::log(-1.0), math::log2(strange), math::log2(-0.5),
        math::log1p(strange), math::log1p(-1.5), math::exp(strange), math::exp2(strange), math::expm1(strange), math::tanh(strange),
        math::sin(strange), math::sin(1e7), math::sin(math::inf_v<double>), math::cos(strange), math::cos(-1e7), math::floor(strange)}) {
    CHECK(std::bit_cast<std::uint64_t>(v) == quiet);
  }
  for (const float v : {math::sqrt(-1.0F), math::log(-1.0F), math::exp(static_cast<float>(strange)), math::sin(math::inf_v<float>),
                        math::tanh(static_cast<float>(strange)), math::floor(static_cast<float>(strange))}) {
    CHECK(std::bit_cast<std::uint32_t>(v) == quiet_f);
  }
}

TEST_CASE("infinities and signed zeros pass as IEEE functions pass them") {
  constexpr double inf = math::inf_v<double>;
  CHECK(math::log(0.0) == -inf);
  CHECK(math::log2(0.0F) == -math::inf_v<float>);
  CHECK(math::log1p(-1.0) == -inf);
  CHECK(math::log(inf) == inf);
  CHECK(math::log2(inf) == inf);
  CHECK(math::log1p(inf) == inf);
  CHECK(math::sqrt(inf) == inf);
  CHECK(math::exp(inf) == inf);
  CHECK(math::exp(-inf) == 0);
  CHECK(math::exp2(inf) == inf);
  CHECK(math::exp2(-inf) == 0);
  CHECK(math::expm1(inf) == inf);
  CHECK(math::expm1(-inf) == -1);
  CHECK(math::tanh(-inf) == -1);
  CHECK(math::exp(89.0F) == math::inf_v<float>);
  for (const double zero : {0.0, -0.0}) {
    const bool negative = math::signbit(zero);
    CHECK(math::signbit(math::sqrt(zero)) == negative);
    CHECK(math::signbit(math::log1p(zero)) == negative);
    CHECK(math::signbit(math::expm1(zero)) == negative);
    CHECK(math::signbit(math::tanh(zero)) == negative);
    CHECK(math::signbit(math::sin(zero)) == negative);
    CHECK(math::signbit(math::floor(zero)) == negative);
  }
}

TEST_CASE("floor, fabs, isfinite and isnan agree with the standard's on any bits") {
  skerry::splitmix64 g{5};
  for (int i = 0; i < 100000; ++i) {
    const auto x = i % 2 == 0 ? std::bit_cast<double>(g()) : std::ldexp(skerry::uniform01(g) - 0.5, static_cast<int>(g() % 60));
    const auto y = static_cast<float>(x);
    REQUIRE(math::isnan(x) == std::isnan(x));
    REQUIRE(math::isfinite(x) == std::isfinite(x));
    REQUIRE(math::isfinite(y) == std::isfinite(y));
    REQUIRE(math::signbit(x) == std::signbit(x));
    if (!std::isnan(x)) {
      REQUIRE(math::floor(x) == std::floor(x));
      REQUIRE(math::floor(y) == std::floor(y));
      REQUIRE(math::fabs(x) == std::fabs(x));
    }
  }
}

TEST_CASE("a constant expression and the running program compute the same bits") {
  constexpr double in_constant[] = {math::log(3.7),   math::log2(3.7),  math::log1p(0.7), math::exp(3.7), math::exp2(0.37),
                                    math::expm1(3.7), math::tanh(0.37), math::sin(3.7),   math::cos(3.7), math::floor(-3.7)};
  volatile double a = 3.7;
  volatile double b = 0.7;
  volatile double c = 0.37;
  const double at_run_time[] = {math::log(a),   math::log2(a), math::log1p(b), math::exp(a), math::exp2(c),
                                math::expm1(a), math::tanh(c), math::sin(a),   math::cos(a), math::floor(-a)};
  for (std::size_t i = 0; i < std::size(in_constant); ++i) {
    CHECK(std::bit_cast<std::uint64_t>(in_constant[i]) == std::bit_cast<std::uint64_t>(at_run_time[i]));
  }
  static_assert(noexcept(math::exp(1.0))&& noexcept(math::sin(1.0F))&& noexcept(math::sin_turn(0)));
  static_assert(std::is_same_v<decltype(math::log(1.0F)), float>);
}

TEST_CASE("a phase that wraps gives the sine of the turn within the stated error") {
  double worst = 0;
  skerry::splitmix64 g{6};
  for (int i = 0; i < 200000; ++i) {
    const auto phase = static_cast<std::uint32_t>(g());
    const double reference = std::sin(phase * (2 * math::pi / 4294967296.0));
    worst = std::max(worst, std::fabs(math::sin_turn(phase) - reference));
    REQUIRE(math::sin_turn(phase + 0x80000000U) == -math::sin_turn(phase));
    REQUIRE(math::sin_turn(0x80000000U - phase) == math::sin_turn(phase));
  }
  CHECK(worst <= 4.8e-6);
  CHECK(worst > 4e-6);
  CHECK(math::sin_turn(0) == 0);
  CHECK(math::sin_turn(0x40000000U) == 1);
  CHECK(math::sin_turn(0x80000000U) == 0);
  CHECK(math::sin_turn(0xc0000000U) == -1);
}

}  // namespace
