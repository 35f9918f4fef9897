// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/frequent_items.hpp>

#include "stats/histories.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::inplace_string;
using skerry::stats::frequent_errors;
using skerry::stats::frequent_items;
using skerry::stats::frequent_items_error;
using stats_test::image;
using stats_test::source;

namespace {

using longs = frequent_items<std::int64_t, 6>;
using texts = frequent_items<inplace_string<11>, 5>;
static_assert(sizeof(longs) == 16 * 64 + 32 && sizeof(texts) == 24 * 32 + 32);
static_assert(sizeof(frequent_items<std::int64_t, 8>) <= 18 * 256);
static_assert(std::is_trivially_copyable_v<longs> && std::is_trivially_copyable_v<texts>);
static_assert(skerry::commutative_monoid<longs> && !skerry::join_semilattice<longs>);
static_assert(longs::merging == skerry::merge_kind::bounded);
static_assert(skerry::encodable<longs> && skerry::decodable_value<longs>);

template <typename S>
image written(const S& s) {
  image bytes(S::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

/// 1 half of the time, 2 a sixth, ...
std::int64_t skewed(source& random) { return static_cast<std::int64_t>(1 / (1 - random.uniform())); }

using truth = std::map<std::int64_t, std::uint64_t>;

truth fill(longs& s, source& random, std::size_t n) {
  truth weights;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t item = skewed(random);
    const std::uint64_t weight = 1 + random.below(3);
    REQUIRE(s.observe(item, weight));
    weights[item] += weight;
  }
  return weights;
}

std::uint64_t total(const truth& weights) {
  std::uint64_t sum = 0;
  for (const auto& [item, weight] : weights) {
    sum += weight;
  }
  return sum;
}

template <unsigned LgMax>
void bounds_hold(const frequent_items<std::int64_t, LgMax>& s, const truth& weights) {
  CHECK(s.count() == total(weights));
  CHECK(static_cast<double>(s.max_error()) <= frequent_items_error(LgMax) * static_cast<double>(s.count()));
  std::size_t wrong = 0;
  for (const auto& [item, weight] : weights) {
    wrong += s.lower_bound(item) <= weight && weight <= s.upper_bound(item) ? 0U : 1U;
    wrong += s.upper_bound(item) - s.lower_bound(item) == s.max_error() ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK(s.retained() <= s.capacity);
  s.for_each([&](std::int64_t item, std::uint64_t low, std::uint64_t high) {
    const auto found = weights.find(item);
    if (found == weights.end() || low == 0 || high != low + s.max_error() || s.estimate(item) != high) {
      FAIL("an item is held that never came, or with other bounds");
    }
  });
}

}  // namespace

TEST_CASE("few items have their exact weights", "[stats][frequent_items]") {
  longs s;
  CHECK(s.count() == 0);
  CHECK(s.estimate(5) == 0);
  for (std::int64_t item = -24; item < 24; ++item) {
    REQUIRE(s.observe(item, static_cast<std::uint64_t>(item + 25)));
    REQUIRE(s.observe(item));
  }
  CHECK(s.max_error() == 0);
  CHECK(s.retained() == 48);
  for (std::int64_t item = -24; item < 24; ++item) {
    CHECK(s.lower_bound(item) == static_cast<std::uint64_t>(item + 26));
    CHECK(s.upper_bound(item) == static_cast<std::uint64_t>(item + 26));
    CHECK(s.estimate(item) == static_cast<std::uint64_t>(item + 26));
  }
  REQUIRE(s.observe(100));
  CHECK(s.max_error() > 0);
  CHECK(s.retained() <= 25);
  s.clear();
  CHECK(s.count() == 0);
  CHECK(s.retained() == 0);
}

TEST_CASE("every weight lies between its bounds, in any stream and any merge", "[stats][frequent_items]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::vector<longs> parts(1 + random.below(8));
    truth weights;
    for (auto& p : parts) {
      for (const auto& [item, weight] : fill(p, random, random.below(2000))) {
        weights[item] += weight;
      }
    }
    longs folded;
    for (const auto& p : parts) {
      folded.merge(p);
    }
    bounds_hold(folded, weights);
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size() - 1);
      parts[i].merge(parts[i + 1]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    bounds_hold(parts[0], weights);
    parts[0].merge(parts[0]);
    for (auto& [item, weight] : weights) {
      weight *= 2;
    }
    bounds_hold(parts[0], weights);
  }
}

TEST_CASE("a table whose median is drawn from a part of it keeps its bounds", "[stats][frequent_items]") {
  source random{5};
  frequent_items<std::int64_t, 11> s;
  truth weights;
  for (std::size_t i = 0; i < 40000; ++i) {
    const auto item = static_cast<std::int64_t>(random.below(3) == 0 ? random.below(10000) : random.below(20));
    REQUIRE(s.observe(item));
    ++weights[item];
  }
  CHECK(s.max_error() > 0);
  bounds_hold(s, weights);
}

TEST_CASE("a merge with nothing changes no byte", "[stats][frequent_items]") {
  source random{2};
  longs s;
  (void)fill(s, random, 500);
  const image before = written(s);
  s.merge(longs{});
  CHECK(written(s) == before);
  longs none;
  none.merge(s);
  CHECK(none.count() == s.count());
  CHECK(none.max_error() == s.max_error());
  s.for_each([&](std::int64_t item, std::uint64_t low, std::uint64_t) { CHECK(none.lower_bound(item) == low); });
}

TEST_CASE("the heaviest come first, and doubt is resolved as asked", "[stats][frequent_items]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    longs s;
    const truth weights = fill(s, random, 5000);
    std::array<longs::row, 64> rows{};
    const std::uint64_t threshold = s.count() / 40;
    const std::size_t sure = s.frequent(rows, threshold, frequent_errors::no_false_positives);
    for (std::size_t i = 0; i < sure; ++i) {
      CHECK(weights.at(rows[i].item) > threshold);
      CHECK((i == 0 || rows[i].lower <= rows[i - 1].lower));
    }
    const std::size_t possible = s.frequent(rows, threshold);
    CHECK(possible >= sure);
    for (const auto& [item, weight] : weights) {
      if (weight > threshold && weight > s.max_error()) {
        bool listed = false;
        for (std::size_t i = 0; i < possible; ++i) {
          listed = listed || rows[i].item == item;
        }
        CHECK(listed);
      }
    }
    std::array<longs::row, 3> top{};
    REQUIRE(s.frequent(top) == 3);
    CHECK(top[0].item == 1);
    CHECK(top[0].lower == rows[0].lower);
    CHECK(top[2].lower == rows[2].lower);
    CHECK(s.frequent(std::span<longs::row>{}) == 0);
  }
}

