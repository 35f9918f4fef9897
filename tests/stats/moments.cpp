// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/moments.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

using skerry::errc;
using skerry::stats::moments;
using stats_test::image;
using stats_test::image_of;
using stats_test::source;

namespace {

// The stored numbers and one word for what was refused; a float state fits a device's 28 bytes.
static_assert(sizeof(moments<double, 1>) == 24 && sizeof(moments<double, 2>) == 32 && sizeof(moments<double, 3>) == 40 &&
              sizeof(moments<double, 4>) == 48);
static_assert(sizeof(moments<float, 2>) == 20 && sizeof(moments<float, 4>) == 28);
static_assert(std::is_trivially_copyable_v<moments<>> && std::is_nothrow_default_constructible_v<moments<>>);
static_assert(skerry::commutative_monoid<moments<>> && !skerry::join_semilattice<moments<>>);
static_assert(moments<>::merging == skerry::merge_kind::rounded);
static_assert(skerry::encodable<moments<>> && skerry::decodable_value<moments<>>);
static_assert(noexcept(std::declval<moments<>&>().observe(1.0)) && noexcept(std::declval<moments<>&>().merge(moments<>{})));
template <typename M>
concept has_kurtosis = requires(const M& m) {
  m.kurtosis_excess();
};
static_assert(has_kurtosis<moments<double, 4>> && !has_kurtosis<moments<double, 3>>);
static_assert([] {
  moments<> m;
  for (int i = 0; i < 10; ++i) {
    (void)m.observe(i);
  }
  (void)m.retract(9);
  return m.count() == 9 && m.mean().value() == 4 && m.variance().value() == 7.5;
}());

/// Sums in long double around the long double mean: the reference.
struct reference {
  long double mean = 0, m2 = 0, m3 = 0, m4 = 0;
  explicit reference(const std::vector<double>& xs) {
    for (const double x : xs) {
      mean += static_cast<long double>(x) / static_cast<long double>(xs.size());
    }
    for (const double x : xs) {
      const long double d = x - mean;
      m2 += d * d;
      m3 += d * d * d;
      m4 += d * d * d * d;
    }
  }
};

void check_against(const moments<>& m, const std::vector<double>& xs, double relative) {
  const reference r{xs};
  const auto n = static_cast<double>(xs.size());
  double largest = 0;
  for (const double x : xs) {
    largest = std::fmax(largest, std::fabs(x));
  }
  REQUIRE(m.count() == xs.size());
  const double ulp = std::nextafter(largest, INFINITY) - largest;
  CHECK(std::fabs(m.mean().value() - static_cast<double>(r.mean)) <= 4 * ulp);
  CHECK(std::fabs(m.variance_population().value() * n - static_cast<double>(r.m2)) <= relative * static_cast<double>(r.m2));
  const double g1 = std::sqrt(n) * static_cast<double>(r.m3) / std::pow(static_cast<double>(r.m2), 1.5);
  const double g2 = n * static_cast<double>(r.m4) / (static_cast<double>(r.m2) * static_cast<double>(r.m2)) - 3;
  CHECK(std::fabs(m.skewness().value() - g1) <= 10 * relative);
  CHECK(std::fabs(m.kurtosis_excess().value() - g2) <= 30 * relative);
}

moments<> one_by_one(std::span<const double> xs) {
  moments<> m;
  for (const double x : xs) {
    REQUIRE(m.observe(x));
  }
  return m;
}
moments<> in_blocks(std::span<const double> xs) {
  moments<> m;
  REQUIRE(m.observe(xs) == xs.size());
  return m;
}

}  // namespace

TEST_CASE("too few values are an error and never NaN", "[stats][moments]") {
  moments<> m;
  CHECK(m.mean().error() == errc::empty);
  CHECK(m.variance().error() == errc::empty);
  CHECK(m.variance_population().error() == errc::empty);
  CHECK(m.stddev().error() == errc::empty);
  CHECK(m.skewness().error() == errc::empty);
  CHECK(m.kurtosis_excess().error() == errc::empty);
  REQUIRE(m.observe(2.5));
  CHECK(m.mean().value() == 2.5);
  CHECK(m.variance().error() == errc::insufficient);
  CHECK(m.stddev().error() == errc::insufficient);
  CHECK(m.variance_population().value() == 0);
  CHECK(m.skewness().error() == errc::degenerate);
  CHECK(m.kurtosis_excess().error() == errc::degenerate);
  REQUIRE(m.observe(2.5));
  CHECK(m.variance().value() == 0);
  CHECK(m.skewness().error() == errc::degenerate);
  REQUIRE(m.observe(4.0));
  CHECK(m.variance().value() == 0.75);
  CHECK(m.stddev().value() == std::sqrt(0.75));
}

