// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/tdigest.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::tdigest;
using stats_test::image;
using stats_test::source;

namespace {

using digest = tdigest<double, 100, 64>;
using small = tdigest<float, 20, 16>;

static_assert(std::is_trivially_copyable_v<digest> && std::is_default_constructible_v<tdigest<>>);
static_assert(skerry::commutative_monoid<digest> && digest::merging == skerry::merge_kind::bounded);
static_assert(skerry::encodable<digest> && skerry::decodable_value<digest>);
static_assert(sizeof(digest) - 64 * sizeof(double) <= 2560);  // K = 100: 2.5 kB beside the buffer

template <typename D>
image image_of(const D& d) {
  image bytes(D::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(d.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

/// Some shapes: normal, far tail, few values, a constant with outliers.
std::vector<double> stream(source& random, std::uint64_t kind, std::size_t n) {
  std::vector<double> xs;
  for (std::size_t i = 0; i < n; ++i) {
    const double z = random.normal();
    switch (kind % 4) {
      case 0: xs.push_back(z); break;
      case 1: xs.push_back(std::exp(2 * z)); break;
      case 2: xs.push_back(static_cast<double>(random.below(7))); break;
      default: xs.push_back(random.below(50) == 0 ? 1000 * z : 5); break;
    }
  }
  return xs;
}

template <typename D>
void check_shape(const D& d) {
  double last = d.quantile(0).value();
  REQUIRE(last == static_cast<double>(d.min().value()));
  REQUIRE(d.quantile(1).value() == static_cast<double>(d.max().value()));
  double last_rank = 0;
  for (int i = 0; i <= 2000; ++i) {
    const double q = d.quantile(i / 2000.0).value();
    REQUIRE(q >= last);
    REQUIRE(q <= static_cast<double>(d.max().value()));
    last = q;
    const double r = d.rank(q).value();
    REQUIRE(r >= last_rank - 1e-12);
    REQUIRE(r <= 1);
    last_rank = r;
    // The inverse: the same value again.
    REQUIRE(std::fabs(d.quantile(r).value() - q) <= 1e-9 * (1 + std::fabs(q)));
  }
}

/// The greatest distance in rank over 1 to 99 %.
template <typename D>
double rank_error(const D& d, std::vector<double> xs) {
  std::sort(xs.begin(), xs.end());
  const auto n = static_cast<double>(xs.size());
  double worst = 0;
  for (int percent = 1; percent < 100; ++percent) {
    const double r = percent / 100.0;
    const double x = d.quantile(r).value();
    const auto below = static_cast<double>(std::lower_bound(xs.begin(), xs.end(), x) - xs.begin());
    const auto through = static_cast<double>(std::upper_bound(xs.begin(), xs.end(), x) - xs.begin());
    worst = std::max({worst, below / n - r, r - through / n});
  }
  return worst;
}

void put(image& out, std::uint64_t bits, int bytes) {
  for (int i = bytes; i-- > 0;) {
    out.push_back(static_cast<std::byte>(bits >> (8 * i)));
  }
}

}  // namespace

TEST_CASE("quantiles never fall, lie within the values, and rank takes each back to where it came from", "[stats][tdigest]") {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    source random{seed};
    digest d;
    const auto xs = stream(random, seed, 1 + random.below(seed < 12 ? 30 : 6000));
    REQUIRE(d.observe(xs) == xs.size());
    REQUIRE(d.count() == xs.size());
    REQUIRE(d.min().value() == *std::min_element(xs.begin(), xs.end()));
    REQUIRE(d.max().value() == *std::max_element(xs.begin(), xs.end()));
    d.compress();
    REQUIRE(d.waiting() == 0);
    check_shape(d);
    CHECK(d.rank(d.min().value() - 1).value() == 0);
    CHECK(d.rank(d.max().value() + 1).value() == 1);
  }
}

// Fixed seeds: a rate, not a law, as nothing is promised of any stream. Of 720 seeds 21 are above 0.23 %, the worst at 0.28 %.
TEST_CASE("of six smooth streams the rank error of K = 100 stays below 0.23 %", "[stats][tdigest]") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = stream(random, seed % 2, 30000);
    digest d;
    REQUIRE(d.observe(xs) == xs.size());
    CHECK(rank_error(d, xs) <= 0.0023);
    auto ascending = xs;
    std::sort(ascending.begin(), ascending.end());
    digest in_order;
    REQUIRE(in_order.observe(ascending) == xs.size());
    CHECK(rank_error(in_order, xs) <= 0.0035);
  }
}

TEST_CASE("values that wait count as those that were folded in", "[stats][tdigest]") {
  source random{3};
  digest d;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(d.observe(random.normal()));
    if (i % 97 == 0) {
      digest folded = d;
      folded.compress();
      for (const double r : {0.0, 0.01, 0.3, 0.5, 0.99, 1.0}) {
        REQUIRE(d.quantile(r) == folded.quantile(r));
        REQUIRE(d.rank(r) == folded.rank(r));
      }
    }
  }
}

