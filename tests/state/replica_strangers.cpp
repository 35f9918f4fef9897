// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Replicas among strangers: frames that no honest replica would write, clones, clocks at their ends.
#include <skerry/state/replica.hpp>

#include <skerry/core/random.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using small = state::replica<plant, waiting>;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t today = 1'790'000'000'000;
constexpr state::actor stranger{0x77, 1, 5};
constexpr state::actor another{0x78, 1, 5};

struct other_tight : state::limits::firmware {
  static constexpr std::size_t actors = 4;
  static constexpr std::size_t keys = 2;
  static constexpr std::size_t records = 4;
  static constexpr std::size_t ranges = 2;
};

}  // namespace

TEST_CASE("the last event number of all is as good as any other", "[state][replica][hostile]") {
  // A search in the covered events added 1 to the last number of all, which wrapped: the delta of the next write listed its events
  // in the wrong order, and every peer refused it as corrupt.
  auto a = make<small>(1);
  REQUIRE(a.accept(forged_frame{}
                       .covers(stranger, 5, 5)
                       .covers(stranger, most, most)
                       .write<mode>("mode/1", stranger, 5, {1, 0}, 7)
                       .write<mode>("mode/1", stranger, most, {1, 0}, 8)
                       .bytes(),
                   0));
  REQUIRE(a.siblings<mode>(1).size() == 2);
  auto b = make<small>(2);
  REQUIRE(b.join(a));
  const auto delta = a.write<mode>(9, wall_ms{5}, 1);
  REQUIRE(delta);
  REQUIRE(b.accept(copy(delta.value().bytes()), 0));
  CHECK(b.siblings<mode>(1).size() == 1);
  CHECK(bytes_of(a) == bytes_of(b));
}

TEST_CASE("what a replica knows can always be told as a frame", "[state][replica][hostile]") {
  // Two frames that each cover nearly 2^64 events were taken; together they had more events than a frame can number, so that the
  // replica's own image was refused by everybody.
  auto a = make<small>(1);
  REQUIRE(a.write<recipe>(1, wall_ms{1}));
  REQUIRE(a.accept(forged_frame{}.covers(stranger, 1, most - 5).bytes(), 0));
  const auto before = bytes_of(a);
  CHECK(a.accept(forged_frame{}.covers(another, 1, most - 5).bytes(), 0).error() == errc::full);
  CHECK(a.lacking() == state::resource::events);
  CHECK(bytes_of(a) == before);
  REQUIRE(a.accept(forged_frame{}.covers(stranger, 1, most - 5).bytes(), 0));  // nothing new
  auto b = make<small>(2);
  REQUIRE(b.accept(bytes_of(a), 0));
  CHECK(bytes_of(a) == bytes_of(b));
  auto c = make<small>(3);
  REQUIRE(c.accept(forged_frame{}.covers(another, 1, most - 5).bytes(), 0));
  CHECK(c.join(a).error() == errc::full);
}

TEST_CASE("another content of a known event does not bring in a stamp from the future", "[state][replica][hostile]") {
  // Stamps were measured only for events that are new; the content of a known one could be replaced by one of the year 10889.
  auto a = make<small>(1);
  REQUIRE(a.write<recipe>(1, wall_ms{today}));
  REQUIRE(a.accept(forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, {today + 5, 0}, 7).bytes(), 0));
  REQUIRE(a.read<recipe>().value() == 7);
  const auto before = bytes_of(a);
  const auto future = forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, {today + 999'999'999, 0}, 8).bytes();
  CHECK(a.accept(future, 0).value().quarantined == 1);
  CHECK(bytes_of(a) == before);
  // One that is believable is taken, and what is written after it is later.
  REQUIRE(a.accept(forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, {today + 9000, 3}, 8).bytes(), 0));
  CHECK(a.read<recipe>().value() == 8);
  REQUIRE(a.write<recipe>(9, wall_ms{today + 1}));
  CHECK(a.clock().last() > state::stamp{today + 9000, 3});
  // Known to be dead is dead, whatever is said of it.
  CHECK(a.accept(future, 0).value().quarantined == 0);
  CHECK(a.waiting() == 0);
  CHECK(a.read<recipe>().value() == 9);
}

