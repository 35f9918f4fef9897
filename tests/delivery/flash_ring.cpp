// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/flash_ring.hpp>
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
using skerry::cursor;
using skerry::errc;
using skerry::position;
using skerry::record_header;
using skerry::record_kind;

using flash = skerry::testing::basic_faulty_flash<8, 4096>;
using ring = flash_ring<flash, flash_limits{3}>;
static_assert(skerry::record_store<ring>);
static_assert(sizeof(ring) <= 224 + 3 * 16);
static_assert(std::is_trivially_copyable_v<ring>);

using number = std::pair<std::uint16_t, std::uint64_t>;

record_header data(std::uint16_t stream, std::uint64_t seq) {
  record_header h;
  h.stream = stream;
  h.seq = seq;
  return h;
}
std::vector<std::byte> payload_of(std::uint16_t stream, std::uint64_t seq, std::size_t n) {
  std::vector<std::byte> out(n);
  skerry::splitmix64 random{seq * 1000 + stream};
  const bool blank = random() % 4 == 0;  // as erased flash
  for (std::byte& b : out) {
    b = blank ? std::byte{0xff} : static_cast<std::byte>(random());
  }
  return out;
}

struct found_record {
  record_header header;
  std::vector<std::byte> payload;
  position at;
};
/// Everything that a reader finds from the first record to the end.
std::vector<found_record> all_of(ring& r, const skerry::recovery_report& report) {
  std::vector<found_record> out;
  std::array<std::byte, 4096> buffer{};
  for (position at = report.first; at < report.end;) {
    const auto read = r.read(at, buffer);
    REQUIRE(read);
    REQUIRE(read.value().next > at);
    out.push_back({read.value().header, {read.value().payload.begin(), read.value().payload.end()}, at});
    at = read.value().next;
  }
  return out;
}
std::vector<found_record> data_of(ring& r, const skerry::recovery_report& report) {
  auto all = all_of(r, report);
  all.erase(std::remove_if(all.begin(), all.end(), [](const found_record& f) { return f.header.kind != record_kind::data; }), all.end());
  return all;
}
std::pair<std::uint32_t, std::uint32_t> wear_of(const flash& f) {
  std::uint32_t least = ~0U, most = 0;
  for (std::uint32_t s = 0; s < 8; ++s) {
    least = std::min(least, f.wear(s));
    most = std::max(most, f.wear(s));
  }
  return {least, most};
}

TEST_CASE("what was appended to flash is read in order, also after opening again, whatever its program unit is") {
  for (const std::uint32_t unit : {1U, 4U, 8U, 16U, 32U, 256U}) {
    CAPTURE(unit);
    const auto f = std::make_unique<flash>(1, unit);
    auto r = ring::create(*f).value();
    auto report = r.open().value();
    CHECK(report.fresh);
    CHECK(report.first == report.end);
    for (std::uint64_t seq = 1; seq <= 25; ++seq) {
      const auto stream = static_cast<std::uint16_t>(seq % 3);
      REQUIRE(r.append(data(stream, seq), payload_of(stream, seq, seq * 9)));
    }
    auto again = ring::create(*f).value();
    report = again.open().value();
    CHECK_FALSE(report.fresh);
    CHECK(report.damaged_records == 0);
    const auto found = data_of(again, report);
    REQUIRE(found.size() == 25);
    for (std::uint64_t seq = 1; seq <= 25; ++seq) {
      CHECK(found[seq - 1].header.seq == seq);
      CHECK(found[seq - 1].payload == payload_of(static_cast<std::uint16_t>(seq % 3), seq, seq * 9));
    }
    CHECK(f->counts().violations == 0);
  }
}

