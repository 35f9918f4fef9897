// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>
#include <skerry/stats/kll.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using skerry::errc;
using skerry::stats::criterion;
using skerry::stats::kll;
using skerry::stats::kll_k_for;
using skerry::stats::kll_rank_error;
using stats_test::image;
using stats_test::source;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();

template <typename S>
image written(const S& s) {
  image bytes(S::max_encoded_size);
  skerry::byte_writer out{bytes};
  REQUIRE(s.encode(out));
  bytes.resize(out.written().size());
  return bytes;
}

template <typename S>
std::vector<std::pair<typename S::value_type, std::uint64_t>> items_of(const S& s) {
  std::vector<std::pair<typename S::value_type, std::uint64_t>> items;
  s.for_each([&](auto item, std::uint64_t weight) { items.emplace_back(item, weight); });
  std::sort(items.begin(), items.end());
  return items;
}

template <typename S>
void check_weights(const S& s) {
  std::uint64_t sum = 0;
  bool between = true;
  for (const auto& [item, weight] : items_of(s)) {
    between = between && s.min().value() <= item && item <= s.max().value();
    sum += weight;
  }
  CHECK(between);
  CHECK(sum == s.count());
}

enum class stream { normal, uniform, rising, falling, few_values };

template <typename T>
std::vector<T> values(stream kind, source& random, std::size_t n) {
  std::vector<T> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = kind == stream::normal    ? random.normal()
                     : kind == stream::uniform ? random.uniform()
                     : kind == stream::rising  ? static_cast<double>(i)
                     : kind == stream::falling ? -static_cast<double>(i)
                                               : static_cast<double>(random.below(7));
    out[i] = static_cast<T>(std::is_integral_v<T> ? std::floor(1000 * x) : x);
  }
  return out;
}

/// How many of the ranks 0.01 to 0.99 are missed by more than the error.
template <typename S, typename T>
int ranks_missed(const S& sketch, std::vector<T> xs) {
  std::sort(xs.begin(), xs.end());
  const auto n = static_cast<double>(xs.size());
  int missed = 0;
  for (int percent = 1; percent < 100; ++percent) {
    const double r = percent / 100.0;
    const T x = sketch.quantile(r).value();
    const auto below = static_cast<double>(std::lower_bound(xs.begin(), xs.end(), x) - xs.begin());
    const auto through = static_cast<double>(std::upper_bound(xs.begin(), xs.end(), x) - xs.begin());
    missed += below / n - r > sketch.rank_error() || r - through / n > sketch.rank_error() ? 1 : 0;
  }
  return missed;
}

/// Seeded trials of one way to observe; at least 98.5 % of the ranks must keep the error, which promises 99 %.
template <typename S, typename Observe>
void check_error(int trials, std::size_t n, Observe observe) {
  using T = typename S::value_type;
  int missed = 0;
  for (int seed = 1; seed <= trials; ++seed) {
    source random{static_cast<std::uint64_t>(seed)};
    const auto xs = values<T>(static_cast<stream>(seed % 5), random, n);
    S s{static_cast<std::uint64_t>(seed)};
    observe(s, xs);
    CHECK(s.count() == n);
    CHECK(s.min().value() == *std::min_element(xs.begin(), xs.end()));
    CHECK(s.max().value() == *std::max_element(xs.begin(), xs.end()));
    missed += ranks_missed(s, xs);
  }
  CAPTURE(missed, trials);
  CHECK(missed <= trials * 99 * 15 / 1000);
}

const auto one_by_one = [](auto& s, const auto& xs) {
  std::size_t accepted = 0;
  for (const auto x : xs) {
    accepted += s.observe(x) ? 1U : 0U;
  }
  REQUIRE(accepted == xs.size());
};
const auto at_once = [](auto& s, const auto& xs) { REQUIRE(s.observe(xs) == xs.size()); };

