// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/portable.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>

namespace {

using skerry::byte_reader;
using skerry::byte_writer;
using skerry::errc;
using skerry::result;
using skerry::status;

struct point {
  std::int16_t x = 0, y = 0;
  status encode(byte_writer& out) const {
    out.i16(x);
    out.i16(y);
    return out.error();
  }
  static result<point> decode(byte_reader& in) {
    point p;
    p.x = in.i16();
    p.y = in.i16();
    if (in.error() != errc::ok) {
      return in.error();
    }
    return p;
  }
};
/// The form for large objects, with something from outside.
struct large {
  std::uint32_t content = 0;
  status decode(byte_reader& in, std::uint32_t seed) {
    const std::uint32_t read = in.u32();
    if (const status end = in.finish(); !end) {
      return end;
    }
    content = read ^ seed;
    return {};
  }
};
struct forgets_const {
  status encode(byte_writer&) { return {}; }
};
struct wrong_answers {
  void encode(byte_writer&) const {}
  static wrong_answers decode(byte_reader&) { return {}; }
};

TEST_CASE("the smallest portable types model their concepts, and near-misses do not") {
  static_assert(skerry::encodable<point> && skerry::decodable<point> && skerry::decodable_value<point>);
  static_assert(!skerry::decodable_in_place<point>);
  static_assert(skerry::decodable_in_place<large, std::uint32_t> && skerry::decodable<large, std::uint32_t>);
  static_assert(!skerry::decodable<large> && !skerry::encodable<large>);
  static_assert(!skerry::encodable<forgets_const> && !skerry::encodable<wrong_answers> && !skerry::decodable<wrong_answers>);
  CHECK(!skerry::decodable<int>);
}

TEST_CASE("decode_all takes an image only if it takes all of it") {
  std::byte memory[5]{};
  byte_writer out{memory};
  REQUIRE(point{-3, 4}.encode(out));
  const auto p = skerry::decode_all<point>(out.written());
  REQUIRE(p);
  CHECK(p.value().x == -3);
  CHECK(p.value().y == 4);
  CHECK(skerry::decode_all<point>(memory).error() == errc::corrupt);
  CHECK(skerry::decode_all<point>(std::span{memory}.first(3)).error() == errc::truncated);
  byte_writer small{std::span{memory}.first(3)};
  CHECK(point{}.encode(small).error() == errc::full);
}

TEST_CASE("decode_all_into hands on what comes from outside, and a refusal leaves the object as it was") {
  const std::byte memory[5]{std::byte{1}};
  large l;
  CHECK(skerry::decode_all_into(l, std::span{memory}.first(4), std::uint32_t{0x100}));
  CHECK(l.content == 0x101);
  CHECK(skerry::decode_all_into(l, memory, std::uint32_t{0}).error() == errc::corrupt);
  CHECK(l.content == 0x101);
}

}  // namespace
