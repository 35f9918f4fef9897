// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/cnc_features.hpp>
#include <skerry/testing/cnc_machine.hpp>
#include <skerry/testing/scenario.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// The machine: yours would bring its own rows.
namespace mill {

inline constexpr std::size_t columns = skerry::testing::cnc_feature_count;

/// One steady second of cutting or idling.
struct second {
  std::uint32_t at = 0;
  std::uint16_t mode = 0;
  skerry::testing::cnc_features features{};
  int fault = -1;  ///< number of the scenario's entry that acts on it, for scoring; -1: none
};

/// All seconds that can be judged.
inline std::vector<second> watch(std::uint64_t seed, std::uint16_t number, std::uint32_t seconds,
                                 std::span<const skerry::testing::scenario_entry> faults) {
  namespace t = skerry::testing;
  auto machine = t::cnc_machine::create(t::cnc_profile::hall, seed, number, faults).value();
  std::vector<second> out;
  t::cnc_second window;
  for (std::uint32_t s = 0; s < seconds; ++s) {
    window.clear();
    for (std::uint64_t k = 0; k < t::cnc_second::blocks; ++k) {
      window.add(machine.block(std::uint64_t{s} * t::cnc_second::blocks + k), machine.profile());
    }
    int fault = -1;
    for (std::size_t f = 0; f < faults.size(); ++f) {
      fault = s + 1 > faults[f].at && s < faults[f].until ? static_cast<int>(f) : fault;
    }
    if (window.steady() && window.mode() != 0) {
      out.push_back({s + 1, window.mode(), window.features(machine), fault});
    }
  }
  return out;
}

/// A second as distances from the machine's own normal in the same operating mode, with what a person wrote beside it.
struct labelled {
  std::uint32_t at = 0;
  skerry::testing::cnc_features row{};
  int fault = -1;
};

/// Rows to learn from: here, and only here, is it known which seconds are healthy and may teach what normal is.
inline std::vector<labelled> label(std::span<const second> seconds) {
  std::vector<labelled> out;
  skerry::testing::cnc_baseline baseline;
  for (const second& s : seconds) {
    if (const auto d = baseline.observe(s.mode, s.features, s.fault < 0)) {
      out.push_back({s.at, d.value().scaled, s.fault});
    }
  }
  return out;
}

}  // namespace mill