TEST_CASE("values one by one and in blocks are the moments of the whole, near zero and at an offset of 1e8", "[stats][moments]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offsets[] = {0, 1e8, -1e8, 1e4};
    const double offset = offsets[seed % 4];
    const auto xs = random.values(2 + random.below(4000), offset);
    const double relative = offset == 0 ? 1e-12 : 1e-6;
    check_against(one_by_one(xs), xs, relative);
    check_against(in_blocks(xs), xs, relative);
  }
}

TEST_CASE("any split and any tree of 64 parts is one stream", "[stats][moments]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offset = seed % 2 == 0 ? 0 : 1e8;
    const auto xs = random.values(5000, offset);
    std::vector<moments<>> parts(64);
    for (const double x : xs) {
      REQUIRE(parts[random.below(64)].observe(x));
    }
    while (parts.size() > 1) {
      const std::size_t a = random.below(parts.size());
      const moments<> taken = parts[a];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(a));
      parts[random.below(parts.size())].merge(taken);
    }
    check_against(parts.front(), xs, offset == 0 ? 1e-12 : 1e-6);
  }
}

TEST_CASE("merging with an empty one changes no bit on either side", "[stats][moments]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const moments<> a = one_by_one(random.values(random.below(50), 1e5, 1e-3));
    moments<> left = a;
    left.merge(moments<>{});
    CHECK(image_of(left) == image_of(a));
    moments<> right;
    right.merge(a);
    CHECK(image_of(right) == image_of(a));
  }
  moments<> both;
  both.merge(moments<>{});
  CHECK(image_of(both) == image_of(moments<>{}));
}

TEST_CASE("merging with itself counts everything twice", "[stats][moments]") {
  source random{5};
  const auto xs = random.values(100);
  auto twice = xs;
  twice.insert(twice.end(), xs.begin(), xs.end());
  moments<> m = one_by_one(xs);
  m.merge(m);
  check_against(m, twice, 1e-12);
}

TEST_CASE("what is taken back was never there", "[stats][moments]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto xs = random.values(60, 3);
    moments<> m = seed % 2 == 0 ? one_by_one(xs) : in_blocks(xs);
    const std::size_t gone = 1 + random.below(40);
    for (std::size_t i = 0; i < gone; ++i) {
      REQUIRE(m.retract(xs[i]));
    }
    xs.erase(xs.begin(), xs.begin() + static_cast<std::ptrdiff_t>(gone));
    check_against(m, xs, 1e-10);
    for (const double x : xs) {
      REQUIRE(m.retract(x));
    }
    CHECK(image_of(m) == image_of(moments<>{}));
    CHECK(m.retract(1.0).error() == errc::empty);
  }
}

TEST_CASE("a sum that rounding takes below zero is zero and says so", "[stats][moments]") {
  moments<> m;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(m.observe(1.0 + i * 1e-9));
  }
  REQUIRE(m.observe(1e9));
  CHECK_FALSE(m.degraded());
  REQUIRE(m.retract(1e9));
  // Of the small spread nothing was left beside the outlier's 1e18; what is answered must still be a variance.
  CHECK(m.variance().value() >= 0);
  REQUIRE(m.retract(1.0 + 50.0));  // was never observed: 2500 more than there is
  CHECK(m.degraded());
  CHECK(m.variance().value() == 0);
}

TEST_CASE("NaN, infinity and what would overflow are refused, counted, and change no byte", "[stats][moments]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double big = std::numeric_limits<double>::max();
  moments<> m = one_by_one(std::vector<double>{1, 2, 4});
  const image before = image_of(m);
  for (const double x : {inf, -inf, nan}) {
    CHECK(m.observe(x).error() == errc::not_finite);
    CHECK(m.retract(x).error() == errc::not_finite);
  }
  CHECK(m.observe(big).error() == errc::out_of_range);
  CHECK(m.observe(-1e200).error() == errc::out_of_range);
  CHECK(m.retract(1e200).error() == errc::out_of_range);
  CHECK(m.refused() == 9);
  CHECK(image_of(m) == before);
  moments<> first;
  CHECK(first.observe(nan).error() == errc::not_finite);
  CHECK(image_of(first) == image_of(moments<>{}));
  REQUIRE(first.observe(big));
  CHECK(first.mean().value() == big);
  moments<> far;
  REQUIRE(far.observe(-big));
  far.merge(first);  // the distance of the means is no double
  CHECK(far.count() == 1);
  CHECK(far.degraded());
  CHECK(far.refused() == 2);  // the value, and the NaN that the other had refused
  CHECK(far.mean().value() == -big);
}

