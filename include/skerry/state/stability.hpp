// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/core/result.hpp>
#include <skerry/state/version_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// What a group of members has, in two vectors: what every one of them has, and how far each had written when it said so.
///
/// An event within `low` is stable: no operation still to come can be concurrent with it. Those that are under way already may be, so
/// who draws a conclusion from `low` must itself have everything up to `high`.
template <std::size_t A>
struct stable_cut {
  version_vector<A> low{};   ///< pointwise minimum of what the members have acknowledged
  version_vector<A> high{};  ///< of each member the number of its own that it had reached
  std::size_t members = 0;   ///< for how many it speaks

  /// Both groups together; no member may be in both. A group of nobody changes nothing.
  [[nodiscard]] constexpr status merge(const stable_cut& other) noexcept {
    if (other.members == 0) {
      return {};
    }
    if (members == 0) {
      *this = other;
      return {};
    }
    if (const status s = high.join(other.high); !s) {
      return s;
    }
    low.meet(other.low);
    members += other.members;
    return {};
  }
  friend constexpr bool operator==(const stable_cut&, const stable_cut&) noexcept = default;
};

/// What each of at most M members is known to have: a row of acknowledged numbers per member. What all of them have is stable.
///
/// In a mesh everybody keeps a row for everybody and passes all of them on. In a tree a node keeps rows for its children and itself,
/// sends one `cut` of them up, merges those that come up to it, and sends the root's down again. A member without a row holds
/// everything back, and so does one that is silent: time proves nothing, only leaving the group does (`roster`).
/// Join    pointwise maximum of the rows: commutative, associative, idempotent
/// Cost    M (24 A + 24) bytes; a cut costs O(members · A); no heap
/// Errors  `full`: too many members, or actors in a row; nothing has changed
/// Source  Baquero, Almeida, Shoker, Making Operation-based CRDTs Operation-based, 2014, section 4 (causal stability)
template <std::size_t M, std::size_t A = M>
class stability {
  static_assert(M > 0 && M <= 64, "rows for at most 64 members: larger groups make a tree");
  static_assert(M <= A, "each member is an actor too");

 public:
  using algebra = joins;
  using vector_type = version_vector<A>;
  using cut_type = stable_cut<A>;
  static constexpr std::size_t capacity = M;

  struct row {
    actor who{};
    vector_type has{};
    friend constexpr bool operator==(const row&, const row&) noexcept = default;
  };

  /// In ascending order of members.
  [[nodiscard]] constexpr std::span<const row> rows() const noexcept { return std::span{rows_}.first(size_); }
  [[nodiscard]] constexpr const vector_type* find(const actor& who) const noexcept {
    const std::size_t at = lower_bound(who);
    return at < size_ && rows_[at].who == who ? &rows_[at].has : nullptr;
  }

  /// A member has acknowledged this much, and what it had acknowledged before.
  [[nodiscard]] constexpr status acknowledge(const actor& who, const vector_type& has) noexcept {
    const std::size_t at = lower_bound(who);
    if (at < size_ && rows_[at].who == who) {
      return rows_[at].has.join(has);
    }
    if (size_ == M) {
      return errc::full;
    }
    detail::insert_at(at, rows_, size_, {who, has});
    return {};
  }
  /// Drops the rows of all members for which `leaves(actor)` holds: of those that have left the group.
  template <typename Leaves>
  constexpr void drop_if(Leaves&& leaves) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!leaves(rows_[i].who)) {
        rows_[kept++] = rows_[i];
      }
    }
    while (size_ > kept) {
      rows_[--size_] = {};
    }
  }

  /// What all of these members have. One without a row has nothing.
  ///
  /// members    something whose `for_each(f)` calls `f(actor)` once for each
  template <typename Members>
  [[nodiscard]] constexpr cut_type cut(const Members& members) const {
    cut_type all;
    members.for_each([&](const actor& who) {
      const vector_type* has = find(who);
      if (has == nullptr) {
        all.low = {};
      } else if (all.members == 0) {
        all.low = *has;
      } else {
        all.low.meet(*has);
      }
      if (has != nullptr) {
        (void)all.high.raise(who, (*has)[who]);  // M <= A
      }
      ++all.members;
    });
    return all;
  }

  [[nodiscard]] constexpr status join(const stability& other) noexcept {
    std::size_t added = 0;
    for (const row& theirs : other.rows()) {
      const vector_type* mine = find(theirs.who);
      added += mine == nullptr ? 1 : 0;
      if (mine != nullptr && !fits(*mine, theirs.has)) {
        return errc::full;
      }
    }
    if (size_ + added > M) {
      return errc::full;
    }
    for (const row& theirs : other.rows()) {
      (void)acknowledge(theirs.who, theirs.has);
    }
    return {};
  }
  /// What lies behind the last entry is always empty.
  friend constexpr bool operator==(const stability&, const stability&) noexcept = default;

 private:
  [[nodiscard]] static constexpr bool fits(const vector_type& mine, const vector_type& theirs) noexcept {
    std::size_t size = mine.size();
    for (const auto& e : theirs.entries()) {
      size += mine[e.who] == 0 ? 1 : 0;
    }
    return size <= A;
  }
  [[nodiscard]] constexpr std::size_t lower_bound(const actor& who) const noexcept { return detail::place_of(who, rows_, size_); }

  array_of<row, M> rows_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::state
