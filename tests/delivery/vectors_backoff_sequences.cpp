// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/retry.hpp>

#include "delivery/vector_policy.hpp"
#include "vectors/vector_suite.hpp"

#include <algorithm>
#include <cmath>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;

/// Retries that `retry` grants when every attempt fails, up to `most`.
int granted(int limit, int most) {
  using tick = std::uint64_t;
  const backoff_config<tick> waits{};
  const retry_config<tick> config{.attempts = static_cast<std::uint16_t>(limit < 0 ? 0 : limit + 1)};
  const retry_budget_config<tick> rich{.reserve_per_s = 1000};
  retry_budget<tick> budget{rich};
  retry<tick> call{config, backoff<tick>{waits, device_seed::for_test(1)}, tick{1} << 60};
  tick now = 0;
  int n = 0;
  while (n < most) {
    const auto next = call.on_result(reply<tick>{outcome::transient, no_hint<tick>}, repeatable::yes, budget, now);
    if (next.what != next_step::wait) {
      break;
    }
    now = next.at;
    ++n;
  }
  return n;
}

void policy(const json& entry, suite_report& report) {
  suite_report::checks check{report, entry.at("id")};
  const vector_policy built{entry.at("params")};
  const backoff<ns_time> plain{built.config, device_seed::for_test(1)};
  const auto& nominal = entry.at("nominal");
  for (std::uint32_t i = 0; i < nominal.size(); ++i) {
    check.near("nominal " + std::to_string(i), nominal[i], static_cast<double>(plain.nominal(i).count()), 1e6, 1e-9);
  }
  for (std::uint32_t i = 0; i < nominal.size(); ++i) {
    const double w = nominal[i];
    double low = 0;
    double high = 0;
    const json& jitter = entry["params"]["jitter"];
    const std::string kind = jitter["kind"];
    if (!entry.at("jitter_low").is_null()) {
      low = w * entry["jitter_low"].get<double>();
      high = w * entry.at("jitter_high").get<double>();
    } else if (kind == "absolute") {
      low = w - jitter["plus_minus_ns"].get<double>();
      high = w + jitter["plus_minus_ns"].get<double>();
    } else if (kind == "window") {
      low = jitter["from_ns"];
      high = w;
    } else if (kind == "full") {
      high = w;
    } else {
      continue;  // smoothed: its values are among the seeded ones
    }
    const double floor = static_cast<double>(built.config.floor.count());
    low = std::max(low, floor);
    double least = 1e300;
    double most = -1;
    backoff<ns_time> draws{built.config, device_seed::for_test(1000 + i)};
    for (int n = 0; n < 10'000; ++n) {
      const auto got = static_cast<double>(draws.next_for(i).count());
      least = std::min(least, got);
      most = std::max(most, got);
    }
    const double slack = std::max(1e6, 1e-9 * high);
    check.held("lowest of step " + std::to_string(i), least >= low - slack, std::to_string(low), std::to_string(least));
    check.held("highest of step " + std::to_string(i), most <= high + slack, std::to_string(high), std::to_string(most));
    const double width = high - low;
    check.held("range used at step " + std::to_string(i), least <= low + 0.02 * width + slack && most >= high - 0.02 * width - slack,
               std::to_string(low) + ".." + std::to_string(high), std::to_string(least) + ".." + std::to_string(most));
  }
  const json& stop = entry.at("retries_before_stop");
  check.equal("retries granted", stop.is_null() ? 1000 : stop.get<int>(), granted(stop.is_null() ? -1 : stop.get<int>(), 1000));
  if (entry["params"].value("measured_from", "") == "attempt_start") {
    const backoff_config<std::uint64_t> waits{.base = 1000, .floor = 0, .jitter = {.kind = jitter_kind::none}};
    const retry_config<std::uint64_t> config{.attempts = 0, .from_attempt_start = true};
    const retry_budget_config<std::uint64_t> rich{.reserve_per_s = 1000};
    retry_budget<std::uint64_t> budget{rich};
    retry<std::uint64_t> call{config, backoff<std::uint64_t>{waits, device_seed::for_test(1)}, 1'000'000};
    call.started(100);
    check.equal("short attempt", std::uint64_t{1100}, call.on_result({outcome::transient}, repeatable::yes, budget, 400).at);
    call.started(2000);
    check.equal("long attempt", std::uint64_t{9000}, call.on_result({outcome::transient}, repeatable::yes, budget, 9000).at);
  }
}

