// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/image.hpp>

#include "state/plant.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
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
