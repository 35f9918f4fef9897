// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/hll.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::hll;
using skerry::stats::hll_hip_rse;
using skerry::stats::hll_rse;
using stats_test::image;
using stats_test::source;

namespace {

static_assert(sizeof(hll<4>) == 64 && sizeof(hll<8>) == 256 + 32 && sizeof(hll<12>) == 4096 + 32);
static_assert(std::is_trivially_copyable_v<hll<12>>);
static_assert(skerry::join_semilattice<hll<12>> && !skerry::commutative_monoid<hll<12>>);
static_assert(hll<12>::merging == skerry::merge_kind::exact);
static_assert(skerry::encodable<hll<12>> && skerry::decodable_value<hll<12>>);
static_assert(noexcept(std::declval<hll<8>&>().observe(1)) && noexcept(std::declval<hll<8>&>().join(std::declval<hll<8>&>())));
static_assert(hll_rse(12) > 0.0162 && hll_rse(12) < 0.0163 && hll_hip_rse(12) < 0.0131);

template <typename S>
image written(const S& s) {
  image bytes(S::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

/// Nothing, a list, a set or registers.
template <unsigned LgK>
hll<LgK> some(source& random) {
  const std::size_t sizes[] = {0, 1, 5, 7, 8, 20, 30, 200, 1500};
  hll<LgK> s;
  const std::size_t n = sizes[random.below(std::size(sizes))];
  for (std::size_t i = 0; i < n; ++i) {
    (void)s.observe(random.below(2000));
  }
  return s;
}

template <unsigned A, unsigned B>
hll<A> joined(hll<A> a, const hll<B>& b) {
  a.join(b);
  return a;
}

template <unsigned LgK>
void joins_are_a_semilattice() {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(LgK, seed);
    source random{seed};
    const auto a = some<LgK>(random);
    const auto b = some<LgK>(random);
    const auto c = some<LgK>(random);
    CHECK(joined(a, a) == a);
    CHECK(joined(joined(a, b), b) == joined(a, b));
    CHECK(joined(a, b) == joined(b, a));
    CHECK(written(joined(a, b)) == written(joined(b, a)));
    CHECK(written(joined(joined(a, b), c)) == written(joined(a, joined(b, c))));
    CHECK(written(joined(joined(c, b), a)) == written(joined(joined(a, b), c)));
    CHECK(written(joined(a, hll<LgK>{})) == written(a));
    CHECK(written(joined(hll<LgK>{}, a)) == written(a));
    CHECK((a == b) == (written(joined(a, a)) == written(joined(b, b))));
  }
}

void put_u32(image& bytes, std::size_t at, std::uint32_t v) {
  for (unsigned b = 0; b < 4; ++b) {
    bytes[at + b] = static_cast<std::byte>(v >> (8 * b));
  }
}

/// What another writer would make of an HLL_8 image of registers: HLL_6, or HLL_4 with its exceptions, and with free slots if asked.
image packed(const image& bytes, bool nibbles, bool updatable) {
  const std::size_t k = bytes.size() - 40;
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[40 + i]); };
  image out(bytes.begin(), bytes.begin() + 40);
  out[5] &= updatable ? std::byte{0xf7} : std::byte{0xff};
  if (!nibbles) {
    out[7] = std::byte{0x06};
    out.resize(40 + k / 4 * 3 + 1);
    for (std::size_t i = 0; i < 6 * k; ++i) {
      out[40 + i / 8] |= static_cast<std::byte>((at(i / 6) >> (i % 6) & 1) << (i % 8));
    }
    return out;
  }
  unsigned least = 63;
  std::uint32_t many = 0;
  for (std::size_t i = 0; i < k; ++i) {
    many = at(i) < least ? 1 : many + (at(i) == least ? 1U : 0U);
    least = std::min(least, at(i));
  }
  out[7] = std::byte{0x02};
  out[6] = static_cast<std::byte>(least);
  put_u32(out, 32, many);
  out.resize(40 + k / 2);
  std::vector<std::uint32_t> exceptions;
  for (std::size_t i = 0; i < k; ++i) {
    const unsigned v = at(i) - least < 15 ? at(i) - least : 15;
    if (v == 15) {
      exceptions.push_back(at(i) << 26 | static_cast<std::uint32_t>(i));
    }
    out[40 + i / 2] |= static_cast<std::byte>(v << (4 * (i % 2)));
  }
  put_u32(out, 36, static_cast<std::uint32_t>(exceptions.size()));
  if (updatable) {
    unsigned lg = k < 128 ? 2 : 3;  // what the format's table of first sizes says
    while (std::size_t{1} << lg < exceptions.size() + 1) {
      ++lg;
    }
    out[4] = exceptions.empty() ? std::byte{0} : static_cast<std::byte>(lg);
    exceptions.insert(exceptions.begin(), (std::size_t{1} << lg) - exceptions.size(), 0);
  }
  for (const std::uint32_t e : exceptions) {
    out.resize(out.size() + 4);
    put_u32(out, out.size() - 4, e);
  }
  return out;
}

}  // namespace

