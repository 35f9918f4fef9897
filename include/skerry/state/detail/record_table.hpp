// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/detail/arrival_log.hpp>
#include <skerry/state/detail/key_hash.hpp>
#include <skerry/state/detail/probe_table.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/limits.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace skerry::inline v0::state::detail {

/// Eight bytes of a table of many, without the gaps that their alignment would leave between its records.
template <typename T>
class compact {
  static_assert(sizeof(T) == 8);

 public:
  constexpr compact() noexcept = default;
  constexpr compact& operator=(T value) noexcept {
    words_ = std::bit_cast<words>(value);
    return *this;
  }
  constexpr operator T() const noexcept { return std::bit_cast<T>(words_); }

 private:
  using words = std::array<std::uint16_t, 4>;
  words words_ = std::bit_cast<words>(T{});
};

/// The memory of a causal store: records in lists per key, both found by hash. Knows nothing of joins.
///
/// With a log a key that lost its last record keeps its place until another key needs it: so links can tell of its removal by name.
/// Cost    insert and find O(1), erase O(records of the key); no heap
template <typename Limits>
class record_table {
 public:
  static constexpr std::size_t record_capacity = Limits::records;
  static constexpr std::size_t key_capacity = Limits::keys;
  static constexpr std::size_t payload_capacity = Limits::payload_bytes;
  static constexpr std::size_t key_bytes = key_bytes_of<Limits>();
  using index = index_for<(record_capacity > key_capacity ? record_capacity : key_capacity)>;
  static constexpr index none = static_cast<index>(-1);
  using log_type = typename log_for<Limits, (links_of<Limits>() > 0)>::type;
  static constexpr bool logs = log_type::enabled;
  enum class place : std::uint8_t { free, used, needed };

  /// A small machine would rather read its eight bytes at once.
  static constexpr bool compacts = record_capacity > 1024;
  template <typename T>
  using eight_bytes = std::conditional_t<compacts, compact<T>, T>;

  struct record {
    eight_bytes<std::uint64_t> n{};
    eight_bytes<stamp> at{};
    actor_ref who = no_actor;  ///< no_actor: a free place
    index key = 0;
    index next = 0;      ///< of the same key, or the next free place
    index chain = none;  ///< the next one that the delta covers
    std::uint8_t kind = 0;
    std::uint8_t size = 0;
    bool marked = false;  ///< covered by the delta that is being joined, and not yet found in it
    std::array<std::byte, payload_capacity> payload{};
  };
  struct plain_head {
    std::uint16_t path = 0;
    place state = place::free;
  };
  struct compact_head {
    std::uint16_t path : 14 = 0;
    place state : 2 = place::free;
  };
  struct key_slot : std::conditional_t<compacts, compact_head, plain_head> {
    index first = 0;  ///< record, or the next free slot
    std::uint8_t size = 0;
    std::array<char, key_bytes> args{};
  };
  static constexpr std::size_t most_paths = std::size_t{1} << (compacts ? 14 : 16);

  constexpr record_table() noexcept {
    for (std::size_t i = 0; i < record_capacity; ++i) {
      records_[i].next = static_cast<index>(i + 1 < record_capacity ? i + 1 : none);
    }
    for (std::size_t i = 0; i < key_capacity; ++i) {
      keys_[i].first = static_cast<index>(i + 1 < key_capacity ? i + 1 : none);
    }
  }

  [[nodiscard]] constexpr std::size_t record_count() const noexcept { return record_count_; }
  [[nodiscard]] constexpr std::size_t key_count() const noexcept { return key_count_; }
  [[nodiscard]] constexpr record& operator[](index i) noexcept { return records_[i]; }
  [[nodiscard]] constexpr const record& operator[](index i) const noexcept { return records_[i]; }
  [[nodiscard]] constexpr index first_of(index slot) const noexcept { return keys_[slot].first; }
  /// Whether there is a key in this place that has records.
  [[nodiscard]] constexpr bool used(index slot) const noexcept { return keys_[slot].state != place::free && keys_[slot].first != none; }
  [[nodiscard]] constexpr bool placed(index slot) const noexcept { return keys_[slot].state != place::free; }
  [[nodiscard]] constexpr key_ref key(index slot) const noexcept {
    return {keys_[slot].path, std::span{keys_[slot].args}.first(keys_[slot].size)};
  }

