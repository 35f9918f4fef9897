// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// What gateway and region agree on: how each machine is, and how often it has alarmed.
namespace gateway {

enum class condition : std::uint8_t { learning, normal, alarmed };

struct machine_condition {
  static constexpr skerry::state::path at{"machines/{machine}/condition"};
  using policy = skerry::state::lww<condition>;
};
struct machine_alarms {
  static constexpr skerry::state::path at{"machines/{machine}/alarms"};
  using policy = skerry::state::pn_counter;
};

struct hall_limits : skerry::state::limits::firmware {
  using time = std::uint64_t;
  static constexpr std::size_t keys = 160;
  static constexpr std::size_t records = 200;
};
using hall_state = skerry::state::replica<skerry::state::schema<machine_condition, machine_alarms>, hall_limits>;

inline std::unique_ptr<hall_state> make_state(std::uint64_t id, skerry::state::role as, std::uint64_t seed) {
  auto made = std::make_unique<hall_state>();
  skerry::splitmix64 random{seed};
  // Stream time may lie years back in a recording; nobody else's clock takes part, so none is too old to be trusted.
  const skerry::state::clock_limits clock{.trust_floor = skerry::wall_ms{0}};
  const skerry::status created = hall_state::create(*made, id, as, skerry::state::epoch_rule::every_open, clock, random, 0);
  SKERRY_ASSERT(created && "the gateway's state settings are valid");
  return made;
}

/// Replicas that know the same write the same bytes.
inline std::uint32_t state_crc(const hall_state& of) {
  std::vector<std::byte> memory(1 << 16);
  skerry::byte_writer out{memory};
  return of.encode(out) ? skerry::crc32c(out.written()) : 0;
}
inline bool agree(const hall_state& a, const hall_state& b) {
  std::vector<std::byte> x(1 << 16), y(1 << 16);
  skerry::byte_writer out_x{x}, out_y{y};
  return a.encode(out_x) && b.encode(out_y) &&
         std::equal(out_x.written().begin(), out_x.written().end(), out_y.written().begin(), out_y.written().end());
}

}  // namespace gateway
