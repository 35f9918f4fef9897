// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// Each case is the story of a defect that was found by looking for one.
#include <skerry/core/random.hpp>
#include <skerry/delivery/drive_tick.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;

/// A memory_store that remembers what it was told, and whose sync can fail.
struct strict_store {
  memory_store<65536> inside;
  bool sync_fails = false;
  std::array<std::uint64_t, 8> done{};  // highest `upto` by stream
  int after_done = 0;                   // records appended that nobody needs any more, by what was said before

  result<recovery_report> open() noexcept { return inside.open(); }
  result<position> append(const record_header& h, std::span<const std::byte> p) noexcept {
    after_done += h.kind == record_kind::data && h.seq <= done[h.stream] ? 1 : 0;
    return inside.append(h, p);
  }
  result<record_view> read(position at, std::span<std::byte> out) noexcept { return inside.read(at, out); }
  status advance(cursor c) noexcept {
    done[c.stream] = c.upto > done[c.stream] ? c.upto : done[c.stream];
    return inside.advance(c);
  }
  status sync() noexcept { return sync_fails ? status{errc::io} : inside.sync(); }
  std::uint64_t used_bytes() const noexcept { return inside.used_bytes(); }
  std::uint64_t free_bytes() const noexcept { return inside.free_bytes(); }
};

/// Answers at once what it is told to.
template <typename Courier, typename Time>
struct instant_peer {
  Courier* courier = nullptr;
  Time now{};
  std::array<outcome, 3> says{};
  std::array<std::uint64_t, 3> asked{};
  duration_t<Time> hint = no_hint<Time>;
  std::vector<item_id> taken{};

  deadline<Time> drive(Time t) {
    now = t;
    for (int i = 0; i < 10'000; ++i) {
      const action<Time> a = courier->poll(now);
      if (a.kind == action_kind::idle) {
        return courier->next_deadline();
      }
      if (a.kind == action_kind::sync) {
        courier->on_synced(a.sync, courier->store().sync(), now);
      } else if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        ++asked[a.endpoint.value];
        const outcome what = says[a.endpoint.value];
        if (what == outcome::ok && a.kind == action_kind::send) {
          taken.push_back(a.item.id);
        }
        courier->on_result(a.token, {what, what == outcome::ok ? no_hint<Time> : hint}, now);
      }
    }
    FAIL("never idle");
    return {};
  }
};

using node = courier<tick, strict_store, courier_limits{outbox_limits{4, 64, 32}, 3, 4}>;
courier_config<tick> plain(std::uint8_t endpoints = 1) {
  courier_config<tick> c{.box = {.quota_bytes = 8192, .quota_items = 60}};
  c.endpoints = endpoints;
  return c;
}
const std::array<std::byte, 16> payload{};
const std::span<const std::byte> some{payload};

bool balanced(const node& it) {
  const delivery_counters& n = it.counters();
  return n.offered == n.produced + n.refused && n.produced + n.recovered == n.delivered + n.dropped_total() + it.queued();
}

TEST_CASE("a courier without a quota, or with probes all the time, does not open") {
  // A probe interval of nothing made one poll go round for ever.
  strict_store s;
  auto config = plain();
  config.box.quota_items = 0;
  CHECK(node::open(s, config, device_seed::for_test(1), {}).error() == errc::invalid);
  config = plain();
  config.failover.probe_every = 0;
  CHECK(node::open(s, config, device_seed::for_test(1), {}).error() == errc::invalid);
}

