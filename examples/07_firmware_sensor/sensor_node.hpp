// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// The firmware: samples from an interrupt, a judge that learns on the device, the state that others see, and an outbox on flash.
#include "board.hpp"

#include <skerry/anomaly/decision_log.hpp>
#include <skerry/anomaly/signal_watch.hpp>
#include <skerry/core/bytes.hpp>
#include <skerry/core/crc32c.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/spsc_ring.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>

namespace sensor {

using tick = std::uint32_t;  // milliseconds; it may wrap
using watch = skerry::anomaly::signal_watch<>;
/// Samples in a window: 50 ms.
inline constexpr std::uint32_t watch_window = 160;

/// What the gateway can see of this sensor at any time.
enum class condition : std::uint8_t { learning, normal, alarmed };
struct machine_condition {
  static constexpr skerry::state::path at{"condition"};
  using policy = skerry::state::lww<condition>;
};
struct machine_alarms {
  static constexpr skerry::state::path at{"alarms"};
  using policy = skerry::state::counter;
};
struct few : skerry::state::limits::firmware {
  static constexpr std::size_t actors = 8, keys = 2, records = 12, ranges = 4, log_bytes = 96;
};
using state = skerry::state::replica<skerry::state::schema<machine_condition, machine_alarms>, few>;

// Sectors 0 to 3 are the outbox, 4 to 6 what was learnt.
using ring = skerry::delivery::flash_ring<board::nor_flash, skerry::delivery::flash_limits{2}>;
inline constexpr skerry::delivery::flash_config outbox_sectors{.first_sector = 0, .sectors = 4};
// Known while compiling: what it does not ask for takes no flash.
inline constexpr skerry::delivery::courier_config<tick> outbox_config{.box = {.quota_bytes = 4096, .quota_items = 32}};
using courier = skerry::delivery::courier<tick, ring, skerry::delivery::courier_limits{skerry::delivery::outbox_limits{2, 32, 64}, 1, 1},
                                          skerry::delivery::no_hooks, &outbox_config>;
inline constexpr std::uint16_t stream_report = 0, stream_state = 1;

/// What was learnt, in flash: the watch as it is, behind its length and CRC. Only the same program may read it.
class model_store {
 public:
  explicit model_store(board::nor_flash& flash) : flash_{flash} {}

  skerry::status save(const watch& learnt) {
    const auto bytes = std::as_bytes(std::span{&learnt, 1});
    for (std::uint32_t s = 0; s < sectors; ++s) {
      if (const auto erased = flash_.erase(first + s); !erased) {
        return erased;
      }
    }
    if (const auto done = flash_.program(start + sizeof(head), bytes.first(whole)); !done) {
      return done;
    }
    // Last, so that a cut before it leaves nothing that looks like a model.
    const head h{mark, static_cast<std::uint32_t>(whole), skerry::crc32c(bytes), ~mark};
    return flash_.program(start, std::as_bytes(std::span{&h, 1}));
  }
  /// Errors  `absent`, or the flash's; `into` is overwritten then
  skerry::status load(watch& into) {
    head h{};
    if (const auto got = flash_.read(start, std::as_writable_bytes(std::span{&h, 1})); !got) {
      return got;
    }
    if (h.mark != mark || h.bytes != whole || h.not_mark != ~mark) {
      return skerry::errc::absent;
    }
    const auto bytes = std::as_writable_bytes(std::span{&into, 1});
    if (const auto got = flash_.read(start + sizeof(head), bytes); !got) {
      return got;
    }
    return skerry::crc32c(bytes) == h.crc ? skerry::status{} : skerry::status{skerry::errc::absent};
  }

 private:
  struct head {
    std::uint32_t mark, bytes, crc, not_mark;
  };
  static constexpr std::uint32_t mark = 0x31574b53;  // another number with every change of what is kept
  static constexpr std::uint32_t first = 4, sectors = 3, start = first * board::nor_flash::sector;
  static constexpr std::size_t whole = sizeof(watch);
  static_assert(whole % 8 == 0 && whole + sizeof(head) <= sectors * board::nor_flash::sector);

