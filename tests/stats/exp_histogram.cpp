// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/stats/exp_histogram.hpp>

#include "stats/histories.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

using skerry::errc;
using skerry::stats::exp_histogram;
using skerry::stats::signs;
using stats_test::source;

namespace {

using device = exp_histogram<160, std::uint32_t, signs::positive>;
using gateway = exp_histogram<>;

static_assert(sizeof(device) <= 768 && sizeof(exp_histogram<160, std::uint64_t, signs::positive>) <= 1434);
static_assert(std::is_trivially_copyable_v<gateway> && skerry::commutative_monoid<gateway>);
static_assert(gateway::merging == skerry::merge_kind::exact);
static_assert(noexcept(std::declval<gateway&>().observe(1.0)) && noexcept(std::declval<gateway&>().merge(std::declval<const gateway&>())));
static_assert(gateway::scale_for(0.0109) == 5 && gateway::scale_for(0.0055) == 6 && gateway::scale_for(2.0) == gateway::least_scale);

template <typename H>
stats_test::image bytes(const H& h) {
  stats_test::image out(H::max_encoded_size);
  skerry::byte_writer writer{out};
  REQUIRE(h.encode(writer));
  out.resize(writer.written().size());
  return out;
}

/// Values over many octaves, of both signs, with zeros and repetitions; or a narrow band.
std::vector<double> history(source& random, std::size_t n) {
  std::vector<double> xs(n);
  const std::size_t kind = random.below(4);
  for (double& x : xs) {
    switch (kind) {
      case 0: x = std::exp(random.normal()); break;
      case 1: x = random.normal() * std::pow(10.0, static_cast<double>(random.below(40)) - 20); break;
      case 2: x = static_cast<double>(random.below(5)) - 2; break;
      default: x = 100 + random.normal(); break;
    }
  }
  return xs;
}

template <typename H>
H of(const std::vector<double>& xs) {
  H h;
  for (const double x : xs) {
    REQUIRE(h.observe(x));
  }
  return h;
}

/// The least index whose bucket can hold x, by long double logarithms: only for values that are not near a boundary.
int index_by_logarithm(double x, int scale) {
  return static_cast<int>(std::ceil(std::log2(static_cast<long double>(x)) * std::exp2(static_cast<long double>(scale)))) - 1;
}

}  // namespace

TEST_CASE("an index by integers is what the logarithm says", "[stats][exp_histogram]") {
  for (int scale = -10; scale <= 20; ++scale) {
    source random{static_cast<std::uint64_t>(scale + 100)};
    CAPTURE(scale);
    for (int i = 0; i < 500; ++i) {
      const double x = std::ldexp(1 + random.uniform(), static_cast<int>(random.below(2000)) - 1000);
      CAPTURE(x);
      CHECK(skerry::stats::detail::exp_index(std::bit_cast<std::uint64_t>(x), scale) == index_by_logarithm(x, scale));
    }
  }
}

TEST_CASE("both neighbours of a boundary fall where they belong", "[stats][exp_histogram]") {
  using skerry::stats::detail::exp_boundary;
  using skerry::stats::detail::exp_index;
  source random{5};
  for (int i = 0; i < 3000; ++i) {
    const auto k = static_cast<std::uint32_t>(1 + random.below((1U << 20) - 1));
    const auto exponent = static_cast<std::uint64_t>(1 + random.below(2046));
    const std::uint64_t below = (exponent << 52) + exp_boundary(k);
    const auto at = (static_cast<int>(exponent) - 1023) * (1 << 20) + static_cast<int>(k);
    for (int scale = 7; scale <= 20; ++scale) {
      REQUIRE(exp_index(below, scale) == (at - 1) >> (20 - scale));
      REQUIRE(exp_index(below + 1, scale) == at >> (20 - scale));
    }
  }
}

