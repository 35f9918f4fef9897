// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::cursor;
using skerry::errc;
using skerry::position;
using skerry::record_header;
using skerry::testing::faulty_disk;

using log_type = segment_log<faulty_disk, segment_limits{6, 3}>;
static_assert(skerry::record_store<log_type>);

constexpr segment_config small{.segment_bytes = 8192, .segments = 6};

record_header data(std::uint16_t stream, std::uint64_t seq) {
  record_header h;
  h.stream = stream;
  h.seq = seq;
  return h;
}
std::vector<std::byte> payload_of(std::uint16_t stream, std::uint64_t seq, std::size_t n) {
  std::vector<std::byte> out(n);
  skerry::splitmix64 random{seq * 1000 + stream};
  for (std::byte& b : out) {
    b = static_cast<std::byte>(random());
  }
  return out;
}

/// Everything that a reader finds from the first record to the end.
std::vector<skerry::record_header> all_of(log_type& log, const skerry::recovery_report& report) {
  std::vector<skerry::record_header> out;
  std::array<std::byte, 4096> buffer{};
  for (position at = report.first; at < report.end;) {
    const auto r = log.read(at, buffer);
    REQUIRE(r);
    REQUIRE(r.value().next > at);
    out.push_back(r.value().header);
    at = r.value().next;
  }
  return out;
}

TEST_CASE("what was appended is read in order, also after opening again") {
  faulty_disk disk{1};
  auto log = log_type::create(disk, small).value();
  auto report = log.open().value();
  CHECK(report.fresh);
  CHECK(report.first == report.end);
  for (std::uint64_t seq = 1; seq <= 40; ++seq) {
    const auto stream = static_cast<std::uint16_t>(seq % 3);
    REQUIRE(log.append(data(stream, seq), payload_of(stream, seq, seq * 7)));
  }
  REQUIRE(log.flush());
  auto again = log_type::create(disk, small).value();
  report = again.open().value();
  CHECK_FALSE(report.fresh);
  const auto found = all_of(again, report);
  REQUIRE(found.size() == 40);
  for (std::uint64_t seq = 1; seq <= 40; ++seq) {
    CHECK(found[seq - 1].seq == seq);
  }
}

TEST_CASE("sizes that cannot be are refused, and so is a record that fits no segment") {
  faulty_disk disk{1};
  CHECK(log_type::create(disk, {.segment_bytes = 4096}).error() == errc::invalid);
  CHECK(log_type::create(disk, {.segment_bytes = 8200}).error() == errc::invalid);
  CHECK(log_type::create(disk, {.segment_bytes = 8192, .segments = 7}).error() == errc::invalid);
  CHECK(log_type::create(disk, {.segment_bytes = 8192, .segments = 2}).error() == errc::invalid);
  auto log = log_type::create(disk, small).value();
  REQUIRE(log.open());
  const std::vector<std::byte> large(7168);
  CHECK(log.append(data(0, 1), large).error() == errc::width);
  CHECK(log.append(data(3, 1), {}).error() == errc::invalid);
  CHECK(log.advance({3, 1, 0}).error() == errc::invalid);
}

TEST_CASE("a full log takes acknowledgements, and then records again") {
  faulty_disk disk{2};
  auto log = log_type::create(disk, small).value();
  REQUIRE(log.open());
  std::uint64_t seq = 0;
  const std::vector<std::byte> payload(1000);
  while (log.append(data(0, seq + 1), payload)) {
    ++seq;
    REQUIRE(seq < 1000);
  }
  CHECK(log.append(data(0, seq + 1), payload).error() == errc::full);
  CHECK(seq >= 5 * 6);
  REQUIRE(log.advance({0, seq, 0}));
  REQUIRE(log.sync());
  CHECK(log.free_bytes() > 4 * 7000);
  for (int i = 0; i < 500; ++i) {  // and for ever, as long as somebody acknowledges
    ++seq;
    REQUIRE(log.append(data(0, seq), payload));
    REQUIRE(log.advance({0, seq, 0}));
    REQUIRE(log.sync());
  }
  CHECK(log.counters().recycled > 10);
  CHECK(log.counters().created <= 6);
}

