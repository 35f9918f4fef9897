// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/link.hpp>

#include "core/histories.hpp"
#include "state/link_mesh.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

using namespace skerry_test::mesh;
using skerry::errc;
using skerry::wall_ms;

namespace {

constexpr std::uint64_t wall = 1767225600000;

/// Records from the future wait.
struct patient : limits {
  static constexpr std::size_t quarantine = 2;
};

/// Who is linked to whom: a ring, a line, a star, all to all, or what chance gives, always in one piece.
template <typename Net>
void wire(Net& n, std::size_t shape, const state::link_options& options) {
  for (std::size_t i = 1; i < n.size(); ++i) {
    switch (shape) {
      case 0:
      case 1: n.join(i - 1, i, options); break;
      case 2: n.join(0, i, options); break;
      case 3:
        for (std::size_t j = 0; j < i; ++j) {
          n.join(j, i, options);
        }
        break;
      default: n.join(n.roll(i), i, options); break;
    }
  }
  if (shape == 0 && n.size() > 2) {
    n.join(n.size() - 1, 0, options);
  }
}

template <typename Limits>
void random_history(std::uint64_t seed) {
  CAPTURE(seed);
  net<Limits> n{2 + seed % 5, seed};
  const state::link_options options{n.roll(2) == 0 ? 0U : std::size_t{net<Limits>::replica::least_mtu} + n.roll(200), 0, 1000,
                                    n.roll(4) == 0};
  wire(n, n.roll(5), options);
  const weather w{static_cast<unsigned>(n.roll(3) * 20), static_cast<unsigned>(n.roll(3) * 25), static_cast<unsigned>(n.roll(3) * 30)};
  for (int step = 0; step < 120; ++step) {
    n.operate(n.roll(n.size()));
    if (n.roll(3) == 0) {
      (void)n.speak(n.roll(n.ends()), w);
    }
    if (n.roll(4) == 0) {
      n.deliver(60);
    }
    if (n.roll(20) == 0) {
      n.pass(static_cast<unsigned>(n.roll(5000)));
    }
    if (n.roll(25) == 0) {
      const std::size_t e = n.roll(n.ends());
      n.down(e);
      if (n.roll(2) == 0) {
        n.up(e);
      }
    }
    if (n.roll(60) == 0) {
      n.forget_links(n.roll(n.size()));
    }
  }
  for (std::size_t e = 0; e < n.ends(); e += 2) {
    n.down(e);
    n.up(e);
  }
  CHECK(n.settle_after_losses());
  CHECK(n.equal());
  CHECK_FALSE(n.failed());
  if (options.mtu != 0) {
    CHECK(n.longest() <= options.mtu);
  }
  // Who agrees says nothing more.
  n.forget_figures();
  n.pass(100'000);
  CHECK_FALSE(n.speak());
  CHECK(n.sent() == 0);
}

/// Room for the many lives of nodes that forget their links again and again.
struct long_lived : limits {
  static constexpr std::size_t actors = 200;
  static constexpr std::size_t ranges = 400;
  static constexpr std::size_t records = 400;
};
struct long_lived_and_forgetful : long_lived {
  static constexpr std::size_t keys = 18;
  static constexpr std::size_t lost_events = 2;
};

template <typename Limits>
void history_of_new_lives(std::uint64_t seed) {
  CAPTURE(seed);
  net<Limits> n{2 + seed % 4, seed * 77 + 5};
  const std::size_t mtu = n.roll(3) == 0 ? 0 : std::size_t{net<Limits>::replica::least_mtu} + n.roll(200);
  const auto retry_ms = static_cast<std::uint32_t>(500 + n.roll(3000));
  const state::link_options options{mtu, 0, retry_ms, n.roll(4) == 0};
  wire(n, 1 + n.roll(3), options);
  const weather w{static_cast<unsigned>(n.roll(4) * 15), static_cast<unsigned>(n.roll(3) * 15), static_cast<unsigned>(n.roll(3) * 20)};
  const auto part = static_cast<unsigned>(40 + n.roll(60));
  for (std::size_t rounds = 3 + n.roll(60); rounds > 0; --rounds) {
    for (std::size_t i = n.roll(4); i > 0; --i) {
      n.operate(n.roll(n.size()));
    }
    switch (n.roll(12)) {
      case 0: n.forget(n.roll(n.size()), false); break;
      case 1: n.forget(n.roll(n.size()), true); break;
      case 2: n.down(n.roll(n.ends())); break;
      case 3:
      case 4: {
        const std::size_t e = n.roll(n.ends());
        n.down(e);
        n.up(e);
        break;
      }
      case 5: n.forget_links(n.roll(n.size())); break;
      default: break;
    }
    for (std::size_t i = n.roll(6); i > 0; --i) {
      (void)n.speak(w);
      n.deliver(part);
      n.pass(static_cast<unsigned>(n.roll(1500)));
    }
  }
  for (std::size_t e = 0; e < n.ends(); e += 2) {
    if (n.roll(2) == 0) {
      n.down(e);
    }
    n.up(e);
  }
  REQUIRE(n.settle_after_losses());
  REQUIRE(n.equal());
  REQUIRE_FALSE(n.failed());
  n.pass(100'000);
  REQUIRE_FALSE(n.speak());
}

}  // namespace

TEST_CASE("replicas agree over any links, whatever the links do to their frames", "[state][link]") {
  for (std::uint64_t seed = 0; seed < skerry_test::histories(200); ++seed) {
    random_history<limits>(seed);
  }
}

TEST_CASE("removals that were forgotten before anybody heard of them are repaired", "[state][link]") {
  for (std::uint64_t seed = 1000; seed < 1080; ++seed) {
    random_history<forgetful>(seed);
  }
}

TEST_CASE("one write of a known key takes 13 bytes at most, and the peer says so in five", "[state][link]") {
  net<limits> n{2, 1};
  REQUIRE(n[0].write<level>(1.5, wall_ms{wall}, 1));  // stamps count from what a contact begins with
  n.join(0, 1);
  REQUIRE(n.settle() != 0);
  REQUIRE(n[0].write<level>(2.5, wall_ms{wall + 1}, 1));
  REQUIRE(n.settle() != 0);
  for (int i = 0; i < 20; ++i) {
    n.forget_figures();
    REQUIRE(n[0].write<level>(20.537 + i, wall_ms{wall + 1000 + static_cast<std::uint64_t>(i)}, 1));
    REQUIRE(n.settle() != 0);
    CHECK(n.sent(state::frame_kind::op) <= 12);
    CHECK(n.sent() <= 12 + 5);
    CHECK(n.added() == 1);
    CHECK(n[1].read<level>(1).value() == 20.537 + i);
  }
  REQUIRE(n[1].write<level>(1, wall_ms{wall + 2000}, 2));  // from now on arrivals here are not only own ones
  REQUIRE(n.settle() != 0);
  for (const double value : {30.125, 31.25}) {
    n.forget_figures();
    REQUIRE(n[0].write<level>(value, wall_ms{wall + 3000}, 1));
    REQUIRE(n.settle() != 0);
  }
  CHECK(n.sent(state::frame_kind::numbered_op) <= 13);
  CHECK(n.sent(state::frame_kind::delta) == 0);
  CHECK(n[1].read<level>(1).value() == 31.25);
}

TEST_CASE("one write of a new key takes 12 bytes and its text at most", "[state][link]") {
  net<limits> n{2, 1};
  REQUIRE(n[0].write<level>(1.5, wall_ms{wall}, 1));
  n.join(0, 1);
  REQUIRE(n.settle() != 0);
  for (int i = 2; i < 20; ++i) {
    n.forget_figures();
    REQUIRE(n[0].write<level>(20.537 + i, wall_ms{wall + 1000 + static_cast<std::uint64_t>(i)}, i));
    REQUIRE(n.settle() != 0);
    CHECK(n.sent(state::frame_kind::named_op) <= 12 + (i < 10 ? 7 : 8));
    CHECK(n.sent(state::frame_kind::delta) == 0);
    CHECK(n[1].read<level>(i).value() == 20.537 + i);
  }
  n.forget_figures();  // and is known by its number from then on
  REQUIRE(n[0].write<level>(3.25, wall_ms{wall + 2000}, 7));
  REQUIRE(n.settle() != 0);
  CHECK(n.sent(state::frame_kind::op) <= 12);
}

TEST_CASE("an actor that both have known for long is named by four bytes, and in full to one that has forgotten it", "[state][link]") {
  net<limits> n{3, 12};
  n.join(0, 2);
  n.join(0, 1);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(n[2].write<level>(i, wall_ms{wall}, i));
  }
  REQUIRE(n.settle() != 0);
  n.down(2);
  n.up(2);  // contexts are compared, and equal
  REQUIRE(n.settle() != 0);
  n.forget_figures();
  REQUIRE(n[1].write<level>(2.5, wall_ms{wall + 10}, 0));
  n.air().clear();
  REQUIRE(n.speak(3, {}));
  std::size_t size = 0;
  for (const auto& f : n.air()) {
    size += f.bytes.size();
  }
  CHECK(size <= 40);  // of a third one's record the event that is dead, the own one, the key and its text
  REQUIRE(n.settle() != 0);
  CHECK(n.equal());
  CHECK(n[2].read<level>(0).value() == 2.5);
}

TEST_CASE("a frame whose values come at an even pace says of each key and value no more than two bytes beside the value", "[state][link]") {
  net<limits> n{2, 1};
  for (int i = 0; i < 20; ++i) {
    REQUIRE(n[0].write<level>(1.5, wall_ms{wall}, i));
  }
  n.join(0, 1);
  REQUIRE(n.settle() != 0);
  for (const bool raw : {false, true}) {
    n.down(0);
    for (int i = 0; i < 20; ++i) {
      const double value = raw ? 1.0 / (3 + i) : 20.101 + i * 0.25;
      REQUIRE(n[0].write<level>(value, wall_ms{wall + (raw ? 90'000U : 60'000U) + static_cast<std::uint64_t>(i) * 250}, (i * 7) % 20));
    }
    n.up(0);
    n.forget_figures();
    REQUIRE(n.settle() != 0);
    CHECK(n.sent(state::frame_kind::delta) <= 20 * (raw ? 9U : 4U) + 24);
    CHECK(n.equal());
  }
}

TEST_CASE("nothing goes back to where it came from", "[state][link]") {
  net<limits> n{3, 2};
  n.join(0, 1);
  n.join(1, 2);
  REQUIRE(n.settle() != 0);
  n.forget_figures();
  for (int i = 0; i < 50; ++i) {
    n.operate(static_cast<std::size_t>(i) % 3);
    REQUIRE(n.settle() != 0);
  }
  CHECK(n.equal());
  CHECK(n.seen() == 0);
  CHECK(n.added() > 0);
}

TEST_CASE("a contact that takes up an earlier one says one frame of 24 bytes at most on each side, and no hello", "[state][link]") {
  net<limits> n{2, 3};
  n.join(0, 1);
  for (int i = 0; i < 30; ++i) {
    n.operate(static_cast<std::size_t>(i) % 2);
  }
  REQUIRE(n.settle() != 0);
  n.down(0);
  n.up(0);
  n.forget_figures();
  REQUIRE(n.settle() != 0);
  CHECK(n.sent() == n.sent(state::frame_kind::in_sync));
  CHECK(n.sent() <= 2 * 24);
  // What was written in between goes out at once, under the names that are known.
  n.down(0);
  REQUIRE(n[0].write<level>(4.5, wall_ms{wall + 5000}, 1));
  n.up(0);
  n.forget_figures();
  REQUIRE(n.settle() != 0);
  CHECK(n.sent(state::frame_kind::hello) == 0);
  CHECK(n[1].read<level>(1).value() == 4.5);
  n.forget_figures();
  CHECK(n.added() == 0);
}

TEST_CASE("whoever has forgotten a contact is greeted again, whether the other side has noticed or not, and whatever is lost",
          "[state][link]") {
  for (std::uint64_t seed = 0; seed < skerry_test::histories(3000); ++seed) {
    CAPTURE(seed);
    net<limits> n{2, 500 + seed};
    n.join(0, 1);
    for (int i = 0; i < 6; ++i) {
      n.operate(static_cast<std::size_t>(i) % 2);
    }
    REQUIRE(n.settle() != 0);
    for (int round = 0; round < 4; ++round) {
      const bool noticed = n.roll(2) == 0;
      if (noticed) {
        n.down(0);
      }
      n.forget(n.roll(2), noticed);
      n.operate(n.roll(2));
      for (int i = 0; i < 8; ++i) {
        (void)n.speak({static_cast<unsigned>(seed % 4 * 15), static_cast<unsigned>(seed % 3 * 10), 10});
        n.deliver(80);
        n.pass(700);
      }
      n.operate(n.roll(2));
    }
    REQUIRE(n.settle_after_losses());
    REQUIRE(n.equal());
  }
}

TEST_CASE("links that fall silent have made all equal, whatever was cut, lost and forgotten, and however little is remembered",
          "[state][link]") {
  for (std::uint64_t seed = 0; seed < skerry_test::histories(500); ++seed) {
    history_of_new_lives<long_lived>(seed);
    history_of_new_lives<long_lived_and_forgetful>(seed);
  }
  // Those that found what random ones seldom do: comparisons that were used up while another link was in the way.
  for (const std::uint64_t seed : {38135U, 140667U, 328756U, 410666U, 427100U, 435215U}) {
    history_of_new_lives<long_lived>(seed);
  }
  for (const std::uint64_t seed : {226970U, 227947U, 229301U, 229862U}) {
    history_of_new_lives<long_lived_and_forgetful>(seed);
  }
}

TEST_CASE("a hello that comes late takes nobody back into a contact that is over", "[state][link]") {
  net<limits> n{2, 12};
  n.join(0, 1);
  REQUIRE(n[1].inc<stock>(1));
  REQUIRE(n.settle() != 0);
  n.forget(1, false);
  std::vector<net<limits>::flying> hellos;
  for (int i = 0; i < 40; ++i) {
    (void)n.speak();
    for (const auto& f : n.air()) {
      if ((std::to_integer<unsigned>(f.bytes[0]) & 0xf) == static_cast<unsigned>(state::frame_kind::hello)) {
        hellos.push_back(f);
      }
    }
    n.deliver();
    n.pass(100);
  }
  REQUIRE(hellos.size() > 2);
  for (std::size_t i = 0; i < hellos.size(); ++i) {
    CAPTURE(i);
    n.air().push_back(hellos[i]);
    n.deliver();
    REQUIRE(n[0].write<level>(static_cast<double>(i), wall_ms{wall}, 1));
    REQUIRE(n[1].inc<stock>(1));
    REQUIRE(n.settle_after_losses());
    REQUIRE(n.equal());
  }
}

TEST_CASE("that all is equal is said again until the other side has heard it", "[state][link]") {
  for (unsigned lost = 0; lost < 8; ++lost) {
    CAPTURE(lost);
    net<limits> n{2, 13};
    n.join(0, 1);
    for (int i = 0; i < 6; ++i) {
      n.operate(static_cast<std::size_t>(i) % 2);
    }
    unsigned said = 0;
    std::array<unsigned, 2> heard{};
    for (int i = 0; i < 400; ++i) {
      (void)n.speak();
      std::erase_if(n.air(), [&](const net<limits>::flying& f) {
        if ((std::to_integer<unsigned>(f.bytes[0]) & 0xf) != static_cast<unsigned>(state::frame_kind::in_sync)) {
          return false;
        }
        const bool gone = said++ < lost;
        heard[f.end] += gone ? 0U : 1U;
        return gone;
      });
      n.deliver();
      n.pass(1000);
    }
    CHECK(n.equal());
    CHECK(heard[0] > 0);
    CHECK(heard[1] > 0);
    CHECK(said <= lost * 2 + 6);
    n.pass(100'000);
    CHECK_FALSE(n.speak());
  }
}

TEST_CASE("a frame from an earlier contact is refused, and so is the acknowledgement of what was never sent", "[state][link]") {
  net<limits> n{2, 4};
  n.join(0, 1);
  REQUIRE(n.settle() != 0);
  REQUIRE(n[0].write<level>(1, wall_ms{wall}, 1));
  (void)n.speak(0, {});
  REQUIRE(n.air().size() == 1);
  const auto late = n.air().front().bytes;
  n.forget_links(1);  // a contact that goes on would take it
  REQUIRE(n.settle() != 0);
  const auto before = n.bytes(1);
  CHECK(n[1].receive(n.link(1), late, n.now()).error() == errc::stale);
  CHECK(n.bytes(1) == before);
  for (std::size_t size = 0; size < late.size(); ++size) {
    CHECK_FALSE(n[1].receive(n.link(1), std::span{late}.first(size), n.now()));
  }
  CHECK(n.bytes(1) == before);
}

TEST_CASE("what died before the end of a piece is told, though its key changed behind it", "[state][link]") {
  net<limits> n{3, 5};
  n.join(0, 1, {net<limits>::replica::least_mtu});
  n.join(1, 2);
  REQUIRE(n[0].write<level>(1, wall_ms{wall}, 1));
  REQUIRE(n[0].write<level>(2, wall_ms{wall}, 2));
  REQUIRE(n.settle() != 0);
  for (int i = 10; i < 30; ++i) {
    REQUIRE(n[2].write<level>(i, wall_ms{wall + 1}, i));
  }
  REQUIRE(n[2].remove<level>(2));
  REQUIRE(n[2].write<level>(3, wall_ms{wall + 1}, 1));
  n.forget_figures();
  REQUIRE(n.settle() != 0);
  CHECK(n.longest() > net<limits>::replica::least_mtu);  // node 1 heard in one frame what it told in pieces
  CHECK(n.equal());
}

TEST_CASE("a change of more actors than a frame holds is told in parts, and whatever part is lost the others do not stand for it",
          "[state][link]") {
  for (const unsigned loss : {0U, 50U}) {
    net<limits> n{20, 8 + loss};
    n.join(0, 1, {net<limits>::replica::least_mtu});
    for (std::size_t i = 2; i < n.size(); ++i) {
      n.join(i == 2 ? 0 : i - 1, i);
    }
    REQUIRE(n.settle() != 0);
    for (std::size_t i = 0; i < n.size(); ++i) {
      REQUIRE(n[i].write<mode>(static_cast<std::int32_t>(i), wall_ms{wall}, 0));
    }
    REQUIRE(n.settle() != 0);
    REQUIRE(n[1].store().record_count() == n.size());
    n.down(0);
    for (int i = 0; i < 20; ++i) {
      REQUIRE(n[2].write<level>(i, wall_ms{wall + 1}, i));
    }
    REQUIRE(n[2].write<mode>(77, wall_ms{wall + 2}, 0));  // nobody's value but this one is left
    REQUIRE(n[1].inc<stock>(1));                          // so that contexts are not equal: actors are named in full
    n.up(0);
    std::size_t parts = 0;
    for (int round = 0; round < 60; ++round) {
      (void)n.speak({loss, 0, 0});
      for (const auto& f : n.air()) {
        const bool delta = (f.bytes[0] & std::byte{0xf}) == std::byte{3};
        parts += delta && (f.bytes[1] & std::byte{state::detail::link_flag::part}) != std::byte{0} ? 1 : 0;
      }
      n.deliver();
      n.pass(2000);
    }
    CHECK(parts > 1);
    CHECK(n.settle_after_losses());
    CHECK(n.equal());
    CHECK_FALSE(n.failed());
    CHECK(n[1].store().record_count() == 22);
    CHECK((loss > 0 || n.sent(state::frame_kind::want) < 1000));
  }
}

TEST_CASE("who is full of what has been removed, and of which nobody remembers that it was, hears of it and makes room", "[state][link]") {
  net<forgetful> n{2, 10};
  n.join(0, 1);
  for (int i = 0; i < 18; ++i) {
    REQUIRE(n[i % 2 == 0 ? 0U : 1U].write<level>(i, wall_ms{wall}, i));
    REQUIRE(n.settle() != 0);
  }
  n.down(0);
  for (int i = 0; i < 18; ++i) {
    REQUIRE(n[0].remove<level>(i));
  }
  for (int i = 100; i < 118; ++i) {
    REQUIRE(n[0].write<level>(i, wall_ms{wall + 1}, i));
  }
  n.up(0);
  CHECK(n.settle_after_losses());
  CHECK(n.refused().count(errc::full) == 1);
  CHECK(n.equal());
  CHECK(n[1].read<level>(117).value() == 117);
  CHECK_FALSE(n[1].read<level>(17));
}

TEST_CASE("an mtu in which not every change could be told is refused", "[state][link]") {
  net<limits> n{2, 9};
  CHECK(n[0].connect(101, {net<limits>::replica::least_mtu - 1}, 0).error() == errc::invalid);
  CHECK(n[0].connect(101, {net<limits>::replica::least_mtu}, 0));
}

TEST_CASE("a star of writers that overwrite each other's keys falls silent after every round", "[state][link]") {
  net<limits> n{4, 6};
  for (std::size_t i = 1; i < n.size(); ++i) {
    n.join(0, i);
  }
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::size_t writer = n.roll(n.size());
      REQUIRE(n[writer].write<level>(i, wall_ms{wall + n.now()}, static_cast<int>(n.roll(30))));
    }
    REQUIRE(n.settle(12) != 0);
    REQUIRE(n.equal());
  }
}

