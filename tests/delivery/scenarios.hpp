// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

// Two long stories of a courier in virtual time: many messages over a bad link, and a year of outages.

#include <skerry/delivery/courier.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/testing/broker.hpp>
#include <skerry/testing/faulty_link.hpp>
#include <skerry/testing/virtual_clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace skerry_test {

/// A courier with its store, its link and its receiver, driven by events alone; every call is counted.
template <typename Tick, typename Store, skerry::delivery::courier_limits L>
class courier_story {
 public:
  using courier = skerry::delivery::courier<Tick, Store, L>;
  using config = skerry::delivery::courier_config<Tick>;
  using link = skerry::testing::faulty_link<Tick>;

  courier_story(const config& with, std::uint64_t seed, skerry::testing::faulty_link_config<Tick> faults)
      : config_{with}, link_{clock_, seed, faults} {
    opened_ = std::make_unique<skerry::result<courier>>(
        courier::open(store_, config_, skerry::delivery::device_seed::for_test(seed), {clock_.now(), {}, false}));
    link_.on_request([this](skerry::delivery::endpoint_id, const skerry::delivery::item_view& item) {
      std::uint64_t& newest = newest_[item.id.stream];
      ++arrived_;
      reordered_ += item.id.seq < newest ? 1 : 0;
      newest = item.id.seq > newest ? item.id.seq : newest;
      return skerry::delivery::reply<Tick>{broker_.receive(item), skerry::delivery::no_hint<Tick>};
    });
    link_.on_answer([this](skerry::delivery::send_token token, skerry::delivery::reply<Tick> answer, Tick now) {
      ++events_;
      it().on_result(token, answer, now);
      drive();
    });
  }

  [[nodiscard]] courier& it() { return opened_->value(); }
  [[nodiscard]] skerry::testing::virtual_clock<Tick>& clock() { return clock_; }
  [[nodiscard]] const skerry::testing::broker<8, 64>& receiver() const { return broker_; }
  [[nodiscard]] std::uint64_t polls() const { return polls_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }
  [[nodiscard]] std::uint64_t reordered() const { return reordered_; }
  [[nodiscard]] bool sums_hold() {
    const skerry::delivery::delivery_counters& n = it().counters();
    return n.offered == n.produced + n.refused && n.produced == n.delivered + n.dropped_total() + it().queued();
  }

  void post(std::span<const std::byte> payload, skerry::delivery::stream_id stream) {
    ++events_;
    (void)it().post(payload, {.stream = stream}, clock_.now());
    drive();
  }
  void send(std::span<const std::byte> payload, skerry::delivery::stream_id stream) {
    ++events_;
    skerry::delivery::send_options<Tick> options;
    options.item.stream = stream;
    (void)it().send(payload, options, clock_.now());
    drive();
  }
  /// The link goes or comes; a node that notices says so.
  void set_link(bool up, bool noticed) {
    link_.set(skerry::delivery::endpoint_id{0}, up ? skerry::testing::link_condition::up : skerry::testing::link_condition::silent);
    if (noticed) {
      ++events_;
      it().on_link(skerry::delivery::endpoint_id{0}, up ? skerry::delivery::link_state::up : skerry::delivery::link_state::down,
                   clock_.now());
      drive();
    }
  }

  /// Everything that happens until `end`: messages under way, and the courier's own timers.
  void run_until(Tick end) {
    for (;;) {
      const auto next = skerry::earliest<Tick>(wake_, clock_.next_event(), clock_.now());
      if (!next || skerry::elapsed(end, next.value()) < skerry::duration_t<Tick>{}) {
        break;
      }
      const bool timer = wake_ && !(skerry::elapsed(next.value(), wake_.value()) < skerry::duration_t<Tick>{});
      clock_.run_until(next.value());  // answers that come drive by themselves
      if (timer && wake_ && !(skerry::elapsed(clock_.now(), wake_.value()) < skerry::duration_t<Tick>{})) {
        ++events_;
        drive();
      }
    }
    clock_.run_until(end);
  }

  /// Polls until idle: what is to be sent goes to the link, syncs are answered at once.
  void drive() {
    for (;;) {
      ++polls_;
      const auto a = it().poll(clock_.now());
      switch (a.kind) {
        case skerry::delivery::action_kind::idle: wake_ = it().next_deadline(); return;
        case skerry::delivery::action_kind::send:
        case skerry::delivery::action_kind::probe:
          if (!link_.start(a.endpoint, a.token, a.item, a.info())) {
            ++events_;
            it().on_result(a.token, {skerry::delivery::outcome::transient, skerry::delivery::no_hint<Tick>}, clock_.now());
          }
          break;
        case skerry::delivery::action_kind::abandon: link_.abandon(a.token); break;
        case skerry::delivery::action_kind::sync:
          ++events_;
          it().on_synced(a.sync, store_.sync(), clock_.now());
          break;
        default: break;
      }
    }
  }

