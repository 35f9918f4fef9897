// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/core/ring_buffer.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <deque>
#include <type_traits>
#include <vector>

#include "core/counted.hpp"
#include "core/counting_new.hpp"
#include "core/dies.hpp"

namespace {

using skerry::errc;
using skerry::ring_buffer;
using skerry_test::counted;

template <typename T, std::size_t N>
void compare_with_std(std::uint64_t seed) {
  CAPTURE(seed, N);
  skerry::pcg32 g{seed};
  ring_buffer<T, N> ours;
  std::deque<T> theirs;
  for (int step = 0; step < 3000; ++step) {
    const int n = static_cast<int>(skerry::uniform_below(g, 1000));
    const bool full = theirs.size() == N;
    switch (skerry::uniform_below(g, 5)) {
      case 0:
        REQUIRE(ours.push(T{n}) == full);
        if (full) {
          theirs.pop_front();
        }
        theirs.push_back(T{n});
        break;
      case 1:
      case 2:
        REQUIRE(ours.try_push(T{n}).error() == (full ? errc::full : errc::ok));
        if (!full) {
          theirs.push_back(T{n});
        }
        break;
      case 3:
        if (!theirs.empty()) {
          ours.pop();
          theirs.pop_front();
        }
        break;
      default:
        if (skerry::uniform_below(g, 50) == 0) {
          ours.clear();
          theirs.clear();
        }
    }
    REQUIRE(ours.size() == theirs.size());
    std::vector<T> pieces;
    pieces.insert(pieces.end(), ours.pieces().first.begin(), ours.pieces().first.end());
    pieces.insert(pieces.end(), ours.pieces().second.begin(), ours.pieces().second.end());
    REQUIRE(std::equal(pieces.begin(), pieces.end(), theirs.begin(), theirs.end()));
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      REQUIRE(ours[i] == theirs[i]);
    }
    if (!theirs.empty()) {
      REQUIRE(ours.front() == theirs.front());
      REQUIRE(ours.back() == theirs.back());
    }
  }
}

TEST_CASE("a ring holds what a deque holds after the same pushes and pops, in one piece or two") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    compare_with_std<int, 1>(seed);
    compare_with_std<int, 7>(seed);
    compare_with_std<counted, 8>(seed);
  }
  compare_with_std<int, 255>(9);
  compare_with_std<int, 256>(9);
  CHECK(counted::alive == 0);
}

TEST_CASE("rings are equal by their elements, not by where these lie") {
  ring_buffer<int, 3> a;
  ring_buffer<int, 3> b;
  for (int i = 0; i < 5; ++i) {
    a.push(i);
  }
  for (int i = 2; i < 5; ++i) {
    b.push(i);
  }
  CHECK(a == b);
  b.pop();
  CHECK(!(a == b));
}

TEST_CASE("a ring is as trivial as its elements, and never allocates") {
  static_assert(std::is_trivially_copyable_v<ring_buffer<int, 4>>);
  static_assert(!std::is_trivially_copyable_v<ring_buffer<counted, 4>>);
  static_assert(sizeof(ring_buffer<float, 64>) == 260);
  static_assert(noexcept(std::declval<ring_buffer<int, 4>&>().push(1)));
  static_assert([] {
    ring_buffer<int, 2> r;
    r.push(1);
    r.push(2);
    return r.push(3) && r.front() == 2 && r.pieces().first.size() == 1 && r.pieces().second.size() == 1;
  }());
  const auto before = skerry_test::allocations();
  ring_buffer<int, 16> r;
  for (int i = 0; i < 100; ++i) {
    r.push(i);
  }
  CHECK(skerry_test::allocations() == before);
  CHECK(skerry_test::panics([] { (void)ring_buffer<int, 4>{}.front(); }));
  CHECK(skerry_test::panics([] { ring_buffer<int, 4>{}.pop(); }));
}

}  // namespace
