// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>

#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <vector>

// Frames of strangers whose clocks and schemas are others, to a node that lets records wait for their time and carries along what it does
// not know; between them time passes, the clock is set, and what was stamped wrongly is written again.
//
// Input: for each step a byte that says what happens; for a frame its length (0: all that is left) and its bytes without the checksum.
namespace {

using namespace skerry_test;
namespace state = skerry::state;
using skerry_fuzz::bytes;

struct wary : roomy {
  static constexpr std::size_t actors = 5;
  static constexpr std::size_t keys = 8;
  static constexpr std::size_t records = 10;
  static constexpr std::size_t ranges = 6;
  static constexpr std::size_t quarantine = 2;
  static constexpr std::size_t unknown_keys = 3;
  static constexpr std::size_t key_bytes = 24;
};
struct pressure {
  static constexpr state::path at{"pressure/{sensor}"};
  using policy = state::lww<double>;
};
using node = state::replica<plant, wary>;
using stranger = state::replica<state::schema<pressure, mode>, roomy>;

constexpr std::uint64_t today = 1'790'000'000'000;
constexpr std::uint64_t in_2030 = 1'900'000'000'000;

node prior() {
  node r = make<node>(1);
  r.vouch(skerry::wall_ms{today});
  (void)r.write<setpoint>(21.5, skerry::wall_ms{today}, 1);
  (void)r.write<mode>(3, skerry::wall_ms{today}, 1);
  (void)r.inc<stock>(5);
  return r;
}

void take(node& r, bytes frame, std::uint32_t now) {
  const std::vector<std::byte> before = bytes_of(r);
  const std::size_t waiting = r.waiting();
  const auto got = r.accept(frame, now);
  if (!got) {
    FUZZ_REQUIRE(bytes_of(r) == before && r.waiting() == waiting);
    return;
  }
  const std::vector<std::byte> after = bytes_of(r);
  FUZZ_REQUIRE(!after.empty());
  const auto again = r.accept(frame, now);
  FUZZ_REQUIRE(again);
  FUZZ_REQUIRE(again.value().added == 0 && again.value().removed == 0);
  FUZZ_REQUIRE(bytes_of(r) == after);
  // What it knows now is the same to one that believes every clock.
  node other = make<node>(9);
  FUZZ_REQUIRE(other.accept(after, 0));
  FUZZ_REQUIRE(bytes_of(other) == after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const node first = prior();
  node r = first;
  skerry::splitmix64 rng{1};
  (void)r.as_new_life(rng);
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  std::uint32_t now = 0;
  for (int i = 0; i < 12 && !in.rest().empty(); ++i) {
    const std::uint8_t step = in.byte();
    now += step;
    switch (step % 16) {
      case 0: (void)r.release(now); break;
      case 1: r.vouch(skerry::wall_ms{today + now}); break;
      case 2: r.vouch(skerry::wall_ms{in_2030 + now}); break;
      case 3: {
        const std::vector<std::byte> before = bytes_of(r);
        FUZZ_REQUIRE(r.restamp(skerry::wall_ms{today + now}) || bytes_of(r) == before);
        break;
      }
      case 4: (void)r.write<setpoint>(step, skerry::wall_ms{step % 32 < 16 ? in_2030 : step}, 1); break;
      case 5: (void)r.write<recipe>(step, skerry::wall_ms{today + now}); break;
      case 6: (void)r.remove<setpoint>(1); break;
      case 7: now += 0x40000000; break;
      default: {
        const std::size_t length = in.byte();
        const bytes given = in.take(length == 0 ? in.rest().size() : length);
        std::vector<std::byte> frame{given.begin(), given.end()};
        const std::uint32_t crc = skerry::crc32c(frame);
        for (unsigned b = 0; b < 4; ++b) {
          frame.push_back(static_cast<std::byte>(crc >> (8 * b)));
        }
        frame.shrink_to_fit();
        take(r, frame, now);
      }
    }
    FUZZ_REQUIRE(r.waiting() <= wary::quarantine);
    FUZZ_REQUIRE(!r.release_deadline() || r.waiting() > 0);
    (void)r.explain("mode/1");
    (void)r.explain("other/path");
    (void)r.siblings<mode>(1).size();
    (void)r.read<setpoint>(1);
  }
  r.vouch(skerry::wall_ms{in_2030 + now});
  (void)r.release(now);
  FUZZ_REQUIRE(!bytes_of(r).empty());
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const auto add = [&](const char* name, std::vector<std::vector<std::byte>> frames, std::vector<std::uint8_t> then) {
    std::vector<std::byte> seed;
    for (auto& frame : frames) {
      seed.push_back(std::byte{8});
      seed.push_back(static_cast<std::byte>(frame.size() - 4));
      seed.insert(seed.end(), frame.begin(), frame.end() - 4);
    }
    for (const std::uint8_t step : then) {
      seed.push_back(static_cast<std::byte>(step));
    }
    out.add(name, seed);
  };
  auto a = make<node>(3);
  (void)a.accept(bytes_of(prior()), 0);
  const auto today_too = copy(a.write<setpoint>(1, skerry::wall_ms{today + 5}, 1).value().bytes());
  a.vouch(skerry::wall_ms{in_2030});
  const auto far = copy(a.write<setpoint>(2, skerry::wall_ms{in_2030}, 1).value().bytes());
  const auto farther = copy(a.write<mode>(2, skerry::wall_ms{in_2030 + 900'000}, 1).value().bytes());
  const auto counted = copy(a.inc<stock>(2).value().bytes());
  add("from_2030", {today_too, far, farther, counted}, {2, 0});
  add("all_at_once", {bytes_of(a)}, {3, 0});
  add("restamped", {counted}, {2, 4, 20, 3, 1, 5});
  auto b = make<stranger>(4);
  const auto odd = copy(b.write<pressure>(1.5, skerry::wall_ms{today}, 7).value().bytes());
  (void)b.write<mode>(1, skerry::wall_ms{in_2030}, 1);
  add("of_another_schema", {odd, bytes_of(b)}, {6, 0});
}