TEST_CASE("a frame of more keys than there is room for is refused, also when their texts are equally long", "[state][replica][hostile]") {
  // The counting pass remembered the last new key by a view of a buffer that by then held the next one: keys of one path whose
  // texts are equally long counted as one, and the join wrote behind the table of keys.
  using tiny = state::replica<plant, other_tight>;
  auto a = make<small>(1);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(a.write<mode>(i, wall_ms{1}, i));
  }
  auto b = make<tiny>(2);
  CHECK(b.accept(bytes_of(a), 0).error() == errc::full);
  CHECK(b.lacking() == state::resource::keys);
  CHECK(b.store().key_count() == 0);
}

TEST_CASE("one event under two keys ends alike everywhere and is reported", "[state][replica][hostile]") {
  // Two boards from one image that write different keys give one name to two events. Each refused all that the other knew as
  // corrupt, for ever; now the greater content stays, as for two contents under one key.
  auto a = make<small>(1);
  auto twin = make<small>(1);
  REQUIRE(a.self() == twin.self());
  const auto north = copy(a.write<setpoint>(1.0, wall_ms{500}, "north").value().bytes());
  const auto south = copy(twin.write<setpoint>(2.0, wall_ms{500}, "south").value().bytes());
  auto x = make<small>(3);
  auto y = make<small>(4);
  REQUIRE(x.accept(north, 0));
  REQUIRE(x.accept(south, 0).value().verdict == state::detection::clone);
  REQUIRE(y.accept(south, 0));
  REQUIRE(y.accept(north, 0).value().verdict == state::detection::clone);
  CHECK(bytes_of(x) == bytes_of(y));
  CHECK(x.store().record_count() == 1);
  CHECK(x.store().key_count() == 1);
  REQUIRE(a.join(twin));
  REQUIRE(twin.join(a));
  CHECK(bytes_of(a) == bytes_of(twin));
  CHECK(a.counters().clones == 1);
  // Whoever lost it writes again, under a name that is its own.
  REQUIRE(a.write<setpoint>(3.0, wall_ms{501}, "north"));
  CHECK(a.self().generation == 2);
}

TEST_CASE("two boards from one image that notice each other part for good", "[state][replica][trap]") {
  // Both drew the name of their next life from the same seed, so they collided again with every write, for ever.
  auto a = make<small>(1);
  auto b = make<small>(1);
  REQUIRE(a.self() == b.self());
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto from_a = copy(a.write<recipe>(10, wall_ms{500 + i}).value().bytes());
    const auto from_b = copy(b.write<recipe>(20, wall_ms{600 + i}).value().bytes());
    REQUIRE(a.accept(from_b, 0));
    REQUIRE(b.accept(from_a, 0));
  }
  CHECK(a.self() != b.self());
  CHECK(a.counters().clones == 1);
  CHECK(b.counters().clones == 1);
  CHECK(bytes_of(a) == bytes_of(b));
}

TEST_CASE("one event under two keys ends alike also where keys and records are few", "[state][replica][hostile]") {
  using tiny = state::replica<plant, other_tight>;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    tiny a = make<tiny>(1);
    tiny b = make<tiny>(2);
    // Frames of two actors that are careless with names: every event may come with any content under any key.
    for (int i = 0; i < 8; ++i) {
      tiny& at = skerry::uniform_below(rng, 2) == 0 ? a : b;
      const state::actor& who = skerry::uniform_below(rng, 2) == 0 ? stranger : another;
      const std::uint64_t n = 1 + skerry::uniform_below(rng, 4);
      forged_frame frame;
      frame.covers(who, n, n);
      const std::string key{"mode/" + std::to_string(skerry::uniform_below(rng, 3))};
      if (skerry::uniform_below(rng, 8) > 0) {
        frame.write<mode>(key, who, n, {1 + skerry::uniform_below(rng, 2), 0}, skerry::uniform_below(rng, 2));
      }
      const auto before = bytes_of(at);
      const auto taken = at.accept(frame.bytes(), 0);
      if (!taken) {
        REQUIRE(taken.error() == errc::full);
        REQUIRE(bytes_of(at) == before);
      }
      REQUIRE(at.store().key_count() <= at.store().record_count());
    }
    const tiny old_a = a;
    const bool to_a = static_cast<bool>(a.join(b));
    const bool to_b = static_cast<bool>(b.join(old_a));
    if (to_a && to_b) {
      REQUIRE(bytes_of(a) == bytes_of(b));
      tiny again = a;
      REQUIRE(again.join(b));
      REQUIRE(bytes_of(again) == bytes_of(a));
    }
  }
}

