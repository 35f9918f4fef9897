// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/member_view.hpp>
#include <skerry/state/detail/replica_fences.hpp>
#include <skerry/state/limits.hpp>
#include <skerry/state/replica_counters.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/stability.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::state::detail {

struct scope_access;

/// What a replica keeps of the others: nothing without a roster.
template <std::size_t Members, std::size_t Mesh, std::size_t A, std::size_t Links>
struct membership {
  struct no_rows {};
  roster<Members> lives{};
  [[no_unique_address]] std::conditional_t<(Mesh > 0), stability<(Mesh > 0 ? Mesh : 1), A>, no_rows> rows{};
  array_of<fence_place, Links> told{};  ///< each link
  std::uint64_t news = 0;               ///< what is to be told, once `has_news` is worked off
  bool has_fences = false;
  bool must_rejoin = false;
  bool has_news = true;
};
template <std::size_t Mesh, std::size_t A, std::size_t Links>
struct membership<0, Mesh, A, Links> {
  static constexpr bool has_fences = false;
  static constexpr bool must_rejoin = false;
};

/// Who takes part, who has retired, and what may go because everybody has it.
///
/// Roster and acknowledgements travel in fence frames; everything that changes a record is an ordinary operation with an event of its
/// own, so replicas that have heard the same still hold the same.
template <typename Replica, typename Limits>
class replica_members : public replica_fences<Replica, Limits> {
  static constexpr bool has_roster = Limits::members > 0;
  static constexpr bool has_mesh = has_roster && mesh_of<Limits>() > 0;
  using cut_type = stable_cut<Limits::actors>;
  using row_span = std::span<const typename stability<(has_mesh ? mesh_of<Limits>() : 1), Limits::actors>::row>;

 public:
  /// Who takes part.
  [[nodiscard]] const auto& members() const noexcept requires(has_roster) { return self().membership_.lives; }
  /// Names a life that takes part: it is waited for from now on. This node's own is there from the beginning.
  ///
  /// Errors  `full`, `fenced` when it has retired, `mismatch` for a second role
  [[nodiscard]] status enrol(const actor& who, role as) noexcept requires(has_roster) {
    const status s = self().membership_.lives.admit(who, as);
    self().membership_.has_news = true;
    return s ? s : status{refuse(s.error())};
  }
  /// A life writes no more: what is known of it here is accepted, anything above is `fenced`, and lives of its id before it are
  /// retired with it. What it leaves goes to the successor, `actor{}` for nobody.
  ///
  /// Errors  `full`; `invalid` for this node's own life or a `last` below what is known here; `fenced` when the fence is final;
  ///         `unsupported` where `Limits::members` is 0
  [[nodiscard]] status retire(const actor& who, const actor& successor) noexcept requires(has_roster) {
    return retire(who, known_of(who), successor);
  }
  [[nodiscard]] status retire(const actor&, const actor&) noexcept requires(!has_roster) { return errc::unsupported; }
  [[nodiscard]] status retire(const actor& who, std::uint64_t last, const actor& successor) noexcept requires(has_roster) {
    auto& lives = self().membership_.lives;
    if (who == self().self() || who == successor || last < known_of(who)) {
      return refuse(errc::invalid);
    }
    std::size_t added = lives.find(who) == nullptr ? 1 : 0;
    for_each_life([&](const actor& a, std::uint64_t) {
      added += a.id == who.id && a.generation < who.generation && lives.find(a) == nullptr && !lives.fence(a) ? 1 : 0;
    });
    if (lives.size() + added > lives.capacity) {
      return refuse(self().lack(resource::members));
    }
    if (const status s = lives.retire(who, last, successor); !s) {
      return refuse(s.error());
    }
    note_lives();
    return {};
  }
  /// Retires this node's own earlier lives, with the present one as successor. Only who knows that no copy of this node lives under one
  /// of them should say so.
  [[nodiscard]] status retire_old_lives() noexcept requires(has_roster) {
    const actor me = self().self();
    actor latest{};
    const auto consider = [&](const actor& a) {
      if (a.id == me.id && a.generation < me.generation && !members().fence(a) && latest < a) {
        latest = a;
      }
    };
    for (;;) {
      latest = {};
      for_each_life([&](const actor& a, std::uint64_t) { consider(a); });
      members().for_each([&](const member& m) { consider(m.who); });
      if (latest == actor{}) {
        return {};
      }
      if (const status s = retire(latest, me); !s) {
        return s;
      }
    }
  }
  /// The last number that is accepted of a retired life, 0 for one of which nothing is; `absent` for a life that is not fenced.
  [[nodiscard]] result<std::uint64_t> fence_of([[maybe_unused]] const actor& who) const noexcept {
    if constexpr (has_roster) {
      return self().membership_.lives.fence(who);
    }
    return errc::absent;
  }
  [[nodiscard]] bool any_fences() const noexcept { return self().membership_.has_fences; }
  /// Whether something covers more of a retired life than its fence allows.
  template <typename Context>
  [[nodiscard]] bool is_fenced(const Context& covers) const noexcept {
    bool fenced = false;
    if (any_fences()) {
      for (const auto& run : covers.runs()) {
        const result<std::uint64_t> last = fence_of(covers.actors()[run.who]);
        fenced = fenced || (last && run.last > last.value());
      }
    }
    return fenced;
  }

