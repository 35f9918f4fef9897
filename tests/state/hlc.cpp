// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/hlc.hpp>

#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <type_traits>

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using state::clock_limits;
using state::hlc;
using state::stamp;

static_assert(std::is_trivially_copyable_v<hlc> && sizeof(hlc) <= 64 && sizeof(stamp) == 8);

namespace {
constexpr std::uint64_t floor_ms = 1'000'000'000;
constexpr clock_limits limits{wall_ms{floor_ms}, 60'000, 3'600'000};
}  // namespace

TEST_CASE("every stamp is greater than all made and witnessed before it, whatever the wall clock does", "[state][hlc]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    hlc clock = hlc::restore(stamp{rng() >> 20, 0}, seed % 2 == 0 ? limits : clock_limits{wall_ms{0}, clock_limits::no_limit, 5});
    stamp last = clock.last();
    for (int step = 0; step < 300; ++step) {
      const wall_ms wall{rng() >> (16 + skerry::uniform_below(rng, 40))};
      if (skerry::uniform_below(rng, 2) == 0) {
        const stamp made = clock.tick(wall);
        REQUIRE(made > last);
        last = made;
      } else {
        const stamp theirs = stamp::from_bits(rng() >> skerry::uniform_below(rng, 30));
        const hlc before = clock;
        if (const auto seen = clock.witness(wall, theirs)) {
          REQUIRE(seen.value() > last);
          REQUIRE(seen.value() > theirs);
          last = seen.value();
        } else {
          REQUIRE(clock.last() == before.last());
        }
      }
    }
  }
}

TEST_CASE("an overflow of the count carries into the milliseconds", "[state][hlc]") {
  hlc clock = hlc::restore(stamp{floor_ms, 0xffff}, limits);
  CHECK(clock.tick(wall_ms{floor_ms}) == stamp{floor_ms + 1, 0});
  CHECK(clock.witness(wall_ms{floor_ms}, stamp{floor_ms + 5, 0xffff}).value() == stamp{floor_ms + 6, 0});
}

TEST_CASE("a clock below the build date makes stamps below all real ones", "[state][hlc]") {
  hlc clock = hlc::restore({}, limits);
  CHECK(clock.tick(wall_ms{900}) == stamp{900, 0});
  CHECK_FALSE(clock.trusted(clock.last()));
  CHECK_FALSE(clock.trusted(wall_ms{900}));
  // It cannot judge others either: any stamp is welcome, and from then on time is known to have come that far.
  CHECK(clock.witness(wall_ms{950}, stamp{floor_ms * 2, 3}).value() == stamp{floor_ms * 2, 4});
  CHECK(clock.tick(wall_ms{990}) == stamp{floor_ms * 2, 5});
  CHECK(clock.trusted(clock.last()));
  // Time arrives: that is no jump.
  CHECK(clock.tick(wall_ms{floor_ms * 3}) == stamp{floor_ms * 3, 0});
  CHECK(clock.trusted(wall_ms{floor_ms * 3}));
}

