// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/circuit_breaker.hpp>

#include "vectors/vector_suite.hpp"

#include <cmath>
#include <deque>
#include <map>
#include <stdexcept>

namespace skerry_test {
namespace {

using time_type = std::uint64_t;
using namespace skerry::delivery;

std::uint8_t percent(const nlohmann::json& config, const char* key) {
  const double rate = config.value(key, 100.0);
  if (rate != std::floor(rate) || rate < 1 || rate > 100) {
    throw std::invalid_argument{"a rate that is no whole percentage"};
  }
  return static_cast<std::uint8_t>(rate);
}

const char* name_of(breaker_state s) { return s == breaker_state::closed ? "closed" : (s == breaker_state::open ? "open" : "half_open"); }

breaker_config<time_type> config_of(const nlohmann::json& in) {
  breaker_config<time_type> config;
  config.failure_percent = percent(in, "failure_rate");
  config.slow_percent = percent(in, "slow_rate");
  if (in.contains("slow_ms")) {
    config.slow_after = in["slow_ms"].get<std::int64_t>();
  }
  config.min_calls = in.at("min_calls");
  if (in.at("window_type") == "count") {
    config.calls = in.at("window");
  } else if (in.at("window_type") == "time") {
    config.window = in.at("window").get<std::int64_t>() * 1000;
  } else {
    throw std::invalid_argument{"window_type"};
  }
  config.wait = in.at("wait_ms").get<std::int64_t>();
  config.wait_mult = in.value("wait_mult", std::uint16_t{1});
  config.wait_cap = in.value("wait_cap_ms", std::int64_t{1} << 60);
  config.permitted = in.at("permitted");
  config.lease = 0;
  config.max_half_open = in.value("max_half_open_ms", std::int64_t{0});
  config.half_open_timeout_to = in.value("half_open_timeout_to", "open") == "closed" ? breaker_state::closed : breaker_state::open;
  return config;
}

template <typename Breaker>
void run_events(const nlohmann::json& scenario, const breaker_config<time_type>& config, suite_report::checks& check) {
  Breaker breaker{config};
  std::deque<permit> anonymous;
  std::map<std::string, permit> named;
  int number = 0;
  for (const auto& event : scenario.at("events")) {
    const time_type now = event.at("t_ms");
    const std::string op = event.at("op");
    const std::string at = "event " + std::to_string(number++);
    if (op == "acquire") {
      const auto got = breaker.acquire(now);
      check.equal(at + " allowed", event.at("allowed").get<bool>(), static_cast<bool>(got));
      if (got && event.contains("token")) {
        named[event["token"]] = got.value();
      } else if (got) {
        anonymous.push_back(got.value());
      }
    } else if (op == "ok" || op == "fail" || op == "release") {
      permit with{};
      bool have = true;
      if (event.contains("token")) {
        // The permit stays known: a second result with it must change nothing.
        const auto found = named.find(event["token"]);
        have = found != named.end();
        with = have ? found->second : permit{};
      } else if (!anonymous.empty()) {
        with = anonymous.front();
        anonymous.pop_front();
      } else {
        have = false;
      }
      if (!have) {
        const auto got = breaker.acquire(now);
        have = static_cast<bool>(got);
        if (have) {
          with = got.value();
          if (event.contains("token")) {
            named[event["token"]] = with;
          }
        }
      }
      if (have && op == "release") {
        breaker.release(with, now);
      } else if (have) {
        breaker.record(with, op == "ok" ? outcome::ok : outcome::transient, event.value("duration_ms", std::int64_t{0}), now);
      }
    } else if (op != "tick") {
      check.held(at, false, "a known op", op);
    }
    check.equal(at + " state", event.at("state").get<std::string>(), std::string{name_of(breaker.state(now))});
  }
}

void run(const nlohmann::json& file, const std::filesystem::path&, suite_report& report) {
  for (const auto& scenario : file.at("scenarios")) {
    suite_report::checks check{report, scenario.at("name")};
    const auto& in = scenario.at("config");
    const auto config = config_of(in);
    if (in.at("window_type") == "count") {
      run_events<circuit_breaker<time_type, 1024>>(scenario, config, check);
    } else {
      run_events<circuit_breaker<time_type, 3600, breaker_window::seconds>>(scenario, config, check);
    }
  }
}

const suite_registration registered{"delivery.circuit_breaker_scenarios", &run};

}  // namespace
}  // namespace skerry_test