  /// The place of a key that has records.
  [[nodiscard]] constexpr index find(const key_ref& key) const noexcept {
    const index slot = find_place(key);
    return slot != none && keys_[slot].first != none ? slot : none;
  }
  /// The place of a key, with records or dead.
  [[nodiscard]] constexpr index find_place(const key_ref& key) const noexcept {
    const auto at = key_index_.find(hash(key), [&](std::size_t i) { return stands_in(keys_[i], key); });
    return at == decltype(key_index_)::none ? none : static_cast<index>(at);
  }
  [[nodiscard]] constexpr index find(const dot& d) const noexcept {
    const auto at = dot_index_.find(hash(d), [&](std::size_t i) { return records_[i].n == d.n && records_[i].who == d.who; });
    return at == decltype(dot_index_)::none ? none : static_cast<index>(at);
  }

  /// By path, then arguments.
  [[nodiscard]] static constexpr int compare(const key_ref& a, const key_ref& b) noexcept {
    if (a.path != b.path) {
      return a.path < b.path ? -1 : 1;
    }
    for (std::size_t i = 0; i < a.args.size() && i < b.args.size(); ++i) {
      if (a.args[i] != b.args[i]) {
        return static_cast<unsigned char>(a.args[i]) < static_cast<unsigned char>(b.args[i]) ? -1 : 1;
      }
    }
    return a.args.size() == b.args.size() ? 0 : (a.args.size() < b.args.size() ? -1 : 1);
  }
  /// Orders two contents of one event, the last difference being the key: which of them stays must not depend on which came first.
  [[nodiscard]] constexpr int compare(index i, const incoming& in) const noexcept {
    const record& r = records_[i];
    if (r.at != in.at) {
      return r.at < in.at ? -1 : 1;
    }
    if (r.kind != in.kind) {
      return r.kind < in.kind ? -1 : 1;
    }
    for (std::size_t b = 0; b < r.size && b < in.payload.size(); ++b) {
      if (r.payload[b] != in.payload[b]) {
        return r.payload[b] < in.payload[b] ? -1 : 1;
      }
    }
    if (r.size != in.payload.size()) {
      return r.size < in.payload.size() ? -1 : 1;
    }
    return compare(key(r.key), in.key);
  }

  /// Whether this is the very content of a record.
  [[nodiscard]] constexpr bool same(index i, const incoming& in) const noexcept {
    const record& r = records_[i];
    if (r.at != in.at || r.kind != in.kind || r.size != in.payload.size() || !equal(key(r.key), in.key)) {
      return false;
    }
    if (!std::is_constant_evaluated()) {
      // Neither may be null there, and of nothing both are.
      return payload_capacity == 0 || r.size == 0 || __builtin_memcmp(r.payload.data(), in.payload.data(), r.size) == 0;
    }
    return compare(i, in) == 0;
  }
  /// A dead key is about to get a record: its place is not to be taken by another one before.
  constexpr void need(index slot) noexcept { keys_[slot].state = place::needed; }
  /// How many new keys find a place that is not a dead one's.
  [[nodiscard]] constexpr std::size_t free_places() const noexcept { return key_capacity - placed_; }

  /// Adds a record; there must be room for it and its key. Returns the slot of the key.
  constexpr index insert(const incoming& in, const dot& d, party from) { return insert(in, d, from, find_place(in.key)); }
  /// The same, when the key's place is known.
  constexpr index insert(const incoming& in, const dot& d, [[maybe_unused]] party from, index slot) {
    const bool was_placed = slot != none;
    const bool was_live = was_placed && keys_[slot].first != none;
    if (!was_placed) {
      slot = new_place();
      key_slot& k = keys_[slot];
      k.path = in.key.path & (most_paths - 1);
      k.first = none;
      k.size = static_cast<std::uint8_t>(in.key.args.size());
      for (std::size_t i = 0; i < in.key.args.size(); ++i) {
        k.args[i] = in.key.args[i];
      }
      key_index_.insert(hash(in.key), static_cast<typename decltype(key_index_)::index>(slot));
    }
    keys_[slot].state = place::used;
    key_count_ += was_live ? 0 : 1;
    const index i = free_record_;
    record& r = records_[i];
    free_record_ = r.next;
    r.key = slot;
    r.next = keys_[slot].first;
    keys_[slot].first = i;
    fill(r, in, d);
    dot_index_.insert(hash(d), static_cast<typename decltype(dot_index_)::index>(i));
    ++record_count_;
    if constexpr (logs) {
      log_.record_in(slot, was_placed && !was_live, was_live, i, from);
    }
    return slot;
  }