TEST_CASE("what gathered goes with the process unless a sync or a flush came before") {
  for (const int how : {0, 1, 2}) {
    faulty_disk disk{5};
    {
      auto log = log_type::create(disk, small).value();
      REQUIRE(log.open());
      REQUIRE(log.append(data(0, 1), payload_of(0, 1, 40)));
      REQUIRE(log.append(data(0, 2), payload_of(0, 2, 40)));
      const auto before = disk.counts().writes;
      if (how == 1) {
        REQUIRE(log.flush());
      } else if (how == 2) {
        REQUIRE(log.sync());
      }
      CHECK(disk.counts().writes - before == (how == 0 ? 0 : 1));  // both records, what a segment begins with, and its second header
    }
    auto again = log_type::create(disk, small).value();
    CHECK(all_of(again, again.open().value()).size() == (how == 0 ? 0 : 2));
  }
}

TEST_CASE("each record is written by itself where there is no buffer") {
  faulty_disk disk{5};
  segment_log<faulty_disk, segment_limits{6, 3, 0}> log = segment_log<faulty_disk, segment_limits{6, 3, 0}>::create(disk, small).value();
  REQUIRE(log.open());
  REQUIRE(log.append(data(0, 1), payload_of(0, 1, 40)));
  const auto before = disk.counts().writes;
  REQUIRE(log.append(data(0, 2), payload_of(0, 2, 40)));
  CHECK(disk.counts().writes == before + 1);
}

TEST_CASE("a flip in the head of a full segment's last record is told from the end of the log") {
  faulty_disk disk{7};
  std::uint64_t seq = 0;
  {
    auto log = log_type::create(disk, small).value();
    REQUIRE(log.open());
    for (; log.counters().created < 2; ++seq) {
      REQUIRE(log.append(data(0, seq + 1), payload_of(0, seq + 1, 100)));
    }
    REQUIRE(log.sync());
  }
  const std::size_t last = 512 + 32 + (static_cast<std::size_t>(seq) - 2) * skerry::delivery::record_size(100);
  {
    auto log = log_type::create(disk, small).value();
    REQUIRE(log.open());
    REQUIRE(log.counters().torn_bytes + log.counters().damaged_records == 0);
  }
  for (std::size_t bit = 0; bit < 32 * 8; ++bit) {
    faulty_disk damaged = disk;
    damaged.flip("segment-00", last * 8 + bit);
    auto log = log_type::create(damaged, small).value();
    const auto report = log.open().value();
    CAPTURE(bit);
    REQUIRE(all_of(log, report).size() == seq - 1);
    REQUIRE(log.counters().torn_bytes + log.counters().damaged_records > 0);
  }
}

TEST_CASE("a write that fails when the buffer goes out costs nothing: the next sync writes it again") {
  faulty_disk disk{6};
  {
    auto log = log_type::create(disk, small).value();
    REQUIRE(log.open());
    REQUIRE(log.append(data(0, 1), payload_of(0, 1, 40)));
    REQUIRE(log.append(data(0, 2), payload_of(0, 2, 40)));
    disk.faults.short_writes = 65536;
    CHECK(log.sync().error() == errc::io);
    CHECK(log.counters().failed_syncs == 0);
    disk.faults = {};
    REQUIRE(log.append(data(0, 3), payload_of(0, 3, 40)));
    REQUIRE(log.sync());
    CHECK(log.counters().moved_records == 0);
  }
  disk.power_cut();
  auto again = log_type::create(disk, small).value();
  CHECK(all_of(again, again.open().value()).size() == 3);
  CHECK(again.counters().damaged_records == 0);
}

TEST_CASE("the last lease of numbers outlives the segment that it was written in") {
  faulty_disk disk{3};
  auto log = log_type::create(disk, small).value();
  REQUIRE(log.open());
  record_header lease;
  lease.kind = skerry::record_kind::seq_lease;
  lease.seq = 4097;
  const std::array<std::byte, 4> epoch{std::byte{7}};
  REQUIRE(log.append(lease, epoch));
  const std::vector<std::byte> payload(1500);
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    REQUIRE(log.append(data(0, seq), payload));
    REQUIRE(log.advance({0, seq, 0}));
    REQUIRE(log.sync());
  }
  auto again = log_type::create(disk, small).value();
  const auto report = again.open().value();
  const auto found = all_of(again, report);
  CHECK(std::any_of(found.begin(), found.end(),
                    [](const record_header& h) { return h.kind == skerry::record_kind::seq_lease && h.seq == 4097; }));
  CHECK_FALSE(report.fresh);
}