TEST_CASE("a geometry that cannot be is refused, and so is a record that fits no sector") {
  const auto f = std::make_unique<flash>(1);
  CHECK(ring::create(*f, {.sectors = 3}).error() == errc::invalid);
  CHECK(ring::create(*f, {.sectors = 9}).error() == errc::invalid);
  CHECK(ring::create(*f, {.first_sector = 8}).error() == errc::invalid);
  CHECK(ring::create(*f, {.first_sector = 5, .sectors = 4}).error() == errc::invalid);
  auto r = ring::create(*f, {.first_sector = 4}).value();
  REQUIRE(r.open());
  const std::vector<std::byte> large(3900);
  CHECK(r.append(data(0, 1), large).error() == errc::width);
  CHECK(r.append(data(3, 1), {}).error() == errc::invalid);
  CHECK(r.advance({3, 1, 0}).error() == errc::invalid);
  REQUIRE(r.append(data(0, 1), std::span{large}.first(3700)));
  CHECK(f->wear(4) == 1);  // the sectors before it are somebody else's
  CHECK(f->wear(0) == 0);
  using small = skerry::testing::basic_faulty_flash<8, 512>;
  const auto tiny = std::make_unique<small>(1, 256);
  CHECK(flash_ring<small>::create(*tiny).error() == errc::invalid);
}

TEST_CASE("a full ring takes acknowledgements, then records again, for ever, and wears evenly") {
  const auto f = std::make_unique<flash>(2);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  const std::vector<std::byte> payload(400);
  std::uint64_t seq = 0;
  while (r.append(data(0, seq + 1), payload)) {
    ++seq;
    REQUIRE(seq < 1000);
  }
  CHECK(r.append(data(0, seq + 1), payload).error() == errc::full);
  CHECK(seq >= 6 * 8 - 1);
  CHECK(r.free_bytes() < 500);
  for (std::uint64_t upto = 1; upto <= seq; ++upto) {  // each written down, though nothing goes before the first sector does
    REQUIRE(r.advance({0, upto, 0}));
    REQUIRE(r.sync());
    CHECK_FALSE(r.acknowledgements_pending());
  }
  CHECK(r.free_bytes() > 4 * 3500);
  for (int i = 0; i < 3000; ++i) {
    ++seq;
    REQUIRE(r.append(data(0, seq), payload));
    REQUIRE(r.advance({0, seq, 0}));
    if (i % 5 == 0) {
      REQUIRE(r.sync());
    }
  }
  const auto [least, most] = wear_of(*f);
  CHECK(least > 30);
  CHECK(most - least <= 1);
  CHECK(f->counts().violations == 0);
}

TEST_CASE("an append erases nothing as long as somebody syncs") {
  const auto f = std::make_unique<flash>(2);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  REQUIRE(r.sync());
  for (std::uint64_t seq = 1; seq <= 500; ++seq) {
    const auto erases = f->counts().erases;
    REQUIRE(r.append(data(1, seq), std::vector<std::byte>(300)));
    CHECK(f->counts().erases == erases);
    REQUIRE(r.advance({1, seq, 0}));
    REQUIRE(r.sync());
  }
  CHECK(f->counts().erases > 40);
}

TEST_CASE("the last lease of numbers outlives its sector, and a flip anywhere") {
  const auto f = std::make_unique<flash>(3);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  record_header lease;
  lease.kind = record_kind::seq_lease;
  lease.seq = 4097;
  const std::array<std::byte, 4> epoch{std::byte{7}};
  REQUIRE(r.append(lease, epoch));
  const auto leased = [](flash& of) {
    auto opened = ring::create(of).value();
    const auto report = opened.open().value();
    const auto found = all_of(opened, report);
    return !report.fresh && std::any_of(found.begin(), found.end(), [](const found_record& x) {
      return x.header.kind == record_kind::seq_lease && x.header.seq == 4097 && x.payload.size() == 4 && x.payload[0] == std::byte{7};
    });
  };
  for (std::uint64_t bit = 0; bit < 400 * 8; bit += 3) {
    const auto flipped = std::make_unique<flash>(*f);
    flipped->flip(bit);
    CHECK(leased(*flipped));
  }
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    REQUIRE(r.append(data(0, seq), std::vector<std::byte>(700)));
    REQUIRE(r.advance({0, seq, 0}));
    REQUIRE(r.sync());
  }
  CHECK(leased(*f));
}

