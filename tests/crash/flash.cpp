// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// An outbox on a ring in NOR flash: the power goes within programs and erases, sectors fail and wear out, bits turn over.
#include "crash/batches.hpp"
#include "crash/crash.hpp"

#include <skerry/core/random.hpp>
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/testing/accountant.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry_crash {

namespace {

using namespace skerry::delivery;
using skerry::errc;
using skerry::splitmix64;
using skerry::status;

constexpr std::uint16_t flash_streams = 2;
using flash = skerry::testing::basic_faulty_flash<8, 4096>;

/// A faulty flash that shows somebody, now and then, what a power cut within a program or an erase would leave.
class crash_flash {
 public:
  crash_flash(std::uint64_t seed, std::uint32_t unit) : inner{std::make_unique<flash>(seed, unit)} {}

  std::unique_ptr<flash> inner;
  std::uint64_t probe_in = 0;  // so many changes from now; 0: never
  std::function<void(const flash&, const std::function<void(flash&)>&, std::uint64_t)> on_probe{};

  [[nodiscard]] std::uint32_t erase_size() const noexcept { return inner->erase_size(); }
  [[nodiscard]] std::uint32_t program_size() const noexcept { return inner->program_size(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return inner->size(); }
  [[nodiscard]] status erase(std::uint32_t sector) noexcept {
    probe([sector](flash& f) { (void)f.erase(sector); }, 1);
    return inner->erase(sector);
  }
  [[nodiscard]] status program(std::uint32_t at, std::span<const std::byte> in) noexcept {
    probe([at, in](flash& f) { (void)f.program(at, in); }, in.size() / inner->program_size());
    return inner->program(at, in);
  }
  [[nodiscard]] status read(std::uint32_t at, std::span<std::byte> out) noexcept { return inner->read(at, out); }

 private:
  void probe(const std::function<void(flash&)>& change, std::uint64_t units) {
    if (probe_in != 0 && --probe_in == 0 && on_probe && !inner->off()) {
      on_probe(*inner, change, units);
    }
  }
};
static_assert(skerry::flash_device<crash_flash>);

using ring_type = flash_ring<crash_flash, flash_limits{flash_streams}>;
using probe_ring = flash_ring<flash, flash_limits{flash_streams}>;
constexpr outbox_limits flash_box{flash_streams, 160, 120};  // more than the quota: what was acknowledged may come back

struct flash_item {
  std::vector<std::byte> bytes{};
  std::uint8_t parts = 0;     // of a batch; 0: one payload
  bool ticket = false;        // append said ok: on flash that is enough
  bool gone = false;          // acknowledged, or seen to be dropped
  bool gone_durable = false;  // acknowledged, and a sync after that succeeded
  bool excused = false;       // an append that failed: it may be there or not
};

class flash_world {
 public:
  flash_world(std::uint64_t seed, tally& to)
      : seed_{seed}, to_{&to}, random_{seed}, device_{seed, std::array<std::uint32_t, 4>{8, 1, 32, 128}[seed % 4]} {
    ++to_->histories;
    switch (seed / 4 % 6) {
      case 1: faults_.program_errors = 60; break;
      case 2: faults_.erase_errors = 6'000; break;
      case 3: faults_.endurance = 12; break;
      default: break;
    }
    device_.on_probe = [this](const flash& now, const std::function<void(flash&)>& change, std::uint64_t units) {
      probe(now, change, units);
    };
  }

  [[nodiscard]] bool good() const noexcept { return good_; }

  bool live() {
    device_.inner->faults = {};  // a device that cannot be read at all is another story
    if (!open()) {
      return false;
    }
    device_.inner->faults = faults_;
    if (random_() % 2 == 0) {
      device_.inner->power_fails_after(random_() % 3'000);
    }
    const auto steps = 10 + random_() % 80;
    for (std::uint64_t i = 0; i < steps && good_ && !device_.inner->off(); ++i) {
      device_.probe_in = device_.probe_in == 0 ? 1 + random_() % 3 : device_.probe_in;
      step();
      if (!device_.inner->off()) {
        sums(*box_);
      }
    }
    device_.probe_in = 0;
    to_->moved += ring_->counters().moved_records;
    to_->cuts += device_.inner->off() ? 1 : 0;
    ++to_->points;
    must(device_.inner->counts().violations == 0, "a unit was programmed twice, or a call was out of range");
    device_.inner->power_cut();
    return good_;
  }

  /// One bit of what is there, all of it durable.
  void flips(std::uint64_t n) {
    device_.inner->faults = {};
    if (!good_ || !open() || !sync()) {
      return;
    }
    std::vector<std::size_t> used;
    const auto bytes = device_.inner->bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != std::byte{0xff}) {
        used.push_back(i);
      }
    }
    for (std::uint64_t i = 0; i < n && good_; ++i) {
      auto copy = std::make_unique<flash>(*device_.inner);
      const std::size_t at = used[random_() % used.size()];
      copy->flip(at * 8 + random_() % 8);
      verify(*copy, fmt::format("byte {}", at), true);
    }
  }

 private:
  using name = std::pair<stream_id, std::uint64_t>;
  using box_type = outbox<std::uint32_t, ring_type, flash_box>;

  void found(std::uint64_t tally::*what, const std::string& text) {
    ++(to_->*what);
    if (to_->first.empty()) {
      to_->first = fmt::format("flash seed {} life {}: {}", seed_, boots_, text);
    }
    good_ = false;
  }
  void must(bool held, const std::string& otherwise) { held ? void() : found(&tally::broken, otherwise); }

  [[nodiscard]] outbox_config config() const {
    outbox_config c{.quota_bytes = 6'000, .quota_items = 60};
    c.evict = std::array{eviction::reject, eviction::oldest_of_lowest, eviction::oldest}[seed_ % 3];
    c.sync_records = 4;
    c.lease_ms = 0;
    return c;
  }
  template <typename Box>
  void sums(const Box& box) {
    const std::string wrong = skerry::testing::accountant::sum(box.counters(), box.queued());
    must(wrong.empty(), wrong);
  }

  /// What a box holds against what is known; `seen`: which of them. Answers how many that had to be there are not.
  template <typename Box>
  std::uint64_t compare(Box& box, std::set<name>& seen, std::vector<name>& missing, bool damaged) {
    std::array<std::uint64_t, flash_streams> last{};
    box.drain([&](const item_view& view) {
      const name id{view.id.stream, view.id.seq};
      const auto k = items_.find(id);
      if (k == items_.end() || !std::equal(view.payload.begin(), view.payload.end(), k->second.bytes.begin(), k->second.bytes.end()) ||
          view.batch != (k->second.parts > 0)) {
        return found(&tally::phantom, fmt::format("item {}/{} was never appended so", id.first, id.second));
      }
      if (k->second.gone_durable && !damaged) {
        found(&tally::excess, fmt::format("item {}/{} comes back", id.first, id.second));
      }
      to_->repeats += k->second.gone ? 1 : 0;
      must(id.second > last[id.first], fmt::format("item {}/{} behind {}", id.first, id.second, last[id.first]));
      must(view.id.epoch == epoch_, fmt::format("epoch {} became {}", epoch_, view.id.epoch));
      last[id.first] = id.second;
      seen.insert(id);
    });
    must(seen.size() == box.queued() || !good_, fmt::format("{} items are queued, {} can be seen", box.queued(), seen.size()));
    for (const auto& [id, k] : items_) {
      if (k.ticket && !k.gone && !k.excused && !seen.contains(id)) {
        missing.push_back(id);
      }
    }
    for (stream_id s = 0; s < flash_streams; ++s) {
      must(box.last(s).seq >= sent_[s], fmt::format("stream {} goes on at {}, and {} was sent", s, box.last(s).seq + 1, sent_[s]));
    }
    sums(box);
    return missing.size();
  }

  bool open() {
    ++to_->lives;
    ++boots_;
    box_.reset();
    ring_.emplace(ring_type::create(device_, {.entropy = seed_ * 1000 + boots_}).value());
    auto opened = box_type::open(*ring_, config(), device_seed::for_test(seed_ + boots_ * 7919), {now_, {}, false});
    if (!opened) {
      // Sectors that are all worn out take no lease.
      must(faults_.endurance + faults_.erase_errors + faults_.program_errors != 0,
           fmt::format("open answers {}", skerry::to_string(opened.error())));
      return false;
    }
    box_.emplace(opened.value());
    epoch_ = epoch_ == 0 ? box_->epoch() : epoch_;
    std::set<name> seen;
    std::vector<name> missing;
    compare(*box_, seen, missing, false);
    if (!missing.empty() && !may_drop_) {
      found(&tally::lost, fmt::format("item {}/{} of {} lost", missing[0].first, missing[0].second, missing.size()));
    }
    may_drop_ = false;
    for (auto& [id, k] : items_) {
      const bool there = seen.contains(id);
      k.ticket = k.ticket || there;
      k.gone = !there;
      k.gone_durable = k.gone_durable && !there;
      k.excused = k.excused && !there;
    }
    // Those acknowledgements are lost; what drops the items later is another matter.
    std::erase_if(acknowledged_, [&](const name& id) { return seen.contains(id); });
    dropped_seen_ = box_->counters().dropped_total();
    return good_;
  }

  void probe(const flash& now, const std::function<void(flash&)>& change, std::uint64_t units) {
    if (probing_) {
      return;
    }
    auto left = std::make_unique<flash>(now);
    left->faults = {};
    left->power_fails_after(random_() % (units + 1));
    change(*left);
    to_->torn += left->off() ? 1 : 0;
    left->power_cut();
    verify(*left, "a cut", false);
  }

  void verify(flash& left, const std::string& where, bool damaged) {
    probing_ = true;
    ++to_->points;
    auto store = probe_ring::create(left, {.entropy = seed_ * 1000 + boots_ + 500}).value();
    auto opened = outbox<std::uint32_t, probe_ring, flash_box>::open(store, config(), device_seed::for_test(seed_ + 1), {now_, {}, false});
    if (!opened) {
      found(&tally::broken, fmt::format("{}: open answers {}", where, skerry::to_string(opened.error())));
      probing_ = false;
      return;
    }
    auto& box = opened.value();
    std::set<name> seen;
    std::vector<name> missing;
    compare(box, seen, missing, damaged);
    const auto& c = store.counters();
    if (damaged) {
      to_->damaged += missing.size();
      if (missing.size() > 1) {
        found(&tally::lost, fmt::format("{}: one bit cost {} records", where, missing.size()));
      }
      to_->unreported += missing.size() == 1 && c.damaged_records == 0 && c.torn_bytes == 0 ? 1 : 0;
    } else if (may_drop_) {
      suspects_.insert(suspects_.end(), missing.begin(), missing.end());
    } else if (!missing.empty()) {
      found(&tally::lost, fmt::format("{}: item {}/{} of {} lost", where, missing[0].first, missing[0].second, missing.size()));
    }
    must(left.counts().violations == 0, where + ": a unit was programmed twice after it");
    probing_ = false;
  }

  void step() {
    now_ += static_cast<std::uint32_t>(random_() % 10);
    const auto what = random_() % 16;
    if (what < 8) {
      append(random_() % 4 == 0 ? 1 : 0);
    } else if (what < 14) {
      deliver();
    } else {
      (void)sync();
    }
  }

  void append(stream_id stream) {
    flash_item item;
    item.bytes.resize(random_() % 120);
    for (std::byte& b : item.bytes) {
      b = static_cast<std::byte>(random_());
    }
    const name id{stream, box_->last(stream).seq + 1};
    item_batch<longest> batch;
    item.parts = make_batch(seed_ * 977 + id.second * 31 + stream, item.bytes, batch);
    must(items_.find(id) == items_.end(), fmt::format("number {}/{} is given out twice", id.first, id.second));
    flash_item& k = items_[id] = item;
    k.excused = true;
    may_drop_ = config().evict != eviction::reject;
    const item_options<std::uint32_t> options{.stream = stream, .importance = static_cast<std::uint8_t>(random_() % 3)};
    const auto got = item.parts > 0 ? box_->append(batch, options, now_) : box_->append(item.bytes, options, now_);
    if (got) {
      k.ticket = true;
      k.excused = false;
    } else if (got.error() == errc::full && !device_.inner->off()) {
      ++to_->full;
      items_.erase(id);
    }
    to_->refused += got ? 0 : 1;
    if (!device_.inner->off()) {
      look_for_drops();
    }
  }
  void look_for_drops() {
    if (box_->counters().dropped_total() != dropped_seen_) {
      std::set<name> there;
      box_->drain([&](const item_view& view) { there.insert({view.id.stream, view.id.seq}); });
      std::uint64_t vanished = 0;
      for (auto& [id, k] : items_) {
        if (k.ticket && !k.gone && !there.contains(id)) {
          k.gone = true;
          ++vanished;
        }
      }
      must(vanished == box_->counters().dropped_total() - dropped_seen_, "drops are not what was counted");
      to_->dropped += vanished;
      dropped_seen_ = box_->counters().dropped_total();
    }
    may_drop_ = false;
    for (const name& id : suspects_) {
      const auto k = items_.find(id);
      if (k != items_.end() && !k->second.gone) {
        found(&tally::lost, fmt::format("item {}/{} was lost by a cut in an operation that did not drop it", id.first, id.second));
      }
    }
    suspects_.clear();
  }
  void deliver() {
    const auto view = box_->take(now_);
    if (!view) {
      return;
    }
    const item_id id = view.value().id;
    sent_[id.stream] = std::max(sent_[id.stream], id.seq);
    if (random_() % 6 == 0) {
      (void)box_->give_back(id, outcome::transient, now_);
      return;
    }
    items_.at({id.stream, id.seq}).gone = true;  // before the store writes of it
    acknowledged_.push_back({id.stream, id.seq});
    must(static_cast<bool>(box_->acknowledge(id)), "what was taken cannot be acknowledged");
  }
  bool sync() {
    (void)box_->flush_acknowledgements();
    box_->sync_begins();
    const status how = ring_->sync();
    box_->on_synced(how);
    to_->failed_syncs += how ? 0 : 1;
    if (how && !ring_->acknowledgements_pending()) {
      for (const name& id : acknowledged_) {
        items_.at(id).gone_durable = items_.at(id).gone;
      }
      acknowledged_.clear();
    }
    return static_cast<bool>(how);
  }

  std::uint64_t seed_;
  tally* to_;
  splitmix64 random_;
  skerry::testing::flash_faults faults_{};
  crash_flash device_;
  std::optional<ring_type> ring_{};
  std::optional<box_type> box_{};
  std::uint32_t now_ = 0;
  std::uint64_t boots_ = 0, dropped_seen_ = 0;
  std::uint32_t epoch_ = 0;
  std::map<name, flash_item> items_{};
  std::vector<name> acknowledged_{}, suspects_{};
  std::array<std::uint64_t, flash_streams> sent_{};
  bool good_ = true, probing_ = false, may_drop_ = false;
};

}  // namespace

tally explore_flash(std::uint64_t seed, std::uint64_t points, bool stop) {
  tally all;
  for (std::uint64_t n = seed; all.points < points; ++n) {
    flash_world w{n, all};
    for (int life = 0; life < 6 && w.live(); ++life) {
    }
    if (w.good() && n % 4 == 0) {
      w.flips(100);
    }
    if (stop && all.found() > 0) {
      break;
    }
  }
  return all;
}

}  // namespace skerry_crash
