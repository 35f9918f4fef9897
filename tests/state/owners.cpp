// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/detail/replica_owners.hpp>
#include <skerry/state/replica.hpp>

#include "state/forged_frame.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

using namespace skerry_test;
namespace state = skerry::state;
using skerry::errc;
using skerry::wall_ms;

namespace {

struct limit {
  static constexpr state::path at{"limit/{line}"};
  using policy = state::lww<std::int64_t>;
  static constexpr auto writer = state::owner::cloud;
};
struct reported {
  static constexpr state::path at{"reported"};
  using policy = state::pn_counter;
  static constexpr auto writer = state::owner::device;
};
struct common {
  static constexpr state::path at{"common"};
  using policy = state::keep_both<std::int64_t>;
};
using owned = state::schema<limit, reported, common>;
struct peopled : roomy {
  static constexpr std::size_t members = 8;
  static constexpr std::size_t overruled = 4;
  static constexpr bool catch_up = true;
};
struct unpeopled : roomy {
  static constexpr std::size_t members = 0;
};
using node = state::replica<owned, peopled>;

constexpr std::uint64_t today = 1'790'000'000'000;

node of(std::uint64_t id, state::role as) {
  skerry::splitmix64 rng{id};
  node n;
  (void)node::create(n, id, as, state::epoch_rule::every_open, {}, rng, 0);
  return n;
}
/// What a node of the wrong role, without a check of its own, would send: covers what it has overwritten, and holds its record.
std::vector<std::byte> wrong_write(const state::actor& who, std::uint64_t n, std::int64_t value, const state::actor& over = {},
                                   std::uint64_t over_n = 0) {
  forged_frame f;
  if (over_n > 0 && over < who) {
    f.covers(over, over_n, over_n);
  }
  f.covers(who, n, n);
  if (over_n > 0 && who < over) {
    f.covers(over, over_n, over_n);
  }
  return f.write<limit>("limit/a", who, n, {today + 50, 0}, value).bytes();
}

}  // namespace

TEST_CASE("a record of somebody who may not write its path is seen, counted and shown, and not joined", "[state][owners]") {
  auto cloud = of(1, state::role::cloud);
  auto reader = of(2, state::role::device);
  const state::actor wrong{3, 1, 7};
  REQUIRE(reader.enrol(cloud.self(), state::role::cloud));
  REQUIRE(reader.enrol(wrong, state::role::device));
  REQUIRE(reader.accept(copy(cloud.write<limit>(5, wall_ms{today}, "a").value().bytes()), 0));
  const auto got = reader.accept(wrong_write(wrong, 1, 9, cloud.self(), 1), 0);
  REQUIRE(got);
  CHECK(got.value().refused == 1);
  CHECK(got.value().quarantined == 0);
  CHECK(got.value().added == 0);
  CHECK(got.value().removed == 0);
  CHECK(reader.read<limit>("a").value() == 5);  // what it had overwritten stays
  CHECK(reader.store().contains(wrong, 1));     // nobody needs to offer it again
  CHECK(reader.counters().refused_not_owner == 1);
  const state::explanation e = reader.explain("limit/a");
  REQUIRE(e.overruled_count == 1);
  CHECK(e.overruled[0].who == wrong);
  CHECK(e.overruled[0].refused == errc::not_owner);
  // Offered again it is known.
  const auto again = reader.accept(wrong_write(wrong, 1, 9, cloud.self(), 1), 0);
  REQUIRE(again);
  CHECK(again.value().refused == 0);
  CHECK(reader.counters().refused_not_owner == 1);
  CHECK(reader.read<limit>("a").value() == 5);  // once it died of being offered twice
}

TEST_CASE("what is refused is not taken for a removal by those who hear of it", "[state][owners]") {
  auto cloud = of(1, state::role::cloud);
  auto a = of(2, state::role::device);
  auto b = of(4, state::role::device);
  const state::actor wrong{3, 1, 7};
  for (node* n : {&cloud, &a, &b}) {
    for (const node* m : {&cloud, &a, &b}) {
      REQUIRE(n->enrol(m->self(), m->role()));
    }
    REQUIRE(n->enrol(wrong, state::role::device));
  }
  const auto written = copy(cloud.write<limit>(5, wall_ms{today}, "a").value().bytes());
  REQUIRE(b.accept(written, 0));
  // a hears of the overwriting before it hears of the write.
  REQUIRE(a.accept(wrong_write(wrong, 1, 9, cloud.self(), 1), 0).value().refused == 1);
  CHECK_FALSE(a.store().contains(cloud.self(), 1));
  REQUIRE(b.accept(bytes_of(a), 0));
  CHECK(b.read<limit>("a").value() == 5);
  REQUIRE(a.accept(bytes_of(b), 0));
  CHECK(a.read<limit>("a").value() == 5);
  CHECK(bytes_of(a) == bytes_of(b));
}

