// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/path_model.hpp>
#include <skerry/testing/detail/script_shrink.hpp>
#include <skerry/testing/detail/world_hostility.hpp>
#include <skerry/testing/detail/world_state.hpp>
#include <skerry/testing/replica_board.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace skerry::inline v0::testing {

/// Replicas of a schema, a network between them, and somebody who knows what was done: runs scripts and says what was wrong.
///
/// After each operation and each delivery the replica's answer at that key is held against the history; in the end, when everything that
/// is under way has arrived, the clocks are right and all have told all, everybody must answer alike, and with the same bytes.
/// Board    `replica_board<Replica>`, or a type like it
/// Input    schemas of the user's own work; value types other than numbers and texts need a `sample_value`
/// Cost     no clock, no thread, no file; one world runs any number of scripts, one after the other; uses the heap
template <typename Board>
class replica_world {
  using state_type = detail::world_state<Board>;

 public:
  using replica_type = typename state_type::replica_type;
  using schema = typename state_type::schema;
  using limits = typename state_type::limits;
  using instant_t = typename state_type::instant_t;

  [[nodiscard]] const sim_totals& totals() const noexcept { return w_.totals; }
  [[nodiscard]] const network_counts& network() const noexcept { return w_.network.counts(); }
  [[nodiscard]] sim_script script_of(std::uint64_t seed, const sim_options& options) const {
    return make_script(seed, options, schema::size);
  }

  /// Runs a script from the beginning to the end. Where calls were refused a second run looks at what they changed: in every eighth
  /// script at all of them, in the others at those that were answered `full`.
  [[nodiscard]] sim_verdict run(const sim_script& script) {
    w_.look_at(nullptr);
    const sim_verdict v = attempt(script);
    w_.totals.histories += 1;
    w_.totals.events += script.events.size();
    if (v.what != sim_finding::none || w_.refused.empty()) {
      return v;
    }
    const sim_totals totals = w_.totals;
    refused_.swap(w_.refused);
    w_.look_at(&refused_);
    sim_verdict again = attempt(script);
    again.trace = v.trace;
    w_.look_at(nullptr);
    w_.totals = totals;
    return again;
  }

  /// A shorter script that shows the same finding: first without faults, then without nodes, then without events.
  [[nodiscard]] sim_script shrunk(const sim_script& script) {
    const std::string wanted = symptom(run(script));
    return detail::shrink_script(script, [&](const sim_script& s) { return symptom(run(s)) == wanted; });
  }

  /// What a finding says, whichever nodes it names.
  [[nodiscard]] static std::string symptom(const sim_verdict& v) {
    std::string text{sim_finding_names[static_cast<std::size_t>(v.what)]};
    for (const char c : v.why) {
      text += c >= '0' && c <= '9' ? '#' : c;
    }
    return text;
  }

  /// A script as text that `parse_script` reads, each line with what it does.
  [[nodiscard]] static std::string text_of(const sim_script& script) {
    return write_script(script, [](const sim_event& e) {
      std::string text = "node " + std::to_string(e.node) + ": ";
      switch (e.what) {
        case sim_action::operate: schema::visit(e.path, [&]<typename P>() { text += detail::path_model<P>::describe(e); }); break;
        case sim_action::sync: text += "sends all to " + std::to_string(e.peer); break;
        case sim_action::snapshot: text += "an image is kept"; break;
        case sim_action::restart: text += "restarts"; break;
        case sim_action::put_back: text += "its image is put back"; break;
        case sim_action::clone: text += "an image of node " + std::to_string(e.peer) + " is put on it"; break;
        case sim_action::reborn: text += "an empty board with the id of node " + std::to_string(e.peer); break;
        case sim_action::cut: text += "hears nothing from " + std::to_string(e.peer); break;
        case sim_action::heal: text += "hears " + std::to_string(e.peer) + " again"; break;
        case sim_action::clock:
          text += "its clock: " + std::string{sim_fault_names[static_cast<std::size_t>(detail::world_clock::fault_of(e))]};
          break;
        case sim_action::vouch: text += "is told the time"; break;
        case sim_action::hostile: text += "a damaged frame arrives"; break;
        case sim_action::far: text += "far events of a stranger arrive"; break;
        case sim_action::crowd: text += "many strangers' events arrive"; break;
      }
      return text;
    });
  }

 private:
  [[nodiscard]] sim_verdict attempt(const sim_script& script) {
    begin(script);
    for (const sim_event& e : script.events) {
      w_.now += e.wait;
      w_.event = e.name;
      deliver_due(w_.now);
      if (e.wait > 3'000'000) {
        after_pause();
      }
      if (!w_.failed() && !w_.oracle.full()) {
        act(e);
      }
      if (over()) {
        break;
      }
    }
    if (!over()) {
      w_.event = 0;
      finish();
    }
    w_.verdict.trace = w_.trace_hash;
    return w_.verdict;
  }
  [[nodiscard]] bool over() const noexcept { return w_.failed() || w_.looked_at_all(); }

