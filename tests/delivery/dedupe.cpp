// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/dedupe.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>
#include <vector>

namespace {
using namespace skerry::delivery;
using window = dedupe_window<3, 64>;

TEST_CASE("any order of repeats and overtaking within the window has one effect per id") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    window w;
    std::set<std::pair<stream_id, std::uint64_t>> effects;
    std::array<std::uint64_t, 3> highest{};
    for (int i = 0; i < 5000; ++i) {
      const auto stream = static_cast<stream_id>(random() % 3);
      const std::uint64_t base = highest[stream];
      const std::uint64_t low = base > 60 ? base - 60 : 1;
      const std::uint64_t seq = low + random() % (base + 4 - low);
      highest[stream] = std::max(base, seq);
      const bool first = effects.insert({stream, seq}).second;
      const verdict got = w.accept({1, stream, seq});
      REQUIRE(got == (first ? verdict::fresh : verdict::repeat));
    }
  }
}

TEST_CASE("what lies below the window is never acted on twice") {
  window w;
  CHECK(w.accept({1, 0, 100}) == verdict::fresh);
  CHECK(w.accept({1, 0, 36}) == verdict::too_old);
  CHECK(w.accept({1, 0, 37}) == verdict::fresh);
  CHECK(w.accept({1, 0, 37}) == verdict::repeat);
}

TEST_CASE("a new store starts a new epoch, and stragglers of the old one have no effect") {
  window w;
  CHECK(w.accept({4, 0, 50}) == verdict::fresh);
  CHECK(w.accept({5, 0, 1}) == verdict::fresh);
  CHECK(w.accept({4, 0, 51}) == verdict::too_old);
  CHECK(w.accept({5, 0, 2}) == verdict::fresh);
}

TEST_CASE("streams overtake each other without being taken for repeats") {
  window w;
  CHECK(w.accept({1, 0, 1000}) == verdict::fresh);
  CHECK(w.accept({1, 1, 1}) == verdict::fresh);
  CHECK(w.accept({1, 7, 1}) == verdict::too_old);
}

window random_window(skerry::pcg32& random) {
  window w;
  for (int i = 0; i < 40; ++i) {
    (void)w.accept({1 + random() % 2, static_cast<stream_id>(random() % 3), 1 + random() % 90});
  }
  return w;
}

TEST_CASE("two receivers of one device join in any order, any number of times") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const window a = random_window(random);
    const window b = random_window(random);
    const window c = random_window(random);
    window ab = a;
    ab.join(b);
    window ba = b;
    ba.join(a);
    REQUIRE(ab == ba);
    window twice = ab;
    twice.join(b);
    REQUIRE(twice == ab);
    window left = ab;
    left.join(c);
    window bc = b;
    bc.join(c);
    window right = a;
    right.join(bc);
    REQUIRE(left == right);
  }
}

TEST_CASE("an image survives the round trip, and no prefix or flipped bit is read beyond its end") {
  skerry::pcg32 random{9};
  const window w = random_window(random);
  std::array<std::byte, 256> bytes{};
  skerry::byte_writer out{bytes};
  REQUIRE(w.encode(out) == skerry::status{});
  const auto image = out.written();
  const auto back = skerry::decode_all<window>(image);
  REQUIRE(back);
  CHECK(back.value() == w);
  for (std::size_t n = 0; n < image.size(); ++n) {
    CHECK_FALSE(skerry::decode_all<window>(image.first(n)));
  }
  std::vector<std::byte> flipped(image.begin(), image.end());
  for (std::size_t bit = 0; bit < flipped.size() * 8; ++bit) {
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    (void)skerry::decode_all<window>(flipped);
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
  CHECK(skerry::decode_all<dedupe_window<4, 64>>(image).error() == skerry::errc::mismatch);
}
}  // namespace