 private:
  config config_;
  Store store_;
  skerry::testing::virtual_clock<Tick> clock_;
  link link_;
  skerry::testing::broker<8, 64> broker_;
  std::unique_ptr<skerry::result<courier>> opened_;
  skerry::deadline<Tick> wake_ = skerry::deadline<Tick>::none;
  std::array<std::uint64_t, 8> newest_{};
  std::uint64_t polls_ = 0, events_ = 0, arrived_ = 0, reordered_ = 0;
};

struct effect_once_result {
  std::uint64_t messages = 0, effects = 0, arrived = 0, reordered = 0, repeats = 0, too_old = 0, retries = 0, dropped = 0, queued = 0;
  bool sums = false;
};

/// `messages` over a link that loses 5 % in each direction, repeats 5 % and lets more than 5 % arrive behind a younger one.
inline effect_once_result effect_once(std::uint64_t messages, std::uint64_t seed, std::uint16_t window = 1) {
  using namespace skerry::delivery;
  using tick = std::uint32_t;
  using story = courier_story<tick, memory_store<65536>, courier_limits{outbox_limits{8, 256, 64}, 1, 32}>;
  typename story::config config{.box = {.quota_bytes = 1U << 20, .quota_items = 250}};
  config.box.stream_window = window;
  config.attempt_timeout = 100;
  config.replay_interval = 0;
  config.backoff.base = 10;
  config.backoff.cap = 100;
  config.breaker.failure_percent = 100;
  config.budget.ratio = {1, 1};
  skerry::testing::faulty_link_config<tick> faults;
  faults.delay = 5;
  faults.jitter = 3;
  faults.lose = 3277;  // of 65536: 5 %
  faults.repeat = 3277;
  const auto it = std::make_unique<story>(config, seed, faults);
  std::array<std::byte, 32> payload{};
  for (std::uint64_t n = 0; n < messages;) {
    if (it->it().queued() < 200) {
      payload[0] = static_cast<std::byte>(n);
      it->post(payload, static_cast<stream_id>(n % 8));
      ++n;
    } else {
      it->run_until(it->clock().now() + 1);
    }
  }
  for (int i = 0; i < 600 && it->it().queued() > 0; ++i) {
    it->run_until(it->clock().now() + 1000);
  }
  const delivery_counters& n = it->it().counters();
  return {n.produced, it->receiver().effects(), it->arrived(),     it->reordered(), it->receiver().repeats(), it->receiver().too_old(),
          n.retries,  n.dropped_total(),        it->it().queued(), it->sums_hold()};
}

struct year_result {
  std::uint64_t items = 0, delivered = 0, evicted = 0, most_queued = 0, polls = 0, events = 0, queued = 0, effects = 0;
  bool sums = true;
};

/// A year in which the link goes `cuts` times, for part of the time that is left until the next cut is due, an item every `every_s`
/// seconds, and room for `quota` of them.
inline year_result year_of_flaps(std::uint64_t cuts, std::uint32_t every_s, std::uint32_t quota, std::uint64_t seed) {
  using namespace skerry::delivery;
  using tick = std::uint32_t;
  using story = courier_story<tick, memory_store<1U << 16>, courier_limits{outbox_limits{8, 256, 64}, 1, 8}>;
  typename story::config config{.box = {.quota_bytes = 32 * std::uint64_t{quota}, .quota_items = quota}};
  const auto it = std::make_unique<story>(config, seed, skerry::testing::faulty_link_config<tick>{.delay = 30, .jitter = 40});
  constexpr std::uint64_t year_ms = std::uint64_t{365} * 86'400'000;
  const std::uint64_t period_ms = year_ms / cuts;
  skerry::pcg32 random{seed};
  std::array<std::byte, 32> payload{};
  year_result got;
  std::uint64_t now = 0;
  std::uint64_t next_item = 0;
  const auto go_to = [&](std::uint64_t when) {
    while (next_item <= when) {
      it->run_until(it->clock().now() + static_cast<tick>(next_item - now));
      now = next_item;
      next_item += every_s * 1000ULL;
      it->send(payload, static_cast<stream_id>(random() % 4));
      got.most_queued = it->it().queued() > got.most_queued ? it->it().queued() : got.most_queued;
    }
    it->run_until(it->clock().now() + static_cast<tick>(when - now));
    now = when;
    got.sums = got.sums && it->sums_hold();
  };
  for (std::uint64_t cut = 0; cut < cuts; ++cut) {
    const std::uint64_t begin = cut * period_ms;
    const std::uint64_t up = skerry::uniform_below(random, static_cast<std::uint32_t>(period_ms));
    const bool noticed = random() % 2 == 0;  // not every system tells
    go_to(begin + up);
    it->set_link(false, noticed);
    go_to(begin + up + (period_ms - up) * (random() % 1000) / 1000);
    it->set_link(true, noticed);
    go_to(begin + period_ms);
  }
  go_to(year_ms + 600'000);
  const delivery_counters& n = it->it().counters();
  got.items = n.produced;
  got.delivered = n.delivered;
  got.evicted = n.dropped_for(drop_reason::evicted);
  got.polls = it->polls();
  got.events = it->events();
  got.queued = it->it().queued();
  got.effects = it->receiver().effects();
  return got;
}

}  // namespace skerry_test
