// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Policies and the outbox of a sensor: one step is permit, answer, deposit of an endpoint; an item of 64 bytes into the outbox over a ring
// on flash (4 KiB sectors in RAM here, so without the time of the chip), and out of it again.
#include <skerry/delivery/endpoint_policy.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/outbox.hpp>

#include "board.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace {

using namespace skerry::delivery;
using tick = std::uint32_t;

struct chip {
  static inline std::byte bytes[16 * 4096];
  [[nodiscard]] std::uint32_t erase_size() const noexcept { return 4096; }
  [[nodiscard]] std::uint32_t program_size() const noexcept { return 8; }
  [[nodiscard]] std::uint32_t size() const noexcept { return sizeof bytes; }
  skerry::status erase(std::uint32_t sector) noexcept {
    std::fill_n(bytes + sector * 4096, 4096, std::byte{0xff});
    return {};
  }
  skerry::status program(std::uint32_t at, std::span<const std::byte> in) noexcept {
    std::copy(in.begin(), in.end(), bytes + at);
    return {};
  }
  skerry::status read(std::uint32_t at, std::span<std::byte> out) noexcept {
    std::copy_n(bytes + at, out.size(), out.data());
    return {};
  }
};
using ring = flash_ring<chip, flash_limits{2}>;
using box = outbox<tick, ring, outbox_limits{2, 64, 96}>;
constexpr policy_config<tick> config{};
constexpr std::byte payload[64]{};
constexpr std::uint32_t items = 48;
chip flash;

}  // namespace

int main() {
  static endpoint_policy<tick> one{config, device_seed::for_test(1)};
  std::uint32_t refused = 0;
  const auto step = [&refused](outcome what, std::uint32_t now) {
    one.deposit(now);
    if (const auto allowed = one.acquire(now)) {
      one.record(allowed.value(), what, 10, now);
    } else {
      ++refused;
    }
  };
  board::report("policy_step_ok", board::instructions(1000, [&](std::uint32_t i) { step(outcome::ok, i * 10); }));
  board::report("policy_step_one_of_16_fails",
                board::instructions(1600, [&](std::uint32_t i) { step(i % 16 == 0 ? outcome::transient : outcome::ok, 20'000 + i * 10); }));

  auto store = ring::create(flash);
  if (!store) {
    return 1;
  }
  const outbox_config limits{.quota_bytes = 8192, .quota_items = 64};
  auto opened = box::open(store.value(), limits, device_seed::for_test(2), {0, {}, false});
  if (!opened) {
    return 2;
  }
  box& queue = opened.value();
  std::uint32_t good = 0;
  board::report("outbox_append_64",
                board::instructions(items, [&](std::uint32_t i) { good += queue.append(payload, {.stream = 1}, i) ? 1U : 0U; }));
  return good == items && refused == 0 ? 0 : 3;
}
