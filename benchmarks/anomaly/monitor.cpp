// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The monitor: 16 Gaussian columns (pcg32 seed 7), shingle of five, everything as `default_monitor` has it, refits running.
//
// Time of this thread's processor. Every run does the same work row for row, so the least of some runs is what a row takes when nothing
// else interrupts it; percentiles are taken over rows. `fleet` goes round many monitors, so that each row finds its monitor out of the
// caches; its counter is the share of one core that 3000 machines with one row a second take.
#include <skerry/anomaly/monitor.hpp>
#include <skerry/core/random.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

namespace {

namespace anomaly = skerry::anomaly;
constexpr std::size_t columns = 16, learnt = 2000, observed = 4000;
using row_type = std::array<float, columns>;

struct resting : anomaly::default_monitor {
  static constexpr std::size_t refit_every = static_cast<std::size_t>(-1);
};
using busy_monitor = anomaly::monitor<columns>;
using resting_monitor = anomaly::monitor<columns, anomaly::no_model, resting>;

const std::vector<row_type>& rows() {
  static const auto made = [] {
    skerry::pcg32 random{7};
    std::vector<row_type> all(learnt + observed);
    for (row_type& r : all) {
      for (float& x : r) {
        x = static_cast<float>(skerry::normal(random));
      }
    }
    return all;
  }();
  return made;
}

double thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

template <typename Monitor>
std::unique_ptr<Monitor> taught(std::size_t n) {
  auto m = std::make_unique<Monitor>();
  if (!Monitor::create(*m, {.seed = 1})) {
    std::abort();
  }
  for (std::size_t i = 0; i < n; ++i) {
    benchmark::DoNotOptimize(m->observe(rows()[i], static_cast<std::uint64_t>(i) * 1000));
  }
  return m;
}

template <typename Monitor>
void observe(benchmark::State& state) {
  constexpr int runs = 7;
  const auto start = taught<Monitor>(learnt);
  const auto m = std::make_unique<Monitor>();
  std::vector<double> least(observed, 1e12);
  for (auto _ : state) {
    double whole = 0;
    for (int run = 0; run < runs; ++run) {
      *m = *start;
      for (std::size_t i = 0; i < observed; ++i) {
        const double from = thread_ns();
        benchmark::DoNotOptimize(m->observe(rows()[learnt + i], static_cast<std::uint64_t>(learnt + i) * 1000));
        const double ns = thread_ns() - from;
        least[i] = std::min(least[i], ns);
        whole += ns;
      }
    }
    state.SetIterationTime(whole * 1e-9 / (runs * observed));
  }
  std::sort(least.begin(), least.end());
  const auto at = [&least](double share) { return least[static_cast<std::size_t>(share * (observed - 1))]; };
  state.counters["p50_ns"] = at(0.5);
  state.counters["p95_ns"] = at(0.95);
  state.counters["p99_ns"] = at(0.99);
  state.counters["p99.9_ns"] = at(0.999);
  state.counters["most_ns"] = at(1);
  state.counters["refits"] = static_cast<double>(m->counters().refits - start->counters().refits);
  state.counters["sizeof"] = sizeof(Monitor);
}
BENCHMARK_TEMPLATE(observe, busy_monitor)->Name("anomaly/monitor/observe")->UseManualTime()->Iterations(1);
BENCHMARK_TEMPLATE(observe, resting_monitor)->Name("anomaly/monitor/observe_no_refits")->UseManualTime()->Iterations(1);

void fleet(benchmark::State& state) {
  constexpr std::size_t machines = 300;
  constexpr std::size_t rounds = 40;
  std::vector<std::unique_ptr<busy_monitor>> all;
  for (std::size_t i = 0; i < machines; ++i) {
    // At different places of their refits.
    all.push_back(i < 20 ? taught<busy_monitor>(400 + 73 * i) : std::make_unique<busy_monitor>(*all[i % 20]));
  }
  double ns = 0;
  std::size_t done = 0;
  for (auto _ : state) {
    const double from = thread_ns();
    for (std::size_t r = 0; r < rounds; ++r) {
      for (std::size_t i = 0; i < machines; ++i) {
        benchmark::DoNotOptimize(all[i]->observe(rows()[(r * machines + i) % rows().size()], (learnt + observed + done + r) * 1000));
      }
    }
    ns += thread_ns() - from;
    done += rounds;
    state.SetIterationTime(ns * 1e-9);
  }
  const double per_row = ns / static_cast<double>(done * machines);
  state.counters["row_ns"] = per_row;
  state.counters["core_share_of_3000"] = 3000 * per_row * 1e-9;
}
BENCHMARK(fleet)->Name("anomaly/monitor/fleet")->UseManualTime()->Iterations(1);

void image(benchmark::State& state) {
  const auto m = taught<busy_monitor>(learnt + 700);
  std::vector<std::byte> memory(busy_monitor::bytes);
  std::size_t size = 0;
  for (auto _ : state) {
    skerry::byte_writer out{memory};
    if (!m->encode(out)) {
      std::abort();
    }
    size = out.written().size();
    skerry::byte_reader in{out.written()};
    if (!m->decode(in)) {
      std::abort();
    }
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(image)->Name("anomaly/monitor/encode_decode")->Unit(benchmark::kMillisecond);

}  // namespace
