// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/testing/faulty_flash.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace {
using skerry::errc;
using flash = skerry::testing::basic_faulty_flash<4, 4096>;
static_assert(skerry::flash_device<flash>);
static_assert(skerry::flash_device<skerry::testing::faulty_flash>);

std::vector<std::byte> all_of(const flash& f) { return {f.bytes().begin(), f.bytes().end()}; }
std::vector<std::byte> pattern(std::size_t n, unsigned char with) { return std::vector<std::byte>(n, std::byte{with}); }

TEST_CASE("a program clears bits of units that were not programmed since the erase, and nothing else is forgiven") {
  const auto f = std::make_unique<flash>(1, 16);
  REQUIRE(f->program(32, pattern(32, 0x0f)));
  std::array<std::byte, 64> back{};
  REQUIRE(f->read(0, back));
  CHECK(back[31] == std::byte{0xff});
  CHECK(back[32] == std::byte{0x0f});
  const auto before = all_of(*f);
  CHECK(f->program(48, pattern(16, 0x00)).error() == errc::invalid);     // once
  CHECK(f->program(16, pattern(32, 0x00)).error() == errc::invalid);     // the second of them once
  CHECK(f->program(8, pattern(16, 0x00)).error() == errc::invalid);      // aligned
  CHECK(f->program(64, pattern(17, 0x00)).error() == errc::invalid);     // whole
  CHECK(f->program(16384, pattern(16, 0x00)).error() == errc::invalid);  // there
  CHECK(f->erase(4).error() == errc::invalid);
  CHECK(f->counts().violations == 6);
  CHECK(all_of(*f) == before);
  REQUIRE(f->erase(0));
  CHECK(f->wear(0) == 1);
  CHECK(all_of(*f) == pattern(16384, 0xff));
  REQUIRE(f->program(48, pattern(16, 0x00)));
  REQUIRE(f->program(16368, pattern(16, 0xff)));  // nothing to clear is a program all the same
  CHECK(f->program(16368, pattern(16, 0x00)).error() == errc::invalid);
}

TEST_CASE("power that goes within a program leaves units before it whole, one in part, and the rest untouched") {
  bool some = false, none = false, whole = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    CAPTURE(seed);
    const auto f = std::make_unique<flash>(seed, 8);
    f->power_fails_after(2);
    CHECK(f->program(0, pattern(40, 0x00)).error() == errc::io);
    CHECK(f->off());
    CHECK(f->program(80, pattern(8, 0x00)).error() == errc::io);
    std::array<std::byte, 8> back{};
    CHECK(f->read(0, back).error() == errc::io);
    f->power_cut();
    const auto bytes = all_of(*f);
    CHECK(std::all_of(bytes.begin(), bytes.begin() + 16, [](std::byte b) { return b == std::byte{0}; }));
    CHECK(std::all_of(bytes.begin() + 24, bytes.end(), [](std::byte b) { return b == std::byte{0xff}; }));
    const bool untouched = std::all_of(bytes.begin() + 16, bytes.begin() + 24, [](std::byte b) { return b == std::byte{0xff}; });
    const bool done = std::all_of(bytes.begin() + 16, bytes.begin() + 24, [](std::byte b) { return b == std::byte{0}; });
    none = none || untouched;
    whole = whole || done;
    some = some || (!untouched && !done);
    CHECK(static_cast<bool>(f->program(16, pattern(8, 0x00))) == untouched);
    CHECK(f->program(24, pattern(8, 0x00)));
  }
  CHECK((some && none && whole));
}

TEST_CASE("a unit that a cut left begun without a trace takes another program, and may hold anything afterwards") {
  bool wrong = false;
  std::uint64_t blind = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    CAPTURE(seed);
    const auto f = std::make_unique<flash>(seed, 8);
    f->power_fails_after(0);
    CHECK(f->program(8, pattern(8, 0xff)).error() == errc::io);  // no bit to clear: whatever was done of it cannot be seen
    f->power_cut();
    CHECK(f->program(8, pattern(8, 0xa5)));
    const auto bytes = all_of(*f);
    const bool held = std::all_of(bytes.begin() + 8, bytes.begin() + 16, [](std::byte b) { return b == std::byte{0xa5}; });
    CHECK((held || f->counts().blind == 1));
    wrong = wrong || !held;
    blind += f->counts().blind;
    CHECK(f->program(8, pattern(8, 0x00)).error() == errc::invalid);  // now it is known
    CHECK(f->counts().violations == 1);
  }
  CHECK((wrong && blind > 0 && blind < 64));
}

TEST_CASE("power that goes within an erase leaves a sector that looks like anything and is good for nothing but an erase") {
  bool as_it_was = false, looks_erased = false, between = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    CAPTURE(seed);
    const auto f = std::make_unique<flash>(seed, 8);
    REQUIRE(f->program(4096, pattern(4096, 0x5a)));
    REQUIRE(f->program(0, pattern(8, 0x00)));
    const auto before = all_of(*f);
    f->power_fails_after(0);
    CHECK(f->erase(1).error() == errc::io);
    f->power_cut();
    const auto after = all_of(*f);
    CHECK(std::equal(after.begin(), after.begin() + 4096, before.begin()));
    const bool blank = std::all_of(after.begin() + 4096, after.begin() + 8192, [](std::byte b) { return b == std::byte{0xff}; });
    as_it_was = as_it_was || after == before;
    looks_erased = looks_erased || blank;
    between = between || (!blank && after != before);
    CHECK(f->program(4096, pattern(8, 0x00)).error() == errc::invalid);
    REQUIRE(f->erase(1));
    CHECK(f->program(4096, pattern(8, 0x00)));
  }
  CHECK((as_it_was && looks_erased && between));
}

TEST_CASE("a worn sector is read and nothing else, and a flip turns one bit either way") {
  const auto f = std::make_unique<flash>(3, 8);
  f->faults.endurance = 2;
  REQUIRE(f->erase(2));
  REQUIRE(f->erase(2));
  REQUIRE(f->program(8192, pattern(8, 0x3c)));
  CHECK(f->erase(2).error() == errc::io);
  CHECK(f->program(8200, pattern(8, 0x00)).error() == errc::io);
  CHECK(f->bytes()[8192] == std::byte{0x3c});
  f->wear_out(0);
  CHECK(f->erase(0).error() == errc::io);
  CHECK(f->erase(1));
  f->flip(8192 * 8 + 1);
  f->flip(8192 * 8 + 2);
  CHECK(f->bytes()[8192] == std::byte{0x3a});
  CHECK(f->counts().violations == 0);
}

TEST_CASE("the same seed and the same calls are the same flash") {
  std::vector<std::byte> answers[2];
  for (auto& answer : answers) {
    const auto f = std::make_unique<flash>(7, 4);
    f->faults = {.program_errors = 9000, .erase_errors = 9000, .read_errors = 9000};
    skerry::splitmix64 random{5};
    for (int i = 0; i < 300; ++i) {
      const auto at = static_cast<std::uint32_t>(random() % 4096 * 4);
      answer.push_back(static_cast<std::byte>(f->program(at, pattern(4, static_cast<unsigned char>(random()))).error()));
      std::array<std::byte, 4> back{};
      answer.push_back(static_cast<std::byte>(f->read(at, back).error()));
      if (i % 50 == 0) {
        answer.push_back(static_cast<std::byte>(f->erase(static_cast<std::uint32_t>(random() % 4)).error()));
      }
    }
    answer.insert(answer.end(), f->bytes().begin(), f->bytes().end());
    CHECK(f->counts().failed > 20);
  }
  CHECK(answers[0] == answers[1]);
}
}  // namespace