TEST_CASE("texts are items too, and one that is too long is refused and counted", "[stats][frequent_items]") {
  texts s;
  std::map<std::string, std::uint64_t> weights;
  source random{3};
  for (int i = 0; i < 3000; ++i) {
    const std::string item = "err-" + std::to_string(skewed(random) % 100000);
    REQUIRE(s.observe(item));
    ++weights[item];
  }
  for (const auto& [item, weight] : weights) {
    CHECK(s.lower_bound(item) <= weight);
    CHECK(s.upper_bound(item) >= weight);
  }
  std::array<texts::row, 2> top{};
  REQUIRE(s.frequent(top) == 2);
  CHECK(top[0].item == "err-1");
  const image before = written(s);
  CHECK(s.observe("a text of 20 letters").error() == errc::width);
  CHECK(s.observe("x", 0).error() == errc::invalid);
  CHECK(s.observe("x", ~std::uint64_t{0}).error() == errc::full);
  CHECK(s.refused() == 3);
  CHECK(s.lower_bound("a text of 20 letters") == 0);
  CHECK(written(s) == before);
  const std::array<std::string_view, 3> block{"", "a", "a text of 20 letters"};
  CHECK(s.observe(block) == 2);
}

TEST_CASE("a total of 2^63 is refused, by observe and by merge", "[stats][frequent_items]") {
  longs s;
  REQUIRE(s.observe(1, (std::uint64_t{1} << 63) - 2));
  REQUIRE(s.observe(1));
  CHECK(s.observe(1).error() == errc::full);
  longs other;
  REQUIRE(other.observe(2));
  const image before = written(other);
  other.merge(s);
  CHECK(written(other) == before);
  CHECK(other.refused() == 2);
}