TEST_CASE("a flip anywhere costs at most one record, and a record that is lost is reported") {
  for (const std::uint32_t unit : {1U, 16U, 256U}) {
    const auto f = std::make_unique<flash>(4, unit);
    auto r = ring::create(*f).value();
    REQUIRE(r.open());
    std::uint64_t records = 0;
    for (std::uint64_t seq = 1; r.used_bytes() < 3 * 4096; ++seq) {
      REQUIRE(r.append(data(0, seq), payload_of(0, seq, seq * 37 % 300)));
      records = seq;
    }
    skerry::splitmix64 random{unit};
    std::uint64_t lost = 0;
    for (int i = 0; i < 1500; ++i) {
      const std::uint64_t bit = random() % (3 * 4096 * 8);
      CAPTURE(unit, bit);
      f->flip(bit);
      auto again = ring::create(*f).value();
      const auto report = again.open().value();
      const auto found = data_of(again, report);
      REQUIRE(found.size() + 1 >= records);
      REQUIRE(found.size() <= records);
      CHECK(report.damaged_records <= 1);
      CHECK(report.damaged_records >= records - found.size());
      lost += records - found.size();
      f->flip(bit);
    }
    CHECK(lost > 200);
  }
}

/// A ring, and what is known of it outside.
struct world {
  explicit world(std::uint64_t seed, std::uint32_t unit) : random{seed}, device{std::make_unique<flash>(seed, unit)}, r{made()} {
    REQUIRE(r.open());
  }
  ring made() { return ring::create(*device, {.entropy = random()}).value(); }

  void append() {
    const auto stream = static_cast<std::uint16_t>(random() % 3);
    const number id{stream, next[stream]};
    const auto payload = payload_of(stream, id.second, random() % 8 == 0 ? random() % 1200 : random() % 90);
    pending = id;
    const auto at = r.append(data(stream, id.second), payload);
    if (at) {
      stored[id] = payload.size();
      place[id] = at.value();
      pending.reset();
      ++next[stream];
    } else if (at.error() == errc::full) {
      pending.reset();
      refused = true;
    } else {
      sizes[id] = payload.size();
      ++next[stream];  // its number may stand in the flash
    }
  }
  void acknowledge() {
    const auto stream = static_cast<std::uint16_t>(random() % 3);
    const std::uint64_t least = first_of(stream);
    cursor c{stream, least + random() % 4, 0};
    c.upto = std::min(c.upto, next[stream] - 1);
    if (random() % 3 == 0) {
      c.bitmap = random() & random() & random();
      for (std::uint64_t i = 0; i < 64; ++i) {
        if (c.upto + 1 + i >= next[stream]) {
          c.bitmap &= ~(std::uint64_t{1} << i);
        }
      }
    }
    REQUIRE(r.advance(c));
    for (std::uint64_t seq = least; seq < next[stream]; ++seq) {
      if (seq <= c.upto || (seq - c.upto <= 64 && (c.bitmap >> (seq - c.upto - 1) & 1) != 0)) {
        done.insert({stream, seq});
      }
    }
  }
  [[nodiscard]] std::uint64_t first_of(std::uint16_t stream) const {
    std::uint64_t seq = 1;
    while (done.contains({stream, seq})) {
      ++seq;
    }
    return seq;
  }
  void reclaim() {
    const auto still = [this](const record_header& h, position at) noexcept -> position* {
      const auto found = place.find({h.stream, h.seq});
      return found != place.end() && found->second == at && !done.contains(found->first) ? &found->second : nullptr;
    };
    (void)r.reclaim(still);
  }
  void sync() {
    if (r.sync() && !r.acknowledgements_pending()) {
      durably_done = done;
    }
  }
  /// A new life finds what the last one was told to be there, in order, and nothing that was acknowledged durably.
  void reopen() {
    r = made();
    const auto report = r.open();
    REQUIRE(report);
    std::map<number, position> seen;
    for (const found_record& x : data_of(r, report.value())) {
      const number id{x.header.stream, x.header.seq};
      CAPTURE(id.first, id.second);
      const bool known = stored.contains(id);
      REQUIRE((known || (sizes.contains(id) && x.payload.size() == sizes[id])));
      REQUIRE(x.payload == payload_of(id.first, id.second, x.payload.size()));
      if (!known) {
        stored[id] = x.payload.size();  // the power went after it was whole and before anybody said so
      }
      REQUIRE(x.payload.size() == stored[id]);
      CHECK_FALSE(durably_done.contains(id));
      seen[id] = x.at;  // the later copy is the one that counts
    }
    for (const auto& [id, size] : stored) {
      CAPTURE(id.first, id.second);
      if (!done.contains(id)) {
        REQUIRE(seen.contains(id));
      }
    }
    place = seen;
    for (auto it = done.begin(); it != done.end();) {
      it = seen.contains(*it) ? done.erase(it) : std::next(it);  // an acknowledgement that was not synced: delivered again
    }
    CHECK(device->counts().violations == 0);
  }

