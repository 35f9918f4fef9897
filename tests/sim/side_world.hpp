// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "sim/sim.hpp"

#include <skerry/testing/shrink.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skerry_sim {

/// One step of a world beside that of `replica_world`: what it is, and two numbers that the world makes something of.
struct side_event {
  std::uint8_t what = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};
struct side_script {
  std::uint64_t seed = 0;
  std::vector<side_event> events{};
};

/// A type W is a side world when `W::make(seed)` makes a script, `w.run(script)` says what was wrong (nothing: empty), the same for the
/// same script, `W::action_name(what)` and `W::name` name things, and `w.met()` says how often the hard cases came about.
template <typename World>
[[nodiscard]] side_outcome explore_side(std::uint64_t first, std::uint64_t histories, bool stop) {
  const auto w = std::make_unique<World>();
  side_outcome o;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    side_script script = World::make(seed);
    ++o.histories;
    const std::string why = w->run(script);
    if (why.empty()) {
      continue;
    }
    if (o.alarms.size() < outcome::most_alarms) {
      o.alarms.push_back({seed, why});
    }
    if (++o.found == 1) {
      script.events = skerry::testing::shrink(script.events, [&](const std::vector<side_event>& events) {
        return w->run({seed, events}) == why;
      });
      o.first_events = script.events.size();
      o.first_text = std::string{World::name} + " seed " + std::to_string(seed) + ": " + why + "\n";
      for (const side_event& e : script.events) {
        o.first_text += std::string{World::action_name(e.what)} + " " + std::to_string(e.a) + " " + std::to_string(e.b) + "\n";
      }
    }
    if (stop) {
      return o;
    }
  }
  o.met = std::string{World::name} + ": " + w->met();
  return o;
}

}  // namespace skerry_sim
