// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/detail/small_size.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/core/result.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace skerry::inline v0 {

/// A type H models `hasher_for<K>` when:
///   1. `h(key, seed)` depends on the value of the key and on the seed, on nothing else;
///   2. equal keys have equal hashes;
///   3. all 64 bits are used: tables take the lowest.
template <typename H, typename K>
concept hasher_for = std::default_initializable<H> && requires(const H h, const K& key, std::uint64_t seed) {
  { h(key, seed) } -> std::same_as<std::uint64_t>;
};

/// `hash64` of integers, enumerations and texts (what converts to a `std::string_view`).
struct default_hasher {
  template <typename K>
  requires std::integral<K> || std::is_enum_v<K>
  [[nodiscard]] constexpr std::uint64_t operator()(const K& key, std::uint64_t seed) const noexcept {
    return hash64(static_cast<std::uint64_t>(key), seed);
  }
  template <std::convertible_to<std::string_view> K>
  [[nodiscard]] std::uint64_t operator()(const K& key, std::uint64_t seed) const noexcept {
    const std::string_view text = key;
    return hash64(std::as_bytes(std::span{text.data(), text.size()}), seed);
  }
};

/// Map of up to N entries in place by open addressing, with a bound on the steps of every operation.
///
/// Cost    a power of two of slots, 4/3 N or more, each an entry and a byte; find, insert and erase look at `probe_bound` slots at most
///         (insert moves the run of entries behind it up by one, erase moves it down; there are no tombstones); no heap
/// Errors  `full` at N entries, or earlier when an entry would come to lie `probe_bound` slots from home: with `hash64` and a seed that
///         an adversary does not know that does not happen in practice
/// Source  Celis, Larson, Munro, "Robin Hood hashing", 1985, with linear probing and deletion by shifting back
template <std::equality_comparable Key, typename T, std::size_t N, hasher_for<Key> Hash = default_hasher>
class hash_table {
  static_assert(N > 0 && N <= (std::size_t{1} << 28), "hash_table<Key, T, N>: N is between 1 and 2^28");
  static_assert(std::default_initializable<Key> && std::default_initializable<T>, "hash_table<Key, T, N>: keys and values have a default");

 public:
  static constexpr std::size_t slots = std::bit_ceil(N < 3 ? N + 1 : N + N / 3);
  /// No entry lies further from its home than this many slots, itself included.
  static constexpr std::size_t probe_bound = slots < 64 ? slots : 64;

  /// The seed makes the order of slots, and so the collisions, this table's own.
  constexpr explicit hash_table(std::uint64_t seed = 0) noexcept : seed_{seed} {}

  [[nodiscard]] static constexpr std::size_t capacity() noexcept { return N; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr bool full() const noexcept { return size_ == N; }

  /// The value of that key, or null. Valid until the next insert or erase.
  [[nodiscard]] constexpr T* find(const Key& key) noexcept {
    const place p = locate(key);
    return p.found ? &entries_[p.slot].value : nullptr;
  }
  [[nodiscard]] constexpr const T* find(const Key& key) const noexcept {
    const place p = locate(key);
    return p.found ? &entries_[p.slot].value : nullptr;
  }
  [[nodiscard]] constexpr bool contains(const Key& key) const noexcept { return locate(key).found; }

  /// The value of that key, which is `value` if the key is new.
  constexpr result<T*> try_emplace(Key key, T value = T()) {
    const place p = locate(key);
    if (!p.found) {
      if (const status done = insert_at(p, std::move(key), std::move(value)); !done) {
        return done.error();
      }
    }
    return &entries_[p.slot].value;
  }
  constexpr status insert_or_assign(Key key, T value) {
    const place p = locate(key);
    if (p.found) {
      entries_[p.slot].value = std::move(value);
      return {};
    }
    return insert_at(p, std::move(key), std::move(value));
  }
  /// True: the key was there.
  constexpr bool erase(const Key& key) noexcept(std::is_nothrow_move_assignable_v<Key>&& std::is_nothrow_move_assignable_v<T>) {
    const place p = locate(key);
    if (!p.found) {
      return false;
    }
    std::size_t hole = p.slot;
    for (std::size_t next = after(hole); distance_[next] > 1; next = after(next)) {
      entries_[hole] = std::move(entries_[next]);
      distance_[hole] = static_cast<std::uint8_t>(distance_[next] - 1);
      hole = next;
    }
    entries_[hole] = entry{};
    distance_[hole] = 0;
    --size_;
    return true;
  }
  constexpr void clear() {
    for (std::size_t i = 0; i < slots; ++i) {
      entries_[i] = entry{};
      distance_[i] = 0;
    }
    size_ = 0;
  }

  /// Calls `f(key, value)` for every entry, in the order of the slots: it depends on the seed and the history, so nothing that is sent
  /// or compared may follow it.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (std::size_t i = 0; i < slots; ++i) {
      if (distance_[i] != 0) {
        f(std::as_const(entries_[i].key), std::as_const(entries_[i].value));
      }
    }
  }
  /// Likewise; the values may be changed.
  template <typename F>
  constexpr void for_each(F&& f) {
    for (std::size_t i = 0; i < slots; ++i) {
      if (distance_[i] != 0) {
        f(std::as_const(entries_[i].key), entries_[i].value);
      }
    }
  }

 private:
  struct entry {
    Key key{};
    T value{};
  };
  /// Where the key is, or where it would be inserted, `distance` slots from its home, itself included.
  struct place {
    std::size_t slot, distance;
    bool found;
  };

  [[nodiscard]] static constexpr std::size_t after(std::size_t slot) noexcept { return (slot + 1) & (slots - 1); }

  [[nodiscard]] constexpr place locate(const Key& key) const noexcept {
    std::size_t slot = static_cast<std::size_t>(Hash{}(key, seed_)) & (slots - 1);
    std::size_t distance = 1;
    // Entries of one home lie together and later homes behind them: the first that is nearer to its home ends the search.
    for (; distance <= probe_bound && distance_[slot] >= distance; ++distance, slot = after(slot)) {
      if (distance_[slot] == distance && entries_[slot].key == key) {
        return {slot, distance, true};
      }
    }
    return {slot, distance, false};
  }

  constexpr status insert_at(place p, Key&& key, T&& value) {
    if (full() || p.distance > probe_bound) {
      return errc::full;
    }
    std::size_t end = p.slot;
    for (; distance_[end] != 0; end = after(end)) {
      if (distance_[end] == probe_bound) {
        return errc::full;
      }
    }
    while (end != p.slot) {
      const std::size_t before = (end - 1) & (slots - 1);
      entries_[end] = std::move(entries_[before]);
      distance_[end] = static_cast<std::uint8_t>(distance_[before] + 1);
      end = before;
    }
    entries_[p.slot] = entry{std::move(key), std::move(value)};
    distance_[p.slot] = static_cast<std::uint8_t>(p.distance);
    ++size_;
    return {};
  }

  std::uint64_t seed_;
  std::uint32_t size_ = 0;
  std::uint8_t distance_[slots]{};  ///< 0: empty; else the distance from home, itself included
  entry entries_[slots]{};
};

}  // namespace skerry::inline v0
