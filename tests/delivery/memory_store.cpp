// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>
#include <skerry/delivery/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

namespace {
using namespace skerry;
using store = delivery::memory_store<8192>;

std::vector<std::byte> bytes_of(std::uint64_t seed, std::size_t n) {
  pcg32 random{seed};
  std::vector<std::byte> bytes(n);
  for (auto& b : bytes) {
    b = static_cast<std::byte>(random());
  }
  return bytes;
}

struct expected {
  record_header header;
  std::vector<std::byte> payload;
  position at;
};

TEST_CASE("whatever was appended and not advanced over is read back whole, in order of age, under random use") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    pcg32 random{seed};
    const auto s = std::make_unique<store>();
    std::vector<expected> model;
    std::array<std::uint64_t, 3> next{1, 1, 1};
    std::array<std::byte, 600> buffer{};
    for (int i = 0; i < 600; ++i) {
      if (random() % 3 != 0) {
        record_header h;
        h.stream = static_cast<std::uint16_t>(random() % 3);
        h.seq = next[h.stream];
        h.importance = static_cast<std::uint8_t>(random() % 4);
        const auto payload = bytes_of(random(), random() % 500);
        const std::uint64_t free = s->free_bytes();
        const auto at = s->append(h, payload);
        if (at) {
          ++next[h.stream];
          model.push_back({h, payload, at.value()});
        } else {
          REQUIRE(at.error() == errc::full);
          REQUIRE(free < payload.size() + 64);  // nobody is refused while there is room
          REQUIRE(s->free_bytes() == free);
        }
      } else {
        cursor c;
        c.stream = static_cast<std::uint16_t>(random() % 3);
        c.upto = next[c.stream] > 30 ? next[c.stream] - random() % 30 : random() % next[c.stream];
        c.bitmap = random() % 2 == 0 ? 0 : random();
        REQUIRE(s->advance(c));
        std::erase_if(model, [&](const expected& e) {
          const std::uint64_t seq = e.header.seq;
          return e.header.stream == c.stream && (seq <= c.upto || (seq - c.upto - 1 < 64 && (c.bitmap >> (seq - c.upto - 1) & 1) != 0));
        });
      }
      const auto report = s->open();
      REQUIRE(report.value().records == model.size());
      position at = report.value().first;
      for (const expected& e : model) {
        REQUIRE(at == e.at);
        const auto got = s->read(at, buffer);
        REQUIRE(got);
        REQUIRE(got.value().header.seq == e.header.seq);
        REQUIRE(std::vector<std::byte>(got.value().payload.begin(), got.value().payload.end()) == e.payload);
        at = got.value().next;
      }
      REQUIRE(at == report.value().end);
      REQUIRE(s->used_bytes() + s->free_bytes() == store::capacity);
    }
  }
}

TEST_CASE("a position that is gone is absent, even when its blocks hold another record by now") {
  const auto s = std::make_unique<store>();
  std::array<std::byte, 64> buffer{};
  record_header h;
  h.seq = 1;
  const auto old = s->append(h, bytes_of(1, 20)).value();
  REQUIRE(s->advance({0, 1, 0}));
  CHECK(s->read(old, buffer).error() == errc::absent);
  h.seq = 2;
  const auto young = s->append(h, bytes_of(2, 20)).value();
  CHECK(s->read(old, buffer).error() == errc::absent);
  CHECK(s->read(young, std::span{buffer}.first(19)).error() == errc::width);
  CHECK(s->read(young, buffer));
  CHECK(s->read(position{~std::uint64_t{0}}, buffer).error() == errc::absent);
}
}  // namespace
