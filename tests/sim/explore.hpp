// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/sim.hpp"

namespace skerry_sim {

inline void count(outcome& o, const skerry::testing::sim_verdict& v) {
  using skerry::testing::sim_finding;
  ++o.histories;
  o.divergent += v.what == sim_finding::divergent ? 1 : 0;
  o.lost += v.what == sim_finding::lost ? 1 : 0;
  o.resurrected += v.what == sim_finding::resurrected ? 1 : 0;
  o.broken += v.what == sim_finding::broken ? 1 : 0;
  o.trace = o.trace * 0x9e3779b97f4a7c15 + v.trace;
}

/// A script of more events than anybody wants to read is given up for a shorter one of a later finding, if there is one soon.
inline constexpr std::size_t legible_events = 20;
inline constexpr std::uint64_t later_findings = 6;

template <typename World>
void shorten(World& world, outcome& o, std::uint64_t seed, const skerry::testing::sim_options& options) {
  for (std::uint64_t more = 0; o.first_script.events.size() > legible_events && more < later_findings && seed < o.first_seed + 300;
       ++seed) {
    const skerry::testing::sim_script script = world.script_of(seed, options);
    if (world.run(script).what == skerry::testing::sim_finding::none) {
      continue;
    }
    ++more;
    const skerry::testing::sim_script small = world.shrunk(script);
    if (small.events.size() < o.first_script.events.size()) {
      o.first_script = small;
      o.first_why = world.run(small).why;
      o.first_text = world.text_of(small);
    }
  }
}

template <typename World>
[[nodiscard]] outcome explore_in(World& world, std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options,
                                 bool stop) {
  outcome o;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    const skerry::testing::sim_script script = world.script_of(seed, options);
    const skerry::testing::sim_verdict v = world.run(script);
    count(o, v);
    if (v.what == skerry::testing::sim_finding::none) {
      continue;
    }
    if (o.found() == 1) {
      o.totals = world.totals();
      o.first_seed = seed;
      o.first_script = world.shrunk(script);
      o.first_why = world.run(o.first_script).why;
      o.first_text = world.text_of(o.first_script);
    }
    if (stop) {
      shorten(world, o, seed + 1, options);
      return o;
    }
  }
  o.totals = world.totals();
  o.network = world.network();
  return o;
}

template <typename World>
[[nodiscard]] outcome replay_in(World& world, const skerry::testing::sim_script& script) {
  outcome o;
  const skerry::testing::sim_verdict v = world.run(script);
  count(o, v);
  o.first_seed = script.seed;
  o.first_why = v.why;
  o.first_script = script;
  o.first_text = world.text_of(script);
  o.totals = world.totals();
  return o;
}

}  // namespace skerry_sim
