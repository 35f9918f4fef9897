// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats.hpp>

#include "core/counting_new.hpp"
#include "stats/histories.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>

using skerry::ticks;
using skerry_test::allocations;

TEST_CASE("no verb of windows, series and histograms allocates", "[stats][no_heap]") {
  using namespace skerry::stats;
  stats_test::source random{1};
  const auto xs = random.values(3000);
  static std::array<std::byte, 8000> image{};
  bool good = true;
  const std::size_t before = allocations();
  {
    const auto written = [&](const auto& s) {
      skerry::byte_writer out{image};
      return static_cast<bool>(s.encode(out)) ? out.written() : std::span<const std::byte>{};
    };
    exp_histogram<> e;
    good = good && e.observe(xs) == xs.size() && e.observe(2.0, 9) && e.retract(2.0);
    e.merge(e);
    good = good && e.quantile(0.9) && skerry::decode_all<exp_histogram<>>(written(e));
    auto t = time_window<moments<>, 4>::create({.size = 10, .lateness = 5}).value();
    std::uint64_t closed = 0;
    const auto sink = [&](ticks, const moments<>& m) { closed += m.count(); };
    for (ticks i = 0; i < 100; ++i) {
      good = good && t.observe(i, xs[static_cast<std::size_t>(i)], sink);
    }
    t.advance(200, sink);
    good = good && closed == 100;
    auto w = windowed<kll<double, 64>, 4>::create({.values = 50}, kll<double, 64>{1}).value();
    good = good && w.observe(xs) == xs.size() && w.summary().quantile(0.5);
    decayed<moments<>> d{100};
    good = good && d.observe(1, 2.0) && d.observe(2, 2.0) && d.merge(d) && d.mean();
    smoothed<> m;
    p2<> p{0.5};
    reservoir<100> r{1};
    good = good && m.observe(xs) == xs.size() && p.observe(xs) == xs.size() && r.observe(xs) == xs.size() && p.quantile();
    r.merge(r);
    good = good && r.quantile(0.5) && skerry::decode_all<reservoir<100>>(written(r), std::uint64_t{1});
    auto h = histogram<16>::linear(-2, 2).value();
    good = good && h.observe(xs) == xs.size() && h.merge(h) && h.quantile(0.5) && skerry::decode_all<histogram<16>>(written(h));
    series<moments<>, extrema<>> s;
    grouped<int, moments<>, 3> g;
    good = good && s.observe(xs) == xs.size() && s.merge(s) && skerry::decode_all<series<moments<>, extrema<>>>(written(s));
    good = good && g.observe(1, 2.0) && g.merge(g) && g.find(1) != nullptr;
    blocked<moments<float>> b;
    good = good && b.observe(1.0F);
    b.merge(b);
    on_nan<nan_policy::count_only, moments<>> n;
    good = good && n.observe(xs) == xs.size() && n.summary();
  }
  const std::size_t after = allocations();
  CHECK(good);
  CHECK(after == before);
}
