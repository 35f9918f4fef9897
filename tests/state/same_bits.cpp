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
struct parts {
  static constexpr state::path at{"parts"};
  using policy = state::reset_counter;
};
struct credit {
  static constexpr state::path at{"credit"};
  using policy = state::bounded_counter;
};
struct alarms {
  static constexpr state::path at{"alarms"};
  using policy = state::aw_set<int, 8>;
};
struct banned {
  static constexpr state::path at{"banned"};
  using policy = state::rw_set<int, 8>;
};
struct running {
  static constexpr state::path at{"running"};
  using policy = state::ew_flag;
};
struct enabled {
  static constexpr state::path at{"enabled"};
  using policy = state::dw_flag<state::initially_on>;
};
struct oil {
  static constexpr state::path at{"oil"};
  using policy = state::mean_of<double>;
};
struct level {
  static constexpr state::path at{"level"};
  using policy = state::median_of<float>;
};
struct reading {
  static constexpr state::path at{"reading"};
  using policy = state::by_writer<double>;
};
using shop = state::replica<state::schema<parts, credit, alarms, banned, running, enabled, oil, level, reading>>;
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

const bits_of policies{"state.policies", [](bit_hash& h) {
                         static std::array<shop, 2> nodes;
                         static std::array<std::byte, 4096> image;
                         skerry::splitmix64 rng{5};
                         for (std::size_t i = 0; i < nodes.size(); ++i) {
                           nodes[i] = shop{};
                           (void)shop::create(nodes[i], i + 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
                         }
                         const auto add_result = [&h](const auto& r) {
                           h.add(static_cast<std::uint64_t>(r.error()));
                           if (r) {
                             h.add(static_cast<std::uint64_t>(r.value()));
                           }
                         };
                         for (int i = 0; i < 300; ++i) {
                           shop& at = nodes[rng() % 2];
                           const std::uint64_t amount = 1 + rng() % 5;
                           const int element = static_cast<int>(rng() % 4);
                           const double value = static_cast<double>(rng() % 1000) / 7;
                           const auto pass = [&](const auto& delta) {
                             h.add(static_cast<std::uint64_t>(delta.error()));
                             if (delta) {
                               h.add(delta.value().bytes());
                             }
                           };
                           switch (rng() % 14) {
                             case 0: pass(at.inc<parts>(amount)); break;
                             case 1: pass(at.reset<parts>()); break;
                             case 2: pass(at.inc<credit>(amount)); break;
                             case 3: pass(at.dec<credit>(amount)); break;
                             case 4: pass(at.transfer<credit>(nodes[1].self(), amount)); break;
                             case 5: pass(at.add<alarms>(element)); break;
                             case 6: pass(at.remove<alarms>(element)); break;
                             case 7: pass(at.add<banned>(element)); break;
                             case 8: pass(at.remove<banned>(element)); break;
                             case 9: pass(element == 0 ? at.enable<running>() : at.disable<enabled>()); break;
                             case 10: pass(at.contribute<oil>({rng() % 3}, value, 1.5, skerry::wall_ms{1})); break;
                             case 11: pass(at.contribute<level>({rng() % 3}, static_cast<float>(value), 0.5, skerry::wall_ms{1})); break;
                             case 12: pass(at.relay<reading>({1, 1, rng() % 50}, value)); break;
                             default: h.add(static_cast<std::uint64_t>(nodes[0].join(nodes[1]).error()));
                           }
                           add_result(at.read<parts>());
                           add_result(at.read<credit>());
                           h.add(at.read<oil>().value_or(-1));
                           h.add(static_cast<double>(at.read<level>().value_or(-1)));
                           h.add(at.read<reading>().value_or(-1));
                         }
                         for (const shop& node : nodes) {
                           skerry::byte_writer out{image};
                           h.add(static_cast<std::uint64_t>(node.encode(out).error()));
                           h.add(out.written());
                         }
                       }};

const bits_of siblings{"state.dvv_set", [](bit_hash& h) {
                         using set = state::dvv_set<std::uint64_t, 4, 8>;
                         skerry::splitmix64 rng{6};
                         std::array<set, 3> servers{};
                         std::array<set::context_type, 3> read{};
                         for (int i = 0; i < 300; ++i) {
                           const auto at = static_cast<std::size_t>(rng() % 3);
                           const auto with = static_cast<std::size_t>(rng() % 3);
                           const std::uint64_t value = rng() % 100;
                           switch (rng() % 3) {
                             case 0: h.add(static_cast<std::uint64_t>(servers[at].put(value, read[with], at).error())); break;
                             case 1: h.add(static_cast<std::uint64_t>(servers[at].join(servers[with]).error())); break;
                             default: read[with] = servers[at].context();
                           }
                           servers[at].for_each([&h](std::uint64_t v) { h.add(v); });
                         }
                       }};

/// A set that takes no memory.
struct drawn {
  std::uint64_t seed, count;
  template <typename F>
  void for_each(F&& f) const {
    skerry::splitmix64 rng{seed};
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t value = rng();
      f(state::digest_item{rng(), value});
    }
  }
};
template <typename D>
void converse(bit_hash& h, std::uint64_t most) {
  static D d;
  for (std::uint64_t n = 0; n <= most; n += 7) {
    const drawn mine{1, n};
    const drawn theirs{1, n + n / 3};
    d.start(n, state::mark_of(mine));
    while (!d.done() && !d.spoiled()) {
      std::array<std::byte, 80> question{};
      std::array<std::byte, 300> answer{};
      skerry::byte_writer q{question};
      skerry::byte_writer a{answer};
      h.add(static_cast<std::uint64_t>(d.ask(q).error()));
      skerry::byte_reader asked{q.written()};
      h.add(static_cast<std::uint64_t>(D::answer(n, asked, theirs, a).error()));
      h.add(q.written());
      h.add(a.written());
      skerry::byte_reader in{a.written()};
      const auto taken = d.take(in, mine, [&h](std::uint64_t value, state::digest_side) { h.add(value); });
      h.add(static_cast<std::uint64_t>(taken.error()));
    }
  }
}
const bits_of symbols{"state.riblt", [](bit_hash& h) { converse<state::riblt<64, 16>>(h, 210); }};
const bits_of tree{"state.hash_tree", [](bit_hash& h) { converse<state::hash_tree<20, 4>>(h, 210); }};

}  // namespace
