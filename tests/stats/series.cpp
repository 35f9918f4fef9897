// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/blocked.hpp>
#include <skerry/stats/exp_histogram.hpp>
#include <skerry/stats/extrema.hpp>
#include <skerry/stats/grouped.hpp>
#include <skerry/stats/kll.hpp>
#include <skerry/stats/moments.hpp>
#include <skerry/stats/nan_policy.hpp>
#include <skerry/stats/series.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

using namespace skerry::stats;
using skerry::errc;
using stats_test::image_of;
using stats_test::source;

namespace {

using level = series<moments<double, 2>, extrema<>>;
using ends = series<extrema<>, extrema<float>>;
static_assert(skerry::commutative_monoid<level> && !skerry::join_semilattice<level>);
static_assert(skerry::join_semilattice<ends> && !skerry::commutative_monoid<ends>);
static_assert(level::merging == skerry::merge_kind::rounded && ends::merging == skerry::merge_kind::exact);
static_assert(std::is_trivially_copyable_v<level> && sizeof(level) == sizeof(moments<double, 2>) + sizeof(extrema<>));
static_assert(skerry::encodable<level> && skerry::decodable<level>);

struct decibels {
  double operator()(double x) const { return 10 * std::log10(x); }
};
struct above_zero {
  bool operator()(double x) const { return x > 0; }
};

}  // namespace

TEST_CASE("a value goes to every part exactly once", "[stats][series]") {
  source random{1};
  const auto xs = random.values(700, 5);
  level one_by_one;
  level block;
  moments<double, 2> m;
  for (const double x : xs) {
    REQUIRE(one_by_one.observe(x));
    REQUIRE(m.observe(x));
  }
  CHECK(block.observe(xs) == xs.size());
  using m2 = moments<double, 2>;
  CHECK(one_by_one.get<m2>() == m);
  CHECK(one_by_one.get<extrema<>>().min().value() == *std::min_element(xs.begin(), xs.end()));
  CHECK(block.get<0>().count() == 700);
  CHECK(block.get<1>() == one_by_one.get<1>());
  CHECK(one_by_one.observe(std::nan("")).error() == errc::not_finite);
  CHECK(one_by_one.get<m2>() == m);
  // Each part takes what is a value to it.
  CHECK(one_by_one.observe(INFINITY).error() == errc::not_finite);
  CHECK(one_by_one.get<1>().max().value() == INFINITY);
  CHECK(one_by_one.get<m2>() == m);
}

TEST_CASE("a series merges part by part", "[stats][series]") {
  source random{2};
  level a;
  level b;
  level all;
  for (int i = 0; i < 400; ++i) {
    const double x = random.normal();
    REQUIRE((i % 3 == 0 ? a : b).observe(x));
    REQUIRE(all.observe(x));
  }
  REQUIRE(a.merge(b));
  CHECK(a.get<0>().count() == 400);
  CHECK(std::fabs(a.get<0>().variance().value() - all.get<0>().variance().value()) < 1e-12);
  CHECK(a.get<1>() == all.get<1>());
  const level before = a;
  REQUIRE(a.merge(level{}));
  CHECK(a == before);
  CHECK(a.empty() == level{});
  ends e;
  REQUIRE(e.observe(3.0));
  ends f = e;
  REQUIRE(f.join(e));
  CHECK(f == e);
}

TEST_CASE("a series of sketches with seeds is made of prototypes", "[stats][series]") {
  using sketches = series<kll<double, 64>, exp_histogram<40>>;
  sketches s{kll<double, 64>{5}, exp_histogram<40>{6}};
  for (int i = 1; i <= 1000; ++i) {
    REQUIRE(s.observe(i));
  }
  CHECK(std::fabs(s.get<0>().quantile(0.5).value() - 500) < 50);
  CHECK(s.get<1>().count() == 1000);
  stats_test::image bytes(4000);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  skerry::byte_reader in{out.written()};
  const auto read = sketches::decode(in, 9);
  REQUIRE(read);
  CHECK(read.value().get<0>().quantile(0.9).value() == s.get<0>().quantile(0.9).value());
  CHECK(read.value().get<1>() == s.get<1>());
}