TEST_CASE("a writer's earlier record dies with its later one, also where more happened to the key and a frame tells a piece",
          "[state][link]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    net<limits> n{5, seed};
    for (std::size_t i = 1; i < n.size(); ++i) {
      n.join(0, i, {net<limits>::replica::least_mtu});
    }
    REQUIRE(n.settle() != 0);
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 60; ++i) {
        const std::size_t writer = 1 + n.roll(n.size() - 1);
        REQUIRE(n[writer].write<level>(i, wall_ms{wall + n.now()}, static_cast<int>(n.roll(30))));
        if (n.roll(3) == 0) {  // one after the other, so that the hub has several writers' news for the next
          (void)n.speak(n.roll(n.ends()), {});
          n.deliver();
        }
      }
      REQUIRE(n.settle() != 0);
      REQUIRE(n.equal());
    }
  }
}

TEST_CASE("a number means one key as long as a contact lasts: that of a key that has lost its place is not given to another",
          "[state][link]") {
  skerry::state::detail::spoken_names<20> names;
  CHECK(names.names(7, true));
  CHECK_FALSE(names.names(7, false));
  names.say(7);
  CHECK((names.names(7, false) && !names.known(7)));
  names.acknowledge();
  CHECK((names.known(7) && !names.names(7, true)));
  names.forget(8);  // meant nothing
  CHECK(names.names(8, true));
  names.say(9);
  names.forget(9);
  names.forget(7);
  for (const std::size_t spent : {std::size_t{7}, std::size_t{9}}) {
    CHECK((!names.known(spent) && !names.names(spent, true)));
    names.acknowledge();
    names.retract();
    names.forget(spent);
    CHECK((!names.known(spent) && !names.names(spent, true)));
  }
  names.say(10);
  names.acknowledge();
  names.retract();  // the peer has lost some of them
  CHECK((!names.known(10) && names.names(10, false)));
  CHECK_FALSE(names.names(20, true));
}

