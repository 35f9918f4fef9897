// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/instant.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/key_space.hpp>
#include <skerry/state/detail/quarantine.hpp>
#include <skerry/state/detail/sifted_chunk.hpp>
#include <skerry/state/detail/sifted_delta.hpp>
#include <skerry/state/frame.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/policy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

template <typename Replica, typename Schema, typename Limits>
class replica_catch_up;

/// What a replica does about time that may lie: records that wait for theirs, and own records with stamps that were wrong.
template <typename Replica, instant Time>
class replica_time {
 public:
  /// Lets in the records whose time has come; `accept` does it as well. Answers how many.
  ///
  /// Errors  `full` when there is no room for any of them: they wait on
  result<std::size_t> release(Time now) {
    errc problem = errc::ok;
    const std::size_t count = let_in(now, problem);
    return count > 0 || problem == errc::ok ? result<std::size_t>{count} : result<std::size_t>{self().refuse(problem)};
  }
  /// When the first of them may come in, if no clock is set meanwhile. What a counter cannot reach before it wraps is cut to what it
  /// can: then nothing is due yet, and the next answer is a later one. None while the clock is not trusted.
  [[nodiscard]] deadline<Time> release_deadline() const noexcept {
    if constexpr (Replica::quarantine_places > 0) {
      const Time last = self().wall_.last();
      const wall_ms wall = self().wall_.at(last);
      if (!self().clock_.trusted(wall)) {
        return {};
      }
      std::uint64_t wait = UINT64_MAX;
      for (std::size_t i = 0; i < self().quarantine_.size(); ++i) {
        const stamp at = self().quarantine_[i].record().at;
        const std::uint64_t reached = wall.value + self().clock_.limits().accept_ahead;
        const std::uint64_t ms = self().clock_.welcome(wall, at) || at.ms() <= reached ? 0 : at.ms() - reached;
        wait = ms < wait ? ms : wait;
      }
      if (self().quarantine_.size() > 0) {
        return advance(last, from_ms<Time>(static_cast<std::int64_t>(wait)));
      }
    }
    return {};
  }
  /// How many records wait for their time.
  [[nodiscard]] std::size_t waiting() const noexcept {
    if constexpr (Replica::quarantine_places > 0) {
      return self().quarantine_.size();
    }
    return 0;
  }

