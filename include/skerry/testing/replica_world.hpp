// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/testing/detail/script_shrink.hpp>
#include <skerry/testing/detail/world_hostility.hpp>
#include <skerry/testing/detail/world_operation.hpp>
#include <skerry/testing/detail/world_state.hpp>
#include <skerry/testing/replica_board.hpp>
#include <skerry/testing/sim_script.hpp>
#include <skerry/testing/sim_verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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

  /// Runs a script from the beginning to the end.
  [[nodiscard]] sim_verdict run(const sim_script& script) {
    begin(script);
    for (const sim_event& e : script.events) {
      w_.now += e.wait;
      w_.event = e.name;
      deliver_due(w_.now);
      if (e.wait > state_type::unnoticed_ms) {
        after_pause();
      }
      if (!w_.failed() && !w_.oracle.full()) {
        act(e);
      }
      if (w_.failed()) {
        break;
      }
    }
    if (!w_.failed()) {
      w_.event = 0;
      finish();
    }
    w_.totals.histories += 1;
    w_.totals.events += script.events.size();
    w_.verdict.trace = w_.trace_hash;
    return w_.verdict;
  }

  /// A shorter script that shows the same finding: first without faults, then without nodes, then without events.
  [[nodiscard]] sim_script shrunk(const sim_script& script) {
    const std::string wanted = symptom(run(script));
    return detail::shrink_script(script, [&](const sim_script& s) { return symptom(run(s)) == wanted; });
  }

  /// What a finding says, whichever nodes it names.
  [[nodiscard]] static std::string symptom(const sim_verdict& v) { return detail::symptom_of(v); }

  /// A script as text that `parse_script` reads, each line with what it does.
  [[nodiscard]] static std::string text_of(const sim_script& script) {
    return write_script(script, [](const sim_event& e) { return detail::describe_event<schema>(e); });
  }

 private:
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
        w_.vouch(i);
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
      case sim_action::snapshot: w_.keep_image(e.node); break;
      case sim_action::restart:
        n.board.restart(w_.rng);
        w_.bites(sim_fault::restart);
        break;
      case sim_action::put_back:
        if (w_.put_back(e.node)) {
          w_.bites(sim_fault::put_back);
        }
        break;
      case sim_action::clone:
        if (e.peer != e.node) {
          w_.clone(e.node, e.peer);
          w_.bites(sim_fault::clone);
        }
        break;
      case sim_action::reborn: {
        splitmix64 birth{w_.rng()};
        w_.create(e.node, w_.nodes[e.peer].id, birth);
        w_.oracle.forget(e.node, {}, {});
        w_.drop_image(e.node);
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
        w_.vouch(e.node);
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

  void strangers(const sim_event& e, std::size_t actors, std::uint64_t distance) {
    const std::size_t f = detail::frame_of_strangers(w_, e, actors, distance);
    (void)deliver(e.node, f, w_.frames[f].bytes.size());
    w_.check_memory(e.node);
  }

  void operate(const sim_event& e) {
    schema::visit(e.path, [&]<typename P>() {
      const std::optional<std::size_t> f = detail::operate<P>(w_, e);
      for (std::size_t to = 0; f && to < w_.nodes.size(); ++to) {
        if (to != e.node && (w_.nodes.size() < 4 || hash64(e.name * 64ULL + to, ~w_.script->seed) % 2 == 0)) {
          w_.network.send(e.node, to, w_.now, e.name, w_.frames[*f].bytes.size(), *f);
        }
      }
    });
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
    while (!w_.failed()) {
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
    w_.before_call(n);
    const auto got = n.board.accept(std::span{what.bytes}.first(arrived), w_.instant());
    ++w_.totals.deliveries;
    w_.trace(static_cast<std::uint64_t>(got.error()) << 8 | to);
    if (got) {
      w_.after_success(n);
      n.told_at = w_.now;
      w_.trace(got.value().added << 32 | got.value().seen << 16 | got.value().removed);
      w_.totals.amnesia += got.value().verdict == state::detection::amnesia_or_clone ? 1 : 0;
      if (cut) {
        w_.find(sim_finding::broken, "a frame that was cut off was taken");
        return false;
      }
      if (n.clock.right() && n.told_right && got.value().added > 0 &&
          what.latest.ms() > detail::world_clock::start_ms + w_.now + detail::world_clock::ahead_ms && !w_.confused) {
        w_.find(sim_finding::broken, "a right clock took a stamp that lies years ahead");
      }
      const bool news = w_.oracle.learn(to, what.known, what.heard) || got.value().added > 0 || got.value().removed > 0;
      if (what.everything && w_.event % 8 == 0 && w_.event != 0) {  // in quiet time once, when it is over
        w_.check_all(to);
      } else if (news) {
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
    w_.after_refusal(n, got.error(), "a refused frame changed the replica");
    return false;
  }
  static constexpr std::uint32_t clock_faults = bit(sim_fault::skew) | bit(sim_fault::step) | bit(sim_fault::freeze) |
                                                bit(sim_fault::year_1970) | bit(sim_fault::year_2030) | bit(sim_fault::hostile);

  /// Quiet time: everything arrives, the clocks are right, and everybody tells everybody.
  void finish() {
    w_.network.heal();
    for (int days = 0; days < 8 && !w_.network.idle() && !w_.failed(); ++days) {
      const std::uint64_t step = 86'400'000;
      w_.now += step;
      deliver_due(w_.now);
    }
    for (std::size_t i = 0; i < w_.nodes.size(); ++i) {
      w_.nodes[i].clock.jump_behind_all();
      w_.vouch(i);
    }
    bool all_taken = true;
    for (int round = 0; round < (w_.confused ? 4 : 1); ++round) {
      for (std::size_t i = 1; i < w_.nodes.size() && !w_.failed(); ++i) {
        const std::size_t f = w_.frame_of_all(i);
        all_taken = deliver(0, f, w_.frames[f].bytes.size()) && all_taken;
      }
      const std::size_t f = w_.frame_of_all(0);
      for (std::size_t i = 1; i < w_.nodes.size() && !w_.failed(); ++i) {
        all_taken = deliver(i, f, w_.frames[f].bytes.size()) && all_taken;
      }
    }
    if (w_.failed()) {
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
        if (i == 0 || !all_taken) {  // else it holds what node 0 does
          w_.check_holdings(i);
        }
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
};

}  // namespace skerry::inline v0::testing
