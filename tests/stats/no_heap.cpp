// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Counts every call of operator new in this program: no verb of stats makes one.
#include <skerry/stats.hpp>

#include "core/counting_new.hpp"
#include "stats/histories.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <new>
#include <type_traits>

using skerry_test::allocations;

TEST_CASE("the counter of allocations counts", "[stats][no_heap]") {
  const std::size_t before = allocations();
  ::operator delete(::operator new(8));  // called by name, because a new-expression may be optimised away
  CHECK(allocations() == before + 1);
}

TEST_CASE("no verb of stats allocates", "[stats][no_heap]") {
  using namespace skerry::stats;
  stats_test::source random{1};
  const auto xs = random.values(5000);
  std::array<std::byte, 256> image{};
  std::array<std::byte, kll<double>::max_encoded_size> kll_image{};
  const auto round_trip = [&](const auto& s) {
    skerry::byte_writer out{image};
    const bool written = static_cast<bool>(s.encode(out));
    skerry::byte_reader in{out.written()};
    return written && static_cast<bool>(std::remove_cvref_t<decltype(s)>::decode(in));
  };
  bool good = true;
  const std::size_t before = allocations();
  {
    moments<> a;
    moments<> b;
    good = good && a.observe(xs) == xs.size() && b.observe(xs[0]);
    a.merge(b);
    good = good && a.retract(xs[0]) && a.kurtosis_excess() && round_trip(a);
    extrema<> e;
    extrema<> f;
    good = good && e.observe(xs) == xs.size() && f.observe(1.0);
    e.join(f);
    good = good && e.range() && round_trip(e);
    ewma<> w{10.0};
    good = good && w.observe(1, 1.0) && w.observe(2, 3.0) && w.stddev() && round_trip(w);
    rolling<moments<>, 64> m;
    rolling<extrema<>, 64> r;
    good = good && m.observe(xs) == xs.size() && r.observe(xs) == xs.size() && m.summary().mean() && r.summary().min();
    covariance<4> c;
    covariance<4> d;
    const auto row = std::span<const double, 4>{xs.data(), 4};
    good = good && c.observe_rows(xs) == xs.size() / 4 && d.observe(row);
    c.merge(d);
    good = good && c.factor() && c.factor().value().update(row, 0.5) && round_trip(c);
    weighted_moments<> v;
    good = good && v.observe(xs[0], 2.0) && v.observe(xs[1], 1.0);
    v.merge(v);
    good = good && v.variance_reliability() && round_trip(v);
    kll<double> q{1};
    kll<double, 64> p{2};
    good = good && q.observe(xs) == xs.size() && q.observe(1.0) && q.observe(2.0, 77) && p.observe(xs) == xs.size();
    q.merge(p);
    q.merge(q);
    skerry::byte_writer sketch{kll_image};
    good = good && q.quantile(0.5) && q.rank(0.0) && q.encode(sketch);
    skerry::byte_reader read{sketch.written()};
    good = good && kll<double>::decode(read, 1);
    mahalanobis<4> judge;
    good = good && judge.observe(row) && !judge.squared_distance(row);
  }
  const std::size_t after = allocations();
  CHECK(good);
  CHECK(after == before);
}

TEST_CASE("no change detector and no t-digest allocates", "[stats][no_heap]") {
  using namespace skerry::stats;
  stats_test::source random{2};
  const auto xs = random.values(3000);
  kll<double, 64> a{1};
  kll<double, 64> b{2};
  bool good = true;
  const std::size_t before = allocations();
  {
    page_hinkley mean;
    cusum sums = cusum::create({0.5, 5, 0, 1, 50, true}).value();
    adwin<> window;
    kswin<> newest;
    for (const double x : xs) {
      good = good && mean.observe(x) && sums.observe(x) && window.observe(x) && newest.observe(x);
    }
    good = good && a.observe(xs) == xs.size() && b.observe(xs) == xs.size() && ks(a, b) && psi(a, b);
    tdigest<double, 20, 64> digest;
    good = good && digest.observe(xs) == xs.size() && digest.quantile(0.5) && digest.rank(0.1);
    digest.merge(digest);
    std::array<std::byte, tdigest<double, 20, 64>::max_encoded_size> digest_image{};
    skerry::byte_writer out{digest_image};
    good = good && digest.encode(out);
    skerry::byte_reader in{out.written()};
    good = good && tdigest<double, 20, 64>::decode(in);
  }
  const std::size_t after = allocations();
  CHECK(good);
  CHECK(after == before);
}
