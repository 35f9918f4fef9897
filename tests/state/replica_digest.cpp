// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/random.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

// Repairs over links: what neither the log nor a comparison of contexts can tell.

namespace {

constexpr wall_ms wall{1767225600000};
/// With so many symbols a node is small.
constexpr std::size_t small = 8;

template <std::size_t Symbols>
struct linked : state::limits::firmware {
  static constexpr std::size_t actors = 8;
  static constexpr std::size_t keys = Symbols == small ? 50 : 700;
  static constexpr std::size_t records = Symbols == small ? 60 : 760;
  static constexpr std::size_t ranges = 64;
  static constexpr std::size_t links_max = 2;
  static constexpr std::size_t digest_symbols = Symbols;
};
template <std::size_t Symbols>
using node = state::replica<plant, linked<Symbols>>;

/// Two replicas and a line between them that may lose, repeat and hold back frames.
template <typename A, typename B>
struct line {
  A& a;
  B& b;
  skerry::splitmix64 rng;
  std::uint32_t loss_percent = 0;
  std::size_t mtu = 1200;
  std::uint32_t now = 0;
  std::size_t bytes = 0;
  std::size_t frames = 0;
  std::array<std::size_t, 16> kinds{};
  state::link_id to_b{}, to_a{};

  void meet() {
    to_b = a.connect(b.self().id, {}, now).value();
    to_a = b.connect(a.self().id, {}, now).value();
  }
  void part() {
    a.disconnect(to_b);
    b.disconnect(to_a);
  }
  /// Both part and forget what they know of each other: others needed the place.
  void lose() {
    part();
    for (const std::uint64_t other : {70U, 71U}) {
      a.disconnect(a.connect(other, {}, now).value());
      b.disconnect(b.connect(other + 10, {}, now).value());
    }
  }
  template <typename From, typename To>
  bool pass(From& from, state::link_id out_link, To& to, state::link_id in_link) {
    std::vector<std::byte> room(mtu);
    const auto size = from.poll(out_link, now, room);
    REQUIRE(size);
    if (size.value() == 0) {
      return false;
    }
    bytes += size.value();
    ++frames;
    ++kinds[std::to_integer<std::size_t>(room[0]) & 15];
    const auto dice = [this] { return skerry::uniform_below(rng, 100) < loss_percent; };
    for (int times = dice() ? 0 : (dice() ? 2 : 1); times > 0; --times) {
      (void)to.receive(in_link, std::span{room}.first(size.value()), now);
    }
    return true;
  }
  /// Until neither has anything to say and no deadline is left, or for so many steps.
  void run(int steps = 4000) {
    for (int i = 0; i < steps; ++i) {
      const bool said = pass(a, to_b, b, to_a);
      const bool answered = pass(b, to_a, a, to_b);
      if (said || answered) {
        continue;
      }
      if (!a.next_deadline() && !b.next_deadline()) {
        return;
      }
      now += 500;
    }
    FAIL("the line does not come to rest");
  }
};

/// `at` removes a key; the other one hears that something happened, but not what died.
template <typename A, typename B>
void remove_unheard(A& at, B& other, int key) {
  const std::uint64_t n = at.store().next(at.self());
  REQUIRE(at.template remove<setpoint>(key));
  REQUIRE(other.accept(forged_frame{}.covers(at.self(), n, n).bytes(), 0));
}

template <std::size_t S, std::size_t T>
struct couple {
  std::unique_ptr<node<S>> a = std::make_unique<node<S>>(make<node<S>>(1));
  std::unique_ptr<node<T>> b = std::make_unique<node<T>>(make<node<T>>(2));
  line<node<S>, node<T>> between{*a, *b, skerry::splitmix64{1}};

  void write(int keys) {
    for (int i = 0; i < keys; ++i) {
      if (i % 2 == 0) {
        REQUIRE(a->template write<setpoint>(i + 0.25, wall, i));
      } else {
        REQUIRE(b->template write<setpoint>(i + 0.25, wall, i));
      }
    }
  }
  [[nodiscard]] bool agree() const {
    return bytes_of(*a) == bytes_of(*b) && a->content_hash() == b->content_hash() && a->context_hash() == b->context_hash();
  }
};

}  // namespace