TEST_CASE("a segment too small for what it begins with is refused") {
  // With many streams the acknowledgements that each segment begins with were written over its second header and behind its end.
  using wide = segment_log<faulty_disk, segment_limits{4, 250, 0}>;
  faulty_disk disk{1};
  CHECK(wide::create(disk, {.segment_bytes = 8192, .segments = 4}).error() == errc::invalid);
  CHECK(wide::create(disk, {.segment_bytes = 12288, .segments = 4}).error() == errc::invalid);  // and of data there would be none
  auto log = wide::create(disk, {.segment_bytes = 65536, .segments = 4});
  REQUIRE(log);
  REQUIRE(log.value().open());
  for (std::uint16_t stream = 0; stream < 250; ++stream) {
    REQUIRE(log.value().append(data(stream, 1), {}));
  }
  for (std::uint16_t stream = 0; stream < 250; ++stream) {
    REQUIRE(log.value().advance({.stream = stream, .upto = 1}));
  }
  REQUIRE(log.value().sync());
  CHECK(disk.content("segment-00").size() == 65536);
}

/// One write fails, after so many others.
struct stumbling_disk : faulty_disk {
  using faulty_disk::faulty_disk;
  std::uint64_t good = ~std::uint64_t{0};
  [[nodiscard]] skerry::status write(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    if (good-- == 0) {
      return errc::io;
    }
    return faulty_disk::write(name, offset, in);
  }
};

TEST_CASE("a segment that lacks what it should begin with makes none of those before it go") {
  // A write failed where a segment begins: it was used all the same, without the lease of numbers, and the one before it, which had the
  // lease, was used again once its items were acknowledged. The power went while that one began: no lease was left.
  using unbuffered = segment_log<stumbling_disk, segment_limits{3, 3, 0}>;
  const segment_config three{.segment_bytes = 8192, .segments = 3};
  const std::vector<std::byte> payload(1000);
  for (std::uint64_t good = 0; good < 8; ++good) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      CAPTURE(good, seed);
      stumbling_disk disk{seed};
      auto log = unbuffered::create(disk, three).value();
      REQUIRE(log.open());
      record_header lease;
      lease.kind = skerry::record_kind::seq_lease;
      lease.seq = 5000;
      const std::array<std::byte, 4> epoch{std::byte{7}};
      REQUIRE(log.append(lease, epoch));
      std::uint64_t seq = 0;
      const auto begun = [&] { return log.counters().created + log.counters().recycled; };
      const auto one_more = [&] {
        REQUIRE(log.append(data(0, ++seq), payload));
        REQUIRE(log.advance({0, seq, 0}));
      };
      while (begun() < 4) {
        one_more();
        REQUIRE(log.sync());
      }
      for (int i = 0; i < 5; ++i) {  // there is no room for a sixth
        one_more();
        REQUIRE(log.sync());
      }
      disk.good = good;
      const auto stumbled = log.append(data(0, ++seq), payload);
      CHECK((stumbled || stumbled.error() == errc::io));  // another file may have begun well
      disk.good = ~std::uint64_t{0};
      one_more();
      one_more();
      REQUIRE(log.sync());
      for (const std::uint64_t before = begun(); begun() == before;) {
        one_more();
      }
      disk.power_cut();
      auto again = unbuffered::create(disk, three).value();
      const auto report = again.open();
      REQUIRE(report);
      const auto found = [&] {
        std::array<std::byte, 4096> buffer{};
        for (position at = report.value().first; at < report.value().end;) {
          const auto r = again.read(at, buffer);
          REQUIRE(r);
          if (r.value().header.kind == skerry::record_kind::seq_lease && r.value().header.seq == 5000) {
            return true;
          }
          at = r.value().next;
        }
        return false;
      };
      CHECK(found());
    }
  }
}

