// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of replicas that talk through links.
#include "sim/explore.hpp"
#include "sim/linked_board.hpp"
#include "sim/plant_schema.hpp"

#include <skerry/testing/link_world.hpp>

namespace skerry_sim {

using namespace skerry::testing;

namespace {
struct link_limits : small_limits {
  static constexpr std::size_t links_max = 4;
};
using world = link_world<linked_board<state::replica<plant<as_it_is>::schema, link_limits>>>;
}  // namespace

outcome explore_links(std::uint64_t first, std::uint64_t histories, const sim_options& options, bool stop) {
  const auto w = std::make_unique<world>();
  sim_options mine = options;
  mine.nodes = std::min<std::size_t>(options.nodes, link_limits::links_max + 1);
  mine.faults = stop ? 0 : mine.faults;  // what the defects of links cost is seen where nothing is lost
  outcome o = explore_in(*w, first, histories, mine, stop);
  const link_totals& t = w->links();
  const auto per = [](std::uint64_t a, std::uint64_t b) {
    return std::to_string(b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b));
  };
  o.totals = w->totals();
  o.met = "links: histories=" + std::to_string(o.histories) + " converged=" + std::to_string(o.totals.converged) +
          " unfinished=" + std::to_string(o.totals.unfinished) + " contacts=" + std::to_string(t.contacts) +
          " frames=" + std::to_string(t.frames) + " bytes=" + std::to_string(t.bytes) + " added=" + std::to_string(t.added) +
          " seen=" + std::to_string(t.seen) + " stale=" + std::to_string(t.stale) + " gaps=" + std::to_string(t.gaps) +
          " rounds=" + std::to_string(t.rounds) + "\n  loss-free: histories=" + std::to_string(t.loss_free) +
          " added=" + std::to_string(t.loss_free_added) + " seen=" + std::to_string(t.loss_free_seen) +
          " bytes_per_record=" + per(t.loss_free_bytes, t.loss_free_added);
  return o;
}

}  // namespace skerry_sim
