// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/image.hpp>

#include "core/histories.hpp"
#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <map>
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

struct chained : roomy {
  static constexpr std::size_t chain = 16;
};
using node = state::replica<plant, chained>;
struct with_members : chained {
  static constexpr std::size_t members = 8;
};

/// The whole image, in pieces of `piece` bytes.
template <typename Replica>
bytes image_of(const Replica& r, std::size_t piece = 4096, state::snapshot_cursor* cursor = nullptr) {
  bytes all;
  state::snapshot_cursor own;
  state::snapshot_cursor& at = cursor == nullptr ? own : *cursor;
  while (!at.done()) {
    bytes part(piece);
    const auto n = r.snapshot(at, part);
    REQUIRE(n);
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n.value()));
  }
  return all;
}

template <typename Replica>
Replica born(std::uint64_t id, state::epoch_rule rule, std::uint64_t seed, state::role as = state::role::device) {
  skerry::splitmix64 rng{seed};
  Replica r;
  REQUIRE(Replica::create(r, id, as, rule, {}, rng, 0));
  return r;
}
/// A node that starts: `create`, then `open`.
template <typename Replica>
skerry::status start(Replica& r, std::uint64_t id, state::epoch_rule rule, std::uint64_t seed, state::image_reader& reader,
                     state::role as = state::role::device) {
  r = born<Replica>(id, rule, seed, as);
  skerry::splitmix64 rng{seed + 77};
  return r.open(reader, rng, 0);
}

bytes operate(node& n, skerry::splitmix64& rng, std::uint64_t now) {
  const auto line = static_cast<int>(rng() % 8);
  const auto made = [&]() -> skerry::result<state::delta_view> {
    switch (rng() % 6) {
      case 0: return n.write<setpoint>(static_cast<double>(rng() % 100), wall_ms{now}, line);
      case 1: return n.remove<setpoint>(line);
      case 2: return n.write<mode>(static_cast<std::int64_t>(rng() % 100), wall_ms{now}, line);
      case 3: return n.write<recipe>(static_cast<std::int32_t>(rng() % 100), wall_ms{now});
      case 4: return n.inc<starts>(1 + rng() % 5, line, 1);
      default: return n.dec<stock>(1 + rng() % 3);
    }
  }();
  return made ? copy(made.value().bytes()) : bytes{};
}

constexpr auto every_open = state::epoch_rule::every_open;
constexpr auto durable = state::epoch_rule::durable;

}  // namespace

TEST_CASE("an image gives back all that was known, in any piece size, and a new life goes on behind it") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    node a = born<node>(1, every_open, seed);
    node b = born<node>(2, every_open, seed + 1);
    for (int i = 0; i < 60; ++i) {
      (void)operate(rng() % 2 == 0 ? a : b, rng, 1'700'000'000'000 + rng() % 1000);
      if (rng() % 5 == 0) {
        REQUIRE(a.join(b));
      }
    }
    const bytes image = image_of(a, 1500 + rng() % 3000);
    CHECK((image == image_of(a)));
    state::image_reader reader{image};
    node back;
    REQUIRE(start(back, 1, every_open, seed + 2, reader));
    CHECK((bytes_of(back) == bytes_of(a)));
    CHECK(back.clock().last() == a.clock().last());
    CHECK(back.counters().operations == a.counters().operations);
    CHECK(back.counters().epochs == a.counters().epochs + 1);
    CHECK(reader.report().reason == state::epoch_reason::rule);
    CHECK(back.self().id == 1);
    CHECK(back.self().generation > a.self().generation);
    REQUIRE(back.write<recipe>(1, wall_ms{1'700'000'000'000}));
    CHECK(back.read<recipe>().value() == 1);
  }
}

namespace {

/// What a node keeps over a power cut: two places for images, of which the last whole one counts, a log for each, and a boot counter.
struct disk {
  std::array<bytes, 2> images{};
  std::array<bytes, 2> logs{};
  std::size_t current = 0;  ///< the place that counts; the other one is written
  std::uint64_t boots = 0;

  [[nodiscard]] state::image_reader reader() const { return state::image_reader{images[current], logs[current], boots}; }
};

/// A node with its disk. Every write to the disk can be the last one: after `budget` bytes the power is gone.
struct stored_node {
  std::uint64_t id;
  state::epoch_rule rule;
  std::uint64_t seed;
  disk on{};
  std::unique_ptr<node> r = std::make_unique<node>();
  std::size_t budget = static_cast<std::size_t>(-1);
  state::image_report report{};