TEST_CASE("what is no segment of this store is set aside, whole, and counted") {
  faulty_disk disk{4};
  {
    auto other = log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = 5}).value();
    REQUIRE(other.open());
    REQUIRE(other.append(data(0, 1), payload_of(0, 1, 10)));
    REQUIRE(other.flush());
  }
  REQUIRE(disk.rename("segment-00", "segment-03"));
  REQUIRE(disk.create("segment-01"));
  const std::vector<std::byte> noise(3000, std::byte{0x5a});
  REQUIRE(disk.write("segment-01", 0, noise));
  REQUIRE(disk.create("segment-02"));  // never got as far as its header
  auto log = log_type::create(disk, small).value();
  const auto report = log.open();
  REQUIRE(report);
  CHECK(log.counters().set_aside == 1);
  CHECK(disk.size("aside-01").value() == 3000);
  CHECK(disk.size("segment-02").error() == errc::absent);
  CHECK(all_of(log, report.value()).size() == 1);  // the segment itself is as good in another place
}

/// Of the records of stream 0, those that `next_of` finds, by number, checked byte by byte.
template <typename Log>
std::vector<std::uint64_t> found_of_stream_0(Log& log, std::size_t length) {
  std::vector<std::uint64_t> out;
  std::array<std::byte, 4096> buffer{};
  for (std::uint64_t last = 0;;) {
    const auto at = log.next_of(0, last);
    if (!at) {
      REQUIRE(at.error() == errc::absent);
      return out;
    }
    const auto r = log.read(at.value(), buffer);
    REQUIRE(r);
    last = r.value().header.seq;
    const auto expected = payload_of(0, last, length);
    REQUIRE(std::equal(r.value().payload.begin(), r.value().payload.end(), expected.begin(), expected.end()));
    out.push_back(last);
  }
}

/// Appends, syncs and acknowledges while one file cannot be written, from some step on and for ever.
template <typename Log, typename Device>
void one_file_is_broken(Device& device, faulty_disk& disk, std::string_view broken, std::uint64_t from_step, std::uint64_t& given_up) {
  CAPTURE(broken, from_step);
  auto log = std::make_unique<Log>(Log::create(device, small).value());
  REQUIRE(log->open());
  std::uint64_t acknowledged = 0;
  std::vector<std::uint64_t> accepted;
  std::uint64_t durable = 0;
  int failed_in_a_row = 0;
  for (std::uint64_t step = 0; step < 120; ++step) {
    CAPTURE(step);
    if (step == from_step) {
      disk.faults.broken = broken;
    }
    const auto got = log->append(data(0, step + 1), payload_of(0, step + 1, 300));
    if (got) {
      accepted.push_back(step + 1);
    } else {
      REQUIRE(got.error() == errc::io);
    }
    if (step % 3 == 2) {
      const auto synced = log->sync();
      durable = synced && !accepted.empty() ? accepted.back() : durable;
      failed_in_a_row = synced ? 0 : failed_in_a_row + 1;
      REQUIRE(failed_in_a_row <= 2);
    }
    if (step % 10 == 9) {
      acknowledged = step - 5;  // some twelve records wait, in two segments
      REQUIRE(log->advance({0, acknowledged, 0}));
    }
    const auto first = std::upper_bound(accepted.begin(), accepted.end(), acknowledged);
    REQUIRE(found_of_stream_0(*log, 300) == std::vector<std::uint64_t>(first, accepted.end()));  // all that was accepted is read meanwhile
  }
  CHECK(durable >= 115);
  CHECK(log->counters().failed_syncs == 0);
  given_up += log->counters().given_up;
  log.reset();
  disk.power_cut();
  auto again = Log::create(device, {.segment_bytes = 8192, .segments = 6, .entropy = 7}).value();
  REQUIRE(again.open());
  const auto left = found_of_stream_0(again, 300);
  for (const std::uint64_t seq : accepted) {
    if (seq > acknowledged && seq <= durable) {
      CAPTURE(seq);
      REQUIRE(std::find(left.begin(), left.end(), seq) != left.end());
    }
  }
  // What the file held is read back, and cannot be written again where it stands.
  int refused = 0;
  while (!again.sync()) {
    REQUIRE(++refused <= 3);
  }
  for (std::uint64_t seq = 1001; seq <= 1060; ++seq) {
    REQUIRE(again.advance({0, seq - 1, 0}));
    REQUIRE(again.append(data(0, seq), payload_of(0, seq, 300)));
    REQUIRE((again.sync() || again.sync() || again.sync()));
  }
  REQUIRE(again.rotate());
  given_up += again.counters().given_up;
}