  /// Whether something brings a record of a retired life that nobody had when it heard of the fence. After it has acknowledged the fence
  /// a member takes no more of that life than another one is known to have: so what none of them has will never come. A new life keeps
  /// what an earlier one of this node has promised.
  template <typename Delta>
  [[nodiscard]] bool holds_late(const Delta& delta, [[maybe_unused]] row_span others = {}) const {
    bool late = false;
    if constexpr (has_mesh) {
      if (any_fences()) {
        delta.for_each([&](const incoming& in) {
          late = late || is_late(delta.context().actors()[in.who], in.n, others, [](const auto&) { return true; });
        });
      }
    }
    return late;
  }

  /// Whether something that is no member's, as far as is known here, brings events of a retired life that all members may have given up.
  /// One that has such an event vouches for it where all is covered that it had acknowledged: what had ruled it out would be among that.
  ///
  /// sender   null when nobody says who that is
  template <typename Context>
  [[nodiscard]] bool comes_late([[maybe_unused]] const actor* sender, [[maybe_unused]] const Context& covers,
                                [[maybe_unused]] row_span others = {}) const {
    bool late = false;
    if constexpr (has_mesh) {
      const auto vouches = [&covers](const auto& has) {
        bool all = true;
        for (const auto& e : has.entries()) {
          bool found = retirement::number(e.n) == 0;
          for (const auto& run : covers.runs()) {
            found = found || (run.first == 1 && run.last >= retirement::number(e.n) && covers.actors()[run.who] == e.who);
          }
          all = all && found;
        }
        return all;
      };
      if (self().membership_.has_fences && (sender == nullptr || !members().is_current(*sender))) {
        for (const auto& run : covers.runs()) {
          const actor& who = covers.actors()[run.who];
          const auto look = [&](std::uint64_t n) { late = late || (run.first <= n && n <= run.last && is_late(who, n, others, vouches)); };
          look(run.last);
          look(prefix_of(who) + 1);
          for (const auto& r : self().rows()) {
            look(retirement::number(r.has[who]) + 1);
          }
        }
      }
    }
    return late;
  }
  /// A frame of a retired life's own. What is new in it comes too late for who has promised to take no more of that life (`fenced`); what
  /// is known is not joined again (`stale`): if it has been ruled out, it must not push out what it had overwritten.
  template <typename Context>
  [[nodiscard]] errc hear_retired([[maybe_unused]] const actor* sender, [[maybe_unused]] const Context& covers) const {
    if constexpr (has_mesh) {
      if (bool known = true; self().membership_.has_fences && sender != nullptr && has_promised(*sender)) {
        for (const auto& run : covers.runs()) {
          known = known && (covers.actors()[run.who] != *sender || run.last <= prefix_of(*sender) ||
                            (run.first == run.last && self().store().contains(*sender, run.last)));
        }
        return known ? errc::stale : errc::fenced;
      }
    }
    return comes_late(sender, covers) ? errc::fenced : errc::ok;
  }

