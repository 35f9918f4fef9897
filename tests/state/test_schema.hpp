// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/inplace_string.hpp>
#include <skerry/state/bounded_counter.hpp>
#include <skerry/state/by_writer.hpp>
#include <skerry/state/contribution.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/flags.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/reset_counter.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/sets.hpp>

#include <cstdint>

// Paths for tests, with every policy that there is, with and without placeholders, removable and permanent. Inputs of fuzz targets hold
// their texts. Nothing here takes memory: microcontrollers run tests too.
namespace skerry_test {

struct setpoint {
  static constexpr skerry::state::path at{"desired/setpoint/{line}"};
  using policy = skerry::state::lww<double>;
};
struct recipe {
  static constexpr skerry::state::path at{"recipe"};
  using policy = skerry::state::lww<std::int32_t>;
  static constexpr bool permanent = true;
};
struct mode {
  static constexpr skerry::state::path at{"mode/{line}"};
  using policy = skerry::state::keep_both<std::int64_t>;
};
struct starts {
  static constexpr skerry::state::path at{"starts/{line}/{motor}"};
  using policy = skerry::state::counter;
};
struct stock {
  static constexpr skerry::state::path at{"stock"};
  using policy = skerry::state::pn_counter;
};
/// What most tests need: values and plain counters.
using plant = skerry::state::schema<setpoint, recipe, mode, starts, stock>;

/// Everything else, in a namespace of its own: many tests have paths of these names themselves.
namespace works {

struct parts {
  static constexpr skerry::state::path at{"parts"};
  using policy = skerry::state::reset_counter;
};
struct credit {
  static constexpr skerry::state::path at{"credit"};
  using policy = skerry::state::bounded_counter;
};
struct alarms {
  static constexpr skerry::state::path at{"alarms/{line}"};
  using policy = skerry::state::aw_set<skerry::inplace_string<8>, 16>;
};
struct banned {
  static constexpr skerry::state::path at{"banned"};
  using policy = skerry::state::rw_set<int, 16>;
};
struct running {
  static constexpr skerry::state::path at{"running"};
  using policy = skerry::state::ew_flag;
};
struct enabled {
  static constexpr skerry::state::path at{"enabled"};
  using policy = skerry::state::dw_flag<skerry::state::initially_on>;
};
struct oil {
  static constexpr skerry::state::path at{"oil"};
  using policy = skerry::state::mean_of<double>;
};
struct level {
  static constexpr skerry::state::path at{"level"};
  using policy = skerry::state::median_of<float>;
};
struct reading {
  static constexpr skerry::state::path at{"reading"};
  using policy = skerry::state::by_writer<double>;
};

using workshop = skerry::state::schema<parts, credit, alarms, banned, running, enabled, oil, level, reading>;

}  // namespace works

}  // namespace skerry_test