void seeded(const json& entry, suite_report& report) {
  suite_report::checks check{report, entry.at("id").get<std::string>() + " seeded"};
  backoff_config<ns_time> config;
  config.floor = ns_duration{};
  const std::string kind = entry.at("kind");
  const auto ms = [&](const char* key) { return ns_duration{std::llround(entry.at(key).get<double>() * 1e6)}; };
  if (kind == "smoothed") {
    config.base = ns_duration{entry.at("base_ns").get<std::int64_t>()};
    config.cap = no_cap<ns_time>;
    config.jitter.kind = jitter_kind::smoothed;
  } else if (kind == "decorrelated") {
    config.base = ms("base_ms");
    config.cap = ms("cap_ms");
    config.jitter.kind = jitter_kind::decorrelated;
  } else if (kind == "proportional") {
    config.base = ms("initial_ms");
    config.cap = ms("cap_ms");
    config.ratio = {entry.at("multiplier").at(0).get<std::uint32_t>(), entry["multiplier"].at(1).get<std::uint32_t>()};
    config.jitter = {jitter_kind::proportional, to_ratio(entry.at("low")), to_ratio(entry.at("high")), ns_duration{}};
  } else {
    check.held("kind", false, "a known kind", kind);
    return;
  }
  backoff<ns_time> waits{config, device_seed::for_test(1)};
  const bool in_ns = entry.contains("delays_ns");
  const auto& expected = entry.at(in_ns ? "delays_ns" : "delays_ms");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double want = expected[i].get<double>() * (in_ns ? 1 : 1e6);
    const auto got = static_cast<double>(waits.next(to_u32(entry.at("u").at(i))).count());
    check.near("delay " + std::to_string(i), want, got, entry.value("tolerance_ns", 1e6), entry.contains("tolerance_ns") ? 0 : 1e-9);
  }
}

void hints(const json& entry, suite_report& report) {
  using tick = std::uint64_t;
  const std::string kind = entry.at("kind");
  int number = 0;
  for (const auto& one : entry.at("cases")) {
    suite_report::checks check{report, kind + " " + std::to_string(number++)};
    backoff_config<tick> waits{.cap = no_cap<tick>, .floor = 0, .jitter = {.kind = jitter_kind::none}};
    retry_config<tick> config{.attempts = 0};
    tick now = 0;
    tick until = tick{1} << 60;
    std::int64_t hint = no_hint<tick>;
    if (one.contains("hint_ms")) {
      hint = one["hint_ms"].is_number() ? one["hint_ms"].get<std::int64_t>() : -1;  // unreadable: do not retry
    }
    if (kind == "exact_then_reset") {
      config.hint = hint_rule::exact_then_reset;
      waits.base = entry.at("initial_ms").get<std::int64_t>();
    } else if (kind == "min_cap") {
      config.hint = hint_rule::min_cap;
      config.hint_cap = entry.at("max_backoff_ms").get<std::int64_t>();
    } else if (kind == "clamp_window") {
      config.hint = hint_rule::clamp_window;
      config.hint_window = entry.at("window_ms").get<std::int64_t>();
      waits.base = one.at("t_i_ms").get<std::int64_t>();
    } else if (kind == "deadline") {
      waits.base = one.at("delay_ms").get<std::int64_t>();
      now = one.at("now_ms");
      until = one.at("deadline_ms");
    } else {
      check.held("kind", false, "a known kind", kind);
      continue;
    }
    config.attempts = one.value("max_attempts", std::uint16_t{0});
    const retry_budget_config<tick> rich{.reserve_per_s = 1000};
    retry_budget<tick> budget{rich};
    retry<tick> call{config, backoff<tick>{waits, device_seed::for_test(1)}, until};
    for (int i = 1; i < one.value("attempt", 1); ++i) {
      (void)call.on_result({outcome::transient}, repeatable::yes, budget, now);
    }
    const auto got = call.on_result({outcome::transient, hint}, repeatable::yes, budget, now);
    if (kind == "deadline") {
      check.equal("action", one.at("action").get<std::string>(), std::string{got.what == next_step::wait ? "wait" : "give_up_now"});
      continue;
    }
    check.equal("retry", one.value("retry", true), got.what == next_step::wait);
    if (one.contains("delay_ms")) {
      check.equal("delay", one["delay_ms"].get<std::int64_t>(), static_cast<std::int64_t>(got.at - now));
    }
    if (one.contains("next_nominal_ms")) {
      const auto next = call.on_result({outcome::transient}, repeatable::yes, budget, got.at);
      check.equal("next own wait", one["next_nominal_ms"].get<std::int64_t>(), static_cast<std::int64_t>(next.at - got.at));
    }
  }
}

