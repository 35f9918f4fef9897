// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/instant.hpp>
#include <skerry/core/random.hpp>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "core/dies.hpp"

namespace user {

/// A 24-bit counter of 32768 Hz ticks, as real-time clocks have them.
struct rtc {
  std::uint32_t ticks = 0;
  friend bool operator==(const rtc&, const rtc&) = default;
  static constexpr std::int32_t from_ms(std::int64_t ms) { return static_cast<std::int32_t>(ms * 32768 / 1000); }
};
constexpr std::int32_t elapsed(rtc later, rtc earlier) { return static_cast<std::int32_t>((later.ticks - earlier.ticks) << 8) >> 8; }
constexpr rtc advance(rtc t, std::int32_t d) { return {(t.ticks + static_cast<std::uint32_t>(d)) & 0xffffff}; }

struct no_advance {
  friend bool operator==(const no_advance&, const no_advance&) = default;
};
constexpr int elapsed(no_advance, no_advance) { return 0; }

}  // namespace user

namespace {

using skerry::advance;
using skerry::deadline;
using skerry::elapsed;

template <typename Tick>
void check_wrap() {
  using distance = skerry::duration_t<Tick>;
  static_assert(std::is_same_v<distance, std::make_signed_t<Tick>>);
  skerry::splitmix64 g{8};
  constexpr auto most = std::numeric_limits<distance>::max();
  constexpr auto least = std::numeric_limits<distance>::min();
  for (int i = 0; i < 20000; ++i) {
    const auto t = static_cast<Tick>(g());
    const auto d = static_cast<distance>(g());
    REQUIRE(elapsed(advance(t, d), t) == d);
    REQUIRE(advance(advance(t, d), static_cast<distance>(d == least ? d : -d)) == t);
    for (const distance edge : {distance{0}, distance{1}, distance{-1}, most, least}) {
      REQUIRE(elapsed(advance(t, edge), t) == edge);
    }
  }
  CHECK(elapsed(Tick{1}, std::numeric_limits<Tick>::max()) == 2);
  CHECK(elapsed(std::numeric_limits<Tick>::max(), Tick{1}) == -2);
}

TEST_CASE("distances are signed and right across one wrap, for every width of counter") {
  check_wrap<std::uint16_t>();
  check_wrap<std::uint32_t>();
  check_wrap<std::uint64_t>();
}

using steady = std::chrono::steady_clock::time_point;
using coarse = std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<std::int32_t>>;

TEST_CASE("time points, plain counters and a user's wrapper are instants; signed numbers and half-made types are not") {
  static_assert(skerry::instant<std::uint16_t> && skerry::instant<std::uint32_t> && skerry::instant<std::uint64_t>);
  static_assert(skerry::instant<steady> && skerry::instant<std::chrono::sys_seconds> && skerry::instant<user::rtc>);
  static_assert(!skerry::instant<std::int64_t> && !skerry::instant<std::uint8_t> && !skerry::instant<double> &&
                !skerry::instant<user::no_advance> && !skerry::instant<std::string> && !skerry::instant<skerry::wall_ms>);
  const steady now{std::chrono::seconds{5}};
  CHECK(elapsed(now + std::chrono::milliseconds{3}, now) == std::chrono::milliseconds{3});
  CHECK(advance(now, std::chrono::nanoseconds{-7}) == now - std::chrono::nanoseconds{7});
}

TEST_CASE("a time point that is moved beyond its range stays at the end of it") {
  // A timeout of "never", written as the longest duration, was added to now: signed overflow, and an instant long ago.
  using std::chrono::nanoseconds;
  const steady now{std::chrono::hours{1}};
  CHECK(advance(now, nanoseconds::max()) == steady::max());
  CHECK(advance(now, nanoseconds::max() - nanoseconds{now.time_since_epoch()}) == steady::max());
  CHECK(advance(now, nanoseconds::max() - nanoseconds{now.time_since_epoch()} - nanoseconds{1}) == steady::max() - nanoseconds{1});
  CHECK(advance(steady{nanoseconds{-5}}, nanoseconds::min()) == steady::min());
  CHECK(advance(steady::max(), nanoseconds{-1}) == steady::max() - nanoseconds{1});
  CHECK(advance(coarse::max(), std::chrono::duration<std::int32_t>{1}) == coarse::max());
  CHECK(advance(now, std::chrono::hours{2}) == steady{std::chrono::hours{3}});
  static_assert(advance(steady{}, nanoseconds{7}) == steady{nanoseconds{7}});
}

TEST_CASE("a wrapper type keeps its own wrap and its own unit") {
  const user::rtc late{0xfffff0};
  const user::rtc later = advance(late, 0x20);
  CHECK(later.ticks == 0x10);
  CHECK(elapsed(later, late) == 0x20);
  CHECK(elapsed(late, later) == -0x20);
  CHECK(skerry::from_ms<user::rtc>(1000) == 32768);
  CHECK(skerry::count_of<user::rtc>(17) == 17);
}

TEST_CASE("milliseconds become distances of any clock, and saturate instead of wrapping") {
  CHECK(skerry::from_ms<std::uint16_t>(1000) == 1000);
  CHECK(skerry::from_ms<std::uint16_t>(40000) == 32767);
  CHECK(skerry::from_ms<std::uint16_t>(-40000) == -32768);
  CHECK(skerry::from_ms<std::uint32_t>(std::int64_t{1} << 40) == std::numeric_limits<std::int32_t>::max());
  CHECK(skerry::from_ms<std::uint64_t>(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
  CHECK(skerry::from_ms<steady>(1500) == std::chrono::milliseconds{1500});
  CHECK(skerry::from_ms<steady>(-1500) == std::chrono::milliseconds{-1500});
  CHECK(skerry::from_ms<coarse>(2999) == std::chrono::seconds{2});
  constexpr std::int64_t ten_years = std::int64_t{10} * 365 * 86400 * 1000;
  CHECK(skerry::from_ms<steady>(ten_years) == std::chrono::milliseconds{ten_years});
  CHECK(skerry::from_ms<steady>(std::numeric_limits<std::int64_t>::max()).count() == std::numeric_limits<std::int64_t>::max());
  CHECK(skerry::from_ms<steady>(std::numeric_limits<std::int64_t>::min()).count() == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("a distance of a coarse clock saturates at what its counter can hold") {
  // A time point whose duration counts in 32 bits used to get the low 32 bits of a long distance.
  CHECK(skerry::from_ms<coarse>(std::int64_t{1} << 50) == coarse::duration::max());
  CHECK(skerry::from_ms<coarse>(-(std::int64_t{1} << 50)) == coarse::duration::min());
}

TEST_CASE("a deadline is none or an instant, due from that instant on, also across a wrap") {
  using d16 = deadline<std::uint16_t>;
  static_assert(!d16{} && !d16{d16::none} && d16{std::uint16_t{0}});
  const d16 at{std::uint16_t{2}};
  CHECK(!at.due(65535));
  CHECK(at.due(2));
  CHECK(at.due(3));
  CHECK(!d16{}.due(3));
  CHECK(d16{} == d16{d16::none});
  CHECK(!(d16{} == at));
  CHECK(at.value() == 2);
  CHECK(skerry_test::panics([] { (void)d16{}.value(); }));
  static_assert(std::is_trivially_copyable_v<deadline<std::uint32_t>> && sizeof(deadline<std::uint32_t>) == 8);
}

TEST_CASE("the earliest of two deadlines is seen from now, not by their numbers") {
  using d16 = deadline<std::uint16_t>;
  const d16 before_wrap{std::uint16_t{65530}};
  const d16 after_wrap{std::uint16_t{4}};
  CHECK(skerry::earliest<std::uint16_t>(before_wrap, after_wrap, 65000) == before_wrap);
  CHECK(skerry::earliest<std::uint16_t>(after_wrap, before_wrap, 65000) == before_wrap);
  CHECK(skerry::earliest<std::uint16_t>(d16{}, after_wrap, 65000) == after_wrap);
  CHECK(skerry::earliest<std::uint16_t>(before_wrap, d16{}, 65000) == before_wrap);
  CHECK(!skerry::earliest<std::uint16_t>(d16{}, d16{}, 65000));
  const deadline<steady> soon{steady{std::chrono::seconds{1}}};
  const deadline<steady> late{steady{std::chrono::seconds{2}}};
  CHECK(skerry::earliest(late, soon, steady{}) == soon);
}

TEST_CASE("wall time is a type of its own, and a reading is distrusted until somebody vouches for it") {
  static_assert(!std::is_convertible_v<std::uint64_t, skerry::wall_ms> && !std::is_convertible_v<skerry::wall_ms, skerry::ticks>);
  CHECK(skerry::wall_ms{1} < skerry::wall_ms{2});
  CHECK(!skerry::clock_reading<std::uint32_t>{}.trusted);
  static_assert(noexcept(elapsed(std::uint16_t{1}, std::uint16_t{2})));
}

}  // namespace
