// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/state/link.hpp>

#include "state/link_mesh.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace skerry_test::mesh;
using skerry::errc;
using skerry::wall_ms;

namespace {

[[maybe_unused]] constexpr std::uint64_t wall = 1767225600000;

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
  const state::link_options options{n.roll(2) == 0 ? 0U : 128 + n.roll(200), 0, 1000, n.roll(4) == 0};
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

}  // namespace

TEST_CASE("replicas agree over any links, whatever the links do to their frames", "[state][link]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_history<limits>(seed);
  }
}
