// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <skerry/state/delta.hpp>
#include <skerry/state/detail/arrival_log.hpp>
#include <skerry/state/dot.hpp>
#include <skerry/state/join_report.hpp>

#include <cstddef>
#include <cstdint>

namespace skerry::inline v0::state::detail {

/// Puts a stored past back into a store: no joins, since it is this store's own. Whoever calls it has checked the bytes.
///
/// Errors  `full`: the past is larger than this firmware's limits; `corrupt`: it contradicts itself
template <typename Store>
struct store_restore {
  using index = typename Store::index;

  /// An actor of the context's list; the next free number, so that in a fresh store places are numbers.
  [[nodiscard]] static constexpr result<actor_ref> list(Store& store, const actor& who) noexcept { return store.actors_.insert(who); }

  [[nodiscard]] static constexpr status see(Store& store, actor_ref who, std::uint64_t first, std::uint64_t last) noexcept {
    const std::uint64_t fresh = store.context_.fresh(who, first, last);
    if (fresh > UINT64_MAX - store.events_) {
      return errc::full;
    }
    if (const status s = store.context_.insert(who, first, last); !s) {
      return s;
    }
    store.events_ += fresh;
    return {};
  }

  /// A live record. `in.who` is a number of this store.
  [[nodiscard]] static constexpr status put(Store& store, const incoming& in) {
    const dot d{in.n, in.who};
    if (in.payload.size() > Store::payload_capacity || in.key.args.size() > Store::key_bytes ||
        store.record_count() == Store::record_capacity || (store.find(in.key) == Store::none && store.key_count() == Store::key_capacity)) {
      return errc::full;
    }
    if (store.table_.find(d) != Store::none) {
      return errc::corrupt;
    }
    (void)store.table_.insert(in, d, no_party);
    return {};
  }
  /// Takes all records of a key out.
  static constexpr void clear(Store& store, const key_ref& key) noexcept {
    for (index slot = store.find(key); slot != Store::none; slot = store.find(key)) {
      store.table_.erase(store.table_.first_of(slot), no_party);
    }
  }
  /// Takes a record out, if it is there.
  static constexpr void kill(Store& store, const dot& d) noexcept {
    if (const index i = store.table_.find(d); i != Store::none) {
      store.table_.erase(i, no_party);
    }
  }
};

}  // namespace skerry::inline v0::state::detail