TEST_CASE("a block skips what it must refuse and says how many it took", "[stats][moments]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto xs = random.values(random.below(3000) + 1, 10);
    std::vector<double> clean;
    for (double& x : xs) {
      if (random.below(600) == 0) {
        x = random.below(2) == 0 ? std::nan("") : -INFINITY;
      } else {
        clean.push_back(x);
      }
    }
    moments<> m;
    CHECK(m.observe(xs) == clean.size());
    CHECK(m.refused() == xs.size() - clean.size());
    check_against(m, clean, 1e-11);
  }
}

TEST_CASE("a block that overflows in its middle takes the values one by one", "[stats][moments]") {
  std::vector<double> xs(600, 1.0);
  xs[100] = 1e300;
  moments<> m;
  CHECK(m.observe(xs) == 599);
  CHECK(m.refused() == 1);
  CHECK(m.mean().value() == 1);
  CHECK(m.variance().value() == 0);
}

TEST_CASE("two million values in one span keep the digits of a few", "[stats][moments]") {
  source random{3};
  const auto xs = random.values(1100000, 1e8);
  check_against(in_blocks(xs), xs, 1e-9);
  check_against(one_by_one(xs), xs, 1e-6);
}

TEST_CASE("kurtosis of a normal stream at an offset of 1e8 is near zero, where raw power sums give nonsense", "[stats][moments]") {
  source random{42};
  const auto xs = random.values(200000, 1e8);
  CHECK(std::fabs(in_blocks(xs).kurtosis_excess().value()) < 0.05);
  CHECK(std::fabs(one_by_one(xs).kurtosis_excess().value()) < 0.05);
}

TEST_CASE("float states keep what a float can keep", "[stats][moments]") {
  source random{8};
  const auto xs = random.values<float>(2000, 20, 3);
  moments<float, 2> streamed;
  moments<float, 2> block;
  moments<double, 2> exact;
  for (const float x : xs) {
    REQUIRE(streamed.observe(x));
    REQUIRE(exact.observe(static_cast<double>(x)));
  }
  REQUIRE(block.observe(xs) == xs.size());
  CHECK(std::fabs(static_cast<double>(block.mean().value()) - exact.mean().value()) < 1e-5);
  CHECK(std::fabs(static_cast<double>(streamed.mean().value()) - exact.mean().value()) < 1e-4);
  CHECK(std::fabs(static_cast<double>(block.variance().value()) / exact.variance().value() - 1) < 1e-6);
  CHECK(std::fabs(static_cast<double>(streamed.variance().value()) / exact.variance().value() - 1) < 1e-4);
}

TEST_CASE("lower orders are the first numbers of the higher ones", "[stats][moments]") {
  source random{9};
  const auto xs = random.values(1000, 5);
  moments<double, 1> one;
  moments<double, 2> two;
  moments<double, 3> three;
  REQUIRE(two.observe(xs) == xs.size());
  REQUIRE(three.observe(xs) == xs.size());
  REQUIRE(one.observe(xs) == xs.size());
  const moments<> four = in_blocks(xs);
  CHECK(std::fabs(one.mean().value() - four.mean().value()) < 1e-14);
  CHECK(two.mean() == four.mean());
  CHECK(two.variance() == four.variance());
  CHECK(three.skewness() == four.skewness());
}

TEST_CASE("shifted sums are moments around any pivot", "[stats][moments]") {
  const double xs[] = {1, 2, 4, 8};
  double sums[4] = {0, 0, 0, 0};
  for (const double x : xs) {
    double p = 1;
    for (double& s : sums) {
      p *= x - 3;
      s += p;
    }
  }
  const auto m = moments<>::from_shifted_sums(4, 3, sums);
  REQUIRE(m);
  check_against(m.value(), {1, 2, 4, 8}, 1e-14);
  CHECK(moments<>::from_shifted_sums(0, 3, sums).error() == errc::empty);
  CHECK(moments<>::from_shifted_sums(std::uint64_t{1} << 63, 3, sums).error() == errc::out_of_range);
  sums[1] = -1;
  CHECK(moments<>::from_shifted_sums(4, 3, sums).error() == errc::invalid);
  sums[1] = INFINITY;
  CHECK(moments<>::from_shifted_sums(4, 3, sums).error() == errc::not_finite);
}

