// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A sensor with 32 KiB of NOR flash: the link is away for an hour, and in the middle of a write the battery is out for a moment. Then four
// days with the link away every other hour.
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace {

using namespace skerry::delivery;
using tick = std::uint32_t;  // milliseconds since the start; it may wrap

// The board: on yours `flash` is a class of five functions around the driver of the chip, and `link` one of three around the modem.
using flash = skerry::testing::basic_faulty_flash<8>;
using store = flash_ring<flash, flash_limits{2}>;
using node = courier<tick, store, courier_limits{outbox_limits{2, 128, 48}, 1, 2}>;

struct link {
  using code = int;
  node* to = nullptr;
  tick now = 0;
  bool up = true;
  bool ordered = true;
  std::uint32_t sent = 0, historical = 0, twice = 0;
  std::uint64_t last = 0;

  skerry::status start(endpoint_id, send_token token, const item_view& item, attempt_info info) noexcept {
    if (!up) {
      return skerry::errc::unavailable;
    }
    if (!info.probe) {
      if (item.id.seq <= last) {
        ++twice;
        ordered = ordered && last - item.id.seq < 64;
      } else {
        last = item.id.seq;
        ++sent;
        historical += item.historical ? 1 : 0;
      }
    }
    to->on_result(token, {outcome::ok}, now);
    return {};
  }
  void abandon(send_token) noexcept {}
  outcome classify(code) const noexcept { return outcome::transient; }
};

constexpr courier_config<tick> config{.box = {.quota_bytes = 4096, .quota_items = 128}};
constexpr std::byte serial[] = {std::byte{0x5e}, std::byte{0xa1}};

// All there is, and none of it on a heap.
flash chip{1};
std::optional<store> ring;
std::optional<node> out;
link uplink;
std::uint64_t produced = 0, delivered = 0, dropped = 0;
std::uint64_t boots = 0;  // yours is kept in a slot of its own

bool boot(tick now) {
  ring.emplace(store::create(chip).value());
  auto opened = node::open(*ring, config, device_seed{serial, ++boots}, {now, {}, false});
  if (!opened) {
    return false;
  }
  out.emplace(opened.value());
  uplink.to = &*out;
  return true;
}

/// What this life did, before it ends.
void tally() {
  produced += out->counters().produced;
  delivered += out->counters().delivered;
  dropped += out->counters().dropped_total();
}

constexpr tick minute = 60'000;

/// One reading a minute, and the loop once a second.
void run(tick from, tick until) {
  for (tick now = from; now != until && !chip.off(); now += 1000) {
    uplink.now = now;
    if (now % minute == 0) {
      std::byte reading[24]{};
      for (std::size_t i = 0; i < 4; ++i) {
        reading[i] = static_cast<std::byte>(now >> (8 * i));
      }
      (void)out->send(reading, {.item = {.stream = 1}}, now);
    }
    (void)drive_tick(*out, uplink, now);
  }
}

/// Your serial line: here the terminal, or, on a board in an emulator, the host behind a breakpoint (Arm semihosting).
void say(const char* text) {
#if defined(__arm__) && !defined(__linux__)
  register std::uint32_t r0 asm("r0") = 4;
  register const char* r1 asm("r1") = text;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
#else
  std::fputs(text, stdout);
#endif
}
void say(std::uint64_t n) {
  char digits[21]{};
  std::to_chars(digits, digits + 20, n);
  say(digits);
}
template <typename... Parts>
void line(Parts... parts) {
  (say(parts), ...);
  say("\n");
}

}  // namespace

int main() {
  line("a sensor that keeps its readings on NOR flash");
  line("RAM: ring ", std::uint64_t{sizeof(store)}, ", courier with index of 128 items and buffers ", std::uint64_t{sizeof(node)}, " bytes");
  bool good = boot(0);
  run(0, 60 * minute);
  line("an hour with link     sent ", std::uint64_t{uplink.sent}, ", of these from flash ", std::uint64_t{uplink.historical});

  uplink.up = false;
  run(60 * minute, 90 * minute);
  line("link away             waiting ", std::uint64_t{out->queued()});

  chip.power_fails_after(20);  // units programmed from now: the cut hits a record
  run(90 * minute, 120 * minute);
  good = good && chip.off();
  tally();
  const std::uint64_t before = out->queued();
  chip.power_cut();
  good = boot(92 * minute) && good;
  const std::uint64_t recovered = out->counters().recovered;
  line("power cut in a write  waiting ", std::uint64_t{recovered}, " again, torn ", std::uint64_t{ring->counters().torn_bytes},
       " bytes, damaged ", std::uint64_t{ring->counters().damaged_records});
  good = good && (recovered == before || recovered == before + 1);  // the one that was being written had no answer yet

  run(92 * minute, 120 * minute);
  line("link still away       waiting ", std::uint64_t{out->queued()});
  uplink.up = true;
  run(120 * minute, 180 * minute);
  line("link back             sent ", std::uint64_t{uplink.sent}, ", of these from flash ", std::uint64_t{uplink.historical}, ", twice ",
       std::uint64_t{uplink.twice});

  for (tick hour = 3; hour < 96; ++hour) {
    uplink.up = hour % 2 == 0;
    run(hour * 60 * minute, (hour + 1) * 60 * minute);
  }
  uplink.up = true;
  run(96 * 60 * minute, 97 * 60 * minute);
  tally();
  std::uint32_t least = ~0U, most = 0;
  for (std::uint32_t s = 0; s < 8; ++s) {
    least = chip.wear(s) < least ? chip.wear(s) : least;
    most = chip.wear(s) > most ? chip.wear(s) : most;
  }
  line("four days             sent ", std::uint64_t{uplink.sent}, ", of these from flash ", std::uint64_t{uplink.historical}, ", twice ",
       std::uint64_t{uplink.twice});
  line("flash                 ", std::uint64_t{ring->counters().bytes_programmed}, " bytes programmed, each sector erased ",
       std::uint64_t{least}, " to ", std::uint64_t{most}, " times");
  const std::uint64_t found = recovered - before;  // whole in the flash, though the power went before its append had answered
  line("account               produced ", std::uint64_t{produced}, " + found ", std::uint64_t{found}, " = delivered ",
       std::uint64_t{delivered}, " + dropped ", std::uint64_t{dropped}, " + queued ", std::uint64_t{out->queued()});
  good = good && uplink.ordered && produced + found == delivered + dropped + out->queued() && dropped == 0 && out->queued() == 0 &&
         most - least <= 1 && chip.counts().violations == 0;
  line(good ? "nothing lost, all in order" : "SOMETHING IS WRONG");
  return good ? 0 : 1;
}
