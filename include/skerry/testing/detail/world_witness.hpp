// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/errc.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/replica.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::testing::detail {

/// What a replica was before a call: whoever refuses it is the same afterwards, but for what it counts, and has counted it.
///
/// Doubt about its own name may begin with a frame that is refused: it counts for nothing here. Nor does why something was full.
/// Cost    a copy of the store's memory per call, and a comparison per refusal; no heap
template <typename Replica>
class call_witness {
  using store_type = typename Replica::store_type;
  static_assert(std::is_trivially_copyable_v<store_type>);

 public:
  void remember(const Replica& r) noexcept {
    std::memcpy(memory_.data(), &r.store(), sizeof(store_type));
    clock_ = r.clock().last();
    self_ = r.self();
  }
  /// Who it is and what time it knows.
  [[nodiscard]] bool same_self(const Replica& r) const noexcept { return r.self() == self_ && r.clock().last() == clock_; }
  /// Whether the store is the same byte for byte. False says nothing: what a call has noted in records on its way need not be wiped out.
  [[nodiscard]] bool same_store(const Replica& r) const noexcept {
    return std::memcmp(memory_.data(), &r.store(), sizeof(store_type)) == 0;
  }
  /// Makes a copy of the replica what the replica was.
  void restore(Replica& copy) const noexcept { std::memcpy(&const_cast<store_type&>(copy.store()), memory_.data(), sizeof(store_type)); }

 private:
  alignas(store_type) std::array<std::byte, sizeof(store_type)> memory_{};
  state::stamp clock_{};
  state::actor self_{};
};

/// What a replica has refused, by reason.
class refusal_counts {
 public:
  [[nodiscard]] static refusal_counts of(const state::replica_counters& counters) {
    refusal_counts all;
    std::size_t i = 0;
    counters.for_each([&](std::string_view name, std::uint64_t n) {
      if (name.starts_with("refused_")) {
        SKERRY_ASSERT(i < all.counts_.size());
        all.counts_[i++] = n;
      }
    });
    return all;
  }
  /// The same after one more.
  [[nodiscard]] refusal_counts and_one(errc refusal) const {
    state::replica_counters one;
    one.count(refusal);
    refusal_counts sum = of(one);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      sum.counts_[i] += counts_[i];
    }
    return sum;
  }
  friend bool operator==(const refusal_counts&, const refusal_counts&) noexcept = default;

 private:
  std::array<std::uint64_t, 16> counts_{};
};

}  // namespace skerry::inline v0::testing::detail
