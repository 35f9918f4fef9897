// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/state/delta.hpp>
#include <skerry/state/dot.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace skerry::inline v0::state::detail {

/// A delta of a few events, each told as it is now: alive with its record, or dead by being covered without one. True whenever it is
/// written, whatever the receiver knows.
///
/// Cost    built in O(events^2) comparisons of key texts
template <typename Store, std::size_t Most, std::size_t TextBytes>
class picked_delta {
 public:
  using context_type = delta_context<Most, 0>;

  explicit picked_delta(const Store& store) noexcept : store_{&store} {}

  /// Adds an event; false when there is no room, or when this store has never seen it.
  template <typename Text>
  bool add(const actor& who, std::uint64_t n, Text&& text) {
    if (count_ == Most || !store_->contains(who, n) || contains(who, n) || !covers_.insert(who, n)) {
      return false;
    }
    place p{who, n, {}, 0, false};
    p.live = store_->visit_record(who, n, [&](const key_ref& key, const record_view&) { p.size = text(key, std::span<char>{p.text}); });
    std::size_t at = count_++;
    for (; at > 0 && before(p, places_[at - 1]); --at) {
      places_[at] = places_[at - 1];
    }
    places_[at] = p;
    return true;
  }

  [[nodiscard]] const context_type& context() const noexcept { return covers_; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// How many of them are alive.
  [[nodiscard]] std::size_t live() const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      count += places_[i].live ? 1 : 0;
    }
    return count;
  }
  template <typename F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < count_;) {
      std::size_t end = i + 1;
      while (end < count_ && places_[i].live && places_[end].live && places_[end].key() == places_[i].key()) {
        ++end;
      }
      for (const std::size_t of_key = end - i; i < end; ++i) {
        const place& p = places_[i];
        (void)store_->visit_record(p.who, p.n, [&](const key_ref& key, const record_view& r) {
          f(incoming{key, position(p.who), p.n, r.at, r.kind, r.payload, of_key});
        });
      }
    }
  }

 private:
  struct place {
    actor who{};
    std::uint64_t n = 0;
    std::array<char, TextBytes> text{};
    std::size_t size = 0;
    bool live = false;
    [[nodiscard]] std::string_view key() const noexcept { return {text.data(), size}; }
  };
  /// Live ones by key and event, the dead behind them.
  [[nodiscard]] static bool before(const place& a, const place& b) noexcept {
    if (a.live != b.live) {
      return a.live;
    }
    if (a.live && a.key() != b.key()) {
      return a.key() < b.key();
    }
    return a.who == b.who ? a.n < b.n : a.who < b.who;
  }
  [[nodiscard]] bool contains(const actor& who, std::uint64_t n) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (places_[i].n == n && places_[i].who == who) {
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] actor_ref position(const actor& who) const noexcept {
    actor_ref at = 0;
    while (!(covers_.actors()[at] == who)) {
      ++at;
    }
    return at;
  }

  const Store* store_;
  context_type covers_{};
  array_of<place, Most> places_{};
  std::size_t count_ = 0;
};

}  // namespace skerry::inline v0::state::detail
