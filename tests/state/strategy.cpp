// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/contribution.hpp>
#include <skerry/state/strategy.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using skerry_test::bytes_of;
using state::strategy;

namespace {

struct pressure {
  static constexpr state::path at{"pressure/{line}"};
  using policy = state::one_of<state::lww<double>, state::mean_of<double>, state::keep_both<double>>;
};
struct pieces {
  static constexpr state::path at{"pieces"};
  using policy = state::one_of<state::lww<std::int64_t>, state::pn_counter>;
};
struct fixed_pressure {  // the same path with one of the policies written into the schema
  static constexpr state::path at{"pressure/{line}"};
  using policy = state::mean_of<double>;
};
using open_schema = state::schema<pressure, pieces, skerry_test::setpoint>;
using fixed_schema = state::schema<fixed_pressure, skerry_test::setpoint>;
struct limits : state::limits::firmware {
  static constexpr std::size_t payload_bytes = 48;
};
using node = state::replica<open_schema, limits>;
using fixed_node = state::replica<fixed_schema, limits>;

struct both {
  std::vector<state::record_view> all;
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& r : all) {
      f(r);
    }
  }
};

constexpr wall_ms now{1767225600000};

node chosen(std::uint64_t id, strategy s) {
  node r = skerry_test::make<node>(id);
  REQUIRE(r.choose<pressure>(s));
  return r;
}

}  // namespace

TEST_CASE("configurations speak three words", "[state][strategy]") {
  for (const strategy s : {strategy::last_write_wins, strategy::merge, strategy::eventual}) {
    CHECK(state::strategy_from(state::to_string(s)).value() == s);
  }
  for (const std::string_view word : {"", "none", "lww", "Merge", "merge ", "last-write-wins"}) {
    CAPTURE(word);
    CHECK(state::strategy_from(word).error() == errc::absent);
  }
}

TEST_CASE("before the choice no verb is taken, and afterwards those of the chosen policy", "[state][strategy]") {
  node r = skerry_test::make<node>(1);
  const auto before = bytes_of(r);
  CHECK(r.write<pressure>(1.0, now, 1).error() == errc::mismatch);
  CHECK(r.contribute<pressure>({1}, 1.0, 1, now, 1).error() == errc::mismatch);
  CHECK(bytes_of(r) == before);
  REQUIRE(r.choose<pressure>(strategy::merge));
  CHECK(r.write<pressure>(1.0, now, 1).error() == errc::mismatch);
  REQUIRE(r.contribute<pressure>({1}, 1.0, 1, now, 1));
  REQUIRE(r.contribute<pressure>({2}, 4.0, 2, now, 1));
  CHECK(r.read<pressure>(1).value() == 3.0);
  CHECK(r.explain("pressure/1").policy == state::kinds::mean_of);
  CHECK(r.explain("pressure/1").why == state::why::fold);
}

TEST_CASE("a choice is made once and for ever, and others have theirs", "[state][strategy]") {
  node r = chosen(1, strategy::eventual);
  CHECK(r.choose<pressure>(strategy::eventual));
  CHECK(r.choose<pressure>(strategy::merge).error() == errc::mismatch);
  CHECK(r.choose<pressure>(strategy::last_write_wins).error() == errc::mismatch);
  CHECK(r.choose<pieces>(strategy::eventual).error() == errc::unsupported);
  REQUIRE(r.choose<pieces>(strategy::merge));
  REQUIRE(r.inc<pieces>(3));
  REQUIRE(r.dec<pieces>(1));
  CHECK(r.write<pieces>(9, now).error() == errc::mismatch);
  CHECK(r.read<pieces>().value() == 2);
}

TEST_CASE("what stands there chooses too: a node that comes up with another word is refused", "[state][strategy]") {
  node a = chosen(1, strategy::last_write_wins);
  REQUIRE(a.write<pressure>(1.0, now, 1));
  node b = skerry_test::make<node>(2);
  REQUIRE(b.accept(bytes_of(a), 0));
  CHECK(b.read<pressure>(1).value() == 1.0);
  CHECK(b.choose<pressure>(strategy::merge).error() == errc::mismatch);
  CHECK(b.choose<pressure>(strategy::last_write_wins));
}

