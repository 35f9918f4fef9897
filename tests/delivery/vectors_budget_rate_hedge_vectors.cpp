// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery/accept_throttle.hpp>
#include <skerry/delivery/bulkhead.hpp>
#include <skerry/delivery/hedge.hpp>
#include <skerry/delivery/rate_limiter.hpp>
#include <skerry/delivery/retry.hpp>

#include "delivery/vector_policy.hpp"
#include "vectors/vector_suite.hpp"

#include <set>

namespace skerry_test {
namespace {

using namespace skerry::delivery;
using nlohmann::json;
using tick = std::uint64_t;

void token_ratio_throttle(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("id")};
  const auto& c = in.at("config");
  const retry_budget_config<tick> config{
      .kind = budget_kind::throttle, .ratio = to_ratio(c.at("token_ratio")), .capacity = c.at("max_tokens").get<std::uint32_t>()};
  retry_budget<tick> budget{config};
  int number = 0;
  for (const auto& event : in.at("events")) {
    const std::string at = "event " + std::to_string(number++);
    budget.record(event.at("result") == "ok" ? outcome::ok : outcome::transient);
    check.near(at + " tokens", event.at("tokens"), static_cast<double>(budget.balance(0)) / config.ratio.den, 1e-9, 0);
    check.equal(at + " retry", event.at("retry_allowed").get<bool>(), budget.try_withdraw(0));
  }
}

void cost_bucket(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("id")};
  const auto& c = in.at("config");
  const auto cost = c.at("retry_cost").get<std::uint32_t>();
  const retry_budget_config<tick> config{.kind = budget_kind::cost_bucket,
                                         .capacity = c.at("capacity").get<std::uint32_t>(),
                                         .cost = c.value("transient_cost", cost),
                                         .timeout_cost = c.value("timeout_cost", cost),
                                         .throttled_cost = c.value("throttle_cost", cost),
                                         .success_refill = c.value("no_retry_increment", 0U)};
  const auto count = [&](outcome what) {
    retry_budget<tick> budget{config};
    int n = 0;
    while (budget.try_withdraw(0, what)) {
      ++n;
    }
    return n;
  };
  for (const auto& [key, value] : in.at("expect").items()) {
    if (key == "retries_allowed_transient" || key == "retries_allowed_non_timeout") {
      check.equal(key, value.get<int>(), count(outcome::transient));
    } else if (key == "retries_allowed_timeout") {
      check.equal(key, value.get<int>(), count(outcome::unknown));
    } else if (key == "retries_allowed_throttle") {
      check.equal(key, value.get<int>(), count(outcome::throttled));
    } else if (key == "first_attempt_success_refill") {
      retry_budget<tick> budget{config};
      (void)budget.try_withdraw(0);
      const auto before = budget.balance(0);
      budget.record(outcome::ok);
      check.equal(key, value.get<std::int64_t>(), budget.balance(0) - before);
      budget.record(outcome::ok, outcome::transient);
      check.equal("a retry that succeeds gives its cost back", std::int64_t{config.capacity}, budget.balance(0));
    } else if (key != "note") {
      check.held(key, false, "a known expectation", value.dump());
    }
  }
}

void ratio_reserve(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("id")};
  const auto& c = in.at("config");
  const retry_budget_config<tick> config{.ratio = to_ratio(c.at("percent")),
                                         .reserve_per_s = c.at("min_retries_per_s").get<std::uint32_t>(),
                                         .memory = static_cast<std::int64_t>(c.at("ttl_s").get<double>() * 1000)};
  retry_budget<tick> budget{config};
  const auto tokens = [&](tick now) { return static_cast<double>(budget.balance(now)) / config.ratio.den; };
  if (in.contains("expect") && in["expect"].contains("initial_balance")) {
    check.near("initial balance", in["expect"]["initial_balance"], tokens(0), 1e-9, 0);
  }
  int number = 0;
  for (const auto& step : in.at("steps")) {
    const std::string at = "step " + std::to_string(number++);
    const tick now = step.at("t_ms");
    const std::string op = step.at("op");
    if (op == "balance") {
      check.near(at, step.at("expect"), tokens(now), 1e-9, 0);
    } else if (op == "deposit" || op == "withdraw") {
      for (int i = 0; i < step.value("count", 1); ++i) {
        if (op == "deposit") {
          budget.deposit(now);
        } else {
          check.held(at, budget.try_withdraw(now), "granted", "denied");
        }
      }
    } else {
      check.held(at, false, "a known op", op);
    }
  }
}

/// One call through nested layers, each of which tries `attempts` times; every call at the bottom fails. Returns the calls made there.
int calls_through(int layers, int attempts) {
  const backoff_config<tick> waits{};
  const retry_config<tick> config{.attempts = static_cast<std::uint16_t>(attempts)};
  const retry_budget_config<tick> rich{.reserve_per_s = 1'000'000};
  retry_budget<tick> budget{rich};
  int calls = 0;
  const auto layer = [&](auto&& self, int depth) -> outcome {
    if (depth == 0) {
      ++calls;
      return outcome::transient;
    }
    retry<tick> call{config, backoff<tick>{waits, device_seed::for_test(static_cast<std::uint64_t>(calls))}, tick{1} << 60};
    while (call.on_result({self(self, depth - 1)}, repeatable::yes, budget, 0).what == next_step::wait) {
    }
    return outcome::transient;
  };
  (void)layer(layer, layers);
  return calls;
}

