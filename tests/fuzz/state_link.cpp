// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/link.hpp>

#include "fuzz/fuzz.hpp"
#include "state/link_mesh.hpp"

#include <array>
#include <memory>
#include <vector>

// A link with anybody: after an honest hello, frames of all kinds with the seal of the contact, hellos with their checksum, and frames as
// they come. A frame that is refused leaves every byte as it was; whatever was said to it, a node falls silent at one instant, within the
// room that it is given; and it goes on writing.
//
// Input: for each frame a byte (its low two bits: 0 sealed, of the kind in the high four; 1 a hello; 2 as it is; 3 an own write, or time
// that passes), for a sealed one its flags, its length (0: all that is left) and its bytes.
namespace {

using namespace skerry_test::mesh;
using skerry::wall_ms;
using skerry_fuzz::bytes;
using node = net<limits>::replica;

constexpr std::uint64_t wall = 1767225600000;

/// Two nodes that know something of each other, and greet each other over a new link.
struct pair {
  std::array<node, 2> nodes{};
  std::array<state::link_id, 2> links{};
  state::detail::contact to_first{};

  pair() {
    skerry::splitmix64 rng{5};
    for (std::size_t i = 0; i < 2; ++i) {
      (void)node::create(nodes[i], 100 + i, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
    }
    for (int i = 0; i < 4; ++i) {
      (void)nodes[0].write<level>(i + 0.5, wall_ms{wall}, i);
      (void)nodes[0].add<alarms>(i);
    }
    (void)nodes[0].remove<level>(2);
    (void)nodes[1].write<mode>(3, wall_ms{wall}, 1);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto id = nodes[i].connect(100 + (1 - i), {}, 0);
      FUZZ_REQUIRE(id);
      links[i] = id.value();
    }
    std::array<std::byte, 256> room{};
    for (int turn = 0; turn < 3; ++turn) {
      const auto i = static_cast<std::size_t>(turn % 2);
      const auto size = nodes[i].poll(links[i], 0, room);
      FUZZ_REQUIRE(size && size.value() > 0);
      const auto frame = std::span<const std::byte>{room}.first(size.value());
      FUZZ_REQUIRE(nodes[1 - i].receive(links[1 - i], frame, 0));
      if (const auto said = state::detail::hello::decode(frame)) {
        (i == 0 ? to_first.receiver : to_first.sender) = said.value().nonce;
      }
    }
  }
};

std::vector<std::byte> bytes_of(const node& r) {
  std::vector<std::byte> out(16384);
  skerry::byte_writer w{out};
  FUZZ_REQUIRE(r.encode(w));
  out.resize(w.written().size());
  return out;
}

/// All that a node has to say now; the last frame of it.
std::vector<std::byte> hear_out(node& r, state::link_id link, std::uint32_t now, std::size_t room) {
  std::vector<std::byte> last;
  for (int frames = 0;; ++frames) {
    FUZZ_REQUIRE(frames < 200);
    std::vector<std::byte> out(room);
    const auto size = r.poll(link, now, out);
    if (!size || size.value() == 0) {
      return last;
    }
    FUZZ_REQUIRE(size.value() <= room);
    last.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size.value()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto p = std::make_unique<pair>();
  node& r = p->nodes[0];
  const state::link_id link = p->links[0];
  skerry_fuzz::taker in{skerry_fuzz::view(data, size)};
  std::uint32_t now = 1;
  for (int i = 0; i < 24 && !in.rest().empty(); ++i) {
    const std::uint8_t choice = in.byte();
    if ((choice & 3) == 3) {
      now += 1U << (choice >> 4);
      (void)r.write<level>(i, wall_ms{wall + now}, choice >> 2 & 3);
    } else {
      std::vector<std::byte> frame;
      const std::uint8_t flags = (choice & 3) == 0 ? in.byte() : std::uint8_t{0};
      const std::size_t length = in.byte();
      const bytes given = in.take(length == 0 ? in.rest().size() : length);
      if ((choice & 3) == 0) {
        frame.resize(given.size() + 6);
        skerry::byte_writer w{frame};
        const auto head = static_cast<std::byte>(state::wire::version << 4 | choice >> 4);
        if (state::detail::is_plain(head)) {
          w.u8(std::to_integer<std::uint8_t>(head));
        } else {
          state::detail::begin_frame(w, static_cast<state::frame_kind>(choice >> 4), flags);
        }
        w.bytes(given);
        frame.resize(state::detail::seal_frame(frame, w.written().size(), p->to_first));
      } else {
        frame.assign(given.begin(), given.end());
        if ((choice & 3) == 1) {
          const std::uint32_t crc = skerry::crc32c(frame);
          for (int b = 0; b < 4; ++b) {
            frame.push_back(static_cast<std::byte>(crc >> 8 * b));
          }
        }
      }
      const auto before = bytes_of(r);
      if (!r.receive(link, frame, now)) {
        FUZZ_REQUIRE(bytes_of(r) == before);
      }
    }
    (void)hear_out(r, link, now, 128 + 40 * static_cast<std::size_t>(i));
  }
  r.disconnect(link);
  FUZZ_REQUIRE(!r.poll(link, now, {}));
  FUZZ_REQUIRE(!bytes_of(r).empty());
  return 0;
}

void skerry_fuzz::write_seeds(const seed_folder& out) {
  // What an honest peer says to the node: one kind of frame each, and then a whole conversation.
  std::vector<std::byte> all;
  std::array<bool, 16> seen{};
  const auto note = [&](bytes frame) {
    const auto kind = std::to_integer<std::uint8_t>(frame[0]) & 0xfU;
    std::vector<std::byte> entry;
    if (kind == static_cast<unsigned>(state::frame_kind::hello)) {
      entry = {std::byte{1}, static_cast<std::byte>(frame.size() - 4)};
      entry.insert(entry.end(), frame.begin(), frame.end() - 4);
    } else if (state::detail::is_plain(frame[0])) {
      entry = {static_cast<std::byte>(kind << 4), std::byte{0}, static_cast<std::byte>(frame.size() - 3)};
      entry.insert(entry.end(), frame.begin() + 1, frame.end() - 2);
    } else {
      entry = {static_cast<std::byte>(kind << 4), frame[1], static_cast<std::byte>(frame.size() - 4)};
      entry.insert(entry.end(), frame.begin() + 2, frame.end() - 2);
    }
    if (!seen[kind]) {
      seen[kind] = true;
      out.add("kind_" + std::to_string(kind), entry);
    }
    if (all.size() + entry.size() <= 190) {
      all.insert(all.end(), entry.begin(), entry.end());
    }
  };
  const auto p = std::make_unique<pair>();
  std::uint32_t now = 1;
  for (int round = 0; round < 60; ++round, now += 40) {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      std::array<std::byte, 200> room{};
      for (;;) {
        const auto size = p->nodes[i].poll(p->links[i], now, room);
        if (!size || size.value() == 0) {
          break;
        }
        const auto frame = std::span<const std::byte>{room}.first(size.value());
        if (i == 1) {
          note(frame);
        }
        (void)p->nodes[1 - i].receive(p->links[1 - i], frame, now);
      }
    }
    if (round % 8 == 7) {
      (void)p->nodes[1].write<level>(round, wall_ms{wall + now}, round / 8 % 3);
    }
    if (round == 15) {
      (void)p->nodes[0].write<level>(round, wall_ms{wall + now}, 1);
    }
    if (round == 40) {
      node again = p->nodes[1];  // a copy has forgotten its contacts
      skerry::splitmix64 rng{6};
      (void)again.as_new_life(rng);
      p->nodes[1] = std::move(again);
      p->links[1] = p->nodes[1].connect(100, {}, now).value();
    }
  }
  out.add("conversation", all);
  out.add("names_are_unknown", std::vector<std::byte>{std::byte{0x90}, std::byte{0}, std::byte{1}, std::byte{1}, std::byte{0x13}});
  out.add("context_is_wanted", std::vector<std::byte>{std::byte{0x90}, std::byte{0}, std::byte{14}, std::byte{0}, std::byte{3},
                                                      std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}, std::byte{2},
                                                      std::byte{3}, std::byte{4}, std::byte{5}, std::byte{6}, std::byte{7}, std::byte{8}});
}
