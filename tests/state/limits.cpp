// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/limits.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

static_assert(state::replica_limits<state::limits::firmware>);
static_assert(state::replica_limits<state::limits::gateway>);
static_assert(state::replica_limits<state::limits::region>);
static_assert(state::unordered_links::promise < state::fifo_links::promise && state::fifo_links::promise < state::causal_links::promise);

namespace {

struct without_time : state::limits::firmware {
  using time = void;
};
static_assert(!state::replica_limits<without_time> && !state::replica_limits<int>);

// The least that can be: one writer, one key, one record, no gaps.
struct least {
  using time = std::uint16_t;
  using links = state::unordered_links;
  static constexpr std::size_t actors = 1, keys = 1, records = 1, ranges = 0;
  static constexpr std::size_t members = 1, links_max = 1, log_bytes = 96, payload_bytes = 10, key_bytes = 1;
};
static_assert(state::replica_limits<least> && least::members == 1 && least::links_max == 1);

struct short_log : state::limits::firmware {
  static constexpr std::size_t log_bytes = 20;
};

struct level {
  static constexpr state::path at{"level/{tank}"};
  using policy = state::lww<std::int32_t>;
};

}  // namespace

TEST_CASE("a replica of one writer, one key and one record works until something else is asked of it", "[state][limits]") {
  using tiny = state::replica<state::schema<level>, least>;
  auto a = make<tiny>(1);
  REQUIRE(a.write<level>(1, wall_ms{1}, 7));
  REQUIRE(a.write<level>(2, wall_ms{1}, 7));  // takes the place of the first
  CHECK(a.read<level>(7).value() == 2);
  CHECK(a.write<level>(3, wall_ms{1}, 8).error() == errc::full);
  CHECK(a.lacking() == state::resource::records);
  CHECK(a.write<level>(3, wall_ms{1}, 10).error() == errc::full);  // two digits
  CHECK(a.lacking() == state::resource::bytes);
  REQUIRE(a.remove<level>(7));
  REQUIRE(a.write<level>(3, wall_ms{1}, 8));
  const auto before = bytes_of(a);
  auto b = make<tiny>(2);
  CHECK(a.accept(copy(b.write<level>(1, wall_ms{1}, 8).value().bytes()), 0).error() == errc::full);
  CHECK(a.lacking() == state::resource::actors);
  CHECK(bytes_of(a) == before);
  // A new life is another writer: there is no room for it, and the old one may not go on.
  REQUIRE(a.restored());
  CHECK(a.write<level>(4, wall_ms{1}, 8).error() == errc::full);
  CHECK(a.read<level>(8).value() == 3);
}

TEST_CASE("a replica whose log is too short for a delta refuses the operation", "[state][limits]") {
  using r = state::replica<state::schema<level>, short_log>;
  auto a = make<r>(1);
  CHECK(a.write<level>(1, wall_ms{1}, 7).error() == errc::full);
  CHECK(a.lacking() == state::resource::bytes);
  CHECK(a.store().record_count() == 0);
  CHECK(a.counters().operations == 0);
}