/// A sketch in some state on the way: several levels, some values not yet sorted.
template <typename S>
S some(std::uint64_t seed, std::size_t n) {
  source random{seed};
  S s{seed};
  one_by_one(s, values<typename S::value_type>(stream::normal, random, n));
  return s;
}

static_assert(sizeof(kll<float, 64>) <= 1200);
static_assert(sizeof(kll<float>) <= 3300);
static_assert(std::is_trivially_copyable_v<kll<float>> && !std::is_default_constructible_v<kll<float>>);
static_assert(skerry::commutative_monoid<kll<double>> && !skerry::join_semilattice<kll<double>>);
static_assert(kll<double>::merging == skerry::merge_kind::randomised);
static_assert(
    noexcept(std::declval<kll<float>&>().observe(1.0F)) && noexcept(std::declval<kll<float>&>().merge(std::declval<kll<float>&>())));
static_assert([] {
  kll<float, 8> s{1};
  for (int i = 0; i < 40; ++i) {
    (void)s.observe(static_cast<float>(i));
  }
  return s.count() == 40 && s.quantile(0).value() == 0 && s.quantile(1).value() == 39;
}());

}  // namespace

TEST_CASE("as long as no more than K values were observed every answer is exact", "[stats][kll]") {
  source random{1};
  auto xs = values<double>(stream::normal, random, 200);
  kll<double> s{1};
  one_by_one(s, xs);
  CHECK(s.retained() == 200);
  std::sort(xs.begin(), xs.end());
  for (int i = 1; i <= 200; ++i) {
    CHECK(s.quantile((i - 0.5) / 200).value() == xs[static_cast<std::size_t>(i - 1)]);
    CHECK(s.rank(xs[static_cast<std::size_t>(i - 1)]).value() == i / 200.0);
    CHECK(s.rank(xs[static_cast<std::size_t>(i - 1)], criterion::exclusive).value() == (i - 1) / 200.0);
  }
  CHECK(s.quantile(0.5, criterion::inclusive).value() == xs[99]);
  CHECK(s.quantile(0.5, criterion::exclusive).value() == xs[100]);
}

TEST_CASE("an empty sketch and a rank outside [0, 1] have no answer", "[stats][kll]") {
  kll<float> s{1};
  std::array<double, 2> out{};
  CHECK(s.quantile(0.5).error() == errc::empty);
  CHECK(s.rank(1.0F).error() == errc::empty);
  CHECK(s.min().error() == errc::empty);
  CHECK(s.max().error() == errc::empty);
  CHECK(s.cdf(std::array{1.0F}, out) == errc::empty);
  REQUIRE(s.observe(3.0F));
  CHECK(s.quantile(-0.01).error() == errc::invalid);
  CHECK(s.quantile(1.01).error() == errc::invalid);
  CHECK(s.quantile(none).error() == errc::invalid);
  CHECK(s.rank(static_cast<float>(none)).error() == errc::not_finite);
  CHECK(s.quantile(1e-320).value() == 3.0F);
  s.clear();
  CHECK(s.count() == 0);
  CHECK(s.quantile(0.5).error() == errc::empty);
  CHECK(written(s) == written(kll<float>{2}));
}

TEST_CASE("NaN never enters, infinities are values and -0 counts as +0", "[stats][kll]") {
  auto s = some<kll<double>>(2, 1000);
  const auto before = written(s);
  CHECK(s.observe(none) == errc::not_finite);
  CHECK(s.observe(none, 5) == errc::not_finite);
  CHECK(s.observe(1.0, 0) == errc::invalid);
  CHECK(s.refused() == 3);
  CHECK(written(s) == before);
  // A NaN in a block leaves the other 511 in.
  source random{3};
  auto xs = values<double>(stream::normal, random, 2048);
  xs[700] = none;
  CHECK(s.observe(xs) == 2047);
  CHECK(s.count() == 3047);
  check_weights(s);
  kll<double> ends{1};
  REQUIRE(ends.observe(infinite));
  REQUIRE(ends.observe(-infinite));
  REQUIRE(ends.observe(-0.0));
  CHECK(ends.min().value() == -infinite);
  CHECK(ends.max().value() == infinite);
  CHECK_FALSE(std::signbit(ends.quantile(0.5).value()));
}

