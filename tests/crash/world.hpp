// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include "crash/batches.hpp"
#include "crash/plants.hpp"

#include <skerry/core/random.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/testing/accountant.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_crash {

using namespace skerry::delivery;
using skerry::errc;
using skerry::splitmix64;
using skerry::status;

inline constexpr std::uint16_t streams = 3;
inline constexpr outbox_limits box_limits{.streams = streams, .items = 24, .record_bytes = longest};
using box_type = outbox<std::uint32_t, crash_store, box_limits>;

struct known_item;
/// Is that what was appended, a batch as a batch, with the same parts?
[[nodiscard]] bool same_item(const item_view& view, const known_item& known);

/// What is known of an item beside what the outbox says.
struct known_item {
  std::uint64_t seq = 0;
  std::uint16_t length = 0;
  bool ticket = false;        // append said ok
  bool durable = false;       // durable_upto covered it
  bool gone = false;          // acknowledged, or seen to be dropped
  bool gone_durable = false;  // and a sync after that succeeded
  bool dropped = false;       // gone without being acknowledged
  std::uint8_t parts = 0;     // of a batch; 0: one payload
  bool squeezed = false;
  bool excused = false;  // may be there or not: an append that failed, or one that was lost and stood in several places
  std::array<std::byte, longest> bytes{};
};

struct world_options {
  skerry::testing::disk_faults faults{};
  plant defect = plant::none;
  std::uint32_t quota_items = 16;
  std::uint64_t quota_bytes = 1024;
  std::uint64_t probes = 12;  // in a life, on average
  bool plain = false;         // short payloads, and every second item has a time to live
  bool whole = false;         // the log writes whole blocks; a third of the histories that are not plain do, too
};

/// One outbox on one disk, through several lives, and what must be true of it.
class world {
 public:
  world(std::uint64_t seed, const world_options& options, tally& to);

  /// Opens, checks, lives on, and dies. False when something was found.
  bool live();
  [[nodiscard]] bool good() const noexcept { return good_; }

  // For those who tell a story of their own.
  crash_disk disk;
  bool open(bool after_cut);
  bool close_badly(bool cut);
  status append(std::uint16_t stream);
  void deliver(bool acknowledge);
  status sync();
  void wait(std::uint32_t ms);
  void look_for_drops();
  void verify(crash_disk& left, bool cut, bool drain_it, std::uint64_t may_lose = 0);
  /// A number that is equal where a crash has to leave the same: what must be there, what must not, which numbers were used.
  [[nodiscard]] std::uint64_t expectations() const;
  void verify_damaged(crash_disk& damaged, const std::string& where);
  void must(bool held, const std::string& otherwise) { held ? void() : found(&tally::broken, otherwise); }
  [[nodiscard]] box_type& box() { return *box_; }
  [[nodiscard]] crash_store& store() { return *store_; }

 private:
  using per_stream = std::array<std::vector<known_item>, streams>;

  void found(std::uint64_t tally::*what, const std::string& text);
  [[nodiscard]] static known_item* find(per_stream& in, std::uint16_t stream, std::uint64_t seq);
  void step();
  void drop_one();
  [[nodiscard]] bool live_first() const noexcept { return seed_ % 7 == 3; }
  void find_dropped();
  void probe(const crash_disk::disk_type& now, std::string_view name, std::uint64_t offset, std::span<const std::byte> in);
  /// What `box` holds against what is known; `seen` gets what is there.
  void compare(box_type& box, bool cut, std::array<std::vector<std::uint8_t>, streams>& seen, std::uint64_t may_lose);
  [[nodiscard]] outbox_config config() const;
  [[nodiscard]] std::string accountant_sum(box_type& box) const;

  std::uint64_t seed_;
  world_options options_;
  bool moves_ = !options_.faults.broken.empty() || options_.faults.sync_errors != 0;  // there may be two copies of what was moved
  tally* to_;
  splitmix64 random_;
  std::uint32_t now_ = 0;
  std::uint64_t boots_ = 0;
  std::uint32_t epoch_ = 0;
  per_stream items_{};
  std::array<std::uint64_t, streams> greatest_sent_{};
  std::optional<crash_store> store_{};
  std::optional<box_type> box_{};
  std::optional<crash_disk> scratch_{};
  skerry::testing::accountant sums_{};
  std::uint64_t dropped_seen_ = 0;
  std::vector<std::pair<std::size_t, std::uint64_t>> suspects_{};  // missing after a crash in an operation that may drop them
  bool may_drop_ = false;                                          // such an operation is under way
  bool good_ = true;
  bool cut_ = false;
  bool written_ = false;  // all that the life before appended
  bool probing_ = false;
};

}  // namespace skerry_crash