  bool append(bytes& to, std::span<const std::byte> what) {
    const std::size_t n = what.size() < budget ? what.size() : budget;
    to.insert(to.end(), what.begin(), what.begin() + static_cast<std::ptrdiff_t>(n));
    budget -= n;
    return n == what.size();
  }
  void start() {
    ++on.boots;
    budget = static_cast<std::size_t>(-1);
    auto reader = on.reader();
    r = std::make_unique<node>();
    skerry::splitmix64 rng{++seed * 7919};
    REQUIRE(node::create(*r, id, state::role::device, rule, {}, rng, 0));
    REQUIRE(r->open(reader, rng, 0));
    report = reader.report();
    on.logs[on.current].resize(report.log_bytes);  // what was torn is cut
  }
  /// False: the power is gone.
  bool persist() {
    const auto request = r->to_persist();
    if (request.snapshot) {
      return write_image();
    }
    if (!append(on.logs[on.current], request.bytes)) {
      return false;
    }
    r->persisted(request.upto);
    return true;
  }
  bool write_image() {
    const std::size_t other = 1 - on.current;
    on.images[other].clear();
    on.logs[other].clear();
    state::snapshot_cursor at;
    while (!at.done()) {
      bytes piece(1600);
      const auto n = r->snapshot(at, piece);
      REQUIRE(n);
      piece.resize(n.value());
      if (!append(on.images[other], piece)) {
        return false;
      }
    }
    on.current = other;
    r->persisted(at);
    return true;
  }
};

using event = std::pair<state::actor, std::uint64_t>;

/// What each event is, as far as anybody has ever seen it: one name, one content.
struct witness {
  std::map<event, bytes> contents{};
  std::size_t doubles = 0;

  void look(const node& n) {
    n.store().for_each_key([&](auto slot) {
      n.store().records(slot).for_each([&](const state::record_view& r) {
        bytes content = copy(r.payload);
        content.push_back(static_cast<std::byte>(n.store().key(slot).path));
        for (const char c : n.store().key(slot).args) {
          content.push_back(static_cast<std::byte>(c));
        }
        const auto found = contents.emplace(event{r.who, r.n}, content);
        doubles += found.first->second == content ? 0 : 1;
      });
    });
  }
};

}  // namespace

TEST_CASE("a power cut at any byte of image or log loses nothing that was durable and no name is used twice") {  // traps 2, 3, 17
  std::size_t cuts = 0;
  std::size_t images = 0;
  std::size_t clean = 0;
  for (std::uint64_t seed = 0; seed < skerry_test::histories(120); ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const auto rule = seed % 2 == 0 ? durable : every_open;
    stored_node a{1, rule, seed};
    node peer = born<node>(9, every_open, seed + 5);
    witness seen;
    a.start();
    std::uint64_t now = 1'700'000'000'000;
    node safe = *a.r;  // everything that was durable at the last success
    for (int step = 0; step < 60; ++step) {
      const auto what = rng() % 12;
      if (what < 6) {
        (void)operate(*a.r, rng, ++now);
        seen.look(*a.r);
      } else if (what < 8) {
        (void)operate(peer, rng, ++now);
        REQUIRE(a.r->join(peer));
        seen.look(*a.r);
      } else {
        const bool dies = rng() % 3 == 0;
        a.budget = dies ? rng() % (rng() % 2 == 0 ? 40 : 1500) : static_cast<std::size_t>(-1);
        const bool image = rng() % 4 == 0;
        images += image ? 1 : 0;
        const bool closes = rule == durable && rng() % 3 == 0;
        if (closes) {
          a.r->close();
        }
        const state::actor before = a.r->self();
        const bool written = image || closes ? a.write_image() : a.persist();
        if (written) {
          safe = *a.r;
          CHECK(a.r->durable() == a.r->at());
          if (rule == every_open || rng() % 2 == 0) {
            REQUIRE(peer.join(*a.r));
            seen.look(peer);
          }
        }
        if (dies || closes) {
          cuts += written ? 0 : 1;
          a.start();
          // Nothing durable is lost, and nothing is there that never was.
          node both = *a.r;
          REQUIRE(both.join(safe));
          CHECK((bytes_of(both) == bytes_of(*a.r)));
          if (written && closes) {
            ++clean;
            CHECK(a.report.reason == state::epoch_reason::kept);
            CHECK(a.r->self() == before);
          } else {
            CHECK_FALSE(a.r->self() == before);
          }
          seen.look(*a.r);
          safe = *a.r;
        }
      }
    }
    REQUIRE(peer.join(*a.r));
    REQUIRE(a.r->join(peer));
    CHECK((bytes_of(peer) == bytes_of(*a.r)));
    CHECK(seen.doubles == 0);
    CHECK(a.r->counters().clones == 0);
  }
  CHECK(cuts > 100);
  CHECK(images > 100);
  CHECK(clean > 20);
}

