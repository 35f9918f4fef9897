// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/link_digest.hpp>

#include <skerry/core/random.hpp>

#include "core/histories.hpp"
#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct many : state::limits::firmware {
  static constexpr std::size_t actors = 8;
  static constexpr std::size_t keys = 1300;
  static constexpr std::size_t records = 1400;
  static constexpr std::size_t ranges = 64;
};
using node_type = state::replica<plant, many>;
constexpr std::size_t text_bytes = 96;
constexpr auto text_of = [](const state::key_ref& key, std::span<char> out) { return plant::write_text(key, out); };
using text_type = decltype(text_of);

template <std::size_t Symbols>
struct node {
  node_type r;
  state::detail::link_digest<node_type::store_type, text_bytes, Symbols> digest{};
  std::size_t sent = 0;
};

state::digest_mark content(const node_type& r) {
  return mark_of(state::detail::record_set<node_type::store_type, text_bytes, text_type>{r.store(), text_of, 0});
}

/// The next frame of one side for the other; false when there is none.
template <typename From, typename To>
bool pass(From& from, To& to, std::size_t mtu, bool lost, bool twice) {
  std::vector<std::byte> body(mtu);
  skerry::byte_writer out{body};
  const auto kind = from.digest.poll(0, out, from.r.store(), text_of);
  if (!kind) {
    REQUIRE(kind.error() == errc::empty);
    return false;
  }
  from.sent += out.written().size() + 2;
  for (int times = lost ? 0 : (twice ? 2 : 1); times > 0; --times) {
    const auto accept = [&to](std::span<const std::byte> frame) { return to.r.accept(frame, 0); };
    const auto taken = to.digest.receive(0, kind.value(), out.written(), to.r.store(), text_of, accept);
    if (!taken && taken.error() != errc::stale) {
      CAPTURE(skerry::to_string(taken.error()), static_cast<int>(kind.value()));
      REQUIRE(taken.error() == errc::ok);
    }
  }
  return true;
}
/// Whole conversations until both hold the same records; how many it took.
template <typename A, typename B>
int repair(A& a, B& b, std::uint64_t seed, std::size_t mtu = 1200, std::uint32_t loss_percent = 0) {
  skerry::splitmix64 rng{seed};
  int conversations = 0;
  while (!(content(a.r) == content(b.r))) {
    REQUIRE(++conversations < 60);
    REQUIRE(a.digest.start(0, rng(), a.r.store(), text_of));
    for (int quiet = 0; quiet < 2;) {
      const auto lost = [&] { return skerry::uniform_below(rng, 100) < loss_percent; };
      const bool said = pass(a, b, mtu, lost(), lost());
      const bool answered = pass(b, a, mtu, lost(), lost());
      quiet = said || answered ? 0 : quiet + 1;
      if (quiet > 0 && a.digest.asking() == 0) {
        a.digest.retry(0);
        quiet = 0;
      }
    }
    REQUIRE(!a.digest.has_news(0));
    REQUIRE(!b.digest.has_news(0));
  }
  return conversations;
}

/// Both know `keys` writes of each, and agree.
template <typename A, typename B>
void meet(A& a, B& b, int keys) {
  for (int i = 0; i < keys; ++i) {
    REQUIRE((i % 2 == 0 ? a.r : b.r).template write<setpoint>(i + 0.25, wall_ms{1767225600000}, i));
  }
  REQUIRE(a.r.join(b.r));
  REQUIRE(b.r.join(a.r));
}
/// `at` removes a key; the other one hears that something happened, but not what died.
template <typename A, typename B>
void remove_unheard(A& at, B& other, int key) {
  const std::uint64_t n = at.r.store().next(at.r.self());
  REQUIRE(at.r.template remove<setpoint>(key));
  REQUIRE(other.r.accept(forged_frame{}.covers(at.r.self(), n, n).bytes(), 0));
}

template <std::size_t Symbols>
std::pair<std::unique_ptr<node<Symbols>>, std::unique_ptr<node<Symbols>>> pair_of() {
  auto a = std::make_unique<node<Symbols>>();
  auto b = std::make_unique<node<Symbols>>();
  a->r = make<node_type>(1);
  b->r = make<node_type>(2);
  return {std::move(a), std::move(b)};
}

}  // namespace

TEST_CASE("a removal that a peer has forgotten is repaired, whoever asks", "[state][link_digest]") {
  for (const bool the_one_who_removed : {true, false}) {
    const auto nodes = pair_of<64>();
    const auto& a = nodes.first;
    const auto& b = nodes.second;
    meet(*a, *b, 40);
    remove_unheard(the_one_who_removed ? *a : *b, the_one_who_removed ? *b : *a, 7);
    CHECK(bytes_of(a->r) != bytes_of(b->r));
    CHECK(repair(*a, *b, 1) == 1);
    CHECK(a->r.read<setpoint>(7).error() == errc::absent);
    CHECK(b->r.read<setpoint>(7).error() == errc::absent);
    CHECK(bytes_of(a->r) == bytes_of(b->r));
  }
}

