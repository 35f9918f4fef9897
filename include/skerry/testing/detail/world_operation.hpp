// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/detail/world_state.hpp>
#include <skerry/testing/frame_edit.hpp>
#include <skerry/testing/history_oracle.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace skerry::inline v0::testing::detail {

/// Whether a name that an operation has given to an event was free. Resets write several records, each with a name of its own.
template <typename Board>
[[nodiscard]] bool take_names(world_state<Board>& w, const operation& op, std::span<const std::byte> frame) {
  bool free = w.names.insert(op.who, op.n);
  if (frame_edit made; op.role == op_role::reset && made.read(frame)) {
    for (const frame_edit::record& r : made.records) {
      free = (r.n == op.n || !(r.who == op.who) || w.names.insert(r.who, r.n)) && free;
    }
  }
  return free;
}

/// Gives an operation the name and the time that the board has given it.
template <typename P, typename Board>
void name_operation(world_state<Board>& w, const Board& board, operation& op, std::span<const std::byte> frame) {
  op.who = board.replica().self();
  op.n = board.last_number();
  op.at = (P::policy::kind & state::kinds::stamped) != 0 && op.role == op_role::value ? board.last_stamp() : state::stamp{};
  if (!take_names(w, op, frame)) {
    ++w.totals.names_collided;
    if (!w.script->has(sim_fault::twin)) {
      w.find(sim_finding::broken, "two events have one name");
      return;
    }
    w.confused = true;
  }
  if (op.at != state::stamp{}) {
    op.covers.for_each([&](std::size_t i) {
      if (w.oracle.operations()[i].at >= op.at && !w.confused) {
        w.find(sim_finding::broken, "a write that saw another one does not have the greater stamp");
      }
    });
  }
}

/// An operation of a script: done by its node, and told to the oracle. Returns the number of the frame with its delta, if there is one.
template <typename P, typename Board>
[[nodiscard]] std::optional<std::size_t> operate(world_state<Board>& w, const sim_event& e) {
  auto& n = w.nodes[e.node];
  const wall_ms wall = w.wall_of(e.node);
  const state::actor peer = w.nodes[e.peer].board.replica().self();
  // Who operates is known afterwards: in doubt a new life begins with the operation. Its shares are none yet either way.
  const state::actor self = n.board.replica().in_doubt() ? state::actor{} : n.board.replica().self();
  w.before_call(n);
  sim_attempt a = path_model<P>::attempt(n.board, w.oracle, e.node, e, wall, peer, self, w.totals.answers);
  const errc got = a.frame.error();
  w.trace(static_cast<std::uint64_t>(got));
  if (got != errc::ok) {
    w.totals.full += got == errc::full ? 1 : 0;
    if (got != a.expected && got != errc::full && !w.confused) {
      w.find(sim_finding::broken,
             "an operation was answered " + std::string{skerry::to_string(got)} + " instead of " + skerry::to_string(a.expected));
    }
    w.after_refusal(n, got, "a refused operation changed the replica");
    return std::nullopt;
  }
  if (a.expected != errc::ok && !w.confused) {
    w.find(sim_finding::broken, "an operation was taken that had to be answered " + std::string{skerry::to_string(a.expected)});
    return std::nullopt;
  }
  w.after_success(n);
  ++w.totals.operations;
  if (e.value > (std::int64_t{1} << 60)) {
    w.bites(sim_fault::huge);
  }
  w.trace(a.frame.value());
  name_operation<P>(w, n.board, a.op, a.frame.value());
  if (w.failed()) {
    return std::nullopt;
  }
  if (a.op.at != state::stamp{}) {
    n.reads_clock(w.now);
  }
  const std::size_t number = w.oracle.add(e.node, a.op);
  const std::size_t f = w.new_frame(a.frame.value());
  auto& frame = w.frames[f];
  frame.known = w.oracle.operations()[number].conveys;
  frame.heard = {};
  frame.heard.insert(number);
  frame.path = e.path;
  frame.args = e.args;
  frame.latest = a.op.at;
  w.template check<P>(e.node, e.path, e.args);
  return f;
}

/// What an event does, in words.
template <typename Schema>
[[nodiscard]] std::string describe_event(const sim_event& e) {
  std::string text = "node " + std::to_string(e.node) + ": ";
  switch (e.what) {
    case sim_action::operate: Schema::visit(e.path, [&]<typename P>() { text += path_model<P>::describe(e); }); break;
    case sim_action::sync: text += "sends all to " + std::to_string(e.peer); break;
    case sim_action::snapshot: text += "an image is kept"; break;
    case sim_action::restart: text += "restarts"; break;
    case sim_action::put_back: text += "its image is put back"; break;
    case sim_action::clone: text += "an image of node " + std::to_string(e.peer) + " is put on it"; break;
    case sim_action::reborn: text += "an empty board with the id of node " + std::to_string(e.peer); break;
    case sim_action::cut: text += "hears nothing from " + std::to_string(e.peer); break;
    case sim_action::heal: text += "hears " + std::to_string(e.peer) + " again"; break;
    case sim_action::clock: text += "its clock: " + std::string{sim_fault_names[static_cast<std::size_t>(world_clock::fault_of(e))]}; break;
    case sim_action::vouch: text += "is told the time"; break;
    case sim_action::hostile: text += "a damaged frame arrives"; break;
    case sim_action::far: text += "far events of a stranger arrive"; break;
    case sim_action::crowd: text += "many strangers' events arrive"; break;
  }
  return text;
}

/// What a finding says, whichever nodes it names.
[[nodiscard]] inline std::string symptom_of(const sim_verdict& v) {
  std::string text{sim_finding_names[static_cast<std::size_t>(v.what)]};
  for (const char c : v.why) {
    text += c >= '0' && c <= '9' ? '#' : c;
  }
  return text;
}

}  // namespace skerry::inline v0::testing::detail