TEST_CASE("whatever older image is put back, the next event has a new name") {  // trap 2
  std::size_t kept_epochs = 0;
  std::size_t told = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    const auto rule = seed % 3 == 0 ? every_open : durable;
    node a = born<node>(1, rule, seed);
    node peer = born<node>(2, every_open, seed + 1);
    witness seen;
    std::vector<std::pair<bytes, std::uint64_t>> kept;
    std::uint64_t boot = 0;
    for (int life = 0; life < 12; ++life) {
      for (std::uint64_t i = 0; i < 1 + rng() % 8; ++i) {
        (void)operate(a, rng, 1'700'000'000'000 + seed);
        seen.look(a);
        if (rng() % 2 == 0) {
          REQUIRE(peer.join(a));
        }
      }
      if (rng() % 3 == 0) {
        REQUIRE(a.join(peer));
      }
      const bool closes = rng() % 2 == 0;
      const bool sure = !a.in_doubt();
      if (closes) {
        a.close();
      }
      kept.emplace_back(image_of(a), boot);
      // The counter stands beside the images: it goes on, or, on the worst board, somebody has set it back with the image.
      const auto& [image, its_boot] = kept[rng() % kept.size()];
      const bool latest = &image == &kept.back().first;
      const bool set_back = rng() % 4 == 0;
      boot = set_back ? its_boot + 1 : boot + 1;
      const bool follows = boot == its_boot + 1 && its_boot > 0;
      state::image_reader reader{image, {}, boot};
      REQUIRE(start(a, 1, rule, seed * 1000 + static_cast<std::uint64_t>(life), reader));
      const bool keeps = reader.report().reason == state::epoch_reason::kept;
      CHECK((!keeps || follows));
      CHECK((keeps || !(rule == durable && latest && closes && sure && follows)));
      kept_epochs += keeps ? 1 : 0;
      if (keeps && !latest) {
        ++told;
        REQUIRE(a.restored());  // what no counter can tell the application has to say
      }
    }
    REQUIRE(peer.join(a));
    REQUIRE(a.join(peer));
    CHECK((bytes_of(a) == bytes_of(peer)));
    CHECK(seen.doubles == 0);
  }
  CHECK(kept_epochs > 20);
  CHECK(told > 5);
}

TEST_CASE("two boards from one image converge, and say so when they share a name") {  // trap 4
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    node first = born<node>(1, durable, seed);
    state::image_reader nothing{{}, {}, 7};
    skerry::splitmix64 entropy{seed + 3};
    REQUIRE(first.open(nothing, entropy, 0));
    CHECK(nothing.report().reason == state::epoch_reason::no_image);
    (void)operate(first, rng, 1'700'000'000'000);
    REQUIRE(first.inc<stock>(2));
    first.close();
    const bytes image = image_of(first);
    // Boards of one batch: same image, same counter, even the same generator.
    std::array<node, 2> board;
    for (node& b : board) {
      state::image_reader reader{image, {}, 8};
      REQUIRE(start(b, 1, durable, seed + 9, reader));
      CHECK(reader.report().reason == state::epoch_reason::kept);
    }
    REQUIRE(board[0].self() == board[1].self());
    REQUIRE(board[0].inc<stock>(3));
    REQUIRE(board[1].inc<stock>(4));
    const auto chains = std::pair{board[0].chain(), board[1].chain()};
    CHECK(chains.first.n == chains.second.n);
    CHECK(chains.first.value != chains.second.value);
    // A peer that has met the first one tells the second one what it has of it.
    CHECK(board[1].heard_chain(board[1].self(), chains.first, false) == state::detection::clone);
    CHECK(board[1].in_doubt());
    CHECK(board[1].counters().clones == 1);
    CHECK(board[0].heard_chain(board[0].self(), chains.first, false) == state::detection::ok);
    REQUIRE(board[1].inc<stock>(5));
    CHECK_FALSE(board[0].self() == board[1].self());
    REQUIRE(board[0].join(board[1]));
    REQUIRE(board[1].join(board[0]));
    REQUIRE(board[0].join(board[1]));
    CHECK((bytes_of(board[0]) == bytes_of(board[1])));
  }
}

