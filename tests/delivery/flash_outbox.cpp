// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// The outbox on flash: its laws over random histories of power cuts, wear and full rings.
#include <skerry/core/random.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using tick = std::uint32_t;

using flash = skerry::testing::basic_faulty_flash<8, 4096>;
using ring = flash_ring<flash, flash_limits{2}>;
using box = outbox<tick, ring, outbox_limits{2, 128, 200}>;
using name = std::pair<stream_id, std::uint64_t>;

std::vector<std::byte> payload_of(std::uint64_t n) {
  skerry::splitmix64 random{n};
  std::vector<std::byte> out(8 + random() % 190);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::byte>(i < 8 ? n >> (8 * i) : random());
  }
  return out;
}
std::uint64_t number_in(std::span<const std::byte> payload) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    n |= std::to_integer<std::uint64_t>(payload[i]) << (8 * i);
  }
  return n;
}

/// A device over many lives, and what the world outside has seen of it.
struct world {
  world(std::uint64_t seed, std::uint32_t unit, eviction how)
      : random{seed}, evict{how}, device{std::make_unique<flash>(seed, unit)}, store{ring::create(*device).value()} {}

  void open() {
    store = ring::create(*device, {.entropy = random()}).value();
    ++boots;
    auto opened = box::open(store, {.quota_bytes = 20'000, .quota_items = 110, .evict = evict, .sync_records = 4, .stream_window = 2},
                            device_seed::for_test(boots), {now, {}, false});
    if (!opened || device->off()) {
      REQUIRE(device->off());
      out.reset();
      return;
    }
    out.emplace(opened.value());
    CHECK((epoch == 0 || out->epoch() == epoch || ids.empty()));
    epoch = out->epoch();
    std::uint64_t unknown = 0;
    std::set<name> queued;
    out->drain([&](const item_view& item) {
      const name id{item.id.stream, item.id.seq};
      CAPTURE(id.first, id.second);
      const std::uint64_t n = number_in(item.payload);
      const auto whole = payload_of(n);
      REQUIRE(std::vector<std::byte>(item.payload.begin(), item.payload.end()) == whole);
      const auto known = ids.find(id);
      unknown += known == ids.end() ? 1 : 0;
      REQUIRE((known == ids.end() ? n == tried : known->second == n));  // it had no answer when the power went, or it is what was appended
      ids[id] = n;
      CHECK_FALSE(acked_durably.contains(id));
      queued.insert(id);
      settled.erase(id);  // its acknowledgement was lost
    });
    CHECK(unknown <= 1);
    // Durable means durable: delivered, or dropped and counted, or here.
    std::uint64_t missing = 0;
    for (const name& id : durable) {
      missing += !queued.contains(id) && !delivered.contains(id) ? 1 : 0;
    }
    CHECK(missing <= dropped);
    durable = queued;
  }
  void sums() {
    const auto& c = out->counters();
    CHECK(c.offered == c.produced + c.refused);
    CHECK(c.produced + c.recovered == c.delivered + c.dropped_total() + out->queued());
  }
  void step() {
    now += static_cast<tick>(random() % 10);
    const std::uint64_t before = out->counters().dropped_total();
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const stream_id stream = random() % 4 == 0 ? 1 : 0;
        tried = ++numbers;
        const auto got = out->append(payload_of(tried), {.stream = stream, .importance = static_cast<std::uint8_t>(random() % 3)}, now);
        if (got) {
          const name id{stream, got.value().id.seq};
          REQUIRE_FALSE(ids.contains(id));  // never again
          ids[id] = tried;
        } else {
          full += got.error() == errc::full ? 1 : 0;
        }
        break;
      }
      case 4:
      case 5: {
        if (const auto item = out->take(now)) {
          const name id{item.value().id.stream, item.value().id.seq};
          REQUIRE(number_in(item.value().payload) == ids.at(id));
          if (taken.insert(id).second) {
            // In order; an item that was evicted, and whose place in its stream no cursor told, may come back after a cut.
            CHECK((evict != eviction::reject || id.second > last_first[id.first]));
            last_first[id.first] = id.second;
          }
          if (stuck != id.first && random() % 5 != 0) {
            delivered.insert(id);
            settled.insert(id);
            REQUIRE(out->acknowledge(item.value().id));
          } else {
            REQUIRE(out->give_back(item.value().id, outcome::cancelled, now));
          }
        }
        break;
      }
      case 6:
        if (out->wants_sync(now)) {
          (void)out->flush_acknowledgements();
          out->sync_begins();
          const auto done = store.sync();
          out->on_synced(done);
          if (done) {
            note_durable();
          }
        }
        break;
      default: out->tick(now);
    }
    dropped += out->counters().dropped_total() - before;
    sums();
  }
  void note_durable() {
    for (const auto& [id, n] : ids) {
      if (id.second <= out->durable_upto(id.first).seq) {
        durable.insert(id);
      }
    }
    if (!store.acknowledgements_pending()) {
      std::array<std::uint64_t, 2> lows{out->last(0).seq + 1, out->last(1).seq + 1};
      out->drain([&](const item_view& item) { lows[item.id.stream] = std::min(lows[item.id.stream], item.id.seq); });
      for (const name& id : settled) {
        // Acknowledgements out of order are remembered for 64 numbers behind the first that waits.
        if (id.second < lows[id.first] || id.second - lows[id.first] < 60) {
          acked_durably.insert(id);
        }
      }
    }
  }

  skerry::splitmix64 random;
  eviction evict;
  std::unique_ptr<flash> device;
  ring store;
  std::optional<box> out;
  tick now = 0xffff'f000;
  std::uint64_t boots = 0, numbers = 0, tried = 0, dropped = 0, full = 0;
  std::uint32_t epoch = 0;
  int stuck = -1;
  std::map<name, std::uint64_t> ids;
  std::set<name> taken, delivered, settled, acked_durably, durable;
  std::map<stream_id, std::uint64_t> last_first;
};

