// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/inplace_vector.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

namespace detail {
struct less_than {
  template <typename A, typename B>
  [[nodiscard]] constexpr bool operator()(const A& a, const B& b) const noexcept(noexcept(a < b)) {
    return a < b;
  }
};
}  // namespace detail

/// Sorted map of up to N entries in place, for few entries that are read more often than changed.
///
/// Cost    N entries and a counter; find O(log N), insert and erase move what lies behind; no heap; trivially copyable when Key and T are
/// Errors  `full` when a new key has no room, nothing changed then
template <typename Key, typename T, std::size_t N, typename Less = detail::less_than>
class flat_map {
 public:
  struct entry {
    Key key;
    T value;
    friend constexpr bool operator==(const entry& a, const entry& b) requires std::equality_comparable<Key> && std::equality_comparable<T> {
      return a.key == b.key && a.value == b.value;
    }
  };
  using key_type = Key;
  using mapped_type = T;
  using value_type = entry;
  using const_iterator = const entry*;

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] constexpr bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] constexpr bool full() const noexcept { return entries_.full(); }

  /// In the order of the keys. Keys stay as they are; a value is changed through `find`.
  [[nodiscard]] constexpr const_iterator begin() const noexcept { return entries_.begin(); }
  [[nodiscard]] constexpr const_iterator end() const noexcept { return entries_.end(); }

  /// The value of that key, or null. Valid until the next insert or erase.
  template <typename K>
  [[nodiscard]] constexpr T* find(const K& key) noexcept {
    const std::size_t i = index_of(key);
    return here(i, key) ? &entries_[i].value : nullptr;
  }
  template <typename K>
  [[nodiscard]] constexpr const T* find(const K& key) const noexcept {
    const std::size_t i = index_of(key);
    return here(i, key) ? &entries_[i].value : nullptr;
  }
  template <typename K>
  [[nodiscard]] constexpr bool contains(const K& key) const noexcept {
    return here(index_of(key), key);
  }
  /// The first entry whose key is not less than `key`.
  template <typename K>
  [[nodiscard]] constexpr const_iterator lower_bound(const K& key) const noexcept {
    return entries_.begin() + index_of(key);
  }

  /// The value of that key, which is `value` if the key is new.
  constexpr result<T*> try_emplace(Key key, T value = T()) {
    const std::size_t i = index_of(key);
    if (!here(i, key)) {
      if (const status done = entries_.try_insert(entries_.begin() + i, entry{std::move(key), std::move(value)}); !done) {
        return done.error();
      }
    }
    return &entries_[i].value;
  }
  constexpr status insert_or_assign(Key key, T value) {
    const std::size_t i = index_of(key);
    if (here(i, key)) {
      entries_[i].value = std::move(value);
      return {};
    }
    return entries_.try_insert(entries_.begin() + i, entry{std::move(key), std::move(value)});
  }
  /// True: the key was there.
  template <typename K>
  constexpr bool erase(const K& key) noexcept {
    const std::size_t i = index_of(key);
    if (!here(i, key)) {
      return false;
    }
    entries_.erase(entries_.begin() + i);
    return true;
  }
  constexpr void clear() noexcept { entries_.clear(); }

  friend constexpr bool operator==(const flat_map& a,
                                   const flat_map& b) requires std::equality_comparable<Key> && std::equality_comparable<T> {
    return a.entries_ == b.entries_;
  }

 private:
  template <typename K>
  [[nodiscard]] constexpr std::size_t index_of(const K& key) const noexcept {
    std::size_t from = 0;
    std::size_t count = entries_.size();
    while (count > 0) {
      const std::size_t half = count / 2;
      if (Less{}(entries_[from + half].key, key)) {
        from += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return from;
  }
  template <typename K>
  [[nodiscard]] constexpr bool here(std::size_t i, const K& key) const noexcept {
    return i < entries_.size() && !Less{}(key, entries_[i].key);
  }

  inplace_vector<entry, N> entries_;
};

}  // namespace skerry::inline v0
