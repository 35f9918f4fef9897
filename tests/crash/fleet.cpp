// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Couriers that boot together: no storm, and no item that waits for ever.
#include "crash/crash.hpp"

#include <skerry/core/random.hpp>
#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/accountant.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skerry_crash {

namespace {

using namespace skerry::delivery;
using store_type = memory_store<8192>;
using courier_type = courier<std::uint32_t, store_type, courier_limits{.box = {2, 32, 32}, .endpoints = 1, .flights = 4}>;

constexpr std::uint32_t seconds = 1000;
constexpr std::uint32_t devices = 16;
constexpr std::uint32_t refused_until = 40 * seconds;  // from the beginning: an error at once
constexpr std::uint32_t silent_until = 220 * seconds;  // then: no answer at all
constexpr std::uint32_t posts_until = 260 * seconds;
constexpr std::uint32_t end = 420 * seconds;  // by then the longest wait is over twice

const courier_config<std::uint32_t>& config() {
  static const courier_config<std::uint32_t> made = [] {
    courier_config<std::uint32_t> c{.box = {.quota_bytes = 2048, .quota_items = 32}};
    c.box.mode = durability::volatile_;
    c.attempt_timeout = 5 * seconds;
    c.breaker.min_calls = 1000;  // the waits that are looked at are those of the backoff
    return c;
  }();
  return made;
}

struct answer {
  std::uint32_t at;
  send_token token;
};

/// A device, and a transport that lets four attempts go at a time.
struct device {
  store_type memory;
  courier_type node;
  std::vector<answer> answers{};
  int permits = 4;
  std::uint32_t next_post = 0;
  std::uint64_t first_attempts = 0, attempts = 0;

  explicit device(device_seed seed) : node{courier_type::open(memory, config(), seed, {0, {}, false}).value()} {}
};

class fleet {
 public:
  fleet(std::uint64_t seed, plant defect, tally& to) : random_{seed}, seed_{seed}, defect_{defect}, to_{&to} {
    for (std::uint32_t d = 0; d < devices; ++d) {
      const std::uint64_t own = defect == plant::shared_seed ? seed : seed * 1000 + d;
      all_.push_back(std::make_unique<device>(device_seed::for_test(own)));
    }
  }

  void run() {
    ++to_->points;
    for (std::uint32_t now = 0; now < end;) {
      std::uint32_t next = end;
      for (const auto& d : all_) {
        next = std::min(next, turn(*d, now));
      }
      now = std::max(next, now + 1);
    }
    judge();
  }

 private:
  void found(const std::string& text) {
    ++to_->broken;
    to_->first = to_->first.empty() ? fmt::format("fleet {}: {}", seed_, text) : to_->first;
  }

  /// All that a device does at `now`; when it has something to do again.
  std::uint32_t turn(device& d, std::uint32_t now) {
    while (d.next_post <= now && now < posts_until) {
      const std::byte payload[8]{};
      item_options<std::uint32_t> options;
      options.stream = static_cast<stream_id>(random_() % 2);
      (void)d.node.post(payload, options, now);
      d.next_post += 8 * seconds + static_cast<std::uint32_t>(random_() % (4 * seconds));
    }
    for (std::size_t i = 0; i < d.answers.size();) {
      if (d.answers[i].at <= now) {
        const send_token token = d.answers[i].token;
        d.answers.erase(d.answers.begin() + static_cast<std::ptrdiff_t>(i));
        ++d.permits;
        d.node.on_result(token, {now < refused_until ? outcome::transient : outcome::ok}, now);
      } else {
        ++i;
      }
    }
    for (int guard = 0;; ++guard) {
      if (guard > 1000) {
        found("poll does not end in idle");
        return end;
      }
      const auto a = d.node.poll(now);
      if (a.kind == action_kind::idle) {
        break;
      }
      act(d, a, now);
    }
    std::uint32_t next = now < posts_until ? d.next_post : end;
    for (const answer& each : d.answers) {
      next = std::min(next, each.at);
    }
    if (const auto at = d.node.next_deadline()) {
      if (at.value() <= now) {
        found("a deadline that is not later than the poll that ended in idle");
      }
      next = std::min(next, at.value());
    }
    return next;
  }

  void act(device& d, const action<std::uint32_t>& a, std::uint32_t now) {
    switch (a.kind) {
      case action_kind::send:
      case action_kind::probe:
        ++d.attempts;
        d.first_attempts += a.attempt == 1 && a.kind == action_kind::send ? 1 : 0;
        if (a.attempt > 1) {
          retries_.push_back(now);
        }
        if (d.permits == 0) {
          d.node.on_result(a.token, {outcome::transient}, now);
          break;
        }
        --d.permits;
        if (now < refused_until || now >= silent_until) {
          d.answers.push_back({now + 5 + static_cast<std::uint32_t>(random_() % 20), a.token});
        }
        break;
      case action_kind::abandon: d.permits += defect_ == plant::leak_permit ? 0 : 1; break;
      case action_kind::sync: d.node.on_synced(a.sync, {}, now); break;
      default: break;
    }
  }

  void judge() {
    for (const auto& d : all_) {
      if (d->node.queued() != 0) {
        found(fmt::format("liveness: {} items wait, and the link is up since {} s", d->node.queued(), (end - silent_until) / seconds));
      }
      const double most = 1.2 * static_cast<double>(d->first_attempts) + end / seconds + 20;
      if (static_cast<double>(d->attempts) > most) {
        found(fmt::format("storm: {} attempts for {} items", d->attempts, d->first_attempts));
      }
      const std::string wrong = skerry::testing::accountant::sum(d->node.counters(), d->node.queued());
      if (!wrong.empty()) {
        found(wrong);
      }
    }
    // In how many of the fleet's retries did half of it meet within 20 ms?
    std::sort(retries_.begin(), retries_.end());
    std::size_t from = 0;
    std::size_t most = 0;
    for (std::size_t i = 0; i < retries_.size(); ++i) {
      while (retries_[i] - retries_[from] > 20) {
        ++from;
      }
      most = std::max(most, i - from + 1);
    }
    if (most > devices - 2) {
      found(fmt::format("storm: {} retries of {} devices within 20 ms", most, devices));
    }
  }

  skerry::splitmix64 random_;
  std::uint64_t seed_;
  plant defect_;
  tally* to_;
  std::vector<std::unique_ptr<device>> all_{};
  std::vector<std::uint32_t> retries_{};
};

}  // namespace

tally explore_fleet(std::uint64_t seed, std::uint64_t fleets, plant defect, bool stop) {
  tally all;
  for (std::uint64_t n = seed; n < seed + fleets; ++n) {
    fleet{n, defect, all}.run();
    if (stop && all.found() > 0) {
      break;
    }
  }
  return all;
}

}  // namespace skerry_crash