TEST_CASE("a node set back learns from a peer that it has forgotten, and begins a new life") {  // traps 3, 18
  node server = born<node>(1, durable, 1);
  state::image_reader nothing{{}, {}, 1};
  skerry::splitmix64 entropy{3};
  REQUIRE(server.open(nothing, entropy, 0));
  REQUIRE(server.inc<stock>(1));
  server.close();
  const bytes backup = image_of(server);
  {
    state::image_reader reader{backup, {}, 2};
    REQUIRE(start(server, 1, durable, 2, reader));
    REQUIRE(reader.report().reason == state::epoch_reason::kept);
  }
  node client = born<node>(2, every_open, 1);
  REQUIRE(server.inc<stock>(1));
  REQUIRE(server.inc<stock>(1));
  REQUIRE(client.join(server));
  const state::chain_point known = server.chain();
  // The backup comes back, counter and all.
  state::image_reader reader{backup, {}, 2};
  node restored;
  REQUIRE(start(restored, 1, durable, 4, reader));
  REQUIRE(reader.report().reason == state::epoch_reason::kept);
  SECTION("by what the peer's hello says") {
    CHECK(restored.heard_chain(restored.self(), known, false) == state::detection::amnesia_or_clone);
  }
  SECTION("by the peer's own news, of which only the last event comes") {
    const auto news = client.inc<stock>(1);
    REQUIRE(news);
    const bytes all = bytes_of(client);
    const auto taken = restored.accept(all, 0);
    REQUIRE(taken);
    CHECK(taken.value().verdict == state::detection::amnesia_or_clone);
  }
  CHECK(restored.in_doubt());
  const state::actor before = restored.self();
  REQUIRE(restored.inc<stock>(10));
  CHECK_FALSE(restored.self() == before);
  REQUIRE(restored.join(client));
  CHECK(restored.read<stock>().value() >= 13);
  REQUIRE(client.join(restored));
  CHECK((bytes_of(restored) == bytes_of(client)));
}

TEST_CASE("a durable epoch needs the counter, the role, the id and a clean end") {
  node a = born<node>(1, durable, 1);
  state::image_reader nothing{{}, {}, 4};
  skerry::splitmix64 entropy{3};
  REQUIRE(a.open(nothing, entropy, 0));
  REQUIRE(a.write<setpoint>(1.0, wall_ms{1'700'000'000'000}, 1));
  node running = a;
  a.close();
  CHECK(a.write<setpoint>(2.0, wall_ms{1'700'000'000'000}, 1).error() == errc::needs_epoch);
  const bytes image = image_of(a);
  const auto reason = [&](const bytes& bytes_, std::uint64_t boot, std::uint64_t id, state::epoch_rule rule, state::role as) {
    state::image_reader reader{bytes_, {}, boot};
    node back;
    REQUIRE(start(back, id, rule, 9, reader, as));
    CHECK(back.read<setpoint>(1).value() == 1.0);
    const bool kept = reader.report().reason == state::epoch_reason::kept;
    CHECK((back.self() == a.self()) == kept);
    REQUIRE(back.write<setpoint>(3.0, wall_ms{1'700'000'000'001}, 1));
    CHECK(back.read<setpoint>(1).value() == 3.0);
    return reader.report().reason;
  };
  using state::epoch_reason;
  constexpr auto device = state::role::device;
  CHECK(reason(image, 5, 1, durable, device) == epoch_reason::kept);
  CHECK(reason(image, 6, 1, durable, device) == epoch_reason::other_boot);
  CHECK(reason(image, 4, 1, durable, device) == epoch_reason::other_boot);
  CHECK(reason(image, 0, 1, durable, device) == epoch_reason::other_boot);
  CHECK(reason(image, 5, 2, durable, device) == epoch_reason::other_id);
  CHECK(reason(image, 5, 1, durable, state::role::gateway) == epoch_reason::other_id);
  CHECK(reason(image, 5, 1, every_open, device) == epoch_reason::rule);
  // The same without `close`: the image of a node that goes on.
  skerry::splitmix64 rng{1};
  REQUIRE(running.as_new_life(rng));
  CHECK(reason(image_of(running), 5, 1, durable, device) == epoch_reason::unclean);
  // A replica that was not created takes the identity as well.
  node stranger;
  state::image_reader reader{image, {}, 5};
  REQUIRE(stranger.open(reader, rng, 0));
  CHECK(stranger.self() == a.self());
  CHECK(stranger.open(reader, rng, 0).error() == errc::invalid);
}

