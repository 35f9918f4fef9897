// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/protobuf.hpp>
#include <skerry/core/random.hpp>

#include <array>
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

using skerry::errc;
using skerry::pb_reader;
using skerry::pb_wire;
using skerry::pb_writer;

std::vector<int> numbers(std::span<const std::byte> bytes) {
  std::vector<int> out;
  for (const std::byte b : bytes) {
    out.push_back(std::to_integer<int>(b));
  }
  return out;
}

std::vector<std::byte> raw(std::initializer_list<int> bytes) {
  std::vector<std::byte> out;
  for (const int b : bytes) {
    out.push_back(static_cast<std::byte>(b));
  }
  return out;
}

/// Nested messages with a field of every kind, as many as the generator says.
void some_message(pb_writer& out, std::uint64_t seed, int depth) {
  skerry::pcg32 random{seed};
  for (std::uint32_t n = random() % 4; n > 0; --n) {
    const std::uint32_t field = 1 + random() % (random() % 2 == 0 ? 15U : skerry::pb_greatest_field);
    const std::uint64_t v = (std::uint64_t{random()} << 32 | random()) >> (random() % 64);
    switch (random() % 8) {
      case 0: out.varint(field, v); break;
      case 1: out.sint(field, static_cast<std::int64_t>(v)); break;
      case 2: out.fixed32(field, static_cast<std::uint32_t>(v)); break;
      case 3: out.f64(field, std::bit_cast<double>(v)); break;
      case 4: out.text(field, std::string_view{"skerry rock tide"}.substr(0, v % 17)); break;
      case 5: out.boolean(field, v % 2 == 1); break;
      case 6:
        out.message(field, [v](pb_writer& packed) {
          for (std::uint64_t i = 0; i < v % 5; ++i) {
            packed.raw_varint(v >> i);
          }
        });
        break;
      default:
        if (depth > 0) {
          out.message(field, [v, depth](pb_writer& inner) { some_message(inner, v, depth - 1); });
        }
    }
  }
}

/// Reads everything that can be read; whatever the bytes are, it ends.
std::size_t read_all(pb_reader in, int depth) {
  std::size_t fields = 0;
  while (in.next()) {
    ++fields;
    if (in.wire() == pb_wire::length && depth > 0) {
      fields += read_all(in.message(), depth - 1);
    }
  }
  return fields;
}

}  // namespace

TEST_CASE("fields are the bytes of the encoding guide") {
  std::array<std::byte, 64> memory{};
  const auto write = [&memory](auto f) {
    pb_writer out{memory};
    f(out);
    REQUIRE(out.error() == errc::ok);
    return numbers(out.written());
  };
  CHECK(write([](pb_writer& w) { w.varint(1, 150); }) == std::vector<int>{0x08, 0x96, 0x01});
  CHECK(write([](pb_writer& w) { w.text(2, "testing"); }) == std::vector<int>{0x12, 7, 't', 'e', 's', 't', 'i', 'n', 'g'});
  CHECK(write([](pb_writer& w) { w.message(3, [](pb_writer& m) { m.varint(1, 150); }); }) == std::vector<int>{0x1a, 3, 0x08, 0x96, 0x01});
  CHECK(write([](pb_writer& w) {
          w.message(6, [](pb_writer& p) {
            for (const std::uint64_t v : {3U, 270U, 86942U}) {
              p.raw_varint(v);
            }
          });
        }) == std::vector<int>{0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5});
  CHECK(write([](pb_writer& w) { w.int64(1, -2); }) == std::vector<int>{8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1});
  CHECK(write([](pb_writer& w) { w.sint(1, -2); }) == std::vector<int>{8, 3});
  CHECK(write([](pb_writer& w) { w.f32(1, 1.0F); }) == std::vector<int>{0x0d, 0, 0, 0x80, 0x3f});
  CHECK(write([](pb_writer& w) { w.f64(16, -2.0); }) == std::vector<int>{0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0xc0});
  CHECK(write([](pb_writer& w) { w.boolean(1, true); }) == std::vector<int>{8, 1});
}

