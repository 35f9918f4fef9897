// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/image.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using namespace skerry_test;
using namespace skerry_test::works;
namespace state = skerry::state;
using skerry::wall_ms;
using bytes = std::vector<std::byte>;

namespace {

struct wider : roomy {
  static constexpr std::size_t links_max = 4;
  static constexpr std::size_t payload_bytes = 48;
  static constexpr std::size_t chain = 16;
};
using everything = state::schema<setpoint, recipe, mode, starts, stock, parts, credit, alarms, banned, running, enabled, oil, reading>;
using node = state::replica<everything, wider>;

struct key {
  static constexpr state::path at{"kv/{name}"};
  using policy = state::lww<double>;
};
struct thousand : roomy {
  static constexpr std::size_t keys = 1024;
  static constexpr std::size_t records = 1600;
};
using store = state::replica<state::schema<key>, thousand>;

void write_all(node& n, int line) {
  const wall_ms wall{1767225600000 + static_cast<std::uint64_t>(line)};
  REQUIRE(n.write<setpoint>(20.25 + line, wall, line));
  REQUIRE(n.write<recipe>(-7 - line, wall));
  REQUIRE(n.write<mode>(3 * line, wall, line));
  REQUIRE(n.inc<starts>(2, line, 1));
  REQUIRE(n.inc<stock>(9));
  REQUIRE(n.dec<stock>(4));
  REQUIRE(n.inc<parts>(5));
  REQUIRE(n.inc<credit>(6));
  REQUIRE(n.add<alarms>("hot", line));
  REQUIRE(n.add<banned>(line));
  REQUIRE(n.enable<running>());
  REQUIRE(n.disable<enabled>());
  REQUIRE(n.contribute<oil>({static_cast<std::uint64_t>(line)}, 19.5, 1, wall));
}
bytes image_of(const node& n, state::snapshot_cursor& at) {
  bytes image(65536);
  const auto size = n.snapshot(at, image);
  REQUIRE(size);
  REQUIRE(at.done());
  image.resize(size.value());
  return image;
}

}  // namespace

// Version 1: what was written once is read for ever, and the same history is written to the same bytes. The files were written by this
// library; a test that fails here is no reason to write them anew.
TEST_CASE("the golden image, log and catch-up of version 1 are read and written to the byte") {
  const std::filesystem::path folder = "golden";  // beside this file, where the tests run
  const auto golden = [&folder](const std::string& name, const bytes& written) {
    CAPTURE(name);
    if (const char* write = std::getenv("SKERRY_WRITE_GOLDEN"); write != nullptr && !std::filesystem::exists(folder / name)) {
      std::filesystem::create_directories(folder);
      std::ofstream{folder / name, std::ios::binary}.write(reinterpret_cast<const char*>(written.data()),
                                                           static_cast<std::streamsize>(written.size()));
    }
    std::ifstream in{folder / name, std::ios::binary};
    REQUIRE(in);
    const std::vector<char> text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    const bytes read{reinterpret_cast<const std::byte*>(text.data()), reinterpret_cast<const std::byte*>(text.data()) + text.size()};
    CHECK(written == read);
    return read;
  };
  skerry::splitmix64 rng{1};
  const auto a = std::make_unique<node>();
  const auto b = std::make_unique<node>();
  REQUIRE(node::create(*a, 1, state::role::device, state::epoch_rule::durable, {}, rng, 0));
  REQUIRE(node::create(*b, 2, state::role::gateway, state::epoch_rule::every_open, {}, rng, 0));
  state::image_reader nothing{{}, {}, 4};
  REQUIRE(a->open(nothing, rng, 0));
  write_all(*a, 1);
  write_all(*b, 2);
  REQUIRE(a->join(*b));
  state::snapshot_cursor at;
  const bytes image = golden("image_v1.bin", image_of(*a, at));
  a->persisted(at);
  REQUIRE(a->remove<setpoint>(1));
  REQUIRE(a->reset<parts>());
  REQUIRE(a->relay<reading>({1, 2, 3}, 1.5));
  const bytes log = golden("log_v1.bin", copy(a->to_persist().bytes));
  {
    const auto back = std::make_unique<node>();
    state::image_reader reader{image, log};
    REQUIRE(back->open(reader, rng, 0));
    CHECK(reader.report().log_frames == 1);
    CHECK((bytes_of(*back) == bytes_of(*a)));
    CHECK(back->role() == state::role::device);
    CHECK(back->self().id == 1);
  }
  a->close();
  state::snapshot_cursor last;
  const bytes clean = golden("image_v1_clean.bin", image_of(*a, last));
  {
    const auto back = std::make_unique<node>();
    state::image_reader reader{clean, {}, 5};
    REQUIRE(back->open(reader, rng, 0));
    CHECK(reader.report().clean);
    CHECK(back->self() == a->self());
    CHECK(back->chain() == a->chain());
    CHECK((bytes_of(*back) == bytes_of(*a)));
  }
  bytes frames;
  node::source_type source;
  a->start_catch_up(source, 1);
  const auto receiver = std::make_unique<node>();
  for (;;) {
    bytes frame(300);
    const std::size_t n = a->next_chunk(source, frame).value();
    if (n == 0) {
      break;
    }
    frame.resize(n);
    frames.insert(frames.end(), frame.begin(), frame.end());
    REQUIRE(receiver->take_chunk(frame, 0));
  }
  (void)golden("catch_up_v1.bin", frames);
  CHECK((bytes_of(*receiver) == bytes_of(*a)));
}

TEST_CASE("an image is as long as what is there, whatever has happened before") {
  const auto per_key = [](std::size_t overwrites) {
    const auto nodes = std::make_unique<std::array<store, 2>>();
    skerry::splitmix64 rng{1};
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(store::create((*nodes)[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
    }
    for (std::size_t i = 0; i < overwrites; ++i) {
      store& n = (*nodes)[rng() % 2];
      const auto name = std::to_string(10000 + rng() % 500);
      REQUIRE(n.write<key>(static_cast<double>(rng() % 100'000) / 1000, wall_ms{1'700'000'000'000 + i}, name));
      if (i % 64 == 63 || i + 1 == overwrites) {
        REQUIRE((*nodes)[0].join((*nodes)[1]));
        REQUIRE((*nodes)[1].join((*nodes)[0]));
      }
    }
    bytes image(65536);
    state::snapshot_cursor at;
    const auto size = (*nodes)[0].snapshot(at, image);
    REQUIRE(size);
    REQUIRE(at.done());
    return static_cast<double>(size.value()) / static_cast<double>((*nodes)[0].store().key_count());
  };
  const double late = per_key(12'000);
  CHECK(late <= 18.0);
  CHECK(late <= 1.05 * per_key(3000));
}
