// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// skerry_sim --histories N: replicas under random faults, held against what was done. --replay repeats a history, --plant looks for a
// defect that only this program has.
#include "sim/planted.hpp"
#include "sim/sim.hpp"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <mutex>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace skerry::testing;
using namespace skerry_sim;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void print_counts(const outcome& o) {
  const sim_totals& t = o.totals;
  fmt::print("events={} operations={} deliveries={} states_sent={} lives={} converged={} unfinished={}\n", t.events, t.operations,
             t.deliveries, t.syncs, t.new_lives, t.converged, t.unfinished);
  fmt::print("reads={} siblings={} ties={} resets_raced={} stale={} absent={} overflows={} rights_refused={}\n", t.answers.reads,
             t.answers.siblings, t.answers.ties, t.answers.resets_raced, t.answers.stale, t.answers.absent, t.answers.overflows,
             t.answers.refused_rights);
  fmt::print("refused={} full={} clock_refusals={} damaged_refused={} amnesia={} names_collided={}\n", t.refused, t.full, t.clock_refusals,
             t.refused_damaged, t.amnesia, t.names_collided);
  std::string faults;
  for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
    faults += fmt::format(" {}={}/{}", sim_fault_names[f], t.bit[f], t.on[f]);
  }
  fmt::print("faults (bites/histories):{}\n", faults);
}

void print_others(const std::vector<sighting>& alarms) {
  for (std::size_t i = 1; i < alarms.size(); ++i) {
    fmt::print("also seed {}: {}\n", alarms[i].seed, alarms[i].why);
  }
}

void print_finding(const outcome& o) {
  fmt::print("seed {}: {}\nshrunk to {} events:\n{}", o.first_seed, o.first_why, o.first_script.events.size(), o.first_text);
  print_others(o.alarms);
}

void print_last(const outcome& o, double seconds) {
  fmt::print("histories={} divergent={} lost={} resurrected={} seconds={:.1f}\n", o.histories, o.divergent, o.lost, o.resurrected, seconds);
}