TEST_CASE("what is counted first is the size to the byte, and one byte less is refused") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    pb_writer counted = pb_writer::counting();
    some_message(counted, seed, 4);
    REQUIRE(counted.error() == errc::ok);
    CHECK(counted.written().empty());
    std::vector<std::byte> exact(counted.size());
    pb_writer out{exact};
    some_message(out, seed, 4);
    REQUIRE(out.error() == errc::ok);
    REQUIRE(out.size() == exact.size());
    pb_reader in{exact};
    while (in.next()) {
    }
    CHECK(in.error() == errc::ok);
    if (!exact.empty()) {
      std::vector<std::byte> less(exact.size() - 1);
      pb_writer short_of{less};
      some_message(short_of, seed, 4);
      CHECK(short_of.error() == errc::full);
    }
  }
}

TEST_CASE("a reader finds the values that were written, whatever stands between them") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    skerry::pcg32 random{seed};
    const std::uint64_t v = (std::uint64_t{random()} << 32 | random()) >> (random() % 64);
    const auto write = [&](pb_writer& out) {
      some_message(out, seed + 1000, 2);
      out.varint(101, v);
      out.sint(102, static_cast<std::int64_t>(v));
      out.fixed32(103, static_cast<std::uint32_t>(v));
      out.fixed64(104, v);
      out.message(105, [v](pb_writer& m) {
        m.text(1, "tide");
        m.message(2, [v](pb_writer& p) {
          p.raw_varint(v);
          p.raw_varint(v / 2);
        });
        m.message(3, [v](pb_writer& p) { p.raw_f64(static_cast<double>(v)); });
      });
      some_message(out, seed + 2000, 2);
      out.int64(106, -static_cast<std::int64_t>(v / 2));
    };
    std::array<std::byte, 4096> memory{};
    pb_writer out{memory};
    write(out);
    REQUIRE(out.error() == errc::ok);
    pb_reader in{out.written()};
    int found = 0;
    while (in.next()) {
      switch (in.field()) {
        case 101: found += static_cast<int>(in.varint() == v); break;
        case 102: found += static_cast<int>(in.sint() == static_cast<std::int64_t>(v)); break;
        case 103: found += static_cast<int>(in.fixed32() == static_cast<std::uint32_t>(v)); break;
        case 104: found += static_cast<int>(in.fixed64() == v); break;
        case 105: {
          pb_reader inner = in.message();
          REQUIRE(inner.next());
          found += static_cast<int>(inner.text() == "tide");
          REQUIRE(inner.next());
          std::vector<std::uint64_t> elements;
          for (pb_reader e = inner.message(); e.more();) {
            elements.push_back(e.raw_varint());
          }
          found += static_cast<int>(elements == std::vector<std::uint64_t>{v, v / 2});
          REQUIRE(inner.next());
          found += static_cast<int>(inner.message().raw_f64() == static_cast<double>(v));
          CHECK_FALSE(inner.next());
          break;
        }
        case 106: found += static_cast<int>(in.int64() == -static_cast<std::int64_t>(v / 2)); break;
        default: break;
      }
    }
    CHECK(in.error() == errc::ok);
    CHECK(found >= 8);
  }
}

TEST_CASE("a value asked for as what it is not, and everything after it, is refused") {
  const auto image = raw({0x08, 0x96, 0x01, 0x12, 1, 'a'});
  pb_reader in{image};
  REQUIRE(in.next());
  CHECK(in.fixed32() == 0);
  CHECK(in.error() == errc::corrupt);
  CHECK(in.varint() == 0);
  CHECK_FALSE(in.next());
  CHECK(in.field() == 0);
  pb_reader before{image};
  CHECK(before.bytes().empty());
  CHECK(before.error() == errc::corrupt);
}

