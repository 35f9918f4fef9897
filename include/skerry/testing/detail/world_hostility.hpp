// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/crc32c.hpp>
#include <skerry/testing/detail/world_state.hpp>
#include <skerry/testing/frame_edit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace skerry::inline v0::testing::detail {

/// A frame that was damaged on the way: refused, and nothing has changed. With a right checksum anything may be in it, so a copy of the
/// board takes it, which must stand afterwards.
template <typename Board>
void damage(world_state<Board>& w, const sim_event& e) {
  if (w.frame_count() == 0) {
    return;
  }
  auto& node = w.nodes[e.node];
  Board& board = node.board;
  std::vector<std::byte> bytes =
      w.frames[w.frame_count() - 1 - static_cast<std::size_t>(e.args) % std::min<std::size_t>(w.frame_count(), 8)].bytes;
  splitmix64 chance{w.script->seed ^ e.name};
  const std::size_t where = chance() % bytes.size();
  w.bites(sim_fault::hostile);
  if (e.verb % 4 == 3) {
    bytes[where] = static_cast<std::byte>(chance());
    if (bytes.size() > 4) {
      byte_writer out{std::span{bytes}.last(4)};
      out.u32(crc32c(std::span{bytes}.first(bytes.size() - 4)));
    }
    Board victim = board;
    const auto got = victim.accept(bytes, w.instant());
    w.trace(static_cast<std::uint64_t>(got.error()));
    if (!got && !w.same_bytes(victim, board)) {
      w.find(sim_finding::broken, "a refused hostile frame changed the replica");
    }
    return;
  }
  switch (e.verb % 4) {
    case 0: bytes[where] ^= static_cast<std::byte>(1U << chance() % 8); break;
    case 1: bytes.resize(where); break;
    default:
      for (std::byte& b : bytes) {
        b = static_cast<std::byte>(chance());
      }
  }
  w.before_call(node);
  const auto got = board.accept(bytes, w.instant());
  w.trace(static_cast<std::uint64_t>(got.error()));
  ++w.totals.refused_damaged;
  if (got) {
    w.find(sim_finding::broken, "a damaged frame was taken");
  } else {
    w.after_refusal(node, got.error(), "a damaged frame changed the replica");
  }
}

/// What strangers have counted, where the schema has a counter: records, until there is room for few others.
template <typename Schema>
void add_rows(frame_edit& made, std::vector<std::uint32_t>& keys, std::size_t most) {
  const std::vector<frame_edit::run> strangers = made.covers;
  std::uint64_t n = 1;
  for (std::size_t p = 1; p < Schema::size; ++p) {
    Schema::visit(p, [&]<typename P>() {
      if constexpr (path_model<P>::places == 0 &&
                    (P::policy::kind == state::kinds::counter || P::policy::kind == state::kinds::pn_counter)) {
        ++n;
        for (const auto& stranger : strangers) {
          if (made.records.size() + 6 >= most) {
            return;
          }
          std::vector<std::byte> row{static_cast<std::byte>(n), std::byte{1}, std::byte{0}};  // begun with event n, one up, none down
          row.resize(P::policy::kind == state::kinds::counter ? 2 : 3);
          made.covers.push_back({stranger.who, n, n});
          made.records.push_back({std::string{P::at.text()}, stranger.who, n, {}, P::policy::kind, row});
          keys.push_back(path_model<P>::key(static_cast<std::uint16_t>(p), 0));
        }
      }
    });
  }
}

/// Events of actors that take part in nothing: with far numbers, or so many that actors or runs are nearly used up. Returns the number of
/// the frame that tells of them.
template <typename Board>
[[nodiscard]] std::size_t frame_of_strangers(world_state<Board>& w, const sim_event& e, std::size_t actors, std::uint64_t distance) {
  using state_type = world_state<Board>;
  frame_edit made;
  const std::uint64_t id = 1000 + e.name * 100ULL;
  const std::size_t runs = actors > 1 || distance > 1 ? 1 : state_type::limits::ranges - 4;
  for (std::size_t i = 0; i < actors; ++i) {
    for (std::size_t j = 0; j < runs; ++j) {
      const std::uint64_t n = distance > 1 ? distance : (actors > 1 ? 1 : 2 * (j + 1));
      made.covers.push_back({{id + i, 1, 1}, n, n});
    }
  }
  std::vector<std::uint32_t> keys(made.covers.size(), 0);
  if (actors > 1) {
    add_rows<typename state_type::schema>(made, keys, state_type::limits::records);
  }
  w.bites(distance > 1 ? sim_fault::far : sim_fault::crowd);
  op_set told{};
  for (std::size_t i = 0; i < made.covers.size() && !w.oracle.full(); ++i) {
    operation op;
    op.who = made.covers[i].who;
    op.n = made.covers[i].first;
    op.key = keys[i];
    op.role = keys[i] == 0 ? op_role::nothing : op_role::share;
    op.value = 1;
    told.insert(w.oracle.add(history_oracle::nobody, op));
  }
  const std::size_t f = w.new_frame(made.bytes());
  w.frames[f].known = told;
  w.frames[f].heard = told;
  w.frames[f].path = e.path;
  w.frames[f].args = e.args;
  return f;
}

}  // namespace skerry::inline v0::testing::detail
