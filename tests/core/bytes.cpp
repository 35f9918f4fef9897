// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/bytes.hpp>
#include <skerry/core/random.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/counting_new.hpp"
#include "core/dies.hpp"

namespace {

using skerry::byte_reader;
using skerry::byte_writer;
using skerry::errc;

/// One value of each kind of field.
struct fields {
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;  // 24 bits
  std::uint32_t d = 0;
  std::uint64_t e = 0;  // 48 bits
  std::uint64_t f = 0;
  std::int8_t g = 0;
  std::int16_t h = 0;
  std::int32_t i = 0;
  std::int64_t j = 0;
  std::uint32_t k = 0;  // bits of a float
  std::uint64_t l = 0;  // bits of a double
  std::uint64_t m = 0;  // varint
  std::int64_t n = 0;   // varint_signed
  std::vector<std::byte> o;

  friend bool operator==(const fields&, const fields&) = default;

  void write(byte_writer& out) const {
    out.u8(a);
    out.u16(b);
    out.u24(c);
    out.u32(d);
    out.u48(e);
    out.u64(f);
    out.i8(g);
    out.i16(h);
    out.i32(i);
    out.i64(j);
    out.f32(std::bit_cast<float>(k));
    out.f64(std::bit_cast<double>(l));
    out.varint(m);
    out.varint_signed(n);
    out.varint(o.size());
    out.bytes(o);
  }
  static fields read(byte_reader& in) {
    fields v;
    v.a = in.u8();
    v.b = in.u16();
    v.c = in.u24();
    v.d = in.u32();
    v.e = in.u48();
    v.f = in.u64();
    v.g = in.i8();
    v.h = in.i16();
    v.i = in.i32();
    v.j = in.i64();
    v.k = std::bit_cast<std::uint32_t>(in.f32());
    v.l = std::bit_cast<std::uint64_t>(in.f64());
    v.m = in.varint();
    v.n = in.varint_signed();
    const auto rest = in.bytes(in.count(1));
    v.o.assign(rest.begin(), rest.end());
    return v;
  }
};

fields random_fields(skerry::splitmix64& g) {
  const auto word = [&g]() -> std::uint64_t {
    const std::uint64_t kind = g() % 8;
    const std::uint64_t v = g();
    return kind == 0 ? 0 : (kind == 1 ? ~std::uint64_t{0} : (kind == 2 ? std::uint64_t{1} << (v % 64) : v >> (v % 64)));
  };
  // A signalling NaN may be quieted by passing through a floating-point register: only its bits differ, and nobody sends one.
  const auto no_signal = [](std::uint64_t bits, std::uint64_t exponent, std::uint64_t quiet) {
    return (bits & exponent) == exponent ? bits | quiet : bits;
  };
  fields v;
  v.a = static_cast<std::uint8_t>(word());
  v.b = static_cast<std::uint16_t>(word());
  v.c = static_cast<std::uint32_t>(word() & 0xffffff);
  v.d = static_cast<std::uint32_t>(word());
  v.e = word() & 0xffffffffffff;
  v.f = word();
  v.g = static_cast<std::int8_t>(word());
  v.h = static_cast<std::int16_t>(word());
  v.i = static_cast<std::int32_t>(word());
  v.j = static_cast<std::int64_t>(word());
  v.k = static_cast<std::uint32_t>(no_signal(static_cast<std::uint32_t>(word()), 0x7f800000, 0x400000));
  v.l = no_signal(word(), 0x7ff0000000000000, 0x8000000000000);
  v.m = word();
  v.n = static_cast<std::int64_t>(word());
  v.o.assign(word() % 20, static_cast<std::byte>(v.a));
  return v;
}

/// A copy of exactly the size of the bytes on the heap, so that a sanitizer sees the first byte read beyond.
std::unique_ptr<std::byte[]> exact_copy(std::span<const std::byte> bytes) {
  auto copy = std::make_unique<std::byte[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return copy;
}

TEST_CASE("everything that is written is read back, edges included") {
  skerry::splitmix64 g{1};
  for (int i = 0; i < 3000; ++i) {
    const fields v = random_fields(g);
    std::byte memory[160];
    byte_writer out{memory};
    v.write(out);
    REQUIRE(out.error() == errc::ok);
    byte_reader in{out.written()};
    REQUIRE(fields::read(in) == v);
    REQUIRE(in.finish());
  }
}

TEST_CASE("fields are little-endian, varints LEB128, signs zigzag: these very bytes") {
  std::byte memory[64];
  byte_writer out{memory};
  out.u16(0x0102);
  out.u24(0x030405);
  out.u32(0x06070809);
  out.u48(0x0a0b0c0d0e0f);
  out.i16(-2);
  out.f32(1.0F);
  out.f64(-2.0);
  out.varint(300);
  out.varint_signed(-65);
  constexpr std::uint8_t expected[] = {0x02, 0x01, 0x05, 0x04, 0x03, 0x09, 0x08, 0x07, 0x06, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0xfe, 0xff,
                                       0,    0,    0x80, 0x3f, 0,    0,    0,    0,    0,    0,    0,    0xc0, 0xac, 0x02, 0x81, 0x01};
  REQUIRE(out.written().size() == sizeof expected);
  for (std::size_t i = 0; i < sizeof expected; ++i) {
    CHECK(std::to_integer<unsigned>(out.written()[i]) == expected[i]);
  }
}

TEST_CASE("a varint takes the bytes that varint_size says, and zigzag is its own inverse at the edges") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t v : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1, ~(std::uint64_t{1} << bit)}) {
      std::byte memory[10];
      byte_writer out{memory};
      out.varint(v);
      REQUIRE(out.written().size() == skerry::varint_size(v));
      byte_reader in{out.written()};
      REQUIRE(in.varint() == v);
      REQUIRE(skerry::zigzag(skerry::unzigzag(v)) == v);
    }
  }
  static_assert(skerry::zigzag(0) == 0 && skerry::zigzag(-1) == 1 && skerry::zigzag(1) == 2);
  static_assert(skerry::zigzag(std::numeric_limits<std::int64_t>::min()) == ~std::uint64_t{0});
  static_assert(skerry::varint_size(0) == 1 && skerry::varint_size(127) == 1 && skerry::varint_size(128) == 2);
}