void token_bucket(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("id")};
  const rate_config config{to_ratio(in.at("config").at("rate_per_s")), in.at("config").at("burst").get<std::uint32_t>()};
  rate_limiter<tick> limiter{config};
  int number = 0;
  for (const auto& event : in.at("events")) {
    const std::string at = "event " + std::to_string(number++);
    const tick now = event.at("t_ms");
    check.equal(at, event.at("allowed").get<bool>(), limiter.try_acquire(now));
    check.near(at + " tokens", event.at("tokens_after"),
               static_cast<double>(limiter.balance(now)) / static_cast<double>(limiter.parts_per_token()), 1e-9, 0);
  }
}

void accept_ratio(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("id")};
  const accept_throttle_config<tick> config{.k = to_ratio(in.at("config").at("K")),
                                            .window = static_cast<std::int64_t>(in.at("config").at("window_s").get<double>() * 1000)};
  for (const auto& one : in.at("cases")) {
    accept_throttle<tick> throttle{config, device_seed::for_test(1)};
    for (int i = 0; i < one.at("requests").get<int>(); ++i) {
      (void)throttle.admit(0);
    }
    for (int i = 0; i < one.at("accepts").get<int>(); ++i) {
      throttle.accepted(0);
    }
    check.near("p of " + one.dump(), one.at("p"), static_cast<double>(throttle.refusal_u32()) / 4294967296.0, 1e-9, 0);
  }
}

/// Replays the answers at their times and lets the hedge say what it does, from one of its deadlines to the next.
void hedging(const json& in, suite_report& report) {
  suite_report::checks check{report, in.at("name")};
  const hedge_config<tick> config{.max_attempts = in.at("config").at("max_attempts").get<std::uint8_t>(),
                                  .delay = in.at("config").at("hedging_delay_ms").get<std::int64_t>()};
  const retry_budget_config<tick> rich{.reserve_per_s = 1'000'000};
  retry_budget<tick> budget{rich};
  hedge<tick> call{config, repeatable::yes, 0};
  json sends = json::array();
  json cancelled = json::array();
  json cancel_at;
  const auto poll = [&](tick now) {
    for (;;) {
      const auto step = call.poll(now, budget);
      if (step.what == hedge_step::send) {
        sends.push_back(now);
      } else if (step.what == hedge_step::abandon) {
        cancelled.push_back(step.attempt);
      } else {
        return;
      }
    }
  };
  const auto run_to = [&](tick until) {
    for (auto at = call.next_deadline(); at && at.value() < until; at = call.next_deadline()) {
      poll(at.value());
    }
  };
  poll(0);
  for (const auto& event : in.value("events", json::array())) {
    const tick now = event.at("t_ms");
    run_to(now);
    const std::string what = event.at("result");
    reply<tick> answer{what == "ok" ? outcome::ok : outcome::transient};
    if (what == "pushback") {
      answer.hint = event.at("ms").get<std::int64_t>();
    } else if (what != "ok" && what != "nonfatal") {
      check.held(what, false, "a known result", what);
    }
    call.on_result(event.at("attempt").get<std::uint8_t>(), answer, budget, now);
    if (call.decided() && cancel_at.is_null() && answer.what == outcome::ok) {
      cancel_at = now;
    }
    poll(now);
  }
  run_to(1'000'000);
  check.equal("sends_ms", in.at("sends_ms"), sends);
  check.equal("cancel_at_ms", in.value("cancel_at_ms", json{}), cancel_at);
  check.equal("cancelled", in.value("cancelled", json::array()), cancelled);
}

void run(const json& file, const std::filesystem::path&, suite_report& report) {
  for (const auto& in : file.at("budgets")) {
    const std::string kind = in.at("kind");
    if (kind == "token_ratio_throttle") {
      token_ratio_throttle(in, report);
    } else if (kind == "cost_bucket") {
      cost_bucket(in, report);
    } else if (kind == "ratio_reserve") {
      ratio_reserve(in, report);
    } else if (kind == "layered_amplification") {
      suite_report::checks check{report, in.at("id")};
      for (const auto& one : in.at("cases")) {
        check.equal("calls", one.at("worst_case_calls").get<int>(), calls_through(one.at("layers"), one.at("attempts_per_layer")));
      }
    } else if (kind == "token_bucket") {
      token_bucket(in, report);
    } else if (kind == "inflight_share") {
      suite_report::checks check{report, in.at("id")};
      const inflight_share share{to_ratio(in.at("config").at("max_rate")), in.at("config").at("min_concurrency").get<std::uint32_t>()};
      for (const auto& one : in.at("cases")) {
        const auto inflight = one.at("inflight").get<std::uint32_t>();
        check.equal("extra calls beside " + std::to_string(inflight), one.at("extra_allowed").get<std::uint32_t>(),
                    share.allowed(inflight));
      }
    } else if (kind == "accept_ratio_throttle") {
      accept_ratio(in, report);
    } else {
      report.fail(in.at("id").get<std::string>(), "a known kind", kind);
    }
  }
  for (const auto& in : file.at("hedging")) {
    hedging(in, report);
  }
}

const suite_registration registered{"delivery.budget_rate_hedge_vectors", &run};

}  // namespace
}  // namespace skerry_test
