// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/result.hpp>

#include <concepts>
#include <cstdint>

namespace skerry::inline v0 {

/// Says of a type, as `using algebra = skerry::merges;`, that its `merge` keeps the laws of `commutative_monoid`.
struct merges {};
/// Says of a type, as `using algebra = skerry::joins;`, that its `join` keeps the laws of `join_semilattice`.
struct joins {};

/// How far the result of merging depends on the order of the merges. The law tests pick their law by it.
enum class merge_kind : std::uint8_t {
  exact,       ///< any order and any tree of merges gives the same bytes
  rounded,     ///< equal up to floating-point rounding, within the tolerance that the type states
  randomised,  ///< by the type's own seeded generator, within its stated error
  bounded,     ///< depends on the order, within the bound that the type states
};

namespace detail {
template <typename R>
concept nothing_or_status = std::same_as<R, void> || std::same_as<R, status>;
}

/// A type T models `commutative_monoid` when:
///   1. `a.merge(b)` combines two *disjoint* sets of observations;
///   2. the order of merges does not matter, exactly or within a bound that T names (`T::merging`), because devices report
///      when they can, not when they are asked;
///   3. a default-constructed or `empty()` T changes nothing;
///   4. merging the same thing twice counts it twice: so it must not be delivered at least once without deduplication.
/// `merge` returns nothing, or a `status` where capacity or parameters can refuse (nothing changed then).
/// A compiler cannot see these laws; T claims them with `using algebra = skerry::merges;`.
template <typename T>
concept commutative_monoid = requires {
  requires std::same_as<typename T::algebra, merges>;
}
&&requires(T& a, const T& b) {
  { a.merge(b) } -> detail::nothing_or_status;
};

/// A type T models `join_semilattice` when:
///   1. `a.join(b)` combines two pieces of *knowledge*, which may overlap;
///   2. it is commutative, associative and idempotent, exactly: so any network may lose, repeat and reorder;
///   3. it never forgets: nothing that `a` knew is unknown afterwards.
/// `join` returns nothing, or a `status` (nothing changed then). T claims the laws with `using algebra = skerry::joins;`.
template <typename T>
concept join_semilattice = requires {
  requires std::same_as<typename T::algebra, joins>;
}
&&requires(T& a, const T& b) {
  { a.join(b) } -> detail::nothing_or_status;
};

/// Either of the two: something that a tier can combine from the tiers below it.
template <typename T>
concept mergeable = commutative_monoid<T> || join_semilattice<T>;

/// Combines `from` into `into` by the verb that the type offers.
template <mergeable T>
constexpr status combine(T& into, const T& from) {
  if constexpr (commutative_monoid<T>) {
    if constexpr (std::same_as<decltype(into.merge(from)), status>) {
      return into.merge(from);
    } else {
      into.merge(from);
      return {};
    }
  } else {
    if constexpr (std::same_as<decltype(into.join(from)), status>) {
      return into.join(from);
    } else {
      into.join(from);
      return {};
    }
  }
}

}  // namespace skerry::inline v0
