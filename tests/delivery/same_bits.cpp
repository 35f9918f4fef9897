// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/delivery.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include "same_bits/same_bits.hpp"

namespace {
using namespace skerry::delivery;
using skerry_test::bit_hash;
using skerry_test::bits_of;
using tick = std::uint32_t;

const bits_of backoffs{"delivery.backoff", [](bit_hash& hash) {
                         for (int shape = 0; shape < 4; ++shape) {
                           for (int jitter = 0; jitter < 8; ++jitter) {
                             backoff_config<tick> config;
                             config.shape = static_cast<backoff_shape>(shape);
                             config.step = 321;
                             config.ratio = {17, 10};
                             config.jitter.kind = static_cast<jitter_kind>(jitter);
                             if (config.jitter.kind == jitter_kind::smoothed) {
                               continue;  // not on every target; its own line below
                             }
                             config.jitter.lo = {4, 5};
                             config.jitter.hi = {6, 5};
                             config.jitter.amount = 250;
                             backoff<tick> waits{config, device_seed::for_test(3)};
                             for (int i = 0; i < 40; ++i) {
                               hash.add(static_cast<std::uint64_t>(waits.next()));
                             }
                           }
                         }
                       }};

void drive_smoothed(bit_hash& hash) {
  if constexpr (detail::hardware_double) {
    backoff_config<std::uint64_t> config;
    config.jitter.kind = jitter_kind::smoothed;
    config.base = 3'000'000'000;
    config.cap = no_cap<std::uint64_t>;
    backoff<std::uint64_t> waits{config, device_seed::for_test(3)};
    for (int i = 0; i < 40; ++i) {
      hash.add(static_cast<std::uint64_t>(waits.next()));
    }
  }
}
const bits_of smoothed{"delivery.backoff_smoothed", detail::hardware_double ? &drive_smoothed : nullptr};

const bits_of breakers{"delivery.circuit_breaker", [](bit_hash& hash) {
                         static constexpr breaker_config<tick> config{};
                         circuit_breaker<tick> breaker{config};
                         skerry::pcg32 random{11};
                         tick now = 0xffff'0000;
                         for (int i = 0; i < 2000; ++i) {
                           now += random() % 3000;
                           if (const auto leave = breaker.acquire(now)) {
                             breaker.record(leave.value(), static_cast<outcome>(random() % 6), 5, now);
                           }
                           hash.add(static_cast<std::uint64_t>(breaker.state(now)));
                         }
                       }};

const bits_of limiters{"delivery.rate_limiter", [](bit_hash& hash) {
                         static constexpr rate_config config{{7, 3}, 9};
                         rate_limiter<tick> limiter{config, 0xffff'0000};
                         skerry::pcg32 random{14};
                         tick now = 0xffff'0000;
                         for (int i = 0; i < 2000; ++i) {
                           now += random() % 700;
                           hash.add(std::uint64_t{limiter.try_acquire(now, 1 + random() % 3)});
                           hash.add(limiter.balance(now));
                         }
                       }};

const bits_of bulkheads{"delivery.bulkhead", [](bit_hash& hash) {
                          bulkhead<tick, 5> gate{400};
                          skerry::pcg32 random{15};
                          tick now = 0xffff'0000;
                          for (int i = 0; i < 2000; ++i) {
                            now += random() % 90;
                            if (const auto got = gate.acquire(now)) {
                              hash.add(std::uint64_t{got.value().slot} << 16 | got.value().generation);
                              if (random() % 3 == 0) {
                                gate.release(got.value());
                              }
                            }
                            hash.add(std::uint64_t{gate.in_use()} << 32 | gate.expired());
                          }
                        }};

const bits_of throttles{"delivery.accept_throttle", [](bit_hash& hash) {
                          static constexpr accept_throttle_config<tick> config{};
                          accept_throttle<tick> throttle{config, device_seed::for_test(6)};
                          skerry::pcg32 random{16};
                          tick now = 0xffff'0000;
                          for (int i = 0; i < 2000; ++i) {
                            now += random() % 90;
                            const bool sent = throttle.admit(now);
                            if (sent && random() % 3 == 0) {
                              throttle.accepted(now);
                            }
                            hash.add(std::uint64_t{sent} << 32 | throttle.refusal_u32());
                          }
                        }};

const bits_of hedges{"delivery.hedge", [](bit_hash& hash) {
                       static constexpr hedge_config<tick> config{.max_attempts = 5, .delay = 120};
                       static constexpr retry_budget_config<tick> shared{};
                       retry_budget<tick> budget{shared};
                       skerry::pcg32 random{17};
                       tick now = 0xffff'0000;
                       for (int call = 0; call < 200; ++call) {
                         hedge<tick> it{config, repeatable::yes, now};
                         for (int i = 0; i < 20; ++i) {
                           const auto step = it.poll(now, budget);
                           hash.add(std::uint64_t{static_cast<std::uint8_t>(step.what)} << 8 | step.attempt);
                           if (random() % 3 == 0) {
                             const auto attempt = static_cast<std::uint8_t>(1 + random() % 5);
                             it.on_result(attempt, {static_cast<outcome>(random() % 6)}, budget, now);
                           }
                           now += random() % 60;
                         }
                         hash.add(static_cast<std::uint64_t>(it.verdict()));
                       }
                     }};

const bits_of windows{"delivery.dedupe_window", [](bit_hash& hash) {
                        dedupe_window<2, 64> window;
                        skerry::pcg32 random{12};
                        for (int i = 0; i < 2000; ++i) {
                          hash.add(static_cast<std::uint64_t>(
                              window.accept({1, static_cast<stream_id>(random() % 2), 1 + static_cast<std::uint64_t>(i) + random() % 20})));
                        }
                        std::byte bytes[64]{};
                        skerry::byte_writer out{bytes};
                        (void)window.encode(out);
                        hash.add(out.written());
                      }};

const bits_of couriers{"delivery.courier", [](bit_hash& hash) {
                         static constexpr courier_config<tick> config{.box = {.quota_bytes = 2048, .quota_items = 24}, .endpoints = 2};
                         static memory_store<8192> store;
                         store = memory_store<8192>{};
                         using courier_type = courier<tick, memory_store<8192>, courier_limits{outbox_limits{2, 24, 32}, 2, 4}>;
                         auto opened = courier_type::open(store, config, device_seed::for_test(4), {0, {}, false});
                         courier_type& it = opened.value();
                         skerry::pcg32 random{13};
                         std::byte payload[32]{};
                         tick now = 0xffff'0000;
                         for (int i = 0; i < 1500; ++i) {
                           now += random() % 900;
                           payload[0] = static_cast<std::byte>(i);
                           if (random() % 3 == 0) {
                             (void)it.send(std::span<const std::byte>{payload}.first(random() % 32), {.item = {.stream = 1}}, now);
                           } else {
                             (void)it.post(std::span<const std::byte>{payload}.first(random() % 32), {.importance = 2}, now);
                           }
                           for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
                             hash.add(static_cast<std::uint64_t>(a.kind) << 32 | std::uint64_t{a.token.slot} << 8 | a.endpoint.value);
                             hash.add(a.item.payload);
                             if (a.kind == action_kind::sync) {
                               it.on_synced(a.sync, store.sync(), now);
                             } else if (a.kind == action_kind::send || a.kind == action_kind::probe) {
                               it.on_result(a.token, {static_cast<outcome>(random() % 5)}, now);
                             }
                           }
                         }
                         it.counters().for_each([&hash](std::string_view, std::uint64_t n) { hash.add(n); });
                       }};

// Every byte of the flash after lives that end in power cuts, and what each life finds.
const bits_of rings{
    "delivery.flash_ring", [](bit_hash& hash) {
      using flash = skerry::testing::basic_faulty_flash<6>;
      using ring = flash_ring<flash, flash_limits{2}>;
      using box = outbox<tick, ring, outbox_limits{2, 64, 64}>;
      static flash chip{1};
      for (std::uint32_t unit = 1; unit <= 64; unit *= 8) {
        chip = flash{unit, unit};
        skerry::pcg32 random{unit};
        std::byte payload[64]{};
        for (std::uint64_t life = 1; life <= 6; ++life) {
          auto store = ring::create(chip, {.entropy = life}).value();
          auto opened = box::open(store, {.quota_bytes = 4096, .quota_items = 60}, device_seed::for_test(life), {0, {}, false});
          if (!opened) {
            return;
          }
          box& it = opened.value();
          hash.add(it.queued());
          chip.power_fails_after(100 + random() % 3000);
          for (tick now = 0; now < 400 && !chip.off(); ++now) {
            payload[0] = static_cast<std::byte>(now);
            const std::size_t length = 1 + random() % 63;
            const auto stream = static_cast<stream_id>(random() % 2);
            (void)it.append(std::span<const std::byte>{payload}.first(length), {.stream = stream}, now);
            if (random() % 2 == 0) {
              if (const auto item = it.take(now)) {
                hash.add(item.value().payload);
                (void)it.acknowledge(item.value().id);
              }
            }
            if (it.wants_sync(now)) {
              it.sync_begins();
              it.on_synced(store.sync());
            }
          }
          it.counters().for_each([&hash](std::string_view, std::uint64_t n) { hash.add(n); });
          chip.power_cut();
          hash.add(chip.bytes());
        }
      }
    }};

}  // namespace
