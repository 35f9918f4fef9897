// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>
#include <skerry/state/image.hpp>

#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <algorithm>
#include <vector>

// Images and logs from anywhere: a refused one leaves a fresh replica, one that opens can be written again and opened again.
//
// Input: a byte that chooses the replica, one with the number of frames of the image, then for each frame two bytes of length and its
// body. Lengths, heads and checksums are put around them here, and so is what the trailer says about the bytes before it, or no fuzzer
// would ever get past it. Frames behind the image's are those of the log. Bit 7 of the first byte hands the rest over as it is.
namespace {

using namespace skerry_test;
using namespace skerry_test::works;
namespace state = skerry::state;
using skerry_fuzz::bytes;
using memory = std::vector<std::byte>;

using paths = state::schema<setpoint, recipe, mode, starts, stock, alarms>;

struct wide : roomy {
  static constexpr std::size_t links_max = 2;
  static constexpr std::size_t block_bytes = 64;
};
struct tight : state::limits::firmware {
  static constexpr std::size_t actors = 4;
  static constexpr std::size_t keys = 5;
  static constexpr std::size_t records = 7;
  static constexpr std::size_t ranges = 3;
};

constexpr std::byte head{0x14};
constexpr std::byte flags{0x02};

void store(memory& to, const memory& frame) {
  std::array<std::byte, 4> length{};
  skerry::byte_writer out{length};
  out.u32(static_cast<std::uint32_t>(frame.size()));
  to.insert(to.end(), length.begin(), length.end());
  to.insert(to.end(), frame.begin(), frame.end());
}
memory framed(bytes body) {
  memory frame{head, flags};
  frame.insert(frame.end(), body.begin(), body.end());
  std::array<std::byte, 4> checksum{};
  skerry::byte_writer out{checksum};
  out.u32(skerry::crc32c(frame));
  frame.insert(frame.end(), checksum.begin(), checksum.end());
  return frame;
}
/// A trailer's body behind what it says about the bytes before it.
memory sealed(bytes body, const memory& image) {
  memory whole(64);
  skerry::byte_writer out{whole};
  out.u8(static_cast<std::uint8_t>(state::chunk_part::trailer));
  out.varint(image.size());
  std::uint64_t checksum = 0;
  for (bytes rest = image; !rest.empty();) {
    checksum = state::detail::fold_frame(checksum, state::detail::next_stored(rest));
  }
  out.u64(checksum);
  whole.resize(out.written().size());
  const bytes rest = body.size() > 1 ? body.subspan(1) : bytes{};
  whole.insert(whole.end(), rest.begin(), rest.end());
  return whole;
}

template <typename Replica>
memory image_of(const Replica& r) {
  memory image(65536);
  state::snapshot_cursor at;
  const auto n = r.snapshot(at, image);
  FUZZ_REQUIRE(n && at.done());
  image.resize(n.value());
  return image;
}

template <typename Replica>
void run(std::uint8_t choice, const memory& image, const memory& log) {
  skerry::splitmix64 rng{choice};
  Replica r;
  if ((choice & 2) != 0) {
    (void)Replica::create(r, 1, state::role::device, (choice & 4) != 0 ? state::epoch_rule::durable : state::epoch_rule::every_open, {},
                          rng, 0);
  }
  const state::actor before = r.self();
  state::image_reader reader{image, log, 2};
  if (!r.open(reader, rng, 0)) {
    FUZZ_REQUIRE(r.self() == before && r.store().actors().size() == 0 && r.store().record_count() == 0);
    FUZZ_REQUIRE(r.counters().operations == 0);
    return;
  }
  const memory again = image_of(r);
  Replica back;
  state::image_reader second{again};
  FUZZ_REQUIRE(back.open(second, rng, 0));
  FUZZ_REQUIRE(bytes_of(back) == bytes_of(r));
  FUZZ_REQUIRE(r.to_persist().bytes.empty());
  if (r.template inc<stock>(1)) {
    const auto request = r.to_persist();
    FUZZ_REQUIRE(request.snapshot || !request.bytes.empty());
    if (!request.snapshot) {
      const memory more = copy(request.bytes);
      Replica third;
      state::image_reader with_log{again, more};
      // Other runs have other numbers: what follows the image of this one is not what follows that of another.
      (void)third.open(with_log, rng, 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  memory image;
  memory log;
  if ((choice & 0x80) != 0) {
    const bytes rest = in.rest();
    image.assign(rest.begin(), rest.end());
    log = image;
  } else {
    const std::uint8_t frames = in.byte();
    for (std::size_t i = 0; !in.rest().empty(); ++i) {
      const bytes body = in.take(in.number(2));
      if (i + 1 < frames) {
        store(image, framed(body));
      } else if (i + 1 == frames) {
        store(image, framed(sealed(body, image)));
      } else {
        store(log, framed(body));
      }
    }
  }
  if ((choice & 1) != 0) {
    run<state::replica<paths, tight>>(choice, image, log);
  } else {
    run<state::replica<paths, wide>>(choice, image, log);
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  using node = state::replica<paths, wide>;
  constexpr skerry::wall_ms wall{1767225600000};
  const auto body_of = [](bytes frame) { return memory{frame.begin() + 2, frame.end() - 4}; };
  const auto put = [](memory& seed, const memory& body) {
    seed.push_back(static_cast<std::byte>(body.size() & 0xff));
    seed.push_back(static_cast<std::byte>(body.size() >> 8));
    seed.insert(seed.end(), body.begin(), body.end());
  };
  const auto add = [&](const char* name, std::uint8_t choice, const memory& image, const memory& log) {
    std::vector<memory> bodies;
    for (bytes rest = image; !rest.empty();) {
      bodies.push_back(body_of(state::detail::next_stored(rest)));
    }
    memory seed{std::byte{choice}, static_cast<std::byte>(bodies.size())};
    // The trailer loses what it says about the bytes before it.
    const std::size_t said = 1 + skerry::varint_size(image.size() - 4 - bodies.back().size() - 6) + 8;
    bodies.back().erase(bodies.back().begin() + 1, bodies.back().begin() + static_cast<std::ptrdiff_t>(said));
    for (const memory& body : bodies) {
      put(seed, body);
    }
    for (bytes rest = log; !rest.empty();) {
      put(seed, body_of(state::detail::next_stored(rest)));
    }
    out.add(name, seed);
  };
  node a = make<node>(1);
  add("nothing", 2, image_of(a), {});
  (void)a.write<setpoint>(19.25, wall, 1);
  (void)a.inc<starts>(2, 1, 1);
  state::snapshot_cursor at;
  memory image(4096);
  image.resize(a.snapshot(at, image).value());
  a.persisted(at);
  add("some", 0, image, {});
  add("tight", 3, image, {});
  (void)a.remove<setpoint>(1);
  (void)a.write<mode>(4, wall, 2);
  memory log = copy(a.to_persist().bytes);
  a.persisted(a.at());
  (void)a.add<alarms>("dry", 3);
  const memory more = copy(a.to_persist().bytes);
  log.insert(log.end(), more.begin(), more.end());
  add("with_log", 2, image, log);
  node b = make<node>(2);
  (void)b.inc<starts>(2, 7, 1);
  (void)b.inc<starts>(2, 8, 1);
  node::source_type source;
  b.start_catch_up(source, 1);
  memory frame(70);
  (void)a.take_chunk(std::span{frame}.first(b.next_chunk(source, frame).value()), 0);
  (void)a.take_chunk(std::span{frame}.first(b.next_chunk(source, frame).value()), 0);
  add("catching_up", 0, image_of(a), {});
  memory raw = image_of(make<node>(3));
  raw.insert(raw.begin(), std::byte{0x80});
  out.add("raw", raw);
}