TEST_CASE("an item on its way is not durable, and the store is not told that it is done with") {
  // The number of a direct send was taken for stored: `durable_upto` covered what only RAM held, and a store that remembers cursors was
  // told to forget the item before it was handed over.
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  const auto direct = it.send(some, {}, 0).value();
  REQUIRE_FALSE(direct.stored);
  const auto out = it.poll(0);
  REQUIRE(out.kind == action_kind::send);
  const auto behind = it.post(some, {.stream = 0}, 0).value();
  CHECK(behind.id.seq == direct.id.seq + 1);
  auto a = it.poll(20);
  REQUIRE(a.kind == action_kind::sync);
  it.on_synced(a.sync, s.sync(), 20);
  CHECK(it.durable_upto(0).seq == direct.id.seq - 1);
  REQUIRE(it.cancel(behind, 21));  // the store hears of it
  it.on_result(out.token, {outcome::transient}, 22);
  REQUIRE(it.poll(22).kind == action_kind::completed);  // stored now
  CHECK(it.queued() == 1);
  CHECK(s.after_done == 0);
  CHECK(it.durable_upto(0).seq == direct.id.seq - 1);
  a = it.poll(60);
  REQUIRE(a.kind == action_kind::sync);
  it.on_synced(a.sync, s.sync(), 60);
  CHECK(it.durable_upto(0).seq == behind.id.seq);
}

TEST_CASE("what is stored behind an item on its way becomes durable when that one has arrived") {
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  (void)it.send(some, {}, 0);
  const auto out = it.poll(0);
  const auto behind = it.post(some, {.stream = 0}, 0).value();
  const auto a = it.poll(20);
  REQUIRE(a.kind == action_kind::sync);
  it.on_synced(a.sync, s.sync(), 20);
  it.on_result(out.token, {outcome::ok}, 21);
  CHECK(it.durable_upto(0) == behind.id);
}

TEST_CASE("a number goes out only when no later life can give it to something else") {
  // Direct sends did not ask whether the lease of their number had survived a sync: with a medium that fails, numbers beyond it went
  // out, and were given to other items after the next power cut.
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  s.sync_fails = true;
  instant_peer<node, tick> peer{&it};
  std::uint64_t highest = 0;
  tick now = 0;
  for (int i = 0; i < 6000; ++i) {
    (void)it.send(some, {.store = store_when::never}, now);
    peer.drive(now += 50);
  }
  for (const item_id& id : peer.taken) {
    highest = id.seq > highest ? id.seq : highest;
  }
  CHECK(highest <= 4096);
  CHECK(balanced(it));
}

TEST_CASE("a sync that nobody answers for wedges nothing") {
  // The one token without a lease: no further sync was asked for, and when the leased numbers were used up nothing went out any more.
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  REQUIRE(it.post(some, {}, 0));
  sync_token stale{};
  int asked = 0;
  tick now = 0;
  for (int i = 0; i < 200; ++i) {
    const auto a = it.poll(now);
    if (a.kind == action_kind::sync) {
      stale = asked++ == 0 ? a.sync : stale;
    } else if (a.kind == action_kind::send) {
      it.on_result(a.token, {outcome::transient}, now);
    } else if (a.kind == action_kind::idle) {
      REQUIRE(it.next_deadline());
      REQUIRE(elapsed(it.next_deadline().value(), now) > 0);
      now = it.next_deadline().value();
    }
  }
  CHECK(asked > 1);
  const auto late = it.counters().late_results;
  it.on_synced(stale, {}, now);
  CHECK(it.counters().late_results == late + 1);
  CHECK(it.durable_upto(0).seq == 0);
}

TEST_CASE("a medium that fails for good does not keep the loop busy") {
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  s.sync_fails = true;
  instant_peer<node, tick> peer{&it, 0, {outcome::transient}};
  for (int i = 0; i < 30; ++i) {
    REQUIRE(it.post(some, {.stream = static_cast<stream_id>(i % 4)}, 0));
  }
  tick now = 0;
  for (int i = 0; i < 50; ++i) {
    const auto at = peer.drive(now);
    REQUIRE(at);
    REQUIRE(elapsed(at.value(), now) > 0);
    now = at.value();
  }
  CHECK(it.counters().failed_syncs < 60);
}

