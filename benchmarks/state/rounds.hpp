// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace state_bench {

/// CPU time of this thread: other programs on the machine do not count.
class stopwatch {
 public:
  [[nodiscard]] double ns() const { return now() - start_; }

 private:
  [[nodiscard]] static double now() {
    std::timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
  }
  double start_ = now();
};

/// A round checks what it has made itself; a wrong answer has no speed.
inline void require(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "wrong: %s\n", what);
    std::abort();
  }
}

inline double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

/// One who takes part: `round()` answers the nanoseconds per operation of one round.
struct subject {
  std::string name;
  std::function<double()> round;
};

/// Rounds of all subjects in turn. Reports each one's median, and for each after the first how many times longer than the first it
/// takes: the median of the pairs.
inline void interleave(benchmark::State& state, std::size_t rounds, const std::vector<subject>& subjects) {
  std::vector<std::vector<double>> times(subjects.size());
  for (auto _ : state) {
    for (std::size_t r = 0; r < rounds; ++r) {
      for (std::size_t s = 0; s < subjects.size(); ++s) {
        times[s].push_back(subjects[s].round());
      }
    }
    state.SetIterationTime(median(times[0]) * 1e-9);
  }
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    state.counters[subjects[s].name + "_ns"] = median(times[s]);
    if (s > 0) {
      std::vector<double> ratios;
      for (std::size_t r = 0; r < times[s].size(); ++r) {
        ratios.push_back(times[s][r] / times[0][r]);
      }
      state.counters[subjects[s].name + "_ratio"] = median(std::move(ratios));
    }
  }
}

}  // namespace state_bench