TEST_CASE("the error of a rank is kept in 99 of 100 cases, one by one, in blocks and with a buffer", "[stats][kll]") {
  check_error<kll<float>>(1000, 3000, one_by_one);
  check_error<kll<float>>(1000, 4000, at_once);
  check_error<kll<double, 64>>(300, 5000, at_once);
  check_error<kll<double, 64>>(300, 5000, one_by_one);
  check_error<kll<float, 200, 512>>(300, 5000, one_by_one);
  check_error<kll<std::int64_t, 100>>(300, 5000, at_once);
  check_error<kll<float, 8>>(300, 2000, one_by_one);
  check_error<kll<float, 600>>(100, 6000, at_once);
  check_error<kll<float>>(10, 300000, at_once);
  check_error<kll<float>>(10, 300000, one_by_one);
}

TEST_CASE("any tree of merges of 64 parts keeps the error, and count, min and max exactly", "[stats][kll]") {
  const auto by_tree = [](auto& s, const auto& xs) {
    using S = std::remove_cvref_t<decltype(s)>;
    source random{s.count() + xs.size() + static_cast<std::uint64_t>(std::abs(static_cast<double>(xs[0])) * 1000)};
    std::vector<S> parts;
    for (std::size_t i = 0; i < 64; ++i) {
      parts.emplace_back(i);
    }
    std::size_t at = 0;
    while (at < xs.size()) {
      const std::size_t n = std::min(xs.size() - at, 1 + random.below(300));
      (void)parts[random.below(64)].observe(std::span{xs}.subspan(at, n));
      at += n;
    }
    while (parts.size() > 1) {
      const std::size_t i = random.below(parts.size());
      const S taken = parts[i];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
      parts[random.below(parts.size())].merge(taken);
    }
    s.merge(parts[0]);
    check_weights(s);
  };
  check_error<kll<float>>(100, 20000, by_tree);
  check_error<kll<double, 32>>(100, 20000, by_tree);
  check_error<kll<float, 200, 512>>(50, 20000, by_tree);
}

TEST_CASE("merging with an empty sketch changes no byte of the image, on either side", "[stats][kll]") {
  for (const std::size_t n : {1U, 2U, 150U, 500U, 5000U}) {
    const auto a = some<kll<float>>(n, n);
    auto left = a;
    left.merge(kll<float>{9});
    CHECK(written(left) == written(a));
    kll<float> right{9};
    right.merge(a);
    CHECK(written(right) == written(a));
    auto twice = a;
    twice.merge(twice);
    CHECK(twice.count() == 2 * n);
    check_weights(twice);
  }
}

TEST_CASE("a merge of a smaller k brings its error along", "[stats][kll]") {
  auto wide = some<kll<double, 200>>(1, 20000);
  const auto narrow = some<kll<double, 100>>(2, 20000);
  wide.merge(narrow);
  CHECK(wide.min_k() == 100);
  CHECK(wide.rank_error() == kll_rank_error(100));
  CHECK(wide.count() == 40000);
  check_weights(wide);
  auto small = some<kll<double, 32, 64>>(3, 100);
  small.merge(wide);
  CHECK(small.count() == 40100);
  CHECK(small.rank_error() == kll_rank_error(32));
  check_weights(small);
  source again{1};
  auto xs = values<double>(stream::normal, again, 20000);
  source other{2};
  const auto more = values<double>(stream::normal, other, 20000);
  xs.insert(xs.end(), more.begin(), more.end());
  CHECK(ranks_missed(wide, xs) <= 2);
}

