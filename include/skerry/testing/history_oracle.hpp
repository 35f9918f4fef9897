// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/hlc.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skerry::inline v0::testing {

/// Sums of counts that may not fit into 64 bits.
__extension__ typedef __int128 wide_count;  // `using` cannot be told that the extension is meant

/// A set of the operations of one history, by their numbers.
class op_set {
 public:
  static constexpr std::size_t capacity = 512;

  constexpr void insert(std::size_t i) noexcept { words_[i / 64] |= std::uint64_t{1} << i % 64; }
  [[nodiscard]] constexpr bool contains(std::size_t i) const noexcept { return (words_[i / 64] >> i % 64 & 1) != 0; }
  constexpr op_set& operator|=(const op_set& other) noexcept {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      words_[w] |= other.words_[w];
    }
    return *this;
  }
  constexpr op_set& operator-=(const op_set& other) noexcept {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      words_[w] &= ~other.words_[w];
    }
    return *this;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return *this == op_set{}; }
  /// In ascending order.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1) {
        f(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
      }
    }
  }
  friend constexpr bool operator==(const op_set&, const op_set&) noexcept = default;

 private:
  std::array<std::uint64_t, capacity / 64> words_{};
};

/// What an operation means, whatever stores it.
enum class op_role : std::uint8_t {
  nothing,  ///< an event without an effect
  value,    ///< stands under its key until an operation that saw it takes its place
  erase,    ///< takes away what it saw
  share,    ///< counts
  gift,     ///< hands rights over
  reset,    ///< takes back the shares that it saw
  row,      ///< a contributor's or a writer's numbered statement: the one with the greatest number counts
};

/// One operation, as the history tells it.
struct operation {
  state::actor who{};
  std::uint64_t n = 0;
  std::uint32_t key = 0;
  op_role role = op_role::nothing;
  bool on = false;          ///< of a mark: added, enabled
  std::int64_t value = 0;   ///< what was written; of a share the amount, negative downwards
  double weight = 1;        ///< of a row
  state::stamp at{};        ///< zero where the policy knows no time
  state::actor to{};        ///< of a gift
  std::uint64_t whose = 0;  ///< of a row, and its number:
  std::uint32_t generation = 0;
  std::uint64_t sequence = 0;
  std::uint32_t nonce = 0;
  std::array<std::byte, 64> bytes{};  ///< of a row: what decides between equal numbers
  std::size_t byte_count = 0;
  op_set covers{};   ///< what it saw and takes the place of
  op_set conveys{};  ///< what somebody knows who has heard its delta: itself, and what its totals include
};

/// The specification of a history by its events: who did what, and who had heard of what then. Knows nothing of stores.
///
/// A value is live for somebody who knows K when no operation of K covers it. An operation covers what was live for its writer. So what a
/// full state tells is all that its sender knows, and what a delta tells is its operation and, of counters, the earlier ones of the same
/// life that its totals include.
/// Cost    O(operations at the key) per question; uses the heap
class history_oracle {
 public:
  void restart(std::size_t nodes, std::size_t keys) {
    known_.assign(nodes, op_set{});
    heard_.assign(nodes, op_set{});
    for (auto& list : by_key_) {
      list.clear();
    }
    by_key_.resize(keys);
    operations_.clear();
  }

  [[nodiscard]] bool full() const noexcept { return operations_.size() == op_set::capacity; }
  [[nodiscard]] std::span<const operation> operations() const noexcept { return operations_; }
  /// What a node knows, and the part of it that it has heard by name rather than inside of totals.
  [[nodiscard]] const op_set& known(std::size_t node) const noexcept { return known_[node]; }
  [[nodiscard]] const op_set& heard(std::size_t node) const noexcept { return heard_[node]; }