TEST_CASE("any damaged byte of an image is noticed, and a refused one leaves the replica as it was") {
  skerry::splitmix64 rng{5};
  node a = born<node>(1, every_open, 1);
  for (int i = 0; i < 12; ++i) {
    (void)operate(a, rng, 1'700'000'000'000);
  }
  const bytes image = image_of(a);
  const node fresh = born<node>(1, every_open, 2);
  for (std::size_t at = 0; at < image.size(); ++at) {
    CAPTURE(at);
    bytes damaged = image;
    damaged[at] ^= static_cast<std::byte>(1U << rng() % 8);
    state::image_reader reader{damaged};
    node back;
    const auto opened = start(back, 1, every_open, 2, reader);
    CHECK_FALSE(opened);
    CHECK((bytes_of(back) == bytes_of(fresh)));
    CHECK(back.self() == fresh.self());
    CHECK(back.counters().epochs == 1);
    REQUIRE(back.inc<stock>(1));
    state::image_reader cut{std::span{image}.first(at)};
    node torn;
    CHECK(static_cast<bool>(start(torn, 1, every_open, 2, cut)) == (at == 0));
  }
  // Two images, one written over the other: every frame is whole, and yet it is none.
  node b = born<node>(1, every_open, 3);
  REQUIRE(b.write<recipe>(3, wall_ms{1'700'000'000'000}));
  bytes mixed = image_of(b);
  const std::size_t head = 4 + std::to_integer<std::size_t>(mixed[0]);
  mixed.resize(head);
  mixed.insert(mixed.end(), image.begin() + 4 + std::to_integer<std::ptrdiff_t>(image[0]), image.end());
  state::image_reader reader{mixed};
  node back;
  CHECK(start(back, 1, every_open, 2, reader).error() == errc::corrupt);
  // The newer one's events over the older one's keys: what lies between would count as removed.
  REQUIRE(a.write<recipe>(9, wall_ms{1'700'000'000'009}));
  bytes over = image_of(a);
  const std::size_t events = 4 + std::to_integer<std::size_t>(over[0]);
  REQUIRE(events == 4 + std::to_integer<std::size_t>(image[0]));
  std::copy(image.begin() + static_cast<std::ptrdiff_t>(events), image.end(), over.begin() + static_cast<std::ptrdiff_t>(events));
  over.resize(image.size());
  state::image_reader half{over};
  CHECK(start(back, 1, every_open, 2, half).error() == errc::corrupt);
  // Erased flash behind it is no damage.
  bytes page = image;
  page.resize(page.size() + 100, std::byte{0xff});
  state::image_reader erased{page, std::span{page}.last(100)};
  CHECK(start(back, 1, every_open, 2, erased));
  CHECK(erased.report().torn_bytes == 0);
}

TEST_CASE("an image written while the replica changes is whole with its log, and refused without") {
  std::size_t changed = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    node a = born<node>(1, every_open, seed);
    for (int i = 0; i < 60; ++i) {
      (void)operate(a, rng, 1'700'000'000'000);
      (void)a.inc<starts>(1, static_cast<int>(rng() % 60), 3);
    }
    bytes image;
    bytes log;
    state::snapshot_cursor at;
    while (!at.done()) {
      bytes piece(1400);
      const auto n = a.snapshot(at, piece);
      REQUIRE(n);
      image.insert(image.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n.value()));
      for (std::uint64_t i = 0; i < rng() % 4; ++i) {
        (void)operate(a, rng, 1'700'000'000'001);
      }
    }
    const bool moved = !(a.at() == at.begun());
    a.persisted(at);
    const auto request = a.to_persist();
    REQUIRE_FALSE(request.snapshot);
    log = copy(request.bytes);
    changed += moved ? 1 : 0;
    state::image_reader whole{image, log};
    node back;
    REQUIRE(start(back, 1, every_open, seed + 1, whole));
    CHECK((bytes_of(back) == bytes_of(a)));
    CHECK(whole.report().log_frames == (moved ? 1 : 0));
    CHECK(back.durable() == back.at());
  }
  CHECK(changed > 40);
}

