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

struct trial_result {
  double calls = 0;
  double time_ms = 0;
};

/// The model of the file: clients read, then write if nobody wrote since, otherwise wait and read again.
trial_result contend(const json& params, int clients, bool wait, const backoff_config<ns_time>& config, std::uint64_t seed) {
  skerry::pcg32 random{seed};
  const double mean = params.at("net_mean_ms");
  const double sd = params.at("net_sd_ms");
  const auto leg = [&] { return std::llround(std::fabs(mean + sd * skerry::normal(random)) * 1e6); };
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
  std::vector<backoff<ns_time>> waits;
  for (int i = 0; i < clients; ++i) {
    waits.emplace_back(config, device_seed::for_test(seed * 4096 + static_cast<std::uint64_t>(i)));
    queue.push({leg(), order++, i, what::read_arrives, 0});
  }
  std::int64_t version = 0;
  std::int64_t calls = 0;
  std::int64_t last = 0;
  const auto first = params.at("first_exponent").get<std::uint32_t>();
  std::vector<std::uint32_t> failures(static_cast<std::size_t>(clients), 0);
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
      if (wait && config.jitter.kind == jitter_kind::decorrelated) {
        pause = waits[who].next().count();
      } else if (wait) {
        pause = waits[who].next_for(first + failures[who]).count();
      }
      ++failures[who];
      queue.push({e.at + leg() + pause, order++, e.who, what::read_again, 0});
    }
  }
  return {static_cast<double>(calls), static_cast<double>(last) * 1e-6};
}

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
    double calls = 0;
    double time = 0;
    for (int i = 0; i < trials; ++i) {
      const auto one = contend(params, clients, algorithm != "none", built.config, 77 + static_cast<std::uint64_t>(i));
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
