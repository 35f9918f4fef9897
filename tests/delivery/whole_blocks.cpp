// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/detail/whole_blocks.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace {
using skerry::errc;
using skerry::status;
using skerry::delivery::detail::whole_blocks;
using skerry::testing::faulty_disk;

constexpr std::size_t block = 64;
constexpr std::uint64_t file_bytes = 40 * block + 24;  // the last block is not whole

/// A faulty disk that says whether it got anything but whole blocks into room that was there.
struct strict_disk : faulty_disk {
  strict_disk() : faulty_disk{1} {}
  std::uint64_t blocks = 0;
  std::uint64_t reads = 0;
  bool odd = false;

  status write_blocks(std::string_view name, std::uint64_t offset, std::span<const std::byte> in) noexcept {
    odd = odd || offset % block != 0 || in.size() % block != 0 || in.empty() || offset + in.size() > faulty_disk::size(name).value();
    ++blocks;
    return faulty_disk::write(name, offset, in);
  }
  status read(std::string_view name, std::uint64_t offset, std::span<std::byte> out) noexcept {
    ++reads;
    return faulty_disk::read(name, offset, out);
  }
};
using device_type = whole_blocks<strict_disk, block>;
static_assert(skerry::delivery::detail::extending_device<device_type>);
static_assert(!skerry::delivery::detail::extending_device<faulty_disk>);

struct memory_type {
  alignas(64) std::array<std::byte, 5 * block> bytes{};
};

void make(device_type& device, std::string_view name) {
  REQUIRE(device.create(name));
  const std::vector<std::byte> zeros(file_bytes);
  REQUIRE(device.write(name, 0, zeros));
  REQUIRE(device.sync(name));
  REQUIRE(device.sync_directory());
}

TEST_CASE("random writes read back as they were written, whatever blocks they went out in") {
  constexpr std::array<std::string_view, 2> names{"a", "b"};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    memory_type memory;
    device_type device{strict_disk{}, memory.bytes};
    std::array<std::vector<std::byte>, 2> is{};
    std::array<std::vector<bool>, 2> nobodys{};
    for (std::size_t f = 0; f < 2; ++f) {
      make(device, names[f]);
      is[f].resize(file_bytes);
      nobodys[f].resize(file_bytes);
    }
    std::uint64_t front = 0;  // where the last write ended: the next one often follows
    std::size_t f = 0;
    const auto same = [&](std::size_t file, std::uint64_t from, std::span<const std::byte> bytes) {
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (!nobodys[file][from + i] && bytes[i] != is[file][from + i]) {
          return false;
        }
      }
      return true;
    };
    for (int i = 0; i < 120; ++i) {
      f = random() % 8 == 0 ? 1 - f : f;
      const std::uint64_t from = random() % 4 != 0 && front < file_bytes ? front : random() % file_bytes;
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(1 + random() % (random() % 6 == 0 ? 500 : 60), file_bytes - from));
      std::vector<std::byte> bytes(n);
      for (std::byte& b : bytes) {
        b = static_cast<std::byte>(1 + random() % 255);
      }
      switch (random() % 8) {
        case 0: REQUIRE(device.flush()); break;
        case 1: REQUIRE(device.sync(names[f])); break;
        case 2: {
          REQUIRE(device.read(names[f], from, bytes));
          CHECK(same(f, from, bytes));
          break;
        }
        default: {
          const std::uint64_t until = random() % 2 == 0 ? 0 : from + n + random() % 200;
          REQUIRE(device.extend(names[f], from, bytes, until));
          std::copy(bytes.begin(), bytes.end(), is[f].begin() + static_cast<std::ptrdiff_t>(from));
          for (std::uint64_t at = from; at < std::min(file_bytes, std::max(until, from + n)); ++at) {
            nobodys[f][at] = at >= from + n;
          }
          front = from + n;
        }
      }
    }
    for (std::size_t file = 0; file < 2; ++file) {
      std::vector<std::byte> all(file_bytes);
      REQUIRE(device.read(names[file], 0, all));
      CHECK(same(file, 0, all));
    }
    REQUIRE(device.flush());
    for (std::size_t file = 0; file < 2; ++file) {
      CHECK(same(file, 0, device.under().content(names[file])));
    }
    CHECK(!device.under().odd);
    CHECK(device.under().blocks > 0);
  }
}