TEST_CASE("whatever differs in records is repaired exactly, also over a bad line", "[state][link_digest]") {
  int longest = 0;
  for (std::uint64_t seed = 0; seed < skerry_test::histories(60); ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const auto nodes = pair_of<256>();
    const auto& a = nodes.first;
    const auto& b = nodes.second;
    const int keys = 1 + static_cast<int>(skerry::uniform_below(rng, seed % 10 == 9 ? 1000 : 60));
    meet(*a, *b, keys);
    std::vector<int> removed;
    const int most = 1 + static_cast<int>(skerry::uniform_below(rng, seed % 10 == 9 ? 200 : 20));
    for (int i = 0; i < most; ++i) {
      const int key = static_cast<int>(skerry::uniform_below(rng, static_cast<std::uint32_t>(keys)));
      if (a->r.read<setpoint>(key) && b->r.read<setpoint>(key)) {
        const bool here = skerry::uniform_below(rng, 2) == 0;
        remove_unheard(here ? *a : *b, here ? *b : *a, key);
        removed.push_back(key);
      }
    }
    std::vector<int> written;
    for (int i = 0; i < most / 3; ++i) {  // and writes that the other one has not heard of at all
      const int key = keys + i;
      REQUIRE((i % 2 == 0 ? a->r : b->r).write<setpoint>(i, wall_ms{1767225600000}, key));
      written.push_back(key);
    }
    const std::uint32_t loss = seed % 3 == 0 ? 0 : 30;
    longest = std::max(longest, repair(*a, *b, seed, 200 + skerry::uniform_below(rng, 1200), loss));
    for (const int key : removed) {
      REQUIRE(a->r.read<setpoint>(key).error() == errc::absent);
      REQUIRE(b->r.read<setpoint>(key).error() == errc::absent);
    }
    for (const int key : written) {
      REQUIRE(a->r.read<setpoint>(key));
      REQUIRE(b->r.read<setpoint>(key));
    }
    REQUIRE(bytes_of(a->r) == bytes_of(b->r));
  }
  CHECK(longest > 1);  // a line that loses makes it begin again
}

TEST_CASE("one event with two contents is no removal: the greater one stays on both sides", "[state][link_digest]") {
  const auto nodes = pair_of<64>();
  const auto& a = nodes.first;
  const auto& b = nodes.second;
  meet(*a, *b, 10);
  const state::actor clone{99, 1, 7};
  for (std::uint64_t n = 1; n <= 6; ++n) {
    const std::string key = "desired/setpoint/" + std::to_string(100 + n);
    const auto said = [&](double value) {
      return forged_frame{}.covers(clone, n, n).write<setpoint>(key, clone, n, state::stamp{5, 0}, value).bytes();
    };
    REQUIRE(a->r.accept(said(n % 2 == 0 ? 1.0 : 2.0), 0));
    REQUIRE(b->r.accept(said(n % 2 == 0 ? 2.0 : 1.0), 0));
  }
  repair(*a, *b, 3);
  for (std::uint64_t n = 1; n <= 6; ++n) {
    CHECK(a->r.read<setpoint>(100 + n).value() == 2.0);
    CHECK(b->r.read<setpoint>(100 + n).value() == 2.0);
  }
  CHECK(bytes_of(a->r) == bytes_of(b->r));
}

TEST_CASE("more differences than symbols suffice for are found by the tree", "[state][link_digest]") {
  const auto nodes = pair_of<16>();
  const auto& a = nodes.first;
  const auto& b = nodes.second;
  meet(*a, *b, 600);
  for (int key = 0; key < 600; key += 3) {
    remove_unheard(key % 2 == 0 ? *a : *b, key % 2 == 0 ? *b : *a, key);
  }
  CHECK(repair(*a, *b, 4) == 1);
  CHECK(a->r.store().record_count() == 400);
  CHECK(bytes_of(a->r) == bytes_of(b->r));
}

TEST_CASE("a node without symbols answers; its queue is short, and the one who asks keeps to that", "[state][link_digest]") {
  auto asking = std::make_unique<node<64>>();
  auto small = std::make_unique<node<0>>();
  asking->r = make<node_type>(1);
  small->r = make<node_type>(2);
  static_assert(sizeof small->digest <= 112 && sizeof asking->digest <= 27 * 64 + 3200);
  CHECK(!small->digest.start(0, 1, small->r.store(), text_of));
  meet(*asking, *small, 50);
  for (int key = 0; key < 20; ++key) {
    if (key % 2 == 0) {
      remove_unheard(*asking, *small, key);
    } else {
      remove_unheard(*small, *asking, key);
    }
  }
  CHECK(repair(*asking, *small, 5) == 1);
  CHECK(bytes_of(asking->r) == bytes_of(small->r));
}