TEST_CASE("the images of nothing and of one item are these bytes for ever", "[stats][frequent_items]") {
  longs s;
  const auto check = [](const image& bytes, const std::vector<unsigned>& expected) {
    REQUIRE(bytes.size() == expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      CHECK(std::to_integer<unsigned>(bytes[i]) == expected[i]);
    }
  };
  check(written(s), {1, 1, 10, 6, 3, 5, 0, 0});
  REQUIRE(s.observe(1, 2));
  check(written(s), {4, 1, 10, 6, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
                     0, 0, 0,  0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  texts t;
  REQUIRE(t.observe("ab", 3));
  check(written(t), {4, 1, 10, 5, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0,   0,
                     0, 0, 0,  0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'a', 'b'});
}

TEST_CASE("what is written is read with every answer the same", "[stats][frequent_items]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    source random{seed};
    longs s;
    const truth weights = fill(s, random, random.below(300));
    const auto read = skerry::decode_all<longs>(written(s));
    REQUIRE(read);
    bounds_hold(read.value(), weights);
    CHECK(read.value().max_error() == s.max_error());
    CHECK(read.value().retained() == s.retained());
    for (const auto& [item, weight] : weights) {
      CHECK(read.value().lower_bound(item) == s.lower_bound(item));
    }
    CHECK(written(read.value()).size() == written(s).size());
  }
  const image other = written(frequent_items<std::int64_t, 5>{});
  CHECK(skerry::decode_all<longs>(other).error() == errc::mismatch);
  frequent_items<inplace_string<30>, 5> longer;
  REQUIRE(longer.observe("a text of 20 letters"));
  CHECK(skerry::decode_all<texts>(written(longer)).error() == errc::width);
}

TEST_CASE("hostile images of frequent items are refused or mean one thing", "[stats][frequent_items]") {
  int accepted = 0;
  const auto attack = [&accepted]<typename S>(const S& s) {
    const auto refused_or_steady = [&](const image& bytes) {
      const image exact{bytes};
      const auto read = skerry::decode_all<S>(exact);
      if (!read) {
        return false;
      }
      const image again = written(read.value());
      const auto twice = skerry::decode_all<S>(again);
      bool same = twice && twice.value().count() == read.value().count() && twice.value().max_error() == read.value().max_error() &&
                  twice.value().retained() == read.value().retained();
      read.value().for_each(
          [&](const auto& item, std::uint64_t low, std::uint64_t) { same = same && twice.value().lower_bound(item) == low; });
      if (!same) {
        FAIL("an accepted image means two things");
      }
      ++accepted;
      return true;
    };
    const image g = written(s);
    source random{g.size()};
    REQUIRE(refused_or_steady(g));
    for (std::size_t i = 0; i < g.size(); ++i) {
      CHECK_FALSE(skerry::decode_all<S>(std::span{g}.first(i)));
    }
    image longer = g;
    longer.push_back(std::byte{0});
    CHECK_FALSE(skerry::decode_all<S>(longer));
    for (std::size_t i = 0; i < g.size(); ++i) {
      image changed = g;
      for (int v = 0; v < 256; v += i < 48 ? 1 : 7) {
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
  };
  source random{1};
  for (const std::size_t n : {0U, 1U, 10U, 500U}) {
    longs s;
    (void)fill(s, random, n);
    attack(s);
    texts t;
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(t.observe(std::to_string(skewed(random) % 1000)));
    }
    attack(t);
  }
  CHECK(accepted > 8);
}

TEST_CASE("an offset that no purge can have made is refused, so that no bound wraps", "[stats][frequent_items]") {
  longs s;
  REQUIRE(s.observe(1, std::uint64_t{1} << 62));
  image bytes = written(s);
  bytes[24 + 7] = std::byte{0x40};  // 2^62 more, of a total of 2^62 that the item has all of
  CHECK(skerry::decode_all<longs>(bytes).error() == errc::corrupt);
}
