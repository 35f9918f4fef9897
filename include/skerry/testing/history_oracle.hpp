// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
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
    op_set both;  // in a place of its own, which compilers take several words at a time to
    for (std::size_t w = 0; w < words_.size(); ++w) {
      both.words_[w] = words_[w] | other.words_[w];
    }
    return *this = both;
  }
  constexpr op_set& operator-=(const op_set& other) noexcept {
    op_set both;  // in a place of its own, which compilers take several words at a time to
    for (std::size_t w = 0; w < words_.size(); ++w) {
      both.words_[w] = words_[w] & ~other.words_[w];
    }
    return *this = both;
  }
  [[nodiscard]] constexpr bool empty() const noexcept {
    std::uint64_t any = 0;
    for (const std::uint64_t w : words_) {
      any |= w;
    }
    return any == 0;
  }
  /// What is in three sets, and not in the fourth one.
  [[nodiscard]] static constexpr op_set common(const op_set& a, const op_set& b, const op_set& c, const op_set& without) noexcept {
    op_set found;
    for (std::size_t w = 0; w < found.words_.size(); ++w) {
      found.words_[w] = a.words_[w] & b.words_[w] & c.words_[w] & ~without.words_[w];
    }
    return found;
  }
  constexpr void erase(std::size_t i) noexcept { words_[i / 64] &= ~(std::uint64_t{1} << i % 64); }
  constexpr op_set& operator&=(const op_set& other) noexcept {
    op_set both;  // in a place of its own, which compilers take several words at a time to
    for (std::size_t w = 0; w < words_.size(); ++w) {
      both.words_[w] = words_[w] & other.words_[w];
    }
    return *this = both;
  }
  /// The greatest one that `f` is true of; `capacity` if there is none.
  template <typename F>
  [[nodiscard]] constexpr std::size_t last_of(F&& f) const {
    for (std::size_t w = words_.size(); w-- > 0;) {
      for (std::uint64_t left = words_[w]; left != 0;) {
        const auto top = static_cast<std::size_t>(63 - std::countl_zero(left));
        if (f(w * 64 + top)) {
          return w * 64 + top;
        }
        left ^= std::uint64_t{1} << top;
      }
    }
    return capacity;
  }
  template <typename F>
  [[nodiscard]] constexpr bool any_of(F&& f) const {
    return last_of(f) != capacity;
  }
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

/// What somebody knows, and beside it what that takes the place of: all that a question about it needs.
class knowledge : public op_set {
 public:
  [[nodiscard]] constexpr const op_set& covered() const noexcept { return covered_; }

 private:
  friend class history_oracle;
  op_set covered_{};
};

/// The specification of a history by its events: who did what, and who had heard of what then. Knows nothing of stores.
///
/// A value is live for somebody who knows K when no operation of K covers it. An operation covers what was live for its writer. So what a
/// full state tells is all that its sender knows, and what a delta tells is its operation and, of counters, the earlier ones of the same
/// life that its totals include.
/// Cost    a few words per question, and O(operations it asks for); uses the heap
class history_oracle {
 public:
  void restart(std::size_t nodes, std::size_t keys) {
    known_.assign(nodes, knowledge{});
    heard_.assign(nodes, op_set{});
    at_key_.assign(keys, op_set{});
    of_role_.fill(op_set{});
    operations_.clear();
  }

  [[nodiscard]] bool full() const noexcept { return operations_.size() == op_set::capacity; }
  [[nodiscard]] std::span<const operation> operations() const noexcept { return operations_; }
  /// What a node knows, and the part of it that it has heard by name rather than inside of totals.
  [[nodiscard]] const knowledge& known(std::size_t node) const noexcept { return known_[node]; }
  [[nodiscard]] const op_set& heard(std::size_t node) const noexcept { return heard_[node]; }

