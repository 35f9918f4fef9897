// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/memory_store.hpp>
#include <skerry/delivery/outbox.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using namespace skerry::delivery;
using tick = std::uint32_t;
using store = memory_store<32768>;
using box_type = outbox<tick, store, outbox_limits{4, 48, 128}>;

struct fixture {
  std::unique_ptr<store> memory = std::make_unique<store>();
  outbox_config config{.quota_bytes = 4096, .quota_items = 32};
  box_type open(std::uint64_t boot = 1) {
    return box_type::open(*memory, config, device_seed::for_test(boot), {0, wall_ms{1'700'000'000'000}, true}).value();
  }
};

std::vector<std::byte> bytes_of(std::uint64_t seed, std::size_t n) {
  pcg32 random{seed};
  std::vector<std::byte> bytes(n);
  for (auto& b : bytes) {
    b = static_cast<std::byte>(random());
  }
  return bytes;
}

bool balanced(const box_type& box) {
  const delivery_counters& n = box.counters();
  return n.offered == n.produced + n.refused && n.produced + n.recovered == n.delivered + n.dropped_total() + box.queued();
}

TEST_CASE("the sums hold at every step, only appended bytes come out, and each stream keeps its order, under random use") {
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    fixture f;
    f.config.evict = static_cast<eviction>(random() % 5);
    f.config.lease_ms = random() % 2 == 0 ? 0 : 700;
    f.config.dead_letter_after = static_cast<std::uint8_t>(1 + random() % 5);
    box_type box = f.open();
    std::map<std::pair<stream_id, std::uint64_t>, std::vector<std::byte>> sent;
    std::array<std::uint64_t, 4> first{};  // highest first delivery of a stream
    std::vector<item_id> out;
    tick now = 0xffff'8000;  // wraps on the way
    std::uint64_t delivered_payloads = 0;
    for (int i = 0; i < 3000; ++i) {
      now += random() % 50;
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          item_options<tick> options;
          options.stream = static_cast<stream_id>(random() % 5);  // 4: out of range
          options.importance = static_cast<std::uint8_t>(random() % 4);
          options.ttl_s = random() % 3 == 0 ? 1 + random() % 20 : 0;
          const auto payload = bytes_of(random(), random() % 140);  // above 128: too long
          const auto queued = box.queued();
          const auto bytes = box.queued_bytes();
          const auto dropped = box.counters().dropped_total();
          const auto got = box.append(payload, options, now);
          if (got) {
            sent[{got.value().id.stream, got.value().id.seq}] = payload;
          } else if (box.counters().dropped_total() == dropped) {
            REQUIRE(box.queued() == queued);
            REQUIRE(box.queued_bytes() == bytes);
          } else {
            REQUIRE(box.counters().dropped_for(drop_reason::expired) > 0);  // time did that, not the append
          }
          break;
        }
        case 3:
        case 4: {
          const auto got = box.take(now);
          if (got) {
            const item_view& item = got.value();
            const std::vector<std::byte> seen(item.payload.begin(), item.payload.end());
            REQUIRE(sent.at({item.id.stream, item.id.seq}) == seen);
            if (item.attempts == 0) {
              REQUIRE(item.id.seq >= first[item.id.stream]);  // equal: handed back without an attempt
              first[item.id.stream] = item.id.seq;
            }
            out.push_back(item.id);
            ++delivered_payloads;
          }
          break;
        }
        case 5:
        case 6:
          if (!out.empty()) {
            const std::size_t k = random() % out.size();
            const item_id id = out[k];
            out.erase(out.begin() + static_cast<std::ptrdiff_t>(k));
            const auto what = static_cast<outcome>(random() % 6);
            (void)(what == outcome::ok ? box.acknowledge(id) : box.give_back(id, what, now, static_cast<std::int32_t>(random() % 400)));
          }
          break;
        default:
          if (box.wants_sync(now)) {
            box.sync_begins();
            box.on_synced(random() % 4 == 0 ? status{errc::io} : f.memory->sync());
          }
      }
      REQUIRE(balanced(box));
      REQUIRE(box.queued() <= f.config.quota_items);
      REQUIRE(box.queued_bytes() <= f.config.quota_bytes);
    }
    CHECK(delivered_payloads > 100);
    // Everything that is left can be had: nothing is stuck.
    for (const item_id& id : out) {
      (void)box.give_back(id, outcome::transient, now);
    }
    now += 10'000;
    if (box.wants_sync(now)) {
      box.on_synced(f.memory->sync());
    }
    while (const auto got = box.take(now)) {
      REQUIRE(box.acknowledge(got.value().id));
    }
    CHECK(box.queued() == 0);
    CHECK(balanced(box));
  }
}