  /// Takes a record out; without a log its key goes with the last one.
  ///
  /// told    a record that follows under the same key says by itself that this one is dead
  constexpr void erase(index i, party from, bool told = false) noexcept {
    record& r = records_[i];
    dot_index_.erase(hash(dot{r.n, r.who}), static_cast<typename decltype(dot_index_)::index>(i), [this](std::size_t j) {
      return hash(dot{records_[j].n, records_[j].who});
    });
    const index slot = r.key;
    key_slot& k = keys_[slot];
    if (k.first == i) {
      k.first = r.next;
    } else {
      index before = k.first;
      while (records_[before].next != i) {
        before = records_[before].next;
      }
      records_[before].next = r.next;
    }
    const bool dies = k.first == none;
    key_count_ -= dies ? 1 : 0;
    if constexpr (logs) {
      if (dies || !told) {
        log_.record_out(slot, dies, r.who, from);
      }
    } else if (dies) {
      free_place(slot);
    }
    r = record{};
    r.next = free_record_;
    free_record_ = i;
    --record_count_;
  }

  /// A record in the place of another one of the same key. `told`: see `erase`.
  constexpr void replace(index i, const incoming& in, const dot& d, [[maybe_unused]] party from, [[maybe_unused]] bool told) {
    record& r = records_[i];
    dot_index_.erase(hash(dot{r.n, r.who}), static_cast<typename decltype(dot_index_)::index>(i), [this](std::size_t j) {
      return hash(dot{records_[j].n, records_[j].who});
    });
    [[maybe_unused]] const bool dies = keys_[r.key].first == i && r.next == none;
    if constexpr (logs) {
      if (dies || !told) {
        log_.record_out(r.key, dies, r.who, from);
      }
    }
    fill(r, in, d);
    dot_index_.insert(hash(d), static_cast<typename decltype(dot_index_)::index>(i));
    if constexpr (logs) {
      log_.record_in(r.key, dies, !dies, i, from);
    }
  }

  [[nodiscard]] constexpr log_type& log() noexcept { return log_; }
  [[nodiscard]] constexpr const log_type& log() const noexcept { return log_; }

 private:
  /// Whether it is the key in this place. Behind a key's text there are zeros.
  [[nodiscard]] static constexpr bool stands_in(const key_slot& slot, const key_ref& key) noexcept {
    if (slot.path != key.path || slot.size != key.args.size()) {
      return false;
    }
    for (std::size_t i = 0; i < slot.size; i += 8) {
      if (key_word(slot.args.data() + i, key_bytes - i < 8 ? key_bytes - i : 8) != key_word(key.args.data() + i, slot.size - i)) {
        return false;
      }
    }
    return true;
  }
  /// Behind what is written the payload is zero: equal stores are equal bytes.
  static constexpr void fill(record& r, const incoming& in, const dot& d) noexcept {
    const std::size_t size = in.payload.size();
    std::size_t done = 0;
#if !defined(__OPTIMIZE_SIZE__)
    if constexpr (payload_capacity >= 8 && std::endian::native == std::endian::little) {
      if (!std::is_constant_evaluated() && size <= 8) {  // at once, however many they are
        const std::uint64_t word = key_word(reinterpret_cast<const char*>(in.payload.data()), size);
        __builtin_memcpy(r.payload.data(), &word, 8);
        done = 8;
      }
    }
#endif
    for (std::size_t b = size > done ? size : done; b < r.size; ++b) {
      r.payload[b] = std::byte{0};
    }
    for (std::size_t b = done; b < size; ++b) {
      r.payload[b] = in.payload[b];
    }
    r.n = d.n;
    r.who = d.who;
    r.at = in.at;
    r.kind = in.kind;
    r.size = static_cast<std::uint8_t>(size);
  }
  [[nodiscard]] constexpr index new_place() noexcept {
    if constexpr (logs) {
      if (free_key_ == none) {
        index oldest = log_.oldest(false);
        while (keys_[oldest].state == place::needed) {
          oldest = log_.newer(oldest);
        }
        log_.forget(oldest);
        free_place(oldest);
      }
    }
    const index slot = free_key_;
    free_key_ = keys_[slot].first;
    ++placed_;
    return slot;
  }
  constexpr void free_place(index slot) noexcept {
    key_index_.erase(hash(key(slot)), static_cast<typename decltype(key_index_)::index>(slot),
                     [this](std::size_t j) { return hash(key(static_cast<index>(j))); });
    keys_[slot] = key_slot{};
    keys_[slot].first = free_key_;
    free_key_ = slot;
    --placed_;
  }

  array_of<record, record_capacity> records_{};
  array_of<key_slot, key_capacity> keys_{};
  probe_table<record_capacity, is_swift<Limits>()> dot_index_{};
  probe_table<key_capacity, is_swift<Limits>()> key_index_{};
  std::size_t record_count_ = 0;
  std::size_t key_count_ = 0;  ///< with records
  index placed_ = 0;           ///< with records or dead
  index free_record_ = 0;
  index free_key_ = 0;
  [[no_unique_address]] log_type log_{};
};

}  // namespace skerry::inline v0::state::detail
