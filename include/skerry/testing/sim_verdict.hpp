// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/sim_script.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace skerry::inline v0::testing {

/// What a run showed to be wrong.
enum class sim_finding : std::uint8_t { none, divergent, lost, resurrected, broken };
inline constexpr std::array<std::string_view, 5> sim_finding_names{"none", "divergent", "lost", "resurrected", "broken"};

/// What came of a run. `broken` is a law other than agreement: a name used twice, a refusal that changed something, and such.
struct sim_verdict {
  sim_finding what = sim_finding::none;
  std::uint32_t event = 0;  ///< after which; 0: at the end
  std::string why{};
  std::uint64_t trace = 0;  ///< a hash of all that happened
};

/// What all runs of a world saw together.
struct sim_totals {
  sim_counts answers{};
  std::uint64_t histories = 0, events = 0, operations = 0, deliveries = 0, syncs = 0, full = 0, clock_refusals = 0, refused_damaged = 0,
                refused = 0, new_lives = 0, names_collided = 0, amnesia = 0, converged = 0, unfinished = 0;
  std::array<std::uint64_t, sim_fault_names.size()> on{};   ///< runs that a fault was on in
  std::array<std::uint64_t, sim_fault_names.size()> bit{};  ///< how often it did something

  /// What runs of another world saw is added.
  sim_totals& operator+=(const sim_totals& other) noexcept {
    using t = sim_totals;
    answers += other.answers;
    for (const auto field :
         {&t::histories, &t::events, &t::operations, &t::deliveries, &t::syncs, &t::full, &t::clock_refusals, &t::refused_damaged,
          &t::refused, &t::new_lives, &t::names_collided, &t::amnesia, &t::converged, &t::unfinished}) {
      this->*field += other.*field;
    }
    for (std::size_t f = 0; f < on.size(); ++f) {
      on[f] += other.on[f];
      bit[f] += other.bit[f];
    }
    return *this;
  }
};

}  // namespace skerry::inline v0::testing
