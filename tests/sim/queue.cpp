// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// Histories of operations that wait for a server.
#include "sim/queue_world.hpp"
#include "sim/sim.hpp"

namespace skerry_sim {

queue_outcome explore_queues(std::uint64_t first, std::uint64_t histories, bool stop) {
  queue_world w;
  queue_outcome o;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    const queue_script script = make_queue_script(seed, 120);
    ++o.histories;
    if (const std::string why = w.run(script); why.empty()) {
      continue;
    }
    if (++o.found == 1) {
      const queue_script small = w.shrunk(script);
      o.first_seed = seed;
      o.first_events = small.events.size();
      o.first_text = w.run(small) + "\n" + queue_world::text_of(small);
    }
    if (stop) {
      return o;
    }
  }
  const queue_world::met& m = w.totals();
  o.met = "queues: effects=" + std::to_string(m.effects) + " repeats=" + std::to_string(m.repeats) + " gaps=" + std::to_string(m.gaps) +
          " lost_and_said_so=" + std::to_string(m.lost_to_gaps) + " overwritten=" + std::to_string(m.coalesced) +
          " dropped=" + std::to_string(m.dropped) + " crashes=" + std::to_string(m.crashes) + " epochs=" + std::to_string(m.epochs) +
          " mismatched=" + std::to_string(m.mismatched);
  return o;
}

}  // namespace skerry_sim
