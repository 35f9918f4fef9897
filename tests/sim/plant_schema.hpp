// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/sets.hpp>

#include <cstddef>
#include <cstdint>

namespace skerry_sim {

namespace state = skerry::state;

/// A policy as the library has it; the planted schema puts another one in its place.
struct as_it_is {
  template <typename Policy>
  using use = Policy;
};

/// The plant that the simulator runs: every policy, with and without placeholders, removable and permanent, few keys.
template <typename With>
struct plant {
  struct setpoint {
    static constexpr state::path at{"desired/setpoint/{line}"};
    using policy = typename With::template use<state::lww<double>>;
  };
  struct recipe {
    static constexpr state::path at{"recipe"};
    using policy = typename With::template use<state::lww<std::int32_t>>;
    static constexpr bool permanent = true;
  };
  struct mode {
    static constexpr state::path at{"mode/{line}/{cell}"};
    using policy = typename With::template use<state::keep_both<std::int64_t>>;
  };
  struct starts {
    static constexpr state::path at{"starts"};
    using policy = typename With::template use<state::counter>;
  };
  struct stock {
    static constexpr state::path at{"stock"};
    using policy = typename With::template use<state::pn_counter>;
  };
  struct parts {
    static constexpr state::path at{"parts/{machine}"};
    using policy = typename With::template use<state::reset_counter>;
  };
  struct credit {
    static constexpr state::path at{"credit"};
    using policy = typename With::template use<state::bounded_counter>;
  };
  struct alarms {
    static constexpr state::path at{"alarms/{machine}"};
    using policy = typename With::template use<state::aw_set<int, 8>>;
  };
  struct banned {
    static constexpr state::path at{"banned"};
    using policy = typename With::template use<state::rw_set<int, 8>>;
  };
  struct running {
    static constexpr state::path at{"running"};
    using policy = typename With::template use<state::ew_flag>;
  };
  struct enabled {
    static constexpr state::path at{"enabled"};
    using policy = typename With::template use<state::dw_flag<state::initially_on>>;
  };
  struct oil {
    static constexpr state::path at{"oil"};
    using policy = typename With::template use<state::mean_of<double>>;
  };
  struct reading {
    static constexpr state::path at{"reading/{sensor}"};
    using policy = typename With::template use<state::by_writer<std::int64_t>>;
  };
  using schema = state::schema<setpoint, recipe, mode, starts, stock, parts, credit, alarms, banned, running, enabled, oil, reading>;
};

/// Room for a run of some 200 events, and little more: a crowded or unlucky run meets every limit. Single operations go the way that
/// gateways have for them.
struct limits : state::limits::firmware {
  static constexpr std::size_t actors = 32;
  static constexpr std::size_t keys = 25;
  static constexpr std::size_t records = 64;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t payload_bytes = 60;
  static constexpr std::size_t log_bytes = 2048;
  static constexpr std::size_t key_bytes = 8;
  static constexpr bool swift = true;
  static constexpr std::size_t links_max = 0;   // links have a world of their own
  static constexpr std::size_t quarantine = 0;  // a frame that holds a stamp from the future is refused, and offered again
};

/// The same for a small machine, which has one way for everything, and for links.
struct small_limits : limits {
  static constexpr std::size_t links_max = 1;
  static constexpr bool swift = false;
};

}  // namespace skerry_sim
