// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// backoff, retry and retry_budget with every shape, jitter and rule: the config is only known when running.
#include <skerry/delivery/retry.hpp>

using namespace skerry::delivery;
using tick = std::uint32_t;

static const backoff_config<tick> waits_config{};
static const retry_config<tick> rules{};
static const retry_budget_config<tick> budget_config{};
using waits = backoff<tick>;
using call = retry<tick>;
using budget = retry_budget<tick>;

struct whole {
  waits first{waits_config, device_seed::for_test(1)};
  budget left{budget_config};
  call one{rules, first, 1000};
};
whole measured_state;

extern "C" {
tick measured_wait() { return static_cast<tick>(measured_state.first.next()); }
int measured_result(int what, std::int32_t hint, int repeat, tick now, tick* at) {
  const auto d =
      measured_state.one.on_result({static_cast<outcome>(what), hint}, static_cast<repeatable>(repeat), measured_state.left, now);
  *at = d.at;
  return static_cast<int>(d.what);
}
}

int main() {
  tick at = 0;
  return static_cast<int>(measured_wait()) + measured_result(1, 0, 1, 5, &at);
}
