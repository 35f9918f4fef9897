// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#include "same_bits/same_bits.hpp"

#include <skerry/core/random.hpp>
#include <skerry/state/counter.hpp>
#include <skerry/state/lww.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

namespace state = skerry::state;
using skerry_test::bit_hash;
using skerry_test::bits_of;

struct level {
  static constexpr state::path at{"level/{tank}"};
  using policy = state::lww<double>;
  static constexpr auto writer = state::owner::device;
};
struct batches {
  static constexpr state::path at{"batches"};
  using policy = state::counter;
};
struct orders {
  static constexpr state::path at{"orders"};
  using policy = state::lww<std::int32_t>;
};
struct wary : state::limits::firmware {
  static constexpr std::size_t quarantine = 2;
  static constexpr std::size_t unknown_keys = 2;
  static constexpr std::size_t overruled = 4;
  static constexpr std::size_t members = 6;
};
using old_node = state::replica<state::schema<level, batches>, wary>;
using new_node = state::replica<state::schema<level, batches, orders>, wary>;

std::array<std::byte, 4096> frame_bytes;

template <typename From, typename To>
void tell(bit_hash& h, const From& from, To& to, std::uint32_t now) {
  skerry::byte_writer out{frame_bytes};
  (void)from.encode(out);
  h.add(out.written());
  const auto got = to.accept(out.written(), now);
  h.add(static_cast<std::uint64_t>(got.error()));
  if (got) {
    for (const std::uint64_t n : {got.value().added, got.value().quarantined, got.value().refused, got.value().removed}) {
      h.add(n);
    }
  }
  h.add(to.clock().last().bits());
}

// Clocks that lie, schemas and roles that differ: what waits, is refused, carried along, written again, and named as changed.
const bits_of waiting{
    "state.time", [](bit_hash& h) {
      constexpr std::uint64_t today = 1'790'000'000'000;
      skerry::splitmix64 rng{31};
      static old_node a;
      static new_node b;
      (void)old_node::create(a, 1, state::role::device, state::epoch_rule::every_open, {}, rng, 0);
      (void)new_node::create(b, 2, state::role::cloud, state::epoch_rule::every_open, {}, rng, 0);
      (void)a.enrol(b.self(), state::role::cloud);
      state::change_cursor cursor;
      std::uint32_t now = 0;
      for (int i = 0; i < 400; ++i) {
        now += static_cast<std::uint32_t>(rng() % 9000);
        const skerry::wall_ms right{today + now};
        const skerry::wall_ms wrong{rng() % 3 == 0 ? right.value + 400'000 : (rng() % 3 == 0 ? now : right.value)};
        switch (rng() % 9) {
          case 0: (void)a.write<level>(static_cast<double>(i), wrong, rng() % 3); break;
          case 1: (void)b.write<level>(static_cast<double>(i), wrong, rng() % 3); break;
          case 2: (void)b.write<orders>(i, wrong); break;
          case 3: (void)b.inc<batches>(1); break;
          case 4: tell(h, a, b, now); break;
          case 5: tell(h, b, a, now); break;
          case 6: a.vouch(right); break;
          case 7:
            if (rng() % 8 == 0) {
              const auto again = b.restamp(right, [&h](const state::delta_view& d) { h.add(d.bytes()); });
              h.add(again ? std::uint64_t{again.value()} : static_cast<std::uint64_t>(again.error()) << 32);
            }
            break;
          default: {
            std::array<state::key_view, 2> keys{};
            const auto count = a.changes(cursor, keys);
            h.add(count ? std::uint64_t{count.value()} : static_cast<std::uint64_t>(count.error()) << 32);
            for (std::size_t k = 0; count && k < count.value(); ++k) {
              for (const char c : keys[k].text()) {
                h.add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
              }
              const state::explanation e = a.explain(keys[k]);
              h.add(std::uint64_t{e.live} << 32 | e.unknown << 16 | e.overruled_count << 8 | static_cast<std::uint64_t>(e.why));
            }
          }
        }
        h.add(std::uint64_t{a.waiting()} << 32 | a.release(now).value_or(99));
        const auto due = a.release_deadline();
        h.add(due ? std::uint64_t{due.value()} : ~std::uint64_t{0});
      }
      h.add(a.counters().overruled);
      h.add(b.counters().restamped);
    }};

}  // namespace
