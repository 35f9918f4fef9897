// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/array_of.hpp>
#include <skerry/core/hash.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/testing/history_oracle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::testing::detail {

/// The names of the events of one run: none may be used twice.
///
/// Cost    O(1) per name and per restart; no heap
class event_names {
 public:
  void restart() noexcept {
    if (++run_ == 0) {
      places_.fill({});
      run_ = 1;
    }
  }
  /// False when the name is taken.
  [[nodiscard]] bool insert(const state::actor& who, std::uint64_t n) noexcept {
    const std::uint64_t life = static_cast<std::uint64_t>(who.generation) << 32 | who.nonce;
    std::uint64_t mixed = (who.id ^ n << 20 ^ life) * 0x9e3779b97f4a7c15;  // nobody aims at these places
    mixed ^= mixed >> 32;
    for (std::size_t at = mixed % places_.size();; at = (at + 1) % places_.size()) {
      place& p = places_[at];
      if (p.run != run_) {
        p = {who, n, run_};
        return true;
      }
      if (p.n == n && p.who == who) {
        return false;
      }
    }
  }

 private:
  struct place {
    state::actor who{};
    std::uint64_t n = 0;
    std::uint32_t run = 0;  ///< of another one: free
  };
  array_of<place, 4 * op_set::capacity> places_{};
  std::uint32_t run_ = 0;
};

}  // namespace skerry::inline v0::testing::detail