  void begin(const sim_script& script) {
    w_.begin(script);
    for (std::size_t f = 0; f < sim_fault_names.size(); ++f) {
      w_.totals.on[f] += script.faults >> f & 1;
    }
    for (std::size_t i = 0; i < script.nodes; ++i) {
      splitmix64 birth{script.seed * 64 + i};
      if (script.has(sim_fault::twin) && i == 1) {
        birth = splitmix64{script.seed * 64};  // the same image on a second board, which nobody tells
        w_.bites(sim_fault::twin);
      }
      w_.create(i, script.has(sim_fault::twin) && i == 1 ? 1 : i + 1, birth);
    }
  }
  /// A replica that nobody tells how much time has passed takes the next reading of its clock for a jump. So in every second run a time
  /// server is asked.
  void after_pause() {
    for (std::size_t i = 0; i < w_.nodes.size(); ++i) {
      auto& n = w_.nodes[i];
      if (w_.script->seed % 2 != 0) {
        n.clock.doubt();
      }
      if (n.clock.right()) {
        n.board.vouch(w_.wall_of(i));
      }
    }
  }

  void act(const sim_event& e) {
    if (e.node >= w_.nodes.size() || e.peer >= w_.nodes.size() || !is_on(e)) {
      return;
    }
    auto& n = w_.nodes[e.node];
    w_.trace(e.name);
    switch (e.what) {
      case sim_action::operate: operate(e); break;
      case sim_action::sync: send_all(e.node, e.peer); break;
      case sim_action::snapshot: w_.images[e.node] = image_of(e.node); break;
      case sim_action::restart:
        n.board.restart(w_.rng);
        w_.bites(sim_fault::restart);
        break;
      case sim_action::put_back:
        if (w_.images[e.node]) {
          take_image(e.node, *w_.images[e.node]);
          w_.bites(sim_fault::put_back);
        }
        break;
      case sim_action::clone:
        if (e.peer != e.node) {
          take_image(e.node, image_of(e.peer));
          w_.bites(sim_fault::clone);
        }
        break;
      case sim_action::reborn: {
        splitmix64 birth{w_.rng()};
        w_.create(e.node, w_.nodes[e.peer].id, birth);
        w_.oracle.forget(e.node, {}, {});
        w_.images[e.node].reset();
        w_.bites(sim_fault::id_reuse);
        break;
      }
      case sim_action::cut: w_.network.cut(e.peer, e.node); break;
      case sim_action::heal: w_.network.heal(e.peer, e.node); break;
      case sim_action::clock:
        n.clock.lie(e, w_.now);
        w_.bites(detail::world_clock::fault_of(e));
        break;
      case sim_action::vouch:
        n.clock.correct();
        n.board.vouch(w_.wall_of(e.node));
        break;
      case sim_action::hostile: detail::damage(w_, e); break;
      case sim_action::far: strangers(e, 1, 1'000'000'000'000'000'000); break;
      case sim_action::crowd: strangers(e, e.value % 2 == 0 ? limits::actors - limits::actors / 4 : 1, 1); break;
    }
  }

  /// Whether the fault that an event belongs to is on.
  [[nodiscard]] bool is_on(const sim_event& e) const noexcept {
    const sim_script& script = *w_.script;
    switch (e.what) {
      case sim_action::restart: return script.has(sim_fault::restart);
      case sim_action::put_back: return script.has(sim_fault::put_back);
      case sim_action::clone: return script.has(sim_fault::clone);
      case sim_action::reborn: return script.has(sim_fault::id_reuse);
      case sim_action::cut:
      case sim_action::heal: return script.has(sim_fault::partition);
      case sim_action::clock: return script.has(detail::world_clock::fault_of(e));
      case sim_action::hostile: return script.has(sim_fault::hostile);
      case sim_action::far: return script.has(sim_fault::far);
      case sim_action::crowd: return script.has(sim_fault::crowd);
      default: return true;
    }
  }

  [[nodiscard]] auto image_of(std::size_t i) const {
    return typename state_type::image{w_.nodes[i].board, w_.oracle.known(i), w_.oracle.heard(i), w_.nodes[i].id};
  }
  void take_image(std::size_t i, const typename state_type::image& from) {
    w_.nodes[i].board.put_back(from.board, w_.rng);
    w_.nodes[i].id = from.id;
    w_.oracle.forget(i, from.known, from.heard);
    ++w_.totals.new_lives;
  }
  void strangers(const sim_event& e, std::size_t actors, std::uint64_t distance) {
    const std::size_t f = detail::frame_of_strangers(w_, e, actors, distance);
    (void)deliver(e.node, f, w_.frames[f].bytes.size());
    w_.check_memory(e.node);
  }