TEST_CASE("no hostile image of a series is believed", "[stats][series]") {
  source random{3};
  int accepted = 0;
  level s;
  REQUIRE(s.observe(random.values(20)) == 20);
  CHECK(image_of(s).size() == 3 + 1 + (11 + 16) + 1 + 19);
  stats_test::attack<level>(image_of(s), random, accepted);
  stats_test::attack<level>(image_of(level{}), random, accepted);
  CHECK(accepted > 0);
  series<moments<double, 2>> fewer;
  CHECK(skerry::decode_all<series<moments<double, 2>>>(image_of(s)).error() == errc::mismatch);
  stats_test::image small(10);
  skerry::byte_writer out{small};
  CHECK(fewer.encode(out).error() == errc::full);
}

TEST_CASE("a transformed summary is that of the transformed values", "[stats][series]") {
  transformed<decibels, moments<>> t;
  moments<> m;
  source random{4};
  for (int i = 0; i < 100; ++i) {
    const double x = std::exp(random.normal());
    REQUIRE(t.observe(x));
    REQUIRE(m.observe(decibels{}(x)));
  }
  CHECK(t.summary() == m);
  CHECK(t.observe(-1.0).error() == errc::not_finite);  // the logarithm
  transformed<decibels, moments<>> u = t;
  REQUIRE(u.merge(t));
  CHECK(u.summary().count() == 200);
  u.clear();
  CHECK(u.summary().count() == 0);
}

TEST_CASE("a filter passes over without an error", "[stats][series]") {
  filtered<above_zero, moments<>> f;
  const double xs[] = {1, -5, 3, 0};
  CHECK(f.observe(xs) == 4);
  CHECK(f.summary().count() == 2);
  CHECK(f.summary().mean().value() == 2);
  filtered<above_zero, extrema<>> e;
  REQUIRE(e.observe(-3));
  REQUIRE(e.observe(7));
  REQUIRE(e.join(e));
  CHECK(e.summary().min().value() == 7);
}

TEST_CASE("groups are kept apart, and merge by key", "[stats][series]") {
  using by_machine = grouped<int, moments<>, 4>;
  static_assert(skerry::commutative_monoid<by_machine>);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    by_machine a;
    by_machine b;
    moments<> expected[4];
    for (int i = 0; i < 100; ++i) {
      const auto key = static_cast<int>(random.below(4));
      const double x = random.normal();
      REQUIRE((random.below(2) == 0 ? a : b).observe(key * 7 - 3, x));
      REQUIRE(expected[key].observe(x));
    }
    by_machine ab = a;
    REQUIRE(ab.merge(b));
    by_machine ba = b;
    REQUIRE(ba.merge(a));
    int last = -100;
    ab.for_each([&](int key, const moments<>& m) {
      CHECK(key > last);
      last = key;
      CHECK(m.count() == expected[(key + 3) / 7].count());
      CHECK(std::fabs(m.mean().value() - expected[(key + 3) / 7].mean().value()) < 1e-13);
      CHECK(ba.find(key)->count() == m.count());
    });
    by_machine self = ab;
    REQUIRE(self.merge(by_machine{}));
    CHECK(self == ab);
  }
}

TEST_CASE("a key too many is refused and counted, and half a merge does not happen", "[stats][series]") {
  grouped<int, moments<>, 2> g;
  CHECK(g.observe(9, std::nan("")).error() == errc::not_finite);
  CHECK(g.size() == 0);
  REQUIRE(g.observe(1, 1.0));
  REQUIRE(g.observe(2, 2.0));
  CHECK(g.observe(3, 3.0).error() == errc::full);
  CHECK(g.refused() == 1);
  grouped<int, moments<>, 2> other;
  REQUIRE(other.observe(1, 5.0));
  REQUIRE(other.observe(3, 5.0));
  const auto before = g;
  CHECK(g.merge(other).error() == errc::full);
  CHECK(g == before);
  CHECK(g.find(3) == nullptr);
}