  skerry::splitmix64 random;
  std::unique_ptr<flash> device;
  ring r;
  std::map<number, std::size_t> stored;  // appended, and the size
  std::map<number, std::size_t> sizes;   // tried, and nobody knows
  std::map<number, position> place;
  std::set<number> done, durably_done;
  std::optional<number> pending;
  std::array<std::uint64_t, 3> next{1, 1, 1};
  bool refused = false;
};

TEST_CASE("power that goes at any moment of any history costs nothing that append had answered") {
  std::uint64_t cuts = 0, moved = 0, fullness = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    CAPTURE(seed);
    constexpr std::uint32_t units[6] = {1, 2, 8, 16, 64, 256};
    world w{seed, units[seed % 6]};
    for (int life = 0; life < 4; ++life) {
      w.device->power_fails_after(w.random() % (seed % 5 == 0 ? 60 : 4000));
      const std::uint64_t eager = 1 + w.random() % 6;  // to acknowledge
      for (int i = 0; i < 120 && !w.device->off(); ++i) {
        switch (w.random() % 8) {
          case 0: w.sync(); break;
          case 1: w.reclaim(); break;
          case 2: w.random() % eager == 0 ? w.acknowledge() : w.append(); break;
          case 3: w.random() % 4 != 0 ? w.acknowledge() : w.append(); break;
          default: w.append(); break;
        }
      }
      cuts += w.device->off() ? 1 : 0;
      w.device->power_cut();
      moved += w.r.counters().moved_records;
      w.reopen();
    }
    fullness += w.refused ? 1 : 0;
  }
  CHECK(cuts > 1200);
  CHECK(moved > 500);
  CHECK(fullness > 100);
}

TEST_CASE("power that goes again and again while the first unit after a start is programmed costs no record") {
  std::uint64_t blind = 0, given_up = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    const auto f = std::make_unique<flash>(seed, std::array<std::uint32_t, 3>{1, 8, 32}[seed % 3]);
    std::set<std::uint64_t> durable;
    std::uint64_t seq = 0;
    for (int life = 0; life < 12; ++life) {
      ring r = ring::create(*f, {.entropy = seed * 100 + static_cast<std::uint64_t>(life)}).value();
      const auto report = r.open();
      REQUIRE(report);
      std::set<std::uint64_t> there;
      for (const found_record& found : data_of(r, report.value())) {
        CHECK(found.payload == payload_of(0, found.header.seq, 20));
        there.insert(found.header.seq);
      }
      CHECK(std::includes(there.begin(), there.end(), durable.begin(), durable.end()));
      if (life % 4 != 3) {
        f->power_fails_after(0);
      }
      for (int i = 0; i < 2; ++i) {
        ++seq;
        if (r.append(data(0, seq), payload_of(0, seq, 20))) {
          durable.insert(seq);
        }
      }
      given_up += r.counters().failed_programs;
      f->power_cut();
    }
    CHECK(f->counts().violations == 0);
    blind += f->counts().blind;
  }
  CHECK(blind > 0);
  CHECK(given_up > 0);
}

TEST_CASE("sectors that wear out, programs and erases that fail cost no record") {
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    world w{seed, seed % 2 == 0 ? 8U : 32U};
    w.device->faults.program_errors = seed % 3 == 0 ? 40 : 4;
    w.device->faults.erase_errors = seed % 3 == 1 ? 6000 : 600;
    for (int life = 0; life < 3; ++life) {
      if (life == 1) {
        w.device->wear_out(static_cast<std::uint32_t>(w.random() % 8));
      }
      for (int i = 0; i < 150; ++i) {
        switch (w.random() % 8) {
          case 0: w.sync(); break;
          case 1: w.reclaim(); break;
          case 2:
          case 3: w.acknowledge(); break;
          default: w.append(); break;
        }
      }
      failed += w.r.counters().failed_erases + w.r.counters().failed_programs;
      w.reopen();
    }
  }
  CHECK(failed > 250);
}

