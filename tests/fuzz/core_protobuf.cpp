// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/protobuf.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <vector>

// Any bytes as a message, entered as deep as it goes: what is read can be written again and then reads the same.
namespace {

using skerry::errc;
using skerry::pb_reader;
using skerry::pb_wire;
using skerry::pb_writer;
using skerry_fuzz::bytes;

void write_again(pb_reader in, pb_writer& out) {
  while (in.next()) {
    switch (in.wire()) {
      case pb_wire::varint: out.varint(in.field(), in.varint()); break;
      case pb_wire::fixed64: out.fixed64(in.field(), in.fixed64()); break;
      case pb_wire::fixed32: out.fixed32(in.field(), in.fixed32()); break;
      case pb_wire::length: out.bytes(in.field(), in.bytes()); break;
    }
  }
}

void enter(pb_reader in, bytes all, int depth) {
  while (in.next()) {
    FUZZ_REQUIRE(in.field() != 0 && in.field() <= skerry::pb_greatest_field);
    if (in.wire() == pb_wire::length) {
      const bytes content = in.bytes();
      FUZZ_REQUIRE(content.empty() || (content.data() >= all.data() && content.data() + content.size() <= all.data() + all.size()));
      for (pb_reader e = in.message(); e.more();) {
        (void)e.raw_varint();
      }
      for (pb_reader e = in.message(); e.more();) {
        (void)e.raw_fixed32();
      }
      if (depth > 0) {
        enter(in.message(), all, depth - 1);
      }
    }
  }
  FUZZ_REQUIRE(in.field() == 0);
  FUZZ_REQUIRE(in.varint() == 0 && in.bytes().empty());
  FUZZ_REQUIRE(in.error() != errc::ok);  // a value where there is none
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes in = skerry_fuzz::view(data, size);
  enter(pb_reader{in}, in, 6);
  pb_writer counted = pb_writer::counting();
  write_again(pb_reader{in}, counted);
  FUZZ_REQUIRE(counted.error() == errc::ok && counted.size() <= size);
  std::vector<std::byte> first(counted.size());
  pb_writer out{first};
  write_again(pb_reader{in}, out);
  FUZZ_REQUIRE(out.error() == errc::ok && out.size() == first.size());
  std::vector<std::byte> second(first.size());
  pb_writer again{second};
  write_again(pb_reader{first}, again);
  FUZZ_REQUIRE(again.error() == errc::ok && std::ranges::equal(first, second));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  std::array<std::byte, 200> memory{};
  pb_writer w{memory};
  w.varint(1, 150);
  w.text(2, "tide");
  w.message(3, [](pb_writer& m) {
    m.sint(1, -5);
    m.message(2, [](pb_writer& p) {
      p.raw_varint(300);
      p.raw_varint(1);
    });
    m.message(18, [](pb_writer& deep) { deep.f64(1, 0.1); });
  });
  w.f32(4, 2.5F);
  w.fixed64(skerry::pb_greatest_field, 7);
  out.add("every_kind", w.written());
}
