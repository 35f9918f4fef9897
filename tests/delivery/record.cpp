// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/record.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using skerry::record_header;
using skerry::record_kind;
using bytes = std::vector<std::byte>;

constexpr std::uint32_t salt = 0x5a17'0001;

record_header header_of(std::uint64_t seq) {
  record_header h;
  h.seq = seq;
  h.stream = static_cast<std::uint16_t>(seq % 5);
  h.importance = static_cast<std::uint8_t>(seq % 4);
  h.flags = static_cast<std::uint8_t>(seq % 16);
  h.ttl_s = static_cast<std::uint32_t>(seq * 77);
  h.stamp = skerry::wall_ms{1'790'000'000'000 + seq};
  return h;
}
bool same(const record_header& a, const record_header& b) {
  return a.kind == b.kind && a.flags == b.flags && a.importance == b.importance && a.stream == b.stream && a.ttl_s == b.ttl_s &&
         a.seq == b.seq && a.stamp == b.stamp;
}

/// A segment with `n` records of random lengths, and where each begins.
struct segment {
  bytes area;
  std::vector<std::uint64_t> at;
  std::vector<bytes> payloads;
  std::size_t unit;

  segment(std::uint64_t seed, int n, std::size_t unit_bytes, std::size_t longest = 200) : unit{unit_bytes} {
    skerry::splitmix64 random{seed};
    for (int i = 0; i < n; ++i) {
      bytes payload(random() % (longest + 1));
      for (std::byte& b : payload) {
        b = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
      }
      const std::uint64_t offset = area.size();
      area.resize(offset + record_size(payload.size(), unit));
      REQUIRE(write_record(std::span{area}.subspan(offset), header_of(static_cast<std::uint64_t>(i)), payload, {salt, offset}, unit));
      at.push_back(offset);
      payloads.push_back(payload);
    }
  }
  [[nodiscard]] auto scanner(std::span<std::byte> buffer, std::uint32_t with = salt) {
    return record_scanner{[this](std::uint64_t offset, std::span<std::byte> out) -> skerry::status {
                            std::copy_n(area.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
                            return {};
                          },
                          buffer,
                          {with, 0},
                          area.size(),
                          unit};
  }
  /// The numbers of the records that a walk finds.
  std::vector<std::uint64_t> found(std::uint64_t* damaged = nullptr, std::size_t buffer_bytes = 512) {
    bytes buffer(buffer_bytes);
    auto walk = scanner(buffer);
    std::vector<std::uint64_t> out;
    for (auto r = walk.next(); r; r = walk.next()) {
      REQUIRE(same(r.value().header, header_of(r.value().header.seq)));
      REQUIRE(r.value().offset == at[static_cast<std::size_t>(r.value().header.seq)]);
      out.push_back(r.value().header.seq);
    }
    if (damaged != nullptr) {
      *damaged = walk.damaged();
    }
    return out;
  }
};

TEST_CASE("a record stands in the bytes that the format says") {
  record_header h;
  h.kind = record_kind::data;
  h.flags = 5;
  h.importance = 2;
  h.stream = 0x0102;
  h.ttl_s = 0x03040506;
  h.seq = 0x0708090a0b0c0d0e;
  h.stamp = skerry::wall_ms{0x0f1011121314};
  const std::array<std::byte, 3> payload{std::byte{0xaa}, std::byte{0xbb}, std::byte{0xcc}};
  std::array<std::byte, 40> out{};
  REQUIRE(write_record(out, h, payload, {0, 0}));
  const auto at = [&out](std::size_t i) { return std::to_integer<int>(out[i]); };
  CHECK(at(6) == 1);
  CHECK(at(7) == 5);
  CHECK((at(8) == 3 && at(9) == 0 && at(10) == 0 && at(11) == 2));
  CHECK((at(12) == 6 && at(15) == 3));
  CHECK((at(16) == 0x0e && at(23) == 7));
  CHECK((at(24) == 0x14 && at(29) == 0x0f && at(30) == 2 && at(31) == 1));
  CHECK((at(32) == 0xaa && at(34) == 0xcc && at(35) == 0 && at(39) == 0));
  skerry::byte_reader checks{std::span{out}.first(6)};
  CHECK(checks.u32() == skerry::crc32c(std::span{out}.subspan(4, 31)));
  CHECK(checks.u16() == static_cast<std::uint16_t>(skerry::crc32c(std::span{out}.subspan(6, 26))));
}

TEST_CASE("what is written is read, and only at its place and with its salt") {
  segment s{3, 40, 8};
  for (std::size_t i = 0; i < s.at.size(); ++i) {
    const auto at = std::span{s.area}.subspan(s.at[i]);
    const auto r = read_record(at, {salt, s.at[i]});
    REQUIRE(r);
    CHECK(same(r.value().header, header_of(i)));
    CHECK(std::equal(r.value().payload.begin(), r.value().payload.end(), s.payloads[i].begin(), s.payloads[i].end()));
    CHECK(read_record(at, {salt, s.at[i] + 8}).error() == errc::corrupt);
    CHECK(read_record(at, {salt + 1, s.at[i]}).error() == errc::corrupt);
    CHECK(read_record(at.first(31), {salt, s.at[i]}).error() == errc::truncated);
  }
}

TEST_CASE("what has no form is refused before a byte is written") {
  std::array<std::byte, 64> out{};
  record_header h;
  CHECK(write_record(std::span{out}.first(39), h, std::span{out}.first(1), {}).error() == errc::full);
  h.importance = 4;
  CHECK(write_record(out, h, {}, {}).error() == errc::invalid);
  h = {};
  h.flags = 16;
  CHECK(write_record(out, h, {}, {}).error() == errc::invalid);
  h = {};
  h.stamp = skerry::wall_ms{std::uint64_t{1} << 48};
  CHECK(write_record(out, h, {}, {}).error() == errc::invalid);
  CHECK(std::all_of(out.begin(), out.end(), [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("a flip anywhere costs one record and is counted, whatever its neighbours and the buffer") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    const std::size_t unit = seed % 3 == 0 ? 16 : 8;
    segment s{seed, 12, unit, 60};
    for (std::size_t bit = 0; bit < s.area.size() * 8; ++bit) {
      s.area[bit / 8] ^= std::byte{1} << (bit % 8);
      std::uint64_t damaged = 0;
      const auto left = s.found(&damaged, 64 + seed * 16);
      const auto hit = static_cast<std::uint64_t>(std::upper_bound(s.at.begin(), s.at.end(), bit / 8) - s.at.begin() - 1);
      const bool padding = bit / 8 >= s.at[hit] + record_head + s.payloads[hit].size();
      REQUIRE(left.size() == s.at.size() - (padding ? 0 : 1));
      REQUIRE((padding || std::find(left.begin(), left.end(), hit) == left.end()));
      REQUIRE(damaged == (padding || hit + 1 == s.at.size() ? 0 : 1));  // behind the last whole one, damage and end look alike
      s.area[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

TEST_CASE("cut anywhere, all records before the cut are there and nothing else") {
  segment s{7, 30, 8};
  const bytes whole = s.area;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    s.area = whole;
    std::fill(s.area.begin() + static_cast<std::ptrdiff_t>(cut), s.area.end(), cut % 2 == 0 ? std::byte{0} : std::byte{0xff});
    std::size_t expected = 0;
    while (expected < s.at.size() && s.at[expected] + record_head + s.payloads[expected].size() <= cut) {
      ++expected;
    }
    const auto left = s.found();
    REQUIRE(left.size() >= expected);
    REQUIRE(left.size() <= expected + 1);  // what was cut off may have been what stands there anyway
  }
}

TEST_CASE("a payload that holds a whole log brings no record back") {
  segment inner{5, 20, 8};
  bytes area(record_size(inner.area.size()));
  REQUIRE(write_record(area, header_of(0), inner.area, {salt ^ 0x1234, 0}));
  area[0] ^= std::byte{1};  // the outer record is lost, so the walk goes through its payload
  bytes buffer(4096);
  record_scanner walk{[&area](std::uint64_t offset, std::span<std::byte> out) -> skerry::status {
                        std::copy_n(area.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
                        return {};
                      },
                      buffer,
                      {salt ^ 0x1234, 0},
                      area.size()};
  CHECK(walk.next().error() == errc::absent);
  CHECK(walk.end_of_records() == 0);
  CHECK(walk.torn_bytes() == area.size());
}

TEST_CASE("garbage that begins like records of any length costs no more than its bytes") {
  skerry::splitmix64 random{9};
  segment s{11, 3, 8};
  const std::size_t begin = s.area.size();
  s.area.resize(begin + 200'000);
  for (std::size_t i = begin; i < s.area.size(); i += 8) {
    s.area[i + 6 < s.area.size() ? i + 6 : i] = std::byte{1};
    s.area[i] = static_cast<std::byte>(random());
  }
  std::uint64_t read_bytes = 0;
  bytes buffer(4096);
  record_scanner walk{[&](std::uint64_t offset, std::span<std::byte> out) -> skerry::status {
                        read_bytes += out.size();
                        std::copy_n(s.area.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
                        return {};
                      },
                      buffer,
                      {salt, 0},
                      s.area.size()};
  int n = 0;
  for (auto r = walk.next(); r; r = walk.next()) {
    ++n;
  }
  CHECK(n == 3);
  CHECK(read_bytes < 4 * s.area.size());
}

TEST_CASE("a device that fails is told, and the walk goes on from there") {
  segment s{13, 10, 8};
  bytes buffer(64);
  skerry::splitmix64 random{14};
  record_scanner walk{[&](std::uint64_t offset, std::span<std::byte> out) -> skerry::status {
                        if (random() % 4 == 0) {
                          return errc::io;
                        }
                        std::copy_n(s.area.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
                        return {};
                      },
                      buffer,
                      {salt, 0},
                      s.area.size()};
  std::vector<std::uint64_t> out;
  int failures = 0;
  for (;;) {
    const auto r = walk.next();
    if (r) {
      out.push_back(r.value().header.seq);
    } else if (r.error() == errc::io) {
      REQUIRE(++failures < 10'000);
    } else {
      break;
    }
  }
  CHECK(failures > 0);
  CHECK(out == s.found());
}

}  // namespace