TEST_CASE("no key is zero keys, and up to a few hundred keys the estimate is their number", "[stats][hll]") {
  hll<12> s;
  CHECK(s.empty());
  CHECK(s.estimate() == 0);
  CHECK(s.lower_bound(2) == 0);
  CHECK(s.upper_bound(2) == 0);
  for (int i = 1; i <= 384; ++i) {
    REQUIRE(s.observe(i));
    REQUIRE(s.observe(i));
    CHECK(s.estimate() == Catch::Approx(i).epsilon(1e-6));
    CHECK(s.lower_bound(3) >= i);
    CHECK(s.upper_bound(3) >= s.estimate());
    CHECK(s.exact());
  }
  REQUIRE(s.observe(385));
  CHECK_FALSE(s.exact());
  CHECK(s.estimate() == Catch::Approx(385).epsilon(1e-6));
}

TEST_CASE("the errors of 1000 sets of keys are as wide as stated, within 5 %", "[stats][hll]") {
  constexpr unsigned lg = 8;
  constexpr int n = 8000;
  constexpr std::size_t sets = 1000;
  std::array<double, sets> alone{};
  std::array<double, sets> in_two{};
  for (std::size_t set = 0; set < sets; ++set) {
    hll<lg> all;
    hll<lg> half[2];
    for (int i = 0; i < n; ++i) {
      const auto key = static_cast<std::int64_t>(set) * n + i;
      (void)all.observe(key);
      (void)half[i % 2].observe(key);
    }
    half[0].join(half[1]);
    alone[set] = std::fabs(all.estimate() / n - 1) / hll_hip_rse(lg);
    in_two[set] = std::fabs(half[0].estimate() / n - 1) / hll_rse(lg);
    CHECK(all.relative_error() == hll_hip_rse(lg));
    CHECK(half[0].relative_error() == hll_rse(lg));
  }
  for (auto* errors : {&alone, &in_two}) {
    CAPTURE(errors == &alone);
    double squares = 0;
    for (const double e : *errors) {
      squares += e * e;
    }
    CHECK(std::sqrt(squares / sets) == Catch::Approx(1).epsilon(0.05));
    std::sort(errors->begin(), errors->end());
    CHECK((*errors)[683] == Catch::Approx(1).epsilon(0.05));
    CHECK((*errors)[955] == Catch::Approx(2).epsilon(0.05));
  }
}

TEST_CASE("joins of HLL sketches are idempotent, commutative and associative, to the byte", "[stats][hll]") {
  joins_are_a_semilattice<4>();
  joins_are_a_semilattice<8>();
  joins_are_a_semilattice<10>();
}

TEST_CASE("64 joined parts know what one stream knows, in any tree", "[stats][hll]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::vector<hll<8>> parts(64);
    hll<8> one;
    const std::size_t n = 10 + random.below(2000);
    for (std::size_t i = 0; i < n; ++i) {
      const auto key = random.below(100000);
      (void)one.observe(key);
      (void)parts[random.below(64)].observe(key);
    }
    auto shuffled = parts;
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size() - 1);
      parts[i].join(parts[i + 1]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    hll<8> folded;
    while (!shuffled.empty()) {
      const std::size_t i = random.below(shuffled.size());
      folded.join(shuffled[i]);
      shuffled.erase(shuffled.begin() + static_cast<std::ptrdiff_t>(i));
    }
    CHECK(parts[0] == one);
    CHECK(written(parts[0]) == written(folded));
  }
}