  /// An operation at a node; returns its number. A node of none (`nobody`) is a stranger.
  static constexpr std::size_t nobody = ~std::size_t{0};
  std::size_t add(std::size_t node, operation op) {
    SKERRY_ASSERT(!full());
    const std::size_t number = operations_.size();
    op.conveys = {};
    op.conveys.insert(number);
    auto& list = by_key_[op.key];
    if (op.role == op_role::share || op.role == op_role::gift) {
      for (std::size_t i = list.size(); i-- > 0;) {
        const operation& before = operations_[list[i]];
        if (before.who == op.who && before.role == op.role && before.to == op.to) {
          op.conveys |= before.conveys;
          break;
        }
      }
    }
    list.push_back(number);
    op.covers.for_each([&](std::size_t i) {  // one operation may clear several keys
      auto& other = by_key_[operations_[i].key];
      if (other.empty() || other.back() != number) {
        other.push_back(number);
      }
    });
    if (node != nobody) {
      known_[node] |= op.conveys;
      heard_[node].insert(number);
    }
    operations_.push_back(op);
    return number;
  }
  /// Takes the last operation back, for a search that tries another one. Whoever knows of it must be made to `forget` it.
  void take_back() {
    const std::size_t number = operations_.size() - 1;
    for (auto& list : by_key_) {
      if (!list.empty() && list.back() == number) {
        list.pop_back();
      }
    }
    operations_.pop_back();
  }
  /// Whether any of it was news.
  bool learn(std::size_t node, const op_set& known, const op_set& heard) noexcept {
    const op_set before = known_[node];
    known_[node] |= known;
    heard_[node] |= heard;
    return !(before == known_[node]);
  }
  /// A node's memory is set to what an image of it, or of another one, held.
  void forget(std::size_t node, const op_set& known, const op_set& heard) noexcept {
    known_[node] = known;
    heard_[node] = heard;
  }

  /// The values at a key that are live for somebody who knows `k`.
  [[nodiscard]] op_set live(const op_set& k, std::uint32_t key) const { return live(k, key, op_role::value); }
  [[nodiscard]] op_set live(const op_set& k, std::uint32_t key, op_role role) const {
    op_set found;
    op_set dead;
    for (const std::size_t i : by_key_[key]) {
      if (k.contains(i)) {
        dead |= operations_[i].covers;
        if (operations_[i].key == key && operations_[i].role == role) {
          found.insert(i);
        }
      }
    }
    return found -= dead;
  }
  /// All operations of one role at a key, live or not.
  [[nodiscard]] op_set all(const op_set& k, std::uint32_t key, op_role role) const {
    op_set found;
    for (const std::size_t i : by_key_[key]) {
      if (k.contains(i) && operations_[i].key == key && operations_[i].role == role) {
        found.insert(i);
      }
    }
    return found;
  }
  /// The one of `of` with the greatest (stamp, actor), or null.
  [[nodiscard]] const operation* latest(const op_set& of, bool* tie = nullptr) const {
    const operation* best = nullptr;
    of.for_each([&](std::size_t i) {
      const operation& op = operations_[i];
      if (tie != nullptr && best != nullptr) {
        *tie = op.at == best->at || (*tie && op.at < best->at);
      }
      if (best == nullptr || best->at < op.at || (best->at == op.at && best->who < op.who)) {
        best = &op;
      }
    });
    return best;
  }
  /// What has been counted and not taken back.
  [[nodiscard]] wide_count sum(const op_set& shares) const {
    wide_count total = 0;
    shares.for_each([&](std::size_t i) { total += operations_[i].value; });
    return total;
  }
  /// What an actor may count down.
  [[nodiscard]] wide_count rights(const op_set& k, std::uint32_t key, const state::actor& who) const {
    wide_count total = 0;
    for (const std::size_t i : by_key_[key]) {
      const operation& op = operations_[i];
      if (!k.contains(i) || op.key != key) {
        continue;
      }
      total += op.role == op_role::share && op.who == who ? op.value : 0;
      total += op.role == op_role::gift && op.to == who ? op.value : 0;
      total -= op.role == op_role::gift && op.who == who ? op.value : 0;
    }
    return total;
  }
  /// The statement of a contributor that counts, or null: greatest (generation, sequence, nonce, bytes).
  [[nodiscard]] const operation* row(const op_set& k, std::uint32_t key, std::uint64_t whose) const {
    const operation* best = nullptr;
    for (const std::size_t i : by_key_[key]) {
      const operation& op = operations_[i];
      if (k.contains(i) && op.key == key && op.role == op_role::row && op.whose == whose && (best == nullptr || below(*best, op))) {
        best = &op;
      }
    }
    return best;
  }

 private:
  [[nodiscard]] static bool below(const operation& a, const operation& b) noexcept {
    if (a.generation != b.generation) {
      return a.generation < b.generation;
    }
    if (a.sequence != b.sequence) {
      return a.sequence < b.sequence;
    }
    if (a.nonce != b.nonce) {
      return a.nonce < b.nonce;
    }
    const auto x = std::span{a.bytes}.first(a.byte_count);
    const auto y = std::span{b.bytes}.first(b.byte_count);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  }

  std::vector<operation> operations_{};
  std::vector<std::vector<std::size_t>> by_key_{};
  std::vector<op_set> known_{};
  std::vector<op_set> heard_{};
};

}  // namespace skerry::inline v0::testing
