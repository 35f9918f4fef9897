// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "same_bits/same_bits.hpp"

#include <skerry/core/random.hpp>
#include <skerry/state.hpp>

#include <array>

namespace {

namespace state = skerry::state;
using skerry_test::bit_hash;
using skerry_test::bits_of;

struct setpoint {
  static constexpr state::path at{"setpoint/{line}"};
  using policy = state::lww<double>;
};
struct mode {
  static constexpr state::path at{"mode"};
  using policy = state::keep_both<std::int32_t>;
};
struct starts {
  static constexpr state::path at{"starts"};
  using policy = state::counter;
};
struct stock {
  static constexpr state::path at{"stock"};
  using policy = state::pn_counter;
};
using plant = state::schema<setpoint, mode, starts, stock>;
using replica = state::replica<plant>;

const bits_of hybrid_clock{"state.hlc", [](bit_hash& h) {
                             skerry::splitmix64 rng{1};
                             state::hlc clock = state::hlc::restore(state::stamp{1000, 7}, {});
                             for (int i = 0; i < 2000; ++i) {
                               const skerry::wall_ms wall{1735689600000 + (rng() >> 40)};
                               const std::uint64_t ahead = rng() % 100'000;
                               if (rng() % 2 == 0) {
                                 h.add(clock.tick(wall).bits());
                               } else if (const auto seen = clock.witness(wall, state::stamp{wall.value + ahead, 3}); seen) {
                                 h.add(seen.value().bits());
                               }
                             }
                           }};

const bits_of context{"state.dot_context", [](bit_hash& h) {
                        skerry::splitmix64 rng{2};
                        static state::dot_context<8, 16> all;
                        all = {};
                        for (int i = 0; i < 2000; ++i) {
                          const auto who = static_cast<state::actor_ref>(rng() % 8);
                          const std::uint64_t n = 1 + rng() % 64;
                          const std::uint64_t more = rng() % 3;
                          h.add(static_cast<std::uint64_t>(all.insert(who, n, n + more).error()));
                          h.add(all.next(who));
                          h.add(static_cast<std::uint64_t>(all.range_count()));
                        }
                      }};

const bits_of vector{"state.version_vector", [](bit_hash& h) {
                       skerry::splitmix64 rng{3};
                       state::version_vector<16> a;
                       state::version_vector<16> b;
                       const auto raise = [&rng](state::version_vector<16>& v) {  // draws in a fixed order, which arguments do not have
                         const std::uint64_t id = rng() % 20;
                         const std::uint64_t n = rng() % 9;
                         return v.raise({id, 0, 0}, n);
                       };
                       for (int i = 0; i < 500; ++i) {
                         h.add(static_cast<std::uint64_t>(raise(a).error()));
                         h.add(static_cast<std::uint64_t>(raise(b).error()));
                         h.add(static_cast<std::uint64_t>(a.compare(b)));
                         if (i % 50 == 0) {
                           h.add(static_cast<std::uint64_t>(a.join(b).error()));
                           b.meet(a);
                         }
                       }
                       for (const auto& e : a.entries()) {
                         h.add(e.who.id);
                         h.add(e.n);
                       }
                     }};

const bits_of replicas{"state.replica", [](bit_hash& h) {
                         static std::array<replica, 3> nodes;  // static: a microcontroller's stack is small
                         static std::array<std::byte, 8192> image;
                         skerry::splitmix64 rng{4};
                         for (std::size_t i = 0; i < nodes.size(); ++i) {
                           nodes[i] = replica{};
                           (void)replica::create(nodes[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
                         }
                         for (int i = 0; i < 400; ++i) {
                           replica& at = nodes[rng() % 3];
                           replica& to = nodes[rng() % 3];
                           const skerry::wall_ms wall{1735689600000 + static_cast<std::uint64_t>(i) * 10 + rng() % 50};
                           const std::uint64_t value = rng() % 1000;
                           const std::uint64_t line = rng() % 4;
                           const auto pass = [&](const auto& delta) {
                             if (delta) {
                               h.add(delta.value().bytes());
                               h.add(static_cast<std::uint64_t>(rng() % 2 == 0 || to.accept(delta.value().bytes(), 0)));
                             }
                           };
                           switch (rng() % 6) {
                             case 0: pass(at.write<setpoint>(static_cast<double>(value) / 8, wall, line)); break;
                             case 1: pass(at.write<mode>(static_cast<std::int32_t>(rng() % 5), wall)); break;
                             case 2: pass(at.inc<starts>(1 + rng() % 3)); break;
                             case 3: pass(at.dec<stock>(1 + rng() % 3)); break;
                             case 4: pass(at.remove<setpoint>(rng() % 4)); break;
                             default: h.add(static_cast<std::uint64_t>(at.join(to).error()));
                           }
                         }
                         for (const replica& node : nodes) {
                           skerry::byte_writer out{image};
                           h.add(static_cast<std::uint64_t>(node.encode(out).error()));
                           h.add(out.written());
                         }
                       }};

}  // namespace
