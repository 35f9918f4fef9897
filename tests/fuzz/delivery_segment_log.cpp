// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A log, and an outbox on it, that open whatever stands in their files: bits turned over, pieces in the wrong place, files of any bytes and
// length, records whose checks are right and whose words are not. They never refuse, what they read is whole, and they go on from there.
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>
#include <skerry/testing/accountant.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace skerry::delivery;
using skerry::testing::faulty_disk;

namespace {

constexpr std::uint32_t segment_bytes = 8192;
constexpr std::uint16_t streams = 2;
using log_type = segment_log<faulty_disk, segment_limits{4, streams, 256}>;
using box_type = outbox<std::uint32_t, log_type, outbox_limits{.streams = streams, .items = 8, .record_bytes = 128}>;

struct walked {
  std::uint64_t data = 0;
  std::uint64_t greatest = 0;  // of stream 0
  bool whole = true;
};

/// From the first record to the end: each is whole, and its place lies behind the one before.
walked walk(log_type& log, const skerry::recovery_report& report) {
  walked out;
  std::array<std::byte, segment_bytes> buffer{};
  for (skerry::position at = report.first; at < report.end;) {
    const auto record = log.read(at, buffer);
    FUZZ_REQUIRE(record);
    FUZZ_REQUIRE(record.value().next > at);
    const skerry::record_header& h = record.value().header;
    if (h.kind == skerry::record_kind::data) {
      ++out.data;
      out.greatest = h.stream == 0 ? std::max(out.greatest, h.seq) : out.greatest;
    }
    at = record.value().next;
  }
  return out;
}

log_type log_on(faulty_disk& disk, std::uint64_t entropy) {
  return log_type::create(disk, {.segment_bytes = segment_bytes, .segments = 4, .entropy = entropy}).value();
}

constexpr outbox_config config{.quota_bytes = 8000, .quota_items = 64, .receiver_window = 0};

/// Two segments as an outbox writes them; the newest record is one of acknowledgements.
faulty_disk written() {
  faulty_disk disk{1};
  log_type log = log_on(disk, 7);
  auto box = box_type::open(log, config, device_seed::for_test(1), {0, {}, false}).value();
  const std::array<std::byte, 60> payload{};
  for (std::size_t i = 0; i < 12; ++i) {
    item_options<std::uint32_t> options;
    options.stream = static_cast<stream_id>(i % streams);
    FUZZ_REQUIRE(box.append(std::span{payload}.first(i * 5), options, 0));
    if (i == 6) {
      FUZZ_REQUIRE(log.rotate());
    }
    if (i % 4 == 3) {
      const auto view = box.take(0);
      FUZZ_REQUIRE(view && box.acknowledge(view.value().id));
      FUZZ_REQUIRE(box.flush_acknowledgements());
      box.sync_begins();
      box.on_synced(log.sync());
    }
  }
  return disk;
}

std::string name_of(std::uint64_t file) { return "segment-0" + std::to_string(file); }

/// A record that belongs where it stands, and says anything.
void forge(faulty_disk& disk, skerry_fuzz::taker& in) {
  const std::string name = name_of(in.byte() % 2);
  const auto bytes = disk.content(name);
  const std::uint32_t salt = bytes.size() < 28 ? 0 : static_cast<std::uint32_t>(skerry::detail::load_le(bytes.data() + 24, 4));
  const std::uint64_t at = 512 + in.number(2) % (segment_bytes - 1024) / 8 * 8;
  skerry::record_header h;
  h.kind = static_cast<skerry::record_kind>(1 + in.byte() % 7);
  h.flags = in.byte() % 16;
  h.importance = in.byte() % 4;
  h.stream = in.byte() % 4;
  h.seq = in.number(in.byte() % 9);
  h.ttl_s = static_cast<std::uint32_t>(in.number(4));
  std::array<std::byte, 512> record{};
  const auto payload = in.take(in.byte());
  FUZZ_REQUIRE(write_record(record, h, payload, {salt, at}));
  const std::size_t size =
      std::min<std::size_t>(static_cast<std::size_t>(record_size(payload.size())), segment_bytes - 512 - static_cast<std::size_t>(at));
  (void)disk.write(name, at, std::span{record}.first(size));
}

/// What the file holds is lost, and something else stands there.
void replace(faulty_disk& disk, skerry_fuzz::taker& in) {
  const std::string name = name_of(in.byte() % 4);
  (void)disk.remove(name);
  FUZZ_REQUIRE(disk.create(name));
  const std::size_t length = in.number(2) % (2 * segment_bytes);
  const auto piece = in.take(in.byte());
  std::vector<std::byte> all(length);
  for (std::size_t i = 0; i < length && !piece.empty(); ++i) {
    all[i] = piece[i % piece.size()];
  }
  (void)disk.write(name, 0, all);
}

/// A piece of one file over another one, at any place.
void misplace(faulty_disk& disk, skerry_fuzz::taker& in) {
  const auto from = disk.content(name_of(in.byte() % 2));
  const std::string to = name_of(in.byte() % 2);
  const std::size_t at = std::min<std::size_t>(in.number(2) % segment_bytes, from.size());
  const std::size_t into = in.number(2) % segment_bytes;
  const auto all = from.subspan(at, std::min<std::size_t>({in.number(2), from.size() - at, segment_bytes - into}));
  const std::vector<std::byte> piece(all.begin(), all.end());
  (void)disk.write(to, into, piece);
}

/// The outbox opens, all of it adds up, and it goes on.
void live_on(faulty_disk& disk) {
  log_type log = log_on(disk, 11);
  auto opened = box_type::open(log, config, device_seed::for_test(2), {0, {}, false});
  if (!opened) {
    FUZZ_REQUIRE(opened.error() == skerry::errc::width);  // a record longer than the outbox takes
    return;
  }
  box_type& box = opened.value();
  FUZZ_REQUIRE(skerry::testing::accountant::sum(box.counters(), box.queued()).empty());
  box.drain([](const item_view& view) { FUZZ_REQUIRE(view.payload.size() <= 128); });
  const std::uint64_t queued = box.queued();
  (void)box.append(std::array<std::byte, 8>{}, {}, 0);
  for (std::uint64_t i = 0; i < queued + 2; ++i) {
    if (const auto view = box.take(0)) {
      FUZZ_REQUIRE(box.acknowledge(view.value().id));
    }
  }
  (void)box.flush_acknowledgements();
  box.sync_begins();
  box.on_synced(log.sync());
  FUZZ_REQUIRE(skerry::testing::accountant::sum(box.counters(), box.queued()).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  static const faulty_disk sample = written();
  static const std::uint64_t whole = [] {
    faulty_disk disk = sample;
    log_type log = log_on(disk, 8);
    return walk(log, log.open().value()).data;
  }();
  faulty_disk disk = sample;
  std::uint64_t flips = 0;
  std::uint64_t others = 0;
  bool forged = false;
  for (int changes = 0; changes < 24 && !in.rest().empty(); ++changes) {
    switch (in.byte() % 4) {
      case 0: {
        const std::string name = name_of(in.byte() % 2);
        disk.flip(name, in.number(2) % (segment_bytes * 8));
        ++flips;
        break;
      }
      case 1:
        forge(disk, in);
        forged = true;
        break;
      case 2:
        replace(disk, in);
        ++others;
        break;
      default:
        misplace(disk, in);
        ++others;
        break;
    }
  }
  faulty_disk second = disk;
  live_on(second);

  log_type log = log_on(disk, 9);
  const auto report = log.open();
  FUZZ_REQUIRE(report);
  const walked before = walk(log, report.value());
  if (forged) {
    return 0;  // who knows the salt can say that nothing counts
  }
  const bool said = log.counters().damaged_records != 0 || log.counters().torn_bytes != 0 || log.counters().set_aside != 0;
  FUZZ_REQUIRE(others != 0 || flips != 1 || before.data >= whole || (before.data + 1 == whole && said));
  skerry::record_header h;
  h.seq = 1000;  // above all that was acknowledged
  if (log.append(h, {}) && log.sync()) {
    log_type again = log_on(disk, 10);
    const auto found = again.open();
    FUZZ_REQUIRE(found);
    FUZZ_REQUIRE(walk(again, found.value()).greatest == h.seq);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const std::array<std::byte, 8> two{std::byte{0}, std::byte{0}, std::byte{0x30}, std::byte{0x10},
                                     std::byte{0}, std::byte{1}, std::byte{0x80}, std::byte{0x20}};
  out.add("flips", two);
  out.add("replaced", std::string_view{"\2\1\0\x20\4abcd\2\0\7\0\1x", 15});
  out.add("moved", std::string_view{"\3\0\1\0\2\0\2\x80\0\3\1\0\x40\2\x48\2\0\1", 18});
  // A seal that says that the first segment's records stand in the second one; one of copies that end before they begin.
  out.add("sealed", std::string_view{"\1\1\0\4\6\0\0\0\0\0\0\0\0\x0c\1\0\0\0\0\2\0\0\2\0\0\0", 26});
  out.add("no_copies", std::string_view{"\1\1\0\4\6\0\0\0\0\0\0\0\0\x10\1\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0", 30});
}