void robust(const json& entry, suite_report& report) {
  using tick = std::uint32_t;
  const std::string id = entry.at("id");
  if (id == "now_forward") {
    // Items and rates are the courier's subject; what a policy alone can show is that a leap grants one trial, not many.
    suite_report::checks check{report, id};
    const breaker_config<tick> config{.min_calls = 1};
    circuit_breaker<tick> breaker{config};
    breaker.record(breaker.acquire(0).value(), outcome::transient, 1, 0);
    const tick later = static_cast<tick>(entry.at("by_ms").get<std::uint64_t>());
    int allowed = 0;
    for (int i = 0; i < 100; ++i) {
      allowed += breaker.acquire(later) ? 1 : 0;
    }
    check.equal("attempts at once", 1, allowed);
    return;
  }
  suite_report::checks check{report, id};
  if (id == "huge_attempt_index") {
    const auto last = entry.at("last_attempt").get<std::uint32_t>();
    for (const auto shape : {backoff_shape::constant, backoff_shape::linear, backoff_shape::exponential, backoff_shape::fibonacci}) {
      for (const bool with_cap : {true, false}) {
        backoff_config<tick> config;
        config.shape = shape;
        config.step = 700;
        config.cap = with_cap ? 60'000 : no_cap<tick>;
        backoff<tick> waits{config, device_seed::for_test(1)};
        std::int64_t previous = 0;
        for (std::uint64_t i = 0; i <= last; i += i < 100 ? 1 : 997) {
          const auto n = waits.nominal(static_cast<std::uint32_t>(i));
          const auto drawn = waits.next_for(static_cast<std::uint32_t>(i));
          check.held("nominal", n >= previous && n <= config.cap, "growing, not above the cap", std::to_string(n));
          check.held("drawn", drawn >= 0 && drawn <= config.cap, "0 to the cap", std::to_string(drawn));
          previous = n;
        }
        check.held("largest index", waits.nominal(0xffff'ffff) <= config.cap && waits.nominal(0xffff'ffff) > 0, "not above the cap", "");
      }
    }
  } else if (id == "cap_below_initial") {
    const backoff_config<tick> config{.base = entry.at("initial_ms").get<std::int32_t>(), .cap = entry.at("cap_ms").get<std::int32_t>()};
    const backoff<tick> waits{config, device_seed::for_test(1)};
    for (std::uint32_t i = 0; i < 100; ++i) {
      check.equal("wait", config.cap, waits.nominal(i));
    }
  } else if (id == "multiplier_one") {
    const backoff_config<tick> config{.base = entry.at("initial_ms").get<std::int32_t>(), .ratio = {1, 1}};
    const backoff<tick> waits{config, device_seed::for_test(1)};
    for (const std::uint32_t i : {0U, 1U, 7U, 1000U, 4'000'000'000U}) {
      check.equal("wait", config.base, waits.nominal(i));
    }
  } else if (id == "now_backwards") {
    const breaker_config<tick> config{.min_calls = 1};
    circuit_breaker<tick> breaker{config};
    const tick start = 2'000'000'000;
    const auto back = entry.at("by_ms").get<tick>();
    breaker.record(breaker.acquire(start).value(), outcome::transient, 1, start);
    check.equal("still open", false, static_cast<bool>(breaker.acquire(start - back)));
    check.equal("a trial after the nominal wait", true, static_cast<bool>(breaker.acquire(start - back + 5000)));
  } else if (id == "tick32_wrap") {
    const breaker_config<tick> config{.min_calls = 1};
    circuit_breaker<tick> breaker{config};
    const tick start = 0xffff'ffff - 1000;
    breaker.record(breaker.acquire(start).value(), outcome::transient, 1, start);
    check.equal("open before the wait is over", false, static_cast<bool>(breaker.acquire(start + 4999)));
    check.equal("trial behind the wrap", true, static_cast<bool>(breaker.acquire(start + 5000)));
    const backoff_config<tick> waits{.base = 3000, .floor = 0, .jitter = {.kind = jitter_kind::none}};
    const retry_config<tick> retries{.attempts = 0};
    const retry_budget_config<tick> rich{.reserve_per_s = 1000};
    retry_budget<tick> budget{rich};
    retry<tick> call{retries, backoff<tick>{waits, device_seed::for_test(1)}, start + 100'000};
    const auto next = call.on_result({outcome::transient}, repeatable::yes, budget, start);
    check.equal("retry behind the wrap", static_cast<tick>(start + 3000), next.at);
  } else if (id == "independent_devices") {
    const backoff_config<ns_time> config{.cap = std::chrono::seconds{1}, .floor = ns_duration{}};
    const std::byte a[]{std::byte{1}, std::byte{2}};
    const std::byte b[]{std::byte{1}, std::byte{3}};
    backoff<ns_time> one{config, device_seed{a, 1}};
    backoff<ns_time> two{config, device_seed{b, 1}};
    const int draws = entry.at("draws");
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < draws; ++i) {
      const double x = static_cast<double>(one.next().count()) * 1e-9;
      const double y = static_cast<double>(two.next().count()) * 1e-9;
      sx += x;
      sy += y;
      sxx += x * x;
      syy += y * y;
      sxy += x * y;
    }
    const double n = draws;
    const double r = (n * sxy - sx * sy) / std::sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
    check.held("correlation", std::fabs(r) <= entry.at("max_abs_r").get<double>(), entry["max_abs_r"].dump(), std::to_string(r));
  } else {
    check.held("id", false, "a known id", id);
  }
}

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  for (const auto& entry : file.at("policies")) {
    policy(entry, report);
  }
  for (const auto& entry : file.at("seeded")) {
    seeded(entry, report);
  }
  for (const auto& entry : file.at("server_hint")) {
    hints(entry, report);
  }
  for (const auto& entry : file.at("robustness")) {
    robust(entry, report);
  }
}

const suite_registration registered{"delivery.backoff_sequences", &run};

}  // namespace
}  // namespace skerry_test
