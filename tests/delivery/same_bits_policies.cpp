// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/endpoint_policy.hpp>
#include <skerry/delivery/failover.hpp>
#include <skerry/delivery/health.hpp>
#include <skerry/delivery/item_batch.hpp>
#include <skerry/delivery/record.hpp>
#include <skerry/delivery/retry.hpp>
#include <skerry/delivery/retry_budget.hpp>

#include "same_bits/same_bits.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace {

using namespace skerry::delivery;
using skerry_test::bit_hash;
using skerry_test::bits_of;
using tick = std::uint32_t;

outcome some_outcome(skerry::splitmix64& random) {
  constexpr outcome all[] = {outcome::ok, outcome::transient, outcome::unknown, outcome::permanent};
  return all[random() % 4];
}

void drive_failover(bit_hash& h) {
  static constexpr failover_config<tick> config{};
  failover<tick, 3> paths{config};
  health<tick> one;
  skerry::splitmix64 random{6};
  tick now = 0xfffe0000U;  // it wraps
  for (int i = 0; i < 3000; ++i) {
    now += static_cast<tick>(random() % 9000);
    const endpoint_id e{static_cast<std::uint8_t>(random() % 3)};
    paths.tick(now);
    switch (random() % 4) {
      case 0: paths.on_open(e, now); break;
      case 1: paths.declare(e, random() % 4 != 0); break;
      default: paths.on_result(e, some_outcome(random), now); break;
    }
    one.record(some_outcome(random), now);
    h.add(std::uint64_t{paths.current().value});
    h.add(std::uint64_t{paths.probe_due(now).value});
    const auto next = paths.next_deadline(now);
    h.add(next ? std::uint64_t{next.value()} : ~std::uint64_t{0});
    h.add(std::uint64_t{one.good_streak()} << 8U | one.bad_streak());
  }
}
const bits_of changes{"delivery.failover", drive_failover};

void drive_retry(bit_hash& h) {
  static constexpr backoff_config<tick> waits{.base = 100, .floor = 0};
  static constexpr retry_config<tick> config{};
  static constexpr retry_budget_config<tick> allowed{};
  retry_budget<tick> budget{allowed};
  skerry::splitmix64 random{7};
  tick now = 0;
  for (std::uint32_t call = 0; call < 300; ++call) {
    retry<tick> tries{config, backoff<tick>{waits, device_seed::for_test(call)}, now + 60'000};
    tries.started(now);
    for (bool more = true; more;) {
      const outcome what = some_outcome(random);  // one after the other: the order of arguments is the compiler's
      const repeatable again = random() % 2 == 0 ? repeatable::yes : repeatable::no;
      const auto d = tries.on_result({what}, again, budget, now);
      h.add(static_cast<std::uint64_t>(d.what) << 8U | static_cast<std::uint64_t>(d.why));
      more = d.what == next_step::wait;
      now = more ? d.at : now + 50;
      h.add(std::uint64_t{now});
      h.add(std::uint64_t{tries.attempt()});
    }
  }
}
const bits_of tries{"delivery.retry", drive_retry};

void drive_endpoint(bit_hash& h) {
  static constexpr policy_config<tick> config{};
  endpoint_policy<tick> end{config, device_seed::for_test(8)};
  skerry::splitmix64 random{9};
  tick now = 0xfff00000U;
  for (int i = 0; i < 3000; ++i) {
    now += static_cast<tick>(random() % 3000);
    end.tick(now);
    end.deposit(now);
    const auto allowed = end.acquire(now);
    h.add(static_cast<std::uint64_t>(allowed.error()) << 8U | static_cast<std::uint64_t>(end.state(now)));
    if (!allowed) {
      continue;
    }
    const outcome what = i / 300 % 2 == 0 ? outcome::ok : some_outcome(random);
    end.record(allowed.value(), what, static_cast<skerry::duration_t<tick>>(random() % 200), now);
    if (what == outcome::transient && end.try_withdraw(now)) {
      h.add(static_cast<std::uint64_t>(end.next_wait()));
    }
  }
}
const bits_of endpoint{"delivery.endpoint_policy", drive_endpoint};

/// Records as they were written, then with bits turned over.
void drive_scanner(bit_hash& h) {
  static std::array<std::byte, 2048> area;
  skerry::splitmix64 random{10};
  for (int round = 0; round < 30; ++round) {
    area.fill(std::byte{0xff});
    record_place place{.offset = 0};
    std::array<std::byte, 80> payload;
    for (std::uint64_t seq = 1; seq < 20; ++seq) {
      for (std::byte& b : payload) {
        b = static_cast<std::byte>(random());
      }
      const std::size_t length = random() % payload.size();
      const std::span<const std::byte> content{payload.data(), length};
      h.add(static_cast<std::uint64_t>(
          write_record(std::span{area}.subspan(place.offset), {.stream = 3, .seq = seq}, content, place).error()));
      place.offset += record_size(length);
    }
    h.add(std::span<const std::byte>{area});
    for (int turned = 0; turned < round; ++turned) {
      area[random() % area.size()] ^= std::byte{0x10};
    }
    std::array<std::byte, 256> buffer;
    record_scanner walk{[](std::uint64_t offset, std::span<std::byte> out) -> skerry::status {
                          std::copy_n(area.data() + offset, out.size(), out.data());
                          return {};
                        },
                        buffer, record_place{.offset = 0}, area.size()};
    for (auto found = walk.next(); found; found = walk.next()) {
      h.add(found.value().header.seq << 32U | found.value().offset << 16U | found.value().length);
    }
    h.add(walk.damaged());
    h.add(walk.lost_bytes());
    h.add(walk.end_of_records());
  }
}
const bits_of scanner{"delivery.record", drive_scanner};

const bits_of batch{"delivery.item_batch", [](bit_hash& hash) {
                      static item_batch<300> parts;
                      std::array<std::byte, 64> payload{};
                      skerry::splitmix64 random{3};
                      for (std::uint32_t i = 0; i < 400; ++i) {
                        payload[0] = static_cast<std::byte>(i);
                        const skerry::wall_ms stamp{random() >> (random() % 2 == 0 ? 16 : 40)};  // some far from each other
                        const skerry::status added = parts.add(std::span<const std::byte>{payload}.first(random() % 64), stamp);
                        hash.add(static_cast<std::uint64_t>(added.error()));
                        if (!added) {
                          hash.add(parts.bytes());
                          const skerry::status read = read_parts(parts.bytes(), [&hash](const batch_part& part) {
                            hash.add(part.stamp.value + part.index);
                            hash.add(part.payload);
                          });
                          hash.add(static_cast<std::uint64_t>(read.error()));
                          parts.clear();
                        }
                      }
                    }};

}  // namespace
