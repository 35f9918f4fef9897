// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/bytes.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

// Calls of a reader as the input says, beside a model of it: never past the end, and the first error stays.
//
// Input: how many calls, the calls, then the bytes to read.
namespace {

using skerry::byte_reader;
using skerry::errc;
using skerry_fuzz::bytes;

/// Written another way than the reader: whole bytes by position, varints by their groups of seven.
class model {
 public:
  explicit model(bytes in) noexcept : in_{in} {}

  [[nodiscard]] bool has(std::size_t n) noexcept {
    if (error_ == errc::ok && in_.size() - at_ < n) {
      error_ = errc::truncated;
    }
    return error_ == errc::ok;
  }
  [[nodiscard]] std::uint64_t fixed(std::size_t n) noexcept {
    std::uint64_t v = 0;
    if (has(n)) {
      for (std::size_t i = n; i > 0; --i) {
        v = v * 256 + std::to_integer<std::uint64_t>(in_[at_ + i - 1]);
      }
      at_ += n;
    }
    return v;
  }
  [[nodiscard]] std::uint64_t varint() noexcept {
    if (error_ != errc::ok) {
      return 0;
    }
    std::size_t length = 0;
    while (length < 10 && at_ + length < in_.size() && group(length) >= 128) {
      ++length;
    }
    if (length < 10 && at_ + length == in_.size()) {
      error_ = errc::truncated;
    } else if (length == 10 || (length == 9 && group(9) > 1) || (length > 0 && group(length) == 0)) {
      error_ = errc::corrupt;
    }
    if (error_ != errc::ok) {
      return 0;
    }
    std::uint64_t v = 0;
    for (std::size_t i = length + 1; i > 0; --i) {
      v = v * 128 + group(i - 1) % 128;
    }
    at_ += length + 1;
    return v;
  }
  [[nodiscard]] std::uint64_t count(std::size_t item) noexcept {
    const std::uint64_t n = varint();
    if (error_ == errc::ok && n > (in_.size() - at_) / item) {
      error_ = errc::truncated;
      return 0;
    }
    return n;
  }
  [[nodiscard]] bytes take(std::size_t n) noexcept {
    if (!has(n)) {
      return {};
    }
    at_ += n;
    return in_.subspan(at_ - n, n);
  }
  void fail(errc e) noexcept { error_ = error_ == errc::ok ? e : error_; }
  [[nodiscard]] errc error() const noexcept { return error_; }
  [[nodiscard]] bytes rest() const noexcept { return in_.subspan(at_); }

 private:
  [[nodiscard]] std::uint64_t group(std::size_t i) const noexcept { return std::to_integer<std::uint64_t>(in_[at_ + i]); }
  bytes in_;
  std::size_t at_ = 0;
  errc error_ = errc::ok;
};

void same(bytes a, bytes b) { FUZZ_REQUIRE(a.size() == b.size() && (a.empty() || a.data() == b.data())); }

void call(std::uint8_t what, byte_reader& in, model& expected) {
  const std::size_t n = what / 16;
  switch (what % 16) {
    case 0: FUZZ_REQUIRE(in.u8() == expected.fixed(1)); break;
    case 1: FUZZ_REQUIRE(in.u16() == expected.fixed(2)); break;
    case 2: FUZZ_REQUIRE(in.u24() == expected.fixed(3)); break;
    case 3: FUZZ_REQUIRE(in.u32() == expected.fixed(4)); break;
    case 4: FUZZ_REQUIRE(in.u48() == expected.fixed(6)); break;
    case 5: FUZZ_REQUIRE(in.u64() == expected.fixed(8)); break;
    case 6: FUZZ_REQUIRE(static_cast<std::uint8_t>(in.i8()) == expected.fixed(1)); break;
    case 7: FUZZ_REQUIRE(static_cast<std::uint16_t>(in.i16()) == expected.fixed(2)); break;
    case 8: FUZZ_REQUIRE(std::bit_cast<std::uint64_t>(in.f64()) == expected.fixed(8)); break;
    case 9: FUZZ_REQUIRE(static_cast<std::uint64_t>(in.i64()) == expected.fixed(8)); break;
    case 10: FUZZ_REQUIRE(in.varint() == expected.varint()); break;
    case 11: FUZZ_REQUIRE(skerry::zigzag(in.varint_signed()) == expected.varint()); break;
    case 12: FUZZ_REQUIRE(in.count(n + 1) == expected.count(n + 1)); break;
    case 13: same(in.bytes(n), expected.take(n)); break;
    case 14: {
      byte_reader inner = in.sub_reader(n);
      const bytes part = expected.take(n);
      same(inner.remaining(), part);
      FUZZ_REQUIRE(inner.error() == expected.error());
      model of_part{part};
      if (inner.error() == errc::ok) {
        FUZZ_REQUIRE(inner.varint() == of_part.varint());
        FUZZ_REQUIRE(inner.error() == of_part.error());
      }
      break;
    }
    default: {
      if (n == 15) {
        in.fail(errc::unsupported);
        expected.fail(errc::unsupported);
      } else {
        // As many as no memory has: must not wrap.
        same(in.bytes(~std::size_t{0} - n), expected.take(~std::size_t{0} - n));
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker input{skerry_fuzz::view(data, size)};
  const bytes calls = input.take(input.byte());
  byte_reader in{input.rest()};
  model expected{input.rest()};
  errc first = errc::ok;
  for (const std::byte c : calls) {
    const bytes before = in.remaining();
    call(std::to_integer<std::uint8_t>(c), in, expected);
    FUZZ_REQUIRE(in.error() == expected.error());
    FUZZ_REQUIRE(first == errc::ok || (in.error() == first && in.remaining().size() == before.size()));
    same(in.remaining(), expected.rest());
    first = in.error();
  }
  const skerry::status end = in.finish();
  FUZZ_REQUIRE(end ? first == errc::ok && in.remaining().empty() : end.error() == (first == errc::ok ? errc::corrupt : first));
  // A varint that is read is the one that is written.
  byte_reader again{input.rest()};
  const std::uint64_t v = again.varint();
  if (again.error() == errc::ok) {
    std::array<std::byte, 10> memory{};
    skerry::byte_writer out{memory};
    out.varint(v);
    FUZZ_REQUIRE(out.written().size() == input.rest().size() - again.remaining().size());
    FUZZ_REQUIRE(std::ranges::equal(out.written(), input.rest().first(out.written().size())));
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  std::array<std::byte, 64> memory{};
  skerry::byte_writer fields{memory};
  for (const std::uint8_t b : std::initializer_list<std::uint8_t>{8, 0, 1, 2, 3, 4, 5, 8, 10}) {
    fields.u8(b);
  }
  fields.u8(1);
  fields.u16(2);
  fields.u24(3);
  fields.u32(4);
  fields.u48(5);
  fields.u64(6);
  fields.f64(0.1);
  fields.varint(~std::uint64_t{0});
  out.add("fields", fields.written());
  skerry::byte_writer counted{memory};
  for (const std::uint8_t b : std::initializer_list<std::uint8_t>{4, 12, 13 + 16 * 3, 14 + 16 * 4, 10}) {
    counted.u8(b);
  }
  counted.varint(3);
  counted.u24(0x010203);
  counted.varint(300);
  counted.u16(0);
  counted.varint(1 << 20);
  out.add("counted", counted.written());
}
