// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/core/result.hpp>
#include <skerry/state/detail/op_frame.hpp>
#include <skerry/state/detail/quick_join.hpp>
#include <skerry/state/detail/schema_delta.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/join_report.hpp>
#include <skerry/state/policy.hpp>
#include <skerry/state/replica_counters.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// `replica::accept` for what nearly every frame is: one operation of somebody known, in its turn or once more, that nothing stands
/// against. Whatever needs a second thought it leaves to the long way, before anything has changed.
template <typename Replica>
struct swift_accept {
  using schema_type = typename Replica::schema_type;
  using limits_type = typename Replica::limits_type;
  using store_type = typename Replica::store_type;
  using join_type = quick_join<store_type>;
  static constexpr bool exists = store_type::joins_quickly && !choices_of<schema_type>::any;

  /// False: nothing has happened.
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) && defined(NDEBUG)
  [[gnu::flatten]]  // one function for all of it is worth a copy of its small ones, and a slower compiler
#endif
  [[nodiscard]] static bool
  run(Replica& to, std::span<const std::byte> frame, typename Replica::instant_t now, receipt& answer) {
    if (to.waiting() > 0 || to.any_fences()) [[unlikely]] {
      return false;
    }
    op_frame op;
    if (!op.read(frame)) [[unlikely]] {
      return false;
    }
    typename join_type::numbers mine;
    if (!join_type::number(to.store_, op.actors(), op.runs(), mine)) [[unlikely]] {
      return false;
    }
    if (!op_frame::whole(frame) || !names_nothing_strange(to, op)) [[unlikely]] {
      return false;
    }
    const auto moment = to.wall_.look(now);
    const wall_ms wall = moment.wall;
    std::array<char, store_type::key_bytes> buffer;
    if (op.has_record() && !belongs_here(to, op, op.record(), wall, buffer)) [[unlikely]] {
      return false;
    }
    const flat_delta<op_frame::most_runs> delta{cover_view<op_frame::most_runs>{op.actors(), op.runs()}, op.records()};
    if (to.misses_owner(delta)) [[unlikely]] {
      return false;
    }
    join_report report;
    auto touched = [&to](typename store_type::index slot, const actor& who, bool several) { to.prune(slot, who, several); };
    if (!join_type::run(to.store_, mine, op.runs(), delta.records(), report, touched, no_party)) [[unlikely]] {
      return false;
    }
    (void)to.account(status{}, report);
    to.clock_.passed(moment.passed);
    if (report.added > 0 && op.record().at != stamp{}) {
      to.clock_.follow(op.record().at);
      if (to.wall_.known()) {
        to.clock_.confirm(wall, op.record().at);
      }
    }
    to.wall_.advance(moment, now);
    ++to.counters_.frames_accepted;
    answer = {report.added, report.seen, report.removed, detection::ok, 0, 0};
    return true;
  }

 private:
  /// Nothing of this node's own lives but what it knows itself.
  [[nodiscard]] static bool names_nothing_strange(const Replica& to, const op_frame& op) noexcept {
    if (to.alive_) {
      const actor self = to.self();
      for (const covered_run& r : op.runs()) {
        const actor& who = op.actors()[r.who];
        if (who.id == self.id && !(who == self && r.last < to.store_.next(self))) [[unlikely]] {
          return false;
        }
      }
    }
    return true;
  }
  /// The record has a path here that can read it, and a stamp that is welcome whatever becomes of it.
  [[nodiscard]] static bool belongs_here(const Replica& to, const op_frame& op, incoming& in, wall_ms wall,
                                         std::span<char> buffer) noexcept {
    if (schema_type::match(op.key(), buffer, in.key) != errc::ok) [[unlikely]] {
      return false;
    }
    resource lacks = resource::none;
    if (!readable<schema_type>(in.key, in.kind) || belongs<schema_type, limits_type>(in, lacks) != errc::ok) [[unlikely]] {
      return false;
    }
    if ((in.kind & kinds::stamped) == 0) {
      return true;
    }
    return in.at != stamp::greatest() &&
           (!to.wall_.known() || in.at.ms() <= wall.value || in.at.ms() - wall.value <= to.clock_.limits().accept_ahead);
  }
};

}  // namespace skerry::inline v0::state::detail