TEST_CASE("the image of three values is these bytes for ever", "[stats][moments]") {
  moments<double, 2> m;
  for (const double x : {1.0, 2.0, 6.0}) {
    REQUIRE(m.observe(x));
  }
  const unsigned expected[] = {1, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x40, 0, 0, 0, 0, 0, 0, 0x2c, 0x40};
  const image bytes = image_of(m);
  REQUIRE(bytes.size() == moments<double, 2>::encoded_size);
  REQUIRE(bytes.size() == std::size(expected));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
  }
}

TEST_CASE("what was encoded answers as before, and hostile images are refused or are themselves", "[stats][moments]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = random.values(seed == 1 ? 0 : random.below(500), 1e6);
    const moments<> m = one_by_one(xs);
    const auto read = skerry::decode_all<moments<>>(image_of(m));
    REQUIRE(read);
    CHECK(read.value() == m);
    CHECK(read.value().mean() == m.mean());
    CHECK(read.value().kurtosis_excess() == m.kurtosis_excess());
    stats_test::attack<moments<>>(image_of(m), random, accepted);
    moments<float, 2> f;
    for (const double x : xs) {
      REQUIRE(f.observe(static_cast<float>(x)));
    }
    stats_test::attack<moments<float, 2>>(image_of(f), random, accepted);
  }
  CHECK(accepted > 0);
}

TEST_CASE("an image says why it is not read", "[stats][moments]") {
  const auto error_of = [](image bytes, std::size_t at, unsigned value) {
    bytes[at] = static_cast<std::byte>(value);
    return skerry::decode_all<moments<>>(bytes).error();
  };
  const image good = image_of(one_by_one(std::vector<double>{1, 2, 4}));
  CHECK(error_of(good, 0, 3) == errc::corrupt);
  CHECK(error_of(good, 1, 2) == errc::unsupported);
  CHECK(error_of(good, 2, 2) == errc::mismatch);
  CHECK(error_of(good, 2, 9) == errc::corrupt);
  CHECK(error_of(good, 26, 0xc0) == errc::corrupt);  // a negative sum of squares
  CHECK(error_of(good, 3, 0) == errc::corrupt);      // no values, and yet a mean
  CHECK(skerry::decode_all<moments<float, 4>>(image_of(one_by_one(std::vector<double>{0.1, 0.2}))).error() == errc::mismatch);
  image small(10);
  skerry::byte_writer out{small};
  CHECK(one_by_one(std::vector<double>{1}).encode(out).error() == errc::full);
}

TEST_CASE("counts of 2^63 and more are no counts", "[stats][moments]") {
  moments<double, 1> m;
  REQUIRE(m.observe(1.0));
  image bytes = image_of(m);
  for (std::size_t i = 3; i < 10; ++i) {
    bytes[i] = std::byte{0xff};
  }
  bytes[10] = std::byte{0x7f};
  const auto most = skerry::decode_all<moments<double, 1>>(bytes);
  REQUIRE(most);
  moments<double, 1> sum = most.value();
  CHECK(sum.observe(1.0).error() == errc::out_of_range);
  sum.merge(m);
  CHECK(sum.count() == (std::uint64_t{1} << 63) - 1);
  CHECK(sum.degraded());
  CHECK(sum.refused() == 2);
  bytes[10] = std::byte{0x80};
  CHECK(skerry::decode_all<moments<double, 1>>(bytes).error() == errc::corrupt);
}

// Found by the fuzz target stats_moments: a mean of -0 was accepted, but the sum with its remainder made it +0, so that the image
// did not come back as the same bytes.
TEST_CASE("a mean of -0 is in no image, whatever was observed", "[stats][moments]") {
  moments<double, 1> m;
  REQUIRE(m.observe(-0.0));
  image bytes = image_of(m);
  CHECK(bytes[18] == std::byte{0});
  bytes[18] = std::byte{0x80};
  CHECK(skerry::decode_all<moments<double, 1>>(bytes).error() == errc::corrupt);
}
