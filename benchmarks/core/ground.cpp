// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Checksums, hashes, draws and functions of core, each beside a plain alternative.
#include <benchmark/benchmark.h>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/hash_table.hpp>
#include <skerry/core/math.hpp>
#include <skerry/core/random.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

namespace {

std::vector<std::byte> text(std::size_t n) {
  skerry::splitmix64 g{1};
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes) {
    b = static_cast<std::byte>(g());
  }
  return bytes;
}

template <typename F>
void over_bytes(benchmark::State& state, F f) {
  const auto bytes = text(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(f(std::span<const std::byte>{bytes}));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void crc32c(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::crc32c(bytes); });
}
void crc32c_table(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::crc32c_table(bytes); });
}
void crc32c_one_table(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::detail::crc32c_sliced<1>(bytes, 0); });
}
void crc32c_four_tables(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::detail::crc32c_sliced<4>(bytes, 0); });
}
void crc32c_bit_by_bit(benchmark::State& state) {
  over_bytes(state, [](auto bytes) {
    std::uint32_t crc = ~0U;
    for (const std::byte b : bytes) {
      crc ^= std::to_integer<std::uint32_t>(b);
      for (int i = 0; i < 8; ++i) {
        crc = (crc >> 1) ^ (0x82f63b78U & (0U - (crc & 1U)));
      }
    }
    return ~crc;
  });
}
BENCHMARK(crc32c)->Arg(64)->Arg(4096);
BENCHMARK(crc32c_table)->Arg(64)->Arg(4096);
BENCHMARK(crc32c_one_table)->Arg(64)->Arg(4096);
BENCHMARK(crc32c_four_tables)->Arg(64)->Arg(4096);
BENCHMARK(crc32c_bit_by_bit)->Arg(64)->Arg(4096);

void hash64(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::hash64(bytes, 1); });
}
void murmur3(benchmark::State& state) {
  over_bytes(state, [](auto bytes) { return skerry::murmur3_x64_128(bytes, 1).h1; });
}
void fnv1a(benchmark::State& state) {
  over_bytes(state, [](auto bytes) {
    std::uint64_t h = 0xcbf29ce484222325;
    for (const std::byte b : bytes) {
      h = (h ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3;
    }
    return h;
  });
}
BENCHMARK(hash64)->Arg(8)->Arg(1024);
BENCHMARK(murmur3)->Arg(8)->Arg(1024);
BENCHMARK(fnv1a)->Arg(8)->Arg(1024);

template <typename F>
void per_word(benchmark::State& state, int words, F f) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(f());
  }
  state.SetItemsProcessed(state.iterations() * words);
}
void philox_block(benchmark::State& state) {
  const skerry::philox p{1};
  std::uint32_t i = 0;
  per_word(state, 4, [&] { return p.block({++i, 0, 0, 0}); });
}
void splitmix64(benchmark::State& state) { per_word(state, 1, skerry::splitmix64{1}); }
void pcg32(benchmark::State& state) { per_word(state, 1, skerry::pcg32{1}); }
void std_mt19937(benchmark::State& state) { per_word(state, 1, std::mt19937{1}); }
void normal(benchmark::State& state) {
  skerry::splitmix64 g{1};
  per_word(state, 1, [&] { return skerry::normal(g); });
}
void std_normal_distribution(benchmark::State& state) {
  std::mt19937_64 g{1};
  std::normal_distribution<double> d;
  per_word(state, 1, [&] { return d(g); });
}
BENCHMARK(philox_block);
BENCHMARK(splitmix64);
BENCHMARK(pcg32);
BENCHMARK(std_mt19937);
BENCHMARK(normal);
BENCHMARK(std_normal_distribution);

template <typename F>
void over_numbers(benchmark::State& state, F f) {
  skerry::splitmix64 g{1};
  std::vector<double> x(1024);
  for (double& v : x) {
    v = 10 * skerry::uniform01(g);
  }
  for (auto _ : state) {
    for (const double v : x) {
      benchmark::DoNotOptimize(f(v));
    }
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
#define BESIDE_LIBM(function)                                                \
  void function(benchmark::State& state) {                                   \
    over_numbers(state, [](double x) { return skerry::math::function(x); }); \
  }                                                                          \
  void libm_##function(benchmark::State& state) {                            \
    over_numbers(state, [](double x) { return std::function(x); });          \
  }                                                                          \
  BENCHMARK(function);                                                       \
  BENCHMARK(libm_##function)
namespace functions {
BESIDE_LIBM(exp);
BESIDE_LIBM(log);
BESIDE_LIBM(log2);
BESIDE_LIBM(tanh);
BESIDE_LIBM(sin);
}  // namespace functions

template <typename Table, typename Find>
void find(benchmark::State& state, Table& table, Find found) {
  skerry::splitmix64 g{2};
  std::vector<std::uint64_t> keys(3000);
  for (std::uint64_t& key : keys) {
    key = g();
    table(key);
  }
  for (auto _ : state) {
    for (const std::uint64_t key : keys) {
      benchmark::DoNotOptimize(found(key));
    }
  }
  state.SetItemsProcessed(state.iterations() * 3000);
}
void hash_table_find(benchmark::State& state) {
  static skerry::hash_table<std::uint64_t, std::uint64_t, 3072> t{1};
  const auto insert = [](std::uint64_t key) { (void)t.insert_or_assign(key, key); };
  find(state, insert, [](std::uint64_t key) { return t.find(key); });
}
void std_unordered_map_find(benchmark::State& state) {
  std::unordered_map<std::uint64_t, std::uint64_t> t;
  const auto insert = [&t](std::uint64_t key) { t.insert_or_assign(key, key); };
  find(state, insert, [&t](std::uint64_t key) { return t.find(key); });
}
BENCHMARK(hash_table_find);
BENCHMARK(std_unordered_map_find);

}  // namespace
