// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include "state/plant.hpp"

namespace skerry_test::mesh {

// A schema with every policy of which something stays that may go one day.
struct parts {
  static constexpr skerry::state::path at{"parts"};
  using policy = skerry::state::reset_counter;
};
struct credit {
  static constexpr skerry::state::path at{"credit"};
  using policy = skerry::state::bounded_counter;
};
struct banned {
  static constexpr skerry::state::path at{"banned"};
  using policy = skerry::state::rw_set<int, 4>;
};
struct armed {
  static constexpr skerry::state::path at{"armed"};
  using policy = skerry::state::dw_flag<>;
};
struct permitted {
  static constexpr skerry::state::path at{"permitted"};
  using policy = skerry::state::dw_flag<skerry::state::initially_on>;
};
struct total_starts {
  static constexpr skerry::state::path at{"starts"};
  using policy = skerry::state::counter;
};
using fleet = skerry::state::schema<stock, total_starts, parts, credit, banned, armed, permitted>;

struct fleet_limits : skerry::state::limits::firmware {
  static constexpr std::size_t actors = 32;
  static constexpr std::size_t keys = 24;
  static constexpr std::size_t records = 200;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t members = 32;
  static constexpr std::size_t mesh = 16;
  static constexpr std::size_t payload_bytes = 56;
  static constexpr std::size_t log_bytes = 4096;
};

}  // namespace skerry_test::mesh
