// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// The library with one defect planted.
#include "sim/explore.hpp"
#include "sim/planted_board.hpp"

namespace skerry_sim {

using namespace skerry::testing;

namespace {
using world = replica_world<planted_board<state::replica<plant<as_planted>::schema, small_limits>>>;
}

bool plant_defect(std::string_view name) {
  for (std::size_t i = 0; i < defect_names.size(); ++i) {
    if (defect_names[i] == name) {
      planted = static_cast<defect>(i);
      return true;
    }
  }
  planted = defect::none;
  return name == "none";
}
outcome explore_planted(std::uint64_t first, std::uint64_t histories, const sim_options& options) {
  world w;
  return explore_in(w, first, histories, options, true);
}
outcome explore_small(std::uint64_t first, std::uint64_t histories, const sim_options& options) {
  world w;
  outcome o = explore_in(w, first, histories, options, false);
  o.totals = w.totals();
  return o;
}
outcome replay_planted(const sim_script& script) {
  world w;
  return replay_in(w, script);
}

}  // namespace skerry_sim
