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
#include <string_view>

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

TEST_CASE("every item comes out whole and in order although a segment's file takes no writes from some moment on") {
  static constexpr std::array<std::string_view, 4> names{"segment-00", "segment-01", "segment-02", "segment-03"};
  std::uint64_t given_up = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    faulty_disk disk{seed};
    const auto log = std::make_unique<log_type>(log_type::create(disk, {.segment_bytes = segment, .segments = 8, .entropy = seed}).value());
    outbox_config config{.quota_bytes = 12'000, .quota_items = 120, .evict = eviction::reject};
    auto opened = box_type::open(*log, config, device_seed::for_test(seed), {0, {}, false});
    REQUIRE(opened);
    const auto box = std::make_unique<box_type>(opened.value());
    std::array<std::uint64_t, streams> last{};
    int in_a_row = 0;
    const auto sync = [&] {
      box->sync_begins();
      const skerry::status how = log->sync();
      box->on_synced(how);
      in_a_row = how ? 0 : in_a_row + 1;
      REQUIRE(in_a_row <= 2);
    };
    const auto deliver = [&] {
      const auto view = box->take(0);
      if (!view) {
        REQUIRE(view.error() == skerry::errc::empty);
        return false;
      }
      const item_id id = view.value().id;
      REQUIRE(view.value().payload.size() == 60);
      REQUIRE(view.value().payload[0] == static_cast<std::byte>(id.seq));
      REQUIRE(view.value().payload[59] == static_cast<std::byte>(id.seq));
      REQUIRE(id.seq > last[id.stream]);
      last[id.stream] = id.seq;
      REQUIRE(box->acknowledge(id));
      return true;
    };
    sync();
    const std::uint64_t breaks = random() % 400;
    for (std::uint64_t step = 0; step < 800; ++step) {
      if (step == breaks) {
        disk.faults.broken = names[seed % names.size()];
      }
      item_options<std::uint32_t> options;
      options.stream = static_cast<stream_id>(random() % streams);
      std::array<std::byte, 60> payload{};
      payload.fill(static_cast<std::byte>(box->last(options.stream).seq + 1));
      (void)box->append(payload, options, 0);
      if (random() % 16 != 0) {
        (void)deliver();
      }
      if (step % 5 == 0) {
        sync();
      }
    }
    while (deliver() || in_a_row > 0) {
      sync();
    }
    const delivery_counters& c = box->counters();
    CHECK(box->queued() == 0);
    CHECK(c.delivered == c.produced);
    CHECK(c.dropped_total() == 0);
    given_up += log->counters().given_up;
  }
  CHECK(given_up > 10);
}
