// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include <skerry/core/generator.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/scoped_replica.hpp>

#include "same_bits/same_bits.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace {

using namespace skerry_test;
namespace state = skerry::state;

struct target {
  static constexpr state::path at{"press/target/{line}"};
  using policy = state::lww<double>;
};
struct made {
  static constexpr state::path at{"press/made"};
  using policy = state::pn_counter;
};
struct heat {
  static constexpr state::path at{"oven/heat"};
  using policy = state::lww<std::int64_t>;
};
struct press {
  static constexpr std::string_view name = "press";
  using paths = state::schema<target, made>;
};
struct oven {
  static constexpr std::string_view name = "oven";
  using paths = state::schema<heat>;
};
using both = state::scoped_replica<press, oven>;
using half = state::scoped_replica<press>;

template <typename From, typename To>
bool say(bit_hash& h, From& from, state::link_id at, To& to, state::link_id there, std::uint32_t now, bool lost) {
  std::array<std::byte, 256> frame{};
  const auto size = from.poll(at, now, frame);
  if (!size || size.value() == 0) {
    return false;
  }
  const auto said = std::span<const std::byte>{frame}.first(size.value());
  h.add(said);
  if (!lost) {
    h.add(static_cast<std::uint64_t>(to.receive(there, said, now).error()));
  }
  return true;
}
template <typename S, typename Node>
void add_all(bit_hash& h, const Node& n) {
  std::array<std::byte, 2048> all{};
  skerry::byte_writer out{all};
  h.add(static_cast<std::uint64_t>(n.template encode<S>(out).error()));
  h.add(out.written());
}

// A node of two scopes and one that carries a single one of them, on a line that loses frames.
const bits_of scopes{"state.scopes", [](bit_hash& h) {
                       static both a;
                       static half b;
                       a = both{};
                       b = half{};
                       skerry::splitmix64 rng{23};
                       const auto device = state::role::device;
                       h.add(static_cast<std::uint64_t>(both::create(a, 1, device, state::epoch_rule::every_open, {}, rng, 0).error()));
                       h.add(static_cast<std::uint64_t>(half::create(b, 2, device, state::epoch_rule::every_open, {}, rng, 0).error()));
                       const auto at_a = a.connect(2, {}, 0);
                       const auto at_b = b.connect(1, {}, 0);
                       if (!at_a || !at_b) {
                         return;
                       }
                       for (std::uint32_t step = 0; step < 120; ++step) {
                         const std::uint32_t now = step * 400;
                         const skerry::wall_ms wall{std::uint64_t{1'790'000'000'000} + now};
                         const auto line = static_cast<std::uint32_t>(rng() % 5);
                         (void)a.write<target>(static_cast<double>(rng() % 4000) / 8, wall, line);
                         (void)a.write<heat>(static_cast<std::int64_t>(rng() % 900), wall);
                         (void)b.inc<made>(1 + step % 3);
                         if (step % 7 == 3) {
                           (void)b.remove<target>(line);
                         }
                         const bool lost = rng() % 4 == 0;
                         for (int frames = 0; frames < 8; ++frames) {
                           const bool up = say(h, a, at_a.value(), b, at_b.value(), now, lost);
                           const bool down = say(h, b, at_b.value(), a, at_a.value(), now, lost);
                           if (!up && !down) {
                             break;
                           }
                         }
                       }
                       add_all<press>(h, a);
                       add_all<oven>(h, a);
                       add_all<press>(h, b);
                       h.add(a.not_carried() << 32 | b.not_carried());
                     }};

}  // namespace