TEST_CASE("bytes that are no message are refused by name") {
  const auto refusal = [](std::vector<std::byte> image) {
    pb_reader in{image};
    while (in.next()) {
    }
    return in.error();
  };
  CHECK(refusal(raw({})) == errc::ok);
  CHECK(refusal(raw({0x08})) == errc::truncated);
  CHECK(refusal(raw({0x08, 0x80})) == errc::truncated);
  CHECK(refusal(raw({0x0d, 1, 2, 3})) == errc::truncated);
  CHECK(refusal(raw({0x09, 1, 2, 3, 4, 5, 6, 7})) == errc::truncated);
  CHECK(refusal(raw({0x12, 2, 'a'})) == errc::truncated);
  CHECK(refusal(raw({0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})) == errc::truncated);
  CHECK(refusal(raw({0x00, 1})) == errc::corrupt);                                                              // field 0
  CHECK(refusal(raw({0x80, 0x80, 0x80, 0x80, 0x10, 1})) == errc::corrupt);                                      // field 2^29
  CHECK(refusal(raw({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})) == errc::corrupt);        // 65 bits
  CHECK(refusal(raw({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0})) == errc::corrupt);  // eleven groups
  CHECK(refusal(raw({0x0b, 0x0c})) == errc::unsupported);
  CHECK(refusal(raw({0x0e, 0})) == errc::corrupt);
  CHECK(refusal(raw({0x88, 0x80, 0x00, 0x85, 0x80, 0x00})) == errc::ok);  // longer than they need be, as protobuf allows
}

TEST_CASE("messages nested beyond the limit are refused and not followed") {
  std::vector<std::byte> image;
  for (int i = 0; i < 40; ++i) {
    std::vector<std::byte> outer = raw({0x0a, static_cast<int>(image.size())});
    outer.insert(outer.end(), image.begin(), image.end());
    image = outer;
  }
  pb_reader in{image};
  int depth = 0;
  while (in.next()) {
    const pb_reader inner = in.message();
    if (inner.error() != errc::ok) {
      CHECK(inner.error() == errc::full);
      break;
    }
    in = inner;
    ++depth;
  }
  CHECK(depth == pb_reader::default_depth);
}

TEST_CASE("every beginning and every flipped bit of a message is read without leaving it") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::array<std::byte, 512> memory{};
    pb_writer out{memory};
    some_message(out, seed, 2);
    if (out.error() != errc::ok) {
      continue;
    }
    const std::vector<std::byte> image{out.written().begin(), out.written().end()};
    for (std::size_t n = 0; n < image.size(); ++n) {
      const std::vector<std::byte> beginning{image.begin(), image.begin() + static_cast<std::ptrdiff_t>(n)};
      CHECK(read_all(pb_reader{beginning}, 3) <= image.size());
      for (int bit = 0; bit < 8; ++bit) {
        std::vector<std::byte> flipped = image;
        flipped[n] ^= static_cast<std::byte>(1 << bit);
        CHECK(read_all(pb_reader{flipped}, 3) <= 4 * image.size());
      }
    }
  }
}

TEST_CASE("a writer refuses field numbers that are none, and functions that change their mind") {
  std::array<std::byte, 64> memory{};
  for (const std::uint32_t field : {0U, 1U << 29, std::numeric_limits<std::uint32_t>::max()}) {
    pb_writer out{memory};
    out.varint(field, 1);
    CHECK(out.error() == errc::invalid);
    CHECK(out.written().empty());
  }
  int calls = 0;
  pb_writer out{memory};
  out.message(1, [&calls](pb_writer& m) {
    for (int i = 0; i <= calls; ++i) {
      m.varint(1, 1);
    }
    ++calls;
  });
  CHECK(out.error() == errc::invalid);
  pb_writer inner_fails{memory};
  inner_fails.message(1, [](pb_writer& m) { m.varint(0, 1); });
  CHECK(inner_fails.error() == errc::invalid);
  CHECK(inner_fails.written().empty());
}

TEST_CASE("messages can be written and read while compiling") {
  constexpr auto image = [] {
    std::array<std::byte, 9> out{};
    pb_writer w{out};
    w.message(1, [](pb_writer& m) { m.f32(2, 0.5F); });
    w.varint(3, 1);
    return out;
  }();
  constexpr float value = [](const std::array<std::byte, 9>& bytes) {
    pb_reader in{bytes};
    (void)in.next();
    pb_reader inner = in.message();
    (void)inner.next();
    return inner.f32();
  }(image);
  STATIC_CHECK(value == 0.5F);
}