TEST_CASE("every prefix and every single-bit flip is read without a byte beyond, and prefixes are truncated") {
  skerry::splitmix64 g{2};
  for (int i = 0; i < 20; ++i) {
    const fields v = random_fields(g);
    std::byte memory[160];
    byte_writer out{memory};
    v.write(out);
    const auto image = out.written();
    for (std::size_t n = 0; n < image.size(); ++n) {
      const auto copy = exact_copy(image.first(n));
      byte_reader in{{copy.get(), n}};
      (void)fields::read(in);
      REQUIRE(in.error() == errc::truncated);
    }
    for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
      const auto copy = exact_copy(image);
      copy[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      byte_reader in{{copy.get(), image.size()}};
      const fields damaged = fields::read(in);
      REQUIRE((!in.finish() || !(damaged == v)));
    }
  }
}

TEST_CASE("random bytes never make a reader loop, overrun or believe a length") {
  skerry::splitmix64 g{3};
  for (int i = 0; i < 20000; ++i) {
    const std::size_t n = g() % 80;
    const auto bytes = std::make_unique<std::byte[]>(n);
    for (std::size_t b = 0; b < n; ++b) {
      bytes[b] = static_cast<std::byte>(g() >> 40 | (g() % 2) << 7);
    }
    byte_reader in{{bytes.get(), n}};
    (void)fields::read(in);
    const std::size_t items = in.count(3);
    REQUIRE(items * 3 <= in.remaining().size());
  }
}

