// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "delivery/herd.hpp"
#include "delivery/vector_policy.hpp"
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  const json& params = file.at("params");
  const json& tolerance = file.at("tolerance");
  constexpr int trials = 200;
  for (const auto& row : file.at("rows")) {
    const std::string algorithm = row.at("algorithm");
    const int clients = static_cast<int>(row.at("clients").get<double>());
    suite_report::checks check{report, algorithm + " " + std::to_string(clients)};
    json policy = {{"shape", "exponential"},
                   {"initial_ns", params.at("base_ms").get<std::int64_t>() * 1'000'000},
                   {"multiplier", {2, 1}},
                   {"cap_ns", params.at("cap_ms").get<std::int64_t>() * 1'000'000},
                   {"jitter", {{"kind", algorithm == "exponential" ? "none" : algorithm}}}};
    const vector_policy built{policy};
    const contention_params model{clients, params.at("net_mean_ms"), params.at("net_sd_ms"),
                                  params.at("first_exponent").get<std::uint32_t>(), algorithm != "none"};
    double calls = 0;
    double time = 0;
    for (int i = 0; i < trials; ++i) {
      const auto one = run_contention(model, built.config, 77 + static_cast<std::uint64_t>(i));
      calls += one.calls / trials;
      time += one.time_ms / trials;
    }
    const auto compare = [&](const std::string& what, double got) {
      const double mean = row.at(what + "_mean");
      const double sem = row.at(what + "_sem");
      const double sd = row.at(what + "_sd");
      const double allowed = std::max(tolerance.at("sigma").get<double>() * std::sqrt(sem * sem + sd * sd / trials),
                                      tolerance.at("relative").get<double>() * mean);
      check.held(what, std::fabs(got - mean) <= allowed, std::to_string(mean) + " +- " + std::to_string(allowed), std::to_string(got));
    };
    compare("calls", calls);
    compare("time_ms", time);
  }
}

const suite_registration registered{"delivery.jitter_contention", &run};

}  // namespace
}  // namespace skerry_test