  /// What is here is safe here: on disk, where there is one. The others may rely on it from now on.
  ///
  /// Errors  `fenced` when this life has retired, `absent` when it is not in the roster, `full`
  [[nodiscard]] status acknowledge() noexcept requires(has_mesh) {
    const actor me = self().self();
    if (!members().is_current(me)) {
      return refuse(fence_of(me) ? errc::fenced : errc::absent);
    }
    version_vector<Limits::actors> has;
    status s;
    const auto add = [&](const actor& who) {
      if (const status raised = has.raise(who, say(who)); !raised) {
        s = raised;
      }
    };
    for_each_life([&](const actor& who, std::uint64_t) { add(who); });
    members().for_each([&](const member& m) {
      if (m.fenced()) {
        add(m.who);
      }
    });
    s = s ? self().membership_.rows.acknowledge(me, has) : s;
    self().membership_.has_news = true;
    return s ? s : status{refuse(self().lack(resource::members))};
  }
  /// What every member has, as far as it is known here.
  [[nodiscard]] cut_type stable() const noexcept requires(has_mesh) { return self().membership_.rows.cut(members().current()); }
  /// What is known here of what a member has acknowledged, or null.
  [[nodiscard]] const version_vector<Limits::actors>* acknowledged(const actor& who) const noexcept requires(has_mesh) {
    return self().membership_.rows.find(who);
  }

  /// Whether this life has retired, or this node holds what nobody accepts any more: then it must `rejoin`.
  [[nodiscard]] bool must_rejoin() const noexcept { return self().membership_.must_rejoin; }
  /// Begins again as a new life that knows only the roster; the full state has to come from a member. Answers how many own events may
  /// be lost with the old one: those that no other member is known to have.
  template <random_source Rng>
  [[nodiscard]] result<std::uint64_t> rejoin(Rng& rng) requires(has_roster) {
    const actor me = self().self();
    if (!self().alive_) {
      return refuse(errc::needs_epoch);
    }
    if (members().size() + 2 > members().capacity) {
      return refuse(self().lack(resource::members));
    }
    const std::uint64_t own = known_of(me);
    std::uint64_t taken = fence_of(me).value_or(0);
    for (const auto& r : self().rows()) {
      const std::uint64_t there = r.who == me ? 0 : retirement::number(r.has[me]);
      taken = there > taken ? there : taken;
    }
    self().identity_.renew(self().greatest_generation(), rng);
    self().forget_everything();
    ++self().counters_.epochs;
    auto& lives = self().membership_.lives;
    (void)lives.retire(me, 0, self().self());  // whoever has more of it raises the fence to that
    (void)lives.admit(self().self(), self().role());
    note_lives();
    return own > taken ? own - taken : 0;
  }

