// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Sketches of keys make no call of operator new either. The control of the counter stands in no_heap.cpp.
#include <skerry/core/portable.hpp>
#include <skerry/stats/frequent_items.hpp>
#include <skerry/stats/hll.hpp>
#include <skerry/stats/theta.hpp>

#include "core/counting_new.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <type_traits>

using skerry_test::allocations;

TEST_CASE("no verb of a sketch of keys allocates", "[stats][no_heap]") {
  using namespace skerry::stats;
  static std::array<std::byte, 40000> image{};
  const auto round_trip = [&](const auto& s) {
    skerry::byte_writer out{image};
    const bool written = static_cast<bool>(s.encode(out));
    skerry::byte_reader in{out.written()};
    return written && static_cast<bool>(std::remove_cvref_t<decltype(s)>::decode(in));
  };
  bool good = true;
  const std::size_t before = allocations();
  {
    hll<8> h;
    hll<8> g;
    theta<6> t;
    theta<6> u;
    frequent_items<std::int64_t, 5> f;
    frequent_items<skerry::inplace_string<15>, 5> w;
    for (int i = 0; i < 3000; ++i) {
      good = good && h.observe(i) && g.observe(0.5 * i) && t.observe(i) && u.observe(2 * i) && f.observe(i % 7) && w.observe("a text");
      if (i == 3 || i == 20 || i == 2999) {
        good = good && round_trip(h) && round_trip(t) && round_trip(f) && round_trip(w);
      }
    }
    good = good && h.observe("text") && t.observe("text");
    h.join(g);
    t.join(u);
    t.intersect(u);
    t.subtract(u);
    f.merge(f);
    std::array<frequent_items<std::int64_t, 5>::row, 4> top{};
    good = good && h.estimate() > 0 && h.upper_bound(2) > 0 && t.upper_bound(2) >= 0 && f.frequent(top) == 4 && round_trip(h);
  }
  const std::size_t after = allocations();
  CHECK(good);
  CHECK(after == before);
}
