// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// One header of delivery, and nothing else of it: a circuit breaker around a call of your own.
#include <skerry/delivery/circuit_breaker.hpp>

#include <fmt/core.h>

#include <cstdint>

namespace {
using namespace skerry::delivery;
using tick = std::uint32_t;

constexpr breaker_config<tick> rules{};  // half of the last 20 bad, at least 5; open for 5 s, then 10, 20, ... up to 5 min; one trial

/// The peer of this story: well, then gone for two minutes, then well again.
bool answers(tick now) { return now < 20'000 || now >= 140'000; }

const char* name_of(breaker_state s) { return s == breaker_state::closed ? "closed" : (s == breaker_state::open ? "open" : "half open"); }
}  // namespace

int main() {
  fmt::print("a breaker alone: one call per second, the peer is gone from second 20 to second 140\n");
  circuit_breaker<tick> breaker{rules};
  unsigned asked = 0, called = 0, failed = 0, gone = 0;
  breaker_state seen = breaker_state::closed;
  tick closed_at = 0;
  for (tick now = 0; now < 300'000; now += 1000) {
    ++asked;
    gone += answers(now) ? 0 : 1;
    const auto permit = breaker.acquire(now);
    if (permit) {
      ++called;
      const bool good = answers(now);
      failed += good ? 0 : 1;
      breaker.record(permit.value(), good ? outcome::ok : outcome::transient, 40, now + 40);
    }
    if (const breaker_state s = breaker.state(now + 40); s != seen) {
      fmt::print("second {:3}  {}\n", now / 1000, name_of(s));
      closed_at = s == breaker_state::closed ? now / 1000 : closed_at;
      seen = s;
    }
  }
  fmt::print("asked {}, called {}, failed {}: without the breaker it would have been {} failures, each with its wait\n", asked, called,
             failed, gone);
  fmt::print("{} bytes, no heap, no thread; closed again {} s after the peer was back\n", sizeof breaker, closed_at - 140);
  return failed < gone / 4 && seen == breaker_state::closed ? 0 : 1;
}