/// Does what is to be done on several threads; who is done with one thing takes the next one.
void do_all(std::span<const std::function<void()>> things, std::size_t threads) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex one_at_a_time;
  const auto work = [&] {
    for (std::size_t i = next++; i < things.size(); i = next++) {
      try {
        things[i]();
      } catch (...) {
        const std::lock_guard lock{one_at_a_time};
        failure = std::current_exception();
      }
    }
  };
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < std::min(threads, things.size()); ++t) {
    others.emplace_back(work);
  }
  work();
  for (std::thread& t : others) {
    t.join();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

int run(std::uint64_t first, std::uint64_t histories, const sim_options& options, std::size_t threads, bool trace) {
  const auto begin = std::chrono::steady_clock::now();
  outcome o = explore(first, histories, options, threads);
  print_counts(o);
  fmt::print("replicas: seconds={:.1f}\n", seconds_since(begin));
  std::fflush(stdout);
  // The worlds beside, each by itself: what they find is said in this order, whoever is done first.
  struct world_beside {
    side_outcome (*explore)(std::uint64_t, std::uint64_t, bool) = nullptr;
    side_outcome found{};
    double seconds = 0;
  };
  std::array<world_beside, 8> beside{{{explore_queues},
                                      {explore_twins},
                                      {explore_carry},
                                      {explore_members},
                                      {explore_owners},
                                      {explore_disks},
                                      {explore_scopes},
                                      {explore_bytes}}};
  std::array<outcome, 2> replicas{};  // on small machines, through links
  std::array<double, 2> replicas_seconds{};
  const auto timed = [](double& seconds, auto&& f) {
    return [&seconds, f] {
      const auto from = std::chrono::steady_clock::now();
      f();
      seconds = seconds_since(from);
    };
  };
  std::vector<std::function<void()>> things;
  things.emplace_back(timed(replicas_seconds[1], [&] { replicas[1] = explore_links(first, histories / 32, options, false); }));
  things.emplace_back(timed(replicas_seconds[0], [&] { replicas[0] = explore_small(first, histories / 8, options); }));
  for (world_beside& w : beside) {
    things.emplace_back(timed(w.seconds, [&w, first, histories] { w.found = w.explore(first, histories / 8, false); }));
  }
  do_all(things, threads);

  std::uint64_t side_found = 0;
  for (const world_beside& w : beside) {
    fmt::print("{} histories={} seconds={:.1f}\n{}", w.found.met, w.found.histories, w.seconds, w.found.first_text);
    print_others(w.found.alarms);
    side_found += w.found.found;
  }
  const bool any = o.found() > 0;
  const auto of_replicas = [&o](const std::string& what, const outcome& found, double seconds) {
    fmt::print("{} histories={} seconds={:.1f}\n", what, found.histories, seconds);
    if (found.found() > 0) {
      print_finding(found);
    }
    o.divergent += found.divergent;
    o.lost += found.lost;
    o.resurrected += found.resurrected;
    o.broken += found.broken;
  };
  const outcome& small = replicas[0];
  of_replicas(
      fmt::format("small machines: deliveries={} full={} converged={}", small.totals.deliveries, small.totals.full, small.totals.converged),
      small, replicas_seconds[0]);
  of_replicas("links: " + replicas[1].met, replicas[1], replicas_seconds[1]);
  const std::string idle = idle_faults(o);
  if (any) {
    print_finding(o);
  }
  if (o.broken + side_found > 0) {
    fmt::print("broken={}\n", o.broken + side_found);
  }
  if (!idle.empty()) {
    fmt::print("never bit: {}\n", idle);
  }
  if (trace) {
    fmt::print("trace={:016x}\n", o.trace);
  }
  print_last(o, seconds_since(begin));
  return o.found() + side_found == 0 && idle.empty() ? 0 : 1;
}

int run_links(std::uint64_t first, std::uint64_t histories, const sim_options& options, bool trace) {
  const auto begin = std::chrono::steady_clock::now();
  const outcome o = explore_links(first, histories, options, false);
  fmt::print("{}\n", o.met);
  if (o.found() > 0) {
    print_finding(o);
  }
  if (o.broken > 0) {
    fmt::print("broken={}\n", o.broken);
  }
  if (trace) {
    fmt::print("trace={:016x}\n", o.trace);
  }
  print_last(o, seconds_since(begin));
  return o.found() == 0 ? 0 : 1;
}

int run_replay(const std::string& what, const sim_options& options, bool with_plant, bool trace) {
  sim_script script;
  if (!what.empty() && what.find_first_not_of("0123456789") == std::string::npos) {
    script = script_of(std::stoull(what), options);
  } else {
    std::ifstream file{what};
    std::ostringstream text;
    text << file.rdbuf();
    const skerry::result<sim_script> parsed = parse_script(text.str());
    if (!file || !parsed) {
      fmt::print(stderr, "skerry_sim: {} is neither a seed nor a script\n", what);
      return 2;
    }
    script = parsed.value();
  }
  const auto begin = std::chrono::steady_clock::now();
  const outcome o = with_plant ? replay_planted(script) : replay(script);
  fmt::print("{}", o.first_text);
  if (o.found() > 0) {
    fmt::print("{}\n", o.first_why);
  }
  if (trace) {
    fmt::print("trace={:016x}\n", o.trace);
  }
  print_last(o, seconds_since(begin));
  return o.found() == 0 ? 0 : 1;
}

side_outcome explore_habitat(habitat where, std::uint64_t first, std::uint64_t histories) {
  switch (where) {
    case habitat::queues: return explore_queues(first, histories, true);
    case habitat::twins: return explore_twins(first, histories, true);
    case habitat::members: return explore_members(first, histories, true);
    case habitat::owners: return explore_owners(first, histories, true);
    case habitat::disks: return explore_disks(first, histories, true);
    case habitat::scopes: return explore_scopes(first, histories, true);
    case habitat::bytes: return explore_bytes(first, histories, true);
    default: return explore_carry(first, histories, true);
  }
}

int run_plant(const std::string& name, std::uint64_t first, std::uint64_t histories, const sim_options& options, bool in_list) {
  if (!plant_defect(name)) {
    for (const skipped_defect& s : skipped_defects) {
      if (s.name == name) {
        fmt::print("{} skipped: {}\n", name, s.why);
        return 0;
      }
    }
    fmt::print(stderr, "skerry_sim: no plant is called {}\n", name);
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  const habitat where = habitat_of(planted);
  if (where != habitat::replicas && where != habitat::links) {
    const side_outcome o = explore_habitat(where, first, histories);
    if (!in_list) {
      fmt::print("{}", o.first_text);
    }
    if (o.found == 0) {
      fmt::print("{} not found in {} histories\n", name, o.histories);
    } else {
      fmt::print("{} {} {}\n", name, o.histories, o.first_events);
    }
    return o.found > 0 ? 0 : 1;
  }
  const outcome o = where == habitat::links ? explore_links(first, histories, options, true) : explore_planted(first, histories, options);
  if (o.found() == 0) {
    fmt::print("{} not found in {} histories\n", name, o.histories);
  } else {
    if (!in_list) {
      print_finding(o);
    }
    fmt::print("{} {} {}\n", name, o.histories, o.first_script.events.size());
  }
  if (!in_list) {
    print_last(o, seconds_since(begin));
  }
  std::fflush(stdout);
  return o.found() > 0 ? 0 : 1;
}

int run_plants(const std::string& name, std::uint64_t first, std::uint64_t histories, const sim_options& options) {
  if (name != "list" && name != "all") {
    return run_plant(name, first, histories, options, false);
  }
  int worst = 0;
  for (const std::string_view d : defect_names) {
    if (name == "list") {
      fmt::print("{}\n", d);
    } else {
      worst = std::max(worst, run_plant(std::string{d}, first, histories, options, true));
    }
  }
  for (const skipped_defect& s : skipped_defects) {
    fmt::print("{} skipped: {}\n", s.name, s.why);
  }
  return worst;
}

int run_exhaustive(std::size_t length, bool with_plant) {
  const auto begin = std::chrono::steady_clock::now();
  scope_outcome all;
  for (std::size_t path = 0; path < scope_paths(); ++path) {
    const scope_outcome o = explore_scope(path, length, with_plant);
    fmt::print("{}: histories={} states={} joins={}\n", o.path, o.histories, o.states, o.joins);
    if (o.found > 0) {
      fmt::print("{}", o.text);
    }
    std::fflush(stdout);
    all.histories += o.histories;
    all.found += o.found;
  }
  fmt::print("sequences={} divergent={} seconds={:.1f}\n", all.histories, all.found, seconds_since(begin));
  return all.found == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Random histories of replicas under loss, repeats, reordering, partitions, lying clocks, restores, clones and full stores"};
  std::uint64_t histories = 10'000;
  std::uint64_t seed = 1;
  sim_options options;
  std::string faults = "all";
  std::string replayed;
  std::string plant_name;
  std::string corpus;
  std::size_t exhaustive = 0;
  std::size_t threads = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  bool links = false;
  bool trace = false;
  CLI::Option* number = app.add_option("--histories", histories, "how many; with --plant, how many at most")->capture_default_str();
  app.add_option("--seed", seed, "the first one")->capture_default_str();
  app.add_option("--nodes", options.nodes, "replicas in a history")->capture_default_str()->check(CLI::Range(1, 16));
  app.add_option("--events", options.events, "events in a history")->capture_default_str()->check(CLI::Range(1, 400));
  app.add_option("--threads", threads, "histories at a time; what they find does not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--faults", faults, "all, none, or names between commas")->capture_default_str();
  app.add_option("--replay", replayed, "a seed, or a file with a script");
  app.add_option("--corpus", corpus, "a file of histories and scripts that have found something, to go through again");
  app.add_option("--plant", plant_name, "a defect by its name, list, or all");
  app.add_option("--exhaustive", exhaustive, "all histories of this many operations by three replicas, for every policy")
      ->check(CLI::Range(1, 6));
  app.add_flag("--links", links, "replicas that talk through links, instead of frame by frame");
  app.add_flag("--trace", trace, "prints a hash of all that happened");
  CLI11_PARSE(app, argc, argv);
  const skerry::result<std::uint32_t> chosen = parse_faults(faults);
  if (!chosen) {
    fmt::print(stderr, "skerry_sim: the faults are {}\n", to_string(all_sim_faults));
    return 2;
  }
  options.faults = chosen.value();
  try {
    if (!corpus.empty()) {
      return run_corpus(corpus);
    }
    if (exhaustive > 0) {
      if (!plant_name.empty() && !plant_defect(plant_name)) {
        fmt::print(stderr, "skerry_sim: no plant is called {}\n", plant_name);
        return 2;
      }
      return run_exhaustive(exhaustive, !plant_name.empty());
    }
    if (!replayed.empty()) {
      if (!plant_name.empty() && !plant_defect(plant_name)) {
        fmt::print(stderr, "skerry_sim: no plant is called {}\n", plant_name);
        return 2;
      }
      return run_replay(replayed, options, !plant_name.empty(), trace);
    }
    if (!plant_name.empty()) {
      return run_plants(plant_name, seed, number->count() > 0 ? histories : 100'000, options);
    }
    if (links) {
      return run_links(seed, histories, options, trace);
    }
    return run(seed, histories, options, threads, trace);
  } catch (const std::exception& e) {
    fmt::print(stderr, "skerry_sim: {}\n", e.what());
    return 2;
  }
}