TEST_CASE("quantiles are what the retained items say, rise with the rank and lie between min and max", "[stats][kll]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    kll<float, 32> s{seed};
    const auto xs = values<float>(static_cast<stream>(seed % 5), random, 1 + random.below(3000));
    seed % 2 == 0 ? at_once(s, xs) : one_by_one(s, xs);
    check_weights(s);
    const auto items = items_of(s);
    for (const criterion c : {criterion::inclusive, criterion::exclusive}) {
      float before = s.min().value();
      for (int i = 0; i <= 200; ++i) {
        const double r = i / 200.0;
        const float q = s.quantile(r, c).value();
        CHECK(q >= before);
        CHECK(q <= s.max().value());
        before = q;
        if (i == 0 || i == 200) {
          CHECK(q == (i == 0 ? s.min() : s.max()).value());
          continue;
        }
        const double position = r * static_cast<double>(s.count());
        std::uint64_t sum = 0;
        std::size_t at = 0;
        for (; at < items.size(); ++at) {
          sum += items[at].second;
          if (c == criterion::inclusive ? static_cast<double>(sum) >= std::ceil(position)
                                        : static_cast<double>(sum) > std::floor(position)) {
            break;
          }
        }
        CHECK(q == items[at].first);
      }
    }
    double before = 0;
    for (const auto& [item, weight] : items) {
      const double through = s.rank(item).value();
      const double below = s.rank(item, criterion::exclusive).value();
      CHECK((below >= 0 && below < through && through <= 1 && through >= before));
      before = through;
      if (item != s.max().value()) {
        CHECK(s.quantile(through - 0.5 / static_cast<double>(s.count())).value() == item);
      }
    }
  }
}

TEST_CASE("the ranks of split points are those of single queries", "[stats][kll]") {
  const auto s = some<kll<double>>(5, 5000);
  const std::array splits{-1.0, 0.0, 0.5, 2.0};
  std::array<double, 5> out{};
  REQUIRE(s.cdf(splits, out));
  for (std::size_t i = 0; i < splits.size(); ++i) {
    CHECK(out[i] == s.rank(splits[i]).value());
  }
  CHECK(out[4] == 1);
  CHECK(std::fabs(out[1] - 0.5) < 0.03);
  CHECK(s.cdf(splits, std::span{out}.first(4)));
  CHECK(s.cdf(splits, std::span{out}.first(3)) == errc::width);
  CHECK(s.cdf(std::array{1.0, 1.0}, std::span{out}.first(2)) == errc::invalid);
  CHECK(s.cdf(std::array{1.0, none}, std::span{out}.first(2)) == errc::invalid);
}

TEST_CASE("a value of weight w counts as w values", "[stats][kll]") {
  kll<double> s{1};
  REQUIRE(s.observe(1.0, 900));
  REQUIRE(s.observe(2.0, 90));
  REQUIRE(s.observe(3.0, 10));
  CHECK(s.count() == 1000);
  CHECK(s.retained() == 10);  // 900 and 90 have four bits, 10 has two
  CHECK(s.quantile(0.9).value() == 1.0);
  CHECK(s.quantile(0.901).value() == 2.0);
  CHECK(s.quantile(0.991).value() == 3.0);
  check_weights(s);
  const auto read = skerry::decode_all<kll<double>>(written(s), std::uint64_t{1});
  REQUIRE(read);
  CHECK(read.value().rank(1.0).value() == 0.9);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    source random{seed};
    kll<float, 64> weighted{seed};
    std::vector<float> repeated;
    for (int i = 0; i < 2000; ++i) {
      const auto x = static_cast<float>(random.normal());
      const auto w = 1 + random.below(20);
      REQUIRE(weighted.observe(x, w));
      repeated.insert(repeated.end(), w, x);
    }
    CHECK(weighted.count() == repeated.size());
    check_weights(weighted);
    CHECK(ranks_missed(weighted, repeated) <= 5);
  }
}

