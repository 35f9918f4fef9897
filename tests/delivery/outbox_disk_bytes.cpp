// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace {

using namespace skerry::delivery;
using skerry::testing::faulty_disk;

constexpr std::uint16_t streams = 3;
constexpr std::uint32_t segment = 8192;
using log_type = segment_log<faulty_disk, segment_limits{8, streams, 512}>;
using box_type = outbox<std::uint32_t, log_type, outbox_limits{.streams = streams, .items = 200, .record_bytes = 128}>;

}  // namespace

TEST_CASE("bytes on disk fall to a quarter more than what lives in the log, and three segments") {
  bool any_above = false;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    faulty_disk disk{seed};
    const auto log = std::make_unique<log_type>(log_type::create(disk, {.segment_bytes = segment, .segments = 8, .entropy = seed}).value());
    outbox_config config{.quota_bytes = 20'000, .quota_items = 200, .evict = eviction::reject};
    config.stream_window = config.in_flight = 200;
    config.receiver_window = 0;
    config.lease_ms = 0;
    auto opened = box_type::open(*log, config, device_seed::for_test(seed), {0, {}, false});
    REQUIRE(opened);
    const auto box = std::make_unique<box_type>(opened.value());
    const auto sync = [&] {
      (void)box->flush_acknowledgements();
      box->sync_begins();
      const skerry::status how = log->sync();
      REQUIRE(how);
      box->on_synced(how);
    };
    const auto bound = [&] { return (box->queued_bytes() + box->queued() * 32) / 4 * 5 + 3 * segment; };
    for (int step = 0; step < 1500; ++step) {
      const std::array<std::byte, 100> payload{};
      item_options<std::uint32_t> options;
      options.stream = static_cast<stream_id>(random() % streams);
      (void)box->append(std::span{payload}.first(random() % payload.size()), options, 0);
      if (const auto view = box->take(0); view && random() % 32 != 0) {  // one of 32 stays where it is, and pins its segment
        REQUIRE(box->acknowledge(view.value().id));
      }
      if (step % 8 == 0) {
        sync();
      }
      any_above = any_above || log->used_bytes() > bound();
    }
    for (int i = 0; i < 40; ++i) {
      sync();
    }
    CAPTURE(box->queued(), box->queued_bytes(), log->used_bytes());
    CHECK(log->used_bytes() <= bound());
    CHECK(box->queued() > 0);
  }
  CHECK(any_above);  // else there was nothing to gain
}
