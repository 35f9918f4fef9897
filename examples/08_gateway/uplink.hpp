// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "broker_link.hpp"
#include "messages.hpp"
#include "record.hpp"
#include "region.hpp"
#include "store.hpp"

#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/drive_tick.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

// The way up: an outbox, a courier, and a link: in the same process, down when the schedule says so, with time in ms of the stream; or
// over real brokers, with time in ms of the clock on the wall.
namespace gateway {

/// Carries items to the region and answers back, each with a delay. What is under way when the link is cut is lost: an item before it
/// arrived, or only the answer to it, and then the same item comes twice.
class scheduled_link {
 public:
  using code = int;
  static constexpr std::uint64_t one_way_ms = 25;

  scheduled_link(region& peer, std::vector<link_cut> cuts) : peer_{&peer}, cuts_{std::move(cuts)} {}

  [[nodiscard]] bool up(std::uint64_t now) const {
    return std::none_of(cuts_.begin(), cuts_.end(), [&](const link_cut& c) {
      return static_cast<double>(now) >= 1000 * c.from && static_cast<double>(now) < 1000 * c.until;
    });
  }

  skerry::status start(delivery::endpoint_id, delivery::send_token token, const delivery::item_view& item,
                       delivery::attempt_info) noexcept {
    if (!up(now_)) {
      return skerry::errc::unavailable;
    }
    // What MQTT adds to the payload (header, topic, packet id) and its acknowledgement, in TCP/IP segments of 1448 bytes, 40 bytes of
    // header each way: computed, as no broker takes part here.
    const std::uint64_t mqtt = item.payload.size() + 32;
    wire_bytes_ += mqtt + 40 * ((mqtt + 1447) / 1448) + 4 + 40;
    under_way_.push_back({now_ + one_way_ms, token, item.id, item.historical, {item.payload.begin(), item.payload.end()}, false});
    return {};
  }
  void abandon(delivery::send_token) noexcept {}
  [[nodiscard]] delivery::outcome classify(code) const noexcept { return delivery::outcome::transient; }

  /// Moves everything that is due, and answers when the next thing is: an arrival, or the link changing.
  template <typename Answer>
  std::uint64_t advance(std::uint64_t now, Answer&& answer) {
    now_ = now;
    for (std::size_t i = 0; i < under_way_.size();) {
      flight& f = under_way_[i];
      if (f.at > now) {
        ++i;
        continue;
      }
      if (up(now) && !f.answered) {
        peer_->receive(f.id, f.historical, f.payload, now);
        f.answered = true;
        f.at = now + one_way_ms;
        ++i;
        continue;
      }
      const flight over = std::move(f);
      under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
      if (up(now)) {
        answer(over.token);
      }
    }
    std::uint64_t next = ~std::uint64_t{0};
    for (const flight& f : under_way_) {
      next = std::min(next, f.at);
    }
    for (const link_cut& c : cuts_) {
      for (const double edge : {c.from, c.until}) {
        const auto at = static_cast<std::uint64_t>(1000 * edge);
        next = at > now ? std::min(next, at) : next;
      }
    }
    return next;
  }

  void set_now(std::uint64_t now) { now_ = now; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  struct flight {
    std::uint64_t at;
    delivery::send_token token;
    delivery::item_id id;
    bool historical;
    std::vector<std::byte> payload;
    bool answered;
  };
  region* peer_;
  std::vector<link_cut> cuts_;
  std::vector<flight> under_way_;
  std::uint64_t now_ = 0, wire_bytes_ = 0;
};

inline constexpr delivery::courier_limits uplink_limits{
    .box = {.streams = stream_count, .items = 4096, .record_bytes = 512}, .endpoints = 2, .flights = 8};
using uplink_courier = delivery::courier<std::uint64_t, store_log, uplink_limits>;

class uplink {
 public:
  /// On a store with a past it goes on: what waited is sent, and what was handed over before is not handed over again.
  uplink(region& peer, std::vector<link_cut> cuts, std::uint64_t seed, double start_unix, store& kept, const link_settings& link = {})
      : planned_{cuts},
        cuts_{link.brokers.empty() ? cuts : std::vector<link_cut>{}},
        link_{peer, std::move(cuts)},
        peer_{&peer},
        settings_{link},
        store_{&kept},
        config_{std::make_unique<delivery::courier_config<std::uint64_t>>()} {
    const delivery::device_seed device = delivery::device_seed::for_test(seed + kept.noted().lives);
    // A store for this run alone need not survive it, so no sync is waited for.
    config_->box = {.quota_bytes = std::uint64_t{2} << 20, .quota_items = 4000};
    config_->box.mode = kept.lasting() ? delivery::durability::media : delivery::durability::volatile_;
    config_->attempt_timeout = 2000;
    now_ = next_ = kept.noted().t_ms;
    skerry::clock_reading<std::uint64_t> clock{now_, skerry::wall_ms{static_cast<std::uint64_t>(1000 * start_unix) + now_}, start_unix > 0};
    if (!link.brokers.empty()) {
      broker_ = std::make_unique<broker_link>(link, peer, device.part(1));
      config_->endpoints = static_cast<std::uint8_t>(link.brokers.size());
      config_->replay_interval = 2;
      config_->breaker.wait = 500;
      config_->breaker.wait_cap = 5000;
      config_->failover.hold = 5000;
      config_->failover.probe_every = 1000;
      now_ = steady_ms();
      using std::chrono::system_clock;
      const auto since_1970 = std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
      clock = {now_, skerry::wall_ms{static_cast<std::uint64_t>(since_1970)}, true};
    }
    auto opened = uplink_courier::open(kept.log(), *config_, device, clock);
    if (!opened) {
      throw misuse{fmt::format("--store: the outbox cannot be opened: {}", skerry::to_string(opened.error()))};
    }
    courier_ = std::make_unique<uplink_courier>(std::move(opened).value());
    before_ = courier_->counters();  // they go on over restarts; this life tells its own
    recovered_ = courier_->queued();
    for (std::uint16_t s = 0; s < stream_count; ++s) {
      handed_over_[s] = kept.noted().count[s];
    }
    // What the last life handed over without having noted it still waits: nothing is sent before it is noted.
    courier_->drain(
        [&](const delivery::item_view& item) { handed_over_[item.id.stream] += item.id.seq > kept.noted().seq[item.id.stream]; });
    queue_.push_back({broker_ ? 0 : static_cast<double>(now_) / 1000, courier_->queued(), 0});
    link_.set_now(now_);
    if (broker_) {
      for (const std::uint64_t end = now_ + 2000; !broker_->up() && now_ < end;) {
        broker_->wait(5);
        turn_broker();
      }
      was_up_ = true;  // a broker that is not there yet is an outage
      began_ = steady_ms();
    }
  }

