// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/replica_world.hpp>
#include <skerry/testing/sim_script.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skerry_sim {

/// A finding: the seed says all.
struct sighting {
  std::uint64_t seed = 0;
  std::string why{};
};

/// What a number of histories showed, of the library or of a defect that was put into its place.
struct outcome {
  std::uint64_t histories = 0;
  std::uint64_t divergent = 0;
  std::uint64_t lost = 0;
  std::uint64_t resurrected = 0;
  std::uint64_t broken = 0;
  std::uint64_t trace = 0;       ///< a hash of all that happened in all of them
  std::uint64_t first_seed = 0;  ///< of the first finding
  std::string first_why{};
  skerry::testing::sim_script first_script{};  ///< shrunk
  std::string first_text{};                    ///< the same as text
  skerry::testing::sim_totals totals{};
  skerry::testing::network_counts network{};
  std::string met{};               ///< of histories through links
  std::vector<sighting> alarms{};  ///< the first few findings

  static constexpr std::size_t most_alarms = 32;
  void note(std::uint64_t seed, const std::string& why) {
    if (alarms.size() < most_alarms) {
      alarms.push_back({seed, why});
    }
  }

  [[nodiscard]] std::uint64_t found() const noexcept { return divergent + lost + resurrected + broken; }
};

/// Seeds `first` to `first + histories − 1`.
[[nodiscard]] outcome explore(std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options,
                              std::size_t threads);
/// One script; found, if at all, as it is.
[[nodiscard]] outcome replay(const skerry::testing::sim_script& script);
[[nodiscard]] skerry::testing::sim_script script_of(std::uint64_t seed, const skerry::testing::sim_options& options);
[[nodiscard]] std::string text_of(const skerry::testing::sim_script& script);

/// The same with a defect in the place of what the library does, up to the first finding. False for a name that is not in the list.
[[nodiscard]] bool plant_defect(std::string_view name);
[[nodiscard]] outcome explore_planted(std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options);
/// The library on a small machine, up to the first finding: the same with no defect planted.
[[nodiscard]] outcome explore_small(std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options);
[[nodiscard]] outcome replay_planted(const skerry::testing::sim_script& script);

/// The same through links.
[[nodiscard]] outcome explore_links(std::uint64_t first, std::uint64_t histories, const skerry::testing::sim_options& options, bool stop);

/// What all histories of a few operations at one path showed.
struct scope_outcome {
  std::string path{};
  std::uint64_t histories = 0;  ///< with each number of operations up to the length
  std::uint64_t states = 0;     ///< of those who know a part of one
  std::uint64_t joins = 0;      ///< that were compared
  std::uint64_t found = 0;
  std::string text{};  ///< the first finding
  skerry::testing::sim_counts counts{};
};
[[nodiscard]] std::size_t scope_paths();
/// with_plant   with the defect that is planted, if it is one of a policy
[[nodiscard]] scope_outcome explore_scope(std::size_t path, std::size_t length, bool with_plant);

/// What histories of one of the worlds beside that of replicas showed.
struct side_outcome {
  std::uint64_t histories = 0;
  std::uint64_t found = 0;
  std::size_t first_events = 0;  ///< after shrinking
  std::string first_text{};
  std::vector<sighting> alarms{};  ///< the first few findings
  std::string met{};               ///< how often the hard cases came about
};
/// stop   after the first finding
[[nodiscard]] side_outcome explore_queues(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_carry(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_members(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_owners(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_disks(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_bytes(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_scopes(std::uint64_t first, std::uint64_t histories, bool stop);
[[nodiscard]] side_outcome explore_twins(std::uint64_t first, std::uint64_t histories, bool stop);

/// Goes through histories and scripts that have found something, from a file; returns what the program is to exit with.
[[nodiscard]] int run_corpus(const std::string& name);

/// Faults that were on in many runs and did nothing in any of them.
[[nodiscard]] std::string idle_faults(const outcome& o);

}  // namespace skerry_sim
