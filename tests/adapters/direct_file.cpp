// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/direct_file.hpp>
#include <skerry/core/random.hpp>
#include <skerry/delivery/segment_log.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using skerry::adapters::direct_file;
using skerry::adapters::write_way;
using namespace std::string_view_literals;

struct memory_type {
  alignas(4096) std::array<std::byte, std::size_t{6} << 12> bytes{};
};

/// A directory of its own for each test, which is gone afterwards.
struct folder {
  std::filesystem::path path;
  folder(const std::filesystem::path& in, const char* name)
      : path{in / ("skerry-direct-" + std::string{name} + "-" + std::to_string(::getpid()))} {
    std::filesystem::remove_all(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  [[nodiscard]] direct_file open(memory_type& memory) const { return direct_file::create(path.c_str(), memory.bytes).value(); }
  /// What another process would read.
  [[nodiscard]] std::vector<std::byte> content(const char* name) const {
    std::ifstream in{path / name, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    std::vector<std::byte> bytes(text.size());
    std::transform(text.begin(), text.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return bytes;
  }
};

/// On a disk, and in memory, where some systems refuse to write around a cache that is all there is.
std::vector<std::filesystem::path> places() {
  std::vector<std::filesystem::path> all{std::filesystem::temp_directory_path(), std::filesystem::current_path()};
  if (std::filesystem::is_directory("/dev/shm")) {
    all.emplace_back("/dev/shm");
  }
  return all;
}

TEST_CASE("memory that lies anywhere, or is too little, is refused") {
  const folder at{std::filesystem::temp_directory_path(), "memory"};
  memory_type memory;
  CHECK(direct_file::create(at.path.c_str(), std::span{memory.bytes}.subspan(8)).error() == errc::invalid);
  CHECK(direct_file::create(at.path.c_str(), std::span{memory.bytes}.first(8191)).error() == errc::invalid);
  CHECK(direct_file::create(at.path.c_str(), std::span{memory.bytes}.first(8192)));
  CHECK(direct_file::create((at.path / "no" / "such").c_str(), memory.bytes).error() == errc::absent);
}

TEST_CASE("what was written around the cache is what anybody reads, on every file system there is") {
  for (const auto& place : places()) {
    CAPTURE(place);
    const folder at{place, "same"};
    memory_type memory;
    auto device = at.open(memory);
    std::vector<std::byte> model(40 * 4096);
    REQUIRE(device.create("a"sv));
    REQUIRE(device.write("a", 0, model));
    REQUIRE(device.sync("a"));
    CHECK(device.way() == write_way::not_yet);
    skerry::splitmix64 random{7};
    for (int i = 0; i < 200; ++i) {
      const std::size_t from = random() % (model.size() - 9000);
      std::vector<std::byte> bytes(1 + random() % (random() % 10 == 0 ? 9000 : 500), static_cast<std::byte>(i));
      std::copy(bytes.begin(), bytes.end(), model.begin() + static_cast<std::ptrdiff_t>(from));
      REQUIRE(device.write("a", from, bytes));
      const std::size_t where = random() % (model.size() - 600);
      std::vector<std::byte> back(600);
      REQUIRE(device.read("a", where, back));
      REQUIRE(std::equal(back.begin(), back.end(), model.begin() + static_cast<std::ptrdiff_t>(where)));
    }
    REQUIRE(device.sync("a"));
    CHECK(at.content("a") == model);
    // One way or the other, and it says which.
    CHECK(device.way() == (device.cached_writes() == 0 ? write_way::direct : write_way::cached));
    CHECK(device.direct_writes() + device.cached_writes() > 0);
    direct_file elsewhere = std::move(device);
    REQUIRE(elsewhere.write("a", 5, std::span{model}.first(10)));
    REQUIRE(elsewhere.flush());
    CHECK(std::equal(model.begin(), model.begin() + 10, at.content("a").begin() + 5));
    REQUIRE(elsewhere.rename("a", "b"));
    CHECK(elsewhere.write("a", 0, std::span{model}.first(1)).error() == errc::absent);
    REQUIRE(elsewhere.remove("b"));
  }
}

TEST_CASE("a log on it is found again by a plain device, and what no sync covered is not in it") {
  using log_type = segment_log<direct_file, segment_limits{4, 2, 0}>;
  using plain_type = segment_log<skerry::adapters::posix_file, segment_limits{4, 2, 0}>;
  for (const auto& place : places()) {
    CAPTURE(place);
    const folder at{place, "log"};
    memory_type memory;
    std::uint64_t seq = 0;
    skerry::splitmix64 random{3};
    {
      auto device = at.open(memory);
      auto log = std::make_unique<log_type>(log_type::create(device, {.segment_bytes = 64 << 10, .segments = 4}).value());
      REQUIRE(log->open());
      for (int batch = 0; batch < 300; ++batch) {
        for (std::uint64_t n = random() % 20; n > 0; --n) {
          skerry::record_header h;
          h.seq = ++seq;
          const std::vector<std::byte> payload(random() % (random() % 9 == 0 ? 3000 : 300), static_cast<std::byte>(seq));
          const auto where = log->append(h, payload);
          REQUIRE(where);
          std::array<std::byte, 3000> out{};
          const auto back = log->read(where.value(), out);
          REQUIRE(back);
          CHECK(back.value().header.seq == seq);
          CHECK(std::equal(payload.begin(), payload.end(), back.value().payload.begin(), back.value().payload.end()));
        }
        REQUIRE(log->advance({0, seq > 30 ? seq - 30 : 0, 0}));
        REQUIRE(log->sync());
      }
      CHECK(log->counters().recycled > 2);
      skerry::record_header h;
      h.seq = seq + 1;
      REQUIRE(log->append(h, std::span{memory.bytes}.first(100)));  // in memory when the process ends
    }
    auto device = skerry::adapters::posix_file::create(at.path.c_str());
    REQUIRE(device);
    auto log = std::make_unique<plain_type>(plain_type::create(device.value(), {.segment_bytes = 64 << 10, .segments = 4}).value());
    const auto report = log->open();
    REQUIRE(report);
    CHECK(report.value().damaged_records == 0);
    std::array<std::byte, 3000> out{};
    std::uint64_t last = 0;
    for (skerry::position p = report.value().first; p < report.value().end;) {
      const auto record = log->read(p, out);
      REQUIRE(record);
      if (record.value().header.kind == skerry::record_kind::data) {
        CHECK(record.value().header.seq > last);
        last = record.value().header.seq;
      }
      p = record.value().next;
    }
    CHECK(last == seq);
  }
}

}  // namespace
