// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/quick_join.hpp>

#include <skerry/core/random.hpp>

#include <skerry/state/sets.hpp>

#include <catch2/catch_test_macros.hpp>

#include "core/histories.hpp"
#include "state/plant.hpp"

#include <skerry/core/crc32c.hpp>

#include <cstring>
#include <type_traits>
#include <vector>

namespace state = skerry::state;
using namespace skerry_test;
using skerry::wall_ms;

namespace {

struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<std::uint32_t, 16>;
};
using schema = state::schema<setpoint, recipe, mode, starts, stock, alarms>;

// The same room but for one record: that decides whether operations in their turn have a way of their own.
template <std::size_t Records, std::size_t Links>
struct sized : roomy {
  static constexpr std::size_t records = Records;
  static constexpr std::size_t links_max = Links;
};
template <std::size_t Links>
using long_way = state::replica<schema, sized<128, Links>>;
template <std::size_t Links>
using quick_way = state::replica<schema, sized<129, Links>>;
static_assert(!long_way<1>::store_type::joins_quickly && quick_way<1>::store_type::joins_quickly);
static_assert(!state::detail::swift_write<long_way<1>>::exists && state::detail::swift_write<quick_way<1>>::exists);

struct tight : roomy {
  static constexpr std::size_t keys = 130;
  static constexpr std::size_t records = 130;
  static constexpr std::size_t links_max = 0;
};
struct tight_with_link : tight {
  static constexpr std::size_t links_max = 1;
};
struct tighter : tight {
  static constexpr std::size_t records = 128;
};

template <typename Replica>
std::vector<std::byte> operation(Replica& r, skerry::pcg32& random, std::uint64_t wall) {
  const auto line = skerry::uniform_below(random, 4);
  skerry::result<state::delta_view> done{skerry::errc::absent};
  switch (skerry::uniform_below(random, 9)) {
    case 0: done = r.template write<setpoint>(static_cast<double>(wall) / 8, wall_ms{wall}, line); break;
    case 1: done = r.template write<recipe>(static_cast<std::int32_t>(wall), wall_ms{wall}); break;
    case 2: done = r.template write<mode>(static_cast<std::int64_t>(wall), wall_ms{wall}, line); break;
    case 3: done = r.template inc<starts>(1 + line, line, 7); break;
    case 4: done = r.template dec<stock>(1 + line); break;
    case 5: done = r.template add<alarms>(line); break;
    case 6: done = r.template remove<alarms>(line); break;
    case 7: done = r.template remove<setpoint>(line); break;
    default: done = r.template clear<mode>(); break;
  }
  return done ? copy(done.value().bytes()) : std::vector<std::byte>{};
}

/// Some of its bytes are others; the checksum fits again, or does not.
std::vector<std::byte> damaged(std::vector<std::byte> frame, skerry::pcg32& random) {
  const auto body = static_cast<std::uint32_t>(frame.size() - 4);
  for (std::uint32_t times = skerry::uniform_below(random, 3); times < 3; ++times) {
    frame[skerry::uniform_below(random, body)] = static_cast<std::byte>(
        skerry::uniform_below(random, 2) == 0 ? skerry::uniform_below(random, 4) : skerry::uniform_below(random, 256));
  }
  if (skerry::uniform_below(random, 8) == 0) {
    frame.resize(skerry::uniform_below(random, body) + 4);
  }
  if (skerry::uniform_below(random, 8) != 0) {
    skerry::byte_writer out{std::span{frame}.last(4)};
    out.u32(skerry::crc32c(std::span{frame}.first(frame.size() - 4)));
  }
  return frame;
}

template <typename A, typename B>
void require_equal(const A& slow, const B& quick) {
  REQUIRE(bytes_of(slow) == bytes_of(quick));
  REQUIRE(slow.store().arrivals() == quick.store().arrivals());
  REQUIRE(slow.clock().last() == quick.clock().last());
  REQUIRE(slow.in_doubt() == quick.in_doubt());
  REQUIRE(slow.waiting() == quick.waiting());
  const state::replica_counters& x = slow.counters();
  const state::replica_counters& y = quick.counters();
  REQUIRE(x.frames_accepted == y.frames_accepted);
  REQUIRE(x.records_added == y.records_added);
  REQUIRE(x.records_seen == y.records_seen);
  REQUIRE(x.records_removed == y.records_removed);
  REQUIRE(x.overruled == y.overruled);
  REQUIRE(x.clones == y.clones);
  REQUIRE(x.amnesia == y.amnesia);
}

template <std::size_t Links>
void compare_damaged(std::uint64_t seed) {
  CAPTURE(seed, Links);
  skerry::pcg32 random{seed};
  auto writer = make<quick_way<Links>>(1, seed);
  auto other = make<quick_way<Links>>(2, seed);
  auto slow = make<long_way<Links>>(9, seed);
  auto quick = make<quick_way<Links>>(9, seed);
  for (std::uint64_t step = 0; step < 200; ++step) {
    auto& from = skerry::uniform_below(random, 2) == 0 ? writer : other;
    const auto frame = operation(from, random, 1'790'000'000'000 + step * 100);
    if (frame.empty()) {
      continue;
    }
    const auto now = static_cast<std::uint32_t>(step);
    const auto bad = damaged(frame, random);
    const auto a = slow.accept(bad, now);
    const auto b = quick.accept(bad, now);
    REQUIRE(a.error() == b.error());
    if (skerry::uniform_below(random, 2) == 0) {
      REQUIRE(slow.accept(frame, now).error() == quick.accept(frame, now).error());
      (void)(skerry::uniform_below(random, 2) == 0 ? writer : other).accept(frame, now);
    }
    if (skerry::uniform_below(random, 8) == 0) {
      skerry::pcg32 same = random;
      const auto mine = operation(slow, random, 1'790'000'000'000 + step * 100);
      REQUIRE(mine == operation(quick, same, 1'790'000'000'000 + step * 100));
    }
    require_equal(slow, quick);
  }
}