 private:
  friend Replica;
  friend class replica_collect<Replica, Limits>;
  friend class replica_fences<Replica, Limits>;
  template <typename, typename, typename>
  friend class replica_image;
  template <typename, instant>
  friend class replica_time;
  friend struct scope_access;
  constexpr replica_members() noexcept = default;
  ~replica_members() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }
  errc refuse(errc e) noexcept { return self().refuse(e); }

  /// Calls `f(actor, greatest number known)` for every life of which something is known here.
  template <typename F>
  void for_each_life(F&& f) const {
    const auto& store = self().store();
    for (std::size_t i = 0; i < store.actors().size(); ++i) {
      const actor_ref ref = store.actors().sorted(i);
      f(store.actors()[ref], store.context().greatest(ref));
    }
  }
  [[nodiscard]] std::uint64_t known_of(const actor& who) const noexcept {
    const actor_ref ref = self().store().actors().find(who);
    return ref == no_actor ? 0 : self().store().context().greatest(ref);
  }
  [[nodiscard]] std::uint64_t prefix_of(const actor& who) const noexcept {
    const actor_ref ref = self().store().actors().find(who);
    return ref == no_actor ? 0 : self().store().context().prefix(ref);
  }
  [[nodiscard]] std::uint64_t say(const actor& who) const noexcept {
    const std::uint64_t known = prefix_of(who);
    const member* m = members().find(who);
    if (m == nullptr || !m->fenced()) {
      return known < retirement::heard ? known : retirement::heard - 1;
    }
    std::size_t retired = 0;
    members().for_each([&retired](const member& e) { retired += e.fenced() ? 1 : 0; });
    return retirement::say(known < retirement::greatest ? known : retirement::greatest, retired, known_of(who) > known);
  }

  /// After a change of the roster: a member that has more of a retired life than the fence says raises the fence, unless that is final.
  void note_lives() noexcept {
    auto& m = self().membership_;
    m.has_news = true;
    m.has_fences = false;
    m.lives.for_each([&m](const member& e) { m.has_fences = m.has_fences || e.standing != standing::current; });
    m.must_rejoin = static_cast<bool>(m.lives.fence(self().self()));
    if (!m.has_fences || m.must_rejoin) {
      return;
    }
    for_each_life([&](const actor& who, std::uint64_t known) {
      const result<std::uint64_t> fence = m.lives.fence(who);
      if (!fence || known <= fence.value()) {
        return;
      }
      const member* entry = m.lives.find(who);
      if (entry != nullptr && entry->standing == standing::sealed) {
        m.must_rejoin = true;
      } else {
        (void)m.lives.retire(who, known, entry != nullptr ? entry->successor : m.lives.later_retired(who));
      }
    });
    if constexpr (has_mesh) {
      m.rows.drop_if([&m](const actor& who) { return !m.lives.is_current(who); });
    }
  }
  /// Whether this node has acknowledged that a life has retired.
  [[nodiscard]] bool has_promised(const actor& who) const requires(has_mesh) {
    const member* m = members().find(who);
    const auto* own = self().membership_.rows.find(self().self());
    return m != nullptr && m->fenced() && (own != nullptr ? retirement::is_heard((*own)[who]) : has_earlier_life());
  }
  /// What only one has of whom it is known here that it has retired, all others may have ruled out already.
  ///
  /// others   rows of somebody else that come along
  /// counts   whether a member with these acknowledgements counts
  template <typename Counts>
  [[nodiscard]] bool is_late(const actor& who, std::uint64_t n, row_span others, const Counts& counts) const requires(has_mesh) {
    bool late = has_promised(who) && !self().store().contains(who, n);
    for (const row_span rows : {self().rows(), others}) {
      for (std::size_t i = 0; late && i < rows.size(); ++i) {
        late = !(members().is_current(rows[i].who) && retirement::may_have(rows[i].has[who], n) && counts(rows[i].has));
      }
    }
    return late;
  }
  /// Whether this node took part under another name before: what that one has acknowledged not everybody need have forgotten.
  [[nodiscard]] bool has_earlier_life() const noexcept {
    const actor me = self().self();
    bool found = false;
    members().for_each([&](const member& m) { found = found || (m.who.id == me.id && m.who.generation < me.generation); });
    return found;
  }
  /// How many entries `note_lives` would add once this is joined.
  template <typename Source>
  [[nodiscard]] std::size_t lives_to_note(const Source& theirs) const {
    std::size_t count = 0;
    theirs.for_each([&](const member& m) {
      if (m.standing == standing::current) {
        return;
      }
      for_each_life([&](const actor& who, std::uint64_t) {
        count += who.id == m.who.id && who.generation < m.who.generation && members().find(who) == nullptr ? 1 : 0;
      });
    });
    return count;
  }
  template <typename Source>
  [[nodiscard]] bool lives_fit(const Source& theirs) const {
    return members().size_with(theirs) + lives_to_note(theirs) <= members().capacity;
  }

  /// This life begins; there was room for it.
  void join_roster() noexcept {
    if constexpr (has_roster) {
      (void)self().membership_.lives.admit(self().self(), self().role());
      note_lives();
    }
  }
  [[nodiscard]] bool room_for_life() const noexcept {
    if constexpr (has_roster) {
      return members().size() < members().capacity;
    }
    return true;
  }
  /// The greatest generation that anybody has heard of this node.
  [[nodiscard]] std::uint32_t greatest_generation() const noexcept {
    const std::uint64_t id = self().self().id;
    std::uint32_t greatest = self().store().actors().greatest_generation(id);
    if constexpr (has_roster) {
      const std::uint32_t named = members().greatest_generation(id);
      greatest = named > greatest ? named : greatest;
    }
    return greatest;
  }
};

}  // namespace skerry::inline v0::state::detail