namespace {

struct wider : chained {
  static constexpr std::size_t links_max = 4;
};
using wide_node = state::replica<plant, wider>;
struct long_log : chained {
  static constexpr std::size_t log_bytes = 8192;
};

}  // namespace

TEST_CASE("a catch-up goes on behind a crash from where image and log have it") {
  std::size_t amid = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    wide_node sender = born<wide_node>(2, every_open, seed);
    wide_node receiver = born<wide_node>(1, every_open, seed + 1);
    for (int i = 0; i < 50; ++i) {
      wide_node& at = rng() % 2 == 0 ? sender : receiver;
      const auto line = static_cast<int>(rng() % 30);
      if (rng() % 3 == 0) {
        (void)at.remove<setpoint>(line);
      } else if (rng() % 2 == 0) {
        (void)at.write<setpoint>(static_cast<double>(line), wall_ms{1'700'000'000'000}, line);
      } else {
        (void)at.inc<starts>(1, line, 1);
      }
      if (rng() % 8 == 0) {
        REQUIRE(at.join(rng() % 2 == 0 ? sender : receiver));
      }
    }
    wide_node expected = receiver;
    REQUIRE(expected.join(sender));
    bytes image = image_of(receiver);
    bytes log;
    {
      state::snapshot_cursor at;
      image = image_of(receiver, 4096, &at);
      receiver.persisted(at);
    }
    wide_node::source_type source;
    sender.start_catch_up(source, seed);
    bool refused = false;  // whoever refuses says what it has, also behind the last chunk
    for (int step = 0; step < 400 && (source.active() || receiver.catching_up() || refused); ++step) {
      bytes frame(90 + rng() % 120);
      const auto n = sender.next_chunk(source, frame);
      if (n && n.value() > 0 && rng() % 6 != 0) {
        frame.resize(n.value());
        refused = !receiver.take_chunk(frame, 0);
      }
      const auto what = rng() % 8;
      if (what < 3) {
        const auto request = receiver.to_persist();
        if (request.snapshot) {
          state::snapshot_cursor at;
          image = image_of(receiver, 4096, &at);
          log.clear();
          receiver.persisted(at);
        } else {
          log.insert(log.end(), request.bytes.begin(), request.bytes.end());
          receiver.persisted(request.upto);
        }
        CHECK(receiver.durable() == receiver.at());
      } else if (what == 3) {
        amid += receiver.catching_up() ? 1 : 0;
        state::image_reader reader{image, log};
        REQUIRE(start(receiver, 1, every_open, seed * 100 + static_cast<std::uint64_t>(step), reader));
        CHECK(reader.report().torn_bytes == 0);
        log.resize(reader.report().log_bytes);
      }
      if ((!n || n.value() == 0 || what >= 3 || refused) && source.on_request(receiver.chunk_request()).error() == errc::stale) {
        sender.start_catch_up(source, seed + static_cast<std::uint64_t>(step) + 1);
      }
    }
    REQUIRE_FALSE(receiver.catching_up());
    CHECK((bytes_of(receiver) == bytes_of(expected)));
  }
  CHECK(amid > 60);
}

TEST_CASE("what a log cannot say any more asks for an image") {
  node a = born<node>(1, every_open, 1);
  CHECK(a.to_persist().bytes.empty());
  CHECK_FALSE(a.acknowledges_durable() == false);
  REQUIRE(a.inc<stock>(1));
  const auto first = a.to_persist();
  CHECK_FALSE(first.snapshot);
  CHECK_FALSE(first.bytes.empty());
  a.persisted(first.upto);
  CHECK(a.to_persist().bytes.empty());
  a.persisted(state::mark{first.upto.value + 1000});  // the future
  CHECK(a.durable() == first.upto);
  // More keys than the log's buffer takes.
  for (int line = 0; line < 60; ++line) {
    REQUIRE(a.inc<starts>(1, line, 1));
  }
  CHECK(a.to_persist().snapshot);
  state::snapshot_cursor at;
  (void)image_of(a, 4096, &at);
  a.persisted(at);
  CHECK_FALSE(a.to_persist().snapshot);
  CHECK(a.durable() == a.at());
}

