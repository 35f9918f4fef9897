// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/anomaly/monitor.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/portable.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

using namespace skerry;
using namespace skerry::anomaly;

namespace {

// Small, with refits that begin and end within a few hundred rows.
struct small : default_monitor {
  static constexpr std::size_t lags = 3;
  static constexpr std::size_t history = 300;
  static constexpr std::size_t warm_up = 150;
  static constexpr std::size_t trees = 20;
  static constexpr std::size_t sample = 64;
  static constexpr std::size_t fold = 50;
  static constexpr std::size_t held = 64;
  static constexpr std::size_t quarantine = 64;
  static constexpr std::size_t row_visits = 128;
  static constexpr std::uint16_t block = 40;
};
using mon = monitor<3, no_model, small>;

struct history {
  explicit history(std::uint64_t seed) : g{seed} {}
  float noise() {
    const std::uint64_t r = g();
    const auto sum = (r & 0xFFFFU) + ((r >> 16U) & 0xFFFFU) + ((r >> 32U) & 0xFFFFU) + ((r >> 48U) & 0xFFFFU);
    return (static_cast<float>(sum) - 131070.0F) / 43690.0F;
  }
  std::array<float, 3> row(int i) {
    const float shift = i % 700 > 600 ? 6.0F : 0.0F;
    return {noise() + shift, noise() * 10 - shift, noise() + 100};
  }
  splitmix64 g;
};

std::vector<std::byte> image_of(const mon& m) {
  std::vector<std::byte> memory(mon::bytes);
  byte_writer out{memory};
  REQUIRE(m.encode(out));
  return {out.written().begin(), out.written().end()};
}

void sign(std::vector<std::byte>& image) {
  const std::span<std::byte> all{image};
  byte_writer{all.last(4)}.u32(crc32c(all.first(all.size() - 4)));
}

}  // namespace

TEST_CASE("a monitor that was written and read goes on with the same bits, wherever it was interrupted") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    auto a = std::make_unique<mon>();
    REQUIRE(mon::create(*a, {.seed = seed, .max_gap_ms = 5000}));
    auto b = std::make_unique<mon>();
    REQUIRE(mon::create(*b, {.seed = seed, .max_gap_ms = 5000}));
    history h{seed};
    std::uint64_t now = 0;
    for (int i = 0; i < 2500; ++i) {
      const auto r = h.row(i);
      now += h.g() % 200 == 0 ? 6000 : 1000;
      const auto v = a->observe(r, now);
      const auto w = b->observe(r, now);
      REQUIRE(v);
      REQUIRE(w);
      REQUIRE(v.value() == w.value());
      if (i % 400 == 399) {
        const auto id = v.value().alarm_id;
        REQUIRE(a->accept_as_normal(id).error() == b->accept_as_normal(id).error());
      }
      // In any phase of learning, judging and refitting: `b` becomes another object that has read `a`.
      if (h.g() % 23 == 0) {
        const auto image = image_of(*a);
        auto other = std::make_unique<mon>();
        REQUIRE(decode_all_into(*other, image));
        REQUIRE(image_of(*other) == image);
        b = std::move(other);
      }
    }
    REQUIRE(a->counters() == b->counters());
    REQUIRE(a->counters().refits + a->counters().refit_refused > 0);
    REQUIRE(a->counters().alarms_novel > 0);
  }
}

TEST_CASE("every truncation and every flipped bit of a monitor's image is refused, and the object is as before") {
  mon m;
  REQUIRE(mon::create(m, {}));
  history h{5};
  for (int i = 0; i < 900; ++i) {
    REQUIRE(m.observe(h.row(i), static_cast<std::uint64_t>(i) * 1000));
  }
  const auto image = image_of(m);
  mon other;
  REQUIRE(mon::create(other, {.seed = 3}));
  for (int i = 0; i < 200; ++i) {
    REQUIRE(other.observe(h.row(i), static_cast<std::uint64_t>(i) * 1000));
  }
  const auto before = image_of(other);
  for (std::size_t n = 0; n < image.size(); n += n < 200 ? 1 : 977) {
    REQUIRE_FALSE(decode_all_into(other, std::span{image}.first(n)));
  }
  for (std::size_t n = 0; n < image.size(); n += n < 200 ? 1 : 991) {
    auto damaged = image;
    damaged[n] ^= std::byte{1} << (n % 8);
    REQUIRE_FALSE(decode_all_into(other, damaged));
  }
  auto longer = image;
  longer.push_back(std::byte{0});
  REQUIRE_FALSE(decode_all_into(other, longer));
  REQUIRE(image_of(other) == before);
  REQUIRE(decode_all_into(other, image));
  REQUIRE(image_of(other) == image);
}

TEST_CASE("an image that was changed and signed again is refused, or gives a monitor that works") {
  mon m;
  REQUIRE(mon::create(m, {}));
  history h{8};
  splitmix64 g{99};
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    REQUIRE(m.observe(h.row(i), static_cast<std::uint64_t>(i) * 1000));
    if (i % 25 != 24) {
      continue;
    }
    CAPTURE(i);
    auto damaged = image_of(m);
    for (int flips = 0; flips < 3; ++flips) {
      // Half of the time near the beginning, where the numbers are that others depend on.
      const std::size_t where = g() % 2 == 0 ? g() % std::min<std::size_t>(4000, damaged.size()) : g() % damaged.size();
      damaged[where] = static_cast<std::byte>(g() & 0xFFU);
    }
    sign(damaged);
    auto other = std::make_unique<mon>();
    if (!decode_all_into(*other, damaged)) {
      ++refused;
      REQUIRE(other->counters() == monitor_counters{});
      continue;
    }
    ++taken;
    for (int j = 0; j < 400; ++j) {
      (void)other->observe(h.row(j), std::uint64_t{1} << 40 | static_cast<std::uint64_t>(j));
    }
    (void)image_of(*other);
  }
  REQUIRE(taken > 0);
  REQUIRE(refused > 0);
}

TEST_CASE("an image of another width, configuration or version is refused as such") {
  mon m;
  byte_writer nothing{{}};
  REQUIRE(m.encode(nothing).error() == errc::insufficient);
  REQUIRE(mon::create(m, {}));
  auto image = image_of(m);
  monitor<2, no_model, small> narrow;
  REQUIRE(decode_all_into(narrow, image).error() == errc::mismatch);
  REQUIRE(m.encode(nothing).error() == errc::full);
  image[4] = std::byte{255};
  sign(image);
  REQUIRE(decode_all_into(m, image).error() == errc::unsupported);
  image[0] = std::byte{'X'};
  REQUIRE(decode_all_into(m, image).error() == errc::corrupt);
}
