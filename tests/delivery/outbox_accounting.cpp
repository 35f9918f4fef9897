// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/accountant.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace skerry::delivery;
using skerry::testing::accountant;
using skerry::testing::faulty_disk;

// Every operation in turn, with each way to leave the queue.
TEST_CASE("an outbox accounts for each item after each operation, restarts included") {
  using log_type = segment_log<faulty_disk, segment_limits{8, 2, 512}>;
  using box_type = outbox<std::uint32_t, log_type, outbox_limits{.streams = 2, .items = 16, .record_bytes = 64}>;
  std::array<std::uint64_t, 8> reasons{};
  std::uint64_t restarts = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    skerry::splitmix64 random{seed};
    faulty_disk disk{seed};
    accountant sums;
    const std::array<std::byte, 80> payload{};
    std::optional<std::pair<delivery_counters, std::uint64_t>> exact;
    std::uint32_t now = 0;
    outbox_config config{.quota_bytes = 600, .quota_items = seed % 2 == 0 ? 12U : 30U, .evict = static_cast<eviction>(seed % 5)};
    config.dead_letter_after = 2;
    config.lease_ms = 5'000;
    config.stream_window = 2;
    for (std::uint64_t life = 0; life < 5; ++life) {
      auto log = log_type::create(disk, {.segment_bytes = 8192, .segments = 8, .entropy = seed * 10 + life}).value();
      auto opened =
          box_type::open(log, config, device_seed::for_test(seed * 10 + life), {now, skerry::wall_ms{1'700'000'000'000U + now}, true});
      REQUIRE(opened);
      box_type& box = opened.value();
      CAPTURE(seed, life);
      REQUIRE(sums.restarted(box.counters(), box.queued()).empty());
      restarts += life > 0 ? 1 : 0;
      if (exact) {
        CHECK(box.counters().produced == exact->first.produced);
        CHECK(box.counters().delivered == exact->first.delivered);
        CHECK(box.counters().dropped == exact->first.dropped);
        CHECK(box.counters().recovered == exact->first.recovered);
        CHECK(box.queued() == exact->second);
      }
      sums.begin_life(box.counters());
      const delivery_counters before = box.counters();
      std::vector<item_id> out;
      for (int step = 0; step < 80; ++step) {
        now += static_cast<std::uint32_t>(random() % 400);
        const auto what = random() % 8;
        if (what < 3) {
          item_options<std::uint32_t> options;
          options.stream = static_cast<stream_id>(random() % 3);  // one of them is not there
          options.importance = static_cast<std::uint8_t>(random() % 4);
          options.ttl_s = random() % 4 == 0 ? 5 : 0;
          sums.offered(static_cast<bool>(box.append(std::span{payload}.first(random() % 70), options, now)));
        } else if (what == 3) {
          if (const auto view = box.take(now)) {
            out.push_back(view.value().id);
          }
        } else if (what < 6 && !out.empty()) {
          const item_id id = out.back();
          out.pop_back();
          if (random() % 3 == 0) {
            (void)box.give_back(id, random() % 2 == 0 ? outcome::transient : outcome::permanent, now);
          } else if (box.acknowledge(id)) {
            sums.acknowledged();
          }
        } else if (what == 6) {
          (void)box.drop({box.epoch(), static_cast<stream_id>(random() % 2), 1 + random() % (1 + box.last(0).seq)}, drop_reason::cancelled);
        } else {
          const bool noted = static_cast<bool>(box.flush_acknowledgements());
          box.sync_begins();
          const skerry::status how = log.sync();
          if (noted && how) {
            sums.acknowledgements_durable();
          }
          box.on_synced(how);
        }
        box.tick(now);
        CAPTURE(step, what);
        REQUIRE(sums.now(box.counters(), box.queued()) == "");
      }
      for (std::size_t r = 0; r < box.counters().dropped.size() && r < reasons.size(); ++r) {
        reasons[r] += box.counters().dropped[r] - before.dropped[r];
      }
      exact.reset();
      if (life % 2 == 0) {  // all is durable: nothing may count otherwise after the cut
        REQUIRE(box.flush_acknowledgements());
        box.sync_begins();
        REQUIRE(log.sync());
        exact = {box.counters(), box.queued()};
      }
      disk.power_cut();
    }
  }
  CHECK(restarts == 240);
  for (const drop_reason r : {drop_reason::expired, drop_reason::evicted, drop_reason::dead_letter, drop_reason::cancelled}) {
    CAPTURE(static_cast<int>(r));
    CHECK(reasons[static_cast<std::size_t>(r)] > 20);
  }
}

}  // namespace
