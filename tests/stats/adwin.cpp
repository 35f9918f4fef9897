// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/algebra.hpp>
#include <skerry/stats/adwin.hpp>

#include "stats/histories.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::adwin;
using skerry::stats::adwin_config;
using skerry::stats::drift_event;
using stats_test::image;
using stats_test::source;

namespace {

static_assert(std::is_trivially_copyable_v<adwin<>> && std::is_default_constructible_v<adwin<>>);
static_assert(skerry::encodable<adwin<>> && skerry::decodable_value<adwin<>>);
static_assert(!skerry::mergeable<adwin<>>);
static_assert(sizeof(adwin<>) <= 2048 && sizeof(adwin<20, float>) <= 1060);

/// The published procedure with growing lists, a square root and a logarithm per cut.
struct plain_adwin {
  struct bucket {
    double sum, squares;
  };
  double delta;
  std::uint32_t clock;
  std::vector<std::deque<bucket>> rows{1};
  std::uint64_t width = 0, seen = 0;
  double total = 0, squares = 0;

  void drop() {
    const bucket gone = rows.back().front();
    rows.back().pop_front();
    const auto n = static_cast<double>(std::uint64_t{1} << (rows.size() - 1));
    width -= std::uint64_t{1} << (rows.size() - 1);
    total -= gone.sum;
    const double d = gone.sum / n - total / static_cast<double>(width);
    squares -= gone.squares + n * static_cast<double>(width) * d * d / (n + static_cast<double>(width));
    if (rows.back().empty()) {
      rows.pop_back();
    }
  }
  [[nodiscard]] bool cut() const {
    double n0 = 0;
    double u0 = 0;
    const auto w = static_cast<double>(width);
    for (std::size_t r = rows.size(); r-- > 0;) {
      for (std::size_t k = 0; k < rows[r].size() && (r > 0 || k + 1 < rows[r].size()); ++k) {
        n0 += static_cast<double>(std::uint64_t{1} << r);
        u0 += rows[r][k].sum;
        const double n1 = w - n0;
        if (n0 > 6 && n1 > 6) {
          const double d = std::log(2 * std::log(w) / delta);
          const double m = 1 / (n0 - 4) + 1 / (n1 - 4);
          if (std::fabs(u0 / n0 - (total - u0) / n1) > std::sqrt(2 * m * squares / w * d) + 2.0 / 3 * d * m) {
            return true;
          }
        }
      }
    }
    return false;
  }
  bool observe(double x) {
    ++seen;
    if (width > 0) {
      const double d = x - total / static_cast<double>(width);
      squares += d * d * static_cast<double>(width) / static_cast<double>(width + 1);
    }
    total += x;
    ++width;
    rows[0].push_back({x, 0});
    for (std::size_t r = 0; rows[r].size() > 5; ++r) {
      if (r + 1 == rows.size()) {
        rows.emplace_back();
      }
      const bucket a = rows[r][0];
      const bucket b = rows[r][1];
      const auto n = static_cast<double>(std::uint64_t{1} << r);
      rows[r + 1].push_back({a.sum + b.sum, a.squares + b.squares + (a.sum - b.sum) * (a.sum - b.sum) / (2 * n)});
      rows[r].pop_front();
      rows[r].pop_front();
    }
    bool changed = false;
    while (seen % clock == 0 && width > 10 && cut()) {
      drop();
      changed = true;
    }
    return changed;
  }
};

template <typename A>
image image_of(const A& a) {
  image bytes(A::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(a.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

}  // namespace

TEST_CASE("ADWIN shrinks when and as far as the plain procedure does", "[stats][drift]") {
  int changes = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double delta = seed % 2 == 0 ? 0.002 : 0.1;
    const std::uint32_t clock = seed % 3 == 0 ? 32 : 1 + static_cast<std::uint32_t>(random.below(8));
    auto ours = adwin<>::create({delta, static_cast<std::uint16_t>(clock)}).value();
    plain_adwin plain{delta, clock};
    double level = 100 * random.normal();
    for (int i = 0; i < 1500; ++i) {
      level += random.below(300) == 0 ? 2 * random.normal() : 0;
      const double x = seed % 4 == 0 ? (random.uniform() < 0.5 + 0.1 * std::tanh(level) ? 1.0 : 0.0) : level + random.normal();
      const bool changed = plain.observe(x);
      const auto event = ours.observe(x);
      REQUIRE(event);
      REQUIRE((event.value() == drift_event::change) == changed);
      REQUIRE(ours.width() == plain.width);
      changes += changed ? 1 : 0;
    }
  }
  CHECK(changes > 100);
}

TEST_CASE("mean and variance are those of the last width values, whatever was dropped", "[stats][drift]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const double offset = seed % 3 == 0 ? 1e8 : (seed % 3 == 1 ? 0 : -1e3);
    adwin<> window;
    std::vector<double> xs;
    for (int i = 0; i < 2000; ++i) {
      xs.push_back(offset + (i / 700) * 3.0 + random.normal());
      REQUIRE(window.observe(xs.back()));
      if (i % 61 == 0 || i == 1999) {
        const auto n = static_cast<std::size_t>(window.width());
        REQUIRE(n >= 1);
        REQUIRE(n <= xs.size());
        long double sum = 0;
        for (std::size_t k = xs.size() - n; k < xs.size(); ++k) {
          sum += static_cast<long double>(xs[k]);
        }
        const long double mean = sum / static_cast<long double>(n);
        long double squares = 0;
        for (std::size_t k = xs.size() - n; k < xs.size(); ++k) {
          squares += (static_cast<long double>(xs[k]) - mean) * (static_cast<long double>(xs[k]) - mean);
        }
        REQUIRE(std::fabs(window.mean().value() - static_cast<double>(mean)) <= 1e-12 + 1e-15 * std::fabs(offset));
        REQUIRE(std::fabs(window.variance().value() - static_cast<double>(squares) / static_cast<double>(n)) <= 1e-9);
      }
    }
    CHECK(window.width() < 700);  // the last step was found
  }
}

TEST_CASE("where nothing changes ADWIN keeps nearly all, and where something does it forgets the past", "[stats][drift]") {
  int false_events = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    adwin<> window;
    for (int i = 0; i < 5000; ++i) {
      false_events += window.observe(random.normal()).value() == drift_event::change ? 1 : 0;
    }
    int taken = 0;
    while (window.observe(1.5 + random.normal()).value() == drift_event::none) {
      ++taken;
      REQUIRE(taken < 320);
    }
    for (int i = 0; i < 500; ++i) {
      REQUIRE(window.observe(1.5 + random.normal()));
    }
    CHECK(window.width() < 2000);
    CHECK(window.mean().value() > 0.75);
  }
  CAPTURE(false_events);
  CHECK(false_events <= 12);  // 40 streams with 156 looks each
}

