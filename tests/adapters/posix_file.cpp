// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/adapters/posix_file.hpp>
#include <skerry/delivery/outbox.hpp>
#include <skerry/delivery/segment_log.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {
using namespace skerry::delivery;
using skerry::errc;
using skerry::position;
using skerry::adapters::posix_file;
using namespace std::string_view_literals;

/// A directory of its own for each test, which is gone afterwards.
struct folder {
  std::filesystem::path path;
  explicit folder(const char* name)
      : path{std::filesystem::temp_directory_path() / ("skerry-" + std::string{name} + "-" + std::to_string(::getpid()))} {
    std::filesystem::remove_all(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  [[nodiscard]] posix_file open() const { return std::move(posix_file::create(path.c_str())).value(); }
};

TEST_CASE("a directory is made, and one that cannot be is refused") {
  const folder at{"made"};
  CHECK(posix_file::create(at.path.c_str()));
  CHECK(std::filesystem::is_directory(at.path));
  CHECK(posix_file::create((at.path / "no" / "such").c_str()).error() == errc::absent);
  std::ofstream{at.path / "file"} << "x";
  CHECK(posix_file::create((at.path / "file").c_str()).error() == errc::io);
}

TEST_CASE("files are made, written, read, renamed and removed by plain names") {
  const folder at{"files"};
  auto device = at.open();
  const std::array<std::byte, 3> abc{std::byte{1}, std::byte{2}, std::byte{3}};
  CHECK(device.write("a", 0, abc).error() == errc::absent);
  REQUIRE(device.create("a"sv));
  CHECK(device.create("a"sv).error() == errc::refused);
  REQUIRE(device.write("a", 4, abc));
  CHECK(device.size("a").value() == 7);
  std::array<std::byte, 3> back{};
  REQUIRE(device.read("a", 4, back));
  CHECK(back == abc);
  CHECK(device.read("a", 5, back).error() == errc::io);  // beyond the end is no success
  REQUIRE(device.sync("a"));
  REQUIRE(device.rename("a", "b"));
  REQUIRE(device.sync_directory());
  CHECK(device.size("a").error() == errc::absent);
  REQUIRE(device.read("b", 4, back));
  std::set<std::string> names;
  REQUIRE(device.list([&names](std::string_view name) { names.emplace(name); }));
  CHECK(names == std::set<std::string>{"b"});
  REQUIRE(device.remove("b"));
  CHECK(device.read("b", 0, back).error() == errc::absent);
  for (const std::string_view name : {"", "x/y", ".", "..", "a name that is far too long for a plain file"}) {
    CAPTURE(name);
    CHECK(device.create(name).error() == errc::invalid);
  }
}

TEST_CASE("more files than descriptors are no matter") {
  const folder at{"many"};
  auto device = std::move(skerry::adapters::basic_posix_file<3>::create(at.path.c_str())).value();
  for (int i = 0; i < 20; ++i) {
    const std::string name = "f" + std::to_string(i);
    REQUIRE(device.create(name));
    const std::array<std::byte, 1> one{static_cast<std::byte>(i)};
    REQUIRE(device.write(name, 0, one));
  }
  for (int i = 0; i < 20; ++i) {
    std::array<std::byte, 1> one{};
    REQUIRE(device.read("f" + std::to_string(i), 0, one));
    CHECK(one[0] == static_cast<std::byte>(i));
  }
}

TEST_CASE("a process killed at any moment loses nothing that an outbox called durable") {
  using log_type = segment_log<posix_file>;
  using box_type = outbox<std::uint64_t, log_type, outbox_limits{1, 2048, 64}>;
  const outbox_config config{.quota_bytes = 1 << 20, .quota_items = 2048, .mode = durability::os};
  for (std::uint64_t round = 0; round < 6; ++round) {
    CAPTURE(round);
    const folder at{"killed"};
    int pipes[2];
    REQUIRE(::pipe(pipes) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipes[0]);
      auto device = at.open();
      auto log = std::make_unique<log_type>(log_type::create(device, {.segment_bytes = 64 << 10}).value());
      auto box = std::make_unique<box_type>(box_type::open(*log, config, device_seed::for_test(round), {0, {}, false}).value());
      for (std::uint64_t n = 1;; ++n) {
        std::array<std::byte, 8> payload{};
        skerry::byte_writer(payload).u64(n);
        const auto ticket = box->append(payload, {.repeat = repeatable::yes}, n);
        if (!ticket || !log->sync() || ::write(pipes[1], payload.data(), payload.size()) != 8) {
          ::_exit(1);
        }
      }
    }
    ::close(pipes[1]);
    std::uint64_t told = 0;
    const std::uint64_t enough = 40 + round * 37;
    std::array<std::byte, 8> message{};
    while (told < enough && ::read(pipes[0], message.data(), message.size()) == 8) {
      told = skerry::byte_reader(message).u64();
    }
    ::kill(child, SIGKILL);
    int how = 0;
    ::waitpid(child, &how, 0);
    while (::read(pipes[0], message.data(), message.size()) == 8) {
      told = skerry::byte_reader(message).u64();
    }
    ::close(pipes[0]);
    REQUIRE(told >= enough);

    auto device = at.open();
    auto log = std::make_unique<log_type>(log_type::create(device, {.segment_bytes = 64 << 10}).value());
    auto box = std::make_unique<box_type>(box_type::open(*log, config, device_seed::for_test(round + 100), {0, {}, false}).value());
    std::uint64_t next = 1;
    for (auto item = box->take(1); item; item = box->take(1)) {
      REQUIRE(skerry::byte_reader(item.value().payload).u64() == next);
      REQUIRE(box->acknowledge(item.value().id));
      ++next;
    }
    CHECK(next > told);       // all that the child had called safe
    CHECK(next <= told + 2);  // and at most the one that it was about to
  }
}

}  // namespace
