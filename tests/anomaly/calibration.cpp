// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/calibration.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

static_assert(std::is_trivially_copyable_v<calibration>);
static_assert(calibration::capacity == 4096);
static_assert(sizeof(calibration) == 4096 * 4 + 16);
static_assert(commutative_monoid<calibration>);

template <typename C>
bool same_bytes(const C& a, const C& b) {
  return std::memcmp(&a, &b, sizeof(C)) == 0;
}

std::vector<float> scores(unsigned seed, std::size_t n, int distinct) {
  std::mt19937 g{seed};
  std::vector<float> s(n);
  for (auto& x : s) {
    x = static_cast<float>(static_cast<int>(g() % static_cast<unsigned>(distinct)) - distinct / 3) / 16;
  }
  return s;
}

}  // namespace

TEST_CASE("a resolved threshold is exceeded by no more references than the budget allows") {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const auto s = scores(seed, 200 + seed * 7, seed % 2 == 0 ? 20 : 100000);
    calibration c;
    for (const float x : s) {
      REQUIRE(c.observe(x));
    }
    for (const double per_day : {0.5, 1.0, 3.0, 11.0, 500.0, 1440.0, 9999.0}) {
      const auto t = c.for_alarms(per_day, 1440).value();
      if (!t.resolved) {
        continue;
      }
      const auto above = std::count_if(s.begin(), s.end(), [&](float x) { return x > t.value; });
      const auto entered = std::count_if(s.begin(), s.end(), [&](float x) { return x >= t.enter(); });
      REQUIRE(above == entered);
      REQUIRE(static_cast<double>(above) <= static_cast<double>(s.size()) * per_day / 1440);
    }
  }
}

TEST_CASE("thresholds and p-values of a hundred known references are those worked out by hand") {
  calibration c;
  for (int i = 100; i >= 1; --i) {
    REQUIRE(c.observe(static_cast<float>(i)));
  }
  // One alarm in 100 rows: exactly one reference may lie above.
  const auto one = c.for_alarms(1, 100).value();
  CHECK((one.resolved && one.value == 99));
  CHECK(c.for_alarms(2.9, 100).value().value == 98);
  CHECK(c.for_alarms(1000, 100).value().value == 1);
  // A tenth of that is not resolved: the two greatest exceed 98 by 1.5 on average, and 1/50 is 20 times 1/1000.
  const auto rare = c.for_alarms(0.1, 100).value();
  CHECK_FALSE(rare.resolved);
  CHECK(std::abs(static_cast<double>(rare.value) - (98 + 1.5 * std::log(20.0))) < 1e-5);
  CHECK(std::abs(c.for_contamination(0.1).value().value - 90.1F) < 1e-4F);  // place 9.9 of the 99 steps from above
  CHECK(std::abs(c.for_contamination(0.5).value().value - 50.5F) < 1e-4F);
  CHECK(c.p_value(100).value() == 2.0 / 101);
  CHECK(c.p_value(50).value() == 52.0 / 101);  // itself among those at or above it
  CHECK(c.p_value(50.5F).value() == 51.0 / 101);
  CHECK(c.p_value(1000).value() == 1.0 / 101);
  CHECK(c.p_value(-1000).value() == 1.0);
}

TEST_CASE("an image whose references do not rise is refused") {
  calibration c;
  REQUIRE((c.observe(1) && c.observe(2)));
  std::array<std::byte, 64> memory{};
  byte_writer out{memory};
  REQUIRE(c.encode(out));
  const auto image = std::span{memory}.first(out.written().size());
  std::swap_ranges(image.end() - 8, image.end() - 4, image.end() - 4);
  calibration target;
  byte_reader in{image};
  CHECK(target.decode(in).error() == errc::corrupt);
  CHECK(target.empty());
}

TEST_CASE("a rarer alarm never has a lower threshold, across the end of what the references resolve") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    calibration c;
    for (const float x : scores(seed, 600, 1000)) {
      REQUIRE(c.observe(x));
    }
    float last = std::numeric_limits<float>::max();
    bool was_resolved = false;
    for (double per_day = 1e-3; per_day < 86400; per_day *= 1.5) {
      const auto t = c.for_alarms(per_day, 86400).value();
      // Within one regime; at the seam the exponential may lie on either side of the largest reference.
      if (t.resolved == was_resolved) {
        REQUIRE(t.value <= last);
      }
      last = t.value;
      was_resolved = t.resolved;
    }
  }
}

TEST_CASE("without references there is no threshold, with few there is none beyond them") {
  calibration c;
  REQUIRE(c.for_alarms(1, 10).error() == errc::insufficient);
  REQUIRE(c.for_contamination(0.1).error() == errc::insufficient);
  REQUIRE(c.p_value(1).error() == errc::insufficient);
  for (int i = 0; i < 49; ++i) {
    REQUIRE(c.observe(static_cast<float>(i)));
  }
  REQUIRE(c.for_alarms(1, 1e6).error() == errc::insufficient);
  REQUIRE(c.for_alarms(1, 10).value().resolved);
  REQUIRE(c.observe(49));
  REQUIRE_FALSE(c.for_alarms(1, 1e6).value().resolved);
}