void live(std::uint64_t seed, eviction how, std::uint64_t& full, std::uint64_t& cuts, std::uint64_t& moved) {
  constexpr std::uint32_t units[4] = {8, 1, 32, 128};
  world w{seed, units[seed % 4], how};
  for (int life = 0; life < 4; ++life) {
    if (seed % 3 == 0) {
      w.stuck = static_cast<int>(w.random() % 3) - 1;
    }
    w.device->power_fails_after(w.random() % 9000);
    w.open();
    for (int i = 0; i < 220 && w.out && !w.device->off(); ++i) {
      w.step();
    }
    cuts += w.device->off() ? 1 : 0;
    moved += w.store.counters().moved_records;
    w.device->power_cut();
  }
  w.stuck = -1;
  w.open();
  REQUIRE(w.out);
  w.sums();
  // And in the end everything that is left arrives.
  for (int i = 0; i < 2000 && w.out->queued() > 0; ++i) {
    if (const auto item = w.out->take(w.now)) {
      REQUIRE(w.out->acknowledge(item.value().id));
    }
    w.out->sync_begins();
    w.out->on_synced(w.store.sync());
  }
  CHECK(w.out->queued() == 0);
  w.sums();
  full += w.full;
  CHECK(w.device->counts().violations == 0);
}

TEST_CASE("an outbox on flash keeps its laws whatever the power does, refusing when it is full") {
  std::uint64_t full = 0, cuts = 0, moved = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    live(seed, eviction::reject, full, cuts, moved);
  }
  CHECK(full > 100);
  CHECK(cuts > 100);
}

TEST_CASE("an outbox on flash keeps its laws whatever the power does, evicting when it is full") {
  std::uint64_t full = 0, cuts = 0, moved = 0;
  for (std::uint64_t seed = 1000; seed <= 1150; ++seed) {
    CAPTURE(seed);
    live(seed, seed % 2 == 0 ? eviction::oldest_of_lowest : eviction::oldest, full, cuts, moved);
  }
  CHECK(cuts > 100);
}
}  // namespace
