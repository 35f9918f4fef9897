// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A microcontroller's replica: 32 writers, 64 keys, one link; a register, a counter and a set.
#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include <span>

namespace state = skerry::state;
using skerry::wall_ms;

struct setpoint {
  static constexpr state::path at{"desired/{which}"};
  using policy = state::lww<double>;
};
struct starts {
  static constexpr state::path at{"starts/{motor}"};
  using policy = state::counter;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<std::uint16_t, 16>;
};
using replica = state::replica<state::schema<setpoint, starts, alarms>, state::limits::firmware>;
replica measured_state;

extern "C" bool measured_create(std::uint64_t id, std::uint64_t entropy) {
  skerry::splitmix64 random{entropy};
  return static_cast<bool>(
      replica::create(measured_state, id, state::role::device, state::epoch_rule::every_open, state::clock_limits{}, random, 0));
}
extern "C" std::size_t measured_write(double value, std::uint64_t wall, int which) {
  const auto delta = measured_state.write<setpoint>(value, wall_ms{wall}, which);
  return delta ? delta.value().bytes().size() : 0;
}
extern "C" bool measured_count(int motor) { return static_cast<bool>(measured_state.inc<starts>(1, motor)); }
extern "C" bool measured_raise(std::uint16_t alarm) { return static_cast<bool>(measured_state.add<alarms>(alarm)); }
extern "C" bool measured_clear(std::uint16_t alarm) { return static_cast<bool>(measured_state.remove<alarms>(alarm)); }
extern "C" double measured_read(int which) { return measured_state.read<setpoint>(which).value_or(0); }
extern "C" std::uint64_t measured_starts(int motor) { return measured_state.read<starts>(motor).value_or(0); }
extern "C" bool measured_raised(std::uint16_t alarm) { return measured_state.contains<alarms>(alarm).value_or(false); }
extern "C" bool measured_accept(const std::byte* frame, std::size_t size, std::uint32_t now) {
  return static_cast<bool>(measured_state.accept({frame, size}, now));
}

int main() {
  std::byte frame[64]{};
  return measured_create(1, 2) && measured_write(1.5, 3, 4) > 0 && measured_count(1) && measured_raise(2) && measured_clear(2) &&
                 measured_read(4) > 0 && measured_starts(1) > 0 && measured_raised(2) && measured_accept(frame, sizeof frame, 1)
             ? 0
             : 1;
}