TEST_CASE("a stamp too far ahead is refused and leaves the clock as it was; an old one is always welcome", "[state][hlc]") {
  hlc clock = hlc::restore(stamp{floor_ms + 10, 3}, limits);
  CHECK(clock.witness(wall_ms{floor_ms}, stamp{floor_ms + 60'001, 0}).error() == errc::clock_ahead);
  CHECK(clock.last() == stamp{floor_ms + 10, 3});
  CHECK(clock.witness(wall_ms{floor_ms}, stamp{floor_ms + 60'000, 0}));
  CHECK(clock.witness(wall_ms{floor_ms}, stamp{1, 0}));
}

TEST_CASE("no stamp may be the last one possible", "[state][hlc]") {
  hlc clock = hlc::restore({}, {wall_ms{0}, clock_limits::no_limit, clock_limits::no_limit});
  CHECK(clock.witness(wall_ms{5}, stamp{stamp::greatest_ms, 0xffff}).error() == errc::clock_ahead);
  CHECK(clock.tick(wall_ms{6}) == stamp{6, 0});
}

TEST_CASE("a clock that jumps lends no time until somebody vouches", "[state][hlc]") {
  hlc clock = hlc::restore({}, limits);
  const stamp before = clock.tick(wall_ms{floor_ms});
  const wall_ms far{floor_ms + 4'000'000};
  CHECK(clock.tick(far) == stamp{before.ms(), 1});
  CHECK_FALSE(clock.trusted(far));
  SECTION("a peer with the same time does") {
    CHECK(clock.witness(wall_ms{far.value + 10}, stamp{far.value, 0}).value() == stamp{far.value + 10, 0});
    CHECK(clock.trusted(wall_ms{far.value + 10}));
  }
  SECTION("a peer with another time does not") {
    CHECK(clock.witness(wall_ms{far.value + 10}, stamp{floor_ms + 50, 0}).value() == stamp{floor_ms + 50, 1});
    CHECK_FALSE(clock.trusted(wall_ms{far.value + 10}));
  }
  SECTION("the application does") {
    clock.vouch(far);
    CHECK(clock.tick(wall_ms{far.value + 1}) == stamp{far.value + 1, 0});
  }
}

TEST_CASE("a node that slept has not jumped", "[state][hlc]") {
  hlc clock = hlc::restore({}, limits);
  (void)clock.tick(wall_ms{floor_ms});
  clock.passed(86'400'000);
  CHECK(clock.tick(wall_ms{floor_ms + 86'400'000}) == stamp{floor_ms + 86'400'000, 0});
}

TEST_CASE("a clock that steps back is not followed", "[state][hlc]") {
  hlc clock = hlc::restore({}, limits);
  (void)clock.tick(wall_ms{floor_ms + 7'200'000});
  CHECK(clock.tick(wall_ms{floor_ms}) == stamp{floor_ms + 7'200'000, 1});
  CHECK_FALSE(clock.trusted(wall_ms{floor_ms}));
}

TEST_CASE("a wall clock beyond 48 bits turns no stamp back", "[state][hlc]") {
  // Milliseconds above the greatest were greater than those of any stamp, so that each reading began again at count 0.
  for (const std::uint64_t wall : {stamp::greatest_ms, stamp::greatest_ms + 1, clock_limits::no_limit}) {
    CAPTURE(wall);
    hlc clock = hlc::restore(stamp{}, clock_limits{wall_ms{0}, clock_limits::no_limit, clock_limits::no_limit});
    stamp last = clock.tick(wall_ms{wall});
    for (int i = 0; i < 5; ++i) {
      const stamp next = clock.tick(wall_ms{wall});
      REQUIRE(next > last);
      last = clock.witness(wall_ms{wall}, stamp{stamp::greatest_ms, 3}).value();
      REQUIRE(last > next);
    }
  }
}

TEST_CASE("how late the time arrived is told by the last reading before it and by what has passed since", "[state][hlc]") {
  hlc clock = hlc::restore({}, {wall_ms{floor_ms}, 60'000, 3'600'000});
  CHECK(clock.arrived() == 0);
  (void)clock.tick(wall_ms{1'000});
  clock.passed(500);
  CHECK(clock.arrived() == 0);
  (void)clock.tick(wall_ms{floor_ms + 10'000});
  CHECK(clock.arrived() == floor_ms + 8'500);
  (void)clock.tick(wall_ms{floor_ms + 20'000});
  CHECK(clock.arrived() == floor_ms + 8'500);
  hlc told = hlc::restore({}, {wall_ms{floor_ms}, 60'000, 3'600'000});
  told.vouch(wall_ms{floor_ms});
  CHECK(told.arrived() == 0);  // it never was without the time
  (void)told.tick(wall_ms{2'000});
  told.vouch(wall_ms{floor_ms + 2'000});
  CHECK(told.arrived() == floor_ms);
}

TEST_CASE("a clock that is set back goes on from there", "[state][hlc]") {
  hlc clock = hlc::restore({}, {wall_ms{floor_ms}, 60'000, 3'600'000});
  (void)clock.tick(wall_ms{floor_ms + 1'000'000'000});
  clock.vouch(wall_ms{floor_ms + 5});
  CHECK(clock.tick(wall_ms{floor_ms + 6}).ms() == floor_ms + 1'000'000'000);
  clock.set_back({floor_ms + 7, 3});
  CHECK(clock.tick(wall_ms{floor_ms + 7}) == stamp{floor_ms + 7, 4});
}
