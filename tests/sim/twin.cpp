// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of devices and their cloud twins.
#include "sim/planted.hpp"
#include "sim/sim.hpp"
#include "sim/twin_world.hpp"

#include <skerry/testing/shrink.hpp>

namespace skerry_sim {

side_outcome explore_twins(std::uint64_t first, std::uint64_t histories, bool stop) {
  const bool ignores_restart = on(defect::twin_version_restart_ignored);
  const auto fails = [ignores_restart](const std::vector<twin_event>& events) { return !twin_world::run(events, ignores_restart).empty(); };
  side_outcome o;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    const std::vector<twin_event> events = twin_world::history(seed, 100);
    ++o.histories;
    if (!fails(events)) {
      continue;
    }
    if (++o.found == 1) {
      const std::vector<twin_event> small = skerry::testing::shrink(events, fails);
      o.first_events = small.size();
      o.first_text =
          "twin seed " + std::to_string(seed) + ": " + twin_world::run(small, ignores_restart) + "\n" + twin_world::text_of(small);
    }
    if (stop) {
      return o;
    }
  }
  o.met = "twin:";
  return o;
}

}  // namespace skerry_sim
