// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/random.hpp>
#include <skerry/state/actor.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// Writers of the tests of standalone values.
namespace skerry_test::actors {
inline constexpr skerry::state::actor a{1, 0, 0}, b{2, 0, 0}, c{3, 0, 0};
constexpr skerry::state::actor actor_of(std::size_t i) { return {i + 1, 0, 0}; }
}  // namespace skerry_test::actors

namespace skerry_test {

/// Random histories of one standalone value over four replicas: operations, joins, images that come late and twice. At the end joins
/// commute, associate and repeat, and all replicas answer the same.
///
/// operate   `operate(Value&, std::size_t replica, rng)`: one local operation
/// answer    `answer(const Value&)`: what a reader gets
template <typename Value, typename Operate, typename Answer>
void joins_keep_their_laws(std::uint64_t seeds, Operate&& operate, Answer&& answer) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    skerry::splitmix64 rng{seed};
    std::array<Value, 4> nodes{};
    Value image{};
    for (int step = 0; step < 40; ++step) {
      const auto at = static_cast<std::size_t>(skerry::uniform_below(rng, 4));
      switch (skerry::uniform_below(rng, 5)) {
        case 0: REQUIRE(nodes[at].join(nodes[skerry::uniform_below(rng, 4)])); break;
        case 1: REQUIRE(nodes[at].join(image)); break;
        case 2: image = nodes[at]; break;
        default: operate(nodes[at], at, rng);
      }
    }
    Value ab = nodes[0];
    REQUIRE(ab.join(nodes[1]));
    Value ba = nodes[1];
    REQUIRE(ba.join(nodes[0]));
    REQUIRE(answer(ab) == answer(ba));
    Value left = ab;
    REQUIRE(left.join(nodes[2]));
    Value right = nodes[1];
    REQUIRE(right.join(nodes[2]));
    Value a_right = nodes[0];
    REQUIRE(a_right.join(right));
    REQUIRE(answer(left) == answer(a_right));
    const auto once = answer(left);
    REQUIRE(left.join(nodes[1]));
    REQUIRE(left.join(left));
    REQUIRE(answer(left) == once);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(nodes[i].join(nodes[(i + 1) % 4]));
        REQUIRE(nodes[i].join(nodes[(i + 3) % 4]));
      }
    }
    for (const Value& node : nodes) {
      REQUIRE(answer(node) == answer(nodes[0]));
    }
  }
}

}  // namespace skerry_test
