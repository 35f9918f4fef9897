// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_crash --points N: crashes of an outbox on a segment log, held against what was promised. --exhaustive takes all short sequences of
// operations, --kills real processes, --plant looks for a defect that only this program has.
#include "crash/crash.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace skerry_crash;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

bool show(const char* what, const tally& t) {
  fmt::print("{}: checked={} lost={} phantom={} excess_duplicates={} broken={}\n", what, t.points, t.lost, t.phantom, t.excess, t.broken);
  if (t.found() > 0) {
    fmt::print("{}\n", t.first);
  }
  std::fflush(stdout);
  return t.found() == 0;
}

int run_points(std::uint64_t seed, std::uint64_t points) {
  const auto begin = std::chrono::steady_clock::now();
  bool held = show("fleet", explore_fleet(seed, 1 + points / 50'000, plant::none, false));
  held = show("faults at every call", explore_faults(seed, 1 + points / 50'000, plant::none, false)) && held;
  const tally flipped = explore_flips(seed, points / 10, plant::none, false);
  held = show("bit flips", flipped) && held;
  fmt::print("bit flips: cost={} unreported={} newest_acknowledgements_lost={}\n", flipped.damaged, flipped.unreported, flipped.newest);
  const tally t = explore_points(seed, points, plant::none, false);
  fmt::print(
      "histories={} lives={} cuts={} torn={} damaged={} repeats={} failed_syncs={} refused={} full={} dropped={} recycled={} moved={} "
      "reclaimed={}\n",
      t.histories, t.lives, t.cuts, t.torn, t.damaged, t.repeats, t.failed_syncs, t.refused, t.full, t.dropped, t.recycled, t.moved,
      t.reclaimed);
  if (t.found() > 0) {
    fmt::print("{}\n", t.first);
  }
  if (t.broken > 0) {
    fmt::print("broken={}\n", t.broken);
  }
  fmt::print("points={} lost={} phantom={} excess_duplicates={} seconds={:.1f}\n", t.points, t.lost, t.phantom, t.excess,
             seconds_since(begin));
  return held && t.found() == 0 ? 0 : 1;
}

tally explore_for(plant defect, std::uint64_t seed, std::uint64_t points) {
  switch (defect) {
    case plant::shared_seed:
    case plant::leak_permit: return explore_fleet(seed, 200, defect, true);
    case plant::trust_length: return explore_flips(seed, points, defect, true);
    default: return explore_points(seed, points, defect, true);
  }
}

int run_plant(const std::string& name, std::uint64_t seed, std::uint64_t points, bool in_list) {
  const auto defect = plant_of(name);
  if (!defect) {
    fmt::print(stderr, "skerry_crash: no plant is called {}\n", name);
    return 2;
  }
  const tally t = explore_for(*defect, seed, points);
  if (t.found() == 0) {
    fmt::print("{} not found in {} points\n", name, t.points);
  } else {
    if (!in_list) {
      fmt::print("{}\n", t.first);
    }
    fmt::print("{} {}\n", name, t.points);
  }
  std::fflush(stdout);
  return t.found() > 0 ? 0 : 1;
}

int run_plants(const std::string& name, std::uint64_t seed, std::uint64_t points) {
  if (name != "list" && name != "all") {
    return run_plant(name, seed, points, false);
  }
  int worst = 0;
  for (const std::string_view each : plant_names) {
    if (name == "list") {
      fmt::print("{}\n", each);
    } else {
      worst = std::max(worst, run_plant(std::string{each}, seed, points, true));
    }
  }
  return worst;
}

int run_sequences(std::size_t length, bool whole) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t sequences = 0;
  const tally t = explore_sequences(length, whole, sequences);
  if (t.found() > 0) {
    fmt::print("{}\n", t.first);
  }
  fmt::print("crashes={} different={} excess_duplicates={} broken={}\n", t.cuts, t.points, t.excess, t.broken);
  fmt::print("sequences={} lost={} phantom={} seconds={:.1f}\n", sequences, t.lost, t.phantom, seconds_since(begin));
  return t.found() == 0 ? 0 : 1;
}

int run_flash(std::uint64_t seed, std::uint64_t points) {
  const auto begin = std::chrono::steady_clock::now();
  const tally t = explore_flash(seed, points, false);
  fmt::print("histories={} lives={} within={} repeats={} refused={} full={} dropped={} moved={} failed_syncs={}\n", t.histories, t.lives,
             t.torn, t.repeats, t.refused, t.full, t.dropped, t.moved, t.failed_syncs);
  fmt::print("bit flips: cost={} unreported={}\n", t.damaged, t.unreported);
  if (t.found() > 0) {
    fmt::print("{}\nbroken={}\n", t.first, t.broken);
  }
  fmt::print("flash: points={} lost={} phantom={} excess_duplicates={} seconds={:.1f}\n", t.points, t.lost, t.phantom, t.excess,
             seconds_since(begin));
  return t.found() == 0 ? 0 : 1;
}

int run_kills(std::uint64_t seed, std::uint64_t kills, const std::string& folder) {
  const auto begin = std::chrono::steady_clock::now();
  const kill_tally t = explore_kills(seed, kills, folder);
  if (t.found() > 0) {
    fmt::print("{}\n", t.first);
  }
  fmt::print("produced={} effects={} repeats={} phantom={}\n", t.produced, t.effects, t.repeats, t.phantom);
  fmt::print("kills={} lost={} order_violations={} excess_duplicates={} seconds={:.1f}\n", t.kills, t.lost, t.order_violations, t.excess,
             seconds_since(begin));
  return t.found() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Crashes of an outbox on a segment log: power cuts, bits turned over, full disks, failing calls, kill -9"};
  std::uint64_t points = 0;
  std::uint64_t seed = 1;
  std::uint64_t kills = 0;
  std::size_t length = 0;
  bool flash = false;
  bool whole = false;
  std::string plant_name;
  std::string folder = "skerry_crash.kills";
  app.add_option("--points", points, "crashes to recover from; with --plant, how many at most");
  app.add_flag("--flash", flash, "on a ring in flash; --points says how many crashes");
  app.add_option("--seed", seed, "the first one")->capture_default_str();
  app.add_option("--exhaustive", length, "all sequences of so many operations, at all cuts")->check(CLI::Range(1, 6));
  app.add_flag("--whole", whole, "with --exhaustive: the log writes whole blocks, as on a direct_file");
  app.add_option("--kills", kills, "kill -9 of a sender and a receiver, so often");
  app.add_option("--folder", folder, "where the processes of --kills keep their files")->capture_default_str();
  app.add_option("--plant", plant_name, "a defect by its name, list, or all");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!plant_name.empty()) {
      return run_plants(plant_name, seed, points > 0 ? points : 200'000);
    }
    if (flash) {
      return run_flash(seed, points > 0 ? points : 100'000);
    }
    if (length > 0) {
      return run_sequences(length, whole);
    }
    if (kills > 0) {
      return run_kills(seed, kills, folder);
    }
    return run_points(seed, points > 0 ? points : 100'000);
  } catch (const std::exception& e) {
    fmt::print(stderr, "skerry_crash: {}\n", e.what());
    return 2;
  }
}