// A log waited for ever for what it could not write, and wrote nothing elsewhere.
TEST_CASE("a file that cannot be written any more is left, and what had gathered for it stands in another one") {
  static constexpr std::array<std::string_view, 4> names{"segment-00", "segment-01", "segment-02", "segment-05"};
  using unbuffered = segment_log<faulty_disk, segment_limits{6, 3, 0}>;
  using narrow = segment_log<faulty_disk, segment_limits{6, 3, 1024}>;
  using blocks = detail::whole_blocks<faulty_disk>;
  using over_blocks = segment_log<blocks, segment_limits{6, 3, 0}>;
  std::uint64_t given_up = 0;
  for (const std::string_view name : names) {
    for (const std::uint64_t from : {0U, 1U, 7U, 20U, 21U, 22U, 23U, 50U}) {
      faulty_disk disk{from};
      one_file_is_broken<log_type>(disk, disk, name, from, given_up);
      faulty_disk second{from};
      one_file_is_broken<unbuffered>(second, second, name, from, given_up);
      faulty_disk third{from};
      one_file_is_broken<narrow>(third, third, name, from, given_up);
      alignas(4096) std::array<std::byte, 8192> memory{};
      blocks fourth{faulty_disk{from}, memory};
      one_file_is_broken<over_blocks>(fourth, fourth.under(), name, from, given_up);
    }
  }
  CHECK(given_up > 20);
}

TEST_CASE("a disk that takes no writes at all is no reason to give up one file after the other") {
  faulty_disk disk{4};
  auto log = log_type::create(disk, small).value();
  REQUIRE(log.open());
  REQUIRE(log.append(data(0, 1), payload_of(0, 1, 300)));
  REQUIRE(log.sync());
  REQUIRE(log.append(data(0, 2), payload_of(0, 2, 300)));
  disk.faults.write_errors = 65536;
  for (std::uint64_t seq = 3; seq < 100; ++seq) {
    const auto got = log.append(data(0, seq), payload_of(0, seq, 300));
    CHECK((got || got.error() == errc::io));  // never full: nobody is to make room
    CHECK(log.sync().error() == errc::io);
  }
  CHECK(log.counters().given_up == 1);
  disk.faults = {};
  REQUIRE(log.sync());
  REQUIRE(log.append(data(0, 100), payload_of(0, 100, 300)));
  REQUIRE(log.sync());
  disk.power_cut();
  auto again = log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = 7}).value();
  REQUIRE(again.open());
  const auto left = found_of_stream_0(again, 300);
  REQUIRE(left.size() >= 3);
  CHECK(left[0] == 1);
  CHECK(left[1] == 2);
  CHECK(left.back() == 100);
}

/// What a run knows of a record.
struct known {
  std::size_t length = 0;
  bool unpromised = false;
  bool durable = false;
  bool acknowledged = false;
  bool forgotten = false;  // its acknowledgement is durable
};
using story = std::map<std::pair<std::uint16_t, std::uint64_t>, known>;

