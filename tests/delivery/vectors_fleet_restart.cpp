// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "delivery/herd.hpp"
#include "delivery/vector_policy.hpp"
#include "vectors/vector_suite.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;

/// The model of the file, as its parameters say.
fleet_params params_of(const json& params, int devices, double capacity, double spread_s, const std::vector<double>* shared) {
  fleet_params p;
  p.devices = devices;
  p.capacity_per_s = capacity;
  p.burst = params.at("burst");
  p.boot_ms = params.at("boot_ms");
  p.rtt_ms = params.at("rtt_ms");
  p.spread_s = spread_s;
  if (shared != nullptr) {
    p.shared = *shared;
  }
  return p;
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
    const auto got = run_fleet(params_of(params, devices, row.at("capacity_per_s"), row.at("initial_spread_s"), same ? &shared : nullptr),
                               policy.config, 1);
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
    const auto got = run_fleet(params_of(params, devices, params.at("capacity_per_s"), spread, nullptr), ours, 2);
    check.held("attempts", got.attempts_per_device <= bar.at("attempts_per_device_max").get<double>(),
               bar["attempts_per_device_max"].dump(), std::to_string(got.attempts_per_device));
    check.held("t99", got.t99_s <= bar.at("t99_s_max").get<double>(), bar["t99_s_max"].dump(), std::to_string(got.t99_s));
  }
}

const suite_registration registered{"delivery.fleet_restart", &run};

}  // namespace
}  // namespace skerry_test