  void operate(const sim_event& e) {
    auto& n = w_.nodes[e.node];
    const wall_ms wall = w_.wall_of(e.node);
    const state::actor peer = w_.nodes[e.peer].board.replica().self();
    schema::visit(e.path, [&]<typename P>() {
      const Board* before = w_.before_call(n.board);
      // Who operates is known afterwards: in doubt a new life begins with the operation. Its shares are none yet either way.
      detail::sim_attempt a =
          detail::path_model<P>::attempt(n.board, w_.oracle, e.node, e, wall, peer, operator_of(n.board), w_.totals.answers);
      const errc got = a.frame.error();
      w_.trace(static_cast<std::uint64_t>(got));
      if (got != errc::ok) {
        w_.totals.full += got == errc::full ? 1 : 0;
        if (got != a.expected && got != errc::full && !w_.confused) {
          w_.find(sim_finding::broken,
                  "an operation was answered " + std::string{skerry::to_string(got)} + " instead of " + skerry::to_string(a.expected));
        }
        w_.after_refusal(n.board, before, worth_a_look(got), "a refused operation changed the replica");
        return;
      }
      if (a.expected != errc::ok && !w_.confused) {
        w_.find(sim_finding::broken, "an operation was taken that had to be answered " + std::string{skerry::to_string(a.expected)});
        return;
      }
      ++w_.totals.operations;
      if (e.value > (std::int64_t{1} << 60)) {
        w_.bites(sim_fault::huge);
      }
      w_.trace(a.frame.value());
      name<P>(n.board, a.op);
      if (w_.failed()) {
        return;
      }
      const std::size_t number = w_.oracle.add(e.node, a.op);
      const std::size_t f = w_.new_frame(a.frame.value());
      auto& frame = w_.frames[f];
      frame.known = w_.oracle.operations()[number].conveys;
      frame.heard = {};
      frame.heard.insert(number);
      frame.path = e.path;
      frame.args = e.args;
      frame.latest = a.op.at;
      w_.template check<P>(e.node, e.path, e.args);
      for (std::size_t to = 0; to < w_.nodes.size(); ++to) {
        if (to != e.node && (w_.nodes.size() < 4 || hash64(e.name * 64ULL + to, ~w_.script->seed) % 2 == 0)) {
          w_.network.send(e.node, to, w_.now, e.name, frame.bytes.size(), f);
        }
      }
    });
  }
  /// The life that the next operation belongs to, as far as it can be known before: one that has done nothing, if there is a doubt.
  [[nodiscard]] static state::actor operator_of(const Board& board) {
    return board.replica().in_doubt() ? state::actor{} : board.replica().self();
  }
  [[nodiscard]] bool worth_a_look(errc refusal) const noexcept { return refusal == errc::full || w_.script->seed % 8 == 0; }
  /// Gives an operation the name and the time that the board has given it.
  template <typename P>
  void name(const Board& board, operation& op) {
    op.who = board.replica().self();
    op.n = board.last_number();
    op.at = (P::policy::kind & state::kinds::stamped) != 0 && op.role == op_role::value ? board.last_stamp() : state::stamp{};
    if (!w_.names.insert(op.who, op.n)) {
      ++w_.totals.names_collided;
      if (!w_.script->has(sim_fault::twin)) {
        w_.find(sim_finding::broken, "two events have one name");
        return;
      }
      w_.confused = true;
    }
    if (op.at != state::stamp{}) {
      op.covers.for_each([&](std::size_t i) {
        if (w_.oracle.operations()[i].at >= op.at && !w_.confused) {
          w_.find(sim_finding::broken, "a write that saw another one does not have the greater stamp");
        }
      });
    }
  }

  void send_all(std::size_t from, std::size_t to) {
    if (from != to) {
      ++w_.totals.syncs;
      const std::size_t f = w_.frame_of_all(from);
      w_.frames[f].path = static_cast<std::uint16_t>(w_.event % schema::size);
      w_.frames[f].args = static_cast<std::uint8_t>(w_.event / schema::size);
      w_.network.send(from, to, w_.now, w_.event, w_.frames[f].bytes.size(), f);
    }
  }
  void deliver_due(std::uint64_t until) {
    while (!over()) {
      const auto m = w_.network.next(until);
      if (!m) {
        return;
      }
      const std::uint64_t later = w_.now;
      w_.now = std::min(m->at, w_.now);
      deliver(m->to, m->cargo, m->bytes);
      w_.now = later;
    }
  }