TEST_CASE("a dead event below a record that both had before they met is told to who has not seen it", "[state][link]") {
  net<limits> n{3, 11};
  n.join(0, 1);
  n.join(1, 2);
  REQUIRE(n.settle() != 0);
  const auto write = [&](int key) {
    const auto delta = n[0].write<level>(key, wall_ms{wall}, key);
    REQUIRE(delta);
    return std::vector<std::byte>(delta.value().bytes().begin(), delta.value().bytes().end());
  };
  const auto first = write(1);
  (void)write(2);
  const auto third = write(3);
  (void)write(2);  // the second event is dead
  (void)n.speak(0, {});
  n.deliver();
  REQUIRE(n[2].accept(first, n.now()));
  REQUIRE(n[2].accept(third, n.now()));
  (void)n.speak(3, {});
  n.deliver();
  REQUIRE(n.settle() != 0);
  CHECK(n.equal());
}

TEST_CASE("over lines that let short frames pass only, and no long one, links fall nearly silent", "[state][link]") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (const std::size_t longest : {std::size_t{60}, std::size_t{80}}) {
      CAPTURE(seed, longest);
      net<forgetful> n{4, seed};
      wire(n, 3, {});
      REQUIRE(n.settle() != 0);
      std::size_t frames = 0;
      const auto talk = [&](std::size_t rounds) {
        for (std::size_t i = 0; i < rounds; ++i) {
          (void)n.speak();
          frames += n.air().size();
          std::erase_if(n.air(), [longest](const auto& f) { return f.bytes.size() > longest; });
          n.deliver();
          n.pass(10);
        }
      };
      for (int step = 0; step < 200; ++step) {
        n.operate(n.roll(n.size()));
        talk(n.roll(4) == 0 ? 1 : 0);
      }
      talk(1000);
      frames = 0;
      talk(2000);
      // 12 ends, each of which asks, hears and tells again, after 16 seconds or more.
      CHECK(frames <= 12 * 3 * 2);
      CHECK(n.settle_after_losses());
      CHECK(n.equal());
    }
  }
}

