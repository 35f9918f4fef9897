// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// What a board supplies. Yours implements these few functions around its drivers; here simulated.cpp does, with host/ or cortex_m/ below
// it.
#include <skerry/core/result.hpp>
#include <skerry/delivery/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace board {

// --- the sensor: an accelerometer of 3200 samples a second, 2048 counts a g, with a queue of its own -----------------------------------
inline constexpr std::uint32_t samples_per_second = 3200;
inline constexpr float counts_per_g = 2048;
/// Takes the next sample from the sensor's queue; in the interrupt.
std::int16_t read_sensor() noexcept;
/// From now on the sensor interrupts: `handler` is called now and then while the program runs or waits.
void on_sensor(void (*handler)());
/// Sleeps until an interrupt.
void wait();

// --- NOR flash: 8 sectors of 4 KiB -----------------------------------------------------------------------------------------------------
struct nor_flash {
  static constexpr std::uint32_t sector = 4096;
  [[nodiscard]] std::uint32_t erase_size() const noexcept { return sector; }
  [[nodiscard]] std::uint32_t program_size() const noexcept { return 8; }
  [[nodiscard]] std::uint32_t size() const noexcept { return 8 * sector; }
  skerry::status erase(std::uint32_t number) noexcept;
  skerry::status program(std::uint32_t at, std::span<const std::byte> in) noexcept;
  skerry::status read(std::uint32_t at, std::span<std::byte> out) noexcept;
};

// --- the modem: one peer, the gateway --------------------------------------------------------------------------------------------------
struct modem {
  using code = int;
  /// Called for each item that was accepted or lost.
  void (*answer)(skerry::delivery::send_token, skerry::delivery::outcome) = nullptr;
  skerry::status start(skerry::delivery::endpoint_id, skerry::delivery::send_token, const skerry::delivery::item_view&,
                       skerry::delivery::attempt_info) noexcept;
  void abandon(skerry::delivery::send_token) noexcept {}
  [[nodiscard]] skerry::delivery::outcome classify(code) const noexcept { return skerry::delivery::outcome::transient; }
};

// --- beyond what a firmware needs: the story's own, and a terminal ---------------------------------------------------------------------
void set_link(bool up);
/// What the gateway at the other end has.
struct gateway_view {
  std::uint32_t messages = 0, historical = 0, damaged = 0;
  bool in_order = true;
  std::uint8_t condition = 0;
  std::uint64_t alarms = 0;
};
gateway_view gateway();
/// Calls that a real flash would not forgive.
std::uint64_t flash_violations();

void write(const char* text);
/// A file of the host, through the debugger where there is no other way.
class file {
 public:
  static file open(const char* name, bool to_write);
  [[nodiscard]] bool is_open() const { return handle_ >= 0; }
  /// How many bytes there were.
  std::size_t read(std::span<std::byte> out);
  bool write(std::span<const std::byte> in);
  bool close();

 private:
  std::intptr_t handle_ = -1;
};
/// Bytes of stack that were used at most; 0: not known.
std::size_t stack_used();
/// Instructions that this program itself has executed since `on_sensor`, the simulated parts not counted; 0: nobody counts.
std::uint64_t instructions();
/// In a simulated part: what passes meanwhile is not the program's.
class simulating {
 public:
  simulating();
  ~simulating();
  simulating(const simulating&) = delete;
  simulating& operator=(const simulating&) = delete;
};

}  // namespace board