TEST_CASE("a record of a life that the roster does not name waits outside until it does", "[state][owners]") {
  auto reader = of(2, state::role::device);
  auto late = of(9, state::role::cloud);
  REQUIRE(reader.enrol({1, 1, 1}, state::role::gateway));  // the roster is in use
  const auto written = copy(late.write<limit>(5, wall_ms{today}, "a").value().bytes());
  const auto got = reader.accept(written, 0);
  REQUIRE(got);
  CHECK(got.value().quarantined == 1);
  CHECK(got.value().refused == 0);
  CHECK(reader.waiting() == 0);
  CHECK_FALSE(reader.store().contains(late.self(), 1));
  // Paths that anybody may write do not ask.
  REQUIRE(reader.accept(copy(late.write<common>(1, wall_ms{today}).value().bytes()), 0).value().added == 1);
  REQUIRE(reader.enrol(late.self(), state::role::cloud));
  REQUIRE(reader.accept(written, 0).value().added == 1);
  CHECK(reader.read<limit>("a").value() == 5);
}

TEST_CASE("a roster that names nobody else is not in use, and without a roster nobody is asked", "[state][owners]") {
  const state::actor wrong{3, 1, 7};
  auto alone = of(2, state::role::device);
  CHECK(alone.accept(wrong_write(wrong, 1, 9), 0).value().added == 1);
  state::replica<owned, unpeopled> simple;
  CHECK(simple.accept(wrong_write(wrong, 1, 9), 0).value().added == 1);
  CHECK(simple.read<limit>("a").value() == 9);
}

TEST_CASE("in one frame good records come in, wrong ones are refused, far ones wait", "[state][owners][quarantine]") {
  auto reader = of(2, state::role::device);
  const state::actor cloud{1, 1, 1};
  const state::actor wrong{3, 1, 7};
  REQUIRE(reader.enrol(cloud, state::role::cloud));
  REQUIRE(reader.enrol(wrong, state::role::device));
  REQUIRE(reader.write<common>(1, wall_ms{today}));
  const auto frame = forged_frame{}
                         .covers(cloud, 1, 2)
                         .covers(wrong, 1, 1)
                         .write<limit>("limit/a", cloud, 1, {today, 0}, 1)
                         .write<limit>("limit/b", cloud, 2, {today + 99'999'999, 0}, 2)
                         .write<limit>("limit/c", wrong, 1, {today + 99'999'999, 0}, 3)
                         .bytes();
  const auto got = reader.accept(frame, 0);
  REQUIRE(got);
  CHECK(got.value().added == 1);
  CHECK(got.value().quarantined == 1);
  CHECK(got.value().refused == 1);
  CHECK(reader.waiting() == 1);
  CHECK(reader.read<limit>("a").value() == 1);
  CHECK_FALSE(reader.read<limit>("b"));
  CHECK_FALSE(reader.read<limit>("c"));
}

namespace {

/// Brings `to` up to date with all that `from` holds; what `to` said of it. `meanwhile` is called before each frame of keys.
template <typename Meanwhile>
state::receipt bring(const node& from, node& to, std::uint64_t salt, Meanwhile&& meanwhile) {
  node::source_type source;
  from.start_catch_up(source, salt);
  state::receipt all;
  for (;;) {
    std::vector<std::byte> frame(96);
    const auto size = from.next_chunk(source, frame);
    REQUIRE(size);
    if (size.value() == 0) {
      return all;
    }
    meanwhile(frame);
    const auto got = to.take_chunk(std::span{frame}.first(size.value()), 0);
    REQUIRE(got);
    all.added += got.value().added;
    all.quarantined += got.value().quarantined;
    all.refused += got.value().refused;
  }
}
state::receipt bring(const node& from, node& to, std::uint64_t salt) {
  return bring(from, to, salt, [](const auto&) {});
}

}  // namespace

