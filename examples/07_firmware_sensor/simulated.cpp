// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The parts of the board that stand on the table while you read this: sensor, flash chip, and a gateway at the other end of the modem.
// On the microcontroller of the emulator they lie in memory of their own (cortex_m/board.ld), and their time is not the firmware's.
#include "sensor_node.hpp"
#include "signal.hpp"

#include <skerry/testing/faulty_flash.hpp>

namespace board {

namespace {

constexpr std::uint64_t story_seed = 7;
fan machine{story_seed};
skerry::testing::basic_faulty_flash<8> chip{1};
bool link_is_up = true;
gateway_view seen;
std::uint64_t next_number[2] = {};  // of each stream

sensor::state& other_end() {
  static sensor::state replica;
  return replica;
}

}  // namespace

std::int16_t read_sensor() noexcept {
  const simulating here;
  return machine.next();
}

skerry::status nor_flash::erase(std::uint32_t number) noexcept {
  const simulating here;
  return chip.erase(number);
}
skerry::status nor_flash::program(std::uint32_t at, std::span<const std::byte> in) noexcept {
  const simulating here;
  return chip.program(at, in);
}
skerry::status nor_flash::read(std::uint32_t at, std::span<std::byte> out) noexcept {
  const simulating here;
  return chip.read(at, out);
}
std::uint64_t flash_violations() { return chip.counts().violations; }

skerry::status modem::start(skerry::delivery::endpoint_id, skerry::delivery::send_token token, const skerry::delivery::item_view& item,
                            skerry::delivery::attempt_info info) noexcept {
  if (!link_is_up) {
    return skerry::errc::unavailable;
  }
  if (!info.probe) {
    const simulating here;
    ++seen.messages;
    seen.historical += item.historical ? 1U : 0U;
    seen.in_order = seen.in_order && item.id.stream < 2 && item.id.seq > next_number[item.id.stream];
    next_number[item.id.stream % 2] = item.id.seq;
    if (item.id.stream == sensor::stream_state && !other_end().accept(item.payload, 0)) {
      ++seen.damaged;
    }
  }
  answer(token, skerry::delivery::outcome::ok);
  return {};
}
void set_link(bool up) { link_is_up = up; }

gateway_view gateway() {
  seen.condition = static_cast<std::uint8_t>(other_end().read<sensor::machine_condition>().value_or(sensor::condition::learning));
  seen.alarms = other_end().read<sensor::machine_alarms>().value_or(0);
  return seen;
}

}  // namespace board
