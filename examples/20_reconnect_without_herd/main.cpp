// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A power cut is over and a whole fleet boots at once. How often each device asks, and how long it takes, depends on how it waits.
#include <skerry/delivery/backoff.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <queue>
#include <string_view>
#include <vector>

namespace {
using namespace skerry::delivery;
using ms = std::uint64_t;

constexpr int devices = 4000;
constexpr double capacity = 160;  // connections per second that the server takes; more is refused
constexpr double burst = 20;

struct outcome_of_fleet {
  double attempts = 0, half = 0, nearly_all = 0;  // per device; seconds until 50 % and 99 % are in
};

/// Every device boots within the first 200 ms, asks after `spread` at the latest, and after each refusal waits as `rules` say.
outcome_of_fleet boot(const backoff_config<ms>& rules, std::int64_t spread, std::uint64_t seed, bool one_seed) {
  struct event {
    ms at;
    int who;
    bool operator<(const event& other) const { return at != other.at ? at > other.at : who > other.who; }
  };
  std::vector<backoff<ms>> waits;
  std::priority_queue<event> queue;
  for (int i = 0; i < devices; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    const device_seed own = device_seed::for_test(seed).part(number);  // in a device: serial number and boot counter
    backoff<ms> powered{rules, own};
    const std::int64_t boots = powered.initial_spread(200);  // oscillators and flash differ, whatever the seed
    waits.emplace_back(rules, one_seed ? device_seed::for_test(seed) : own);
    queue.push({static_cast<ms>(boots + (spread > 0 ? waits.back().initial_spread(spread) : 0)), i});
  }
  double tokens = burst;
  ms last = 0;
  std::uint64_t attempts = 0;
  std::vector<ms> in;
  while (!queue.empty()) {
    const event next = queue.top();
    queue.pop();
    tokens = std::min(burst, tokens + static_cast<double>(next.at - last) / 1000 * capacity);
    last = next.at;
    ++attempts;
    if (tokens >= 1) {
      tokens -= 1;
      in.push_back(next.at);
    } else {
      queue.push({next.at + static_cast<ms>(waits[static_cast<std::size_t>(next.who)].next()), next.who});
    }
  }
  return {static_cast<double>(attempts) / devices, static_cast<double>(in[devices / 2]) / 1000,
          static_cast<double>(in[devices * 99 / 100]) / 1000};
}

backoff_config<ms> with(jitter_config<ms> jitter) {
  backoff_config<ms> rules;  // 1 s, doubled up to 60 s
  rules.jitter = jitter;
  return rules;
}
}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 1;
  const std::string_view value = argc == 3 && std::string_view{argv[1]} == "--seed" ? argv[2] : "";
  if (argc != 1 && (value.empty() || std::from_chars(value.data(), value.data() + value.size(), seed).ec != std::errc{})) {
    fmt::print(argc == 2 && std::string_view{argv[1]} == "--help" ? stdout : stderr, "usage: reconnect_without_herd [--seed N]\n");
    return argc == 2 && std::string_view{argv[1]} == "--help" ? 0 : 2;
  }
  const double ideal = devices / capacity;
  const auto exact = static_cast<std::int64_t>(1000 * ideal);
  fmt::print("{} devices boot at once, the server takes {} per second: {} s at best (seed {})\n", devices, capacity, ideal, seed);
  fmt::print("{:<44} {:>10} {:>8} {:>8}\n", "how a device waits", "attempts", "50 % in", "99 % in");
  const backoff_config<ms> none = with({jitter_kind::none});
  const backoff_config<ms> fifth = with({jitter_kind::proportional, {4, 5}, {6, 5}});
  const backoff_config<ms> full = with({jitter_kind::full});
  const auto row = [&](const char* name, const backoff_config<ms>& rules, std::int64_t spread, bool one_seed) {
    const outcome_of_fleet o = boot(rules, spread, seed, one_seed);
    fmt::print("{:<44} {:>10.2f} {:>6.1f} s {:>6.1f} s\n", name, o.attempts, o.half, o.nearly_all);
    return o;
  };
  row("1 s doubled to 60 s, no jitter", none, 0, false);
  row("  full jitter, but one seed for all", full, 0, true);
  row("  +-20 %", fifth, 0, false);
  const outcome_of_fleet jitter = row("  full jitter (the default)", full, 0, false);
  row("  full jitter, first contact over 25 s", full, exact, false);
  const outcome_of_fleet spread = row("  full jitter, first contact over 27.5 s", full, exact * 11 / 10, false);
  const bool held =
      spread.attempts <= 1.05 && spread.nearly_all <= 1.15 * ideal && jitter.attempts <= 6 && jitter.nearly_all <= 1.8 * ideal;
  fmt::print("{}\n", held ? "Held: a spread of 1.1 x fleet / capacity before the first contact, and nobody has to ask twice."
                          : "NOT HELD: the herd is there.");
  return held ? 0 : 1;
}
