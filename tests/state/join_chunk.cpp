// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/catch_up.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;
using bytes = std::vector<std::byte>;

namespace {

struct wider : roomy {
  static constexpr std::size_t links_max = 4;
};
/// Last in the order of texts, first in a catch-up.
struct horn {
  static constexpr state::path at{"zone/{line}/alarm"};
  using policy = state::keep_both<std::int32_t>;
  static constexpr bool urgent = true;
};
using node = state::replica<state::schema<setpoint, recipe, mode, starts, stock, horn>, wider>;
using source = node::source_type;
struct tight : wider {
  static constexpr std::size_t keys = 6;
  static constexpr std::size_t records = 7;
};
using tight_node = state::replica<node::schema_type, tight>;
struct listing : wider {
  static constexpr std::size_t members = 8;
};
using listing_node = state::replica<plant, listing>;

/// All frames of a catch-up of what the sender holds now, none longer than `most`.
std::vector<bytes> frames_of(const node& from, std::uint64_t salt, std::size_t most) {
  std::vector<bytes> all;
  source s;
  from.start_catch_up(s, salt);
  for (;;) {
    bytes frame(most);
    const auto n = from.next_chunk(s, frame);
    REQUIRE(n);
    if (n.value() == 0) {
      return all;
    }
    frame.resize(n.value());
    all.push_back(frame);
  }
}

/// Empty when the operation was refused.
bytes operate(node& n, skerry::splitmix64& rng, std::uint64_t now) {
  const auto line = static_cast<int>(rng() % 6);
  const auto made = [&]() -> skerry::result<state::delta_view> {
    switch (rng() % 8) {
      case 0: return n.write<setpoint>(static_cast<double>(rng() % 100), wall_ms{now}, line);
      case 1: return n.remove<setpoint>(line);
      case 2: return n.write<mode>(static_cast<std::int64_t>(rng() % 100), wall_ms{now}, line);
      case 3: return n.remove<mode>(line);
      case 4: return n.inc<starts>(1 + rng() % 5, line, 1);
      case 5: return n.write<horn>(static_cast<std::int32_t>(rng() % 9), wall_ms{now}, line);
      case 6: return n.remove<horn>(line);
      default: return n.dec<stock>(1 + rng() % 3);
    }
  }();
  return made ? copy(made.value().bytes()) : bytes{};
}

using event = std::pair<state::actor, std::uint64_t>;
std::set<event> live_in(const node& n) {
  std::set<event> all;
  n.store().for_each_key([&](auto slot) {
    n.store().records(slot).for_each([&all](const state::record_view& r) { all.insert({r.who, r.n}); });
  });
  return all;
}
std::set<std::string> keys_in(const node& n) {
  std::set<std::string> all;
  n.store().for_each_key([&](auto slot) {
    std::array<char, 64> text{};
    all.insert(std::string{text.data(), node::schema_type::write_text(n.store().key(slot), text)});
  });
  return all;
}

}  // namespace

TEST_CASE("a catch-up of any frame size ends where one join would") {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::array<node, 3> n{make<node>(1), make<node>(2), make<node>(3)};
    for (int i = 0; i < 60; ++i) {
      const std::size_t at = rng() % 3;
      operate(n[at], rng, 1'700'000'000'000 + static_cast<std::uint64_t>(i));
      if (rng() % 4 == 0) {
        (void)n[at].join(n[rng() % 3]);
      }
    }
    node expected = n[0];
    REQUIRE(expected.join(n[1]));
    for (const auto& frame : frames_of(n[1], seed, 90 + rng() % 400)) {
      const auto taken = n[0].take_chunk(frame, 0);
      REQUIRE(taken);
      if (rng() % 3 == 0) {
        REQUIRE(n[0].take_chunk(frame, 0).error() != errc::corrupt);
      }
    }
    CHECK_FALSE(n[0].catching_up());
    CHECK(bytes_of(n[0]) == bytes_of(expected));
  }
}

