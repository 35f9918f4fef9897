// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// The library as it is.
#include "sim/explore.hpp"
#include "sim/plant_schema.hpp"

namespace skerry_sim {

using namespace skerry::testing;

namespace {
using world = replica_world<replica_board<state::replica<plant<as_it_is>::schema, limits>>>;
}

outcome explore(std::uint64_t first, std::uint64_t histories, const sim_options& options, std::size_t threads) {
  return explore_by_threads<world>(first, histories, options, threads);
}
outcome replay(const sim_script& script) {
  world w;
  return replay_in(w, script);
}
sim_script script_of(std::uint64_t seed, const sim_options& options) { return world{}.script_of(seed, options); }
std::string text_of(const sim_script& script) { return world::text_of(script); }

std::string idle_faults(const outcome& o) {
  std::string names;
  for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
    if (o.totals.on[f] >= 100 && o.totals.bit[f] == 0) {
      names += (names.empty() ? "" : ",") + std::string{sim_fault_names[f]};
    }
  }
  return names;
}

}  // namespace skerry_sim
