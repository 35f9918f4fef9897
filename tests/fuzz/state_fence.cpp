// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>

#include "fuzz/fuzz.hpp"
#include "state/fleet.hpp"

#include <algorithm>
#include <string>
#include <vector>

// Fence frames from anybody, and rosters: a refused one leaves every byte as it was, an accepted one says nothing new the second time,
// and what a replica then says of its members is taken by another one and is the same there.
//
// Input: a byte that chooses what the replica has done before, then for each frame its length (0: all that is left) and its bytes. The
// checksum is put behind them here; bit 4 of the first byte hands them over as they are.
namespace {

using namespace skerry_test;
using namespace skerry_test::mesh;
namespace state = skerry::state;
using skerry_fuzz::bytes;
using node = state::replica<fleet, fleet_limits>;
using lives = state::roster<8>;

std::vector<std::byte> fence_of(const node& r) {
  std::vector<std::byte> frame(65536);
  skerry::byte_writer out{frame};
  FUZZ_REQUIRE(r.write_fence(out));
  frame.resize(out.written().size());
  return frame;
}

/// Nothing; a roster of three with a row each; one of them retired; and that known everywhere.
node prior(unsigned which) {
  node r = make<node>(1);
  node other = make<node>(2);
  const state::actor third{3, 1, 7};
  if (which >= 1) {
    (void)r.enrol(other.self(), state::role::gateway);
    (void)r.enrol(third, state::role::device);
    (void)r.inc<stock>(1);
    (void)other.add<banned>(1);
    (void)r.join(other);
    (void)r.acknowledge();
  }
  if (which >= 2) {
    (void)r.retire(third, 4, r.self());
    (void)r.acknowledge();
  }
  if (which >= 3) {
    (void)other.join(r);
    (void)other.acknowledge();
    (void)r.join(other);
    (void)r.acknowledge();
    (void)r.collect();
  }
  return r;
}

void take(node& r, bytes frame) {
  const auto before = fence_of(r);
  const auto data = bytes_of(r);
  if (!r.accept(frame, 0)) {
    FUZZ_REQUIRE(fence_of(r) == before);
    FUZZ_REQUIRE(bytes_of(r) == data);
    return;
  }
  const auto after = fence_of(r);
  FUZZ_REQUIRE(r.accept(frame, 0));
  FUZZ_REQUIRE(fence_of(r) == after);
  FUZZ_REQUIRE(r.accept(before, 0));  // what was known is known
  FUZZ_REQUIRE(fence_of(r) == after);
  node copy;  // nobody's: adds no life of its own
  FUZZ_REQUIRE(copy.accept(after, 0));
  FUZZ_REQUIRE(copy.members() == r.members());
}

void decode(bytes in) {
  skerry::byte_reader reader{in};
  lives r;
  if (lives::decode(reader, r)) {
    std::vector<std::byte> again(1024);
    skerry::byte_writer out{again};
    FUZZ_REQUIRE(r.encode(out));
    const bytes used = in.first(in.size() - reader.remaining().size());
    FUZZ_REQUIRE(std::equal(used.begin(), used.end(), out.written().begin(), out.written().end()));
    r.for_each([&r](const state::member& m) {
      (void)r.heir(m.who);
      (void)r.fence({m.who.id, m.who.generation - 1, 0});
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  if ((choice & 8) != 0) {
    decode(in.rest());
    return 0;
  }
  static const node priors[4] = {prior(0), prior(1), prior(2), prior(3)};
  node r = priors[choice & 3];
  for (int i = 0; i < 8 && !in.rest().empty(); ++i) {
    const std::size_t length = in.byte();
    const bytes given = in.take(length == 0 ? in.rest().size() : length);
    std::vector<std::byte> frame{given.begin(), given.end()};
    if ((choice & 16) == 0) {
      const std::uint32_t crc = skerry::crc32c(frame);
      for (unsigned b = 0; b < 4; ++b) {
        frame.push_back(static_cast<std::byte>(crc >> (8 * b)));
      }
    }
    frame.shrink_to_fit();
    take(r, frame);
  }
  skerry::splitmix64 rng{1};
  if (r.as_new_life(rng)) {
    (void)r.retire_old_lives();
    (void)r.inc<stock>(1);
    (void)r.acknowledge();
    for (int i = 0; i < 4 && r.collect(); ++i) {
    }
    (void)r.rejoin(rng);
  }
  FUZZ_REQUIRE(!bytes_of(r).empty());
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  for (unsigned which = 0; which < 4; ++which) {
    auto frame = fence_of(prior(which));
    frame.resize(frame.size() - 4);
    const std::string name = "fence_" + std::to_string(which);
    std::vector<std::byte> seed{std::byte{static_cast<unsigned char>(3 - which)}, std::byte{0}};
    seed.insert(seed.end(), frame.begin(), frame.end());
    out.add(name, seed);
  }
  for (unsigned which = 1; which < 4;
       ++which) {  // in pieces, which build on each other: to one that knows nothing, and to one that knows all
    for (const unsigned to : {0U, which}) {
      node from = prior(which);
      state::fence_place place;
      std::vector<std::byte> seed{std::byte{static_cast<unsigned char>(to)}};
      for (std::size_t size = 1; size > 0;) {
        std::vector<std::byte> piece(100);
        size = from.write_fence(piece, place).value_or(0);
        if (size > 0) {
          seed.push_back(std::byte{static_cast<unsigned char>(size - 4)});
          seed.insert(seed.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size - 4));
        }
      }
      out.add("pieces_" + std::to_string(which) + "_to_" + std::to_string(to), seed);
    }
  }
  lives r;
  (void)r.admit({1, 1, 1}, state::role::cloud);
  (void)r.retire({1, 2, 9}, 300, {1, 1, 1});
  (void)r.retire({2, 1, 0}, 0, {});
  r.seal({2, 1, 0});
  std::vector<std::byte> bytes(256);
  skerry::byte_writer writer{bytes};
  (void)r.encode(writer);
  std::vector<std::byte> seed{std::byte{8}};
  seed.insert(seed.end(), writer.written().begin(), writer.written().end());
  out.add("roster", seed);
}