TEST_CASE("a tick of 16 bits with the defaults comes back after an outage of an hour, to its primary too") {
  // 32.767 s is the longest distance there: a wait that was cut to it ended only in the very millisecond, and then began anew.
  using small = std::uint16_t;
  using small_node = courier<small, memory_store<8192>, courier_limits{outbox_limits{2, 32, 32}, 2, 2}>;
  static const courier_config<small> config{.box = {.quota_bytes = 1024, .quota_items = 20}, .endpoints = 2};
  memory_store<8192> s;
  auto it = small_node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<small_node, small> peer{&it, 0, {outcome::transient, outcome::transient}};
  small now = 0;
  const auto run = [&](int ms) {
    for (int passed = 0; passed < ms; passed += 7) {
      now = static_cast<small>(now + 7);
      const auto at = peer.drive(now);
      REQUIRE((!at || elapsed(at.value(), now) > 0));
    }
  };
  for (int i = 0; i < 10; ++i) {
    REQUIRE(it.post(some, {.stream = static_cast<stream_id>(i % 2)}, now));
  }
  run(3'600'000);
  peer.says = {outcome::transient, outcome::ok};
  run(120'000);
  CHECK(it.queued() == 0);
  peer.says = {outcome::ok, outcome::ok};
  run(200'000);
  const auto before = peer.asked[0];
  REQUIRE(it.send(some, {}, now));
  run(1'000);
  CHECK(peer.asked[0] == before + 1);
  CHECK(it.counters().sent_primary > 0);
}

TEST_CASE("a primary that was away for a month is used again a minute after it is back") {
  // The minute of hold was measured from the day it was left: after 24.8 days of a 32-bit tick that distance turns negative.
  strict_store s;
  const auto config = plain(2);
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it, 0, {outcome::transient, outcome::ok}};
  tick now = 0;
  const auto run = [&](std::uint64_t ms) {
    for (std::uint64_t passed = 0; passed < ms;) {
      const auto at = peer.drive(now);
      const std::uint64_t wait = at ? static_cast<std::uint64_t>(elapsed(at.value(), now)) : 60'000;
      now += static_cast<tick>(wait);
      passed += wait;
    }
  };
  for (int i = 0; i < 40; ++i) {
    (void)it.send(some, {}, now);
    run(1000);
  }
  run(std::uint64_t{30} * 86'400'000);
  peer.says[0] = outcome::ok;
  run(700'000);
  const auto before = peer.asked[0];
  REQUIRE(it.send(some, {}, now));
  peer.drive(now);
  CHECK(peer.asked[0] == before + 1);
}

TEST_CASE("a silent trial whose breaker is less patient than its token hangs nothing") {
  // Probe due, breaker half-open, its lease over at this very instant: the probe was postponed to now, again and again, in one poll.
  strict_store s;
  auto config = plain(2);
  config.attempt_timeout = 90'000;
  config.send_deadline = 200'000;
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  tick now = 0;
  std::uint64_t polls = 0;
  int phase = 0;
  for (int i = 0; i < 400; ++i) {
    (void)it.post(some, {.stream = static_cast<stream_id>(i % 4)}, now);
    for (int k = 0; k < 100; ++k) {
      ++polls;
      const auto a = it.poll(now);
      if (a.kind == action_kind::idle) {
        break;
      }
      if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, s.sync(), now);
      } else if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        phase = i / 40 % 3;
        const bool silent = a.endpoint.value == 0 && phase != 0;
        if (!silent) {
          it.on_result(a.token, {phase == 0 || a.endpoint.value == 0 ? outcome::transient : outcome::ok}, now);
        }
      }
    }
    const auto at = it.next_deadline();
    REQUIRE((!at || elapsed(at.value(), now) > 0));
    now += at && elapsed(at.value(), now) < 5'000 ? static_cast<tick>(elapsed(at.value(), now)) : 5'000;
  }
  CHECK(polls < 40'000);
  CHECK(balanced(it));
}

TEST_CASE("a retry that the budget denies does not keep the next stream waiting, or the loop busy") {
  strict_store s;
  auto config = plain();
  config.budget.ratio = {1, 1000};
  config.budget.reserve_per_s = 0;
  config.breaker.min_calls = 20;
  config.replay_interval = 0;
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it, 0, {outcome::transient}};
  for (int i = 0; i < 4; ++i) {
    REQUIRE(it.post(some, {.stream = static_cast<stream_id>(i)}, 0));
  }
  peer.drive(0);
  for (tick now = 60'000; now < 70'000; now += 77) {
    const auto at = peer.drive(now);
    REQUIRE((!at || elapsed(at.value(), now) > 0));
  }
  CHECK(it.counters().budget_denied > 0);
}