TEST_CASE("one event twice in one frame leaves one record", "[state][replica][hostile]") {
  auto a = make<small>(1);
  const auto frame = forged_frame{}
                         .covers(stranger, 1, 1)
                         .write<mode>("mode/1", stranger, 1, {1, 0}, 7)
                         .write<mode>("mode/2", stranger, 1, {1, 0}, 8)
                         .bytes();
  REQUIRE(a.accept(frame, 0));
  CHECK(a.store().record_count() == 1);
  CHECK(a.store().key_count() == 1);
  auto b = make<small>(2);
  REQUIRE(b.accept(bytes_of(a), 0));
  REQUIRE(b.accept(frame, 0));
  CHECK(bytes_of(a) == bytes_of(b));
}

TEST_CASE("names that cannot be are corrupt, and change nothing", "[state][replica][hostile]") {
  // Bytes by hand: the writer would not write them. One run of one event, no keys.
  const auto frame = [](std::vector<int> runs) {
    std::vector<std::byte> bytes{std::byte{0x13}, std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}};
    for (const int b : runs) {
      bytes.push_back(static_cast<std::byte>(b));
    }
    bytes.push_back(std::byte{0});  // no keys
    const std::uint32_t crc = skerry::crc32c(bytes);
    for (int i = 0; i < 4; ++i) {
      bytes.push_back(static_cast<std::byte>(crc >> (8 * i)));
    }
    return bytes;
  };
  // runs, name 0 = literal, id, generation, nonce, first, length
  const std::vector<int> who{0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0};
  const auto with = [&who](std::vector<int> head, std::vector<int> tail) {
    head.insert(head.end(), who.begin(), who.end());
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
  };
  auto a = make<small>(1);
  REQUIRE(a.accept(frame(with({1}, {3, 1})), 0));
  const auto before = bytes_of(a);
  CHECK(a.accept(frame(with({1}, {0, 1})), 0).error() == errc::corrupt);                 // event 0
  CHECK(a.accept(frame(with({1}, {3, 0})), 0).error() == errc::corrupt);                 // an empty run
  CHECK(a.accept(frame(with({2}, {3, 2, 1, 4, 1})), 0).error() == errc::corrupt);        // overlapping
  CHECK(a.accept(frame(with({2}, {3, 2, 1, 5, 1})), 0).error() == errc::corrupt);        // touching: not the one form of that set
  CHECK(a.accept(frame(with({2}, {7, 1, 1, 2, 1})), 0).error() == errc::corrupt);        // out of order
  CHECK(a.accept(frame(with({1}, {0x83, 0, 1})), 0).error() == errc::corrupt);           // not the shortest form of 3
  CHECK(a.accept(frame({1, 2, 3, 1}), 0).error() == errc::corrupt);                      // the sender, but there is none
  CHECK(a.accept(frame({1, 1, 3, 1}), 0).error() == errc::corrupt);                      // the one before, but there is none
  CHECK(a.accept(frame({0xff, 0xff, 0xff, 0xff, 0x0f}), 0).error() == errc::truncated);  // more runs than bytes
  std::vector<int> beyond{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2};   // two events from the last one on
  CHECK(a.accept(frame(with({1}, beyond)), 0).error() == errc::corrupt);
  CHECK(bytes_of(a) == before);
}

TEST_CASE("a frame of more runs than there is room for says that runs are lacking", "[state][replica]") {
  using tiny = state::replica<plant, other_tight>;
  auto a = make<tiny>(1);
  forged_frame runs;
  for (std::uint64_t n = 1; n <= 9; ++n) {
    runs.covers(stranger, 2 * n, 2 * n);
  }
  CHECK(a.accept(runs.bytes(), 0).error() == errc::full);
  CHECK(a.lacking() == state::resource::ranges);
  forged_frame actors;
  for (std::uint32_t i = 1; i <= 5; ++i) {
    actors.covers({0x77, i, 5}, 1, 1);
  }
  CHECK(a.accept(actors.bytes(), 0).error() == errc::full);
  CHECK(a.lacking() == state::resource::actors);
}

