// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/core/assert.hpp>
#include <skerry/core/errc.hpp>
#include <skerry/state/actor.hpp>
#include <skerry/state/hlc.hpp>
#include <skerry/state/replica.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace skerry::inline v0::testing::detail {

/// How many places of a store's table have ever held a record: those behind are as they were made, and need not be looked at.
///
/// A free place that was used is taken before one that never was. So there are as many as there were records at one time, and within a
/// call that is what was there before and what the call says it added.
template <typename Replica>
class used_places {
  using store_type = typename Replica::store_type;

 public:
  void before(const Replica& r) noexcept {
    records_ = r.store().record_count();
    added_ = r.counters().records_added;
  }
  void after(const Replica& r) noexcept {
    const std::size_t most = records_ + static_cast<std::size_t>(r.counters().records_added - added_);
    number_ = std::min(std::max(number_, most), store_type::record_capacity);
  }
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

 private:
  std::size_t number_ = 0;
  std::size_t records_ = 0;
  std::uint64_t added_ = 0;
};

/// What a replica was before a call: whoever refuses it is the same afterwards, but for what it counts, and has counted it.
///
/// Doubt about its own name may begin with a frame that is refused: it counts for nothing here. Nor does why something was full.
/// Cost    a copy of the store's memory per call, but for records that never were, and a comparison per refusal; no heap
template <typename Replica>
class call_witness {
  using store_type = typename Replica::store_type;
  static_assert(std::is_trivially_copyable_v<store_type>);

 public:
  void remember(const Replica& r, const used_places<Replica>& used) noexcept {
    const auto* first = reinterpret_cast<const std::byte*>(&r.store().table()[0]);
    constexpr std::size_t record = sizeof(r.store().table()[0]);
    const auto begin = static_cast<std::size_t>(first - bytes_of(r.store()));
    unused_from_ = begin + used.number() * record;
    unused_to_ = begin + store_type::record_capacity * record;
    SKERRY_ASSERT(unused_from_ == unused_to_ ||
                  r.store().table()[static_cast<typename store_type::index>(used.number())].who == state::no_actor);
    copy(memory_.data(), bytes_of(r.store()));
    clock_ = r.clock().last();
    self_ = r.self();
  }
  /// Who it is and what time it knows.
  [[nodiscard]] bool same_self(const Replica& r) const noexcept { return r.self() == self_ && r.clock().last() == clock_; }
  /// Whether the store is the same byte for byte. False says nothing: what a call has noted in records on its way need not be wiped out.
  [[nodiscard]] bool same_store(const Replica& r) const noexcept {
    const std::byte* now = bytes_of(r.store());
    return std::memcmp(memory_.data(), now, unused_from_) == 0 &&
           std::memcmp(memory_.data() + unused_to_, now + unused_to_, sizeof(store_type) - unused_to_) == 0;
  }
  /// Makes a copy of the replica what the replica was.
  void restore(Replica& was) const noexcept { copy(reinterpret_cast<std::byte*>(&const_cast<store_type&>(was.store())), memory_.data()); }

 private:
  [[nodiscard]] static const std::byte* bytes_of(const store_type& store) noexcept { return reinterpret_cast<const std::byte*>(&store); }
  void copy(std::byte* to, const std::byte* from) const noexcept {
    std::memcpy(to, from, unused_from_);
    std::memcpy(to + unused_to_, from + unused_to_, sizeof(store_type) - unused_to_);
  }

  alignas(store_type) std::array<std::byte, sizeof(store_type)> memory_{};
  std::size_t unused_from_ = 0;
  std::size_t unused_to_ = 0;
  state::stamp clock_{};
  state::actor self_{};
};

/// What a replica has refused, by reason.
class refusal_counts {
 public:
  [[nodiscard]] static refusal_counts of(const state::replica_counters& counters) {
    static const std::uint64_t refusals = refusals_in(counters);
    refusal_counts all;
    std::size_t i = 0;
    std::uint64_t left = refusals;
    counters.for_each([&](const char*, std::uint64_t n) {
      if ((left & 1) != 0) {
        all.counts_[i++] = n;
      }
      left >>= 1;
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
  static constexpr std::size_t most = 16;

  /// Which of the counters those of refusals are, a bit each: their names are long.
  [[nodiscard]] static std::uint64_t refusals_in(const state::replica_counters& counters) {
    std::uint64_t bits = 0;
    std::size_t at = 0;
    std::size_t refusals = 0;
    counters.for_each([&](std::string_view name, std::uint64_t) {
      if (name.starts_with("refused_")) {
        bits |= std::uint64_t{1} << at;
        ++refusals;
      }
      ++at;
    });
    SKERRY_ASSERT(refusals <= most && at <= 64);
    return bits;
  }
  std::array<std::uint64_t, most> counts_{};
};

}  // namespace skerry::inline v0::testing::detail