TEST_CASE("a ticket is not durability") {
  fixture f;
  box_type box = f.open();
  const auto t = box.append(bytes_of(1, 10), {}, 0).value();
  CHECK(t.id.seq == 1);
  CHECK(box.durable_upto(0).seq == 0);
  CHECK_FALSE(box.wants_sync(19));
  CHECK(box.wants_sync(20));
  box.sync_begins();
  (void)box.append(bytes_of(2, 10), {}, 21);  // while the sync runs
  box.on_synced(errc::io);
  CHECK(box.durable_upto(0).seq == 0);
  CHECK(box.wants_sync(60));
  box.sync_begins();
  (void)box.append(bytes_of(3, 10), {}, 61);
  box.on_synced({});
  CHECK(box.durable_upto(0).seq == 2);
  CHECK(box.counters().syncs == 2);
  CHECK(box.counters().failed_syncs == 1);
}

TEST_CASE("an item that nobody answers for comes back when its lease ends") {
  fixture f;
  f.config.lease_ms = 500;
  box_type box = f.open();
  (void)box.append(bytes_of(1, 10), {}, 0);
  const item_id id = box.take(0).value().id;
  CHECK(box.take(499).error() == errc::empty);
  CHECK(box.next_deadline() == deadline<tick>{20});  // the sync window
  box.on_synced(f.memory->sync());
  CHECK(box.next_deadline() == deadline<tick>{500});
  const auto again = box.take(500);
  REQUIRE(again);
  CHECK(again.value().id == id);
  CHECK(again.value().attempts == 1);
}

TEST_CASE("a stream that fails does not hold up another") {
  fixture f;
  box_type box = f.open();
  (void)box.append(bytes_of(1, 10), {.stream = 0}, 0);
  (void)box.append(bytes_of(2, 10), {.stream = 1}, 0);
  const item_id first = box.take(0).value().id;
  REQUIRE(box.give_back(first, outcome::throttled, 0, 1000));
  CHECK(box.take(1).value().id.stream != first.stream);
  CHECK(box.take(999).error() == errc::empty);
  CHECK(box.take(1000).value().id == first);
}

TEST_CASE("less important items are owed a share, so that nothing starves") {
  fixture f;
  box_type box = f.open();
  (void)box.append(bytes_of(1, 1), {.stream = 3, .importance = 3}, 0);
  (void)box.append(bytes_of(1, 1), {.stream = 2, .importance = 2}, 0);
  int waited = 0;
  int seen = 0;
  for (int i = 0; i < 40 && seen < 2; ++i) {
    (void)box.append(bytes_of(1, 1), {.stream = 0, .importance = 0}, 0);
    const auto item = box.take(0).value();
    seen += item.importance >= 2 ? 1 : 0;
    ++waited;
    REQUIRE(box.acknowledge(item.id));
  }
  CHECK(seen == 2);
  CHECK(waited == 16);
}

TEST_CASE("the less important leave first, and never for somebody less important still") {
  fixture f;
  f.config.quota_items = 3;
  box_type box = f.open();
  (void)box.append(bytes_of(1, 1), {.stream = 0, .importance = 1}, 0);
  (void)box.append(bytes_of(1, 1), {.stream = 1, .importance = 2}, 0);
  (void)box.append(bytes_of(1, 1), {.stream = 1, .importance = 2}, 0);
  CHECK(box.append(bytes_of(1, 1), {.stream = 2, .importance = 3}, 0).error() == errc::full);
  REQUIRE(box.append(bytes_of(1, 1), {.stream = 0, .importance = 0}, 0));
  CHECK(box.counters().dropped_for(drop_reason::evicted) == 1);
  CHECK(box.queued(1) == 1);
  REQUIRE(box.append(bytes_of(1, 1), {.stream = 0, .importance = 0}, 0));
  CHECK(box.queued(1) == 0);
  REQUIRE(box.append(bytes_of(1, 1), {.stream = 0, .importance = 1}, 0));  // the oldest of its own class
  CHECK(box.counters().dropped_for(drop_reason::evicted) == 3);
}

TEST_CASE("thinning keeps every second item of a history") {
  fixture f;
  f.config.quota_items = 8;
  f.config.evict = eviction::thin;
  box_type box = f.open();
  for (int i = 0; i < 9; ++i) {
    REQUIRE(box.append(bytes_of(1, 1), {.importance = 3}, 0));
  }
  std::vector<std::uint64_t> left;
  box.drain([&](const item_view& item) { left.push_back(item.id.seq); });
  CHECK(left == std::vector<std::uint64_t>{1, 3, 5, 7, 9});
}