  /// What time it really is: own records that lie further ahead of it than anybody accepts are written again, with stamps of now and in
  /// a new life, in the order that they had. Those of this life that were made before its clock had the time are written again with
  /// the time at which they were made, as far as that can be told. Each takes the place of itself alone. Answers how many.
  ///
  /// A peer that has the old record, or keeps it waiting, has the new one in its place. What others have stamped with a wrong time
  /// stays until they do the same; a stamp of now can be below it.
  /// wall     as `vouch` takes it: the application knows that it is right
  /// send     called as `send(delta_view)` for each; without it links and `encode` pass them on
  /// Cost     O(all records), and one operation for each that is written again
  /// Errors   `needs_epoch`; `invalid` for a wall clock below `trust_floor`; `full`
  template <typename Send>
  result<std::size_t> restamp(wall_ms wall, Send&& send) {
    if (!self().alive_) {
      return self().refuse(errc::needs_epoch);
    }
    const clock_limits& limits = self().clock_.limits();
    if (wall < limits.trust_floor || wall.value >= stamp::greatest_ms) {
      return self().refuse(errc::invalid);
    }
    rewriting how;
    how.self = self().identity_.self();
    how.wall = wall;
    how.clock = self().clock_;
    how.clock.vouch(wall);
    how.limit = stamp::greatest_ms - wall.value > limits.accept_ahead ? wall.value + limits.accept_ahead : stamp::greatest_ms;
    how.begin_again = self().clock_.last().ms() > how.limit;
    stamp sane{};
    self().store_.for_each_key([&](auto slot) {
      const key_ref key = self().store_.key(slot);
      self().store_.records(slot).for_each([&](const record_view& r) {
        if (Replica::carries && !readable<typename Replica::schema_type>(key, r.kind)) {
          return;
        }
        const bool far = (r.kind & kinds::stamped) != 0 && r.at.ms() > how.limit;
        how.begin_again = how.begin_again || (far && r.who.id == how.self.id);
        sane = !far && r.at > sane ? r.at : sane;
      });
    });
    identity me = self().identity_;
    if (how.begin_again || me.in_doubt()) {
      me.renew(self().greatest_generation());
    }
    how.writer = me.self();
    if (how.begin_again) {
      how.clock.set_back(sane);
    }
    rewriting rehearsal = how;
    if (const status s = rehearse(rehearsal); !s) {
      return self().refuse(s.error());
    }
    if (how.begin_again) {
      self().identity_.doubt();
    }
    std::size_t count = 0;
    errc problem = errc::ok;
    for_each_due(how, [&]<typename P>(const key_ref& key, const record_view& r, stamp at) {
      const auto again = [&r](auto& edit) {
        edit.supersede(r);
        return edit.put([&r](byte_writer& out) {
          out.bytes(r.payload);
          return status{out.error()};
        });
      };
      const result<delta_view> delta = self().template operate_at<P>(key, again, at, how.clock, wall);
      if (delta) {
        ++count;
        send(delta.value());
      }
      problem = problem == errc::ok && !delta ? delta.error() : problem;
    });
    self().counters_.restamped += count;
    if (problem != errc::ok) {
      return problem;  // what is left can be written again by another call
    }
    self().clock_ = how.clock;
    self().wall_.read(wall);
    return count;
  }
  result<std::size_t> restamp(wall_ms wall) {
    return restamp(wall, [](const delta_view&) {});
  }

 private:
  friend Replica;
  template <typename, typename, typename>
  friend class replica_catch_up;
  constexpr replica_time() noexcept = default;
  ~replica_time() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  /// Joins a delta without what may not come in: what lies too far ahead waits until its time comes, and what somebody wrote who may not
  /// is dropped, or, while nobody knows who that is, left where it is.
  ///
  /// Errors   `full`; `clock_ahead` when what would be left has too many gaps: then nothing of it is taken
  template <typename Delta>
  [[nodiscard, gnu::noinline]] status join_sifted(const hlc& clock, wall_ms wall, const Delta& delta, party from, join_report& report,
                                                  sifted_out& out) {
    const auto judge = judge_of(clock, wall);
    const sifted_delta sifted{delta, self().store_, judge};
    if (sifted.error() != errc::ok) {
      return errc::clock_ahead;
    }
    return set_aside(delta, judge, sifted, report, out,
                     [&] { return self().join_delta(typename Replica::streamed{sifted}, report, from); });
  }
  /// The same for a chunk of a catch-up.
  template <typename Chunk>
  [[nodiscard, gnu::noinline]] status join_sifted_chunk(const hlc& clock, wall_ms wall, const Chunk& chunk, join_report& report,
                                                        sifted_out& out) {
    const auto judge = judge_of(clock, wall);
    const sifted_chunk sifted{chunk, self().store_, judge};
    return set_aside(chunk, judge, sifted, report, out, [&] { return self().join_keys(sifted, report); });
  }
  [[nodiscard]] auto judge_of(const hlc& clock, const wall_ms& wall) const noexcept {
    return [this, &clock, &wall](const incoming& in, const actor& who) {
      const sifting owner = self().judge_owner(in, who);
      return owner != sifting::take ? owner : (is_ahead(clock, wall, in) ? sifting::hold : sifting::take);
    };
  }
  /// Puts what waits for its time where it waits, and counts the rest of what stays out, once `join` has taken in the others.
  template <typename Delta, typename Judge, typename Sifted, typename Join>
  [[nodiscard]] status set_aside(const Delta& delta, const Judge& judge, const Sifted& sifted, const join_report& report, sifted_out& out,
                                 Join&& join) {
    auto& store = self().store_;
    // What stays out must be looked for before the join: afterwards nothing tells it from what is known.
    auto quarantine = self().quarantine_;
    std::uint64_t kept = 0;
    std::uint64_t dropped = 0;
    const auto& covers = delta.context();
    delta.for_each([&](const incoming& in) {
      const actor& who = covers.actors()[in.who];
      const sifting verdict = judge(in, who);
      if (verdict == sifting::take || (store.contains(who, in.n) && !store.would_change(who, in))) {
        return;
      }
      if (verdict == sifting::drop) {
        ++out.refused;
        self().overruled_.note(in.key, {who, in.n, in.at, why::nothing, errc::not_owner});
        return;
      }
      ++out.held;
      if constexpr (Replica::quarantine_places > 0) {
        auto* const place = self().judge_owner(in, who) == sifting::take ? quarantine.add(in, who, dropped) : nullptr;
        if (place == nullptr) {
          return;
        }
        ++kept;
        sifted.for_each_kept([&](const key_ref& key, const record_view& r) {
          if (same_key(key, place->key()) && !(r.who == who && r.n == in.n)) {
            place->note_seen(r.who, r.n);
          }
        });
      }
    });
    if (const status s = join(); !s) {
      return report.lacking == resource::ranges ? errc::clock_ahead : s.error();
    }
    self().quarantine_ = quarantine;
    self().counters_.quarantined += kept;
    self().counters_.quarantine_dropped += dropped;
    self().counters_.refused_not_owner += out.refused;
    return {};
  }
  /// What nothing here reads is carried along, whatever time it claims.
  [[nodiscard]] static bool is_ahead(const hlc& clock, wall_ms wall, const incoming& in) {
    const bool dated = (in.kind & kinds::stamped) != 0 && (!Replica::carries || readable<typename Replica::schema_type>(in.key, in.kind));
    return dated && !clock.welcome(wall, in.at);
  }