  /// Hands a message over; it is sent now if that is possible and stored if not.
  void send(std::uint16_t stream, std::uint8_t importance, std::span<const std::byte> payload, double t) {
    const std::uint64_t now = broker_ ? steady_ms() : std::max(static_cast<std::uint64_t>(1000 * t), now_);
    if (produced_[stream]++ < handed_over_[stream]) {
      return;  // an earlier life did
    }
    delivery::send_options<std::uint64_t> options;
    options.item.stream = stream;
    options.item.importance = importance;
    // Where a store lasts an item stands in it before it is tried: a killed process loses none.
    options.store = store_->lasting() ? delivery::store_when::first : delivery::store_when::on_failure;
    // A refusal is counted by the courier, and shows in the accounting.
    const auto sent = courier_->send(payload, options, now);
    if (sent) {
      sent_bytes_ += payload.size();
    }
    store_->note(stream, produced_[stream], sent ? sent.value().id.seq : 0, now);
    if (broker_) {
      turn_broker();
    } else {
      turn(now);
    }
  }

  /// Everything that happens on the link until `t`.
  void run_until(double t) {
    pace(t);
    if (broker_) {
      stream_t_ = t;
      turn_broker();
      return;
    }
    const auto end = static_cast<std::uint64_t>(1000 * t);
    if (end < now_) {
      return;  // an earlier life has been here
    }
    while (next_ <= end) {
      turn(std::max(next_, now_));
    }
    turn(end);
  }
  /// The last row came at `t`: what is under way may arrive, and what waits may go. Not for ever.
  void settle(double t) {
    if (!broker_) {
      run_until(t + 60);
      return;
    }
    stream_t_ = t;
    const std::uint64_t end = steady_ms() + patience_ms;
    // The region has a message a moment after the broker has it; what a killed broker forgot never comes.
    std::uint64_t quiet_since = steady_ms(), heard = peer_->items();
    while (steady_ms() < end && (courier_->queued() > 0 || (settings_.region_here && steady_ms() - quiet_since < 200))) {
      broker_->wait(2);
      turn_broker();
      if (courier_->queued() > 0 || peer_->items() != heard) {
        heard = peer_->items();
        quiet_since = steady_ms();
      }
    }
    if (!cuts_.empty() && cuts_.back().until == never) {
      cuts_.back().until = t;
    }
  }
  /// The story is told: acknowledgements are made safe too, and the next run on this store begins a new one.
  void close() {
    (void)courier_->flush_acknowledgements();
    (void)store_->log().sync();
    store_->begin_anew();
  }

  [[nodiscard]] bool up() const { return broker_ ? broker_->up() : link_.up(now_); }
  [[nodiscard]] std::uint64_t queued() const { return courier_->queued(); }
  [[nodiscard]] const delivery::delivery_counters& counters() const { return courier_->counters(); }