TEST_CASE("2^48 values are too many, and refusing them changes nothing", "[stats][kll]") {
  kll<float, 8> s{1};
  REQUIRE(s.observe(1.0F, (std::uint64_t{1} << 48) - 2));
  REQUIRE(s.observe(2.0F));
  CHECK(s.count() == (std::uint64_t{1} << 48) - 1);
  check_weights(s);
  const auto before = written(s);
  CHECK(s.observe(3.0F) == errc::full);
  CHECK(s.observe(3.0F, 2) == errc::full);
  CHECK(s.observe(std::vector<float>(1000, 1.0F)) == 0);
  auto other = some<kll<float, 8>>(1, 10);
  s.merge(other);
  CHECK(written(s) == before);
  CHECK(s.refused() == 1003);
  kll<std::int64_t, 8> heavy{2};
  source random{6};
  for (int i = 0; i < 400; ++i) {
    REQUIRE(heavy.observe(static_cast<std::int64_t>(random.below(100)), 1 + (random.below(std::size_t{1} << 39))));
  }
  check_weights(heavy);
}

TEST_CASE("integers at both ends of their range keep their order", "[stats][kll]") {
  using limits = std::numeric_limits<std::int64_t>;
  kll<std::int64_t> s{1};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(s.observe(limits::min() + i));
    REQUIRE(s.observe(limits::max() - i));
    REQUIRE(s.observe(i - 500));
  }
  CHECK(s.quantile(0).value() == limits::min());
  CHECK(s.quantile(1).value() == limits::max());
  CHECK(s.quantile(0.2).value() < limits::min() + 1000);
  CHECK(std::abs(s.quantile(0.5).value()) <= 500);
  CHECK(s.quantile(0.8).value() > limits::max() - 1000);
}

TEST_CASE("the same seed and values give the same image, another seed another one", "[stats][kll]") {
  const auto with_seed = [](std::uint64_t seed) {
    source random{1};
    kll<float> s{seed};
    at_once(s, values<float>(stream::normal, random, 5000));
    return written(s);
  };
  CHECK(with_seed(1) == with_seed(1));
  CHECK(with_seed(1) != with_seed(2));
}

TEST_CASE("images of an empty sketch, of one value and of three are frozen", "[stats][kll]") {
  const auto hex = [](const image& bytes) {
    std::string out;
    for (const std::byte b : bytes) {
      out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
      out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
    }
    return out;
  };
  kll<float> s{1};
  CHECK(hex(written(s)) == "02010f01c8000800");
  REQUIRE(s.observe(1.0F));
  CHECK(hex(written(s)) == "02020f04c80008000000803f");
  REQUIRE(s.observe(3.0F));
  REQUIRE(s.observe(2.0F));
  // Two long preamble words, k, n, smallest k, one level from slot 197 of 200, min, max, items in reverse order of arrival.
  CHECK(hex(written(s)) == "05010f00c80008000300000000000000c8000100c50000000000803f0000404000000040000040400000803f");
}

TEST_CASE("a sketch read back answers as it did and is written as the same bytes", "[stats][kll]") {
  for (const std::size_t n : {0U, 1U, 2U, 200U, 201U, 700U, 5000U, 60000U}) {
    CAPTURE(n);
    const auto check = [&](const auto& s) {
      using S = std::remove_cvref_t<decltype(s)>;
      const auto bytes = written(s);
      const auto read = skerry::decode_all<S>(bytes, std::uint64_t{5});
      REQUIRE(read);
      CHECK(written(read.value()) == bytes);
      CHECK(items_of(read.value()) == items_of(s));
      for (int i = 0; i <= 100; ++i) {
        CHECK(read.value().quantile(i / 100.0) == s.quantile(i / 100.0));
      }
      S more = read.value();  // and goes on
      for (int i = 0; i < 3000; ++i) {
        REQUIRE(more.observe(static_cast<typename S::value_type>(i)));
      }
      check_weights(more);
    };
    check(some<kll<float>>(n, n));
    check(some<kll<double, 64>>(n, n));
    check(some<kll<std::int64_t, 8>>(n, n));
    check(some<kll<float, 200, 512>>(n, n));
    check(some<kll<double, 8, 4096>>(n, n));
  }
  const auto s = some<kll<float>>(1, 1000);
  CHECK(skerry::decode_all<kll<float, 100>>(written(s), std::uint64_t{1}).error() == errc::mismatch);
  image little(written(s).size() - 1);
  skerry::byte_writer out{little};
  CHECK(s.encode(out) == errc::full);
}