TEST_CASE("a repair costs bytes for what differs, however much agrees", "[state][link_digest]") {
  constexpr std::size_t record = 40;  // of an lww double
  for (const int keys : {250, 1000}) {
    for (const int differences : {5, 20, 100}) {
      CAPTURE(keys, differences);
      const auto nodes = pair_of<256>();
      const auto& a = nodes.first;
      const auto& b = nodes.second;
      meet(*a, *b, keys);
      for (int i = 0; i < differences; ++i) {
        remove_unheard(i % 2 == 0 ? *a : *b, i % 2 == 0 ? *b : *a, i);
      }
      CHECK(repair(*a, *b, 6) == 1);
      CHECK(bytes_of(a->r) == bytes_of(b->r));
      const std::size_t bytes = a->sent + b->sent;
      CAPTURE(bytes, bytes / static_cast<std::size_t>(differences));
      CHECK(bytes <= 2 * static_cast<std::size_t>(differences) * (record + 16));
    }
  }
}

TEST_CASE("frames of a repair that cannot be are refused and change nothing", "[state][link_digest]") {
  const auto nodes = pair_of<64>();
  const auto& a = nodes.first;
  const auto& b = nodes.second;
  meet(*a, *b, 30);
  remove_unheard(*a, *b, 3);
  const auto before = bytes_of(b->r);
  const auto accept = [&b](std::span<const std::byte> frame) { return b->r.accept(frame, 0); };
  const auto taken = [&](state::frame_kind kind, std::vector<std::byte> body) {
    return b->digest.receive(0, kind, body, b->r.store(), text_of, accept).error();
  };
  using kind = state::frame_kind;
  const auto bytes = [](std::size_t n, int first) {
    std::vector<std::byte> out(n);
    if (n > 0) {
      out[0] = static_cast<std::byte>(first);
    }
    return out;
  };
  CHECK(taken(kind::digest, {}) == errc::truncated);
  CHECK(taken(kind::digest, bytes(9, 0)) == errc::truncated);
  CHECK(taken(kind::digest, bytes(20, 2)) == errc::corrupt);
  CHECK(taken(kind::digest, bytes(200, 0)) == errc::corrupt);
  CHECK(taken(kind::digest, bytes(40, 1)) == errc::corrupt);  // no node
  CHECK(taken(kind::symbols, bytes(4, 0)) == errc::truncated);
  CHECK(taken(kind::symbols, bytes(40, 7)) == errc::corrupt);
  CHECK(taken(kind::symbols, bytes(40, 0)) == errc::corrupt);  // no room for an errand
  auto unasked = bytes(40, 0);
  unasked[5] = std::byte{1};
  CHECK(taken(kind::symbols, unasked) == errc::stale);
  CHECK(taken(kind::want, {}) == errc::truncated);
  CHECK(taken(kind::want, bytes(9, 16)) == errc::truncated);
  CHECK(taken(kind::want, bytes(20, 16)) == errc::corrupt);
  CHECK(taken(kind::want, bytes(25, 16)) == errc::corrupt);  // the same value twice
  CHECK(taken(kind::want, bytes(17, 18)) == errc::corrupt);
  CHECK(taken(kind::want, bytes(17, 19)) == errc::corrupt);
  CHECK(taken(kind::want, bytes(2, 18)) == errc::ok);
  CHECK(taken(kind::want, bytes(1, 18)) == errc::truncated);
  CHECK(taken(kind::want, bytes(30, 17)) != errc::ok);
  CHECK(taken(kind::delta, bytes(30, 1)) == errc::unsupported);
  CHECK(!b->digest.has_news(0));
  CHECK(bytes_of(b->r) == before);
  // A question that cannot be answered is dropped.
  REQUIRE(taken(kind::digest, bytes(20, 0)) == errc::ok);
  std::vector<std::byte> body(1200);
  skerry::byte_writer out{body};
  CHECK(b->digest.poll(0, out, b->r.store(), text_of).error() == errc::empty);
  // Another link's frames do not mix in, and a link that ends takes its errands along.
  REQUIRE(a->digest.start(5, 1, a->r.store(), text_of));
  CHECK(!a->digest.start(6, 1, a->r.store(), text_of));
  CHECK(a->digest.asking() == 5);
  CHECK(a->digest.has_news(5));
  CHECK(!a->digest.has_news(6));
  a->digest.drop(5);
  CHECK(!a->digest.has_news(5));
  CHECK(a->digest.asking() == a->digest.nobody);
}
