// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/robust_z.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "core/counting_new.hpp"

using namespace skerry;
using namespace skerry::anomaly;

static_assert(std::is_trivially_copyable_v<robust_z<9>>);
static_assert(sizeof(robust_z<64>) == 8 * 64 + 4 && sizeof(robust_z<3>) == 8 * 3 + 4 && sizeof(robust_z<1001>) == 8 * 1001 + 4);
static_assert(noexcept(std::declval<robust_z<3>&>().observe(1.0F)) && noexcept(std::declval<const robust_z<3>&>().score(1.0F)));

namespace {

template <typename T>
bool same_bytes(const T& a, const T& b) {
  using bytes = std::array<std::byte, sizeof(T)>;
  return std::bit_cast<bytes>(a) == std::bit_cast<bytes>(b);
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  const std::size_t n = v.size();
  return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

template <std::size_t Window>
void follows_the_definition(unsigned seed) {
  CAPTURE(Window, seed);
  std::mt19937 g{seed};
  std::normal_distribution<float> wide{0, seed % 2 == 0 ? 1e3F : 1e-3F};
  robust_z<Window> z;
  std::deque<double> plain;
  for (int i = 0; i < 400; ++i) {
    if (g() % 150 == 0) {
      z.clear();
      plain.clear();
    }
    // Some streams on a coarse grid, so that values repeat.
    const float x = seed % 3 == 0 ? static_cast<float>(static_cast<int>(g() % 7) - 3) : wide(g);
    REQUIRE(z.observe(x));
    plain.push_back(static_cast<double>(x));
    if (plain.size() > Window) {
      plain.pop_front();
    }
    REQUIRE(z.size() == plain.size());
    REQUIRE(z.ready() == (plain.size() == Window));
    if (!z.ready()) {
      REQUIRE(z.score(0).error() == errc::insufficient);
      REQUIRE(z.centre().error() == errc::insufficient);
      REQUIRE(z.spread().error() == errc::insufficient);
      continue;
    }
    const double middle = median({plain.begin(), plain.end()});
    std::vector<double> distances;
    distances.reserve(plain.size());
    for (const double p : plain) {
      distances.push_back(std::abs(p - middle));
    }
    const double spread = 1.482602218505602 * median(distances);
    REQUIRE(z.centre().value() == middle);
    REQUIRE(z.spread().value() == spread);
    const float probe = wide(g);
    const auto score = z.score(probe);
    if (spread > 0) {
      REQUIRE(score.value() == static_cast<float>((static_cast<double>(probe) - middle) / spread));
    } else {
      REQUIRE(score.error() == errc::degenerate);
    }
  }
}

}  // namespace

TEST_CASE("median and MAD are those of a sorted copy of the window, after any history") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    follows_the_definition<3>(seed);
    follows_the_definition<4>(seed);
    follows_the_definition<15>(seed);
    follows_the_definition<64>(seed);
  }
}

TEST_CASE("for normal values the spread is their standard deviation") {
  std::mt19937 g{1};
  std::normal_distribution<float> normal{50, 4};
  robust_z<4001> z;
  for (int i = 0; i < 4001; ++i) {
    REQUIRE(z.observe(normal(g)));
  }
  REQUIRE(std::abs(z.spread().value() - 4) < 0.3);
  REQUIRE(std::abs(z.centre().value() - 50) < 0.3);
}

TEST_CASE("faults in less than half of the window neither hide themselves nor make usual values strange") {
  std::mt19937 g{2};
  std::normal_distribution<float> normal{10, 1};
  robust_z<41> z;
  for (int i = 0; i < 41; ++i) {
    REQUIRE(z.observe(i % 5 < 2 ? 1e6F : normal(g)));
  }
  REQUIRE(z.score(1e6F).value() > 1e5F);
  REQUIRE(std::abs(z.score(10).value()) < 2);
}

TEST_CASE("what is no number is refused and changes no byte; the ends of the numbers are scored") {
  robust_z<5> z;
  constexpr float most = std::numeric_limits<float>::max();
  for (const float x : {1.0F, 2.0F, 3.0F, 4.0F, 5.0F}) {
    REQUIRE(z.observe(x));
  }
  const auto before = z;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), HUGE_VALF, -HUGE_VALF}) {
    REQUIRE(z.observe(bad).error() == errc::not_finite);
    REQUIRE(z.score(bad).error() == errc::not_finite);
  }
  REQUIRE(same_bytes(z, before));
  REQUIRE(std::isfinite(z.score(most).value()));
  robust_z<3> ends;
  for (const float x : {-most, most, 0.0F}) {
    REQUIRE(ends.observe(x));
  }
  REQUIRE(std::isfinite(ends.spread().value()));
  robust_z<3> tiny;
  for (const float x : {0.0F, 1e-40F, 2e-40F}) {
    REQUIRE(tiny.observe(x));
  }
  REQUIRE(tiny.score(most).value() == most);
}

TEST_CASE("zeros of both signs are one value, and nothing is allocated") {
  const std::size_t before = skerry_test::allocations();
  robust_z<5> mixed;
  robust_z<5> plain;
  bool taken = true;
  for (int i = 0; i < 40; ++i) {
    const auto other = static_cast<float>(i % 3 - 1);
    taken = taken && mixed.observe(i % 2 == 0 ? -0.0F : 0.0F) && mixed.observe(other) && plain.observe(0.0F) && plain.observe(other);
  }
  const auto score = mixed.score(7);
  REQUIRE(skerry_test::allocations() == before);
  REQUIRE(taken);
  REQUIRE(score == plain.score(7));
  REQUIRE(same_bytes(mixed, plain));
}
