// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Two sets of n numbers that both have (splitmix64 seed 1) and d more in one of them, half in each: what it costs to find the d.
// `per_difference`: symbols, bytes on the wire in answers of 1200 bytes (questions included); `rounds`; `memory` of the side that asks.
// The time is that of both sides. The plain alternative sends all values.
#include <skerry/core/random.hpp>
#include <skerry/state/hash_tree.hpp>
#include <skerry/state/riblt.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

namespace state = skerry::state;

struct numbers {
  std::vector<state::digest_item> items;
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& item : items) {
      f(item);
    }
  }
};

numbers set_of(std::size_t common, std::size_t own, std::uint64_t seed) {
  numbers out;
  skerry::splitmix64 shared{1};
  skerry::splitmix64 alone{seed};
  for (std::size_t i = 0; i < common + own; ++i) {
    const std::uint64_t value = i < common ? shared() : alone();
    out.items.push_back({value, value});
  }
  return out;
}

template <typename D>
void reconcile(benchmark::State& run) {
  const auto n = static_cast<std::size_t>(run.range(0));
  const auto d = static_cast<std::size_t>(run.range(1));
  const auto asking = std::make_unique<D>();
  std::size_t bytes = 0;
  std::size_t rounds = 0;
  std::size_t symbols = 0;
  std::uint64_t salt = 0;
  const numbers mine = set_of(n, d / 2, 2);
  const numbers theirs = set_of(n, d - d / 2, 3);
  std::size_t found = 0;
  for (auto _ : run) {
    asking->start(++salt, state::mark_of(mine));
    while (!asking->done()) {
      std::array<std::byte, 128> question{};
      std::array<std::byte, 1200> reply{};
      skerry::byte_writer q{question};
      skerry::byte_writer r{reply};
      skerry::byte_reader in{{}};
      if (!asking->ask(q) || !D::answer(salt, in = skerry::byte_reader{q.written()}, theirs, r) ||
          !asking->take(in = skerry::byte_reader{r.written()}, mine, [&](std::uint64_t, state::digest_side) { ++found; })) {
        run.SkipWithError("refused");
        return;
      }
      bytes += q.written().size() + r.written().size();
      ++rounds;
    }
    if constexpr (requires { asking->symbols(); }) {
      symbols += asking->symbols();
    }
  }
  const auto times = static_cast<double>(run.iterations());
  run.counters["found"] = static_cast<double>(found) / times;
  run.counters["bytes_per_difference"] = static_cast<double>(bytes) / times / static_cast<double>(d);
  run.counters["rounds"] = static_cast<double>(rounds) / times;
  run.counters["memory"] = sizeof(D);
  if (symbols != 0) {
    run.counters["symbols_per_difference"] = static_cast<double>(symbols) / times / static_cast<double>(d);
    run.counters["per_symbol"] =
        benchmark::Counter(static_cast<double>(symbols), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }
}
BENCHMARK(reconcile<state::riblt<2048>>)
    ->Name("state/digest/riblt_2048")
    ->Args({1000, 10})
    ->Args({10'000, 10})
    ->Args({1000, 100})
    ->Args({10'000, 100})
    ->Args({1000, 1000})
    ->Args({10'000, 1000})
    ->Args({60'000, 100});
BENCHMARK(reconcile<state::riblt<2048, 2048>>)->Name("state/digest/riblt_2048/one_window")->Args({10'000, 1000});
BENCHMARK(reconcile<state::hash_tree<>>)->Name("state/digest/hash_tree")->Args({10'000, 10})->Args({10'000, 1000})->Args({10'000, 10'000});

/// The first 1500 symbols of 10 000 elements, in windows of 64 or all at once.
void encode(benchmark::State& run) {
  const numbers set = set_of(10'000, 0, 1);
  const auto window = static_cast<std::size_t>(run.range(0));
  std::vector<state::coded_symbol> symbols(1500);
  for (auto _ : run) {
    for (std::size_t at = 0; at < symbols.size(); at += window) {
      state::riblt<64>::encode(1, set, static_cast<std::uint32_t>(at),
                               std::span{symbols}.subspan(at, std::min(window, symbols.size() - at)));
    }
    benchmark::DoNotOptimize(symbols.data());
  }
  run.counters["per_symbol"] = benchmark::Counter(1500, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(encode)->Name("state/digest/encode")->Arg(64)->Arg(256)->Arg(1500);

/// Symbols until the differences are known, asked for one by one: what the code itself needs, without the rounding up of questions.
void needed(benchmark::State& run) {
  const auto d = static_cast<std::size_t>(run.range(0));
  const auto asking = std::make_unique<state::riblt<8192>>();
  const numbers mine = set_of(0, d / 2, 2);
  const numbers theirs = set_of(0, d - d / 2, 3);
  std::uint64_t salt = 0;
  double symbols = 0;
  double most = 0;
  for (auto _ : run) {
    asking->start(++salt, state::mark_of(mine));
    while (!asking->done()) {
      std::array<std::byte, 16> question{};
      std::array<std::byte, 64> reply{};
      skerry::byte_writer q{question};
      skerry::byte_writer r{reply};
      q.varint(asking->symbols());
      q.varint(1);
      skerry::byte_reader asked{q.written()};
      (void)state::riblt<8192>::answer(salt, asked, theirs, r);
      skerry::byte_reader in{r.written()};
      (void)asking->take(in, mine, [](std::uint64_t, state::digest_side) {});
    }
    symbols += static_cast<double>(asking->symbols());
    most = std::max(most, static_cast<double>(asking->symbols()));
  }
  run.counters["symbols_per_difference"] = symbols / static_cast<double>(run.iterations()) / static_cast<double>(d);
  run.counters["most"] = most / static_cast<double>(d);
}
BENCHMARK(needed)->Name("state/digest/symbols_needed")->Arg(1)->Arg(4)->Arg(16)->Arg(100)->Arg(300)->Iterations(1000);
BENCHMARK(needed)->Name("state/digest/symbols_needed")->Arg(1000)->Iterations(100);

}  // namespace
