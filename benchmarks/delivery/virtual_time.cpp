// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The figures that have no noise: herds of clients, a million messages over a bad link, a year of outages. The time of an iteration is
// real, everything else is counted in virtual time. Smaller runs of the same gate the tests (tests/delivery/gates.cpp).
#include "delivery/herd.hpp"
#include "delivery/scenarios.hpp"

#include <benchmark/benchmark.h>

namespace {
using namespace skerry_test;

/// 4000 devices boot together, a server takes 160 a second; the argument is the spread in tenths of a second.
void fleet(benchmark::State& state) {
  fleet_params params;
  params.spread_s = static_cast<double>(state.range(0)) / 10;
  fleet_result got;
  for (auto _ : state) {
    got = run_fleet(params, ns_backoff_config{}, 1);
  }
  state.counters["attempts_per_device"] = got.attempts_per_device;
  state.counters["t99_s"] = got.t99_s;
}
BENCHMARK(fleet)->ArgName("spread_ds")->Arg(275)->Arg(250)->Arg(0)->Iterations(1)->Unit(benchmark::kMillisecond);

void contention(benchmark::State& state) {
  contention_ratio got;
  for (auto _ : state) {
    got = contention_ratios(200);
  }
  state.counters["calls_to_none"] = got.calls;
  state.counters["time_to_exponential"] = got.time;
}
BENCHMARK(contention)->Iterations(1)->Unit(benchmark::kMillisecond);

void once(benchmark::State& state) {
  effect_once_result got;
  for (auto _ : state) {
    got = effect_once(1'000'000, 1, static_cast<std::uint16_t>(state.range(0)));
  }
  const auto count = [&](const char* name, std::uint64_t n) { state.counters[name] = static_cast<double>(n); };
  count("messages", got.messages);
  count("effects", got.effects);
  count("arrived", got.arrived);
  count("reordered", got.reordered);
  count("repeats", got.repeats);
  count("retries", got.retries);
  if (got.effects != got.messages || !got.sums) {
    state.SkipWithError("a message had no effect, or two");
  }
}
BENCHMARK(once)->ArgName("stream_window")->Arg(1)->Arg(8)->Iterations(1)->Unit(benchmark::kMillisecond);

void year(benchmark::State& state) {
  year_result got;
  for (auto _ : state) {
    got = year_of_flaps(10'000, 30, 60, 1);
  }
  state.counters["items"] = static_cast<double>(got.items);
  state.counters["delivered"] = static_cast<double>(got.delivered);
  state.counters["evicted"] = static_cast<double>(got.evicted);
  state.counters["most_queued"] = static_cast<double>(got.most_queued);
  state.counters["polls_per_event"] = static_cast<double>(got.polls) / static_cast<double>(got.events);
}
BENCHMARK(year)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