  /// An operation at a node; returns its number. A node of none (`nobody`) is a stranger.
  static constexpr std::size_t nobody = ~std::size_t{0};
  std::size_t add(std::size_t node, const operation& made) {
    SKERRY_ASSERT(!full());
    const std::size_t number = operations_.size();
    operation& op = operations_.emplace_back(made);
    op.conveys = {};
    op.conveys.insert(number);
    if (op.role == op_role::share || op.role == op_role::gift) {
      const std::size_t last = at(op.key, op.role).last_of([&](std::size_t i) {
        const operation& before = operations_[i];
        return before.who == op.who && before.to == op.to;
      });
      if (last != op_set::capacity) {
        op.conveys |= operations_[last].conveys;
      }
    }
    at_key_[op.key].insert(number);
    of_role_[static_cast<std::size_t>(op.role)].insert(number);
    if (node != nobody) {
      op_set by_name;
      by_name.insert(number);
      learn(node, op.conveys, by_name);
    }
    return number;
  }
  /// Takes the last operation back, for a search that tries another one. Whoever knows of it must be made to `forget` it.
  void take_back() {
    const std::size_t number = operations_.size() - 1;
    at_key_[operations_.back().key].erase(number);
    of_role_[static_cast<std::size_t>(operations_.back().role)].erase(number);
    operations_.pop_back();
  }
  /// Whether any of it was news.
  bool learn(std::size_t node, const op_set& known, const op_set& heard) noexcept {
    heard_[node] |= heard;
    return learn(known_[node], known);
  }
  /// A node's memory is set to what an image of it, or of another one, held.
  void forget(std::size_t node, const op_set& known, const op_set& heard) noexcept {
    known_[node] = knowledge_of(known);
    heard_[node] = heard;
  }
  [[nodiscard]] knowledge knowledge_of(const op_set& known) const noexcept {
    knowledge k;
    learn(k, known);
    return k;
  }

  /// The values at a key that are live for somebody who knows `k`.
  [[nodiscard]] op_set live(const knowledge& k, std::uint32_t key, op_role role = op_role::value) const {
    return op_set::common(k, at_key_[key], of_role_[static_cast<std::size_t>(role)], k.covered());
  }
  [[nodiscard]] op_set live(const op_set& k, std::uint32_t key, op_role role = op_role::value) const {
    return live(knowledge_of(k), key, role);
  }
  /// All operations of one role at a key, live or not.
  [[nodiscard]] op_set all(const op_set& k, std::uint32_t key, op_role role) const {
    return op_set::common(k, at_key_[key], of_role_[static_cast<std::size_t>(role)], op_set{});
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
    all(k, key, op_role::share).for_each([&](std::size_t i) { total += operations_[i].who == who ? operations_[i].value : 0; });
    all(k, key, op_role::gift).for_each([&](std::size_t i) {
      const operation& op = operations_[i];
      total += op.to == who ? op.value : 0;
      total -= op.who == who ? op.value : 0;
    });
    return total;
  }
  /// The statement of a contributor that counts, or null: greatest (generation, sequence, nonce, bytes).
  [[nodiscard]] const operation* row(const op_set& k, std::uint32_t key, std::uint64_t whose) const {
    const operation* best = nullptr;
    all(k, key, op_role::row).for_each([&](std::size_t i) {
      const operation& op = operations_[i];
      best = op.whose == whose && (best == nullptr || below(*best, op)) ? &op : best;
    });
    return best;
  }
  /// The same of the contributors 0 to N − 1.
  template <std::size_t N>
  [[nodiscard]] std::array<const operation*, N> rows(const op_set& k, std::uint32_t key) const {
    std::array<const operation*, N> best{};
    all(k, key, op_role::row).for_each([&](std::size_t i) {
      const operation& op = operations_[i];
      if (op.whose < N && (best[op.whose] == nullptr || below(*best[op.whose], op))) {
        best[op.whose] = &op;
      }
    });
    return best;
  }

 private:
  [[nodiscard]] op_set at(std::uint32_t key, op_role role) const {
    op_set found = at_key_[key];
    return found &= of_role_[static_cast<std::size_t>(role)];
  }
  bool learn(knowledge& k, const op_set& known) const noexcept {
    op_set news = known;
    news -= k;
    if (news.empty()) {
      return false;
    }
    k |= news;
    news.for_each([&](std::size_t i) { k.covered_ |= operations_[i].covers; });
    return true;
  }
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
  std::vector<op_set> at_key_{};
  array_of<op_set, 7> of_role_{};
  std::vector<knowledge> known_{};
  std::vector<op_set> heard_{};
};

}  // namespace skerry::inline v0::testing