TEST_CASE("a larger sketch folds into a smaller one as if that had seen the keys", "[stats][hll]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    hll<11> large;
    hll<8> small;
    hll<4> least;
    const std::size_t n = random.below(seed % 2 == 0 ? 30 : 3000);
    for (std::size_t i = 0; i < n; ++i) {
      const auto key = random.below(1U << 20);
      (void)large.observe(key);
      (void)small.observe(key);
      (void)least.observe(key);
    }
    CHECK(joined(hll<8>{}, large) == small);
    CHECK(joined(small, large) == small);
    CHECK(joined(hll<4>{}, large) == least);
    CHECK(joined(hll<4>{}, small) == least);
  }
}

TEST_CASE("a join of two that know something ends the history, a join with nothing does not", "[stats][hll]") {
  hll<8> a;
  hll<8> b;
  for (int i = 0; i < 1000; ++i) {
    (void)a.observe(i);
    (void)b.observe(i + 500);
  }
  const double before = a.estimate();
  a.join(hll<8>{});
  CHECK(a.estimate() == before);
  CHECK(a.relative_error() == hll_hip_rse(8));
  a.join(b);
  CHECK(a.relative_error() == hll_rse(8));
  std::array<std::uint8_t, 256> registers{};
  a.copy_registers(registers);
  CHECK(a.estimate() == skerry::stats::hll_register_estimate(registers));
  CHECK(a.lower_bound(3) < 1500);
  CHECK(a.upper_bound(3) > 1500);
  a.clear();
  CHECK(a.empty());
  CHECK(a == hll<8>{});
}

TEST_CASE("keys of different types are the same key where the images say so", "[stats][hll]") {
  hll<8> s;
  (void)s.observe(1);
  (void)s.observe(std::int64_t{1});
  (void)s.observe(std::uint8_t{1});
  CHECK(s.estimate() == 1);
  (void)s.observe(1.0);
  CHECK(s.estimate() > 1.5);
  hll<8> d;
  (void)d.observe(0.0);
  (void)d.observe(-0.0);
  (void)d.observe(std::nan(""));
  (void)d.observe(-std::nan("7"));
  CHECK(d.estimate() < 2.5);
  (void)d.observe(2.5F);
  (void)d.observe(2.5);
  CHECK(d.estimate() < 3.5);
  hll<8> t;
  CHECK(t.observe(""));
  CHECK(t.empty());
  (void)t.observe("valve");
  (void)t.observe(std::string{"valve"});
  CHECK(t.estimate() == 1);
  const std::vector<std::int64_t> many{5, 6, 7, 7};
  const std::vector<double> reals{5, 6, 7, 7};
  CHECK(t.observe(many) == 4);
  CHECK(t.observe(reals) == 4);
  CHECK(t.estimate() == Catch::Approx(7).epsilon(1e-6));
}

TEST_CASE("the images of a list, a set and registers are these bytes for ever", "[stats][hll]") {
  hll<12> s;
  CHECK(written(s) ==
        image{std::byte{2}, std::byte{1}, std::byte{7}, std::byte{12}, std::byte{3}, std::byte{12}, std::byte{0}, std::byte{8}});
  (void)s.observe(1);
  (void)s.observe(2);
  const unsigned expected[] = {2, 1, 7, 12, 3, 8, 2, 8, 0x2b, 0xf2, 0xfb, 0x06, 0x86, 0x2f, 0xf9, 0x0d};
  const image bytes = written(s);
  REQUIRE(bytes.size() == std::size(expected));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
  }
  for (int i = 3; i <= 200; ++i) {
    (void)s.observe(i);
  }
  const image set = written(s);
  CHECK(set.size() == 12 + 4 * 200);
  CHECK(set[0] == std::byte{3});
  CHECK(set[4] == std::byte{9});
  CHECK(set[7] == std::byte{9});
  for (int i = 201; i <= 1000; ++i) {
    (void)s.observe(i);
  }
  const image registers = written(s);
  CHECK(registers.size() == 4136);
  CHECK(registers[0] == std::byte{10});
  CHECK(registers[7] == std::byte{10});
}