/// Random appends, acknowledgements, syncs and lives, with a power cut after each life.
///
/// torn    whether syncs, writes or reads may fail as well
void live_and_die(std::uint64_t seed, skerry::testing::disk_faults faults, int lives, std::uint64_t& moved) {
  CAPTURE(seed);
  skerry::splitmix64 random{seed};
  faulty_disk disk{seed * 31};
  story all;
  std::array<std::uint64_t, 3> next{1, 1, 1};
  std::array<std::byte, 4096> buffer{};
  bool cut = false;
  const bool copies = faults.sync_errors + faults.write_errors + faults.short_writes != 0 || !faults.broken.empty();
  for (int life = 0; life < lives; ++life) {
    disk.faults = {};  // recovery of a disk that cannot be read is not what is asked here
    auto log = std::make_unique<log_type>(
        log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = seed * 100 + static_cast<std::uint64_t>(life)}).value());
    const auto report = log->open();
    REQUIRE(report);
    std::set<std::pair<std::uint16_t, std::uint64_t>> seen;
    std::array<std::uint64_t, 3> last{};
    for (position at = report.value().first; at < report.value().end;) {
      const auto r = log->read(at, buffer);
      REQUIRE(r);
      const auto& h = r.value().header;
      const auto found = all.find({h.stream, h.seq});
      REQUIRE(found != all.end());  // no phantom
      const auto expected = payload_of(h.stream, h.seq, found->second.length);
      REQUIRE(std::equal(r.value().payload.begin(), r.value().payload.end(), expected.begin(), expected.end()));
      REQUIRE_FALSE(found->second.forgotten);
      if (!copies) {
        REQUIRE(seen.count({h.stream, h.seq}) == 0);
        REQUIRE(h.seq > last[h.stream]);
      }
      last[h.stream] = h.seq;
      seen.insert({h.stream, h.seq});
      REQUIRE(r.value().next > at);
      at = r.value().next;
    }
    for (auto& [name, k] : all) {
      CAPTURE(name.first, name.second, life);
      const bool there = seen.count(name) == 1;
      if ((k.durable || !cut) && !k.acknowledged && !k.unpromised) {
        REQUIRE(there);  // durable means durable, and the end of a process takes nothing that was handed over
      }
      if (!there && !k.acknowledged && copies) {
        k.unpromised = true;  // there may have been two copies, and nobody promised which is found
      } else if (!there) {
        k.forgotten = k.forgotten || !k.acknowledged;  // lost with the power: it must not come back
        k.acknowledged = true;
      } else {
        k = {k.length, false, false, false, false};  // read back by this life, which has not synced it yet
      }
    }
    disk.faults = faults;
    if (life % 2 == 0) {
      disk.faults.broken = {};  // so that it holds something when it breaks
    }
    if (random() % 2 == 0) {
      disk.power_fails_after(random() % 60);  // within an operation
    }
    const auto steps = 5 + random() % 60;
    for (std::uint64_t step = 0; step < steps; ++step) {
      const auto what = random() % 10;
      if (what < 6) {
        const auto stream = static_cast<std::uint16_t>(random() % 3);
        const std::uint64_t seq = next[stream]++;
        const std::size_t longest = random() % 8 == 0 ? 3000 : 200;
        const std::size_t length = random() % longest;
        // An append that the device failed may have left its bytes, and so come back; nobody promised it.
        const auto got = log->append(data(stream, seq), payload_of(stream, seq, length));
        if (got || got.error() == errc::io) {
          all[{stream, seq}] = {length, !got};
        }
      } else if (what < 9) {
        const auto stream = static_cast<std::uint16_t>(random() % 3);
        std::uint64_t upto = 0;
        for (const auto& [name, k] : all) {
          if (name.first == stream && (random() % 4 != 0) && name.second == upto + 1) {
            upto = name.second;
          } else if (name.first == stream && k.acknowledged && name.second == upto + 1) {
            upto = name.second;
          }
        }
        REQUIRE(log->advance({stream, upto, 0}));
        for (auto& [name, k] : all) {
          k.acknowledged = k.acknowledged || (name.first == stream && name.second <= upto);
        }
      } else if (const auto synced = log->sync(); synced) {
        for (auto& [name, k] : all) {
          k.durable = !k.unpromised;
          k.forgotten = k.forgotten || (k.acknowledged && !log->acknowledgements_pending());
        }
      }
    }
    moved += log->counters().moved_records;
    cut = disk.off() || random() % 3 != 0;  // or the process alone ends: what it handed over stays
    if (cut) {
      disk.power_cut();
    } else {
      disk.power_fails_after(~std::uint64_t{0});
      cut = !log->flush();
    }
  }
}

TEST_CASE("power cuts at any moment lose nothing durable, bring nothing back and make nothing up") {
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    live_and_die(seed, {}, 8, moved);
  }
}

TEST_CASE("writes that fail or stop half way cost themselves alone") {
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    live_and_die(seed, {.write_errors = 3'000, .short_writes = 3'000}, 8, moved);
  }
}

