// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/algebra.hpp>
#include <skerry/core/inplace_vector.hpp>
#include <skerry/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skerry::inline v0::state {

/// What a client of a `dvv_set` has read, and hands back with its next write: per server id the number of writes.
template <std::size_t Ids>
class dvv_context {
 public:
  struct entry {
    std::uint64_t id = 0;
    std::uint64_t n = 0;
    friend constexpr bool operator==(const entry&, const entry&) noexcept = default;
  };

  /// Raises the number of an id. `full` when it is one id too many.
  [[nodiscard]] constexpr status raise(std::uint64_t id, std::uint64_t n) noexcept {
    std::size_t at = 0;
    while (at < entries_.size() && entries_[at].id < id) {
      ++at;
    }
    if (at < entries_.size() && entries_[at].id == id) {
      entries_[at].n = n > entries_[at].n ? n : entries_[at].n;
      return {};
    }
    if (n == 0) {
      return {};
    }
    if (const status s = entries_.try_push_back({}); !s) {
      return s;
    }
    for (std::size_t i = entries_.size() - 1; i > at; --i) {
      entries_[i] = entries_[i - 1];
    }
    entries_[at] = {id, n};
    return {};
  }
  [[nodiscard]] constexpr std::uint64_t operator[](std::uint64_t id) const noexcept {
    for (const entry& e : entries_) {
      if (e.id == id) {
        return e.n;
      }
    }
    return 0;
  }
  /// In ascending order of ids; no zeros.
  [[nodiscard]] constexpr std::span<const entry> entries() const& noexcept { return {entries_.begin(), entries_.size()}; }
  void entries() && = delete;  // a view of something that is gone
  friend constexpr bool operator==(const dvv_context&, const dvv_context&) noexcept = default;

 private:
  inplace_vector<entry, Ids> entries_{};
};

/// Dotted version vector set: the siblings of one key at servers that clients read from and write to.
///
/// A client hands back the context that it read; its write takes the place of all that it had read and stands beside the rest. Per
/// server id the set keeps the number of writes and the values that nobody has overwritten, newest first, so clients need no ids.
/// A value that no server has numbered yet is anonymous: a set of its own with what its writer had read. It is for the way from a client
/// to a server. Where sets with anonymous values are joined, the order can matter (who has seen a value without a number?); without
/// them it never does.
/// Join    keeps, per id, the values of the longer history that the other side has not discarded; anonymous values of the set that has
///         seen more, of both when neither has
/// Cost    16 bytes and `Siblings` values per id, and `Siblings` values; put and join O(ids · siblings); no heap
/// Errors  `full`: more ids or siblings than fit, or an id's numbers are used up. Nothing changes then.
/// Source  Almeida, Baquero, Gonçalves, Preguiça, Fonte, Scalable and Accurate Causality Tracking for Eventually Consistent Stores,
///         DAIS 2014, section 5
template <typename T, std::size_t Ids = 8, std::size_t Siblings = 8>
requires std::equality_comparable<T>
class dvv_set {
 public:
  using algebra = joins;
  using value_type = T;
  using context_type = dvv_context<Ids>;
  /// The write with number n - i of `id` is `values[i]`; older ones are overwritten.
  struct entry {
    std::uint64_t id = 0;
    std::uint64_t n = 0;
    inplace_vector<T, Siblings> values{};
    friend constexpr bool operator==(const entry&, const entry&) noexcept = default;
  };

  /// A value as its writer sends it, without a number: what it has read, and the value.
  [[nodiscard]] static constexpr result<dvv_set> anonymous(const T& value, const context_type& read = context_type()) {
    dvv_set fresh;
    for (const auto& e : read.entries()) {
      if (const status s = fresh.insert({e.id, e.n, {}}); !s) {
        return s.error();
      }
    }
    if (const status s = fresh.add_anonymous(value); !s) {
      return s.error();
    }
    return fresh;
  }

  /// A write at the server `id` by a client that has read `read`.
  [[nodiscard]] constexpr status put(const T& value, const context_type& read, std::uint64_t id) {
    dvv_set next;
    for (const auto& e : read.entries()) {
      if (const status s = next.insert({e.id, e.n, {}}); !s) {
        return s;
      }
    }
    if (const status s = next.join(*this); !s) {
      return s;
    }
    entry written{id, 0, {}};
    if (const entry* e = next.find(id); e != nullptr) {
      written = *e;
    }
    if (written.n == UINT64_MAX) {
      return errc::full;
    }
    ++written.n;
    if (const status s = written.values.try_push_back(value); !s) {
      return s;
    }
    for (std::size_t i = written.values.size() - 1; i > 0; --i) {
      written.values[i] = written.values[i - 1];
    }
    written.values[0] = value;
    if (const status s = next.insert(written); !s) {
      return s;
    }
    *this = next;
    return {};
  }

