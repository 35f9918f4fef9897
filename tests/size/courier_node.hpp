// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once
//
// A courier over flash. In front of the inclusion stand `config`, `limits`, and `in_type`: `&config` where it is known while compiling,
// nullptr where it is not.
struct chip {
  std::uint32_t erase_size() const noexcept { return 4096; }
  std::uint32_t program_size() const noexcept { return 8; }
  std::uint32_t size() const noexcept { return 1 << 20; }
  [[gnu::noipa]] skerry::status erase(std::uint32_t) noexcept { return {}; }
  [[gnu::noipa]] skerry::status program(std::uint32_t, std::span<const std::byte>) noexcept { return {}; }
  [[gnu::noipa]] skerry::status read(std::uint32_t, std::span<std::byte>) noexcept { return {}; }
};
using ring = delivery::flash_ring<chip, delivery::flash_limits{limits.box.streams}>;
using courier = delivery::courier<tick, ring, limits, delivery::no_hooks, in_type>;

namespace {

struct node {
  chip flash;
  ring store;
  courier out;
};
union slot {
  char none;
  node all;
  slot() : none{} {}
};

}  // namespace
static slot measured_state;

template <typename Courier>
static inline skerry::result<Courier> opened_on(ring& store, delivery::device_seed seed, tick now) {
  if constexpr (delivery::detail::is_fixed<delivery::courier_config<tick>, in_type>) {
    return Courier::open(store, seed, {now, {}, false});
  } else {
    return Courier::open(store, config, seed, {now, {}, false});
  }
}
extern "C" bool measured_open(const std::byte* serial, std::uint64_t boots, tick now) {
  auto store = ring::create(measured_state.all.flash);
  if (!store) {
    return false;
  }
  measured_state.all.store = store.value();
  auto opened = opened_on<courier>(measured_state.all.store, delivery::device_seed{{serial, 8}, boots}, now);
  if (opened) {
    measured_state.all.out = opened.value();
  }
  return static_cast<bool>(opened);
}
extern "C" bool measured_send(const std::byte* payload, std::size_t n, tick now) {
  return static_cast<bool>(measured_state.all.out.send(std::span<const std::byte>{payload, n}, {}, now));
}
extern "C" int measured_poll(tick now, std::uint16_t* slot_of_token) {
  const auto a = measured_state.all.out.poll(now);
  if (a.kind == delivery::action_kind::sync) {
    measured_state.all.out.on_synced(a.sync, measured_state.all.store.sync(), now);
  }
  *slot_of_token = a.token.slot;
  return static_cast<int>(a.kind);
}
extern "C" void measured_result(delivery::send_token token, int what, tick now) {
  measured_state.all.out.on_result(token, {static_cast<delivery::outcome>(what)}, now);
}

int main() {
  std::byte payload[32]{};
  std::uint16_t token = 0;
  if (!measured_open(payload, 1, 2) || !measured_send(payload, 32, 3)) {
    return 1;
  }
  measured_result({}, 0, 4);
  return measured_poll(5, &token);
}