TEST_CASE("an answer that no attempt was made does not keep the loop busy") {
  // `cancelled` holds nothing back in the outbox, so the same item went out again at the same instant.
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it, 0, {outcome::cancelled}};
  REQUIRE(it.post(some, {}, 0));
  const auto at = peer.drive(0);
  REQUIRE(at);
  CHECK(elapsed(at.value(), tick{0}) > 0);
  CHECK(peer.asked[0] < 5);
}

TEST_CASE("direct sends leave the backlog its share") {
  // Whoever sent again at each completion took the only flight each time: the backlog never moved.
  using narrow = courier<tick, strict_store, courier_limits{outbox_limits{4, 64, 32}, 1, 1}>;
  strict_store s;
  const auto config = plain();
  auto it = narrow::open(s, config, device_seed::for_test(1), {}).value();
  REQUIRE(it.post(some, {.stream = 1}, 0));
  tick now = 0;
  for (int i = 0; i < 200; ++i) {
    (void)it.send(some, {.store = store_when::never}, now);
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      if (a.kind == action_kind::send) {
        it.on_result(a.token, {outcome::ok}, now);
      } else if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, {}, now);
      } else if (a.kind == action_kind::completed) {
        break;  // and send the next one at once
      }
    }
    now += 10;
  }
  CHECK(it.queued() == 0);
}

TEST_CASE("a hint that the primary's link is up is followed by a probe, not by the rest of the wait") {
  strict_store s;
  const auto config = plain(2);
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it, 0, {outcome::transient, outcome::ok}};
  tick now = 0;
  for (int i = 0; i < 400; ++i) {
    (void)it.send(some, {}, now);
    peer.drive(now += 2000);
  }
  const auto before = peer.asked[0];
  it.on_link(endpoint_id{0}, link_state::up, now);
  peer.drive(now);
  CHECK(peer.asked[0] == before + 1);
}

TEST_CASE("an item that was stored because nobody could be reached keeps its user key") {
  // It lost the key on its way into the outbox, so the next item under that key stood beside it instead of in its place.
  strict_store s;
  const auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it};
  peer.says = {outcome::transient};
  const std::array<std::byte, 4> key{};
  (void)peer.drive(1);
  send_options<tick> options;
  options.item.key = key;
  options.item.same_key = key_policy::replace;
  REQUIRE_FALSE(it.send(some, options, 2).value().stored);
  (void)peer.drive(2);
  REQUIRE(it.counters().cached_offline == 1);
  REQUIRE(it.send(some, options, 3).value().stored);
  CHECK(it.queued() == 1);
  CHECK(it.counters().dropped_for(drop_reason::cancelled) == 1);
  options.item.same_key = key_policy::keep;
  CHECK(it.send(some, options, 4).error() == errc::refused);
  CHECK(balanced(it));
}