TEST_CASE("the same user key twice is a policy, never a silent overwrite") {
  fixture f;
  box_type box = f.open();
  const auto key = bytes_of(5, 8);
  item_options<tick> options{.key = key};
  (void)box.append(bytes_of(1, 3), options, 0);
  options.same_key = key_policy::keep;
  CHECK(box.append(bytes_of(2, 4), options, 0).error() == errc::refused);
  CHECK(box.counters().duplicates_suppressed == 1);
  options.same_key = key_policy::replace;
  CHECK(box.append(bytes_of(3, 5), options, 0));
  CHECK(box.queued() == 1);
  CHECK(box.queued_bytes() == 5);
  CHECK(box.counters().dropped_for(drop_reason::cancelled) == 1);
  options.same_key = key_policy::both;
  CHECK(box.append(bytes_of(4, 6), options, 0));
  CHECK(box.queued() == 2);
  CHECK(balanced(box));
}

TEST_CASE("live-first and a receiver that tells repeats apart by a window cannot be had together") {
  // Its backlog was dropped there as too old: nothing said so.
  fixture f;
  f.config.streams = order::live_first;
  CHECK(box_type::open(*f.memory, f.config, device_seed::for_test(1), {}).error() == errc::invalid);
  f.config.streams = order::strict;
  f.config.stream_window = 65;
  CHECK(box_type::open(*f.memory, f.config, device_seed::for_test(1), {}).error() == errc::invalid);
  f.config.stream_window = 64;
  box_type box = f.open();
  CHECK(box.set_order(0, order::live_first).error() == errc::refused);
  CHECK(box.order_of(0) == order::strict);
  f.config.receiver_window = 0;
  box_type other = f.open();
  CHECK(other.set_order(0, order::live_first));
  CHECK(other.order_of(0) == order::live_first);
}

TEST_CASE("fresh items of a live-first stream go at once, the backlog keeps its own order and says that it waited") {
  fixture f;
  f.config.streams = order::live_first;
  f.config.receiver_window = 0;
  box_type box = f.open();
  for (int i = 0; i < 3; ++i) {
    (void)box.append(bytes_of(1, 1), {}, 0);
  }
  const auto first = box.take(0).value();
  CHECK_FALSE(first.historical);
  REQUIRE(box.give_back(first.id, outcome::transient, 0, 100));
  (void)box.append(bytes_of(1, 1), {}, 10);
  const auto fresh = box.take(10).value();
  CHECK(fresh.id.seq == 4);
  CHECK_FALSE(fresh.historical);
  REQUIRE(box.acknowledge(fresh.id));
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    const auto old = box.take(200).value();
    CHECK(old.id.seq == seq);
    CHECK(old.historical);
    REQUIRE(box.acknowledge(old.id));
  }
  CHECK(box.queued() == 0);
}

TEST_CASE("what one life left in the store the next one delivers, under the same ids, and no number is used twice") {
  fixture f;
  item_id last{};
  {
    box_type box = f.open(1);
    for (int i = 0; i < 5; ++i) {
      last = box.append(bytes_of(static_cast<std::uint64_t>(i), 9), {.stream = 2, .ttl_s = 100}, 0).value().id;
    }
    REQUIRE(box.acknowledge(box.take(0).value().id));
  }
  // Three years later by a clock that nobody vouches for: nothing expires by it.
  auto box = box_type::open(*f.memory, f.config, device_seed::for_test(2), {7, wall_ms{1'800'000'000'000}, false}).value();
  CHECK(box.counters().recovered == 4);
  CHECK(box.queued() == 4);
  CHECK(box.epoch() == last.epoch);
  const auto fresh = box.append(bytes_of(9, 9), {.stream = 2}, 7).value();
  CHECK(fresh.id.seq > last.seq);
  for (std::uint64_t seq = 2; seq <= 5; ++seq) {
    const auto item = box.take(8).value();
    CHECK(item.id == item_id{last.epoch, 2, seq});
    CHECK(item.historical);
    CHECK(std::vector<std::byte>(item.payload.begin(), item.payload.end()) == bytes_of(seq - 1, 9));
    REQUIRE(box.acknowledge(item.id));
  }
  CHECK(box.take(8).value().id == fresh.id);
  CHECK(balanced(box));
}

TEST_CASE("two clocks that can be trusted agree on the age of what was stored") {
  fixture f;
  {
    box_type box = f.open(1);
    (void)box.append(bytes_of(1, 9), {.ttl_s = 100}, 0);
    (void)box.append(bytes_of(1, 9), {.ttl_s = 1000}, 0);
  }
  auto box = box_type::open(*f.memory, f.config, device_seed::for_test(2), {0, wall_ms{1'700'000'500'000}, true}).value();
  CHECK(box.take(2000).value().id.seq == 2);
  CHECK(box.counters().dropped_for(drop_reason::expired) == 1);
}

TEST_CASE("a quota is asked for, not assumed") {
  store memory;
  CHECK(box_type::open(memory, {.quota_bytes = 0, .quota_items = 1}, device_seed::for_test(1), {}).error() == errc::invalid);
  CHECK(box_type::open(memory, {.quota_bytes = 1, .quota_items = 0}, device_seed::for_test(1), {}).error() == errc::invalid);
}
}  // namespace