TEST_CASE("every policy keeps NaN out of the stored numbers", "[stats][nan_policy]") {
  on_nan<nan_policy::refuse, moments<>> refuses;
  on_nan<nan_policy::count_only, moments<>> counts;
  on_nan<nan_policy::propagate, moments<>> propagates;
  const double xs[] = {1, std::nan(""), 3};
  CHECK(refuses.observe(xs) == 2);
  CHECK(counts.observe(xs) == 3);
  CHECK(counts.nans() == 1);
  CHECK(counts.summary().value().mean().value() == 2);
  CHECK(counts.observe(INFINITY).error() == errc::not_finite);
  REQUIRE(propagates.observe(1));
  CHECK(propagates.summary());
  on_nan<nan_policy::propagate, moments<>> above;
  CHECK(propagates.observe(xs) == 3);
  CHECK(propagates.summary().error() == errc::not_finite);
  REQUIRE(above.observe(8));
  REQUIRE(above.merge(propagates));
  CHECK(above.summary().error() == errc::not_finite);
  above.clear();
  CHECK(above.summary().value().count() == 0);
  on_nan<nan_policy::count_only, extrema<>> e;
  REQUIRE(e.observe(std::nan("")));
  REQUIRE(e.join(e));
  CHECK(e.nans() == 1);
}

TEST_CASE("float moments in blocks still learn after 2^25 values", "[stats][blocked]") {
  // Merged rather than observed: 2^25 values of 0 in 13 doublings, then 2^25 of 1 in blocks.
  blocked<moments<float, 2>> b;
  std::vector<float> zeros(4096, 0.0F);
  REQUIRE(b.observe(zeros) == 4096);
  for (int i = 0; i < 13; ++i) {
    b.merge(blocked<moments<float, 2>>{b});
  }
  REQUIRE(b.count() == std::uint64_t{1} << 25);
  for (int i = 0; i < 4096; ++i) {
    REQUIRE(b.observe(1.0F));
  }
  const double truth = 4096.0 / (4096.0 + 33554432.0);
  CHECK(std::fabs(static_cast<double>(b.summary().mean().value()) / truth - 1) < 1e-5);
  CHECK(std::fabs(static_cast<double>(b.summary().variance().value()) / (truth * (1 - truth)) - 1) < 1e-4);
}

TEST_CASE("a part of integers refuses what it cannot hold instead of casting it", "[stats][series]") {
  series<moments<>, extrema<std::int16_t>> both;
  const auto ends = [&] { return both.get<1>(); };
  REQUIRE(both.observe(7.0));
  for (const double x : {1e300, -1e300, 32768.0, -32769.0, 0.5}) {
    CHECK(both.observe(x).error() == errc::out_of_range);
  }
  CHECK(both.observe(std::nan("")).error() == errc::not_finite);
  CHECK(both.observe(INFINITY).error() == errc::not_finite);
  CHECK(ends().min().value() == 7);
  CHECK(ends().max().value() == 7);
  REQUIRE(both.observe(-32768.0));
  REQUIRE(both.observe(32767.0));
  CHECK(ends().min().value() == -32768);
  CHECK(both.get<0>().count() == 6);  // all but those that cannot be squared
  series<extrema<std::int8_t>, extrema<std::int32_t>> integers;
  CHECK(integers.observe(300).error() == errc::out_of_range);
  CHECK(integers.get<0>().empty());
  series<extrema<std::uint32_t>, extrema<std::int32_t>> mixed;  // whose common type has no sign
  static_assert(std::is_unsigned_v<decltype(mixed)::value_type>);
  CHECK(mixed.observe(0x80000000U).error() == errc::out_of_range);
  CHECK(mixed.get<1>().empty());
}