  [[gnu::noinline]] std::size_t let_in(Time now, errc& problem) {
    std::size_t count = 0;
    if constexpr (Replica::quarantine_places > 0) {
      auto& waiting = self().quarantine_;
      if (waiting.size() == 0) {
        return 0;
      }
      const wall_ms wall = self().wall_.at(now);
      hlc clock = self().clock_;
      clock.passed(self().wall_.passed(now));
      for (std::size_t i = 0; i < waiting.size();) {
        const auto held = waiting[i];
        const record_view r = held.record();
        if (known(held.key(), r)) {
          waiting.erase(i);  // it has come in, or died, by another way
          continue;
        }
        if (!clock.trusted(wall) || !clock.welcome(wall, r.at)) {
          ++i;
          continue;
        }
        typename Replica::local delta{{}, held.key(), {&r, 1}};
        bool fits = static_cast<bool>(delta.covers.insert(r.who, r.n));
        for (const auto& e : held.seen()) {
          fits = fits && delta.covers.insert(e.who, e.n);
        }
        join_report report;
        const status s = fits ? self().join_delta(typename Replica::streamed{delta}, report) : status{self().lack(resource::ranges)};
        if (!s) {
          problem = s.error();
          ++i;
          continue;
        }
        waiting.erase(i);
        ++count;
        clock.follow(r.at);
        clock.confirm(wall, r.at);
      }
      if (count > 0) {
        self().clock_ = clock;
        self().wall_.advance(now);
        self().counters_.quarantine_released += count;
      }
    }
    return count;
  }
  /// Which own records are written again, and as of when.
  struct rewriting {
    actor self{};
    actor writer{};  ///< who writes them again: another one when a new life begins
    wall_ms wall{};
    hlc clock{};
    std::uint64_t limit = 0;   ///< stamps above are nobody's time
    bool begin_again = false;  ///< the clock itself was ahead: a new life begins

