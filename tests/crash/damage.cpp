// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// What is not a crash: bits that turn over, calls that fail.
#include "crash/world.hpp"

namespace skerry_crash {

namespace {

/// A log with a history: appends, acknowledgements, syncs, some segments; everything in it durable at the end.
bool fill(world& w, splitmix64& random, unsigned steps) {
  if (!w.open(false)) {
    return false;
  }
  for (unsigned i = 0; i < steps && w.good(); ++i) {
    (void)w.append(static_cast<std::uint16_t>(random() % streams));
    if (random() % 3 == 0) {
      w.deliver(true);
    }
    if (random() % 8 == 0) {
      (void)w.sync();
    }
  }
  return w.good() && static_cast<bool>(w.sync()) && static_cast<bool>(w.sync());
}

}  // namespace

tally explore_flips(std::uint64_t seed, std::uint64_t flips, plant defect, bool stop) {
  tally all;
  crash_disk damaged{1};
  for (std::uint64_t n = seed; all.points < flips; ++n) {
    world_options o;
    o.defect = defect;
    o.quota_items = 24;
    o.quota_bytes = 4000;
    world w{n * 4 + 1, o, all};
    splitmix64 random{n};
    if (!fill(w, random, 40 + static_cast<unsigned>(random() % 160))) {
      return all;
    }
    const auto names = w.disk.inner.names();
    const std::uint64_t here = std::min<std::uint64_t>(flips - all.points, 400);
    for (std::uint64_t i = 0; i < here; ++i) {
      const std::string& name = names[random() % names.size()];
      const auto bytes = w.disk.inner.content(name);
      std::size_t used = bytes.size() - 512;  // headers and records; behind the last one there is nothing to damage
      while (used > 512 && bytes[used - 1] == std::byte{0}) {
        --used;
      }
      const std::size_t at = random() % 16 == 0 ? bytes.size() - 512 + random() % 36 : random() % used;
      damaged.inner = w.disk.inner;
      damaged.inner.flip(name, at * 8 + random() % 8);
      w.verify_damaged(damaged, fmt::format("{} byte {}", name, at));
      if (!w.good()) {
        break;
      }
    }
    if (all.found() > 0 && (stop || all.found() > 20)) {
      break;
    }
  }
  return all;
}

tally explore_faults(std::uint64_t seed, std::uint64_t stories, plant defect, bool stop) {
  tally all;
  for (std::uint64_t n = seed; n < seed + stories; ++n) {
    for (std::size_t kind = 1; kind < call_fault_names.size(); ++kind) {
      for (std::uint64_t call = 1;; ++call) {
        world_options o;
        o.defect = defect;
        o.quota_items = 24;
        o.quota_bytes = 1500;
        // What fails once may leave an append that was refused, and a sync that failed leaves copies.
        o.faults.sync_errors = 1;
        o.faults.write_errors = 1;
        o.faults.read_errors = 1;
        world w{n, o, all};
        splitmix64 random{n};
        if (!w.open(false)) {
          break;
        }
        w.disk.fault = static_cast<call_fault>(kind);
        w.disk.fail_at = call;
        w.disk.calls = 0;
        for (int i = 0; i < 40 && w.good(); ++i) {
          (void)w.append(static_cast<std::uint16_t>(random() % streams));
          if (random() % 2 == 0) {
            w.deliver(true);
          }
          if (random() % 5 == 0) {
            (void)w.sync();
          }
        }
        const bool reached = w.disk.calls >= call;
        w.disk.fault = call_fault::none;
        w.disk.fail_at = 0;
        ++all.points;
        if (static_cast<call_fault>(kind) != call_fault::read_only && w.good()) {
          // The device is well again, and so is the outbox: it takes, gives and syncs.
          status how = w.sync();
          how = how ? how : w.sync();
          w.must(static_cast<bool>(how), fmt::format("no sync succeeds after {} at call {}", call_fault_names[kind], call));
        }
        if (w.good() && w.close_badly(random() % 2 == 0)) {
          (void)w.open(true);
        }
        if ((stop && all.found() > 0) || !reached || call > 400) {
          break;
        }
      }
    }
  }
  return all;
}

}  // namespace skerry_crash
