// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/causal_store.hpp>
#include <skerry/state/detail/schema_delta.hpp>
#include <skerry/state/detail/sifted_delta.hpp>
#include <skerry/state/explain.hpp>
#include <skerry/state/schema.hpp>

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state::detail {

/// Whether there is a role that may not write the path.
template <typename P>
constexpr bool is_restricted() noexcept {
  bool all = true;
  for (std::uint8_t r = 0; r <= static_cast<std::uint8_t>(role::user_3); ++r) {
    all = all && writer_of<P>().allows(static_cast<role>(r));
  }
  return !all;
}
template <typename Schema>
inline constexpr bool any_restricted = [] {
  bool any = false;
  for (std::size_t i = 0; i < Schema::size; ++i) {
    Schema::visit(i, [&any]<typename P>() { any = any || is_restricted<P>(); });
  }
  return any;
}();

template <typename Replica>
struct swift_accept;
template <typename Replica, typename Schema, typename Limits>
class replica_catch_up;

/// Who may write what, asked of the records that others send.
///
/// The roster says which role a life has, for ever, so the answer is the same everywhere that the roster is: a record of somebody who may
/// not write its path counts as seen, so that nobody offers it again, and is not joined; one of a life that the roster does not name
/// yet stays out, unseen, until it does. A roster that names nobody but this node's own lives is not in use: then all are believed.
/// It protects against mistakes only: whoever can forge a frame can name an actor of the right role, and a removal names no writer.
template <typename Replica, typename Schema, typename Limits>
class replica_owners {
 private:
  friend Replica;
  template <typename, instant>
  friend class replica_time;
  friend class replica_catch_up<Replica, Schema, Limits>;
  friend struct swift_accept<Replica>;
  static constexpr bool asks = Limits::members > 0 && any_restricted<Schema>;

  constexpr replica_owners() noexcept = default;
  ~replica_owners() = default;

  [[nodiscard]] const Replica& self() const noexcept { return static_cast<const Replica&>(*this); }

  /// Whether the roster names anybody but this node's own lives.
  [[nodiscard]] bool in_use() const {
    const auto lives = self().members().entries();
    const std::uint64_t own = self().self().id;
    return !lives.empty() && (lives.front().who.id != own || lives.back().who.id != own);
  }
  [[nodiscard]] sifting judge_owner(const incoming& in, const actor& who) const {
    sifting verdict = sifting::take;
    if constexpr (asks) {
      Schema::visit(in.key.path, [&]<typename P>() {
        if constexpr (is_restricted<P>()) {
          if (!in_use()) {
            return;
          }
          const result<role> as = self().members().role_of(who);
          verdict = !as ? sifting::hold : (writer_of<P>().allows(as.value()) ? sifting::take : sifting::drop);
        }
      });
    }
    return verdict;
  }
  /// Whether a delta has a record that is not to be taken, new or not: what that one had overwritten must not die for it.
  template <typename Delta>
  [[nodiscard]] bool misses_owner(const Delta& delta) const {
    bool any = false;
    if constexpr (asks) {
      if (in_use()) {
        delta.for_each([&](const incoming& in) {
          const actor& who = delta.context().actors()[in.who];
          any = any || judge_owner(in, who) != sifting::take;
        });
      }
    }
    return any;
  }
};

}  // namespace skerry::inline v0::state::detail