  bool deliver(std::size_t to, std::size_t f, std::size_t arrived) {
    const auto& what = w_.frames[f];
    const bool cut = arrived < what.bytes.size();
    auto& n = w_.nodes[to];
    const Board* before = w_.before_call(n.board);
    const auto got = n.board.accept(std::span{what.bytes}.first(arrived), w_.instant());
    ++w_.totals.deliveries;
    w_.trace(static_cast<std::uint64_t>(got.error()) << 8 | to);
    if (got) {
      w_.trace(got.value().added << 32 | got.value().seen << 16 | got.value().removed);
      w_.totals.amnesia += got.value().verdict == state::detection::amnesia_or_clone ? 1 : 0;
      if (cut) {
        w_.find(sim_finding::broken, "a frame that was cut off was taken");
        return false;
      }
      if (n.clock.right() && what.latest.ms() > detail::world_clock::start_ms + w_.now + detail::world_clock::ahead_ms && !w_.confused) {
        w_.find(sim_finding::broken, "a right clock took a stamp that lies years ahead");
      }
      w_.oracle.learn(to, what.known, what.heard);
      if (what.everything && (w_.event & 7) == 0) {
        w_.check_all(to);
      } else {
        w_.check_at(to, what.path, what.args);
      }
      return true;
    }
    switch (got.error()) {
      case errc::full: ++w_.totals.full; break;
      case errc::clock_ahead:
        ++w_.totals.clock_refusals;
        if ((w_.script->faults & clock_faults) == 0) {
          w_.find(sim_finding::broken, "a frame was refused for its time while all clocks are right");
        }
        break;
      default:
        if (!cut) {
          w_.find(sim_finding::broken, "a good frame was refused: " + std::string{skerry::to_string(got.error())});
        }
        ++w_.totals.refused_damaged;
    }
    w_.after_refusal(n.board, before, worth_a_look(got.error()), "a refused frame changed the replica");
    return false;
  }
  static constexpr std::uint32_t clock_faults = bit(sim_fault::skew) | bit(sim_fault::step) | bit(sim_fault::freeze) |
                                                bit(sim_fault::year_1970) | bit(sim_fault::year_2030) | bit(sim_fault::hostile);

  /// Quiet time: everything arrives, the clocks are right, and everybody tells everybody.
  void finish() {
    w_.network.heal();
    for (int days = 0; days < 8 && !w_.network.idle() && !over(); ++days) {
      const std::uint64_t step = 86'400'000;
      w_.now += step;
      deliver_due(w_.now);
    }
    for (std::size_t i = 0; i < w_.nodes.size(); ++i) {
      w_.nodes[i].clock.jump_behind_all();
      w_.nodes[i].board.vouch(w_.wall_of(i));
    }
    bool all_taken = true;
    for (int round = 0; round < (w_.confused ? 4 : 1); ++round) {
      for (std::size_t i = 1; i < w_.nodes.size() && !over(); ++i) {
        const std::size_t f = w_.frame_of_all(i);
        all_taken = deliver(0, f, w_.frames[f].bytes.size()) && all_taken;
      }
      const std::size_t f = w_.frame_of_all(0);
      for (std::size_t i = 1; i < w_.nodes.size() && !over(); ++i) {
        all_taken = deliver(i, f, w_.frames[f].bytes.size()) && all_taken;
      }
    }
    if (over()) {
      return;
    }
    w_.totals.converged += all_taken ? 1 : 0;
    w_.totals.unfinished += all_taken ? 0 : 1;
    const auto bytes = w_.bytes_of(w_.nodes[0].board);
    const std::vector<std::byte> first(bytes.begin(), bytes.end());
    w_.trace(first);
    for (std::size_t i = 0; i < w_.nodes.size(); ++i) {
      if (all_taken && i > 0 && !std::ranges::equal(w_.bytes_of(w_.nodes[i].board), first)) {
        w_.find(sim_finding::divergent, "nodes 0 and " + std::to_string(i) + " know the same and hold different bytes");
      }
      if (!w_.confused) {
        w_.check_all(i);
        w_.check_context(i);
      }
      w_.check_memory(i);
    }
    count_network();
  }
  void count_network() {
    const network_counts& c = w_.network.counts();
    const auto bit_by = [&](sim_fault f, std::uint64_t network_counts::*n) { w_.bites(f, c.*n - w_.network_before.*n); };
    bit_by(sim_fault::lose, &network_counts::lost);
    bit_by(sim_fault::repeat, &network_counts::repeated);
    bit_by(sim_fault::delay, &network_counts::delayed);
    bit_by(sim_fault::partition, &network_counts::partitioned);
    bit_by(sim_fault::mtu, &network_counts::cut);
    if (w_.script->has(sim_fault::reorder)) {
      bit_by(sim_fault::reorder, &network_counts::reordered);
    }
  }

  state_type w_{};
  std::vector<std::uint32_t> refused_{};
};

}  // namespace skerry::inline v0::testing