TEST_CASE("an image taller or fuller than fits is refused or compacted, within memory", "[stats][kll]") {
  const auto tall = [](unsigned levels, std::uint32_t in_each) {
    const std::uint32_t capacity = skerry::stats::detail::kll_image_capacity(64, levels);
    image bytes(40000);
    skerry::byte_writer out{bytes};
    out.u8(5), out.u8(1), out.u8(15), out.u8(0), out.u16(64), out.u8(8), out.u8(0);
    std::uint64_t n = 0;
    for (unsigned h = 0; h < levels; ++h) {
      n += std::uint64_t{in_each} << h;
    }
    out.u64(n), out.u16(64), out.u8(static_cast<std::uint8_t>(levels)), out.u8(0);
    for (unsigned h = 0; h < levels; ++h) {
      out.u32(capacity - in_each * (levels - h));
    }
    out.f32(0), out.f32(1000);
    for (unsigned h = 0; h < levels; ++h) {
      for (std::uint32_t i = 0; i < in_each; ++i) {
        out.f32(static_cast<float>(i * 10 + h) / 10);
      }
    }
    bytes.resize(out.written().size());
    return bytes;
  };
  const auto full = skerry::decode_all<kll<float, 64>>(tall(40, 8), std::uint64_t{1});
  REQUIRE(full);
  CHECK(full.value().count() == 8 * ((std::uint64_t{1} << 40) - 1));
  check_weights(full.value());
  CHECK(skerry::decode_all<kll<float, 64>>(tall(49, 1), std::uint64_t{1}).error() == errc::full);
  CHECK(skerry::decode_all<kll<float, 64>>(tall(61, 1), std::uint64_t{1}).error() == errc::full);
  CHECK(skerry::decode_all<kll<float, 64>>(tall(62, 1), std::uint64_t{1}).error() == errc::corrupt);
}

TEST_CASE("hostile bytes give a refusal or a sketch that is written as the same bytes", "[stats][kll]") {
  const auto refused_or_itself = [](const auto& sketch, const image& bytes) {
    using S = std::remove_cvref_t<decltype(sketch)>;
    const image exact{bytes};  // a copy of exactly their size, so that a sanitizer sees the first byte read beyond
    const auto read = skerry::decode_all<S>(exact, std::uint64_t{1});
    if (!read) {
      return false;
    }
    image again(S::max_encoded_size);
    skerry::byte_writer out{again};
    const bool same = read.value().encode(out) && std::equal(bytes.begin(), bytes.end(), out.written().begin(), out.written().end());
    if (!same) {
      CHECK(same);
    }
    return true;
  };
  const auto attack = [&](const auto& s) {
    source random{8};
    const image good = written(s);
    REQUIRE(refused_or_itself(s, good));
    int accepted = 0;
    for (std::size_t n = 0; n < good.size(); ++n) {
      accepted += refused_or_itself(s, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}) ? 1 : 0;
    }
    image longer = good;
    longer.push_back(std::byte{0});
    accepted += refused_or_itself(s, longer) ? 1 : 0;
    CHECK(accepted == 0);
    for (std::size_t i = 0; i < good.size(); ++i) {
      image changed = good;
      for (int v = 0; v<256; v += good.size()> 500 && i > 64 ? 13 : 1) {
        changed[i] = static_cast<std::byte>(v);
        accepted += refused_or_itself(s, changed) ? 1 : 0;
      }
    }
    for (int round = 0; round < 20000; ++round) {
      image noise(random.below(std::min<std::size_t>(good.size(), 200) + 4));
      for (std::size_t i = 0; i < noise.size(); ++i) {
        noise[i] = round % 4 != 0 && i < static_cast<std::size_t>(4 * (round % 8)) && i < good.size() ? good[i] : random.byte();
      }
      accepted += refused_or_itself(s, noise) ? 1 : 0;
    }
    return accepted;
  };
  int accepted = attack(kll<float>{1});
  accepted += attack(some<kll<float>>(1, 1));
  accepted += attack(some<kll<double>>(2, 2));
  accepted += attack(some<kll<double, 8>>(3, 100));
  accepted += attack(some<kll<std::int64_t, 8>>(3, 100));
  accepted += attack(some<kll<float, 64>>(4, 2000));
  CHECK(accepted > 0);
}