template <std::size_t Links>
void compare(std::uint64_t seed) {
  CAPTURE(seed, Links);
  skerry::pcg32 random{seed};
  std::vector<quick_way<Links>> writers;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    writers.push_back(make<quick_way<Links>>(id, seed));
  }
  auto slow = make<long_way<Links>>(9, seed);
  auto quick = make<quick_way<Links>>(9, seed);
  std::vector<std::vector<std::byte>> sent;
  const std::uint32_t disorder = skerry::uniform_below(random, 4);  // 0: every frame in its turn
  for (std::uint64_t step = 0; step < 80; ++step) {
    auto& writer = writers[skerry::uniform_below(random, 3)];
    if (auto frame = operation(writer, random, 1'790'000'000'000 + step); !frame.empty()) {
      sent.push_back(std::move(frame));
    }
    if (sent.empty()) {
      continue;
    }
    const std::size_t late = disorder == 0 ? 0 : skerry::uniform_below(random, disorder * 2);
    const auto& frame = sent[sent.size() - 1 - (late < sent.size() ? late : 0)];
    const auto a = slow.accept(frame, 0);
    const auto b = quick.accept(frame, 0);
    REQUIRE(a);
    REQUIRE(b);
    REQUIRE(a.value().added == b.value().added);
    REQUIRE(a.value().seen == b.value().seen);
    REQUIRE(a.value().removed == b.value().removed);
    REQUIRE(a.value().verdict == b.value().verdict);
    require_equal(slow, quick);
    // The own operations, too, and what the writers hear of each other.
    if (skerry::uniform_below(random, 4) == 0) {
      skerry::pcg32 same = random;
      const auto mine = operation(slow, random, 1'790'000'000'000 + step);
      REQUIRE(mine == operation(quick, same, 1'790'000'000'000 + step));
    }
    if (skerry::uniform_below(random, 3) == 0) {
      REQUIRE(writers[skerry::uniform_below(random, 3)].accept(frame, 0));
    }
  }
  // What came out of order is here in the end.
  for (const auto& frame : sent) {
    REQUIRE(slow.accept(frame, 0));
    REQUIRE(quick.accept(frame, 0));
  }
  REQUIRE(bytes_of(slow) == bytes_of(quick));
  REQUIRE(slow.store().arrivals() == quick.store().arrivals());
}

}  // namespace

TEST_CASE("an operation that is joined the quick way leaves the same store as one that is joined the long way", "[state][store]") {
  for (std::uint64_t seed = 1; seed <= skerry_test::histories(60); ++seed) {
    compare<0>(seed);
    compare<2>(seed);
  }
}

TEST_CASE("a frame with wrong bytes in it is taken or refused alike the quick way and the long way", "[state][store]") {
  for (std::uint64_t seed = 1; seed <= skerry_test::histories(40); ++seed) {
    compare_damaged<0>(seed);
    compare_damaged<2>(seed);
  }
}

TEST_CASE("a full store refuses the same operation the quick way and the long way", "[state][store]") {
  using quick = state::replica<state::schema<setpoint>, tight>;
  using slow = state::replica<state::schema<setpoint>, tighter>;
  auto a = make<quick>(1);
  auto b = make<slow>(1);
  for (std::uint64_t i = 0; i < 130; ++i) {
    REQUIRE(a.write<setpoint>(1.0, wall_ms{i}, i));
    CHECK((b.write<setpoint>(1.0, wall_ms{i}, i).error() == skerry::errc::ok) == (i < 128));
  }
  CHECK(a.write<setpoint>(1.0, wall_ms{200}, 130).error() == skerry::errc::full);
  CHECK(a.lacking() == state::resource::records);
  CHECK(b.lacking() == state::resource::records);
  REQUIRE(a.write<setpoint>(2.0, wall_ms{201}, 7));  // in the place of another one
  REQUIRE(b.write<setpoint>(2.0, wall_ms{201}, 7));
  REQUIRE(a.remove<setpoint>(8));
  REQUIRE(a.write<setpoint>(1.0, wall_ms{202}, 130));
}

TEST_CASE("a join that is refused leaves every byte of the store as it was, also after a removal", "[state][store]") {
  using node = state::replica<state::schema<setpoint>, tight_with_link>;
  static_assert(std::is_trivially_copyable_v<node::store_type>);
  auto a = make<node>(1);
  auto b = make<node>(2);
  for (std::uint64_t i = 0; i < 130; ++i) {
    REQUIRE(a.write<setpoint>(1.0, wall_ms{i}, i));
  }
  REQUIRE(b.write<setpoint>(1.0, wall_ms{1}, 500));
  REQUIRE(b.write<setpoint>(1.0, wall_ms{2}, 501));
  REQUIRE(a.remove<setpoint>(8));
  std::vector<std::byte> before(sizeof(node::store_type));
  std::memcpy(before.data(), &a.store(), before.size());
  CHECK(a.accept(bytes_of(b), 0).error() == skerry::errc::full);
  CHECK(std::memcmp(before.data(), &a.store(), before.size()) == 0);
}