  board::nor_flash& flash_;
};

/// Everything but the queue of samples, which a reset leaves alone. Static storage, no heap.
class node {
 public:
  /// After power-on or reset. `window`: which one the next sample begins.
  skerry::status boot(std::uint64_t boots, std::uint32_t window, tick now) {
    modem_.answer = [](skerry::delivery::send_token token, skerry::delivery::outcome what) {
      here_->courier_.value().on_result(token, {what}, here_->now_);
    };
    here_ = this;
    now_ = now;
    if (model_store{flash_}.load(watch_)) {
      watch_.resume(window);
    } else if (const auto made = watch::create(watch_, {.window = watch_window}); !made) {
      return made;
    }
    skerry::splitmix64 random{boots};  // yours: the device's number and a noisy bit or two
    if (const auto made = state::create(state_, 17, skerry::state::role::device, skerry::state::epoch_rule::every_open, {}, random, now);
        !made) {
      return made;
    }
    auto store = ring::create(flash_, outbox_sectors);
    if (!store) {
      return store.error();
    }
    ring_.emplace(store.value());
    // Built where it stays, not on the stack.
    ::new (&courier_) skerry::result<courier>(courier::open(*ring_, skerry::delivery::device_seed{serial, boots}, {now, {}, false}));
    if (!courier_) {
      return courier_.error();
    }
    return tell(watch_.learnt() ? condition::normal : condition::learning);
  }

  /// True when a window is complete; `decision()` is of that one.
  bool take(std::int16_t sample, tick now) {
    now_ = now;
    const bool knew = watch_.learnt();
    // A sample is a finite number: never refused.
    if (!watch_.observe(static_cast<float>(sample) / board::counts_per_g).value_or(false)) {
      return false;
    }
    if (!knew && watch_.learnt()) {
      saved_ = static_cast<bool>(model_store{flash_}.save(watch_));
      (void)tell(condition::normal);  // a refusal is counted by the courier, here and below
    }
    const auto& d = watch_.decision();
    const bool alarmed = d.state == skerry::anomaly::monitor_state::alarmed;
    if (alarmed != alarmed_) {
      alarmed_ = alarmed;
      if (alarmed) {
        if (const auto delta = state_.inc<machine_alarms>(1)) {
          send(stream_state, 0, delta.value().bytes());
        }
      }
      (void)tell(alarmed ? condition::alarmed : condition::normal);
    }
    greatest_ = d.score > greatest_ ? d.score : greatest_;
    if (d.window % 20 == 19) {
      report(d.window);
    }
    return true;
  }

  /// The main loop's: sends what waits.
  void turn() { (void)skerry::delivery::drive_tick(courier_.value(), modem_, now_); }

  [[nodiscard]] const skerry::anomaly::watch_decision& decision() const { return watch_.decision(); }
  [[nodiscard]] const watch& judge() const { return watch_; }
  [[nodiscard]] bool saved() const { return saved_; }
  [[nodiscard]] const courier& outbox() const { return courier_.value(); }

 private:
  static constexpr std::byte serial[] = {std::byte{0x5e}, std::byte{0x17}};

  void send(std::uint16_t stream, std::uint8_t importance, std::span<const std::byte> bytes) {
    (void)courier_.value().send(bytes, {.item = {.stream = stream, .importance = importance}}, now_);
  }
  skerry::status tell(condition c) {
    // No clock on the wall here: the writes of one writer are in order without it.
    const auto delta = state_.write<machine_condition>(c, skerry::wall_ms{0});
    if (!delta) {
      return delta.error();
    }
    send(stream_state, 0, delta.value().bytes());
    return {};
  }
  /// Once a second: which window, and the greatest score since.
  void report(std::uint32_t window) {
    std::array<std::byte, 32> memory;
    skerry::byte_writer out{memory};
    out.u32(window);
    out.f32(greatest_);
    for (const float x : watch_.latest()) {
      out.f32(x);
    }
    greatest_ = 0;
    send(stream_report, 2, out.written());
  }

  static inline node* here_ = nullptr;

  board::nor_flash flash_;
  board::modem modem_;
  tick now_ = 0;
  watch watch_;
  state state_;
  std::optional<ring> ring_;
  skerry::result<courier> courier_{skerry::errc::empty};
  float greatest_ = 0;
  bool alarmed_ = false, saved_ = false;
};
static_assert(sizeof(node) <= 32 * 1024);

}  // namespace sensor