TEST_CASE("links find and repair what a removal left behind, by digest, whichever side can ask", "[state][replica_digest]") {
  const auto check = [](auto pair, bool asks) {
    auto& line = pair.between;
    line.meet();
    pair.write(60);
    line.run();
    REQUIRE(pair.agree());
    remove_unheard(*pair.a, *pair.b, 4);
    remove_unheard(*pair.b, *pair.a, 7);
    REQUIRE(!pair.agree());
    line.lose();
    line.kinds = {};
    line.meet();
    line.run();
    CHECK(pair.agree());
    CHECK(pair.a->template read<setpoint>(4).error() == errc::absent);
    CHECK(pair.b->template read<setpoint>(4).error() == errc::absent);
    CHECK(pair.a->template read<setpoint>(7).error() == errc::absent);
    CHECK((line.kinds[static_cast<std::size_t>(state::frame_kind::digest)] > 0) == asks);
  };
  check(couple<64, 64>{}, true);
  check(couple<64, 0>{}, true);
  check(couple<0, 64>{}, true);
  check(couple<0, 0>{}, false);  // then everything is told again
}

TEST_CASE("a removal whose memory was needed for something else reaches the peer all the same", "[state][replica_digest]") {
  couple<small, 64> pair;
  auto& line = pair.between;
  line.meet();
  pair.write(48);
  line.run();
  REQUIRE(pair.agree());
  line.part();
  for (int key = 0; key < 30; key += 2) {
    REQUIRE(pair.a->remove<setpoint>(key));
  }
  for (int key = 1000; key < 1015; ++key) {  // two places are free, fifteen keys are dead
    REQUIRE(pair.a->write<setpoint>(1.0, wall, key));
  }
  line.kinds = {};
  line.meet();
  line.run();
  CHECK(pair.agree());
  CHECK(pair.b->read<setpoint>(0).error() == errc::absent);
  CHECK(pair.b->read<setpoint>(28).error() == errc::absent);
  CHECK(pair.b->read<setpoint>(1014).value() == 1.0);
  CHECK(line.kinds[static_cast<std::size_t>(state::frame_kind::digest)] > 0);
}

TEST_CASE("a repair over a bad line ends in equal replicas", "[state][replica_digest]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    couple<64, 64> pair;
    auto& line = pair.between;
    line.rng = skerry::splitmix64{seed};
    line.meet();
    const int keys = seed % 4 == 3 ? 600 : 80;
    pair.write(keys);
    line.run();
    REQUIRE(pair.agree());
    for (int i = 0; i < keys; i += seed % 4 == 3 ? 2 : 9) {
      const bool here = skerry::uniform_below(line.rng, 2) == 0;
      if (here) {
        remove_unheard(*pair.a, *pair.b, i);
      } else {
        remove_unheard(*pair.b, *pair.a, i);
      }
    }
    line.loss_percent = seed % 3 == 0 ? 0 : 20;
    line.mtu = 200 + 100 * (seed % 10);
    for (int contact = 0; contact < 6 && !pair.agree(); ++contact) {
      line.lose();
      line.meet();
      REQUIRE(pair.a->template write<recipe>(contact, wall));  // life goes on
      line.run(60000);
    }
    REQUIRE(pair.agree());
    for (int i = 0; i < keys; i += seed % 4 == 3 ? 2 : 9) {
      REQUIRE(pair.a->template read<setpoint>(i).error() == errc::absent);
    }
  }
}

TEST_CASE("a contact that repairs costs bytes for what differs, however much agrees", "[state][replica_digest]") {
  std::size_t few = 0;
  for (const int keys : {150, 600}) {
    couple<256, 256> pair;
    auto& line = pair.between;
    line.meet();
    pair.write(keys);
    line.run();
    constexpr int differences = 40;
    for (int i = 0; i < differences; ++i) {
      remove_unheard(*pair.a, *pair.b, 2 * i);
    }
    line.lose();
    line.bytes = 0;
    line.meet();
    line.run();
    CHECK(pair.agree());
    CAPTURE(keys, line.bytes);
    CHECK(line.bytes <= 2 * differences * (40 + 16));
    few = few == 0 ? line.bytes : few;
    CHECK(line.bytes < few + few / 4);
  }
}