TEST_CASE("a catch-up brings nothing in that a frame would not: wrong ones are refused, unnamed and far ones wait",
          "[state][owners][quarantine]") {
  const state::actor cloud{1, 1, 1};
  const state::actor wrong{3, 1, 7};
  const state::actor unnamed{5, 1, 7};
  node teller;  // nobody has told it who may write what, nor what time it is
  const auto old = forged_frame{}.covers(cloud, 1, 2);
  REQUIRE(teller.accept(
      forged_frame{old}.write<limit>("limit/a", cloud, 1, {today, 0}, 1).write<limit>("limit/b", cloud, 2, {today, 0}, 2).bytes(), 0));
  auto reader = of(2, state::role::device);
  REQUIRE(reader.accept(bytes_of(teller), 0));
  REQUIRE(reader.enrol(cloud, state::role::cloud));
  REQUIRE(reader.enrol(wrong, state::role::device));
  REQUIRE(reader.write<common>(1, wall_ms{today}));
  const auto later = forged_frame{}
                         .covers(cloud, 1, 5)
                         .covers(wrong, 1, 1)
                         .covers(unnamed, 1, 1)
                         .write<limit>("limit/a", wrong, 1, {today + 5, 0}, 11)
                         .write<limit>("limit/b", cloud, 4, {today + 99'999'999, 0}, 12)
                         .write<limit>("limit/c", unnamed, 1, {today + 5, 0}, 13)
                         .write<limit>("limit/d", cloud, 5, {today + 5, 0}, 14)
                         .bytes();
  REQUIRE(teller.accept(later, 0));
  const bool again = GENERATE(false, true);
  CAPTURE(again);
  const auto got = bring(teller, reader, 7);
  const auto next = again ? bring(teller, reader, 8) : state::receipt{};
  CHECK(got.refused == 1);
  CHECK(got.quarantined == 2);
  CHECK(got.added == 1);
  CHECK(next.refused == 0);  // known by now
  CHECK(next.added == 0);
  CHECK_FALSE(reader.catching_up());
  CHECK(reader.counters().refused_not_owner == 1);
  CHECK(reader.waiting() == 1);
  CHECK(reader.read<limit>("a").value() == 1);  // what the refused one had overwritten stays
  CHECK(reader.read<limit>("b").value() == 2);  // and what the far one has
  CHECK_FALSE(reader.read<limit>("c"));
  CHECK(reader.read<limit>("d").value() == 14);
  CHECK(reader.store().contains(wrong, 1));  // seen: nobody needs to offer it again
  CHECK(reader.store().contains(cloud, 3));
  CHECK_FALSE(reader.store().contains(cloud, 4));  // unseen: it will be offered again
  CHECK_FALSE(reader.store().contains(unnamed, 1));
  // Their time comes.
  REQUIRE(reader.enrol(unnamed, state::role::cloud));
  REQUIRE(reader.accept(later, 99'999'999));
  CHECK(reader.read<limit>("b").value() == 12);
  CHECK(reader.read<limit>("c").value() == 13);
  CHECK(reader.store().contains(cloud, 4));
}

TEST_CASE("what a catch-up held back stays unseen when a crash interrupts it", "[state][owners][quarantine]") {
  const state::actor cloud{1, 1, 1};
  node teller;
  forged_frame all;
  all.covers(cloud, 1, 20);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const std::string key = "limit/" + std::string(1, static_cast<char>('a' + n));
    all.write<limit>(key, cloud, n, {n == 1 ? today + 99'999'999 : today, 0}, static_cast<std::int64_t>(n));
  }
  REQUIRE(teller.accept(all.bytes(), 0));
  auto reader = of(2, state::role::device);
  REQUIRE(reader.enrol(cloud, state::role::cloud));
  REQUIRE(reader.write<common>(1, wall_ms{today}));

  const auto image_of = [](const node& n) {
    std::vector<std::byte> image;
    std::vector<std::byte> piece(2048);
    for (state::snapshot_cursor at; !at.done();) {
      const auto size = n.snapshot(at, piece);
      REQUIRE(size);
      image.insert(image.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size.value()));
    }
    return image;
  };
  node::source_type source;
  teller.start_catch_up(source, 7);
  std::vector<std::byte> image;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::byte> frame(96);
    const auto size = teller.next_chunk(source, frame);
    REQUIRE(size);
    REQUIRE(reader.take_chunk(std::span{frame}.first(size.value()), 0));
    if (i == 0) {
      state::snapshot_cursor at;
      std::vector<std::byte> piece(4096);
      while (!at.done()) {
        REQUIRE(reader.snapshot(at, piece));
      }
      reader.persisted(at);
    }
  }
  REQUIRE(reader.catching_up());
  CHECK(reader.to_persist().snapshot);  // no log could say that the event was taken out of what is pending
  image = image_of(reader);

  skerry::splitmix64 rng{5};
  node again = of(2, state::role::device);
  state::image_reader stored{image, {}, 0};
  REQUIRE(again.open(stored, rng, 0));
  REQUIRE(again.write<common>(2, wall_ms{today}));
  (void)source.on_request(again.chunk_request());
  for (;;) {
    std::vector<std::byte> frame(96);
    const auto size = teller.next_chunk(source, frame);
    REQUIRE(size);
    if (size.value() == 0) {
      break;
    }
    REQUIRE(again.take_chunk(std::span{frame}.first(size.value()), 0));
  }
  CHECK_FALSE(again.catching_up());
  CHECK_FALSE(again.store().contains(cloud, 1));
  CHECK(again.store().contains(cloud, 20));
  CHECK(again.read<limit>("u").value() == 20);
}

