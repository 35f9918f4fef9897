// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "delivery/vector_policy.hpp"
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <cmath>
#include <queue>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;

struct fleet_result {
  double attempts_per_device = 0;
  double t50_s = 0;
  double t99_s = 0;
};

/// The model of the file: devices boot together, a token bucket admits, the rest waits by `backoff` and comes again.
fleet_result fleet(const json& params, int devices, double capacity, double spread_s, const backoff_config<ns_time>& config,
                   const std::vector<double>* shared, std::uint64_t seed) {
  struct device {
    backoff<ns_time> waits;
    skerry::pcg32 noise;
    std::size_t refused = 0;
  };
  struct event {
    std::int64_t at;
    int who;
    bool operator<(const event& other) const { return at != other.at ? at > other.at : who > other.who; }
  };
  std::vector<device> all;
  std::priority_queue<event> queue;
  const auto ns = [&](const char* key) { return ns_duration{std::llround(params.at(key).get<double>() * 1e6)}; };
  for (int i = 0; i < devices; ++i) {
    const device_seed own = device_seed::for_test(seed * 1'000'003 + static_cast<std::uint64_t>(i));
    all.push_back(device{backoff<ns_time>{config, own}, skerry::pcg32{own.part(1).value()}});
    backoff<ns_time>& waits = all.back().waits;
    const auto boot = waits.initial_spread(ns("boot_ms")) + waits.initial_spread(ns_duration{std::llround(spread_s * 1e9)});
    queue.push({boot.count(), i});
  }
  const double burst = params.at("burst");
  double tokens = burst;
  std::int64_t last = 0;
  std::int64_t attempts = 0;
  std::vector<double> admitted;
  while (!queue.empty()) {
    const event next = queue.top();
    queue.pop();
    tokens = std::min(burst, tokens + static_cast<double>(next.at - last) * 1e-9 * capacity);
    last = next.at;
    ++attempts;
    if (tokens >= 1) {
      tokens -= 1;
      admitted.push_back(static_cast<double>(next.at) * 1e-9);
      continue;
    }
    device& d = all[static_cast<std::size_t>(next.who)];
    const ns_duration wait = shared != nullptr ? d.waits.next(to_u32((*shared)[std::min(d.refused, shared->size() - 1)])) : d.waits.next();
    ++d.refused;
    const std::int64_t rtt = (static_cast<std::int64_t>(d.noise()) * ns("rtt_ms").count()) >> 32;
    queue.push({next.at + wait.count() + rtt, next.who});
  }
  return {static_cast<double>(attempts) / devices, admitted[static_cast<std::size_t>(devices) / 2],
          admitted[static_cast<std::size_t>(devices) * 99 / 100]};
}

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  const json& params = file.at("params");
  const std::vector<double> shared = params.at("shared_u");
  const double general = file.at("tolerance").at("relative");
  int devices = 0;
  for (const auto& row : file.at("rows")) {
    suite_report::checks check{report, row.at("policy")};
    vector_policy policy{row.at("backoff")};
    const bool same = row["backoff"]["jitter"].value("u", "") == "shared";
    devices = static_cast<int>(row.at("devices").get<double>());
    const auto got =
        fleet(params, devices, row.at("capacity_per_s"), row.at("initial_spread_s"), policy.config, same ? &shared : nullptr, 1);
    const auto compare = [&](const char* field, double value) {
      const double allowed = row.contains("tolerance") ? row["tolerance"].value(field, general) : general;
      const double want = row.at(field);
      check.held(field, std::fabs(value - want) <= allowed * want, std::to_string(want), std::to_string(value));
    };
    compare("attempts_per_device", got.attempts_per_device);
    compare("t50_s", got.t50_s);
    compare("t99_s", got.t99_s);
  }
  for (const auto& bar : file.at("bars")) {
    const double spread = bar.at("initial_spread_s");
    suite_report::checks check{report, "bar, spread " + std::to_string(spread)};
    const backoff_config<ns_time> ours{};
    const auto got = fleet(params, devices, params.at("capacity_per_s"), spread, ours, nullptr, 2);
    check.held("attempts", got.attempts_per_device <= bar.at("attempts_per_device_max").get<double>(),
               bar["attempts_per_device_max"].dump(), std::to_string(got.attempts_per_device));
    check.held("t99", got.t99_s <= bar.at("t99_s_max").get<double>(), bar["t99_s_max"].dump(), std::to_string(got.t99_s));
  }
}

const suite_registration registered{"delivery.fleet_restart", &run};

}  // namespace
}  // namespace skerry_test
