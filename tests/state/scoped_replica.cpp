// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/counter.hpp>
#include <skerry/state/keep_both.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/scoped_replica.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

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
struct roomy : state::limits::firmware {
  static constexpr std::size_t records = 128;
  static constexpr std::size_t ranges = 32;
};
struct press {
  static constexpr std::string_view name = "press";
  using paths = state::schema<target, made>;
  using limits = roomy;
};
struct oven {
  static constexpr std::string_view name = "oven";
  using paths = state::schema<note>;
};
using both = state::scoped_replica<press, oven>;
using presses = state::scoped_replica<press>;
using ovens = state::scoped_replica<oven>;

constexpr wall_ms today{1'790'000'000'000};

template <typename Node>
Node make(std::uint64_t id) {
  skerry::splitmix64 rng{id};
  Node n;
  REQUIRE(Node::create(n, id, state::role::device, state::epoch_rule::every_open, {}, rng, 0));
  return n;
}
template <typename S, typename Node>
std::vector<std::byte> bytes_of(const Node& n) {
  std::vector<std::byte> bytes(4096);
  skerry::byte_writer out{bytes};
  REQUIRE(n.template encode<S>(out));
  bytes.resize(out.written().size());
  return bytes;
}
std::vector<std::byte> copy(const skerry::result<state::delta_view>& d) { return {d.value().bytes().begin(), d.value().bytes().end()}; }

/// Two nodes on a line that loses every n-th frame; n = 0: none. Until both have nothing to say for a while.
template <typename A, typename B>
int talk(A& a, state::link_id at_a, B& b, state::link_id at_b, std::uint32_t& now, int lose) {
  int frames = 0;
  const auto pass = [&](auto& from, state::link_id out, auto& to, state::link_id in) {
    std::vector<std::byte> frame(400);
    const auto size = from.poll(out, now, frame);
    REQUIRE(size);
    if (size.value() > 0 && (lose == 0 || ++frames % lose != 0)) {
      (void)to.receive(in, std::span{frame}.first(size.value()), now);
    }
    return size.value() > 0;
  };
  int quiet = 0;
  for (int i = 0; i < 4000 && quiet < 100; ++i) {
    now += 100;
    const bool any = pass(a, at_a, b, at_b);
    quiet = pass(b, at_b, a, at_a) || any ? 0 : quiet + 1;
  }
  return quiet;
}

}  // namespace

TEST_CASE("what a node does not subscribe to never looks removed to those who do", "[state][scopes]") {
  auto a = make<both>(1);
  auto b = make<presses>(2);
  auto c = make<both>(3);
  const auto of_press = copy(a.write<target>(5, today, 1));
  const auto of_oven = copy(a.write<note>(7, today));
  REQUIRE(c.accept(of_press, 0));
  REQUIRE(c.accept(of_oven, 0));
  REQUIRE(b.accept(of_press, 0));
  CHECK(b.accept(of_oven, 0).error() == errc::absent);
  CHECK(b.not_carried() == 1);
  REQUIRE(b.write<target>(6, today, 1));
  REQUIRE(c.accept(bytes_of<press>(b), 0));
  REQUIRE(c.join(b));
  CHECK(c.read<target>(1).value() == 6);
  CHECK(c.of<note>().siblings<note>().size() == 1);
  CHECK(bytes_of<oven>(c) == bytes_of<oven>(a));
}

TEST_CASE("a join in one scope leaves the bytes of the others as they were", "[state][scopes]") {
  auto a = make<both>(1);
  auto b = make<both>(2);
  REQUIRE(a.write<note>(1, today));
  REQUIRE(b.write<note>(2, today));
  const auto before = bytes_of<oven>(a);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(a.accept(copy(b.write<target>(i, today, i % 3)), 0));
    REQUIRE(a.accept(copy(b.inc<made>(1)), 0));
    REQUIRE(a.with<press>([&](auto& r) { return r.join(b.in<press>()); }));
  }
  CHECK(bytes_of<oven>(a) == before);
  CHECK(bytes_of<press>(a) == bytes_of<press>(b));
  CHECK(a.in<oven>().store().next(b.self()) == 1);  // events of one scope are no numbers of another
}

TEST_CASE("all scopes of a node live one life, and what one shows of the past is concluded in all", "[state][scopes]") {
  auto a = make<both>(1);
  REQUIRE(a.write<note>(1, today));
  REQUIRE(a.write<target>(1, today, 1));
  CHECK(a.in<press>().self() == a.in<oven>().self());
  const both image = a;
  REQUIRE(a.write<target>(2, today, 1));
  const auto later = bytes_of<press>(a);
  both back = image;
  CHECK(back.write<note>(9, today).error() == errc::needs_epoch);  // a copy is a clone
  skerry::splitmix64 rng{7};
  REQUIRE(back.as_new_life(rng));
  CHECK(back.in<press>().self() == back.in<oven>().self());
  CHECK(back.self().generation == 2);
  REQUIRE(back.write<note>(9, today));
  // Somebody knows more of this life than it does itself, in the scope of presses: the next event in any scope is another life's.
  both clone = make<both>(1);
  REQUIRE(clone.accept(later, 0).value().verdict == state::detection::amnesia_or_clone);
  const auto old = clone.self();
  REQUIRE(clone.write<note>(3, today));
  CHECK(clone.self().generation > old.generation);
  CHECK(clone.in<press>().self() == clone.in<oven>().self());
}

