// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/shrink.hpp>
#include <skerry/testing/sim_script.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skerry::inline v0::testing::detail {

/// A shorter script that fails as well: first without faults, then without events, without nodes, and without waiting.
template <typename Fails>
[[nodiscard]] sim_script shrink_script(sim_script script, Fails&& fails) {
  for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
    sim_script without = script;
    without.faults &= ~(std::uint32_t{1} << f);
    if (without.faults != script.faults && fails(without)) {
      script = without;
    }
  }
  const auto fewer_events = [&] {
    script.events = shrink(script.events, [&](const std::vector<sim_event>& events) {
      sim_script s = script;
      s.events = events;
      return fails(s);
    });
  };
  fewer_events();
  while (script.nodes > 1) {
    sim_script without = script;
    --without.nodes;
    std::erase_if(without.events, [&](const sim_event& e) { return e.node >= without.nodes || e.peer >= without.nodes; });
    if (!fails(without)) {
      break;
    }
    script = without;
  }
  for (std::size_t i = 0; i < script.events.size(); ++i) {
    sim_script sooner = script;
    sooner.events[i].wait = 0;
    script = fails(sooner) ? sooner : script;
  }
  fewer_events();
  return script;
}

}  // namespace skerry::inline v0::testing::detail