TEST_CASE("one file that takes no writes costs what was not durable alone, over lives and power cuts") {
  static constexpr std::array<std::string_view, 3> names{"segment-00", "segment-01", "segment-03"};
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    live_and_die(seed, {.short_writes = seed % 2 == 0 ? 1'000U : 0U, .broken = names[seed % 3]}, 8, moved);
  }
  CHECK(moved > 100);
}

TEST_CASE("a sync that failed promises nothing, and what it covered is written again elsewhere") {
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    live_and_die(seed, {.sync_errors = 12'000}, 8, moved);
  }
  CHECK(moved > 500);
}

TEST_CASE("a disk that fills up is a full log, and acknowledgements still empty it") {
  std::uint64_t moved = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    live_and_die(seed, {.capacity = 8192 * (2 + seed % 4) + seed * 13 % 8192}, 8, moved);
  }
}

/// All items of stream 1 are needed; where they lie nobody asks.
struct all_of_stream_1 {
  position where{};
  position* operator()(const record_header& h, position) noexcept { return h.stream == 1 ? &where : nullptr; }
  [[nodiscard]] static std::uint64_t live_bytes() noexcept { return 0; }
};

/// Two segments with an item of stream 1 each among acknowledged ones, and a third with a copy of the first that no sync covered.
faulty_disk with_copies_that_do_not_count() {
  faulty_disk disk{9};
  auto log = log_type::create(disk, small).value();
  REQUIRE(log.open());
  const std::vector<std::byte> payload(900);
  std::uint64_t seq = 0;
  for (std::uint64_t item = 1; item <= 2; ++item) {
    REQUIRE(log.append(data(1, item), payload_of(1, item, 600)));
    for (int i = 0; i < 5; ++i) {
      REQUIRE(log.append(data(0, ++seq), payload));
    }
    REQUIRE(log.advance({0, seq, 0}));
    REQUIRE(log.sync());
    REQUIRE(log.rotate());
    REQUIRE(log.sync());
  }
  REQUIRE(log.rotate());
  (void)log.reclaim(all_of_stream_1{});
  REQUIRE(log.counters().reclaimed == 1);
  REQUIRE(log.append(data(0, ++seq), payload));
  REQUIRE(log.advance({0, seq, 0}));
  REQUIRE(log.rotate());
  REQUIRE(log.flush());
  return disk;
}

// They kept their segment from being used again for the whole of the next life.
TEST_CASE("a segment that holds nothing but copies that never counted is used again after one sync") {
  faulty_disk disk = with_copies_that_do_not_count();
  auto log = log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = 50}).value();
  const auto report = log.open();
  REQUIRE(report);
  CHECK(report.value().damaged_records == 0);
  const std::uint64_t used = log.used_bytes();
  REQUIRE(log.sync());
  CHECK(log.used_bytes() + 2 * 8192 <= used + 512);  // that one, and one that never held a record
  CHECK(all_of(log, report.value()).size() == 2);
}

// A kill in the middle left a damaged record behind, which was counted at every open from then on.
TEST_CASE("copies that do not count are blanked by one small write, so a kill leaves nothing that counts as damaged") {
  const faulty_disk whole = with_copies_that_do_not_count();
  for (std::uint64_t kill = 0; kill < 32; ++kill) {
    const std::uint64_t writes = kill / 4;
    const std::uint64_t bytes = kill % 4 * 24;  // of the write in which the process ends
    CAPTURE(writes, bytes);
    faulty_disk disk = whole;
    {
      auto log = log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = 51}).value();
      disk.power_fails_after(writes, bytes);
      (void)log.open();
      (void)log.sync();
    }
    disk.power_fails_after(~std::uint64_t{0});
    disk.power_cut([](std::size_t) { return std::size_t{512}; }, ~std::size_t{0});  // the process alone dies: what was written stays
    auto next = log_type::create(disk, {.segment_bytes = 8192, .segments = 6, .entropy = 52}).value();
    const auto report = next.open();
    REQUIRE(report);
    CHECK(report.value().damaged_records == 0);
    CHECK(all_of(next, report.value()).size() == 2);
  }
}

}  // namespace
