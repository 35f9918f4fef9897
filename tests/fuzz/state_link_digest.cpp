// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/link_digest.hpp>

#include "fuzz/fuzz.hpp"
#include "state/plant.hpp"

#include <memory>
#include <vector>

// A repair with anybody: bodies of frames of the kinds digest, symbols and want, between an honest conversation's own. Events and records
// come in through `accept` alone, so a frame that it refuses leaves every byte as it was; and what a node tells is never more than
// the room it is given.
//
// Input: a byte (1: the node asks; 2: it has no symbols), then for each frame its kind (digest, symbols, want, or what the node itself said
// last, sent back), its length (0: all that is left) and its bytes.
namespace {

using namespace skerry_test;
namespace state = skerry::state;
using skerry_fuzz::bytes;

using replica = state::replica<plant, roomy>;
constexpr auto text_of = [](const state::key_ref& key, std::span<char> out) { return plant::write_text(key, out); };
constexpr skerry::wall_ms wall{1767225600000};

replica prior() {
  replica r = make<replica>(1);
  for (int i = 0; i < 12; ++i) {
    (void)r.write<setpoint>(i + 0.5, wall, i);
  }
  (void)r.remove<setpoint>(3);
  return r;
}

template <std::size_t Symbols>
void run(bool asks, bytes in) {
  static const replica before = prior();
  using digest = state::detail::link_digest<replica::store_type, 96, Symbols>;
  replica r = before;
  const auto d = std::make_unique<digest>();
  if (asks) {
    (void)d->start(1, 7, r.store(), text_of);
  }
  const auto accept = [&r](std::span<const std::byte> frame) { return r.accept(frame, 0); };
  std::vector<std::byte> said;
  skerry_fuzz::taker frames{in};
  for (int i = 0; i < 12 && !frames.rest().empty(); ++i) {
    const unsigned choice = frames.byte() & 3U;
    const auto kind = choice == 0 ? state::frame_kind::digest : (choice == 1 ? state::frame_kind::symbols : state::frame_kind::want);
    std::vector<std::byte> body = said;
    if (choice != 3) {
      const std::size_t length = frames.byte();
      const bytes given = frames.take(length == 0 ? frames.rest().size() : length);
      body.assign(given.begin(), given.end());
    }
    const auto state_before = bytes_of(r);
    if (!d->receive(1, kind, body, r.store(), text_of, accept)) {
      FUZZ_REQUIRE(bytes_of(r) == state_before);
    }
    for (int polls = 0; polls < 40; ++polls) {
      std::vector<std::byte> out(digest::least_frame + 60 * static_cast<std::size_t>(i));
      skerry::byte_writer w{out};
      const auto told = d->poll(1, w, r.store(), text_of);
      if (!told) {
        break;
      }
      FUZZ_REQUIRE(w.error() == skerry::errc::ok);
      said.assign(w.written().begin(), w.written().end());
    }
  }
  d->drop(1);
  FUZZ_REQUIRE(!d->has_news(1));
  FUZZ_REQUIRE(!bytes_of(r).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  const std::uint8_t choice = in.byte();
  if ((choice & 2) != 0) {
    run<0>(false, in.rest());
  } else {
    run<32>((choice & 1) != 0, in.rest());
  }
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  using digest = state::detail::link_digest<replica::store_type, 96, 32>;
  // A conversation between the node and a peer that holds something else: what the peer says is the seed.
  const auto talk = [&](bool node_asks, const char* name) {
    replica mine = prior();
    replica theirs = make<replica>(2);
    (void)theirs.accept(bytes_of(mine), 0);
    (void)theirs.write<setpoint>(9.5, wall, 40);
    (void)mine.write<setpoint>(8.5, wall, 41);
    digest m;
    digest t;
    (void)(node_asks ? m.start(1, 7, mine.store(), text_of) : t.start(1, 7, theirs.store(), text_of));
    std::vector<std::byte> seed{node_asks ? std::byte{1} : std::byte{0}};
    for (int i = 0; i < 20; ++i) {
      const auto step = [&](digest& from, const replica& from_r, digest& to, replica& to_r, bool keep) {
        std::vector<std::byte> room(200);
        skerry::byte_writer w{room};
        const auto kind = from.poll(1, w, from_r.store(), text_of);
        if (!kind) {
          return;
        }
        const auto accept = [&to_r](std::span<const std::byte> frame) { return to_r.accept(frame, 0); };
        (void)to.receive(1, kind.value(), w.written(), to_r.store(), text_of, accept);
        if (keep && seed.size() + w.written().size() < 190) {
          seed.push_back(kind.value() == state::frame_kind::digest
                             ? std::byte{0}
                             : (kind.value() == state::frame_kind::symbols ? std::byte{1} : std::byte{2}));
          seed.push_back(static_cast<std::byte>(w.written().size()));
          seed.insert(seed.end(), w.written().begin(), w.written().end());
        }
      };
      step(m, mine, t, theirs, false);
      step(t, theirs, m, mine, true);
    }
    out.add(name, seed);
  };
  talk(true, "the_node_asks");
  talk(false, "the_peer_asks");
  out.add("wishes", std::vector<std::byte>{std::byte{2}, std::byte{2}, std::byte{0}, std::byte{18}, std::byte{5}});
  out.add("echo", std::vector<std::byte>{std::byte{1}, std::byte{3}, std::byte{3}, std::byte{3}, std::byte{0}, std::byte{0}});
}
