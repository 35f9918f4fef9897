// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/bulkhead.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using tick = std::uint32_t;

TEST_CASE("as many as there are places, and the next one is full") {
  bulkhead<tick, 2> gate{1000};
  const auto a = gate.acquire(0);
  const auto b = gate.acquire(0);
  REQUIRE((a && b));
  CHECK(gate.acquire(0).error() == errc::full);
  gate.release(a.value());
  CHECK(gate.acquire(0).error() == errc::ok);
  CHECK(gate.in_use() == 2);
}

TEST_CASE("a permit that never comes back is somebody else's after its lease, and then changes nothing") {
  bulkhead<tick, 1> gate{1000};
  const auto lost = gate.acquire(0);
  REQUIRE(lost);
  CHECK(gate.acquire(999).error() == errc::full);
  CHECK(gate.next_deadline(999).value() == 1000);
  const auto next = gate.acquire(1000);
  REQUIRE(next);
  CHECK(gate.expired() == 1);
  gate.release(lost.value());
  CHECK(gate.late_releases() == 1);
  CHECK(gate.in_use() == 1);
  gate.release(next.value());
  gate.release(next.value());
  CHECK(gate.in_use() == 0);
  CHECK(gate.late_releases() == 2);
}

TEST_CASE("without a lease a permit is out for ever") {
  bulkhead<tick, 1> gate{0};
  REQUIRE(gate.acquire(0));
  CHECK(gate.acquire(0x7fff'fff0).error() == errc::full);
  CHECK_FALSE(gate.next_deadline(5));
}

TEST_CASE("a clock that steps back makes no lease longer than it is") {
  bulkhead<tick, 1> gate{1000};
  REQUIRE(gate.acquire(500'000));
  CHECK(gate.acquire(100).error() == errc::full);  // begins again here
  CHECK(gate.acquire(1099).error() == errc::full);
  CHECK(gate.acquire(1100).error() == errc::ok);
}

TEST_CASE("whatever comes and goes, nobody is let in beyond the places and every place comes back") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    bulkhead<tick, 7> gate{500};
    std::vector<std::pair<slot_permit, tick>> out;
    auto now = static_cast<tick>(random());
    for (int i = 0; i < 500; ++i) {
      now += static_cast<tick>(random() % 60);
      std::erase_if(out, [&](const auto& p) { return now - p.second >= 500; });  // whose lease has ended
      if (random() % 3 != 0) {
        const auto got = gate.acquire(now);
        REQUIRE(got.error() == (out.size() < 7 ? errc::ok : errc::full));
        if (got) {
          out.emplace_back(got.value(), now);
        }
      } else if (!out.empty() && random() % 8 != 0) {
        const auto at = static_cast<std::ptrdiff_t>(random() % out.size());
        gate.release(out[static_cast<std::size_t>(at)].first);
        out.erase(out.begin() + at);
      }
    }
    now += 500;
    (void)gate.expire(now);
    REQUIRE(gate.in_use() == 0);
  }
}

TEST_CASE("a share of the calls under way, and never fewer than the minimum") {
  const inflight_share share{{3, 10}, 2};
  CHECK(share.allowed(0) == 2);
  CHECK(share.allowed(10) == 3);
  CHECK(share.admits(10, 2));
  CHECK_FALSE(share.admits(10, 3));
  CHECK(inflight_share{{65535, 1}, 0}.allowed(0xffff'ffff) == 0xffff'ffff);
}

}  // namespace
