// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// Many clients of one server in virtual time: a fleet that boots together, and a row that everybody wants to change.

#include <skerry/core/random.hpp>
#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/device_seed.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <span>
#include <vector>

namespace skerry_test {

using ns_time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using ns_duration = std::chrono::nanoseconds;
using ns_backoff = skerry::delivery::backoff<ns_time>;
using ns_backoff_config = skerry::delivery::backoff_config<ns_time>;

/// A uniform number as 32 bits; 1.0 becomes the largest.
inline std::uint32_t to_u32(double u) {
  const double scaled = std::nearbyint(u * 4294967296.0);
  return scaled >= 4294967295.0 ? 0xffff'ffffU : static_cast<std::uint32_t>(scaled);
}

struct fleet_params {
  int devices = 4000;
  double capacity_per_s = 160;
  double burst = 16;
  double boot_ms = 50;
  double rtt_ms = 20;
  double spread_s = 0;
  std::span<const double> shared{};  ///< one draw per retry for all devices, as a common seed gives; empty: each has its own
};
struct fleet_result {
  double attempts_per_device = 0;
  double t50_s = 0;
  double t99_s = 0;
};

/// Devices boot together, a token bucket admits, the rest waits by `backoff` and comes again.
inline fleet_result run_fleet(const fleet_params& params, const ns_backoff_config& config, std::uint64_t seed) {
  struct device {
    ns_backoff waits;
    skerry::pcg32 noise;
    std::size_t refused = 0;
  };
  struct event {
    std::int64_t at;
    int who;
    bool operator<(const event& other) const { return at != other.at ? at > other.at : who > other.who; }
  };
  const auto ns = [](double ms) { return ns_duration{std::llround(ms * 1e6)}; };
  std::vector<device> all;
  std::priority_queue<event> queue;
  for (int i = 0; i < params.devices; ++i) {
    const auto own = skerry::delivery::device_seed::for_test(seed * 1'000'003 + static_cast<std::uint64_t>(i));
    all.push_back(device{ns_backoff{config, own}, skerry::pcg32{own.part(1).value()}});
    ns_backoff& waits = all.back().waits;
    const auto boot = waits.initial_spread(ns(params.boot_ms)) + waits.initial_spread(ns(params.spread_s * 1e3));
    queue.push({boot.count(), i});
  }
  double tokens = params.burst;
  std::int64_t last = 0;
  std::int64_t attempts = 0;
  std::vector<double> admitted;
  while (!queue.empty()) {
    const event next = queue.top();
    queue.pop();
    tokens = std::min(params.burst, tokens + static_cast<double>(next.at - last) * 1e-9 * params.capacity_per_s);
    last = next.at;
    ++attempts;
    if (tokens >= 1) {
      tokens -= 1;
      admitted.push_back(static_cast<double>(next.at) * 1e-9);
      continue;
    }
    device& d = all[static_cast<std::size_t>(next.who)];
    const ns_duration wait =
        params.shared.empty() ? d.waits.next() : d.waits.next(to_u32(params.shared[std::min(d.refused, params.shared.size() - 1)]));
    ++d.refused;
    const std::int64_t rtt = (static_cast<std::int64_t>(d.noise()) * ns(params.rtt_ms).count()) >> 32;
    queue.push({next.at + wait.count() + rtt, next.who});
  }
  const auto devices = static_cast<std::size_t>(params.devices);
  return {static_cast<double>(attempts) / params.devices, admitted[devices / 2], admitted[devices * 99 / 100]};
}

struct contention_params {
  int clients = 120;
  double net_mean_ms = 8;
  double net_sd_ms = 3;
  std::uint32_t first_exponent = 1;
  bool wait = true;  ///< false: try again at once
};
struct contention_result {
  double calls = 0;
  double time_ms = 0;
};

/// Clients read, then write if nobody wrote since, otherwise wait and read again.
inline contention_result run_contention(const contention_params& params, const ns_backoff_config& config, std::uint64_t seed) {
  skerry::pcg32 random{seed};
  const auto leg = [&] { return std::llround(std::fabs(params.net_mean_ms + params.net_sd_ms * skerry::normal(random)) * 1e6); };
  enum class what { read_arrives, write_arrives, read_again };
  struct event {
    std::int64_t at;
    std::int64_t order;
    int who;
    what kind;
    std::int64_t version;
    bool operator<(const event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  std::priority_queue<event> queue;
  std::int64_t order = 0;
  std::vector<ns_backoff> waits;
  for (int i = 0; i < params.clients; ++i) {
    waits.emplace_back(config, skerry::delivery::device_seed::for_test(seed * 4096 + static_cast<std::uint64_t>(i)));
    queue.push({leg(), order++, i, what::read_arrives, 0});
  }
  std::int64_t version = 0;
  std::int64_t calls = 0;
  std::int64_t last = 0;
  std::vector<std::uint32_t> failures(static_cast<std::size_t>(params.clients), 0);
  while (!queue.empty()) {
    const event e = queue.top();
    queue.pop();
    last = std::max(last, e.at);
    const auto who = static_cast<std::size_t>(e.who);
    if (e.kind == what::read_arrives) {
      queue.push({e.at + leg() + leg(), order++, e.who, what::write_arrives, version});  // the reply, then the write
    } else if (e.kind == what::read_again) {
      queue.push({e.at + leg(), order++, e.who, what::read_arrives, 0});
    } else {
      ++calls;
      if (e.version == version) {
        ++version;
        last = std::max<std::int64_t>(last, e.at + leg());  // the reply that ends it
        continue;
      }
      std::int64_t pause = 0;
      if (params.wait && config.jitter.kind == skerry::delivery::jitter_kind::decorrelated) {
        pause = waits[who].next().count();
      } else if (params.wait) {
        pause = waits[who].next_for(params.first_exponent + failures[who]).count();
      }
      ++failures[who];
      queue.push({e.at + leg() + pause, order++, e.who, what::read_again, 0});
    }
  }
  return {static_cast<double>(calls), static_cast<double>(last) * 1e-6};
}

struct contention_ratio {
  double calls = 0;  ///< of full jitter to those of no wait
  double time = 0;   ///< of full jitter to that of plain exponential waits
};
/// 120 clients, base 10 ms, cap 1 s, means over `trials`.
inline contention_ratio contention_ratios(int trials) {
  ns_backoff_config full;
  full.base = std::chrono::milliseconds{10};
  full.cap = std::chrono::milliseconds{1000};
  full.floor = {};
  ns_backoff_config plain = full;
  plain.jitter.kind = skerry::delivery::jitter_kind::none;
  contention_result with_full, with_none, with_plain;
  const auto add = [](contention_result& to, const contention_result& one) {
    to.calls += one.calls;
    to.time_ms += one.time_ms;
  };
  for (int i = 0; i < trials; ++i) {
    const auto seed = static_cast<std::uint64_t>(77 + i);
    contention_params params;
    add(with_full, run_contention(params, full, seed));
    add(with_plain, run_contention(params, plain, seed));
    params.wait = false;
    add(with_none, run_contention(params, full, seed));
  }
  return {with_full.calls / with_none.calls, with_full.time_ms / with_plain.time_ms};
}

}  // namespace skerry_test
