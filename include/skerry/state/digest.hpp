// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/bytes.hpp>
#include <skerry/core/keyed_hash.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// One element of a set that is compared with a peer's.
///
/// Both numbers are hashes under the salt of the contact (`digest_value`), so nobody can prepare elements that collide, or that lie
/// unluckily, before the salt is drawn.
struct digest_item {
  std::uint64_t place;  ///< where it lies in a hash tree: elements that change together should lie together, at most 16 at one place
  std::uint64_t value;  ///< what it is: no two elements of a set have the same
};

/// The number that stands for an element: its canonical bytes, hashed under the salt of the contact.
///
/// Bound  two of n elements get the same number with probability about n^2 / 2^65; the next salt tells them apart
[[nodiscard]] constexpr std::uint64_t digest_value(std::span<const std::byte> bytes, std::uint64_t salt) noexcept {
  return hash64(bytes, salt);
}

/// Whose set an element is in that the other one lacks.
enum class digest_side : std::uint8_t { mine, theirs };

/// A set in two numbers: different sets have different ones, but for one chance in 2^64.
struct digest_mark {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  constexpr void add(const digest_item& item) noexcept {
    ++count;
    sum += item.value;
  }
  friend constexpr bool operator==(const digest_mark&, const digest_mark&) noexcept = default;
};

namespace detail {
/// The smallest model of `digest_source`.
struct no_items {
  template <typename F>
  constexpr void for_each(F&&) const noexcept {}
};
struct ignore_item {
  constexpr void operator()(const digest_item&) const noexcept {}
};
struct ignore_found {
  constexpr void operator()(std::uint64_t, digest_side) const noexcept {}
};
}  // namespace detail

/// A type S models `digest_source` when `s.for_each(f)` calls `f(digest_item)` once for every element, in any order, and for the same
/// elements each time until the set changes. Nothing is copied: a digest walks the set as often as it needs to.
template <typename S>
concept digest_source = requires(const S& s, detail::ignore_item f) {
  s.for_each(f);
};

/// A type D models `digest` when two nodes find with it how their sets differ, at a cost that follows the difference:
///   1. it is the side that asks. `start(salt, mine)` begins anew, `mine` being the mark of the own set; `ask(out)` writes the next
///      question, the same one until an answer has been taken, so a lost frame is asked again;
///   2. the side that answers keeps nothing: `D::answer(salt, in, set, out)` reads a question and writes as much of the answer as `out`
///      has room for. A question costs it O(set) time at most, whatever it says;
///   3. `take(in, set, found)` reads an answer and calls `found(value, digest_side)` for each difference once, when it is certain of it.
///      `found` must not change the set;
///   4. `take` refuses what it cannot use and stays as it was: `stale` (not the answer to the last question: ignore it), `truncated`,
///      `corrupt`. It may end the conversation: with `mismatch` (a set has changed since the start), `full` (the memory of D does not
///      suffice for so many differences) or `corrupt` (the answers contradict each other); `spoiled()` says so, and only `start` helps;
///   5. after `done()` all differences have been found. An answer that was made up can hide or invent differences, because whoever
///      answers could have lied about its set as well; it cannot cost more than O(set) time per answer nor memory beyond sizeof(D);
///   6. equal sets and salts make equal bytes, in whatever order the sets are walked: two nodes of different make must agree.
template <typename D>
concept digest = requires(D& d, const D& c, std::uint64_t salt, digest_mark mine, byte_writer& out, byte_reader& in,
                          const detail::no_items& set, detail::ignore_found found) {
  { d.start(salt, mine) }
  noexcept;
  { c.ask(out) }
  noexcept->std::same_as<status>;
  { D::answer(salt, in, set, out) } -> std::same_as<status>;
  { d.take(in, set, found) } -> std::same_as<status>;
  { c.done() }
  noexcept->std::same_as<bool>;
  { c.spoiled() }
  noexcept->std::same_as<bool>;
};

template <digest_source S>
[[nodiscard]] constexpr digest_mark mark_of(const S& set) {
  digest_mark mark;
  set.for_each([&mark](const digest_item& item) { mark.add(item); });
  return mark;
}

/// Which scheme finds a difference with fewer bytes.
enum class digest_scheme : std::uint8_t { symbols, tree };

/// Bytes that coded symbols take for d differences: 1.45 symbols of 18 bytes for each, a few more when there are few.
[[nodiscard]] constexpr std::uint64_t digest_symbol_bytes(std::uint64_t differences) noexcept { return differences * 26 + 8 * 18; }

/// Bytes that a walk down a hash tree over n elements takes for d differences, at most: 16 sums for each node that differs, then
/// the elements of the leaves.
[[nodiscard]] constexpr std::uint64_t digest_tree_bytes(std::uint64_t n, std::uint64_t differences) noexcept {
  std::uint64_t bytes = 0;
  std::uint64_t nodes = 16;
  for (int level = 1;; ++level, nodes *= 16) {
    const std::uint64_t visited = differences < nodes && level > 1 ? differences : nodes;  // the walk begins with all sixteen
    if (n / nodes < 16 || level == 15) {
      return bytes + visited * (8 * (n / nodes + 1) + 8);
    }
    bytes += visited * (16 * 8 + 8);
  }
}

/// Chooses for sets of n elements (the greater of the two) that differ in about d, when so many coded symbols can be kept.
[[nodiscard]] constexpr digest_scheme choose_digest(std::uint64_t n, std::uint64_t differences, std::uint64_t symbol_capacity) noexcept {
  const bool fits = differences < symbol_capacity && differences * 3 / 2 + 8 <= symbol_capacity;
  return fits && digest_symbol_bytes(differences) <= digest_tree_bytes(n, differences) ? digest_scheme::symbols : digest_scheme::tree;
}

}  // namespace skerry::inline v0::state
