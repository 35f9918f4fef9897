// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/crash_explorer.hpp>

#include <skerry/delivery/segment_log.hpp>

#include <array>
#include "core/dies.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

namespace {
using skerry::status;
using skerry::testing::crash_explorer;
using skerry::testing::crash_options;
using skerry::testing::crash_report;
using skerry::testing::explored_disk;

std::array<std::byte, 4> four(int version) {
  std::array<std::byte, 4> all{};
  all.fill(static_cast<std::byte>(version));
  return all;
}
int version_in(explored_disk& disk, const char* name) {
  std::array<std::byte, 4> all{};
  return disk.read(name, 0, all) && all == four(static_cast<int>(all[0])) ? static_cast<int>(all[0]) : 0;
}

TEST_CASE("the ways to lose power in a story of five changes are as many as one counts by hand") {
  const crash_report report = crash_explorer{}.explore(
      [](explored_disk& disk) {
        REQUIRE(disk.create("a"));
        REQUIRE(disk.write("a", 0, four(1)));
        REQUIRE(disk.sync("a"));
        REQUIRE(disk.sync_directory());
        REQUIRE(disk.remove("a"));
      },
      [](explored_disk&) { return true; });
  CHECK(report.changes == 5);
  // Before create: 1. A write of no byte dirties no sector, but the name is there or not: 2; of 1 to 4 bytes, the sector as well: 4 each.
  // Before sync: 4. Before sync_directory: 2. Before remove: 1; after it, the name is there or not: 2.
  CHECK(report.cuts == 1 + (2 + 4 * 2 * 2) + 4 + 2 + 1 + 2);
  CHECK(report.held());
  CHECK(report.first.empty());
}

TEST_CASE("a file that is written in place is found to be torn, and the finding says where") {
  int promised = 0;
  const crash_report report = crash_explorer{}.explore(
      [&](explored_disk& disk) {
        REQUIRE(disk.create("a"));
        for (const int v : {1, 2}) {
          REQUIRE(disk.write("a", 0, four(v)));
          REQUIRE(disk.sync("a"));
          REQUIRE(disk.sync_directory());
          promised = v;
        }
      },
      [&](explored_disk& left) { return version_in(left, "a") >= promised; });
  CHECK(report.failed == 3);  // the second write after one, two and three bytes
  CHECK(report.first.find("write a, 1 bytes") == 0);
}

/// Version by version into two files in turn; the greater whole one counts. `hasty`: recovery deletes the older one before it has synced
/// a copy, so that only a second cut finds it out.
struct two_files {
  bool hasty = false;
  static bool save(explored_disk& disk, int version) {
    const char* const name = version % 2 == 0 ? "even" : "odd";
    (void)disk.create(name);
    return disk.write(name, 0, four(version)) && disk.sync(name) && disk.sync_directory();
  }
  [[nodiscard]] int load(explored_disk& disk) const {
    const int odd = version_in(disk, "odd"), even = version_in(disk, "even");
    const int found = odd > even ? odd : even;
    if (hasty && found != 0) {
      (void)disk.remove(odd > even ? "odd" : "even");
      (void)disk.sync_directory();
      (void)save(disk, found);
    }
    return found;
  }
};

TEST_CASE("a recovery that is not safe itself is found by a second cut and by nothing less") {
  for (const bool hasty : {false, true}) {
    for (const std::uint32_t cuts : {1U, 2U}) {
      CAPTURE(hasty, cuts);
      int promised = 0, under_way = 0;
      crash_options options;
      options.cuts = cuts;
      const crash_report report = crash_explorer{options}.explore(
          [&](explored_disk& disk) {
            for (under_way = 1; under_way <= 3; ++under_way) {
              promised = two_files::save(disk, under_way) ? under_way : promised;
            }
          },
          [&](explored_disk& left) {
            const int found = two_files{hasty}.load(left);
            return found >= promised && found <= under_way;
          });
      CHECK(report.held() == !(hasty && cuts == 2));
      CHECK((cuts == 1 || !hasty || report.first.find("; then ") != std::string::npos));
    }
  }
}

TEST_CASE("steps of no bytes are refused: an exploration of them would not end") {
  CHECK(skerry_test::panics([] { (void)crash_explorer{{.byte_step = 0}}; }));
}

TEST_CASE("a segment log keeps through every cut what its sync covered") {
  using log = skerry::delivery::segment_log<explored_disk>;
  const std::array<std::byte, 20> payload{};
  std::uint64_t synced = 0;
  crash_options options;
  options.byte_step = 16;
  const crash_report report = crash_explorer{options}.explore(
      [&](explored_disk& disk) {
        log kept = log::create(disk, {.segment_bytes = 8192, .segments = 4}).value();
        REQUIRE(kept.open());
        for (std::uint64_t seq = 1; seq <= 3; ++seq) {
          skerry::record_header h;
          h.seq = seq;
          REQUIRE(kept.append(h, payload));
          REQUIRE(kept.sync());
          synced = seq;
        }
      },
      [&](explored_disk& left) {
        log kept = log::create(left, {.segment_bytes = 8192, .segments = 4}).value();
        const auto found = kept.open();
        std::uint64_t next = 1;
        std::array<std::byte, 64> memory{};
        for (skerry::position at = found ? found.value().first : skerry::position{}; found && at < found.value().end;) {
          const auto record = kept.read(at, memory);
          if (!record) {
            break;
          }
          next += record.value().header.kind == skerry::record_kind::data && record.value().header.seq == next ? 1 : 0;
          at = record.value().next;
        }
        return found && next > synced;
      });
  INFO(report.first);
  CHECK(report.held());
  CHECK(report.images > 20);
}

}  // namespace
