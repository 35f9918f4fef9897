// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// A ring that opens whatever stands in the flash: it never refuses, what it reads is whole, and it goes on from there.
#include <skerry/delivery/flash_ring.hpp>
#include <skerry/testing/faulty_flash.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <memory>

using namespace skerry::delivery;

namespace {

constexpr std::uint32_t sectors = 4, sector = 512;
using flash = skerry::testing::basic_faulty_flash<sectors, sector>;
using ring = flash_ring<flash, flash_limits{1}>;

struct walked {
  std::size_t data = 0;
  std::uint64_t last = 0;
};
/// From the first record to the end: each is whole, and its place lies behind the one before.
walked walk(ring& r, const skerry::recovery_report& report) {
  walked out;
  std::array<std::byte, sector> buffer{};
  for (skerry::position at = report.first; at < report.end;) {
    const auto record = r.read(at, buffer);
    FUZZ_REQUIRE(record);
    FUZZ_REQUIRE(record.value().next > at);
    if (record.value().header.kind == skerry::record_kind::data) {
      ++out.data;
      out.last = record.value().header.seq > out.last ? record.value().header.seq : out.last;
    }
    at = record.value().next;
  }
  return out;
}

/// Some records, as a ring writes them.
std::unique_ptr<flash> written() {
  auto f = std::make_unique<flash>(1, 8);
  auto r = ring::create(*f, {.entropy = 7}).value();
  FUZZ_REQUIRE(r.open());
  const std::array<std::byte, 40> payload{};
  for (std::uint64_t seq = 1; seq <= 8; ++seq) {
    skerry::record_header h;
    h.seq = seq;
    FUZZ_REQUIRE(r.append(h, std::span{payload}.first(static_cast<std::size_t>(seq * 4))));
    FUZZ_REQUIRE(r.advance({0, seq / 2, 0}));
    FUZZ_REQUIRE(r.sync());
  }
  return f;
}

}  // namespace

/// Two bytes say where, the next one what: the byte there is turned over by it; or the whole flash is the input, over and over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  static const std::unique_ptr<flash> sample = written();
  const auto f = std::make_unique<flash>(*sample);
  if (in.byte() % 4 != 0) {
    for (int changes = 0; changes < 40 && !in.rest().empty(); ++changes) {
      const std::uint64_t at = in.number(2) % (sectors * sector);
      const std::uint8_t with = in.byte();
      for (std::uint64_t bit = 0; bit < 8; ++bit) {
        if ((with >> bit & 1) != 0) {
          f->flip(at * 8 + bit);
        }
      }
    }
  } else if (!in.rest().empty()) {
    std::array<std::byte, sector> noise{};
    for (std::uint32_t s = 0; s < sectors; ++s) {
      for (std::size_t i = 0; i < sector; ++i) {
        noise[i] = in.rest()[(s * sector + i) % in.rest().size()];
      }
      FUZZ_REQUIRE(f->erase(s));
      FUZZ_REQUIRE(f->program(s * sector, noise));
    }
  }
  auto r = ring::create(*f, {.entropy = 9}).value();
  const auto report = r.open();
  FUZZ_REQUIRE(report);
  const walked before = walk(r, report.value());
  skerry::record_header h;
  h.seq = before.last < 8 ? 9 : before.last + 1;  // above all that was acknowledged, also where its records can be read no more
  if (r.append(h, {}) || (r.advance({0, before.last, 0}) && r.sync() && r.append(h, {}))) {
    auto again = ring::create(*f, {.entropy = 10}).value();
    const auto found = again.open();
    FUZZ_REQUIRE(found);
    FUZZ_REQUIRE(before.last == ~std::uint64_t{0} || walk(again, found.value()).last == h.seq);
  }
  FUZZ_REQUIRE(f->counts().violations == 0);
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const std::array<std::byte, 7> two{std::byte{1},    std::byte{0x30}, std::byte{0},   std::byte{1},
                                     std::byte{0x60}, std::byte{1},    std::byte{0x80}};
  out.add("flips", two);
  const auto f = written();
  std::array<std::byte, 200> begin{};
  for (std::size_t i = 1; i < begin.size(); ++i) {
    begin[i] = f->bytes()[i - 1];
  }
  out.add("begin", begin);
  out.add("blank", std::string_view{"\0\xff", 2});
}