  void finish(run_record& run) {
    const delivery::delivery_counters& c = courier_->counters();
    run.account.produced += c.produced - before_.produced;
    run.account.recovered += recovered_;
    run.account.delivered += c.delivered - before_.delivered;
    run.account.refused += c.refused - before_.refused;
    run.account.queued = courier_->queued();
    static constexpr const char* names[] = {"expired", "evicted", "dead letter", "damaged", "cancelled", "not stored"};
    run.account.dropped.resize(c.dropped.size());
    for (std::size_t i = 0; i < c.dropped.size(); ++i) {
      run.account.dropped[i].first = names[i];
      run.account.dropped[i].second += c.dropped[i] - before_.dropped[i];
    }
    run.bytes.sent += sent_bytes_;
    run.bytes.wire += broker_ ? broker_->wire_bytes() : link_.wire_bytes();
    run.queue = queue_;
    run.cuts = cuts_;
    if (broker_) {
      run.link = fmt::format("{} broker{}, ~{} connection{}, ~{} sent by the first, ~{} by the second, ~{} attempts repeated",
                             settings_.brokers.size(), settings_.brokers.size() == 1 ? "" : "s", broker_->connects(),
                             broker_->connects() == 1 ? "" : "s", c.sent_primary - before_.sent_primary,
                             c.fallback_used[0] - before_.fallback_used[0], c.retries - before_.retries);
      run.region_here = settings_.region_here;
    }
  }

 private:
  static constexpr std::uint64_t patience_ms = 30'000;

  void turn(std::uint64_t now) {
    const bool was_up = link_.up(now_);
    now_ = now;
    link_.set_now(now);
    if (link_.up(now) && !was_up) {
      courier_->on_link(delivery::endpoint_id{0}, delivery::link_state::up, now);
    }
    const std::uint64_t link_next = link_.advance(
        now, [&](delivery::send_token token) { courier_->on_result(token, delivery::reply<std::uint64_t>{delivery::outcome::ok}, now); });
    (void)delivery::drive_tick(*courier_, link_, now);
    // An attempt that has just started is due after the courier's own deadline at the earliest, so the link is asked again.
    const std::uint64_t arrival = link_.advance(now, [](delivery::send_token) {});
    const auto courier_next = courier_->next_deadline();
    next_ = std::min({link_next > now ? link_next : ~std::uint64_t{0}, arrival, courier_next ? courier_next.value() : ~std::uint64_t{0}});
    next_ = std::max(next_, now + 1);
    observe_queue(static_cast<double>(now) / 1000);
  }

  void turn_broker() {
    now_ = std::max(now_, steady_ms());
    const bool cut =
        std::any_of(planned_.begin(), planned_.end(), [&](const link_cut& c) { return stream_t_ >= c.from && stream_t_ < c.until; });
    broker_->cut(cut);
    if (was_cut_ && !cut) {
      for (std::uint8_t e = 0; e < config_->endpoints; ++e) {
        courier_->on_link(delivery::endpoint_id{e}, delivery::link_state::up, now_);
      }
    }
    was_cut_ = cut;
    broker_->turn(*courier_, now_);
    (void)delivery::drive_tick(*courier_, *broker_, now_);
    if (began_ != 0 && broker_->up() != was_up_) {
      was_up_ = !was_up_;
      if (was_up_) {
        cuts_.back().until = stream_t_;
      } else {
        cuts_.push_back({stream_t_, never});
      }
    }
    observe_queue(stream_t_);
  }

  /// Where the stream shall not run ahead of the clock on the wall.
  void pace(double t) {
    if (settings_.speed <= 0) {
      return;
    }
    began_ = began_ != 0 ? began_ : steady_ms();
    const std::uint64_t due = began_ + static_cast<std::uint64_t>(1000 * t / settings_.speed);
    for (std::uint64_t now = steady_ms(); now < due; now = steady_ms()) {
      const auto left = static_cast<int>(std::min<std::uint64_t>(due - now, 5));
      if (broker_) {
        broker_->wait(left);
        turn_broker();
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds{left});
      }
    }
  }

  void observe_queue(double t) {
    const std::uint64_t queued = courier_->queued();
    for (link_cut& c : cuts_) {
      if (t >= c.from && t < c.until) {
        c.stored = queued;
      } else if (t >= c.until && c.drained_in == never && queued == 0) {
        c.drained_in = t - c.until;
      }
    }
    if (queued != queue_.back().queued) {
      if (queue_.back().t < t) {
        queue_.push_back({t, queue_.back().queued, 0});  // a step, not a slope
      }
      queue_.push_back({t, queued, 0});
    }
  }

  std::vector<link_cut> planned_, cuts_;  ///< over brokers the outages are those that happen
  scheduled_link link_;
  std::unique_ptr<broker_link> broker_;
  region* peer_;
  link_settings settings_;
  store* store_;
  std::unique_ptr<delivery::courier_config<std::uint64_t>> config_;
  std::unique_ptr<uplink_courier> courier_;
  std::vector<queue_point> queue_;
  delivery::delivery_counters before_{};
  std::uint64_t recovered_ = 0;
  std::uint64_t now_ = 0, next_ = 0, sent_bytes_ = 0, began_ = 0;
  double stream_t_ = 0;
  bool was_up_ = false, was_cut_ = false;
  std::array<std::uint64_t, stream_count> produced_{}, handed_over_{};  ///< messages of the story so far; of them, by earlier lives
};

}  // namespace gateway