TEST_CASE("a live item goes by the policy of its user key, too") {
  // With live_first a direct send does not wait for the backlog, and did not look whether its key waits there.
  strict_store s;
  auto config = plain();
  config.box.streams = order::live_first;
  config.box.receiver_window = 0;
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  instant_peer<node, tick> peer{&it};
  (void)peer.drive(1);
  const std::array<std::byte, 4> key{};
  send_options<tick> options;
  options.item.key = key;
  options.item.same_key = key_policy::keep;
  options.item.historical = true;
  REQUIRE(it.post(some, options.item, 2));
  options.item.historical = false;
  CHECK(it.send(some, options, 2).error() == errc::refused);
  options.store = store_when::never;
  CHECK(it.send(some, options, 2).error() == errc::refused);
  options.item.same_key = key_policy::replace;
  options.store = store_when::on_failure;
  REQUIRE(it.send(some, options, 2));
  CHECK(it.queued() == 1);
  CHECK(it.counters().dropped_for(drop_reason::cancelled) == 1);
  CHECK(it.counters().duplicates_suppressed == 2);
  CHECK(balanced(it));

  auto second = node::open(s, config, device_seed::for_test(2), {}).value();
  instant_peer<node, tick> other{&second};
  (void)other.drive(1);
  options.item.historical = true;
  REQUIRE(second.post(some, options.item, 2));
  options.item.historical = false;
  options.store = store_when::never;
  REQUIRE_FALSE(second.send(some, options, 2).value().stored);
  CHECK(second.counters().dropped_for(drop_reason::cancelled) == 1);
  CHECK(balanced(second));
}

TEST_CASE("the hint for one item holds back that item, not another") {
  // The last hint was kept for the courier as a whole.
  strict_store s;
  auto config = plain();
  auto it = node::open(s, config, device_seed::for_test(1), {}).value();
  REQUIRE(it.post(some, {.stream = 0}, 0));
  REQUIRE(it.post(some, {.stream = 1}, 0));
  const auto a = it.poll(0);
  const auto b = it.poll(0);
  REQUIRE(b.kind == action_kind::send);
  it.on_result(a.token, {outcome::throttled, 500'000}, 1);
  it.on_result(b.token, {outcome::ok}, 1);
  for (tick now = 2; now < 490'000; now += 100) {
    const auto c = it.poll(now);
    REQUIRE(c.kind != action_kind::send);
    if (c.kind == action_kind::sync) {
      it.on_synced(c.sync, {}, now);
    }
  }
}

TEST_CASE("an item that was stored late is not delivered by the next life once it was acknowledged") {
  // A failed direct send is stored behind younger items of its stream; the store looked for it only among the oldest.
  strict_store s;
  auto config = plain();
  config.box.streams = order::live_first;
  config.box.receiver_window = 0;
  {
    auto it = node::open(s, config, device_seed::for_test(1), {}).value();
    const auto old = it.send(some, {}, 0).value();
    const auto out = it.poll(0);
    const auto young = it.post(some, {.stream = 0}, 0).value();
    REQUIRE(young.id.seq == old.id.seq + 1);
    it.on_result(out.token, {outcome::transient}, 1);
    tick now = 1;
    bool done = false;
    while (!done && now < 100'000) {
      const auto a = it.poll(now);
      if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, {}, now);
      } else if (a.kind == action_kind::send && a.item.id == old.id) {
        it.on_result(a.token, {outcome::ok}, now);
        done = true;
      } else if (a.kind == action_kind::send) {
        it.on_result(a.token, {outcome::throttled, 0}, now);
      }
      now += 10;
    }
    REQUIRE(done);
    REQUIRE(it.queued() == 1);
  }
  auto it = node::open(s, config, device_seed::for_test(2), {}).value();
  CHECK(it.counters().recovered == 1);
}

