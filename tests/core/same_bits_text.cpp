// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/json.hpp>
#include <skerry/core/protobuf.hpp>
#include <skerry/core/random.hpp>
#include <skerry/core/spsc_ring.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace {

using skerry_test::bit_hash;
using skerry_test::bits_of;

/// Texts that are whole, and cut or changed at every place.
void drive_json(bit_hash& h) {
  constexpr std::string_view whole =
      R"({"a":[1,-2.5e-3,1e400,0.1,12345678901234567],"b":{"c":"\u00e4\n","d":null},"e":true,"f":9007199254740993})";
  std::array<char, whole.size()> text;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      text[i] = i == cut ? ']' : whole[i];
    }
    skerry::json_reader in{{text.data(), text.size()}};
    for (int steps = 0; steps < 64; ++steps) {
      if (in.next() == skerry::json_token::end || in.error() != skerry::errc::ok) {
        break;
      }
      h.add(static_cast<std::uint64_t>(in.token()));
      h.add(std::uint64_t{in.position()});
      h.add(in.number().value_or(-1.0));
      h.add(static_cast<std::uint64_t>(in.integer().value_or(-1)));
    }
    h.add(static_cast<std::uint64_t>(in.error()));
  }
}
const bits_of json{"core.json", drive_json};

void drive_protobuf(bit_hash& h) {
  skerry::splitmix64 random{4};
  std::array<std::byte, 512> memory;
  for (int round = 0; round < 50; ++round) {
    skerry::pb_writer out{memory};
    for (std::uint32_t field = 1; field < 12; ++field) {
      const std::uint64_t n = random() >> (random() % 64);
      out.varint(field, n);
      out.sint(field + 20, static_cast<std::int64_t>(n));
      out.f64(field + 40, static_cast<double>(n) / 3);
      out.f32(field + 60, static_cast<float>(n) / 7);
    }
    h.add(out.written());
    skerry::pb_reader in{out.written().first(random() % (out.size() + 1))};
    while (in.next()) {
      h.add(std::uint64_t{in.field()});
      switch (in.wire()) {
        case skerry::pb_wire::varint: h.add(in.varint()); break;
        case skerry::pb_wire::fixed64: h.add(in.f64()); break;
        case skerry::pb_wire::fixed32: h.add(in.f32()); break;
        default: h.add(in.bytes()); break;
      }
    }
    h.add(static_cast<std::uint64_t>(in.error()));
  }
}
const bits_of protobuf{"core.protobuf", drive_protobuf};

void drive_ring(bit_hash& h) {
  static skerry::spsc_ring<std::uint16_t, 16> ring;
  skerry::splitmix64 random{5};
  for (std::uint32_t i = 0; i < 2000; ++i) {
    if (random() % 2 == 0) {
      h.add(static_cast<std::uint64_t>(ring.try_push(static_cast<std::uint16_t>(i)).error()));
    } else {
      h.add(std::uint64_t{ring.try_pop().value_or(std::uint16_t{0xffff})});
    }
    h.add(std::uint64_t{ring.size()});
  }
}
const bits_of queue{"core.spsc_ring", drive_ring};

}  // namespace
