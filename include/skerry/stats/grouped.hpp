// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/flat_map.hpp>
#include <skerry/core/result.hpp>
#include <skerry/stats/detail/empty_like.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace skerry::inline v0::stats {

/// A summary for each of up to N keys: per machine, per tool, per day of the week.
///
/// Input   any ordered key; values as S
/// Cost    O(log N) per value, O(N) when a key is new; N · (sizeof(S) + sizeof(Key) + 2) bytes and one S; no heap
/// Merge   key by key, as S does; the keys are the union. A merge whose union exceeds N changes nothing.
/// Errors  `full`: a new key when there are N (counted by `refused()`), or a merge of too many; what S refuses: a key whose only value
///         was refused is not kept
template <std::regular Key, class S, std::size_t N>
class grouped {
  static_assert(N >= 1 && N <= 65535, "grouped<Key, S, N>: 1 to 65535 keys");
  static constexpr bool can_join = join_semilattice<S>;

 public:
  using key_type = Key;
  using value_type = typename S::value_type;
  using algebra = std::conditional_t<can_join, joins, merges>;
  static constexpr merge_kind merging = [] {
    if constexpr (requires { S::merging; }) {
      return S::merging;
    } else {
      return merge_kind::rounded;
    }
  }();
  static constexpr std::size_t capacity = N;

  constexpr grouped() noexcept requires std::default_initializable<S> : grouped{S{}} {}
  /// For an S with parameters or a seed: every group begins as an empty one like `prototype`.
  explicit constexpr grouped(const S& prototype) noexcept : grouped{detail::empty_like(prototype), std::make_index_sequence<N>{}} {}

  constexpr status observe(const Key& key, value_type x) noexcept {
    if (const std::uint16_t* at = places_.find(key)) {
      return groups_[*at].observe(x);
    }
    if (places_.full()) {
      ++refused_;
      return errc::full;
    }
    S& group = groups_[places_.size()];
    if (const status taken = group.observe(x); !taken) {
      group = prototype_;
      return taken;
    }
    (void)places_.try_emplace(key, static_cast<std::uint16_t>(places_.size()));
    return {};
  }

  constexpr status merge(const grouped& other) noexcept requires(mergeable<S>) { return take(other); }
  constexpr status join(const grouped& other) noexcept requires(can_join) { return take(other); }

  /// The summary of a key, or nothing.
  [[nodiscard]] constexpr const S* find(const Key& key) const noexcept {
    const std::uint16_t* at = places_.find(key);
    return at != nullptr ? &groups_[*at] : nullptr;
  }
  /// Calls `f(key, S const&)` by rising key.
  template <class F>
  constexpr void for_each(F&& f) const {
    for (const auto& e : places_) {
      f(e.key, groups_[e.value]);
    }
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return places_.size(); }
  /// Values whose key found no room.
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }
  /// An empty one with the same parameters.
  [[nodiscard]] constexpr grouped empty() const noexcept { return grouped{prototype_}; }
  constexpr void clear() noexcept { *this = empty(); }

  /// The same keys with equal summaries, in whatever order they came.
  friend constexpr bool operator==(const grouped& a, const grouped& b) noexcept requires std::equality_comparable<S> {
    bool same = a.size() == b.size();
    for (const auto& e : a.places_) {
      const S* there = same ? b.find(e.key) : nullptr;
      same = there != nullptr && *there == a.groups_[e.value];
    }
    return same;
  }

 private:
  template <std::size_t... I>
  constexpr grouped(const S& prototype, std::index_sequence<I...>) noexcept
      : prototype_{prototype}, groups_{(static_cast<void>(I), prototype)...} {}

  constexpr status take(const grouped& other) noexcept {
    std::size_t fresh = 0;
    for (const auto& e : other.places_) {
      fresh += places_.contains(e.key) ? 0U : 1U;
    }
    if (places_.size() + fresh > N) {
      return errc::full;
    }
    // Summaries that do not fit each other are found before anything changes.
    for (const auto& e : other.places_) {
      if (const std::uint16_t* at = places_.find(e.key)) {
        S tried = groups_[*at];
        if (const status fits = combine(tried, other.groups_[e.value]); !fits) {
          return fits;
        }
      }
    }
    for (const auto& e : other.places_) {
      if (const std::uint16_t* at = places_.find(e.key)) {
        (void)combine(groups_[*at], other.groups_[e.value]);
      } else {
        groups_[places_.size()] = other.groups_[e.value];
        (void)places_.try_emplace(e.key, static_cast<std::uint16_t>(places_.size()));
      }
    }
    return {};
  }

  flat_map<Key, std::uint16_t, N> places_;
  std::uint64_t refused_ = 0;
  S prototype_;
  S groups_[N];
};

}  // namespace skerry::inline v0::stats
