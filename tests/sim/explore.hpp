// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/sim.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace skerry_sim {

inline constexpr std::uint64_t trace_factor = 0x9e3779b97f4a7c15;

inline void count(outcome& o, const skerry::testing::sim_verdict& v) {
  using skerry::testing::sim_finding;
  ++o.histories;
  o.divergent += v.what == sim_finding::divergent ? 1 : 0;
  o.lost += v.what == sim_finding::lost ? 1 : 0;
  o.resurrected += v.what == sim_finding::resurrected ? 1 : 0;
  o.broken += v.what == sim_finding::broken ? 1 : 0;
  o.trace = o.trace * trace_factor + v.trace;
}

/// Histories that come after those of `o`, as if they had been counted one by one.
inline void append(outcome& o, outcome& later) {
  if (o.found() == 0) {
    o.first_seed = later.first_seed;
    o.first_script = std::move(later.first_script);
    o.first_why = std::move(later.first_why);
    o.first_text = std::move(later.first_text);
  }
  for (const sighting& a : later.alarms) {
    o.note(a.seed, a.why);
  }
  o.histories += later.histories;
  o.divergent += later.divergent;
  o.lost += later.lost;
  o.resurrected += later.resurrected;
  o.broken += later.broken;
  for (std::uint64_t i = 0; i < later.histories; ++i) {
    o.trace *= trace_factor;
  }
  o.trace += later.trace;
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

/// stop     after the first finding
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
    o.note(seed, v.why);
    if (o.found() == 1) {
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
  return o;
}

/// The same on several threads, each with a world of its own. What comes out does not depend on their number.
template <typename World>
[[nodiscard]] outcome explore_by_threads(std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options,
                                         std::size_t threads) {
  constexpr std::uint64_t block = 100;
  const std::uint64_t blocks = (histories + block - 1) / block;
  std::vector<outcome> found(blocks);
  std::atomic<std::uint64_t> next{0};
  std::mutex one_at_a_time;
  outcome all;
  const auto work = [&] {
    const auto world = std::make_unique<World>();
    for (std::uint64_t b = next++; b < blocks; b = next++) {
      found[b] = explore_in(*world, first + b * block, std::min(block, histories - b * block), options, false);
    }
    const std::lock_guard lock{one_at_a_time};
    all.totals += world->totals();
    all.network += world->network();
  };
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t) {
    others.emplace_back(work);
  }
  work();
  for (std::thread& t : others) {
    t.join();
  }
  for (outcome& o : found) {
    append(all, o);
  }
  return all;
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