TEST_CASE("the index at a coarse scale is the fine one shifted, for subnormals too", "[stats][exp_histogram]") {
  using skerry::stats::detail::exp_index;
  source random{6};
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t bits =
        i % 3 == 0 ? 1 + random.below(std::size_t{1} << 52) : std::bit_cast<std::uint64_t>(std::exp(300 * random.normal()));
    if (bits >= skerry::stats::detail::double_infinity || bits == 0) {
      continue;
    }
    const int fine = exp_index(bits, 20);
    for (int scale = -10; scale < 20; ++scale) {
      REQUIRE(exp_index(bits, scale) == fine >> (20 - scale));
    }
  }
}

TEST_CASE("any split and any tree of merges writes the same bytes", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = history(random, 640);
    const auto whole = bytes(of<gateway>(xs));
    gateway blocks;
    REQUIRE(blocks.observe(xs) == xs.size());
    CHECK(bytes(blocks) == whole);
    std::vector<gateway> parts(64);
    for (const double x : xs) {
      REQUIRE(parts[random.below(parts.size())].observe(x));
    }
    while (parts.size() > 1) {
      const std::size_t a = random.below(parts.size());
      std::swap(parts[a], parts.back());
      const gateway last = parts.back();
      parts.pop_back();
      parts[random.below(parts.size())].merge(last);
    }
    CHECK(bytes(parts.front()) == whole);
  }
}

TEST_CASE("merging with an empty histogram changes no byte, on either side", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = history(random, 1 + random.below(300));
    const gateway a = of<gateway>(xs);
    gateway right = a;
    right.merge(gateway{});
    CHECK(bytes(right) == bytes(a));
    CHECK(right == a);
    gateway left;
    left.merge(a);
    CHECK(bytes(left) == bytes(a));
    gateway like = a.empty();
    CHECK(like.count() == 0);
    like.merge(a);
    CHECK(like == a);
  }
}

TEST_CASE("a histogram merged with itself counts everything twice", "[stats][exp_histogram]") {
  source random{8};
  const auto xs = history(random, 500);
  gateway a = of<gateway>(xs);
  auto doubled = xs;
  doubled.insert(doubled.end(), xs.begin(), xs.end());
  a.merge(a);
  CHECK(bytes(a) == bytes(of<gateway>(doubled)));
}

TEST_CASE("histograms of another size merge into what their values would have made", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::vector<double> xs(300);
    for (double& x : xs) {
      x = std::exp(3 * random.normal());
    }
    exp_histogram<40, std::uint64_t, signs::positive> small = of<exp_histogram<40, std::uint64_t, signs::positive>>(xs);
    device direct = of<device>(xs);
    device from_small;
    from_small.merge(small);
    CHECK(from_small.count() == 300);
    CHECK(from_small.scale() <= direct.scale());
    small.merge(direct);
    CHECK(small.count() == 600);
    CHECK(small.sum().value() == direct.sum().value() * 2);
  }
}

TEST_CASE("a quantile is within the relative error of the value of that rank", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    auto xs = history(random, 20 + random.below(1500));
    const gateway h = of<gateway>(xs);
    std::sort(xs.begin(), xs.end());
    const double n = static_cast<double>(xs.size());
    double last = -std::numeric_limits<double>::infinity();
    for (int i = 0; i <= 1000; ++i) {
      const double r = i / 1000.0;
      const double got = h.quantile(r).value();
      const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(r * n)));
      const double truth = xs[std::min(rank, xs.size()) - 1];
      CAPTURE(r, truth);
      REQUIRE(std::fabs(got - truth) <= h.relative_error() * std::fabs(truth) * (1 + 1e-12));
      REQUIRE(got >= last);
      REQUIRE((got >= xs.front() && got <= xs.back()));
      last = got;
    }
    CHECK(h.quantile(0).value() == xs.front());
    CHECK(h.quantile(1).value() == xs.back());
  }
}

TEST_CASE("buckets are handed out from the least to the greatest and add up", "[stats][exp_histogram]") {
  source random{3};
  const auto xs = history(random, 1000);
  const gateway h = of<gateway>(xs);
  double before = -std::numeric_limits<double>::infinity();
  std::uint64_t all = 0;
  h.for_each([&](double lower, double upper, std::uint64_t n) {
    CHECK(lower <= upper);
    CHECK(lower >= before);
    CHECK(n > 0);
    before = upper;
    all += n;
  });
  CHECK(all == h.count());
}