TEST_CASE("a window of all its rows forgets the oldest bucket and counts what it held", "[stats][drift]") {
  adwin<3> window;  // 5 * (1 + 2 + 4) values
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(window.observe(2.0).value() == drift_event::none);
    REQUIRE(window.width() <= 35);
    REQUIRE(window.width() + window.forgotten() == static_cast<std::uint64_t>(i + 1));
  }
  CHECK(window.width() >= 28);
  CHECK(window.mean().value() == 2);
  CHECK(window.variance().value() == 0);
}

TEST_CASE("scale and offset by powers of two leave every decision as it was", "[stats][drift]") {
  source random{3};
  // The bound has a term without variance, so scale matters there: offset alone.
  adwin<> a;
  adwin<> b;
  for (int i = 0; i < 3000; ++i) {
    const double x = std::round(1024 * (random.normal() + (i / 1000))) / 1024;
    REQUIRE(a.observe(x) == b.observe(x + 65536));
    REQUIRE(a.width() == b.width());
    REQUIRE(a.mean().value() + 65536 == b.mean().value());
  }
}

TEST_CASE("ADWIN refuses what it cannot hold and changes no byte", "[stats][drift]") {
  adwin<> window;
  CHECK(window.mean().error() == errc::empty);
  CHECK(window.variance().error() == errc::empty);
  CHECK(window.observe(std::nan("")).error() == errc::not_finite);
  REQUIRE(window.observe(1.0));
  REQUIRE(window.observe(2.0));
  const auto before = image_of(window);
  CHECK(window.observe(INFINITY).error() == errc::not_finite);
  CHECK(window.observe(1e200).error() == errc::out_of_range);
  CHECK(image_of(window) == before);
  CHECK(window.refused() == 3);
  adwin<20, float> small;
  REQUIRE(small.observe(0.0F));
  CHECK(small.observe(2e15F).error() == errc::out_of_range);
  for (int i = 0; i < 20000; ++i) {
    REQUIRE(small.observe(i % 2 == 0 ? 1e15F : -1e15F));
  }
  CHECK(std::isfinite(small.variance().value()));
  window.clear();
  CHECK(window == adwin<>{});
  for (const adwin_config& c : {adwin_config{0, 32}, adwin_config{1, 32}, adwin_config{std::nan(""), 32}, adwin_config{0.1, 0}}) {
    CHECK(adwin<>::create(c).error() == errc::invalid);
  }
}

TEST_CASE("the image of an ADWIN goes on where it stopped, and hostile ones are refused or are themselves", "[stats][drift]") {
  int accepted = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto window = adwin<>::create({0.01, 8}).value();
    for (std::uint64_t i = 0; i < 200 * seed * seed; ++i) {
      REQUIRE(window.observe(random.normal()));
    }
    auto read = skerry::decode_all<adwin<>>(image_of(window));
    REQUIRE(read);
    REQUIRE(read.value() == window);
    for (int i = 0; i < 500; ++i) {
      const double x = 1 + random.normal();
      REQUIRE(read.value().observe(x) == window.observe(x));
    }
    REQUIRE(read.value() == window);
    const image good = image_of(window);
    for (std::size_t n = 0; n < good.size(); ++n) {
      REQUIRE_FALSE(skerry::decode_all<adwin<>>(image(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))));
    }
    for (int round = 0; round < 4000; ++round) {
      image changed = good;
      changed[random.below(round % 2 == 0 ? 80 : changed.size())] = random.byte();
      if (round % 3 == 0) {
        changed[random.below(changed.size())] = random.byte();
      }
      if (auto got = skerry::decode_all<adwin<>>(changed)) {
        ++accepted;
        REQUIRE(image_of(got.value()) == changed);
        for (int i = 0; i < 70; ++i) {
          (void)got.value().observe(static_cast<double>(i));
        }
        REQUIRE(skerry::decode_all<adwin<>>(image_of(got.value())));
      }
    }
  }
  CHECK(accepted > 0);
  adwin<> tall;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(tall.observe(1.0));
  }
  CHECK(skerry::decode_all<adwin<4>>(image_of(tall)).error() == errc::full);
}
