// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The hybrid clock; and a gateway of 3000 children with 20 keys each, every child an actor of its own, one operation a message: all
// keys come once, then each is overwritten.
#include <skerry/core/random.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include "rounds.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <numeric>
#include <vector>

namespace state_bench {
namespace {

namespace state = skerry::state;
using skerry::wall_ms;
constexpr std::uint64_t now = 1'790'000'000'000;

void hlc_tick(benchmark::State& bench) {
  state::hlc clock = state::hlc::restore({}, {});
  std::uint64_t wall = now;
  for (auto _ : bench) {
    benchmark::DoNotOptimize(clock.tick(wall_ms{wall}));
    wall += (wall & 3) == 0 ? 1 : 0;
    benchmark::DoNotOptimize(wall);
  }
  require(clock.last().ms() >= now, "the clock stands");
}
BENCHMARK(hlc_tick)->Name("state/hlc/tick");

void hlc_witness(benchmark::State& bench) {
  state::hlc clock = state::hlc::restore({}, {});
  std::array<state::stamp, 256> theirs;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    theirs[i] = state::stamp{now + (i * 7 & 15), 3};
  }
  std::uint64_t refused = 0;
  std::uint64_t bits = 0;
  std::uint8_t at = 0;
  for (auto _ : bench) {
    const auto seen = clock.witness(wall_ms{now + 5}, theirs[at++]);
    refused += seen ? 0 : 1;
    bits += seen ? seen.value().bits() : 0;
  }
  benchmark::DoNotOptimize(bits);
  require(clock.last().ms() >= now && refused == 0, "the clock stands");
}
BENCHMARK(hlc_witness)->Name("state/hlc/witness");

struct reading {
  static constexpr state::path at{"child/{id}/{what}"};
  using policy = state::lww<double>;
};
using schema = state::schema<reading>;

/// The gateway's profile, with the room that these children, keys and values need.
struct fitted : state::limits::gateway {
  static constexpr std::size_t actors = 3072;
  static constexpr std::size_t members = 3072;
  static constexpr std::size_t records = 61'000;
  static constexpr std::size_t key_bytes = 7;
  static constexpr std::size_t payload_bytes = 9;
  static constexpr std::size_t log_bytes = 4096;
};
struct child_limits : state::limits::firmware {
  static constexpr std::size_t actors = 2;
  static constexpr std::size_t keys = 20;
  static constexpr std::size_t records = 40;
};
constexpr std::uint32_t children = 3000;
constexpr std::uint32_t keys_of_child = 20;

struct frames {
  std::vector<std::byte> bytes;
  std::vector<std::uint32_t> ends;
  [[nodiscard]] std::span<const std::byte> operator[](std::size_t i) const {
    const std::size_t first = i == 0 ? 0 : ends[i - 1];
    return {bytes.data() + first, ends[i] - first};
  }
};

/// Frame (child * 20 + key) * 2 + round.
frames written_by_children() {
  frames all;
  for (std::uint32_t c = 0; c < children; ++c) {
    state::replica<schema, child_limits> child;
    skerry::splitmix64 random{c};
    require(static_cast<bool>(decltype(child)::create(child, 1000 + c, state::role::device, state::epoch_rule::every_open, {}, random, 0)),
            "create");
    std::array<std::vector<std::byte>, keys_of_child * 2> mine;
    for (std::uint32_t round = 0; round < 2; ++round) {
      for (std::uint32_t k = 0; k < keys_of_child; ++k) {
        const auto delta = child.write<reading>(20.0 + (c % 100) / 8.0 + round, wall_ms{now + round * 60'000 + k}, c, k);
        require(static_cast<bool>(delta), "write");
        mine[k * 2 + round].assign(delta.value().bytes().begin(), delta.value().bytes().end());
      }
    }
    for (const auto& frame : mine) {
      all.bytes.insert(all.bytes.end(), frame.begin(), frame.end());
      all.ends.push_back(static_cast<std::uint32_t>(all.bytes.size()));
    }
  }
  return all;
}

template <typename Limits>
void gateway(benchmark::State& bench) {
  using replica = state::replica<schema, Limits>;
  const frames all = written_by_children();
  std::vector<double> each;
  double mean = 0;
  for (auto _ : bench) {
    auto place = std::make_unique<replica>();
    skerry::splitmix64 random{7};
    require(static_cast<bool>(replica::create(*place, 1, state::role::gateway, state::epoch_rule::every_open, {}, random, 0)), "create");
    stopwatch whole;
    for (std::uint32_t round = 0; round < 2; ++round) {
      for (std::uint32_t k = 0; k < keys_of_child; ++k) {
        for (std::uint32_t c = 0; c < children; ++c) {
          const auto frame = all[(c * keys_of_child + k) * 2 + round];
          const auto start = std::chrono::steady_clock::now();
          const bool joined = static_cast<bool>(place->accept(frame, round * 60'000 + k));
          each.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
          require(joined, "accept");
        }
      }
    }
    mean = whole.ns() / static_cast<double>(each.size());
    require(place->store().key_count() == children * keys_of_child, "keys are missing");
    require(place->template read<reading>(2999, 19).value_or(0) == 20.0 + 99 / 8.0 + 1, "a key reads otherwise");
    bench.SetIterationTime(mean * 1e-9);
  }
  std::sort(each.begin(), each.end());
  bench.counters["object_bytes"] = static_cast<double>(sizeof(replica));
  bench.counters["mean_ns"] = mean;
  bench.counters["p50_ns"] = each[each.size() / 2];
  bench.counters["p999_ns"] = each[each.size() * 999 / 1000];
  bench.counters["worst_ns"] = each.back();
}
BENCHMARK_TEMPLATE(gateway, fitted)->Name("state/gateway/3000x20")->Iterations(1)->UseManualTime();
BENCHMARK_TEMPLATE(gateway, state::limits::gateway)->Name("state/gateway/3000x20/profile")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace state_bench
