// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>
#include <skerry/state/catch_up.hpp>

#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <vector>

// Frames of a catch-up from anybody: a refused one changes nothing, one that is taken changes nothing the second time; whatever came,
// the store is valid to read, and all of it fits where nothing is yet.
//
// Input: a byte that chooses the replica, then for each frame its length (0: all that is left) and its body: head and checksum are put
// around it here. Bit 2 of the first byte hands frames over as they are.
namespace {

using namespace skerry_test;
namespace state = skerry::state;
using skerry_fuzz::bytes;
using memory = std::vector<std::byte>;

struct wide : roomy {
  static constexpr std::size_t links_max = 2;
};
struct tight : state::limits::firmware {
  static constexpr std::size_t actors = 4;
  static constexpr std::size_t keys = 5;
  static constexpr std::size_t records = 7;
  static constexpr std::size_t ranges = 3;
  static constexpr bool catch_up = true;
};
constexpr skerry::wall_ms wall{1767225600000};

memory framed(bytes body) {
  memory frame(2 + body.size());
  frame[0] = std::byte{0x14};
  frame[1] = std::byte{0x02};
  std::copy(body.begin(), body.end(), frame.begin() + 2);
  std::array<std::byte, 4> checksum{};
  skerry::byte_writer out{checksum};
  out.u32(skerry::crc32c(frame));
  frame.insert(frame.end(), checksum.begin(), checksum.end());
  return frame;
}

template <typename Replica>
void run(std::uint8_t choice, skerry_fuzz::taker& in) {
  Replica r = make<Replica>(1);
  if ((choice & 2) != 0) {
    (void)r.template write<setpoint>(21.5, wall, 1);
    (void)r.template inc<stock>(5);
    (void)r.template write<mode>(3, wall, 1);
    (void)r.template remove<mode>(1);
  }
  for (int i = 0; i < 8 && !in.rest().empty(); ++i) {
    const std::size_t length = in.byte();
    const bytes body = length == 0 ? in.take(in.rest().size()) : in.take(length);
    const memory frame = (choice & 4) != 0 ? memory{body.begin(), body.end()} : framed(body);
    (void)state::catch_up_request::parse(frame);
    const memory before = bytes_of(r);
    const auto stood = r.chunk_request();
    const bool busy = r.catching_up();
    if (!r.take_chunk(frame, 0)) {
      FUZZ_REQUIRE(bytes_of(r) == before && r.chunk_request().of == stood.of && r.chunk_request().listed == stood.listed);
      FUZZ_REQUIRE(r.catching_up() == busy);
      continue;
    }
    const memory after = bytes_of(r);
    const auto again = r.take_chunk(frame, 0);
    FUZZ_REQUIRE(!again || again.value().removed == 0);
    FUZZ_REQUIRE(bytes_of(r) == after);
    (void)r.template read<setpoint>(1);
    (void)r.template read<stock>();
    if (!r.catching_up()) {
      Replica other = make<Replica>(9);
      FUZZ_REQUIRE(other.accept(after, 0));
      FUZZ_REQUIRE(bytes_of(other) == after);
    }
    if (i == 3) {
      (void)r.template write<setpoint>(1.5, wall, 2);
    }
  }
  r.abandon_catch_up();
  FUZZ_REQUIRE(!r.catching_up());
  const memory left = bytes_of(r);
  Replica other = make<Replica>(9);
  FUZZ_REQUIRE(other.accept(left, 0));
  FUZZ_REQUIRE(bytes_of(other) == left);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  if ((choice & 1) != 0) {
    run<state::replica<plant, tight>>(choice, in);
  } else {
    run<state::replica<plant, wide>>(choice, in);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  using node = state::replica<plant, wide>;
  const auto add = [&](const char* name, std::uint8_t choice, const node& from, std::size_t most) {
    memory seed{std::byte{choice}};
    node::source_type source;
    from.start_catch_up(source, 1);
    for (;;) {
      memory frame(most);
      const std::size_t n = from.next_chunk(source, frame).value();
      if (n == 0) {
        break;
      }
      seed.push_back(static_cast<std::byte>(n - 6));
      seed.insert(seed.end(), frame.begin() + 2, frame.begin() + static_cast<std::ptrdiff_t>(n - 4));
    }
    out.add(name, seed);
  };
  node a = make<node>(2);
  add("nothing", 0, a, 100);
  (void)a.write<setpoint>(19.25, wall, 1);
  (void)a.dec<stock>(2);
  add("one_frame", 2, a, 200);
  node b = make<node>(3);
  (void)b.write<setpoint>(20.25, wall, 1);
  (void)b.inc<starts>(2, 1, 1);
  (void)a.join(b);
  (void)a.remove<setpoint>(1);
  (void)a.write<mode>(3, wall, 2);
  add("some_frames", 0, a, 80);
  add("tight", 3, a, 90);
}
