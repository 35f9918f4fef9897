// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/crc32c.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/scoped_replica.hpp>

#include "fuzz/fuzz.hpp"

#include <array>
#include <string_view>
#include <vector>

// A node of two scopes hears frames of them, of one that it does not carry, and of none, as files and over a link. A refused one leaves
// every byte as it was, a taken one says nothing new the second time, and none touches another scope than its own; all scopes go on as
// one life.
//
// Input: for each frame a byte (its low two bits: of which scope, 2: of one that is not carried, 3: as it is; bit 2: over the link; bit 3:
// no checksum is put behind it; bit 4: "I do not carry this scope"), its length (0: all that is left), and its bytes.
namespace {

namespace state = skerry::state;
using skerry::wall_ms;
using skerry_fuzz::bytes;

struct target {
  static constexpr state::path at{"press/target/{line}"};
  using policy = state::lww<std::int64_t>;
};
struct made {
  static constexpr state::path at{"press/made"};
  using policy = state::pn_counter;
};
struct note {
  static constexpr state::path at{"oven/note"};
  using policy = state::keep_both<std::int64_t>;
};
struct heat {
  static constexpr state::path at{"heat"};
  using policy = state::lww<double>;
};
struct small : state::limits::firmware {
  static constexpr std::size_t actors = 6;
  static constexpr std::size_t keys = 6;
  static constexpr std::size_t records = 12;
  static constexpr std::size_t ranges = 6;
};
struct press {
  static constexpr std::string_view name = "press";
  using paths = state::schema<target, made>;
  using limits = small;
};
struct oven {
  static constexpr std::string_view name = "oven";
  using paths = state::schema<note>;
  using limits = small;
};
struct hall {
  static constexpr std::string_view name = "hall";
  using paths = state::schema<heat>;
  using limits = small;
};
using node = state::scoped_replica<press, oven>;
using stranger = state::scoped_replica<oven, hall>;

constexpr wall_ms today{1'790'000'000'000};

template <typename Node>
Node make(std::uint64_t id) {
  skerry::splitmix64 rng{id};
  Node n;
  FUZZ_REQUIRE(Node::create(n, id, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
  return n;
}
template <typename S, typename Node>
std::vector<std::byte> of(const Node& n) {
  std::vector<std::byte> all(4096);
  skerry::byte_writer out{all};
  FUZZ_REQUIRE(n.template encode<S>(out));
  all.resize(out.written().size());
  return all;
}
std::vector<std::byte> copy(const skerry::result<state::delta_view>& d) {
  FUZZ_REQUIRE(d);
  return {d.value().bytes().begin(), d.value().bytes().end()};
}
node prior() {
  node n = make<node>(1);
  (void)n.write<target>(7, today, 1);
  (void)n.inc<made>(3);
  (void)n.write<note>(5, today);
  return n;
}

std::vector<std::byte> tagged(std::uint8_t choice, bytes given) {
  std::vector<std::byte> frame;
  const auto put = [&frame](std::uint32_t word) {
    for (unsigned b = 0; b < 4; ++b) {
      frame.push_back(static_cast<std::byte>(word >> 8 * b));
    }
  };
  const std::array<std::uint32_t, 3> tags{state::scope_tag<press>, state::scope_tag<oven>, state::scope_tag<hall>};
  const std::size_t which = choice & 3;
  if (which < tags.size()) {
    put(tags[which]);
    if ((choice & 16) != 0) {
      put(~tags[which]);
      return frame;
    }
  }
  frame.insert(frame.end(), given.begin(), given.end());
  if ((choice & 8) == 0) {
    put(skerry::crc32c(given));
  }
  return frame;
}

void hear_out(node& n, state::link_id link, std::uint32_t now) {
  for (int frames = 0;; ++frames) {
    FUZZ_REQUIRE(frames < 200);
    std::array<std::byte, 300> room{};
    const auto size = n.poll(link, now, room);
    if (!size || size.value() == 0) {
      return;
    }
    FUZZ_REQUIRE(size.value() <= room.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const node known = prior();
  node n = known;
  skerry::splitmix64 rng{9};
  FUZZ_REQUIRE(n.as_new_life(rng));
  const auto opened = n.connect(2, {}, 0);
  FUZZ_REQUIRE(opened);
  const state::link_id link = opened.value();
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  for (std::uint32_t i = 0; i < 8 && !in.rest().empty(); ++i) {
    const std::uint8_t choice = in.byte();
    const std::size_t length = in.byte();
    const std::vector<std::byte> frame = tagged(choice, in.take(length == 0 ? in.rest().size() : length));
    const bool by_link = (choice & 4) != 0;
    const auto press_before = of<press>(n);
    const auto oven_before = of<oven>(n);
    const auto done = by_link ? n.receive(link, frame, i) : n.accept(frame, i);
    FUZZ_REQUIRE(done || (of<press>(n) == press_before && of<oven>(n) == oven_before));
    FUZZ_REQUIRE((choice & 3) == 0 || (choice & 3) == 3 || of<press>(n) == press_before);
    FUZZ_REQUIRE((choice & 3) == 1 || (choice & 3) == 3 || of<oven>(n) == oven_before);
    FUZZ_REQUIRE((choice & 3) != 2 || !done);
    if (done && !by_link) {
      const auto press_after = of<press>(n);
      const auto oven_after = of<oven>(n);
      const auto again = n.accept(frame, i);
      FUZZ_REQUIRE(again && again.value().added == 0 && again.value().removed == 0);
      FUZZ_REQUIRE(of<press>(n) == press_after && of<oven>(n) == oven_after);
    }
    FUZZ_REQUIRE(n.in<press>().self() == n.self() && n.in<oven>().self() == n.self());
    hear_out(n, link, i);
  }
  // It goes on writing, as one life, or says why not.
  (void)n.write<note>(6, today);
  (void)n.inc<made>(1);
  (void)n.write<target>(8, today, 2);
  FUZZ_REQUIRE(n.in<press>().self() == n.self() && n.in<oven>().self() == n.self());
  n.disconnect(link);
  // What it knows fits where nothing is yet.
  node fresh = make<node>(3);
  FUZZ_REQUIRE(fresh.accept(of<press>(n), 0) && fresh.accept(of<oven>(n), 0));
  FUZZ_REQUIRE(of<press>(fresh) == of<press>(n) && of<oven>(fresh) == of<oven>(n));
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  const auto entry = [](std::uint8_t choice, const std::vector<std::byte>& frame) {
    std::vector<std::byte> e{std::byte{choice}, static_cast<std::byte>(frame.size() - 8)};
    e.insert(e.end(), frame.begin() + 4, frame.end() - 4);  // without tag and checksum
    return e;
  };
  node other = make<node>(4);
  const auto first = entry(0, copy(other.write<target>(11, today, 1)));
  const auto counted = entry(0, copy(other.inc<made>(2)));
  const auto noted = entry(1, copy(other.write<note>(9, today)));
  stranger far = make<stranger>(5);
  const auto strange = entry(2, copy(far.write<heat>(20.5, today)));
  std::vector<std::byte> all;
  for (const auto& e : {noted, strange, counted, first}) {
    all.insert(all.end(), e.begin(), e.end());
  }
  out.add("press", first);
  out.add("counted", counted);
  out.add("oven", noted);
  out.add("not_carried", strange);
  out.add("turned", all);
  out.add("everything", entry(0, of<press>(other)));
  out.add("own_life", entry(1, of<oven>(prior())));
  out.add("refusals", std::vector<std::byte>{std::byte{0x14}, std::byte{1}, std::byte{0}, std::byte{0x15}, std::byte{1}, std::byte{0}});
  const auto id = far.connect(1, {}, 0);
  FUZZ_REQUIRE(id);
  std::array<std::byte, 300> room{};
  std::vector<std::byte> hellos;
  for (;;) {
    const auto size = far.poll(id.value(), 0, room);
    if (!size || size.value() == 0) {
      break;
    }
    const std::vector<std::byte> frame(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size.value()));
    const auto e = entry(skerry::byte_reader{frame}.u32() == state::scope_tag<oven> ? 5 : 6, frame);
    hellos.insert(hellos.end(), e.begin(), e.end());
  }
  out.add("hellos", hellos);
}