TEST_CASE("removals that the store has forgotten are on disk all the same") {
  std::size_t forgotten = 0;
  for (std::uint64_t seed = 0; seed < skerry_test::histories(30); ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    stored_node a{1, every_open, seed};
    a.start();
    for (int step = 0; step < 12; ++step) {
      // Keys come and go faster than anybody writes them down.
      const std::uint64_t rounds = rng() % 200;
      for (std::uint64_t i = 0; i < rounds; ++i) {
        const auto line = static_cast<int>(rng() % 400);
        (void)a.r->write<setpoint>(1.0, wall_ms{1'700'000'000'000}, line);
        if (rng() % 8 != 0 || a.r->store().key_count() > 40) {
          (void)a.r->remove<setpoint>(line);
        }
        if (a.r->store().key_count() > 50) {
          (void)a.r->clear<setpoint>();
        }
      }
      const bool short_of = a.r->store().log().forgotten() > a.r->durable_changes();
      CHECK((!short_of || a.r->to_persist().snapshot));
      forgotten += short_of ? 1 : 0;
      REQUIRE(a.persist());
      const bytes before = bytes_of(*a.r);
      a.start();
      CHECK((bytes_of(*a.r) == before));
    }
  }
  CHECK(forgotten > 10);
}

TEST_CASE("a log with room for all that changed still asks for an image once removals are forgotten") {
  const auto r = std::make_unique<state::replica<plant, long_log>>();
  skerry::splitmix64 rng{1};
  REQUIRE(state::replica<plant, long_log>::create(*r, 1, state::role::device, every_open, {}, rng, 0));
  REQUIRE(r->write<setpoint>(1.0, wall_ms{1'700'000'000'000}, 1));
  r->persisted(r->to_persist().upto);
  REQUIRE(r->remove<setpoint>(1));
  CHECK_FALSE(r->to_persist().snapshot);
  for (int line = 2; line < 100; ++line) {
    REQUIRE(r->write<setpoint>(1.0, wall_ms{1'700'000'000'000}, line));
    REQUIRE(r->remove<setpoint>(line));
  }
  CHECK(r->to_persist().snapshot);
}

TEST_CASE("nothing own leaves a durable node before it is on disk, and nothing is acknowledged") {  // trap 17
  node a = born<node>(1, durable, 1);
  node ram = born<node>(1, every_open, 1);
  CHECK(a.sends_durable());
  CHECK(a.acknowledges_durable());
  CHECK_FALSE(ram.sends_durable());
  CHECK_FALSE(ram.acknowledges_durable());
  REQUIRE(a.inc<stock>(1));
  CHECK(a.durable_changes() < a.store().arrivals());
  const auto request = a.to_persist();
  CHECK(a.durable_changes() < a.store().arrivals());
  a.persisted(request.upto);
  CHECK(a.durable_changes() == a.store().arrivals());
  // After a restart what was loaded is on disk.
  a.close();
  const bytes image = image_of(a);
  state::image_reader reader{image};
  node back;
  REQUIRE(start(back, 1, durable, 2, reader));
  CHECK(back.durable_changes() == back.store().arrivals());
}

TEST_CASE("who is a member and who has retired outlives a restart") {
  using member_node = state::replica<plant, with_members>;
  auto a = born<member_node>(1, every_open, 3);
  const auto b = born<member_node>(2, every_open, 4);
  REQUIRE(a.enrol(b.self(), state::role::device));
  REQUIRE(a.inc<starts>(2, 0, 1));
  REQUIRE(a.retire(b.self(), a.self()));
  const bytes kept = image_of(a);
  member_node again;
  state::image_reader reader{kept};
  REQUIRE(start(again, 1, every_open, 5, reader));
  CHECK(again.fence_of(b.self()));
  CHECK(again.members().size() == a.members().size() + 1);  // and this new life
  CHECK(again.read<starts>(0, 1).value_or(0) == 2);

  bytes damaged = kept;
  damaged[damaged.size() / 2] ^= std::byte{4};
  member_node refused;
  state::image_reader bad{damaged};
  REQUIRE_FALSE(start(refused, 1, every_open, 6, bad));
  CHECK_FALSE(refused.fence_of(b.self()));
  CHECK(refused.members().size() == 1);
}