TEST_CASE("a roster that is not in use refuses nobody, though another record of the frame waits", "[state][owners][quarantine]") {
  auto alone = of(2, state::role::device);
  REQUIRE(alone.write<common>(1, wall_ms{today}));
  const state::actor cloud{1, 1, 1};
  const auto got = alone.accept(forged_frame{}
                                    .covers(cloud, 1, 2)
                                    .write<limit>("limit/a", cloud, 1, {today, 0}, 1)
                                    .write<limit>("limit/b", cloud, 2, {today + 99'999'999, 0}, 2)
                                    .bytes(),
                                0);
  REQUIRE(got);
  CHECK(got.value().quarantined == 1);
  CHECK(alone.read<limit>("a").value() == 1);
}

TEST_CASE("nodes with one roster agree, whoever writes what he may not", "[state][owners][property]") {
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::vector<node> all;
    for (const std::uint64_t id : {1U, 2U, 4U, 5U}) {
      all.push_back(of(id, id == 1 || id == 5 ? state::role::cloud : state::role::device));
    }
    const state::actor wrong{3, 1, static_cast<std::uint32_t>(seed)};
    for (node& n : all) {
      for (const node& m : all) {
        REQUIRE(n.enrol(m.self(), m.role()));
      }
      REQUIRE(n.enrol(wrong, state::role::device));
    }
    std::vector<std::vector<std::byte>> sent;
    std::uint64_t wrong_n = 0;
    for (int event = 0; event < 60; ++event) {
      node& n = all[rng() % all.size()];
      const wall_ms wall{today + static_cast<std::uint64_t>(event)};
      switch (rng() % 5) {
        case 0: {
          const auto d = n.write<limit>(event, wall, "a");
          REQUIRE((d || d.error() == errc::not_owner));
          if (d) {
            sent.push_back(copy(d.value().bytes()));
          }
          break;
        }
        case 1: sent.push_back(copy(n.write<common>(event, wall).value().bytes())); break;
        case 2: {
          // It has seen whatever n has at the key.
          state::actor over{};
          std::uint64_t over_n = 0;
          const state::explanation e = n.explain("limit/a");
          if (e.count > 0) {
            over = e.records[0].who;
            over_n = e.records[0].n;
          }
          sent.push_back(wrong_write(wrong, ++wrong_n, 1000 + event, over, over_n));
          break;
        }
        default:
          if (!sent.empty()) {
            const auto got = n.accept(sent[rng() % sent.size()], 0);
            REQUIRE(got);
            refused += got.value().refused;
          }
      }
      REQUIRE(n.read<limit>("a").value_or(0) < 1000);
    }
    // All have heard all writes, the wrong ones too.
    for (int round = 0; round < 2; ++round) {
      for (node& n : all) {
        for (const auto& frame : sent) {
          REQUIRE(n.accept(frame, 0));
        }
        for (const node& m : all) {
          REQUIRE((&n == &m || n.accept(bytes_of(m), 0)));
        }
      }
    }
    for (const node& n : all) {
      REQUIRE(n.read<limit>("a").value_or(0) < 1000);
      REQUIRE(bytes_of(n) == bytes_of(all[0]));
    }
  }
  CHECK(refused > 200);
}

TEST_CASE("what a refused write had overwritten is lost to who had not seen it: in a frame it stays unseen, in a chunk it counts as seen",
          "[state][owners]") {
  const state::actor cloud{1, 1, 1};
  const state::actor wrong{3, 1, 7};
  node holder;  // has the write of the cloud, and has not heard of the wrong one
  REQUIRE(holder.accept(forged_frame{}.covers(cloud, 1, 1).write<limit>("limit/a", cloud, 1, {today, 0}, 21).bytes(), 0));
  const auto overwritten =
      forged_frame{}.covers(cloud, 1, 1).covers(wrong, 1, 1).write<limit>("limit/a", wrong, 1, {today + 5, 0}, 11).bytes();
  const bool by_chunk = GENERATE(false, true);
  CAPTURE(by_chunk);
  auto reader = of(2, state::role::device);
  REQUIRE(reader.enrol(cloud, state::role::cloud));
  REQUIRE(reader.enrol(wrong, state::role::device));
  if (by_chunk) {
    node teller;
    REQUIRE(teller.accept(overwritten, 0));
    CHECK(bring(teller, reader, 7).refused == 1);
  } else {
    const auto taken = reader.accept(overwritten, 0);
    REQUIRE(taken);
    CHECK(taken.value().refused == 1);
  }
  CHECK_FALSE(reader.read<limit>("a"));
  REQUIRE(reader.accept(bytes_of(holder), 0));
  CHECK(reader.store().contains(cloud, 1));
  CHECK(static_cast<bool>(reader.read<limit>("a")) == !by_chunk);
}