TEST_CASE("parts merged in any tree answer like one digest of all", "[stats][tdigest]") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = stream(random, seed % 2, 20000);
    std::vector<digest> parts(64);
    for (std::size_t i = 0; i < xs.size(); ++i) {
      REQUIRE(parts[i * 64 / xs.size()].observe(xs[i]));
    }
    while (parts.size() > 1) {
      const std::size_t a = random.below(parts.size());
      std::swap(parts[a], parts.back());
      const digest taken = parts.back();
      parts.pop_back();
      parts[random.below(parts.size())].merge(taken);
    }
    const digest& d = parts[0];
    CHECK(d.count() == xs.size());
    CHECK(d.min().value() == *std::min_element(xs.begin(), xs.end()));
    CHECK(d.max().value() == *std::max_element(xs.begin(), xs.end()));
    CHECK(rank_error(d, xs) <= 0.006);
    check_shape(d);
  }
}

TEST_CASE("an empty side changes no byte, and a digest merged with itself counts twice", "[stats][tdigest]") {
  source random{4};
  digest d;
  REQUIRE(d.observe(random.values(1000)) == 1000);
  d.compress();
  const image before = image_of(d);
  d.merge(digest{});
  CHECK(image_of(d) == before);
  digest none;
  none.merge(d);
  CHECK(image_of(none) == before);
  const double median = d.quantile(0.5).value();
  d.merge(d);
  CHECK(d.count() == 2000);
  CHECK(std::fabs(d.quantile(0.5).value() - median) < 0.02);
  tdigest<double, 50, 32> other;
  REQUIRE(other.observe(random.values(500)) == 500);
  d.merge(other);
  CHECK(d.count() == 2500);
}

TEST_CASE("a t-digest refuses what it cannot sum and changes no byte", "[stats][tdigest]") {
  digest d;
  CHECK(d.quantile(0.5).error() == errc::empty);
  CHECK(d.rank(0).error() == errc::empty);
  CHECK(d.min().error() == errc::empty);
  CHECK(d.observe(std::nan("")).error() == errc::not_finite);
  REQUIRE(d.observe(1.0));
  const image before = image_of(d);
  CHECK(d.observe(INFINITY).error() == errc::not_finite);
  CHECK(d.observe(1e300).error() == errc::out_of_range);
  const double some[] = {2, std::nan(""), 3};
  digest block;
  CHECK(block.observe(some) == 2);
  CHECK(block.refused() == 1);
  CHECK(image_of(d) == before);
  CHECK(d.refused() == 3);
  CHECK(d.quantile(1.01).error() == errc::invalid);
  CHECK(d.quantile(-0.01).error() == errc::invalid);
  CHECK(d.quantile(std::nan("")).error() == errc::invalid);
  CHECK(d.rank(std::nan("")).error() == errc::not_finite);
  // The greatest numbers that it takes do not overflow it.
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(d.observe(i % 2 == 0 ? 9e288 : -9e288));
  }
  d.compress();
  for (const double r : {0.1, 0.5, 0.9}) {
    CHECK(std::isfinite(d.quantile(r).value()));
  }
  d.clear();
  CHECK(d.count() == 0);
}

TEST_CASE("the image of a t-digest answers as it did and goes on with the same bits", "[stats][tdigest]") {
  for (const std::size_t n : {0U, 1U, 2U, 63U, 64U, 65U, 1000U}) {
    CAPTURE(n);
    source random{n + 1};
    digest d;
    REQUIRE(d.observe(random.values(n)) == n);
    auto read = skerry::decode_all<digest>(image_of(d));
    REQUIRE(read);
    REQUIRE(image_of(read.value()) == image_of(d));
    if (n > 0) {
      CHECK(read.value().quantile(0.37) == d.quantile(0.37));
    }
    const auto more = random.values(300);
    REQUIRE(read.value().observe(more) == 300);
    REQUIRE(d.observe(more) == 300);
    CHECK(image_of(read.value()) == image_of(d));
  }
  CHECK(skerry::decode_all<tdigest<double, 200>>(image_of(digest{})).error() == errc::mismatch);
}

TEST_CASE("an image with more centroids or waiting values than fit is folded, not refused", "[stats][tdigest]") {
  source random{9};
  tdigest<double, 100, 1024> wide;
  const auto xs = random.values(900);
  REQUIRE(wide.observe(xs) == 900);  // all of them wait
  const auto read = skerry::decode_all<digest>(image_of(wide));
  REQUIRE(read);
  CHECK(read.value().count() == 900);
  CHECK(rank_error(read.value(), xs) < 0.01);
  image many = image_of(digest{});
  many.resize(8);
  many[0] = std::byte{2};
  many[5] = std::byte{0};
  const auto little = [&](std::uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      many.push_back(static_cast<std::byte>(v >> (8 * i)));
    }
  };
  constexpr std::uint64_t centroids = 500;
  little(centroids, 4);
  little(0, 4);
  little(std::bit_cast<std::uint64_t>(0.0), 8);
  little(std::bit_cast<std::uint64_t>(499.0), 8);
  for (std::uint64_t i = 0; i < centroids; ++i) {
    little(std::bit_cast<std::uint64_t>(static_cast<double>(i)), 8);
    little(3, 8);
  }
  const auto folded = skerry::decode_all<digest>(many);
  REQUIRE(folded);
  CHECK(folded.value().count() == 3 * centroids);
  CHECK(std::fabs(folded.value().quantile(0.5).value() - 249.5) < 5);
}

