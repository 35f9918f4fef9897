// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/theta.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::theta;
using skerry::stats::theta_a_not_b;
using skerry::stats::theta_intersection;
using skerry::stats::theta_rse;
using skerry::stats::theta_union;
using stats_test::image;
using stats_test::source;

namespace {

static_assert(sizeof(theta<12>) == 16 * 4096 + 16);
static_assert(std::is_trivially_copyable_v<theta<12>>);
static_assert(skerry::join_semilattice<theta<12>> && !skerry::commutative_monoid<theta<12>>);
static_assert(theta<12>::merging == skerry::merge_kind::exact);
static_assert(skerry::encodable<theta<12>> && skerry::decodable_value<theta<12>>);

template <typename S>
image written(const S& s) {
  image bytes(S::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

template <unsigned LgK>
theta<LgK> of(std::int64_t from, std::int64_t to) {
  theta<LgK> s;
  for (std::int64_t key = from; key < to; ++key) {
    (void)s.observe(key);
  }
  return s;
}

/// Nothing, a few hashes, a full table or a sample.
template <unsigned LgK>
theta<LgK> some(source& random) {
  const std::size_t sizes[] = {0, 1, 2, 16, 25, 31, 100, 1000};
  theta<LgK> s;
  const std::size_t n = sizes[random.below(std::size(sizes))];
  for (std::size_t i = 0; i < n; ++i) {
    (void)s.observe(random.below(3000));
  }
  return s;
}

/// The packed form of another writer: ascending differences, the most significant bit first.
image packed(const image& plain, bool sampled) {
  const std::size_t front = sampled ? 24 : 16;
  const std::size_t n = (plain.size() - front) / 8;
  std::vector<std::uint64_t> deltas;
  std::uint64_t before = 0;
  std::uint64_t widest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t hash = skerry::detail::load_le(plain.data() + front + 8 * i, 8);
    deltas.push_back(hash - before);
    widest |= hash - before;
    before = hash;
  }
  const auto bits = static_cast<unsigned>(std::bit_width(widest));
  image out{std::byte{1}, std::byte{4},    std::byte{3},    static_cast<std::byte>(bits),
            std::byte{2}, std::byte{0x1a}, std::byte{0xcc}, std::byte{0x93}};
  if (sampled) {
    out[0] = std::byte{2};
    for (std::size_t i = 16; i < 24; ++i) {
      out.push_back(plain[i]);  // one by one: of a range GCC 12 warns without reason
    }
  }
  out.push_back(static_cast<std::byte>(n));
  out.push_back(static_cast<std::byte>(n >> 8));
  const std::size_t at = out.size();
  out.resize(at + (n * bits + 7) / 8);
  for (std::size_t i = 0; i < n * bits; ++i) {
    const std::uint64_t bit = deltas[i / bits] >> (bits - 1 - i % bits) & 1;
    out[at + i / 8] |= static_cast<std::byte>(bit << (7 - i % 8));
  }
  return out;
}

}  // namespace

TEST_CASE("the number of keys is exact while every hash is held, whatever is repeated", "[stats][theta]") {
  theta<4> s;
  CHECK(s.empty());
  CHECK(s.estimate() == 0);
  for (int i = 1; i <= 30; ++i) {
    REQUIRE(s.observe(i));
    REQUIRE(s.observe(i));
    CHECK(s.exact());
    CHECK(s.estimate() == i);
    CHECK(s.lower_bound(3) == i);
    CHECK(s.upper_bound(3) == i);
  }
  REQUIRE(s.observe(31));
  CHECK_FALSE(s.exact());
  CHECK(s.retained() == 16);
}

TEST_CASE("a sample is exactly the smallest hashes of the stream", "[stats][theta]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    theta<6> s;
    std::set<std::uint64_t> hashes;
    const std::size_t n = random.below(5000);
    for (std::size_t i = 0; i < n; ++i) {
      const auto key = random.below(4000);
      (void)s.observe(key);
      hashes.insert(skerry::stats::detail::sketch_hash(key).h1 >> 1);
    }
    std::set<std::uint64_t> held;
    s.for_each([&](std::uint64_t hash) { held.insert(hash); });
    CHECK(held.size() == s.retained());
    hashes.erase(hashes.lower_bound(s.limit()), hashes.end());
    CHECK(held == hashes);
    CHECK(s.retained() >= std::min<std::size_t>(64, hashes.size()));
  }
}