  [[nodiscard]] constexpr status join(const dvv_set& other) {
    dvv_set joined = *this;
    if (strictly_before(other)) {
      joined.anonymous_ = other.anonymous_;
    } else if (!other.strictly_before(*this)) {
      for (const T& v : other.anonymous_) {
        if (const status s = joined.add_anonymous(v); !s) {
          return s;
        }
      }
    }
    for (const entry& theirs : other.entries_) {
      const entry* mine = find(theirs.id);
      if (const status s = joined.insert(mine == nullptr ? theirs : longer(*mine, theirs)); !s) {
        return s;
      }
    }
    *this = joined;
    return {};
  }

  /// What a reader has seen of it.
  [[nodiscard]] constexpr context_type context() const noexcept {
    context_type seen;
    for (const entry& e : entries_) {
      (void)seen.raise(e.id, e.n);  // as many ids as here fit there
    }
    return seen;
  }
  /// Calls `f(value)` for each sibling: those without a number first, then by id, newest first. Equal values written twice come twice.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (const T& v : anonymous_) {
      f(v);
    }
    for (const entry& e : entries_) {
      for (const T& v : e.values) {
        f(v);
      }
    }
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept {
    std::size_t count = anonymous_.size();
    for (const entry& e : entries_) {
      count += e.values.size();
    }
    return count;
  }
  /// Whether the other one has seen all writes of this one, and more.
  [[nodiscard]] constexpr bool strictly_before(const dvv_set& other) const noexcept {
    const context_type mine = context();
    const context_type theirs = other.context();
    for (const auto& e : mine.entries()) {
      if (e.n > theirs[e.id]) {
        return false;
      }
    }
    return !(mine == theirs);
  }

  /// In ascending order of ids: for storing.
  [[nodiscard]] constexpr std::span<const entry> entries() const& noexcept { return {entries_.begin(), entries_.size()}; }
  void entries() && = delete;
  /// The values without a number, each once; in ascending order where T has one.
  [[nodiscard]] constexpr std::span<const T> anonymous_values() const& noexcept { return {anonymous_.begin(), anonymous_.size()}; }
  void anonymous_values() && = delete;
  /// Puts a stored value without a number back.
  [[nodiscard]] constexpr status restore_anonymous(const T& value) { return add_anonymous(value); }
  /// Puts a stored entry back. `invalid`: more values than writes, or an id that is there already.
  [[nodiscard]] constexpr status restore(const entry& e) {
    return e.n == 0 || e.values.size() > e.n || find(e.id) != nullptr ? status{errc::invalid} : insert(e);
  }

  friend constexpr bool operator==(const dvv_set& a, const dvv_set& b) noexcept {
    if (!(a.entries_ == b.entries_) || a.anonymous_.size() != b.anonymous_.size()) {
      return false;
    }
    for (const T& v : a.anonymous_) {
      if (!b.has_anonymous(v)) {
        return false;
      }
    }
    return true;
  }

 private:
  [[nodiscard]] constexpr bool has_anonymous(const T& value) const noexcept {
    for (const T& v : anonymous_) {
      if (v == value) {
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] constexpr status add_anonymous(const T& value) {
    if (has_anonymous(value)) {
      return {};
    }
    if (const status s = anonymous_.try_push_back(value); !s) {
      return s;
    }
    if constexpr (std::totally_ordered<T>) {
      for (std::size_t i = anonymous_.size() - 1; i > 0 && value < anonymous_[i - 1]; --i) {
        anonymous_[i] = anonymous_[i - 1];
        anonymous_[i - 1] = value;
      }
    }
    return {};
  }
  [[nodiscard]] constexpr const entry* find(std::uint64_t id) const noexcept {
    for (const entry& e : entries_) {
      if (e.id == id) {
        return &e;
      }
    }
    return nullptr;
  }
  /// Puts an entry at its place, or over the one that is there.
  [[nodiscard]] constexpr status insert(const entry& e) {
    std::size_t at = 0;
    while (at < entries_.size() && entries_[at].id < e.id) {
      ++at;
    }
    if (at == entries_.size() || entries_[at].id != e.id) {
      if (const status s = entries_.try_push_back(e); !s) {
        return s;
      }
      for (std::size_t i = entries_.size() - 1; i > at; --i) {
        entries_[i] = entries_[i - 1];
      }
    }
    entries_[at] = e;
    return {};
  }
  /// The longer of two histories, without what the shorter one has seen and discarded.
  [[nodiscard]] static constexpr entry longer(const entry& a, const entry& b) {
    const entry& more = a.n >= b.n ? a : b;
    const entry& less = a.n >= b.n ? b : a;
    const std::uint64_t more_from = more.n - more.values.size();  // writes up to here are overwritten
    const std::uint64_t less_from = less.n - less.values.size();
    entry e = more;
    for (std::uint64_t from = more_from; from < less_from; ++from) {
      e.values.pop_back();
    }
    return e;
  }

  inplace_vector<entry, Ids> entries_{};
  inplace_vector<T, Siblings> anonymous_{};
};

}  // namespace skerry::inline v0::state