TEST_CASE("the clock of a node is one clock", "[state][scopes]") {
  auto a = make<both>(1);
  auto b = make<both>(2);
  REQUIRE(b.write<target>(1, wall_ms{today.value + 30'000}, 1));
  REQUIRE(a.write<note>(0, today));
  REQUIRE(a.accept(bytes_of<press>(b), 0));
  REQUIRE(a.write<note>(1, today));
  CHECK(a.clock().last() > b.clock().last());
}

TEST_CASE("a frame without a tag of any scope, cut or of nobody's, is refused", "[state][scopes]") {
  auto a = make<both>(1);
  auto b = make<both>(2);
  const auto frame = copy(a.inc<made>(1));
  for (std::size_t n = 0; n < frame.size(); ++n) {
    CHECK_FALSE(b.accept(std::span{frame}.first(n), 0));
  }
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    auto damaged = frame;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    CHECK_FALSE(b.accept(damaged, 0));
  }
  CHECK(b.read<made>().value() == 0);
  REQUIRE(b.accept(frame, 0));
  CHECK(b.read<made>().value() == 1);
}

TEST_CASE("one link carries the scopes that both ends have, and is silent about the others", "[state][scopes]") {
  for (const int lose : {0, 3}) {
    auto a = make<both>(1);
    auto b = make<both>(2);
    auto c = make<ovens>(3);
    std::uint32_t now = 0;
    const auto ab = a.connect(b.self().id, {}, now);
    const auto ba = b.connect(a.self().id, {}, now);
    REQUIRE(ab);
    REQUIRE(ba);
    REQUIRE(a.write<target>(5, today, 1));
    REQUIRE(b.write<note>(7, today));
    CHECK(talk(a, ab.value(), b, ba.value(), now, lose) >= 100);
    CHECK(bytes_of<press>(a) == bytes_of<press>(b));
    CHECK(bytes_of<oven>(a) == bytes_of<oven>(b));
    CHECK(a.carried(ab.value()) == both::all_scopes);

    a.disconnect(ab.value());
    const auto ac = a.connect(c.self().id, {}, now);
    const auto ca = c.connect(a.self().id, {}, now);
    REQUIRE(ac);
    REQUIRE(ca);
    REQUIRE(a.write<target>(6, today, 1));
    REQUIRE(c.write<note>(8, today));
    CHECK(talk(a, ac.value(), c, ca.value(), now, lose) >= 100);
    CHECK(a.carried(ac.value()) == both::only<oven>);
    CHECK(bytes_of<oven>(a) == bytes_of<oven>(c));
    CHECK(a.read<target>(1).value() == 6);

    a.disconnect(ac.value());
    b.disconnect(ba.value());
    const auto again = a.connect(b.self().id, {}, now, both::only<oven>);
    const auto there = b.connect(a.self().id, {}, now);
    REQUIRE(again);
    REQUIRE(there);
    CHECK(talk(a, again.value(), b, there.value(), now, lose) >= 100);
    CHECK(bytes_of<oven>(a) == bytes_of<oven>(b));
    CHECK(b.read<target>(1).value() == 5);  // was not spoken of
    CHECK(b.carried(there.value()) == both::only<oven>);
  }
}

TEST_CASE("each scope has an image of its own, and the node one life after opening them", "[state][scopes]") {
  auto a = make<both>(1);
  REQUIRE(a.write<target>(5, today, 1));
  REQUIRE(a.write<note>(7, today));
  const auto image = [&a]<typename S>(std::type_identity<S>) {
    std::vector<std::byte> all;
    state::snapshot_cursor at;
    while (!at.done()) {
      std::vector<std::byte> piece(4096);
      const auto n = a.in<S>().snapshot(at, piece);
      REQUIRE(n);
      all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n.value()));
    }
    return all;
  };
  const auto of_press = image(std::type_identity<press>{});
  const auto of_oven = image(std::type_identity<oven>{});
  auto b = make<both>(1);
  skerry::splitmix64 rng{11};
  state::image_reader one{of_press, {}, 2};
  state::image_reader two{of_oven, {}, 2};
  REQUIRE(b.with<press>([&](auto& r) { return r.open(one, rng, 0); }));
  REQUIRE(b.with<oven>([&](auto& r) { return r.open(two, rng, 0); }));
  CHECK(b.read<target>(1).value() == 5);
  CHECK(bytes_of<oven>(b) == bytes_of<oven>(a));
  REQUIRE(b.write<target>(6, today, 1));
  REQUIRE(b.write<note>(8, today));
  CHECK(b.in<press>().self() == b.in<oven>().self());
  CHECK(b.self().generation > a.self().generation);
}
