// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/assert.hpp>
#include <skerry/core/hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::anomaly {

/// Names one tree of one node for good. Who trains anew takes the next epoch.
struct tree_key {
  std::uint64_t node;
  std::uint64_t epoch;
  std::uint32_t index;

  friend constexpr bool operator==(const tree_key&, const tree_key&) noexcept = default;
};

namespace detail {

/// In which order a full set keeps trees: newer epochs first; within one the hash decides, so that no node is favoured.
struct ranked_key {
  tree_key key{};
  std::uint64_t hash = 0;

  constexpr ranked_key() noexcept = default;
  constexpr explicit ranked_key(const tree_key& k) noexcept : key{k}, hash{hash64(hash64(k.node, k.epoch), k.index)} {}

  [[nodiscard]] constexpr bool outranks(const ranked_key& other) const noexcept {
    if (key.epoch != other.key.epoch) {
      return key.epoch > other.key.epoch;
    }
    if (hash != other.hash) {
      return hash > other.hash;
    }
    return key.node != other.key.node ? key.node > other.key.node : key.index > other.key.index;
  }
};

/// The Capacity greatest keys that were ever put in, greatest first, each with the place where its content lies.
template <std::size_t Capacity>
class ranked_keys {
 public:
  struct entry {
    ranked_key ranked;
    std::uint16_t place;
  };
  enum class outcome : std::uint8_t { added, present, outranked };
  struct answer {
    outcome how;
    std::uint16_t place;
  };

  /// Where the content of `key` is to be written. A full set gives the place of its least key, if that is outranked.
  answer insert(const tree_key& key) noexcept {
    const ranked_key ranked{key};
    std::size_t at = 0;  // of the keys that outrank this one
    for (std::size_t end = size_; at < end;) {
      const std::size_t middle = at + (end - at) / 2;
      if (entries_[middle].ranked.outranks(ranked)) {
        at = middle + 1;
      } else {
        end = middle;
      }
    }
    if (at < size_ && entries_[at].ranked.key == key) {
      return {outcome::present, entries_[at].place};
    }
    if (at == Capacity) {
      return {outcome::outranked, 0};
    }
    const auto place = size_ < Capacity ? static_cast<std::uint16_t>(size_) : entries_[size_ - 1].place;
    size_ += size_ < Capacity ? 1U : 0U;
    for (std::size_t i = size_ - 1; i > at; --i) {
      entries_[i] = entries_[i - 1];
    }
    entries_[at] = {ranked, place};
    return {outcome::added, place};
  }
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const tree_key& key(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < size_);
    return entries_[i].ranked.key;
  }
  [[nodiscard]] std::size_t place(std::size_t i) const noexcept {
    SKERRY_ASSERT(i < size_);
    return entries_[i].place;
  }

 private:
  array_of<entry, Capacity> entries_{};
  std::size_t size_ = 0;
};

}  // namespace detail

}  // namespace skerry::inline v0::anomaly