    [[nodiscard]] constexpr bool early(const record_view& r) const noexcept {
      return clock.arrived() > 0 && r.who == self && !clock.trusted(r.at);
    }
    [[nodiscard]] constexpr bool due(const record_view& r) const noexcept {
      return (r.kind & kinds::stamped) != 0 && (early(r) || (r.at.ms() > limit && r.who.id == self.id && !(r.who == writer)));
    }
    /// The stamp that it gets; `before` is the last one that was given to a record of the key.
    [[nodiscard]] constexpr stamp again(const record_view& r, stamp before) noexcept {
      if (!early(r)) {
        return clock.tick(wall);
      }
      const std::uint64_t room = wall.value - (r.at.ms() < wall.value ? r.at.ms() : wall.value);
      const stamp made = room < clock.arrived() ? stamp{wall.value, 0} : stamp{r.at.ms() + clock.arrived(), r.at.count()};
      const stamp at = made > before ? made : stamp::from_bits(before.bits() + 1);
      clock.follow(at);
      return at;
    }
  };
  /// Calls `f.template operator()<P>(key, record, stamp)` for the records that are due, those of a key in the order of their stamps. `f`
  /// may write them again.
  template <typename F>
  void for_each_due(rewriting& how, F&& f) {
    auto& store = self().store_;
    store.for_each_key([&](auto slot) {
      std::array<char, Replica::key_bytes> text{};
      key_ref key = store.key(slot);
      for (std::size_t i = 0; i < key.args.size(); ++i) {
        text[i] = key.args[i];
      }
      key.args = std::span<const char>{text}.first(key.args.size());
      record_view last{};
      stamp before{};
      for (bool any = true; any;) {
        record_view least{};
        any = false;
        store.records(key).for_each([&](const record_view& r) {
          if (how.due(r) && (!Replica::carries || readable<typename Replica::schema_type>(key, r.kind)) &&
              (last.n == 0 || earlier(last, r)) && (!any || earlier(r, least))) {
            least = r;
            any = true;
          }
        });
        if (any) {
          last = least;
          before = how.again(least, before);
          Replica::schema_type::visit(key.path, [&]<typename P>() {
            if (least.kind == self().template kind_at<P>()) {
              f.template operator()<P>(key, least, before);
            }
          });
        }
      }
    });
  }
  [[nodiscard]] static constexpr bool earlier(const record_view& a, const record_view& b) noexcept {
    return a.at != b.at ? a.at < b.at : (a.who != b.who ? a.who < b.who : a.n < b.n);
  }
  /// Whether all that is due can be written: nothing is changed by halves.
  [[nodiscard]] status rehearse(rewriting& how) {
    const auto& actors = self().store_.actors();
    std::uint64_t n = self().store_.next(how.writer);
    bool fits = true;
    bool any = false;
    for_each_due(how, [&]<typename P>(const key_ref& key, const record_view& r, stamp at) {
      const record_view again{how.writer, n++, at, r.kind, r.payload};
      typename Replica::local delta{{}, key, {&again, 1}};
      any = true;
      byte_writer out{self().log_};
      fits = fits && delta.covers.insert(r.who, r.n) && delta.covers.insert(how.writer, again.n) &&
             write_delta<Replica::text_bytes>(out, &how.writer, delta, &Replica::schema_type::write_text);
    });
    if (any && actors.find(how.writer) == no_actor && actors.size() == Replica::actor_places) {
      return self().lack(resource::actors);
    }
    return fits ? status{} : status{self().lack(resource::bytes)};
  }

  [[nodiscard]] bool known(const key_ref& key, const record_view& r) const noexcept {
    const auto& store = self().store_;
    return store.contains(r.who, r.n) && !store.would_change(r.who, {key, 0, r.n, r.at, r.kind, r.payload, 1});
  }
};

}  // namespace skerry::inline v0::state::detail