TEST_CASE("the errors of 1000 sets of keys are as wide as stated, and the bounds hold them", "[stats][theta]") {
  constexpr unsigned lg = 6;
  constexpr int n = 2000;
  double squares = 0;
  int outside = 0;
  for (int set = 0; set < 1000; ++set) {
    auto s = of<lg>(std::int64_t{set} * n, std::int64_t{set + 1} * n);
    outside += s.lower_bound(2) <= n && n <= s.upper_bound(2) ? 0 : 1;
    s.join(of<lg>(std::int64_t{set} * n, std::int64_t{set} * n + 1));  // leaves 2^LgK hashes, where the error is the stated one
    const double e = s.estimate() / n - 1;
    squares += e * e;
  }
  CHECK(std::sqrt(squares / 1000) == Catch::Approx(theta_rse(lg)).epsilon(0.06));
  CHECK(outside <= 70);  // 4.6 % of 1000 and three standard deviations
}

TEST_CASE("unions are idempotent, commutative and associative, to the byte", "[stats][theta]") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto a = some<4>(random);
    const auto b = some<4>(random);
    const auto c = some<4>(random);
    CHECK(theta_union(a, a) == a);
    CHECK(theta_union(theta_union(a, b), b) == theta_union(a, b));
    CHECK(theta_union(a, b) == theta_union(b, a));
    CHECK(written(theta_union(a, b)) == written(theta_union(b, a)));
    CHECK(written(theta_union(theta_union(a, b), c)) == written(theta_union(a, theta_union(b, c))));
    CHECK(written(theta_union(theta_union(c, b), a)) == written(theta_union(theta_union(a, b), c)));
    CHECK(written(theta_union(a, theta<4>{})) == written(a));
    CHECK(written(theta_union(theta<4>{}, a)) == written(a));
    CHECK((a == b) == (written(theta_union(a, a)) == written(theta_union(b, b))));
    const auto wide = some<6>(random);
    CHECK(theta_union(theta_union(a, wide), b) == theta_union(theta_union(b, wide), a));
  }
}

TEST_CASE("64 joined parts know what one stream knows, in any tree", "[stats][theta]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::vector<theta<5>> parts(64);
    theta<5> one;
    for (std::size_t i = 0; i < 2000; ++i) {
      const auto key = random.below(seed % 2 == 0 ? 40 : 100000);
      (void)one.observe(key);
      (void)parts[random.below(64)].observe(key);
    }
    theta<5> folded;
    for (const auto& p : parts) {
      folded.join(p);
    }
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size() - 1);
      parts[i].join(parts[i + 1]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    CHECK(written(parts[0]) == written(folded));
    CHECK(folded == one);
  }
}

TEST_CASE("what two streams share and what only one has is counted within the bounds", "[stats][theta]") {
  int outside = 0;
  for (std::int64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    const std::int64_t base = seed * 100000;
    const auto a = of<8>(base, base + 6000);
    const auto b = of<8>(base + 4000, base + 12000);
    const auto both = theta_intersection(a, b);
    const auto only = theta_a_not_b(a, b);
    const auto either = theta_union(a, b);
    outside += both.lower_bound(3) <= 2000 && 2000 <= both.upper_bound(3) ? 0 : 1;
    outside += only.lower_bound(3) <= 4000 && 4000 <= only.upper_bound(3) ? 0 : 1;
    outside += either.lower_bound(3) <= 12000 && 12000 <= either.upper_bound(3) ? 0 : 1;
    CHECK(both == theta_intersection(b, a));
    CHECK(both.retained() + only.retained() <= a.retained());
  }
  CHECK(outside <= 4);
  const auto small = of<8>(0, 100);
  CHECK(theta_intersection(small, of<8>(50, 200)).estimate() == 50);
  CHECK(theta_a_not_b(small, of<8>(50, 200)).estimate() == 50);
  CHECK(theta_intersection(small, of<8>(200, 300)).empty());
  CHECK(theta_intersection(small, theta<8>{}).empty());
  CHECK(theta_intersection(theta<8>{}, small).empty());
  CHECK(theta_a_not_b(small, theta<8>{}) == small);
  CHECK(theta_a_not_b(theta<8>{}, small).empty());
}

TEST_CASE("a sketch is its own intersection and leaves nothing of itself", "[stats][theta]") {
  auto s = of<5>(0, 1000);
  const auto before = s;
  s.intersect(s);
  CHECK(written(s) == written(before));
  s.join(s);
  CHECK(s == before);
  s.subtract(s);
  CHECK(s.retained() == 0);
  CHECK(s.estimate() == 0);
  CHECK(s.lower_bound(2) == 0);
  CHECK(s.upper_bound(2) > 0);
  s.clear();
  CHECK(s.empty());
}

