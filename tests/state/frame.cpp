// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/frame.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <vector>

namespace state = skerry::state;
using skerry::errc;

namespace {

using delta = state::local_delta<4, 4>;
using frame = state::delta_frame<4, 4>;

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) {
    text += "0123456789abcdef"[std::to_integer<int>(b) >> 4];
    text += "0123456789abcdef"[std::to_integer<int>(b) & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("version 1 of a delta frame is these bytes", "[state][frame][golden]") {
  const state::actor me{0x0102030405060708, 2, 0xa1b2c3d4};
  const state::actor other{9, 1, 7};
  const std::array payload{std::byte{0x2a}};
  delta d;
  REQUIRE(d.covers.insert(me, 6));
  REQUIRE(d.covers.insert(me, 5));
  REQUIRE(d.covers.insert(other, 3));
  const std::array written{state::record_view{me, 6, state::stamp{1000, 2}, state::kinds::lww, payload}};
  d.records = written;
  std::array<std::byte, 128> bytes{};
  skerry::byte_writer out{bytes};
  REQUIRE(state::write_delta<8>(out, &me, d, [](const state::key_ref&, std::span<char> text) {
    text[0] = 'k';
    return std::size_t{1};
  }));
  CHECK(hex(out.written().first(out.written().size() - 4)) ==
        "13"  // version 1, delta
        "03"  // sender, checksum
        "0807060504030201"
        "02"
        "d4c3b2a1"  // the sender
        "00"
        "00"    // no place in a log
        "e807"  // base: 1000 ms
        "02"    // two runs
        "00"
        "0900000000000000"
        "01"
        "07000000"
        "03"
        "01"  // actor 9, event 3
        "02"
        "05"
        "02"  // the sender's events 5 and 6
        "01"  // one key
        "00"
        "01"
        "6b"
        "01"  // "k", one record
        "04"
        "81"
        "00"
        "02"
        "01"
        "2a");  // third event of those covered, lww, base + 0 ms, count 2, one byte
  frame parsed;
  REQUIRE(parsed.parse(out.written()));
  REQUIRE(parsed.sender() != nullptr);
  CHECK(*parsed.sender() == me);
  std::size_t records = 0;
  parsed.for_each([&](const frame::entry& e) {
    ++records;
    CHECK(e.key == "k");
    CHECK(parsed.context().actors()[e.who] == me);
    CHECK(e.n == 6);
    CHECK(e.at == state::stamp{1000, 2});
    CHECK(e.payload.size() == 1);
  });
  CHECK(records == 1);
}

TEST_CASE("frames of another version, kind or with unknown flags are named as such", "[state][frame]") {
  std::array<std::byte, 16> bytes{};
  const auto verdict = [&bytes](int head, int flags) {
    bytes[0] = static_cast<std::byte>(head);
    bytes[1] = static_cast<std::byte>(flags);
    return frame{}.parse(bytes).error();
  };
  CHECK(verdict(0x23, 2) == errc::unsupported);
  CHECK(verdict(0x10, 2) == errc::unsupported);  // hello
  CHECK(verdict(0x1d, 2) == errc::corrupt);      // no such kind
  CHECK(verdict(0x13, 0) == errc::unsupported);  // without a checksum
  CHECK(verdict(0x13, 0x12) == errc::unsupported);
  CHECK(verdict(0x13, 2) == errc::corrupt);  // checksum
  CHECK(frame{}.parse({}).error() == errc::truncated);
}

TEST_CASE("the events that a delta covers merge into runs, whatever their order", "[state][delta]") {
  state::delta_context<3, 3> c;
  const state::actor a{1, 1, 1};
  const state::actor b{2, 1, 1};
  for (const std::uint64_t n : std::initializer_list<std::uint64_t>{5, 3, 9, 4, 1, 2, 4}) {
    REQUIRE(c.insert(b, n));
  }
  REQUIRE(c.insert(a, 7));
  REQUIRE(c.runs().size() == 3);
  CHECK(c.actors()[0] == a);
  CHECK(c.runs()[1].first == 1);
  CHECK(c.runs()[1].last == 5);
  CHECK(c.runs()[2].first == 9);
  CHECK(c.offset(0, 7) == 0);
  CHECK(c.offset(1, 2) == 2);
  CHECK(c.offset(1, 9) == 6);
  CHECK(c.append(a, 8, 9).error() == errc::corrupt);
  CHECK(c.append(b, 10, 11).error() == errc::corrupt);
}