TEST_CASE("what is written is read with every answer the same", "[stats][hll]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto s = some<8>(random);
    if (seed % 3 == 0) {
      s.join(some<8>(random));
    }
    const image bytes = written(s);
    auto read = skerry::decode_all<hll<8>>(bytes);
    REQUIRE(read);
    CHECK(read.value() == s);
    CHECK(written(read.value()) == bytes);
    CHECK(read.value().estimate() == s.estimate());
    CHECK(read.value().lower_bound(2) == s.lower_bound(2));
    CHECK(read.value().upper_bound(2) == s.upper_bound(2));
    for (int i = 0; i < 500; ++i) {
      (void)s.observe(100000 + i);
      (void)read.value().observe(100000 + i);
    }
    CHECK(read.value() == s);
    CHECK(read.value().estimate() == Catch::Approx(s.estimate()));
  }
  CHECK(skerry::decode_all<hll<9>>(written(hll<8>{})).error() == errc::mismatch);
}

TEST_CASE("registers packed into six bits, or into four with exceptions, are the same registers", "[stats][hll]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    hll<6> s;
    const std::size_t n = 20 + random.below(seed % 2 == 0 ? 300 : 100000);
    for (std::size_t i = 0; i < n; ++i) {
      (void)s.observe(random.below(std::numeric_limits<std::size_t>::max()));
    }
    REQUIRE_FALSE(s.exact());
    const image bytes = written(s);
    for (const bool nibbles : {false, true}) {
      for (const bool updatable : {false, true}) {
        const image other = packed(bytes, nibbles, updatable);
        const auto read = skerry::decode_all<hll<6>>(other);
        REQUIRE(read);
        CHECK(read.value() == s);
        CHECK(written(read.value()) == bytes);
        CHECK_FALSE(skerry::decode_all<hll<6>>(std::span{other}.first(other.size() - 1)));
      }
    }
  }
}

TEST_CASE("hostile images of HLL sketches are refused or mean one thing", "[stats][hll]") {
  int accepted = 0;
  const auto refused_or_steady = [&](const image& bytes) {
    const image exact{bytes};
    const auto read = skerry::decode_all<hll<8>>(exact);
    if (!read) {
      return false;
    }
    const hll<8>& s = read.value();
    const auto again = skerry::decode_all<hll<8>>(written(s));
    REQUIRE(again);
    if (!(again.value() == s && again.value().estimate() == s.estimate() && s.estimate() >= 0)) {
      FAIL("an accepted image means two things");
    }
    ++accepted;
    return true;
  };
  for (const int n : {0, 3, 20, 2000}) {
    CAPTURE(n);
    hll<8> s;
    for (int i = 0; i < n; ++i) {
      (void)s.observe(i);
    }
    const image bytes = written(s);
    std::vector<image> good{bytes};
    if (!s.exact()) {
      good.push_back(packed(bytes, false, false));
      good.push_back(packed(bytes, true, false));
      good.push_back(packed(bytes, true, true));
    }
    source random{static_cast<std::uint64_t>(n) + 1};
    for (const image& g : good) {
      REQUIRE(refused_or_steady(g));
      for (std::size_t i = 0; i < g.size(); ++i) {
        CHECK_FALSE(skerry::decode_all<hll<8>>(std::span{g}.first(i)));
      }
      image longer = g;
      longer.push_back(std::byte{0});
      CHECK_FALSE(skerry::decode_all<hll<8>>(longer));
      for (std::size_t i = 0; i < g.size(); ++i) {
        image changed = g;
        for (int v = 0; v < 256; v += i < 44 ? 1 : 17) {
          changed[i] = static_cast<std::byte>(v);
          (void)refused_or_steady(changed);
        }
      }
      for (int round = 0; round < 2000; ++round) {
        image noise(random.below(g.size() + 4));
        for (std::size_t i = 0; i < noise.size(); ++i) {
          noise[i] = i < g.size() && (i < 8 || random.below(20) != 0) ? g[i] : random.byte();
        }
        (void)refused_or_steady(noise);
      }
    }
  }
  CHECK(accepted > 8);
}

TEST_CASE("no registers hold no keys", "[stats][hll]") {
  CHECK(skerry::stats::hll_register_estimate({}) == 0);  // the series of 0 / 0 never ended
}