TEST_CASE("a power cut while a begun block is written again takes nothing that stood in it") {
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 random{seed};
    memory_type memory;
    device_type device{strict_disk{}, memory.bytes};
    make(device, "log");
    device.under().reseed(seed);
    std::vector<std::byte> written;
    std::size_t durable = 0;
    for (std::uint64_t n = 2 + random() % 12, i = 0; i < n; ++i) {
      std::vector<std::byte> bytes(1 + random() % 90, static_cast<std::byte>(1 + i));
      REQUIRE(device.extend("log", written.size(), bytes, file_bytes));
      written.insert(written.end(), bytes.begin(), bytes.end());
      if (i + 1 == n) {
        device.under().power_fails_after(0);  // in this write
      }
      const status synced = device.sync("log");
      CHECK(static_cast<bool>(synced) == (i + 1 != n));
      durable = synced ? written.size() : durable;
    }
    device.under().power_cut();
    const auto left = device.under().content("log");
    REQUIRE(left.size() == file_bytes);
    CHECK(std::equal(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(durable), left.begin()));
    const bool whole = std::equal(written.begin(), written.end(), left.begin());
    torn += whole ? 0 : 1;
  }
  CHECK(torn > 100);
}

TEST_CASE("going on in a block that is begun reads nothing, and a batch is one write") {
  memory_type memory;
  device_type device{strict_disk{}, memory.bytes};
  make(device, "log");
  const std::array<std::byte, 24> record{};
  REQUIRE(device.extend("log", 0, record, file_bytes));
  REQUIRE(device.sync("log"));
  const std::uint64_t reads = device.under().reads;
  const std::uint64_t blocks = device.under().blocks;
  std::uint64_t at = record.size();
  for (int batch = 0; batch < 10; ++batch) {
    for (int i = 0; i < 8; ++i, at += record.size()) {  // 192 bytes in 320 of memory
      REQUIRE(device.extend("log", at, record, file_bytes));
    }
    REQUIRE(device.sync("log"));
    CHECK(device.under().blocks == blocks + 1 + static_cast<std::uint64_t>(batch));
  }
  CHECK(device.under().reads == reads);
}

TEST_CASE("what could not be written goes out with the next sync, and is read meanwhile") {
  memory_type memory;
  device_type device{strict_disk{}, memory.bytes};
  make(device, "log");
  const std::array<std::byte, 3> one{std::byte{1}, std::byte{2}, std::byte{3}};
  REQUIRE(device.write("log", 70, one));
  device.under().faults.write_errors = 65536;
  CHECK(device.sync("log").error() == errc::io);
  CHECK(device.rename("log", "other").error() == errc::io);
  std::array<std::byte, 3> back{};
  REQUIRE(device.read("log", 70, back));
  CHECK(back == one);
  device.under().faults.write_errors = 0;
  REQUIRE(device.sync("log"));
  CHECK(device.under().content("log")[71] == std::byte{2});
}

TEST_CASE("whole blocks that cannot go out hold up no other file, and can be forgotten") {
  memory_type memory;
  device_type device{strict_disk{}, memory.bytes};
  make(device, "a");
  make(device, "b");
  const std::array<std::byte, 3> one{std::byte{1}, std::byte{2}, std::byte{3}};
  CHECK(device.unsent().empty());
  REQUIRE(device.write("a", 70, one));
  CHECK(device.unsent() == "a");
  device.under().faults.broken = "a";
  REQUIRE(device.write("b", 5, one));
  CHECK(device.under().content("b")[6] == std::byte{2});
  REQUIRE(device.sync("b"));
  CHECK(device.sync("a").error() == errc::io);
  std::array<std::byte, 3> back{};
  REQUIRE(device.read("a", 70, back));
  CHECK(back == one);
  CHECK(device.write("missing", 0, one).error() == errc::absent);
  device.forget("b");
  CHECK(device.unsent() == "a");
  device.forget("a");
  CHECK(device.unsent().empty());
  REQUIRE(device.flush());
  REQUIRE(device.read("a", 70, back));
  CHECK(back == std::array<std::byte, 3>{});
}

TEST_CASE("files that are renamed, removed or made again keep nothing of what was in memory") {
  memory_type memory;
  device_type device{strict_disk{}, memory.bytes};
  make(device, "a");
  const std::array<std::byte, 2> one{std::byte{7}, std::byte{7}};
  REQUIRE(device.write("a", 10, one));
  REQUIRE(device.rename("a", "b"));
  CHECK(device.under().content("b")[10] == std::byte{7});
  CHECK(device.write("a", 10, one).error() == errc::absent);
  REQUIRE(device.write("b", 20, one));
  REQUIRE(device.remove("b"));
  REQUIRE(device.flush());
  CHECK(device.size("b").error() == errc::absent);
  make(device, "b");
  std::array<std::byte, 2> back{std::byte{1}, std::byte{1}};
  REQUIRE(device.read("b", 20, back));
  CHECK(back == std::array<std::byte, 2>{});
  REQUIRE(device.write("b", file_bytes - 1, one));  // longer by a byte
  CHECK(device.size("b").value() == file_bytes + 1);
  REQUIRE(device.write("b", file_bytes, std::span{one}.first(1)));
  REQUIRE(device.flush());
  CHECK(device.under().content("b").size() == file_bytes + 1);
  CHECK(device.under().content("b")[file_bytes] == std::byte{7});
}

}  // namespace