TEST_CASE("records that wait for their time are offered again until it has come, ever less often, and then the link is silent",
          "[state][link]") {
  net<patient> n{2, 7};
  n.join(0, 1);
  REQUIRE(n[1].write<level>(0, wall_ms{wall}, 0));
  REQUIRE(n.settle() != 0);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(n[0].write<level>(i, wall_ms{wall + 150'000}, i));
    REQUIRE(n.settle() != 0);
  }
  CHECK_FALSE(n[1].read<level>(1));
  REQUIRE(n[1].write<level>(9, wall_ms{wall + 1000}, 9));  // what it hears back is no reason to say something, nor is its number missed
  REQUIRE(n.settle() != 0);
  REQUIRE(n[1].write<level>(10, wall_ms{wall + 1001}, 10));
  REQUIRE(n.settle() != 0);
  CHECK(n[0].read<level>(10).value() == 10);
  n.forget_figures();
  for (int second = 0; second < 80; ++second) {
    n.pass(1000);
    REQUIRE(n.settle() != 0);
  }
  CHECK_FALSE(n[1].read<level>(1));
  CHECK(n.sent() > 0);
  CHECK(n.sent() < 1500);
  CHECK(n.settle_after_losses());
  CHECK(n.equal());
  n.forget_figures();
  n.pass(100'000);
  CHECK_FALSE(n.speak());
}
