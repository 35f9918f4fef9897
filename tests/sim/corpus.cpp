// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
// What has once found something, gone through again.
#include "sim/sim.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace skerry_sim {

using namespace skerry::testing;

namespace {

struct corpus_entry {
  std::string words{};   ///< the line that begins it
  std::string script{};  ///< lines that follow it
};

std::vector<corpus_entry> read_corpus(std::istream& in) {
  std::vector<corpus_entry> all;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (line.starts_with("history ") || line.starts_with("plant ")) {
      all.push_back({line, {}});
    } else if (!all.empty()) {
      all.back().script += line + '\n';
    }
  }
  return all;
}

/// Why it is not as it should be; empty when it is.
std::string go_through_history(std::istringstream& words) {
  std::string world;
  std::uint64_t seed = 0;
  sim_options options;
  if (!(words >> world >> seed >> options.nodes >> options.events)) {
    return "is no history";
  }
  const auto beside = [seed](const side_outcome& o) {
    return o.histories == 1 && o.found == 0 ? "" : "seed " + std::to_string(seed) + " fails";
  };
  const auto why = [](const outcome& o) { return o.histories == 1 && o.found() == 0 ? "" : "fails: " + o.first_why; };
  if (world == "replicas") {
    return why(explore(seed, 1, options, 1));
  }
  if (world == "small") {
    return why(explore_small(seed, 1, options));
  }
  if (world == "links") {
    return why(explore_links(seed, 1, options, false));
  }
  if (world == "members") {
    return beside(explore_members(seed, 1, false));
  }
  if (world == "owners") {
    return beside(explore_owners(seed, 1, false));
  }
  if (world == "carry") {
    return beside(explore_carry(seed, 1, false));
  }
  if (world == "queues") {
    return beside(explore_queues(seed, 1, false));
  }
  if (world == "bytes") {
    return beside(explore_bytes(seed, 1, false));
  }
  return "is of no known world";
}

/// The library holds the script, and the defect fails in it.
std::string go_through_plant(std::istringstream& words, const std::string& text) {
  std::string name;
  const skerry::result<sim_script> script = parse_script(text);
  if (!(words >> name) || !plant_defect(name) || !script) {
    return "is no plant with a script";
  }
  const bool found = replay_planted(script.value()).found() > 0;
  (void)plant_defect("none");
  if (!found) {
    return "is not found any more";
  }
  const outcome small = replay_planted(script.value());
  const outcome swift = replay(script.value());
  return small.found() == 0 && swift.found() == 0 ? "" : "fails without a defect: " + small.first_why + swift.first_why;
}

}  // namespace

int run_corpus(const std::string& name) {
  std::ifstream file{name};
  std::uint64_t tried = 0;
  std::uint64_t found = 0;
  for (const corpus_entry& e : read_corpus(file)) {
    std::istringstream words{e.words};
    std::string kind;
    words >> kind;
    const std::string why = kind == "plant" ? go_through_plant(words, e.script) : go_through_history(words);
    ++tried;
    if (!why.empty()) {
      ++found;
      fmt::print("{}: {}\n", e.words, why);
    }
  }
  fmt::print("corpus={} failed={}\n", tried, found);
  return tried > 0 && found == 0 ? 0 : 1;
}

}  // namespace skerry_sim