TEST_CASE("the smallest k for an error is the first that keeps it", "[stats][kll]") {
  static_assert(kll_rank_error(200) > 0.0132 && kll_rank_error(200) < 0.0133);
  for (const double eps : {0.2, 0.05, 0.0133, 0.01, 0.001, 0.0001}) {
    const auto k = kll_k_for(eps);
    REQUIRE(k);
    CHECK(kll_rank_error(k.value()) <= eps);
    if (k.value() > 8) {
      CHECK(kll_rank_error(static_cast<std::uint16_t>(k.value() - 1)) > eps);
    }
  }
  CHECK(kll_k_for(1e-6).error() == errc::out_of_range);
  CHECK(kll_k_for(0).error() == errc::invalid);
  CHECK(kll_k_for(none).error() == errc::invalid);
}

TEST_CASE("keys stand in the order of their numbers and are sorted at any length", "[stats][kll]") {
  using skerry::stats::detail::ordered;
  const std::array floats{-infinite, -1e300, -1.0, -1e-320, -0.0, 0.0, 1e-320, 1.0, 1e300, infinite};
  for (std::size_t i = 0; i + 1 < floats.size(); ++i) {
    CHECK(ordered<double>::key_of(floats[i]) < ordered<double>::key_of(floats[i + 1]));
    CHECK(ordered<double>::value_of(ordered<double>::key_of(floats[i])) == floats[i]);
  }
  CHECK(ordered<std::int64_t>::key_of(-1) < ordered<std::int64_t>::key_of(0));
  source random{9};
  for (std::size_t n = 0; n <= 512; n += n < 70 ? 1 : 17) {
    CAPTURE(n);
    std::vector<std::uint64_t> keys(n);
    std::vector<std::uint64_t> spare(n);
    for (auto& k : keys) {
      k = random.below(n % 3 == 0 ? 5 : std::numeric_limits<std::size_t>::max()) << (n % 2 == 0 ? 0 : 32);
    }
    auto expected = keys;
    std::sort(expected.begin(), expected.end());
    const std::uint64_t* sorted = skerry::stats::detail::sort_keys(keys.data(), spare.data(), n);
    CHECK(std::equal(expected.begin(), expected.end(), sorted));
  }
}

TEST_CASE("a sketch with a full buffer and a group that is not complete is written and read back", "[stats][kll]") {
  // The values of the open group are items of the image. Where the buffer was as large as an image can be, there was no room for them,
  // and a few of the bytes in a thousand images were nonsense.
  const auto check = [](auto s, std::uint32_t n) {
    using S = decltype(s);
    image bytes(S::max_encoded_size);
    source random{n};
    std::size_t fullest = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      (void)s.observe(static_cast<typename S::value_type>(random.below(1U << 24)));
      if (i < n / 2 || s.retained() < fullest) {
        continue;
      }
      fullest = s.retained();
      skerry::byte_writer out{bytes};
      REQUIRE(s.encode(out));
      skerry::byte_reader in{out.written()};
      const auto read = S::decode(in, 1);
      REQUIRE(read);
      REQUIRE(read.value().count() == s.count());
      REQUIRE(read.value().retained() == s.retained());
    }
  };
  check(kll<float, 200, 512>{1}, 300000);
  check(kll<float, 64, 512>{1}, 100000);
  check(kll<float, 64, 100>{1}, 100000);
  check(kll<double, 8, 4096>{1}, 30000);
  check(kll<float, 16>{1}, 30000);
}