template <typename Time>
void random_world(std::uint64_t seed) {
  CAPTURE(seed);
  using any_node = courier<Time, strict_store, courier_limits{outbox_limits{3, 24, 32}, 2, 3}>;
  pcg32 random{seed, 3};
  courier_config<Time> config{.box = {.quota_bytes = 400, .quota_items = 20}, .endpoints = 2};
  config.attempt_timeout = from_ms<Time>(1 + random() % 20'000);
  config.box.evict = static_cast<eviction>(random() % 5);
  config.box.streams = static_cast<order>(random() % 2);
  config.box.stream_window = static_cast<std::uint16_t>(1 + random() % 3);
  config.box.receiver_window = 0;
  strict_store s;
  auto it = any_node::open(s, config, device_seed::for_test(seed), {}).value();
  std::vector<send_token> tokens;
  std::vector<sync_token> syncs;
  std::vector<ticket> tickets;
  std::array<std::uint64_t, 3> durable{};
  Time now = static_cast<Time>(random());
  const auto check = [&] {
    const delivery_counters& n = it.counters();
    REQUIRE(n.offered == n.produced + n.refused);
    REQUIRE(n.produced == n.delivered + n.dropped_total() + it.queued());
    REQUIRE(s.after_done == 0);
    for (stream_id i = 0; i < 3; ++i) {
      REQUIRE(it.durable_upto(i).seq >= durable[i]);
      durable[i] = it.durable_upto(i).seq;
    }
  };
  for (int i = 0; i < 1500; ++i) {
    now = static_cast<Time>(now + random() % 2000);
    const item_options<Time> options{.stream = static_cast<stream_id>(random() % 3),
                                     .importance = static_cast<std::uint8_t>(random() % 4),
                                     .ttl_s = random() % 3 == 0 ? random() % 40 : 0,
                                     .repeat = static_cast<repeatable>(random() % 3)};
    switch (random() % 8) {
      case 0:
        if (const auto t = it.send(some, {.item = options, .store = static_cast<store_when>(random() % 3)}, now)) {
          tickets.push_back(t.value());
        }
        break;
      case 1:
        if (const auto t = it.post(some, options, now)) {
          tickets.push_back(t.value());
        }
        break;
      case 2:
        if (!tickets.empty()) {
          (void)it.cancel(tickets[random() % tickets.size()], now);
        }
        break;
      case 3:
      case 4:
        if (!tokens.empty()) {  // late, double and stale ones too
          it.on_result(tokens[tokens.size() - 1 - random() % (tokens.size() < 6 ? tokens.size() : 6)],
                       {static_cast<outcome>(random() % 6), random() % 4 == 0 ? from_ms<Time>(500) : no_hint<Time>}, now);
        }
        break;
      case 5:
        if (!syncs.empty()) {
          it.on_synced(syncs[random() % syncs.size()], random() % 2 == 0 ? status{} : status{errc::io}, now);
        }
        break;
      case 6: it.on_link(endpoint_id{static_cast<std::uint8_t>(random() % 4)}, link_state::up, now); break;
      default: it.declare(endpoint_id{static_cast<std::uint8_t>(random() % 2)}, random() % 4 != 0, now);
    }
    check();
    int polls = 0;
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      REQUIRE(++polls < 500);
      if (a.kind == action_kind::sync) {
        syncs.push_back(a.sync);
      } else if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        tokens.push_back(a.token);
      }
      check();
    }
    const auto at = it.next_deadline();
    REQUIRE((!at || elapsed(at.value(), now) > 0));
  }
  // All is well again: the queue empties.
  it.declare(endpoint_id{0}, true, now);
  it.declare(endpoint_id{1}, true, now);
  for (int i = 0; i < 4000 && it.queued() > 0; ++i) {
    now = static_cast<Time>(now + 1000);
    for (auto a = it.poll(now); a.kind != action_kind::idle; a = it.poll(now)) {
      if (a.kind == action_kind::sync) {
        it.on_synced(a.sync, {}, now);
      } else if (a.kind == action_kind::send || a.kind == action_kind::probe) {
        it.on_result(a.token, {outcome::ok}, now);
      }
    }
  }
  CHECK(it.queued() == 0);
  check();
}

TEST_CASE("whatever answers come, stale, twice or never, the sums hold, nothing spins, nothing is wedged and durability never goes back") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    random_world<std::uint16_t>(seed);
    random_world<std::uint32_t>(seed);
    random_world<std::uint64_t>(seed);
  }
}
}  // namespace
