// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A replica of the firmware profile (32 writers, 64 keys): one operation written here, heard from another, heard again; and the most that
// one frame can ask of it: every key at once, from 31 writers, first new, then all of it overwritten.
#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>
#include <skerry/state/sets.hpp>

#include "board.hpp"

namespace {

namespace state = skerry::state;
using skerry::wall_ms;

struct setpoint {
  static constexpr state::path at{"desired/{which}"};
  using policy = state::lww<double>;
};
struct starts {
  static constexpr state::path at{"starts/{motor}"};
  using policy = state::pn_counter;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<std::uint16_t, 16>;
};
using replica = state::replica<state::schema<setpoint, starts, alarms>, state::limits::firmware>;
constexpr std::uint64_t now = 1'790'000'000'000;
constexpr std::uint32_t asked = 32;

replica mine, other;
std::byte frames[2][asked][96];
std::size_t sizes[2][asked];
std::byte whole[2][4096];
volatile std::uint32_t sink;

bool create(replica& r, std::uint64_t id) {
  skerry::splitmix64 random{id};
  return static_cast<bool>(replica::create(r, id, state::role::device, state::epoch_rule::every_open, {}, random, 0));
}
bool keep(const skerry::result<state::delta_view>& delta, std::byte* to, std::size_t& size) {
  size = delta ? delta.value().bytes().size() : 0;
  for (std::size_t i = 0; i < size; ++i) {
    to[i] = delta.value().bytes()[i];
  }
  return size > 0 && size <= sizeof frames[0][0];
}

/// All 64 keys, written by 31 lives; every second call overwrites what the first one wrote.
bool everybody_writes(std::uint64_t at) {
  bool good = true;
  for (std::uint32_t k = 0; k < 64; ++k) {
    if (k % 3 == 0 && k < 60 && at == now) {
      skerry::splitmix64 random{k};
      good = good && other.as_new_life(random);
    }
    good = good && other.write<setpoint>(20.5 + k, wall_ms{at + k}, k);
  }
  return good;
}

}  // namespace

int main() {
  if (!create(mine, 1) || !create(other, 2)) {
    return 1;
  }
  bool good = true;
  for (std::uint32_t round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < asked; ++i) {
      good = good && keep(other.write<setpoint>(20.517 + i, wall_ms{now + round * 1000 + i}, i), frames[round][i], sizes[round][i]);
    }
  }
  const auto take = [](std::uint32_t round) {
    return board::instructions(asked, [round](std::uint32_t i) {
      sink = sink + (mine.accept({frames[round][i], sizes[round][i]}, 1) ? 1 : 0);
    });
  };
  board::report("accept_new_key", take(0));
  board::report("accept_overwrite", take(1));
  board::report("accept_again", take(1));
  board::report("write", board::instructions(asked, [](std::uint32_t i) {
                  sink = sink + (mine.write<setpoint>(1.25 * i, wall_ms{now + 5000 + i}, i) ? 1 : 0);
                }));
  board::report("read", board::instructions(asked, [](std::uint32_t i) { sink = sink + (mine.read<setpoint>(i) ? 1 : 0); }));
  if (!good || sink != 5 * asked) {
    return 1;
  }
  // The most: a frame of everything.
  mine = replica{};
  other = replica{};
  if (!create(mine, 1) || !create(other, 2)) {
    return 1;
  }
  std::size_t ends[2];
  for (std::uint32_t round = 0; round < 2; ++round) {
    skerry::byte_writer out{whole[round]};
    if (!everybody_writes(now + 1000 * round) || !other.encode(out)) {
      return 1;
    }
    ends[round] = out.written().size();
  }
  sink = 0;
  const char* const names[3] = {"accept_all_new", "accept_all_overwritten", "accept_all_again"};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::uint32_t round = i == 0 ? 0 : 1;
    board::report(names[i], board::instructions(1, [&](std::uint32_t) {
                    sink = sink + (mine.accept({whole[round], ends[round]}, 1) ? 1 : 0);
                  }));
  }
  return sink == 3 && mine.store().record_count() == 64 ? 0 : 1;
}