TEST_CASE("a varint that is too long, or longer than needed, is corrupt") {
  const auto read = [](std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int v : values) {
      bytes.push_back(static_cast<std::byte>(v));
    }
    byte_reader in{bytes};
    const std::uint64_t v = in.varint();
    return std::pair{v, in.error()};
  };
  CHECK(read({0x80, 0x00}) == std::pair{std::uint64_t{0}, errc::corrupt});
  CHECK(read({0xff, 0x80, 0x00}).second == errc::corrupt);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}) == std::pair{~std::uint64_t{0}, errc::ok});
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}).second == errc::corrupt);
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}).second == errc::corrupt);
  CHECK(read({0x80}).second == errc::truncated);
  CHECK(read({}).second == errc::truncated);
}

TEST_CASE("the first refusal of a writer stays, and what was written ends before it") {
  std::byte memory[6];
  byte_writer out{memory};
  out.u32(1);
  out.u32(2);
  out.u8(3);  // would fit, but the image has a hole before it
  CHECK(out.error() == errc::full);
  CHECK(out.written().size() == 4);
  CHECK(out.free_bytes() == 2);
  CHECK(out.reserve(1).empty());
  out.fail(errc::invalid);
  CHECK(out.error() == errc::full);

  byte_writer wide{memory};
  wide.u24(0x1000000);
  CHECK(wide.error() == errc::out_of_range);
  byte_writer wider{memory};
  wider.u48(std::uint64_t{1} << 48);
  CHECK(wider.error() == errc::out_of_range);
  CHECK(wider.written().empty());

  byte_writer reserving{memory};
  reserving.u8(1);
  const auto five = reserving.reserve(5);
  REQUIRE(five.size() == 5);
  CHECK(five.data() == memory + 1);
  CHECK(reserving.error() == errc::ok);
}

TEST_CASE("the first refusal of a reader stays, every later read is zero, and nothing moves") {
  const std::array<std::byte, 5> memory{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  byte_reader in{memory};
  CHECK(in.u8() == 1);
  CHECK(in.u64() == 0);
  CHECK(in.error() == errc::truncated);
  CHECK(in.u8() == 0);
  CHECK(in.varint() == 0);
  CHECK(in.bytes(1).empty());
  CHECK(in.count(1) == 0);
  CHECK(in.remaining().size() == 4);
  in.fail(errc::invalid);
  CHECK(in.finish().error() == errc::truncated);
}

TEST_CASE("a sub-reader holds its own image, and bytes left over are corrupt") {
  const std::array<std::byte, 4> memory{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  byte_reader in{memory};
  byte_reader inner = in.sub_reader(3);
  CHECK(inner.u16() == 0x0201);
  CHECK(inner.finish().error() == errc::corrupt);
  CHECK(inner.u16() == 0);
  CHECK(inner.error() == errc::truncated);
  CHECK(in.error() == errc::ok);
  CHECK(in.u8() == 4);
  CHECK(in.finish());
  byte_reader beyond = in.sub_reader(1);
  CHECK(beyond.error() == errc::truncated);
  CHECK(skerry_test::panics([] { (void)byte_reader{{}}.count(0); }));
}

TEST_CASE("reading and writing are constant expressions and use no heap") {
  static_assert([] {
    std::byte memory[16]{};
    byte_writer out{memory};
    out.varint_signed(-1000);
    out.f64(0.5);
    byte_reader in{out.written()};
    return in.varint_signed() == -1000 && in.f64() == 0.5 && in.finish();
  }());
  static_assert(noexcept(std::declval<byte_writer&>().u64(1))&& noexcept(std::declval<byte_reader&>().varint()));
  const auto before = skerry_test::allocations();
  std::byte memory[64];
  byte_writer out{memory};
  out.u64(1);
  byte_reader in{out.written()};
  CHECK(in.u64() == 1);
  CHECK(skerry_test::allocations() == before);
}

}  // namespace