TEST_CASE("both big-endian forms of the reference implementation are read", "[stats][tdigest]") {
  const double means[] = {1, 2.5, 7, 7.5};
  const double weights[] = {1, 4, 3, 1};
  for (const int form : {1, 2}) {
    CAPTURE(form);
    image bytes;
    put(bytes, static_cast<std::uint64_t>(form), 4);
    put(bytes, std::bit_cast<std::uint64_t>(1.0), 8);
    put(bytes, std::bit_cast<std::uint64_t>(7.5), 8);
    if (form == 1) {
      put(bytes, std::bit_cast<std::uint64_t>(100.0), 8);
      put(bytes, 4, 4);
    } else {
      put(bytes, std::bit_cast<std::uint32_t>(100.0F), 4);
      put(bytes, 210, 2);
      put(bytes, 1050, 2);
      put(bytes, 4, 2);
    }
    for (int i = 0; i < 4; ++i) {
      if (form == 1) {
        put(bytes, std::bit_cast<std::uint64_t>(weights[i]), 8);
        put(bytes, std::bit_cast<std::uint64_t>(means[i]), 8);
      } else {
        put(bytes, std::bit_cast<std::uint32_t>(static_cast<float>(weights[i])), 4);
        put(bytes, std::bit_cast<std::uint32_t>(static_cast<float>(means[i])), 4);
      }
    }
    const auto read = skerry::decode_all<digest>(bytes);
    REQUIRE(read);
    CHECK(read.value().count() == 9);
    std::size_t i = 0;
    read.value().for_each([&](double mean, std::uint64_t weight) {
      CHECK(mean == means[i]);
      CHECK(static_cast<double>(weight) == weights[i]);
      ++i;
    });
    CHECK(i == 4);
    CHECK(skerry::decode_all<tdigest<float>>(bytes));
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      REQUIRE_FALSE(skerry::decode_all<digest>(std::span{bytes}.first(n)));
    }
    bytes.push_back(std::byte{0});
    CHECK(skerry::decode_all<digest>(bytes).error() == errc::corrupt);
  }
}

TEST_CASE("damaged images of a t-digest are refused or are a digest like any other", "[stats][tdigest]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    source random{seed};
    small d;
    REQUIRE(d.observe(random.values<float>(30 * seed)) == 30 * seed);
    const image good = image_of(d);
    for (std::size_t n = 0; n < good.size(); ++n) {
      REQUIRE_FALSE(skerry::decode_all<small>(std::span{good}.first(n)));
    }
    for (int round = 0; round < 3000; ++round) {
      image changed = good;
      changed[random.below(round % 2 == 0 ? 24 : changed.size())] = random.byte();
      if (round % 5 == 0) {
        changed[random.below(changed.size())] = random.byte();
      }
      auto read = skerry::decode_all<small>(changed);
      if (!read) {
        continue;
      }
      ++accepted;
      REQUIRE(skerry::decode_all<small>(image_of(read.value())));
      double last = read.value().quantile(0).value();
      for (int i = 1; i <= 10; ++i) {
        const double q = read.value().quantile(i / 10.0).value();
        REQUIRE(q >= last);
        const double r = read.value().rank(q).value();
        REQUIRE((r >= 0 && r <= 1));
        last = q;
      }
      read.value().merge(small{d});
    }
  }
  CHECK(accepted > 0);
}

TEST_CASE("a quantile at the middle of a last centroid of two is its mean", "[stats][tdigest]") {
  // Form 2 of the reference implementation: two centroids of weight 2 between 1 and 4.
  constexpr std::array<std::uint8_t, 46> bytes{0, 0, 0,    0x02, 0x3f, 0xf0, 0,    0, 0, 0,    0,    0,    0x40, 0x10, 0,    0,
                                               0, 0, 0,    0,    0x41, 0x20, 0,    0, 0, 0x14, 0,    0x32, 0,    0x02, 0x40, 0,
                                               0, 0, 0x3f, 0xc0, 0,    0,    0x40, 0, 0, 0,    0x40, 0x60, 0,    0};
  const auto read = skerry::decode_all<skerry::stats::tdigest<double, 10, 8>>(std::as_bytes(std::span{bytes}));
  REQUIRE(read);
  CHECK(read.value().count() == 4);
  CHECK(read.value().quantile(0.25).value() == 1.5);
  CHECK(read.value().quantile(0.75).value() == 3.5);  // the line from here to the greatest has no length
  CHECK(read.value().quantile(1).value() == 4);
}