TEST_CASE("a frame that does not fit still tells a node that its past is in doubt", "[state][replica][trap]") {
  // The refusal threw away what the frame proved: that somebody knows later events of this node. The next write took one of
  // their numbers for another event.
  using tiny = state::replica<plant, other_tight>;
  auto a = make<tiny>(1);
  const state::actor before = a.self();
  forged_frame full;
  full.covers(before, 1, 5);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    full.write<mode>("mode/1", before, n, {1, 0}, static_cast<std::int64_t>(n));
  }
  REQUIRE(a.accept(full.bytes(), 0).error() == errc::full);
  CHECK(a.counters().amnesia == 1);
  CHECK(a.self() == before);
  REQUIRE(a.write<mode>(1, wall_ms{1}, 1));
  CHECK(a.self() != before);
}

TEST_CASE("my own events from the future mean a new life, also the last one of all", "[state][replica][hostile]") {
  for (const std::uint64_t n : {std::uint64_t{3}, most - 9, most}) {
    CAPTURE(n);
    auto a = make<small>(1);
    REQUIRE(a.inc<stock>(2));
    const state::actor before = a.self();
    REQUIRE(a.accept(forged_frame{}.covers(before, n, n).bytes(), 0).value().verdict == state::detection::amnesia_or_clone);
    REQUIRE(a.inc<stock>(3));
    CHECK(a.self() != before);
    CHECK(a.read<stock>().value() == 5);
    auto b = make<small>(2);
    REQUIRE(b.accept(bytes_of(a), 0));
    CHECK(bytes_of(a) == bytes_of(b));
  }
}

TEST_CASE("a node that writes and seldom listens does not take the time in between for the time since", "[state][replica]") {
  // `accept` added the time since the last `accept` to the reading of the last write, although that reading was taken in between:
  // after a day of writing, a stamp from tomorrow was welcome.
  constexpr std::uint32_t hour = 3'600'000;
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{today}));
  REQUIRE(a.accept(copy(b.inc<stock>(1).value().bytes()), 1));
  for (std::uint32_t h = 1; h <= 24; ++h) {
    REQUIRE(a.write<recipe>(1, wall_ms{today + std::uint64_t{h} * hour / 2}));
  }
  auto fast = make<small>(3);
  const auto ahead = copy(fast.write<recipe>(2, wall_ms{today + 12 * std::uint64_t{hour} + 600'000}).value().bytes());
  CHECK(a.accept(ahead, 12 * hour).value().quarantined == 1);
  CHECK(a.accept(ahead, 12 * hour + 600'000).value().added == 1);
}

TEST_CASE("a month of silence does not stop the clock of a node whose counter wraps in seven weeks", "[state][replica]") {
  // A distance of more than half the counter's range looks like a step back. The last instant then stayed where it was, and no
  // time passed for the next three weeks.
  constexpr std::uint32_t day = 86'400'000;
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{today}));
  REQUIRE(a.accept(copy(b.inc<stock>(1).value().bytes()), 30 * day));
  REQUIRE(a.write<recipe>(1, wall_ms{today + 5}));
  const auto later = copy(b.write<recipe>(2, wall_ms{today + day}).value().bytes());
  CHECK(a.accept(later, 31 * day));
}

TEST_CASE("a clock that jumped is believed again when a peer has the same time", "[state][replica]") {
  // The page said so and the clock could do it, but the replica never asked it to.
  auto a = make<small>(1);
  auto b = make<small>(2);
  REQUIRE(a.write<recipe>(1, wall_ms{today}));
  REQUIRE(a.write<recipe>(2, wall_ms{today + 86'400'000}));  // a night without a write or a frame
  REQUIRE(a.clock().last().ms() == today);
  REQUIRE(a.accept(copy(b.write<recipe>(3, wall_ms{today + 86'400'100}).value().bytes()), 200));
  REQUIRE(a.write<recipe>(4, wall_ms{today + 86'400'300}));
  CHECK(a.clock().last().ms() == today + 86'400'300);
}

TEST_CASE("when no later stamp is left, a write is refused instead of being refused by everybody else", "[state][replica][hostile]") {
  auto a = make<small>(1);  // has never read a wall clock, so it believes any stamp but the last
  const state::stamp near{state::stamp::greatest_ms, 0xfffe};
  REQUIRE(a.accept(forged_frame{}.covers(stranger, 1, 1).write<recipe>("recipe", stranger, 1, near, 7).bytes(), 0));
  const auto before = bytes_of(a);
  CHECK(a.write<recipe>(8, wall_ms{today}).error() == errc::clock_ahead);
  CHECK(bytes_of(a) == before);
  CHECK(a.clock().last() == near);
  REQUIRE(a.inc<stock>(1));  // counters do not care about time
}