TEST_CASE("a catch-up between writes, other deltas, lost frames and lost contacts never shows what nobody had") {
  std::size_t lost = 0;
  std::size_t beside = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::uint64_t now = 1'700'000'000'000;
    node receiver = make<node>(1);
    node sender = make<node>(2);
    node third = make<node>(3);
    std::vector<bytes> old;  // what somebody may say once more at any time
    const auto meet = [&](node& a, node& b) { REQUIRE(a.join(b)); };
    for (int i = 0; i < 80; ++i) {
      node& at = rng() % 2 == 0 ? sender : (rng() % 2 == 0 ? third : receiver);
      bytes delta = operate(at, rng, ++now);
      if (!delta.empty()) {
        old.push_back(std::move(delta));
      }
      if (rng() % 6 == 0) {
        meet(sender, rng() % 3 == 0 ? receiver : third);
      }
      if (i < 20 && rng() % 5 == 0) {
        meet(receiver, sender);
      }
    }
    node expected = receiver;
    std::vector<bytes> since;  // what the sender has learnt since the catch-up began
    std::set<event> dead;
    std::set<event> before = live_in(receiver);
    std::set<std::string> held = keys_in(receiver);
    const auto look = [&](bool quiet) {
      const auto live = live_in(receiver);
      for (const event& e : before) {
        if (live.count(e) == 0) {
          dead.insert(e);
        }
      }
      for (const event& e : live) {
        CHECK(dead.count(e) == 0);
      }
      before = live;
      const auto keys = keys_in(receiver);
      const auto theirs = keys_in(sender);
      for (const auto& key : held) {
        CHECK((keys.count(key) > 0 || theirs.count(key) == 0 || !quiet));
      }
      held = keys;
      CHECK_FALSE(bytes_of(receiver).empty());
    };
    source s;
    sender.start_catch_up(s, seed);
    int steps = 0;
    for (; steps < 4000 && (s.active() || receiver.catching_up() || receiver.chunk_request().of != s.of()); ++steps) {
      const auto what = rng() % 16;
      if (what == 0) {
        const bytes delta = operate(sender, rng, ++now);
        if (!delta.empty()) {
          since.push_back(delta);
          if (rng() % 2 == 0) {
            REQUIRE(receiver.accept(delta, 0));
            REQUIRE(expected.accept(delta, 0));
          }
        }
        look(true);
      } else if (what == 1) {
        const bytes delta = operate(third, rng, ++now);
        if (!delta.empty()) {
          REQUIRE(receiver.accept(delta, 0));
          REQUIRE(expected.accept(delta, 0));
          ++beside;
          if (rng() % 2 == 0) {
            REQUIRE(sender.accept(delta, 0));
            since.push_back(delta);
          }
        }
        look(false);
      } else if (what == 2) {
        const bytes delta = operate(receiver, rng, ++now);
        if (!delta.empty()) {
          REQUIRE(expected.accept(delta, 0));
        }
        look(false);
      } else if (what == 4) {
        const bytes& delta = old[rng() % old.size()];
        REQUIRE(receiver.accept(delta, 0));
        REQUIRE(expected.accept(delta, 0));
        look(false);
      } else if (what == 3) {
        bytes frame(256);
        skerry::byte_writer out{frame};
        REQUIRE(receiver.chunk_request().encode(out));
        const auto request = state::catch_up_request::parse(out.written());
        REQUIRE(request);
        (void)s.on_request(request.value());
      } else {
        bytes frame(70 + rng() % 300);
        const auto n = sender.next_chunk(s, frame);
        if (!n) {
          continue;
        }
        frame.resize(n.value());
        if (n.value() == 0 || rng() % 5 == 0) {
          ++lost;
          if (s.on_request(receiver.chunk_request()).error() == errc::stale) {
            since.clear();
            sender.start_catch_up(s, seed + 1000U * lost);  // the receiver has heard nothing of this one
          }
          continue;
        }
        const auto taken = receiver.take_chunk(frame, 0);
        CHECK((taken || taken.error() == errc::gap || taken.error() == errc::stale));
        look(true);
      }
    }
    REQUIRE(steps < 4000);
    REQUIRE_FALSE(receiver.catching_up());
    for (const bytes& delta : since) {
      REQUIRE(receiver.accept(delta, 0));
      REQUIRE(expected.accept(delta, 0));
    }
    look(false);
    REQUIRE(expected.join(sender));
    CHECK((bytes_of(receiver) == bytes_of(expected)));
  }
  CHECK(lost > 200);
  CHECK(beside > 60);
}

// Found in histories of links: the sender was asked for its context once more, wrote meanwhile, and told it again; the chunk that it had
// sent before came after that, did not hold what was written, and said so that it was dead.
TEST_CASE("a chunk made before the context was told again does not kill what came in between") {
  node sender = make<node>(2);
  node receiver = make<node>(1);
  REQUIRE(sender.write<setpoint>(1.0, wall_ms{1000}, 1));
  source s;
  sender.start_catch_up(s, 5);
  std::array<bytes, 2> early{bytes(300), bytes(300)};
  for (bytes& frame : early) {
    const auto n = sender.next_chunk(s, frame);
    REQUIRE(n);
    REQUIRE(n.value() > 0);
    frame.resize(n.value());
  }
  const auto delta = sender.write<setpoint>(2.0, wall_ms{1001}, 2);
  REQUIRE(delta);
  const bytes later(delta.value().bytes().begin(), delta.value().bytes().end());
  REQUIRE(s.on_request({s.of(), 0, false, false, {}}));
  bytes again(300);
  const auto n = sender.next_chunk(s, again);
  REQUIRE(n);
  again.resize(n.value());
  REQUIRE(receiver.take_chunk(again, 0));
  CHECK(receiver.take_chunk(early[1], 0).error() == errc::stale);
  REQUIRE(receiver.accept(later, 0));
  bytes rest(300);
  for (auto size = sender.next_chunk(s, rest); size && size.value() > 0; size = sender.next_chunk(s, rest)) {
    REQUIRE(receiver.take_chunk(std::span{rest}.first(size.value()), 0));
  }
  CHECK_FALSE(receiver.catching_up());
  CHECK(receiver.read<setpoint>(1).value() == 1.0);
  CHECK(receiver.read<setpoint>(2).value() == 2.0);
}

