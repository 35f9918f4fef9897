// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/accountant.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

namespace {

using namespace skerry::delivery;
using skerry::testing::faulty_disk;

constexpr std::uint16_t streams = 3;
using log_type = segment_log<faulty_disk, segment_limits{8, streams, 512}>;
using box_type = outbox<std::uint32_t, log_type, outbox_limits{.streams = streams, .items = 48, .record_bytes = 128}>;

struct flight {
  item_id id{};
  int since = 0;
};

/// What a stream has still to deliver, and what may come back: acknowledgements that no record says yet, an append that failed.
struct stream_state {
  std::set<std::uint64_t> queued, maybe, unsynced;
};

// The process ends in the middle of a change now and then: what it had written stays.
TEST_CASE("a backlog far longer than the outbox looks ahead is taken in order, over restarts, while its segments are moved") {
  std::uint64_t taken = 0;
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    skerry::splitmix64 random{seed};
    faulty_disk disk{seed};
    std::array<stream_state, streams> known;
    std::uint32_t now = 0;
    for (std::uint64_t life = 0; life < 12; ++life) {
      const auto log =
          std::make_unique<log_type>(log_type::create(disk, {.segment_bytes = 32768, .segments = 8, .entropy = seed * 100 + life}).value());
      outbox_config config{.quota_bytes = 40'000, .quota_items = 600, .mode = durability::os};
      config.lease_ms = 0;
      auto opened = box_type::open(*log, config, device_seed::for_test(seed * 50 + life), {now, {}, false});
      REQUIRE(opened);
      const auto box = std::make_unique<box_type>(opened.value());
      if (random() % 2 != 0) {
        const std::uint64_t changes = random() % 300;
        disk.power_fails_after(changes, random() % 64);
      }
      std::vector<flight> out;
      const int steps = 20 + static_cast<int>(random() % 120);
      for (int step = 0; step < steps && !disk.off(); ++step) {
        ++now;
        for (int i = 0; i < 4 && box->queued() < 400; ++i) {
          const std::array<std::byte, 100> payload{};
          const std::size_t length = random() % payload.size();
          item_options<std::uint32_t> options;
          options.stream = static_cast<stream_id>(random() % streams);
          const std::uint64_t next = box->last(options.stream).seq + 1;
          const auto got = box->append(std::span{payload}.first(length), options, now);
          (got ? known[options.stream].queued : known[options.stream].maybe).insert(next);
          known[options.stream].unsynced.insert(next);
        }
        for (auto view = box->take(now); view && !disk.off(); view = box->take(now)) {
          const item_id id = view.value().id;
          stream_state& of = known[id.stream];
          if (of.maybe.contains(id.seq)) {
            of.queued.insert(id.seq);
          }
          CAPTURE(seed, life, step, id.stream);
          REQUIRE_FALSE(of.queued.empty());
          REQUIRE(id.seq == *of.queued.begin());
          out.push_back({id, step});
          ++taken;
        }
        if (box->wants_sync(now)) {
          (void)box->flush_acknowledgements();
          box->sync_begins();
          const skerry::status how = log->sync();
          box->on_synced(how);
          for (stream_state& of : known) {
            how ? of.unsynced.clear() : void();
          }
        }
        std::vector<flight> still;
        for (const flight& f : out) {
          if (random() % 8 < 3) {
            (void)box->acknowledge(f.id);
            known[f.id.stream].queued.erase(f.id.seq);
            known[f.id.stream].maybe.insert(f.id.seq);
          } else if (step - f.since > 8) {
            (void)box->give_back(f.id, outcome::unknown, now);
          } else {
            still.push_back(f);
          }
        }
        out = still;
      }
      moved += log->counters().reclaimed;
      if (!disk.off()) {
        disk.power_fails_after(~std::uint64_t{0});
        REQUIRE(log->flush());
      } else {
        for (stream_state& of : known) {  // what had gathered is gone
          for (const std::uint64_t seq : of.unsynced) {
            of.queued.erase(seq);
            of.maybe.insert(seq);
          }
        }
      }
      for (stream_state& of : known) {
        of.unsynced.clear();
      }
      if (disk.off()) {
        disk.power_cut([](std::size_t) { return std::size_t{512}; }, ~std::size_t{0});
      } else {
        disk.power_fails_after(~std::uint64_t{0});
      }
    }
  }
  CHECK(taken > 80'000);
  CHECK(moved > 25);
}

// Counted wrong once: an item that was given up beyond the look-ahead and whose record had been moved or was gone already, and one that
// lost its entry to an older one. Live items that had overtaken their backlog came back from behind it, though their acknowledgement was
// durable.
TEST_CASE("what is said to be queued can be seen, item by item, and what was acknowledged durably stays away, over restarts") {
  using narrow = outbox<std::uint32_t, log_type, outbox_limits{.streams = streams, .items = 24, .record_bytes = 128}>;
  std::uint64_t beyond = 0;
  std::uint64_t ahead = 0;
  for (std::uint64_t seed = 1; seed <= 45; ++seed) {
    skerry::splitmix64 random{seed};
    faulty_disk disk{seed};
    std::array<std::set<std::uint64_t>, streams> unsynced, gone;
    std::uint32_t now = 0;
    for (std::uint64_t life = 0; life < 6; ++life) {
      const auto log =
          std::make_unique<log_type>(log_type::create(disk, {.segment_bytes = 8192, .segments = 8, .entropy = seed * 100 + life}).value());
      outbox_config config{.quota_bytes = 4000, .quota_items = 70, .evict = static_cast<eviction>(seed % 4)};
      config.streams = seed % 3 != 0 ? order::live_first : order::strict;
      config.stream_window = 3;
      config.receiver_window = 0;
      config.lease_ms = 0;
      auto opened = narrow::open(*log, config, device_seed::for_test(seed * 50 + life), {now, {}, false});
      REQUIRE(opened);
      const auto box = std::make_unique<narrow>(opened.value());
      const bool lossy = config.evict != eviction::reject;
      std::vector<item_id> out;
      const auto holds = [&] {
        std::uint64_t seen = 0;
        std::uint64_t again = 0;
        box->drain([&](const item_view& view) {
          ++seen;
          again += gone[view.id.stream].contains(view.id.seq) ? 1 : 0;
        });
        CAPTURE(seed, life, seen, box->queued());
        REQUIRE(seen == box->queued());
        // Each drop makes a hole of its own; beyond some tens of holes those furthest ahead are known again after a restart.
        REQUIRE((lossy || again == 0));
        REQUIRE(skerry::testing::accountant::sum(box->counters(), box->queued()).empty());
        beyond += box->queued() > 24 ? 1 : 0;
      };
      holds();
      for (int step = 0; step < 60; ++step) {
        ++now;
        for (std::uint64_t i = random() % 4; i > 0; --i) {
          const std::array<std::byte, 100> payload{};
          item_options<std::uint32_t> options;
          options.stream = static_cast<stream_id>(random() % streams);
          options.importance = static_cast<std::uint8_t>(random() % 3);
          (void)box->append(std::span{payload}.first(random() % payload.size()), options, now);
        }
        if (const auto view = box->take(now)) {
          out.push_back(view.value().id);
        }
        if (!out.empty() && random() % 2 == 0) {
          const auto at = out.begin() + static_cast<std::ptrdiff_t>(random() % out.size());
          if (random() % 8 == 0) {
            (void)box->give_back(*at, outcome::transient, now);
          } else if (box->acknowledge(*at)) {
            unsynced[at->stream].insert(at->seq);
            ahead += box->queued(at->stream) > 0 ? 1 : 0;
          }
          out.erase(at);
        }
        if (lossy && random() % 8 == 0) {
          const auto stream = static_cast<stream_id>(random() % streams);
          const std::uint64_t back = random() % 40;
          const std::uint64_t newest = box->last(stream).seq;
          (void)box->drop({box->epoch(), stream, newest > back ? newest - back : 1}, drop_reason::cancelled);
        }
        if (random() % 4 == 0) {
          (void)box->flush_acknowledgements();
          box->sync_begins();
          const skerry::status how = log->sync();
          box->on_synced(how);
          REQUIRE(how);
          for (std::size_t s = 0; s < streams; ++s) {
            gone[s].merge(unsynced[s]);
          }
        }
        if (step % 8 == 0) {
          holds();
        }
      }
      for (auto& each : unsynced) {
        each.clear();
      }
      disk.power_cut();
    }
  }
  CHECK(beyond > 300);
  CHECK(ahead > 300);
}

TEST_CASE("acknowledged out of turn behind the last that waits: the cursor says so") {
  faulty_disk disk{1};
  std::uint64_t queued = 3;
  for (std::uint64_t life = 0; life < 2; ++life) {
    auto log = log_type::create(disk, {.segment_bytes = 8192, .segments = 8, .entropy = life}).value();
    outbox_config config{.quota_bytes = 4000, .quota_items = 24};
    config.stream_window = 3;
    auto box = box_type::open(log, config, device_seed::for_test(life), {0, {}, false}).value();
    if (life == 0) {
      for (int i = 0; i < 3; ++i) {
        REQUIRE(box.append(std::array<std::byte, 8>{}, {}, 0));
      }
      (void)box.take(0);
      const item_id second = box.take(0).value().id;
      const item_id third = box.take(0).value().id;
      REQUIRE(box.acknowledge(second));
      REQUIRE(box.acknowledge(third));
      REQUIRE(box.flush_acknowledgements());
      REQUIRE(log.sync());
    }
    queued = box.queued();
  }
  CHECK(queued == 1);
}

// Copies forward count after a sync and free their origin after another one. Lives that ended before that left copies which never counted,
// in each life new ones: with 12 kB queued a log of 256 KiB was full, items were evicted, and acknowledgements had no room.
TEST_CASE("an append that was refused because its record could not go out is never delivered in place of another") {
  // With durability::os the record stood in the log all the same. Beyond the look-ahead it was met, taken for one of those that were
  // counted, and delivered; the last one of the backlog then had no count left, and its cursor passed it by.
  faulty_disk disk{3};
  const auto log = std::make_unique<log_type>(log_type::create(disk, {.segment_bytes = 32768, .segments = 8, .entropy = 5}).value());
  outbox_config config{.quota_bytes = 40'000, .quota_items = 600, .mode = durability::os};
  const auto box = std::make_unique<box_type>(box_type::open(*log, config, device_seed::for_test(1), {}).value());
  const std::array<std::byte, 20> payload{};
  std::set<std::uint64_t> accepted;
  std::set<std::uint64_t> refused;
  for (std::uint64_t i = 0; i < 140; ++i) {
    disk.faults.write_errors = i > 40 && i % 3 == 0 ? 65536 : 0;
    const std::uint64_t next = box->last(0).seq + 1;
    const auto got = box->append(payload, {}, 0);
    (got ? accepted : refused).insert(next);
    REQUIRE((got || got.error() == skerry::errc::io));
    REQUIRE(skerry::testing::accountant::sum(box->counters(), box->queued()).empty());
  }
  disk.faults.write_errors = 0;
  REQUIRE(box->queued() == accepted.size());
  box->sync_begins();
  box->on_synced(log->sync());
  std::set<std::uint64_t> delivered;
  while (const auto view = box->take(0)) {
    REQUIRE(accepted.contains(view.value().id.seq));
    delivered.insert(view.value().id.seq);
    REQUIRE(box->acknowledge(view.value().id));
  }
  CHECK(delivered == accepted);
  CHECK(box->queued() == 0);
  CHECK(refused.size() > 10);
}

TEST_CASE("lives that end before their second sync do not fill the store") {
  for (int syncs = 0; syncs <= 1; ++syncs) {
    CAPTURE(syncs);
    skerry::splitmix64 random{7};
    faulty_disk disk{7};
    std::uint32_t now = 0;
    std::uint64_t refused = 0;
    std::uint64_t dropped = 0;
    std::uint64_t most = 0;
    for (std::uint64_t life = 1; life <= 120; ++life) {
      auto log = log_type::create(disk, {.segment_bytes = 32768, .segments = 8, .entropy = life}).value();
      outbox_config config{.quota_bytes = 40'000, .quota_items = 600, .mode = durability::os};
      auto opened = box_type::open(log, config, device_seed::for_test(life), {now, {}, false});
      REQUIRE(opened);
      box_type& box = opened.value();
      for (int step = 0; step < 28; ++step) {
        ++now;
        item_options<std::uint32_t> options;
        options.stream = static_cast<stream_id>(box.queued(1) < 250 ? random() % 3 : random() % 2 * 2);
        refused += box.append(std::array<std::byte, 50>{}, options, now) ? 0U : 1U;
        std::vector<item_id> out;
        for (auto view = box.take(now); view; view = box.take(now)) {
          out.push_back(view.value().id);
        }
        for (const item_id& id : out) {  // one stream is slow, and keeps old segments from being used again
          REQUIRE((id.stream != 1 || step % 14 == 0 ? box.acknowledge(id) : box.give_back(id, outcome::unknown, now)));
        }
        if (step == 20 && syncs == 1) {
          REQUIRE(box.flush_acknowledgements());
          box.sync_begins();
          box.on_synced(log.sync());
        }
      }
      dropped = box.counters().dropped_total();
      most = std::max(most, log.used_bytes());
    }
    CHECK(refused == 0);
    CHECK(dropped == 0);
    CHECK(most < 6 * 32768);
  }
}

}  // namespace
