// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/delivery/detail/steady.hpp>
#include <skerry/delivery/outbox_config.hpp>

#include <cstdint>

namespace skerry::inline v0::delivery::detail {

/// When the next sync is due, and what the one under way speaks of.
template <instant Time>
class sync_window {
 public:
  std::uint64_t leased = 0;  // numbers below may be used

  [[nodiscard]] bool running() const noexcept { return running_; }
  /// Numbers below may be sent.
  [[nodiscard]] std::uint64_t sendable() const noexcept { return durable_lease_; }
  void all_durable() noexcept { durable_lease_ = leased; }

  void note(Time now) noexcept {
    if (pending_ == 0) {
      since_ = now;
    }
    ++pending_;
  }
  void begins() noexcept {
    running_ = true;
    marked_lease_ = leased;
    marked_ = pending_;
  }
  void ended(bool good, Time now) noexcept {
    running_ = false;
    since_ = now;
    failed_ = !good;
    if (good) {
      pending_ -= marked_;
      durable_lease_ = marked_lease_;
    }
  }

  [[nodiscard]] bool idle(const outbox_config& config) const noexcept {
    return pending_ == 0 || running_ || config.mode == durability::volatile_;
  }
  /// When it is due; none if there is nothing to sync.
  [[nodiscard]] deadline<Time> due_at(const outbox_config& config, Time now) const noexcept {
    if (idle(config)) {
      return deadline<Time>::none;
    }
    if (failed_) {  // however much waits: a medium that fails is not asked again at once
      return skerry::advance(since_, later_ms<Time>(config.sync_window_ms));
    }
    return pending_ >= config.sync_records ? now : skerry::advance(since_, from_ms<Time>(config.sync_window_ms));
  }

 private:
  std::uint64_t durable_lease_ = 0;
  std::uint64_t marked_lease_ = 0;
  std::uint32_t pending_ = 0;
  std::uint32_t marked_ = 0;
  Time since_{};
  bool running_ = false;
  bool failed_ = false;
};

}  // namespace skerry::inline v0::delivery::detail