TEST_CASE("keys of different types are the same key where the images say so", "[stats][theta]") {
  theta<6> s;
  (void)s.observe(1);
  (void)s.observe(std::uint8_t{1});
  CHECK(s.estimate() == 1);
  (void)s.observe(1.0);
  (void)s.observe(0.0);
  (void)s.observe(-0.0);
  (void)s.observe(std::nan(""));
  (void)s.observe(-std::nan("3"));
  CHECK(s.estimate() == 4);
  CHECK(s.observe(""));
  (void)s.observe("valve");
  (void)s.observe(std::string{"valve"});
  CHECK(s.estimate() == 5);
  const std::vector<std::int64_t> many{1, 2, 3};
  const std::vector<double> reals{1.0, 0.5};
  CHECK(s.observe(many) == 3);
  CHECK(s.observe(reals) == 2);
  CHECK(s.estimate() == 8);
}

TEST_CASE("the images of no key, one and two are these bytes for ever", "[stats][theta]") {
  const auto check = [](const theta<12>& s, const std::vector<unsigned>& expected) {
    const image bytes = written(s);
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
    }
  };
  theta<12> s;
  check(s, {1, 3, 3, 0, 0, 0x1e, 0xcc, 0x93});
  (void)s.observe(1);
  check(s, {1, 3, 3, 0, 0, 0x1a, 0xcc, 0x93, 0x15, 0xf9, 0x7d, 0xcb, 0xbd, 0x86, 0xa1, 0x05});
  (void)s.observe(2);
  const image two = written(s);
  CHECK(two.size() == 32);
  CHECK(two[0] == std::byte{2});
  CHECK(two[8] == std::byte{2});
  CHECK(written(of<4>(0, 1000))[0] == std::byte{3});
}

TEST_CASE("what is written is read with every answer the same, packed or not", "[stats][theta]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto s = some<5>(random);
    const image bytes = written(s);
    const auto read = skerry::decode_all<theta<5>>(bytes);
    REQUIRE(read);
    CHECK(read.value() == s);
    CHECK(written(read.value()) == bytes);
    CHECK(read.value().estimate() == s.estimate());
    CHECK(read.value().lower_bound(2) == s.lower_bound(2));
    CHECK(read.value().upper_bound(2) == s.upper_bound(2));
    if (s.retained() > 1) {
      const auto unpacked = skerry::decode_all<theta<5>>(packed(bytes, !s.exact()));
      REQUIRE(unpacked);
      CHECK(written(unpacked.value()) == bytes);
    }
    // Too large for a smaller one: sampled as its union would be.
    const auto small = skerry::decode_all<theta<4>>(bytes);
    REQUIRE(small);
    CHECK(small.value() == theta_union(theta<4>{}, s));
  }
}

TEST_CASE("hostile images of theta sketches are refused or mean one thing", "[stats][theta]") {
  int accepted = 0;
  const auto refused_or_steady = [&](const image& bytes) {
    const image exact{bytes};
    const auto read = skerry::decode_all<theta<4>>(exact);
    if (!read) {
      return false;
    }
    const auto again = skerry::decode_all<theta<4>>(written(read.value()));
    if (!again || !(again.value() == read.value()) || !(read.value().estimate() >= 0)) {
      FAIL("an accepted image means two things");
    }
    ++accepted;
    return true;
  };
  std::vector<image> good;
  for (const int n : {0, 1, 9, 200}) {
    const auto s = of<4>(0, n);
    good.push_back(written(s));
    if (n > 1) {
      good.push_back(packed(good.back(), !s.exact()));
    }
  }
  source random{1};
  for (const image& g : good) {
    REQUIRE(refused_or_steady(g));
    for (std::size_t i = 0; i < g.size(); ++i) {
      CHECK_FALSE(skerry::decode_all<theta<4>>(std::span{g}.first(i)));
    }
    image longer = g;
    longer.push_back(std::byte{0});
    CHECK_FALSE(skerry::decode_all<theta<4>>(longer));
    for (std::size_t i = 0; i < g.size(); ++i) {
      image changed = g;
      for (int v = 0; v < 256; ++v) {
        changed[i] = static_cast<std::byte>(v);
        (void)refused_or_steady(changed);
      }
    }
    for (int round = 0; round < 3000; ++round) {
      image noise(random.below(g.size() + 9));
      for (std::size_t i = 0; i < noise.size(); ++i) {
        noise[i] = i < g.size() && (i < 8 || random.below(20) != 0) ? g[i] : random.byte();
      }
      (void)refused_or_steady(noise);
    }
  }
  CHECK(accepted > 6);
  image other_seed = written(of<4>(0, 3));
  other_seed[6] ^= std::byte{1};
  CHECK(skerry::decode_all<theta<4>>(other_seed).error() == errc::mismatch);
}
