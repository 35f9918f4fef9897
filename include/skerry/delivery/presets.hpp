// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/delivery/backoff.hpp>
#include <skerry/delivery/circuit_breaker.hpp>
#include <skerry/delivery/retry.hpp>
#include <skerry/delivery/retry_budget.hpp>

#include <cstdint>

/// Other people's policies by name: constexpr configs, nothing else. Each says where it comes from and what it leaves out.
namespace skerry::inline v0::delivery::presets {

/// The waits, and who decides about the next attempt.
template <instant Time>
struct policy {
  backoff_config<Time> backoff{};
  retry_config<Time> retry{};
};

namespace detail {
/// Between two shares of the wait, in hundredths.
template <instant Time>
[[nodiscard]] constexpr jitter_config<Time> between(std::uint32_t low, std::uint32_t high) noexcept {
  return {.kind = jitter_kind::proportional, .lo = {low, 100}, .hi = {high, 100}};
}
template <instant Time>
[[nodiscard]] constexpr backoff_config<Time> exponential(std::int64_t base_ms, ratio factor, duration_t<Time> cap,
                                                         jitter_config<Time> jitter,
                                                         backoff_rounding rounding = backoff_rounding::nearest) noexcept {
  return {.rounding = rounding, .base = from_ms<Time>(base_ms), .ratio = factor, .cap = cap, .floor = {}, .jitter = jitter};
}
}  // namespace detail

/// gRPC connection backoff: 1 s * 1.6 up to 120 s, +-20 %, counted from the start of the attempt, for ever.
/// Source      gRPC, doc/connection-backoff.md
/// Left out    the least time for a connection attempt, 20 s: `grpc_connect_timeout`
template <instant Time>
inline constexpr policy<Time> grpc_connect{detail::exponential<Time>(1'000, {8, 5}, from_ms<Time>(120'000), detail::between<Time>(80, 120)),
                                           {.attempts = 0, .from_attempt_start = true}};
