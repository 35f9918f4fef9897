// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/detail/gathered_device.hpp>
#include <skerry/testing/faulty_disk.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace {
using namespace skerry;
using skerry::testing::faulty_disk;
using gathered = skerry::delivery::detail::gathered_device<faulty_disk, 256>;
using nothing_gathered = skerry::delivery::detail::gathered_device<faulty_disk, 0>;
static_assert(file_device<gathered>);

std::vector<std::byte> bytes_of(std::size_t n, int what) { return std::vector<std::byte>(n, static_cast<std::byte>(what)); }

TEST_CASE("writes that follow on from each other reach the disk as one, and reads see them before") {
  faulty_disk disk{1};
  gathered front{disk};
  REQUIRE(front.create("a"));
  const std::uint64_t before = disk.counts().writes;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(front.write("a", static_cast<std::uint64_t>(20 * i), bytes_of(20, i)));
  }
  CHECK(disk.counts().writes == before);
  std::array<std::byte, 60> out{};
  REQUIRE(front.read("a", 50, out));
  CHECK(out[0] == std::byte{2});
  CHECK(out[59] == std::byte{5});
  REQUIRE(front.sync("a"));
  CHECK(disk.counts().writes == before + 1);
  CHECK(disk.size("a").value() == 200);
}

template <typename Front>
void behaves_like_a_disk(std::uint64_t seed) {
  CAPTURE(seed);
  splitmix64 random{seed};
  faulty_disk disk{seed};
  Front front{disk};
  std::map<std::string, std::vector<std::byte>> model;
  const std::array<std::string, 3> names{"a", "b", "c"};
  for (int step = 0; step < 300; ++step) {
    const std::string& name = names[random() % 3];
    const auto found = model.find(name);
    const std::size_t size = found == model.end() ? 0 : found->second.size();
    switch (random() % 12) {
      case 0:
        REQUIRE(static_cast<bool>(front.create(name)) == (found == model.end()));
        model[name];
        break;
      case 1:
        REQUIRE(static_cast<bool>(front.remove(name)) == (found != model.end()));
        model.erase(name);
        break;
      case 2: {
        const std::string& to = names[random() % 3];
        if (found != model.end() && to != name) {
          REQUIRE(front.rename(name, to));
          model[to] = model[name];
          model.erase(name);
        }
        break;
      }
      case 3: REQUIRE(static_cast<bool>(front.sync(name)) == (found != model.end())); break;
      case 4:
        if (found != model.end()) {
          REQUIRE(front.size(name).value() == size);
        }
        break;
      case 5: REQUIRE(front.flush()); break;
      case 6:
      case 7:
        if (size > 0) {
          const std::size_t from = random() % size;
          std::vector<std::byte> out(1 + random() % (size - from));
          REQUIRE(front.read(name, from, out));
          REQUIRE(std::equal(out.begin(), out.end(), found->second.begin() + static_cast<std::ptrdiff_t>(from)));
        }
        break;
      default:
        if (found != model.end()) {
          const std::size_t at = random() % 4 == 0 ? random() % (size + 1) : size;
          const auto in = bytes_of(random() % (random() % 4 == 0 ? 400 : 60), static_cast<int>(random() % 256));
          REQUIRE(front.write(name, at, in));
          found->second.resize(std::max(size, at + in.size()));
          std::copy(in.begin(), in.end(), found->second.begin() + static_cast<std::ptrdiff_t>(at));
        }
        break;
    }
  }
}

TEST_CASE("in front of a disk nobody can tell that writes wait") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    behaves_like_a_disk<gathered>(seed);
    behaves_like_a_disk<nothing_gathered>(seed);
  }
}

TEST_CASE("what cannot be written is kept, and is written by whoever comes next") {
  faulty_disk disk{3};
  gathered front{disk};
  REQUIRE(front.create("a"));
  REQUIRE(front.create("b"));
  REQUIRE(front.write("a", 0, bytes_of(100, 7)));
  disk.faults.write_errors = 65536;
  CHECK(front.sync("a").error() == errc::io);
  CHECK(front.write("b", 0, bytes_of(10, 8)).error() == errc::io);
  CHECK(front.write("a", 100, bytes_of(200, 9)).error() == errc::io);
  REQUIRE(front.write("a", 100, bytes_of(50, 9)));  // there is room for these
  std::array<std::byte, 150> out{};
  REQUIRE(front.read("a", 0, out));
  CHECK(out[99] == std::byte{7});
  CHECK(out[149] == std::byte{9});
  disk.faults = {};
  REQUIRE(front.write("b", 0, bytes_of(10, 8)));
  CHECK(disk.size("a").value() == 150);
  REQUIRE(front.sync("b"));
  CHECK(disk.size("b").value() == 10);
}

TEST_CASE("what waits for a file that cannot be written holds up no other one, and can be forgotten") {
  faulty_disk disk{3};
  gathered front{disk};
  REQUIRE(front.create("a"));
  REQUIRE(front.create("b"));
  REQUIRE(front.write("a", 0, bytes_of(100, 7)));
  CHECK(front.unsent() == "a");
  disk.faults.broken = "a";
  REQUIRE(front.write("b", 0, bytes_of(10, 8)));
  REQUIRE(front.write("b", 10, bytes_of(10, 9)));
  REQUIRE(front.sync("b"));
  CHECK(disk.size("b").value() == 20);
  CHECK(front.flush().error() == errc::io);
  std::array<std::byte, 100> out{};
  REQUIRE(front.read("a", 0, out));
  CHECK(out[99] == std::byte{7});
  front.forget("b");
  CHECK(front.unsent() == "a");
  front.forget("a");
  REQUIRE(front.flush());
  CHECK(front.unsent().empty());
  CHECK(disk.size("a").value() == 0);
  REQUIRE(front.write("b", 20, bytes_of(10, 9)));
  CHECK(disk.size("b").value() == 20);  // gathered again
}
}  // namespace