/// A device one of whose programs fails, having written a part.
struct stumbling_flash {
  flash inner{1};
  int fails_in = -1;
  [[nodiscard]] std::uint32_t erase_size() const noexcept { return inner.erase_size(); }
  [[nodiscard]] std::uint32_t program_size() const noexcept { return inner.program_size(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return inner.size(); }
  [[nodiscard]] skerry::status erase(std::uint32_t sector) noexcept { return inner.erase(sector); }
  [[nodiscard]] skerry::status read(std::uint32_t at, std::span<std::byte> out) noexcept { return inner.read(at, out); }
  [[nodiscard]] skerry::status program(std::uint32_t at, std::span<const std::byte> in) noexcept {
    if (fails_in-- == 0) {
      (void)inner.program(at, in.first(inner.program_size()));
      return errc::io;
    }
    return inner.program(at, in);
  }
};

// A sector whose first header could not be written was passed over, and found again by its last header after a restart: what came to stand
// in it hung on one copy.
TEST_CASE("whichever program fails before a restart, no flip in a header costs more than a record afterwards") {
  using device = stumbling_flash;
  using stumbling_ring = flash_ring<device, flash_limits{3}>;
  for (int at = 0; at < 60; ++at) {
    CAPTURE(at);
    auto f = std::make_unique<device>();
    std::set<std::uint64_t> appended;
    std::uint64_t seq = 0;
    const auto append = [&](stumbling_ring& r, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) {
        ++seq;
        if (r.append(data(1, seq), payload_of(1, seq, 250))) {
          appended.insert(seq);
        }
      }
    };
    {
      auto r = stumbling_ring::create(*f).value();
      REQUIRE(r.open());
      append(r, 10);
      f->fails_in = at;
      append(r, 6);
      REQUIRE(r.sync());
    }
    {
      auto r = stumbling_ring::create(*f, {.entropy = 2}).value();
      REQUIRE(r.open());
      append(r, 20);
    }
    for (std::uint32_t sector = 0; sector < 8; ++sector) {
      for (const std::uint32_t byte : {9U, 4096U - 31U}) {
        auto copy = std::make_unique<device>(*f);
        copy->inner.flip((std::uint64_t{sector} * 4096 + byte) * 8 + 1);
        auto r = stumbling_ring::create(*copy, {.entropy = 3}).value();
        const auto report = r.open().value();
        std::set<std::uint64_t> there;  // what was begun and failed may stand twice
        std::array<std::byte, 512> buffer{};
        for (position p = report.first; p < report.end;) {
          const auto read = r.read(p, buffer);
          REQUIRE(read);
          if (read.value().header.kind == record_kind::data && appended.count(read.value().header.seq) != 0) {
            there.insert(read.value().header.seq);
          }
          p = read.value().next;
        }
        CHECK(there == appended);
      }
    }
    CHECK(f->inner.counts().violations == 0);
  }
}

TEST_CASE("wear is even also over power cuts: an erase that was cut short is the only one to be repeated") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const auto f = std::make_unique<flash>(seed);
    skerry::splitmix64 random{seed};
    std::uint64_t seq = 0, erases = 0;
    std::uint32_t cut_erases = 0;
    for (int life = 0; life < 60; ++life) {
      auto r = ring::create(*f, {.entropy = random()}).value();
      REQUIRE(r.open());
      f->power_fails_after(random() % 800);
      while (!f->off()) {
        ++seq;
        (void)r.append(data(0, seq), std::vector<std::byte>(200));
        (void)r.advance({0, seq, 0});
        (void)r.sync();
      }
      erases += r.counters().erases;
      f->power_cut();
    }
    cut_erases = static_cast<std::uint32_t>(f->counts().erases - erases);
    const auto [least, most] = wear_of(*f);
    CHECK(most - least <= 1 + cut_erases);
    CHECK(least >= 5);
    CHECK(cut_erases < 20);
  }
}