TEST_CASE("a budget or a fraction that is none is refused") {
  calibration c;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(c.observe(static_cast<float>(i)));
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    REQUIRE(c.for_alarms(bad, 10).error() == errc::invalid);
    REQUIRE(c.for_alarms(1, bad).error() == errc::invalid);
    REQUIRE(c.for_contamination(bad).error() == errc::invalid);
  }
  REQUIRE(c.for_contamination(0.51).error() == errc::invalid);
  REQUIRE(c.for_contamination(0.5));
}

TEST_CASE("the p-value of a new score from the same source is not small too often") {
  std::mt19937 g{7};
  calibration c;
  for (int i = 0; i < 999; ++i) {
    REQUIRE(c.observe(static_cast<float>(g() % 100000)));
  }
  int small = 0;
  for (int i = 0; i < 20000; ++i) {
    small += c.p_value(static_cast<float>(g() % 100000)).value() <= 0.05 ? 1 : 0;
  }
  REQUIRE(small < 20000 * 0.07);
  REQUIRE(small > 20000 * 0.03);
  REQUIRE(c.p_value(std::numeric_limits<float>::infinity()).value() == 1.0 / 1000);
  REQUIRE(c.p_value(-1).value() == 1);
  REQUIRE(c.p_value(std::numeric_limits<float>::quiet_NaN()).error() == errc::not_finite);
}

TEST_CASE("the order of observing and merging does not show in the bytes") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    using small = basic_calibration<float, 300>;
    std::mt19937 g{seed};
    auto s = scores(seed, 3 + g() % 290, 50);
    small all{9};
    std::array<small, 3> part{small{9}, small{9}, small{9}};
    for (const float x : s) {
      REQUIRE(all.observe(x));
      REQUIRE(part[g() % 3].observe(x));
    }
    small left = part[0];
    REQUIRE(left.merge(part[1]));
    REQUIRE(left.merge(part[2]));
    small right = part[2];
    REQUIRE(right.merge(part[0]));
    REQUIRE(right.merge(part[1]));
    REQUIRE(same_bytes(left, all));
    REQUIRE(same_bytes(right, all));
    std::shuffle(s.begin(), s.end(), g);
    small again{9};
    for (const float x : s) {
      REQUIRE(again.observe(x));
    }
    REQUIRE(same_bytes(again, all));
  }
}

TEST_CASE("merging with an empty one changes nothing and merging twice counts twice") {
  calibration a{3};
  for (int i = 0; i < 10; ++i) {
    REQUIRE(a.observe(static_cast<float>(i)));
  }
  const calibration before = a;
  REQUIRE(a.merge(calibration{}));
  REQUIRE(same_bytes(a, before));
  calibration empty;
  REQUIRE(empty.merge(before));
  REQUIRE(same_bytes(empty, before));
  REQUIRE(a.merge(before));
  REQUIRE(a.size() == 20);
  calibration self = before;
  REQUIRE(self.merge(self));
  REQUIRE(same_bytes(self, a));
}

TEST_CASE("a refused call leaves every byte of the calibration as it was") {
  using small = basic_calibration<float, 8>;
  small c{1};
  for (int i = 0; i < 6; ++i) {
    REQUIRE(c.observe(static_cast<float>(i)));
  }
  const small before = c;
  REQUIRE(c.observe(std::numeric_limits<float>::quiet_NaN()).error() == errc::not_finite);
  REQUIRE(c.observe(-std::numeric_limits<float>::infinity()).error() == errc::not_finite);
  small other{2};
  REQUIRE(other.observe(1));
  REQUIRE(c.merge(other).error() == errc::mismatch);
  small three{1};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(three.observe(0));
  }
  REQUIRE(c.merge(three).error() == errc::full);
  REQUIRE(same_bytes(c, before));
  REQUIRE(c.observe(0));
  REQUIRE(c.observe(0));
  const small full = c;
  REQUIRE(c.observe(0).error() == errc::full);
  REQUIRE(same_bytes(c, full));
}

TEST_CASE("entering is the least number above the threshold") {
  for (const float v :
       {0.0F, -0.0F, 1.0F, -1.0F, 0.53F, -0.53F, std::numeric_limits<float>::denorm_min(), -std::numeric_limits<float>::denorm_min(),
        std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()}) {
    CAPTURE(v);
    REQUIRE(threshold{v, true}.enter() == std::nextafter(v, std::numeric_limits<float>::infinity()));
    REQUIRE(threshold{v, true}.enter() > v);
  }
}

TEST_CASE("an image of a calibration is read back, and none that is cut, damaged or too large changes the object") {
  basic_calibration<float, 64> c{7};
  for (int i = 0; i < 50; ++i) {
    REQUIRE(c.observe(static_cast<float>((i * 37) % 50)));
  }
  std::array<std::byte, 512> memory{};
  byte_writer out{memory};
  REQUIRE(c.encode(out));
  const auto image = out.written();
  basic_calibration<float, 64> read;
  byte_reader in{image};
  REQUIRE(read.decode(in));
  REQUIRE(read == c);
  for (std::size_t n = 0; n < image.size(); ++n) {
    byte_reader part{image.first(n)};
    REQUIRE_FALSE(read.decode(part));
  }
  basic_calibration<float, 49> small;
  byte_reader whole{image};
  REQUIRE(small.decode(whole).error() == errc::full);
  REQUIRE(small.empty());
  memory[12 + 4 * 20 + 3] = std::byte{0x7f};  // out of order, or no number
  byte_reader damaged{image};
  REQUIRE(read.decode(damaged).error() == errc::corrupt);
  REQUIRE(read == c);
}
