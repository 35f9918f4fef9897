// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/array_of.hpp>
#include <skerry/state/actor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// How two pieces of knowledge lie to each other.
enum class causal : std::uint8_t {
  equal,
  before,      ///< the left one is contained in the right one
  after,       ///< the left one contains the right one
  concurrent,  ///< each knows something that the other does not
};

/// How many events of each actor are known; an absent actor counts 0, and no zero is ever stored.
///
/// Join    pointwise maximum: commutative, associative, idempotent
/// Cost    24 bytes per actor; lookup O(log A), raise O(A), join and compare O(entries); no heap
/// Errors  `full`, and nothing has changed
/// Source  Parker et al., Detection of Mutual Inconsistency in Distributed Systems, 1983
template <std::size_t A>
class version_vector {
  static_assert(A > 0, "a version vector without room for an actor");

 public:
  using algebra = joins;
  static constexpr std::size_t capacity = A;

  struct entry {
    actor who{};
    std::uint64_t n = 0;
    friend constexpr bool operator==(const entry&, const entry&) noexcept = default;
  };

  [[nodiscard]] constexpr std::uint64_t operator[](const actor& who) const noexcept {
    const std::size_t at = lower_bound(who);
    return at < size_ && entries_[at].who == who ? entries_[at].n : 0;
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  /// In ascending order of actors, without zeros.
  [[nodiscard]] constexpr std::span<const entry> entries() const noexcept { return std::span{entries_}.first(size_); }

  /// Learns the actor's events up to `n`; what was known stays known.
  [[nodiscard]] constexpr status raise(const actor& who, std::uint64_t n) noexcept {
    const std::size_t at = lower_bound(who);
    if (at < size_ && entries_[at].who == who) {
      entries_[at].n = n > entries_[at].n ? n : entries_[at].n;
      return {};
    }
    if (n == 0) {
      return {};
    }
    if (size_ == A) {
      return errc::full;
    }
    detail::insert_at(at, entries_, size_, {who, n});
    return {};
  }

  [[nodiscard]] constexpr status join(const version_vector& other) noexcept {
    std::size_t added = 0;
    walk(*this, other, [&added](const actor&, std::uint64_t mine, std::uint64_t) { added += mine == 0 ? 1 : 0; });
    if (size_ + added > A) {
      return errc::full;
    }
    // From the back, so that nothing is overwritten before it has moved.
    std::size_t mine = size_;
    std::size_t theirs = other.size_;
    std::size_t out = size_ + added;
    size_ = out;
    while (theirs > 0) {
      const entry& b = other.entries_[theirs - 1];
      if (mine > 0 && entries_[mine - 1].who > b.who) {
        entries_[--out] = entries_[--mine];
      } else if (mine > 0 && entries_[mine - 1].who == b.who) {
        const std::uint64_t n = entries_[mine - 1].n;
        entries_[--out] = {b.who, n > b.n ? n : b.n};
        --mine;
        --theirs;
      } else {
        entries_[--out] = b;
        --theirs;
      }
    }
    return {};
  }

  /// Keeps what both know: pointwise minimum.
  constexpr void meet(const version_vector& other) noexcept {
    keep(other, [](std::uint64_t mine, std::uint64_t theirs) { return mine < theirs ? mine : theirs; });
  }

  /// The entries of this vector that `other` does not cover, with this vector's numbers.
  [[nodiscard]] constexpr version_vector difference(const version_vector& other) const noexcept {
    version_vector left = *this;
    left.keep(other, [](std::uint64_t mine, std::uint64_t theirs) { return mine > theirs ? mine : 0; });
    return left;
  }

  [[nodiscard]] constexpr causal compare(const version_vector& other) const noexcept {
    bool more = false;
    bool less = false;
    for (std::size_t i = 0; i < size_; ++i) {
      more = more || entries_[i].n > other[entries_[i].who];
    }
    for (std::size_t i = 0; i < other.size_; ++i) {
      less = less || other.entries_[i].n > (*this)[other.entries_[i].who];
    }
    return more ? (less ? causal::concurrent : causal::after) : (less ? causal::before : causal::equal);
  }
  /// Knows everything that `other` knows.
  [[nodiscard]] constexpr bool includes(const version_vector& other) const noexcept {
    const causal order = compare(other);
    return order == causal::equal || order == causal::after;
  }

  /// What lies behind the last entry is always empty.
  friend constexpr bool operator==(const version_vector&, const version_vector&) noexcept = default;

 private:
  [[nodiscard]] constexpr std::size_t lower_bound(const actor& who) const noexcept { return detail::place_of(who, entries_, size_); }
  template <typename F>
  static constexpr void walk(const version_vector& mine, const version_vector& theirs, F f) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < theirs.size_; ++i) {
      const entry& b = theirs.entries_[i];
      while (at < mine.size_ && mine.entries_[at].who < b.who) {
        ++at;
      }
      f(b.who, at < mine.size_ && mine.entries_[at].who == b.who ? mine.entries_[at].n : 0, b.n);
    }
  }
  template <typename Choose>
  constexpr void keep(const version_vector& other, Choose choose) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const entry mine = entries_[i];
      if (const std::uint64_t n = choose(mine.n, other[mine.who]); n != 0) {
        entries_[kept++] = {mine.who, n};
      }
    }
    for (std::size_t i = kept; i < size_; ++i) {
      entries_[i] = {};
    }
    size_ = kept;
  }

  array_of<entry, A> entries_{};
  std::size_t size_ = 0;
};

}  // namespace skerry::inline v0::state
