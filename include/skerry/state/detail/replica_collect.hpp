// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/member_view.hpp>
#include <skerry/state/limits.hpp>
#include <skerry/state/roster.hpp>
#include <skerry/state/schema.hpp>
#include <skerry/state/stability.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state::detail {

/// What a replica tidies up because every member has what it needs for that.
template <typename Replica, typename Limits>
class replica_collect {
  static constexpr bool has_roster = Limits::members > 0;
  static constexpr bool has_mesh = has_roster && mesh_of<Limits>() > 0;
  using cut_type = stable_cut<Limits::actors>;

 public:
  /// Does one thing that can be done because everybody has what it needs: folds a row that a retired life has left, takes folded rows
  /// into the own one, drops marks and reset bases. No read changes by it, here or elsewhere. One operation; call it until `absent`.
  ///
  /// Errors  `absent`: nothing to do now; `needs_epoch`, `fenced`, and what an operation answers
  [[nodiscard]] result<delta_view> collect() requires(has_mesh) {
    const cut_type cut = self().stable();
    if (const errc e = advance(cut); e != errc::ok) {
      return e;
    }
    return caught_up(cut) ? collect_within(cut) : rule_out_lost(cut);
  }
  /// The same with what a tree has found out: the root's cut over all current members, heard together with the root's roster.
  [[nodiscard]] result<delta_view> collect(const cut_type& cut) requires(has_roster) {
    if (const errc e = advance(cut); e != errc::ok) {
      return e;
    }
    return caught_up(cut) ? collect_within(cut) : result<delta_view>{errc::absent};
  }

 private:
  friend Replica;
  template <typename, typename>
  friend class replica_fences;
  constexpr replica_collect() noexcept = default;
  ~replica_collect() = default;

  [[nodiscard]] Replica& self() noexcept { return static_cast<Replica&>(*this); }
  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  /// Seals fences that everybody has heard of.
  [[nodiscard]] errc advance(const cut_type& cut) noexcept {
    if (!self().alive_ || self().in_doubt()) {
      return self().refuse(errc::needs_epoch);
    }
    if (self().must_rejoin()) {
      return self().refuse(errc::fenced);
    }
    auto& lives = self().membership_.lives;
    std::size_t current = 0;
    lives.current().for_each([&current](const actor&) { ++current; });
    if (cut.members != current) {
      return errc::absent;
    }
    for (const member& m : lives.entries()) {
      if (m.standing == standing::retired && retirement::is_heard(cut.low[m.who])) {
        lives.seal(m.who);
        self().membership_.has_news = true;
      }
    }
    return errc::ok;
  }
  /// Whether everything that could be concurrent with what is stable has arrived here.
  [[nodiscard]] bool caught_up(const cut_type& cut) const noexcept {
    bool all = true;
    for (const auto& e : cut.high.entries()) {
      all = all && self().prefix_of(e.who) >= retirement::number(e.n);
    }
    self().members().for_each(
        [&](const member& m) { all = all && (!m.fenced() || (m.standing == standing::sealed && self().prefix_of(m.who) >= m.last)); });
    return all;
  }
  [[nodiscard]] result<delta_view> collect_within(const cut_type& cut) {
    const member_view view{self().members(), cut.low, self().self()};
    const auto& store = self().store();
    using store_type = typename Replica::store_type;
    using schema = typename Replica::schema_type;
    auto folding = store_type::none;
    drop_list drops;
    store.for_each_key([&](auto slot) {
      schema::visit(store.key(slot).path, [&]<typename P>() {
        if (!writer_of<P>().allows(self().role())) {
          return;
        }
        if constexpr (folds_rows<typename P::policy>) {
          probe_edit<typename store_type::record_list, Limits::payload_bytes> probe{store.records(slot), self().self(),
                                                                                    store.next(self().self())};
          (void)P::policy::fold(probe, view);
          folding = probe.writes() && folding == store_type::none ? slot : folding;
        }
        if constexpr (collects<typename P::policy>) {
          P::policy::collect(drops, store.records(slot), view);
        }
      });
    });
    result<delta_view> done{errc::absent};
    if (folding != store_type::none) {
      const key_ref place = store.key(folding);
      typename Replica::key_buffer text{};
      for (std::size_t i = 0; i < place.args.size(); ++i) {
        text[i] = place.args[i];
      }
      const key_ref key{place.path, std::span<const char>{text}.first(place.args.size())};
      schema::visit(key.path, [&]<typename P>() {
        if constexpr (folds_rows<typename P::policy>) {
          done = self().template operate_at<P>(
              key, [&view](auto& edit) { return P::policy::fold(edit, view); }, stamp{}, self().clock_, wall_ms{});
        }
      });
    } else if (!drops.empty()) {
      done = supersede_with([&drops](auto& edit) { drops.supersede_in(edit); });
    }
    return done;
  }
  /// An operation that writes nothing.
  template <typename Supersede>
  [[nodiscard]] result<delta_view> supersede_with(Supersede&& supersede) {
    result<delta_view> done{errc::absent};
    Replica::schema_type::visit(0, [&]<typename P>() {
      done = self().template operate_at<P>(
          key_ref{},
          [&supersede](auto& edit) {
            supersede(edit);
            return status{};
          },
          stamp{}, self().clock_, wall_ms{});
    });
    return done;
  }
  /// Events of a retired life that no member had when it heard of the fence will never come. Where all end at the same number nobody has
  /// the next one, nor any after it: there the fence falls to that number. Unless one has something beyond a gap, which it said when it
  /// heard of the fence, or took from one that did: then the next event alone is closed up, or the life would never be finished.
  [[nodiscard]] result<delta_view> rule_out_lost(const cut_type& cut) {
    std::size_t retired = 0;
    self().members().for_each([&retired](const member& m) { retired += m.fenced() ? 1 : 0; });
    for (const member& m : self().members().entries()) {
      const std::uint64_t prefix = self().prefix_of(m.who);
      bool nobody = m.standing == standing::sealed && prefix < m.last;
      bool gaps = self().known_of(m.who) > prefix;
      self().members().current().for_each([&](const actor& who) {
        const auto* has = self().acknowledged(who);
        // Who has said it before it heard that another one was leaving may have it from that one since.
        nobody = nobody && has != nullptr && retirement::number((*has)[m.who]) == prefix && retirement::knew((*has)[m.who], retired);
        gaps = gaps || (nobody && ((*has)[m.who] & 1) != 0);
      });
      if (nobody && gaps) {
        return supersede_with([&](auto& edit) { edit.rule_out(m.who, prefix + 1, prefix + 1); });
      }
      if (nobody) {
        self().membership_.lives.seal(m.who, prefix);
        self().note_lives();
      }
    }
    return caught_up(cut) ? collect_within(cut) : result<delta_view>{errc::absent};
  }
};

}  // namespace skerry::inline v0::state::detail
