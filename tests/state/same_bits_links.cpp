// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "same_bits/same_bits.hpp"
#include "state/link_mesh.hpp"

#include <cstdint>

namespace {

using namespace skerry_test;
using namespace skerry_test::mesh;

// Links over weather: every frame that is said, and what all hold in the end.
const bits_of links{"state.links", [](bit_hash& h) {
                      net<limits> n{4, 17};
                      n.join(0, 1, {200, 0, 1000, true});
                      n.join(1, 2);
                      n.join(2, 3, {128});
                      n.join(3, 0);
                      const weather w{20, 20, 30};
                      const auto hear = [&](const weather& of) {
                        const bool any = n.speak(of);
                        for (const auto& f : n.air()) {
                          h.add(f.bytes);
                        }
                        n.deliver(of.loss == 0 ? 100 : 60);
                        return any;
                      };
                      for (int step = 0; step < 300; ++step) {
                        n.operate(n.roll(n.size()));
                        (void)hear(w);
                        n.pass(static_cast<unsigned>(n.roll(700)));
                        if (step % 90 == 60) {
                          n.down(2);
                          n.up(2);
                        }
                        if (step == 200) {
                          n.forget_links(1);
                        }
                      }
                      for (int quiet = 0; quiet < 40; ++quiet) {
                        while (hear({})) {
                        }
                        n.pass(10'000);
                      }
                      for (std::size_t i = 0; i < n.size(); ++i) {
                        h.add(n.bytes(i));
                        h.add(n[i].context_hash() ^ n[i].content_hash());
                        h.add(n[i].counters().retransmissions << 32 | n[i].arrivals());
                      }
                    }};

}  // namespace
