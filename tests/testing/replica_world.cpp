// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// The simulator over a schema of a user's own, with texts as values. What it finds of planted defects: skerry_sim.
#include <skerry/core/inplace_string.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/sets.hpp>
#include <skerry/testing/replica_world.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace skerry::testing;
namespace state = skerry::state;

namespace {

struct label {
  static constexpr state::path at{"label/{door}"};
  using policy = state::keep_both<skerry::inplace_string<12>>;
};
struct badges {
  static constexpr state::path at{"badges"};
  using policy = state::aw_set<skerry::inplace_string<6>, 8>;
};
using doors = state::schema<label, badges>;
/// A frame from the future is refused as a whole: what a frame of which a part is held aside has told, a world cannot know.
struct limits : state::limits::firmware {
  static constexpr std::size_t quarantine = 0;
};
using replica = state::replica<doors, limits>;

/// A board that forgets to tell the others what it removed.
template <typename Replica>
class quiet_board : public replica_board<Replica> {
 public:
  [[nodiscard]] skerry::result<state::receipt> accept(std::span<const std::byte> frame, typename Replica::instant_t now) {
    frame_edit edit;
    if (edit.read(frame) && edit.records.empty() && !edit.covers.empty()) {
      return state::receipt{};
    }
    return replica_board<Replica>::accept(frame, now);
  }
};

}  // namespace

TEST_CASE("replicas of a schema of one's own survive two hundred histories", "[testing][replica_world]") {
  replica_world<replica_board<replica>> world;
  sim_options options;
  options.nodes = 3;
  options.events = 60;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const sim_verdict v = world.run(world.script_of(seed, options));
    INFO("seed " << seed << ": " << v.why);
    REQUIRE(v.what == sim_finding::none);
  }
  CHECK(world.totals().answers.siblings > 100);
  CHECK(world.totals().new_lives > 10);
  CHECK(world.totals().converged > 150);
}

TEST_CASE("the same script gives the same trace, and another seed another one", "[testing][replica_world]") {
  replica_world<replica_board<replica>> world;
  const auto trace = [&world](std::uint64_t seed) { return world.run(world.script_of(seed, {})).trace; };
  CHECK(trace(5) == trace(5));
  CHECK(trace(5) != trace(6));
}

TEST_CASE("a board that ignores removals is found out, and the script shrinks to what it takes", "[testing][replica_world]") {
  replica_world<quiet_board<replica>> world;
  sim_options options;
  options.nodes = 3;
  options.events = 60;
  options.faults = 0;
  std::uint64_t seed = 1;
  while (seed < 50 && world.run(world.script_of(seed, options)).what == sim_finding::none) {
    ++seed;
  }
  REQUIRE(seed < 50);
  const sim_script small = world.shrunk(world.script_of(seed, options));
  INFO(world.text_of(small));
  CHECK(small.events.size() <= 4);
  CHECK(world.run(small).what == sim_finding::resurrected);
  const auto again = parse_script(world.text_of(small));
  REQUIRE(again);
  CHECK(world.run(again.value()).why == world.run(small).why);
}