TEST_CASE("what is taken back leaves the counts as they were", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const auto xs = history(random, 200);
    gateway h = of<gateway>(xs);
    const gateway before = h;
    const std::vector<double> more(xs.begin(), xs.begin() + 50);
    REQUIRE(h.observe(more) == 50);
    for (const double x : more) {
      REQUIRE(h.retract(x));
    }
    CHECK(h == before);
    for (const double x : xs) {
      REQUIRE(h.retract(x));
    }
    CHECK(h == gateway{});
    CHECK(h.retract(1).error() == errc::empty);
  }
  gateway h;
  REQUIRE(h.observe(1.0, 3));
  CHECK(h.retract(2.0).error() == errc::absent);
  CHECK(h.retract(1.0, 4).error() == errc::absent);
  CHECK(h.count() == 3);
}

TEST_CASE("one value counted n times is n values", "[stats][exp_histogram]") {
  source random{21};
  gateway many;
  gateway each;
  for (int i = 0; i < 50; ++i) {
    const double x = random.normal();
    const std::uint64_t n = random.below(40);
    REQUIRE(many.observe(x, n));
    for (std::uint64_t k = 0; k < n; ++k) {
      REQUIRE(each.observe(x));
    }
  }
  CHECK(many == each);
}

TEST_CASE("what cannot be counted is refused and changes nothing", "[stats][exp_histogram]") {
  gateway h;
  REQUIRE(h.observe(5));
  const gateway before = h;
  CHECK(h.observe(std::nan("")).error() == errc::not_finite);
  CHECK(h.observe(INFINITY).error() == errc::not_finite);
  CHECK(h.observe(-INFINITY).error() == errc::not_finite);
  CHECK(h == before);
  CHECK(h.refused() == 3);
  device d;
  CHECK(d.observe(-1).error() == errc::out_of_range);
  CHECK(d.observe(-0.0));
  CHECK(!std::signbit(d.min().value()));
  std::vector<double> block(600, 2.0);
  block[77] = std::nan("");
  block[300] = -1;
  CHECK(d.observe(block) == 598);
  CHECK(d.refused() == 3);
  CHECK(d.count() == 599);
  CHECK(std::isfinite(d.sum().value()));
}

TEST_CASE("nothing can be asked of an empty histogram", "[stats][exp_histogram]") {
  const gateway h;
  CHECK(h.quantile(0.5).error() == errc::empty);
  CHECK(h.quantile(1.5).error() == errc::invalid);
  CHECK(h.quantile(std::nan("")).error() == errc::invalid);
  CHECK(h.min().error() == errc::empty);
  CHECK(h.mean().error() == errc::empty);
}

TEST_CASE("four buckets hold all doubles there are", "[stats][exp_histogram]") {
  exp_histogram<4> h;
  REQUIRE(h.observe(std::numeric_limits<double>::denorm_min()));
  REQUIRE(h.observe(std::numeric_limits<double>::max()));
  REQUIRE(h.observe(1.0));
  CHECK(h.scale() == -10);
  CHECK(h.count() == 3);
  CHECK(h.quantile(0).value() == std::numeric_limits<double>::denorm_min());
  CHECK(h.quantile(1).value() == std::numeric_limits<double>::max());
  REQUIRE(h.observe(std::numeric_limits<double>::max()));
  CHECK(h.sum().error() == errc::absent);  // it overflowed
  CHECK(h.quantile(0.9).value() <= std::numeric_limits<double>::max());
}

TEST_CASE("a full count stays where it is and says so", "[stats][exp_histogram]") {
  exp_histogram<8, std::uint16_t> h;
  REQUIRE(h.observe(1.0, 65535));
  CHECK_FALSE(h.saturated());
  REQUIRE(h.observe(1.0));
  CHECK(h.saturated());
  CHECK(h.count() == 65535);
  std::vector<double> ones(1000, 1.0);
  CHECK(h.observe(ones) == 1000);
  CHECK(h.count() == 65535);
  exp_histogram<> wide;
  REQUIRE(wide.observe(1.0, std::numeric_limits<std::uint64_t>::max()));
  REQUIRE(wide.observe(2.0, 5));
  CHECK(wide.saturated());
  CHECK(skerry::decode_all<gateway>(bytes(wide)));
}