TEST_CASE("a chunk that does not fit changes nothing, and fits later") {
  std::size_t refused = 0;
  std::size_t later = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    node sender = make<node>(2);
    tight_node receiver = make<tight_node>(1);
    for (int line = 0; line < 4; ++line) {
      REQUIRE(sender.write<setpoint>(1.0 + line, wall_ms{2'000'000'000'000}, line));
      REQUIRE(receiver.write<mode>(line, wall_ms{2'000'000'000'000}, line));
    }
    REQUIRE(sender.write<recipe>(3, wall_ms{2'000'000'000'001}));
    for (const bytes& frame : frames_of(sender, seed, 80 + rng() % 60)) {
      const bytes before = bytes_of(receiver);
      const auto request = receiver.chunk_request();
      auto taken = receiver.take_chunk(frame, 0);
      if (!taken) {
        ++refused;
        CHECK(taken.error() == errc::full);
        CHECK((receiver.lacking() == state::resource::keys || receiver.lacking() == state::resource::records));
        CHECK((bytes_of(receiver) == before));
        CHECK(receiver.chunk_request().cursor == request.cursor);
        (void)receiver.clear<mode>();
        taken = receiver.take_chunk(frame, 0);
        later += taken ? 1 : 0;
      }
      REQUIRE(taken);
    }
    CHECK_FALSE(receiver.catching_up());
    CHECK(receiver.read<setpoint>(3).value() == 4.0);
  }
  CHECK(refused > 0);
  CHECK(later == refused);
}

TEST_CASE("a chunk without its context, of another catch-up or out of turn is refused") {
  node sender = make<node>(2);
  node receiver = make<node>(1);
  for (int line = 0; line < 40; ++line) {
    REQUIRE(sender.inc<starts>(1, line, 1));
  }
  const auto first = frames_of(sender, 1, 120);
  const auto second = frames_of(sender, 2, 120);
  REQUIRE(first.size() > 4);
  CHECK(receiver.take_chunk(first[1], 0).error() == errc::stale);
  REQUIRE(receiver.take_chunk(first[0], 0));
  CHECK(receiver.take_chunk(first[2], 0).error() == errc::gap);
  CHECK(receiver.take_chunk(second[1], 0).error() == errc::stale);
  CHECK(receiver.store().record_count() == 0);
  REQUIRE(receiver.take_chunk(first[1], 0));
  CHECK(receiver.store().record_count() > 0);
  // Somebody else takes over: what was there stays and becomes part of the whole.
  for (const bytes& frame : second) {
    REQUIRE(receiver.take_chunk(frame, 0));
  }
  CHECK((bytes_of(receiver) == bytes_of(sender)));

  node left = make<node>(3);
  REQUIRE(left.take_chunk(first[0], 0));
  REQUIRE(left.take_chunk(first[1], 0));
  left.abandon_catch_up();
  CHECK_FALSE(left.catching_up());
  CHECK(left.read<starts>(0, 1).value() == 1);
  REQUIRE(left.join(sender));
  CHECK((bytes_of(left) == bytes_of(sender)));
}

TEST_CASE("urgent paths come first") {
  node sender = make<node>(2);
  node receiver = make<node>(1);
  for (int line = 0; line < 20; ++line) {
    REQUIRE(sender.write<setpoint>(1.0, wall_ms{2'000'000'000'000}, line));
  }
  REQUIRE(sender.write<horn>(7, wall_ms{2'000'000'000'000}, 1));
  bool seen = false;
  for (const bytes& frame : frames_of(sender, 1, 160)) {
    REQUIRE(receiver.take_chunk(frame, 0));
    seen = seen || (receiver.read<horn>(1) && !receiver.read<setpoint>(0));
  }
  CHECK(seen);
  CHECK((bytes_of(receiver) == bytes_of(sender)));
}

TEST_CASE("a node with a roster is brought up to date as well") {
  const auto sender = std::make_unique<listing_node>(make<listing_node>(2));
  const auto receiver = std::make_unique<listing_node>(make<listing_node>(1));
  REQUIRE(sender->inc<stock>(4));
  listing_node::source_type s;
  sender->start_catch_up(s, 1);
  for (std::size_t n = 1; n > 0;) {
    bytes frame(200);
    n = sender->next_chunk(s, frame).value();
    REQUIRE((n == 0 || receiver->take_chunk(std::span{frame}.first(n), 0)));
  }
  CHECK(receiver->read<stock>().value() == 4);
}