TEST_CASE("nodes that chose differently refuse each other's frames and stay as they were", "[state][strategy]") {
  node a = chosen(1, strategy::last_write_wins);
  node b = chosen(2, strategy::eventual);
  REQUIRE(a.write<pressure>(1.0, now, 1));
  REQUIRE(b.write<pressure>(2.0, now, 1));
  const auto before = bytes_of(b);
  CHECK(b.accept(bytes_of(a), 0).error() == errc::mismatch);
  CHECK(b.join(a).error() == errc::mismatch);
  CHECK(bytes_of(b) == before);
  CHECK(a.accept(before, 0).error() == errc::mismatch);
}

TEST_CASE("the three words do what they say to two writers that could not hear each other", "[state][strategy]") {
  const strategy s = GENERATE(strategy::last_write_wins, strategy::merge, strategy::eventual);
  CAPTURE(state::to_string(s));
  node a = chosen(1, s);
  node b = chosen(2, s);
  if (s == strategy::merge) {
    REQUIRE(a.contribute<pressure>({1}, 1.0, 1, now, 1));
    REQUIRE(b.contribute<pressure>({2}, 2.0, 1, wall_ms{now.value + 5}, 1));
  } else {
    REQUIRE(a.write<pressure>(1.0, now, 1));
    REQUIRE(b.write<pressure>(2.0, wall_ms{now.value + 5}, 1));
  }
  REQUIRE(a.join(b));
  REQUIRE(b.join(a));
  CHECK(bytes_of(a) == bytes_of(b));
  CHECK(a.read<pressure>(1).value() == (s == strategy::merge ? 1.5 : 2.0));
  CHECK(a.siblings<pressure>(1).size() == (s == strategy::eventual ? 2 : 0));
  // A path that may hold contributions is never removed, so of writes the winner alone is kept.
  CHECK(a.explain("pressure/1").why == (s == strategy::merge      ? state::why::fold
                                        : s == strategy::eventual ? state::why::siblings
                                                                  : state::why::only_one));
}

TEST_CASE("a path with a choice is on the wire as if its policy were in the schema", "[state][strategy]") {
  node a = chosen(1, strategy::merge);
  fixed_node b = skerry_test::make<fixed_node>(1);
  REQUIRE(a.contribute<pressure>({7}, 1.25, 1, now, 3));
  REQUIRE(b.contribute<fixed_pressure>({7}, 1.25, 1, now, 3));
  CHECK(bytes_of(a) == bytes_of(b));
  fixed_node c = skerry_test::make<fixed_node>(2);
  REQUIRE(c.accept(bytes_of(a), 0));
  CHECK(c.read<fixed_pressure>(3).value() == 1.25);
}

TEST_CASE("a copy has the choices of its original", "[state][strategy]") {
  node a = chosen(1, strategy::eventual);
  node b = a;
  CHECK(b.choose<pressure>(strategy::merge).error() == errc::mismatch);
  skerry::splitmix64 rng{9};
  REQUIRE(b.as_new_life(rng));
  CHECK(b.write<pressure>(1.0, now, 1));
}

TEST_CASE("of a key that two nodes began differently before either chose, all read the same", "[state][strategy]") {
  node a = chosen(1, strategy::last_write_wins);
  node b = chosen(2, strategy::merge);
  REQUIRE(a.write<pressure>(1.0, now, 1));
  REQUIRE(b.contribute<pressure>({1}, 2.0, 1, now, 1));
  node undecided = skerry_test::make<node>(3);
  REQUIRE(undecided.join(a));
  CHECK(undecided.join(b).error() == errc::mismatch);  // the key has begun
  using policy = pressure::policy;
  both there;
  const auto list = [&there](const node& n) {
    n.store().for_each_key([&](auto slot) { n.store().records(slot).for_each([&](const auto& r) { there.all.push_back(r); }); });
  };
  list(a);
  list(b);
  CHECK(policy::read(there).value() == 2.0);
  std::swap(there.all[0], there.all[1]);
  CHECK(policy::read(there).value() == 2.0);
}