TEST_CASE("of two zero thresholds the larger holds", "[stats][exp_histogram]") {
  gateway coarse{20, 1.0};
  REQUIRE(coarse.observe(0.5));
  REQUIRE(coarse.observe(3.0));
  CHECK(coarse.zero_count() == 1);
  gateway fine;
  for (const double x : {-0.25, 0.001, 1.0, 8.0}) {
    REQUIRE(fine.observe(x));
  }
  gateway a = coarse;
  a.merge(fine);
  gateway b = fine;
  b.merge(coarse);
  CHECK(a.zero_threshold() == 1.0);
  CHECK(a.zero_count() == 4);  // 1.0 is the upper end of its bucket, so the bucket is inside
  CHECK(a.count() == 6);
  CHECK(a == b);
}

TEST_CASE("an image read answers as what was written", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    source random{seed};
    const gateway h = of<gateway>(history(random, random.below(400)));
    const auto image = bytes(h);
    const auto back = skerry::decode_all<gateway>(image);
    REQUIRE(back);
    CHECK(bytes(back.value()) == image);
    CHECK(back.value().scale() == h.scale());
    for (int i = 0; i <= 10; ++i) {
      CHECK(back.value().quantile(i / 10.0).value_or(-1) == h.quantile(i / 10.0).value_or(-1));
    }
    // A device with fewer buckets reads the gateway's image at a coarser scale.
    const auto small = skerry::decode_all<exp_histogram<8>>(image);
    REQUIRE(small);
    CHECK(small.value().count() == h.count());
    exp_histogram<8> merged;
    merged.merge(h);
    CHECK(small.value().scale() == merged.scale());
  }
}

TEST_CASE("negative values do not enter a histogram of positive ones by the wire", "[stats][exp_histogram]") {
  gateway h;
  REQUIRE(h.observe(-1.0));
  CHECK(skerry::decode_all<device>(bytes(h)).error() == errc::mismatch);
}

TEST_CASE("a point without extremes gets those of its buckets", "[stats][exp_histogram]") {
  // count 3, scale 0, offset 1: {1, 2}, as a collector writes it that keeps no extremes.
  const unsigned char point[] = {0x21, 3, 0, 0, 0, 0, 0, 0, 0, 0x42, 6, 0x08, 0x02, 0x12, 2, 1, 2};
  const auto read = skerry::decode_all<gateway>(std::as_bytes(std::span{point}));
  REQUIRE(read);
  CHECK(read.value().min().value() == 2.0);
  CHECK(read.value().max().value() == 8.0);
  CHECK(read.value().sum().error() == errc::absent);
  // The same with counts one by one, and an attribute and flags among them.
  const unsigned char loose[] = {0x0a, 1, 0x55, 0x21, 3, 0, 0, 0, 0, 0, 0, 0, 0x50, 7, 0x42, 6, 0x10, 1, 0x10, 2, 0x08, 0x02};
  const auto same = skerry::decode_all<gateway>(std::as_bytes(std::span{loose}));
  REQUIRE(same);
  CHECK(same.value() == read.value());
}

