// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A ring of two streams on a flash of which only the calls are known.
#include <skerry/delivery/flash_ring.hpp>

struct chip {
  std::uint32_t erase_size() const noexcept { return 4096; }
  std::uint32_t program_size() const noexcept { return 8; }
  std::uint32_t size() const noexcept { return 1 << 20; }
  [[gnu::noipa]] skerry::status erase(std::uint32_t) noexcept { return {}; }
  [[gnu::noipa]] skerry::status program(std::uint32_t, std::span<const std::byte>) noexcept { return {}; }
  [[gnu::noipa]] skerry::status read(std::uint32_t, std::span<std::byte>) noexcept { return {}; }
};
using ring = skerry::delivery::flash_ring<chip, skerry::delivery::flash_limits{2}>;

chip flash;
union slot {
  ring store;
  slot() : store{ring::create(flash).value()} {}
};
slot measured_state;

extern "C" bool measured_open() { return static_cast<bool>(measured_state.store.open()); }
extern "C" bool measured_append(const skerry::record_header& h, const std::byte* payload, std::size_t n) {
  return static_cast<bool>(measured_state.store.append(h, {payload, n}));
}
extern "C" bool measured_read(std::uint64_t at, std::byte* out, std::size_t n) {
  return static_cast<bool>(measured_state.store.read(skerry::position{at}, {out, n}));
}
extern "C" bool measured_acknowledge(std::uint64_t upto) {
  return static_cast<bool>(measured_state.store.advance({0, upto, 0})) && static_cast<bool>(measured_state.store.sync());
}
extern "C" bool measured_reclaim(skerry::position* place) {
  return static_cast<bool>(
      measured_state.store.reclaim([place](const skerry::record_header&, skerry::position) noexcept { return place; }));
}

int main() {
  std::byte payload[32]{};
  skerry::position at{};
  return measured_open() && measured_append({}, payload, 32) && measured_read(1, payload, 32) && measured_acknowledge(1) &&
                 measured_reclaim(&at)
             ? 0
             : 1;
}