template <instant Time>
inline constexpr duration_t<Time> grpc_connect_timeout = from_ms<Time>(20'000);

/// gRPC retry policy of a service config: the caller's waits, +-20 %, at most five attempts; a server's pushback is the wait.
/// Source      gRFC A6
/// Left out    the list of retryable status codes: that is `classify` of the transport
template <instant Time>
[[nodiscard]] constexpr policy<Time> grpc_retry(duration_t<Time> base, ratio factor, duration_t<Time> cap,
                                                std::uint16_t attempts = 5) noexcept {
  policy<Time> p{detail::exponential<Time>(0, factor, cap, detail::between<Time>(80, 120)),
                 {.attempts = attempts < 5 ? attempts : std::uint16_t{5}, .hint = hint_rule::exact_then_reset}};
  p.backoff.base = base;
  return p;
}
/// gRPC retry throttling: `max_tokens` failures in a row, each success gives 1 / 10 back; retries while more than half are there.
/// Source      gRFC A6, retryThrottling, with the numbers of its example
template <instant Time>
inline constexpr retry_budget_config<Time> grpc_throttle{.kind = budget_kind::throttle, .ratio = {1, 10}, .capacity = 10};

/// AWS SDKs, standard retry mode 2.0: full jitter below 1 s * 2 up to 20 s, three attempts, a hint counts up to 20 s.
/// Source      AWS SDKs and Tools Reference Guide, retry behaviour
/// Left out    adaptive mode (client-side rate limiting)
template <instant Time>
inline constexpr policy<Time> aws_standard_2_0{detail::exponential<Time>(1'000, {2, 1}, from_ms<Time>(20'000), {.kind = jitter_kind::full}),
                                               {.attempts = 3, .hint = hint_rule::min_cap, .hint_cap = from_ms<Time>(20'000)}};
/// Its retry quota: 500 tokens, 5 a retry, 10 after a timeout; a retry that succeeds gives its price back, any other success one.
template <instant Time>
inline constexpr retry_budget_config<Time> aws_standard_2_0_budget{
    .kind = budget_kind::cost_bucket, .capacity = 500, .cost = 5, .timeout_cost = 10, .throttled_cost = 5, .success_refill = 1};

/// AWS SDKs, standard retry mode 2.1: from 50 ms for what is transient; a hint counts between the own wait and 5 s more.
/// Left out    the choice between this and `aws_standard_2_1_throttled`, which is the caller's, by the last outcome
template <instant Time>
inline constexpr policy<Time> aws_standard_2_1{detail::exponential<Time>(50, {2, 1}, from_ms<Time>(20'000), {.kind = jitter_kind::full}),
                                               {.attempts = 3, .hint = hint_rule::clamp_window, .hint_window = from_ms<Time>(5'000)}};
/// The same after a throttling answer: from 1 s.
template <instant Time>
inline constexpr policy<Time> aws_standard_2_1_throttled{
    detail::exponential<Time>(1'000, {2, 1}, from_ms<Time>(20'000), {.kind = jitter_kind::full}), aws_standard_2_1<Time>.retry};
/// Its retry quota: 14 a retry, 5 after throttling.
template <instant Time>
inline constexpr retry_budget_config<Time> aws_standard_2_1_budget{
    .kind = budget_kind::cost_bucket, .capacity = 500, .cost = 14, .timeout_cost = 14, .throttled_cost = 5, .success_refill = 1};

/// cenkalti/backoff (Go): 500 ms * 1.5 up to 60 s, +-50 %, each wait cut from the one before.
/// Left out    its stop after 15 minutes, which surprises: give `retry` a deadline where it is wanted
template <instant Time>
inline constexpr policy<Time> cenkalti{
    detail::exponential<Time>(500, {3, 2}, from_ms<Time>(60'000), detail::between<Time>(50, 150), backoff_rounding::trunc_each_step),
    {.attempts = 0}};

/// Polly v8 (.NET): 2 s, three retries, +-25 % where jitter is on.
/// Source      Polly, retry strategy defaults; UseJitter = true
/// Left out    MaxDelay, which has no default
template <instant Time>
inline constexpr policy<Time> polly_constant{{.shape = backoff_shape::constant,
                                              .base = from_ms<Time>(2'000),
                                              .cap = no_cap<Time>,
                                              .floor = {},
                                              .jitter = detail::between<Time>(75, 125)},
                                             {.attempts = 4}};
template <instant Time>
inline constexpr policy<Time> polly_linear{{.shape = backoff_shape::linear,
                                            .base = from_ms<Time>(2'000),
                                            .step = from_ms<Time>(2'000),
                                            .cap = no_cap<Time>,
                                            .floor = {},
                                            .jitter = detail::between<Time>(75, 125)},
                                           {.attempts = 4}};
/// With its smoothed jitter; not on targets without hardware doubles.
template <instant Time>
inline constexpr policy<Time> polly_exponential{detail::exponential<Time>(2'000, {2, 1}, no_cap<Time>, {.kind = jitter_kind::smoothed}),
                                                {.attempts = 4}};

/// resilience4j (Java): 500 ms, three attempts.
template <instant Time>
inline constexpr policy<Time> resilience4j{
    {.shape = backoff_shape::constant, .base = from_ms<Time>(500), .cap = no_cap<Time>, .floor = {}, .jitter = {.kind = jitter_kind::none}},
    {.attempts = 3}};
/// Its ofExponentialRandomBackoff: * 1.5, +-50 %, cut to whole milliseconds.
template <instant Time>
inline constexpr policy<Time> resilience4j_exponential_random{
    detail::exponential<Time>(500, {3, 2}, no_cap<Time>, detail::between<Time>(50, 150), backoff_rounding::trunc_ms), {.attempts = 3}};

/// backon (Rust): 1 s * 2 up to 60 s, three retries; with jitter on, up to the wait itself is added.
template <instant Time>
inline constexpr policy<Time> backon{detail::exponential<Time>(1'000, {2, 1}, from_ms<Time>(60'000), detail::between<Time>(100, 200)),
                                     {.attempts = 4}};

/// tower (Rust): 50 ms * 2 without a cap, +-99 %.
/// Left out    its budget (a token bucket over ten seconds): `finagle_budget` is its model
template <instant Time>
inline constexpr policy<Time> tower{detail::exponential<Time>(50, {2, 1}, no_cap<Time>, detail::between<Time>(1, 199)), {.attempts = 0}};

/// Apache Kafka producer: 100 ms * 2 up to 1 s, +-20 %, as often as the delivery timeout lets it.
/// Source      KIP-580; retry.backoff.ms, retry.backoff.max.ms
template <instant Time>
inline constexpr policy<Time> kafka_producer{detail::exponential<Time>(100, {2, 1}, from_ms<Time>(1'000), detail::between<Time>(80, 120)),
                                             {.attempts = 0}};

/// FreeRTOS backoffAlgorithm: full jitter below 500 ms * 2 up to 5 s, five retries: the values of its demonstrations.
template <instant Time>
inline constexpr policy<Time> freertos{detail::exponential<Time>(500, {2, 1}, from_ms<Time>(5'000), {.kind = jitter_kind::full}),
                                       {.attempts = 6}};

/// Fluent Bit scheduler: U[5 s, min(5 s * 2^n, 2000 s)], n from 1.
/// Left out    its default of one retry per chunk, after which the chunk is lost
template <instant Time>
inline constexpr policy<Time> fluent_bit{
    detail::exponential<Time>(10'000, {2, 1}, from_ms<Time>(2'000'000), {.kind = jitter_kind::window, .amount = from_ms<Time>(5'000)}),
    {.attempts = 0}};

/// Boost.MQTT5 reconnect: 1, 2, 4, 8, 16 s, +-500 ms.
template <instant Time>
inline constexpr policy<Time> boost_mqtt5{
    detail::exponential<Time>(1'000, {2, 1}, from_ms<Time>(16'000), {.kind = jitter_kind::absolute, .amount = from_ms<Time>(500)}),
    {.attempts = 0}};

/// Finagle retry budget: 20 % of the requests and 10 a second, remembered for 10 s.
template <instant Time>
inline constexpr retry_budget_config<Time> finagle_budget{.ratio = {1, 5}, .reserve_per_s = 10, .memory = from_ms<Time>(10'000)};

/// Polly v8 circuit breaker: 10 % of at least 100 calls in 30 s; open for 5 s. For `circuit_breaker<Time, 30, breaker_window::seconds>`.
/// Left out    nothing; its break does not grow
template <instant Time>
inline constexpr breaker_config<Time> breaker_polly{.failure_percent = 10,
                                                    .min_calls = 100,
                                                    .window = from_ms<Time>(30'000),
                                                    .wait = from_ms<Time>(5'000),
                                                    .wait_mult = 1,
                                                    .wait_cap = from_ms<Time>(5'000)};
/// resilience4j circuit breaker: 50 % of the last 100, slow is more than 60 s, open for 60 s, ten trials. For `circuit_breaker<Time, 100>`.
/// Left out    permits without a lease, and late results that count
template <instant Time>
inline constexpr breaker_config<Time> breaker_resilience4j{.failure_percent = 50,
                                                           .slow_percent = 100,
                                                           .slow_after = from_ms<Time>(60'000),
                                                           .min_calls = 100,
                                                           .calls = 100,
                                                           .wait = from_ms<Time>(60'000),
                                                           .wait_mult = 1,
                                                           .wait_cap = from_ms<Time>(60'000),
                                                           .permitted = 10};

}  // namespace skerry::inline v0::delivery::presets