TEST_CASE("no hostile point is believed", "[stats][exp_histogram]") {
  source random{31};
  gateway h;
  for (const double x : {-3.0, 0.0, 1.0, 2.0, 1e9, 4.5}) {
    REQUIRE(h.observe(x));
  }
  const auto good = bytes(h);
  int accepted = 0;
  const auto probe = [&](const stats_test::image& image) {
    const std::vector<std::byte> exact{image};
    const auto read = skerry::decode_all<gateway>(exact);
    if (read) {
      ++accepted;
      const auto again = bytes(read.value());
      const auto twice = skerry::decode_all<gateway>(again);
      REQUIRE(twice);
      CHECK(bytes(twice.value()) == again);
      for (int i = 0; i <= 4; ++i) {
        if (read.value().count() > 0) {
          CHECK(std::isfinite(read.value().quantile(i / 4.0).value()));
        }
      }
    }
  };
  for (std::size_t n = 0; n < good.size(); ++n) {
    probe({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int v = 0; v < 256; ++v) {
      auto changed = good;
      changed[i] = static_cast<std::byte>(v);
      probe(changed);
    }
  }
  for (int round = 0; round < 10000; ++round) {
    stats_test::image noise(random.below(60));
    for (std::byte& b : noise) {
      b = random.byte();
    }
    probe(noise);
  }
  CHECK(accepted > 0);
}

TEST_CASE("an empty histogram of a coarser scale changes no byte, on either side", "[stats][exp_histogram]") {
  // Writers of an empty point leave its scale at 0: merged in, such a point used to cost a histogram all of its digits.
  gateway a;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(a.observe(1 + 0.001 * i));
  }
  const auto foreign = skerry::decode_all<gateway>(std::span<const std::byte>{});
  REQUIRE(foreign);
  REQUIRE(foreign.value().scale() == 0);
  for (const gateway& nothing : {gateway{3}, gateway{-10}, foreign.value()}) {
    gateway right = a;
    right.merge(nothing);
    CHECK(bytes(right) == bytes(a));
    gateway left = nothing;
    left.merge(a);
    CHECK(bytes(left) == bytes(a));
    REQUIRE(left.observe(1.0001));
    REQUIRE(right.observe(1.0001));
    CHECK(left == right);
  }
  gateway none{3};
  none.merge(gateway{});
  CHECK(none.scale() == 3);
  gateway other;
  other.merge(gateway{3});
  CHECK(other.scale() == 3);
}

TEST_CASE("zeros behind the last index there is are no buckets", "[stats][exp_histogram]") {
  // positive { offset 2^31 - 1, counts 0 0 }: the index behind was computed in 32 bits.
  const unsigned char point[] = {0x42, 10, 0x08, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x12, 2, 0, 0};
  const auto read = skerry::decode_all<gateway>(std::as_bytes(std::span{point}));
  REQUIRE(read);
  CHECK(read.value().count() == 0);
}

TEST_CASE("very many buckets of a coarse scale count blocks as they count values", "[stats][exp_histogram]") {
  auto block = std::make_unique<exp_histogram<65536>>(-10);
  auto single = std::make_unique<exp_histogram<65536>>(-10);
  std::vector<double> xs;
  for (std::uint64_t e = 1; e < 2000; e += 3) {
    xs.push_back(std::bit_cast<double>(e << 52));
  }
  CHECK(block->observe(xs) == xs.size());
  for (const double x : xs) {
    REQUIRE(single->observe(x));
  }
  std::vector<std::uint64_t> counts[2];
  block->for_each_positive([&](std::int32_t, std::uint64_t n) { counts[0].push_back(n); });
  single->for_each_positive([&](std::int32_t, std::uint64_t n) { counts[1].push_back(n); });
  CHECK(counts[0] == counts[1]);
  CHECK(block->count() == xs.size());
}

TEST_CASE("parts that begin at any scale, empty ones too, merge into the same bytes in any order", "[stats][exp_histogram]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    source random{seed};
    std::vector<exp_histogram<40>> part;
    for (int i = 0; i < 3; ++i) {
      part.emplace_back(static_cast<int>(random.below(31)) - 10);
      for (const double x : history(random, random.below(3) == 0 ? 0 : random.below(40))) {
        REQUIRE(part.back().observe(x));
      }
    }
    const auto merged = [](auto a, const auto& b) {
      a.merge(b);
      return a;
    };
    const auto all = bytes(merged(merged(part[0], part[1]), part[2]));
    CHECK(bytes(merged(part[0], merged(part[1], part[2]))) == all);
    CHECK(bytes(merged(merged(part[2], part[0]), part[1])) == all);
    CHECK(bytes(merged(part[1], merged(part[2], part[0]))) == all);
  }
}
