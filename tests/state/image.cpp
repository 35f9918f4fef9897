// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/image.hpp>

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

using node = state::replica<plant, roomy>;

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
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
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