TEST_CASE("one stream that nobody acknowledges does not stop the others, once its records may move") {
  const auto f = std::make_unique<flash>(9);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  std::map<number, position> place;
  const auto still = [&place](const record_header& h, position at) noexcept -> position* {
    const auto found = place.find({h.stream, h.seq});
    return found != place.end() && found->second == at ? &found->second : nullptr;
  };
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {  // stuck at the old end
    place[{1, seq}] = r.append(data(1, seq), payload_of(1, seq, 100)).value();
  }
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    CAPTURE(seq);
    auto at = r.append(data(0, seq), payload_of(0, seq, 150));
    while (!at && at.error() == errc::full) {
      REQUIRE(r.reclaim(still));
      at = r.append(data(0, seq), payload_of(0, seq, 150));
    }
    REQUIRE(at);
    REQUIRE(r.advance({0, seq, 0}));
  }
  CHECK(r.counters().moved_records >= 5 * 10);
  std::array<std::byte, 200> buffer{};
  for (std::uint64_t seq = 1; seq <= 5; ++seq) {
    const auto read = r.read(place.at({1, seq}), buffer);
    REQUIRE(read);
    CHECK(std::ranges::equal(read.value().payload, payload_of(1, seq, 100)));
  }
}

TEST_CASE("a ring full of records that are all needed has nothing to reclaim, and says so") {
  const auto f = std::make_unique<flash>(10);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  std::map<number, position> place;
  const auto still = [&place](const record_header& h, position at) noexcept -> position* {
    const auto found = place.find({h.stream, h.seq});
    return found != place.end() && found->second == at ? &found->second : nullptr;
  };
  std::uint64_t seq = 1;
  for (auto at = r.append(data(1, seq), payload_of(1, seq, 100)); at; at = r.append(data(1, seq), payload_of(1, seq, 100))) {
    place[{1, seq++}] = at.value();
  }
  const auto erases = f->counts().erases;
  CHECK(r.reclaim(still).error() == errc::full);
  CHECK(f->counts().erases == erases);
  CHECK(r.counters().moved_records == 0);
}

TEST_CASE("a ring in front of noise, of another ring, or of a device that does not read") {
  const auto f = std::make_unique<flash>(11);
  skerry::splitmix64 random{11};
  std::vector<std::byte> noise(4096);
  for (std::uint32_t s = 0; s < 8; ++s) {
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::byte>(random()); });
    REQUIRE(f->erase(s));
    REQUIRE(f->program(s * 4096, noise));
  }
  auto r = ring::create(*f).value();
  auto report = r.open();
  REQUIRE(report);
  CHECK(report.value().fresh);
  REQUIRE(r.append(data(0, 1), payload_of(0, 1, 20)));

  // A ring of half the sectors finds headers that stand at other places: they are not its own.
  auto half = ring::create(*f, {.first_sector = 4, .sectors = 4}).value();
  report = half.open();
  REQUIRE(report);
  CHECK(report.value().fresh);

  f->faults.read_errors = 65536;
  CHECK(r.open().error() == errc::io);
  std::array<std::byte, 100> buffer{};
  f->faults.read_errors = 0;
  REQUIRE(r.open());
  f->faults.read_errors = 65536;
  CHECK(r.read(position{std::uint64_t{1} << 32 | 48}, buffer).error() == errc::io);
  f->faults.read_errors = 0;
  CHECK(r.read(position{0}, buffer).error() == errc::absent);
  CHECK(r.read(position{~std::uint64_t{0}}, buffer).error() == errc::absent);
  CHECK(r.read(position{std::uint64_t{1} << 32 | 4090}, buffer).error() == errc::absent);
}

TEST_CASE("acknowledgements are written for the streams that changed alone") {
  const auto f = std::make_unique<flash>(12);
  auto r = ring::create(*f).value();
  REQUIRE(r.open());
  for (std::uint16_t s = 0; s < 3; ++s) {
    REQUIRE(r.append(data(s, 1), {}));
    REQUIRE(r.append(data(s, 2), {}));
    REQUIRE(r.advance({s, 1, 0}));
  }
  REQUIRE(r.sync());
  REQUIRE(r.sync());  // has the next sector erased
  const auto before = f->counts().units;
  REQUIRE(r.advance({1, 2, 0}));
  REQUIRE(r.sync());
  CHECK((f->counts().units - before) * 8 == 32 + 24 + 8);
  REQUIRE(r.advance({1, 2, 0}));
  REQUIRE(r.sync());
  CHECK((f->counts().units - before) * 8 == 32 + 24 + 8);  // nothing new
}
}  // namespace
