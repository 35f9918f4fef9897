// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/policy.hpp>

#include <cstdint>

namespace skerry::inline v0::state::detail {

/// Adds to a total unless it would overflow.
[[nodiscard]] constexpr bool add_total(std::uint64_t& total, std::uint64_t amount) noexcept {
  if (amount > ~total) {
    return false;
  }
  total += amount;
  return true;
}

/// Which of several records speak for the same actor's row, for policies whose rows are folded.
///
/// A fold is a row written again under somebody else's event. It names whose row it was and that actor's last number; rows and folds
/// of one actor are ordered by number, the fold first among equals. A fold is part of its writer's row when the row says so.
struct fold_order {
  struct subject {
    bool fold = false;
    actor whose{};            ///< of a fold
    std::uint64_t upto = 0;   ///< of a fold: last number of `whose`
    std::uint64_t holds = 0;  ///< of a row: the writer's own folds up to here are part of it
  };

  /// Whether `r` says nothing that `by` does not say.
  [[nodiscard]] static constexpr bool obsolete(const record_view& r, const subject& of_r, const record_view& by,
                                               const subject& of_by) noexcept {
    const actor& whose = of_r.fold ? of_r.whose : r.who;
    if (whose == (of_by.fold ? of_by.whose : by.who)) {
      const std::uint64_t mine = of_r.fold ? of_r.upto : r.n;
      const std::uint64_t theirs = of_by.fold ? of_by.upto : by.n;
      if (mine != theirs || of_r.fold != of_by.fold) {
        return mine != theirs ? mine < theirs : of_by.fold;
      }
      return of_r.fold && (r.who < by.who || (r.who == by.who && r.n < by.n));
    }
    return of_r.fold && !of_by.fold && r.who == by.who && r.n <= of_by.holds;
  }

  /// Up to which number all own folds can become part of the own row: everybody has them, and all that they stand for.
  ///
  /// whose(record)   of a fold the actor that it names, of anything else `actor{}`
  /// free(actor)     whether nothing else speaks of that actor any more
  template <typename Records, typename View, typename Whose, typename Free>
  [[nodiscard]] static constexpr std::uint64_t ready(const Records& records, const actor& self, const View& view, Whose&& whose,
                                                     Free&& free) {
    std::uint64_t before = ~std::uint64_t{0};
    const auto for_each_own = [&](auto&& f) {
      records.for_each([&](const record_view& r) {
        if (const actor named = r.who == self ? whose(r) : actor{}; named != actor{}) {
          f(r.n, view.stable(self, r.n) && view.finished(named) && free(named));
        }
      });
    };
    for_each_own([&before](std::uint64_t n, bool is_ready) { before = !is_ready && n < before ? n : before; });
    std::uint64_t upto = 0;
    for_each_own([&](std::uint64_t n, bool) { upto = n < before && n > upto ? n : upto; });
    return upto;
  }
};

}  // namespace skerry::inline v0::state::detail
